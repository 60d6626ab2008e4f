"""Registry (名册): which jurisdictions, units, deputies and seats there were on any day, made of cases of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import uuid4

from domain import fold
from domain.case import EVERYBODY, Case, Facts, Opening, Recorded, Role
from domain.casefile import CaseFile
from domain.office import Dated, Deputy, Group, Jurisdiction, Seat, Unit

PREFIX = "registry:"
"""How the id of every case of the registry begins, so that a reader finds all of them without the rest."""

KEEPERS = frozenset({Role.ADMINISTRATOR, Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE})
"""Who keeps the registry."""

_Entry = TypeVar("_Entry", bound=Dated)


class Registry(Protocol):
    """What is known of the jurisdictions."""

    def jurisdiction(self, code: str, known: int | None = None) -> Jurisdiction:
        """The jurisdiction of that code as known at a position, or now; a code that is not known is refused."""

    def codes(self, known: int | None = None) -> list[str]:
        """The codes of the jurisdictions known at a position, or now, in their order."""

    def entries(self, code: str, known: int | None = None, as_of: datetime | None = None) -> list[RegistryCase]:
        """What is entered under a jurisdiction as it was at a moment, also what had ended; it is looked for anew."""

    def below(self, code: str, known: int | None = None, as_of: datetime | None = None) -> list[JurisdictionCase]:
        """The jurisdictions right below one, as they were at a moment; they are looked for anew."""

    def look_again(self) -> None:
        """Something was entered: what is known now may have changed."""


class RegistryOpening(Opening):
    """A step that enters something into the registry."""

    @staticmethod
    def new_case_id() -> str:
        """An id by which it is known to be of the registry."""
        return f"{PREFIX}{uuid4()}"


@dataclass
class RegistryCase(Case):
    """Something that cases are checked against: a unit, a deputy, a seat."""

    of_registry: ClassVar[bool] = True

    code: str = ""
    opened_on: date | None = None
    ended_on: date | None = None
    """From which day on it is no more."""

    def entry(self) -> Dated | None:
        """What the registry says of it as it is; None while it is not in being."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What lists call it."""
        raise NotImplementedError

    def facts(self) -> Facts:
        """What lists show of it: its name, its code, and until when something is to be done."""
        deadline = self.next_deadline
        return Facts(
            title=self.name,
            number=self.code or None,
            session=None,
            person=None,
            unit=None,
            units=(),
            opened_on=self.opened_on,
            handed_over_on=None,
            due_on=deadline.due_on if deadline else None,
            estimate=bool(deadline and deadline.estimate),
            answered_on=None,
            extended=False,
            rounds=0,
            grade=None,
            over=self.entry() is None,
        )

    def audience(self) -> Iterator[str]:
        """Whoever signs in: what the office is made of is no secret in it."""
        yield EVERYBODY

    def claims(self) -> frozenset[str]:
        """A code belongs to one of its kind in a jurisdiction."""
        return frozenset({f"{self.kind}:{self.jurisdiction}:{self.code}"}) if self.code else frozenset()


@dataclass
class JurisdictionCase(RegistryCase):
    """A case that says what a jurisdiction is, beside what is entered under it."""

    opening_stands: ClassVar[bool] = True

    parent: str | None = None
    """Code of the jurisdiction above it."""

    def as_jurisdiction(self, **entries: Any) -> Jurisdiction:
        """The jurisdiction with the entries of its registry."""
        raise NotImplementedError


def assemble(code: str, case_files: Iterable[CaseFile], known: int | None = None) -> Jurisdiction | None:
    """The jurisdiction that the registry's cases tell of, as known at a position; None if it was not known then."""
    own = [case_file for case_file in case_files if jurisdiction_of(case_file) == code]
    opened = (case_file.at(known) for case_file in own)
    said = next((case for case in opened if isinstance(case, JurisdictionCase)), None)
    if said is None:
        return None
    entries = [entry for case_file in own for entry in _entries(case_file.history, known)]
    return said.as_jurisdiction(
        units=_of(Unit, entries), deputies=_of(Deputy, entries), groups=_of(Group, entries), seats=_of(Seat, entries)
    )


def jurisdiction_of(case_file: CaseFile) -> str | None:
    """Under which jurisdiction a case was opened, whatever became of its opening."""
    opening = case_file.history[0].step if case_file.history else None
    return opening.jurisdiction if isinstance(opening, Opening) else None


def opens_jurisdiction(case_file: CaseFile) -> bool:
    """Whether a case is a jurisdiction, whatever became of its opening."""
    return bool(case_file.history) and issubclass(
        case_file.history[0].step.declared.case_type or Case, JurisdictionCase
    )


def _entries(history: Sequence[Recorded], known: int | None) -> Iterator[Dated]:
    """What the registry says of a case in the order of the days, each entry with its first day and its last."""
    last: Dated | None = None
    for since, case in fold.timeline(history, known):
        day = since.date()
        now = case.entry() if isinstance(case, RegistryCase) else None
        if last is not None and now is not None and now.model_copy(update={"since": last.since}) == last:
            continue
        if last is not None and last.since < day:
            yield last.model_copy(update={"until": day - timedelta(days=1)})
        last = None if now is None else now.model_copy(update={"since": day})
    if last is not None:
        yield last


def _of(kind: type[_Entry], entries: Iterable[Dated]) -> tuple[_Entry, ...]:
    return tuple(entry for entry in entries if isinstance(entry, kind))
