from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.ballot import BallotMode
from domain.case import Role, Step
from domain.cases.interpretation import (
    Interpretation,
    InterpretationDeliberated,
    InterpretationDrafted,
    InterpretationGround,
    InterpretationNotTakenUp,
    InterpretationPromulgated,
    InterpretationRequested,
    InterpretationRequester,
    InterpretationReviewed,
    InterpretationTakenUp,
    InterpretationVoted,
)
from domain.refusal import Refused
from tests.domain.support import Desk, Trusting

Stage = Interpretation.Stage
TALLY: dict[str, Any] = {"mode": BallotMode.ELECTRONIC, "members": 31, "present": 30, "abstentions": 0}
VOTE = InterpretationVoted(**TALLY, votes_for=30, votes_against=0)
LOST = InterpretationVoted(**TALLY, votes_for=15, votes_against=15)


@pytest.fixture
def desk() -> Desk:
    return Desk(docket=Trusting)


def requested(**fields: Any) -> InterpretationRequested:
    given = {
        "jurisdiction": "cn-999900",
        "title": "关于《云江市公共交通条例》第八条的解释",
        "requester": InterpretationRequester.GOVERNMENT,
        "question": "“夜间”如何界定",
        "unit": "jtj",
    }
    return InterpretationRequested(**{**given, **fields})


def case_of(desk: Desk) -> Interpretation:
    case = desk.live
    assert isinstance(case, Interpretation)
    return case


def drafted(desk: Desk, **fields: Any) -> Desk:
    desk.open(requested(**fields), date(2026, 3, 2))
    desk.take(InterpretationTakenUp(), date(2026, 3, 9))
    desk.take(InterpretationDrafted(text="夜间是指22时至次日6时"), date(2026, 4, 1))
    return desk


def test_an_interpretation_goes_from_the_request_to_its_promulgation(desk: Desk) -> None:
    desk.open(requested(clause="第八条", ground=InterpretationGround.MEANING), date(2026, 3, 2))
    steps: list[tuple[Step, date, Stage]] = [
        (InterpretationTakenUp(regulation="case-1"), date(2026, 3, 9), Stage.REQUEST_ACCEPTED),
        (InterpretationDrafted(text="夜间是指22时至次日6时"), date(2026, 4, 1), Stage.DRAFTED),
        (InterpretationDeliberated(speakers=("甲三",)), date(2026, 4, 27), Stage.DELIBERATED),
        (InterpretationReviewed(text="夜间是指23时至次日6时"), date(2026, 4, 28), Stage.REVIEWED),
        (VOTE, date(2026, 4, 29), Stage.ADOPTED),
        (InterpretationPromulgated(document_number="公告第6号"), date(2026, 5, 6), Stage.PROMULGATED),
    ]
    for step, on, stage in steps:
        assert [one.step for one in case_of(desk).awaited()] == [step.declared.wire]
        assert list(case_of(desk).audience()) == []
        desk.take(step, on)
        assert case_of(desk).stage is stage
    case = case_of(desk)
    assert (case.regulation, case.clause, case.text) == ("case-1", "第八条", "夜间是指23时至次日6时")
    assert (case.adopted_on, case.promulgated_on, case.document_number) == (
        date(2026, 4, 29),
        date(2026, 5, 6),
        "公告第6号",
    )
    assert list(case.audience()) == [f"{Role.HANDLING_UNIT}:jtj"]
    assert desk.findings == []
    then = desk.at(date(2026, 4, 27))
    assert isinstance(then, Interpretation)
    assert (then.stage, then.text, then.votes) == (Stage.DELIBERATED, "夜间是指22时至次日6时", [])


def test_what_needs_no_interpretation_is_not_taken_up(desk: Desk) -> None:
    desk.open(requested(), date(2026, 3, 2))
    desk.take(InterpretationNotTakenUp(reason="文义清楚"), date(2026, 3, 9))
    assert (case_of(desk).stage, list(case_of(desk).awaited())) == (Stage.REQUEST_DECLINED, [])


def test_an_interpretation_that_is_not_adopted_is_drafted_anew(desk: Desk) -> None:
    drafted(desk, regulation="case-1").take(InterpretationDeliberated(), date(2026, 4, 27))
    desk.take(InterpretationReviewed(), date(2026, 4, 28))
    desk.take(LOST, date(2026, 4, 29))
    assert (case_of(desk).stage, case_of(desk).adopted_on) == (Stage.NOT_ADOPTED, None)
    desk.take(InterpretationDrafted(text="夜间是指0时至次日5时"), date(2026, 6, 1))
    case = case_of(desk)
    assert (case.stage, case.deliberated_on, case.reviewed_on) == (Stage.DRAFTED, None, None)


def test_a_vote_without_deliberation_review_or_regulation_shows(desk: Desk) -> None:
    drafted(desk).take(InterpretationReviewed(), date(2026, 4, 28))
    desk.take(VOTE, date(2026, 4, 29))
    assert desk.found == [("voted-without-deliberation", 5), ("regulation-not-named", 5)]
    drafted(desk, regulation="case-1").take(InterpretationDeliberated(), date(2026, 4, 28))
    desk.take(VOTE, date(2026, 4, 29))
    assert desk.found == [("voted-without-unified-review", 5)]


def test_it_is_voted_on_only_once_there_is_a_draft(desk: Desk) -> None:
    desk.open(requested(), date(2026, 3, 2))
    with pytest.raises(Refused) as refused:
        desk.take(VOTE, date(2026, 3, 3))
    assert refused.value.message_id == "step-not-open"
