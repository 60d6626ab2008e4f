"""The simulation: whatever fails, nothing is lost, nothing is recorded twice, and every reader sees the same.

A failure names its seed: `DUBAN_SEED=… pytest tests/faults/test_simulation.py` shows it again.
"""

from __future__ import annotations

import os
import random

import pytest

from adapters.memory import MemoryLedger
from tests.faults.simulation import World

SEEDS = int(os.environ.get("DUBAN_SEEDS", "1000"))
FIRST = int(os.environ.get("DUBAN_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
PARTS = 4


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_loses_anything(part: int) -> None:
    seeds = range(FIRST, FIRST + (1 if "DUBAN_SEED" in os.environ else SEEDS))
    for seed in seeds[part::PARTS]:
        try:
            World(seed).run()
        except Exception as error:
            raise AssertionError(f"DUBAN_SEED={seed}: {error}") from error


def test_a_world_can_be_seen_again() -> None:
    worlds = [World(7), World(7)]
    for world in worlds:
        world.run()
    first, second = ([(e.originator_id, e.topic, e.recorded_at) for e in w.ledger.tail(0, 999)] for w in worlds)
    assert first == second
    assert len(first) > 10


def test_a_ledger_that_forgets_a_request_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the checks are worth something only if they fail where something is wrong."""
    append = MemoryLedger._append

    def forgetful(ledger: MemoryLedger, command: object) -> object:
        ledger._answers.clear()
        return append(ledger, command)  # type: ignore[arg-type]

    monkeypatch.setattr(MemoryLedger, "_append", forgetful)

    def every_world() -> None:
        for seed in range(200):
            World(seed).run()

    with pytest.raises(AssertionError, match=r"recorded twice|was lost"):
        every_world()
