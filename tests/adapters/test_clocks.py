"""Clocks through PostgreSQL are, at every moment and for every reader, those of a fold of the whole history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres import scoped
from adapters.postgres.clocks import STATES
from adapters.postgres.views import Views
from domain import policy
from domain.case import Recorded
from domain.casefile import file_of
from domain.moment import Moment, day_of
from projections.reading import ClockFilter, ClockKey, ClockRow, ClockState
from tests.adapters.test_figures import JURISDICTION, MOVES, NOW, READERS, recorded
from tests.domain.support import ZONE
from tests.projections.support import MOMENTS, OWN, Move, by_case, moment_of, move_lists, naive_case
from tests.projections.test_clocks import by_hand

pytestmark = pytest.mark.database


def hand(records: Sequence[Recorded], moment: Moment, scope: policy.Scope) -> Counter[tuple[str, str, str, int, str]]:
    """Case, rule, part, number and state of every clock that a reader may know of, folded from nothing."""
    day, found = day_of(moment.as_of, ZONE), Counter[Any]()
    for case_id, history in by_case(records).items():
        case_file = file_of(None, history)
        case = naive_case(history, moment.known, moment.as_of)
        if case is None or case_file is None or not scope.covers(case_file):
            continue
        for _, clock, part, nth, _, due_on, _, ended in by_hand(case_id, case):
            state = ended or ("overdue" if due_on < day else "soon" if due_on <= day + timedelta(7) else "running")
            found[case_id, clock, part, nth, state] += 1
    return found


def paged(
    views: Views, wanted: ClockFilter, moment: Moment, *, backwards: bool = False, limit: int = 3
) -> list[ClockRow]:
    rows: list[ClockRow] = []
    after: ClockKey | None = None
    day = day_of(moment.as_of, ZONE)
    while page := views.clocks.page(wanted, moment, day, after=after, backwards=backwards, limit=limit):
        rows += page
        after = page[-1].key
    return rows


def told(rows: Sequence[ClockRow]) -> Counter[tuple[str, str, str, int, str]]:
    return Counter((row.case_id, row.clock, row.part, row.nth, row.state) for row in rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(moves=move_lists(), drawn=st.lists(MOMENTS, min_size=4, max_size=6), few=OWN)
def test_pages_counts_and_the_fold_agree_at_any_moment_for_any_reader(
    database: str, moves: list[Move], drawn: list[Any], few: int
) -> None:
    with recorded(database, moves) as (records, views), patch.object(scoped, "OWN_CASES", few):
        for one in drawn:
            known, as_of = moment_of(one, len(records))
            moment = Moment(as_of, known)
            for reader in READERS:
                scope = policy.scope(reader)
                own, expected = views.within(scope), hand(records, moment, scope)
                rows = paged(own, ClockFilter(), moment)
                assert told(rows) == expected, moment
                assert [row.key for row in rows] == sorted(row.key for row in rows)
                assert paged(own, ClockFilter(), moment, backwards=True) == rows[::-1]
                counts = own.clocks.counts(ClockFilter(), moment, day_of(as_of, ZONE))
                assert counts.total == len(rows)
                assert counts.by_clock == Counter(row.clock for row in rows)
                by_state = Counter(row.state for row in rows)
                running = by_state["running"] + by_state["overdue"] + by_state["soon"]
                assert counts.running == running
                for state in ("overdue", "soon", "met", "missed", "dropped"):
                    assert getattr(counts, state) == by_state[state], state


@pytest.mark.parametrize("state", STATES)
def test_every_filter_narrows_the_list_and_its_counts_alike(database: str, state: ClockState) -> None:
    with recorded(database, MOVES) as (records, views):
        moment = Moment(NOW, records[-1].position)
        day, every = day_of(NOW, ZONE), paged(views, ClockFilter(JURISDICTION), moment)
        of_state = {"running": {"running", "overdue", "soon"}}.get(state, {state})
        first, last = min(row.due_on for row in every), max(row.due_on for row in every)
        middle = first + (last - first) // 2
        for wanted, holds in (
            (ClockFilter(state=state), lambda row: row.state in of_state),
            (ClockFilter(state=state, unit="jtj"), lambda row: row.state in of_state and row.unit == "jtj"),
            (ClockFilter(clock=every[0].clock), lambda row: row.clock == every[0].clock),
            (ClockFilter(kind="opinion"), lambda _: False),
            (ClockFilter(due_from=middle), lambda row: row.due_on >= middle),
            (ClockFilter(due_to=middle), lambda row: row.due_on <= middle),
            (ClockFilter("cn-110000"), lambda _: False),
        ):
            rows = paged(views, wanted, moment)
            assert rows == [row for row in every if holds(row)], wanted
            assert views.clocks.counts(wanted, moment, day).total == len(rows), wanted


def test_the_last_days_of_the_calendar_are_days_too(database: str) -> None:
    with recorded(database, MOVES) as (records, views):
        counts = views.clocks.counts(ClockFilter(), Moment(NOW, records[-1].position), date.max)
        assert counts.running == counts.overdue + counts.soon
