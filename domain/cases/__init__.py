"""One file per case type. Importing this package declares them all, and the steps about persons that they share."""

from domain import person
from domain.cases import (
    appointment,
    decision,
    duty_appraisal,
    filing_review,
    interpretation,
    legislation,
    plan,
    published_figures,
    registry,
    regulation_inquiry,
    suggestion,
    supervision,
    task_ledger,
)

__all__ = [
    "appointment",
    "decision",
    "duty_appraisal",
    "filing_review",
    "interpretation",
    "legislation",
    "person",
    "plan",
    "published_figures",
    "registry",
    "regulation_inquiry",
    "suggestion",
    "supervision",
    "task_ledger",
]
