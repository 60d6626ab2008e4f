"""Figures at any moment on both clocks: for each thing that counts, the stretches of its counts (计数区间).

A thing counts at `(as_of, known)` if its stretch holds both; a figure is the sum over what counts then, and the list
behind it is that itself. `projections/counting` says what a case adds, `projections/metrics.toml` what is made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, LiteralString, NamedTuple

from domain import fold
from domain.case import Case, Corrected, Recorded, Voided
from domain.casefile import CaseFile
from domain.clock import overdue_from
from domain.moment import Moment, day_of
from projections.case_list import FOREVER, STILL_KNOWN
from projections.counting import SUBJECTS, counted, turning_days
from projections.projection import Changes, Histories
from projections.remembered import Remembered

_INSTANT = timedelta(microseconds=1)


class Cell(NamedTuple):
    """What one thing adds during a stretch, and to which figures."""

    subject: str
    part: str
    kind: str
    jurisdiction: str
    stage: str
    year: int
    session: str | None
    unit: str | None
    person: str | None
    committee: str | None
    counts: tuple[int, ...]

    @property
    def pattern(self) -> str:
        """The counts that are not nothing, by their places: `0 3 5*28`. Most things count like many others."""
        told = (str(place) if count == 1 else f"{place}*{count}" for place, count in enumerate(self.counts) if count)
        return " ".join(told)

    @property
    def measured(self) -> dict[str, int]:
        """The counts that are not nothing, by the names of the subject's measures."""
        measures = SUBJECTS[self.subject].measures
        return {measure: count for measure, count in zip(measures, self.counts, strict=True) if count}


def sums_of(pattern: str, subject: str) -> dict[str, int]:
    """The counts of a pattern, by the names of the subject's measures."""
    measures, sums = SUBJECTS[subject].measures, {}
    for told in pattern.split():
        place, _, count = told.partition("*")
        sums[measures[int(place)]] = int(count or 1)
    return sums


Item = tuple[str, str]
"""What counts in a case: its subject and its part."""
Cells = dict[Item, Cell]


def cells_of(case: Case, since: datetime) -> Cells:
    """What a case adds at an instant, as it stands then."""
    if case.of_registry:
        return {}
    facts, day = case.facts(), day_of(since, case.time_zone)
    year = facts.opened_on.year if facts.opened_on else day.year
    return {
        (one.subject, one.part): Cell(
            one.subject,
            one.part,
            case.kind,
            case.jurisdiction,
            str(case.stage),
            year,
            facts.session,
            one.unit,
            facts.person,
            one.committee,
            one.row(),
        )
        for one in counted(case, day)
    }


def turns_of(case: Case, since: datetime, until: datetime) -> list[datetime]:
    """The instants within a stretch at which its counts may change though nothing happens."""
    instants = {overdue_from(day, case.time_zone) for day in turning_days(case)}
    return sorted(instant for instant in instants if since < instant < until)


def course_of(history: Iterable[Recorded], known: int | None = None) -> list[tuple[datetime, Cells]]:
    """What a case adds from each instant on, as known at a position, in the order of time."""
    history = list(history)
    days = sorted({step.occurred_at for step in fold.sequence(history, known)})
    course: list[tuple[datetime, Cells]] = []
    for (since, case), until in zip(fold.timeline(history, known), [*days[1:], FOREVER], strict=False):
        if case is None:
            course.append((since, {}))
        else:
            course += [(at, cells_of(case, at)) for at in (since, *turns_of(case, since, until))]
    return course


class Interval:
    """A stretch of one thing with both its ends, and the positions since which it is known, and up to which."""

    __slots__ = ("cell", "known_from", "known_to", "valid_from", "valid_to")

    def __init__(self, valid_from: datetime, valid_to: datetime, cell: Cell, known_from: int) -> None:
        self.valid_from = valid_from
        self.valid_to = valid_to
        self.cell = cell
        self.known_from = known_from
        self.known_to = STILL_KNOWN


def _stands(added: tuple[str, Interval]) -> bool:
    """Whether that is how the thing counts now: such rows are written side by side, as they are read."""
    return added[1].known_to == STILL_KNOWN and added[1].valid_to == FOREVER


class Tracked:
    """A case file with its intervals as known now."""

    __slots__ = ("case_file", "intervals", "latest")

    def __init__(self, case_id: str) -> None:
        self.case_file = CaseFile(case_id)
        self.intervals: dict[Item, list[Interval]] = {}
        self.latest: datetime | None = None

    def take(self, record: Recorded) -> tuple[list[Interval], list[Interval]]:
        """The intervals that a record ends, and those that it begins."""
        self.case_file.take(record)
        since, case = record.occurred_at, self.case_file.case
        usual = (
            (self.latest is None or since >= self.latest)
            and not record.act.late
            and not isinstance(record.step, (Corrected, Voided))
        )
        if usual and case is not None:
            self.latest = since
            course = [(at, cells_of(case, at)) for at in (since, *turns_of(case, since, FOREVER))]
        else:
            self.latest = max((one.occurred_at for one in fold.sequence(self.case_file.history)), default=None)
            since, course = datetime.min.replace(tzinfo=FOREVER.tzinfo), course_of(self.case_file.history)
        return self._follow(since, course, record.position)

    def _follow(
        self, since: datetime, course: Sequence[tuple[datetime, Cells]], position: int
    ) -> tuple[list[Interval], list[Interval]]:
        """From an instant on, each thing goes the given course; what is so already stays as it is."""
        ended: list[Interval] = []
        begun: list[Interval] = []
        items = dict.fromkeys(self.intervals) | dict.fromkeys(item for _, cells in course for item in cells)
        for item in items:
            old = self.intervals.get(item, [])
            kept = [one for one in old if one.valid_to <= since]
            past = [(one.valid_from, one.cell) for one in old if one.valid_from < since < one.valid_to]
            wanted = list(_stretches([*past, *((at, cells.get(item)) for at, cells in course)]))
            if kept and wanted and kept[-1].valid_to == wanted[0][0] and kept[-1].cell == wanted[0][2]:
                wanted[0] = (kept.pop().valid_from, *wanted[0][1:])
            standing = {(one.valid_from, one.valid_to, one.cell): one for one in old[len(kept) :]}
            new = [standing.get(one) or Interval(*one, position) for one in wanted]
            ended += [one for one in standing.values() if one not in new]
            begun += [one for one in new if one.known_from == position]
            self.intervals[item] = kept + new
        for interval in ended:
            interval.known_to = position
        return ended, begun


def _stretches(course: Iterable[tuple[datetime, Cell | None]]) -> Iterator[tuple[datetime, datetime, Cell]]:
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


def steps_that_count(
    case_file: CaseFile, item: Item, measures: Sequence[str], earlier: Moment, later: Moment
) -> Iterator[Recorded]:
    """The steps between two moments with which something counted otherwise; none where only a date had passed."""
    history = case_file.history

    def at(known: int, as_of: datetime) -> tuple[int, ...] | None:
        case = fold.case_at(history, known, as_of)
        cell = None if case is None else cells_of(case, as_of).get(item)
        places = SUBJECTS[item[0]].measures
        return None if cell is None else tuple(cell.counts[places.index(measure)] for measure in measures)

    first, last = sorted((earlier.known, later.known))
    since, until = sorted((earlier.as_of, later.as_of))
    for record in history:
        if first < record.position <= last:
            counts = at(record.position - 1, later.as_of) != at(record.position, later.as_of)
        else:
            happened = record.occurred_at
            counts = (
                record.position <= first
                and since < happened <= until
                and at(earlier.known, happened - _INSTANT) != at(earlier.known, happened)
            )
        if counts:
            yield record


class Figures:
    """Interval rows (case, subject, part; valid from–to, known from–to) with dimensions and counts."""

    name: ClassVar[str] = "figures"
    version: ClassVar[int] = 2
    key: ClassVar[Mapping[str, LiteralString]] = {
        "case_id": "text",
        "subject": "text",
        "part": "text",
        "valid_from": "timestamptz",
        "known_from": "bigint",
    }

    def __init__(self) -> None:
        self._tracked = Remembered(Tracked)

    def forget(self) -> None:
        """Read every case anew when it is next touched."""
        self._tracked.clear()

    def take(self, batch: Sequence[Recorded], histories: Histories) -> Changes:
        """Rows of a batch; an interval that begins and ends in it is added with its end."""
        self._tracked.have(batch, histories)
        first = min((record.position for record in batch), default=0)
        added: list[tuple[str, Interval]] = []
        closed: list[tuple[Any, ...]] = []
        for record in batch:
            case_id = record.originator_id
            ended, begun = self._tracked[case_id].take(record)
            closed += [
                (case_id, i.cell.subject, i.cell.part, i.valid_from, i.known_from, i.known_to)
                for i in ended
                if i.known_from < first
            ]
            added += [(case_id, interval) for interval in begun]
        self._tracked.trim()
        added.sort(key=_stands)
        rows = [
            (case_id, i.valid_from, i.valid_to, i.known_from, i.known_to, *i.cell[:-1], i.cell.pattern)
            for case_id, i in added
        ]
        return Changes(rows, closed)
