"""A list as a sheet that is taken along: its typed columns, its rows, and what a reader must know of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Format = Literal["xlsx", "csv"]
Kind = Literal["text", "date", "number", "percent"]
Value = str | int | float | date | None


@dataclass(frozen=True)
class Column:
    """A column: what it is called, of what kind its values are, and what they mean."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True)
class Line:
    """A line of the cover: what it tells, and of what kind the value is."""

    name: str
    value: Value
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """The sheet, with its rows in order, read as they are written."""

    title: str
    cover: str
    """What the sheet with the cover is called, and `meanings` what stands above the columns' meanings on it."""
    lines: Sequence[Line]
    meanings: tuple[str, str]
    columns: Sequence[Column]
    rows: Iterator[Sequence[Value]]
