"""Amendment (更正与作废): who asked for one, and what became of it. A request changes nothing until it is approved."""

from __future__ import annotations

from collections.abc import Iterable

from domain import fold
from domain.case import (
    STEPS,
    AmendmentDeclined,
    Corrected,
    Correction,
    CorrectionRequested,
    Recorded,
    Step,
    Voided,
    Voiding,
    VoidRequested,
)

ABOUT_STEPS = (Correction, Voiding, AmendmentDeclined)
"""Steps about other steps; they are voided, and never corrected."""

REQUESTS = (CorrectionRequested, VoidRequested)


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
