"""A rebuild of each projection beside the live rows, beside the ledger's rows copied out unread.

And what readers of the service notice of a rebuild, and how much memory it takes.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep

from adapters.exchange.jurisdictions import enter
from adapters.exchange.profiles import profile_named
from adapters.identity.tokens import Tokens
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.projector import Projector
from adapters.registry import LedgerRegistry
from benchmarks.bulk_import import docket_of, import_questions
from benchmarks.http import PATIENCE, service
from benchmarks.lists import got
from benchmarks.material import write_questions
from benchmarks.measuring import Database, Figure, Goal, alternately, compared, data_dir, database, percentile, rate
from domain.case import Role
from domain.docket import Docket
from projections.case_list import CaseList
from projections.catalogue import PROJECTIONS

SLICES, ROWS, READS, PAUSE = 6, 40_000, 60, 0.05
GOAL = Goal("value", "least", 20_000)
MEMORY = Goal("value", "most", 1_000)


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
        most = max(resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        yield Figure("rebuild", "memory of a process that rebuilds, at most", "MB", most / 1024, goal=MEMORY)
        yield _served(db, place, projector)


def _served(db: Database, place: Path, projector: Projector) -> Figure:
    """How long a first page takes through HTTP while the case list is rebuilt, and without that."""
    jurisdiction = profile_named("sangiin-questions").jurisdiction
    with (
        service(place, DUBAN_DATABASE_URL=db.conninfo, DUBAN_PROJECTOR="false", DUBAN_SEALER="false") as port,
        db.pool(1) as pool,
        ThreadPoolExecutor(1) as thread,
    ):
        ledger = PostgresLedger(pool, "main")
        registry = LedgerRegistry(ledger)
        enter(Docket(ledger, registry), jurisdiction, actor="benchmark")
        token = Tokens(pool, registry).create(
            "clerk-1", Role.DEPUTY_AFFAIRS, jurisdiction, jurisdiction, "benchmark", 1
        )
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

        def read() -> float:
            started = perf_counter()
            got(connection, "/api/v1/cases", {"Authorization": f"Bearer {token}"})
            taken = (perf_counter() - started) * 1000
            sleep(PAUSE)
            return taken

        alone = [read() for _ in range(READS)]
        rebuild = thread.submit(projector.rebuild, CaseList.name)
        during = []
        while not rebuild.done():
            during.append(read())
        rebuild.result()
    return Figure(
        "rebuild", "first page through HTTP while the case list is rebuilt, p95", "ms", percentile(during, 95),
        min(during), max(during), percentile(alone, 95), min(alone), max(alone), "without that",
    )  # fmt: skip


def fill(db: Database, file: Path) -> int:
    """Import invented questions; how many steps they are."""
    write_questions(file, ROWS, 1)
    with db.pool(4) as pool:
        ledger = PostgresLedger(pool, "main")
        return import_questions(docket_of(ledger), ledger, file).steps


def _copied(db: Database) -> int:
    """How many bytes the ledger's rows are, fetched in their order and thrown away."""
    with db.owner() as conn, conn.cursor() as cursor:
        columns = "case_id, version, wire, state, position, recorded_at"
        query = f"COPY (SELECT {columns} FROM ledger ORDER BY position) TO STDOUT (FORMAT BINARY)"
        with cursor.copy(query) as copy:
            return sum(len(block) for block in copy)
