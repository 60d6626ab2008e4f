from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.api.conftest import Office

pytestmark = pytest.mark.database


def corrected(office: Office) -> str:
    """A suggestion whose hand-over was recorded for the wrong unit and day, and corrected later."""
    case = office.handed_over(number="2026-001")
    answer = office.record(
        case,
        "corrected",
        "2026-03-20",
        corrects=2,
        occurred_at="2026-03-10T00:00:00+08:00",
        precision="day",
        changes={"lead_unit": "zjj"},
        reason="文号看错",
        approved_by="主任",
    )
    assert answer.status_code == 200, answer.text
    found: str = case.json()["case_id"]
    return found


def test_a_case_tells_its_clocks_with_rule_words_and_skipped_days(office: Office) -> None:
    case = office.handed_over().json()["case_id"]
    clocks = {clock["clock"]: clock for clock in office.get(f"/api/v1/cases/{case}").json()["clocks"]}
    handing, reply = clocks["suggestion.hand_over"], clocks["suggestion.reply"]
    assert (reply["due_on"], reply["overdue"], reply["stopped_at"]) == ("2026-06-05", True, None)
    assert reply["rule"]["zh"]
    assert reply["rule"]["explanation"]["en"]
    assert reply["rule"]["sources"]
    assert (handing["late"], handing["stopped_at"]) == (False, "2026-03-05T00:00:00+08:00")
    for skipped in handing["skipped"]:
        assert skipped["zh"]
        assert skipped["en"]


def test_overdue_is_a_fact_about_the_moment(office: Office) -> None:
    case = office.handed_over().json()["case_id"]
    office.catch_up()
    for day, overdue in (("2026-06-05", False), ("2026-06-06", True)):
        clocks = office.get(f"/api/v1/cases/{case}", as_of=day).json()["clocks"]
        assert next(clock for clock in clocks if clock["clock"] == "suggestion.reply")["overdue"] is overdue
        assert office.get("/api/v1/cases", as_of=day).json()["cases"][0]["overdue"] is overdue
        assert office.get("/api/v1/counts", as_of=day).json()["counts"]["overdue"] == int(overdue)


def test_a_case_is_read_as_it_was_and_as_it_was_known(office: Office) -> None:
    case = corrected(office)
    for given, unit, day in (
        ({}, "zjj", "2026-03-10"),
        ({"position": office.began + 2}, "jtj", "2026-03-05"),
        ({"as_of": "2026-03-07", "position": office.began + 2}, "jtj", "2026-03-05"),
        ({"as_of": "2026-03-07"}, None, None),
    ):
        facts = office.get(f"/api/v1/cases/{case}", **given).json()["facts"]
        assert (facts["unit"], facts["handed_over_on"]) == (unit, day), given


def test_the_tag_of_a_case_is_the_version_that_was_known(office: Office) -> None:
    case = corrected(office)
    assert office.get(f"/api/v1/cases/{case}").headers["etag"] == f'"{case}-v3"'
    assert office.get(f"/api/v1/cases/{case}", position=office.began + 2).headers["etag"] == f'"{case}-v2"'


def test_before_it_was_known_there_is_no_case(office: Office) -> None:
    case = corrected(office)
    for given in ({"position": 0}, {"as_of": "2026-02-28"}, {"known_at": "2026-01-01"}):
        answer = office.get(f"/api/v1/cases/{case}", **given)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-case-at-moment")


def test_an_answer_echoes_its_moment(office: Office) -> None:
    corrected(office)
    office.catch_up()
    answer = office.get("/api/v1/counts", as_of="2026-03-31", known_at="2999-01-01")
    assert answer.json()["meta"] == {
        "as_of": "2026-03-31T23:59:59.999999+08:00",
        "known_at": "2999-01-01T23:59:59.999999+08:00",
        "position": office.began + 3,
    }
    assert answer.headers["duban-as-of"] == "2026-03-31T23:59:59.999999+08:00"
    assert answer.headers["duban-position"] == str(office.began + 3)


def test_the_history_tells_what_was_recorded_and_what_is_right(office: Office) -> None:
    case = corrected(office)
    _, handing, correction = office.get(f"/api/v1/cases/{case}/steps").json()["steps"]
    assert (handing["step"]["lead_unit"], handing["right"]["step"]["lead_unit"]) == ("jtj", "zjj")
    assert (handing["act"]["occurred_at"], handing["occurred_at"]) == ("2026-03-05T00:00:00+08:00", "2026-03-10")
    assert (handing["corrected_by"], handing["voided_by"]) == ([3], None)
    assert (correction["right"], correction["label"]) == (None, {"zh": "更正", "en": "Corrected"})
    assert handing["deadlines"] != handing["right"]["deadlines"]
    before = office.get(f"/api/v1/cases/{case}/steps", position=office.began + 2).json()["steps"]
    assert [(step["number"], step["corrected_by"], step["right"]) for step in before] == [(1, [], None), (2, [], None)]


def test_a_voided_step_stays_in_the_history(office: Office) -> None:
    case = office.handed_over()
    office.record(case, "voided", "2026-03-06", voids=2, reason="误录", approved_by="主任")
    shown = office.get(f"/api/v1/cases/{case.json()['case_id']}/steps").json()["steps"]
    assert [step["voided_by"] for step in shown] == [None, 3, None]
    assert office.get(f"/api/v1/cases/{case.json()['case_id']}").json()["stage"]["code"] == "submitted"


def test_a_late_entry_is_marked(office: Office) -> None:
    case = office.submit()
    path = f"/api/v1/cases/{case.json()['case_id']}/steps/handed_over"
    body = {"step": {"lead_unit": "jtj"}, "act": {"occurred_at": "2026-03-05", "late": True}}
    assert office.post(path, body, "deputy_affairs", If_Match="*").status_code == 200
    steps = office.get(f"/api/v1/cases/{case.json()['case_id']}/steps").json()["steps"]
    assert [step["late"] for step in steps] == [False, True]


def test_a_finding_is_told_in_both_languages(office: Office) -> None:
    case = office.submit()
    answer = office.record(case, "handed_over", "2026-02-20", lead_unit="jtj")
    assert answer.status_code == 200, answer.text
    (finding,) = office.get(f"/api/v1/cases/{case.json()['case_id']}").json()["findings"]
    assert (finding["code"], finding["version"]) == ("before-opening", 2)
    assert finding["zh"] == "所记日期 2026-02-20 早于立案日期 2026-03-01。"
    assert "2026-02-20" in finding["en"]


def test_a_role_sees_the_steps_that_it_may_take_and_why_not_now(office: Office) -> None:
    case = office.handed_over().json()["case_id"]
    office_steps = {step["name"]: step for step in office.get(f"/api/v1/cases/{case}").json()["open_steps"]}
    deputy_steps = {step["name"]: step for step in office.get(f"/api/v1/cases/{case}", "deputy").json()["open_steps"]}
    assert office_steps["unit_assigned"]["open"]
    assert "unit_assigned" not in deputy_steps
    evaluation = deputy_steps["evaluation_submitted"]
    assert (evaluation["open"], evaluation["why"]) == (False, "step-not-open")


def walk(office: Office, **params: Any) -> list[str]:
    """The case ids of every page."""
    answer, found = office.get("/api/v1/cases", **params), []
    while True:
        assert answer.status_code == 200, answer.text
        found += [row["case_id"] for row in answer.json()["cases"]]
        if "link" not in answer.headers:
            assert answer.json()["next"] is None
            return found
        match = re.fullmatch(r'<(/api/v1/cases\?cursor=([^&]+)&limit=\d+)>; rel="next"', answer.headers["link"])
        assert match is not None
        assert match[2] == answer.json()["next"]
        answer = office.get(match[1])


@pytest.mark.parametrize("sort", ["opened_on", "-opened_on", "number", "-title", "due_on"])
def test_pages_hold_every_case_once(office: Office, sort: str) -> None:
    for i in range(7):
        office.submit(number=f"N{i % 5}{i}" if i else None, title=f"件{i % 3}")
    office.catch_up()
    whole = office.get("/api/v1/cases", sort=sort, include_total=True).json()
    assert whole["total"] == 7
    assert walk(office, sort=sort, limit=3) == [row["case_id"] for row in whole["cases"]]


def test_pages_of_one_cursor_agree_whatever_happens_meanwhile(office: Office) -> None:
    for i in range(4):
        office.submit(number=f"N{i}")
    office.catch_up()
    first = office.get("/api/v1/cases", sort="number", limit=2)
    late = office.submit(number="N9")
    office.catch_up()
    second = office.get(first.headers["link"].partition(">")[0][1:])
    assert [row["number"] for row in second.json()["cases"]] == ["N2", "N3"]
    assert second.headers["duban-position"] == first.headers["duban-position"]
    assert second.headers["duban-as-of"] == first.headers["duban-as-of"]
    assert office.get("/api/v1/cases", min_position=late.headers["duban-position"], limit=9).json()["cases"][0]


def test_a_cursor_is_ours_unchanged_and_alone(office: Office) -> None:
    for i in range(2):
        office.submit(number=f"N{i}")
    office.catch_up()
    cursor = office.get("/api/v1/cases", limit=1).json()["next"]
    forged = ("A" if cursor[30] != "A" else "B").join((cursor[:30], cursor[31:]))
    for bad in (forged, cursor[:-4], "", "!", "督", "A" * 9_000):
        answer = office.get("/api/v1/cases", cursor=bad)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/cursor-not-ours"), bad
    answer = office.get("/api/v1/cases", cursor=cursor, sort="title", as_of="2026-01-01")
    assert [item["parameter"] for item in answer.json()["errors"]] == ["as_of", "sort"]
    abroad = office.client.get("/api/v1/cases", params={"cursor": cursor}, headers=office.token("deputy", "jp-sangiin"))
    assert abroad.status_code == 422


def test_list_and_counts_of_a_filter_agree(office: Office) -> None:
    office.handed_over(number="A1", title="桥")
    office.submit(number="A2", title="路")
    office.catch_up()
    for given, numbers in (
        ({"state": "waiting"}, ["A1"]),
        ({"state": "unassigned"}, ["A2"]),
        ({"unit": "czj"}, ["A1"]),
        ({"stage": "submitted"}, ["A2"]),
        ({"deputy": "d-001"}, ["A1", "A2"]),
        ({"text": "桥"}, ["A1"]),
        ({"text": "A2"}, ["A2"]),
        ({"kind": "suggestion", "text": "%"}, []),
    ):
        rows = office.get("/api/v1/cases", sort="number", **given).json()["cases"]
        assert [row["number"] for row in rows] == numbers, given
        assert office.get("/api/v1/counts", **given).json()["counts"]["total"] == len(numbers)


def test_the_export_is_the_ledger_between_two_positions(office: Office) -> None:
    for _ in range(3):
        office.handed_over()
    answer = office.get("/api/v1/steps", after=2, until=5)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.headers["duban-position"] == "5"
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert [line["position"] for line in lines] == [3, 4, 5]
    assert set(lines[0]) == {"position", "case_id", "version", "wire", "recorded_at", "state"}
    stored = office.services.views.steps(after=2, until=3)[0].state
    assert stored in answer.content


def test_a_procedure_tells_its_stages_steps_and_flow_chart(office: Office) -> None:
    procedures = office.get("/api/v1/procedures").json()["procedures"]
    listed = next(one for one in procedures if one["kind"] == "suggestion")
    shown = office.get(listed["href"]).json()
    handing = next(step for step in shown["steps"] if step["name"] == "handed_over")
    assert (handing["zh"], handing["href"]) == ("交办", "/api/v1/cases/{case_id}/steps/handed_over")
    assert "lead_unit" in handing["fields"]["properties"]
    assert shown["flow_chart"].startswith("stateDiagram-v2")
    assert {stage["zh"] for stage in shown["stages"]} >= {"已提出", "已交办"}
    assert office.get("/api/v1/procedures/party").status_code == 404


def test_a_rulebook_tells_its_sources_and_versions(office: Office) -> None:
    shown = office.get("/api/v1/rulebooks/cn-national").json()
    assert shown["clocks"]["suggestion.reply"]["sources"]
    again = office.get("/api/v1/rulebooks/cn-national", version=shown["version"])
    assert again.json() == shown
    for path in ("/api/v1/rulebooks/nowhere", "/api/v1/rulebooks/cn-national?version=1999-01-01"):
        assert office.get(path).json()["type"] == "/problems/unknown-rulebook"


def test_a_problem_is_explained_where_its_type_points(office: Office) -> None:
    problem = office.get("/api/v1/cases/NA").json()
    page = office.client.get(problem["type"])
    assert page.status_code == 200
    assert problem["title"] in page.text
    english = office.client.get(problem["type"], headers={"Accept-Language": "en"})
    assert "No such case" in english.text
    assert office.client.get("/problems/nothing").status_code == 404
    assert problem["type"] in office.client.get("/problems").text


def test_readiness_needs_every_projection_to_go_on(office: Office) -> None:
    office.submit()
    body = office.client.get("/readyz").json()
    assert (body["status"], body["database"]) == ("ready", True)
    assert max(projection["lag"] for projection in body["projections"]) == 1
