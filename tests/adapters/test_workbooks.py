"""Workbooks: what stands in a sheet is read as a person reads it, or refused; nothing harmful is opened."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.exchange import grid, package, source
from adapters.exchange.grid import ImportRefused, column_letters, column_place
from adapters.exchange.layout import Layout
from adapters.exchange.source import Row, Table
from tests.adapters.workbooks import (
    ODS_TYPE,
    by_hand,
    by_library,
    header,
    inline,
    members,
    ods,
    ods_cell,
    ods_row,
    row_of,
    workbook,
    zipped,
)

NUMBER, TITLE, DAY = "编号", "标题", "日期"
LAYOUT = Layout.exactly((NUMBER, TITLE, DAY))
OPEN = Layout((NUMBER, TITLE, DAY), frozenset({NUMBER, TITLE}), LAYOUT.names, others=True)
HEADER = header(NUMBER, TITLE, DAY)


def read(path: Path, layout: Layout = LAYOUT, sheet: str | None = None) -> list[Row]:
    return list(Table(path, layout, sheet).rows())


def values(path: Path, layout: Layout = LAYOUT) -> list[tuple[int, list[str]]]:
    return [(row.number, list(row.values.values())) for row in read(path, layout)]


def troubles(rows: list[Row]) -> list[tuple[int, str | None, str | None]]:
    return [
        (row.number, None, None) if why is None else (row.number, why.message_id, why.field)
        for row, why in ((row, row.unreadable) for row in rows)
    ]


def refusal(path: Path, layout: Layout = LAYOUT, sheet: str | None = None) -> ImportRefused:
    with pytest.raises(ImportRefused) as refused:
        read(path, layout, sheet)
    return refused.value


# What stands in a sheet


def test_a_workbook_is_read_with_its_numbers_as_text_and_its_dates_as_days(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [NUMBER, TITLE, DAY],
        [2026001, "建议甲", date(2026, 3, 1)],
        ["007", "建议乙", None],
        [1.5, "丙", 0.25],
    ]
    assert values(workbook(tmp_path / "a.xlsx", rows)) == [
        (1, ["2026001", "建议甲", "2026-03-01"]),
        (2, ["007", "建议乙", ""]),
        (3, ["1.5", "丙", "0.25"]),
    ]


def test_what_a_file_is_follows_from_its_content_and_not_from_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.csv", [[NUMBER, TITLE, DAY], [1, "甲", None]])
    assert Table(path, LAYOUT).is_workbook
    text = tmp_path / "b.xlsx"
    text.write_text(f"{NUMBER},{TITLE},{DAY}\r\n1,甲,\r\n", "utf-8")
    assert not Table(text, LAYOUT).is_workbook
    assert values(path) == values(text) == [(1, ["1", "甲", ""])]


def test_days_are_the_same_in_both_of_excels_calendars(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[NUMBER, TITLE, DAY], [1, "甲", date(2026, 3, 31)]]
    new = workbook(tmp_path / "1900.xlsx", rows)
    old = workbook(tmp_path / "1904.xlsx", rows, date_1904=True)
    assert values(new) == values(old) == [(1, ["1", "甲", "2026-03-31"])]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c s="1"><v>46112</v></c>', "2026-03-31"),
        ('<c s="2"><v>46112</v></c>', "2026-03-31"),
        ('<c s="2"><v>46112.5</v></c>', "2026-03-31 12:00:00"),
        ('<c s="2"><v>46112.99999999</v></c>', "2026-04-01"),
        ('<c s="1"><v>0.5</v></c>', "12:00:00"),
        ('<c s="1"><v>1</v></c>', "1900-01-01"),
        ('<c s="1"><v>59</v></c>', "1900-02-28"),
        ('<c s="1"><v>60</v></c>', "60.0"),
        ('<c s="1"><v>61</v></c>', "1900-03-01"),
        ('<c s="1"><v>-1</v></c>', "-1"),
        ('<c s="3"><v>46112</v></c>', "46112"),
        ("<c><v>46112</v></c>", "46112"),
        ("<c><v>0.1</v></c>", "0.1"),
        ("<c><v>1E3</v></c>", "1000"),
        ('<c t="b"><v>1</v></c>', "TRUE"),
        ('<c t="d"><v>2026-03-31T00:00:00</v></c>', "2026-03-31"),
        ('<c t="str"><f>A1</f><v>甲</v></c>', "甲"),
        ('<c t="str"><f>A1</f><v></v></c>', ""),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ('<c t="inlineStr"><is><r><t>甲</t></r><r><t>乙</t></r><rPh><t>jia</t></rPh></is></c>', "甲乙"),
        ('<c t="inlineStr"><is><t>a_x000D_b_x005F_x</t></is></c>', "a\rb_x"),
        ('<c t="inlineStr"><is><t>_xD83D__xDE00_ _xD800_</t></is></c>', "😀 �"),
    ],
)
def test_a_cell_is_read_as_a_person_reads_it(tmp_path: Path, cell: str, text: str) -> None:
    path = by_hand(tmp_path / "a.xlsx", HEADER + row_of(inline("1"), inline("甲"), cell))
    assert values(path) == [(1, ["1", "甲", text])]


@pytest.mark.parametrize(
    ("cell", "message_id"),
    [
        ("<c><f>A1</f></c>", "import-formula-without-value"),
        ("<c><f>A1</f><v/></c>", "import-formula-without-value"),
        ('<c t="e"><v>#REF!</v></c>', "import-cell-error"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "import-cell-error"),
        ("<c><v>12345678901234567890</v></c>", "import-number-too-long"),
        ("<c><v>NaN</v></c>", "import-cell-error"),
    ],
)
def test_a_cell_whose_value_is_not_known_refuses_its_row_with_the_columns_name(
    tmp_path: Path, cell: str, message_id: str
) -> None:
    rows = HEADER + row_of(inline("1"), cell) + row_of(inline("2"), inline("乙"))
    assert troubles(read(by_hand(tmp_path / "a.xlsx", rows))) == [(1, message_id, TITLE), (2, None, None)]


def test_a_cell_that_is_not_known_in_a_column_that_is_not_read_harms_nothing(tmp_path: Path) -> None:
    rows = header(NUMBER, TITLE, "备注") + row_of(inline("1"), inline("甲"), '<c t="e"><v>#REF!</v></c>')
    path = by_hand(tmp_path / "a.xlsx", rows)
    assert troubles(read(path, OPEN)) == [(1, None, None)]
    assert Table(path, OPEN).ignored == ["备注"]


def test_what_is_merged_counts_for_its_first_cell_and_over_rows_for_none(tmp_path: Path) -> None:
    def build(_: Any, sheet: Any) -> None:
        sheet.merge_range("A1:C1", "云江市代表建议清单")
        sheet.write_row("A2", [NUMBER, TITLE, DAY])
        sheet.write_row("A3", ["1", "甲"])
        sheet.merge_range("B4:C4", "乙")
        sheet.write("A4", "2")
        sheet.merge_range("B5:B6", "丙")
        sheet.write("A5", "3")
        sheet.write("A6", "4")
        sheet.write_row("A7", ["5", "丁"])

    path = by_library(tmp_path / "a.xlsx", build)
    assert Table(path, LAYOUT).header.row == 2
    assert troubles(read(path)) == [
        (1, None, None),
        (2, None, None),
        (3, "import-merged-rows", TITLE),
        (4, "import-merged-rows", TITLE),
        (5, None, None),
    ]
    assert values(path)[1] == (2, ["2", "乙", ""])


def test_rows_that_are_empty_are_left_out_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    rows = [["标题在上"], [], [NUMBER, TITLE, DAY], [], ["1", "甲"], [" ", ""], ["2", "乙"]]
    assert values(workbook(tmp_path / "a.xlsx", rows)) == [(2, ["1", "甲", ""]), (4, ["2", "乙", ""])]


def test_a_header_below_the_tenth_row_is_not_looked_for(tmp_path: Path) -> None:
    tenth = workbook(tmp_path / "10.xlsx", [["说明"]] * 9 + [[NUMBER, TITLE, DAY], ["1", "甲"]])
    assert values(tenth) == [(1, ["1", "甲", ""])]
    eleventh = workbook(tmp_path / "11.xlsx", [["说明"]] * 10 + [[NUMBER, TITLE, DAY], ["1", "甲"]])
    assert refusal(eleventh).message_id == "import-no-sheet-fits"


def test_of_several_sheets_the_first_that_fits_is_read_hidden_ones_never(tmp_path: Path) -> None:
    def build(book: Any, cover: Any) -> None:
        cover.write("A1", "封面")
        hidden = book.add_worksheet("隐藏")
        hidden.hide()
        for name, title in ((hidden, "旧"), (book.add_worksheet("一"), "甲"), (book.add_worksheet("二"), "乙")):
            name.write_row("A1", [NUMBER, TITLE, DAY])
            name.write_row("A2", ["1", title])

    path = by_library(tmp_path / "a.xlsx", build)
    assert values(path) == [(1, ["1", "甲", ""])]
    assert [row.values[TITLE] for row in read(path, sheet="二")] == ["乙"]
    assert refusal(path, sheet="隐藏").message_id == "import-unknown-sheet"


def test_where_no_sheet_fits_all_of_them_are_named_with_what_is_missing(tmp_path: Path) -> None:
    def build(book: Any, sheet: Any) -> None:
        sheet.write_row("A1", [NUMBER, DAY])
        book.add_worksheet("空").write("A1", "无")

    refused = refusal(by_library(tmp_path / "a.xlsx", build))
    assert (refused.message_id, refused.params["sheets"]) == ("import-no-sheet-fits", ["表", "空"])
    assert refused.params["missing"] == [TITLE]


def test_a_header_may_have_hints_marks_and_line_breaks(tmp_path: Path) -> None:
    rows = [["编 号*", "标\n题（必填）", "日期(格式：2026-03-31)"], ["1", "甲"]]
    assert values(workbook(tmp_path / "a.xlsx", rows)) == [(1, ["1", "甲", ""])]


def test_what_stands_beside_the_columns_is_told_by_its_letter(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [[NUMBER, TITLE, None, "科室"], ["1", "甲", None, None, "旁注"]])
    assert Table(path, OPEN).ignored == ["科室", "E"]
    assert [column_place(column_letters(n)) for n in (0, 25, 26, 16_383)] == [0, 25, 26, 16_383]


def test_an_external_link_is_not_followed(tmp_path: Path) -> None:
    rows = HEADER + row_of(inline("1"), '<c t="str"><f>[1]表!A1</f><v>甲</v></c>')
    assert values(by_hand(tmp_path / "a.xlsx", rows)) == [(1, ["1", "甲", ""])]


# OpenDocument, and the old binary format


def test_an_opendocument_sheet_is_read_the_same_way(tmp_path: Path) -> None:
    rows = (
        ods_row(ods_cell("清单"), '<table:covered-table-cell table:number-columns-repeated="2"/>')
        + ods_row(*map(ods_cell, (NUMBER, TITLE, DAY)))
        + ods_row(
            ods_cell("1,234", 'office:value-type="float" office:value="1234"'),
            "<table:table-cell><office:annotation><text:p>批注</text:p></office:annotation>"
            "<text:p>甲<text:s text:c='2'/>乙</text:p><text:p>丙</text:p></table:table-cell>",
            ods_cell("2026年3月31日", 'office:value-type="date" office:date-value="2026-03-31T00:00:00"'),
        )
        + ods_row(
            '<table:table-cell table:number-columns-repeated="16384"/>', attributes='table:number-rows-repeated="9"'
        )
        + ods_row(ods_cell("2"), ods_cell("#REF!", 'office:value-type="string" calcext:value-type="error"'))
        + ods_row(ods_cell("3"), '<table:table-cell table:formula="of:=1"/>')
        + ods_row(ods_cell("4"), ods_cell("乙", 'office:value-type="string" table:number-rows-spanned="2"'))
        + ods_row(ods_cell("5"), "<table:covered-table-cell/>")
        + ods_row(
            '<table:table-cell table:number-columns-repeated="9"/>', attributes='table:number-rows-repeated="1048000"'
        )
    )
    path = ods(tmp_path / "a.ods", rows)
    assert values(path)[0] == (1, ["1234", "甲  乙\n丙", "2026-03-31"])
    assert troubles(read(path))[1:] == [
        (11, "import-cell-error", TITLE),
        (12, "import-formula-without-value", TITLE),
        (13, "import-merged-rows", TITLE),
        (14, "import-merged-rows", TITLE),
    ]


def test_an_opendocument_sheet_with_macros_or_a_password_is_refused(tmp_path: Path) -> None:
    rows = ods_row(*map(ods_cell, (NUMBER, TITLE, DAY)))
    macros = ods(tmp_path / "m.ods", rows, **{"Basic/Standard/Module1.xml": "<x/>"})
    assert refusal(macros).message_id == "import-macros"
    locked = ods(tmp_path / "p.ods", rows, **{"META-INF/manifest.xml": "<m:encryption-data/>"})
    assert refusal(locked).message_id == "import-encrypted"


def test_a_hidden_opendocument_sheet_is_passed_over(tmp_path: Path) -> None:
    head = ods_row(*map(ods_cell, (NUMBER, TITLE, DAY)))
    styles = '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/>'
    shown = ods_row(ods_cell("1"), ods_cell("甲"))
    tables = f'{head}</table:table><table:table table:name="二">{head}{shown}'
    path = ods(tmp_path / "a.ods", tables)
    content = zipfile.ZipFile(path).read("content.xml").decode()
    content = content.replace("<office:body>", f"{styles}</style:style><office:body>")
    content = content.replace('table:name="表"', 'table:name="表" table:style-name="ta2"')
    path.write_bytes(
        zipped(
            {"mimetype": ODS_TYPE, "content.xml": content.replace('xmlns:text="x"', 'xmlns:text="x" xmlns:style="s"')}
        )
    )
    assert (Table(path, LAYOUT).sheet, values(path)) == ("二", [(1, ["1", "甲", ""])])


def test_an_opendocument_row_that_says_it_is_there_a_million_times_is_refused(tmp_path: Path) -> None:
    rows = ods_row(*map(ods_cell, (NUMBER, TITLE, DAY)))
    rows += ods_row(ods_cell("1"), attributes='table:number-rows-repeated="1048570"')
    assert refusal(ods(tmp_path / "a.ods", rows)).message_id == "import-too-many-rows"


def xls(
    path: Path, cells: list[tuple[int, int, str | float | bytes]], *, name: str = "Workbook", more: bytes = b""
) -> Path:
    """A workbook of the old binary format (BIFF8) in its compound file, written by hand."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def text(value: str) -> bytes:
        return struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")

    def cell(row: int, column: int, value: str | float | bytes) -> bytes:
        place = struct.pack("<HHH", row, column, 0)
        if value == b"#REF!":
            return record(0x0205, place + b"\x17\x01")
        if isinstance(value, bytes):
            return record(0x0006, place + b"\x02\0\x07\0\0\0\xff\xff" + b"\0" * 8)
        if isinstance(value, str):
            return record(0x0204, place + text(value))
        return record(0x0203, place + struct.pack("<d", value))

    start, end = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0)), record(0x000A, b"")
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + b"".join(cell(*c) for c in cells) + end
    title = "表".encode("utf-16-le")
    place = len(start) + 4 + 8 + len(title) + len(end)
    bound = record(0x0085, struct.pack("<IBBBB", place, 0, 0, 1, 1) + title)
    stream = start + bound + end + sheet
    stream += b"\0" * (-len(stream) % 512 if len(stream) > 4096 else 4608 - len(stream))
    sectors = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))

    def entry(called: str, kind: int, child: int, first: int, size: int) -> bytes:
        raw = (called + "\0").encode("utf-16-le")
        tree = struct.pack("<BBIII", kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        return raw.ljust(64, b"\0") + struct.pack("<H", len(raw)) + tree + b"\0" * 36 + struct.pack("<IQ", first, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, 2, len(stream))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    path.write_bytes(head + struct.pack("<128I", *fat) + directory.ljust(512, b"\0") + stream + more)
    return path


def test_a_workbook_of_the_old_format_is_read_by_a_process_of_its_own(tmp_path: Path) -> None:
    cells: list[tuple[int, int, str | float | bytes]] = [(0, 0, "清单")]
    cells += [(2, place, name) for place, name in enumerate((NUMBER, TITLE, DAY))]
    cells += [(3, 0, 2026001.0), (3, 1, "甲"), (5, 0, "2"), (5, 1, 12345678901234567890.0)]
    path = xls(tmp_path / "a.xls", cells)
    assert values(path)[0] == (1, ["2026001", "甲", ""])
    assert troubles(read(path)) == [(1, None, None), (3, "import-number-too-long", TITLE)]


def test_an_error_value_of_the_old_format_refuses_its_row(tmp_path: Path) -> None:
    cells: list[tuple[int, int, str | float | bytes]] = [
        (0, place, name) for place, name in enumerate((NUMBER, TITLE, DAY))
    ]
    cells += [(1, 0, "1"), (1, 1, b"#REF!"), (2, 0, "2"), (2, 2, b"=1/0"), (3, 0, "3")]
    assert troubles(read(xls(tmp_path / "a.xls", cells))) == [
        (1, "import-cell-error", TITLE),
        (2, "import-cell-error", DAY),
        (3, None, None),
    ]


def test_a_workbook_of_the_old_format_that_would_fill_the_memory_ends_its_own_process_only(tmp_path: Path) -> None:
    cells: list[tuple[int, int, str | float | bytes]] = [(0, 0, NUMBER), (65_535, 255, "远")]
    assert refusal(xls(tmp_path / "a.xls", cells)).message_id == "import-broken-workbook"


@pytest.mark.parametrize(
    ("more", "message_id"),
    [
        ("_VBA_PROJECT", "import-macros"),
        ("EncryptedPackage", "import-encrypted"),
    ],
)
def test_the_old_format_with_macros_or_a_password_is_refused(tmp_path: Path, more: str, message_id: str) -> None:
    path = xls(tmp_path / "a.xls", [(0, 0, NUMBER)], more=more.encode("utf-16-le"))
    assert refusal(path).message_id == message_id


@pytest.mark.slow
def test_a_workbook_of_the_old_format_that_is_damaged_is_read_or_refused(tmp_path: Path) -> None:
    cells: list[tuple[int, int, str | float | bytes]] = [
        (0, place, name) for place, name in enumerate((NUMBER, TITLE, DAY))
    ]
    good = xls(tmp_path / "good.xls", [*cells, (1, 0, 7.0), (1, 1, "甲"), (2, 0, "2")]).read_bytes()
    chance = random.Random(20260331)
    path = tmp_path / "a.xls"
    became = set()
    for _ in range(60):
        changed = bytearray(good[: chance.choice((len(good), len(good), chance.randrange(8, len(good))))])
        for _ in range(chance.randrange(40)):
            changed[chance.randrange(4, len(changed))] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        try:
            became.add(str(len(read(path))))
        except ImportRefused as refused:
            became.add(refused.message_id)
    assert {"2", "import-broken-workbook"} <= became


def test_another_document_in_a_compound_file_is_named(tmp_path: Path) -> None:
    refused = refusal(xls(tmp_path / "a.xls", [], name="WordDocument"))
    assert (refused.message_id, refused.params["found"]) == ("import-not-a-table", "ole")


# What is not opened


def test_a_workbook_with_macros_is_refused_whatever_it_is_called(tmp_path: Path) -> None:
    project = tmp_path / "project.xlsx"
    project.write_bytes(zipped({**members(HEADER), "xl/vbaProject.bin": b"x"}))
    assert refusal(project).message_id == "import-macros"
    sheet = tmp_path / "sheet.xlsx"
    sheet.write_bytes(zipped({**members(HEADER), "xl/macrosheets/sheet1.xml": b"<x/>"}))
    assert refusal(sheet).message_id == "import-macros"
    kind = '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/>'
    assert refusal(by_hand(tmp_path / "type.xlsx", HEADER, types=kind)).message_id == "import-macros"


@pytest.mark.parametrize("name", ["/etc/x", "../x", "xl/../../x", "\\x", "C:\\x", "xl\\..\\x"])
def test_a_member_with_an_unsafe_path_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(zipped({**members(HEADER), name: b"x"}))
    assert refusal(path).message_id == "import-zip-unsafe-name"


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(members(HEADER)))
    place = data.rindex(b"PK\x01\x02")
    data[place + 8] |= 1
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    assert refusal(path).message_id == "import-encrypted"


def test_more_members_than_a_workbook_has_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(zipped({**members(HEADER), **{f"x/{n}": b"" for n in range(package.MOST_MEMBERS)}}))
    assert refusal(path).message_id == "import-zip-too-many-members"


def test_a_member_that_is_compressed_beyond_reason_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(zipped({**members(HEADER), "xl/media/big": b"\0" * 11_000_000}))
    assert refusal(path).message_id == "import-zip-ratio"


def test_a_workbook_that_would_be_too_large_unpacked_is_refused_by_its_directory(tmp_path: Path) -> None:
    data = bytearray(zipped(members(HEADER)))
    place = data.index(b"PK\x01\x02")
    data[place + 20 : place + 28] = struct.pack("<II", 2**23, 2**29)
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    assert refusal(path).message_id == "import-zip-too-large"


def test_a_directory_that_lies_about_sizes_unpacks_no_more_than_it_says(tmp_path: Path) -> None:
    big = {**members(HEADER + row_of(inline("x" * 5_000_000)))}
    data = bytearray(zipped(big))
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 1_000)
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    assert refusal(path).message_id == "import-broken-workbook"


def test_what_is_inflated_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(members(HEADER + row_of(inline("甲")) * 10_000))
    opened = package.Package(data, "a.xlsx")
    monkeypatch.setattr(package, "MOST_UNPACKED", 100_000)
    with pytest.raises(ImportRefused) as refused:
        list(opened.chunks("xl/worksheets/sheet1.xml"))
    assert refused.value.message_id == "import-zip-too-large"


@pytest.mark.parametrize(("start", "most"), [(b"PK\x03\x04", package.MOST_BYTES), (b"", source.MOST_BYTES)])
def test_a_file_larger_than_what_is_read_is_refused(tmp_path: Path, start: bytes, most: int) -> None:
    path = tmp_path / "a.xlsx"
    with path.open("wb") as file:
        file.write(start)
        file.truncate(most + 1)
    refused = refusal(path)
    assert (refused.message_id, refused.params["most"]) == ("import-file-too-large", most)


@pytest.mark.parametrize(
    "sheet",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>',
        "<worksheet>" + "<a>" * 100 + "</a>" * 100 + "</worksheet>",
        f"<worksheet><!--{'x' * 5_000_000}--></worksheet>",
        "<worksheet><sheetData><row r='2'/><row r='1'/></sheetData></worksheet>",
        "<worksheet><sheetData><row r='9999999'><c/></row></sheetData></worksheet>",
        "<worksheet><sheetData><row><c r='XFE1'/></row></sheetData></worksheet>",
        "<worksheet><sheetData><row><c t='s'><v>7</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row>",
        "",
    ],
)
def test_a_sheet_that_is_no_sheet_is_refused(tmp_path: Path, sheet: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(zipped({**members(""), "xl/worksheets/sheet1.xml": sheet}, level=0))
    assert refusal(path).message_id == "import-broken-workbook"


@pytest.mark.parametrize(
    ("content", "message_id", "found"),
    [
        ({"word/document.xml": "<x/>", "[Content_Types].xml": "<x/>"}, "import-not-a-table", "zip"),
        ({"mimetype": ODS_TYPE.replace("spreadsheet", "text"), "content.xml": "<x/>"}, "import-not-a-table", "zip"),
        ({**members(HEADER), "_rels/.rels": "<x/>"}, "import-broken-workbook", None),
    ],
)
def test_another_document_is_named(
    tmp_path: Path, content: dict[str, str | bytes], message_id: str, found: str | None
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(zipped(content))
    refused = refusal(path)
    assert (refused.message_id, refused.params.get("found")) == (message_id, found)


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO(zipped(members(HEADER)))
    with zipfile.ZipFile(file, "a") as appended, pytest.warns(UserWarning, match="Duplicate"):
        appended.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    path = tmp_path / "a.xlsx"
    path.write_bytes(file.getvalue())
    assert refusal(path).message_id == "import-broken-workbook"


def test_more_rows_than_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "MOST_ROWS", 1_000)
    just = by_hand(tmp_path / "just.xlsx", HEADER + row_of(inline("甲")) * 1_000)
    assert len(Table(just, LAYOUT)) == 1_000
    more = by_hand(tmp_path / "more.xlsx", HEADER + row_of(inline("甲")) * 1_001)
    assert refusal(more).message_id == "import-too-many-rows"


def test_more_text_than_is_kept_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "MOST_TEXT", 100_000)
    path = by_hand(tmp_path / "a.xlsx", HEADER + row_of(inline("甲" * 1_000)) * 100)
    assert refusal(path).message_id == "import-too-much-text"


EMPTY_ROWS = """
import re, sys
from pathlib import Path
from adapters.exchange.layout import Layout
from adapters.exchange.source import Table
table = Table(Path(sys.argv[1]), Layout.exactly(("编号", "标题", "日期")))
numbers = [row.number for row in table.rows()]
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(len(table), *numbers, int(peak[1]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="how much memory a process took at most is asked of Linux")
def test_a_million_empty_rows_and_a_far_cell_take_little_memory_and_time(tmp_path: Path) -> None:
    blank = "".join(f'<row r="{n}" spans="1:3"><c r="A{n}" s="1"/><c r="B{n}"/></row>' for n in range(3, 1_048_576))
    far = '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>远</t></is></c></row>'
    rows = HEADER + row_of(inline("1")) + blank + far
    path = tmp_path / "a.xlsx"
    path.write_bytes(zipped(members(rows, book='/><dimension ref="A1:XFD1048576"'), level=1))
    done = subprocess.run(
        [sys.executable, "-c", EMPTY_ROWS, str(path)], capture_output=True, text=True, check=True, timeout=300
    )
    *told, megabytes = map(int, done.stdout.split())
    assert told == [2, 1, 1_048_575]
    assert megabytes < 200
