from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.case import Role, Step
from domain.cases.regulation_inquiry import (
    OPINION,
    AnswerDrafted,
    AnswerReported,
    ReferredForInterpretation,
    RegulationInquiry,
    RegulationInquiryAnswered,
    RegulationInquiryDeclined,
    RegulationInquiryReceived,
    UnitOpinionReceived,
    UnitOpinionsAsked,
)
from domain.refusal import Refused
from tests.domain.support import Desk, Trusting

Stage = RegulationInquiry.Stage
ASKER, FIRST, SECOND = "zjj", "jtj", "czj"
MARCH, APRIL = date(2026, 3, 2), date(2026, 4, 1)


@pytest.fixture
def desk() -> Desk:
    return Desk(docket=Trusting)


def received(**fields: Any) -> RegulationInquiryReceived:
    given = {
        "jurisdiction": "cn-999900",
        "title": "关于《云江市公共交通条例》第八条适用范围的询问",
        "asked_by": "市住房和城乡建设局",
        "question": "第八条是否适用于定制公交",
        "unit": ASKER,
        "regulation": "case-1",
    }
    return RegulationInquiryReceived(**{**given, **fields})


def case_of(desk: Desk) -> RegulationInquiry:
    case = desk.live
    assert isinstance(case, RegulationInquiry)
    return case


def refusal_of(desk: Desk, step: Step, on: date) -> tuple[str, str | None]:
    before = desk.ledger.head()
    with pytest.raises(Refused) as refused:
        desk.take(step, on, Role.GENERAL_OFFICE)
    assert desk.ledger.head() == before
    return refused.value.message_id, refused.value.field


def awaited(desk: Desk) -> list[tuple[str, str, date | None]]:
    return [(one.who, one.step.split(".")[1], one.due_on) for one in case_of(desk).awaited()]


def test_an_inquiry_is_answered_after_units_were_asked_and_the_answer_is_reported(desk: Desk) -> None:
    desk.open(received(clause="第八条"), MARCH)
    assert awaited(desk) == [("deputy_affairs", "answer_drafted", None)]
    desk.take(UnitOpinionsAsked(units=(FIRST, SECOND), due_on=date(2026, 3, 20)), date(2026, 3, 5))
    assert case_of(desk).clocks[OPINION, SECOND].deadline.due_on == date(2026, 3, 20)
    assert awaited(desk)[:2] == [
        (f"handling_unit:{FIRST}", "opinion_received", date(2026, 3, 20)),
        (f"handling_unit:{SECOND}", "opinion_received", date(2026, 3, 20)),
    ]
    desk.take(UnitOpinionReceived(unit=FIRST, opinion="适用"), date(2026, 3, 18))
    desk.take(AnswerDrafted(answer="适用于定制公交"), date(2026, 3, 25))
    assert awaited(desk) == [("deputy_affairs", "answered", None)]
    assert set(case_of(desk).units_concerned()) == {FIRST, SECOND}
    desk.take(RegulationInquiryAnswered(document_number="云人法〔2026〕2号"), APRIL)
    case = case_of(desk)
    assert (case.stage, case.answer, case.facts().answered_on) == (Stage.ANSWERED, "适用于定制公交", APRIL)
    assert [case.clocks[OPINION, unit].late for unit in (FIRST, SECOND)] == [False, True]
    assert case.open_clocks == []
    assert ASKER in set(case.units_concerned())
    assert awaited(desk) == [("deputy_affairs", "answer_reported", None)]
    desk.take(AnswerReported(), date(2026, 4, 10))
    assert (case_of(desk).reported_on, awaited(desk), desk.findings) == (date(2026, 4, 10), [], [])
    assert not desk.take(AnswerReported(), date(2026, 4, 11)).changed
    then = desk.at(date(2026, 3, 25))
    assert isinstance(then, RegulationInquiry)
    assert (then.stage, then.answered_on, then.unit_opinions[FIRST].text) == (Stage.ANSWER_DRAFTED, None, "适用")


@pytest.mark.parametrize(
    ("step", "message_id", "field"),
    [
        (UnitOpinionsAsked(units=("nowhere",)), "unknown-unit", "units.0"),
        (UnitOpinionsAsked(units=(FIRST, FIRST)), "named-twice", "units.1"),
        (UnitOpinionsAsked(units=(FIRST,), due_on=date(2026, 3, 1)), "due-before-start", "due_on"),
        (UnitOpinionReceived(unit=FIRST, opinion="适用"), "unknown-part", "unit"),
        (RegulationInquiryAnswered(), "answer-without-text", "answer"),
        (AnswerReported(), "step-not-open", None),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, step: Step, message_id: str, field: str | None) -> None:
    desk.open(received(), MARCH)
    assert refusal_of(desk, step, date(2026, 3, 5)) == (message_id, field)


def test_a_question_on_how_a_case_is_to_be_decided_is_not_answered(desk: Desk) -> None:
    desk.open(received(), MARCH)
    desk.take(UnitOpinionsAsked(units=(FIRST,), due_on=date(2026, 3, 20)), date(2026, 3, 5))
    desk.take(RegulationInquiryDeclined(reason="涉及具体案件的裁判"), date(2026, 3, 6))
    case = case_of(desk)
    assert (case.stage, case.answer, case.open_clocks, awaited(desk)) == (Stage.NOT_ANSWERED, None, [], [])


def test_a_question_that_asks_for_an_interpretation_becomes_one(desk: Desk) -> None:
    desk.open(received(), MARCH)
    desk.take(ReferredForInterpretation(interpretation="case-2", reason="含义不明"), date(2026, 3, 6))
    assert (case_of(desk).stage, case_of(desk).interpretation) == (Stage.TO_BE_INTERPRETED, "case-2")
