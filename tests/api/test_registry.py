"""The registry through the API, the pages and the command line: entered, renamed, and read as it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import JURISDICTION, Office

pytestmark = pytest.mark.database


def opened(office: Office, opening: str, role: str = "general_office", **step: Any) -> Any:
    body = {"opening": opening, "step": {"jurisdiction": JURISDICTION} | step, "act": {"occurred_at": "2025-01-01"}}
    return office.post("/api/v1/cases", body, role)


def parks(office: Office) -> Any:
    return opened(office, "unit.opened", code="ylj", zh_name="市园林局", en_name="Parks Bureau", order=35)


def test_a_unit_is_entered_and_then_handed_a_suggestion(office: Office) -> None:
    assert office.record(office.submit(), "handed_over", "2026-03-05", lead_unit="ylj").status_code == 422
    assert parks(office).status_code == 201
    assert office.record(office.submit(), "handed_over", "2026-03-05", lead_unit="ylj").status_code == 200


def test_a_unit_is_called_what_it_was_called_on_the_day_that_is_looked_at(office: Office) -> None:
    unit = parks(office)
    case = office.record(office.submit(), "handed_over", "2026-03-05", lead_unit="ylj").json()["case_id"]
    office.record(unit, "renamed", "2026-04-01", "general_office", zh_name="市园林绿化局", en_name="Parks and Greening")
    office.catch_up()
    names = {"2026-03-31": "市园林局", "2026-04-01": "市园林绿化局"}
    for as_of, called in names.items():
        page = office.client.get(f"/cases/{case}", params={"as_of": as_of}, headers={"Accept-Language": "zh"}).text
        assert [name for name in names.values() if name in page] == [called]


def test_the_list_of_cases_has_none_of_the_registry_unless_asked_for(office: Office) -> None:
    office.submit(number="2026-001")
    parks(office)
    office.catch_up()
    assert [row["number"] for row in office.get("/api/v1/cases").json()["cases"]] == ["2026-001"]
    assert office.get("/api/v1/counts").json()["counts"]["total"] == 1
    units = office.get("/api/v1/cases", kind="unit", sort="number", limit=100).json()["cases"]
    assert "市园林局" in [row["title"] for row in units]
    assert {row["kind"] for row in units} == {"unit"}


def test_a_deputy_of_the_registry_may_submit_from_the_day_of_registration(office: Office) -> None:
    assert office.submit(role="deputy_affairs", lead_deputy="d-900").status_code == 422
    opened(office, "deputy.registered", role="deputy_affairs", id="d-900", name="戊一", term=9, group="yd-1")
    assert office.submit(role="deputy_affairs", lead_deputy="d-900").status_code == 201


def test_a_handling_unit_does_not_keep_the_registry(office: Office) -> None:
    answer = opened(office, "unit.opened", role="handling_unit", code="x", zh_name="x", en_name="x")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/role-may-not")
