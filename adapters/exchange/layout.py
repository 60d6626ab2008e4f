"""Layout: which columns a profile wants of a file, what they may be called there, and in which row they stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

REASONS = ("duban_row", "duban_field", "duban_reason")
"""What an error file adds to the source's columns; a file that has them is read as if it had not."""

HEAD = 10
"""The header is one of so many first rows: offices put a title above it."""

_HINT = re.compile(r"[(\[](?:必填|选填|可选|格式|年.?月.?日|yyyy)[^)\]]*[)\]]")


class Header(NamedTuple):
    """A row read as a header: the cells as written, where each of our columns stands, and what does not fit."""

    row: int
    cells: Sequence[str]
    places: Mapping[str, int]
    missing: Sequence[str]
    unknown: Sequence[str]
    twice: Sequence[str]

    @property
    def kept(self) -> list[int]:
        """The places of the columns that belong to the source; an empty one belongs to nobody."""
        return [place for place, cell in enumerate(self.cells) if cell and cell not in REASONS]

    @property
    def called(self) -> dict[str, str]:
        """What each of our columns is called in the file."""
        return {column: self.cells[place] for column, place in self.places.items()}


@dataclass(frozen=True)
class Layout:
    """The columns of a profile. What the file has besides is refused, unless the profile allows others."""

    columns: Sequence[str]
    required: frozenset[str]
    names: Mapping[str, str] = field(repr=False)
    """From what a header may say, as `plain` writes it, to the column that is meant."""
    others: bool = False
    told: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What people call a column that the file does not have."""

    @classmethod
    def exactly(cls, columns: Sequence[str]) -> Self:
        """All of these columns under these names, and no other."""
        return cls(columns, frozenset(columns), {plain(column): column for column in columns})

    def read(self, row: int, cells: Sequence[str]) -> Header:
        """A row as a header, whether it fits or not."""
        cells = [" ".join(cell.split()) for cell in cells]
        places: dict[str, int] = {}
        unknown, twice = [], []
        for place, cell in enumerate(cells):
            if not cell or cell in REASONS:
                continue
            if (column := self.names.get(plain(cell))) is None:
                unknown.append(cell)
            elif column in places:
                twice += [cells[places[column]], cell]
            else:
                places[column] = place
        missing = [self.told.get(c, c) for c in self.columns if c in self.required and c not in places]
        return Header(row, cells, places, missing, unknown, sorted(set(twice)))

    def find(self, rows: Iterable[tuple[int, Sequence[str]]]) -> Header | None:
        """The first row that has every needed column, else the one that lacks the fewest; None of no rows."""
        nearest = None
        for number, cells in rows:
            header = self.read(number, cells)
            if not header.missing:
                return header
            if nearest is None or len(header.missing) < len(nearest.missing):
                nearest = header
        return nearest


def plain(header: str) -> str:
    """A header without what offices add to it: blanks, line breaks, marks, hints such as （必填）, other widths."""
    text = _HINT.sub("", unicodedata.normalize("NFKC", "".join(header.split())))
    return text.strip("*:").casefold()
