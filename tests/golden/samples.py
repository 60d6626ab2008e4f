"""One example of every step, with every field filled."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from domain.attachment import AttachmentKind, MediaType
from domain.case import (
    STEPS,
    Act,
    AmendmentDeclined,
    AttachmentAdded,
    Corrected,
    CorrectionRequested,
    DeadlineRecalculated,
    Imported,
    Recorded,
    Role,
    SourceDocument,
    Step,
    Voided,
    VoidRequested,
)
from domain.cases import suggestion as s
from domain.cases.registry import deputy, group, jurisdiction, meeting, seat, unit
from domain.clock import Deadline, Extension, RuleRef, SkippedDay
from domain.office import Background, Body, Engagement, Level, Tenure
from domain.person import (
    LegalGround,
    PersonAdded,
    PersonalAttachmentAdded,
    PersonalDataDisclosed,
    PersonalDataErased,
    PersonalDataReleased,
    PersonalDataRestricted,
    PersonalMeasureDeclined,
    PersonalMeasureProposed,
)
from domain.personal import Capacity, Measure, Personal, Purpose
from domain.rulebook import Outcome
from tests.golden.examples import example_of

WHEN = datetime(2026, 3, 9, tzinfo=timezone(timedelta(hours=8)))
DUE_ON = date(2026, 6, 9)
DEADLINE = Deadline(
    clock="suggestion.reply",
    part="jtj",
    started_on=date(2026, 3, 9),
    due_on=date(2026, 6, 30),
    estimate=True,
    rule=RuleRef(
        rulebook="cn-national",
        version="2026-11-22",
        id="suggestion.reply",
        count=3,
        unit="month",
        force="statutory",
        confidence="A",
    ),
    calendar="cn@2025-11-04",
    counted_to=date(2026, 6, 9),
    skipped=(SkippedDay(date(2026, 6, 9), "weekend"),),
    made_up=(date(2026, 6, 10),),
    extensions=(
        Extension(
            from_due_on=DUE_ON,
            due_on=date(2026, 6, 30),
            by="suggestion.extension_granted.v1",
            on=date(2026, 5, 20),
            office="rd",
            reason="范围广",
        ),
    ),
)
_SUBMISSION = {
    "jurisdiction": "cn-999900",
    "time_zone": "Asia/Shanghai",
    "title": "关于增开夜间公交的建议",
    "lead_deputy": "d-001",
    "co_signers": ("d-002", "d-003"),
    "number": "2026-001",
    "session": "九届五次",
    "in_session": True,
    "channel": "on_line",
    "body": "一、现状\n二、建议",
    "survey_basis": "走访三个街道",
    "wants_public": True,
    "wants_face_to_face": False,
}
_PLACE: dict[str, Any] = {"jurisdiction": "cn-999900", "time_zone": "Asia/Shanghai"}
_SHARES = {"lead_unit": "jtj", "co_units": ("czj",), "separate_units": ("zjj",)}
_EVALUATION = {
    "round": 1,
    "result": "dissatisfied",
    "attitude": "satisfied",
    "solved": False,
    "reason": "没有时间表",
    "contact": "face_to_face",
    "channel": "paper",
    "by_unit": ({"unit": "jtj", "attitude": "satisfied", "result": "dissatisfied"},),
    "dissenters": ("d-002",),
}
_CHECK = {"checked_by": "人代联委", "summary": "已落实", "fulfilled": True}

_SEALED: Personal[Any] = Personal(key="5e" * 16, sealed="6KFh0pZ0Y0i7xSgq2j8c0w==")

_STEPS: list[Step] = [
    Corrected(
        corrects=2,
        of="suggestion.handed_over.v1",
        occurred_at=WHEN,
        precision="day",
        changes={"lead_unit": "zjj", "meeting": None},
        reason="录入有误",
        approved_by="主任",
        request=3,
    ),
    Voided(voids=2, reason="重复录入", approved_by="主任", request=3),
    CorrectionRequested(
        corrects=2,
        of="suggestion.handed_over.v1",
        occurred_at=WHEN,
        precision="day",
        changes={"lead_unit": "zjj", "meeting": None},
        reason="录入有误",
    ),
    VoidRequested(voids=2, reason="重复录入"),
    AmendmentDeclined(request=3, reason="所录与交办通知一致"),
    DeadlineRecalculated(
        clock="suggestion.reply", part="jtj", due_before=DUE_ON, deadline=DEADLINE, reason="公布次年放假安排"
    ),
    AttachmentAdded(
        sha256="3f" * 32,
        name="答复函（云交函〔2026〕5号）.pdf",
        media_type=MediaType.PDF,
        size=284_113,
        kind=AttachmentKind.REPLY_LETTER,
        about=1,
    ),
    PersonAdded(
        person="p1",
        capacity=Capacity.PETITIONER,
        name=_SEALED,
        id_number=_SEALED,
        phone=_SEALED,
        address=_SEALED,
        statement=_SEALED,
    ),
    PersonalAttachmentAdded(
        person="p1",
        sha256="3f" * 32,
        name=_SEALED,
        media_type=MediaType.PDF,
        size=284_113,
        kind=AttachmentKind.SCAN,
        about=1,
    ),
    PersonalDataDisclosed(
        person="p1", to_unit="jtj", purposes=(Purpose.CONTACT,), until=date(2026, 6, 30), reason="须回访本人"
    ),
    PersonalMeasureProposed(
        measure_key="1",
        person="p1",
        measure=Measure.ERASE,
        purposes=(Purpose.CONTACT, Purpose.FILES),
        ground=LegalGround.PURPOSE_ACHIEVED,
        reason="已办结并回访",
    ),
    PersonalMeasureDeclined(measure_key="1", reason="尚在保存期限内"),
    PersonalDataRestricted(measure_key="1", person="p1", purposes=(Purpose.CONTACT,)),
    PersonalDataReleased(measure_key="1", person="p1", purposes=(Purpose.CONTACT,)),
    PersonalDataErased(measure_key="1", person="p1", purposes=(Purpose.CONTACT, Purpose.FILES), files=("3f" * 32,)),
    s.SuggestionSubmitted.model_validate(_SUBMISSION),
    s.MotionConverted.model_validate({**_SUBMISSION, "motion": "第3号", "decided_by": "大会主席团"}),
    s.CoSignConfirmed(deputy="d-002"),
    s.SimilarLinked(other="2025-007", other_number="九届四次第7号", relation=s.Relation.REPEAT),
    s.SuggestionReviewed(one_matter=True, note="符合要求"),
    s.SentBack(reason="一事一议"),
    s.Resubmitted(title="关于增开两条夜间公交线路的建议", body="一、建议"),
    s.NotAccepted(reason_code=s.NotAcceptedReason.JUDICIAL_CASE, explanation="正在审理"),
    s.ConvertedToLetter(
        reason_code=s.NotAcceptedReason.PERSONAL_MATTER, explanation="个人事项", letter_number="信〔2026〕1号"
    ),
    s.SuggestionsMerged(into="2026-002", reason="内容相同"),
    s.SuggestionSplit(into=("2026-003", "2026-004"), reason="两件事"),
    s.PreAssignmentConsulted.model_validate({**_SHARES, "deputys_view": "同意", "units_view": "无异议"}),
    s.HandedOver.model_validate({**_SHARES, "meeting": "建议交办会"}),
    s.UnitAssigned(unit="slj", handling=s.Handling.CO, scope="沿河路段", leader="分管局长"),
    s.SignedFor(unit="jtj", signed_by="办公室"),
    s.ReturnRequested(unit="jtj", reason="非本单位职责", proposed_unit="zjj"),
    s.ReturnApproved(unit="jtj", note="同意", released=True),
    s.ReturnRejected(unit="jtj", reason="职责明确"),
    s.Reassigned(unit="jtj", to_unit="zjj"),
    s.KeySupervisionDesignated(basis="主任会议纪要3号", leader="副主任", committee="环资城建委"),
    s.LeaderAssigned(person="副主任", level=s.LeaderLevel.STANDING_COMMITTEE, charge=s.Charge.SUPERVISION),
    s.CommitteeAssigned(committee="环资城建委"),
    s.ContactMade(
        contact="1",
        phase=s.Phase.BEFORE_REPLY,
        mode=s.ContactMode.VISIT,
        unit="jtj",
        person_level=s.PersonLevel.DEPUTY_HEAD,
        place="代表联络站",
        summary="听取意见",
    ),
    s.ContactConfirmed(contact="1"),
    s.InquiryHeld(kind=s.InquiryKind.KEY_POINTS, summary="询问时间表"),
    s.JointMeetingHeld(units=("jtj", "czj"), summary="明确分工"),
    s.CoOpinionSubmitted(round=1, unit="czj", opinion="安排补贴"),
    s.CoOpinionRejected(unit="czj", reason="过于笼统"),
    s.ExtensionRequested(unit="jtj", until=date(2026, 8, 31), reason="涉及面广"),
    s.ExtensionGranted(round=1, unit="jtj", due_on=date(2026, 8, 31), reason="涉及面广"),
    s.ExtensionRefused(unit="jtj", reason="理由不足"),
    s.ExtensionNotified(round=1, due_on=date(2026, 8, 31), unit="jtj", reason="涉及面广"),
    s.ReplyIssued(
        round=1,
        unit="jtj",
        outcome="B",
        normalised=Outcome.IN_PROGRESS,
        document_number="云交函〔2026〕5号",
        signer="局长",
        letter="代表：\n现答复如下。",
        points=(s.PointAnswer(point="夜班", answer="六月起试行", outcome="A"),),
        commitments=(
            s.Promise(commitment="1", text="增开三条线路", due_on=date(2026, 12, 31), milestone="九月底前开通两条"),
        ),
        face_to_face=True,
        public=True,
    ),
    s.ReplyReviewRejected(round=1, unit="jtj", reason="分类不当"),
    s.CommitmentMade(
        commitment="2", unit="jtj", text="更新站牌", due_on=date(2026, 9, 30), milestone="六月底前完成设计"
    ),
    s.CommitmentRevised(commitment="2", due_on=date(2026, 10, 31), text="更新全部站牌", reason="数量增加"),
    s.CommitmentFulfilled(commitment="2", evidence="照片", verified_by="督查室"),
    s.CommitmentAbandoned(commitment="2", reason="站点撤销", document_number="云交函〔2026〕9号"),
    s.EvaluationInvited(round=1, channel=s.Channel.ON_LINE),
    s.EvaluationReminded(round=1, channel=s.Channel.TELEPHONE),
    s.EvaluationSubmitted.model_validate(_EVALUATION),
    s.EvaluationRecordedByProxy.model_validate(
        {**_EVALUATION, "evidence": "签名扫描件", "consent": "电话录音", "proxy_reason": "住院"}
    ),
    s.EvaluationAmended.model_validate({**_EVALUATION, "amended_because": "核实后更改"}),
    s.EvaluationLapsed(round=1),
    s.ReHandlingOrdered(round=2, units=("jtj",), due_on=date(2026, 7, 31), reason="代表不满意"),
    s.EscalatedToMeeting(units=("jtj",), summary="面对面会商"),
    s.ProgressReported(unit="jtj", summary="两条线路已开通"),
    s.UnitUrged(unit="jtj", channel=s.Channel.TELEPHONE, note="请于本周内答复代表"),
    s.OutcomeReclassified(
        round=1, unit="jtj", old="B", new="A", normalised=Outcome.RESOLVED, evidence="照片", verified_by="督查室"
    ),
    s.ExpertEvaluationHeld.model_validate(_CHECK),
    s.LookBackChecked.model_validate(_CHECK),
    s.ThirdPartyEvaluated.model_validate(_CHECK),
    s.CongressAppraised.model_validate(_CHECK),
    s.ReplyPublished(round=1, unit="jtj", place="市政府网站", redactions=("联系电话",)),
    s.HandlingReportDeliberated(meeting="九届常委会第三十八次会议", summary="要求列出整改清单"),
    s.RectificationListIssued(
        problems=(s.ListedProblem(problem="1", text="末班车过早", unit="jtj", due_on=date(2026, 9, 30)),)
    ),
    s.ProblemRectified(problem="1", summary="末班车延至二十三时"),
    s.RectificationVerified(problem="1", verified_by="环资城建委"),
    s.RectificationSentBack(problem="1", reason="两条线路未调整"),
    s.SatisfactionPollHeld(
        voters="九届常委会第四十次会议组成人员",
        present=32,
        satisfied=27,
        basically_satisfied=3,
        dissatisfied=1,
        invalid=1,
    ),
    s.BacklogClassified(category=s.Backlog.IN_STEPS, note="列入三年计划"),
    s.AwardGiven(kind=s.AwardKind.UNIT, year=2026, unit="jtj"),
    s.SuggestionWithdrawn(written_request="撤回申请书", reason="已解决"),
    s.SuggestionClosed(note="办结"),
    jurisdiction.JurisdictionOpened(
        **_PLACE,
        zh_name="云江市",
        en_name="Yunjiang",
        level=Level.CITY,
        division="999900",
        parent="cn-999000",
        rulebook="cn-999900@2026-11-22",
        calendar="cn@2025-11-04",
        registry="open",
        sample=True,
        congress=False,
    ),
    jurisdiction.JurisdictionRenamed(zh_name="云江新市", en_name="New Yunjiang"),
    jurisdiction.RulebookAdopted(rulebook="cn-national@2026-11-22"),
    jurisdiction.CalendarAdopted(calendar="cn@2024-11-12"),
    jurisdiction.TermOpened(term=9),
    jurisdiction.SessionConvened(term=9, number=5, name="九届五次", days=4),
    jurisdiction.JurisdictionDissolved(reason="区划调整"),
    unit.UnitOpened(**_PLACE, code="ylj", zh_name="市园林局", en_name="Parks Bureau", order=150, parent="cgj"),
    unit.UnitRenamed(zh_name="市园林绿化局", en_name="Parks and Greening Bureau"),
    unit.UnitReordered(order=160),
    unit.UnitMerged(into="cgj"),
    unit.UnitClosed(reason="机构改革"),
    deputy.DeputyRegistered(
        **_PLACE, id="d-009", name="戊一", level=Level.CITY, term=9, constituency="云东区", group="yd-1"
    ),
    deputy.DeputyReElected(term=10, constituency="云西区"),
    deputy.GroupJoined(group="yx-1"),
    deputy.DeputyDescribed(background=Background.GRASS_ROOTS, tenure=Tenure.RE_ELECTED),
    deputy.DutySuspended(reason="被羁押正在受侦查"),
    deputy.DutyResumed(),
    deputy.QualificationEnded(reason=deputy.EndReason.RESIGNED),
    group.GroupFormed(**_PLACE, code="yd-2", zh_name="云东第二小组", en_name="Yundong group 2"),
    group.GroupRenamed(zh_name="云东二组", en_name="Yundong two"),
    group.GroupLeaderChosen(leader="d-001"),
    group.GroupDissolved(),
    seat.SeatTaken(
        **_PLACE, body=Body.SPECIAL_COMMITTEE, organ="环资城建委", holder="甲一", deputy="d-001", post="副主任委员"
    ),
    seat.PostChanged(post="主任委员"),
    seat.SeatDescribed(engagement=Engagement.FULL_TIME, tenure=Tenure.NEWLY_ELECTED),
    seat.SeatLeft(reason=seat.LeaveReason.TRANSFERRED),
    meeting.MeetingCalled(
        **_PLACE,
        code="cwh-31",
        kind=meeting.MeetingKind.STANDING_COMMITTEE,
        title="市九届人大常委会第三十一次会议",
        starts_on=date(2026, 4, 28),
        place="常委会会议厅",
    ),
    meeting.MeetingMoved(starts_on=date(2026, 4, 30), reason="与省会议冲突"),
    meeting.MaterialsDistributed(),
    meeting.MeetingHeld(),
    meeting.MeetingCancelled(reason="议题撤回"),
]

_BY_HAND: dict[str, Step] = {step.declared.wire: step for step in _STEPS}

SAMPLES: dict[str, Step] = _BY_HAND | {
    wire: example_of(step)
    for wire, step in STEPS.items()
    if wire not in _BY_HAND and step.__module__.startswith("domain.")
}
"""By hand where the words matter, else made from the declaration."""


def recorded(step: Step) -> Recorded:
    """The example as it is recorded: with everything that an envelope may hold, and always the same."""
    return Recorded(
        originator_id="golden",
        originator_version=1,
        timestamp=WHEN,
        step=step,
        act=Act(
            actor="clerk",
            role=Role.DEPUTY_AFFAIRS,
            office="rd",
            on_behalf_of="甲一",
            occurred_at=WHEN,
            precision="day",
            late=True,
            source=SourceDocument(number="云人办〔2026〕1号", title="交办通知", sha256="0" * 64),
            imported=Imported(profile="sample", sha256="1" * 64, row=1),
        ),
        event_id="00000000-0000-4000-8000-000000000000",
        nonce="0" * 32,
        deadlines=(DEADLINE,) if step.declared.starts or isinstance(step, Corrected) else (),
        position=1,
    )
