"""The import of a file of written questions, from its bytes to committed steps, beside an insert of the same rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from adapters.exchange.checking import Checkers, Where
from adapters.exchange.importer import Report, run_import
from adapters.exchange.jurisdictions import enter
from adapters.exchange.profiles import profile_named
from adapters.postgres.ledger import PostgresLedger
from adapters.registry import LedgerRegistry
from benchmarks.material import RAW_TABLE, write_questions
from benchmarks.measuring import Figure, Goal, alternately, compared, data_dir, database, rate
from domain.docket import Docket

SLICES, ROWS, BATCH = 10, 8_000, 1_000
REAL = "japan_sangiin/syuisyo.csv"
REAL_SLICES = 3
GOAL = Goal("value", "least", 10_000)

PROFILE = profile_named("sangiin-questions")


def docket_of(ledger: PostgresLedger) -> Docket:
    """The docket of a ledger in which the jurisdiction of the questions is entered."""
    docket = Docket(ledger, LedgerRegistry(ledger))
    enter(docket, PROFILE.jurisdiction, actor="clerk-1")
    return docket


def import_questions(
    docket: Docket, ledger: PostgresLedger, file: Path, sharing: tuple[Checkers, Where] | None = None
) -> Report:
    """Import a file of written questions as `duban import` does."""
    report = run_import(docket, ledger, PROFILE, file, actor="clerk-1", sharing=sharing)
    assert not report.refusals
    return report


def run() -> Iterator[Figure]:
    """Steps a second; each slice is another file of its own."""
    with data_dir() as place, Checkers.for_work(worth=True) as checkers:
        files = []
        for session in range(1, SLICES + 1):
            files.append(place / f"{session}.csv")
            write_questions(files[-1], ROWS, session)
        yield _measured(files, f"file of {ROWS:,} rows", checkers)
        if (shared := os.environ.get("DUBAN_SHARED")) and (real := Path(shared, "data", REAL)).exists():
            yield _measured([real] * REAL_SLICES, "the real file", checkers)


def _measured(files: list[Path], what: str, checkers: Checkers) -> Figure:
    with database() as db, db.pool(4) as pool, db.owner() as conn:
        _add_ledgers(conn, len(files))
        conn.execute(RAW_TABLE)
        positions = count(1)

        def ours(number: int) -> float:
            ledger = PostgresLedger(pool, _ledger(number))
            docket, sharing = docket_of(ledger), (checkers, Where(db.conninfo, "duban", ledger.ledger_id))
            reports: list[Report] = []
            seconds = 1 / rate(1, lambda: reports.append(import_questions(docket, ledger, files[number], sharing)))
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
