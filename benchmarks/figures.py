"""Figures of a city with 50,000 suggestions, through HTTP: now, on a past day, as known at half of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from time import perf_counter

from adapters import embedded
from adapters.embedded import EmbeddedPostgres
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.migrate import migrate
from adapters.postgres.projector import Projector
from adapters.registry import LedgerRegistry
from benchmarks.http import PATIENCE, service
from benchmarks.lists import CASES, fill, got, headers_of
from benchmarks.measuring import Database, Figure, Goal, data_dir, percentile
from domain.docket import Docket

READS = 30
QUICK = Goal("value", "most", 60)
SHOWN = Goal("value", "most", 300)
WHO = "the office"


def run() -> Iterator[Figure]:
    """Milliseconds."""
    with data_dir() as place:
        with EmbeddedPostgres(place) as server:
            migrate(server.url())
            with Database(server.url()).pool(2) as pool:
                ledger = PostgresLedger(pool, "main")
                fill(Docket(ledger, LedgerRegistry(ledger)))
                head = ledger.head()
            for name in ("case_list", "figures"):
                Projector(server.url()).rebuild(name)
        with service(place) as port:
            yield from _measured(Database(embedded.running(place) or ""), port, head)


def _measured(db: Database, port: int, head: int) -> Iterator[Figure]:
    metrics = "metrics=reply_rate,satisfied_rate,resolution_rate,overdue"
    asked = {
        "four metrics by unit, now": (f"/api/v1/figures?{metrics}&by=unit", QUICK),
        "four metrics by unit, on 2024-06-30": (f"/api/v1/figures?{metrics}&by=unit&as_of=2024-06-30", QUICK),
        "four metrics by unit, as known at half": (f"/api/v1/figures?{metrics}&by=unit&position={head // 2}", QUICK),
        "one metric over twelve months": (
            "/api/v1/figures/reply_rate/series?since=2025-06-01&until=2026-05-31&pace=month", SHOWN,
        ),
        "the page": ("/figures", SHOWN),
    }  # fmt: skip
    with db.pool(4) as pool, db.owner() as conn:
        headers = headers_of(pool, WHO)
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        for what, (path, goal) in asked.items():
            got(connection, path, headers)
            times, raw = [], []
            for _ in range(READS):
                started = perf_counter()
                got(connection, path, headers)
                times.append((perf_counter() - started) * 1000)
                started = perf_counter()
                conn.execute("SELECT count(*) FROM duban_read.figures")
                raw.append((perf_counter() - started) * 1000)
            yield Figure(
                "figures", f"{what}, {CASES:,} suggestions, p95", "ms", percentile(times, 95), min(times),
                max(times), percentile(raw, 95), min(raw), max(raw), "count(*)", goal,
            )  # fmt: skip
