"""Garbage collection for batch work: many objects that live long and form no cycles need not be looked through."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = (1_000_000, 50, 1_000)


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Collect cycles rarely while the block runs."""
    before = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
