"""The stretches of what a case holds, each thing by its own key, on both clocks; however its past is changed later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from domain import fold
from domain.case import Case, Corrected, Recorded, Voided
from domain.casefile import CaseFile
from projections.case_list import FOREVER, STILL_KNOWN

Cell = TypeVar("Cell", bound=NamedTuple)
Key = tuple[Any, ...]

Course = Sequence[tuple[datetime, Mapping[Key, Cell]]]
"""What is held from each of some instants on, in the order of time."""

Told = Callable[[Case, datetime, datetime], Course[Cell]]
"""What a case holds as it stands, from an instant on, and as it changes by itself until another."""


def course_of(history: Iterable[Recorded], told: Told[Cell], known: int | None = None) -> Course[Cell]:
    """What a case holds from each instant on, as known at a position."""
    history = list(history)
    days = sorted({step.occurred_at for step in fold.sequence(history, known)})
    course: list[tuple[datetime, Mapping[Key, Cell]]] = []
    for (since, case), until in zip(fold.timeline(history, known), [*days[1:], FOREVER], strict=False):
        course += [(since, {})] if case is None else told(case, since, until)
    return course


class Interval(Generic[Cell]):
    """A stretch of one thing with both its ends, and the positions since which it is known, and up to which."""

    __slots__ = ("cell", "known_from", "known_to", "valid_from", "valid_to")

    def __init__(self, valid_from: datetime, valid_to: datetime, cell: Cell, known_from: int) -> None:
        self.valid_from = valid_from
        self.valid_to = valid_to
        self.cell = cell
        self.known_from = known_from
        self.known_to = STILL_KNOWN


class Tracked(Generic[Cell]):
    """A case file with the intervals of what it holds, as known now."""

    __slots__ = ("_told", "case_file", "intervals", "latest")

    def __init__(self, case_id: str, told: Told[Cell]) -> None:
        self.case_file = CaseFile(case_id)
        self.intervals: dict[Key, list[Interval[Cell]]] = {}
        self.latest: datetime | None = None
        self._told = told

    def take(self, record: Recorded) -> tuple[list[Interval[Cell]], list[Interval[Cell]]]:
        """The intervals that a record ends, and those that it begins."""
        self.case_file.take(record)
        since, case = record.occurred_at, self.case_file.case
        usual = (
            (self.latest is None or since >= self.latest)
            and not record.act.late
            and not isinstance(record.step, (Corrected, Voided))
        )
        course: Course[Cell]
        if usual and case is not None:
            self.latest = since
            course = self._told(case, since, FOREVER)
        else:
            history = self.case_file.history
            self.latest = max((one.occurred_at for one in fold.sequence(history)), default=None)
            since, course = datetime.min.replace(tzinfo=FOREVER.tzinfo), course_of(history, self._told)
        return self._follow(since, course, record.position)

    def _follow(
        self, since: datetime, course: Course[Cell], position: int
    ) -> tuple[list[Interval[Cell]], list[Interval[Cell]]]:
        """From an instant on, each thing goes the given course; what is so already stays as it is."""
        ended: list[Interval[Cell]] = []
        begun: list[Interval[Cell]] = []
        for key in dict.fromkeys(self.intervals) | dict.fromkeys(key for _, cells in course for key in cells):
            points = [(at, cells.get(key)) for at, cells in course]
            intervals = self.intervals.setdefault(key, [])
            if _goes_on(intervals, since, points):
                continue
            kept = len(intervals)
            while kept and intervals[kept - 1].valid_to > since:
                kept -= 1
            if kept < len(intervals) and (cut := intervals[kept]).valid_from < since:
                points.insert(0, (cut.valid_from, cut.cell))
            wanted = list(_joined(points))
            before = intervals[kept - 1] if kept else None
            if before and wanted and (before.valid_to, before.cell) == (wanted[0][0], wanted[0][2]):
                kept -= 1
                wanted[0] = (before.valid_from, *wanted[0][1:])
            standing = intervals[kept:]
            new = [_same(one, standing) or Interval(*one, position) for one in wanted]
            ended += [one for one in standing if one not in new]
            begun += [one for one in new if one not in standing]
            intervals[kept:] = new
        for interval in ended:
            interval.known_to = position
        return ended, begun


def _goes_on(
    intervals: Sequence[Interval[Cell]], since: datetime, points: Sequence[tuple[datetime, Cell | None]]
) -> bool:
    """Whether a thing was going to be from an instant on what it is at each of the points."""
    cell = points[0][1] if points else None
    if any(later != cell for _, later in points[1:]):
        return False
    if not intervals:
        return cell is None
    last = intervals[-1]
    if cell is None:
        return last.valid_to <= since
    return last.valid_from <= since and last.valid_to == FOREVER and last.cell == cell


def _same(stretch: tuple[datetime, datetime, Cell], standing: Sequence[Interval[Cell]]) -> Interval[Cell] | None:
    """The interval that says that of the stretch."""
    since, until, cell = stretch
    for one in standing:
        if one.valid_from == since and one.valid_to == until and one.cell == cell:
            return one
    return None


def stands(interval: Interval[Any]) -> bool:
    """Whether that is how it is now: such rows are written side by side, as they are read."""
    return interval.known_to == STILL_KNOWN and interval.valid_to == FOREVER


def _joined(course: Iterable[tuple[datetime, Cell | None]]) -> Iterator[tuple[datetime, datetime, Cell]]:
    """One thing's course as stretches: neighbours that are the same are one."""
    start: datetime | None = None
    current: Cell | None = None
    for at, cell in course:
        if cell == current:
            continue
        if current is not None and start is not None and start < at:
            yield start, at, current
        start, current = at, cell
    if current is not None and start is not None:
        yield start, FOREVER, current
