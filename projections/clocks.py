"""Clocks (办理时限) at any moment: for each that was started, the stretches in which it ran or had ended so.

Being overdue is no part of a stretch: it is a fact about the moment at which one looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Literal, LiteralString, NamedTuple

from domain.case import Case, ClockKey, Recorded, RunningClock
from domain.clock import overdue_from
from projections.projection import Changes, Histories
from projections.remembered import Remembered
from projections.stretches import Course, Tracked, stands

End = Literal["met", "missed", "dropped"]
"""How a clock ended: in time; after its due date; or because nobody awaited it any more, in time."""


class Clock(NamedTuple):
    """A clock during a stretch."""

    clock: str
    part: str
    nth: int
    kind: str
    jurisdiction: str
    unit: str | None
    """Whose part of the case it is about, else who leads the case."""
    started_on: date
    due_on: date
    overdue_from: datetime
    estimate: bool
    ended: End | None
    """None while it runs."""


def numbered(case: Case) -> Iterator[tuple[ClockKey, int, RunningClock]]:
    """Every clock of a case, with how many had been started under the same key before."""
    count = Counter[ClockKey]()
    for running in (*case.past_clocks, *case.clocks.values()):
        key = running.deadline.clock, running.deadline.part
        yield key, count[key], running
        count[key] += 1


def end_of(running: RunningClock) -> End | None:
    """How a clock ended; None while it runs."""
    if running.runs:
        return None
    if running.late:
        return "missed"
    return "dropped" if running.dropped_by else "met"


def clocks_of(case: Case) -> Mapping[tuple[str, str, int], Clock]:
    """The clocks of a case as it stands."""
    if case.of_registry:
        return {}
    lead, found = case.facts().unit, {}
    for (clock, part), nth, running in numbered(case):
        deadline = running.deadline
        found[clock, part or "", nth] = Clock(
            clock,
            part or "",
            nth,
            case.kind,
            case.jurisdiction,
            case.unit_of(part) or lead,
            deadline.started_on,
            deadline.due_on,
            overdue_from(deadline.due_on, case.time_zone),
            deadline.estimate,
            end_of(running),
        )
    return found


def _told(case: Case, since: datetime, _until: datetime) -> Course[Clock]:
    """Nothing of a clock changes by itself: being overdue is no part of it."""
    return [(since, clocks_of(case))]


class Clocks:
    """Interval rows (case, clock, part, number; valid from–to, known from–to) with the clock's dates and its end."""

    name: ClassVar[str] = "clocks"
    version: ClassVar[int] = 1
    key: ClassVar[Mapping[str, LiteralString]] = {
        "case_id": "text",
        "clock": "text",
        "part": "text",
        "nth": "integer",
        "valid_from": "timestamptz",
        "known_from": "bigint",
    }

    def __init__(self) -> None:
        self._tracked: Remembered[Tracked[Clock]] = Remembered(lambda case_id: Tracked(case_id, _told))

    def forget(self) -> None:
        """Read every case anew when it is next touched."""
        self._tracked.clear()

    def take(self, batch: Sequence[Recorded], histories: Histories) -> Changes:
        """Rows of a batch; an interval that begins and ends in it is added with its end."""
        self._tracked.have(batch, histories)
        first = min((record.position for record in batch), default=0)
        added, closed = [], list[tuple[Any, ...]]()
        for record in batch:
            case_id = record.originator_id
            ended, begun = self._tracked[case_id].take(record)
            closed += [
                (case_id, i.cell.clock, i.cell.part, i.cell.nth, i.valid_from, i.known_from, i.known_to)
                for i in ended
                if i.known_from < first
            ]
            added += [(case_id, interval) for interval in begun]
        self._tracked.trim()
        added.sort(key=lambda one: stands(one[1]))
        rows = [(case_id, i.valid_from, i.valid_to, i.known_from, i.known_to, *i.cell) for case_id, i in added]
        return Changes(rows, closed)
