"""Where a preview counts a case is where the lists of the database have it, at every moment of both clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from domain.docket import Docket
from domain.moment import Moment, start_of_day
from projections.comparison import State, standings_of
from projections.reading import Filter
from tests.domain.support import ZONE
from tests.faults.support import ledger_on
from tests.projections.support import DAYS, FIRST_DAY, Move, move_lists, record_all
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
LOOKS = [start_of_day(FIRST_DAY + timedelta(days), ZONE) for days in (0, 1, 3, 8, DAYS, DAYS + 100, DAYS + 200)]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves=move_lists(20))
def test_a_case_is_counted_where_the_comparison_says(database: str, moves: list[Move]) -> None:
    with ledger_on(database) as ledger:
        docket, views, prefix = (
            Docket(ledger, shipped_registry(), lambda: NOW),
            Views(ledger._pool, ledger),
            str(uuid4()),
        )
        record_all(docket, moves, prefix)
        Projector(database).catch_up()
        known = docket.head()
        histories = {id: docket.case_file(id).history for id in {f"{prefix}-{move.case}" for move in moves}}
        for as_of in LOOKS:
            counted: dict[str, set[str]] = {state: set() for state in get_args(State)}
            for id, history in histories.items():
                then = [standing for since, standing in standings_of(history) if since <= as_of]
                if then and then[-1].state is not None:
                    counted[then[-1].state].add(id)
            counted["waiting"] |= counted["overdue"]
            for state, expected in counted.items():
                rows = views.cases(Filter(state=state), Moment(as_of, known), limit=200)
                assert {row.case_id for row in rows} & histories.keys() == expected, (state, as_of)
