"""Clocks over HTTP, on the pages and on the command line, at several moments."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from tests.api.conftest import Office

pytestmark = pytest.mark.database

CLOCKS = "/api/v1/clocks"


def read(office: Office, role: str = "deputy_affairs", status: int = 200, **params: Any) -> httpx2.Response:
    office.catch_up()
    answer = office.get(CLOCKS, role, **params)
    assert answer.status_code == status, answer.text
    return answer


def clocks(answer: httpx2.Response) -> list[tuple[str, str, str]]:
    return [(one["title"], one["clock"]["clock"], one["state"]) for one in answer.json()["clocks"]]


@pytest.fixture
def two(office: Office) -> list[str]:
    """One that was answered late, after an extension, and one that waits past its date; both handed over on 5 March."""
    case = office.handed_over(title="答复迟了")
    case = office.record(case, "extension_granted", "2026-05-20", due_on="2026-07-20", unit="jtj", reason="需现场勘测")
    assert case.status_code == 200, case.text
    case = office.record(case, "reply_issued", "2026-08-06", unit="jtj", outcome="B")
    return [str(case.json()["case_id"]), str(office.handed_over(title="还没答复").json()["case_id"])]


@pytest.mark.usefixtures("two")
def test_clocks_are_told_with_how_they_stand_and_what_they_stand_on(office: Office) -> None:
    answer = read(office, clock="suggestion.reply", as_of="2026-09-01")
    assert clocks(answer) == [
        ("还没答复", "suggestion.reply", "overdue"),
        ("答复迟了", "suggestion.reply", "missed"),
    ]
    body = answer.json()
    assert {name: body["counts"][name] for name in ("total", "running", "overdue", "missed")} == {
        "total": 2,
        "running": 1,
        "overdue": 1,
        "missed": 1,
    }
    assert body["rulebook"].startswith("cn-999900@")
    assert body["calendar"].startswith("cn@")
    assert body["definition"] == 1
    assert answer.headers["Duban-Position"] == str(body["meta"]["position"])


def test_each_clock_explains_its_date_as_its_case_does(office: Office, two: list[str]) -> None:
    listed = {one["case_id"]: one for one in read(office, clock="suggestion.reply").json()["clocks"]}
    for case_id in two:
        case = office.get(f"/api/v1/cases/{case_id}").json()
        [own] = [one for one in case["clocks"] if one["clock"] == "suggestion.reply"]
        assert listed[case_id]["clock"] == own
    moved = listed[two[0]]["clock"]
    assert (moved["original_due_on"], moved["due_on"]) == ("2026-06-05", "2026-07-20")
    assert moved["extensions"][0]["reason"] == "需现场勘测"
    assert moved["rule"]["sources"]
    assert moved["rule"]["explanation"]["zh"]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ("2026-03-04", None),
        ("2026-05-20", "running"),
        ("2026-07-12", "running"),
        ("2026-07-13", "soon"),
        ("2026-07-20", "soon"),
        ("2026-07-21", "overdue"),
        ("2026-08-05", "overdue"),
        ("2026-08-06", "missed"),
    ],
)
def test_a_clock_stands_at_each_day_as_it_stood_then(office: Office, as_of: str, state: str | None) -> None:
    found = {title: one for title, _, one in clocks(read(office, clock="suggestion.reply", as_of=as_of))}
    assert found.get("答复迟了") == state


def test_what_was_recorded_later_is_not_known_earlier(office: Office, two: list[str]) -> None:
    office.catch_up()
    before = office.began + 2
    then = read(office, clock="suggestion.reply", as_of="2026-07-10", position=before).json()["clocks"]
    assert [(one["case_id"], one["state"], one["clock"]["due_on"]) for one in then] == [
        (two[0], "overdue", "2026-06-05")
    ]


@pytest.mark.usefixtures("two")
def test_pages_of_clocks_freeze_the_moment_and_name_each_once(office: Office) -> None:
    every = clocks(read(office, limit=200))
    page = read(office, limit=1)
    seen = clocks(page)
    office.handed_over(title="后来的")
    while following := page.json()["next"]:
        assert f"cursor={following}" in page.headers["Link"]
        page = read(office, cursor=following, limit=1)
        seen += clocks(page)
        assert page.json()["counts"]["total"] == len(every)
    assert seen == every
    assert len(every) > 4
    refused = read(office, status=422, cursor="bm90aGluZw", limit=1).json()
    assert refused["type"] == "/problems/cursor-not-ours"
    first = read(office, limit=1).json()["next"]
    assert read(office, status=422, cursor=first, state="met").json()["type"] == "/problems/cursor-excludes"
    other = office.get("/api/v1/cases", limit=1).json()["next"]
    assert read(office, status=422, cursor=other).json()["type"] == "/problems/cursor-not-ours"


@pytest.mark.parametrize(
    "params",
    [{"state": "late"}, {"kind": "nothing"}, {"due_from": "soon"}, {"limit": 0}, {"unknown": "1"}],
)
def test_what_no_list_of_clocks_can_mean_is_refused(office: Office, params: dict[str, Any]) -> None:
    assert read(office, status=422, **params).json()["errors"]


def test_due_dates_that_end_before_they_begin_are_refused(office: Office) -> None:
    refused = read(office, status=422, due_from="2026-06-01", due_to="2026-05-31").json()
    assert refused["type"] == "/problems/due-ends-before-it-begins"
    assert refused["errors"][0]["parameter"] == "due_to"
    page = office.client.get("/clocks?due_from=2026-06-01&due_to=2026-05-31")
    assert page.status_code == 422
    assert "到期日的截止 2026-05-31 早于开始 2026-06-01" in page.text


@pytest.mark.usefixtures("two")
def test_a_unit_is_told_the_clocks_of_its_own_cases_alone(office: Office) -> None:
    own = read(office, "handling_unit")
    assert {title for title, _, _ in clocks(own)} == {"答复迟了", "还没答复"}
    office.account("zjj-1", "handling_unit", office="zjj")
    page = office.browser("zjj-1").get("/clocks")
    assert "没有符合的时限" in page.text
    assert "答复迟了" not in page.text


@pytest.mark.usefixtures("two")
def test_the_page_shows_the_clocks_and_each_count_leads_to_as_many(office: Office) -> None:
    office.catch_up()
    page = office.client.get("/clocks?as_of=2026-09-01").text
    tabs = re.findall(r'<a href="([^"]*)"[^>]*><strong class="num">(\d+)</strong>', page)
    assert len(tabs) == 7
    for url, number in tabs:
        shown = office.client.get(url.replace("&amp;", "&")).text
        assert shown.count('<th scope="row">') == int(number), url
    assert "已逾期" in page
    assert "现行规则集：cn-999900@" in page
    english = office.client.get("/clocks?lang=en&state=overdue&as_of=2026-09-01").text
    assert "Deadlines" in english
    assert "还没答复" in english


def test_pages_before_and_after_lead_through_all_clocks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.web import clocks as page_of_clocks  # noqa: PLC0415 - only this test makes pages small

    monkeypatch.setattr(page_of_clocks, "PAGE_SIZE", 4)
    for number in range(3):
        office.handed_over(title=f"第{number}件")
    office.catch_up()

    def lines(url: str) -> tuple[list[str], str | None, str | None]:
        text = office.client.get(url).text
        body = text.partition("<tbody>")[2].partition("</tbody>")[0]
        ways = {way: url.replace("&amp;", "&") for way, url in re.findall(r'rel="(prev|next)" href="([^"]*)"', text)}
        return re.findall(r"<tr>.*?</tr>", body, re.DOTALL), ways.get("prev"), ways.get("next")

    total = read(office).json()["counts"]["total"]
    first, before, onward = lines("/clocks")
    assert before is None
    seen = list(first)
    while onward is not None:
        second, before, onward = lines(onward)
        seen += second
    assert len(seen) == total
    assert before is not None
    assert office.client.get("/clocks?after=nonsense").status_code == 422


def test_while_clocks_are_not_built_yet_readers_are_told_to_try_again(office: Office, two: list[str]) -> None:
    del two
    office.catch_up()
    with office.services.pool.connection() as conn:
        conn.execute("RESET ROLE")
        conn.execute("UPDATE projection_build SET state = 'building' WHERE name = 'clocks'")
        conn.execute("SET ROLE duban_app")
    answer = office.get(CLOCKS)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/being-rebuilt")
    page = office.client.get("/clocks")
    assert page.status_code == 503
    assert "正在重建" in page.text
