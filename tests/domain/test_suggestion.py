from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.case import Role, Step
from domain.cases.suggestion import (
    Assignment,
    AwardGiven,
    AwardKind,
    Charge,
    CommitmentFulfilled,
    CommitmentMade,
    CommitmentRevised,
    CommitteeAssigned,
    CongressAppraised,
    ContactConfirmed,
    ContactMade,
    ContactMode,
    ConvertedToLetter,
    CoOpinionRejected,
    CoOpinionSubmitted,
    CoSignConfirmed,
    EscalatedToMeeting,
    EvaluationAmended,
    EvaluationInvited,
    EvaluationLapsed,
    EvaluationRecordedByProxy,
    EvaluationReminded,
    EvaluationSubmitted,
    ExpertEvaluationHeld,
    ExtensionGranted,
    ExtensionNotified,
    ExtensionRefused,
    ExtensionRequested,
    Grade,
    HandedOver,
    Handling,
    InquiryHeld,
    InquiryKind,
    JointMeetingHeld,
    KeySupervisionDesignated,
    LeaderAssigned,
    LeaderLevel,
    LookBackChecked,
    MotionConverted,
    NotAccepted,
    NotAcceptedReason,
    OutcomeReclassified,
    Phase,
    PointAnswer,
    PreAssignmentConsulted,
    ProgressReported,
    Promise,
    Reassigned,
    ReHandlingOrdered,
    Relation,
    ReplyIssued,
    ReplyPublished,
    ReplyReviewRejected,
    Resubmitted,
    ReturnApproved,
    ReturnRejected,
    ReturnRequested,
    SentBack,
    SignedFor,
    SimilarLinked,
    Suggestion,
    SuggestionClosed,
    SuggestionReviewed,
    SuggestionsMerged,
    SuggestionSplit,
    SuggestionSubmitted,
    SuggestionWithdrawn,
    ThirdPartyEvaluated,
    UnitAssigned,
    UnitGrades,
)
from domain.procedure import steps_of
from domain.refusal import Refused
from domain.rulebook import Outcome
from tests.domain.support import CO_SIGNER, DEPUTY, HANDED_OVER_ON, IMPORTED, LEAD, SECOND, SUBMITTED_ON, THIRD, Desk
from tests.domain.support import submitted as suggestion

Stage = Suggestion.Stage
MARCH, APRIL, MAY, JUNE, JULY, AUGUST = (date(2026, month, 20) for month in range(3, 9))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refused(call: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value


def refusal_of(desk: Desk, step: Step, on: date, role: Role | None = None, **more: Any) -> tuple[str, str | None]:
    """Why a step is refused, and which field is at fault; nothing is stored."""
    before = desk.ledger.head()
    refusal = refused(lambda: desk.take(step, on, role, **more))
    assert desk.ledger.head() == before
    return refusal.message_id, refusal.field


def evaluate(desk: Desk, grade: Grade, on: date, **more: Any) -> None:
    desk.take(EvaluationSubmitted(result=grade, **more), on)


# Submitting and reviewing


def test_a_suggestion_keeps_how_it_was_made(desk: Desk) -> None:
    desk.open(suggestion(number="2026-001", co_signers=(CO_SIGNER,), survey_basis="三次走访", wants_face_to_face=True))
    case = desk.case
    assert (case.stage, case.number, case.lead_deputy, case.co_signers) == (
        Stage.SUBMITTED,
        "2026-001",
        DEPUTY,
        (CO_SIGNER,),
    )
    assert (case.survey_basis, case.wants_face_to_face, case.wants_public) == ("三次走访", True, None)


def test_a_suggestion_made_in_session_has_no_hand_over_clock_of_five_days(desk: Desk) -> None:
    desk.open(suggestion(in_session=True))
    desk.take(SuggestionReviewed(one_matter=True), date(2026, 3, 4))
    assert not desk.runs("suggestion.hand_over")


def test_the_days_until_the_hand_over_count_from_the_acceptance(desk: Desk) -> None:
    desk.open()
    first = desk.due_on("suggestion.hand_over")
    desk.take(SuggestionReviewed(), date(2026, 3, 5))
    assert desk.case.stage is Stage.ACCEPTED
    assert desk.due_on("suggestion.hand_over") == date(2026, 3, 12) > first


@pytest.mark.parametrize(
    ("fields", "message_id", "field"),
    [
        ({"lead_deputy": "d-999"}, "unknown-deputy", "lead_deputy"),
        ({"co_signers": ("d-999",)}, "unknown-deputy", "co_signers.0"),
        ({"lead_deputy": "d-008"}, "unknown-deputy", "lead_deputy"),
        ({"co_signers": (DEPUTY,)}, "lead-deputy-co-signs", "co_signers"),
        ({"co_signers": (CO_SIGNER, CO_SIGNER)}, "co-signer-named-twice", "co_signers"),
        ({"jurisdiction": "cn-000000"}, "unknown-jurisdiction", "jurisdiction"),
    ],
)
def test_nobody_submits_who_is_no_deputy_on_the_day(
    desk: Desk, fields: dict[str, Any], message_id: str, field: str
) -> None:
    refusal = refused(lambda: desk.open(suggestion(**fields)))
    assert (refusal.message_id, refusal.field) == (message_id, field)
    assert desk.ledger.head() == 0


def test_a_motion_that_became_a_suggestion_is_accepted_at_once(desk: Desk) -> None:
    motion = suggestion().model_dump() | {"motion": "第3号", "decided_by": "大会主席团"}
    desk.open(MotionConverted(**motion))
    assert (desk.case.stage, desk.case.motion) == (Stage.ACCEPTED, "第3号")
    assert desk.runs("suggestion.hand_over")


def test_a_co_signer_confirms_once(desk: Desk) -> None:
    desk.open(suggestion(co_signers=(CO_SIGNER,)))
    step = CoSignConfirmed(deputy=CO_SIGNER)
    assert refusal_of(desk, step, MARCH, Role.DEPUTY, actor=DEPUTY)[0] == "not-the-deputy-himself"
    assert desk.take(step, MARCH, Role.DEPUTY, actor=CO_SIGNER).changed
    assert not desk.take(step, MARCH, Role.DEPUTY, actor=CO_SIGNER).changed
    assert desk.case.co_signers_confirmed == [CO_SIGNER]
    assert refusal_of(desk, CoSignConfirmed(deputy="d-003"), MARCH) == ("not-a-co-signer", "deputy")


def test_a_text_sent_back_comes_again_with_what_was_revised(desk: Desk) -> None:
    desk.open(suggestion(body="旧"))
    desk.take(SentBack(reason="一事一议"), date(2026, 3, 3))
    assert (desk.case.stage, desk.runs("suggestion.hand_over")) == (Stage.SENT_BACK, False)
    desk.take(Resubmitted(body="新"), date(2026, 3, 5), Role.DEPUTY)
    assert (desk.case.stage, desk.case.body, desk.case.title) == (Stage.SUBMITTED, "新", suggestion().title)
    assert desk.runs("suggestion.hand_over")


def test_what_is_no_suggestion_is_refused_with_a_reason_or_becomes_a_letter() -> None:
    not_accepted, letter = Desk(), Desk()
    not_accepted.open()
    not_accepted.take(NotAccepted(reason_code=NotAcceptedReason.JUDICIAL_CASE, explanation="正在审理"), MARCH)
    letter.open()
    letter.take(ConvertedToLetter(reason_code=NotAcceptedReason.PERSONAL_MATTER, letter_number="信〔2026〕1号"), MARCH)
    assert (not_accepted.case.stage, letter.case.stage) == (Stage.NOT_ACCEPTED, Stage.CONVERTED_TO_LETTER)
    for desk in (not_accepted, letter):
        assert desk.case.facts().over
        assert desk.case.open_clocks == []
        assert refusal_of(desk, HandedOver(lead_unit=LEAD), APRIL)[0] == "step-not-open"


def test_similar_suggestions_are_linked_once_and_never_to_themselves(desk: Desk) -> None:
    desk.open()
    desk.take(SimilarLinked(other="2025-7", relation=Relation.REPEAT), MARCH)
    assert not desk.take(SimilarLinked(other="2025-7", relation=Relation.REPEAT), MARCH).changed
    assert desk.take(SimilarLinked(other="2025-7", relation=Relation.CONTINUATION), MARCH).changed
    assert [link.relation for link in desk.case.links] == [Relation.REPEAT, Relation.CONTINUATION]
    assert refusal_of(desk, SimilarLinked(other=desk.case_id, relation=Relation.SIMILAR), MARCH)[0] == (
        "suggestion-itself"
    )


def test_a_merged_suggestion_still_gets_its_own_reply(desk: Desk) -> None:
    desk.handed_over()
    assert refusal_of(desk, SuggestionsMerged(into=desk.case_id), MARCH) == ("suggestion-itself", "into")
    desk.take(SuggestionsMerged(into="other"), MARCH)
    assert (desk.case.stage, desk.case.merged_into) == (Stage.MERGED, "other")
    assert desk.runs("suggestion.reply")
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), MAY)
    assert (desk.case.stage, desk.case.facts().answered_on) == (Stage.REPLIED, MAY)


def test_a_suggestion_merged_before_the_hand_over_is_still_handed_over(desk: Desk) -> None:
    desk.open()
    desk.take(SuggestionsMerged(into="other"), date(2026, 3, 4))
    desk.take(HandedOver(lead_unit=LEAD), HANDED_OVER_ON)
    assert (desk.case.stage, desk.case.merged_into) == (Stage.HANDED_OVER, "other")


def test_a_split_suggestion_keeps_the_rest(desk: Desk) -> None:
    desk.open()
    desk.take(SuggestionSplit(into=("a", "b")), MARCH)
    assert not desk.take(SuggestionSplit(into=("a",)), MARCH).changed
    assert (desk.case.stage, desk.case.split_into) == (Stage.SUBMITTED, ["a", "b"])
    assert refusal_of(desk, SuggestionSplit(into=(desk.case_id,)), MARCH) == ("suggestion-itself", "into.0")


# Handing over, signing for, giving back


def test_units_and_deputy_are_asked_before_the_hand_over(desk: Desk) -> None:
    desk.open()
    desk.take(PreAssignmentConsulted(lead_unit=LEAD, co_units=(SECOND,), deputys_view="同意"), date(2026, 3, 4))
    assert desk.case.consultations[0].units == (LEAD, SECOND)
    assert (desk.case.stage, desk.case.assignments) == (Stage.SUBMITTED, {})


def test_the_hand_over_starts_the_reply_clock_and_each_units_own(desk: Desk) -> None:
    desk.handed_over(SECOND)
    assert desk.due_on() == date(2026, 6, 9)
    assert desk.due_on("suggestion.sign_for", LEAD) == date(2026, 3, 16)
    assert desk.runs("suggestion.co_opinion", SECOND)
    assert not desk.runs("suggestion.co_opinion", LEAD)
    assert not desk.runs("suggestion.hand_over")
    facts = desk.case.facts()
    assert (facts.unit, facts.units, facts.rounds) == (LEAD, (LEAD, SECOND), 1)


def test_a_suggestion_may_be_handed_over_without_a_review(desk: Desk) -> None:
    desk.handed_over()
    assert desk.case.stage is Stage.HANDED_OVER


@pytest.mark.parametrize(
    ("step", "message_id", "field"),
    [
        (HandedOver(), "nobody-assigned", "lead_unit"),
        (HandedOver(lead_unit=LEAD, co_units=(LEAD,)), "lead-unit-is-co-handler", "co_units"),
        (HandedOver(lead_unit=LEAD, co_units=(SECOND, SECOND)), "unit-named-twice", "separate_units"),
        (HandedOver(separate_units=(LEAD, LEAD)), "unit-named-twice", "separate_units"),
        (HandedOver(lead_unit="nobody"), "unknown-unit", "lead_unit"),
        (HandedOver(lead_unit=LEAD, co_units=(SECOND, "lyj")), "unknown-unit", "co_units.1"),
        (HandedOver(co_units=(SECOND,)), "nobody-assigned", "lead_unit"),
    ],
)
def test_a_hand_over_names_units_in_being_each_once(desk: Desk, step: Step, message_id: str, field: str) -> None:
    desk.open()
    assert refusal_of(desk, step, HANDED_OVER_ON) == (message_id, field)


def test_another_unit_joins_later_but_there_is_one_lead(desk: Desk) -> None:
    desk.handed_over()
    desk.take(UnitAssigned(unit=SECOND, handling=Handling.CO, scope="补贴"), APRIL)
    assert desk.case.assignments[SECOND].scope == "补贴"
    assert desk.runs("suggestion.co_opinion", SECOND)
    assert refusal_of(desk, UnitAssigned(unit=SECOND, handling=Handling.CO), APRIL)[0] == "unit-assigned-already"
    assert refusal_of(desk, UnitAssigned(unit=THIRD, handling=Handling.LEAD), APRIL)[0] == (
        "lead-unit-assigned-already"
    )
    assert refusal_of(desk, UnitAssigned(unit="nobody", handling=Handling.CO), APRIL) == ("unknown-unit", "unit")


def test_a_unit_signs_for_its_share_once(desk: Desk) -> None:
    desk.handed_over()
    desk.take(SignedFor(unit=LEAD), date(2026, 3, 12))
    assert desk.case.stage is Stage.IN_HANDLING
    assert desk.case.clocks["suggestion.sign_for", LEAD].late is False
    assert refusal_of(desk, SignedFor(unit=LEAD), MARCH)[0] == "part-step-not-open"
    assert refusal_of(desk, SignedFor(unit=SECOND), MARCH) == ("unknown-part", "unit")


def test_two_units_answer_without_seeing_each_others_stage(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    desk.take(SignedFor(unit=LEAD), MARCH)
    desk.take(ReplyIssued(unit=SECOND, outcome="A"), APRIL)
    assert (desk.case.stage, desk.case.facts().answered_on) == (Stage.IN_HANDLING, None)
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), MAY)
    assert (desk.case.stage, desk.case.facts().answered_on) == (Stage.REPLIED, MAY)


def test_a_returned_share_goes_to_another_unit_and_only_its_own_clocks_start_again(desk: Desk) -> None:
    desk.handed_over()
    due_on = desk.due_on()
    desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责", proposed_unit=THIRD), date(2026, 3, 11))
    assert refusal_of(desk, ReplyIssued(unit=LEAD), MARCH)[0] == "part-step-not-open"
    desk.take(ReturnApproved(unit=LEAD), date(2026, 3, 12))
    assert desk.case.lead_unit is None
    assert not desk.runs("suggestion.sign_for", LEAD)
    assert desk.runs("suggestion.reassign", LEAD)
    assert refusal_of(desk, Reassigned(unit=LEAD, to_unit="nobody"), MARCH) == ("unknown-unit", "to_unit")
    assert refusal_of(desk, Reassigned(unit=LEAD, to_unit=LEAD), MARCH) == ("unit-assigned-already", "to_unit")
    desk.take(Reassigned(unit=LEAD, to_unit=THIRD), MARCH)
    assert desk.due_on() == due_on
    assert desk.due_on("suggestion.sign_for", THIRD) == date(2026, 3, 27)
    assert not desk.runs("suggestion.reassign", LEAD)
    assert desk.case.facts().units == (THIRD,)
    assert desk.case.assignments[LEAD].reassigned_to == THIRD
    desk.take(ReplyIssued(unit=THIRD, outcome="A"), MAY)
    assert desk.case.stage is Stage.REPLIED


def test_a_unit_that_may_not_return_its_share_goes_on_from_where_it_was(desk: Desk) -> None:
    desk.handed_over()
    for signed, stage in ((False, Assignment.Stage.ASSIGNED), (True, Assignment.Stage.SIGNED_FOR)):
        if signed:
            desk.take(SignedFor(unit=LEAD), MARCH)
        desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责"), MARCH)
        desk.take(ReturnRejected(unit=LEAD, reason="职责明确"), MARCH)
        assert desk.case.assignments[LEAD].stage is stage


def test_no_unit_passes_its_share_on_itself(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责"), MARCH)
    assert refusal_of(desk, ReturnApproved(unit=LEAD), MARCH, Role.HANDLING_UNIT)[0] == "role-may-not"
    assert refusal_of(desk, Reassigned(unit=LEAD, to_unit=THIRD), MARCH)[0] == "part-step-not-open"


# Supervision, contact, co-handlers


def test_supervision_is_noted_once_for_each_leader_and_committee(desk: Desk) -> None:
    desk.handed_over()
    steps: list[Step] = [
        KeySupervisionDesignated(basis="主任会议纪要3号", leader="副主任"),
        LeaderAssigned(person="副主任", level=LeaderLevel.STANDING_COMMITTEE, charge=Charge.SUPERVISION),
        LeaderAssigned(person="副市长", level=LeaderLevel.GOVERNMENT, charge=Charge.HANDLING),
        CommitteeAssigned(committee="环资城建委"),
    ]
    assert [desk.take(step, MARCH).changed for step in steps] == [True] * 4
    assert [desk.take(step, APRIL).changed for step in steps] == [False] * 4
    assert [leader.charge for leader in desk.case.leaders] == [Charge.SUPERVISION, Charge.HANDLING]
    assert desk.case.committee == "环资城建委"
    assert desk.case.key_supervision is not None


def test_a_contact_counts_when_the_deputy_confirms_it(desk: Desk) -> None:
    desk.handed_over()
    contact = ContactMade(
        contact="1", phase=Phase.BEFORE_REPLY, mode=ContactMode.FACE_TO_FACE, unit=LEAD, place="村委会"
    )
    desk.take(contact, MARCH)
    assert not desk.runs("suggestion.first_contact")
    assert refusal_of(desk, contact, MARCH) == ("contact-exists", "contact")
    assert refusal_of(desk, ContactConfirmed(contact="2"), MARCH) == ("unknown-part", "contact")
    assert refusal_of(desk, ContactConfirmed(contact="1"), MARCH, Role.HANDLING_UNIT)[0] == "role-may-not"
    assert refusal_of(desk, ContactConfirmed(contact="1"), MARCH, actor="d-005")[0] == "not-the-deputy-himself"
    assert desk.take(ContactConfirmed(contact="1"), MARCH).changed
    assert not desk.take(ContactConfirmed(contact="1"), MARCH).changed
    assert desk.case.contacts["1"].stage == "confirmed"


def test_a_contact_before_the_submission_is_no_finding_and_stops_no_clock(desk: Desk) -> None:
    desk.handed_over()
    desk.take(
        ContactMade(contact="0", phase=Phase.BEFORE_SUBMISSION, mode=ContactMode.VISIT, unit=LEAD), date(2026, 1, 15)
    )
    assert desk.runs("suggestion.first_contact")
    assert desk.found == []


def test_three_inquiries_and_a_joint_meeting_are_kept(desk: Desk) -> None:
    desk.handed_over()
    for kind in InquiryKind:
        desk.take(InquiryHeld(kind=kind, summary="已询"), MARCH)
    desk.take(JointMeetingHeld(units=(LEAD, SECOND), summary="明确分工"), APRIL)
    assert [inquiry.kind for inquiry in desk.case.inquiries] == list(InquiryKind)
    assert desk.case.meetings[0].units == (LEAD, SECOND)
    assert refusal_of(desk, JointMeetingHeld(units=("nobody",), summary="-"), APRIL) == ("unknown-unit", "units.0")


def test_a_rejected_co_opinion_stays_readable_and_its_clock_runs_again(desk: Desk) -> None:
    desk.handed_over(SECOND)
    desk.take(CoOpinionSubmitted(unit=SECOND, opinion="无意见"), MARCH)
    assert not desk.runs("suggestion.co_opinion", SECOND)
    desk.take(CoOpinionRejected(unit=SECOND, reason="过于笼统"), date(2026, 3, 25))
    assert desk.runs("suggestion.co_opinion", SECOND)
    desk.take(CoOpinionSubmitted(unit=SECOND, opinion="安排补贴"), date(2026, 4, 7))
    opinions = desk.case.assignments[SECOND].opinions
    assert [(o.text, o.rejected_because) for o in opinions] == [("无意见", "过于笼统"), ("安排补贴", None)]
    assert refusal_of(desk, CoOpinionSubmitted(unit=LEAD, opinion="-"), APRIL) == ("not-a-co-handler", "unit")
    assert refusal_of(desk, ReplyIssued(unit=SECOND), APRIL)[0] == "part-step-not-open"


def test_the_reply_waits_for_no_co_handler_and_no_co_handler_replies(desk: Desk) -> None:
    desk.handed_over(SECOND)
    assert refusal_of(desk, ReplyIssued(unit=SECOND), APRIL) == ("co-handler-does-not-reply", "unit")
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), MAY)
    assert desk.case.stage is Stage.REPLIED
    assert desk.case.open_clocks == []


# More time


def test_an_extension_is_asked_for_granted_and_told(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ExtensionRequested(unit=LEAD, until=date(2026, 8, 31), reason="涉及面广"), MAY)
    assert desk.case.assignments[LEAD].extension is Assignment.Extension.REQUESTED
    desk.take(ExtensionGranted(unit=LEAD, due_on=date(2026, 8, 31)), MAY)
    desk.take(ExtensionNotified(due_on=date(2026, 8, 31), reason="涉及面广"), MAY)
    assert desk.due_on() == date(2026, 8, 31)
    assert len(desk.case.clocks["suggestion.reply", None].deadline.extensions) == 1
    assert desk.case.facts().extended
    assert desk.found == []


def test_an_extension_beyond_six_months_is_a_finding_not_a_refusal(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ExtensionGranted(unit=LEAD, due_on=date(2026, 12, 31)), MAY)
    assert desk.due_on() == date(2026, 12, 31)
    assert desk.found == [("extension-beyond-most", 3)]


def test_an_extension_cannot_end_before_the_clock_began(desk: Desk) -> None:
    desk.handed_over()
    early = date(2026, 3, 1)
    assert refusal_of(desk, ExtensionGranted(unit=LEAD, due_on=early), MAY) == ("due-before-start", "due_on")
    assert refusal_of(desk, ExtensionNotified(due_on=early), MAY) == ("due-before-start", "due_on")
    assert refusal_of(desk, ExtensionRequested(unit=LEAD, until=early, reason="-"), MAY) == (
        "due-before-start",
        "until",
    )
    assert refusal_of(desk, ExtensionGranted(unit=SECOND, due_on=JUNE), MAY) == ("unknown-part", "unit")


def test_a_notice_that_names_no_date_extends_nothing(desk: Desk) -> None:
    desk.handed_over()
    due_on = desk.due_on()
    desk.take(ExtensionNotified(reason="情况复杂"), MAY)
    assert desk.due_on() == due_on
    assert not desk.case.facts().extended
    assert refusal_of(desk, ExtensionNotified(unit="nobody"), MAY) == ("unknown-unit", "unit")


def test_a_refused_extension_changes_no_date(desk: Desk) -> None:
    desk.handed_over()
    due_on = desk.due_on()
    assert refusal_of(desk, ExtensionRefused(unit=LEAD, reason="-"), MAY) == ("no-extension-requested", "unit")
    desk.take(ExtensionRequested(unit=LEAD, until=AUGUST, reason="人手不足"), MAY)
    desk.take(ExtensionRefused(unit=LEAD, reason="理由不足"), MAY)
    assert (desk.due_on(), desk.case.assignments[LEAD].extension) == (due_on, Assignment.Extension.REFUSED)


def test_an_extension_of_the_second_round_leaves_the_first_due_date_alone(desk: Desk) -> None:
    desk.replied()
    due_on = desk.due_on()
    desk.take(ReHandlingOrdered(), MAY)
    desk.take(ExtensionGranted(unit=LEAD, due_on=AUGUST), JUNE)
    assert (desk.due_on(), desk.due_on("suggestion.redo")) == (due_on, AUGUST)


# Replies


def test_a_reply_carries_letter_meaning_points_and_commitments(desk: Desk) -> None:
    desk.handed_over()
    desk.take(
        ReplyIssued(
            unit=LEAD,
            outcome="B",
            document_number="云交函〔2026〕5号",
            points=(PointAnswer(point="夜班", answer="六月起试行", outcome="A"),),
            commitments=(Promise(commitment="1", text="增开三条线路", due_on=date(2026, 12, 31)),),
            face_to_face=True,
        ),
        MAY,
    )
    reply = desk.case.rounds[1].replies[0]
    assert (reply.outcome, reply.normalised, reply.face_to_face) == ("B", Outcome.IN_PROGRESS, True)
    assert desk.due_on("commitment", "1") == date(2026, 12, 31)
    assert not desk.runs("suggestion.reply")
    assert desk.runs("commitment", "1")


def test_a_reply_that_was_never_signed_for_counts_and_ends_the_signing_clock(desk: Desk) -> None:
    desk.replied()
    assert desk.case.stage is Stage.REPLIED
    assert desk.case.clocks["suggestion.sign_for", LEAD].late
    assert desk.found == []


def test_a_letter_must_be_one_of_the_offices_scheme_and_mean_what_it_says(desk: Desk) -> None:
    desk.handed_over()
    assert refusal_of(desk, ReplyIssued(unit=LEAD, outcome="E"), MAY) == ("unknown-outcome", "outcome")
    wrong = ReplyIssued(unit=LEAD, outcome="A", normalised=Outcome.NOT_NOW)
    assert refusal_of(desk, wrong, MAY) == ("outcome-means-otherwise", "normalised")
    point = ReplyIssued(unit=LEAD, points=(PointAnswer(point="一", answer="二", outcome="Z"),))
    assert refusal_of(desk, point, MAY) == ("unknown-outcome", "points.0.outcome")


def test_where_there_is_no_scheme_any_letter_is_kept_and_none_is_interpreted(desk: Desk) -> None:
    desk.open(SuggestionSubmitted(jurisdiction="jp-sangiin", title="質問", lead_deputy="ある議員"))
    desk.take(HandedOver(lead_unit="naikaku"), MARCH)
    desk.take(ExtensionNotified(unit="naikaku", due_on=APRIL), MARCH)
    desk.take(ReplyIssued(unit="naikaku", outcome="済"), APRIL)
    reply = desk.case.rounds[1].replies[0]
    assert (reply.outcome, reply.normalised) == ("済", None)
    assert (desk.due_on(), desk.case.clocks["suggestion.reply", None].late) == (APRIL, False)


def test_a_reply_before_any_hand_over_is_refused_but_an_imported_one_is_a_finding(desk: Desk) -> None:
    desk.open()
    assert refusal_of(desk, ReplyIssued(unit=LEAD), MARCH)[0] == "step-not-open"
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), MARCH, imported=IMPORTED)
    assert (desk.case.stage, desk.case.facts().answered_on) == (Stage.REPLIED, MARCH)
    assert desk.found == [("step-not-open", 2)]


def test_a_rejected_reply_stays_readable_and_the_clock_runs_again(desk: Desk) -> None:
    desk.replied("D")
    desk.take(EvaluationInvited(), MAY)
    desk.take(ReplyReviewRejected(unit=LEAD, reason="分类不当"), MAY)
    assert (desk.case.stage, desk.case.facts().answered_on) == (Stage.IN_HANDLING, None)
    assert desk.runs("suggestion.reply")
    assert not desk.runs("suggestion.evaluate")
    assert refusal_of(desk, EvaluationSubmitted(result=Grade.SATISFIED), MAY)[0] == "step-not-open"
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), JUNE)
    first, second = desk.case.rounds[1].replies
    assert (first.outcome, first.rejected_because, second.outcome) == ("D", "分类不当", "B")
    assert desk.case.facts().answered_on == JUNE
    assert desk.case.clocks["suggestion.reply", None].late


def test_a_reply_rejected_in_the_second_round_leaves_the_first_one_alone(desk: Desk) -> None:
    desk.replied()
    answered_on = desk.case.facts().answered_on
    desk.take(ReHandlingOrdered(), MAY)
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), JUNE)
    desk.take(ReplyReviewRejected(unit=LEAD, reason="分类不当"), JUNE)
    assert (desk.case.stage, desk.case.facts().answered_on) == (Stage.RE_HANDLING, answered_on)
    assert desk.runs("suggestion.redo")
    assert not desk.runs("suggestion.reply")


# Commitments


def test_a_suggestion_is_closed_when_its_last_commitment_is_fulfilled(desk: Desk) -> None:
    desk.replied()
    for key in ("1", "2"):
        desk.take(CommitmentMade(commitment=key, unit=LEAD, text="增开线路", due_on=AUGUST), MAY)
    desk.take(SuggestionClosed(), MAY)
    assert (desk.case.stage, desk.case.closed_on) == (Stage.COMMITMENT_TRACKING, None)
    desk.take(CommitmentRevised(commitment="1", due_on=date(2026, 9, 30), reason="车辆未到"), JULY)
    assert desk.due_on("commitment", "1") == date(2026, 9, 30)
    desk.take(CommitmentFulfilled(commitment="1", evidence="已开通"), AUGUST)
    assert desk.case.stage is Stage.COMMITMENT_TRACKING
    desk.take(CommitmentFulfilled(commitment="2"), date(2026, 9, 1))
    assert (desk.case.stage, desk.case.closed_on) == (Stage.CLOSED, date(2026, 9, 1))
    assert desk.case.clocks["commitment", "1"].late is False
    assert desk.case.clocks["commitment", "2"].late is True


def test_a_suggestion_without_open_commitments_is_closed_at_once(desk: Desk) -> None:
    desk.replied()
    desk.take(SuggestionClosed(), MAY)
    assert (desk.case.stage, desk.case.closed_on, desk.case.open_clocks) == (Stage.CLOSED, MAY, [])


@pytest.mark.parametrize(
    ("step", "message_id", "field"),
    [
        (CommitmentFulfilled(commitment="9"), "unknown-part", "commitment"),
        (CommitmentRevised(commitment="9", reason="-"), "unknown-part", "commitment"),
        (CommitmentRevised(commitment="1", due_on=MARCH, reason="-"), "due-before-start", "due_on"),
        (CommitmentMade(commitment="1", unit=LEAD, text="-", due_on=AUGUST), "commitment-exists", "commitment"),
        (CommitmentMade(commitment="2", unit="nobody", text="-", due_on=AUGUST), "unknown-unit", "unit"),
        (CommitmentMade(commitment="2", unit=LEAD, text="-", due_on=MARCH), "due-before-start", "due_on"),
    ],
)
def test_a_commitment_must_be_known_and_lie_ahead(desk: Desk, step: Step, message_id: str, field: str) -> None:
    desk.replied()
    desk.take(CommitmentMade(commitment="1", unit=LEAD, text="增开线路", due_on=AUGUST), MAY)
    assert refusal_of(desk, step, MAY) == (message_id, field)


def test_one_reply_cannot_make_two_commitments_under_one_key(desk: Desk) -> None:
    desk.handed_over()
    promise = Promise(commitment="1", text="-", due_on=AUGUST)
    step = ReplyIssued(unit=LEAD, commitments=(promise, promise))
    assert refusal_of(desk, step, MAY) == ("commitment-exists", "commitments.1.commitment")


# The deputy's word


def test_the_deputy_is_invited_reminded_and_evaluates(desk: Desk) -> None:
    desk.replied()
    desk.take(EvaluationInvited(), MAY)
    assert desk.runs("suggestion.evaluate")
    desk.take(EvaluationReminded(), date(2026, 6, 1))
    evaluate(desk, Grade.BASICALLY_SATISFIED, date(2026, 6, 3), attitude=Grade.SATISFIED, solved=False, reason="进展慢")
    evaluation = desk.case.rounds[1].evaluation
    assert evaluation is not None
    assert (evaluation.result, evaluation.attitude, evaluation.solved) == (
        Grade.BASICALLY_SATISFIED,
        Grade.SATISFIED,
        False,
    )
    assert (desk.case.stage, desk.case.facts().grade) == (Stage.EVALUATED, "basically_satisfied")
    assert not desk.runs("suggestion.evaluate")


def test_only_the_lead_deputy_evaluates(desk: Desk) -> None:
    desk.replied()
    step = EvaluationSubmitted(result=Grade.SATISFIED)
    for role in set(Role) - {Role.DEPUTY}:
        assert refusal_of(desk, step, MAY, role)[0] == "role-may-not"
    assert refusal_of(desk, step, MAY, actor=CO_SIGNER)[0] == "not-the-deputy-himself"


def proxy(**fields: Any) -> EvaluationRecordedByProxy:
    given = {"result": Grade.SATISFIED, "evidence": "签名扫描件", "consent": "电话录音", "proxy_reason": "住院"}
    return EvaluationRecordedByProxy(**{**given, **fields})


def test_a_unit_cannot_record_an_evaluation(desk: Desk) -> None:
    desk.replied()
    for role in (Role.HANDLING_UNIT, Role.GOVERNMENT_OFFICE, Role.DEPUTY):
        assert refusal_of(desk, proxy(), MAY, role)[0] == "role-may-not"
    assert refusal_of(desk, proxy(), MAY, office=LEAD)[0] == "handling-unit-may-not-evaluate"


def test_the_office_records_an_evaluation_by_proxy_and_it_stays_visible(desk: Desk) -> None:
    desk.replied()
    desk.take(proxy(), MAY, actor="clerk")
    evaluation = desk.case.rounds[1].evaluation
    assert evaluation is not None
    assert evaluation.by_proxy == "clerk"


@pytest.mark.parametrize("missing", ["evidence", "consent", "proxy_reason"])
def test_there_is_no_proxy_without_evidence_consent_and_reason(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        proxy(**{missing: None})


def test_an_evaluation_waits_for_every_unit_that_is_to_reply(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), APRIL)
    assert refusal_of(desk, EvaluationSubmitted(result=Grade.SATISFIED), MAY)[0] == "step-not-open"


def test_separate_handlers_are_rated_each_and_the_worst_counts(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), APRIL)
    desk.take(ReplyIssued(unit=SECOND, outcome="C"), APRIL)
    grades = (
        UnitGrades(unit=LEAD, result=Grade.SATISFIED),
        UnitGrades(unit=SECOND, result=Grade.DISSATISFIED),
    )
    unknown = EvaluationSubmitted(result=Grade.SATISFIED, by_unit=(UnitGrades(unit=THIRD, result=Grade.SATISFIED),))
    assert refusal_of(desk, unknown, MAY) == ("no-reply-yet", "by_unit.0.unit")
    evaluate(desk, Grade.BASICALLY_SATISFIED, MAY, by_unit=grades)
    assert desk.case.facts().grade == "dissatisfied"


def test_co_signers_who_see_it_otherwise_are_named(desk: Desk) -> None:
    desk.open(suggestion(co_signers=(CO_SIGNER,)))
    desk.take(HandedOver(lead_unit=LEAD), HANDED_OVER_ON)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), APRIL)
    stranger = EvaluationSubmitted(result=Grade.SATISFIED, dissenters=("d-005",))
    assert refusal_of(desk, stranger, MAY) == ("not-a-co-signer", "dissenters.0")
    evaluate(desk, Grade.SATISFIED, MAY, dissenters=(CO_SIGNER,))


def test_an_amended_evaluation_keeps_both_values(desk: Desk) -> None:
    desk.replied()
    step = EvaluationAmended(result=Grade.SATISFIED, amended_because="核实后更改")
    assert refusal_of(desk, step, MAY)[0] == "step-not-open"
    evaluate(desk, Grade.DISSATISFIED, MAY)
    assert refusal_of(desk, EvaluationSubmitted(result=Grade.SATISFIED), MAY)[0] == "step-not-open"
    assert refusal_of(desk, step, MAY, actor=CO_SIGNER)[0] == "not-the-deputy-himself"
    desk.take(step, JUNE)
    assert [e.result for e in desk.case.rounds[1].evaluations] == [Grade.DISSATISFIED, Grade.SATISFIED]
    assert desk.case.facts().grade == "satisfied"
    assert len(desk.case.rounds) == 1


def test_nothing_is_amended_that_was_never_evaluated(desk: Desk) -> None:
    desk.replied()
    desk.take(EvaluationLapsed(), JUNE)
    desk.take(SuggestionClosed(), JUNE)
    step = EvaluationAmended(result=Grade.SATISFIED, amended_because="-")
    assert refusal_of(desk, step, JUNE)[0] == "no-evaluation-yet"


def test_a_lapsed_evaluation_is_an_act_of_the_office_and_a_late_one_still_counts(desk: Desk) -> None:
    desk.replied()
    desk.take(EvaluationInvited(), MAY)
    assert desk.take(EvaluationLapsed(), JULY).changed
    assert not desk.take(EvaluationLapsed(), JULY).changed
    assert not desk.runs("suggestion.evaluate")
    assert desk.case.facts().grade is None
    evaluate(desk, Grade.SATISFIED, AUGUST)
    assert (desk.case.facts().grade, desk.case.rounds[1].lapsed_on) == ("satisfied", JULY)


# Handling it again


def test_two_and_three_dissatisfied_rounds_all_stay_readable(desk: Desk) -> None:
    desk.replied("C", on=date(2026, 4, 1))
    evaluate(desk, Grade.DISSATISFIED, date(2026, 4, 10), reason="答非所问")
    first = TypeAdapter(Suggestion).dump_python(desk.case)["rounds"][1]
    for number, month in ((2, 5), (3, 7)):
        desk.take(ReHandlingOrdered(reason="代表不满意"), date(2026, month, 1))
        assert (desk.case.stage, len(desk.case.rounds)) == (Stage.RE_HANDLING, number)
        assert desk.case.assignments[LEAD].stage is Assignment.Stage.RE_HANDLING
        assert desk.runs("suggestion.redo")
        desk.take(ReplyIssued(unit=LEAD, outcome="B"), date(2026, month, 20))
        evaluate(desk, Grade.DISSATISFIED, date(2026, month, 25), reason=f"第{number}轮")
    desk.take(ReHandlingOrdered(), date(2026, 9, 1))
    rounds = desk.case.rounds
    assert list(rounds) == [1, 2, 3, 4]
    assert [r.evaluation.reason if r.evaluation else None for r in rounds.values()] == [
        "答非所问",
        "第2轮",
        "第3轮",
        None,
    ]
    assert TypeAdapter(Suggestion).dump_python(desk.case)["rounds"][1] == first
    assert [r.due_on for r in rounds.values()] == [None, date(2026, 6, 1), date(2026, 8, 3), date(2026, 10, 8)]
    facts = desk.case.facts()
    assert (facts.rounds, facts.grade, facts.answered_on) == (4, "dissatisfied", date(2026, 4, 1))
    assert desk.found == []


def test_only_the_units_named_handle_it_again_by_a_date_of_its_own(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), APRIL)
    desk.take(ReplyIssued(unit=SECOND, outcome="C"), APRIL)
    evaluate(desk, Grade.DISSATISFIED, MAY)
    assert refusal_of(desk, ReHandlingOrdered(units=(THIRD,)), MAY) == ("unit-does-not-reply", "units.0")
    assert refusal_of(desk, ReHandlingOrdered(due_on=APRIL), MAY) == ("due-before-start", "due_on")
    desk.take(ReHandlingOrdered(units=(SECOND,), due_on=JUNE), MAY)
    assert (desk.due_on("suggestion.redo"), desk.case.rounds[2].due_on) == (JUNE, JUNE)
    assert refusal_of(desk, ReplyIssued(unit=LEAD), MAY)[0] == "part-step-not-open"
    desk.take(ReplyIssued(unit=SECOND, outcome="B"), JUNE)
    assert desk.case.stage is Stage.REPLIED


def test_after_repeated_dissatisfaction_there_are_talks_and_experts(desk: Desk) -> None:
    desk.replied()
    evaluate(desk, Grade.DISSATISFIED, MAY)
    desk.take(EscalatedToMeeting(units=(LEAD,), summary="面对面会商"), JUNE)
    desk.take(ExpertEvaluationHeld(checked_by="专家组", summary="条件尚不具备", fulfilled=False), JUNE)
    assert (desk.case.meetings[0].kind, desk.case.checks[0].kind) == ("escalation", "experts")


# What became of it


def test_an_outcome_is_reclassified_and_the_reply_keeps_its_letter(desk: Desk) -> None:
    desk.replied("B")

    def turned(unit: str, old: str, new: str) -> OutcomeReclassified:
        return OutcomeReclassified(unit=unit, old=old, new=new, evidence="照片", verified_by="督查室")

    assert refusal_of(desk, turned(SECOND, "B", "A"), JUNE) == ("no-reply-yet", "unit")
    assert refusal_of(desk, turned(LEAD, "C", "A"), JUNE) == ("outcome-is-another", "old")
    assert refusal_of(desk, turned(LEAD, "B", "E"), JUNE) == ("unknown-outcome", "new")
    desk.take(turned(LEAD, "B", "A"), JUNE)
    assert (desk.case.rounds[1].replies[0].outcome, desk.case.outcome_of(LEAD)) == ("B", "A")
    assert desk.case.reclassifications[0].normalised is Outcome.RESOLVED
    assert refusal_of(desk, turned(LEAD, "B", "A"), JUNE) == ("outcome-is-another", "old")


def test_what_was_answered_is_looked_at_again_by_three(desk: Desk) -> None:
    desk.replied()
    desk.take(ProgressReported(unit=LEAD, summary="两条线路已开通"), JUNE)
    desk.take(LookBackChecked(checked_by="人代联委", summary="属实", fulfilled=True), JULY)
    desk.take(ThirdPartyEvaluated(checked_by="某大学", summary="总体良好"), JULY)
    desk.take(CongressAppraised(checked_by="常委会", summary="满意"), AUGUST)
    assert [check.kind for check in desk.case.checks] == ["look_back", "third_party", "congress"]
    assert desk.case.progress[0].summary == "两条线路已开通"
    assert refusal_of(desk, ProgressReported(unit=SECOND, summary="-"), JULY) == ("unknown-part", "unit")


def test_a_reply_is_published_and_an_award_given_once(desk: Desk) -> None:
    desk.replied()
    publication = ReplyPublished(unit=LEAD, place="市政府网站", redactions=("联系电话",))
    award = AwardGiven(kind=AwardKind.UNIT, year=2026, unit=LEAD)
    for step in (publication, award):
        assert desk.take(step, JUNE).changed
        assert not desk.take(step, JUNE).changed
    assert refusal_of(desk, ReplyPublished(unit=SECOND), JUNE) == ("no-reply-yet", "unit")
    assert refusal_of(desk, AwardGiven(kind=AwardKind.UNIT, year=2026), JUNE) == ("unit-has-no-share", "unit")
    assert desk.take(AwardGiven(kind=AwardKind.SUGGESTION, year=2026), JUNE).changed


def test_a_suggestion_taken_back_in_writing_is_handled_no_further(desk: Desk) -> None:
    desk.handed_over()
    step = SuggestionWithdrawn(written_request="撤回申请书")
    assert refusal_of(desk, step, MARCH, Role.DEPUTY, actor=CO_SIGNER)[0] == "not-the-deputy-himself"
    desk.take(step, MARCH, Role.DEPUTY)
    assert (desk.case.stage, desk.case.open_clocks, desk.case.facts().over) == (Stage.WITHDRAWN, [], True)
    assert refusal_of(desk, ReplyIssued(unit=LEAD), APRIL)[0] == "step-not-open"


def test_a_number_is_taken_once_and_free_again_when_the_suggestion_is_void(desk: Desk) -> None:
    desk.open(suggestion(number="2026-001"))
    first = desk.case_id
    assert refused(lambda: desk.open(suggestion(number="2026-001"))).message_id == "already-taken"
    desk.case_id = first
    desk.void(1)
    desk.open(suggestion(number="2026-001"))
    assert desk.case.number == "2026-001"


# The declarations


def test_every_step_says_what_it_promises_in_both_languages() -> None:
    steps = steps_of(Suggestion)
    for step in steps:
        assert step.__doc__
        assert step.declared.zh
        assert step.declared.by
    names = [step.declared.zh for step in steps]
    assert len(set(names)) == len(names)


def test_every_stage_is_reached_by_a_step() -> None:
    declared = [step.declared for step in steps_of(Suggestion)]
    reached = {d.leads_to for d in declared if d.part is None} | {target for d in declared for _, target in d.moves}
    assert set(Stage) <= reached


def test_a_case_is_rendered_as_plain_json_at_every_stage(desk: Desk) -> None:
    desk.replied()
    desk.take(CommitmentMade(commitment="1", unit=LEAD, text="增开线路", due_on=AUGUST), MAY)
    evaluate(desk, Grade.SATISFIED, MAY, by_unit=(UnitGrades(unit=LEAD, result=Grade.SATISFIED),))
    desk.case.clocks.clear()
    shown = TypeAdapter(Suggestion).dump_python(desk.case, mode="json", exclude={"clocks"})
    assert shown["rounds"]["1"]["evaluations"][0]["by_unit"][0]["result"] == "satisfied"
    assert shown["submitted_on"] == SUBMITTED_ON.isoformat()
