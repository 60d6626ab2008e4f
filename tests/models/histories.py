"""Histories of every case type that has a model: those of the sample, and walks that are drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cache

from adapters.exchange.sample import load_sample
from adapters.memory import MemoryLedger
from domain.case import CASE_TYPES, Recorded
from domain.docket import Docket
from domain.matter import ENDED, Matter
from domain.moment import Moment
from projections.ocel import CaseLog, Entered, EventLog, log_of
from tests.domain.matters import Walk
from tests.models.nets import kinds
from tests.registry import shipped_registry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = Moment(datetime(2027, 12, 31, tzinfo=UTC), 2**62)
SAMPLE = 120
"""Suggestions that are played beside those that were written by hand."""
WALKS, STEPS = 40, 30


def event_log() -> EventLog:
    """The log of all of them."""
    entered = Entered(lambda code: shipped_registry().entries(code))
    return EventLog(_told(entered), entered, {"as_of": LATER.as_of, "position": 0, "made_at": NOON})


def _told(entered: Entered) -> Iterator[CaseLog]:
    for history in histories():
        log = log_of(history, LATER, entered)
        assert log is not None
        yield log


@cache
def histories() -> Sequence[Sequence[Recorded]]:
    """The histories, as a ledger holds them."""
    with_model = set(kinds())
    return [
        history
        for history in (*_of_the_sample(), *_walked())
        if (case_type := history[0].step.declared.case_type) is not None and case_type.kind in with_model
    ]


def _of_the_sample() -> Iterator[Sequence[Recorded]]:
    ledger = MemoryLedger(lambda: NOON)
    docket = Docket(ledger, shipped_registry(), lambda: NOON)
    load_sample(docket, today=date(2026, 11, 22), seed=1, cases=SAMPLE)
    for case_id in dict.fromkeys(str(event.originator_id) for event in ledger.tail(0, 1_000_000)):
        yield docket.case_file(case_id).history


def _walked() -> Iterator[Sequence[Recorded]]:
    for kind in kinds():
        if issubclass(CASE_TYPES[kind], Matter):
            for seed in range(WALKS):
                yield _walk(kind, random.Random(f"{kind}:{seed}"))


def _walk(kind: str, chance: random.Random) -> Sequence[Recorded]:
    """A case that goes its own way, with what matters share beside it, and seldom ends early."""
    walk = Walk(CASE_TYPES[kind], chance).begin()
    for _ in range(STEPS):
        choices = walk.open_now()
        own = [step for step in choices if not step.declared.wire.startswith("matter.")]
        going_on = [step for step in choices if step.declared.leads_to not in ENDED]
        drawn = chance.random()
        among = own if drawn < 0.75 else going_on if drawn < 0.97 else choices
        if not choices:
            break
        walk.go_on(among or choices)
    return walk.desk.history
