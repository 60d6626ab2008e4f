"""The import of a file of written questions, from its bytes to committed steps, beside an insert of the same rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from adapters.exchange.importer import Report, run_import
from adapters.exchange.jurisdictions import entered_in_memory
from adapters.exchange.profiles import profile_named
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import Pool
from benchmarks.material import RAW_TABLE, write_questions
from benchmarks.measuring import Figure, Goal, alternately, compared, data_dir, database, rate
from domain.docket import Docket

SLICES, ROWS, BATCH = 10, 8_000, 1_000
REAL = "japan_sangiin/syuisyo.csv"
REAL_SLICES = 3
GOAL = Goal("value", "least", 10_000)

_jurisdictions = cache(entered_in_memory)
"""Those that ship, entered once: an import finds them in the ledger."""


def import_questions(pool: Pool, file: Path, ledger_id: str = "main") -> Report:
    """Import a file of written questions as `duban import` does."""
    ledger = PostgresLedger(pool, ledger_id)
    report = run_import(
        Docket(ledger, _jurisdictions()), ledger, profile_named("sangiin-questions"), file, actor="clerk-1"
    )
    assert not report.refusals
    return report


def run() -> Iterator[Figure]:
    """Steps a second; each slice is another file of its own."""
    _jurisdictions()
    with data_dir() as place:
        files = []
        for session in range(1, SLICES + 1):
            files.append(place / f"{session}.csv")
            write_questions(files[-1], ROWS, session)
        yield _measured(files, f"file of {ROWS:,} rows")
    if (shared := os.environ.get("DUBAN_SHARED")) and (real := Path(shared, "data", REAL)).exists():
        yield _measured([real] * REAL_SLICES, "the real file")


def _measured(files: list[Path], what: str) -> Figure:
    with database() as db, db.pool(4) as pool, db.owner() as conn:
        _add_ledgers(conn, len(files))
        conn.execute(RAW_TABLE)
        positions = count(1)

        def ours(number: int) -> float:
            reports: list[Report] = []
            seconds = 1 / rate(1, lambda: reports.append(import_questions(pool, files[number], _ledger(number))))
            return reports[0].steps / seconds

        def raw(number: int) -> float:
            rows = conn.execute("SELECT * FROM ledger WHERE ledger_id = %s", [_ledger(number)]).fetchall()
            rows = [(row[0], next(positions), *row[2:]) for row in rows]
            batches = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
            return rate(len(rows), lambda: list(map(partial(_insert, conn), batches)))

        figures = alternately(len(files), ours, raw)
    return compared("import", what, "steps/s", *figures, "INSERT of 1,000 by unnest", GOAL)


def _ledger(number: int) -> str:
    return f"slice-{number}"


def _add_ledgers(conn: psycopg.Connection[Any], ledgers: int) -> None:
    """Each slice finds an empty ledger, so that the same file may be imported again."""
    for number in range(ledgers):
        conn.execute("SELECT ledger_open(%s)", [_ledger(number)])


_TYPES = (
    "text", "bigint", "text", "integer", "text", "bytea", "uuid", "timestamptz", "text", "text", "text", "text",
    "timestamptz", "smallint", "bytea", "bytea",
)  # fmt: skip
_RAW_BATCH = sql.SQL("INSERT INTO raw SELECT * FROM unnest({})").format(
    sql.SQL(", ").join(sql.SQL("%b::{}[]").format(sql.SQL(name)) for name in _TYPES)
)


def _insert(conn: psycopg.Connection[Any], batch: list[tuple[Any, ...]]) -> None:
    conn.execute(_RAW_BATCH, [list(column) for column in zip(*batch, strict=True)], prepare=True)
