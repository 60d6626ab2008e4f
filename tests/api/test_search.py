"""Search over HTTP, on the pages and by forms: what is found, by whom, at which moment, and what is refused."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import httpx2
import pytest

from adapters.postgres import search
from api.search import LEAST
from tests.api.conftest import Office
from tests.api.test_web_steps import filled, hidden, post

pytestmark = pytest.mark.database

SEARCH = "/api/v1/search"


def read(office: Office, path: str = SEARCH, role: str = "deputy_affairs", **params: Any) -> httpx2.Response:
    office.catch_up()
    answer = office.get(path, role, **params)
    assert answer.status_code == 200, answer.text
    return answer


def titles(answer: httpx2.Response) -> list[str]:
    return [one["title"] for one in answer.json()["found"]]


@pytest.fixture
def three(office: Office) -> list[str]:
    """One whose title says it, an older one whose reply does, and one that says nothing of it."""
    lift = office.handed_over(title="关于老旧小区加装电梯的建议", number="2026-017", body="老年人上下楼不便。")
    old = office.record(office.handed_over(title="关于住宅改造的建议"), "reply_issued", "2026-05-06", unit="jtj",
                        outcome="A", letter="已会同有关单位，在老旧小区加装电梯十二部。")  # fmt: skip
    bus = office.handed_over(title="关于增开夜间公交的建议")
    return [str(case.json()["case_id"]) for case in (lift, old, bus)]


@pytest.mark.usefixtures("three")
def test_titles_come_before_texts_with_what_was_sought_marked_and_the_step_that_says_it(office: Office) -> None:
    answer = read(office, q="电梯 小区")
    assert titles(answer) == ["关于老旧小区加装电梯的建议", "关于住宅改造的建议"]
    told = answer.json()
    assert (told["total"], told["terms"], told["next"]) == (2, ["电梯", "小区"], None)
    assert [piece["text"] for piece in told["found"][0]["marked"] if piece["sought"]] == ["小区", "电梯"]
    assert told["found"][0]["excerpt"] == []
    reply = told["found"][1]
    assert (reply["step"], reply["type"]) == (3, "suggestion.reply_issued.v1")
    assert "".join(piece["text"] for piece in reply["excerpt"]) == "已会同有关单位，在老旧小区加装电梯十二部。"
    assert told["rulebook"].startswith("cn-999900@")
    assert told["calendar"].startswith("cn@")
    assert answer.headers["Duban-Position"] == str(told["meta"]["position"])
    assert titles(read(office, q="2026-017")) == ["关于老旧小区加装电梯的建议"]
    assert titles(read(office, q="梯", unit="czj", kind="suggestion", stage="replied")) == ["关于住宅改造的建议"]


def test_what_was_said_later_or_recorded_later_is_not_found_earlier(office: Office, three: list[str]) -> None:
    now = read(office, q="十二部")
    assert [one["case_id"] for one in now.json()["found"]] == [three[1]]
    assert titles(read(office, q="十二部", as_of="2026-05-05")) == []
    head = now.json()["meta"]["position"]
    assert titles(read(office, q="十二部", position=head - 3)) == []


def test_pages_of_one_cursor_agree_whatever_is_recorded_meanwhile(office: Office, three: list[str]) -> None:
    first = read(office, q="建议", limit=2).json()
    office.handed_over(title="又一件建议")
    rest = read(office, cursor=first["next"], limit=2).json()
    found = [one["case_id"] for one in (*first["found"], *rest["found"])]
    assert sorted(found) == sorted(three)
    assert (rest["total"], rest["next"]) == (3, None)
    assert rest["meta"]["position"] == first["meta"]["position"]
    assert office.get(SEARCH, q="建议", cursor=first["next"]).status_code == 422
    assert office.get(SEARCH, cursor="x").status_code == 422
    forged = office.get("/api/v1/cases", cursor=first["next"])
    assert (forged.status_code, forged.json()["type"]) == (422, "/problems/cursor-not-ours")


@pytest.mark.usefixtures("three")
def test_of_very_many_it_is_said_how_many_there_are_at_least_and_every_page_is_there(office: Office) -> None:
    with patch.dict(vars(search), {"_MOST": 1, "_MET": 1, "_DENSE": 0}):
        answer = read(office, q="建议", limit=1).json()
        assert (answer["total"], answer["exact"]) == (3, False)
        found = [answer["found"][0]["case_id"]]
        while answer["next"]:
            answer = read(office, cursor=answer["next"], limit=1).json()
            found.append(answer["found"][0]["case_id"])
        page = office.client.get("/search", params={"q": "建议"})
    assert len(set(found)) == len(found) == 3
    assert "至少有 3 件" in page.text
    answer = read(office, q="建议").json()
    assert (answer["total"], answer["exact"], [one["case_id"] for one in answer["found"]]) == (3, True, found)
    assert "共找到 3 件" in office.client.get("/search", params={"q": "建议"}).text


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "after", ["1", "1 2026-05-06 x y", "x 2026-05-06 x", "1 9999-99-99 x", "1 0001-01-01T00:00:00+14:00 x", "\0"]
)
def test_an_address_that_is_cut_off_is_refused_or_ends_the_list(office: Office, after: str) -> None:
    office.catch_up()
    page = office.client.get("/search", params={"q": "建议", "after": after})
    assert page.status_code in {200, 422}, page.text


@pytest.mark.parametrize(
    "q",
    ["'", "' OR 1=1 --", "a:* & !b | (c)", "<-> 电梯'::tsquery", "%", "_", "\\", "梯%", "\x00梯", "$1", "%(ledger)s",
     "{}", "电梯 & 小区", "'\"'\"", "\u202e梯", "𠀀𠀁"],
)  # fmt: skip
@pytest.mark.usefixtures("three")
def test_nothing_that_is_sought_is_a_command(office: Office, q: str) -> None:
    office.catch_up()
    answer = office.get(SEARCH, q=q)
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 422:
        assert answer.json()["type"] == "/problems/nothing-to-search"
    page = office.client.get("/search", params={"q": q})
    assert page.status_code == answer.status_code


def test_too_much_is_refused_in_words(office: Office) -> None:
    assert office.get(SEARCH, q="梯" * 3_000).status_code == 422
    page = office.client.get("/search", params={"q": "梯" * 3_000})
    assert (page.status_code, "200 个字符" in page.text) == (422, True)
    assert office.get(SEARCH).json()["type"] == "/problems/nothing-to-search"


def test_nobody_finds_what_he_may_not_read_and_nothing_of_a_sealed_word_or_a_person(office: Office) -> None:
    case = office.handed_over(title="关于增开夜间公交的建议")
    case = office.record(case, "reply_issued", "2026-05-06", unit="jtj", outcome="C")
    case = office.record(case, "evaluation_submitted", "2026-05-20", role="deputy", result="dissatisfied",
                         reason="珊瑚礁")  # fmt: skip
    path = f"/api/v1/cases/{case.json()['case_id']}/steps/person_added"
    said = {"person": "p-1", "capacity": "petitioner", "name": "鹦鹉螺", "statement": "信天翁"}
    body = {"step": said, "act": {"occurred_at": "2026-05-21"}}
    added = office.post(path, body, "deputy_affairs", If_Match=case.headers["etag"])
    assert added.status_code == 200, added.text
    other = office.handed_over(title="关于增开市郊夜间公交的建议", role="deputy_affairs", lead_deputy="d-002")
    for canary in ("珊瑚礁", "鹦鹉螺", "信天翁"):
        for role in ("deputy_affairs", "handling_unit", "deputy"):
            assert read(office, role=role, q=canary).json()["total"] == 0, canary
    assert read(office, q="公交").json()["total"] == 2
    assert titles(read(office, role="deputy", q="公交")) == ["关于增开夜间公交的建议"]
    alike = f"/api/v1/cases/{case.json()['case_id']}/similar"
    assert [one["case_id"] for one in read(office, alike).json()["similar"]] == [other.json()["case_id"]]
    assert read(office, alike, role="deputy").json()["similar"] == []
    assert office.get(alike, "third_party", as_of="2026-02-01").status_code == 404


def test_what_is_alike_is_told_with_what_had_become_of_it(office: Office, three: list[str]) -> None:
    asked = {"title": "关于住宅改造工作的建议"}
    [found] = read(office, f"{SEARCH}/similar", **asked).json()["similar"]
    assert found["case_id"] == three[1]
    assert LEAST < found["score"] < 1
    assert "住宅改造" in found["words"]
    told = {name: found[name] for name in ("unit", "replied_on", "outcome", "resolved", "stage", "linked")}
    assert told == {
        "unit": "jtj", "replied_on": "2026-05-06", "outcome": "A", "resolved": True, "stage": "replied", "linked": None,
    }  # fmt: skip
    [then] = read(office, f"{SEARCH}/similar", as_of="2026-04-01", **asked).json()["similar"]
    assert (then["replied_on"], then["resolved"], then["stage"]) == (None, None, "handed_over")
    assert read(office, f"{SEARCH}/similar", as_of="2026-01-01", **asked).json()["similar"] == []
    assert read(office, f"{SEARCH}/similar", title="，。").json()["similar"] == []
    assert office.get(f"{SEARCH}/similar", title="").status_code == 422


def test_before_a_suggestion_is_submitted_its_likes_are_shown_and_nothing_is_recorded(
    office: Office, three: list[str]
) -> None:
    office.catch_up()
    before = office.stored()
    page, said = "/cases/new/suggestion.submitted", {"title": "关于老旧小区加装电梯的建议", "lead_deputy": "d-001"}
    shown = post(office.client, page, **said)
    assert (shown.status_code, office.stored()) == (200, before)
    assert "已有相似建议" in shown.text
    assert f"/cases/{three[0]}" in shown.text
    action, data = filled(office.client, page, **said)
    edited = office.client.post(action, data=data | {"do": "edit"}, follow_redirects=False)
    assert (edited.status_code, office.stored()) == (200, before)
    assert "关于老旧小区加装电梯的建议" in edited.text
    confirmed = office.client.post(action, data=data | {"do": "confirm"}, follow_redirects=False)
    assert (confirmed.status_code, office.stored()) == (303, before + 1)
    unlike = post(office.client, page, title="关于保护古树名木的建议", lead_deputy="d-001")
    assert unlike.status_code == 303


def test_the_office_links_what_is_alike_with_one_click_on_the_case_page(office: Office, three: list[str]) -> None:
    case = office.submit(role="deputy_affairs", title="关于老旧小区加装电梯的建议").json()["case_id"]
    office.catch_up()
    text = office.client.get(f"/cases/{case}").text
    form = text.partition('class="link-it"')[2]
    assert f'name="other" value="{three[0]}"' in form
    names = ("form_token", "version", "key", "act.occurred_on")
    data = {name: hidden(form, name) for name in names} | {"other": three[0], "relation": "repeat"}
    answer = office.client.post(f"/cases/{case}/steps/similar_linked", data=data, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    told = read(office, f"/api/v1/cases/{case}/similar").json()["similar"]
    assert {one["case_id"]: one["linked"] for one in told} == {three[0]: "repeat"}
    after = office.client.get(f"/cases/{case}").text
    assert "已关联：重复提出" in after
    assert 'class="link-it"' not in after


def test_whoever_may_not_link_sees_what_is_alike_on_a_page_of_its_own(office: Office, three: list[str]) -> None:
    case = office.submit(title="关于老旧小区加装电梯的建议").json()["case_id"]
    office.catch_up()
    office.account("jia1", "deputy", deputy="d-001")
    deputy = office.browser("jia1")
    text = deputy.get(f"/cases/{case}").text
    assert f'href="/cases/{case}/similar"' in text
    assert three[0] not in text
    page = deputy.get(f"/cases/{case}/similar")
    assert f'href="/cases/{three[0]}"' in page.text
    assert "link-it" not in page.text
    then = deputy.get(f"/cases/{case}/similar", params={"as_of": "2026-03-03"})
    assert "已交办" not in then.text


def test_every_page_has_a_field_to_search_at_its_own_moment(office: Office, three: list[str]) -> None:
    office.catch_up()
    page = office.client.get(f"/cases/{three[0]}", params={"as_of": "2026-04-30"}).text
    form = page.partition('class="seek"')[2].partition("</form>")[0]
    assert 'name="as_of" value="2026-04-30"' in form
    found = office.client.get("/search", params={"q": "电梯", "as_of": "2026-04-30"}).text
    assert "<mark>电梯</mark>" in found
    assert "共找到 1 件" in found
    assert office.client.get("/search").status_code == 200
    assert "没有找到" in office.client.get("/search", params={"q": "鹦鹉螺"}).text
    office.account("admin", "administrator")
    assert office.browser("admin").get("/search", params={"q": "电梯"}).status_code == 403
    assert 'class="seek"' not in office.browser("admin").get("/admin/accounts").text


def test_a_page_of_what_was_found_goes_on_where_it_ended(office: Office) -> None:
    for number in range(22):
        office.submit(title=f"第{number}件电梯建议")
    office.catch_up()
    page = office.client.get("/search", params={"q": "电梯"}).text
    following = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert page.count("<mark>电梯</mark>") == 20
    rest = office.client.get(following).text
    assert rest.count("<mark>电梯</mark>") == 2
    assert office.client.get("/search", params={"q": "电梯", "after": "x"}).status_code == 422


def test_what_is_hostile_in_a_title_is_text_where_it_is_found(office: Office) -> None:
    office.submit(title='<script>alert("电梯")</script>')
    office.catch_up()
    page = office.client.get("/search", params={"q": "电梯"}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&#34;<mark>电梯</mark>" in page
