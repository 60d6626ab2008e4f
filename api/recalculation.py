"""Deadlines that a new calendar or rulebook moves: foreseen before it is adopted, moved each by a recorded step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from api.looking import rows_of
from api.services import Lists
from domain import procedure
from domain.case import Act, DeadlineRecalculated, Role
from domain.clock import Deadline
from domain.docket import Docket
from domain.moment import Moment, day_of, start_of_day
from domain.office import Adopted, Jurisdiction, Office
from domain.rulebook import Rulebook, load_rulebook
from domain.rulecheck import Difference, differences
from projections.reading import Filter


@dataclass(frozen=True, slots=True)
class Moved:
    """A running deadline of a case, as it was and as it is now."""

    case_id: str
    number: str | None
    title: str
    was: Deadline
    now: Deadline


@dataclass(frozen=True)
class Adoption:
    """What changes when a jurisdiction adopts another rulebook: rules, and deadlines once they are recalculated."""

    old: Rulebook
    new: Rulebook
    rules: Sequence[Difference]
    moved: Sequence[Moved] | None
    """None for somebody who does not read every case."""


def adoption_of(
    docket: Docket, lists: Lists | None, place: Jurisdiction, ref: str, since: date, moment: Moment
) -> Adoption:
    """What would change if the jurisdiction adopted a rulebook on a day. Nothing is recorded."""
    today = day_of(moment.as_of, place.time_zone)
    old, new = place.book_on(today), load_rulebook(*Adopted(ref=ref).id_and_version)
    office = place.adopting(ref, since).on(today)
    moved = None if lists is None else list(_outdated(docket, lists, moment, office))
    return Adoption(old, new, differences(old, new), moved)


def recalculate(
    docket: Docket,
    lists: Lists,
    moment: Moment,
    jurisdiction: str,
    *,
    actor: str,
    reason: str,
    at: datetime,
    dry_run: bool = False,
) -> Iterator[Moved]:
    """Record a step for every running deadline that would be otherwise today. Asked again, it repeats nothing."""
    known = docket.registry.jurisdiction(jurisdiction)
    today = day_of(at, known.time_zone)
    act = Act(
        actor=actor, role=Role.GENERAL_OFFICE, office=jurisdiction, occurred_at=start_of_day(today, known.time_zone)
    )
    for moved in _outdated(docket, lists, moment, known.on(today)):
        if not dry_run:
            step = DeadlineRecalculated(clock=moved.was.clock, part=moved.was.part, reason=reason)
            docket.record(moved.case_id, step, act)
        yield moved


def _outdated(docket: Docket, lists: Lists, moment: Moment, office: Office) -> Iterator[Moved]:
    for row in rows_of(lists, Filter(jurisdiction=office.jurisdiction.code), moment):
        case = None if row.next_clock is None else docket.case_file(row.case_id).case
        for was, now in [] if case is None else procedure.outdated_deadlines(case, office):
            yield Moved(row.case_id, row.number, row.title, was, now)
