from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.case import Role, Step
from domain.cases.registry.unit import UnitOpened
from domain.cases.suggestion import (
    Assignment,
    AwardGiven,
    AwardKind,
    Backlog,
    BacklogClassified,
    Charge,
    CommitmentAbandoned,
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
    HandlingReportDeliberated,
    InquiryHeld,
    InquiryKind,
    JointMeetingHeld,
    KeySupervisionDesignated,
    LeaderAssigned,
    LeaderLevel,
    ListedProblem,
    LookBackChecked,
    MotionConverted,
    NotAccepted,
    NotAcceptedReason,
    OutcomeReclassified,
    Phase,
    PointAnswer,
    PreAssignmentConsulted,
    Problem,
    ProblemRectified,
    ProgressReported,
    Promise,
    Reassigned,
    RectificationListIssued,
    RectificationSentBack,
    RectificationVerified,
    ReHandlingOrdered,
    Relation,
    ReplyIssued,
    ReplyPublished,
    ReplyReviewRejected,
    Resubmitted,
    ReturnApproved,
    ReturnRejected,
    ReturnRequested,
    SatisfactionPollHeld,
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
from tests.domain.support import (
    CO_SIGNER,
    DEPUTY,
    HANDED_OVER_ON,
    IMPORTED,
    LEAD,
    SECOND,
    SUBMITTED_ON,
    THIRD,
    Desk,
    act,
)
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


def test_a_deputy_submits_and_revises_in_his_own_name_only(desk: Desk) -> None:
    def submit(actor: str) -> object:
        return desk.docket.open(suggestion(), act(MARCH, Role.DEPUTY, actor=actor))

    assert refused(lambda: submit(CO_SIGNER)).message_id == "not-the-deputy-himself"
    assert submit(DEPUTY)
    desk.open(suggestion(co_signers=(CO_SIGNER,)))
    desk.take(SentBack(reason="一事一议"), date(2026, 3, 3))
    resubmitted = Resubmitted(title="换了题目")
    assert refusal_of(desk, resubmitted, MARCH, Role.DEPUTY, actor=CO_SIGNER)[0] == "not-the-deputy-himself"


def test_a_case_is_opened_once_and_its_jurisdiction_never_corrected(desk: Desk) -> None:
    desk.open()
    refusal = refused(lambda: desk.correct(1, jurisdiction="jp-sangiin"))
    assert (refusal.message_id, refusal.field) == ("cannot-correct-field", "changes.jurisdiction")
    desk.void(1)
    assert refusal_of(desk, suggestion(), MARCH)[0] == "case-already-open"


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
    other = desk.another()
    desk.take(SimilarLinked(other=other, relation=Relation.REPEAT), MARCH)
    assert not desk.take(SimilarLinked(other=other, relation=Relation.REPEAT), MARCH).changed
    assert desk.take(SimilarLinked(other=other, relation=Relation.CONTINUATION), MARCH).changed
    desk.take(SimilarLinked(other_number="九届四次第7号", relation=Relation.REPEAT), MARCH)
    assert [(link.case_id, link.number) for link in desk.case.links] == [
        (other, None),
        (other, None),
        (None, "九届四次第7号"),
    ]
    itself = SimilarLinked(other=desk.case_id, relation=Relation.SIMILAR)
    assert refusal_of(desk, itself, MARCH) == ("suggestion-itself", "other")
    nowhere = SimilarLinked(other="nowhere", relation=Relation.SIMILAR)
    assert refusal_of(desk, nowhere, MARCH) == ("unknown-case", "other")
    for both in (
        SimilarLinked(relation=Relation.SIMILAR),
        SimilarLinked(other=other, other_number="7", relation=Relation.SIMILAR),
    ):
        assert refusal_of(desk, both, MARCH) == ("either-other-or-number", "other")


def test_a_case_of_another_jurisdiction_is_no_case(desk: Desk) -> None:
    desk.open()
    elsewhere = desk.docket.open(
        SuggestionSubmitted(jurisdiction="jp-sangiin", title="質問", lead_deputy="ある議員"),
        act(MARCH, Role.DEPUTY_AFFAIRS),
    ).case_id
    for step, field in ((SuggestionsMerged(into=elsewhere), "into"), (SuggestionSplit(into=(elsewhere,)), "into.0")):
        assert refusal_of(desk, step, MARCH) == ("unknown-case", field)


def test_nobody_names_a_case_that_he_may_not_read_nor_one_that_is_no_suggestion(desk: Desk) -> None:
    desk.open()
    desk.take(SuggestionReviewed(), MARCH)
    other = desk.another()
    link = SimilarLinked(other=other, relation=Relation.SIMILAR)
    assert refusal_of(desk, link, MARCH, Role.GOVERNMENT_OFFICE) == ("unknown-case", "other")
    merged = SuggestionsMerged(into=other)
    assert refusal_of(desk, merged, MARCH, Role.GOVERNMENT_OFFICE) == ("unknown-case", "into")
    unit = desk.docket.open(
        UnitOpened(jurisdiction="cn-999900", code="xdw", zh_name="新单位", en_name="A new unit"),
        act(MARCH, Role.GENERAL_OFFICE),
    ).case_id
    assert refusal_of(desk, SimilarLinked(other=unit, relation=Relation.SIMILAR), MARCH) == ("unknown-case", "other")
    assert desk.take(link, MARCH).changed


def test_only_a_unit_that_answers_tells_the_deputy_that_the_reply_comes_later(desk: Desk) -> None:
    desk.handed_over(SECOND)
    due_on, later = desk.due_on(), date(2026, 12, 1)
    for unit in (SECOND, None):
        notice = ExtensionNotified(unit=unit, due_on=later)
        assert refusal_of(desk, notice, APRIL, Role.HANDLING_UNIT, office=SECOND)[0] == "not-your-unit"
    assert desk.due_on() == due_on
    desk.take(ExtensionNotified(due_on=later), APRIL, Role.HANDLING_UNIT, office=LEAD)
    assert desk.due_on() == later


def test_a_merged_suggestion_still_gets_its_own_reply(desk: Desk) -> None:
    desk.handed_over()
    assert refusal_of(desk, SuggestionsMerged(into=desk.case_id), MARCH) == ("suggestion-itself", "into")
    other = desk.another()
    desk.take(SuggestionsMerged(into=other), MARCH)
    assert (desk.case.stage, desk.case.merged_into) == (Stage.MERGED, other)
    assert desk.runs("suggestion.reply")
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), MAY)
    assert (desk.case.stage, desk.case.facts().answered_on) == (Stage.REPLIED, MAY)


def test_a_merged_suggestion_is_handed_over_once_and_closed_only_when_it_was_answered(desk: Desk) -> None:
    desk.handed_over()
    due_on = desk.due_on()
    desk.take(SuggestionsMerged(into=desk.another()), MARCH)
    assert refusal_of(desk, HandedOver(lead_unit=SECOND), APRIL)[0] == "handed-over-already"
    assert refusal_of(desk, SuggestionClosed(), APRIL)[0] == "step-not-open"
    assert desk.due_on() == due_on
    desk.take(HandedOver(lead_unit=SECOND), APRIL, imported=IMPORTED)
    assert desk.found == [("handed-over-already", 4)]
    assert [past.deadline.due_on for past in desk.case.past_clocks if past.deadline.clock == "suggestion.reply"] == [
        due_on
    ]


def test_no_unit_is_added_before_the_hand_over(desk: Desk) -> None:
    desk.open()
    desk.take(SuggestionsMerged(into=desk.another()), date(2026, 3, 4))
    assert refusal_of(desk, UnitAssigned(unit=LEAD, handling=Handling.LEAD), MARCH)[0] == "not-handed-over"


def test_what_is_not_accepted_is_awaited_by_nobody_even_after_a_late_hand_over(desk: Desk) -> None:
    desk.open()
    desk.take(NotAccepted(reason_code=NotAcceptedReason.TENDER, explanation="招标事项"), MARCH)
    desk.take(HandedOver(lead_unit=LEAD), date(2026, 3, 9), late=True)
    assert desk.case.stage is Stage.NOT_ACCEPTED
    assert desk.case.open_clocks == []
    assert {running.dropped_by for running in desk.case.clocks.values() if running.dropped_by} == {
        "suggestion.not_accepted.v1"
    }


def test_a_suggestion_merged_before_the_hand_over_is_still_handed_over(desk: Desk) -> None:
    desk.open()
    other = desk.another()
    desk.take(SuggestionsMerged(into=other), date(2026, 3, 4))
    desk.take(HandedOver(lead_unit=LEAD), HANDED_OVER_ON)
    assert (desk.case.stage, desk.case.merged_into) == (Stage.HANDED_OVER, other)


def test_a_split_suggestion_keeps_the_rest(desk: Desk) -> None:
    desk.open()
    parts = (desk.another(), desk.another())
    desk.take(SuggestionSplit(into=parts), MARCH)
    assert not desk.take(SuggestionSplit(into=parts[:1]), MARCH).changed
    assert (desk.case.stage, desk.case.split_into) == (Stage.SUBMITTED, list(parts))
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


def test_a_share_that_the_other_unit_covers_is_released_and_the_answer_is_complete(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), APRIL)
    desk.take(ReturnRequested(unit=SECOND, reason="已由交通局一并办理"), date(2026, 3, 11))
    assert refusal_of(desk, Reassigned(unit=SECOND, to_unit=LEAD), MAY)[0] == "part-step-not-open"
    desk.take(ReturnApproved(unit=SECOND, released=True), MAY)
    assert (desk.case.stage, desk.case.facts().answered_on, desk.case.facts().units) == (Stage.REPLIED, MAY, (LEAD,))
    assert desk.case.open_clocks == []


def test_the_last_unit_that_answers_is_not_released(desk: Desk) -> None:
    desk.handed_over(SECOND)
    desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责"), date(2026, 3, 11))
    assert refusal_of(desk, ReturnApproved(unit=LEAD, released=True), MARCH) == ("nobody-left", "released")


def test_a_co_handler_takes_the_lead_that_another_returned(desk: Desk) -> None:
    desk.handed_over(SECOND)
    desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责"), date(2026, 3, 11))
    desk.take(ReturnApproved(unit=LEAD), date(2026, 3, 12))
    desk.take(Reassigned(unit=LEAD, to_unit=SECOND), date(2026, 3, 13))
    case = desk.case
    assert (case.lead_unit, case.assignments[SECOND].handling) == (SECOND, Handling.LEAD)
    assert [(former.key, former.handling) for former in case.former_assignments] == [(SECOND, Handling.CO)]
    assert not desk.runs("suggestion.co_opinion", SECOND)
    desk.take(ReplyIssued(unit=SECOND, outcome="A"), MAY)
    assert desk.case.stage is Stage.REPLIED


def test_a_share_that_comes_back_to_a_unit_leaves_its_first_one_readable(desk: Desk) -> None:
    desk.handed_over()
    desk.take(SignedFor(unit=LEAD, signed_by="办公室"), date(2026, 3, 10))
    for number, (unit, to_unit) in enumerate(((LEAD, SECOND), (SECOND, LEAD))):
        day = date(2026, 3, 11 + 3 * number)
        desk.take(ReturnRequested(unit=unit, reason="非本单位职责"), day)
        desk.take(ReturnApproved(unit=unit), day)
        desk.take(Reassigned(unit=unit, to_unit=to_unit), day)
    former, case = desk.case.former_assignments[0], desk.case
    assert (former.key, former.signed_for_on, former.reassigned_to) == (LEAD, date(2026, 3, 10), SECOND)
    assert case.assignments[LEAD].stage is Assignment.Stage.ASSIGNED
    assert [past.stopped_on for past in case.past_clocks if past.deadline.clock == "suggestion.sign_for"] == [
        date(2026, 3, 10)
    ]


def test_a_unit_that_asks_too_late_to_return_its_share_is_a_finding(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责"), date(2026, 3, 19))
    assert desk.found == []
    desk.void(3)
    desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责"), date(2026, 3, 20))
    assert desk.found == [("return-requested-late", 5)]
    assert desk.findings[0].params["until"] == "2026-03-19"


def test_where_several_units_answer_each_has_its_own_term_and_the_last_one_is_the_suggestions(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    desk.take(ExtensionGranted(unit=LEAD, due_on=date(2026, 7, 31)), MAY)
    assert (desk.due_on("suggestion.unit_reply", LEAD), desk.due_on("suggestion.unit_reply", SECOND)) == (
        date(2026, 7, 31),
        date(2026, 6, 9),
    )
    assert desk.due_on() == date(2026, 7, 31)
    desk.take(ReplyIssued(unit=SECOND, outcome="A"), date(2026, 6, 10))
    assert desk.case.clocks["suggestion.unit_reply", SECOND].late is True
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), JULY)
    assert desk.case.clocks["suggestion.unit_reply", LEAD].late is False
    assert desk.case.clocks["suggestion.reply", None].late is False


def test_a_unit_named_later_has_its_own_three_months(desk: Desk) -> None:
    desk.handed_over()
    assert ("suggestion.unit_reply", LEAD) not in desk.case.clocks
    desk.take(ReturnRequested(unit=LEAD, reason="非本单位职责"), date(2026, 3, 11))
    desk.take(ReturnApproved(unit=LEAD), date(2026, 3, 12))
    desk.take(Reassigned(unit=LEAD, to_unit=THIRD), MARCH)
    assert (desk.due_on(), desk.due_on("suggestion.unit_reply", THIRD)) == (date(2026, 6, 9), date(2026, 6, 22))


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
    assert refusal_of(desk, ContactConfirmed(contact="1"), MARCH, actor="d-005")[0] == "no-part-in-case"
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


def test_a_contact_after_the_reply_needs_a_reply_and_is_not_the_first_contact(desk: Desk) -> None:
    desk.handed_over()
    after = ContactMade(contact="1", phase=Phase.AFTER_REPLY, mode=ContactMode.VISIT, unit=LEAD)
    assert refusal_of(desk, after, MARCH) == ("contact-after-no-reply", "phase")
    desk.take(after, MARCH, imported=IMPORTED)
    assert desk.found == [("contact-after-no-reply", 3)]
    assert desk.runs("suggestion.first_contact")


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


def test_an_opinion_that_the_reply_did_not_wait_for_was_not_given_in_time(desk: Desk) -> None:
    desk.handed_over(SECOND)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), date(2026, 4, 1))
    dropped = desk.case.clocks["suggestion.co_opinion", SECOND]
    assert (dropped.stopped_on, dropped.dropped_by, dropped.late) == (
        date(2026, 4, 1),
        "suggestion.reply_issued.v1",
        None,
    )
    desk.take(ReplyReviewRejected(unit=LEAD, reason="分类不当"), date(2026, 4, 3))
    assert desk.runs("suggestion.co_opinion", SECOND)
    assert not desk.runs("suggestion.sign_for", LEAD)
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), MAY)
    assert desk.case.clocks["suggestion.co_opinion", SECOND].late is True


def test_a_co_handler_may_be_asked_again_in_the_next_round(desk: Desk) -> None:
    desk.handed_over(SECOND)
    desk.take(CoOpinionSubmitted(unit=SECOND, opinion="安排补贴"), MARCH)
    desk.take(ReplyIssued(unit=LEAD, outcome="C"), APRIL)
    desk.take(ReHandlingOrdered(), MAY)
    desk.take(CoOpinionSubmitted(unit=SECOND, opinion="增加补贴"), MAY)
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), JUNE)
    assert [(o.round, o.text) for o in desk.case.assignments[SECOND].opinions] == [(1, "安排补贴"), (2, "增加补贴")]
    assert desk.found == []


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


def test_an_extension_says_who_granted_it_when_and_why(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ExtensionGranted(unit=LEAD, due_on=date(2026, 8, 31), reason="涉及面广"), MAY, office="zfb")
    (moved,) = desk.case.clocks["suggestion.reply", None].deadline.extensions
    assert (moved.from_due_on, moved.on, moved.office, moved.reason) == (date(2026, 6, 9), MAY, "zfb", "涉及面广")


def test_a_date_that_the_unit_only_told_the_deputy_was_granted_by_nobody(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ExtensionNotified(due_on=date(2026, 8, 31)), MAY, Role.HANDLING_UNIT, office=LEAD)
    assert desk.found == [("extension-not-granted", 3)]


def test_an_extension_that_comes_earlier_is_found(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ExtensionGranted(unit=LEAD, due_on=date(2026, 5, 31)), MAY)
    assert (desk.due_on(), desk.found) == (date(2026, 5, 31), [("extension-shortens", 3)])


def test_a_source_whose_notice_names_a_date_before_the_hand_over_is_found_and_kept(desk: Desk) -> None:
    desk.handed_over()
    desk.take(ExtensionNotified(due_on=date(2026, 3, 1)), MAY, imported=IMPORTED)
    assert desk.due_on() == date(2026, 3, 1)
    assert [message_id for message_id, _ in desk.found] == ["due-before-start", "extension-shortens"]


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
    assert (desk.due_on(), desk.due_on("suggestion.redo", "round-2")) == (due_on, AUGUST)


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


def test_a_unit_acts_for_itself_and_for_no_other(desk: Desk) -> None:
    desk.handed_over(SECOND)
    reply = ReplyIssued(unit=LEAD, outcome="A", commitments=(Promise(commitment="1", text="-", due_on=AUGUST),))
    assert refusal_of(desk, reply, MAY, Role.HANDLING_UNIT, office=SECOND)[0] == "not-your-unit"
    opinion = CoOpinionSubmitted(unit=SECOND, opinion="安排补贴")
    assert refusal_of(desk, opinion, MAY, Role.HANDLING_UNIT, office=LEAD)[0] == "not-your-unit"
    desk.take(opinion, MAY, Role.HANDLING_UNIT, office=SECOND)
    again = CoOpinionRejected(unit=SECOND, reason="过于笼统")
    assert refusal_of(desk, again, MAY, Role.HANDLING_UNIT, office=SECOND)[0] == "not-your-unit"
    desk.take(again, MAY, Role.HANDLING_UNIT, office=LEAD)
    desk.take(reply, MAY, Role.HANDLING_UNIT, office=LEAD)
    done = CommitmentFulfilled(commitment="1")
    assert refusal_of(desk, done, JUNE, Role.HANDLING_UNIT, office=SECOND)[0] == "not-your-unit"
    desk.take(done, JUNE, Role.HANDLING_UNIT, office=LEAD)


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
    assert refusal_of(desk, ReplyReviewRejected(unit=LEAD, reason="-", round=2), MAY) == ("another-round", "round")
    desk.take(ReHandlingOrdered(), MAY)
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), JUNE)
    desk.take(ReplyReviewRejected(unit=LEAD, reason="分类不当"), JUNE)
    assert [handled.answered_on for handled in desk.case.rounds.values()] == [answered_on, None]
    assert (desk.case.stage, desk.case.facts().answered_on) == (Stage.RE_HANDLING, None)
    assert desk.runs("suggestion.redo", "round-2")
    assert not desk.runs("suggestion.reply")


def test_a_second_letter_of_a_unit_does_not_move_the_day_of_the_answer(desk: Desk) -> None:
    desk.replied(on=APRIL)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), JULY, imported=IMPORTED)
    assert (desk.case.facts().answered_on, len(desk.case.rounds[1].replies)) == (APRIL, 2)


def test_a_void_order_to_handle_it_again_leaves_each_reply_in_its_round(desk: Desk) -> None:
    desk.replied("C", on=APRIL)
    evaluate(desk, Grade.DISSATISFIED, MAY)
    desk.take(ReHandlingOrdered(), MAY)
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), JUNE)
    evaluate(desk, Grade.SATISFIED, JULY)
    desk.void(5)
    rounds = desk.case.rounds
    assert [[reply.outcome for reply in handled.replies] for handled in rounds.values()] == [["C"], ["B"]]
    assert [handled.answered_on for handled in rounds.values()] == [APRIL, JUNE]
    assert [handled.evaluation.result for handled in rounds.values() if handled.evaluation] == [
        Grade.DISSATISFIED,
        Grade.SATISFIED,
    ]


def test_a_reply_of_an_earlier_round_is_not_rejected_any_more(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    for unit in (LEAD, SECOND):
        desk.take(ReplyIssued(unit=unit, outcome="B"), APRIL)
    desk.take(ReHandlingOrdered(units=(SECOND,)), MAY)
    step = ReplyReviewRejected(unit=LEAD, reason="分类不当")
    assert refusal_of(desk, step, MAY) == ("no-reply-in-round", "unit")


def test_what_a_rejected_reply_promised_falls_with_it_and_may_be_promised_again(desk: Desk) -> None:
    desk.handed_over()
    promise = Promise(commitment="1", text="增开三条线路", due_on=AUGUST, milestone="六月底前两条")
    desk.take(ReplyIssued(unit=LEAD, outcome="B", commitments=(promise,)), APRIL)
    desk.take(ReplyReviewRejected(unit=LEAD, reason="缺少时间表"), APRIL)
    assert (desk.case.open_commitments, desk.runs("commitment", "1")) == ([], False)
    desk.take(ReplyIssued(unit=LEAD, outcome="B", commitments=(promise,)), MAY)
    assert [(c.key, c.milestone) for c in desk.case.open_commitments] == [("1", "六月底前两条")]
    assert desk.runs("commitment", "1")
    assert desk.found == []


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


def test_a_commitment_that_will_not_be_kept_is_explained_and_waited_for_no_more(desk: Desk) -> None:
    desk.replied()
    desk.take(CommitmentMade(commitment="1", unit=LEAD, text="增开线路", due_on=AUGUST), MAY)
    desk.take(SuggestionClosed(), MAY)
    step = CommitmentAbandoned(commitment="1", reason="线路规划调整", document_number="云交函〔2026〕9号")
    desk.take(step, date(2026, 9, 1))
    assert (desk.case.stage, desk.case.commitments["1"].abandoned_because) == (Stage.CLOSED, "线路规划调整")
    assert desk.case.clocks["commitment", "1"].late is True
    assert refusal_of(desk, step, date(2026, 9, 2))[0] == "part-step-not-open"


def test_a_correction_that_names_another_commitment_by_a_key_in_use_is_found(desk: Desk) -> None:
    desk.replied()
    for key in ("1", "2"):
        desk.take(CommitmentMade(commitment=key, unit=LEAD, text=f"承诺{key}", due_on=AUGUST), MAY)
    desk.correct(4, commitment="2")
    assert desk.found == [("commitment-exists", 5)]


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
    assert desk.runs("suggestion.evaluate", "round-1")
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
    assert desk.case.clocks["suggestion.evaluate", "round-1"].late is False


def test_only_the_lead_deputy_evaluates(desk: Desk) -> None:
    desk.replied(opening=suggestion(co_signers=(CO_SIGNER,)))
    step = EvaluationSubmitted(result=Grade.SATISFIED)
    for role in set(Role) - {Role.DEPUTY}:
        assert refusal_of(desk, step, MAY, role)[0] == "role-may-not"
    assert refusal_of(desk, step, MAY, actor=CO_SIGNER)[0] == "not-the-deputy-himself"
    assert refusal_of(desk, step, MAY, actor="d-005")[0] == "no-part-in-case"


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
    twice = EvaluationSubmitted(result=Grade.SATISFIED, by_unit=(grades[0], grades[0]))
    assert refusal_of(desk, unknown, MAY) == ("no-reply-in-round", "by_unit.0.unit")
    assert refusal_of(desk, twice, MAY) == ("unit-named-twice", "by_unit.1.unit")
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
    desk.replied(opening=suggestion(co_signers=(CO_SIGNER,)))
    step = EvaluationAmended(result=Grade.SATISFIED, amended_because="核实后更改")
    assert refusal_of(desk, step, MAY) == ("no-evaluation-yet", "round")
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
    assert not desk.runs("suggestion.evaluate", "round-1")
    assert desk.case.facts().grade is None
    evaluate(desk, Grade.SATISFIED, AUGUST)
    assert (desk.case.facts().grade, desk.case.rounds[1].lapsed_on) == ("satisfied", [JULY])


def test_whoever_is_invited_again_may_lapse_again_and_both_clocks_stay_readable(desk: Desk) -> None:
    desk.replied()
    for invited_on, lapsed_on in ((MAY, date(2026, 6, 25)), (JULY, date(2026, 9, 1))):
        desk.take(EvaluationInvited(), invited_on)
        assert desk.take(EvaluationLapsed(), lapsed_on).changed
    handled, case = desk.case.rounds[1], desk.case
    assert (handled.invited_on, handled.lapsed_on) == ([MAY, JULY], [date(2026, 6, 25), date(2026, 9, 1)])
    first, second = case.past_clocks[-1], case.clocks["suggestion.evaluate", "round-1"]
    assert (first.deadline.started_on, second.deadline.started_on) == (MAY, JULY)
    assert (first.late, second.late) == (True, True)


def test_an_evaluation_that_comes_after_the_closing_still_counts(desk: Desk) -> None:
    desk.replied()
    desk.take(EvaluationLapsed(), JUNE)
    desk.take(SuggestionClosed(), JUNE)
    evaluate(desk, Grade.DISSATISFIED, JULY)
    assert (desk.case.stage, desk.case.facts().grade) == (Stage.CLOSED, "dissatisfied")
    again = EvaluationSubmitted(result=Grade.SATISFIED)
    assert refusal_of(desk, again, AUGUST)[0] == "evaluated-already"


def test_a_correction_names_a_unit_that_has_a_share(desk: Desk) -> None:
    desk.replied()
    refusal = refused(lambda: desk.correct(3, unit="nowhere"))
    assert (refusal.message_id, refusal.field) == ("unknown-part", "unit")
    assert desk.case.stage is Stage.REPLIED


def test_what_a_deputy_said_is_corrected_by_nobody(desk: Desk) -> None:
    desk.replied()
    evaluate(desk, Grade.DISSATISFIED, MAY)
    for name, value in (("result", "satisfied"), ("solved", True), ("round", 2), ("by_unit", [])):
        refusal = refused(lambda name=name, value=value: desk.correct(4, **{name: value}))  # type: ignore[misc]
        assert (refusal.message_id, refusal.field) == ("cannot-correct-field", f"changes.{name}")
    desk.correct(4, contact="visit")
    assert desk.case.facts().grade == "dissatisfied"


def test_a_deputy_amends_what_he_said_of_an_earlier_round(desk: Desk) -> None:
    desk.replied()
    evaluate(desk, Grade.DISSATISFIED, MAY)
    desk.take(ReHandlingOrdered(), MAY)
    desk.take(EvaluationAmended(round=1, result=Grade.BASICALLY_SATISFIED, amended_because="误填"), JUNE)
    desk.take(ReplyIssued(unit=LEAD, outcome="B"), JUNE)
    evaluate(desk, Grade.SATISFIED, JULY)
    assert [[e.result for e in r.evaluations] for r in desk.case.rounds.values()] == [
        [Grade.DISSATISFIED, Grade.BASICALLY_SATISFIED],
        [Grade.SATISFIED],
    ]
    unknown = EvaluationAmended(round=3, result=Grade.SATISFIED, amended_because="-")
    assert refusal_of(desk, unknown, JULY) == ("no-evaluation-yet", "round")
    desk.take(EvaluationAmended(result=Grade.DISSATISFIED, amended_because="核实"), AUGUST)
    assert len(desk.case.rounds[2].evaluations) == 2


def test_nobody_evaluates_for_a_unit_that_handles_it_not_even_the_deputy(desk: Desk) -> None:
    desk.replied()
    step = EvaluationSubmitted(result=Grade.SATISFIED)
    assert refusal_of(desk, step, MAY, office=LEAD)[0] == "handling-unit-may-not-evaluate"


def test_the_worst_that_was_said_counts_for_the_whole_and_for_each_unit(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    for unit in (LEAD, SECOND):
        desk.take(ReplyIssued(unit=unit, outcome="B"), APRIL)
    evaluate(desk, Grade.DISSATISFIED, MAY, by_unit=(UnitGrades(unit=LEAD, result=Grade.SATISFIED),))
    assert desk.case.facts().grade == "dissatisfied"


def test_a_unit_that_was_not_asked_again_keeps_the_deputys_dissatisfaction(desk: Desk) -> None:
    desk.open()
    desk.take(HandedOver(separate_units=(LEAD, SECOND)), HANDED_OVER_ON)
    for unit in (LEAD, SECOND):
        desk.take(ReplyIssued(unit=unit, outcome="B"), APRIL)
    evaluate(desk, Grade.DISSATISFIED, MAY)
    desk.take(ReHandlingOrdered(units=(SECOND,)), MAY)
    desk.take(ReplyIssued(unit=SECOND, outcome="A"), JUNE)
    evaluate(desk, Grade.SATISFIED, JUNE)
    assert desk.case.facts().grade == "dissatisfied"
    desk.take(ReHandlingOrdered(units=(LEAD,)), JULY)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), JULY)
    evaluate(desk, Grade.SATISFIED, AUGUST)
    assert desk.case.facts().grade == "satisfied"


# Handling it again


def test_two_and_three_dissatisfied_rounds_all_stay_readable(desk: Desk) -> None:
    desk.replied("C", on=date(2026, 4, 1))
    evaluate(desk, Grade.DISSATISFIED, date(2026, 4, 10), reason="答非所问")
    first = TypeAdapter(Suggestion).dump_python(desk.case)["rounds"][1]
    for number, month in ((2, 5), (3, 7)):
        desk.take(ReHandlingOrdered(reason="代表不满意"), date(2026, month, 1))
        assert (desk.case.stage, len(desk.case.rounds)) == (Stage.RE_HANDLING, number)
        assert desk.case.assignments[LEAD].stage is Assignment.Stage.RE_HANDLING
        assert desk.runs("suggestion.redo", f"round-{number}")
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
    redone = [desk.case.clocks["suggestion.redo", f"round-{number}"] for number in (2, 3, 4)]
    assert [c.deadline.due_on for c in redone] == [date(2026, 6, 1), date(2026, 8, 3), date(2026, 10, 8)]
    assert [c.late for c in redone] == [False, False, None]
    assert [r.answered_on for r in rounds.values()] == [
        date(2026, 4, 1),
        date(2026, 5, 20),
        date(2026, 7, 20),
        None,
    ]
    facts = desk.case.facts()
    assert (facts.rounds, facts.grade, facts.answered_on, facts.due_on) == (
        4,
        "dissatisfied",
        None,
        date(2026, 10, 8),
    )
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
    assert (desk.due_on("suggestion.redo", "round-2"), desk.case.facts().due_on) == (JUNE, JUNE)
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
    reply = desk.case.rounds[1].replies[0]
    assert (reply.outcome, reply.outcome_now) == ("B", "A")
    assert reply.reclassifications[0].normalised is Outcome.RESOLVED
    assert refusal_of(desk, turned(LEAD, "B", "A"), JUNE) == ("outcome-is-another", "old")
    desk.take(ReHandlingOrdered(), JUNE)
    desk.take(ReplyIssued(unit=LEAD, outcome="C"), JUNE)
    assert [r.replies[0].outcome_now for r in desk.case.rounds.values()] == ["A", "C"]
    desk.take(turned(LEAD, "C", "A"), JULY)


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
    desk.take(ReHandlingOrdered(), JUNE)
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), JULY)
    assert desk.take(publication, JULY).changed
    assert [published.round for published in desk.case.publications] == [1, 2]
    assert desk.take(AwardGiven(kind=AwardKind.SUGGESTION, year=2026), JUNE).changed


def test_a_key_suggestion_goes_before_the_standing_committee_and_each_point_of_its_list_is_signed_off(
    desk: Desk,
) -> None:
    desk.replied()
    desk.take(KeySupervisionDesignated(basis="主任会议纪要3号"), MAY)
    desk.take(HandlingReportDeliberated(meeting="第三十八次会议", summary="要求列出整改清单"), MAY)
    points = (
        ListedProblem(problem="1", text="末班车过早", unit=LEAD, due_on=JULY),
        ListedProblem(problem="2", text="站牌不清", unit=SECOND),
    )
    desk.take(RectificationListIssued(problems=points), MAY)
    assert refusal_of(desk, RectificationListIssued(problems=points[:1]), MAY) == (
        "problem-exists",
        "problems.0.problem",
    )
    nobody = (ListedProblem(problem="3", text="-", unit="nobody"),)
    assert refusal_of(desk, RectificationListIssued(problems=nobody), MAY) == ("unknown-unit", "problems.0.unit")
    assert refusal_of(desk, RectificationVerified(problem="1", verified_by="-"), MAY)[0] == "part-step-not-open"
    desk.take(ProblemRectified(problem="1", summary="延至二十二时"), JUNE)
    desk.take(RectificationSentBack(problem="1", reason="应延至二十三时"), JUNE)
    assert desk.runs("rectification", "1")
    desk.take(ProblemRectified(problem="1", summary="延至二十三时"), date(2026, 8, 1))
    desk.take(RectificationVerified(problem="1", verified_by="环资城建委"), AUGUST)
    problem = desk.case.problems["1"]
    assert [(done.sent_back_because, done.verified_by) for done in problem.rectified] == [
        ("应延至二十三时", None),
        (None, "环资城建委"),
    ]
    assert desk.case.clocks["rectification", "1"].late is True
    assert desk.case.problems["2"].stage is Problem.Stage.LISTED
    assert desk.case.deliberations[0].meeting == "第三十八次会议"


def test_a_poll_keeps_tallies_and_a_second_one_stands_beside_the_first(desk: Desk) -> None:
    desk.replied()

    def poll(**tallies: int) -> SatisfactionPollHeld:
        given = {"present": 32, "satisfied": 20, "basically_satisfied": 5, "dissatisfied": 6, "invalid": 1}
        return SatisfactionPollHeld(voters="常委会组成人员", **{**given, **tallies})

    assert refusal_of(desk, poll(present=31), JUNE) == ("more-ballots-than-voters", "present")
    desk.take(poll(), JUNE)
    desk.take(poll(satisfied=26, dissatisfied=0), AUGUST)
    assert [held.dissatisfied for held in desk.case.polls] == [6, 0]


def test_what_earlier_years_left_is_classified(desk: Desk) -> None:
    desk.replied("C")
    assert desk.take(BacklogClassified(category=Backlog.CONDITIONS_MISSING), JUNE).changed
    assert not desk.take(BacklogClassified(category=Backlog.CONDITIONS_MISSING), JUNE).changed
    desk.take(BacklogClassified(category=Backlog.SOLVABLE, note="资金到位"), JULY)
    assert desk.case.backlog is Backlog.SOLVABLE


def test_a_suggestion_taken_back_in_writing_is_handled_no_further(desk: Desk) -> None:
    desk.handed_over(opening=suggestion(co_signers=(CO_SIGNER,)))
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
