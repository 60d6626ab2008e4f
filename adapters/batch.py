"""How Python looks after memory and threads, where its own way would let people or a batch wait."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = (1_000_000, 50, 1_000)
_SELDOM = (10_000, 20, 100)
"""A large answer has thousands of parts: with a search after each 700 new ones, as by default, it took twice as long
to put together."""
_SOON = 0.0001
"""Seconds. With Python's own 5 ms, a thread that sends a batch waits as long after every filled socket buffer."""


@contextmanager
def batch_work() -> Iterator[None]:
    """Look for cycles rarely, and let threads take turns quickly, while the block runs."""
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(*_RARELY)
    sys.setswitchinterval(_SOON)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)


def started() -> None:
    """What is there after a start stays: no search for cycles, for which requests wait, goes through it again.

    What is new is looked through after more of it than by default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
