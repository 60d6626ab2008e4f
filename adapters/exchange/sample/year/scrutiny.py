"""The year's inspection, to which two deputies were invited instead of three; an appraisal, an inquiry, a question."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.meetings import AUGUST, DECEMBER, JUNE, OCTOBER
from adapters.exchange.sample.year.telling import (
    YEAR,
    chairmen,
    committee,
    deputies_office,
    general_office,
    in_order,
    named,
    party_group,
    standing_committee,
    told_on,
    unit,
)
from domain.cases.supervision.appraisal import (
    AppraisalDeliberated,
    AppraisalInvestigationConducted,
    AppraisalKind,
    AppraisalPlanMade,
    AppraisalPublicSurveyed,
    AppraisalReportHeard,
    AppraisalSelfReviewSubmitted,
    AppraisalTargetChosen,
    AppraisalTargetNotified,
    SpecialAppraisalOpinionsAdopted,
    SpecialAppraisalPollHeld,
)
from domain.cases.supervision.inquiry import (
    InquiryAnswersPolled,
    InquiryCommitmentFulfilled,
    InquiryCommitmentMade,
    InquiryCommitmentRevised,
    InquiryCommitmentVerified,
    InquiryConcluded,
    InquiryForm,
    InquiryMeetingHeld,
    InquiryOpinionsAdopted,
    InquiryOpinionsCollated,
    InquiryPlanned,
    InquiryProposed,
    InquiryResearchDistributed,
    QuestionAnswered,
    QuestionAsked,
    QuestionFollowedUp,
    Respondent,
)
from domain.cases.supervision.inspection import (
    GroupMember,
    InspectionConducted,
    InspectionEnded,
    InspectionForm,
    InspectionGroupFormed,
    InspectionOpinionsAdopted,
    InspectionPlanMade,
    InspectionPlanned,
    InspectionPlanNotified,
    InspectionProblemDismissed,
    InspectionProblemFound,
    InspectionProblemPutRight,
    InspectionProposed,
    InspectionReportDeliberated,
    InspectionReportDrafted,
    InspectionReportTabled,
    InspectionSelfReported,
    LawKind,
)
from domain.cases.supervision.interpellation import (
    AnswerDecided,
    AnswerMode,
    AnswerReportDistributed,
    DissatisfactionDeclared,
    InterpellationAnswered,
    InterpellationFiled,
    InterpellationReAnswered,
    ReAnswerOrdered,
)
from domain.matter import ActivityHeld, ActivityKind, Closed, PartyGroupDeliberated, TopicSource
from domain.rectification import (
    ListedProblemRectified,
    OpinionsHandedOver,
    PlanSubmitted,
    PollHeld,
    ProblemToList,
    ProblemVerified,
    ReportCommented,
    ReportDeliberated,
    ReportSentForComment,
    ReportSubmitted,
    SecondPollHeld,
)


def scrutiny() -> Iterator[tuple[str, list[Happening]]]:
    """Those cases by their names, each with its steps."""
    yield "inspection", in_order(_inspection(), told_on(9, 8, "市纪委监委", "市司法局", public=11))
    yield "appraisal", in_order(_appraisal(), told_on(7, 14, "市委组织部", "市纪委监委"))
    yield "inquiry", in_order(_inquiry(), told_on(7, 14, "市委组织部", "市医疗保障局", public=16))
    yield "interpellation", list(_interpellation())


def _inspection() -> Iterator[Happening]:
    """Of a regulation of the city that has been in force since 2021; its group had two deputies with it."""
    regulation = "《云江市市容和环境卫生管理条例》"
    proposed = InspectionProposed(
        jurisdiction=JURISDICTION,
        title=f"检查{regulation}实施情况",
        year=YEAR,
        unit="cgj",
        committee="城乡建设环境资源保护委员会",
        plan=named("plan-supervision"),
        law=regulation,
        law_kind=LawKind.LOCAL_REGULATION,
        regulation=named("law-cleanliness"),
        in_force_since=date(2021, 5, 1),
        sources=(TopicSource.SOCIAL_CONCERN,),
    )
    yield committee(1, 23, proposed)
    yield chairmen(1, 26, InspectionPlanned())
    yield party_group(3, 3, PartyGroupDeliberated(opinion="同意检查方案和检查组组成。"))
    members = (
        GroupMember(name="乙三"),
        GroupMember(name="甲八"),
        GroupMember(name="丙五"),
        GroupMember(name="丁五"),
    )
    formed = InspectionGroupFormed(leader="甲四", members=members, invited=("d-002", "d-024"))
    yield chairmen(3, 5, formed)
    planned = InspectionPlanMade(
        starts_on=date(YEAR, 5, 11), ends_on=date(YEAR, 6, 12), summary="自查、实地检查、随机抽查、座谈相结合。"
    )
    yield committee(3, 10, planned)
    yield committee(3, 17, InspectionPlanNotified(units=("cgj", "zjj")))
    yield unit("cgj")(4, 22, InspectionSelfReported(unit="cgj", summary="机制基本健全，背街小巷管护薄弱。"))
    yield unit("zjj")(4, 24, InspectionSelfReported(unit="zjj", summary="建筑垃圾运输监管已联网。"))
    yield from _inspected()
    yield committee(6, 15, InspectionEnded())
    yield committee(7, 21, InspectionReportDrafted())
    yield party_group(8, 11, PartyGroupDeliberated(opinion="同意执法检查报告。"))
    yield general_office(8, 11, AUGUST.scheduled())
    tabled = InspectionReportTabled(
        assessment="条例总体得到较好实施，建筑垃圾处置、户外广告管理等问题仍然突出。",
        amendments="建议适时修改条例第十二条、第二十一条。",
    )
    yield chairmen(8, 13, tabled)
    deliberated = InspectionReportDeliberated(reporter="甲四", speakers=("甲八", "丙五"), sitting_in=("d-024", "d-025"))
    yield standing_committee(8, 27, deliberated)
    yield from _put_right()


def _inspected() -> Iterator[Happening]:
    more, others = ("d-023", "d-051"), ("d-073", "d-095", "d-096")
    on_site = InspectionConducted(
        form=InspectionForm.ON_SITE, place="老城片区、东站片区", invited=more, attended=(*more, "d-002")
    )
    yield committee(5, 12, on_site)
    found = (
        ("p-1", "建筑垃圾偷倒点未清理", "cgj", "东站片区", "第十八条"),
        ("p-2", "临街餐饮油烟直排", "hbj", "老城片区", "第二十三条"),
        ("p-3", "工地出入口无冲洗设施", "zjj", "东站片区", "第十六条"),
    )
    for key, text, of, place, provision in found:
        problem = InspectionProblemFound(problem=key, text=text, unit=of, place=place, provision=provision)
        yield committee(5, 13, problem)
    right = InspectionProblemPutRight(problem="p-3", summary="已补建冲洗平台。")
    yield unit("zjj")(5, 20, right)
    check = InspectionConducted(form=InspectionForm.SPOT_CHECK, place="青石县云泉镇", invited=others, attended=others)
    yield committee(5, 26, check)
    yield committee(5, 27, InspectionProblemFound(problem="p-4", text="户外广告设施逾期未拆除", unit="cgj"))
    yield committee(5, 27, InspectionProblemFound(problem="p-5", text="垃圾中转站超时运行", unit="cgj"))
    heard = InspectionConducted(form=InspectionForm.SYMPOSIUM, place="市人大常委会", summary="部门、街道、企业座谈。")
    yield committee(6, 4, heard)
    yield committee(6, 5, InspectionProblemDismissed(problem="p-5", reason="核实为设备检修期间临时安排。"))


def _put_right() -> Iterator[Happening]:
    bureau = unit("cgj")
    yield chairmen(9, 4, InspectionOpinionsAdopted(text="肯定实施成效，限期整改检查发现的问题，研究修改条例。"))
    problems = (
        ProblemToList(problem="p-1", text="建筑垃圾偷倒点未清理", unit="cgj"),
        ProblemToList(problem="p-2", text="临街餐饮油烟直排", unit="hbj", co_units=("cgj",)),
        ProblemToList(problem="p-4", text="户外广告设施逾期未拆除", unit="cgj"),
    )
    yield committee(9, 10, OpinionsHandedOver(unit="cgj", important=True, in_person=True, problems=problems))
    yield bureau(9, 28, PlanSubmitted(summary="三个问题限十一月底前整改。"))
    yield bureau(10, 22, ListedProblemRectified(problem="p-1", summary="十一处偷倒点全部清理并加装监控。"))
    yield committee(10, 27, ProblemVerified(problem="p-1", verified_by="城乡建设环境资源保护委员会"))
    yield bureau(11, 19, ListedProblemRectified(problem="p-4", summary="逾期广告设施全部拆除。"))
    yield unit("hbj")(11, 25, ListedProblemRectified(problem="p-2", summary="四十三家餐饮安装净化装置。"))
    for key in ("p-2", "p-4"):
        yield committee(12, 2, ProblemVerified(problem=key, verified_by="城乡建设环境资源保护委员会"))
    yield bureau(12, 3, ReportSentForComment())
    yield committee(12, 7, ReportCommented(summary="同意。"))
    yield bureau(12, 9, ReportSubmitted(summary="三个问题全部整改，修改条例的建议已列入调研。"))
    yield standing_committee(12, 23, PollHeld.model_validate(DECEMBER.polled(20, 10, 1)))
    yield chairmen(12, 30, Closed())


def _appraisal() -> Iterator[Happening]:
    """Of a bureau: it reviews itself, it is looked into and polled, and puts things right."""
    chosen = AppraisalTargetChosen(
        jurisdiction=JURISDICTION,
        title="评议市人力资源和社会保障局工作",
        year=YEAR,
        unit="rsj",
        plan=named("plan-appraisal"),
        kind=AppraisalKind.DEPARTMENT,
    )
    bureau = unit("rsj")
    yield chairmen(1, 27, chosen)
    yield party_group(2, 27, PartyGroupDeliberated(opinion="同意评议工作方案。"))
    yield chairmen(3, 2, AppraisalPlanMade(summary="自查、调查、评议、整改四个阶段。"))
    yield deputies_office(3, 4, AppraisalTargetNotified(unit="rsj", due_on=date(YEAR, 4, 10)))
    yield bureau(4, 9, AppraisalSelfReviewSubmitted(summary="就业、社保、劳动维权工作自查报告。"))
    investigated = AppraisalInvestigationConducted(
        summary="走访六家企业、三个街道，发现零工市场建设滞后等问题。",
        members=("甲九", "甲十"),
        invited=("d-006", "d-027", "d-053", "d-097"),
        attended=("d-006", "d-027", "d-097"),
    )
    yield deputies_office(5, 19, investigated)
    survey = AppraisalPublicSurveyed(
        voters="服务对象", present=400, satisfied=231, basically_satisfied=129, dissatisfied=40
    )
    yield deputies_office(5, 29, survey)
    yield general_office(6, 11, JUNE.scheduled())
    yield standing_committee(6, 25, AppraisalReportHeard(reporter="辰七", sitting_in=("d-006", "d-022")))
    yield standing_committee(6, 25, AppraisalDeliberated(speakers=("甲九", "甲十", "丁六")))
    yield standing_committee(6, 25, SpecialAppraisalPollHeld.model_validate(JUNE.polled(17, 10, 2)))
    yield chairmen(
        7, 3, SpecialAppraisalOpinionsAdopted(text="评议意见：零工市场、欠薪处置、窗口服务三个方面限期整改。")
    )
    problems = (
        ProblemToList(problem="p-1", text="零工市场建设滞后", unit="rsj"),
        ProblemToList(problem="p-2", text="欠薪案件办理超期", unit="rsj", co_units=("zjj",)),
    )
    yield deputies_office(7, 8, OpinionsHandedOver(unit="rsj", important=True, in_person=True, problems=problems))
    yield bureau(7, 28, PlanSubmitted(summary="两个问题九月底前整改。"))
    yield bureau(9, 16, ListedProblemRectified(problem="p-1", summary="三处零工市场投入使用。"))
    yield bureau(9, 18, ListedProblemRectified(problem="p-2", summary="超期案件全部办结。"))
    for key in ("p-1", "p-2"):
        yield deputies_office(9, 22, ProblemVerified(problem=key, verified_by="代表工作委员会"))
    yield bureau(9, 23, ReportSentForComment())
    yield deputies_office(9, 28, ReportCommented(summary="同意。"))
    yield bureau(9, 30, ReportSubmitted(summary="两个问题全部整改。"))
    yield standing_committee(10, 29, PollHeld.model_validate(OCTOBER.polled(22, 8, 0)))
    yield chairmen(11, 12, Closed())


def _inquiry() -> Iterator[Happening]:
    """Three bureaus answer; what they promised on the spot is followed, and one promise is past its date."""
    proposed = InquiryProposed(
        jurisdiction=JURISDICTION,
        title="养老服务体系建设专题询问",
        year=YEAR,
        unit="mzj",
        plan=named("plan-supervision"),
        reason="代表和群众反映集中。",
    )
    yield chairmen(2, 4, proposed)
    survey = ActivityHeld(
        kind=ActivityKind.SURVEY,
        title="养老服务专题调研",
        invited=("d-001", "d-021", "d-048", "d-074"),
        attended=("d-001", "d-021", "d-048"),
        participants=("乙六", "丁四"),
    )
    yield committee(5, 15, survey)
    yield chairmen(5, 22, InquiryPlanned(form=InquiryForm.JOINT_GROUPS, units=("mzj", "wjw", "ybj")))
    yield general_office(6, 11, JUNE.scheduled())
    yield general_office(6, 17, InquiryResearchDistributed())
    respondents = (
        Respondent(unit="mzj", respondent="辰八", post="局长"),
        Respondent(unit="wjw", respondent="辰九", post="主任"),
        Respondent(unit="ybj", respondent="辰十", post="副局长"),
    )
    yield standing_committee(6, 25, InquiryMeetingHeld(respondents=respondents, members=JUNE.present))
    yield from _asked()
    yield standing_committee(6, 25, InquiryConcluded())
    yield standing_committee(6, 25, InquiryAnswersPolled.model_validate(JUNE.polled(11, 13, 5)))
    opinions = "一要补齐社区养老设施；二要推进医养结合；三要扩大长护险覆盖；四要加强护理队伍。"
    yield committee(6, 30, InquiryOpinionsCollated(text=opinions, speakers=("乙六", "乙七", "丁四", "甲十一")))
    yield chairmen(7, 3, InquiryOpinionsAdopted())
    problems = (
        ProblemToList(problem="p-1", text="十四个社区没有养老服务设施", unit="mzj", co_units=("zgj",)),
        ProblemToList(problem="p-2", text="医养签约率不足四成", unit="wjw"),
    )
    yield committee(7, 8, OpinionsHandedOver(unit="mzj", important=True, in_person=True, problems=problems))
    yield from _followed()


def _asked() -> Iterator[Happening]:
    asked = (
        ("q-1", "乙六", "mzj", "新建小区养老用房移交率为何偏低？", "辰八", "移交率今年底达到百分之九十。"),
        ("q-2", "乙七", "wjw", "家庭病床何时覆盖全部街道？", "辰九", "年底覆盖全部街道。"),
        ("q-3", "丁四", "ybj", "长护险何时扩大到农村？", "辰十", "正在测算，尚无时间表。"),
        ("q-4", "甲十一", "mzj", "护理员流失如何解决？", "辰八", "落实岗位补贴，提高待遇。"),
    )
    for key, speaker, of, question, respondent, answer in asked:
        yield standing_committee(6, 25, QuestionAsked(question=key, speaker=speaker, unit=of, text=question))
        yield unit(of)(6, 25, QuestionAnswered(question=key, respondent=respondent, text=answer))
    further = QuestionFollowedUp(question="q-3", speaker="丁四", text="请给出明确时间。")
    yield standing_committee(6, 25, further)
    yield unit("ybj")(6, 25, QuestionAnswered(question="q-3", respondent="辰十", text="十月底前提出方案。"))
    promised = (
        ("k-1", "mzj", "辰八", "q-1", "养老用房移交率达到百分之九十", date(YEAR, 10, 31)),
        ("k-2", "wjw", "辰九", "q-2", "家庭病床覆盖全部街道", date(YEAR, 11, 16)),
        ("k-3", "ybj", "辰十", "q-3", "提出长护险扩面方案", date(YEAR, 10, 30)),
    )
    for key, of, respondent, question, text, due_on in promised:
        promise = InquiryCommitmentMade(
            commitment=key, unit=of, text=text, due_on=due_on, respondent=respondent, question=question
        )
        yield standing_committee(6, 25, promise)


def _followed() -> Iterator[Happening]:
    bureau = unit("mzj")
    yield bureau(7, 29, PlanSubmitted(summary="两个问题、三项承诺逐项分解。"))
    yield unit("wjw")(9, 10, ListedProblemRectified(problem="p-2", summary="签约率提高到百分之五十二。"))
    yield bureau(9, 16, ListedProblemRectified(problem="p-1", summary="十四个社区设施全部开工，九个已启用。"))
    for key in ("p-1", "p-2"):
        yield committee(9, 22, ProblemVerified(problem=key, verified_by="教育科学文化卫生委员会"))
    yield bureau(9, 23, ReportSentForComment())
    yield committee(9, 28, ReportCommented(summary="请补充长护险进展。"))
    yield bureau(9, 30, ReportSubmitted(summary="两个问题完成整改，三项承诺正在落实。"))
    done = InquiryCommitmentFulfilled(commitment="k-1", summary="移交率百分之九十一。")
    yield bureau(10, 21, done)
    later = InquiryCommitmentRevised(commitment="k-3", due_on=date(YEAR, 12, 18), reason="省级方案尚未印发。")
    yield unit("ybj")(10, 26, later)
    yield committee(10, 27, InquiryCommitmentVerified(commitment="k-1", verified_by="教育科学文化卫生委员会"))
    yield standing_committee(10, 29, ReportDeliberated(summary="委员要求继续跟踪三项承诺。"))
    yield standing_committee(10, 29, SecondPollHeld.model_validate(OCTOBER.polled(17, 12, 1)))
    yield unit("ybj")(12, 16, InquiryCommitmentFulfilled(commitment="k-3", summary="扩面方案已报市政府。"))
    yield committee(12, 21, InquiryCommitmentVerified(commitment="k-3", verified_by="教育科学文化卫生委员会"))


def _interpellation() -> Iterator[Happening]:
    """Six members ask why a bridge is late; four are not satisfied, and the bureau answers once more."""
    filed = InterpellationFiled(
        jurisdiction=JURISDICTION,
        title="关于云江大桥改造超期未完工的质询案",
        year=YEAR,
        unit="jtj",
        text="工程为何超期五个月？何时恢复通行？责任由谁承担？",
        proposers=("甲七", "甲十", "乙五", "丙六", "丁六", "戊二"),
    )
    yield standing_committee(8, 27, filed)
    decided = AnswerDecided(mode=AnswerMode.WRITTEN, due_on=date(YEAR, 9, 18), committee="财政经济委员会")
    yield chairmen(9, 4, decided)
    bureau = unit("jtj")
    text = "因管线迁改滞后，预计十二月恢复通行。"
    answered = InterpellationAnswered(
        mode=AnswerMode.WRITTEN, respondent="辰十一", by_head=True, text=text, document_number="云交函〔2026〕61号"
    )
    yield bureau(9, 17, answered)
    yield chairmen(9, 21, AnswerReportDistributed())
    unsatisfied = DissatisfactionDeclared(unsatisfied=4, reason="没有说明责任由谁承担。")
    yield standing_committee(9, 24, unsatisfied)
    again = ReAnswerOrdered(mode=AnswerMode.ORAL_AT_STANDING_COMMITTEE, due_on=OCTOBER.held_on)
    yield chairmen(9, 29, again)
    yield general_office(10, 16, OCTOBER.scheduled())
    text = "对监理、施工单位已作处理；十一月三十日前恢复通行。"
    answered_again = InterpellationReAnswered(
        mode=AnswerMode.ORAL_AT_STANDING_COMMITTEE, respondent="辰十一", by_head=True, text=text
    )
    yield bureau(10, 29, answered_again)
    yield chairmen(11, 6, AnswerReportDistributed())
    yield chairmen(11, 12, Closed())
