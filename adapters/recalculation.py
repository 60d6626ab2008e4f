"""Deadlines that a new calendar or rulebook moves: each by a recorded step, none silently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain import procedure
from domain.case import Act, DeadlineRecalculated, Role
from domain.clock import Deadline
from domain.docket import Docket
from domain.moment import Moment, day_of, start_of_day
from projections.reading import CaseRow, Filter

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """A running deadline of a case, as it was and as it is now."""

    case_id: str
    number: str | None
    was: Deadline
    now: Deadline


class Cases(Protocol):
    """What is asked of the case list."""

    def moment(self) -> Moment:
        """Now."""

    def cases(
        self, wanted: Filter, moment: Moment, *, sort: str, after: tuple[date | str | None, str] | None, limit: int
    ) -> list[CaseRow]:
        """A page of the list."""


def recalculate(
    docket: Docket, views: Cases, jurisdiction: str, *, actor: str, reason: str, at: datetime, dry_run: bool = False
) -> Iterator[Moved]:
    """Record a step for every running deadline that would be otherwise today. Asked again, it repeats nothing."""
    known = docket.registry.jurisdiction(jurisdiction)
    today = day_of(at, known.time_zone)
    office = known.on(today)
    act = Act(
        actor=actor, role=Role.GENERAL_OFFICE, office=jurisdiction, occurred_at=start_of_day(today, known.time_zone)
    )
    for row in _open_cases(views, jurisdiction):
        case = docket.case_file(row.case_id).case
        for was, now in [] if case is None else procedure.outdated_deadlines(case, office):
            if not dry_run:
                docket.record(row.case_id, DeadlineRecalculated(clock=was.clock, part=was.part, reason=reason), act)
            yield Moved(row.case_id, row.number, was, now)


def _open_cases(views: Cases, jurisdiction: str) -> Iterator[CaseRow]:
    moment, after = views.moment(), None
    while page := views.cases(Filter(jurisdiction=jurisdiction), moment, sort="opened_on", after=after, limit=_PAGE):
        yield from (row for row in page if row.next_clock is not None)
        after = (page[-1].opened_on, page[-1].case_id)
