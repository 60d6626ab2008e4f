"""One file per case type. Importing this package declares them all, and the steps about persons that they share."""

from domain import person
from domain.cases import (
    appointment,
    duty_appraisal,
    filing_review,
    plan,
    registry,
    suggestion,
    supervision,
    task_ledger,
)

__all__ = [
    "appointment",
    "duty_appraisal",
    "filing_review",
    "person",
    "plan",
    "registry",
    "suggestion",
    "supervision",
    "task_ledger",
]
