"""Figures are what another database finds in the steps as they are stored, by a fold of its own in SQL."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.case import Recorded
from domain.docket import LedgerMapper
from domain.moment import Moment
from projections.reading import FigureFilter
from tests.adapters.test_figures import recorded
from tests.projections.support import MOMENTS, Move, moment_of, move_lists

pytestmark = pytest.mark.database

FOLD = """
WITH RECURSIVE known AS (SELECT * FROM steps WHERE position <= $known),
walk AS (
    SELECT case_id, max(version) + 1 AS version, []::BIGINT[] AS voided FROM known GROUP BY case_id
    UNION ALL
    SELECT walk.case_id, known.version,
        CASE WHEN known.wire = 'case.voided.v1' AND NOT list_contains(walk.voided, known.version)
        THEN list_append(walk.voided, known.voids) ELSE walk.voided END
    FROM walk JOIN known ON known.case_id = walk.case_id AND known.version = walk.version - 1
),
void AS (SELECT case_id, unnest(voided) AS version FROM walk WHERE version = 1),
standing AS (SELECT * FROM known ANTI JOIN void USING (case_id, version)),
dated AS (
    SELECT step.case_id, step.wire,
        coalesce(last(fix.corrected_at ORDER BY fix.version), step.occurred_at) AS happened_at
    FROM standing AS step LEFT JOIN standing AS fix
    ON fix.case_id = step.case_id AND fix.corrects = step.version AND fix.corrected_at IS NOT NULL
    GROUP BY step.case_id, step.version, step.wire, step.occurred_at
),
happened AS (SELECT case_id, list(wire) AS wires FROM dated WHERE happened_at <= $as_of GROUP BY case_id)
SELECT count(*), count(*) FILTER (list_contains(wires, 'suggestion.handed_over.v1'))
FROM happened WHERE list_contains(wires, 'suggestion.submitted.v1')
"""
"""A void stands unless a later one that stands voids it; the last correction of a date that stands holds."""


def steps_in_duckdb(records: list[Recorded]) -> duckdb.DuckDBPyConnection:
    """The stored bytes of each step beside its place, as `GET /steps/export` gives them."""
    conn = duckdb.connect()
    conn.execute("CREATE TABLE stored (position BIGINT, case_id VARCHAR, version BIGINT, wire VARCHAR, state JSON)")
    stored = [LedgerMapper().to_stored_event(record) for record in records]
    conn.executemany(
        "INSERT INTO stored VALUES (?, ?, ?, ?, ?)",
        [
            (record.position, record.originator_id, record.version, event.topic, event.state.decode())
            for record, event in zip(records, stored, strict=True)
        ],
    )
    conn.execute(STEPS)
    return conn


STEPS = """
CREATE TABLE steps AS SELECT position, case_id, version, wire,
    (state ->> '$.act.occurred_at')::TIMESTAMPTZ AS occurred_at,
    (state ->> '$.step.voids')::BIGINT AS voids,
    (state ->> '$.step.corrects')::BIGINT AS corrects,
    (state ->> '$.step.occurred_at')::TIMESTAMPTZ AS corrected_at
FROM stored
"""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(moves=move_lists(), drawn=st.lists(MOMENTS, min_size=8, max_size=12))
def test_another_database_counts_the_same_from_the_stored_steps_at_any_moment(
    database: str, moves: list[Move], drawn: list[Any]
) -> None:
    wanted, measures = FigureFilter("suggestion"), ("opened", "handed_over")
    with recorded(database, moves) as (records, views), steps_in_duckdb(records) as duck:
        for one in drawn:
            known, as_of = moment_of(one, len(records))
            told = views.figures.sums(wanted, measures, Moment(as_of, known))[None]
            counted = duck.execute(FOLD, {"known": known, "as_of": as_of}).fetchone()
            assert (told["opened"], told["handed_over"]) == counted
