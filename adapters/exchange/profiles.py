"""Profiles: what is known of the files of other systems. A closed registry; a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from adapters.exchange.entries import DeputiesSheet, SeatsSheet, UnitsSheet
from adapters.exchange.layout import Layout
from adapters.exchange.office_list import OfficeList
from adapters.exchange.sangiin_appointments import SangiinAppointments
from adapters.exchange.sangiin_questions import SangiinQuestions
from adapters.exchange.source import Row, SourceCase
from adapters.exchange.suggestions import SuggestionsSheet
from domain.casefile import CaseFile
from domain.office import Jurisdiction
from domain.refusal import Refused
from domain.registry import RegistryCase


class Profile(Protocol):
    """One kind of file, in which each row is one case."""

    @property
    def name(self) -> str:
        """What the profile is called on the command line and in every step that it imported."""

    @property
    def jurisdiction(self) -> str:
        """Under whose rules its cases are."""

    @property
    def layout(self) -> Layout:
        """The columns of the file."""

    @property
    def fields(self) -> Mapping[str, str]:
        """From which column a step's field is read; of a field that is a list, also where one item is at fault."""

    def key(self, row: Row) -> str:
        """The case's natural key; the same key is the same case, for ever."""

    def case(self, row: Row, key: str) -> SourceCase:
        """The steps that the row tells of; a Refused or ValidationError refuses the row."""

    def figures(self, case_file: CaseFile) -> Iterator[str]:
        """The figures of the report under which an imported case counts, once for each."""


OFFICE_LISTS: Mapping[str, type[OfficeList]] = {
    listed.name: listed for listed in (SuggestionsSheet, UnitsSheet, DeputiesSheet, SeatsSheet)
}
"""The lists that offices keep: of these there are templates."""

FIXED: Mapping[str, type[SangiinAppointments | SangiinQuestions]] = {
    fixed.name: fixed for fixed in (SangiinAppointments, SangiinQuestions)
}
"""The files of other systems, whose columns and jurisdiction are fixed."""


def profile_names() -> list[str]:
    """Every profile that there is."""
    return sorted((*FIXED, *OFFICE_LISTS))


def profile_named(
    name: str,
    place: Jurisdiction | None = None,
    mapping: Mapping[str, str] | None = None,
    entries: Sequence[RegistryCase] = (),
) -> Profile:
    """The profile of that name, for a jurisdiction and a file's own headers where it leaves them open.

    `entries` is what the jurisdiction's registry has already.
    """
    if name in OFFICE_LISTS:
        if place is None:
            raise Refused("value-not-allowed", field="jurisdiction", reason="missing")
        return OFFICE_LISTS[name](place, mapping or {}, entries)
    if name not in FIXED:
        raise Refused("import-unknown-profile", field="profile", profile=name, known=profile_names())
    if mapping:
        raise Refused("import-columns-are-fixed", field="mapping", profile=name)
    if place is not None and place.code != FIXED[name].jurisdiction:
        raise Refused("import-jurisdiction-is-fixed", field="jurisdiction", profile=name)
    return FIXED[name]()
