from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from adapters.settings import Settings
from adapters.wiring import build
from api.main import create_app
from tests.api.conftest import JURISDICTION, Office, key

pytestmark = pytest.mark.database


def submission(**step: object) -> dict[str, object]:
    fields = {"jurisdiction": JURISDICTION, "title": "建议增开夜间公交", "lead_deputy": "d-001"}
    return {"opening": "suggestion.submitted", "step": fields | step, "act": {"occurred_at": "2026-03-01"}}


def test_a_suggestion_that_is_submitted_is_a_case_at_an_address(office: Office) -> None:
    answer = office.submit(number="2026-001")
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["location"] == f"/api/v1/cases/{body['case_id']}"
    assert answer.headers["etag"] == f'"{body["case_id"]}-v1"'
    assert answer.headers["duban-position"] == str(body["position"]) == str(office.began + 1)
    assert office.get(answer.headers["location"]).json()["facts"]["number"] == "2026-001"


def test_a_step_is_recorded_by_the_tokens_actor_in_the_tokens_role(office: Office) -> None:
    case = office.handed_over()
    steps = office.get(f"/api/v1/cases/{case.json()['case_id']}/steps").json()["steps"]
    assert [step["act"]["role"] for step in steps] == ["deputy", "deputy_affairs"]
    assert steps[1]["act"] | {"actor": "u-deputy_affairs", "office": "rd"} == steps[1]["act"]
    assert (steps[1]["label"]["zh"], steps[1]["occurred_at"]) == ("交办", "2026-03-05")


def test_nobody_names_another_actor_or_role_in_the_body(office: Office) -> None:
    for stranger in ("actor", "role", "office", "imported"):
        answer = office.submit(act={"occurred_at": "2026-03-01", stranger: "deputy"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"#/act/{stranger}"
    assert office.stored() == 0


def test_a_step_without_a_date_happened_today(office: Office) -> None:
    case = office.post("/api/v1/cases", {**submission(), "act": {}}, "deputy").json()
    shown = office.get(f"/api/v1/cases/{case['case_id']}").json()
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    assert shown["facts"]["opened_on"] in {today.isoformat(), (today - timedelta(days=1)).isoformat()}


def test_a_step_needs_the_version_that_was_seen(office: Office) -> None:
    case = office.submit()
    path = f"/api/v1/cases/{case.json()['case_id']}/steps/handed_over"
    answer = office.post(path, {"step": {"lead_unit": "jtj"}}, "deputy_affairs")
    assert answer.status_code == 428
    assert answer.headers["etag"] == case.headers["etag"]
    assert office.stored() == 1


@pytest.mark.parametrize("tag", ['"x', "v1", '""x'])
def test_an_unreadable_version_is_refused(office: Office, tag: str) -> None:
    case = office.submit()
    path = f"/api/v1/cases/{case.json()['case_id']}/steps/handed_over"
    answer = office.post(path, {"step": {"lead_unit": "jtj"}}, "deputy_affairs", If_Match=tag)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/if-match-unreadable")


@pytest.mark.parametrize("tag", ['"nonsense"', '"other-case-v1"', 'W/"{}-v1"'])
def test_a_version_that_the_case_never_had_is_told_as_it_was_given(office: Office, tag: str) -> None:
    case = office.submit()
    id = case.json()["case_id"]
    given = tag.format(id)
    answer = office.post(
        f"/api/v1/cases/{id}/steps/handed_over", {"step": {"lead_unit": "jtj"}}, "deputy_affairs", If_Match=given
    )
    assert (answer.status_code, answer.json()["steps_since"]) == (412, [])
    assert given in answer.json()["detail"]


def test_a_stale_version_is_told_what_happened_since(office: Office) -> None:
    case = office.submit()
    office.record(case, "handed_over", "2026-03-05", lead_unit="jtj")
    answer = office.record(case, "handed_over", "2026-03-06", lead_unit="gaj")
    body = answer.json()
    assert answer.status_code == 412
    assert body["current_version"] == 2
    assert [step["name"] for step in body["steps_since"]] == ["handed_over"]
    assert answer.headers["etag"].endswith('-v2"')
    assert office.stored() == 2


def test_a_weak_tag_is_no_version(office: Office) -> None:
    case = office.submit()
    path = f"/api/v1/cases/{case.json()['case_id']}/steps/handed_over"
    weak = f"W/{case.headers['etag']}"
    assert office.post(path, {"step": {"lead_unit": "jtj"}}, "deputy_affairs", If_Match=weak).status_code == 412


def test_a_star_records_whatever_has_happened_since(office: Office) -> None:
    case = office.submit()
    path = f"/api/v1/cases/{case.json()['case_id']}/steps/handed_over"
    body = {"step": {"lead_unit": "jtj"}, "act": {"occurred_at": "2026-03-05"}}
    assert office.post(path, body, "deputy_affairs", If_Match="*").status_code == 200


def test_a_repeated_request_gets_the_answer_that_it_had(office: Office) -> None:
    case = office.submit()
    path = f"/api/v1/cases/{case.json()['case_id']}/steps/handed_over"
    body = {"step": {"lead_unit": "jtj"}, "act": {"occurred_at": "2026-03-05"}}
    again = {"If_Match": case.headers["etag"], "Idempotency_Key": key()}
    first = office.post(path, body, "deputy_affairs", **again)
    moved = office.post(
        f"/api/v1/cases/{case.json()['case_id']}/steps/corrected",
        {"step": {"corrects": 1, "changes": {"title": "夜间公交"}, "reason": "错字", "approved_by": "主任"}},
        "deputy_affairs",
        If_Match=first.headers["etag"],
    )
    assert moved.status_code == 200, moved.text
    second = office.post(path, body, "deputy_affairs", **again)
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["duban-position"] == first.headers["duban-position"]
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert office.stored() == 3


def test_a_repeated_opening_is_the_same_case(office: Office) -> None:
    again = key()
    answers = [office.post("/api/v1/cases", submission(), "deputy", Idempotency_Key=again) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert office.stored() == 1


def test_a_request_key_is_for_one_request_of_one_person(office: Office) -> None:
    again = key()
    office.post("/api/v1/cases", submission(), "deputy", Idempotency_Key=again)
    for role, body in (("deputy", submission(title="另一件")), ("deputy_affairs", submission())):
        answer = office.post("/api/v1/cases", body, role, Idempotency_Key=again)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-key-reused")
        assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"
    assert office.stored() == 1


def test_the_same_body_written_otherwise_is_the_same_request(office: Office) -> None:
    again = {"Idempotency-Key": key(), "Content-Type": "application/json"} | office.token("deputy")
    one = (
        '{"opening":"suggestion.submitted","step":{"jurisdiction":"cn-999900","title":"\\u5efa","lead_deputy":"d-001"}}'
    )
    two = (
        '{ "step": {"lead_deputy":"d-001", "title":"建", "jurisdiction":"cn-999900"}, "opening":"suggestion.submitted"}'
    )
    for text in (one, two):
        assert office.client.post("/api/v1/cases", content=text.encode(), headers=again).status_code == 201
    assert office.stored() == 1


def test_every_post_needs_a_request_key(office: Office) -> None:
    given = office.token("deputy")
    missing = office.client.post("/api/v1/cases", json=submission(), headers=given)
    assert (missing.status_code, missing.json()["type"]) == (400, "/problems/request-key-missing")
    for bad in ("", "a b", "x" * 201, "é"):
        headers = [*given.items(), ("Idempotency-Key", bad)]
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        answer = office.client.post("/api/v1/cases", json=submission(), headers=encoded)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/request-key-unreadable")
    assert office.stored() == 0


def test_a_step_that_changes_nothing_records_nothing(office: Office) -> None:
    case = office.submit()
    body = {"step": {"voids": 1, "reason": "误录", "approved_by": "主任"}}
    path = f"/api/v1/cases/{case.json()['case_id']}/steps/voided"
    first = office.post(path, body, "deputy_affairs", If_Match=case.headers["etag"])
    second = office.post(path, body, "deputy_affairs", If_Match=first.headers["etag"])
    assert (second.status_code, second.headers["etag"]) == (200, first.headers["etag"])
    assert office.stored() == 2


def test_a_number_belongs_to_one_case(office: Office) -> None:
    office.submit(number="2026-001")
    answer = office.submit(number="2026-001")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-taken")
    assert answer.json()["errors"][0]["pointer"] == "#/step/number"


def test_a_role_that_may_not_is_told_who_may(office: Office) -> None:
    case = office.submit()
    answer = office.record(case, "handed_over", "2026-03-05", role="deputy", lead_unit="jtj")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/role-may-not")
    assert "代表工作机构" in answer.json()["detail"]
    assert office.stored() == 1


def test_a_token_opens_cases_of_its_own_jurisdiction_only(office: Office) -> None:
    answer = office.submit(jurisdiction="jp-sangiin")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/jurisdiction-not-yours")
    assert office.stored() == 0


def test_a_case_of_another_jurisdiction_is_no_case(office: Office) -> None:
    case = office.submit().json()["case_id"]
    abroad = office.token("deputy_affairs", "jp-sangiin")
    gone = office.client.get("/api/v1/cases/00000000-0000-4000-8000-000000000000", headers=abroad)
    for path in (f"/api/v1/cases/{case}", f"/api/v1/cases/{case}/steps"):
        answer = office.client.get(path, headers=abroad)
        assert (answer.status_code, answer.json()["title"]) == (404, gone.json()["title"])
    posted = office.client.post(
        f"/api/v1/cases/{case}/steps/handed_over",
        json={"step": {"lead_unit": "jtj"}},
        headers=abroad | {"Idempotency-Key": key(), "If-Match": "*"},
    )
    assert posted.status_code == 404
    exported = office.client.get("/api/v1/steps", headers=abroad, params={"after": office.began})
    assert exported.content == b""


def test_what_was_written_is_in_the_list_at_its_position(office: Office) -> None:
    position = office.submit().headers["duban-position"]
    office.catch_up()
    answer = office.get("/api/v1/cases", min_position=position)
    assert len(answer.json()["cases"]) == 1
    assert int(answer.headers["duban-position"]) >= int(position)


def test_a_list_that_has_not_caught_up_says_so(office: Office) -> None:
    position = office.submit().headers["duban-position"]
    answer = office.get("/api/v1/cases", min_position=position)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-caught-up")
    assert answer.headers["retry-after"] == "1"


def test_a_database_that_is_away_is_said_and_the_request_may_be_repeated(office: Office, database: str) -> None:
    office.token("deputy")
    services = build(Settings(pool_size=1, data_dir=office.services.settings.data_dir), database, name="away")
    services.pool.timeout = 0.1
    with TestClient(create_app(services), raise_server_exceptions=False) as client, services.pool.connection():
        given = office.token("deputy") | {"Idempotency-Key": key()}
        answer = client.post("/api/v1/cases", json=submission(), headers=given)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/database-unavailable")
        assert answer.headers["retry-after"] == "1"
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
    assert office.client.post("/api/v1/cases", json=submission(), headers=given).status_code == 201


def test_a_token_records_and_reads_only_if_it_was_made_for_that(office: Office) -> None:
    def bearer(*scopes: str) -> dict[str, str]:
        made = office.services.tokens.create("u-1", "deputy_affairs", "rd", JURISDICTION, "test", 1, scopes)
        return {"Authorization": f"Bearer {made}", "Idempotency-Key": key()}

    reading, recording = bearer("read"), bearer("record")
    refused = office.client.post("/api/v1/cases", json=submission(), headers=reading)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/token-may-only-read")
    assert office.client.get("/api/v1/cases", headers=reading).status_code == 200
    assert office.client.head("/api/v1/cases", headers=reading).status_code == 200
    assert office.client.post("/api/v1/cases", json=submission(), headers=recording).status_code == 201
    refused = office.client.get("/api/v1/cases", headers=recording)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/token-may-only-record")
    assert office.stored() == 1


def test_a_session_of_the_pages_is_no_token(office: Office) -> None:
    assert office.client.get("/cases").status_code == 200
    assert office.client.get("/api/v1/cases").status_code == 401
    assert office.client.post("/api/v1/cases", json=submission()).status_code == 401
