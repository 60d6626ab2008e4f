"""The fold: a case at a moment, on two clocks. The domain, the projections and the tests share this module.

What is known is ordered by ledger position, what is true by `occurred_at`. Corrections and voids act on the list of
steps by what is known, whatever date they carry. Ledger order is procedure order, except that a late entry (补录)
stands before the first step that happened after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from domain import case as cases

if TYPE_CHECKING:
    from domain.case import Case, Recorded


def known_by(history: Iterable[Recorded], known: int | None) -> list[Recorded]:
    """The records up to a ledger position; None means all, also those that the ledger has not taken yet."""
    return list(history) if known is None else [r for r in history if 0 < r.position <= known]


def sequence(history: Iterable[Recorded], known: int | None = None) -> list[Recorded]:
    """The steps known at a position, corrected, without the voided ones, in the order in which they are folded."""
    steps = list(standing(known_by(history, known)).values())
    if not any(step.act.late for step in steps):
        return steps
    order: list[Recorded] = []
    for step in steps:
        place = len(order)
        if step.act.late:
            place = next((i for i, other in enumerate(order) if other.occurred_at > step.occurred_at), place)
        order.insert(place, step)
    return order


def voided_versions(records: Sequence[Recorded]) -> dict[int, Recorded]:
    """For each voided step's number the void that stands: the last word counts, a void of a void included."""
    voided: dict[int, Recorded] = {}
    for record in reversed(records):
        if isinstance(record.step, cases.Voided) and record.version not in voided:
            voided.setdefault(record.step.voids, record)
    return voided


def standing(records: Sequence[Recorded]) -> dict[int, Recorded]:
    """The steps that are not void, corrected, by their numbers; without corrections and voids themselves."""
    amending = cases.Corrected, cases.Voided
    if not any(isinstance(r.step, amending) for r in records):
        return {r.version: r for r in records}
    voided = voided_versions(records)
    steps = {r.version: r for r in records if r.version not in voided and not isinstance(r.step, amending)}
    for r in records:
        if isinstance(r.step, cases.Corrected) and r.version not in voided and r.step.corrects in steps:
            steps[r.step.corrects] = corrected(steps[r.step.corrects], r, r.step)
    return steps


def corrected(target: Recorded, record: Recorded, correction: cases.Correction) -> Recorded:
    """The corrected step as it should have been recorded, with the deadlines that follow from it."""
    act = target.act
    if correction.occurred_at is not None:
        act = act.model_copy(
            update={"occurred_at": correction.occurred_at, "precision": correction.precision or "instant"}
        )
    return target._replace(act=act, step=target.step.with_changes(correction.right), deadlines=record.deadlines)


def open_case(opening: Recorded) -> Case:
    """The case that an opening step opens."""
    case_type = opening.step.declared.case_type
    if case_type is None:
        msg = f"{opening.step.declared.wire} opens no case type"
        raise TypeError(msg)
    case = case_type(opening.originator_id)
    opening.enact(case)
    return case


def apply_all(steps: Iterable[Recorded]) -> Case | None:
    """Apply steps in their order; without the opening step there is no case."""
    steps = list(steps)
    opening = next((s for s in steps if s.step.declared.opens), None)
    if opening is None:
        return None
    case = open_case(opening)
    for step in steps:
        if step is not opening:
            step.enact(case)
    return case


def case_at(history: Iterable[Recorded], known: int | None = None, as_of: datetime | None = None) -> Case | None:
    """The case as it was at `as_of`, as known at a position; None if there was no case then. Both None mean now."""
    steps = sequence(history, known)
    if as_of is not None:
        steps = [s for s in steps if s.occurred_at <= as_of]
    return apply_all(steps)


def case_then(history: Sequence[Recorded], when: datetime) -> Case | None:
    """The case as it stood when a late entry happened, as known now; just opened, if that was before the opening."""
    steps = sequence(history)
    opening = next((s for s in steps if s.step.declared.opens), None)
    return apply_all(s for s in steps if s is opening or s.occurred_at <= when)


def before(history: Sequence[Recorded], version: int) -> Case | None:
    """The case as it stood before a step, in procedure order and as known now; None without an opening step."""
    order = sequence(history)
    place = next((i for i, step in enumerate(order) if step.version == version), len(order))
    return apply_all(s for i, s in enumerate(order) if i < place or (s.step.declared.opens and i > place))


def timeline(history: Iterable[Recorded], known: int | None = None) -> Iterator[tuple[datetime, Case | None]]:
    """The case after each change point, in the order of their dates. The case yielded is reused: read it at once."""
    steps = sequence(history, known)
    days = [s.occurred_at for s in steps]
    if all(earlier <= later for earlier, later in pairwise(days)) and _opens_first(steps):
        case: Case | None = None
        for i, step in enumerate(steps):
            if case is None:
                case = open_case(step)
            else:
                step.enact(case)
            if i + 1 == len(steps) or steps[i + 1].occurred_at != step.occurred_at:
                yield step.occurred_at, case
        return
    for day in sorted(set(days)):
        yield day, apply_all(s for s in steps if s.occurred_at <= day)


def _opens_first(steps: Sequence[Recorded]) -> bool:
    return bool(steps) and steps[0].step.declared.opens
