"""Profiles: what is known of the files of other systems. A closed registry; a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from adapters.exchange.sangiin_questions import SangiinQuestions
from adapters.exchange.source import Row, SourceCase
from domain.casefile import CaseFile
from domain.refusal import Refused


class Profile(Protocol):
    """One kind of file, in which each row is one case."""

    @property
    def name(self) -> str:
        """What the profile is called on the command line and in every step that it imported."""

    @property
    def jurisdiction(self) -> str:
        """Under whose rules its cases are."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns of the file."""

    @property
    def fields(self) -> Mapping[str, str]:
        """From which column a step's field is read."""

    def key(self, row: Row) -> str:
        """The case's natural key; the same key is the same case, for ever."""

    def case(self, row: Row, key: str) -> SourceCase:
        """The steps that the row tells of; a Refused or ValidationError refuses the row."""

    def figures(self, case_file: CaseFile) -> Iterator[str]:
        """The figures of the report under which an imported case counts, once for each."""


_PROFILES: dict[str, Profile] = {profile.name: profile for profile in (SangiinQuestions(),)}


def profile_names() -> list[str]:
    """Every profile that there is."""
    return sorted(_PROFILES)


def profile_named(name: str) -> Profile:
    """The profile of that name; an unknown one is refused."""
    try:
        return _PROFILES[name]
    except KeyError:
        raise Refused("import-unknown-profile", field="profile", profile=name, known=profile_names()) from None
