"""Workbooks for tests: written by a library, or member by member where no library would write such a thing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>{}</Types>'
)
RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas/relationships/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)
BOOK = (
    '<workbook xmlns:r="http://schemas/relationships"><workbookPr {}/>'
    '<sheets><sheet name="表" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
BOOK_RELS = (
    "<Relationships>"
    '<Relationship Id="rId1" Type="http://schemas/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="rId2" Type="http://schemas/relationships/styles" Target="styles.xml"/>'
    '<Relationship Id="rId3" Type="http://schemas/relationships/externalLink" TargetMode="External" Target="/etc/x"/>'
    "</Relationships>"
)
STYLES = (
    '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/>'
    '<numFmt numFmtId="165" formatCode="[Red]#,##0&quot;d&quot;"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
)
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
ODS_START = (
    '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:calcext="c">'
    '<office:body><office:spreadsheet><table:table table:name="表">'
)
ODS_END = "</table:table></office:spreadsheet></office:body></office:document-content>"

Cell = str | int | float | date | None
Build = Callable[[Any, Any], None]


def zipped(members: Mapping[str, str | bytes], level: int = 6) -> bytes:
    """A zip of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return file.getvalue()


def inline(text: str) -> str:
    """A cell that holds its text itself."""
    return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def row_of(*cells: str) -> str:
    """A row of cells that are XML already."""
    return f"<row>{''.join(cells)}</row>"


def header(*names: str) -> str:
    """A row of texts."""
    return row_of(*map(inline, names))


def members(rows: str, after: str = "", *, book: str = "", types: str = "") -> dict[str, str | bytes]:
    """The members of a workbook whose one sheet has these rows."""
    return {
        "[Content_Types].xml": TYPES.format(types),
        "_rels/.rels": RELS,
        "xl/workbook.xml": BOOK.format(book),
        "xl/_rels/workbook.xml.rels": BOOK_RELS,
        "xl/styles.xml": STYLES,
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{rows}</sheetData>{after}</worksheet>",
    }


def by_hand(path: Path, rows: str, after: str = "", **said: str) -> Path:
    """A workbook written member by member."""
    path.write_bytes(zipped(members(rows, after, **said)))
    return path


def by_library(path: Path, build: Build, **options: object) -> Path:
    """A workbook as xlsxwriter writes it; `build` gets the book and its first sheet."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, **options}) as book:
        build(book, book.add_worksheet("表"))
    return path


def workbook(path: Path, rows: Sequence[Sequence[Cell]], **options: object) -> Path:
    """A workbook of one sheet with these rows, dates as dates."""

    def build(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for number, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                if isinstance(cell, date):
                    sheet.write_datetime(number, place, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif cell is not None:
                    sheet.write_number(number, place, cell)

    return by_library(path, build, **options)


def ods_cell(text: str, attributes: str = 'office:value-type="string"') -> str:
    """A cell of an OpenDocument sheet."""
    return f"<table:table-cell {attributes}><text:p>{escape(text)}</text:p></table:table-cell>"


def ods_row(*cells: str, attributes: str = "") -> str:
    """A row of an OpenDocument sheet."""
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def ods(path: Path, rows: str, **more: str) -> Path:
    """An OpenDocument workbook of one sheet."""
    path.write_bytes(zipped({"mimetype": ODS_TYPE, "content.xml": ODS_START + rows + ODS_END, **more}))
    return path
