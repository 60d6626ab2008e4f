"""Figures through PostgreSQL are, at every moment, what a fold of the whole history says, and what their lists say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.figures import FigureViews
from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from domain import policy
from domain.case import Recorded, Role
from domain.casefile import file_of
from domain.docket import Docket, LedgerMapper
from domain.moment import Moment
from domain.principal import Principal
from projections.counting import SUBJECTS
from projections.figures import cells_of
from projections.reading import FigureFilter
from tests.faults.support import ledger_on
from tests.projections.support import MOMENTS, Move, by_case, moment_of, move_lists, naive_case, record_all
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
JURISDICTION = "cn-999900"
READERS = [
    Principal("u-1", Role.DEPUTY_AFFAIRS, JURISDICTION, JURISDICTION),
    Principal("u-1", Role.HANDLING_UNIT, "jtj", JURISDICTION),
    Principal("d-001", Role.DEPUTY, JURISDICTION, JURISDICTION),
    Principal("d-002", Role.DEPUTY, JURISDICTION, JURISDICTION),
]


@pytest.fixture
def recording(database: str) -> Iterator[Callable[[Sequence[Move]], tuple[list[Recorded], Views]]]:
    with ledger_on(database) as ledger:
        views = Views(ledger._pool, ledger)

        def record(moves: Sequence[Move]) -> tuple[list[Recorded], Views]:
            start = ledger.head()
            record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves, prefix=uuid4().hex[:8])
            Projector(database).catch_up()
            mapper = LedgerMapper()
            return [mapper.to_domain_event(event) for event in ledger.tail(start, 10_000)], views

        yield record


def by_hand(
    records: Sequence[Recorded], moment: Moment, subject: str, by: str | None, scope: policy.Scope = policy.EVERYTHING
) -> dict[str | None, Counter[str]]:
    found: dict[str | None, Counter[str]] = {}
    for history in by_case(records).values():
        case_file = file_of(None, history)
        assert case_file is not None
        case = naive_case(history, moment.known, moment.as_of)
        if case is None or not scope.covers(case_file):
            continue
        for cell in cells_of(case, moment.as_of).values():
            if cell.subject == subject:
                value = getattr(cell, by) if by else None
                sums = found.setdefault(None if value is None else str(value), Counter())
                sums.update(dict(zip(SUBJECTS[subject].measures, cell.counts, strict=True)))
    return {value: +sums for value, sums in found.items()}


def only(case_ids: set[str], figures: FigureViews, wanted: FigureFilter, moment: Moment) -> Counter[str]:
    """What the list behind a figure adds up to, of some cases."""
    total: Counter[str] = Counter()
    after: tuple[str, str] | None = None
    measures = SUBJECTS[wanted.subject].measures
    while rows := figures.counted(wanted, measures, moment, after=after, limit=3):
        for row in rows:
            if row.case_id in case_ids:
                total.update(row.counts)
        after = rows[-1].case_id, rows[-1].part
    return +total


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(move_lists(), st.lists(MOMENTS, min_size=4, max_size=6), st.sampled_from(["suggestion", "assignment"]))
def test_figures_lists_and_the_fold_agree_at_any_moment_for_any_reader(
    recording: Callable[[Sequence[Move]], tuple[list[Recorded], Views]],
    moves: list[Move],
    drawn: list[Any],
    subject: str,
) -> None:
    records, views = recording(moves)
    if not records:
        return
    start, case_ids = records[0].position - 1, {record.originator_id for record in records}
    measures = SUBJECTS[subject].measures
    before = views.within(policy.scope(READERS[0])).figures
    for part, day, shift in drawn:
        known, as_of = moment_of((part, day, shift), len(records))
        moment = Moment(as_of, start + known)
        for reader in READERS:
            scope = policy.scope(reader)
            figures = views.within(scope).figures
            hand = by_hand(records, moment, subject, None, scope)
            assert only(case_ids, figures, FigureFilter(subject), moment) == hand.get(None, Counter())
        units = by_hand(records, moment, subject, "unit")
        persons = frozenset({"d-001"})
        told = before.sums(FigureFilter(subject, persons=persons), measures, moment, by="unit")
        earlier = before.sums(FigureFilter(subject, persons=persons), measures, Moment(as_of, start), by="unit")
        grown = {value: +(Counter(sums) - Counter(earlier.get(value, {}))) for value, sums in told.items()}
        assert {value: sums for value, sums in grown.items() if sums} == {v: s for v, s in units.items() if s}


def test_a_series_says_of_each_day_what_the_figure_of_that_day_says(
    recording: Callable[[Sequence[Move]], tuple[list[Recorded], Views]],
) -> None:
    records, views = recording(MOVES)
    known, figures = records[-1].position, views.figures
    days = [records[0].occurred_at + timedelta(days=7 * week) for week in range(20)]
    wanted, measures = FigureFilter("suggestion"), ("counted", "replied", "overdue")
    series = figures.series(wanted, measures, days, known)
    assert [(at, figures.sums(wanted, measures, Moment(at, known))[None]) for at in days] == [
        (at, sums) for at, sums in series
    ]
    assert series[-1][1]["counted"] > series[0][1]["counted"]
    assert max(sums["overdue"] for _, sums in series) > 0


def test_between_two_moments_those_changed_that_add_otherwise(
    recording: Callable[[Sequence[Move]], tuple[list[Recorded], Views]],
) -> None:
    records, views = recording(MOVES)
    figures, wanted, measures = views.figures, FigureFilter("suggestion"), ("replied", "satisfied")
    first = Moment(records[0].occurred_at + timedelta(days=2), records[-1].position)
    last = Moment(NOW, records[-1].position)
    changed = {row.case_id: (row.before, row.after) for row in figures.changed(wanted, measures, first, last)}
    sums = [figures.sums(wanted, measures, moment).get(None, {}) for moment in (first, last)]
    for measure in measures:
        grown = sum(
            (after or {}).get(measure, 0) - (before or {}).get(measure, 0) for before, after in changed.values()
        )
        assert grown == sums[1].get(measure, 0) - sums[0].get(measure, 0)
    assert changed
    assert not figures.changed(wanted, measures, last, last)


def _move(case: int, what: str, day: int, **more: Any) -> Move:
    given: dict[str, Any] = {"minutes": 0, "unit": "jtj", "late": False, "imported": False, "target": 2} | more
    return Move(case=case, what=what, day=day, **given)


MOVES = [
    move
    for case in (0, 1, 2)
    for move in (
        *(_move(case, "open", case), _move(case, "review", case), _move(case, "hand over", case)),
        *([_move(case, "reply", 8), _move(case, "evaluate", 20, target=4)] if case else []),
    )
]
