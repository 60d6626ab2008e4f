"""Cases that name each other: readable from both ends, at any moment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Office

pytestmark = pytest.mark.database


def opened(office: Office, opening: str, on: str, **step: Any) -> str:
    body = {"opening": opening, "step": {"jurisdiction": "cn-999900", **step}, "act": {"occurred_at": on}}
    answer = office.post("/api/v1/cases", body, "general_office")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case_id"])


def taken(office: Office, case_id: str, name: str, on: str, **step: Any) -> Any:
    path = f"/api/v1/cases/{case_id}/steps/{name}"
    return office.post(path, {"step": step, "act": {"occurred_at": on}}, "general_office", If_Match="*")


def naming(office: Office, case_id: str, **params: Any) -> list[str]:
    office.catch_up()
    answer = office.get("/api/v1/cases", "auditor", tied_to=case_id, **params)
    assert answer.status_code == 200, answer.text
    return [case["case_id"] for case in answer.json()["cases"]]


def opinion(office: Office, title: str, on: str) -> str:
    return opened(office, "opinion.collated", on, title=title, kind="deliberation", text="一、改善站台。")


def test_an_opinion_names_its_plan_and_the_plan_is_asked_who_names_it(office: Office) -> None:
    plan = opened(office, "plan.drafted", "2026-01-05", title="监督计划", kind="supervision")
    one = opened(office, "opinion.collated", "2026-05-06", title="审议意见", kind="deliberation", text="-", plan=plan)
    assert naming(office, plan) == [one]
    assert naming(office, one) == []
    assert naming(office, plan, as_of="2026-05-05") == []
    assert f"/cases/{one}" in office.client.get(f"/cases/{plan}").text
    assert f"/cases/{plan}" in office.client.get(f"/cases/{one}").text
    assert f"/cases/{one}" not in office.client.get(f"/cases/{plan}?as_of=2026-05-05").text


def test_a_link_is_there_from_its_day_on_and_gone_when_it_was_voided(office: Office) -> None:
    first, second = opinion(office, "意见一", "2026-05-06"), opinion(office, "意见二", "2026-05-07")
    answer = taken(office, second, "linked", "2026-06-01", other=first, link="results_from")
    assert answer.status_code == 200, answer.text
    assert naming(office, first) == [second]
    assert naming(office, first, as_of="2026-05-31") == []
    position = office.get("/api/v1/cases", "auditor").json()["meta"]["position"]
    void = taken(office, second, "voided", "2026-06-02", voids=2, reason="误录", approved_by="主任")
    assert void.status_code == 200, void.text
    assert naming(office, first) == []
    assert naming(office, first, position=position) == [second]


def test_a_meeting_names_what_is_on_its_agenda(office: Office) -> None:
    one = opinion(office, "意见一", "2026-05-06")
    meeting = opened(
        office,
        "meeting.called",
        "2026-06-01",
        code="cwh-90",
        kind="standing_committee",
        title="第九十次会议",
        starts_on="2026-06-28",
    )
    answer = taken(
        office, meeting, "agenda_set", "2026-06-10", items=[{"item": "1", "title": "听取报告", "case_id": one}]
    )
    assert answer.status_code == 200, answer.text
    assert naming(office, one, kind="meeting") == [meeting]
    assert "第九十次会议" in office.client.get(f"/cases/{one}").text


def test_a_circle_of_links_is_refused_and_nothing_is_stored(office: Office) -> None:
    first, second = opinion(office, "意见一", "2026-05-06"), opinion(office, "意见二", "2026-05-07")
    assert taken(office, second, "linked", "2026-06-01", other=first, link="results_from").status_code == 200
    before = office.stored()
    refused = taken(office, first, "linked", "2026-06-01", other=second, link="part_of")
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["code"] == "cases-follow-in-a-circle"
    assert office.stored() == before


def test_who_may_not_read_a_case_is_not_told_that_it_names_another(office: Office) -> None:
    plan = opened(office, "plan.drafted", "2026-01-05", title="监督计划", kind="supervision")
    opened(office, "opinion.collated", "2026-05-06", title="审议意见", kind="deliberation", text="-", plan=plan)
    office.catch_up()
    assert office.get("/api/v1/cases", "handling_unit", tied_to=plan).json()["cases"] == []
