"""What a step about the past would change: stages, clocks, findings, and since when until when lists and counts differ.

It compares two histories of one case: as recorded, and with the step. What it says is what the projections then do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal, NamedTuple

from domain import fold
from domain.case import CASE_TYPES, Case, ClockKey, Recorded, RunningClock
from domain.office import Jurisdiction
from domain.part import Part
from domain.procedure import Finding, findings
from projections.case_list import FOREVER, Row, stretches_of

State = Literal["unassigned", "waiting", "overdue", "answered"]


class Standing(NamedTuple):
    """What the list shows of a case, and among which cases it is counted; an overdue one is also a waiting one."""

    row: Row
    state: State | None
    """None for a case over without an answer, and for one of the registry."""


class Span(NamedTuple):
    """From when until when, on the first clock, the list shows another thing of the case; None where it has none."""

    since: datetime
    until: datetime
    """Not included; `FOREVER` for what goes on."""
    was: Standing | None
    now: Standing | None


class StageChange(NamedTuple):
    """The stage of the case, or of a part of it: as it is, and as it would be."""

    kind: str | None
    key: str | None
    was: str | None
    now: str | None


class ClockChange(NamedTuple):
    """A clock as it is, and as it would be; None where it was never started."""

    was: RunningClock | None
    now: RunningClock | None


@dataclass(frozen=True)
class Comparison:
    """Everything that a step would change. Stages and clocks are those of today."""

    stages: list[StageChange]
    clocks: list[ClockChange]
    gone: list[Finding]
    come: list[Finding]
    spans: list[Span]


def compare(before: Sequence[Recorded], after: Sequence[Recorded], jurisdiction: Jurisdiction) -> Comparison:
    """What differs between two histories of one case."""
    was, now = fold.case_at(before), fold.case_at(after)
    disagreed, disagree = findings(before, jurisdiction), findings(after, jurisdiction)
    return Comparison(
        stages=list(_stages(was, now)),
        clocks=list(_clocks(was, now)),
        gone=[found for found in disagreed if found not in disagree],
        come=[found for found in disagree if found not in disagreed],
        spans=spans(before, after),
    )


def spans(before: Sequence[Recorded], after: Sequence[Recorded]) -> list[Span]:
    """When the list would show another thing of the case, in the order of the dates; neighbours that agree are one."""
    was, now = dict(standings_of(before)), dict(standings_of(after))
    moments = sorted({*was, *now})
    found: list[Span] = []
    old = new = None
    for since, until in zip(moments, [*moments[1:], FOREVER], strict=False):
        old, new = was.get(since, old), now.get(since, new)
        last = found[-1] if found else None
        if old == new:
            continue
        if last is not None and last.until == since and (last.was, last.now) == (old, new):
            found[-1] = last._replace(until=until)
        else:
            found.append(Span(since, until, old, new))
    return found


def standings_of(history: Iterable[Recorded]) -> Iterator[tuple[datetime, Standing]]:
    """Since when the list has shown what of the case, and since when it was counted where."""
    stretches = stretches_of(history)
    ends = [since for since, _ in stretches[1:]] + [FOREVER]
    for (since, row), until in zip(stretches, ends, strict=False):
        yield since, Standing(row, state_of(row, since))
        if row.overdue_from is not None and since < row.overdue_from < until:
            yield row.overdue_from, Standing(row, state_of(row, row.overdue_from))


def state_of(row: Row, at: datetime) -> State | None:
    """Among which cases a row is counted at a moment."""
    if CASE_TYPES[row.kind].of_registry:
        return None
    if row.answered_on is not None:
        return "answered"
    if row.over:
        return None
    if row.handed_over_on is None:
        return "unassigned"
    return "overdue" if row.overdue_from is not None and row.overdue_from <= at else "waiting"


def _stages(was: Case | None, now: Case | None) -> Iterator[StageChange]:
    old, new = dict(_stages_of(was)), dict(_stages_of(now))
    for kind, key in dict.fromkeys([*old, *new]):
        if (before := old.get((kind, key))) != (after := new.get((kind, key))):
            yield StageChange(kind, key, before, after)


def _stages_of(case: Case | None) -> Iterator[tuple[tuple[str | None, str | None], str]]:
    if case is None:
        return
    if case.stage is not None:
        yield (None, None), case.stage
    for field in dataclasses.fields(case):
        parts = getattr(case, field.name)
        if isinstance(parts, Mapping):
            yield from (((field.name, key), part.stage) for key, part in parts.items() if isinstance(part, Part))


def _clocks(was: Case | None, now: Case | None) -> Iterator[ClockChange]:
    """The clocks that differ; the nth that was started under a key is compared with the nth."""
    old, new = dict(_clocks_of(was)), dict(_clocks_of(now))
    for key in dict.fromkeys([*old, *new]):
        if (change := ClockChange(old.get(key), new.get(key))).was != change.now:
            yield change


def _clocks_of(case: Case | None) -> Iterator[tuple[tuple[ClockKey, int], RunningClock]]:
    def key_of(running: RunningClock) -> tuple[str, str]:
        return running.deadline.clock, running.deadline.part or ""

    clocks = [] if case is None else sorted(case.all_clocks, key=key_of)
    for _, of_key in groupby(clocks, key_of):
        for nth, running in enumerate(of_key):
            yield ((running.deadline.clock, running.deadline.part), nth), running
