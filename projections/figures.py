"""Figures at any moment on both clocks: for each thing that counts, the stretches of its counts (计数区间).

A thing counts at `(as_of, known)` if its stretch holds both; a figure is the sum over what counts then, and the list
behind it is that itself. `projections/counting` says what a case adds, `projections/metrics.toml` what is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, LiteralString, NamedTuple

from domain import fold
from domain.case import Case, Facts, Recorded
from domain.casefile import CaseFile
from domain.clock import overdue_from
from domain.moment import Moment, day_of
from projections.case_list import FOREVER
from projections.counting import SUBJECTS, counted, turning_days
from projections.projection import Changes, Histories
from projections.remembered import Remembered
from projections.stretches import Interval, Tracked, stands

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
        return _pattern_of(self.counts)

    @property
    def measured(self) -> dict[str, int]:
        """The counts that are not nothing, by the names of the subject's measures."""
        measures = SUBJECTS[self.subject].measures
        return {measure: count for measure, count in zip(measures, self.counts, strict=True) if count}


@lru_cache(4_096)
def _pattern_of(counts: tuple[int, ...]) -> str:
    told = (str(place) if count == 1 else f"{place}*{count}" for place, count in enumerate(counts) if count)
    return " ".join(told)


@lru_cache(4_096)
def places_of(pattern: str) -> tuple[tuple[int, int], ...]:
    """The counts of a pattern, each with its place."""
    told = (one.partition("*") for one in pattern.split())
    return tuple((int(place), int(count or 1)) for place, _, count in told)


def sums_of(pattern: str, subject: str) -> dict[str, int]:
    """The counts of a pattern, by the names of the subject's measures."""
    measures = SUBJECTS[subject].measures
    return {measures[place]: count for place, count in places_of(pattern)}


Item = tuple[str, str]
"""What counts in a case: its subject and its part."""
Cells = dict[Item, Cell]


def cells_of(case: Case, since: datetime) -> Cells:
    """What a case adds at an instant, as it stands then."""
    return {} if case.of_registry else _cells(case, case.facts(), since)


def _cells(case: Case, facts: Facts, since: datetime) -> Cells:
    day = day_of(since, case.time_zone)
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
        for one in counted(case, facts, day)
    }


def course(case: Case, since: datetime, until: datetime) -> list[tuple[datetime, Cells]]:
    """What a case adds as it stands, from an instant on, and whenever a date passes until another."""
    if case.of_registry:
        return [(since, {})]
    facts = case.facts()
    turns = {overdue_from(day, case.time_zone) for day in turning_days(case, facts)}
    return [(at, _cells(case, facts, at)) for at in (since, *sorted(turn for turn in turns if since < turn < until))]


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
    version: ClassVar[int] = 5
    key: ClassVar[Mapping[str, LiteralString]] = {
        "case_id": "text",
        "subject": "text",
        "part": "text",
        "valid_from": "timestamptz",
        "known_from": "bigint",
    }

    def __init__(self) -> None:
        self._tracked: Remembered[Tracked[Cell]] = Remembered(lambda case_id: Tracked(case_id, course))

    def forget(self) -> None:
        """Read every case anew when it is next touched."""
        self._tracked.clear()

    def take(self, batch: Sequence[Recorded], histories: Histories) -> Changes:
        """Rows of a batch; an interval that begins and ends in it is added with its end."""
        self._tracked.have(batch, histories)
        first = min((record.position for record in batch), default=0)
        added: list[tuple[str, Interval[Cell], bool]] = []
        closed: list[tuple[Any, ...]] = []
        for record in batch:
            case_id = record.originator_id
            ended, begun = self._tracked[case_id].take(record)
            closed += [
                (case_id, i.cell.subject, i.cell.part, i.valid_from, i.known_from, i.known_to)
                for i in ended
                if i.known_from < first
            ]
            added += [(case_id, interval, _ahead(interval, record.recorded_at)) for interval in begun]
        self._tracked.trim()
        added.sort(key=lambda one: stands(one[1]))
        rows = [
            (case_id, i.valid_from, i.valid_to, i.known_from, i.known_to, *i.cell[:-1], i.cell.pattern, ahead)
            for case_id, i, ahead in added
        ]
        return Changes(rows, closed)


def _ahead(interval: Interval[Cell], since: datetime) -> bool:
    """Whether an end of it lay ahead when it became known: it counts, or ceases to, though nothing is recorded."""
    return interval.valid_from > since or since < interval.valid_to < FOREVER
