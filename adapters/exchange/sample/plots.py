"""The plots of the played suggestions: the ordinary one, and whatever else happens to a suggestion."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from adapters.exchange.sample.course import Course
from domain.calendar import add_days
from domain.case import Corrected, Role, Voided
from domain.cases.suggestion import (
    AwardGiven,
    AwardKind,
    Backlog,
    BacklogClassified,
    Channel,
    Charge,
    CommitmentMade,
    CommitteeAssigned,
    CongressAppraised,
    ConvertedToLetter,
    CoOpinionRejected,
    CoOpinionSubmitted,
    EscalatedToMeeting,
    EvaluationAmended,
    EvaluationLapsed,
    EvaluationRecordedByProxy,
    EvaluationReminded,
    ExpertEvaluationHeld,
    ExtensionGranted,
    ExtensionNotified,
    ExtensionRefused,
    ExtensionRequested,
    Grade,
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
    PreAssignmentConsulted,
    ProblemRectified,
    Reassigned,
    RectificationListIssued,
    RectificationSentBack,
    RectificationVerified,
    Relation,
    ReplyIssued,
    ReplyReviewRejected,
    Resubmitted,
    ReturnApproved,
    ReturnRejected,
    ReturnRequested,
    SatisfactionPollHeld,
    SentBack,
    SimilarLinked,
    SuggestionsMerged,
    SuggestionSplit,
    SuggestionWithdrawn,
    ThirdPartyEvaluated,
    UnitAssigned,
)
from domain.moment import start_of_day

Plot = Callable[[Course], None]


def smooth(c: Course) -> None:
    """Submitted, reviewed, handed over, answered, evaluated, closed."""
    _handed_over(c)
    c.prepare()
    c.answer_and_close()


def _handed_over(c: Course) -> None:
    c.submit()
    c.review()
    c.hand_over()


# Before the hand-over


def motion(c: Course) -> None:
    """A motion of the session that is handled as a suggestion."""
    if not c.in_session:
        smooth(c)
        return
    number = f"议案第{c.chance.randint(1, 30)}号"
    c.office(MotionConverted.model_validate(c.submission | {"motion": number, "decided_by": "大会主席团"}))
    c.hand_over()
    c.prepare()
    c.answer_and_close()


def sent_back(c: Course) -> None:
    """The text has to be revised before it is accepted."""
    c.submit(title=f"关于{c.theme.place}若干问题的建议", body="建议有关部门予以重视并解决。")
    c.after(1, 3)
    c.office(SentBack(reason="请按“一事一议”要求，写明存在问题和具体建议。"))
    c.later(2, 8)
    c.himself(Resubmitted(title=c.theme.title, body=c.place.wording.body(c.chance, c.theme)))
    c.review()
    c.hand_over()
    c.prepare()
    c.answer_and_close()


def spoken_of_before(c: Course) -> None:
    """The unit spoke with the deputy before the suggestion was made; it is one of several years."""
    c.submit()
    c.himself(c.talked(Phase.BEFORE_SUBMISSION, c.theme.units[0]))
    relation = c.chance.choice((Relation.REPEAT, Relation.CONTINUATION))
    c.after(0, 2)
    c.office(SimilarLinked(other_number=f"{c.opened_on.year - 1}-{c.chance.randint(201, 330)}", relation=relation))
    c.review()
    c.hand_over()
    c.prepare()
    c.answer_and_close()


def like_another(c: Course) -> None:
    """Another suggestion of the same session asks for much the same."""
    c.submit()
    c.review()
    relation = c.chance.choice((Relation.SIMILAR, Relation.DUPLICATE))
    c.office(SimilarLinked(other=c.other.case_id, relation=relation))
    c.hand_over()
    c.prepare()
    c.answer_and_close()


def merged(c: Course) -> None:
    """It is handled together with another, and its deputy gets a reply of his own."""
    _merged(c)
    c.talk()
    c.answer_and_close()


def _merged(c: Course) -> None:
    _handed_over(c)
    c.sign()
    c.after(1, 3)
    reason = f"与{c.other.number}号建议内容相近，并案办理，分别答复。"
    c.office(SuggestionsMerged(into=c.other.case_id, reason=reason))


def split(c: Course) -> None:
    """It is about two matters: one of them is handled as the suggestion of its own that the deputy has made."""
    second = c.other.theme
    title = f"关于{c.theme.asked}和{second.asked}的建议"
    c.submit(title=title, body=c.place.wording.body(c.chance, c.theme, second))
    c.after(1, 3)
    c.office(SuggestionSplit(into=(c.other.case_id,), reason="一事一议：后一事项已另件提出，本件只办前一事项。"))
    c.review()
    c.hand_over()
    c.prepare()
    c.answer_and_close()


def consulted(c: Course) -> None:
    """The units and the deputy are asked before the hand-over."""
    c.submit()
    c.review()
    units = c.theme.units
    view = "同意由拟定单位主办，希望增加现场调研。" if c.likely(0.6) else "同意。"
    c.office(
        PreAssignmentConsulted(
            lead_unit=units[0], co_units=units[1:2], deputys_view=view, units_view="职责清楚，同意承办。"
        )
    )
    c.hand_over()
    c.prepare()
    c.answer_and_close()


def not_accepted(c: Course) -> None:
    """It is no suggestion."""
    c.submit()
    c.after(1, 4)
    reason = c.chance.choice(
        (NotAcceptedReason.NO_SUBSTANCE, NotAcceptedReason.NOT_COMPETENT, NotAcceptedReason.TENDER)
    )
    c.office(NotAccepted(reason_code=reason, explanation="经审查不符合代表建议的基本要求，已向代表说明并退回材料。"))


def letter(c: Course) -> None:
    """It is handled as a letter."""
    c.submit()
    c.after(1, 4)
    number = f"信〔{c.day.year}〕{c.chance.randint(1, 90)}号"
    reason = c.chance.choice((NotAcceptedReason.PERSONAL_MATTER, NotAcceptedReason.COMPLAINT_OR_ACCUSATION))
    c.office(ConvertedToLetter(reason_code=reason, explanation="反映个案，转信访渠道处理。", letter_number=number))


def withdrawn(c: Course) -> None:
    """The deputy takes it back in writing."""
    _handed_over(c)
    c.sign()
    c.later(5, 30)
    paper = f"代表撤回申请书，{c.day.year}年{c.day.month}月{c.day.day}日"
    c.himself(SuggestionWithdrawn(written_request=paper, reason="所提问题已先行解决。"))


# The units


def helped_twice(c: Course) -> None:
    """The lead unit asks a co-handler for another opinion."""
    c.submit()
    c.review()
    c.hand_over(co=1)
    c.sign()
    c.help()
    for unit in c.co_units:
        c.after(1, 4)
        assert c.lead is not None  # noqa: S101 - a co-handler helps one that leads
        c.by(c.lead, CoOpinionRejected(unit=unit, reason="未写明资金来源和完成时限，请补充。"))
        c.after(1, 4)
        c.by(unit, CoOpinionSubmitted(unit=unit, opinion=f"经研究，补充意见如下：{c.say('opinions')}"))
    c.talk()
    c.answer_and_close()


def returned(c: Course) -> None:
    """It was given to a unit whose matter it is not, and is given to another."""
    _handed_over(c)
    _return_requested(c)
    c.after(1, 2)
    c.office(ReturnApproved(unit=c.answering[0], note="同意退办。"))
    c.after(1, 5)
    to_unit = _another_unit(c)
    c.office(Reassigned(unit=c.answering[0], to_unit=to_unit))
    c.lead = to_unit
    c.prepare()
    c.answer_and_close()


def _return_requested(c: Course) -> None:
    c.after(1, 4)
    unit = c.answering[0]
    c.by(unit, ReturnRequested(unit=unit, reason=c.say("dissent"), proposed_unit=_another_unit(c)))


def _another_unit(c: Course) -> str:
    """The first unit of the office's order that has no share, of those that could do it if there are any."""
    taken = {*c.answering, *c.co_units}
    known = [unit.code for unit in c.place.jurisdiction.units_on(c.day)]
    return next(unit for unit in (*c.theme.units, *known) if unit not in taken)


def return_refused(c: Course) -> None:
    """The unit would like to return its share, and keeps it."""
    _handed_over(c)
    _return_requested(c)
    c.after(1, 3)
    c.office(ReturnRejected(unit=c.answering[0], reason="该事项属你单位主要职责，请继续办理。"))
    c.prepare()
    c.answer_and_close()


def released(c: Course) -> None:
    """A co-handler is released, because the others' shares cover the matter."""
    c.submit()
    c.review()
    c.hand_over(co=2)
    unit = c.co_units[-1]
    c.after(1, 3)
    c.by(unit, ReturnRequested(unit=unit, reason=c.say("dissent")))
    c.after(1, 3)
    c.office(ReturnApproved(unit=unit, note="其余单位可以办理，不再另行改派。", released=True))
    c.co_units = c.co_units[:-1]
    c.prepare()
    c.answer_and_close()


def joined(c: Course) -> None:
    """One more unit is needed."""
    _handed_over(c)
    c.sign()
    c.after(3, 8)
    unit = _another_unit(c)
    c.office(UnitAssigned(unit=unit, handling=Handling.CO, scope=f"配合{c.theme.work}", leader="分管副局长"))
    c.co_units = (*c.co_units, unit)
    c.sign(unit)
    c.talk()
    c.help()
    c.answer_and_close()


def separate(c: Course) -> None:
    """Two units handle it, each for itself."""
    c.submit()
    c.review()
    c.hand_over(separate=2)
    c.prepare()
    c.answer_and_close()


# Time


def longer(c: Course) -> None:
    """More time is asked for and granted, and the deputy is told."""
    _handed_over(c)
    c.prepare()
    until = _extension_requested(c)
    c.after(1, 4)
    unit = c.answering[0]
    c.office(ExtensionGranted(unit=unit, due_on=until, reason="情况属实，同意延期。"))
    c.due_on = until
    c.after(1, 3)
    c.by(unit, ExtensionNotified(unit=unit, due_on=until, reason="已向代表说明延期原因。"))
    c.answer_and_close()


def _extension_requested(c: Course) -> date:
    c.until(add_days(c.due_on, -c.chance.randint(10, 20)))
    until = c.place.calendar.roll_forward(add_days(c.due_on, c.chance.randint(20, 60)))
    c.by(c.answering[0], ExtensionRequested(unit=c.answering[0], until=until, reason=c.say("extend")))
    return until


def not_longer(c: Course) -> None:
    """More time is asked for and refused; the reply comes late."""
    _handed_over(c)
    c.prepare()
    _extension_requested(c)
    c.after(1, 4)
    c.office(ExtensionRefused(unit=c.answering[0], reason="理由不充分，请按期答复。"))
    c.answer_and_close(late=c.likely(0.5))


def overdue(c: Course) -> None:
    """The reply comes late."""
    _handed_over(c)
    c.prepare()
    c.answer_and_close(late=True)


# The reply and the deputy's word


def reply_rejected(c: Course) -> None:
    """The office finds the reply wanting; what it promised falls with it."""
    _handed_over(c)
    c.prepare()
    c.reply("B", promises=1)
    c.after(1, 4)
    c.office(ReplyReviewRejected(unit=c.answering[0], reason="答复类别与内容不符，未逐条回应，请重新答复。"))
    c.promises = []
    c.reply("B", promises=1)
    c.hear_and_close()


def promising(c: Course) -> None:
    """Several things are promised, one more after the reply; what became of each is followed."""
    _handed_over(c)
    c.prepare()
    c.reply("B", promises=2)
    c.after(5, 12)
    due_on = c.place.calendar.roll_forward(add_days(c.day, c.chance.randint(90, 200)))
    unit, key = c.answering[0], f"k-{len(c.promises) + 1}"
    made = CommitmentMade(commitment=key, unit=unit, text="向代表通报阶段进展", due_on=due_on, milestone="完成过半")
    c.by(unit, made)
    c.promises.append((key, unit, due_on))
    c.hear_and_close(Grade.BASICALLY_SATISFIED)


def put_off_and_given_up(c: Course) -> None:
    """One promise is put off and then kept, another is given up."""
    _handed_over(c)
    c.prepare()
    c.reply("B", promises=2)
    (first, unit, due_on), (second, _, later) = c.promises
    c.promises = []
    c.hear_and_close(Grade.BASICALLY_SATISFIED)
    c.put_off(first, unit, due_on)
    c.keep(first, unit)
    c.give_up(second, later)


def turned_out_better(c: Course) -> None:
    """What was in a plan is found to be done: its outcome is another one than the reply said."""
    _handed_over(c)
    c.prepare()
    c.reply("B", promises=1)
    c.hear_and_close()
    c.after(10, 30)
    unit = c.answering[0]
    c.office(OutcomeReclassified(unit=unit, old="B", new="A", evidence="现场核查记录及照片", verified_by="代表工委"))


def still_unsolved(c: Course) -> None:
    """It could not be solved, and is classified so that nobody has to ask again."""
    _handed_over(c)
    c.prepare()
    c.answer_and_close("C")
    c.after(20, 60)
    c.office(
        BacklogClassified(category=c.chance.choice(list(Backlog)), note="列入历年未解决建议清单，每年更新办理情况。"),
        Role.GOVERNMENT_OFFICE,
    )


def by_telephone(c: Course) -> None:
    """The office writes down what the deputy said."""
    _handed_over(c)
    c.prepare()
    c.reply()
    c.invite()
    c.after(1, 15)
    said = {
        "evidence": f"电话记录〔{c.day.year}〕{c.chance.randint(1, 90)}号",
        "consent": "代表在电话中同意代录，并核对了文字。",
        "proxy_reason": c.chance.choice(("代表在外出差，无法上网。", "代表住院治疗，委托代录。", "代表不便使用平台。")),
        "channel": Channel.TELEPHONE,
    }
    grade = c.chance.choice((Grade.SATISFIED, Grade.BASICALLY_SATISFIED))
    c.office(EvaluationRecordedByProxy.model_validate(c.word(grade) | said))
    c.close()


def silent(c: Course) -> None:
    """The deputy does not answer, is reminded, and lets it lapse; now and then the word still comes."""
    _handed_over(c)
    c.prepare()
    c.reply()
    c.invite()
    c.after(10, 15)
    c.office(EvaluationReminded(channel=Channel.TELEPHONE))
    c.after(12, 20)
    c.office(EvaluationLapsed())
    if c.likely(0.4):
        c.evaluate()
    c.close()


def of_another_mind(c: Course) -> None:
    """The deputy says something else later; both stay readable."""
    _handed_over(c)
    c.prepare()
    c.reply()
    c.invite()
    c.evaluate(Grade.BASICALLY_SATISFIED)
    c.later(3, 15)
    amended = c.word(Grade.SATISFIED) | {"amended_because": "承办单位会后补充完成了剩余工作，改为满意。"}
    c.himself(EvaluationAmended.model_validate(amended))
    c.close()


def dissatisfied(c: Course) -> None:
    """The deputy is not content, and is after it was handled again."""
    _handed_over(c)
    c.prepare()
    c.reply("C")
    c.invite()
    c.evaluate(Grade.DISSATISFIED)
    c.again()
    c.talk(Phase.AFTER_REPLY)
    c.answer_and_close(c.chance.choice("AB"))


def dissatisfied_twice(c: Course) -> None:
    """Twice not content: a meeting and experts, a third round."""
    _handed_over(c)
    c.prepare()
    c.reply("C")
    c.invite()
    c.evaluate(Grade.DISSATISFIED)
    c.again()
    c.reply("B", promises=0)
    c.invite()
    c.evaluate(Grade.DISSATISFIED)
    c.after(2, 6)
    c.office(EscalatedToMeeting(units=c.answering, summary="组织代表与承办单位座谈，明确整改措施和完成时限。"))
    c.after(2, 6)
    c.office(ExpertEvaluationHeld(checked_by="专家组", summary="现有条件下可以分步实施。"), Role.SPECIAL_COMMITTEE)
    c.again(role=Role.CHAIRMEN_MEETING)
    c.answer_and_close("A")


def one_of_two_dissatisfying(c: Course) -> None:
    """Two units answered, and only the one that did not content the deputy answers again."""
    c.submit()
    c.review()
    c.hand_over(separate=2)
    c.prepare()
    c.reply("B", promises=0)
    c.invite()
    c.evaluate(Grade.DISSATISFIED)
    first = c.separate[0]
    c.again(units=(first,))
    c.after(8, 15)
    c.by(first, c.answered(first, "A", 0))
    c.separate = (first,)
    c.hear_and_close()


# Supervision


def key_supervision(c: Course) -> None:
    """The chairmen's meeting supervises it: leaders, inquiries, a report, a list of problems, a poll, an award."""
    _handed_over(c)
    c.sign()
    c.after(5, 12)
    year, unit = c.day.year, c.answering[0]
    basis = f"主任会议纪要〔{year}〕{c.chance.randint(1, 12)}号"
    committee = c.chance.choice(
        ("城乡建设环境资源保护委员会", "农业农村委员会", "财政经济委员会", "教育科学文化卫生委员会")
    )
    designated = KeySupervisionDesignated(basis=basis, leader="副主任", committee=committee)
    c.office(designated, Role.CHAIRMEN_MEETING)
    supervises = LeaderAssigned(person="副主任", level=LeaderLevel.STANDING_COMMITTEE, charge=Charge.SUPERVISION)
    c.office(supervises, Role.CHAIRMEN_MEETING)
    c.office(CommitteeAssigned(committee=committee))
    handles = LeaderAssigned(person="分管副职领导", level=LeaderLevel.GOVERNMENT, charge=Charge.HANDLING)
    c.office(handles, Role.GOVERNMENT_OFFICE)
    c.office(
        InquiryHeld(kind=InquiryKind.MECHANISM, summary="调询承办单位办理机制和责任分工。"), Role.SPECIAL_COMMITTEE
    )
    c.talk()
    c.help()
    summary = "有关单位就方案、资金和时限达成一致。"
    c.office(JointMeetingHeld(units=(*c.answering, *c.co_units), summary=summary), Role.SPECIAL_COMMITTEE)
    c.after(3, 8)
    c.himself(InquiryHeld(kind=InquiryKind.KEY_POINTS, summary="问询重点难点环节和进度安排。"))
    c.reply("B", promises=1)
    c.hear_and_close()
    c.after(3, 10)
    _deliberate(c, unit)
    c.office(InquiryHeld(kind=InquiryKind.RESULTS, summary="回询整改落实情况，代表认可。"), Role.SPECIAL_COMMITTEE)
    c.after(3, 10)
    c.office(AwardGiven(kind=AwardKind.SUGGESTION, year=year), Role.STANDING_COMMITTEE)
    c.office(AwardGiven(kind=AwardKind.UNIT, year=year, unit=unit), Role.STANDING_COMMITTEE)


def _deliberate(c: Course, unit: str) -> None:
    """The standing committee hears the report, lists what is wanting, and votes on how it was put right."""
    report = "会议听取并审议办理情况报告，提出整改意见。"
    c.office(HandlingReportDeliberated(meeting="常委会会议", summary=report), Role.STANDING_COMMITTEE)
    c.after(1, 4)
    due_on = c.place.calendar.roll_forward(add_days(c.day, 60))
    problems = (
        ListedProblem(problem="w-1", text="工作推进不平衡，个别点位滞后", unit=unit, due_on=due_on),
        ListedProblem(problem="w-2", text="长效管护机制不健全", unit=unit, due_on=due_on),
    )
    c.office(RectificationListIssued(problems=problems), Role.STANDING_COMMITTEE)
    c.after(12, 20)
    c.by(unit, ProblemRectified(problem="w-1", summary="滞后点位已全部开工。"))
    c.after(2, 5)
    again = RectificationSentBack(problem="w-1", reason="现场核查仍有两处未完工，责成继续整改。")
    c.office(again, Role.SPECIAL_COMMITTEE)
    c.after(5, 12)
    c.by(unit, ProblemRectified(problem="w-1", summary="全部点位已完工并验收。"))
    c.by(unit, ProblemRectified(problem="w-2", summary="已印发管护办法，明确责任单位。"))
    c.after(2, 5)
    for problem in ("w-1", "w-2"):
        c.office(RectificationVerified(problem=problem, verified_by="专门委员会"), Role.SPECIAL_COMMITTEE)
    c.after(3, 8)
    basically, against = c.chance.randint(0, 3), c.chance.randint(0, 1)
    present = 9 if c.place.jurisdiction.parent else 29
    c.office(
        SatisfactionPollHeld(
            voters="常委会组成人员",
            present=present,
            satisfied=present - basically - against,
            basically_satisfied=basically,
            dissatisfied=against,
        ),
        Role.STANDING_COMMITTEE,
    )


def looked_at_again(c: Course) -> None:
    """Whoever rates looks at it again: the office, a third party, the congress."""
    smooth(c)
    c.after(15, 40)
    c.office(LookBackChecked(checked_by="代表工委", fulfilled=c.likely(0.85), summary="实地查看，办理事项运行正常。"))
    c.after(3, 10)
    third = ThirdPartyEvaluated(checked_by="第三方评估机构", fulfilled=True, summary="办理过程规范，群众知晓率较高。")
    c.office(third, Role.THIRD_PARTY)
    c.after(3, 10)
    appraised = CongressAppraised(checked_by="常委会评议组", fulfilled=True, summary="评议等次为良好。")
    c.office(appraised, Role.STANDING_COMMITTEE)


def looked_back(c: Course) -> None:
    """The office looks back at what was answered."""
    smooth(c)
    c.after(15, 40)
    fulfilled = c.likely(0.8)
    summary = "答复事项已落实。" if fulfilled else "部分事项尚未落实，已督促限期完成。"
    c.office(LookBackChecked(checked_by="代表工委", fulfilled=fulfilled, summary=summary))


# What was recorded wrongly or late


def date_corrected(c: Course) -> None:
    """The day of the hand-over was recorded wrongly."""
    _handed_over(c)
    recorded, wrong = c.last, c.handed_over_on
    right = _working_day_before(c, wrong)
    c.sign()
    c.after(1, 3)
    c.office(
        Corrected(
            corrects=recorded,
            occurred_at=start_of_day(right, c.place.jurisdiction.time_zone),
            precision="day",
            reason=f"交办日期应为{right.month}月{right.day}日，登记有误。",
            approved_by="代表工委主任",
        )
    )
    c.talk()
    c.help()
    c.answer_and_close()


def _working_day_before(c: Course, day: date) -> date:
    """The working day before that one, but none before the last step that came earlier."""
    earliest = c.happenings[-2].on
    before = add_days(day, -1)
    while before > earliest and not c.place.calendar.is_working_day(before):
        before = add_days(before, -1)
    return max(before, earliest)


def number_corrected(c: Course) -> None:
    """The number of the reply was recorded wrongly."""
    _handed_over(c)
    c.prepare()
    c.reply()
    c.after(1, 3)
    changes = {"document_number": f"{c.place.name[:2]}代复〔{c.day.year}〕{c.chance.randint(301, 399)}号"}
    c.office(Corrected(corrects=c.last, changes=changes, reason="文号录入有误。", approved_by="代表工委主任"))
    c.hear_and_close()


def wrong_case(c: Course) -> None:
    """A reply was recorded to the wrong suggestion, and voided."""
    _handed_over(c)
    c.sign()
    c.after(8, 15)
    c.office(ReplyIssued(unit=c.answering[0], outcome="A", document_number="云代复〔误录〕1号"), Role.GENERAL_OFFICE)
    c.after(1, 2)
    c.office(Voided(voids=c.last, reason="该答复属于另一件建议，误录。", approved_by="代表工委主任"))
    c.talk()
    c.help()
    c.answer_and_close()


def learnt_late(c: Course) -> None:
    """The office learns after the reply that the unit had spoken with the deputy."""
    _handed_over(c)
    c.sign()
    talked_on = add_days(c.day, c.chance.randint(2, 8))
    c.help()
    c.reply()
    c.after(1, 3)
    unit = c.answering[0]
    c.recorded_late(c.talked(Phase.BEFORE_REPLY, unit), unit, talked_on)
    c.hear_and_close()


ORDINARY: tuple[Plot, ...] = (
    *[smooth] * 30,
    *[looked_back] * 5,
    *[separate] * 3,
    *[promising] * 3,
    *[overdue] * 3,
    *[longer] * 2,
    *[dissatisfied] * 2,
    *[merged] * 2,
    *[by_telephone] * 2,
    *[silent] * 2,
    *[key_supervision] * 2,
    *[returned] * 2,
    *[sent_back] * 2,
    motion,
    spoken_of_before,
    like_another,
    split,
    consulted,
    not_accepted,
    letter,
    withdrawn,
    helped_twice,
    return_refused,
    released,
    joined,
    not_longer,
    reply_rejected,
    put_off_and_given_up,
    turned_out_better,
    still_unsolved,
    of_another_mind,
    dissatisfied_twice,
    one_of_two_dissatisfying,
    looked_at_again,
    date_corrected,
    number_corrected,
    wrong_case,
    learnt_late,
)
"""The plots in the shares in which they come about."""


# What is still under way in the autumn of 2026


def waits_for_review(c: Course) -> None:
    """Submitted, and nobody has looked at it."""
    c.submit()


def waits_for_the_deputy(c: Course) -> None:
    """Sent back, and not handed in again."""
    c.submit(body="建议有关部门重视。")
    c.after(1, 3)
    c.office(SentBack(reason="请写明地点、现状和具体要求。"))


def waits_for_the_hand_over(c: Course) -> None:
    """Accepted, and not handed over."""
    c.submit()
    c.review()


def just_handed_over(c: Course) -> None:
    """Handed over, and not signed for."""
    _handed_over(c)


def wants_to_return_it(c: Course) -> None:
    """A unit has asked to return its share."""
    _handed_over(c)
    _return_requested(c)


def in_hand(c: Course) -> None:
    """Being handled."""
    _handed_over(c)
    c.prepare()
    c.report()


def never_answered(c: Course) -> None:
    """Being handled, and past its date."""
    _handed_over(c)
    c.prepare()


def waits_for_more_time(c: Course) -> None:
    """More time has been asked for, and the office has not decided."""
    _handed_over(c)
    c.prepare()
    _extension_requested(c)


def has_more_time(c: Course) -> None:
    """More time was granted, and the date is still to come."""
    _handed_over(c)
    c.prepare()
    until = _extension_requested(c)
    c.after(1, 4)
    c.office(ExtensionGranted(unit=c.answering[0], due_on=until, reason="情况属实，同意延期。"))


def merged_and_in_hand(c: Course) -> None:
    """Handled together with another, and not answered."""
    _merged(c)
    c.talk()


def waits_for_the_deputys_word(c: Course) -> None:
    """Answered, and the deputy has been asked."""
    _handed_over(c)
    c.prepare()
    c.reply()
    c.invite()


def waits_for_the_closing(c: Course) -> None:
    """Answered and evaluated, and not closed."""
    _handed_over(c)
    c.prepare()
    c.reply()
    c.invite()
    c.evaluate()


def handled_again(c: Course) -> None:
    """The deputy was not content, and the units have not answered again."""
    _handed_over(c)
    c.prepare()
    c.reply("C")
    c.invite()
    c.evaluate(Grade.DISSATISFIED)
    c.again()


def has_promised(c: Course) -> None:
    """Closed, but for what was promised."""
    _handed_over(c)
    c.prepare()
    c.reply("B", promises=2)
    c.promises = []
    c.hear_and_close()


UNDER_WAY: tuple[tuple[Plot, date], ...] = (
    (waits_for_review, date(2026, 11, 18)),
    (waits_for_the_deputy, date(2026, 11, 10)),
    (waits_for_the_hand_over, date(2026, 11, 11)),
    (just_handed_over, date(2026, 11, 5)),
    (wants_to_return_it, date(2026, 11, 2)),
    (in_hand, date(2026, 9, 24)),
    (never_answered, date(2026, 6, 24)),
    (waits_for_more_time, date(2026, 8, 19)),
    (has_more_time, date(2026, 7, 29)),
    (merged_and_in_hand, date(2026, 9, 29)),
    (waits_for_the_deputys_word, date(2026, 7, 15)),
    (waits_for_the_closing, date(2026, 6, 22)),
    (handled_again, date(2026, 6, 15)),
    (has_promised, date(2026, 5, 20)),
    (in_hand, date(2026, 10, 13)),
    (waits_for_review, date(2026, 11, 13)),
)
"""Each with the last day on which it was submitted, so that by the end of November 2026 it has come so far."""

NEED_ANOTHER = frozenset({merged, merged_and_in_hand, like_another, split})
"""Those that are about another suggestion too."""
