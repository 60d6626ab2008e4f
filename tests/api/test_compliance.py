"""The board of the articles over HTTP, as a page and on the command line, at several moments."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from api.compliance import kinds_of, term_of
from domain.case import STEPS
from domain.rulebook import load_rulebook, rulebook_ids
from tests.api.conftest import Office
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

BOARD = "/api/v1/compliance"


def plan(office: Office, kind: str, *, gates: bool, adopted_on: str) -> str:
    """A plan that was adopted, through the gates of the Party or not."""

    def take(step: str, on: str) -> None:
        taken = office.post(
            f"/api/v1/cases/{case_id}/steps/{step}",
            {"step": {}, "act": {"occurred_at": on}},
            "general_office",
            If_Match="*",
        )
        assert taken.status_code == 200, taken.text

    step = {"jurisdiction": "cn-999900", "title": f"2026年{kind}", "kind": kind}
    body = {"opening": "plan.drafted", "step": step, "act": {"occurred_at": "2026-01-05"}}
    opened = office.post("/api/v1/cases", body, "general_office")
    assert opened.status_code == 201, opened.text
    case_id = str(opened.json()["case_id"])
    if gates:
        take("party_group_deliberated", "2026-01-12")
        take("approved_by_party_committee", "2026-01-26")
    take("adopted", adopted_on)
    return case_id


def read(office: Office, role: str = "auditor", **params: Any) -> httpx2.Response:
    office.catch_up()
    answer = office.get(BOARD, role, **params)
    assert answer.status_code == 200, answer.text
    return answer


def status(answer: httpx2.Response, number: int) -> str:
    return str(
        next(one["status"] for one in answer.json()["articles"] if (one["set"], one["number"]) == ("eighteen", number))
    )


def test_the_board_says_which_articles_are_met_and_names_the_steps_that_prove_it(office: Office) -> None:
    case_id = plan(office, "supervision", gates=True, adopted_on="2026-02-09")
    answer = read(office, year=2026)
    assert answer.json()["rulebook"].startswith("cn-999900@")
    assert status(answer, 15) == "met"
    article = next(one for one in answer.json()["articles"] if one["number"] == 15)
    proof = article["duties"][0]["proofs"][0]
    assert (proof["case_id"], proof["type"], proof["occurred_on"]) == (case_id, "plan.adopted.v1", "2026-02-09")
    assert answer.headers["Duban-Position"]


def test_a_plan_that_skipped_the_gates_breaches_the_article_and_the_finding_is_told(office: Office) -> None:
    plan(office, "supervision", gates=False, adopted_on="2026-02-09")
    article = next(one for one in read(office, year=2026).json()["articles"] if one["number"] == 15)
    assert article["status"] == "breached"
    assert [one["params"]["step"] for one in article["duties"][1]["breaches"]] == [
        ["matter.party_group_deliberated.v1"],
        ["matter.approved_by_party_committee.v1"],
    ]


def test_the_board_of_an_earlier_moment_is_what_it_was_then_on_both_clocks(office: Office) -> None:
    plan(office, "supervision", gates=True, adopted_on="2026-02-09")
    position = read(office, year=2026).json()["meta"]["position"]
    assert status(read(office, year=2026, as_of="2026-02-08"), 15) == "due_by"
    assert status(read(office, year=2026, as_of="2026-02-09"), 15) == "met"
    assert status(read(office, year=2026, as_of="2026-06-30", position=position - 1), 15) == "due_by"


def test_the_board_of_an_earlier_position_goes_by_the_rulebook_that_was_known_then(
    office: Office,
) -> None:
    before = read(office, year=2026).json()
    region = next(
        str(event.originator_id)
        for event in office.services.ledger.registry_events(0)
        if event.topic == "jurisdiction.opened.v1" and b'"cn-999900"' in event.state
    )
    body = {"step": {"rulebook": "cn-national@2026-11-22"}, "act": {"occurred_at": "2026-03-02"}}
    path = f"/api/v1/cases/{region}/steps/rulebook_adopted"
    assert office.post(path, body, "general_office", If_Match="*").status_code == 200
    now = read(office, year=2026, as_of="2026-06-30").json()
    assert (now["rulebook"].partition("@")[0], now["articles"]) == ("cn-national", [])
    then = read(office, year=2026, as_of="2026-06-30", position=before["meta"]["position"]).json()
    assert then["rulebook"] == before["rulebook"]
    assert len(then["articles"]) > 18
    assert "没有条文" in office.client.get("/compliance?year=2026&as_of=2026-06-30&lang=zh").text


def test_the_same_board_says_of_a_year_that_is_over_that_it_was_breached(office: Office) -> None:
    assert status(read(office, year=2025, as_of="2026-06-30"), 15) == "breached"
    assert status(read(office, year=2027, as_of="2026-06-30"), 15) == "not_yet_applicable"


@pytest.mark.parametrize("role", ["handling_unit", "deputy", "government_office", "third_party", "party_committee"])
def test_who_does_not_read_every_case_sees_no_board(office: Office, role: str) -> None:
    refused = office.get(BOARD, role)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "not-all-is-yours")


@pytest.mark.parametrize("params", [{"year": "soon"}, {"year": 1}, {"as_of": "gestern"}, {"what": "x"}])
def test_a_board_that_cannot_be_is_refused(office: Office, params: dict[str, Any]) -> None:
    assert office.get(BOARD, "auditor", **params).status_code == 422


def test_the_page_shows_the_board_its_proofs_and_the_same_at_another_moment(office: Office) -> None:
    case_id = plan(office, "supervision", gates=False, adopted_on="2026-02-09")
    office.catch_up()
    page = office.client.get("/compliance?year=2026")
    assert page.status_code == 200
    assert "2026 年对照检查" in page.text
    assert f"/cases/{case_id}#step-2" in page.text
    assert "党组集体讨论决定" in page.text
    earlier = office.client.get("/compliance?year=2026&as_of=2026-02-08")
    assert f"/cases/{case_id}" not in earlier.text
    assert "Compliance in 2026" in office.client.get("/compliance?year=2026&lang=en").text
    assert office.client.get("/compliance?year=never").status_code == 422


def test_every_article_looks_at_steps_that_there_are() -> None:
    for id in rulebook_ids():
        for article in load_rulebook(id).articles.values():
            wires = {wire for duty in article.duties for wire in (*duty.steps, *duty.others)}
            assert wires - STEPS.keys() == set(), article.id
            assert kinds_of(wires), article.id


def test_a_year_without_a_term_is_its_own_term() -> None:
    place = shipped_registry().jurisdiction("cn-999900")
    assert term_of(place, 2026).starts_on == place.terms[-1].since
    assert term_of(place, 1990).starts_on.year == 1990
