"""Signing in and out, one's own account, the administrator's pages: what they do, and what they refuse to others."""

import re
from html import unescape

import httpx2
import psycopg
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from adapters.identity.attempts import MINUTES, OF_ACCOUNT
from api.web import people
from api.web.forms import MOST
from api.web.pages import OpenPageRoute, PageRoute
from api.words import LANGUAGES
from tests.api.conftest import COOKIE, PASSWORD, Office, browser
from tests.api.story import Story

pytestmark = pytest.mark.database

NEW = "another sentence"


def field(text: str, name: str) -> str:
    """The value of a form's field."""
    match = re.search(rf'name="{name}"[^>]*? value="([^"]*)"', text)
    assert match is not None, text
    return unescape(match[1])


def token(client: TestClient, path: str = "/account") -> str:
    """What a form of the client's session carries."""
    return field(client.get(path).text, "form_token")


def post(client: TestClient, path: str, **fields: str) -> httpx2.Response:
    """Post a form of the client's session."""
    return client.post(path, data={"form_token": token(client), **fields}, follow_redirects=False)


def sign_in(client: TestClient, login: str, password: str = PASSWORD, **fields: str) -> httpx2.Response:
    return client.post("/login", data={"login": login, "password": password, **fields}, follow_redirects=False)


def leads_to(answer: httpx2.Response) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.fixture
def nobody(office: Office) -> TestClient:
    return office.browser()


@pytest.fixture
def admin(office: Office) -> TestClient:
    office.account("admin", "administrator")
    return office.browser("admin")


# Who is not signed in


def test_every_page_but_the_open_ones_leads_to_the_sign_in(nobody: TestClient) -> None:
    for path, onward in (
        ("/", "/login"),
        ("/cases", "/login?next=%2Fcases"),
        ("/cases?text=幼儿园&state=overdue", None),
        ("/cases/x", "/login?next=%2Fcases%2Fx"),
        ("/account", "/login?next=%2Faccount"),
        ("/admin/accounts", "/login?next=%2Fadmin%2Faccounts"),
        ("/admin/log", "/login?next=%2Fadmin%2Flog"),
    ):
        answer = nobody.get(path, follow_redirects=False)
        assert leads_to(answer).startswith(onward or "/login?next=%2Fcases%3Ftext%3D%25E5"), path
    for path in ("/login", "/problems", "/problems/not-found", "/docs", "/healthz", "/readyz", "/static/app.css"):
        assert nobody.get(path, follow_redirects=False).status_code == 200, path


def test_a_page_is_open_only_if_it_is_meant_to_be(office: Office) -> None:
    found = [route for route in office.client.app.routes if isinstance(route, Route)]  # type: ignore[attr-defined]
    without_a_page = {"/healthz", "/readyz", "/docs", "/openapi.json"}
    pages = [route for route in found if not route.path.startswith("/api/v1/") and route.path not in without_a_page]
    assert {route.path for route in pages if not isinstance(route, PageRoute)} == set()
    assert {route.path for route in pages if isinstance(route, OpenPageRoute)} == {
        "/log",
        "/log/checkpoint",
        "/log/checkpoint.svg",
        "/log/fork",
        "/log/key",
        "/log/timestamp",
        "/login",
        "/problems",
        "/problems/{id}",
    }
    assert len(pages) > 15


def test_nobody_posts_anything_but_the_sign_in(nobody: TestClient) -> None:
    for path in (
        "/logout",
        "/account/password",
        "/account/sessions/0/end",
        "/admin/accounts",
        "/admin/accounts/0/disable",
    ):
        assert leads_to(nobody.post(path, data={"login": "x"}, follow_redirects=False)) == "/login", path


def test_whoever_signs_in_comes_to_the_page_that_was_asked_for(office: Office, nobody: TestClient) -> None:
    asked = nobody.get("/cases?text=幼儿园")
    onward = field(asked.text, "next")
    assert "幼儿园" in nobody.get(leads_to(sign_in(nobody, "clerk", next=onward))).text
    assert leads_to(nobody.get("/login?next=/account", follow_redirects=False)) == "/account"
    assert "clerk" in nobody.get("/nothing", headers={"Accept": "text/html"}).text
    del office


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "/\t/elsewhere.example",
        "\\\\elsewhere.example",
        "/%0d%0aSet-Cookie:x=y\r\n",
        "javascript:alert(1)",
        "elsewhere",
        "/login",
        "/logout",
        "/" + "x" * 2_001,
    ],
)
def test_the_way_on_never_leads_to_another_site(office: Office, nobody: TestClient, elsewhere: str) -> None:
    shown = nobody.get("/login", params={"next": elsewhere})
    assert 'name="next"' not in shown.text
    answer = sign_in(nobody, "clerk", next=elsewhere)
    assert answer.status_code == 422 if len(elsewhere) > 2_001 else leads_to(answer) == "/"
    del office


# The cookie


def test_the_cookie_is_for_this_host_through_https_and_no_script(office: Office, nobody: TestClient) -> None:
    cookie = next(c for c in sign_in(nobody, "clerk").headers.get_list("set-cookie") if c.startswith(f"{COOKIE}="))
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "Max-Age" not in cookie
    del office


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_on_this_machine_itself_a_plain_cookie_does(office: Office, host: str) -> None:
    client = TestClient(office.client.app, base_url=f"http://{host}", headers={"Sec-Fetch-Site": "same-origin"})
    cookie = sign_in(client, "clerk").headers["set-cookie"]
    assert cookie.startswith("duban=")
    assert "Secure" not in cookie
    assert {"HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))


def test_a_password_is_not_taken_through_plain_http_from_elsewhere(office: Office) -> None:
    client = TestClient(office.client.app, base_url="http://duban.example", headers={"Sec-Fetch-Site": "same-origin"})
    answer = sign_in(client, "clerk")
    assert (answer.status_code, "https" in answer.text) == (403, True)
    assert "set-cookie" not in answer.headers
    client.cookies.set("duban", office.secret("clerk"))
    assert leads_to(client.get("/cases", follow_redirects=False)).startswith("/login")


def test_signing_in_again_is_another_session_and_ends_the_one_before(office: Office, nobody: TestClient) -> None:
    sign_in(nobody, "clerk")
    before = nobody.cookies[COOKIE]
    sign_in(nobody, "clerk")
    assert nobody.cookies[COOKIE] != before
    stolen = browser(office.client.app, before)
    assert leads_to(stolen.get("/cases", follow_redirects=False)).startswith("/login")


@pytest.mark.parametrize("planted", ["x" * 43, "", "%E7", "a" * 10_000])
def test_a_secret_from_elsewhere_opens_nothing(nobody: TestClient, planted: str) -> None:
    answer = nobody.get("/cases", headers={"Cookie": f"{COOKIE}={planted}"}, follow_redirects=False)
    assert leads_to(answer) == "/login?next=%2Fcases"


# Signing in and out


def test_a_wrong_password_an_unknown_login_and_a_disabled_account(office: Office, nobody: TestClient) -> None:
    wrong, unknown = sign_in(nobody, "clerk", "wrong password"), sign_in(nobody, "nobody-here", "wrong password")
    said = re.compile(r'role="alert">(.*?)</p>')
    assert (wrong.status_code, unknown.status_code) == (403, 403)
    assert said.findall(wrong.text) == said.findall(unknown.text) != []
    assert field(wrong.text, "login") == "clerk"
    assert "wrong password" not in wrong.text
    office.services.accounts.disable(office.services.accounts.named("clerk").id, by="test")
    disabled = sign_in(nobody, "clerk")
    assert (disabled.status_code, "已停用" in disabled.text) == (403, True)


def test_too_many_failures_are_answered_with_how_long_to_wait(office: Office, nobody: TestClient) -> None:
    for _ in range(OF_ACCOUNT):
        assert sign_in(nobody, "clerk", "wrong password").status_code == 403
    answer = sign_in(nobody, "clerk")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60 * MINUTES
    assert f"请等待 {MINUTES} 分钟" in answer.text
    assert "set-cookie" not in answer.headers
    del office


def test_a_flood_of_sign_ins_is_asked_to_wait_and_leaves_the_pages_alone(
    office: Office, nobody: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "WAITING", 0)
    answer = sign_in(nobody, "clerk")
    assert (answer.status_code, "正在登录的人太多" in answer.text) == (503, True)
    assert office.client.get("/cases").status_code == 200


def test_signing_out_ends_the_session_everywhere(office: Office) -> None:
    secret = office.secret("clerk")
    client, copy = browser(office.client.app, secret), browser(office.client.app, secret)
    assert copy.get("/cases").status_code == 200
    answer = post(client, "/logout")
    assert leads_to(answer) == "/login?done=signed_out"
    assert f'{COOKIE}=""' in answer.headers["set-cookie"]
    assert "已退出" in client.get("/login?done=signed_out").text
    assert leads_to(copy.get("/cases", follow_redirects=False)).startswith("/login")


@pytest.mark.parametrize(
    "aged",
    ["last_seen_at = last_seen_at - interval '31 minutes'", "created_at = created_at - interval '8 hours 1 second'"],
)
def test_an_expired_session_leads_to_the_sign_in(office: Office, database: str, aged: str) -> None:
    client = office.browser("clerk")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(f"UPDATE duban.session SET {aged}")
    assert leads_to(client.get("/cases", follow_redirects=False)) == "/login?next=%2Fcases"


def test_who_is_disabled_in_the_middle_is_out(office: Office) -> None:
    office.account("li")
    client = office.browser("li")
    assert client.get("/cases").status_code == 200
    office.services.accounts.disable(office.services.accounts.named("li").id, by="test")
    assert leads_to(client.get("/cases", follow_redirects=False)).startswith("/login")


# Forms


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://testserver"}, False),
        ({"Origin": "https://testserver"}, True),
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Origin": "https://testserver.elsewhere.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({}, False),
    ],
)
def test_a_form_from_another_site_is_refused(office: Office, headers: dict[str, str], taken: bool) -> None:  # noqa: FBT001
    client = TestClient(office.client.app, base_url="https://testserver")
    given = {"login": "clerk", "password": PASSWORD}
    answer = client.post("/login", data=given, headers=headers, follow_redirects=False)
    assert answer.status_code == (303 if taken else 403)
    assert ("set-cookie" in answer.headers) is taken
    client = TestClient(office.client.app, base_url="https://testserver")
    client.cookies.set(COOKIE, office.secret("clerk"))
    carrying = {"form_token": field(client.get("/account").text, "form_token")}
    answer = client.post("/logout", data=carrying, headers=headers, follow_redirects=False)
    assert answer.status_code == (303 if taken else 403)
    assert (client.get("/cases", follow_redirects=False).status_code == 200) is not taken


@pytest.mark.parametrize("carried", [{}, {"form_token": ""}, {"form_token": "0" * 64}, {"form_token": "督办"}])
def test_a_form_without_the_token_of_its_session_is_refused(office: Office, carried: dict[str, str]) -> None:
    for path in ("/logout", "/account/password", "/account/sessions/0/end"):
        answer = office.client.post(path, data=carried | {"x": "y"}, follow_redirects=False)
        assert (answer.status_code, "表单不属于本次登录" in answer.text) == (403, True), path
    assert office.client.get("/cases", follow_redirects=False).status_code == 200


def test_the_token_of_another_session_is_refused(office: Office) -> None:
    mine, other = office.browser("clerk"), office.browser("clerk")
    assert mine.post("/logout", data={"form_token": token(other)}, follow_redirects=False).status_code == 403


def test_a_field_that_the_page_does_not_have_is_refused(office: Office, admin: TestClient, nobody: TestClient) -> None:
    assert sign_in(nobody, "clerk", role="administrator").status_code == 422
    given = {"login": "li", "name": "李四", "role": "auditor", "jurisdiction": "cn-999900"}
    for extra in ("must_change", "password_hash", "id", "password"):
        answer = post(admin, "/admin/accounts", **given, **{extra: "x"})
        assert (answer.status_code, "没有这个字段" in answer.text) == (422, True)
    assert [account.login for account in office.services.accounts.list()] == ["admin", "clerk"]
    passwords = {"old_password": PASSWORD, "new_password": NEW, "repeated": NEW}
    assert post(office.client, "/account/password", **passwords, login="admin").status_code == 422
    assert post(office.client, "/logout", everywhere="yes").status_code == 422


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"login": "clerk"}', "application/json", 415),
        (b"login=clerk", "text/plain", 415),
        (b"login=clerk&login=admin&password=x", "application/x-www-form-urlencoded", 422),
        (b"login=%ff&password=x", "application/x-www-form-urlencoded", 400),
        (b"login=%00&password=x", "application/x-www-form-urlencoded", 422),
        (b"login", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 422),
        (b"&".join(b"a%d=1" % n for n in range(60)), "application/x-www-form-urlencoded", 400),
        (b"login=" + b"x" * MOST, "application/x-www-form-urlencoded", 413),
        (b"login=" + b"x" * 600 + b"&password=x", "application/x-www-form-urlencoded", 422),
        (b"login=clerk&password=" + b"x" * 1_001, "application/x-www-form-urlencoded", 422),
    ],
)
def test_a_form_that_cannot_be_read_is_a_page_in_words(
    nobody: TestClient, content: bytes, kind: str, status: int
) -> None:
    answer = nobody.post("/login", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "请求编号" in answer.text


# One's own account


def test_a_one_time_password_has_to_be_changed_before_anything_else(office: Office, nobody: TestClient) -> None:
    id = office.account("li")
    password = office.services.accounts.reset_password(id, by="test")
    assert leads_to(sign_in(nobody, "li", password, next="/cases")) == "/cases"
    for path in ("/", "/cases", "/cases/x", "/admin/accounts"):
        assert leads_to(nobody.get(path, follow_redirects=False)) == "/account", path
    assert "请先设置自己的密码" in nobody.get("/account").text
    before = nobody.cookies[COOKIE]
    changed = post(nobody, "/account/password", old_password=password, new_password=NEW, repeated=NEW)
    assert leads_to(changed) == "/account?done=password_changed"
    assert nobody.cookies[COOKIE] != before
    assert nobody.get("/cases", follow_redirects=False).status_code == 200
    assert leads_to(sign_in(office.browser(), "li", NEW)) == "/"


@pytest.mark.parametrize(
    ("old", "new", "again", "says"),
    [
        ("wrong password", NEW, NEW, "原密码不对"),
        (PASSWORD, NEW, NEW + "!", "不一致"),
        (PASSWORD, "short", "short", "至少 8 个字符"),
        (PASSWORD, "x" * 129, "x" * 129, "最多 128 个字符"),
        (PASSWORD, "qwertyuiop", "qwertyuiop", "常见密码"),
        (PASSWORD, PASSWORD, PASSWORD, "与原密码相同"),
        (PASSWORD, "", "", "必须填写"),
    ],
)
def test_a_password_that_is_not_changed_says_why(office: Office, old: str, new: str, again: str, says: str) -> None:
    client = office.browser("clerk")
    answer = post(client, "/account/password", old_password=old, new_password=new, repeated=again)
    assert (answer.status_code, says in answer.text) == (422, True), answer.text
    assert 'aria-invalid="true"' in answer.text
    assert not any(f'value="{secret}"' in answer.text for secret in (old, new, again) if secret)
    assert leads_to(sign_in(office.browser(), "clerk")) == "/"


def test_a_changed_password_ends_the_other_sessions(office: Office) -> None:
    here, there = office.browser("clerk"), office.browser("clerk")
    assert there.get("/cases", follow_redirects=False).status_code == 200
    post(here, "/account/password", old_password=PASSWORD, new_password=NEW, repeated=NEW)
    assert here.get("/cases", follow_redirects=False).status_code == 200
    assert leads_to(there.get("/cases", follow_redirects=False)).startswith("/login")


def test_one_sees_where_one_is_signed_in_and_ends_it(office: Office, nobody: TestClient) -> None:
    windows = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
    )
    nobody.headers["User-Agent"] = windows
    sign_in(nobody, "clerk")
    text = office.client.get("/account").text
    assert "Chrome 126 · Windows" in text
    there, own = re.findall(r'action="/account/sessions/([0-9a-f]+)/end"', text)
    assert leads_to(post(office.client, f"/account/sessions/{there}/end")) == "/account?done=session_ended"
    assert leads_to(nobody.get("/cases", follow_redirects=False)).startswith("/login")
    assert post(office.client, f"/account/sessions/{there}/end").status_code == 404
    assert leads_to(post(office.client, f"/account/sessions/{own}/end")) == "/account?done=session_ended"
    assert leads_to(office.client.get("/account", follow_redirects=False)).startswith("/login")


def test_nobody_ends_anothers_session(office: Office) -> None:
    office.account("li")
    other = office.browser("li")
    (session,) = re.findall(r'action="/account/sessions/([0-9a-f]+)/end"', other.get("/account").text)
    for id in (session, "%00", "x", "..%2f"):
        assert post(office.client, f"/account/sessions/{id}/end").status_code == 404
    assert other.get("/cases", follow_redirects=False).status_code == 200


# What somebody sees


def test_every_page_says_who_is_signed_in(office: Office) -> None:
    office.account("jia", "deputy", deputy="d-001")
    client = office.browser("jia")
    for path in ("/cases", "/account", "/cases/nobody", "/problems", "/nothing"):
        text = client.get(path, headers={"Accept": "text/html"}).text
        assert re.search(r'<a href="/account"[^>]*><bdi>jia</bdi> <small>代表</small></a>', text), path
        assert 'action="/logout"' in text
    assert "甲一" in client.get("/account").text


def test_cases_of_another_jurisdiction_do_not_exist(office: Office) -> None:
    case_id = Story(office.services.docket).everything()
    office.catch_up()
    office.account("abroad", jurisdiction="jp-sangiin")
    there = office.browser("abroad")
    assert f"/cases/{case_id}" in office.client.get("/cases").text
    assert case_id not in there.get("/cases").text
    foreign, none = there.get(f"/cases/{case_id}"), there.get("/cases/nobody")
    assert (foreign.status_code, none.status_code) == (404, 404)
    assert foreign.text.count("没有编号为") == none.text.count("没有编号为") == 1
    assert there.get("/cases?jurisdiction=cn-999900").status_code == 422


def test_an_administrator_sees_no_case(office: Office, admin: TestClient) -> None:
    case_id = Story(office.services.docket).everything()
    office.catch_up()
    refused = admin.get("/cases")
    assert (refused.status_code, "不查看案件" in refused.text) == (403, True)
    case, none = admin.get(f"/cases/{case_id}"), admin.get("/cases/nobody")
    assert (case.status_code, none.status_code) == (404, 404)
    assert "夜间" not in case.text
    assert leads_to_accounts(admin)


def leads_to_accounts(admin: TestClient) -> bool:
    answer = admin.get("/", follow_redirects=False)
    return (answer.status_code, answer.headers["location"]) == (307, "/admin/accounts")


def test_only_an_administrator_keeps_the_accounts(office: Office, admin: TestClient) -> None:
    id = office.services.accounts.named("clerk").id
    office.account("auditor", "auditor")
    for client in (office.client, office.browser("auditor")):
        carried = token(client)
        for path in ("/admin/accounts", f"/admin/accounts/{id}", "/admin/log"):
            answer = client.get(path)
            assert (answer.status_code, "只有系统管理员" in answer.text) == (403, True), path
        for path in (
            "",
            f"/{id}/disable",
            f"/{id}/enable",
            f"/{id}/reset-password",
            f"/{id}/rebind",
            f"/{id}/sessions/0/end",
        ):
            answer = client.post(f"/admin/accounts{path}", data={"form_token": carried, "role": "administrator"})
            assert answer.status_code == 403, path
    assert admin.get("/admin/accounts").status_code == 200
    assert office.services.accounts.find(id).binding.role == "deputy_affairs"


# The administrator


def created(admin: TestClient, login: str, role: str, **bound: str) -> str:
    """A new account's one-time password."""
    given = {"login": login, "name": "李四", "role": role, "jurisdiction": "cn-999900", **bound}
    answer = post(admin, "/admin/accounts", **given)
    assert answer.status_code == 200, answer.text
    match = re.search(r'<code class="secret">([^<]+)</code>', answer.text)
    assert match is not None
    return match[1]


def test_an_account_is_made_used_disabled_and_enabled(office: Office, admin: TestClient, nobody: TestClient) -> None:
    password = created(admin, "li", "handling_unit", office="jtj")
    listed = admin.get("/admin/accounts").text
    assert "市交通运输局" in listed
    assert password not in listed
    path = f"/admin/accounts/{office.services.accounts.named('li').id}"
    assert leads_to(sign_in(nobody, "li", password)) == "/"
    assert "请先设置自己的密码" in nobody.get("/").text
    assert leads_to(post(admin, f"{path}/disable")) == f"{path}?done=disabled"
    assert leads_to(post(admin, f"{path}/disable")) == f"{path}?done=unchanged"
    assert leads_to(nobody.get("/account", follow_redirects=False)).startswith("/login")
    assert leads_to(post(admin, f"{path}/enable")) == f"{path}?done=enabled"
    log = admin.get(path).text.partition('id="log"')[2]
    assert re.findall(r'<th scope="row">(\w+)</th>', log) == ["启用", "停用", "登录", "新建"]
    assert password not in log


def test_a_reset_password_is_shown_once_and_unlocks(office: Office, admin: TestClient, nobody: TestClient) -> None:
    path = f"/admin/accounts/{office.services.accounts.named('clerk').id}"
    for _ in range(OF_ACCOUNT):
        sign_in(nobody, "clerk", "wrong password")
    assert "锁定至" in admin.get(path).text
    shown = post(admin, f"{path}/reset-password").text
    password = re.search(r'<code class="secret">([^<]+)</code>', shown)
    assert password is not None
    assert password[1] not in admin.get(path).text
    assert leads_to(sign_in(nobody, "clerk", password[1])) == "/"


def test_a_session_of_another_is_seen_and_ended(office: Office, admin: TestClient) -> None:
    path = f"/admin/accounts/{office.services.accounts.named('clerk').id}"
    (session,) = re.findall(rf'action="{path}/sessions/([0-9a-f]+)/end"', admin.get(path).text)
    assert leads_to(post(admin, f"{path}/sessions/{session}/end")) == f"{path}?done=session_ended"
    assert leads_to(office.client.get("/cases", follow_redirects=False)).startswith("/login")
    assert post(admin, f"{path}/sessions/{session}/end").status_code == 404


def test_an_account_acts_as_something_else_but_never_as_what_excludes_it(office: Office, admin: TestClient) -> None:
    created(admin, "li", "auditor")
    path = f"/admin/accounts/{office.services.accounts.named('li').id}"
    bound = {"jurisdiction": "cn-999900"}
    refused = post(admin, f"{path}/rebind", role="administrator", **bound)
    assert (refused.status_code, "互相排斥" in refused.text or "不能再任" in refused.text) == (409, True)
    done = post(admin, f"{path}/rebind", role="deputy", deputy="d-002", **bound)
    assert leads_to(done) == f"{path}?done=rebound"
    assert "甲二" in admin.get(path).text
    assert post(admin, f"{path}/rebind", role="administrator", **bound).status_code == 409


@pytest.mark.parametrize(
    ("given", "status", "wrong"),
    [
        ({"login": "admin"}, 409, "login"),
        ({"login": "CLERK"}, 409, "login"),
        ({"login": "a b"}, 422, "login"),
        ({"login": "d-001"}, 422, "login"),
        ({"name": "\u202e"}, 422, "name"),
        ({"role": "king"}, 422, "role"),
        ({"role": "handling_unit"}, 422, "office"),
        ({"role": "handling_unit", "office": "nowhere"}, 422, "office"),
        ({"role": "deputy", "deputy": "d-999"}, 422, "deputy"),
        ({"deputy": "d-001"}, 422, "deputy"),
        ({"jurisdiction": "cn-0"}, 422, "jurisdiction"),
    ],
)
def test_an_account_that_cannot_be_says_which_field_and_keeps_the_rest(
    office: Office, admin: TestClient, given: dict[str, str], status: int, wrong: str
) -> None:
    good = {"login": "li", "name": "李四", "role": "auditor", "jurisdiction": "cn-999900"}
    answer = post(admin, "/admin/accounts", **good | given)
    assert answer.status_code == status, answer.text
    assert re.search(rf'id="{wrong}"[^>]*aria-invalid="true"', answer.text), answer.text
    if wrong != "name":
        assert field(answer.text, "name") == "李四"
    assert len(office.services.accounts.list()) == 2


def test_the_last_administrator_cannot_disable_himself(office: Office, admin: TestClient) -> None:
    path = f"/admin/accounts/{office.services.accounts.named('admin').id}"
    assert post(admin, f"{path}/disable").status_code == 409
    bound = {"role": "deputy_affairs", "jurisdiction": "cn-999900"}
    assert post(admin, f"{path}/rebind", **bound).status_code == 409
    assert admin.get(path).status_code == 200


@pytest.mark.parametrize("id", ["nobody", "0" * 36, "%00", "..%2f..", "<script>"])
def test_an_account_that_there_is_not_is_a_page_too(admin: TestClient, id: str) -> None:
    for answer in (admin.get(f"/admin/accounts/{id}"), post(admin, f"/admin/accounts/{id}/disable")):
        assert (answer.status_code, "<script" in answer.text) == (404, False)


def test_the_log_of_all_is_read_backwards_page_by_page(office: Office, admin: TestClient) -> None:
    for _ in range(120):
        office.services.accounts.sign_out(office.services.sessions.in_force(office.secret("clerk")))  # type: ignore[arg-type]
    seen: list[str] = []
    url = "/admin/log"
    while url:
        text = admin.get(url).text
        seen += re.findall(r'<tr id="entry-(\d+)"', text)
        url = unescape(text.partition('rel="next" href="')[2].partition('"')[0])
    assert seen == sorted(seen, key=int, reverse=True)
    assert len(seen) == 240 + 4
    assert admin.get("/admin/log?before=x").status_code == 422
    assert admin.get("/admin/log?before=0").status_code == 422


def test_hostile_names_neither_run_nor_turn_the_page_round(
    office: Office, admin: TestClient, nobody: TestClient
) -> None:
    nobody.headers["User-Agent"] = '<script>alert("1")</script>'
    created(admin, "<b>x", "auditor")
    sign_in(nobody, "clerk")
    clerk = office.services.accounts.named("clerk").id
    for path in ("/admin/accounts", f"/admin/accounts/{clerk}", "/admin/log"):
        text = admin.get(path).text
        assert "<script" not in text
        assert "<b>x" not in text


def test_no_page_shows_the_id_of_a_word(office: Office, admin: TestClient, nobody: TestClient) -> None:
    clerk = f"/admin/accounts/{office.services.accounts.named('clerk').id}"
    post(admin, f"{clerk}/rebind", role="auditor", jurisdiction="cn-999900")
    for _ in range(OF_ACCOUNT):
        sign_in(nobody, "clerk", "wrong password")
    pages = [(admin, path) for path in ("/account?done=session_ended", "/admin/accounts", clerk, "/admin/log")]
    for client, path in [*pages, (nobody, "/login?done=signed_out"), (admin, "/cases")]:
        for language in LANGUAGES:
            text = client.get(
                path, headers={"Cookie": f"lang={language}; {COOKIE}={client.cookies.get(COOKIE, '')}"}
            ).text
            assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in text
            shown = re.sub(r"<bdi>.*?</bdi>", "", text)
            assert re.findall(r"\b(?:page|people|stage|role|title)\.\w[\w.]*", shown) == [], path


def test_the_pages_need_neither_scripts_nor_inline_styles(
    office: Office, admin: TestClient, nobody: TestClient
) -> None:
    clerk = f"/admin/accounts/{office.services.accounts.named('clerk').id}"
    for client, path in ((nobody, "/login"), (admin, "/account"), (admin, "/admin/accounts"), (admin, clerk)):
        answer = client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", answer.text)


def test_the_sign_in_of_a_sample_says_where_its_accounts_are(office: Office, nobody: TestClient) -> None:
    assert "sample-accounts" not in nobody.get("/login").text
    place = office.services.settings.data_dir / "sample-accounts"
    place.write_text("jtj secret handling_unit\n", "utf-8")
    assert str(place) in nobody.get("/login").text
    assert "secret" not in nobody.get("/login").text


def test_without_a_database_the_sign_in_is_still_a_page(office: Office, nobody: TestClient) -> None:
    office.services.pool.close()
    assert nobody.get("/login").status_code == 200
    nobody.cookies.set(COOKIE, "x" * 43)
    assert nobody.get("/login").status_code == 200
    assert sign_in(nobody, "clerk").status_code == 503
    assert "数据库暂时无法连接" in nobody.get("/cases").text
