"""Cards and integrity signals over HTTP and on the pages, at several moments and for several readers."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from api.cards import district_card
from domain.policy import EVERYTHING
from projections.asked import Asked
from tests.api.conftest import Office

pytestmark = pytest.mark.database

CARDS, INTEGRITY = "/api/v1/cards", "/api/v1/integrity"


def read(office: Office, path: str, role: str = "deputy_affairs", **params: Any) -> Any:
    office.catch_up()
    answer = office.get(path, role, **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Duban-Position"] == str(answer.json()["meta"]["position"])
    return answer.json()


def line(card: Any, metric: str) -> Any:
    return next(one for one in card["lines"] if one["metric"] == metric)


def answered(office: Office, unit: str, outcome: str, on: str = "2026-05-06", **step: Any) -> httpx2.Response:
    case = office.record(office.submit(**step), "handed_over", "2026-03-05", lead_unit=unit)
    return office.record(case, "reply_issued", on, unit=unit, outcome=outcome)


def evaluated(office: Office, unit: str, outcome: str, grade: str = "satisfied") -> httpx2.Response:
    case = answered(office, unit, outcome)
    return office.record(case, "evaluation_submitted", "2026-05-20", role="deputy", result=grade)


@pytest.fixture
def two_units(office: Office) -> None:
    """Six of the transport bureau, half of them resolved; five of the housing bureau, all resolved; one of another."""
    for outcome in "AAABBB":
        evaluated(office, "jtj", outcome)
    for _ in range(5):
        evaluated(office, "zjj", "A")
    evaluated(office, "jyj", "A")


@pytest.mark.usefixtures("two_units")
def test_a_unit_is_told_its_figures_with_its_place_among_those_that_rest_on_enough(office: Office) -> None:
    card = read(office, f"{CARDS}/units/jtj")
    rate = line(card, "unit_resolution_rate")
    assert (rate["numerator"], rate["denominator"], rate["rank"]) == (3, 6, {"place": 2, "of": 2})
    assert line(card, "unit_satisfied_rate")["rank"] == {"place": 1, "of": 2}
    assert line(read(office, f"{CARDS}/units/zjj"), "unit_satisfied_rate")["rank"] == {"place": 1, "of": 2}
    few = line(read(office, f"{CARDS}/units/jyj"), "unit_satisfied_rate")
    assert (few["numerator"], few["few"], few["rank"]) == (1, True, {"place": None, "of": 2})
    assert (card["rulebook"].partition("@")[0], card["calendar"].partition("@")[0]) == ("cn-999900", "cn")


@pytest.mark.usefixtures("two_units")
def test_every_number_of_a_card_opens_a_list_that_adds_up_to_it_at_the_same_moment(office: Office) -> None:
    card = read(office, f"{CARDS}/units/jtj", as_of="2026-05-06")
    for metric, measure in (("unit_resolution_rate", "outcome_resolved"), ("resolution_rate", "outcome_resolved")):
        told = line(card, metric)
        listed = office.get(told["cases"], "deputy_affairs").json()
        assert listed["figure"]["numerator"] == told["numerator"] == 3
        assert sum(row["counts"][measure] for row in listed["rows"]) == told["numerator"]
    assert line(card, "satisfied_rate")["denominator"] == 0
    assert line(read(office, f"{CARDS}/units/jtj"), "satisfied_rate")["denominator"] == 6


@pytest.mark.usefixtures("two_units")
def test_the_course_tells_the_ends_of_six_months_and_ends_with_the_moment(office: Office) -> None:
    trend = line(read(office, f"{CARDS}/units/jtj", as_of="2026-06-15"), "unit_satisfied_rate")["trend"]
    days = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-15"]
    assert [one["day"] for one in trend] == days
    assert [one["numerator"] for one in trend] == [0, 0, 0, 0, 6, 6]


def test_the_days_in_hands_go_to_each_unit_that_had_it_and_change_when_the_past_is_corrected(office: Office) -> None:
    case = office.handed_over()
    case = office.record(case, "return_requested", "2026-03-09", unit="jtj", reason="职责不符")
    case = office.record(case, "return_approved", "2026-03-10", unit="jtj")
    case = office.record(case, "reassigned", "2026-03-12", unit="jtj", to_unit="zjj")
    case = office.record(case, "reply_issued", "2026-03-20", unit="zjj", outcome="A")
    assert case.status_code == 200, case.text
    [first] = read(office, f"{CARDS}/units/jtj")["held"]
    assert [(stay["way"], stay["days"], stay["working_days"]) for stay in first["own"]] == [
        ("handling", 4, 2),
        ("returning", 1, 1),
    ]
    assert {(stay["unit"], stay["way"], stay["days"]) for stay in first["others"]} == {
        ("czj", "opinion", 15),
        ("jtj", "reassigning", 2),
        ("zjj", "handling", 8),
    }
    second = read(office, f"{CARDS}/units/zjj")
    assert (second["handling"]["days"], second["handling"]["median_days"], second["handling"]["there"]) == (8, 8.0, 0)
    then = read(office, f"{CARDS}/units/zjj", as_of="2026-03-15")["handling"]
    assert (then["days"], then["there"]) == (3, 1)
    known = read(office, f"{CARDS}/units/zjj")["meta"]["position"]
    step: dict[str, Any] = {"corrects": 6, "occurred_at": "2026-03-16T00:00:00+08:00", "precision": "day"}
    step |= {"reason": "日期录错", "approved_by": "主任"}
    fixed = office.record(case, "corrected", "2026-03-21", **step)
    assert fixed.status_code == 200, fixed.text
    assert read(office, f"{CARDS}/units/zjj")["handling"]["days"] == 4
    assert read(office, f"{CARDS}/units/zjj", position=known)["handling"]["days"] == 8


@pytest.mark.usefixtures("two_units")
def test_who_reads_a_part_is_told_the_figures_of_that_part_and_nobodys_place(office: Office) -> None:
    own = line(read(office, f"{CARDS}/units/jtj", "handling_unit"), "unit_satisfied_rate")
    assert (own["denominator"], own["rank"]) == (6, None)
    other = read(office, f"{CARDS}/units/zjj", "handling_unit")
    assert (line(other, "assignments")["numerator"], other["held"]) == (0, [])


def test_a_deputys_archive_tells_what_was_brought_what_was_done_and_the_points_for_it(office: Office) -> None:
    case = evaluated(office, "jtj", "A")
    office.submit(title="联名的一件", role="deputy_affairs", lead_deputy="d-002", co_signers=["d-001"])
    card = read(office, f"{CARDS}/deputies/d-001")
    assert {(one["leads"], one["outcome"], one["grade"]) for one in card["brought"]} == {
        (True, "outcome_resolved", "satisfied"),
        (False, None, None),
    }
    done = {one["id"]: (one["count"], one["points"]) for one in card["duties"]}
    assert (done["brought"], done["evaluated"], done["sat_in"]) == ((1, 3), (1, 2), (0, 0))
    assert (card["points"], card["year"]) == (5, 2026)
    assert [act["case_id"] for one in card["duties"] for act in one["acts"]] == [case.json()["case_id"]] * 2
    assert read(office, f"{CARDS}/deputies/d-001", as_of="2026-05-19")["points"] == 3
    assert read(office, f"{CARDS}/deputies/d-001", year=2025)["points"] == 0
    assert read(office, f"{CARDS}/deputies/d-001", "deputy")["points"] == 5


def test_what_a_deputy_did_in_a_matter_counts_and_leads_there_only_who_may_read_it(office: Office) -> None:
    step = {"jurisdiction": "cn-999900", "title": "审议意见", "kind": "deliberation", "text": "一、改善站台。"}
    body = {"opening": "opinion.collated", "step": step, "act": {"occurred_at": "2026-05-06"}}
    opened = office.post("/api/v1/cases", body, "general_office")
    came = ["d-001", "d-002", "d-003"]
    activity = {"kind": "survey", "title": "公交站台", "invited": came, "attended": came[:2]}
    taken = office.record(opened, "activity_held", "2026-05-08", role="general_office", **activity)
    assert taken.status_code == 200, taken.text

    def activities(deputy: str, role: str = "deputy_affairs") -> Any:
        card = read(office, f"{CARDS}/deputies/{deputy}", role)
        return next(one for one in card["duties"] if one["id"] == "activity")

    assert (activities("d-001")["points"], activities("d-003")["points"]) == (3, 0)
    assert [act["case_id"] for act in activities("d-001")["acts"]] == [opened.json()["case_id"]]
    assert [act["case_id"] for act in activities("d-001", "deputy")["acts"]] == [None]


def test_a_member_who_attended_a_meeting_is_counted_by_the_name_in_his_seat(office: Office) -> None:
    def opening(name: str, on: str, **step: Any) -> httpx2.Response:
        body = {"opening": name, "step": {"jurisdiction": "cn-999900", **step}, "act": {"occurred_at": on}}
        opened = office.post("/api/v1/cases", body, "general_office")
        assert opened.status_code == 201, opened.text
        return opened

    holder = office.services.registry.jurisdiction("cn-999900").deputy("d-001")
    assert holder is not None
    opening("seat.taken", "2026-01-05", body="standing_committee", holder=holder.name, deputy="d-001", post="委员")
    called = {"code": "cwh-31", "kind": "standing_committee", "title": "常委会会议", "starts_on": "2026-02-10"}
    meeting = opening("meeting.called", "2026-02-02", **called)
    meeting = office.record(meeting, "held", "2026-02-10", role="general_office")
    meeting = office.record(meeting, "attendance_recorded", "2026-02-10", role="general_office", present=[holder.name])
    assert meeting.status_code == 200, meeting.text
    done = {one["id"]: one["count"] for one in read(office, f"{CARDS}/deputies/d-001")["duties"]}
    assert (done["attended"], done["sat_in"]) == (1, 0)


def test_a_deputys_archive_is_for_himself_and_those_who_read_every_case(office: Office) -> None:
    for role, deputy in (("deputy", "d-002"), ("handling_unit", "d-001"), ("government_office", "d-001")):
        refused = office.get(f"{CARDS}/deputies/{deputy}", role)
        assert refused.status_code == 403
        assert refused.json()["type"].rpartition("/")[2] == "card-of-another-deputy"
    assert office.get(f"{CARDS}/deputies/nobody").status_code == 404


def test_a_committee_is_told_its_items_by_kind_and_stage_and_what_is_put_right(office: Office) -> None:
    step = {"title": "审议意见", "kind": "deliberation", "text": "一、改善站台。", "committee": "财经委", "unit": "jtj"}
    body = {
        "opening": "opinion.collated",
        "step": {"jurisdiction": "cn-999900", **step},
        "act": {"occurred_at": "2026-05-06"},
    }
    assert office.post("/api/v1/cases", body, "general_office").status_code == 201
    office.record(office.handed_over(), "committee_assigned", "2026-03-06", committee="财经委")
    card = read(office, f"{CARDS}/committees/财经委")
    assert [(one["kind"], one["opened"], one["open"]) for one in card["kinds"]] == [("opinion", 1, 1)]
    assert sum(card["kinds"][0]["stages"].values()) == 1
    assert (line(card, "cases_opened")["numerator"], line(card, "handed_over")["numerator"]) == (1, 1)
    assert (line(card, "rectification_rate")["denominator"], card["problems"]) == (0, [])
    assert office.get(f"{CARDS}/committees/无此委").status_code == 404


@pytest.fixture
def county(office: Office) -> Office:
    """A suggestion was handed over in the city, and one in a county of it."""
    office.handed_over()
    deputy = office.services.registry.jurisdiction("cn-999921").all_deputies()[0].id
    body = {
        "opening": "suggestion.submitted",
        "step": {"jurisdiction": "cn-999921", "title": "县里的一件", "lead_deputy": deputy},
        "act": {"occurred_at": "2026-03-01"},
    }
    headers = office.token("deputy_affairs", "cn-999921") | {"Idempotency-Key": "county-1"}
    opened = office.client.post("/api/v1/cases", json=body, headers=headers)
    assert opened.status_code == 201, opened.text
    handed = office.client.post(
        f"/api/v1/cases/{opened.json()['case_id']}/steps/handed_over",
        json={"step": {"lead_unit": "jtj"}, "act": {"occurred_at": "2026-03-05"}},
        headers=headers | {"Idempotency-Key": "county-2", "If-Match": "*"},
    )
    assert handed.status_code == 200, handed.text
    office.catch_up()
    return office


def handed_over(card: Any) -> dict[str, tuple[int, bool]]:
    """How many were handed over in each place of a district, and whether that opens a list."""
    told = {place["jurisdiction"]: line(place, "handed_over") for place in card["places"]}
    return {code: (one["numerator"], one["cases"] is not None) for code, one in told.items()}


def test_a_city_is_told_the_figures_of_its_counties_and_opens_no_case_of_theirs(county: Office) -> None:
    for role in ("deputy_affairs", "auditor"):
        card = read(county, f"{CARDS}/districts/999900", role)
        found = handed_over(card)
        assert (found["cn-999900"], found["cn-999921"], card["not_told"]) == ((1, True), (1, False), [])
        together = line(card, "handed_over")
        assert (together["numerator"], together["trend"][-1]["numerator"], together["cases"]) == (2, 2, None)
        assert handed_over(read(county, f"{CARDS}/districts/999921", role)) == {"cn-999921": (1, False)}
    for path in ("/api/v1/cases", "/api/v1/figures/handed_over/cases"):
        assert "县里的一件" not in county.get(path).text


@pytest.mark.parametrize("role", ["deputy", "handling_unit", "government_office"])
def test_whoever_reads_a_part_of_the_cases_is_told_of_no_county(county: Office, role: str) -> None:
    card = read(county, f"{CARDS}/districts/999900", role)
    assert [place["jurisdiction"] for place in card["places"]] == ["cn-999900"]
    assert "cn-999921" in card["not_told"]
    refused = county.get(f"{CARDS}/districts/999921", role)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "card-of-another-place")
    assert county.get(f"{CARDS}/districts/123456", role).status_code == 404


def test_a_county_is_told_nothing_of_its_city(county: Office) -> None:
    card = county.client.get(f"{CARDS}/districts/999900", headers=county.token("deputy_affairs", "cn-999921")).json()
    assert (handed_over(card), card["not_told"][0]) == ({"cn-999921": (1, True)}, "cn-999900")


def test_whoever_runs_the_installation_is_told_of_every_place(county: Office) -> None:
    card = district_card(county.services, EVERYTHING, "999900", county.services.views.moment(), Asked())
    assert ({one.readable for one in card.places}, card.not_told, card.readable) == ({True}, [], False)
    together = next(line for line in card.together if line.metric.id == "handed_over")
    assert (together.figure.numerator, together.trend[-1][1].numerator) == (2, 2)


def test_the_page_of_a_district_tells_its_counties_and_links_what_may_be_opened(county: Office) -> None:
    county.account("office")
    index = county.browser("office").get("/cards").text
    assert 'href="/cards/districts/999921' in index
    page = county.browser("office").get("/cards/districts/999900").text
    whole, together, city, *counties = page.split('<section aria-labelledby="lines-')
    assert "只汇总数字" in whole
    assert "合计" in together
    for section, linked in ((together, False), (city, True), (counties[0], False)):
        assert ("/figures/handed_over/cases" in section, 'href="/figures/' in section) == (linked, linked)


def test_an_evaluation_minutes_after_the_reply_is_a_question_with_its_evidence(office: Office) -> None:
    evaluated(office, "jtj", "A")
    case = office.handed_over()
    path = f"/api/v1/cases/{case.json()['case_id']}/steps"
    for name, at, role, step in (
        ("reply_issued", "2026-05-06T10:00:00+08:00", "deputy_affairs", {"unit": "jtj", "outcome": "D"}),
        ("evaluation_submitted", "2026-05-06T10:12:00+08:00", "deputy", {"result": "satisfied"}),
    ):
        taken = office.post(f"{path}/{name}", {"step": step, "act": {"occurred_at": at}}, role, If_Match="*")
        assert taken.status_code == 200, taken.text
    told = read(office, INTEGRITY)
    signals = {one["id"]: one for one in told["signals"]}
    quick = signals["quick"]
    assert (quick["count"], quick["base"], quick["rate"], quick["threshold"]) == (1, 1, 1.0, {"minutes": 30})
    [suggestion] = quick["suggestions"]
    assert (suggestion["case_id"], suggestion["minutes"]) == (case.json()["case_id"], 12.0)
    assert [(step["type"].split(".")[1], step["actor"]) for step in suggestion["steps"]] == [
        ("reply_issued", "u-deputy_affairs"),
        ("evaluation_submitted", "d-001"),
    ]
    assert (signals["not_done"]["count"], signals["not_done"]["base"]) == (1, 2)
    figure = office.get("/api/v1/figures/satisfied_not_done_rate/cases").json()["figure"]
    assert (figure["numerator"], figure["denominator"]) == (1, 2)
    assert read(office, INTEGRITY, as_of="2026-05-05")["signals"][0]["base"] == 0
    assert read(office, INTEGRITY, year=2025)["signals"][0]["base"] == 0
    assert told["verified"][0]["declared_resolved"] == 1


@pytest.mark.usefixtures("two_units")
def test_a_unit_with_which_everybody_is_satisfied_while_half_is_resolved_is_a_question(office: Office) -> None:
    perfect = next(one for one in read(office, INTEGRITY)["signals"] if one["id"] == "perfect")
    assert ([one["unit"] for one in perfect["units"]], perfect["count"], perfect["base"]) == (["jtj"], 1, 2)
    assert perfect["units"][0]["resolved"]["value"] == 0.5


def test_the_signals_are_for_the_congress_and_auditors_alone(office: Office) -> None:
    for role in ("handling_unit", "government_office", "party_committee", "deputy", "third_party"):
        refused = office.get(INTEGRITY, role)
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "not-all-is-yours")
    assert read(office, INTEGRITY, "special_committee")["signals"] == read(office, INTEGRITY, "auditor")["signals"]


@pytest.mark.usefixtures("two_units")
def test_the_pages_show_cards_and_questions_and_lead_to_their_lists(office: Office) -> None:
    office.catch_up()
    index = office.client.get("/cards?lang=zh").text
    assert "/cards/units/jtj" in index
    assert "/integrity" in index
    card = office.client.get("/cards/units/jtj?lang=zh").text
    for told in ("50.0%", "第 2 名，共 2 个", "不排名", "/figures/unit_resolution_rate/cases?", "<path d="):
        assert told in card, told
    question = office.client.get("/integrity?lang=zh").text
    assert "诚信提示" in question
    assert "/cards/units/jtj" in question
    for path in ("/cards/deputies/d-001", "/cards/districts/999900", "/cards/units/jtj?lang=en", "/integrity?lang=en"):
        assert office.client.get(path).status_code == 200, path
    assert office.client.get("/cards/units/nobody").status_code == 404
    assert office.client.get("/cards/units/jtj?year=3").status_code == 422
