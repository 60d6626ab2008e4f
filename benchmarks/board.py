"""The board of the articles and a month's chronicle where 10,000 matters of 20 years are kept, through HTTP, as pages.

Each year is the sample city's year several times over, with ids of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from http.client import HTTPConnection
from itertools import count, islice
from time import perf_counter
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

from adapters import embedded
from adapters.embedded import EmbeddedPostgres
from adapters.exchange.jurisdictions import enter, entered_in_memory
from adapters.exchange.sample import YEAR, load_sample, year
from adapters.memory import MemoryLedger
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.migrate import migrate
from adapters.postgres.projector import Projector
from adapters.registry import LedgerRegistry
from benchmarks.http import PATIENCE, service
from benchmarks.lists import got, headers_of
from benchmarks.material import JURISDICTION
from benchmarks.measuring import Database, Figure, Goal, data_dir, percentile
from domain.case import Recorded
from domain.docket import Command, Docket, LedgerMapper, Request
from domain.moment import end_of_day

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MATTERS, YEARS, READS, BATCH = 10_000, 20, 15, 40
SLOWEST = Goal("value", "most", 1_000)
LAST = YEAR - 1
"""The last year that is told, so that nothing of it lies ahead."""
PATHS = (
    f"/compliance?year={LAST}",
    f"/api/v1/compliance?year={LAST}",
    f"/compliance?year={LAST - 5}",
    f"/chronicle?month={LAST}-06",
)


def run() -> Iterator[Figure]:
    """Milliseconds."""
    with data_dir() as place:
        with EmbeddedPostgres(place) as server:
            migrate(server.url())
            db = Database(server.url())
            with db.pool(2) as pool:
                fill(PostgresLedger(pool, "main"))
            Projector(db.conninfo).catch_up()
        with service(place) as port:
            yield from _measured(Database(embedded.running(place) or ""), port)


def _measured(db: Database, port: int) -> Iterator[Figure]:
    """The first reading of each page in the process, and the others."""
    with db.pool(4) as pool, db.owner() as conn:
        headers = headers_of(pool, "the office")
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        got(connection, "/cases", headers)
        for path in PATHS:
            times, raw = [], []
            for _ in range(READS + 1):
                started = perf_counter()
                got(connection, path, headers)
                times.append((perf_counter() - started) * 1000)
                started = perf_counter()
                conn.execute("SELECT count(*) FROM ledger")
                raw.append((perf_counter() - started) * 1000)
            first, *times = times
            yield Figure("board", f"{path}, the first reading of a process", "ms", first)
            yield Figure(
                "board", f"{path}, {MATTERS:,} matters, p95", "ms", percentile(times, 95), min(times), max(times),
                percentile(raw, 95), min(raw), max(raw), "count(*)", SLOWEST,
            )  # fmt: skip


def fill(ledger: PostgresLedger) -> None:
    """The registry of the sample city, and its year over and over, each time some years earlier."""
    enter(Docket(ledger, LedgerRegistry(ledger)), JURISDICTION, actor="benchmark")
    commands = islice(_commands(), MATTERS)
    while batch := list(islice(commands, BATCH)):
        ledger.append(batch)


def _commands() -> Iterator[Command]:
    end = end_of_day(date(YEAR, 12, 31), "Asia/Shanghai")
    played = MemoryLedger(lambda: end)
    docket = Docket(played, entered_in_memory(), lambda: end)
    load_sample(docket, today=date(YEAR, 12, 31), seed=1, cases=0)
    matters = [story.case_id for story in year() if not story.of_registry]
    histories = [docket.case_file(case_id).history for case_id in matters]
    for copy in count():
        ids = {case_id: str(uuid4()) for case_id in matters}
        for history in histories:
            events = [_moved(record, YEAR - LAST + copy % YEARS, ids) for record in history]
            yield Command(Request.fresh(), str(events[0].originator_id), 0, events)


def _moved(record: Recorded, years: int, ids: Mapping[str, str]) -> StoredEvent:
    """A step so many years earlier, in a case with an id of its own that names others like it."""
    then = record.act.occurred_at.replace(year=record.act.occurred_at.year - years)
    stored = LedgerMapper().to_stored_event(record._replace(act=record.act.model_copy(update={"occurred_at": then})))
    state = _ID.sub(lambda found: ids.get(found[0], found[0]), stored.state.decode())
    return replace(stored, originator_id=ids[record.originator_id], state=state.encode())
