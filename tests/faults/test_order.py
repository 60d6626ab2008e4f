"""Eight writers, three readers who remember how far they were: nothing is missed; without the lock something is."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack

import pytest

from adapters.postgres.ledger import _APPEND, _parameters
from domain.docket import Code
from tests.faults.support import command, connect, ledger_on, note, wait_until_waiting

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

WRITERS, READERS = 8, 3
SECONDS = 2.5


def delay_inserts(conninfo: str) -> None:
    """Between taking its position and its commit each writer waits for a random while."""
    with connect(conninfo) as owner:
        owner.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(random() * 0.01); RETURN NEW; END $$"
        )
        owner.execute("CREATE TRIGGER dawdle BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION dawdle()")


def take_the_lock_away(conninfo: str) -> None:
    """The same function, with positions from a sequence instead of the locked head row: what many event stores do."""
    with connect(conninfo) as owner:
        owner.execute("CREATE SEQUENCE unsafe_position")
        row = owner.execute("SELECT pg_get_functiondef('ledger_append'::regproc)").fetchone()
        assert row is not None
        source = str(row[0])
        head, update, tail = source.partition("    UPDATE ledger_head h SET")
        for old, new in (
            (" FOR UPDATE;", ";"),
            ("head_position := head_position + 1;", "head_position := nextval('unsafe_position');"),
        ):
            assert head.count(old) == 1
            head = head.replace(old, new)
        assert update
        owner.execute((head + tail.partition(";")[2]).encode())


def watched(conninfo: str, seconds: float) -> tuple[list[list[int]], list[int], list[list[int]]]:
    """What each reader saw, what was stored in the end, and what each writer was told."""
    stop, written = threading.Event(), threading.Event()

    def write(writer: int) -> list[int]:
        told, version = [], 0
        dice = random.SystemRandom()
        with ledger_on(conninfo, size=1) as ledger:
            while not stop.is_set():
                steps = [note()] * dice.randint(1, 3)
                result = ledger.append([command(f"case-{writer}", version, *steps)])[0]
                assert result.code is Code.RECORDED
                version = result.version
                told.append(result.position)
        return told

    def read() -> list[int]:
        seen: list[int] = []
        with ledger_on(conninfo, size=1) as ledger:
            while True:
                last = written.is_set()
                found = [event.position for event in ledger.tail(seen[-1] if seen else 0, 1000)]
                seen += found
                if last and not found:
                    return seen
                time.sleep(0.001)

    with ThreadPoolExecutor(WRITERS + READERS) as threads:
        readers = [threads.submit(read) for _ in range(READERS)]
        writers = [threads.submit(write, writer) for writer in range(WRITERS)]
        wait(writers, seconds, FIRST_EXCEPTION)
        stop.set()
        wait(writers)
        written.set()
        told = [writer.result() for writer in writers]
        seen = [reader.result() for reader in readers]
    with connect(conninfo) as owner:
        stored = [position for (position,) in owner.execute("SELECT position FROM ledger ORDER BY position")]
    return seen, stored, told


def test_readers_miss_nothing_and_see_one_order(database: str) -> None:
    delay_inserts(database)
    seen, stored, told = watched(database, 2 * SECONDS)
    assert stored == list(range(1, len(stored) + 1))
    assert len(stored) > 100
    assert all(len(positions) > 2 for positions in told)
    for reader in seen:
        assert reader == stored
    assert set().union(*told) <= set(stored)


def test_a_reader_never_passes_a_writer_who_is_slow_to_commit(database: str) -> None:
    with ExitStack() as stack:
        slow = stack.enter_context(connect(database))
        owner = stack.enter_context(connect(database))
        ledger = stack.enter_context(ledger_on(database))
        threads = stack.enter_context(ThreadPoolExecutor(1))
        with slow.transaction():
            slow.execute(_APPEND, _parameters("main", [command("slow", 0, note())]))
            fast = threads.submit(ledger.append, [command("fast", 0, note())])
            wait_until_waiting(owner)
            assert ledger.tail(0, 10) == []
        assert fast.result()[0].position == 2
        assert [event.originator_id for event in ledger.tail(0, 10)] == ["slow", "fast"]


def lost(seen: list[list[int]], stored: list[int]) -> int:
    return sum(len(set(stored) - set(reader)) for reader in seen)


def test_without_the_lock_readers_miss_steps(database: str, record_property: Callable[[str, object], None]) -> None:
    """The negative control: were it to pass without loss, the test above would prove nothing."""
    delay_inserts(database)
    take_the_lock_away(database)
    for _ in range(4):
        seen, stored, _ = watched(database, SECONDS / 2)
        if missed := lost(seen, stored):
            record_property("missed", f"{missed} of {READERS * len(stored)}")
            break
        with connect(database) as owner:
            owner.execute("SET session_replication_role TO replica")
            owner.execute("TRUNCATE ledger, request")
    assert missed > 0
