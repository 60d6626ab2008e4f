"""Sheets as they leave the house, for Excel, WPS and whatever reads CSV; no text in them is taken for a formula."""

from __future__ import annotations

import csv
import io
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.worksheet import Worksheet

from projections.sheet import Format, Kind, Sheet, Value

LONGEST_CELL = 32_767
"""Characters that a cell of a workbook holds."""

_OPTIONS: dict[str, Any] = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FORMATS: dict[Kind, str] = {"text": "@", "date": "yyyy-mm-dd", "number": "0", "percent": "0.0%"}
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NARROWEST, _WIDEST = 8, 60
_SHEET_NAME = 31
_NOT_IN_SHEET_NAME = str.maketrans("", "", "[]:*?/\\'")
_FIRST_DAY = date(1900, 3, 1)
"""Before it, Excel counts days otherwise than the calendar does."""
_MEASURED = 1_000
"""Rows after whose texts the width of a column is chosen."""
_CHUNK = 64 * 1024
_BATCH = 1_000


class Sheets:
    """Writes a sheet in the format that is asked for."""

    def write(self, sheet: Sheet, format: Format) -> Iterator[bytes]:
        """The file, piece by piece; a workbook is whole before its first piece, so that what fails does so before."""
        return _csv(sheet) if format == "csv" else _pieces(_workbook(sheet))


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula when it opens a CSV file."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def width_of(text: str) -> int:
    """How wide a text is, in Latin letters: a Chinese character is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def sheet_name(text: str, otherwise: str) -> str:
    """A text as workbooks may call a sheet."""
    return text.translate(_NOT_IN_SHEET_NAME).strip()[:_SHEET_NAME] or otherwise


def write_texts(path: Path, name: str, rows: Sequence[Sequence[str]]) -> None:
    """A workbook of one sheet in which every cell is text as it stands."""
    with xlsxwriter.Workbook(path, _OPTIONS) as book:
        sheet = book.add_worksheet(sheet_name(name, "duban"))
        text, heading = book.add_format({"num_format": _FORMATS["text"]}), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        widths = [_NARROWEST] * max(map(len, rows))
        for number, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                sheet.write_string(number, place, _written(cell), text if number else heading)
                widths[place] = max(widths[place], width_of(cell[:_WIDEST]) + 2)
        _set_widths(sheet, widths, text)


def _csv(sheet: Sheet) -> Iterator[bytes]:
    """CSV in UTF-8 with a byte order mark, as Excel wants it to show Chinese."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    text.write("\ufeff")
    writer.writerow([safe(column.name) for column in sheet.columns])
    for number, row in enumerate(sheet.rows, 1):
        writer.writerow([safe(value) if isinstance(value, str) else value for value in row])
        if number % _BATCH == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with closing(file):
        while piece := file.read(_CHUNK):
            yield piece


def _workbook(sheet: Sheet) -> IO[bytes]:
    """The sheet behind its cover, in a file that is gone when it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    try:
        with xlsxwriter.Workbook(file, _OPTIONS) as book:
            formats = {kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
            heading = book.add_format({"bold": True, "bottom": 1})
            cover = book.add_worksheet(sheet_name(sheet.cover, "cover"))
            _write_cover(cover, sheet, formats, heading)
            _write_rows(book.add_worksheet(sheet_name(sheet.title, "list")), sheet, formats, heading)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _write_cover(cover: Worksheet, sheet: Sheet, formats: dict[Kind, CellFormat], heading: CellFormat) -> None:
    cover.write_string(0, 0, sheet.title, heading)
    number = 1
    for number, line in enumerate(sheet.lines, 1):
        cover.write_string(number, 0, line.name)
        _write(cover, number, 1, line.value, formats[line.kind])
    for place, text in enumerate(sheet.meanings):
        cover.write_string(number + 2, place, text, heading)
    for below, column in enumerate(sheet.columns, number + 3):
        cover.write_string(below, 0, column.name)
        cover.write_string(below, 1, column.meaning)
    names = [line.name for line in sheet.lines] + [column.name for column in sheet.columns]
    cover.set_column(0, 0, max(map(width_of, names)) + 2)
    cover.set_column(1, 1, _WIDEST)


def _write_rows(to: Worksheet, sheet: Sheet, formats: dict[Kind, CellFormat], heading: CellFormat) -> None:
    kinds = [formats[column.kind] for column in sheet.columns]
    widths = [max(_NARROWEST, width_of(column.name) + 2) for column in sheet.columns]
    for place, column in enumerate(sheet.columns):
        to.write_string(0, place, column.name, heading)
    last = 0
    for last, row in enumerate(sheet.rows, 1):
        for place, value in enumerate(row):
            _write(to, last, place, value, kinds[place])
            if last <= _MEASURED:
                widths[place] = max(widths[place], min(_WIDEST, width_of(str(value or "")) + 2))
    for place, width in enumerate(widths):
        to.set_column(place, place, width)
    to.freeze_panes(1, 0)
    to.autofilter(0, 0, last, len(sheet.columns) - 1)


def _write(to: Worksheet, row: int, place: int, value: Value, format: CellFormat) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):
        to.write_string(row, place, _written(value), format)
    elif isinstance(value, date):
        if value < _FIRST_DAY:
            to.write_string(row, place, value.isoformat())
        else:
            to.write_datetime(row, place, value, format)
    else:
        to.write_number(row, place, value, format)


def _written(text: str) -> str:
    """A text as far as a cell holds it, without the two characters that no XML may have."""
    if len(text) > LONGEST_CELL or not text.isascii():
        return text[:LONGEST_CELL].replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    return text


def _set_widths(to: Worksheet, widths: Sequence[int], format: CellFormat) -> None:
    for place, width in enumerate(widths):
        to.set_column(place, place, min(_WIDEST, width), format)
