"""A rebuild of each projection beside the live rows, beside the ledger's rows copied out unread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.postgres.projector import Projector
from benchmarks.bulk_import import import_questions
from benchmarks.material import write_questions
from benchmarks.measuring import Database, Figure, Goal, alternately, compared, data_dir, database, rate
from projections.catalogue import PROJECTIONS

SLICES, ROWS = 6, 40_000
GOAL = Goal("value", "least", 20_000)


def run() -> Iterator[Figure]:
    """Steps a second, indexes and swap included."""
    with data_dir() as place, database() as db:
        steps = fill(db, place / "questions.csv")
        projector = Projector(db.conninfo)
        projector.catch_up()
        for name in PROJECTIONS:
            ours, raw = alternately(
                SLICES,
                lambda _, name=name: rate(steps, lambda: projector.rebuild(name)),  # type: ignore[misc]
                lambda _: rate(steps, lambda: _copied(db)),
            )
            yield compared("rebuild", name, "steps/s", ours, raw, "COPY out", GOAL)


def fill(db: Database, file: Path) -> int:
    """Import invented questions; how many steps they are."""
    write_questions(file, ROWS, 1)
    with db.pool(4) as pool:
        return import_questions(pool, file).steps


def _copied(db: Database) -> int:
    """How many bytes the ledger's rows are, fetched in their order and thrown away."""
    with db.owner() as conn, conn.cursor() as cursor:
        columns = "case_id, version, wire, state, position, recorded_at"
        query = f"COPY (SELECT {columns} FROM ledger ORDER BY position) TO STDOUT (FORMAT BINARY)"
        with cursor.copy(query) as copy:
            return sum(len(block) for block in copy)
