from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import structlog
from starlette.routing import BaseRoute, Mount, Route

from api.headers import HEADERS
from api.v1 import each
from api.v1.recording import StepOperations
from tests.api.conftest import Office

pytestmark = pytest.mark.database


def paths(routes: list[BaseRoute]) -> Iterator[str]:
    for route in each(routes):
        if isinstance(route, Mount):
            yield f"{route.path}/nothing.css"
        elif isinstance(route, Route):
            yield re.sub(r"\{[^}]+\}", "x", route.path)


def test_an_address_is_looked_for_among_routes_alone_not_in_routers_within_routers(office: Office) -> None:
    routes = office.client.app.routes  # type: ignore[attr-defined]
    assert {type(route) for route in routes if not isinstance(route, (Route, Mount))} == {StepOperations}
    assert len(list(each(routes))) > len(routes) + 300


def test_a_step_is_found_by_its_name_and_each_other_address_beside_it(office: Office) -> None:
    there = office.submit().headers["location"] + "/steps"
    given = office.token("deputy_affairs")
    answer = office.client.get(f"{there}/handed_over", headers=given)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert office.client.post(f"{there}/handed_over/again", headers=given).status_code == 404
    assert office.client.post(f"{there}/no_such_step", headers=given).json()["type"] == "/problems/unknown-step"
    assert office.client.get(there, headers=given).status_code == 200


def test_every_answer_has_the_security_headers(office: Office) -> None:
    walked = {*paths(office.client.app.routes), "/nothing", "/docs/assets/swagger-ui.css"}  # type: ignore[attr-defined]
    assert {"/", "/healthz", "/docs", "/api/v1/cases/x", "/api/v1/cases/x/steps/handed_over"} <= walked | {"/"}
    for path in sorted(walked):
        for method in ("GET", "POST", "DELETE"):
            answer = office.client.request(method, path, follow_redirects=False)
            assert answer.status_code < 500, (method, path)
            for name, value in HEADERS.items():
                relaxed = path == "/docs" and name == "Content-Security-Policy"
                assert relaxed or answer.headers[name] == value, (method, path, name)
            assert answer.headers["cache-control"]
            assert answer.headers["x-request-id"]


def test_head_is_answered_as_get_is_without_the_body(office: Office) -> None:
    office.submit()
    for path in ("/healthz", "/cases", "/api/v1/cases", "/static/app.css", "/nothing"):
        given = office.token("deputy")
        got, head = office.client.get(path, headers=given), office.client.head(path, headers=given)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


def test_only_the_description_page_may_style_itself(office: Office) -> None:
    policy = office.client.get("/docs").headers["content-security-policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy


def test_what_a_token_reads_is_kept_nowhere(office: Office) -> None:
    assert office.get("/api/v1/procedures").headers["cache-control"] == "no-store"


def test_a_request_keeps_the_id_that_it_came_with_if_that_is_one(office: Office) -> None:
    kept = office.client.get("/healthz", headers={"X-Request-ID": "abcdef-0123"})
    assert kept.headers["x-request-id"] == "abcdef-0123"
    made = office.client.get("/healthz", headers={"X-Request-ID": 'a"b\tc<script>'})
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["x-request-id"])


def test_a_request_is_one_line_of_the_log_without_what_it_said(office: Office) -> None:
    office.token("deputy")
    with structlog.testing.capture_logs() as lines:
        case = office.submit(title="机密题目", number="甲-7").json()["case_id"]
        office.get(f"/api/v1/cases/{case}?as_of=2026-03-31", "deputy")
        office.get("/api/v1/cases/机密", "deputy")
    first, second, third = (line for line in lines if line["event"] == "request")
    assert (first["method"], first["route"], first["status"], first["actor"]) == (
        "POST",
        "/api/v1/cases",
        201,
        "d-001",
    )
    assert (second["route"], third["problem"]) == ("/api/v1/cases/{case_id}", "case-not-found")
    assert first["ms"] > 0
    text = json.dumps(lines, ensure_ascii=False, default=str)
    assert not any(word in text for word in ("机密", "甲-7", case, "duban_"))


def test_what_breaks_is_told_with_the_id_of_the_request_and_nothing_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.services.docket, "head", lambda: 1 // 0)
    answer = office.get("/api/v1/steps")
    body = answer.json()
    assert (answer.status_code, body["type"]) == (500, "/problems/internal-error")
    assert body["request_id"] in body["detail"]
    assert "ZeroDivision" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
