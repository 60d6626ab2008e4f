"""The access log of people and programs: who was refused what, who read of whom, and who reads that."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import psycopg
import pytest
import structlog
from starlette.testclient import TestClient

from adapters.access import MOST
from api.words import LANGUAGES
from domain.access import AccessFilter, AccessRow
from tests.api.conftest import COOKIE, LEAD_UNIT, Office, key
from tests.api.test_attachments import SHA256, attach
from tests.api.test_web_amending import send
from tests.api.test_web_people import post, token

pytestmark = pytest.mark.database

ACCESS, PAGE = "/api/v1/audit/access", "/audit/access"
NOBODY = "00000000-0000-4000-8000-000000000000"


def lines(office: Office, **wanted: Any) -> list[AccessRow]:
    """The oldest first."""
    return office.services.access.lines(AccessFilter(**wanted), limit=1000)[::-1]


def told(office: Office, **wanted: Any) -> list[tuple[str, str, str | None]]:
    return [(line.actor, line.code or line.kind, line.case_id) for line in lines(office, **wanted)]


def same(answer: httpx2.Response, case_id: str) -> tuple[int, str, dict[str, str]]:
    """What a client sees of an answer, without what names the request and the case."""
    request_id = answer.headers["x-request-id"]
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    text = answer.text.replace(request_id, "…").replace(case_id, "…")
    return answer.status_code, re.sub(r'name="form_token" value="\w+"', "", text), headers


# What is noted


def test_who_asks_for_a_case_that_is_not_his_is_noted_and_hears_that_there_is_none(office: Office) -> None:
    case_id = office.submit().json()["case_id"]
    office.account("li", "handling_unit", office="czj")
    page = office.browser("li")
    for path, ask in (
        (f"/cases/{case_id}", page.get),
        (f"/cases/{case_id}/compare", page.get),
        (f"/api/v1/cases/{case_id}", lambda path: office.get(path, "handling_unit")),
        (f"/api/v1/cases/{case_id}/attachments/{SHA256}", lambda path: office.get(path, "handling_unit")),
    ):
        found, missing = ask(path), ask(path.replace(case_id, NOBODY))
        assert found.status_code == 404, path
        assert same(found, case_id) == same(missing, NOBODY), path
    assert told(office) == [
        (actor, "case-not-found", case_id) for actor in ("li", "li", "u-handling_unit") for _ in "x"
    ] + [("u-handling_unit", "case-not-found", case_id)]
    assert [line.what for line in lines(office)] == [
        "GET /cases/{case_id}",
        "GET /cases/{case_id}/compare",
        "GET /api/v1/cases/{case_id}",
        "GET /api/v1/cases/{case_id}/attachments/{sha256}",
    ]
    first, *_, last = lines(office)
    assert (first.role, first.office, first.jurisdiction) == ("handling_unit", "czj", "cn-999900")
    assert (first.account_id, first.token_id) == (office.services.accounts.named("li").id, None)
    assert (last.account_id, last.token_id) == (None, office.services.tokens.list()[0].id)


def test_the_case_of_another_jurisdiction_is_noted_where_it_was_asked_for(office: Office) -> None:
    case_id = office.submit().json()["case_id"]
    answer = office.client.get(f"/api/v1/cases/{case_id}", headers=office.token("auditor", "jp-sangiin"))
    assert answer.status_code == 404
    assert [(line.jurisdiction, line.case_id) for line in lines(office)] == [("jp-sangiin", case_id)]


def test_what_somebodys_role_or_rights_do_not_let_him_do_is_noted_from_page_and_api(office: Office) -> None:
    case = office.submit()
    case_id = case.json()["case_id"]
    body = {"step": {"lead_unit": "jtj"}, "act": {"occurred_at": "2026-03-05"}}
    path = f"/api/v1/cases/{case_id}/steps/handed_over"
    assert office.post(path, body, "deputy", If_Match="*").status_code == 403
    office.account("jia", "deputy", deputy="d-001")
    browser = office.browser("jia")
    form = {"version": "1", "key": "0" * 32, "act.occurred_on": "2026-03-05", "lead_unit": "jtj"}
    assert post(browser, f"/cases/{case_id}/steps/handed_over", **form).status_code == 403
    assert browser.get("/admin/accounts").status_code == 403
    assert browser.post("/logout", data={"form_token": "0" * 64}).status_code == 403
    reading = office.services.tokens.create("u-1", "deputy_affairs", "rd", "cn-999900", "x", 1, ["read"])
    given = {"Authorization": f"Bearer {reading}", "Idempotency-Key": key(), "If-Match": "*"}
    assert office.client.post(path, json=body, headers=given).status_code == 403
    assert told(office) == [
        ("d-001", "role-may-not", case_id),
        ("d-001", "role-may-not", case_id),
        ("d-001", "for-administrators", None),
        ("d-001", "form-token-wrong", None),
        ("u-1", "token-may-only-read", case_id),
    ]
    assert lines(office)[0].what == "POST /api/v1/cases/{case_id}/steps/handed_over"


def test_an_administrator_who_asks_for_a_case_is_noted(office: Office) -> None:
    case_id = office.submit().json()["case_id"]
    office.account("admin", "administrator")
    admin = office.browser("admin")
    assert [admin.get(f"/cases/{id}").status_code for id in (case_id, NOBODY)] == [404, 404]
    assert told(office) == [("admin", "case-not-found", case_id)]


def test_a_case_that_there_is_not_and_a_request_that_is_only_wrong_are_no_lines(office: Office) -> None:
    case = office.submit()
    for asked in (NOBODY, "%00", "x%0ay", "%E2%80%AEx", "<script>", "x" * 300):
        assert office.client.get(f"/cases/{asked}").status_code == 404
        assert office.get(f"/api/v1/cases/{asked}").status_code in {404, 422}
    assert office.client.get("/nothing").status_code == 404
    assert office.client.get("/cases/new/nothing").status_code == 404
    assert office.record(case, "handed_over", "2026-03-05", lead_unit="nowhere").status_code == 422
    assert told(office) == []


def test_who_is_not_known_is_not_noted(office: Office) -> None:
    case_id = office.submit().json()["case_id"]
    nobody = office.browser()
    nobody.get(f"/cases/{case_id}")
    nobody.post("/login", data={"login": "clerk", "password": "wrong"})
    nobody.post("/login", data={"login": "clerk"}, headers={"Sec-Fetch-Site": "cross-site"})
    for given in ({}, {"Authorization": "Bearer duban_000000000000_" + "x" * 43}):
        assert office.client.get(f"/api/v1/cases/{case_id}", headers=given).status_code == 401
    assert told(office) == []


def test_nothing_of_an_address_of_a_body_or_of_what_somebody_typed_is_kept(office: Office, database: str) -> None:
    case_id = office.submit().json()["case_id"]
    office.account("li", "handling_unit", office="czj")
    page = office.browser("li")
    page.get(f"/cases/{case_id}?text=秘密词&step=秘密词")
    page.get("/audit/steps?actor=秘密词")
    page.post("/cases/秘密词/steps/秘密词", data={"form_token": "秘密词", "reason": "秘密词"})
    page.post("/admin/accounts/秘密词/disable?q=秘密词", data={"form_token": token(page), "x": "秘密词"})
    office.post("/api/v1/cases/秘密词/steps/handed_over", {"step": {"reason": "秘密词"}}, "auditor")
    assert [line.case_id for line in lines(office)] == [case_id, None, None, None, None]
    with psycopg.connect(database) as owner:
        (kept,) = owner.execute("SELECT string_agg(l::text, '') FROM duban.access_log l").fetchone() or ("",)
    assert "秘密词" not in kept
    assert "%" not in kept


def test_who_asks_for_another_ones_draft_is_noted(office: Office) -> None:
    case = office.handed_over().json()["case_id"]
    kept = send(office.client, f"/cases/{case}?step=unit_assigned", do="keep", unit="zjj").headers["location"]
    draft = kept.partition("draft=")[2].partition("#")[0]
    office.account("wang")
    other = office.browser("wang")
    for id in (draft, "0" * 24):
        assert other.get(f"/cases/{case}?step=unit_assigned&draft={id}").status_code == 404
        assert post(other, f"/drafts/{id}/discard").status_code == 404
    assert office.client.get(f"/cases/{case}?step=contact_made&draft={draft}").status_code == 404
    assert told(office) == [("wang", "no-such-draft", case), ("wang", "no-such-draft", None)]


def test_who_asks_for_a_file_that_is_sealed_for_him_is_noted(office: Office) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    case = office.record(office.handed_over(), "reply_issued", day, unit=LEAD_UNIT, outcome="B")
    case = office.record(case, "evaluation_invited", day)
    case = office.record(case, "evaluation_submitted", day, "deputy", result="dissatisfied")
    case = attach(office, case, "deputy", kind="evidence", about=case.json()["version"])
    assert case.status_code == 200, case.text
    case_id = case.json()["case_id"]
    place = f"/api/v1/cases/{case_id}/attachments/"
    assert office.get(place + SHA256, "deputy").status_code == 200
    assert [office.get(place + file, "handling_unit").status_code for file in (SHA256, "0" * 64)] == [404, 404]
    assert told(office) == [("u-handling_unit", "no-such-attachment", case_id)]


def test_each_case_that_is_refused_among_many_is_noted(office: Office) -> None:
    case_id = office.submit().json()["case_id"]
    cases = [{"case_id": id} for id in (case_id, NOBODY)]
    body = {"step": {"lead_unit": "jtj"}, "act": {"occurred_at": "2026-03-05"}, "cases": cases}
    given = office.token("deputy_affairs", "jp-sangiin") | {"Idempotency-Key": key()}
    answer = office.client.post("/api/v1/bulk/handed_over", json=body, headers=given)
    assert [row["problem"]["status"] for row in answer.json()["rows"]] == [404, 404]
    office.account("tanaka", jurisdiction="jp-sangiin")
    browser = office.browser("tanaka")
    form = {"form_token": token(browser), "case": [case_id, NOBODY]}
    assert browser.post("/bulk/hand_over", data=form).status_code == 200
    assert browser.post("/bulk/hand_over", data=form | {"go": "check", "lead_unit": "x"}).status_code == 200
    assert told(office) == [(actor, "case-not-found", case_id) for actor in ("u-deputy_affairs", "tanaka", "tanaka")]


def test_a_refusal_that_cannot_be_noted_is_a_refusal_all_the_same(office: Office, database: str) -> None:
    case_id = office.submit().json()["case_id"]
    office.account("li", "handling_unit", office="czj")
    page = office.browser("li")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("ALTER TABLE duban.access_log RENAME TO elsewhere")
    with structlog.testing.capture_logs() as logged:
        assert page.get(f"/cases/{case_id}").status_code == 404
        assert page.get("/admin/accounts").status_code == 403
        assert office.get(f"/api/v1/cases/{case_id}", "handling_unit").status_code == 404
    assert [line["event"] for line in logged if line["log_level"] == "error"] == ["refusal not noted"] * 3


def test_of_somebody_who_does_not_stop_the_log_tells_how_often(office: Office, database: str) -> None:
    office.account("li", "handling_unit", office="czj")
    page = office.browser("li")
    for _ in range(MOST + 15):
        assert page.get("/admin/accounts").status_code == 403
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE duban.access_minute SET minute = minute - interval '1 minute'")
    assert sum(line.left_out or 1 for line in lines(office)) == MOST + 15


# Who reads it


@pytest.fixture
def auditor(office: Office) -> TestClient:
    office.account("shen", "auditor")
    return office.browser("shen")


def noted(office: Office) -> str:
    """The case that a unit was refused; a clerk read of a person."""
    case_id = str(office.submit(number="2026-001").json()["case_id"])
    office.get(f"/api/v1/cases/{case_id}", "handling_unit")
    clerk = office.services.accounts.named("clerk").principal
    office.services.access.read(
        clerk, "GET /cases/{case_id}", "p-7", ["答复", "回访"], case_id=case_id, occasion="来访"
    )
    office.catch_up()
    return case_id


def test_an_auditor_reads_the_log_by_person_kind_case_and_day(office: Office) -> None:
    case_id = noted(office)

    def asked(**wanted: object) -> list[str]:
        answer = office.get(ACCESS, "auditor", **wanted)
        assert answer.status_code == 200, answer.text
        return [line["actor"] for line in answer.json()["lines"]]

    read, refused = office.get(ACCESS, "auditor").json()["lines"]
    assert (read["kind"], read["person"], read["purposes"], read["occasion"]) == (
        "read",
        "p-7",
        ["答复", "回访"],
        "来访",
    )
    assert (refused["kind"], refused["code"], refused["case_id"]) == ("refused", "case-not-found", case_id)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    assert asked(actor="clerk") == asked(kind="read") == ["clerk"]
    assert asked(case=case_id, since=today, until=today) == ["clerk", "u-handling_unit"]
    assert asked(until=today - timedelta(days=1)) == asked(since=date(2099, 1, 1)) == asked(case=NOBODY) == []
    for wrong in ({"kind": "all"}, {"since": "soon"}, {"who": "x"}, {"before": 0}):
        assert office.get(ACCESS, "auditor", **wrong).status_code == 422, wrong


def test_the_log_has_pages_and_goes_out_whole(office: Office, auditor: TestClient) -> None:
    clerk = office.services.accounts.named("clerk").principal
    for i in range(205):
        office.services.access.read(clerk, "GET /", f"p-{i}", ["x"])
    seen, path = [], f"{ACCESS}?kind=read"
    while path:
        answer = office.client.get(path, headers=office.token("auditor")).json()
        seen += [line["number"] for line in answer["lines"]]
        path = answer["next"]
    assert seen == [*range(205, 0, -1)]
    shown, url = [], f"{PAGE}?kind=read"
    while url:
        text = auditor.get(url).text
        shown += [int(number) for number in re.findall(r'<tr id="line-(\d+)"', text)]
        url = unescape(text.partition('rel="next" href="')[2].partition('"')[0])
    assert shown == seen
    whole = auditor.get(f"{PAGE}/export?format=csv&kind=read").content.decode("utf-8-sig")
    assert [int(row[0]) for row in list(csv.reader(io.StringIO(whole, newline="")))[1:]] == seen
    assert auditor.get(f"{PAGE}/export?kind=read").content.startswith(b"PK")


def test_the_log_is_for_auditors_and_of_their_jurisdiction(office: Office) -> None:
    noted(office)
    for role, status in (("deputy", 403), ("handling_unit", 403), ("deputy_affairs", 403), ("auditor", 200)):
        assert office.get(ACCESS, role).status_code == status, role
    stranger = office.client.get(ACCESS, headers=office.token("auditor", "jp-sangiin")).json()
    assert stranger == {"lines": [], "next": None}
    office.account("jtj-1", "handling_unit", office="jtj")
    office.account("admin", "administrator")
    for login in ("jtj-1", "admin"):
        for path in (PAGE, f"{PAGE}/export"):
            assert office.browser(login).get(path).status_code == 403
    codes = {(line.actor, line.code) for line in lines(office)}
    assert {("jtj-1", "for-auditors"), ("admin", "for-auditors")} <= codes


def test_an_auditor_finds_the_log_beside_the_trail_and_the_case_that_was_asked_for(
    office: Office, auditor: TestClient
) -> None:
    case_id = noted(office)
    for path in ("/cases", "/audit/steps"):
        assert f'href="{PAGE}"' in auditor.get(path).text
    text = auditor.get(f"{PAGE}?case={case_id}", headers={"Accept-Language": "zh"}).text
    assert text.count(f'<a href="/cases/{case_id}"><bdi>2026-001</bdi></a>') == 2
    for words in ("案件与其无关", "查阅个人信息", "p-7", "答复、回访", "来访", "GET /api/v1/cases/{case_id}"):
        assert words in unescape(text), words
    none = auditor.get(f"{PAGE}?case=none", headers={"Accept-Language": "zh"})
    assert "没有符合条件的记录" in none.text
    assert auditor.get(f"{PAGE}?since=soon").status_code == 422


def test_every_line_is_told_in_words_of_both_languages(office: Office, auditor: TestClient, database: str) -> None:
    noted(office)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO duban.access_log (jurisdiction, actor, role, office, kind, left_out)"
            " VALUES ('cn-999900', 'li', 'deputy_affairs', 'rd', 'left_out', 170)"
        )
    for language in LANGUAGES:
        text = auditor.get(PAGE, headers={"Cookie": f"lang={language}; {COOKIE}={auditor.cookies[COOKIE]}"}).text
        assert "170" in text
        assert (
            re.findall(r"\b(?:access|export|page|role|title|trail)\.\w[\w.]*", re.sub("<bdi>.*?</bdi>", "", text)) == []
        )
