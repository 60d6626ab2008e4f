"""The log of the accounts for auditors: what was done and refused in their jurisdiction, filtered and paged."""

import re
from datetime import UTC, datetime
from html import unescape

import psycopg
import pytest
from psycopg.types.json import Jsonb
from starlette.testclient import TestClient

from api.words import LANGUAGES
from domain.moment import day_of
from tests.api.conftest import COOKIE, Office
from tests.api.test_web_people import post, sign_in

pytestmark = pytest.mark.database

AUDIT = "/audit/accounts"


@pytest.fixture
def auditor(office: Office) -> TestClient:
    office.account("shen", "auditor")
    return office.browser("shen")


def lines(client: TestClient, **wanted: str) -> list[tuple[str, str, str]]:
    """Account, what and details of each line shown."""
    answer = client.get(AUDIT, params=wanted)
    assert answer.status_code == 200, answer.text
    rows = re.findall(r'<tr id="entry-\d+">(.*?)</tr>', answer.text, re.DOTALL)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    return [tuple(re.sub(r"<.*?>", "", unescape(row[at])) for at in (1, 2, 4)) for row in cells]  # type: ignore[misc]


def test_an_auditor_sees_what_was_done_and_changes_nothing(office: Office, auditor: TestClient) -> None:
    sign_in(office.browser(), "nobody-here", "wrong password")
    sign_in(office.browser(), "clerk", "wrong password")
    assert f'href="{AUDIT}"' in auditor.get("/cases").text
    assert [line[:2] for line in lines(auditor)] == [
        ("clerk", "登录被拒"),
        ("无此帐号", "登录被拒"),
        ("shen", "登录"),
        ("shen", "新建"),
        ("clerk", "登录"),
        ("clerk", "新建"),
    ]
    assert "/admin/accounts" not in auditor.get(AUDIT).text
    id = office.services.accounts.named("clerk").id
    for path in ("/admin/accounts", f"/admin/accounts/{id}/disable", f"/admin/accounts/{id}/rebind"):
        assert post(auditor, path, role="auditor").status_code == 403
    assert post(auditor, AUDIT).status_code == 405


def test_only_an_auditor_reads_the_auditors_page(office: Office) -> None:
    office.account("admin", "administrator")
    office.account("jia", "deputy", deputy="d-001")
    for login in ("clerk", "admin", "jia"):
        answer = office.browser(login).get(AUDIT)
        assert (answer.status_code, "只有审计员" in answer.text) == (403, True), login
    assert office.browser().get(AUDIT, follow_redirects=False).headers["location"] == "/login?next=%2Faudit%2Faccounts"


def test_denials_of_before_there_was_an_access_log_are_still_read(
    office: Office, auditor: TestClient, database: str
) -> None:
    told = {"problem": "case-not-found", "method": "GET", "route": "/cases/{case_id}", "case": "c-1", "role": "deputy"}
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO duban.account_log (done_by, what, detail) VALUES ('u-9', 'denied', %s)", (Jsonb(told),)
        )
    office.account("li", "handling_unit", office="czj")
    assert office.browser("li").get("/admin/accounts").status_code == 403
    assert lines(auditor, what="denied") == [
        ("程序令牌", "无权被拒", "没有此案；GET /cases/{case_id}；c-1"),
    ]


def test_the_log_of_a_jurisdiction_is_for_its_own_auditor(office: Office, auditor: TestClient) -> None:
    office.account("abroad", jurisdiction="jp-sangiin")
    office.account("kansa", "auditor", jurisdiction="jp-sangiin")
    there = office.browser("kansa")
    assert {line[0] for line in lines(there)} == {"abroad", "kansa"}
    assert "abroad" not in {line[0] for line in lines(auditor)}
    for client, login in ((auditor, "abroad"), (there, "clerk"), (auditor, "nobody"), (auditor, "../clerk")):
        answer = client.get(AUDIT, params={"account": login})
        assert (answer.status_code, "没有帐号" in answer.text) == (404, True), login


def test_the_log_is_filtered_by_account_by_what_happened_and_by_day(
    office: Office, auditor: TestClient, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("ALTER TABLE duban.account_log DISABLE TRIGGER account_log_is_append_only")
        owner.execute(
            "UPDATE duban.account_log l SET at = '2026-03-31T16:00Z' FROM duban.account a"
            " WHERE a.id = l.account_id AND a.login = 'clerk'"
        )
    del office
    assert [line[:2] for line in lines(auditor, account="Clerk")] == [("clerk", "登录"), ("clerk", "新建")]
    assert [line[:2] for line in lines(auditor, what="created")] == [("shen", "新建"), ("clerk", "新建")]
    assert lines(auditor, day="2026-03-31") == []
    assert "没有符合条件的记录" in auditor.get(AUDIT, params={"day": "2026-03-31"}).text
    assert [line[0] for line in lines(auditor, day="2026-04-01")] == ["clerk", "clerk"], "days are those of the place"
    today = day_of(datetime.now(UTC), "Asia/Shanghai").isoformat()
    assert [line[:2] for line in lines(auditor, account="", what="signed_in", day=today)] == [("shen", "登录")]
    for wrong in (
        {"day": "yesterday"},
        {"day": "2026-02-30"},
        {"what": "everything"},
        {"before": "0"},
        {"day": "9999-12-31"},
    ):
        assert auditor.get(AUDIT, params=wrong).status_code == 422, wrong
    assert auditor.get(AUDIT, params={"account": "x" * 101}).status_code == 422


def test_the_filtered_log_is_read_page_by_page(office: Office, auditor: TestClient) -> None:
    for _ in range(105):
        office.services.accounts.sign_out(office.services.sessions.in_force(office.secret("clerk")))  # type: ignore[arg-type]
    seen: list[str] = []
    url = f"{AUDIT}?account=clerk&what=signed_out"
    while url:
        text = auditor.get(url).text
        seen += re.findall(r'<tr id="entry-(\d+)"', text)
        url = unescape(text.partition('rel="next" href="')[2].partition('"')[0])
    assert (len(seen), len(set(seen))) == (105, 105)


def test_every_kind_of_line_is_told_in_words(office: Office, auditor: TestClient) -> None:
    accounts, tokens = office.services.accounts, office.services.tokens
    clerk = accounts.named("clerk")
    tokens.create_own(clerk, "报表", 30, ["read"], by="clerk")
    office.get("/api/v1/cases/nobody")
    for token in tokens.list():
        tokens.revoke(token.id, by="shen")
    for language in LANGUAGES:
        cookies = {"Cookie": f"lang={language}; {COOKIE}={auditor.cookies[COOKIE]}"}
        text = auditor.get(AUDIT, headers=cookies).text
        assert re.findall(r"\b(?:page|people|stage|role|title)\.\w[\w.]*", re.sub(r"<bdi>.*?</bdi>", "", text)) == []
