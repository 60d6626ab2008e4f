"""Corrections and voids that one person asks for and another approves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain import amendment
from domain.case import (
    AmendmentDeclined,
    Corrected,
    CorrectionRequested,
    Role,
    Step,
    Voided,
    VoidRequested,
)
from domain.cases.suggestion import ReplyIssued
from domain.moment import start_of_day
from domain.refusal import Refused
from domain.rulebook import Outcome
from tests.domain.support import HANDED_OVER_ON, LEAD, SECOND, TODAY, ZONE, Desk

MARCH = date(2026, 3, 12)
RIGHT = start_of_day(MARCH, ZONE)
UNIT: dict[str, Any] = {"role": Role.HANDLING_UNIT, "actor": "jtj-1", "office": LEAD}
OFFICE: dict[str, Any] = {"role": Role.DEPUTY_AFFAIRS, "actor": "clerk-2"}


@pytest.fixture
def desk() -> Desk:
    return Desk().handed_over(SECOND)


def wanted(**what: object) -> CorrectionRequested:
    told: dict[str, Any] = {"corrects": 2, "occurred_at": RIGHT, "precision": "day", "reason": "签收表为12日"} | what
    return CorrectionRequested.model_validate(told)


def approval(request: int | None, **what: object) -> Corrected:
    told: dict[str, Any] = {
        "corrects": 2,
        "occurred_at": RIGHT,
        "precision": "day",
        "reason": "同意",
        "request": request,
    } | what
    return Corrected.model_validate(told)


def refused(desk: Desk, step: Step, **who: Any) -> str:
    with pytest.raises(Refused) as refusal:
        desk.take(step, TODAY, **who)
    return refusal.value.message_id


def pending(desk: Desk) -> list[int]:
    return [record.version for record in amendment.pending(desk.history)]


def test_a_unit_asks_and_the_office_approves_exactly_that(desk: Desk) -> None:
    desk.take(wanted(), TODAY, **UNIT)
    assert pending(desk) == [3]
    assert desk.case.handed_over_on == HANDED_OVER_ON
    for other in ({"occurred_at": start_of_day(TODAY, ZONE)}, {"precision": "instant"}, {"changes": {"meeting": "-"}}):
        assert refused(desk, approval(3, **other), **OFFICE) == "not-what-was-requested"
    assert refused(desk, Voided(voids=2, reason="-", request=3), **OFFICE) == "not-what-was-requested"
    desk.take(approval(3), TODAY, **OFFICE)
    assert desk.case.handed_over_on == MARCH
    assert pending(desk) == []
    assert amendment.settlements(desk.history)[3].version == 4
    assert desk.found == []


def test_nobody_approves_his_own_request_and_somebody_has_to(desk: Desk) -> None:
    desk.take(wanted(), TODAY, **OFFICE)
    assert refused(desk, approval(3), **OFFICE) == "approves-own-request"
    assert refused(desk, approval(None), **OFFICE) == "approval-missing"
    assert refused(desk, Voided(voids=2, reason="-"), **OFFICE) == "approval-missing"
    desk.take(approval(3), TODAY, Role.GENERAL_OFFICE, actor="clerk-3")
    assert desk.case.handed_over_on == MARCH


def test_a_void_that_is_asked_for_is_approved_or_declined_once(desk: Desk) -> None:
    desk.take(VoidRequested(voids=2, reason="录到了另一件"), TODAY, **UNIT)
    desk.take(VoidRequested(voids=2, reason="再说一遍"), TODAY, **UNIT)
    assert len(desk.history) == 3
    desk.take(AmendmentDeclined(request=3, reason="交办属实"), TODAY, **OFFICE)
    assert (pending(desk), desk.case.lead_unit) == ([], LEAD)
    again = AmendmentDeclined(request=3, reason="-")
    assert refused(desk, again, **OFFICE) == "request-settled"
    late = Voided(voids=2, reason="-", request=3)
    assert refused(desk, late, **OFFICE) == "request-settled"
    for version, why in ((2, "not-a-request"), (9, "no-such-step")):
        assert refused(desk, AmendmentDeclined(request=version, reason="-"), **OFFICE) == why
    desk.take(VoidRequested(voids=2, reason="确属另一件"), TODAY, **UNIT)
    desk.take(Voided(voids=2, reason="同意", request=5), TODAY, **OFFICE)
    assert desk.case.lead_unit is None


def test_a_request_is_open_again_when_what_settled_it_is_void(desk: Desk) -> None:
    desk.take(wanted(), TODAY, **UNIT)
    desk.take(AmendmentDeclined(request=3, reason="-"), TODAY, **OFFICE)
    desk.void(4)
    assert pending(desk) == [3]
    desk.take(approval(3), TODAY, **OFFICE)
    desk.void(6)
    assert (pending(desk), desk.case.handed_over_on) == ([3], HANDED_OVER_ON)
    desk.void(3)
    assert pending(desk) == []
    assert [r.version for r in amendment.pending(desk.history, known=desk.history[4].position)] == [3]


def test_only_who_takes_part_asks_and_only_for_what_can_be(desk: Desk) -> None:
    stranger: dict[str, Any] = {"role": Role.HANDLING_UNIT, "actor": "jyj-1", "office": "jyj"}
    assert refused(desk, wanted(), **stranger) == "no-part-in-case"
    assert refused(desk, wanted(), role=Role.AUDITOR) == "role-may-not"
    assert refused(desk, AmendmentDeclined(request=2, reason="-"), **UNIT) == "role-may-not"
    for step, why in (
        (wanted(corrects=7), "no-such-step"),
        (wanted(occurred_at=None, precision=None), "nothing-to-correct"),
        (wanted(changes={"lead_unit": "nowhere"}), "unknown-unit"),
        (wanted(changes={"speed": 1}), "correction-does-not-fit"),
        (wanted(corrects=1, occurred_at=None, precision=None, changes={"jurisdiction": "x"}), "cannot-correct-field"),
        (VoidRequested(voids=7, reason="-"), "no-such-step"),
    ):
        assert refused(desk, step, **UNIT) == why
    assert len(desk.history) == 2
    desk.take(wanted(), TODAY, **UNIT)
    assert refused(desk, wanted(corrects=3), **UNIT) == "cannot-correct"


def test_what_is_right_already_is_not_asked_for(desk: Desk) -> None:
    desk.take(wanted(occurred_at=start_of_day(HANDED_OVER_ON, ZONE)), TODAY, **UNIT)
    assert len(desk.history) == 2
    desk.take(wanted(occurred_at=None, precision=None, changes={"lead_unit": LEAD}), TODAY, **UNIT)
    assert len(desk.history) == 2


def test_a_request_says_nothing_of_the_order_of_the_steps(desk: Desk) -> None:
    desk.take(wanted(), TODAY, **UNIT)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), date(2026, 5, 6))
    desk.take(AmendmentDeclined(request=3, reason="-"), TODAY, **OFFICE)
    assert desk.found == []


def test_a_request_is_checked_against_the_case_when_it_is_approved(desk: Desk) -> None:
    desk.take(wanted(), TODAY, **UNIT)
    desk.void(2)
    assert refused(desk, approval(3), **OFFICE) == "step-is-void"
    assert pending(desk) == [3]


def test_a_dry_run_records_nothing_and_foresees_what_recording_does(desk: Desk) -> None:
    head = desk.ledger.head()
    step = approval(None, approved_by="主任", changes={"co_units": ["zjj"]})
    act = desk.history[1].act.model_copy(update={"actor": "clerk-2", "occurred_at": start_of_day(TODAY, ZONE)})
    foreseen = desk.docket.foresee(desk.docket.case_file(desk.case_id), step, act)
    assert foreseen is not None
    assert desk.ledger.head() == head
    desk.docket.record(desk.case_id, step, act)
    assert foreseen.case == desk.case
    assert desk.docket.foresee(desk.docket.case_file(desk.case_id), step, act) is None


def test_a_corrected_letter_means_what_the_scheme_says_of_it() -> None:
    desk = Desk().replied("B")
    desk.correct(3, outcome="A")
    reply = desk.case.rounds[1].replies[0]
    assert (reply.outcome, reply.normalised) == ("A", Outcome.RESOLVED)
    assert desk.history[3].step.model_dump()["changes"] == {"outcome": "A", "normalised": "resolved"}
