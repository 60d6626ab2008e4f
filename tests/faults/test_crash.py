"""The server, a writing service, the projector are killed in the middle: what was acknowledged is there, and once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.embedded import EmbeddedPostgres
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import LedgerUnavailableError
from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from domain.cases.suggestion import HandedOver, ReplyIssued
from domain.docket import Code, Command, Docket, LedgerMapper, Receipt, Request, Result
from projections.case_list import STILL_KNOWN, row_of
from projections.reading import Filter
from tests.faults.support import act, command, connect, ledger_on, note, opening
from tests.projections.support import by_case, naive_case
from tests.registry import shipped_registry

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("DUBAN_KILLS", "4"))
CASES = 200 * KILLS
DICE = random.SystemRandom()


def check_whole(ledger: PostgresLedger) -> dict[str, list[tuple[int, str, int]]]:
    """Refuse a hole in the positions or in a case's versions; the steps by request key."""
    found: dict[str, list[tuple[int, str, int]]] = {}
    versions: Counter[str] = Counter()
    with ledger._pool.connection() as conn:
        rows = conn.execute("SELECT position, case_id, version, request_key FROM ledger ORDER BY position").fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    for position, case_id, version, key in rows:
        versions[case_id] += 1
        assert version == versions[case_id]
        found.setdefault(key, []).append((position, case_id, version))
    assert ledger.head() == len(rows)
    return found


# PostgreSQL


@dataclass
class Writer:
    """One thread's own case, what it asked for, and what it was told."""

    case_id: str
    version: int = 0
    told: dict[str, Result] = field(default_factory=dict)
    unknown: Command | None = None

    def write(self, ledger: PostgresLedger, busy: threading.Barrier) -> None:
        """Append until the ledger is gone."""
        busy.wait()
        while True:
            asked = command(self.case_id, self.version, *[note()] * DICE.randint(1, 3), request=Request.fresh())
            try:
                (result,) = ledger.append([asked])
            except LedgerUnavailableError:
                self.unknown = asked
                return
            assert result.code is Code.RECORDED
            self.told[asked.request.key] = result
            self.version = result.version


def test_a_killed_server_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "cluster")
    writers = [Writer(f"case-{i}") for i in range(4)]
    ready = []
    try:
        server.start()
        migrate(server.url())
        for _ in range(KILLS):
            with ledger_on(server.url()) as ledger, ThreadPoolExecutor(len(writers)) as threads:
                busy = threading.Barrier(len(writers) + 1)
                running = [threads.submit(writer.write, ledger, busy) for writer in writers]
                enough = sum(len(writer.told) for writer in writers) + DICE.randint(100, 600)
                busy.wait()
                while sum(len(writer.told) for writer in writers) < enough:
                    time.sleep(0.001)
                assert server.pid is not None
                os.kill(server.pid, signal.SIGKILL)
                ledger._pool.close()
                for future in running:
                    future.result()
            server.stop()
            began = time.monotonic()
            server.start()
            ready.append(time.monotonic() - began)
            with ledger_on(server.url()) as ledger:
                stored = check_whole(ledger)
                for writer in writers:
                    for key, result in writer.told.items():
                        assert stored[key][-1] == (result.position, writer.case_id, result.version)
                    assert writer.unknown is not None
                    key, events = writer.unknown.request.key, writer.unknown.events
                    assert len(stored.get(key, ())) in {0, len(events)}
                    (again,) = ledger.append([writer.unknown])
                    assert again.code is (Code.SEEN if key in stored else Code.RECORDED)
                    assert len(check_whole(ledger)[key]) == len(events)
                    writer.told[key], writer.version = again, again.version
                asked = {key for writer in writers for key in writer.told}
                assert set(check_whole(ledger)) == asked
        assert max(ready) < 10
        acknowledged = sum(len(writer.told) for writer in writers)
        print(f"{acknowledged} acknowledged, {KILLS} kills, ready after {[round(s, 2) for s in ready]} s")  # noqa: T201
    finally:
        server.stop()


# Services


@contextmanager
def service(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own, killed in the end."""
    command_line = [sys.executable, "-m", "tests.faults.service", *arguments]
    process = subprocess.Popen(command_line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_killed_service_loses_nothing_that_it_was_told(database: str) -> None:
    printed: list[list[str]] = []
    for round_ in range(KILLS):
        with service("write", database, f"service-{round_}") as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(DICE.randint(20, 150))]
            process.kill()
            lines += process.stdout.readlines()
            assert all(lines)
        printed += [line.split() for line in lines if line.endswith("\n")]
    with ledger_on(database) as ledger:
        stored = check_whole(ledger)
        for key, case_id, version, position in printed:
            assert stored[key] == [(int(position), case_id, int(version))]
        assert len(printed) <= len(stored) <= len(printed) + KILLS
        docket, unknown = Docket(ledger, shipped_registry()), set(stored) - {key for key, *_ in printed}
        for key in unknown:
            fingerprint = ledger.answered([key])[key][0]
            receipt = docket.answered(Request(key, fingerprint))
            assert receipt is not None
            assert stored[key] == [(receipt.position, receipt.case_id, receipt.version)]


def fill(ledger: PostgresLedger, cases: int) -> None:
    docket = Docket(ledger, shipped_registry())
    for start in range(0, cases, 100):
        drafts = []
        for _ in range(start, min(start + 100, cases)):
            draft = docket.draft(Request.fresh())
            docket.take(draft, opening(), act())
            docket.take(draft, HandedOver(lead_unit="jtj"), act())
            docket.take(draft, ReplyIssued(unit="jtj", outcome="B"), act())
            drafts.append(draft)
        assert all(isinstance(outcome, Receipt) for outcome in docket.append(drafts))


def rows_of(conninfo: str) -> list[tuple[Any, ...]]:
    with connect(conninfo) as conn:
        return sorted(conn.execute("SELECT * FROM case_list").fetchall(), key=str)


def test_a_killed_projector_shows_each_step_once(database: str) -> None:
    """Its projections are there before the steps: new over so many they would begin with a rebuild."""
    kills = 0
    Projector(database).catch_up()
    with ledger_on(database) as ledger:
        fill(ledger, CASES)
        views = Views(ledger._pool, ledger)
        for _ in range(KILLS):
            with service("project", database, "7"):
                enough = views.position() + DICE.randint(20, 400)
                until = time.monotonic() + 30
                while views.position() < enough:
                    assert time.monotonic() < until
            kills += views.position() < ledger.head()
        assert kills >= 3
        Projector(database).catch_up()
        now = datetime.now(UTC)
        histories = by_case(LedgerMapper().to_domain_event(event) for event in ledger.tail(0, 3 * CASES))
        cases = {case_id: naive_case(history, STILL_KNOWN, now) for case_id, history in histories.items()}
        expected = {case_id: row_of(case).stage for case_id, case in cases.items() if case is not None}
        shown = views.cases(Filter(), views.moment(), limit=CASES + 1)
        assert len(shown) == CASES
        assert {row.case_id: row.stage for row in shown} == expected
        with connect(database) as conn:
            assert conn.execute("SELECT count(*), max(position) FROM history").fetchone() == (3 * CASES, 3 * CASES)
        rows = rows_of(database)
        Projector(database).rebuild("case_list")
        assert rows_of(database) == rows
