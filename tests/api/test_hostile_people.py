"""What people try at the door: planted cookies, forms with more than the page has, names that are paths, floods."""

import re

import psycopg
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from adapters.identity.attempts import OF_ADDRESS
from api.web import people
from tests.api.conftest import COOKIE, JURISDICTION, PASSWORD, Office, browser
from tests.api.test_web_people import NEW, field, leads_to, post, sign_in

pytestmark = pytest.mark.database


@pytest.fixture
def admin(office: Office) -> TestClient:
    office.account("admin", "administrator")
    return office.browser("admin")


def test_a_cookie_that_was_planted_before_the_sign_in_never_becomes_a_session(office: Office) -> None:
    planted = "attacker-knows-this-" + "x" * 23
    victim = browser(office.client.app, planted)
    shown = victim.get("/login")
    assert "set-cookie" not in shown.headers, "there is no session before the sign-in"
    assert leads_to(sign_in(victim, "clerk")) == "/"
    secrets = {cookie.value for cookie in victim.cookies.jar if cookie.name == COOKIE}
    assert secrets - {planted}
    assert leads_to(browser(office.client.app, planted).get("/cases", follow_redirects=False)).startswith("/login")


def test_a_cookie_from_before_the_password_was_changed_opens_nothing(office: Office) -> None:
    client = office.browser("clerk")
    stolen = client.cookies[COOKIE]
    post(client, "/account/password", old_password=PASSWORD, new_password=NEW, repeated=NEW)
    assert leads_to(browser(office.client.app, stolen).get("/cases", follow_redirects=False)).startswith("/login")
    assert leads_to(browser(office.client.app, stolen).post("/logout", follow_redirects=False)) == "/login"


def test_an_old_password_does_not_work_beside_the_new_one(office: Office) -> None:
    client = office.browser("clerk")
    post(client, "/account/password", old_password=PASSWORD, new_password=NEW, repeated=NEW)
    assert sign_in(office.browser(), "clerk").status_code == 403
    assert leads_to(sign_in(office.browser(), "clerk", NEW)) == "/"


def posts() -> list[str]:
    """Every address that a form about people is posted to."""
    routes = [*people.router.routes, *people.open_router.routes]
    return sorted(route.path for route in routes if isinstance(route, Route) and "POST" in (route.methods or ()))


def test_every_form_about_people_refuses_a_field_that_it_does_not_have(office: Office, admin: TestClient) -> None:
    li = office.account("li")
    session = office.services.accounts.sessions(office.services.accounts.named("admin").id)[0].id
    office.services.tokens.create_own(office.services.accounts.named("clerk"), "x", 1, ["read"], by="clerk")
    (token,) = office.services.tokens.list()
    bound = {"role": "auditor", "jurisdiction": JURISDICTION}
    good = {
        "/account/password": {"old_password": PASSWORD, "new_password": NEW, "repeated": NEW},
        "/account/tokens": {"note": "x", "days": "1", "scopes": "read", "password": PASSWORD},
        "/admin/accounts": {"login": "new", "name": "新", **bound},
        "/admin/accounts/{id}/rebind": bound,
        "/login": {"login": "clerk", "password": PASSWORD},
    }
    assert len(posts()) == 13
    before = office.services.accounts.list()
    for path in posts():
        client = office.browser("clerk") if path == "/account/tokens" else admin
        asked = path.replace("{id}", session if "account/sessions" in path else li).replace("{token_id}", token.id)
        for extra in ("must_change", "disabled_at", "account_id", "is_admin", "__class__", "role[]"):
            answer = post(client, asked.replace("{session_id}", session), **good.get(path, {}), **{extra: "1"})
            assert answer.status_code == 422, (path, extra, answer.text)
    assert office.services.accounts.list() == before
    assert office.services.tokens.list() == [token]
    assert admin.get("/admin/accounts").status_code == 200


@pytest.mark.parametrize("name", ["login", "name", "role", "jurisdiction", "office", "deputy"])
def test_a_field_that_is_far_too_long_is_refused_by_its_name(office: Office, admin: TestClient, name: str) -> None:
    good = {"login": "li", "name": "李四", "role": "handling_unit", "jurisdiction": JURISDICTION, "office": "jtj"}
    for length, status in ((600, 422), (5_000, 422), (30_000, 413)):
        assert post(admin, "/admin/accounts", **good | {name: "x" * length}).status_code == status, length
    assert len(office.services.accounts.list()) == 2


@pytest.mark.parametrize(
    "login", ["../../etc/passwd", "a/b", "a?b", "a#b", "..", "%2e%2e%2f", "a\\b", "a%00b", "~root"]
)
def test_a_login_that_looks_like_a_path_is_refused_or_only_a_name(
    office: Office, admin: TestClient, login: str
) -> None:
    given = {"login": login, "name": "李四", "role": "deputy_affairs", "jurisdiction": JURISDICTION}
    made = post(admin, "/admin/accounts", **given)
    if any(sign in login for sign in "/?#"):
        assert made.status_code == 422
    else:
        password = re.search(r'<code class="secret">([^<]+)</code>', made.text)
        assert password is not None
        id = office.services.accounts.named(login).id
        assert admin.get(f"/admin/accounts/{id}").status_code == 200
        assert leads_to(sign_in(office.browser(), login, password[1])) == "/"
    assert admin.get(f"/admin/accounts/{login}").status_code in {200, 404, 405, 422}
    assert sign_in(office.browser(), login + "x").status_code == 403


def test_of_two_administrators_who_change_one_account_at_once_the_second_sees_what_the_first_did(
    office: Office, admin: TestClient
) -> None:
    id = office.account("li")
    office.account("second", "administrator")
    path, second = f"/admin/accounts/{id}", office.browser("second")
    seen = field(second.get(path).text, "seen")
    bound = {"jurisdiction": JURISDICTION}
    first = post(admin, f"{path}/rebind", role="handling_unit", office="jtj", seen=seen, **bound)
    assert leads_to(first) == f"{path}?done=rebound"
    answer = post(second, f"{path}/rebind", role="deputy", deputy="d-001", seen=seen, **bound)
    assert (answer.status_code, "已被变更" in answer.text, "市交通运输局" in answer.text) == (409, True, True)
    assert field(answer.text, "deputy") == "d-001"
    assert office.services.accounts.find(id).binding.office == "jtj"
    again = post(second, f"{path}/rebind", role="deputy", deputy="d-001", seen=field(answer.text, "seen"), **bound)
    assert leads_to(again) == f"{path}?done=rebound"
    assert post(admin, f"{path}/disable").status_code == 303
    assert leads_to(post(second, f"{path}/disable")) == f"{path}?done=unchanged"


def test_administrator_and_auditor_of_one_name_are_refused_on_the_page_too(office: Office, admin: TestClient) -> None:
    given = {"login": "shen", "name": "ａｄｍｉｎ", "role": "auditor", "jurisdiction": JURISDICTION}
    answer = post(admin, "/admin/accounts", **given)
    assert (answer.status_code, "管理帐号与审计不得为同一人" in answer.text) == (409, True)
    id = office.account("li")
    assert post(admin, f"/admin/accounts/{id}/rebind", role="auditor", jurisdiction=JURISDICTION).status_code == 303
    assert (
        post(admin, f"/admin/accounts/{id}/rebind", role="administrator", jurisdiction=JURISDICTION).status_code == 409
    )


def test_an_address_that_tries_many_logins_has_to_wait_and_others_do_not(office: Office) -> None:
    attacker = TestClient(
        office.client.app,
        base_url="https://testserver",
        client=("203.0.113.9", 40000),
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    for n in range(OF_ADDRESS):
        assert sign_in(attacker, f"guess-{n}", "wrong password").status_code == 403
    answer = sign_in(attacker, "clerk")
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)
    assert leads_to(sign_in(office.browser(), "clerk")) == "/"


def test_a_one_time_password_that_has_expired_says_so_and_the_list_shows_who_never_changed_it(
    office: Office, admin: TestClient, database: str
) -> None:
    id = office.account("li")
    office.services.accounts.reset_password(id, by="admin")
    assert re.search(r"一次性密码未修改，.* 前有效", admin.get("/admin/accounts").text)
    assert "72 小时" in post(admin, f"/admin/accounts/{id}/reset-password").text
    password = office.services.accounts.reset_password(id, by="admin")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE duban.account SET password_at = password_at - interval '73 hours' WHERE login = 'li'")
    answer = sign_in(office.browser(), "li", password)
    assert (answer.status_code, "一次性密码已经过期" in answer.text) == (403, True)
    assert "一次性密码未修改，已过期" in admin.get("/admin/accounts").text
    assert "一次性密码未修改，已过期" in admin.get(f"/admin/accounts/{id}").text
