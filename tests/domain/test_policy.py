"""Who may read a case: by his part in it today; and what a deputy said is told to few while he may still change it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from domain import fold, policy
from domain.attachment import AttachmentKind
from domain.case import AmendmentDeclined, CorrectionRequested, Role, SourceDocument, Voided, VoidRequested
from domain.casefile import CaseFile
from domain.cases.suggestion import (
    EvaluationAmended,
    EvaluationInvited,
    EvaluationSubmitted,
    Grade,
    HandedOver,
    Reassigned,
    ReHandlingOrdered,
    ReplyIssued,
    ReturnApproved,
    ReturnRequested,
    Sealed,
    SuggestionSubmitted,
)
from domain.clock import overdue_from
from domain.docket import Docket
from domain.personal import NoKeys
from domain.principal import Principal
from domain.refusal import Refused
from tests.domain.support import CO_SIGNER, DEPUTY, LEAD, SECOND, THIRD, TODAY, ZONE, Desk
from tests.domain.test_attachment import PHOTO, Shelf, added
from tests.registry import shipped_registry

PLACE = "cn-999900"
UNIT = Principal("u-1", Role.HANDLING_UNIT, LEAD, PLACE)
OUTSIDE = [
    UNIT,
    Principal("u-1", Role.GOVERNMENT_OFFICE, PLACE, PLACE),
    Principal("u-1", Role.THIRD_PARTY, PLACE, PLACE),
]
INSIDE = [
    *(Principal("u-1", role, PLACE, PLACE) for role in sorted({*policy.CONGRESS, Role.AUDITOR})),
    Principal(DEPUTY, Role.DEPUTY, PLACE, PLACE),
    Principal(CO_SIGNER, Role.DEPUTY, PLACE, PLACE),
]
INVITED, SAID = date(2026, 5, 7), date(2026, 5, 8)
DURING = datetime(2026, 5, 9, tzinfo=UTC)


def file(desk: Desk) -> CaseFile:
    return desk.docket.case_file(desk.case_id)


def shown(desk: Desk, reader: Principal, now: datetime = DURING) -> CaseFile:
    return policy.as_shown(file(desk), policy.scope(reader), now, NoKeys())


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.docket = Docket(desk.ledger, shipped_registry(), lambda: desk.now, Shelf())
    return desk


@pytest.fixture
def evaluated(desk: Desk) -> Desk:
    """A suggestion of which the deputy said, in the window for it, that he is dissatisfied."""
    desk.open(SuggestionSubmitted(jurisdiction=PLACE, title="建议", lead_deputy=DEPUTY, co_signers=(CO_SIGNER,)))
    desk.take(HandedOver(lead_unit=LEAD), date(2026, 3, 3))
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), date(2026, 5, 6))
    desk.take(EvaluationInvited(), INVITED)
    desk.take(
        EvaluationSubmitted(result=Grade.DISSATISFIED, reason="没有解决", attitude=Grade.SATISFIED), SAID, Role.DEPUTY
    )
    return desk


def test_a_unit_whose_share_was_given_away_reads_no_more_of_the_case(desk: Desk) -> None:
    desk.handed_over(SECOND)
    other = Principal("u-2", Role.HANDLING_UNIT, SECOND, PLACE)
    heir = Principal("u-3", Role.HANDLING_UNIT, THIRD, PLACE)
    assert policy.scope(other).covers(file(desk))
    desk.take(ReturnRequested(unit=SECOND, reason="非本单位职责"), date(2026, 3, 10))
    desk.take(ReturnApproved(unit=SECOND), date(2026, 3, 11))
    desk.take(Reassigned(unit=SECOND, to_unit=THIRD), date(2026, 3, 12))
    assert not policy.scope(other).covers(file(desk))
    assert policy.scope(heir).covers(file(desk))


@pytest.mark.parametrize("reader", OUTSIDE, ids=lambda reader: reader.role)
def test_a_deputys_word_is_sealed_for_those_outside_until_the_window_closes(evaluated: Desk, reader: Principal) -> None:
    until = file(evaluated).case.sealed_until  # type: ignore[union-attr]
    assert until is not None
    assert until > INVITED
    closes = overdue_from(until, ZONE)
    for now, grade in (
        (DURING, Sealed.SEALED),
        (closes - timedelta(seconds=1), Sealed.SEALED),
        (closes, "dissatisfied"),
    ):
        found = shown(evaluated, reader, now)
        assert found.case is not None
        assert found.case.facts().grade == grade
        told = "".join(str(record.step) for record in found.history) + str(found.case)
        assert ("没有解决" in told) is (grade == "dissatisfied")
        assert found.version == file(evaluated).version


@pytest.mark.parametrize("reader", INSIDE, ids=lambda reader: f"{reader.role}-{reader.actor}")
def test_the_congress_and_those_who_brought_it_know_at_once_what_was_said(evaluated: Desk, reader: Principal) -> None:
    assert shown(evaluated, reader).case.facts().grade == "dissatisfied"  # type: ignore[union-attr]


def test_an_amended_evaluation_is_as_sealed_as_the_first(evaluated: Desk) -> None:
    evaluated.take(EvaluationAmended(result=Grade.SATISFIED, amended_because="电话核实"), date(2026, 5, 9), Role.DEPUTY)
    told = str([record.step for record in shown(evaluated, UNIT).history])
    assert "电话核实" not in told
    assert "dissatisfied" not in told


def test_who_has_to_handle_it_again_learns_why(evaluated: Desk) -> None:
    evaluated.take(ReHandlingOrdered(), date(2026, 5, 9))
    assert shown(evaluated, UNIT).case.rounds[1].evaluation.reason == "没有解决"  # type: ignore[union-attr]


def test_a_file_about_what_is_sealed_is_sealed_with_it(evaluated: Desk) -> None:
    evaluated.take(added(name="评价表.pdf", about=5, kind=AttachmentKind.OTHER), date(2026, 5, 8))
    found = shown(evaluated, UNIT)
    assert found.case is not None
    assert found.case.attachments == []
    assert "评价表" not in str([record.step for record in found.history])
    assert len(file(evaluated).case.attachments) == 1  # type: ignore[union-attr]


def test_a_correction_of_what_is_sealed_tells_neither_what_it_changes_nor_why(evaluated: Desk) -> None:
    evaluated.correct(5, date(2026, 5, 7), contact="visit")
    evaluated.take(CorrectionRequested(corrects=5, changes={"contact": "telephone"}, reason="没有解决"), SAID)
    evaluated.take(AmendmentDeclined(request=7, reason="代表说没有解决"), SAID)
    evaluated.take(VoidRequested(voids=5, reason="选错了，没有解决"), SAID, Role.DEPUTY)
    found = shown(evaluated, UNIT)
    told = str([record.step for record in found.history]) + str(found.case)
    assert not any(word in told for word in ("录入有误", "没有解决", "visit", "telephone"))
    assert found.case is not None
    assert found.case.rounds[1].evaluation.evaluated_on == date(2026, 5, 7)  # type: ignore[attr-defined]
    assert "没有解决" in str([record.step for record in shown(evaluated, INSIDE[0]).history])


def test_an_evaluation_that_was_voided_stays_sealed_while_it_can_be_said_anew(evaluated: Desk) -> None:
    evaluated.take(Voided(voids=5, reason="代表说没有解决", approved_by="主任"), date(2026, 5, 8))
    assert file(evaluated).case.facts().grade is None  # type: ignore[union-attr]
    found = shown(evaluated, UNIT)
    told = str([record.step for record in found.history]) + str(fold.case_at(found.history, known=5))
    assert "没有解决" not in told
    assert "dissatisfied" not in told


def test_a_file_about_what_is_sealed_stays_sealed_when_it_is_corrected(evaluated: Desk) -> None:
    evaluated.take(added(name="评价表.pdf", about=5), SAID)
    evaluated.take(added(PHOTO, name="照片.jpg"), SAID)
    evaluated.correct(6, name="不满意.pdf")
    evaluated.correct(7, about=5)
    found = shown(evaluated, UNIT)
    assert found.case is not None
    assert found.case.attachments == []
    told = str([record.step for record in found.history])
    assert not any(name in told for name in ("评价表", "不满意", "照片"))


def test_the_paper_behind_what_is_sealed_is_sealed_with_it(evaluated: Desk) -> None:
    paper = SourceDocument(number="评1号", title="征询意见表（不满意）")
    again = EvaluationAmended(result=Grade.DISSATISFIED, amended_because="补充")
    evaluated.take(again, date(2026, 5, 9), Role.DEPUTY, source=paper)
    assert "征询意见表" not in str(shown(evaluated, UNIT).history)
    assert "征询意见表" in str(shown(evaluated, INSIDE[0]).history)


@pytest.mark.parametrize("reader", OUTSIDE, ids=lambda reader: reader.role)
def test_nobody_who_handled_it_asks_for_a_correction_or_a_void_of_the_deputys_word(
    evaluated: Desk, reader: Principal
) -> None:
    evaluated.correct(5, date(2026, 5, 7))
    head = evaluated.ledger.head()
    for request in (
        VoidRequested(voids=5, reason="评价有误"),
        VoidRequested(voids=6, reason="评价有误"),
        CorrectionRequested(corrects=5, changes={"contact": "visit"}, reason="走访过"),
    ):
        with pytest.raises(Refused) as why:
            evaluated.take(request, TODAY, reader.role, actor=reader.actor, office=reader.office)
        assert why.value.message_id == "not-yours-to-amend"
    assert evaluated.ledger.head() == head
    evaluated.take(VoidRequested(voids=3, reason="重复录入"), TODAY, reader.role, office=reader.office)
    evaluated.take(VoidRequested(voids=5, reason="选错了"), TODAY, Role.DEPUTY)
