"""What keeps a database in order runs in a loop while steps are recorded: no append ever waits for it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from domain.docket import Code
from tests.faults.office import LONGEST, until
from tests.faults.support import command, connect, ledger_on, note

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

SECONDS = 60.0 if "DUBAN_KILLS" in os.environ else 3.0
WRITERS = 4
TABLES = ("ledger", "ledger_head", "request", "claim")
WAITING_FOR_A_TABLE = (
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'relation' AND NOT granted AND query LIKE '%ledger_append%' AND datname = current_database()"
)


@contextmanager
def writing(database: str) -> Iterator[list[int]]:
    """Writers of a case each; the positions that they were given."""
    enough = threading.Event()
    positions: list[int] = []

    def write(writer: int) -> None:
        version = 0
        with ledger_on(database, size=1) as ledger:
            while not enough.is_set():
                (result,) = ledger.append([command(f"case-{writer}", version, note(), claims=[f"{writer}:{version}"])])
                assert result.code is Code.RECORDED
                version = result.version
                positions.append(result.position)

    with ThreadPoolExecutor(WRITERS) as threads:
        writers = [threads.submit(write, writer) for writer in range(WRITERS)]
        try:
            yield positions
        finally:
            enough.set()
        for writer in writers:
            writer.result()


def maintain(owner: psycopg.Connection, until: float) -> int:
    """Everything an administrator or autovacuum may do; how often it was done."""
    rounds = 0
    while time.monotonic() < until or not rounds:
        for table in TABLES:
            owner.execute(f"VACUUM (FREEZE, ANALYZE) {table}".encode())
        owner.execute("CREATE INDEX CONCURRENTLY of_a_day ON ledger (ledger_id, occurred_at)")
        owner.execute("REINDEX TABLE CONCURRENTLY request")
        owner.execute("DROP INDEX CONCURRENTLY of_a_day")
        rounds += 1
    return rounds


def test_no_append_waits_while_the_database_is_kept_in_order(database: str) -> None:
    with (
        writing(database) as positions,
        connect(database) as owner,
        connect(database) as watcher,
        ThreadPoolExecutor(1) as threads,
    ):
        maintaining = threads.submit(maintain, owner, time.monotonic() + SECONDS)
        waited = looks = 0
        while not maintaining.done():
            (now,) = watcher.execute(WAITING_FOR_A_TABLE).fetchone() or (0,)
            waited += now
            looks += 1
        assert maintaining.result() >= 1
        done = len(positions)
    assert looks > 10
    assert done > 10
    assert waited == 0
    assert sorted(positions) == list(range(1, len(positions) + 1))


def test_an_index_that_is_not_made_concurrently_would_be_seen(database: str) -> None:
    """The control: were nothing to be seen here, the test above would prove nothing."""
    with writing(database), connect(database) as owner, connect(database) as watcher, owner.transaction():
        owner.execute("CREATE INDEX of_a_day ON ledger (ledger_id, occurred_at)")
        until(lambda: watcher.execute(WAITING_FOR_A_TABLE).fetchone() != (0,), LONGEST)
