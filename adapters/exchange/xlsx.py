"""Workbooks as Excel and WPS write them (Office Open XML): the cached values of one sheet, with real dates."""

from __future__ import annotations

import posixpath
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.exchange.grid import (
    MOST_COLUMNS,
    MOST_TEXT,
    Cell,
    Collector,
    Fault,
    Grid,
    ImportRefused,
    column_place,
    joined,
)
from adapters.exchange.package import Package, attribute

_CONTENT_TYPES = "[Content_Types].xml"
_MACROS = re.compile(r"(?:^|/)vbaproject\.bin\Z|^xl/macrosheets/", re.IGNORECASE)

_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Numbers of built-in formats that show a date or a time, the East Asian ones included."""
_NOT_DATE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', re.DOTALL)
_DATE_LETTERS = re.compile("[ymdhs]", re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})\Z")

_EPOCH_1900, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - days without a zone
_LEAP_THAT_WAS_NOT = 60
"""The 1900 system counts a 29 February 1900: that serial is no day, and those before it are one less."""
_SERIALS = 2_958_466
_EXACT = 10**15
"""A spreadsheet keeps 15 digits of a number; of a longer one, those behind are lost already."""
_LONGEST_CELL = 200_000


@dataclass
class _Sheet:
    name: str
    path: str
    hidden: bool


@dataclass
class _Book:
    """What the workbook says of itself."""

    sheets: list[_Sheet] = field(default_factory=list)
    since_1904: bool = False
    styles: str | None = None
    strings: str | None = None


def is_workbook(package: Package) -> bool:
    """Whether the zip is one of Office's, with or without macros."""
    return _CONTENT_TYPES in package.names and any(name.lower().startswith("xl/") for name in package.names)


def read(package: Package, collector: Collector) -> Grid | None:
    """The first visible sheet that fits; None if none does."""
    _refuse_macros(package)
    book = _book(package)
    strings = _Strings(package, book.strings, collector)
    dates = _date_styles(package, book.styles)
    for sheet in book.sheets:
        if sheet.hidden:
            continue
        collector.begin(sheet.name)
        reader = _Reader(collector, strings, dates, _EPOCH_1904 if book.since_1904 else _EPOCH_1900)
        package.parse(sheet.path, reader.start, reader.end, reader.chars, lambda: collector.settled)
        if (grid := collector.end()) is not None:
            return grid
    return None


def _refuse_macros(package: Package) -> None:
    if any(map(_MACROS.search, package.names)):
        raise ImportRefused("import-macros", file=package.file)
    if b"macroenabled" in package.read(_CONTENT_TYPES).lower():
        raise ImportRefused("import-macros", file=package.file)


def _book(package: Package) -> _Book:
    main = next((path for kind, path in _relations(package, "").values() if kind.endswith("/officeDocument")), None)
    if main is None or main not in package.names:
        raise ImportRefused("import-broken-workbook", file=package.file)
    if main.lower().endswith(".bin"):
        raise ImportRefused("import-not-a-table", file=package.file, found="xlsb")
    relations = _relations(package, main)
    parts = {kind.rpartition("/")[2]: path for kind, path in relations.values()}
    book = _Book(styles=parts.get("styles"), strings=parts.get("sharedStrings"))

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "workbookPr":
            book.since_1904 = attributes.get("date1904", "0").lower() in {"1", "true", "on"}
        elif tag == "sheet":
            kind, path = relations.get(attribute(attributes, "id") or "", ("", ""))
            if kind.endswith("/worksheet") and path in package.names:
                hidden = attributes.get("state", "visible") != "visible"
                book.sheets.append(_Sheet(attributes.get("name", ""), path, hidden))

    package.parse(main, start, _nothing, _nothing)
    if not book.sheets:
        raise ImportRefused("import-broken-workbook", file=package.file)
    return book


def _relations(package: Package, source: str) -> dict[str, tuple[str, str]]:
    """Of a part: id → what kind of part, and where. What lies outside of the package is not looked at."""
    folder, name = posixpath.split(source)
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            found[attributes.get("Id", "")] = attributes.get("Type", ""), target.lstrip("/")

    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path in package.names:
        package.parse(path, start, _nothing, _nothing)
    return found


def _date_styles(package: Package, path: str | None) -> frozenset[int]:
    """The numbers of the cell styles that show a date."""
    formats: dict[int, str] = {}
    of_cells: list[int] = []
    within = [False]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            formats[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            within[0] = True
        elif tag == "xf" and within[0]:
            of_cells.append(int(attributes.get("numFmtId", "0")))

    def end(tag: str) -> None:
        if tag == "cellXfs":
            within[0] = False

    if path is not None and path in package.names:
        package.parse(path, start, end, _nothing)
    return frozenset(i for i, number in enumerate(of_cells) if _shows_date(number, formats))


def _shows_date(number: int, formats: Mapping[int, str]) -> bool:
    if number in formats:
        return _DATE_LETTERS.search(_NOT_DATE.sub("", formats[number])) is not None
    return number in _DATE_FORMATS


class _Strings:
    """The texts that cells share, end to end in one piece of memory."""

    def __init__(self, package: Package, path: str | None, collector: Collector) -> None:
        self._text = bytearray()
        self._ends = array("Q", [0])
        self._collector = collector
        self._open, self._phonetic = False, False
        if path is not None and path in package.names:
            package.parse(path, self._start, self._end, self._chars)

    def __getitem__(self, index: int) -> str:
        if index < 0:
            raise IndexError(index)
        return _unescaped(self._text[self._ends[index] : self._ends[index + 1]].decode())

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        del attributes
        if tag == "t":
            self._open = True
        elif tag == "rPh":
            self._phonetic = True

    def _end(self, tag: str) -> None:
        if tag == "si":
            self._ends.append(len(self._text))
            if len(self._text) + 8 * len(self._ends) > MOST_TEXT:
                self._collector.too_much()
        elif tag == "t":
            self._open = False
        elif tag == "rPh":
            self._phonetic = False

    def _chars(self, text: str) -> None:
        if self._open and not self._phonetic and len(self._text) <= MOST_TEXT:
            self._text += text.encode()


class _Reader:
    """Reads a sheet's rows into a collector."""

    def __init__(self, collector: Collector, strings: _Strings, dates: frozenset[int], epoch: datetime) -> None:
        self._collector = collector
        self._strings = strings
        self._dates = dates
        self._epoch = epoch
        self._row, self._column = 0, -1
        self._cells: dict[int, Cell] = {}
        self._attributes: dict[str, str] = {}
        self._open: list[str] | None = None
        self._value: list[str] = []
        self._inline: list[str] = []
        self._length = 0
        self._formula, self._phonetic = False, False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if tag == "c":
            self._begin_cell(attributes)
        elif tag == "v":
            self._open = self._value
        elif tag == "row":
            self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
            self._column, self._cells = -1, {}
        elif tag == "f":
            self._formula = True
        elif tag == "t":
            self._open = None if self._phonetic else self._inline
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            if last:
                self._collector.merged(_reference(first), _reference(last))

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag == "c":
            if self._value or self._inline or self._formula:
                self._cells[self._column] = self._read()
        elif tag in {"v", "t"}:
            self._open = None
        elif tag == "row":
            self._collector.row(self._row, self._cells)
        elif tag == "rPh":
            self._phonetic = False

    def chars(self, text: str) -> None:
        """Text within an element."""
        if self._open is not None and self._length <= _LONGEST_CELL:
            self._length += len(text)
            self._open.append(text)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        column = self._column + 1 if place is None else column_place(place.rstrip("0123456789"))
        if not self._column < column < MOST_COLUMNS:
            raise ValueError(place)
        self._column = column
        self._attributes = attributes
        self._value, self._inline, self._length, self._formula = [], [], 0, False

    def _read(self) -> Cell:  # noqa: PLR0911 - one for each kind of cell
        kind = self._attributes.get("t", "n")
        value = joined(self._value) if self._value else ""
        if kind == "e":
            return Fault("import-cell-error", value[:100])
        if self._formula and not value and kind != "str":
            return Fault("import-formula-without-value")
        if kind == "s":
            return self._strings[int(value)] if value else ""
        if kind == "inlineStr":
            return _unescaped("".join(self._inline))
        if kind == "str":
            return _unescaped(value)
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value.strip(), value)
        if kind == "d":
            return value.removesuffix("T00:00:00").removesuffix("Z")
        dated = int(self._attributes.get("s", "0")) in self._dates
        return _number(value, self._epoch if dated else None) if value else ""


def _reference(text: str) -> tuple[int, int]:
    """A cell's row, from 1, and its column, from 0."""
    found = _REFERENCE.match(text.replace("$", ""))
    if found is None:
        raise ValueError(text)
    return int(found[2]), column_place(found[1])


def _number(text: str, epoch: datetime | None) -> Cell:
    """A number as a person reads it: a date, a whole number without a point, or the shortest decimal."""
    value = float(text)
    if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - not a number is unequal to itself
        return Fault("import-cell-error", text[:100])
    if epoch is not None and 0 <= value < _SERIALS:
        return _moment(value, epoch)
    if abs(value) >= _EXACT:
        return Fault("import-number-too-long", text[:100])
    return str(int(value)) if value.is_integer() else repr(value)


def _moment(serial: float, epoch: datetime) -> str:
    """A serial as a day, a day with a time, or a time alone; the 1900 system's day that never was stays a number."""
    if epoch == _EPOCH_1900 and 1 <= serial < _LEAP_THAT_WAS_NOT + 1:
        if serial >= _LEAP_THAT_WAS_NOT:
            return str(serial)
        serial += 1
    moment = epoch + timedelta(days=int(serial), seconds=round((serial % 1) * 86_400))
    return f"{moment:%H:%M:%S}" if serial < 1 else str(moment).removesuffix(" 00:00:00")


def _unescaped(text: str) -> str:
    """Text with the characters that XML cannot hold, which Excel writes as _x000D_."""
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _nothing(*_: object) -> None:
    """What is not listened to."""
