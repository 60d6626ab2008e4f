"""A file as somebody hands it over: its checksum, its rows as text, and what a profile makes of a row."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import orjson

from adapters.exchange import ods, xls, xlsx
from adapters.exchange import package as packages
from adapters.exchange.grid import Cell, Collector, Fault, Grid, ImportRefused, column_letters, require_fit
from adapters.exchange.layout import HEAD, Header, Layout
from domain.case import SourceDocument, Step
from domain.moment import Precision
from domain.refusal import Refused

MOST_BYTES = 100 * 1024 * 1024
"""The largest CSV file that is read, so that its text fits into memory; a larger one is split by whoever has it."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_OTHER_FORMATS = {b"%PDF": "pdf", b"PK\x05\x06": "zip", b"{\\rtf": "rtf"}
_OTHERS = ("utf-16-le", "utf-16-be", "gb18030", "shift_jis", "euc_jp", "big5")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD = 65536
_CSV_FAULTS = {"unexpected end": "csv_unclosed", "expected after": "csv_quote", "NUL": "csv_nul"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the source as it stands there; number 1 is the first after the header."""

    number: int
    cells: Sequence[str]
    values: Mapping[str, str]
    unreadable: Refused | None = None

    @property
    def digest(self) -> bytes:
        """SHA-256 of what the row says, whatever the order of its columns."""
        return hashlib.sha256(orjson.dumps(self.values, option=orjson.OPT_SORT_KEYS)).digest()


class SourceStep(NamedTuple):
    """A step of the source, when it happened there and in which column that stands, in whose name, on which paper."""

    step: Step
    occurred_at: datetime
    precision: Precision
    column: str
    on_behalf_of: str | None
    source: SourceDocument | None = None


class SourceCase(NamedTuple):
    """What a row says of a case: its steps in the source's order, and what of the row was not understood."""

    steps: Sequence[SourceStep]
    remarks: Sequence[Refused] = ()
    goes_on: str | None = None
    """The case that there is already, which the steps go on with; none of them if it is as the row says."""


class Table:
    """A CSV file in UTF-8, or one sheet of a workbook, with the columns that a profile wants, in any order."""

    def __init__(self, path: Path, layout: Layout, sheet: str | None = None) -> None:
        self.is_workbook = is_workbook(path)
        most = packages.MOST_BYTES if self.is_workbook else MOST_BYTES
        if path.stat().st_size > most:
            raise ImportRefused("import-file-too-large", file=path.name, most=most)
        data = path.read_bytes()
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._content: Grid | _Csv
        if self.is_workbook:
            self._content = _workbook(path, data, layout, sheet)
        elif sheet is not None:
            raise ImportRefused("import-unknown-sheet", file=path.name, sheet=sheet, sheets=[])
        else:
            self._content = _Csv(data, path.name, layout)
        self._layout = layout
        self.header = self._content.header
        self.sheet = self._content.sheet if isinstance(self._content, Grid) else None
        self.columns = [self.header.cells[place] for place in self.header.kept]
        """The file's own columns, as they are called and ordered there."""

    def __len__(self) -> int:
        return len(self._content)

    @property
    def ignored(self) -> list[str]:
        """Columns in which something stands that is not read; one without a header by its letters."""
        nameless = sorted(self._content.nameless) if isinstance(self._content, Grid) else []
        return [*self.header.unknown, *map(column_letters, nameless)]

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank; one that cannot be read says why."""
        places, kept = self.header.places, self.header.kept
        absent = dict.fromkeys(self._layout.columns, "")
        doubtful = isinstance(self._content, Grid) or not self._content.sound
        for number, cells, unreadable in self._read():
            if unreadable is not None:
                yield Row(number, [_text(cell) for cell in cells], {}, unreadable)
                continue
            texts = [_text(cell) for cell in cells]
            values = {**absent, **{column: texts[place] for column, place in places.items()}}
            own = [texts[place] for place in kept]
            yield Row(number, own, values, next(self._troubles(places, cells), None) if doubtful else None)

    def _read(self) -> Iterator[tuple[int, Sequence[Cell], Refused | None]]:
        if isinstance(self._content, Grid):
            for number, cells in self._content.rows():
                yield number, cells, None
            return
        yield from self._content.rows()

    def _troubles(self, places: Mapping[str, int], cells: Sequence[Cell]) -> Iterator[Refused]:
        """The cells of our columns that cannot be read."""
        for column, place in places.items():
            cell = cells[place]
            if isinstance(cell, Fault):
                yield Refused(cell.message_id, field=column, text=cell.text)
            elif not self._content.sound and not _encodable(cell):
                yield Refused("import-not-utf-8", field=column)


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook by its first bytes, whatever it is called."""
    with path.open("rb") as file:
        return file.read(len(_ZIP)).startswith((_ZIP, _OLE))


def _workbook(path: Path, data: bytes, layout: Layout, sheet: str | None) -> Grid:
    collector = Collector(path.name, layout, sheet)
    try:
        if data.startswith(_OLE):
            grid = xls.read(path, data, collector)
        else:
            package = packages.Package(data, path.name)
            kind = next((kind for kind in (xlsx, ods) if kind.is_workbook(package)), None)
            if kind is None:
                raise ImportRefused("import-not-a-table", file=path.name, found="zip")
            grid = kind.read(package, collector)
    except packages.BROKEN:
        raise ImportRefused("import-broken-workbook", file=path.name) from None
    if grid is None:
        raise collector.none_fits()
    return grid


class _Csv:
    """The records of a CSV file."""

    def __init__(self, data: bytes, file: str, layout: Layout) -> None:
        self._text = _decoded(data, file, layout)
        self.sound = _encodable(self._text)
        header = layout.find(_first_rows(self._text))
        if header is None:
            raise ImportRefused("import-empty-file", file=file)
        require_fit(file, layout, header)
        self.header: Header = header

    def __len__(self) -> int:
        return sum(1 for _ in self._records())

    def rows(self) -> Iterator[tuple[int, list[str], Refused | None]]:
        """Each record with its number below the header; one that cannot be read says why."""
        columns = len(self.header.cells)
        for number, cells, unreadable in self._records():
            if unreadable is None and len(cells) != columns:
                yield number, cells, Refused("import-wrong-number-of-cells", cells=len(cells), columns=columns)
            else:
                yield number, cells, unreadable

    def _records(self) -> Iterator[tuple[int, list[str], Refused | None]]:
        csv.field_size_limit(MOST_BYTES)
        lines = _Lines(io.StringIO(self._text, newline=""))
        reader = csv.reader(lines, strict=True)
        for _ in range(self.header.row):
            next(reader)
        for number in count(1):
            lines.kept.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reason = next((kind for sign, kind in _CSV_FAULTS.items() if sign in str(error)), str(error))
                yield number, ["".join(lines.kept)], Refused("import-unreadable-row", reason=reason)
                continue
            if any(cells):
                yield number, cells, None


class _Lines:
    """The lines of a text, of which those of the current row are kept."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.kept: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.kept.append(line)
        return line


def _decoded(data: bytes, file: str, layout: Layout) -> str:
    """The file's text; bytes that are not UTF-8 in a row stay marked, so that only this row is refused."""
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise ImportRefused("import-empty-file", file=file)
    for signature, found in _OTHER_FORMATS.items():
        if data.startswith(signature):
            raise ImportRefused("import-not-a-table", file=file, found=found)
    if data.startswith(_UTF_16):
        raise ImportRefused("import-wrong-encoding", file=file, found="utf-16")
    text = data.decode("utf-8-sig", "surrogateescape")
    if _has_header(text, layout):
        return text
    for encoding in _OTHERS:
        if _has_header(data[:_HEAD].decode(encoding, "replace"), layout):
            raise ImportRefused("import-wrong-encoding", file=file, found=encoding)
    if b"\0" in data[:_HEAD]:
        raise ImportRefused("import-not-a-table", file=file, found="binary")
    if not _encodable(text):
        raise ImportRefused("import-wrong-encoding", file=file, found="unknown")
    return text


def _has_header(text: str, layout: Layout) -> bool:
    header = layout.find(_first_rows(text))
    return header is not None and not header.missing


def _first_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The first records of a text, as far as they can be read, each with its number from 1."""
    try:
        yield from enumerate(islice(csv.reader(io.StringIO(text[:_HEAD], newline=""), strict=True), HEAD), 1)
    except csv.Error:
        return


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.text
