"""Amendment (更正与作废): who asked for one, and what became of it. A request changes nothing until it is approved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain import fold
from domain.case import (
    STEPS,
    AmendmentDeclined,
    Corrected,
    Correction,
    CorrectionRequested,
    Recorded,
    Role,
    Step,
    Voided,
    Voiding,
    VoidRequested,
)
from domain.refusal import Refused

ABOUT_STEPS = (Correction, Voiding, AmendmentDeclined)
"""Steps about other steps; they are voided, and never corrected."""

REQUESTS = (CorrectionRequested, VoidRequested)


def may_be_asked(history: Sequence[Recorded], version: int, role: Role) -> bool:
    """Whether somebody in that role may ask for a correction or a void of a step, and of those that it is about."""
    step: Step | None = history[version - 1].step
    while step is not None and step.amends_asked_by(role):
        step = None if step.subject is None else history[step.subject - 1].step
    return step is None


def refuse_asking(history: Sequence[Recorded], version: int, role: Role) -> None:
    """Refuse whoever may not ask for it."""
    if not may_be_asked(history, version, role):
        raise Refused("not-yours-to-amend", version=version)


def may_be_corrected(step: Step) -> bool:
    """Whether it is about the case and not about another step, and what it says is told to the reader."""
    return not isinstance(step, ABOUT_STEPS) and STEPS.get(step.declared.wire) is type(step)


def settlements(history: Iterable[Recorded], known: int | None = None) -> dict[int, Recorded]:
    """For each request's number the step that approved or declined it, while that step stands."""
    records = fold.known_by(history, known)
    void = fold.voided_versions(records)
    return {
        r.step.request: r
        for r in records
        if isinstance(r.step, (Corrected, Voided, AmendmentDeclined))
        and r.step.request is not None
        and r.version not in void
    }


def pending(history: Iterable[Recorded], known: int | None = None) -> list[Recorded]:
    """The requests that stand and that nobody has approved or declined, in the order in which they were made."""
    records = fold.known_by(history, known)
    void, settled = fold.voided_versions(records), settlements(records)
    return [r for r in records if isinstance(r.step, REQUESTS) and r.version not in void and r.version not in settled]
