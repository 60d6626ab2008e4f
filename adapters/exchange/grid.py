"""Grid: the rows of a workbook's sheet as they are read, none kept that is not needed, and none guessed."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import orjson

from adapters.exchange.layout import HEAD, Header, Layout
from domain.refusal import Refused

MOST_ROWS = 100_000
"""Rows of a sheet in which something stands."""
MOST_TEXT = 128 * 1024 * 1024
"""Bytes of text that are kept of a workbook."""
MOST_MERGED = 1_000_000
"""Columns of merges over rows that are kept of a sheet."""
MOST_COLUMNS = 16_384
LAST_ROW = 1_048_576
_MOST_OF_A_ROW = 4_000_000
_A = ord("A") - 1
_LETTERS = 26


class ImportRefused(Refused):
    """A file that cannot be imported at all: what it is instead."""


class Fault(NamedTuple):
    """A cell whose value is not known: why, and what stands there."""

    message_id: str
    text: str = ""


Cell = str | Fault

Place = tuple[int, int]
"""A cell by its row, from 1, and its column, from 0."""


class Grid:
    """The sheet that fits the layout: its header, and every row below it in which something stands."""

    sound = True
    """All its text can be written as UTF-8."""

    def __init__(self, sheet: str, header: Header) -> None:
        self.sheet = sheet
        self.header = header
        self.nameless: set[int] = set()
        """Columns without a header in which something stands."""
        self._numbers = array("Q")
        self._ends = array("Q", [0])
        self._packed = bytearray()
        """The rows end to end: a hundred thousand pieces of memory would take five times as much."""
        self._tall: list[tuple[int, int, int]] = []

    def __len__(self) -> int:
        return len(self._numbers)

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Each row with its number below the header; a cell within a merge over rows is a fault."""
        merges = deque(sorted(self._tall))
        reaches: dict[int, int] = {}
        for number, packed in self._unpacked():
            reaches = {column: last for column, last in reaches.items() if last >= number}
            while merges and merges[0][0] <= number:
                _, last, column = merges.popleft()
                if last >= number:
                    reaches[column] = max(last, reaches.get(column, 0))
            cells: list[Cell] = [one if isinstance(one, str) else Fault(*one) for one in orjson.loads(packed)]
            for column in reaches:
                cells[column] = Fault("import-merged-rows")
            yield number - self.header.row, cells

    def _unpacked(self) -> Iterator[tuple[int, memoryview]]:
        whole = memoryview(self._packed)
        for number, (start, end) in zip(self._numbers, pairwise(self._ends), strict=True):
            yield number, whole[start:end]

    def add(self, number: int, cells: Mapping[int, Cell]) -> int:
        """Keep a row; returns how many bytes all of them take."""
        width = len(self.header.cells)
        named = self.header.cells
        self.nameless.update(place for place in cells if place >= width or not named[place])
        self._packed += orjson.dumps([cells.get(place, "") for place in range(width)], default=tuple)
        self._numbers.append(number)
        self._ends.append(len(self._packed))
        return len(self._packed)

    def merge(self, first: Place, last: Place) -> int:
        """Note cells that are merged over several rows; returns how many such columns of merges there are."""
        if last[0] > first[0] and last[0] > self.header.row:
            columns = range(first[1], min(last[1], len(self.header.cells) - 1) + 1)
            self._tall += [(first[0], last[0], column) for column in columns]
        return len(self._tall)


class Collector:
    """Takes in the sheets of a workbook one after the other, until one of them fits."""

    def __init__(self, file: str, layout: Layout, wanted: str | None = None) -> None:
        self.file = file
        self.sheets: list[str] = []
        self._layout = layout
        self._wanted = wanted
        self._sheet = ""
        self._head: list[tuple[int, dict[int, Cell]]] = []
        self._last = 0
        self._grid: Grid | None = None
        self._nearest: Header | None = None
        self.settled = False
        """Whether more rows of this sheet are of no use, because it does not fit."""

    def begin(self, sheet: str, *, hidden: bool = False) -> None:
        """The next sheet; one that is hidden is passed over."""
        if not hidden:
            self.sheets.append(sheet)
        self._sheet, self._head, self._last, self._grid = sheet, [], 0, None
        self.settled = hidden or (self._wanted is not None and sheet != self._wanted)

    def row(self, number: int, cells: Mapping[int, Cell]) -> None:
        """A row of this sheet, counted from 1; its empty cells need not be told."""
        if number <= self._last or number > LAST_ROW:
            raise ImportRefused("import-broken-workbook", file=self.file)
        self._last = number
        if self.settled:
            return
        if number > HEAD and self._decided() is None:
            return
        said = {place: cell for place, cell in cells.items() if isinstance(cell, Fault) or not _blank(cell)}
        if not said:
            return
        if sum(map(len, said.values())) > _MOST_OF_A_ROW:
            self.too_much()
        if self._grid is None:
            self._head.append((number, said))
        else:
            self._keep(self._grid, number, said)

    def merged(self, first: Place, last: Place) -> None:
        """Cells of this sheet that are merged, told after its rows."""
        grid = self._decided()
        if grid is not None and grid.merge(first, last) > MOST_MERGED:
            self.too_much()

    def end(self) -> Grid | None:
        """The sheet, if it is the one."""
        return self._decided()

    def none_fits(self) -> ImportRefused:
        """Why no sheet was taken."""
        if self._wanted is not None and self._wanted not in self.sheets:
            return ImportRefused("import-unknown-sheet", file=self.file, sheet=self._wanted, sheets=self.sheets)
        if self._nearest is None:
            return ImportRefused("import-empty-file", file=self.file)
        return ImportRefused("import-no-sheet-fits", file=self.file, sheets=self.sheets, missing=self._nearest.missing)

    def too_much(self) -> None:
        """Refuse a workbook whose text does not fit into the memory that an import may take."""
        raise ImportRefused("import-too-much-text", file=self.file, most=MOST_TEXT)

    def _decided(self) -> Grid | None:
        """The sheet, once its first rows say that it fits; else it is settled that it does not."""
        if self._grid is None and not self.settled:
            header = self._layout.find((number, _texts(cells)) for number, cells in self._head)
            if header is None or header.missing:
                if header and (self._nearest is None or len(header.missing) < len(self._nearest.missing)):
                    self._nearest = header
                self.settled = True
                return None
            require_fit(self.file, self._layout, header)
            self._grid = Grid(self._sheet, header)
            for number, cells in self._head:
                if number > header.row:
                    self._keep(self._grid, number, cells)
        return self._grid

    def _keep(self, grid: Grid, number: int, cells: Mapping[int, Cell]) -> None:
        if grid.add(number, cells) > MOST_TEXT:
            self.too_much()
        if len(grid) > MOST_ROWS:
            raise ImportRefused("import-too-many-rows", file=self.file, sheet=self._sheet, most=MOST_ROWS)


def require_fit(file: str, layout: Layout, header: Header) -> None:
    """Refuse a header that lacks a column, has one twice, or one that the layout does not know."""
    unknown = [] if layout.others else header.unknown
    if header.missing or unknown or header.twice:
        raise ImportRefused(
            "import-wrong-header", file=file, missing=header.missing, unknown=unknown, twice=header.twice
        )


def column_letters(place: int) -> str:
    """A column as spreadsheets call it: A, B, … AA."""
    letters, rest = "", place + 1
    while rest:
        rest, letter = divmod(rest - 1, _LETTERS)
        letters = chr(_A + 1 + letter) + letters
    return letters


def column_place(letters: str) -> int:
    """The place of a column by its letters, counted from 0."""
    place = 0
    for letter in letters:
        place = place * _LETTERS + ord(letter) - _A
    return place - 1


def joined(pieces: Sequence[str]) -> str:
    """A text that was read in pieces."""
    return pieces[0] if len(pieces) == 1 else "".join(pieces)


def _blank(cell: str) -> bool:
    return not cell or cell.isspace()


def _texts(cells: Mapping[int, Cell]) -> list[str]:
    row = [cells.get(place, "") for place in range(max(cells) + 1)]
    return [cell if isinstance(cell, str) else "" for cell in row]
