"""Figures are what another database finds in the steps as they are stored, by a fold of its own in SQL."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.case import Recorded
from domain.cases.suggestion import REPLY
from domain.docket import LedgerMapper
from domain.moment import Moment, end_of_day
from projections.reading import FigureFilter
from tests.adapters.test_figures import recorded
from tests.domain.support import ZONE
from tests.projections.support import MOMENTS, Move, moment_of, move_lists

pytestmark = pytest.mark.database

FOLD = Path(__file__).with_suffix(".sql")


def steps_in_duckdb(records: list[Recorded]) -> duckdb.DuckDBPyConnection:
    """The stored bytes of each step beside its place, as `GET /steps/export` gives them."""
    conn = duckdb.connect()
    conn.execute(f"SET TimeZone = '{ZONE}'")
    conn.execute("CREATE TABLE stored (position BIGINT, case_id VARCHAR, version BIGINT, wire VARCHAR, state JSON)")
    stored = [LedgerMapper().to_stored_event(record) for record in records]
    conn.executemany(
        "INSERT INTO stored VALUES (?, ?, ?, ?, ?)",
        [
            (record.position, record.originator_id, record.version, event.topic, event.state.decode())
            for record, event in zip(records, stored, strict=True)
        ],
    )
    conn.execute(FOLD.read_text(encoding="utf-8"))
    return conn


SUBJECTS = {"suggestion": "suggestions_by_unit", "assignment": "shares_by_unit"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(moves=move_lists(), drawn=st.lists(MOMENTS, min_size=4, max_size=6))
def test_another_database_counts_the_same_for_each_unit_from_the_stored_steps_at_any_moment(
    database: str, moves: list[Move], drawn: list[Any]
) -> None:
    with recorded(database, moves) as (records, views), steps_in_duckdb(records) as duck:
        due = [
            (len(records), end_of_day(deadline.due_on, ZONE) + after)
            for record in records
            for deadline in record.deadlines
            if deadline.clock == REPLY
            for after in (timedelta(0), timedelta(microseconds=1))
        ]
        for known, as_of in [*(moment_of(one, len(records)) for one in drawn), *due[-2:]]:
            for subject, counted in SUBJECTS.items():
                found = duck.execute(f"FROM {counted}($known, $as_of)", {"known": known, "as_of": as_of})
                _, *measures = [column for column, *_ in found.description]
                by_unit = {unit: dict(zip(measures, counts, strict=True)) for unit, *counts in found.fetchall()}
                assert views.figures.sums(FigureFilter(subject), measures, Moment(as_of, known), "unit") == by_unit
