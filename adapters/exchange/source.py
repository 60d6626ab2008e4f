"""A file as somebody hands it over: its checksum, its rows as text, and what a profile makes of a row."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

import orjson

from domain.case import SourceDocument, Step
from domain.moment import Precision
from domain.refusal import Refused

MOST_BYTES = 512 * 1024 * 1024
"""The largest file that is read; a larger one is split by whoever has it."""

REASONS = ("duban_row", "duban_field", "duban_reason")
"""What an error file adds to the source's columns; a file that has them is read as if it had not."""

_FORMATS = {b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xls", b"%PDF": "pdf"}
_OTHERS = ("utf-16-le", "utf-16-be", "gb18030", "shift_jis", "euc_jp", "big5")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD = 65536
_CSV_FAULTS = {"unexpected end": "csv_unclosed", "expected after": "csv_quote", "NUL": "csv_nul"}


class ImportRefused(Refused):
    """A file that cannot be imported at all: what it is instead."""


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
    on_behalf_of: str
    source: SourceDocument | None = None


class SourceCase(NamedTuple):
    """What a row says of a case: its steps in the source's order, and what of the row was not understood."""

    steps: Sequence[SourceStep]
    remarks: Sequence[Refused] = ()


class Table:
    """A CSV file in UTF-8 with the columns that a profile expects, in any order."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        if path.stat().st_size > MOST_BYTES:
            raise ImportRefused("import-file-too-large", file=path.name, most=MOST_BYTES)
        data = path.read_bytes()
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.columns = tuple(columns)
        self._text = _decoded(data, path.name, columns)
        self._sound = _encodable(self._text)
        self.header = _header(self._text)
        missing = [column for column in columns if column not in self.header]
        unknown = [column for column in self.header if column not in (*columns, *REASONS)]
        twice = sorted({column for column in self.header if self.header.count(column) > 1})
        if missing or unknown or twice:
            raise ImportRefused("import-wrong-header", file=path.name, missing=missing, unknown=unknown, twice=twice)

    def __len__(self) -> int:
        """How many rows there are, unreadable ones included."""
        return sum(1 for _ in self._records())

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank; one that cannot be read says why."""
        places = [(column, self.header.index(column)) for column in self.columns]
        for number, cells, unreadable in self._records():
            if unreadable is not None:
                yield Row(number, cells, {}, unreadable)
            elif len(cells) != len(self.header):
                trouble = Refused("import-wrong-number-of-cells", cells=len(cells), columns=len(self.header))
                yield Row(number, cells, {}, trouble)
            else:
                values = {column: cells[place] for column, place in places}
                yield Row(number, list(values.values()), values, None if self._sound else _not_utf_8(values))

    def _records(self) -> Iterator[tuple[int, list[str], Refused | None]]:
        csv.field_size_limit(MOST_BYTES)
        lines = _Lines(io.StringIO(self._text, newline=""))
        reader = csv.reader(lines, strict=True)
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


def _decoded(data: bytes, file: str, columns: Sequence[str]) -> str:
    """The file's text; bytes that are not UTF-8 in a row stay marked, so that only this row is refused."""
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise ImportRefused("import-empty-file", file=file)
    for signature, found in _FORMATS.items():
        if data.startswith(signature):
            raise ImportRefused("import-not-csv", file=file, found=found)
    if data.startswith(_UTF_16):
        raise ImportRefused("import-wrong-encoding", file=file, found="utf-16")
    text = data.decode("utf-8-sig", "surrogateescape")
    if set(columns) <= set(_header(text)):
        return text
    for encoding in _OTHERS:
        if set(columns) <= set(_header(data[:_HEAD].decode(encoding, "replace"))):
            raise ImportRefused("import-wrong-encoding", file=file, found=encoding)
    if b"\0" in data[:_HEAD]:
        raise ImportRefused("import-not-csv", file=file, found="binary")
    if not _encodable(text):
        raise ImportRefused("import-wrong-encoding", file=file, found="unknown")
    return text


def _header(text: str) -> list[str]:
    first = io.StringIO(text[:_HEAD], newline="").readline()
    return [cell.strip() for cell in next(csv.reader([first]), [])]


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_utf_8(values: Mapping[str, str]) -> Refused | None:
    column = next((column for column, text in values.items() if not _encodable(text)), None)
    return None if column is None else Refused("import-not-utf-8", field=column)
