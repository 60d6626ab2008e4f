"""The interpellation (质询): filed, passed on, answered, answered again because most proposers want it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.case import Role, Step
from domain.cases.supervision.interpellation import (
    ANSWER,
    AnswerDecided,
    AnswerMode,
    AnswerReportDistributed,
    DissatisfactionDeclared,
    Interpellation,
    InterpellationAnswered,
    InterpellationFiled,
    InterpellationJoined,
    InterpellationReAnswered,
    InterpellationWithdrawn,
    ReAnswerDeclined,
    ReAnswerOrdered,
)
from domain.matter import Closed, Dropped
from domain.refusal import Refused
from tests.domain.support import Desk

Stage = Interpellation.Stage
UNIT, OTHER = "hbj", "slj"
FIVE = ("甲委员", "乙委员", "丙委员", "丁委员", "戊委员")
FILED, DECIDED, ANSWERED = date(2026, 4, 27), date(2026, 5, 6), date(2026, 5, 28)
UNSATISFIED, ORDERED, AGAIN = date(2026, 5, 29), date(2026, 6, 5), date(2026, 6, 26)
WRITTEN, ORAL = AnswerMode.WRITTEN, AnswerMode.ORAL_AT_STANDING_COMMITTEE


def filed(**more: Any) -> InterpellationFiled:
    given = {"jurisdiction": "cn-999900", "title": "饮用水源污染质询案", "unit": UNIT, "text": "为何两年未治理？"}
    return InterpellationFiled(**{**given, "proposers": FIVE, **more})


def answered(mode: AnswerMode = ORAL, *, by_head: bool = True) -> InterpellationAnswered:
    return InterpellationAnswered(mode=mode, respondent="甲局长", by_head=by_head, text="已列入计划。")


def unsatisfied(count: int = 3) -> DissatisfactionDeclared:
    return DissatisfactionDeclared(unsatisfied=count, reason="没有说明原因")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def passed_on(desk: Desk, **more: Any) -> Desk:
    desk.open(filed(**more), FILED)
    desk.take(AnswerDecided(mode=ORAL, due_on=ANSWERED), DECIDED)
    return desk


def case_of(desk: Desk) -> Interpellation:
    case = desk.live
    assert isinstance(case, Interpellation)
    return case


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        desk.take(step, on, role, **more)
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step, one.due_on) for one in case_of(desk).awaited()]


def test_five_members_call_an_organ_to_account_and_it_answers_again_when_most_are_not_satisfied(desk: Desk) -> None:
    passed_on(desk)
    desk.take(answered(), ANSWERED)
    desk.take(AnswerReportDistributed(), ANSWERED)
    desk.take(unsatisfied(3), UNSATISFIED)
    desk.take(ReAnswerOrdered(mode=WRITTEN, due_on=AGAIN), ORDERED)
    desk.take(InterpellationReAnswered(mode=WRITTEN, respondent="甲局长", by_head=True, text="原因如下。"), AGAIN)
    desk.take(Closed(), date(2026, 7, 1))
    case = case_of(desk)
    assert (case.stage, case.orders, [one.mode for one in case.answers]) == (Stage.CLOSED, 2, [ORAL, WRITTEN])
    assert [(one.unsatisfied, one.signed) for one in case.dissatisfactions] == [(3, 5)]
    facts = case.facts()
    assert (facts.handed_over_on, facts.answered_on, facts.rounds) == (DECIDED, AGAIN, 2)
    assert desk.found == []


def test_at_an_earlier_moment_it_is_not_yet_answered(desk: Desk) -> None:
    passed_on(desk).take(answered(), ANSWERED)
    then = desk.at(DECIDED)
    assert isinstance(then, Interpellation)
    assert (then.stage, then.answers, then.answered_by_units_on) == (Stage.ANSWER_DECIDED, [], None)


def test_the_law_sets_no_term_so_only_a_date_that_was_named_runs(desk: Desk) -> None:
    desk.open(filed(), FILED)
    desk.take(AnswerDecided(mode=WRITTEN), DECIDED)
    assert case_of(desk).open_clocks == []
    desk.take(AnswerDecided(mode=ORAL, due_on=ANSWERED), DECIDED)
    assert case_of(desk).due_by(ANSWER) == ANSWERED
    desk.take(answered(), date(2026, 6, 1))
    assert case_of(desk).clocks[ANSWER, None].late


def test_the_organ_knows_of_it_once_it_is_passed_on_and_answers_for_itself(desk: Desk) -> None:
    desk.open(filed(), FILED)
    assert list(case_of(desk).audience()) == []
    desk.take(AnswerDecided(mode=ORAL), DECIDED)
    assert list(case_of(desk).audience()) == [f"handling_unit:{UNIT}"]
    assert refusal_of(desk, answered(), ANSWERED, Role.HANDLING_UNIT, office=OTHER)[0] == "no-part-in-case"
    desk.take(answered(), ANSWERED, Role.HANDLING_UNIT, office=UNIT)


def test_further_members_may_join_before_it_is_passed_on(desk: Desk) -> None:
    desk.open(filed(proposers=FIVE[:3]), FILED)
    desk.take(InterpellationJoined(proposers=FIVE[2:]), FILED)
    assert case_of(desk).proposers == FIVE
    assert not desk.take(InterpellationJoined(proposers=FIVE[:1]), FILED).changed
    desk.take(AnswerDecided(mode=ORAL), DECIDED)
    assert desk.found == []
    assert refusal_of(desk, InterpellationJoined(proposers=("己委员",)), DECIDED)[0] == "step-not-open"


# What cannot be


@pytest.mark.parametrize("missing", [{"unit": None}, {"text": None}, {"proposers": ()}])
def test_a_paper_that_asks_nobody_anything_is_no_interpellation(missing: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        filed(**missing)


def test_an_organ_that_there_is_not_and_a_name_written_twice_are_refused(desk: Desk) -> None:
    for wrong, refusal in (({"unit": "nowhere"}, "unknown-unit"), ({"proposers": ("甲", "甲")}, "named-twice")):
        with pytest.raises(Refused) as refused:
            desk.open(filed(**wrong), FILED)
        assert refused.value.message_id == refusal
    desk.open(filed(), FILED)
    assert refusal_of(desk, InterpellationJoined(proposers=("己", "己")), FILED) == ("named-twice", "proposers.1")


def test_no_more_are_unsatisfied_than_signed_it(desk: Desk) -> None:
    passed_on(desk).take(answered(), ANSWERED)
    assert refusal_of(desk, unsatisfied(6), UNSATISFIED) == ("more-unsatisfied-than-proposers", "unsatisfied")


def test_a_date_before_the_decision_is_refused(desk: Desk) -> None:
    desk.open(filed(), FILED)
    assert refusal_of(desk, AnswerDecided(mode=ORAL, due_on=FILED), DECIDED) == ("due-before-start", "due_on")


# What breaks a rule


def test_four_names_are_recorded_and_passing_them_on_is_a_finding(desk: Desk) -> None:
    passed_on(desk, proposers=FIVE[:4])
    assert [(finding.message_id, finding.params) for finding in desk.findings] == [
        ("too-few-proposers", {"signed": 4, "at_least": 5})
    ]


def test_an_answer_by_a_clerk_or_in_another_way_is_a_finding(desk: Desk) -> None:
    passed_on(desk).take(answered(WRITTEN, by_head=False), ANSWERED)
    assert desk.found == [("not-answered-by-head", 3), ("answered-another-way", 3)]


def test_half_of_the_proposers_are_not_more_than_half(desk: Desk) -> None:
    passed_on(desk, proposers=(*FIVE, "己委员")).take(answered(), ANSWERED)
    desk.take(unsatisfied(3), UNSATISFIED)
    assert desk.found == []
    desk.take(ReAnswerOrdered(mode=WRITTEN), ORDERED)
    assert desk.found == [("not-asked-by-most-proposers", 5)]


def test_another_answer_may_be_declined(desk: Desk) -> None:
    passed_on(desk).take(answered(), ANSWERED)
    desk.take(unsatisfied(2), UNSATISFIED)
    desk.take(ReAnswerDeclined(reason="不满意的未过半数"), ORDERED)
    assert (case_of(desk).stage, case_of(desk).answered_by_units_on) == (Stage.ANSWERED, ANSWERED)


def test_it_may_be_withdrawn_until_it_is_answered(desk: Desk) -> None:
    passed_on(desk)
    desk.take(InterpellationWithdrawn(reason="问题已解决"), date(2026, 5, 8))
    assert (case_of(desk).stage, case_of(desk).due_by(ANSWER)) == (Stage.WITHDRAWN, None)
    desk.take(Dropped(reason="提案人撤回"), date(2026, 5, 9))
    another = passed_on(Desk())
    another.take(answered(), ANSWERED)
    assert refusal_of(another, InterpellationWithdrawn(), ANSWERED)[0] == "step-not-open"


def test_the_report_on_an_answer_is_given_out_once_for_each_answer(desk: Desk) -> None:
    passed_on(desk).take(answered(), ANSWERED)
    assert desk.take(AnswerReportDistributed(), ANSWERED).changed
    assert not desk.take(AnswerReportDistributed(), UNSATISFIED).changed


def test_at_each_stage_somebody_is_awaited(desk: Desk) -> None:
    office, unit = "deputy_affairs", f"handling_unit:{UNIT}"
    desk.open(filed(), FILED)
    assert awaited(desk) == [(office, "interpellation.answer_decided.v1", None)]
    desk.take(AnswerDecided(mode=ORAL, due_on=ANSWERED), DECIDED)
    assert awaited(desk) == [(unit, "interpellation.answered.v1", ANSWERED)]
    desk.take(answered(), ANSWERED)
    assert awaited(desk) == [(office, "matter.closed.v1", None)]
    desk.take(unsatisfied(), UNSATISFIED)
    assert awaited(desk) == [(office, "interpellation.re_answer_ordered.v1", None)]
    desk.take(ReAnswerOrdered(mode=WRITTEN), ORDERED)
    assert awaited(desk) == [(unit, "interpellation.re_answered.v1", None)]
    withdrawn = Desk()
    withdrawn.open(filed(), FILED)
    withdrawn.take(InterpellationWithdrawn(), FILED)
    assert awaited(withdrawn) == [(office, "matter.dropped.v1", None)]
