"""What is wrong is refused in words that name the field and the reason; nothing is stored, the service goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import JURISDICTION, Office, key

pytestmark = pytest.mark.database

SUBMITTED = {"jurisdiction": JURISDICTION, "title": "建议增开夜间公交", "lead_deputy": "d-001"}


@pytest.fixture
def office(shared_office: Office) -> Office:
    shared_office.began = shared_office.services.docket.head()
    return shared_office


@pytest.fixture(autouse=True)
def _the_service_goes_on(office: Office) -> Iterator[None]:
    yield
    before = office.stored()
    assert office.submit().status_code == 201
    assert office.stored() == before + 1


def send(office: Office, content: bytes, kind: str = "application/json") -> Any:
    given = office.token("deputy") | {"Idempotency-Key": key(), "Content-Type": kind}
    return office.client.post("/api/v1/cases", content=content, headers=given)


def told(answer: Any, status: int, problem: str, place: str | None = None) -> None:
    body = answer.json()
    assert (answer.status_code, body["type"]) == (status, f"/problems/{problem}"), body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["title"] != f"title.{problem}"
    assert body["request_id"] == answer.headers["x-request-id"]
    if place is not None:
        found = [item.get("pointer", item.get("parameter")) for item in body["errors"]]
        assert place in found, body
        assert all(item["detail"] for item in body["errors"])


def opening(**step: Any) -> bytes:
    body = {"opening": "suggestion.submitted", "step": SUBMITTED | step, "act": {"occurred_at": "2026-03-01"}}
    return json.dumps(body, ensure_ascii=False).encode()


def test_an_unknown_step(office: Office) -> None:
    case = office.submit()
    told(office.record(case, "teleported", "2026-03-05"), 404, "unknown-step")
    body = {"opening": "suggestion.teleported", "step": SUBMITTED}
    told(office.post("/api/v1/cases", body, "deputy"), 422, "fields-invalid", "#/opening")
    assert office.stored() == 1


def test_a_step_at_the_wrong_stage(office: Office) -> None:
    case = office.handed_over()
    told(office.record(case, "handed_over", "2026-03-06", lead_unit="gaj"), 409, "step-not-open")
    assert office.stored() == 2


def test_an_unknown_unit(office: Office) -> None:
    answer = office.record(office.submit(), "handed_over", "2026-03-05", lead_unit="jtj", co_units=["czj", "nowhere"])
    told(answer, 422, "unknown-unit", "#/step/co_units/1")
    assert office.stored() == 1


def test_a_unit_that_was_not_yet_or_is_no_more(office: Office) -> None:
    told(office.record(office.submit(), "handed_over", "2026-03-05", lead_unit="lyj"), 422, "unknown-unit")


@pytest.mark.parametrize(
    ("day", "problem"), [("2999-01-01", "date-in-the-future"), ("1850-01-01", "date-out-of-range")]
)
def test_a_date_that_cannot_be(office: Office, day: str, problem: str) -> None:
    told(office.submit(act={"occurred_at": day}), 422, problem, "#/act/occurred_at")
    assert office.stored() == 0


@pytest.mark.parametrize(
    "day", ["2026-02-30", "last week", "", "2026", "2026-03-01T09:00:00", "0001-01-01T00:00:00+14:00", "9" * 5000]
)
def test_a_date_that_nobody_can_read(office: Office, day: str) -> None:
    told(office.submit(act={"occurred_at": day}), 422, "fields-invalid", "#/act/occurred_at")
    assert office.stored() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 501),
        ("title", "a\u0000b"),
        ("title", "a\u0007b"),
        ("title", "a\nb"),
        ("title", "   "),
        ("title", 7),
        ("title", None),
        ("title", ["a"]),
        ("co_signers", "d-002"),
        ("co_signers", {"0": "d-002"}),
        ("in_session", "yes"),
        ("secret_field", "x"),
        ("lead_deputy", "d 001"),
    ],
)
def test_a_field_that_is_not_allowed(office: Office, field: str, value: object) -> None:
    answer = send(office, opening(**{field: value}))
    told(answer, 422, "fields-invalid", f"#/step/{field}")
    assert len(answer.content) < 2_000
    assert office.stored() == 0


def test_a_title_of_ten_megabytes(office: Office) -> None:
    told(send(office, opening(title="督" * 3_500_000)), 413, "body-too-large")
    assert office.stored() == 0


def test_a_body_of_unknown_length_is_read_up_to_the_limit_only(office: Office) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(20):
            sent += 100_000
            yield b" " * 100_000

    given = office.token("deputy") | {"Idempotency-Key": key(), "Content-Type": "application/json"}
    told(office.client.post("/api/v1/cases", content=endless(), headers=given), 413, "body-too-large")


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16", "utf-16-le", "utf-8-sig", "utf-32"])
def test_a_wrong_encoding(office: Office, encoding: str) -> None:
    answer = send(office, opening().decode().encode(encoding))
    told(answer, 400, "body-not-utf8")
    assert office.stored() == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b'{"a": ' + b"9" * 10_000 + b"}",
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[" * 400_000,
        b'{"a": 1} x',
        b"{'a': 1}",
        b'{"a": "\n"}',
    ],
)
def test_a_body_that_is_not_json_or_means_two_things(office: Office, content: bytes) -> None:
    answer = send(office, content)
    told(answer, 400, "body-not-json")
    assert re.search("[a-z]{3} [a-z]{3}", answer.json()["detail"]) is None
    assert office.stored() == 0


def test_half_a_surrogate_pair(office: Office) -> None:
    told(send(office, b'{"opening": "\\ud800"}'), 400, "body-not-utf8")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=gbk", "application/jsonx"],
)
def test_a_wrong_content_type(office: Office, kind: str) -> None:
    told(send(office, opening(), kind), 415, "content-type-not-json")
    assert office.stored() == 0


@pytest.mark.parametrize(
    "case_id", ["NA", "null", "-1", "x" * 101, "x" * 5_000, "%00", "a%20b", "%FF", "..%2f", "%E5%BB%BA", "1%3Bdrop"]
)
def test_a_case_that_there_is_not(office: Office, case_id: str) -> None:
    for path in (f"/api/v1/cases/{case_id}", f"/api/v1/cases/{case_id}/steps"):
        answer = office.get(path)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)
        assert len(answer.content) < 20_000
    body = {"step": {"lead_unit": "jtj"}}
    answer = office.post(f"/api/v1/cases/{case_id}/steps/handed_over", body, "deputy_affairs", If_Match="*")
    assert answer.status_code == 404
    assert office.stored() == 0


@pytest.mark.parametrize("parameter", ["as_of", "known_at"])
@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "2026-03-01T09:00", "", "NA", "0", "2026-03-01\x00"])
def test_a_moment_that_nobody_can_read(office: Office, parameter: str, value: str) -> None:
    case = office.submit().json()["case_id"]
    for path in ("/api/v1/cases", "/api/v1/counts", f"/api/v1/cases/{case}", f"/api/v1/cases/{case}/steps"):
        told(office.get(path, **{parameter: value}), 422, "moment-unreadable", parameter)


@pytest.mark.parametrize("value", ["0001-01-01", "1500-01-01", "9999-12-31", "2026-03-01T00:00:00Z", " 2026-03-01 "])
def test_a_moment_that_is_far_away_is_answered(office: Office, value: str) -> None:
    case = office.submit().json()["case_id"]
    office.catch_up()
    assert office.get("/api/v1/counts", as_of=value, known_at=value).status_code == 200
    assert office.get(f"/api/v1/cases/{case}", as_of=value).status_code in {200, 404}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "NA"),
        ("limit", "9" * 30),
        ("sort", "colour"),
        ("state", "lost"),
        ("stage", "nowhere"),
        ("kind", "party"),
        ("position", "-1"),
        ("position", str(2**63)),
        ("text", "a\x00b"),
        ("as-of", "2026-03-01"),
    ],
)
def test_a_parameter_that_is_not_allowed(office: Office, parameter: str, value: str) -> None:
    told(office.get("/api/v1/cases", **{parameter: value}), 422, "parameters-invalid", parameter)


def test_a_position_that_the_ledger_has_not_reached(office: Office) -> None:
    case = office.submit().json()["case_id"]
    for path in ("/api/v1/cases", f"/api/v1/cases/{case}"):
        told(office.get(path, position=2**60), 422, "position-ahead")
        told(office.get(path, min_position=2**60), 422, "position-ahead")
    told(office.get("/api/v1/steps", until=2**60), 422, "position-ahead")


def test_two_moments_for_one_clock(office: Office) -> None:
    told(office.get("/api/v1/cases", position=0, known_at="2026-03-01"), 422, "moment-excludes", "position")


def test_a_correction_that_does_not_fit_the_step(office: Office) -> None:
    case = office.handed_over()
    for step, place in (
        ({"corrects": 2, "changes": {"lead_unit": "no where"}}, "#/step/changes/lead_unit"),
        ({"corrects": 2, "changes": {"colour": "red"}}, "#/step/changes/colour"),
        ({"corrects": 9, "changes": {"title": "x"}}, "#/step/corrects"),
        ({"corrects": 10**400, "changes": {"title": "x"}}, "#/step/corrects"),
        ({"corrects": 1}, "#/step/changes"),
    ):
        answer = office.record(case, "corrected", "2026-03-06", reason="错", approved_by="主任", **step)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == place
    assert office.stored() == 2


def test_nothing_is_at_an_unknown_address_and_no_address_takes_every_method(office: Office) -> None:
    told(office.get("/api/v1/nothing"), 404, "not-found")
    answer = office.client.delete("/api/v1/cases/x", headers=office.token("deputy"))
    told(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]
    answer = office.client.request("OPTIONS", "/api/v1/cases", headers=office.token("deputy"))
    told(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Basic dTpw", "Bearer duban_0123456789ab_" + "a" * 43])
def test_nobody_is_answered_without_a_token_in_force(office: Office, token: str) -> None:
    given = {"Authorization": token, "Idempotency-Key": key()}
    for answer in (
        office.client.get("/api/v1/cases", headers=given),
        office.client.post("/api/v1/cases", content=b"{", headers=given),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["type"] in {"/problems/token-missing", "/problems/token-invalid"}
    assert office.stored() == 0


def test_a_reader_of_english_is_told_in_english(office: Office) -> None:
    answer = office.client.get(
        "/api/v1/cases/NA", headers=office.token("deputy") | {"Accept-Language": "en-GB,en;q=0.9"}
    )
    assert (answer.json()["title"], answer.headers["content-language"]) == ("No such case", "en")
    assert answer.json()["detail"] == "There is no case “NA”."
