"""Workbooks as LibreOffice writes them (OpenDocument): the values of one sheet as they were last computed."""

from __future__ import annotations

from adapters.exchange.grid import LAST_ROW, MOST_COLUMNS, Cell, Collector, Fault, Grid, ImportRefused, Place
from adapters.exchange.package import Package, attribute

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_MACROS = ("Basic/", "Scripts/")
_EXACT = 10**15
_LONGEST_CELL = 200_000
_MOST_BLANKS = 1_000


def is_workbook(package: Package) -> bool:
    """Whether the zip is a spreadsheet of OpenDocument."""
    if "mimetype" not in package.names or _CONTENT not in package.names:
        return False
    return package.read("mimetype").startswith(b"application/vnd.oasis.opendocument.spreadsheet")


def read(package: Package, collector: Collector) -> Grid | None:
    """The first visible sheet that fits; None if none does."""
    if any(name.startswith(_MACROS) for name in package.names):
        raise ImportRefused("import-macros", file=package.file)
    if _MANIFEST in package.names and b"encryption-data" in package.read(_MANIFEST):
        raise ImportRefused("import-encrypted", file=package.file)
    reader = _Reader(collector)
    package.parse(_CONTENT, reader.start, reader.end, reader.chars, lambda: reader.grid is not None)
    return reader.grid


class _Reader:
    """Reads the tables of a document into a collector, until one fits."""

    def __init__(self, collector: Collector) -> None:
        self.grid: Grid | None = None
        self._collector = collector
        self._style = ""
        self._hidden: set[str] = set()
        self._within = 0
        self._row, self._repeated, self._column = 0, 1, 0
        self._cells: dict[int, Cell] = {}
        self._merges: list[tuple[Place, Place]] = []
        self._attributes: dict[str, str] = {}
        self._lines: list[str] = []
        self._aside = 0
        self._length = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if tag == "table":
            self._begin_table(attributes)
        elif not self._within:
            self._note_style(tag, attributes)
        elif self._within != 1 or self.grid is not None:
            return
        elif tag == "table-row":
            self._repeated = _times(attributes, "number-rows-repeated", LAST_ROW)
            self._column, self._cells = 0, {}
        elif tag in {"table-cell", "covered-table-cell"}:
            self._attributes, self._lines, self._length = attributes, [], 0
        elif tag == "annotation":
            self._aside += 1
        elif not self._aside:
            self._text(tag, attributes)

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag == "table":
            self._within -= 1
            if not self._within and self.grid is None:
                for first, last in self._merges:
                    self._collector.merged(first, last)
                self.grid = self._collector.end()
        elif self._within != 1 or self.grid is not None:
            return
        elif tag in {"table-cell", "covered-table-cell"}:
            self._end_cell(covered=tag != "table-cell")
        elif tag == "annotation":
            self._aside -= 1
        elif tag == "table-row":
            self._end_row()

    def chars(self, text: str) -> None:
        """Text within an element."""
        if self._lines and not self._aside and self._length <= _LONGEST_CELL:
            self._length += len(text)
            self._lines[-1] += text

    def _begin_table(self, attributes: dict[str, str]) -> None:
        self._within += 1
        if self._within == 1 and self.grid is None:
            hidden = attribute(attributes, "style-name") in self._hidden
            self._collector.begin(attribute(attributes, "name") or "", hidden=hidden)
            self._row, self._merges, self._lines, self._aside = 0, [], [], 0

    def _note_style(self, tag: str, attributes: dict[str, str]) -> None:
        """Whether tables of a style are shown is said before the first of them."""
        if tag == "style":
            self._style = attribute(attributes, "name") or ""
        elif tag == "table-properties" and attribute(attributes, "display") == "false":
            self._hidden.add(self._style)

    def _text(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "p" and self._length <= _LONGEST_CELL:
            self._lines.append("")
            self._length += 1
        elif tag == "s":
            self.chars(" " * _times(attributes, "c", _MOST_BLANKS))
        elif tag == "tab":
            self.chars("\t")
        elif tag == "line-break":
            self.chars("\n")

    def _end_cell(self, *, covered: bool) -> None:
        repeated = _times(self._attributes, "number-columns-repeated", MOST_COLUMNS)
        cell = "" if covered else _value(self._attributes, "\n".join(self._lines))
        if cell:
            for place in range(self._column, min(self._column + repeated, MOST_COLUMNS)):
                self._cells[place] = cell
        if (tall := _times(self._attributes, "number-rows-spanned", LAST_ROW)) > 1:
            wide = _times(self._attributes, "number-columns-spanned", MOST_COLUMNS)
            first = self._row + 1, self._column
            self._merges.append((first, (first[0] + tall - 1, self._column + wide - 1)))
        self._column += repeated
        self._lines = []

    def _end_row(self) -> None:
        if self._cells:
            for number in range(self._row + 1, min(self._row + self._repeated, LAST_ROW) + 1):
                self._collector.row(number, self._cells)
        self._row += self._repeated


def _times(attributes: dict[str, str], name: str, most: int) -> int:
    return min(max(int(attribute(attributes, name) or 1), 1), most)


def _value(attributes: dict[str, str], shown: str) -> Cell:
    """A cell's value; its text where that is the value."""
    kinds = {value for name, value in attributes.items() if name.endswith("value-type")}
    if "error" in kinds:
        return Fault("import-cell-error", shown[:100])
    if not kinds:
        return Fault("import-formula-without-value") if attribute(attributes, "formula") else shown
    if "date" in kinds:
        return (attribute(attributes, "date-value") or shown).replace("T", " ").removesuffix(" 00:00:00")
    if "boolean" in kinds:
        return (attribute(attributes, "boolean-value") or shown).upper()
    if kinds & {"float", "currency", "percentage"}:
        return _number(attribute(attributes, "value") or shown)
    return shown or attribute(attributes, "string-value") or ""


def _number(text: str) -> Cell:
    value = float(text)
    if not abs(value) < _EXACT:
        return Fault("import-number-too-long", text[:100])
    return str(int(value)) if value.is_integer() else repr(value)
