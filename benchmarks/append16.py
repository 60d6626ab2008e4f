"""One step each by 16 threads of a process through the ledger, beside 16 raw threads with a connection each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

from adapters.postgres.ledger import PostgresLedger
from benchmarks.material import RAW_INSERT, RAW_TABLE, openings, raw_rows
from benchmarks.measuring import Figure, Goal, alternately, compared, database, rate

SLICES, THREADS, STEPS = 12, 16, 100

T = TypeVar("T")


def run() -> Iterator[Figure]:
    """Steps a second."""
    with ExitStack() as stack:
        db = stack.enter_context(database())
        ledger = PostgresLedger(stack.enter_context(db.pool(4)), "main")
        raw = [stack.enter_context(db.owner()) for _ in range(THREADS)]
        raw[0].execute(RAW_TABLE)
        threads = stack.enter_context(ThreadPoolExecutor(THREADS))

        def together(work: Callable[[int], object]) -> float:
            return rate(THREADS * STEPS, lambda: list(threads.map(work, range(THREADS))))

        def append(_: int) -> float:
            commands = openings(THREADS * STEPS)
            return together(lambda thread: [ledger.append([c]) for c in _share(commands, thread)])

        def insert(number: int) -> float:
            rows = raw_rows(openings(THREADS * STEPS), number * THREADS * STEPS)
            return together(
                lambda thread: [raw[thread].execute(RAW_INSERT, row, prepare=True) for row in _share(rows, thread)]
            )

        append(-1), insert(-1)
        ours, theirs = alternately(SLICES, append, insert)
        assert ledger.head() == (SLICES + 1) * THREADS * STEPS
    yield compared(
        "append16", "one step, 16 threads, gapless", "steps/s", ours, theirs, "INSERT", Goal("ratio", "least", 0.8)
    )


def _share(whole: Sequence[T], thread: int) -> Sequence[T]:
    return whole[thread * STEPS : (thread + 1) * STEPS]
