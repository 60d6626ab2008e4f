"""The case list to take along: what a reader sees, all of it, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from adapters.exchange.layout import Layout
from adapters.exchange.sheets import Sheets, safe, sheet_name, width_of
from adapters.exchange.source import Table
from api import exporting
from api.words import words
from projections.sheet import Column, Format, Line, Sheet
from tests.api.conftest import Office, opened
from tests.conftest import Cluster

ZH, EN = words("zh"), words("en")
HEADERS = [ZH(f"export.column.{name}") for name, _ in exporting._COLUMNS]
SIGNS = ("=", "+", "-", "@", "\t", "\r")


def book_of(content: bytes) -> CalamineWorkbook:
    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def listed(content: bytes) -> list[list[Any]]:
    """The rows of an exported workbook below their header."""
    rows = book_of(content).get_sheet_by_name("案件清单").to_python()
    assert rows[0] == HEADERS
    return rows[1:]


def covered(content: bytes) -> dict[Any, Any]:
    """What the cover says."""
    return {row[0]: row[1] for row in book_of(content).get_sheet_by_index(0).to_python()}


def as_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


# Of an office


@pytest.fixture(scope="module")
def office(cluster: Cluster, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office with sixty suggestions, of which some were handed over and one was answered."""
    conninfo = cluster.create(migrated_template)
    with opened(conninfo, tmp_path_factory.mktemp("office")) as found:
        for n in range(57):
            found.submit(title=f"建议第{n}号", number=f"{n:04}", act={"occurred_at": f"2026-02-{1 + n % 28:02}"})
        found.submit(title="=cmd|' /C calc'!A0", number="@1", act={"occurred_at": "2026-01-02"})
        found.handed_over(title="建议修桥", number="9001")
        answered = found.handed_over(title="建议修路", number="9002")
        found.record(answered, "reply_issued", "2026-04-01", unit="jtj", outcome="A")
        found.catch_up()
        yield found
    cluster.drop(conninfo)


def exported(office: Office, **params: Any) -> httpx2.Response:
    answer = office.get("/api/v1/cases/export", **params)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.database
def test_an_export_has_every_row_of_the_list_in_its_order_with_typed_columns(office: Office) -> None:
    page = office.get("/api/v1/cases", limit=200, sort="number", as_of="2026-06-30").json()["cases"]
    rows = listed(exported(office, sort="number", as_of="2026-06-30").content)
    assert len(rows) == len(page) == 60
    assert [row[0] for row in rows] == [case["number"] or "" for case in page]
    assert [row[-1] for row in rows] == [case["case_id"] for case in page]
    by_number = {row[0]: dict(zip(HEADERS, row, strict=True)) for row in rows}
    answered = by_number["9002"]
    assert (answered["开始日期"], answered["报告或答复日期"]) == (date(2026, 3, 1), date(2026, 4, 1))
    assert (answered["单位"], answered["全部单位"]) == ("市交通运输局", "市交通运输局、市财政局")
    assert (answered["人员"], answered["状态"], answered["办理次数"]) == ("甲一", "已答复", 1.0)
    assert by_number["0000"]["状态"] == "未交办"
    assert by_number["9001"]["状态"] == "逾期"


@pytest.mark.database
def test_a_list_of_one_kind_is_taken_along_in_the_words_of_that_kind(office: Office) -> None:
    header = book_of(exported(office, kind="suggestion").content).get_sheet_by_name("案件清单").to_python()[0]
    assert ("领衔代表" in header, "人员" in header) == (True, False)
    assert {"提出日期", "答复期限", "轮次"} <= set(header)


@pytest.mark.database
def test_an_export_shows_the_filter_and_the_moment_that_were_asked_for(office: Office) -> None:
    answer = exported(office, state="overdue", unit="jtj", as_of="2026-06-30", sort="-due_on")
    assert [row[0] for row in listed(answer.content)] == ["9001"]
    cover = covered(answer.content)
    assert cover["数据性质"] == "示例数据，均属虚构"
    assert cover["筛选条件"] == "地区：云江市（示例）；承办单位：市交通运输局；状态：逾期"
    assert (cover["排序"], cover["截至（发生）"]) == ("期限 降序", "2026-06-30T23:59:59.999999+08:00")
    assert (cover["当时已知（录入）"], cover["件数"], cover["逾期（件）"]) == ("现在", 1.0, 1.0)
    assert str(int(cover["账本位置"])) == answer.headers["duban-position"]
    assert cover["答复率"] == 0.0
    assert cover["编号"] == "编号，文本"
    before = listed(exported(office, as_of="2026-01-31").content)
    assert [row[0] for row in before] == ["@1"]


@pytest.mark.database
def test_an_export_as_it_was_known_says_so_on_its_cover(office: Office) -> None:
    cover = covered(exported(office, known_at="2000-01-01").content)
    assert (cover["当时已知（录入）"], cover["件数"]) == ("2000-01-01T23:59:59.999999+08:00", 0.0)
    assert cover["答复率"] == ""
    position = office.began + 1
    frozen = covered(exported(office, position=position).content)
    recorded = office.services.views.steps(after=position - 1, until=position, limit=1)[0].recorded_at
    assert datetime.fromisoformat(frozen["当时已知（录入）"]) == recorded
    assert (frozen["账本位置"], frozen["件数"]) == (position, 1.0)


@pytest.mark.database
def test_a_file_is_called_after_its_moment_in_the_readers_language(office: Office) -> None:
    answer = exported(office, as_of="2026-03-31")
    named = answer.headers["content-disposition"]
    assert named.startswith("attachment; filename=\"cases_20260331.xlsx\"; filename*=UTF-8''")
    assert unquote(named.partition("UTF-8''")[2]) == "案件清单_截至20260331.xlsx"
    assert answer.headers["content-type"] == exporting.MEDIA_TYPES["xlsx"]
    headers = office.token("auditor") | {"Accept-Language": "en"}
    english = office.client.get("/api/v1/cases/export?format=csv&as_of=2026-03-31", headers=headers)
    assert "Cases_as-of-20260331.csv" in english.headers["content-disposition"]
    assert as_rows(english.content)[0][:2] == ["Number", "Title"]


@pytest.mark.database
def test_a_csv_opens_in_excel_and_none_of_its_text_is_a_formula(office: Office) -> None:
    content = exported(office, format="csv", sort="number").content
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n") == 61
    rows = as_rows(content)
    assert rows[0] == HEADERS
    hostile = next(row for row in rows if row[0] == "'@1")
    assert hostile[1] == "'=cmd|' /C calc'!A0"
    assert not [cell for row in rows for cell in row if cell.startswith(SIGNS)]


@pytest.mark.database
def test_an_export_read_back_is_the_list(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(exported(office, sort="title").content)
    table = Table(path, Layout.exactly(HEADERS))
    cases = office.get("/api/v1/cases", limit=200, sort="title").json()["cases"]
    read = [(r.values["编号"], r.values["标题"], r.values["开始日期"], r.values["案件编号"]) for r in table.rows()]
    assert read == [(c["number"] or "", c["title"], c["opened_on"], c["case_id"]) for c in cases]


@pytest.mark.database
@pytest.mark.parametrize("format", ["xlsx", "csv"])
def test_the_pages_of_the_list_lead_to_the_whole_of_it(office: Office, format: Format) -> None:
    text = office.client.get("/cases?state=unassigned&as_of=2026-06-30&sort=number&lang=zh").text
    links = [
        part.partition('"')[0].replace("&amp;", "&")
        for part in text.split('href="')
        if part.startswith("/cases/export")
    ]
    chosen = next(link for link in links if f"format={format}" in link)
    answer = office.client.get(chosen)
    assert answer.status_code == 200
    rows = listed(answer.content) if format == "xlsx" else as_rows(answer.content)[1:]
    assert len(rows) == 58
    assert "position=" in chosen
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.database
def test_an_export_that_cannot_be_is_a_page_or_a_problem_and_no_file(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for query, id in (
        ("as_of=when", "moment-unreadable"),
        ("format=pdf", "parameters-invalid"),
        ("limit=9", "parameters-invalid"),
    ):
        answer = office.get(f"/api/v1/cases/export?{query}")
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{id}")
    assert office.client.get("/cases/export?format=pdf").status_code == 422
    monkeypatch.setattr(exporting, "MOST", 59)
    refused = office.get("/api/v1/cases/export")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/export-too-many")
    assert "60" in refused.json()["detail"]
    page = office.client.get("/cases/export?lang=zh")
    assert page.status_code == 422
    assert "60 件" in page.text
    assert office.client.get("/api/v1/cases/export").status_code == 401


@pytest.mark.database
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not on this machine")
def test_libreoffice_opens_an_exported_workbook(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(exported(office, sort="number").content)
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    command += ["--convert-to", "ods", "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert len(Table(tmp_path / "list.ods", Layout.exactly(HEADERS))) == 60


# Of any text


TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "http://a.example",
        "_x0041_",
        "0012",
        "1e5",
        "{=1}",
    ]
)


def sheet_of(texts: list[str]) -> Sheet:
    columns = [Column("正文", "text", "任意文字"), Column("日期", "date", ""), Column("数", "number", "")]
    rows: Iterator[Any] = iter([(text, date(2026, 3, 31), 7) for text in texts])
    return Sheet("清单", "说明", [Line("=件数", len(texts), "number")], ("列", "含义"), columns, rows)


@given(st.lists(TEXTS, max_size=8))
def test_no_text_of_a_csv_begins_as_a_formula_does_and_none_is_lost(texts: list[str]) -> None:
    rows = as_rows(b"".join(Sheets().write(sheet_of(texts), "csv")))[1:]
    assert not [row[0] for row in rows if row[0].startswith(SIGNS)]
    assert [row[0] for row in rows] == [safe(text) for text in texts]
    restored = [row[0].removeprefix("'") if row[0] != text else text for row, text in zip(rows, texts, strict=True)]
    assert restored == texts


@given(st.lists(TEXTS, max_size=8))
def test_every_text_of_a_workbook_is_a_string_cell_and_none_is_lost(texts: list[str]) -> None:
    content = b"".join(Sheets().write(sheet_of(texts), "xlsx"))
    with io.BytesIO(content) as file, zipfile.ZipFile(file) as package:
        xml = package.read("xl/worksheets/sheet2.xml").decode()
        assert "hyperlink" not in xml
    assert "<f>" not in xml
    assert xml.count('t="inlineStr"') == 3 + sum(1 for text in texts if text)
    assert xml.count("<v>") == 2 * len(texts)


@given(TEXTS)
def test_a_text_that_goes_out_in_a_workbook_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("text") / "a.xlsx"
    path.write_bytes(b"".join(Sheets().write(sheet_of([text]), "xlsx")))
    rows = list(Table(path, Layout.exactly(("正文", "日期", "数"))).rows())
    # XML has not every character, and a cell of blanks is an empty one.
    told = text.translate(dict.fromkeys((0xFFFE, 0xFFFF), "\ufffd"))
    told = "" if told.isspace() else told
    assert [row.values for row in rows] == [{"正文": told, "日期": "2026-03-31", "数": "7"}]


def test_columns_are_as_wide_as_what_stands_in_them_and_chinese_counts_twice() -> None:
    assert (width_of("abc"), width_of("案由"), width_of("（A）")) == (3, 4, 5)
    assert sheet_name("清单[1]/2:*?", "x") == "清单12"
    assert sheet_name("[]", "x") == "x"
    content = b"".join(Sheets().write(sheet_of(["督" * 20]), "xlsx"))
    with io.BytesIO(content) as file, zipfile.ZipFile(file) as package:
        assert 'width="42.7' in package.read("xl/worksheets/sheet2.xml").decode()


def test_a_day_before_excels_calendar_is_written_as_text() -> None:
    columns = [Column("日期", "date", "")]
    days = [date(1899, 12, 31), date(1900, 3, 1), None]
    sheet = Sheet("清单", "说明", [], ("列", "含义"), columns, iter([(day,) for day in days]))
    rows = book_of(b"".join(Sheets().write(sheet, "xlsx"))).get_sheet_by_name("清单").to_python()
    assert rows[1:] == [["1899-12-31"], [date(1900, 3, 1)]]


def test_a_workbook_that_breaks_off_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def broken() -> Iterator[Any]:
        yield ("甲",)
        raise ConnectionError

    sheet = Sheet("清单", "说明", [], ("列", "含义"), [Column("正文", "text", "")], broken())
    with pytest.raises(ConnectionError):
        Sheets().write(sheet, "xlsx")
    assert list(tmp_path.iterdir()) == []


def test_many_rows_are_written_as_they_are_read() -> None:
    taken: list[int] = []

    def rows() -> Iterator[Any]:
        for n in range(5_000):
            taken.append(n)
            yield (f"建议{n}",)

    pieces = Sheets().write(Sheet("清单", "说明", [], ("列", "含义"), [Column("正文", "text", "")], rows()), "csv")
    next(pieces)
    assert len(taken) < 5_000
    assert sum(1 for _ in pieces) >= 4
