"""Part: a part of a case with an identity and a stage of its own."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass
class Part:
    """A part of a case with an identity and a stage of its own: an assignment, a commitment."""

    key: str
    stage: StrEnum
