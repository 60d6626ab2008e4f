"""The application on a database of the test's own, with a projector that catches up when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict
from starlette.testclient import TestClient

from adapters.identity.accounts import Accounts
from adapters.logs import configure
from adapters.postgres.projector import Projector
from adapters.settings import Settings
from adapters.wiring import Services, build, sealer
from api.main import create_app
from domain.account import CONSOLE, Asked, Whence
from tests.conftest import Cluster
from tests.faults.support import ledger_on
from tests.faults.visitor import QUICK, accounts_of

JURISDICTION = "cn-999900"
LEAD_DEPUTY = "d-001"
LEAD_UNIT = "jtj"
SITE = "https://testserver"
COOKIE = "__Host-duban"
PASSWORD = "correct horse battery"  # noqa: S105 - of every account of the tests
_keys = count(1)

configure("json", "error")


def key() -> str:
    """A request key that no other request of the test has."""
    return f"test-{next(_keys)}"


@dataclass
class Office:
    """People of an office, each with a token of his role, and the projector of their installation.

    The client is a browser in which somebody of the deputy affairs office is signed in.
    """

    client: TestClient
    services: Services
    catch_up: Callable[[], None]
    seal: Callable[[], object]
    tokens: dict[str, str] = field(default_factory=dict)
    began: int = 0

    def token(self, role: str, jurisdiction: str = JURISDICTION) -> dict[str, str]:
        """The authorization header of somebody in that role."""
        name = f"{role}@{jurisdiction}"
        if name not in self.tokens:
            actor = LEAD_DEPUTY if role == "deputy" else f"u-{role}"
            office = LEAD_UNIT if role == "handling_unit" else "rd"
            self.tokens[name] = self.services.tokens.create(actor, role, office, jurisdiction, "test", 1)
        return {"Authorization": f"Bearer {self.tokens[name]}"}

    def get(self, path: str, role: str = "deputy_affairs", **params: Any) -> httpx2.Response:
        """Read as somebody in that role."""
        return self.client.get(path, headers=self.token(role), params=params or None)

    def post(self, path: str, body: Any, role: str, **headers: str) -> httpx2.Response:
        """Post as somebody in that role, under a fresh request key unless one is given."""
        given = {"Idempotency-Key": key()} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, json=body, headers=self.token(role) | given)

    def submit(self, role: str = "deputy", act: dict[str, Any] | None = None, **step: Any) -> httpx2.Response:
        """Submit a suggestion."""
        fields = {"jurisdiction": JURISDICTION, "title": "建议增开夜间公交", "lead_deputy": LEAD_DEPUTY} | step
        body = {"opening": "suggestion.submitted", "step": fields, "act": act or {"occurred_at": "2026-03-01"}}
        return self.post("/api/v1/cases", body, role)

    def record(
        self, case: httpx2.Response, name: str, day: str, /, role: str = "deputy_affairs", **step: Any
    ) -> httpx2.Response:
        """Record a step of a case as somebody who has seen that answer about it."""
        path = f"/api/v1/cases/{case.json()['case_id']}/steps/{name}"
        return self.post(path, {"step": step, "act": {"occurred_at": day}}, role, If_Match=case.headers["etag"])

    def handed_over(self, **step: Any) -> httpx2.Response:
        """A suggestion that was submitted, accepted where the procedure wants it, and handed over."""
        return self.record(self.submit(**step), "handed_over", "2026-03-05", lead_unit=LEAD_UNIT, co_units=["czj"])

    def account(self, login: str, role: str = "deputy_affairs", jurisdiction: str = JURISDICTION, **bound: str) -> str:
        """A new account of somebody in that role, with the password of the tests; its id."""
        return _account(self.services.accounts, login, role, jurisdiction, **bound)

    def secret(self, login: str) -> str:
        """The secret of a new session of the account."""
        return self.services.accounts.sign_in(login, PASSWORD, Whence("192.0.2.7", "test")).secret

    def browser(self, login: str | None = None) -> TestClient:
        """Another browser, in which that account is signed in, or nobody."""
        return browser(self.client.app, None if login is None else self.secret(login))

    def stored(self) -> int:
        """How many steps the ledger has taken since the test began."""
        return self.services.docket.head() - self.began


def furnish(conninfo: str) -> None:
    """Project what is in the registry, and make the account of the clerk."""
    Projector(conninfo).catch_up()
    with ledger_on(conninfo) as ledger:
        _account(accounts_of(ledger), "clerk", "deputy_affairs")


def _account(accounts: Accounts, login: str, role: str, jurisdiction: str = JURISDICTION, **bound: str) -> str:
    asked = Asked(role=role, jurisdiction=jurisdiction, **bound)
    return accounts.create(login, login, asked, by=CONSOLE, password=PASSWORD, must_change=False)[0].id


@pytest.fixture(scope="session")
def migrated_template(cluster: Cluster, entered_template: str) -> Iterator[str]:
    """Tests of the API and the pages find the jurisdictions in the registry, what is projected of them, and a clerk."""
    conninfo = cluster.create(entered_template)
    furnish(conninfo)
    yield str(conninfo_to_dict(conninfo)["dbname"])
    cluster.drop(conninfo)


class Whole(httpx2.BaseTransport):
    """Takes a request to the application's loop once, and its whole answer back: half the time of starlette's."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._app = httpx2.ASGITransport(client.app, raise_app_exceptions=False, client=("testclient", 50_000))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer; 500 where the application fails."""
        whole = httpx2.Request(request.method, request.url, headers=request.headers, content=request.read())
        with self._client._portal_factory() as portal:
            return portal.call(self._answer, whole)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._app.handle_async_request(request)
        assert isinstance(answer.stream, httpx2.AsyncByteStream)
        content = b"".join([part async for part in answer.stream])
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(content))


def browser(app: Any, secret: str | None) -> TestClient:
    """A browser of today, which says from which site a form comes."""
    client = TestClient(
        app,
        base_url=SITE,
        raise_server_exceptions=False,
        headers={"Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )
    client._transport = Whole(client)
    client.portal = getattr(app.state, "portal", None)
    if secret is not None:
        client.cookies.set(COOKIE, secret)
    return client


@contextmanager
def opened(conninfo: str, data_dir: Path) -> Iterator[Office]:
    """An office on a furnished database."""
    settings = Settings(pool_size=4, data_dir=data_dir)
    services = build(settings, conninfo, name="test")
    services.accounts = Accounts(services.pool, QUICK, services.sessions, services.registry, services.secret)
    projector = Projector(conninfo)
    app = create_app(services)
    with browser(app, None) as client:
        app.state.portal = client.portal
        office = Office(
            client, services, projector.catch_up, sealer(settings, conninfo).once, began=services.docket.head()
        )
        client.cookies.set(COOKIE, office.secret("clerk"))
        yield office


@pytest.fixture
def office(database: str, tmp_path: Path) -> Iterator[Office]:
    """An office with an empty ledger."""
    with opened(database, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared_office(
    cluster: Cluster, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """An office that the tests of a module share."""
    conninfo = cluster.create(migrated_template)
    with opened(conninfo, tmp_path_factory.mktemp("office")) as found:
        yield found
    cluster.drop(conninfo)
