"""One step by one writer through the ledger, beside a raw INSERT of the same row by the same client."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.postgres.ledger import PostgresLedger
from benchmarks.material import RAW_INSERT, RAW_TABLE, openings, raw_rows
from benchmarks.measuring import Figure, Goal, alternately, compared, database, rate

SLICES, STEPS = 24, 120


def run() -> Iterator[Figure]:
    """Steps a second."""
    with database() as db, db.pool(4) as pool, db.owner() as raw:
        ledger = PostgresLedger(pool, "main")
        raw.execute(RAW_TABLE)

        def append(_: int) -> float:
            commands = openings(STEPS)
            return rate(STEPS, lambda: [ledger.append([command]) for command in commands])

        def insert(number: int) -> float:
            rows = raw_rows(openings(STEPS), number * STEPS)
            return rate(STEPS, lambda: [raw.execute(RAW_INSERT, row, prepare=True) for row in rows])

        append(-1), insert(-1)
        ours, theirs = alternately(SLICES, append, insert)
        assert ledger.head() == (SLICES + 1) * STEPS
    yield compared("append", "one step, one writer", "steps/s", ours, theirs, "INSERT", Goal("ratio", "least", 0.5))
