"""The year's work reports, and what became of the opinions on four of them: one is polled twice, one referred."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.meetings import APRIL, AUGUST, DECEMBER, FEBRUARY, JUNE, OCTOBER, Sitting
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
from domain.case import Voided
from domain.cases.supervision.opinion import OpinionKind, OpinionsAdopted, OpinionsCollated
from domain.cases.supervision.work_report import (
    Reporter,
    ReportingOrgan,
    WorkReportCommented,
    WorkReportDeliberated,
    WorkReportDistributed,
    WorkReportHeard,
    WorkReportInquiryAnswered,
    WorkReportKind,
    WorkReportOpinionsGathered,
    WorkReportPlanMade,
    WorkReportPlanned,
    WorkReportPollHeld,
    WorkReportProposed,
    WorkReportSentForComment,
    WorkReportSubmitted,
    WorkReportSurveyDistributed,
)
from domain.matter import (
    ActivityHeld,
    ActivityKind,
    Audience,
    Closed,
    Linked,
    LinkKind,
    PartyGroupDeliberated,
    Published,
    TopicSource,
)
from domain.rectification import (
    ListedProblemRectified,
    OpinionsHandedOver,
    PlanSubmitted,
    PollHeld,
    ProblemDeferred,
    ProblemSentBack,
    ProblemToList,
    ProblemVerified,
    ReferralAccepted,
    ReferralOutcomeReported,
    ReferralTold,
    ReferredForAccountability,
    ReportCommented,
    ReportDeliberated,
    ReportedAgain,
    ReportSentForComment,
    ReportSubmitted,
    ReRectificationOrdered,
    SecondPollHeld,
    UnitsDesignated,
)

_Day = tuple[int, int]


def reports() -> Iterator[tuple[str, list[Happening]]]:
    """The reports and the opinions on them by their names, each with its steps."""
    yield "report-filing", in_order(_heard(_FILING), _filing())
    yield "report-preschool", in_order(_heard(_PRESCHOOL), _preschool())
    yield "report-court", in_order(_heard(_COURT), _court())
    yield "report-environment", in_order(_heard(_ENVIRONMENT), _environment())
    yield "report-property", in_order(_heard(_PROPERTY), _property())
    yield "report-livelihood", in_order(_heard(_LIVELIHOOD), _livelihood())
    yield "opinion-preschool", list(_of_preschool())
    yield "opinion-court", list(_of_court())
    yield "opinion-property", list(_of_property())
    yield "opinion-livelihood", list(_of_livelihood())


@dataclass(frozen=True, slots=True)
class _Report:
    """What every report goes through, with its days."""

    title: str
    organ: ReportingOrgan
    of: str
    kind: WorkReportKind
    committee: str
    sitting: Sitting
    proposed: _Day
    planned: _Day
    prepared: _Day
    scheduled: _Day
    gathered: _Day
    opinions: str
    sent: _Day
    commented: _Day
    submitted: _Day
    distributed: _Day
    reporter: str
    capacity: Reporter
    speakers: tuple[str, ...]
    sources: tuple[TopicSource, ...] = ()
    sitting_in: tuple[str, ...] = ()


_FILING = _Report(
    title="听取2025年度备案审查工作情况的报告",
    organ=ReportingOrgan.GOVERNMENT,
    of="sfj",
    kind=WorkReportKind.FILING_REVIEW,
    committee="法制工作委员会",
    sitting=FEBRUARY,
    proposed=(1, 23),
    planned=(1, 26),
    prepared=(1, 27),
    scheduled=(1, 28),
    gathered=(2, 2),
    opinions="两家单位漏报规范性文件，纠错后的反馈不够及时。",
    sent=(2, 4),
    commented=(2, 9),
    submitted=(2, 12),
    distributed=(2, 14),
    reporter="辰一",
    capacity=Reporter.DELEGATED,
    speakers=("乙八", "甲五"),
    sources=(TopicSource.LAW,),
)
_PRESCHOOL = _Report(
    title="听取和审议全市学前教育普惠发展情况的报告",
    organ=ReportingOrgan.GOVERNMENT,
    of="jyj",
    kind=WorkReportKind.SPECIAL_WORK,
    committee="教育科学文化卫生委员会",
    sitting=APRIL,
    proposed=(1, 23),
    planned=(1, 26),
    prepared=(2, 25),
    scheduled=(3, 25),
    gathered=(3, 24),
    opinions="入公办园难、普惠园补助不到位、教师待遇偏低。",
    sent=(4, 3),
    commented=(4, 8),
    submitted=(4, 16),
    distributed=(4, 21),
    reporter="辰二",
    capacity=Reporter.DELEGATED,
    speakers=("乙六", "乙七", "丁四", "甲六", "丙四", "戊二"),
    sources=(TopicSource.SUGGESTIONS, TopicSource.SOCIAL_CONCERN),
    sitting_in=("d-003", "d-020"),
)
_COURT = _Report(
    title="听取和审议市中级人民法院民事执行工作情况的报告",
    organ=ReportingOrgan.COURT,
    of="fy",
    kind=WorkReportKind.SPECIAL_WORK,
    committee="监察和司法委员会",
    sitting=APRIL,
    proposed=(1, 23),
    planned=(1, 26),
    prepared=(2, 26),
    scheduled=(3, 25),
    gathered=(3, 27),
    opinions="执行周期长、终本案件多，财产查控不够及时。",
    sent=(4, 2),
    commented=(4, 7),
    submitted=(4, 17),
    distributed=(4, 21),
    reporter="辰三",
    capacity=Reporter.HEAD,
    speakers=("甲五", "甲六", "乙四"),
    sources=(TopicSource.LETTERS_AND_VISITS,),
)
_ENVIRONMENT = _Report(
    title="听取和审议2025年度环境状况和环境保护目标完成情况的报告",
    organ=ReportingOrgan.GOVERNMENT,
    of="hbj",
    kind=WorkReportKind.ENVIRONMENT,
    committee="城乡建设环境资源保护委员会",
    sitting=JUNE,
    proposed=(1, 27),
    planned=(1, 28),
    prepared=(4, 22),
    scheduled=(5, 20),
    gathered=(5, 25),
    opinions="青石河支流水质不稳定，夜间施工噪声投诉集中。",
    sent=(6, 3),
    commented=(6, 8),
    submitted=(6, 12),
    distributed=(6, 17),
    reporter="辰四",
    capacity=Reporter.DELEGATED,
    speakers=("丙五", "甲八"),
    sources=(TopicSource.LAW,),
)
_PROPERTY = _Report(
    title="听取和审议全市物业管理工作情况的报告",
    organ=ReportingOrgan.GOVERNMENT,
    of="zjj",
    kind=WorkReportKind.SPECIAL_WORK,
    committee="城乡建设环境资源保护委员会",
    sitting=AUGUST,
    proposed=(1, 27),
    planned=(1, 28),
    prepared=(5, 20),
    scheduled=(7, 15),
    gathered=(7, 20),
    opinions="维修资金使用难、公共收益不公开、押金退还慢。",
    sent=(7, 30),
    commented=(8, 4),
    submitted=(8, 14),
    distributed=(8, 19),
    reporter="辰五",
    capacity=Reporter.DELEGATED,
    speakers=("甲八", "丙五", "甲九", "乙四", "丁七", "丙七"),
    sources=(TopicSource.SUGGESTIONS, TopicSource.LETTERS_AND_VISITS),
    sitting_in=("d-024", "d-050"),
)
_LIVELIHOOD = _Report(
    title="听取和审议民生实事项目办理情况的报告",
    organ=ReportingOrgan.GOVERNMENT,
    of="fgw",
    kind=WorkReportKind.LIVELIHOOD_PROJECTS,
    committee="财政经济委员会",
    sitting=OCTOBER,
    proposed=(1, 27),
    planned=(1, 28),
    prepared=(8, 24),
    scheduled=(9, 23),
    gathered=(9, 24),
    opinions="两个项目进度滞后，建成项目后续管护不足。",
    sent=(9, 30),
    commented=(10, 8),
    submitted=(10, 15),
    distributed=(10, 21),
    reporter="辰六",
    capacity=Reporter.DELEGATED,
    speakers=("甲七", "丙六", "丁六", "甲十"),
    sources=(TopicSource.SOCIAL_CONCERN,),
)


def _heard(one: _Report) -> Iterator[Happening]:
    """From the proposal of the topic to the deliberation."""
    organ, on = unit(one.of), (one.sitting.held_on.month, one.sitting.held_on.day)
    proposed = WorkReportProposed(
        jurisdiction=JURISDICTION,
        title=one.title,
        year=YEAR,
        unit=one.of,
        committee=one.committee,
        plan=named("plan-supervision"),
        reporting_organ=one.organ,
        kind=one.kind,
        sources=one.sources,
    )
    yield committee(*one.proposed, proposed)
    yield chairmen(*one.planned, WorkReportPlanned())
    yield committee(*one.prepared, WorkReportPlanMade(summary="先调研、后听取，由专门委员会组织实施。"))
    yield general_office(*one.scheduled, one.sitting.scheduled_first())
    yield committee(*one.gathered, WorkReportOpinionsGathered(text=one.opinions))
    yield organ(*one.sent, WorkReportSentForComment())
    yield committee(*one.commented, WorkReportCommented(summary="请补充存在问题和下一步措施。"))
    yield organ(*one.submitted, WorkReportSubmitted(answers_opinions=True))
    yield general_office(*one.distributed, WorkReportDistributed())
    heard = WorkReportHeard(reporter=one.reporter, capacity=one.capacity, sitting_in=one.sitting_in)
    yield standing_committee(*on, heard)
    deliberated = WorkReportDeliberated(speakers=one.speakers, present=len(one.sitting.present))
    yield standing_committee(*on, deliberated)


# The reports


def _filing() -> Iterator[Happening]:
    yield from told_on(3, 10, "市人民政府办公室", public=11)
    yield chairmen(3, 31, Closed())


def _preschool() -> Iterator[Happening]:
    """Deputies went along to the kindergartens; six members spoke."""
    survey = ActivityHeld(
        kind=ActivityKind.SURVEY,
        title="普惠性幼儿园专题调研",
        invited=("d-003", "d-004", "d-020", "d-071"),
        attended=("d-003", "d-020", "d-071"),
        members=("乙六", "乙七"),
        summary="走访八所幼儿园，召开家长座谈会两次。",
    )
    yield committee(3, 17, survey)
    yield general_office(4, 21, WorkReportSurveyDistributed(title="普惠性幼儿园专题调研报告"))
    question = "今年新增公办学位能否按期投入使用？"
    answer = "六所新建幼儿园九月一日前全部开园。"
    yield standing_committee(4, 29, WorkReportInquiryAnswered(question=question, answer=answer))
    yield from told_on(5, 14, "市委教育工作部门", "市委组织部", public=20)
    yield chairmen(11, 12, Closed(note="审议意见办结，二次测评满意。"))


def _court() -> Iterator[Happening]:
    """The court reports by its head, after members and deputies sat in at trials."""
    trials = ActivityHeld(
        kind=ActivityKind.TRIAL_OBSERVATION,
        title="旁听执行异议案件庭审",
        invited=("d-018", "d-047", "d-072", "d-094", "d-109"),
        attended=("d-018", "d-047", "d-072", "d-094"),
        members=("甲五", "乙四"),
    )
    yield committee(3, 26, trials)
    yield from told_on(5, 14, "市委政法委", public=20)
    yield chairmen(9, 15, Closed())


def _environment() -> Iterator[Happening]:
    visit = ActivityHeld(
        kind=ActivityKind.VISIT,
        title="青石河水质和噪声治理视察",
        invited=("d-005", "d-022", "d-095"),
        attended=("d-005", "d-022", "d-095"),
        members=("甲八", "丁五"),
    )
    yield committee(5, 21, visit)
    yield from told_on(7, 14, "市纪委监委", "市自然资源和规划局", public=16)
    yield chairmen(9, 15, Closed())


def _property() -> Iterator[Happening]:
    """Its meeting was moved by a week, and the lead times with it: submitted in time for the new day only."""
    survey = ActivityHeld(
        kind=ActivityKind.SURVEY,
        title="住宅小区物业管理专题调研",
        invited=("d-023", "d-024", "d-049", "d-050", "d-073"),
        attended=("d-023", "d-024", "d-050"),
        members=("甲八", "丙五"),
    )
    yield committee(7, 7, survey)
    yield general_office(8, 10, AUGUST.scheduled())
    poll = WorkReportPollHeld.model_validate(AUGUST.polled(8, 15, 4, 1))
    yield standing_committee(8, 27, poll)
    yield from told_on(9, 8, "市纪委监委", "市委政法委", public=11)
    yield chairmen(12, 30, Closed(note="审议意见办结。"))


def _livelihood() -> Iterator[Happening]:
    visit = ActivityHeld(
        kind=ActivityKind.VISIT,
        title="民生实事项目集中视察",
        invited=("d-001", "d-026", "d-052", "d-075", "d-098", "d-113"),
        attended=("d-001", "d-026", "d-052", "d-098"),
        members=("甲七", "丙四"),
        summary="十个项目中八个按序时推进，两个滞后。",
    )
    yield committee(9, 16, visit)
    yield from told_on(11, 10, "市委督查部门", "市财政局", public=12)


# The opinions


def _collated(title: str, of: str, text: str, speakers: tuple[str, ...]) -> OpinionsCollated:
    return OpinionsCollated(
        jurisdiction=JURISDICTION,
        title=title,
        year=YEAR,
        unit=of,
        plan=named("plan-supervision"),
        kind=OpinionKind.DELIBERATION,
        text=text,
        speakers=speakers,
    )


def _results_from(report: str) -> Linked:
    return Linked(other=named(report), link=LinkKind.RESULTS_FROM)


def _problem(key: str, text: str, of: str, *co_units: str, due_on: date | None = None) -> ProblemToList:
    return ProblemToList(problem=key, text=text, unit=of, co_units=co_units, due_on=due_on)


def _of_preschool() -> Iterator[Happening]:
    """The members are not satisfied with what was put right; it is ordered again, and polled a second time."""
    bureau = unit("jyj")
    title = "关于学前教育普惠发展情况的审议意见"
    text = "一要补齐公办学位缺口；二要落实普惠园补助；三要提高教师待遇；四要加强园所监管；五要公开收费。"
    yield committee(5, 6, _collated(title, "jyj", text, _PRESCHOOL.speakers))
    yield committee(5, 6, _results_from("report-preschool"))
    yield party_group(5, 8, PartyGroupDeliberated(opinion="列为重要审议意见，当面交办。"))
    yield chairmen(5, 11, OpinionsAdopted())
    problems = (
        _problem("p-1", "公办学位缺口一千二百个", "jyj", "fgw"),
        _problem("p-2", "普惠性民办园补助拖欠两个学期", "czj", "jyj", due_on=date(YEAR, 7, 31)),
        _problem("p-3", "非编教师工资低于规定标准", "jyj", "rsj"),
        _problem("p-4", "三所民办园超班额", "jyj"),
        _problem("p-5", "两所公办园用地未落实", "zgj", "jyj"),
    )
    handed = OpinionsHandedOver(unit="jyj", important=True, in_person=True, problems=problems)
    yield committee(5, 14, handed)
    yield bureau(6, 4, PlanSubmitted(summary="五个问题逐项明确责任人和时限。"))
    yield bureau(6, 4, UnitsDesignated(problem="p-4", unit="jyj", co_units=("gaj",)))
    yield unit("czj")(7, 29, ListedProblemRectified(problem="p-2", summary="补助资金全部拨付。"))
    yield bureau(7, 30, ListedProblemRectified(problem="p-4", summary="三所幼儿园已分流。"))
    yield deputies_office(8, 3, ProblemVerified(problem="p-2", verified_by="财政经济委员会"))
    yield deputies_office(8, 3, ProblemVerified(problem="p-4", verified_by="教育科学文化卫生委员会"))
    void = Voided(voids=11, reason="误将第二项的核查结果登记到第四项，第四项尚未实地核查。", approved_by="办公室主任")
    yield general_office(8, 4, void)
    long_term = ProblemDeferred(problem="p-5", due_on=date(YEAR + 1, 6, 30), reason="涉及国土空间规划调整。")
    yield chairmen(8, 5, long_term)
    yield bureau(8, 5, ReportSentForComment())
    yield committee(8, 7, ReportCommented(summary="学位和教师待遇两项没有实质进展，请补充。"))
    yield bureau(8, 12, ReportSubmitted(summary="完成两项，其余三项正在推进。"))
    yield committee(8, 14, ProblemSentBack(problem="p-4", reason="实地核查一所幼儿园仍超班额。"))
    yield standing_committee(8, 27, ReportDeliberated(summary="委员认为整改力度不够。"))
    yield standing_committee(8, 27, PollHeld.model_validate(AUGUST.polled(5, 8, 14, 1)))
    again = ReRectificationOrdered(reason="测评结果为不满意，责成限期再次整改。", due_on=date(YEAR, 10, 20))
    yield standing_committee(8, 28, again)
    yield bureau(9, 10, PlanSubmitted(summary="市政府分管负责人牵头，倒排工期。"))
    yield bureau(9, 29, ListedProblemRectified(problem="p-1", summary="六所新园开园，新增学位一千三百五十个。"))
    yield bureau(9, 29, ListedProblemRectified(problem="p-4", summary="三所幼儿园班额全部达标。"))
    yield bureau(10, 12, ListedProblemRectified(problem="p-3", summary="工资标准自九月起执行到位。"))
    for key in ("p-1", "p-3", "p-4"):
        yield committee(10, 15, ProblemVerified(problem=key, verified_by="教育科学文化卫生委员会"))
    yield bureau(10, 15, ReportSentForComment())
    yield committee(10, 16, ReportCommented(summary="同意。"))
    yield bureau(10, 19, ReportedAgain(summary="五个问题完成四个，一个列为长期整改。"))
    yield standing_committee(10, 29, SecondPollHeld.model_validate(OCTOBER.polled(19, 9, 2)))
    yield general_office(11, 10, Published(audiences=tuple(Audience), place="市人大网站"))
    yield chairmen(11, 12, Closed(note="用地问题转长期跟踪。"))


def _of_court() -> Iterator[Happening]:
    """Handed over without a list, since it is not among the important ones; satisfied at once."""
    court = unit("fy")
    title = "关于民事执行工作情况的审议意见"
    text = "一要缩短执行周期；二要加强对终本案件的管理；三要推进执行公开。"
    yield committee(5, 6, _collated(title, "fy", text, _COURT.speakers))
    yield committee(5, 6, _results_from("report-court"))
    yield chairmen(5, 11, OpinionsAdopted())
    yield committee(5, 15, OpinionsHandedOver(unit="fy", in_person=False))
    yield court(6, 10, PlanSubmitted(summary="制定执行质效提升方案。"))
    yield court(8, 4, ReportSentForComment())
    yield committee(8, 7, ReportCommented(summary="同意。"))
    yield court(8, 13, ReportSubmitted(summary="平均执行用时缩短十八天，终本案件清理完成。"))
    yield standing_committee(8, 27, ReportDeliberated(summary="委员给予肯定。"))
    yield standing_committee(8, 27, PollHeld.model_validate(AUGUST.polled(21, 6, 0, 1)))
    yield chairmen(9, 15, Closed())


def _of_property() -> Iterator[Happening]:
    """A report on what was put right was not true: that is referred, and somebody is held to account."""
    bureau = unit("zjj")
    title = "关于物业管理工作情况的审议意见"
    text = "一要规范维修资金使用；二要整治公共收益侵占；三要落实街道社区责任；四要完善物业企业信用管理。"
    yield committee(9, 2, _collated(title, "zjj", text, _PROPERTY.speakers))
    yield committee(9, 2, _results_from("report-property"))
    yield party_group(9, 3, PartyGroupDeliberated(opinion="列为重要审议意见，当面交办。"))
    yield chairmen(9, 4, OpinionsAdopted())
    problems = (
        _problem("p-1", "维修资金使用审批平均超过六个月", "zjj", "gjj"),
        _problem("p-2", "十二个小区公共收益未公示", "zjj"),
        _problem("p-3", "消防通道被占用", "xfd", "cgj"),
        _problem("p-4", "三家物业企业未退还装修押金", "scj", "zjj", due_on=date(YEAR, 10, 31)),
    )
    yield committee(9, 10, OpinionsHandedOver(unit="zjj", important=True, in_person=True, problems=problems))
    yield bureau(9, 30, PlanSubmitted(summary="四个问题分解到五个单位。"))
    yield bureau(10, 9, ListedProblemRectified(problem="p-2", summary="十二个小区全部公示。"))
    not_true = ProblemSentBack(problem="p-2", reason="抽查三个小区均未公示，整改报告不实。", due_on=date(YEAR, 11, 20))
    yield committee(10, 14, not_true)
    referred = ReferredForAccountability(
        referral="r-1", receiver="市纪委监委", reason="虚报公共收益公示整改情况，建议对相关责任人问责。"
    )
    yield chairmen(10, 16, referred)
    yield general_office(10, 21, ReferralAccepted(referral="r-1"))
    yield unit("scj")(10, 28, ListedProblemRectified(problem="p-4", summary="押金全部退还。"))
    yield committee(11, 4, ProblemVerified(problem="p-4", verified_by="城乡建设环境资源保护委员会"))
    yield bureau(11, 17, ListedProblemRectified(problem="p-2", summary="逐个小区核对公示，附照片。"))
    outcome = ReferralOutcomeReported(referral="r-1", outcome="对两名责任人分别予以诫勉、通报批评。")
    yield general_office(11, 18, outcome)
    yield committee(11, 19, ProblemVerified(problem="p-2", verified_by="城乡建设环境资源保护委员会"))
    yield general_office(11, 20, ReferralTold(referral="r-1"))
    yield unit("xfd")(11, 24, ListedProblemRectified(problem="p-3", summary="清理占用车辆，施划标线。"))
    yield bureau(11, 26, ListedProblemRectified(problem="p-1", summary="审批时限压缩至四十五日。"))
    for key in ("p-1", "p-3"):
        yield committee(12, 2, ProblemVerified(problem=key, verified_by="城乡建设环境资源保护委员会"))
    yield bureau(12, 3, ReportSentForComment())
    yield committee(12, 7, ReportCommented(summary="同意。"))
    yield bureau(12, 9, ReportSubmitted(summary="四个问题全部整改。"))
    yield standing_committee(12, 23, PollHeld.model_validate(DECEMBER.polled(17, 13, 1)))
    yield chairmen(12, 30, Closed())


def _of_livelihood() -> Iterator[Happening]:
    """Still being put right at the end of the year."""
    title = "关于民生实事项目办理情况的审议意见"
    text = "一要确保两个滞后项目年内开工；二要健全项目后续管护。"
    yield committee(11, 3, _collated(title, "fgw", text, _LIVELIHOOD.speakers))
    yield committee(11, 3, _results_from("report-livelihood"))
    yield chairmen(11, 6, OpinionsAdopted())
    problems = (
        _problem("p-1", "城北停车场项目未开工", "zjj", due_on=date(YEAR, 11, 25)),
        _problem("p-2", "农村饮水管网项目滞后", "slj", due_on=date(YEAR, 12, 31)),
    )
    yield committee(11, 12, OpinionsHandedOver(unit="fgw", in_person=True, problems=problems))
    yield unit("fgw")(12, 2, PlanSubmitted(summary="两个项目由牵头单位倒排工期。"))
