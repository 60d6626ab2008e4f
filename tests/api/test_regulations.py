"""The register of regulations: what was promulgated is read by whoever signs in; the files stay closed."""

from __future__ import annotations

from typing import Any

import pytest

from domain.case import Role
from tests.api.conftest import Office

pytestmark = pytest.mark.database

REGISTER = "/api/v1/regulations"
VOTE = {"mode": "electronic", "members": 31, "present": 30, "votes_for": 28, "votes_against": 1, "abstentions": 1}
MEMBER = "丑一"


def opened(office: Office, opening: str, on: str, **step: Any) -> str:
    body = {"opening": opening, "step": {"jurisdiction": "cn-999900"} | step, "act": {"occurred_at": on}}
    answer = office.post("/api/v1/cases", body, "general_office")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case_id"])


def take(office: Office, case_id: str, name: str, on: str, **step: Any) -> None:
    body = {"step": step, "act": {"occurred_at": on}}
    taken = office.post(f"/api/v1/cases/{case_id}/steps/{name}", body, "general_office", If_Match="*")
    assert taken.status_code == 200, taken.text


def made(office: Office) -> str:
    """A regulation that was made here, and on whose draft a member of the Party's standing committee was asked."""
    case_id = opened(office, "legislation.proposed", "2026-01-12", title="云江市公共交通条例", kind="enact")
    for name, on, step in (
        ("party_group_deliberated", "2026-01-13", {}),
        ("approved_by_party_committee", "2026-01-14", {}),
        ("planned", "2026-01-15", {}),
        ("bill_filed", "2026-03-02", {}),
        ("first_reading_held", "2026-03-26", {}),
        ("party_committee_consulted", "2026-04-20", {"recipients": [MEMBER]}),
        ("voted", "2026-05-28", VOTE),
        ("submitted_for_approval", "2026-06-03", {}),
        ("approved", "2026-07-29", {}),
        ("promulgated", "2026-08-10", {"in_force_on": "2026-10-01", "document_number": "云人常〔2026〕第5号公告"}),
    ):
        take(office, case_id, name, on, **step)
    return case_id


def older(office: Office) -> str:
    """A regulation that is older than the system, and was amended and repealed."""
    dates = {"passed_on": "2018-10-26", "promulgated_on": "2018-12-05", "in_force_on": "2019-03-01"}
    case_id = opened(office, "legislation.entered_in_force", "2026-01-05", title="云江市历史文化保护条例", **dates)
    take(office, case_id, "amended", "2026-02-26", in_force_on="2026-05-01")
    take(office, case_id, "repealed", "2026-08-27", repealed_on="2026-10-01")
    return case_id


def read(office: Office, role: str = "deputy", **moment: Any) -> list[dict[str, Any]]:
    office.catch_up()
    answer = office.get(REGISTER, role, **moment)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Duban-Position"]
    return list(answer.json()["regulations"])


def test_a_deputy_reads_what_was_promulgated_and_not_the_file_of_it(office: Office) -> None:
    case_id = made(office)
    assert read(office) == [
        {
            "case_id": case_id,
            "title": "云江市公共交通条例",
            "document_number": "云人常〔2026〕第5号公告",
            "passed_on": "2026-05-28",
            "approved_on": "2026-07-29",
            "promulgated_on": "2026-08-10",
            "in_force_on": "2026-10-01",
            "amendments": [],
            "repealed_on": None,
            "validity": "in_force",
        }
    ]
    for path in (f"/api/v1/cases/{case_id}", f"/api/v1/cases/{case_id}/steps"):
        assert office.get(path, "deputy").status_code == 404
    assert MEMBER in office.get(f"/api/v1/cases/{case_id}", "general_office").text


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_whoever_signs_in_reads_the_whole_register(office: Office, role: str) -> None:
    older(office)
    assert [one["title"] for one in read(office, role)] == ["云江市历史文化保护条例"]


def test_the_register_of_a_day_says_what_was_in_force_then(office: Office) -> None:
    made(office)
    older(office)

    def then(day: str) -> list[tuple[str, str, int]]:
        return [(one["title"][3:7], one["validity"], len(one["amendments"])) for one in read(office, as_of=day)]

    assert then("2026-02-25") == [("历史文化", "in_force", 0)]
    assert then("2026-02-26") == [("历史文化", "in_force", 1)]
    assert then("2026-08-09") == [("历史文化", "in_force", 1)]
    assert then("2026-08-10") == [("公共交通", "not_yet_in_force", 0), ("历史文化", "in_force", 1)]
    assert then("2026-10-01") == [("公共交通", "in_force", 0), ("历史文化", "repealed", 1)]


def test_what_was_recorded_later_was_not_in_the_register_as_known_before(office: Office) -> None:
    older(office)
    office.catch_up()
    position = office.get(REGISTER, "deputy").json()["meta"]["position"]
    made(office)
    assert len(read(office)) == 2
    assert [one["title"] for one in read(office, position=position)] == ["云江市历史文化保护条例"]


def test_a_project_a_bill_that_came_to_nothing_and_an_amendment_are_no_regulations(office: Office) -> None:
    opened(office, "legislation.proposed", "2026-01-12", title="云江市停车条例", kind="enact")
    assert read(office) == []


def test_the_page_tells_the_register_and_leads_to_no_file_for_who_may_not_read_it(office: Office) -> None:
    case_id = made(office)
    office.catch_up()
    office.account("member", "deputy", deputy="d-001")
    page = office.browser("member").get("/regulations")
    assert page.status_code == 200
    assert "云江市公共交通条例" in page.text
    assert "云人常〔2026〕第5号公告" in page.text
    assert f"/cases/{case_id}" not in page.text
    assert MEMBER not in page.text
    assert f"/cases/{case_id}" in office.client.get("/regulations").text
    assert "目录中没有法规" in office.client.get("/regulations?as_of=2026-08-09").text
    office.account("keeper", "administrator")
    for login in ("member", "keeper"):
        assert 'href="/regulations"' in office.browser(login).get("/registry").text
        assert "云江市公共交通条例" in office.browser(login).get("/regulations").text
    assert "not yet in force" in office.client.get("/regulations?as_of=2026-09-01&lang=en").text
