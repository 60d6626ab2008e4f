"""What a projection is: records in the order of the ledger, turned into rows. Pure; it can always be thrown away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, LiteralString, Protocol

from domain.case import Recorded

Histories = Callable[[Sequence[str]], Mapping[str, list[Recorded]]]
"""The records of cases up to the position that the projection has reached."""


@dataclass
class Changes:
    """Rows to add and rows to close, by the columns that the projection names, and rows to add beside them."""

    added: list[tuple[Any, ...]] = field(default_factory=list)
    closed: list[tuple[Any, ...]] = field(default_factory=list)
    beside: list[tuple[Any, ...]] = field(default_factory=list)


class Projection(Protocol):
    """One question that readers ask. A changed answer is a new version: new rows, rebuilt beside the old."""

    name: ClassVar[str]
    version: ClassVar[int]
    key: ClassVar[Mapping[str, LiteralString]]
    """The columns by which a row that ends is found, with their types; `known_to` follows them in what is closed."""

    def take(self, batch: Sequence[Recorded], histories: Histories) -> Changes:
        """The rows that follow from the next records. Batches may be cut anywhere; the rows are the same."""

    def forget(self) -> None:
        """Drop what is remembered between batches, after rows were not stored."""
