"""Tokens that people make for themselves: shown once, never more than their account, revoked by them and for them."""

import re

import httpx2
import psycopg
import pytest
from starlette.testclient import TestClient

from domain.account import Asked
from tests.api.conftest import JURISDICTION, PASSWORD, Office
from tests.api.test_standing import own_token, within_a_second
from tests.api.test_web_people import field, leads_to, post

pytestmark = pytest.mark.database

GOOD = {"note": "每周报表", "scopes": "both", "days": "30", "password": PASSWORD}


def made(client: TestClient, **given: str) -> str:
    """A new token, as the page shows it once."""
    answer = post(client, "/account/tokens", **GOOD | given)
    assert answer.status_code == 200, answer.text
    found = re.search(r'<code class="secret">(duban_[^<]+)</code>', answer.text)
    assert found is not None
    return found[1]


def cases(office: Office, token: str) -> httpx2.Response:
    return office.client.get("/api/v1/cases", headers={"Authorization": f"Bearer {token}"})


def problem(answer: httpx2.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def test_a_token_is_shown_once_listed_used_and_revoked(office: Office) -> None:
    token = made(office.client)
    listed = office.client.get("/account").text
    assert token.split("_", 2)[2] not in listed
    assert "每周报表" in listed
    case = office.submit()
    assert cases(office, token).status_code == 200
    header = {"Authorization": f"Bearer {token}", "Idempotency-Key": "hand-over", "If-Match": "*"}
    step = {"step": {"lead_unit": "jtj"}, "act": {"occurred_at": "2026-03-05"}}
    path = f"/api/v1/cases/{case.json()['case_id']}"
    assert office.client.post(f"{path}/steps/handed_over", json=step, headers=header).status_code == 200
    assert office.services.docket.case_file(case.json()["case_id"]).history[-1].act.actor == "clerk"
    (revoke,) = re.findall(r'action="(/account/tokens/[0-9a-f]{12}/revoke)"', listed)
    assert leads_to(post(office.client, revoke)) == "/account?done=token_revoked"
    assert post(office.client, revoke).status_code == 404
    assert (cases(office, token).status_code, problem(cases(office, token))) == (401, "token-invalid")
    assert "已撤销" in office.client.get("/account").text


def test_a_token_for_reading_only_and_one_that_has_expired(office: Office, database: str) -> None:
    token = made(office.client, scopes="read")
    assert cases(office, token).status_code == 200
    header = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    assert problem(office.client.post("/api/v1/cases", json={}, headers=header)) == "token-may-only-read"
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE duban.token SET expires_at = now() - interval '1 second'")
    within_a_second(lambda: cases(office, token).status_code, 401)
    assert "已过期" in office.client.get("/account").text


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"password": "wrong password"}, "password"),
        ({"password": ""}, "password"),
        ({"days": "0"}, "days"),
        ({"days": "367"}, "days"),
        ({"days": "9" * 30}, "days"),
        ({"days": "soon"}, "days"),
        ({"scopes": "everything"}, "scopes"),
        ({"note": ""}, "note"),
        ({"note": "\u202e"}, "note"),
        ({"note": "长" * 501}, "note"),
        ({"role": "administrator"}, "role"),
        ({"account": "admin"}, "account"),
    ],
)
def test_a_token_that_cannot_be_says_why_and_is_not_made(office: Office, given: dict[str, str], wrong: str) -> None:
    answer = post(office.client, "/account/tokens", **GOOD | given)
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), answer.text
    if wrong in GOOD:
        assert re.search(rf'id="{wrong}"[^>]*aria-invalid="true"', answer.text), answer.text
    if wrong != "note":
        assert field(answer.text, "note") == "每周报表"
    assert PASSWORD not in answer.text
    assert office.services.tokens.list() == []


def test_a_token_follows_its_account(office: Office) -> None:
    id = office.account("li")
    token = made(office.browser("li"))
    accounts = office.services.accounts
    for role, bound, said in (
        ("handling_unit", {"office": "jtj"}, None),
        ("auditor", {}, "token-beyond-account"),
        ("deputy", {"deputy": "d-001"}, None),
    ):
        accounts.rebind(id, asked(role, **bound), by="admin")
        within_a_second(lambda: cases(office, token).json().get("type"), said and f"/problems/{said}")
    accounts.disable(id, by="admin")
    within_a_second(lambda: cases(office, token).status_code, 401)


def asked(role: str, **bound: str) -> Asked:
    return Asked(role=role, jurisdiction=JURISDICTION, **bound)


def test_the_token_of_somebody_who_becomes_administrator_reaches_nothing(office: Office) -> None:
    id = office.account("li")
    header = own_token(office, "li")
    case_id = office.submit().json()["case_id"]
    office.services.accounts.rebind(id, asked("administrator"), by="admin")
    paths = ("/api/v1/cases", f"/api/v1/cases/{case_id}", "/api/v1/cases/export", f"/api/v1/cases/{case_id}/steps")
    within_a_second(lambda: office.client.get(paths[0], headers=header).status_code, 403)
    for path in paths:
        assert problem(office.client.get(path, headers=header)) == "token-beyond-account", path


def test_an_administrator_makes_no_token_of_his_own(office: Office) -> None:
    office.account("admin", "administrator")
    admin = office.browser("admin")
    assert "/account/tokens" not in admin.get("/account").text
    answer = post(admin, "/account/tokens", **GOOD)
    assert (answer.status_code, "不查看案件" in answer.text) == (403, True)
    assert office.services.tokens.list() == []


def test_an_auditor_makes_tokens_for_reading_only(office: Office) -> None:
    office.account("shen", "auditor")
    auditor = office.browser("shen")
    assert re.findall(r'<option value="(read|record|both)"', auditor.get("/account").text) == ["read"]
    assert post(auditor, "/account/tokens", **GOOD).status_code == 422
    assert cases(office, made(auditor, scopes="read")).status_code == 200


def test_an_administrator_sees_and_revokes_the_tokens_of_an_account(office: Office) -> None:
    office.account("admin", "administrator")
    admin, token = office.browser("admin"), made(office.client)
    path = f"/admin/accounts/{office.services.accounts.named('clerk').id}"
    shown = admin.get(path).text
    assert "每周报表" in shown
    assert token.split("_", 2)[2] not in shown
    revoke = f"{path}/tokens/{token.split('_')[1]}/revoke"
    assert post(office.client, revoke).status_code == 403
    assert leads_to(post(admin, revoke)) == f"{path}?done=token_revoked"
    assert cases(office, token).status_code == 401
    for id in ("0" * 12, "%00", "..%2f", "x"):
        assert post(admin, f"{path}/tokens/{id}/revoke").status_code == 404


def test_nobody_revokes_anothers_token(office: Office) -> None:
    office.account("li")
    token = made(office.client)
    for path in (f"/account/tokens/{token.split('_')[1]}/revoke", "/account/tokens/%00/revoke"):
        assert post(office.browser("li"), path).status_code == 404
    assert cases(office, token).status_code == 200


def test_whoever_guesses_at_the_password_of_a_token_is_locked_out(office: Office) -> None:
    for _ in range(5):
        assert post(office.client, "/account/tokens", **GOOD | {"password": "wrong password"}).status_code == 422
    assert post(office.client, "/account/tokens", **GOOD).status_code == 429
    assert office.services.tokens.list() == []
