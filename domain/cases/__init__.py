"""One file per case type. Importing this package declares them all, and the steps about persons that they share."""

from domain import person
from domain.cases import (
    decision,
    interpretation,
    legislation,
    registry,
    regulation_inquiry,
    suggestion,
    supervision,
)

__all__ = [
    "decision",
    "interpretation",
    "legislation",
    "person",
    "registry",
    "regulation_inquiry",
    "suggestion",
    "supervision",
]
