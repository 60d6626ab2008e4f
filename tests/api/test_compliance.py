"""The board of the articles over HTTP, as a page and on the command line, at several moments."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from adapters.exchange.sample import load_sample, year
from api.chronicle import chronicle_of, days_of
from api.compliance import board_of, term_of
from api.looking import as_known
from domain.case import CASE_TYPES, STEPS, Corrected, Role
from domain.moment import Moment, end_of_day, start_of_day
from domain.procedure import kinds_having
from domain.rulebook import load_rulebook, rulebook_ids
from projections.chronicle import chronicle
from projections.compliance import board, look_at
from tests.api.conftest import Office
from tests.domain.support import ZONE, act
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


def test_the_page_tells_a_share_with_who_has_it_and_of_whom_it_is_not_stated(office: Office) -> None:
    page = office.client.get("/compliance?year=2026&lang=zh").text
    members = page[page.index('id="party_side-17"') : page.index('id="practice-1"')]
    assert "19 / 31（61%），至少 19；1 人情况未登记，不计入" in members
    assert "10 / 31（32%），至少 11；2 人情况未登记，不计入" in members
    assert "登记不全，无法判断" in members
    silent = members[members.index("未登记情况") :]
    assert "己一" in silent[: silent.index("</ul>")]
    assert "己二" in members, "who left within the term"


def test_every_article_looks_at_steps_that_there_are() -> None:
    for id in rulebook_ids():
        for article in load_rulebook(id).articles.values():
            wires = {wire for duty in article.duties for wire in (*duty.steps, *duty.others)}
            assert wires - STEPS.keys() == set(), article.id
            assert kinds_having(wires), article.id
            assert {kind for duty in article.duties for kind in duty.kinds} <= CASE_TYPES.keys(), article.id


def test_a_year_without_a_term_is_its_own_term() -> None:
    place = shipped_registry().jurisdiction("cn-999900")
    assert term_of(place, 2026).starts_on == place.terms[-1].since
    assert term_of(place, 1990).starts_on.year == 1990


def test_the_board_and_the_chronicle_of_any_moment_are_those_of_all_case_files_read_one_by_one(office: Office) -> None:
    services = office.services
    docket = services.docket
    load_sample(docket, today=date(2026, 11, 27), seed=1, cases=0)
    voted = next(story.case_id for story in year() if story.number.endswith(":appointment-07"))
    correction = Corrected(
        corrects=2, occurred_at=start_of_day(date(2026, 1, 29), ZONE), reason="录入有误", approved_by="主任"
    )
    docket.record(voted, correction, act(date(2026, 11, 27), Role.GENERAL_OFFICE))
    office.catch_up()
    head = docket.head()
    ids = sorted({str(event.originator_id) for event in services.views.steps(until=head, limit=head)})
    chance = random.Random(20)
    for year_asked in (2026, 2026, 2026, 2025):
        day = date(2026, 1, 1) + timedelta(days=chance.randrange(330))
        moment = Moment(end_of_day(day, ZONE), chance.randrange(head * 3 // 4, head + 1))
        place = as_known(services, "cn-999900", moment)
        files = (docket.case_file(case_id) for case_id in ids)
        looked = [one for file in files if (one := look_at(file, place, moment.known, moment.as_of)) is not None]
        of_place = [one for one in looked if one.case.jurisdiction == "cn-999900"]
        articles = place.book_on(day).articles.values()
        naive = board(articles, of_place, place, year_asked, day, term_of(place, year_asked))
        for _ in range(2):
            assert board_of(services, services.views, place, moment, year_asked).articles == naive
        first, last = days_of(f"2026-{day.month:02}")
        told = chronicle_of(services, services.views, place, moment, f"2026-{day.month:02}")
        assert told == chronicle(of_place, first, last)
