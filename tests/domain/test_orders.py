"""What comes before what (程序环节): nothing is refused for it, and what was left out is a finding."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

import domain.cases  # noqa: F401 - every case type declares itself
from domain.case import STEPS, Opening
from domain.rulebook import OrderRule, load_rulebook
from tests.domain.matters import role_of
from tests.domain.support import Desk, Trusting
from tests.golden.examples import example_of

FIRST_DAY = date(2026, 1, 5)
FIELDS: dict[str, dict[str, Any]] = {
    "filing_review.review_opened.v1": {"application": None},
    "filing_review.review_concluded.v1": {"result": "no_problem"},
}
COLLATED = {"opinion.collated.v1": {"kind": "deliberation"}}
OPINION = "opinion.collated opinion.adopted rectification.handed_over"
REPORTED = f"{OPINION} rectification.report_sent_for_comment rectification.report_submitted"
SUBMITTED = "work_report.topic_proposed work_report.planned work_report.implementation_plan_made"
BILL = "legislation.proposed legislation.planned legislation.drafting_team_formed legislation.bill_filed"
APPLIED = "filing_review.document_published filing_review.document_filed filing_review.registered"
MOTION, MET = "appointment.proposed appointment.exam_exempted", "appointment.introduced appointment.speech_made"


def of(kind: str, wire: str = "plan.drafted.v1") -> dict[str, dict[str, Any]]:
    return {wire: {"kind": kind}}


# By the order: steps up to the one that is out of order without the step in brackets; and what the steps say.
PLAYED: list[tuple[str, str, dict[str, dict[str, Any]]]] = [
    (
        "work_report.opinions",
        f"{SUBMITTED} [work_report.opinions_gathered] work_report.submitted work_report.heard",
        {},
    ),
    (
        "rectification.comment",
        f"{OPINION} [rectification.report_sent_for_comment] rectification.report_submitted",
        COLLATED,
    ),
    (
        "rectification.comment_again",
        (
            f"{REPORTED} rectification.re_rectification_ordered"
            " [rectification.report_sent_for_comment] rectification.reported_again"
        ),
        COLLATED,
    ),
    (
        "opinion.handling",
        REPORTED.replace("rectification.handed_over", "[rectification.handed_over") + "] matter.closed",
        COLLATED,
    ),
    ("plan.adopted_before_publication", "plan.drafted [plan.adopted] matter.published", of("supervision")),
    ("plan.publication", "plan.drafted plan.adopted [matter.published] matter.closed", of("supervision")),
    ("plan.publication", "plan.drafted plan.adopted [matter.published] matter.closed", of("deputy_work")),
    (
        "appraisal.investigation",
        "appraisal.target_chosen appraisal.plan_made [appraisal.public_opinion_surveyed] appraisal.report_heard",
        {},
    ),
    (
        "duty_appraisal.investigation",
        (
            "duty_appraisal.selected [duty_appraisal.investigation_conducted]"
            " duty_appraisal.duty_report_submitted duty_appraisal.duty_report_heard"
        ),
        {},
    ),
    ("appointment.clearance", f"{MOTION} [appointment.cleared] {MET} appointment.vote_held", {}),
    (
        "legislation.second_reading",
        f"{BILL} [legislation.first_reading_held] legislation.shelved legislation.second_reading_held",
        {},
    ),
    (
        "legislation.third_reading",
        (
            f"{BILL} legislation.first_reading_held [legislation.second_reading_held]"
            " legislation.shelved legislation.third_reading_held"
        ),
        {},
    ),
    ("legislation.read_before_deferral", f"{BILL} [legislation.first_reading_held] legislation.vote_deferred", {}),
    (
        "filing_review.request_reviewed",
        f"{APPLIED} filing_review.review_requested [filing_review.review_opened] matter.closed",
        {},
    ),
]


def orders_broken(path: str, says: dict[str, dict[str, Any]]) -> list[object]:
    """By which orders something was left out, after the steps of a path, one a day."""
    desk = Desk(docket=Trusting)
    for days, name in enumerate(path.split()):
        wire = f"{name}.v1"
        step = example_of(STEPS[wire], bare=True, **FIELDS.get(wire, {}), **says.get(wire, {}))
        on = FIRST_DAY + timedelta(days=days)
        if isinstance(step, Opening):
            desk.open(step, on)
        else:
            desk.take(step, on, role_of(step))
    return [finding.params["rule"] for finding in desk.findings if finding.message_id == "step-left-out"]


def test_each_order_that_ships_is_played_here() -> None:
    assert {id for id, _, _ in PLAYED} == load_rulebook("cn-999900").orders.keys()


@pytest.mark.parametrize(("id", "path", "says"), PLAYED)
def test_what_was_left_out_is_found_and_nothing_where_it_was_not(
    id: str, path: str, says: dict[str, dict[str, Any]]
) -> None:
    before, _, rest = path.partition("[")
    needed, _, after = rest.partition("]")
    assert set(orders_broken(before + after, says)) == {id}
    assert orders_broken(before + needed + after, says) == []


@pytest.mark.parametrize("kind", ["appraisal", "inquiry"])
def test_the_committee_need_not_be_asked_about_opinions_of_an_appraisal_or_an_inquiry(kind: str) -> None:
    says = of(kind, "opinion.collated.v1")
    assert orders_broken(f"{OPINION} rectification.report_submitted", says) == []


def test_a_document_that_nobody_required_to_be_reviewed_is_closed_without_a_review() -> None:
    assert orders_broken(f"{APPLIED} filing_review.review_suggested matter.closed", {}) == []


def test_a_motion_that_comes_again_is_cleared_again() -> None:
    again = "appointment.not_passed appointment.motion_submitted appointment.introduced appointment.vote_held"
    assert orders_broken(f"{MOTION} appointment.cleared {MET} appointment.vote_held {again}", {}) == [
        "appointment.clearance"
    ]


def order(**fields: Any) -> OrderRule:
    stated = {
        "id": "test.order",
        "zh": "环节",
        "en": "order",
        "explanation": {"zh": "-", "en": "-"},
        "force": "customary",
        "confidence": "D",
        "sources": [{"text": "-", "kind": "D"}],
        "stated_in": "test@2026-01-01",
    }
    return OrderRule.model_validate({**stated, "before": ["z"], **fields})


def test_each_requirement_counts_and_of_a_list_one_is_enough() -> None:
    both = order(requires=["a", ["b", "c"]])
    assert list(both.left_out(["c"])) == [("a",)]
    assert list(both.left_out(["a", "b"])) == []
    assert list(both.left_out([])) == [("a",), ("b", "c")]


def test_nothing_is_asked_before_the_step_since_which_it_counts() -> None:
    again = order(requires=["a"], since=["s"])
    assert list(again.left_out(["a"])) == []
    assert list(again.left_out(["a", "s"])) == [("a",)]
    assert list(again.left_out(["s", "a"])) == []


def test_an_order_of_some_kinds_or_sorts_asks_nothing_of_others() -> None:
    some = order(requires=["a"], of=["plan", "supervision"])
    assert [some.asks("z", *case) for case in (("plan", None), ("x", "supervision"), ("x", "y"))] == [True, True, False]
    assert not some.asks("y", "plan", None)
