"""The chronicle of a month: what stands, day by day, as it was known at any moment."""

from __future__ import annotations

from typing import Any

import pytest

from domain.case import STEPS
from domain.matter import Closed, PartyGroupDeliberated
from projections.chronicle import is_told
from tests.api.conftest import Office
from tests.api.test_compliance import plan

CHRONICLE = "/api/v1/chronicle"


@pytest.mark.database
def test_a_month_tells_what_was_opened_and_what_went_on_day_by_day(office: Office) -> None:
    case_id = plan(office, "supervision", gates=True, adopted_on="2026-02-09")
    office.catch_up()
    told = office.get(CHRONICLE, "auditor", month="2026-02").json()["entries"]
    assert [(one["on"], one["case_id"], one["type"]) for one in told if one["kind"] == "plan"] == [
        ("2026-02-09", case_id, "plan.adopted.v1")
    ]
    a_year_before = office.get(CHRONICLE, "auditor", month="2025-02").json()["entries"]
    assert {one["type"] for one in a_year_before if one["kind"] == "meeting"} == {"meeting.held.v1"}
    january = office.get(CHRONICLE, "auditor", month="2026-01").json()["entries"]
    assert [one["type"] for one in january if one["kind"] == "plan"] == ["plan.drafted.v1"]
    page = office.client.get("/chronicle?month=2026-02")
    assert "大事记 2026-02" in page.text
    assert f"/cases/{case_id}#step-4" in page.text
    assert "/chronicle?month=2026-03" in page.text
    assert f"/cases/{case_id}" not in office.client.get("/chronicle?month=2026-02&as_of=2026-02-08").text


@pytest.mark.database
def test_a_step_that_was_corrected_stands_on_its_right_day_and_on_its_wrong_one_as_known_before(office: Office) -> None:
    case_id = plan(office, "supervision", gates=False, adopted_on="2026-02-09")
    office.catch_up()
    position = office.get(CHRONICLE, "auditor", month="2026-02").json()["meta"]["position"]
    correction = {
        "corrects": 2,
        "occurred_at": "2026-03-09T00:00:00+08:00",
        "reason": "录入有误",
        "approved_by": "主任",
    }
    path = f"/api/v1/cases/{case_id}/steps/corrected"
    taken = office.post(path, {"step": correction}, "general_office", If_Match="*")
    assert taken.status_code == 200, taken.text
    office.catch_up()

    def days(month: str, **more: Any) -> list[str]:
        told = office.get(CHRONICLE, "auditor", month=month, **more).json()["entries"]
        return [one["on"] for one in told if one["kind"] == "plan"]

    assert (days("2026-02"), days("2026-03")) == ([], ["2026-03-09"])
    assert days("2026-02", position=position) == ["2026-02-09"]


@pytest.mark.database
def test_many_cases_of_one_kind_on_a_day_are_folded(office: Office) -> None:
    kinds = ("supervision", "legislative", "major_matters", "appraisal", "study", "training")
    for kind in kinds[:5]:
        plan(office, kind, gates=False, adopted_on="2026-02-09")
    office.catch_up()
    assert "5 件</summary>" not in office.client.get("/chronicle?month=2026-02&lang=zh").text
    case_id = plan(office, kinds[5], gates=False, adopted_on="2026-02-09")
    office.catch_up()
    page = office.client.get("/chronicle?month=2026-02&lang=zh").text
    folded = page[page.index("6 件</summary>") :]
    assert f"/cases/{case_id}#step-2" in folded[: folded.index("</details>")]


@pytest.mark.database
@pytest.mark.parametrize("month", ["2026-13", "2026", "0000-01", "soon"])
def test_what_is_no_month_is_refused(office: Office, month: str) -> None:
    assert office.get(CHRONICLE, "auditor", month=month).status_code == 422
    assert office.client.get(f"/chronicle?month={month}").status_code == 422


@pytest.mark.database
def test_who_does_not_read_every_case_has_no_chronicle(office: Office) -> None:
    assert office.get(CHRONICLE, "handling_unit").status_code == 403


def test_what_opens_a_matter_or_takes_it_on_is_told_and_what_is_kept_among_organs_is_not() -> None:
    told = {wire for wire, step in STEPS.items() if is_told(step)}
    assert {"meeting.held.v1", "appointment.approved.v1", "matter.activity_held.v1", "decision.promulgated.v1"} <= told
    assert not is_told(PartyGroupDeliberated)
    assert not is_told(Closed)
    assert not any("exam" in wire for wire in told)
    assert not any(wire.startswith("suggestion.") for wire in told)
