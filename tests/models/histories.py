"""Histories of every case type that has a model: those of the sample, and walks that are drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cache

from adapters.exchange.sample import load_sample
from adapters.memory import MemoryLedger
from domain.case import CASE_TYPES, Recorded, Step
from domain.docket import Docket
from domain.matter import ENDED, Matter
from domain.moment import Moment
from domain.procedure import graph_of, steps_of
from projections.ocel import CaseLog, Entered, EventLog, log_of
from tests.domain.matters import Walk, leads_to, steps_onward
from tests.models.nets import kinds
from tests.registry import shipped_registry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = Moment(datetime(2027, 12, 31, tzinfo=UTC), 2**62)
SAMPLE = 120
"""Suggestions that are played beside those that were written by hand."""
WALKS = 12
"""The fewest walks of a type: one for three of its steps, and each as long as it has steps."""
OWN, EARLY = 0.75, 0.03
"""How often a step of the case's own is drawn, and the case may come to an end before the walk does."""


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
            missing = {type(step) for step in steps_onward(CASE_TYPES[kind])}
            for number in range(max(WALKS, len(steps_of(CASE_TYPES[kind])) // 3)):
                walk = Walk(CASE_TYPES[kind], random.Random(f"{kind}:{number}")).begin()
                _go(walk, missing, heading=number % 4 < 2, ending=number % 2 == 0)
                yield walk.desk.history


def _go(walk: Walk, missing: set[type[Step]], *, heading: bool, ending: bool) -> None:
    """The case goes its own way, or heads for what no walk took yet, and may be brought to an end at last."""
    for _ in steps_of(walk.case_type):
        choices = _going_on(walk, walk.towards(missing) if heading and missing else walk.open_now())
        own = [step for step in choices if not step.declared.wire.startswith("matter.")]
        if not choices:
            break
        walk.go_on((walk.chance.random() < OWN and own) or choices)
        missing -= walk.taken
    if ending:
        walk.go_on([step for step in walk.open_now() if step.declared.leads_to in ENDED])


def _going_on(walk: Walk, choices: list[Step]) -> list[Step]:
    """The steps without those that leave nothing to do, if there are others that lead to another stage; mostly."""
    case = walk.case
    if case is None or walk.chance.random() < EARLY:
        return choices
    last, leading = _last(case.kind), [(step, set(leads_to(step, str(case.stage)))) for step in choices]
    kept = [(step, targets) for step, targets in leading if not targets & last]
    if any(targets for _, targets in kept):
        return [step for step, _ in kept]
    return [step for step in choices if step.declared.leads_to not in ENDED]


@cache
def _last(kind: str) -> frozenset[str]:
    """The end, and the stages after which nothing else comes."""
    moves = [move for move in graph_of(CASE_TYPES[kind]).moves if move.target not in ENDED]
    return frozenset(
        str(stage)
        for stage in CASE_TYPES[kind].Stage
        if not any(stage in move.sources and stage != move.target for move in moves)
    )
