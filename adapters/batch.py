"""How Python behaves in batch work: objects live long, and one thread waits for the database while another computes."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = (1_000_000, 50, 1_000)
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
