"""The work list: what waits for somebody, on the page, in the API and on the command line."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from starlette.testclient import TestClient

from api.web import worklist
from domain.case import Role
from domain.cases import suggestion as s
from domain.cases.supervision.opinion import OpinionsAdopted, OpinionsCollated
from domain.rectification import OpinionsHandedOver
from tests.api.conftest import Office
from tests.api.story import Story
from tests.api.test_web import Links, leads, read, without_own_scripts

pytestmark = pytest.mark.database


@pytest.fixture
def told(office: Office) -> Office:
    """An office with suggestions in every state, and hostile ones."""
    story = Story(office.services.docket)
    story.everything()
    story.each_state()
    story.hostile()
    near = story.open("2026-08-21", "关于增设校车的建议", number="2026-030", session="市十届人大五次会议")
    story.record(near, "2026-08-28", s.HandedOver(lead_unit="jyj"))
    story.record(near, "2026-09-01", s.SignedFor(unit="jyj"))
    story.record(near, "2026-09-02", s.ExtensionRequested(unit="jyj", until=date(2027, 1, 5), reason="面广"))
    office.catch_up()
    return office


def cell(row: str, label: str) -> str:
    """The text of a row's cell under a heading."""
    text = re.sub("<[^>]+>", "", row.partition(f'data-label="{label}">')[2].partition("</td>")[0])
    return " ".join(unescape(text).split())


def listed(browser: TestClient, url: str) -> list[tuple[str, str]]:
    """Number and step of everything on a work list, over all its pages."""
    found: list[tuple[str, str]] = []
    while True:
        answer = browser.get(url, headers={"Accept-Language": "zh-CN"})
        assert answer.status_code == 200, answer.text
        rows = answer.text.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
        found += [(cell(row, "编号"), cell(row, "待办事项")) for row in rows]
        url = leads(answer.text, 'rel="next"')
        if not url:
            return found


@pytest.mark.parametrize("role", [
    "deputy_affairs", "general_office", "special_committee", "party_committee", "government_office", "handling_unit",
    "deputy",
])  # fmt: skip
def test_who_has_work_begins_with_the_work_list(office: Office, role: str) -> None:
    office.account(
        "somebody", role, **{"handling_unit": {"office": "jtj"}, "deputy": {"deputy": "d-001"}}.get(role, {})
    )
    answer = office.browser("somebody").get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/work")


@pytest.mark.parametrize("role", ["auditor", "chairmen_meeting", "third_party", "party_group"])
def test_who_has_none_begins_with_the_case_list_and_is_told_why_the_other_is_empty(office: Office, role: str) -> None:
    office.account("somebody", role)
    browser = office.browser("somebody")
    assert browser.get("/", follow_redirects=False).headers["location"] == "/cases"
    text = browser.get("/work", headers={"Accept-Language": "zh-CN"}).text
    assert "案件不会等待您的身份办理" in text
    assert 'href="/work"' not in text.partition("</nav>")[0]


def test_an_empty_work_list_says_so(office: Office) -> None:
    text = read(office, "/work")
    assert "没有待办" in text
    assert "批量" not in text


def test_a_unit_finds_what_waits_for_it_nearest_first_and_is_one_click_from_doing_it(told: Office) -> None:
    told.account("jyj-1", "handling_unit", office="jyj")
    unit = told.browser("jyj-1")
    assert listed(unit, "/work") == [("2026-029", "签收"), ("2026-030", "答复")]
    text = unit.get("/work").text
    assert "overdue" in text
    (do,) = [url for url in Links(text).to("/cases/") if "reply_issued" in url]
    form = unit.get(unescape(do))
    assert 'action="' in form.text.partition('class="step-form"')[2]
    assert "批量" not in text
    past = unit.get("/work?as_of=2026-08-27", headers={"Accept-Language": "zh-CN"}).text
    assert "?step=" not in past, "nothing is done in the past"
    assert listed(unit, "/work?as_of=2026-08-27") == [("2026-029", "签收")]


def test_a_deputy_finds_his_own(told: Office) -> None:
    told.account("jia", "deputy", deputy="d-002")
    assert listed(told.browser("jia"), "/work") == [], "what was handed over needs no confirmation any more"
    told.account("yi", "deputy", deputy="d-005")
    assert listed(told.browser("yi"), "/work?as_of=2026-11-01") == []


def test_what_a_unit_asked_waits_for_both_dispatchers(told: Office) -> None:
    told.account("gov", "government_office")
    for browser in (told.client, told.browser("gov")):
        assert ("2026-030", "同意延期 市教育局") in listed(browser, "/work")


def test_every_count_is_the_length_of_the_list_behind_it(told: Office) -> None:
    for query in ("", "?as_of=2026-11-10", "?light=overdue", "?step=suggestion.unit_urged.v1", "?text=电梯"):
        text = read(told, f"/work{query}")
        lights = re.findall(r'<a href="([^"]+)"[^>]*><strong class="num">(\d+)</strong>', text)
        steps = re.findall(r'<a href="([^"]+)">[^<]+ <span class="num">(\d+)</span></a>', text)
        assert len(lights) == 5
        for url, number in lights + steps:
            assert len(listed(told.client, unescape(url))) == int(number), url


def test_filters_in_the_address_choose_what_they_name(told: Office) -> None:
    def numbers(query: str) -> set[str]:
        return {number for number, _ in listed(told.client, f"/work?{query}")}

    assert numbers("unit=hbj") == {"2026-017"}
    assert numbers("session=市十届人大五次会议") == {"2026-001", "2026-030"}
    assert numbers("text=校车&step=suggestion.extension_granted.v1") == {"2026-030"}
    assert numbers("kind=unit") == set()
    assert "2026-041" in numbers("step=suggestion.reviewed.v1")
    for query in ("light=red", "after=x", "before=W10", "as_of=yesterday"):
        assert told.client.get(f"/work?{query}").status_code == 422, query
    assert told.client.get("/work?step=nothing").status_code == 404
    assert told.client.get("/work?kind=nothing").status_code == 404


def test_pages_show_each_thing_once_forwards_and_back(told: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = listed(told.client, "/work")
    monkeypatch.setattr(worklist, "PAGE_SIZE", 2)
    assert listed(told.client, "/work") == whole
    url, last = "/work", ""
    while url:
        last, url = url, leads(read(told, url), 'rel="next"')
    back: list[str] = []
    while last:
        text = read(told, last)
        page = text.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
        back = [cell(row, "编号") for row in page] + back
        last = leads(text, 'rel="prev"')
    assert [number for number, _ in whole] == back


def test_no_text_of_a_case_becomes_a_tag(told: Office) -> None:
    text = read(told, "/work")
    assert "<script" not in without_own_scripts(text)
    assert "&lt;script&gt;" in text


def test_the_api_tells_the_same_and_its_pages_agree(told: Office) -> None:
    whole = told.get("/api/v1/work", limit=200).json()
    on_page = listed(told.client, "/work")
    assert [row["number"] or "—" for row in whole["work"]] == [number for number, _ in on_page]
    assert whole["counts"]["total"] == len(on_page)
    found, answer = [], told.get("/api/v1/work", limit=2)
    while True:
        found += answer.json()["work"]
        if not (following := answer.json()["next"]):
            break
        assert following in answer.headers["link"]
        answer = told.get("/api/v1/work", limit=2, cursor=following)
    assert found == whole["work"]
    late = told.get("/api/v1/work", light="overdue").json()
    assert {row["number"] for row in late["work"]} >= {"2026-017"}
    assert late["counts"]["total"] == late["counts"]["overdue"] == len(late["work"])
    urge = next(row for row in late["work"] if row["number"] == "2026-017" and row["part"] == "hbj")
    assert (urge["step"], urge["who"]) == ("suggestion.unit_urged.v1", "deputy_affairs")
    assert urge["since"].startswith("2026-05-11T16:00"), "since the hand-over, as the ledger's zone tells"


def test_a_cursor_is_good_for_its_own_list_and_reader_alone(told: Office) -> None:
    of_work = told.get("/api/v1/work", limit=1).json()["next"]
    of_cases = told.get("/api/v1/cases", limit=1).json()["next"]
    for path, cursor in (("cases", of_work), ("work", of_cases), ("work", "x"), ("work", of_work[:-2])):
        assert told.get(f"/api/v1/{path}", cursor=cursor).status_code == 422
    assert told.get("/api/v1/work", cursor=of_work, light="soon").json()["type"] == "/problems/cursor-excludes"
    elsewhere = told.client.get(f"/api/v1/work?cursor={of_work}", headers=told.token("deputy_affairs", "jp-sangiin"))
    assert elsewhere.status_code == 422
    unit = told.get("/api/v1/work", role="handling_unit", cursor=of_work)
    assert unit.status_code == 200
    assert {row["who"] for row in unit.json()["work"]} <= {"handling_unit:jtj"}, "it is his own work that he is shown"


def test_bad_parameters_of_the_api_are_refused(office: Office) -> None:
    for params in ({"light": "red"}, {"step": "nothing"}, {"kind": "nothing"}, {"limit": 0}, {"colour": "red"}):
        answer = office.get("/api/v1/work", **params)
        assert answer.status_code == 422, params
        assert answer.json()["errors"][0]["parameter"] in params


def test_a_row_says_since_when_it_has_waited_without_a_break(told: Office) -> None:
    row = told.get("/api/v1/work", text="校车", step="suggestion.extension_granted.v1").json()["work"][0]
    assert row["since"] == "2026-09-01T16:00:00+00:00"
    assert "2026-09-02" in read(told, "/work?text=校车&step=suggestion.extension_granted.v1")


def test_a_special_committee_and_the_office_find_the_opinions_that_a_unit_has_not_reported_on(office: Office) -> None:
    story, docket = Story(office.services.docket), office.services.docket
    said = {"jurisdiction": "cn-999900", "time_zone": "Asia/Shanghai", "title": "养老服务审议意见", "number": "审1"}
    opening = OpinionsCollated.model_validate(said | {"kind": "deliberation", "text": "补齐社区设施。"})
    case_id = docket.open(opening, story.act("2026-03-02", Role.SPECIAL_COMMITTEE)).case_id
    story.record(case_id, "2026-03-03", OpinionsAdopted())
    office.catch_up()
    office.account("zmwyh", "special_committee")
    committee = office.browser("zmwyh")
    assert listed(committee, "/work") == listed(office.client, "/work") == [("审1", "交办")]
    story.record(case_id, "2026-03-05", OpinionsHandedOver(unit="jtj", due_on=date(2026, 6, 1)))
    office.catch_up()
    overdue = ("审1", "提交办理情况报告 市交通运输局")
    for browser in (committee, office.client):
        assert listed(browser, "/work?as_of=2026-06-01") == [], "on its last day it is not overdue"
        assert listed(browser, "/work?as_of=2026-06-02") == [overdue]
        text = browser.get("/work", headers={"Accept-Language": "zh-CN"}).text
        (do,) = [url for url in Links(text).to("/cases/") if "report_submitted" in url]
        assert 'class="step-form"' in browser.get(unescape(do)).text
