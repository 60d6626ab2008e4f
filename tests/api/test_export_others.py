"""Counts, histories and the registry to take along: what is shown, at its moment, for whoever may see it."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import httpx2
import pytest
from python_calamine import CalamineWorkbook

from tests.api.conftest import JURISDICTION, Office
from tests.api.story import Story

pytestmark = pytest.mark.database


@pytest.fixture
def case_id(office: Office) -> str:
    story = Story(office.services.docket)
    case_id = story.everything()
    story.each_state()
    office.catch_up()
    return case_id


def covered(answer: httpx2.Response) -> dict[Any, Any]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return {row[0]: row[1] for row in book.get_sheet_by_index(0).to_python()}


def listed(answer: httpx2.Response) -> list[dict[str, Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    header, *rows = book.get_sheet_by_index(1).to_python()
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def as_csv(answer: httpx2.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def links(text: str, what: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'href="([^"]+)" download', text) if what in url]


# Counts


@pytest.mark.usefixtures("case_id")
def test_the_counts_go_out_as_they_are_answered_at_that_moment(office: Office) -> None:
    for moment in ("2026-03-31", "2026-11-20"):
        asked = {"as_of": moment, "unit": "jtj"}
        counts = office.get("/api/v1/counts", **asked).json()["counts"]
        answer = office.get("/api/v1/counts/export", **asked)
        assert answer.headers["duban-as-of"].startswith(f"{moment}T23:59:59")
        rows = {(row["分类"], row["代码"]): row["数量"] for row in listed(answer)}
        assert rows["状态", "total"] == counts["total"] == 1
        assert {code: n for (kind, code), n in rows.items() if kind == "阶段"} == counts["by_stage"]
        assert {code: n for (kind, code), n in rows.items() if kind.startswith("承办单位")} == counts["by_unit"]
        cover = covered(answer)
        assert (cover["筛选条件"], cover["件数"]) == ("地区：云江市（示例）；承办单位：市交通运输局", 1)
        assert str(cover["截至（发生）"]).startswith(moment)


@pytest.mark.usefixtures("case_id")
def test_the_list_links_to_its_counts_with_filter_and_moment(office: Office) -> None:
    text = office.client.get("/cases?state=overdue&as_of=2026-11-20").text
    workbook, table = links(text, "/cases/export/counts")
    assert covered(office.client.get(workbook))["件数"] == 1
    total = next(row for row in as_csv(office.client.get(table)) if row[2] == "total")
    assert total == ["状态", "全部", "total", "1"]
    english = as_csv(office.client.get(table, headers={"Accept-Language": "en"}))
    assert english[0] == ["Counted by", "Value", "Code", "Count"]


# A history


def test_a_history_goes_out_with_what_was_and_what_is(office: Office, case_id: str) -> None:
    answer = office.get(f"/api/v1/cases/{case_id}/steps/export")
    rows = listed(answer)
    days = [row["发生"] for row in rows]
    assert days == sorted(days)
    by_number = {row["序号"]: row for row in rows}
    assert len(rows) == len(office.services.docket.case_file(case_id).history)
    assert by_number[2]["步骤"] == "交办"
    assert "由“2026-03-05”更正为“2026-03-06”" in by_number[2]["内容"]
    assert (str(by_number[2]["更正于"]), by_number[14]["作废于"]) == ("13", 15)
    assert by_number[2]["文件"] == "云人办〔2026〕3号 交办通知"
    assert next(row for row in rows if row["补录"])["发生"] == "2026-04-15"
    cover = covered(answer)
    assert cover["案件"] == "2026-001 关于增开夜间公交线路、方便产业园区职工出行的建议"
    assert (cover["案件编号"], cover["步骤数"]) == (case_id, len(rows))


def test_a_history_is_that_of_its_moment_and_of_the_steps_that_are_shown(office: Office, case_id: str) -> None:
    text = office.client.get(f"/cases/{case_id}?as_of=2026-03-31&order=oldest").text
    workbook, table = links(text, "/export")
    rows = as_csv(office.client.get(table))
    shown = re.findall(r'<li id="step-(\d+)"', text)
    assert [row[0] for row in rows[1:]] == shown
    assert str(covered(office.client.get(workbook))["截至（发生）"]).startswith("2026-03-31")
    replies = as_csv(office.client.get(f"/cases/{case_id}/export?format=csv&type=reply_issued"))
    assert [row[3] for row in replies[1:]] == ["答复", "答复"]


def test_a_history_is_for_whoever_sees_the_case(office: Office, case_id: str) -> None:
    office.account("admin", "administrator")
    office.account("diet", "general_office", "jp-sangiin")
    for login in ("admin", "diet"):
        assert office.browser(login).get(f"/cases/{case_id}/export").status_code == 404
    assert office.browser("admin").get("/cases/export/counts").status_code == 403
    headers = office.token("general_office", "jp-sangiin")
    assert office.client.get(f"/api/v1/cases/{case_id}/steps/export", headers=headers).status_code == 404
    entry = next(e for e in office.services.registry.entries(JURISDICTION) if e.code == "jtj")
    assert office.browser("admin").get(f"/cases/{entry.id}/export?format=csv").status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [("as_of=2020-01-01", 404), ("format=pdf", 422), ("order=up", 422), ("as_of=soon", 422), ("position=x", 422)],
)
def test_what_cannot_be_taken_along_is_said(office: Office, case_id: str, query: str, status: int) -> None:
    assert office.client.get(f"/cases/{case_id}/export?{query}").status_code == status


# The registry through the API


def test_the_registry_is_listed_through_the_api_as_it_was(office: Office) -> None:
    body = {
        "opening": "unit.opened",
        "step": {"jurisdiction": JURISDICTION, "code": "ylj", "zh_name": "市园林局", "en_name": "Parks", "order": 35},
        "act": {"occurred_at": "2025-01-01"},
    }
    case = office.post("/api/v1/cases", body, "general_office")
    office.record(case, "closed", "2026-02-01", "general_office")
    for asked, there in (
        ({"as_of": "2025-06-30"}, True),
        ({"as_of": "2026-06-30"}, False),
        ({"as_of": "2026-06-30", "ended": "true"}, True),
        ({"position": str(office.began)}, False),
        ({"text": "园林", "as_of": "2025-06-30"}, True),
        ({"text": "交通", "as_of": "2025-06-30"}, False),
    ):
        answer = office.get("/api/v1/registry/units", role="deputy", **asked)
        assert answer.status_code == 200, answer.text
        codes = [entry["said"]["code"] for entry in answer.json()["entries"]]
        assert ("ylj" in codes) is there, asked
        exported = office.get("/api/v1/registry/units/export", role="deputy", format="csv", **asked)
        assert [row[1] for row in as_csv(exported)[1:]] == codes
    entry = office.get("/api/v1/registry/units", ended="true", text="ylj").json()["entries"][0]
    assert entry["case_id"] == case.json()["case_id"]
    assert (entry["said"]["ended_on"], entry["said"]["order"]) == ("2026-02-01", 35)
    assert office.get("/api/v1/registry/cats").status_code == 422
    assert office.get("/api/v1/registry/units", colour="red").status_code == 422
