"""Policy: which cases somebody may read and in which cases he may act; the same rules for one case and for a list.

Rights are today's, also for the past: what a case was on an earlier day is shown to those who may read it today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from domain import fold
from domain.case import CASE_TYPES, EVERYBODY, STEPS, Act, Awaited, Case, Opening, Recorded, Role, Step
from domain.casefile import CaseFile, file_of
from domain.clock import overdue_from
from domain.matter import Matter
from domain.person import as_told
from domain.personal import Keys
from domain.principal import Principal

CONGRESS = frozenset(
    {
        Role.PARTY_GROUP,
        Role.CHAIRMEN_MEETING,
        Role.STANDING_COMMITTEE,
        Role.SPECIAL_COMMITTEE,
        Role.DEPUTY_AFFAIRS,
        Role.GENERAL_OFFICE,
    }
)
"""The organs and offices of the congress: they read every case of their jurisdiction."""

ONLY_READING = frozenset({Role.AUDITOR})
"""They record, hand in and change nothing whatever."""

_WHOLE = CONGRESS | {Role.AUDITOR}
_OWN = (f"{Role.DEPUTY}:", f"{Role.HANDLING_UNIT}:")
"""How the keys of those begin whose cases are their own."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases somebody may read, as a value that a list can be asked with."""

    jurisdiction: str | None
    """The one jurisdiction whose cases are meant; None is for whoever runs the installation."""
    keys: frozenset[str] | None = None
    """Of those, the cases that one of these keys opens (`Case.audience`); None means all of them."""
    sealed: bool = False
    """Whether a deputy's word is kept from the reader until the window for it closes."""

    @property
    def of_few(self) -> bool:
        """Whether they are likely to be few of all: the cases of a deputy or of a unit."""
        return any(key.startswith(_OWN) for key in self.keys or ())

    def covers(self, case_file: CaseFile) -> bool:
        """Whether a case is among them, as it stands today."""
        opening = case_file.history[0].step if case_file.history else None
        if not isinstance(opening, Opening) or self.jurisdiction not in {None, opening.jurisdiction}:
            return False
        case = case_file.case
        return self.keys is None or (case is not None and not self.keys.isdisjoint(case.audience()))


EVERYTHING = Scope(None)
"""What whoever runs the installation reads."""


def keys_of(role: Role, who: str) -> frozenset[str]:
    """The keys of somebody: his role, and the unit or the deputy that he is."""
    return frozenset({EVERYBODY, str(role), f"{role}:{who}"})


def scope(principal: Principal) -> Scope:
    """Which cases the principal may read."""
    role, place = principal.role, principal.jurisdiction
    if role in _WHOLE:
        return Scope(place)
    if role is Role.ADMINISTRATOR:
        return Scope(place, frozenset({EVERYBODY}))
    who = principal.actor if role is Role.DEPUTY else principal.office
    return Scope(place, keys_of(role, who), sealed=role is not Role.DEPUTY)


def may_act(case: Case, act: Act) -> bool:
    """Whether whoever acts may read the case, and so may act in it at all; his role for the step is another matter."""
    if act.role in _WHOLE:
        return True
    who = act.actor if act.role is Role.DEPUTY else act.office
    return not keys_of(act.role, who).isdisjoint(case.audience())


@dataclass(frozen=True, slots=True)
class Desk:
    """What is somebody's work of all that cases wait for (待办), as a value that a list can be asked with."""

    keys: frozenset[str]
    """Of whom it is awaited (`Awaited.who`); empty where nothing is ever awaited of somebody."""
    steps: frozenset[str] | None = None
    """Stored names of the steps of matters to which it is narrowed; None where all is meant, in whatever case."""
    urges: bool = False
    """Whether what a unit owes in a matter lies there too, once it is overdue."""

    def has(self, kind: str, one: Awaited, day: date) -> bool:
        """Whether something that a case of that kind waits for lies on the desk on a day."""
        if one.from_on is not None and one.from_on > day:
            return False
        if one.who in self.keys and (self.steps is None or (kind in matters() and one.step in self.steps)):
            return True
        late = one.due_on is not None and one.due_on < day
        return self.urges and late and kind in matters() and one.who.startswith(f"{Role.HANDLING_UNIT}:")


def matters() -> frozenset[str]:
    """The kinds of what the standing committee does by its own powers."""
    return frozenset(kind for kind, case_type in CASE_TYPES.items() if issubclass(case_type, Matter))


def desk(principal: Principal) -> Desk:
    """What is the principal's own work.

    The two offices of the congress share one desk. On that of a special committee lies of it what a committee may do.
    """
    match principal.role:
        case Role.DEPUTY:
            return Desk(frozenset({f"{Role.DEPUTY}:{principal.actor}"}))
        case Role.HANDLING_UNIT:
            return Desk(frozenset({f"{Role.HANDLING_UNIT}:{principal.office}"}))
        case Role.GOVERNMENT_OFFICE | Role.PARTY_COMMITTEE as role:
            return Desk(frozenset({str(role)}))
        case Role.DEPUTY_AFFAIRS | Role.GENERAL_OFFICE:
            return Desk(frozenset({str(Role.DEPUTY_AFFAIRS)}), urges=True)
        case Role.SPECIAL_COMMITTEE as role:
            steps = frozenset(wire for wire, step in STEPS.items() if role in step.declared.by)
            return Desk(frozenset({str(Role.DEPUTY_AFFAIRS)}), steps, urges=True)
    return Desk(frozenset())


def is_barred(step: type[Step], case: Case, units: Iterable[str]) -> bool:
    """Whether a step is somebody's own word, and a unit on whose device it is said has a share in the case."""
    keys = (f"{Role.HANDLING_UNIT}:{unit}" for unit in units)
    return step.declared.own_word and not set(case.audience()).isdisjoint(keys)


def reads_all(principal: Principal) -> bool:
    """Whether nothing of the jurisdiction is kept from the principal, so that he may take its stored steps along."""
    return scope(principal).keys is None


def as_shown(case_file: CaseFile, reader: Scope, now: datetime, keys: Keys) -> CaseFile:
    """The case file as a reader may know it: with what is still sealed for him sealed in it, and no person's data.

    On which device something was said is told to those who read every case.
    """
    return as_told(_unmarked(_unsealed(case_file, reader, now), reader), keys)


def _unmarked(case_file: CaseFile, reader: Scope) -> CaseFile:
    if reader.keys is None or not any(record.act.device for record in case_file.history):
        return case_file
    shown = file_of(None, (r._replace(act=r.act.model_copy(update={"device": None})) for r in case_file.history))
    return case_file if shown is None else shown


def _unsealed(case_file: CaseFile, reader: Scope, now: datetime) -> CaseFile:
    case = case_file.case
    if not reader.sealed or case is None or (until := case.window_until) is None:
        return case_file
    if now >= overdue_from(until, case.time_zone):
        return case_file
    shown = file_of(None, _sealed(case_file, case))
    return case_file if shown is None else shown


def _sealed(case_file: CaseFile, case: Case) -> Iterator[Recorded]:
    """The records, without what is sealed and whatever is about it: also of a step that was voided or corrected."""
    standing, sealed = fold.standing(case_file.history), set[int]()
    for record in case_file.history:
        told = record.step.sealed(case)
        subjects = {record.step.subject, standing.get(record.version, record).step.subject}
        if not sealed.isdisjoint(subjects):
            told = told.withheld()
        if told is record.step:
            yield record
        else:
            sealed.add(record.version)
            yield record._replace(step=told, act=record.act.model_copy(update={"source": None}))
