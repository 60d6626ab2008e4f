"""The year's persons: 36 appointed at six meetings, one not unanimously; a removal, a resignation, a withdrawal.

Of two who were appointed before it is heard how they did their duty. Nobody of them exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.meetings import APRIL, AUGUST, DECEMBER, FEBRUARY, JUNE, OCTOBER, Sitting
from adapters.exchange.sample.year.telling import (
    YEAR,
    chairmen,
    committee,
    general_office,
    in_order,
    named,
    party_committee,
    party_group,
    standing_committee,
    told_on,
    unit,
)
from domain.ballot import Rating
from domain.case import Step
from domain.cases.appointment import (
    ActKind,
    AppointmentApproved,
    AppointmentVoteHeld,
    ArrangementNotified,
    BranchesInformed,
    CandidateIntroduced,
    CertificateAwarded,
    Cleared,
    DecisionNotified,
    ExamExempted,
    ExamResat,
    FilesReviewed,
    IntendedOfficeSpeechMade,
    IssueRaised,
    LawExamTaken,
    MotionSubmitted,
    MotionWithdrawn,
    OathForm,
    OathPostponed,
    OathSworn,
    OfficeEntered,
    PartyGroupBriefed,
)
from domain.cases.duty_appraisal import (
    AppraisalOpinionsAdopted,
    AppraisalPollHeld,
    DutyReportHeard,
    DutyReportSubmitted,
    InvestigationConducted,
    OpinionsCollected,
    OrganizationDepartmentInformed,
    RatingDetermined,
    SelectedForAppraisal,
)
from domain.matter import Audience, Closed, Dropped, Published
from domain.rectification import (
    FollowUpHeld,
    ListedProblemRectified,
    OpinionsHandedOver,
    ProblemToList,
    ProblemVerified,
    ReportSubmitted,
)

_Day = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Course:
    """The days on which the appointments of a meeting go their way."""

    sitting: Sitting
    notified: _Day
    briefed: _Day
    scheduled: _Day
    submitted: _Day
    reviewed: _Day
    examined: _Day
    cleared: _Day
    told: _Day
    entered: _Day
    branches: bool = False
    """Whether the Party's branches conveyed what was intended."""

    @property
    def held(self) -> _Day:
        """The day of the meeting."""
        return self.sitting.held_on.month, self.sitting.held_on.day


_FEBRUARY = _Course(
    FEBRUARY, (2, 2), (2, 4), (2, 6), (2, 10), (2, 11), (2, 12), (2, 13), (2, 27), (3, 3), branches=True
)
_APRIL = _Course(APRIL, (4, 1), (4, 2), (4, 3), (4, 13), (4, 14), (4, 15), (4, 16), (4, 30), (5, 7))
_JUNE = _Course(JUNE, (5, 25), (5, 27), (5, 28), (6, 4), (6, 5), (6, 8), (6, 11), (6, 26), (6, 29))
_AUGUST = _Course(AUGUST, (7, 27), (7, 29), (8, 11), (8, 11), (8, 12), (8, 12), (8, 13), (8, 28), (9, 2))
_OCTOBER = _Course(
    OCTOBER, (10, 8), (10, 9), (10, 10), (10, 12), (10, 13), (10, 14), (10, 16), (10, 30), (11, 4), branches=True
)
_DECEMBER = _Course(DECEMBER, (11, 23), (11, 24), (11, 25), (12, 3), (12, 4), (12, 7), (12, 10), (12, 24), (12, 28))


@dataclass(frozen=True, slots=True)
class _Motion:
    """A motion (任免案): who proposed it at which meeting, and for which posts, each with its unit."""

    course: _Course
    proposer: str
    number: str
    kind: ActKind
    posts: tuple[tuple[str, str | None], ...]


_GOVERNMENT, _COURT, _PROCURATORATE = "市人民政府", "市中级人民法院", "市人民检察院"
_SUPERVISORY, _CHAIRMEN = "市监察委员会", "主任会议"
_HEAD, _POST = ActKind.DECIDE_APPOINTMENT, ActKind.APPOINT
_JUDGE, _PROCURATOR = ("市中级人民法院审判员", "fy"), ("市人民检察院检察员", "jcy")

MOTIONS = (
    _Motion(
        _FEBRUARY,
        _GOVERNMENT,
        "云政任〔2026〕1号",
        _HEAD,
        (
            ("市教育局局长", "jyj"),
            ("市水利局局长", "slj"),
            ("市商务局局长", "swj"),
            ("市应急管理局局长", "yjj"),
            ("市数据局局长", "sjgl"),
        ),
    ),
    _Motion(
        _FEBRUARY,
        _COURT,
        "云中法任〔2026〕1号",
        _POST,
        (("市中级人民法院民二庭副庭长", "fy"), _JUDGE, _JUDGE),
    ),
    _Motion(_APRIL, _GOVERNMENT, "云政任〔2026〕2号", _HEAD, (("市民政局局长", "mzj"), ("市统计局局长", "tjj"))),
    _Motion(_APRIL, _COURT, "云中法任〔2026〕2号", _POST, (_JUDGE, _JUDGE)),
    _Motion(
        _APRIL,
        _SUPERVISORY,
        "云监任〔2026〕1号",
        _POST,
        (("市监察委员会委员", None), ("市监察委员会委员", None)),
    ),
    _Motion(
        _JUNE,
        _GOVERNMENT,
        "云政任〔2026〕3号",
        _HEAD,
        (("副市长", None), ("市林业局局长", "lcj"), ("市体育局局长", "tyj")),
    ),
    _Motion(_JUNE, _PROCURATORATE, "云检任〔2026〕1号", _POST, (_PROCURATOR, _PROCURATOR, _PROCURATOR)),
    _Motion(_JUNE, _CHAIRMEN, "云人任〔2026〕1号", _POST, (("市人大常委会研究室副主任", None),)),
    _Motion(_AUGUST, _COURT, "云中法任〔2026〕3号", _POST, (_JUDGE, _JUDGE, _JUDGE)),
    _Motion(_AUGUST, _GOVERNMENT, "云政任〔2026〕4号", _HEAD, (("市医疗保障局局长", "ybj"), ("市审计局局长", "sjj"))),
    _Motion(
        _OCTOBER,
        _GOVERNMENT,
        "云政任〔2026〕5号",
        _HEAD,
        (("市城市管理局局长", "cgj"), ("市住房和城乡建设局局长", "zjj")),
    ),
    _Motion(_OCTOBER, _COURT, "云中法任〔2026〕4号", _POST, (_JUDGE, _JUDGE)),
    _Motion(_OCTOBER, _PROCURATORATE, "云检任〔2026〕3号", _POST, (_PROCURATOR, _PROCURATOR)),
    _Motion(_DECEMBER, _GOVERNMENT, "云政任〔2026〕6号", _HEAD, (("市科学技术局局长", "kjj"), ("市信访局局长", "xfj"))),
    _Motion(
        _DECEMBER,
        _CHAIRMEN,
        "云人任〔2026〕2号",
        _POST,
        (("市人大财政经济委员会预算工作室主任", None), ("市人大常委会法制工作委员会副主任", None)),
    ),
)
"""All that the standing committee appointed in the year, in the order in which it did."""

_NOT_UNANIMOUS, _RESIT, _EXEMPT, _OATH_LATER = 17, 19, 20, 26
"""Which of the 36 were not chosen unanimously, sat the exam twice, need not sit it, swore their oath later."""
_PASS_MARK = 60


def persons() -> Iterator[tuple[str, list[Happening]]]:
    """The appointments by their names, each with its steps, then the duty reports."""
    place = 0
    for motion in MOTIONS:
        for post, of in motion.posts:
            place += 1
            yield appointed(place), list(_appointed(place, motion, post, of))
    yield "removal", list(_removal())
    yield "resignation", list(_resignation())
    yield "withdrawn", list(_withdrawn())
    yield "duty-farming", in_order(_farming())
    yield "duty-education", in_order(_education())


def appointed(place: int) -> str:
    """The name of the case of who was appointed at that place."""
    return f"appointment-{place:02}"


def _candidate(place: int) -> str:
    tens, ones = divmod(place, 10)
    digits = "一二三四五六七八九"
    return "寅" + {0: "", 1: "十"}.get(tens, f"{digits[tens - 1]}十") + (digits[ones - 1] if ones else "")


def _notice(candidate: str, post: str, kind: ActKind, of: str | None, motion: str) -> ArrangementNotified:
    title = {
        ActKind.REMOVE: f"免去{candidate}的{post}职务",
        ActKind.ACCEPT_RESIGNATION: f"接受{candidate}辞去{post}职务",
    }.get(kind, f"任命{candidate}为{post}")
    return ArrangementNotified(
        jurisdiction=JURISDICTION,
        title=title,
        candidate=candidate,
        post=post,
        kind=kind,
        unit=of,
        motion=motion,
        basics="基本情况见干部任免审批表。",
    )


def _before_the_exam(course: _Course, notice: ArrangementNotified, proposer: str) -> Iterator[Happening]:
    yield party_committee(*course.notified, notice)
    yield party_group(*course.briefed, PartyGroupBriefed())
    if course.branches:
        yield party_group(*course.briefed, BranchesInformed(branches=("机关第一党支部", "机关第二党支部")))
    yield general_office(*course.scheduled, course.sitting.scheduled())
    yield general_office(*course.submitted, MotionSubmitted(proposer=proposer))
    yield general_office(*course.reviewed, FilesReviewed(complete=True))


def _appointed(place: int, motion: _Motion, post: str, of: str | None) -> Iterator[Happening]:
    course = motion.course
    notice = _notice(_candidate(place), post, motion.kind, of, motion.number)
    yield from _before_the_exam(course, notice, motion.proposer)
    yield from _examined(place, course)
    yield chairmen(*course.cleared, Cleared())
    yield standing_committee(*course.held, CandidateIntroduced())
    yield standing_committee(*course.held, IntendedOfficeSpeechMade())
    tallies = {"against": 1, "abstentions": 2} if place == _NOT_UNANIMOUS else {}
    yield from _voted(course, f"云人常任〔2026〕{place}号", **tallies)
    yield standing_committee(*course.held, CertificateAwarded(signed_by="主任"))
    oath = OathSworn(form=OathForm.COLLECTIVE, text_version="2018年修正文本")
    if place == _OATH_LATER:
        yield from _told(course)
        later = OathPostponed(due_on=OCTOBER.minutes_on, reason="赴外地挂职学习，十月返回后宣誓。")
        yield standing_committee(9, 14, later)
        yield standing_committee(10, 15, oath.model_copy(update={"form": OathForm.SINGLE}))
        yield general_office(10, 19, OfficeEntered())
    else:
        yield standing_committee(*course.held, oath)
        yield from _told(course)
        yield general_office(*course.entered, OfficeEntered())


def _examined(place: int, course: _Course) -> Iterator[Happening]:
    if place == _EXEMPT:
        yield general_office(*course.examined, ExamExempted(reason="本届内已参加考试并合格。"))
        return
    score = 54 if place == _RESIT else 76 + place * 7 % 22
    yield general_office(*course.examined, LawExamTaken(score=score, pass_mark=_PASS_MARK))
    if place == _RESIT:
        month, day = course.examined
        yield general_office(month, day + 2, ExamResat(score=78, pass_mark=_PASS_MARK))


def _voted(course: _Course, number: str, **tallies: int) -> Iterator[Happening]:
    vote = AppointmentVoteHeld.model_validate(course.sitting.votes(**tallies))
    yield standing_committee(*course.held, vote)
    yield standing_committee(*course.held, AppointmentApproved(decision_number=number))


def _told(course: _Course) -> Iterator[Happening]:
    yield general_office(*course.told, DecisionNotified(organs=("提请机关", "任职单位")))
    yield general_office(*course.told, Published(audiences=tuple(Audience), place="市人大网站"))


def _removal() -> Iterator[Happening]:
    """Of the bureau's head before, at the meeting that appoints the next."""
    notice = _notice("卯一", "市民政局局长", ActKind.REMOVE, "mzj", "云政免〔2026〕1号")
    yield from _ended(_APRIL, notice, _GOVERNMENT, "云人常免〔2026〕1号")


def _resignation() -> Iterator[Happening]:
    """Of a deputy mayor."""
    notice = _notice("卯二", "副市长", ActKind.ACCEPT_RESIGNATION, None, "云人辞〔2026〕1号")
    yield from _ended(_JUNE, notice, "本人", "云人常辞〔2026〕1号")


def _ended(course: _Course, notice: ArrangementNotified, proposer: str, number: str) -> Iterator[Happening]:
    yield from _before_the_exam(course, notice, proposer)
    yield chairmen(*course.cleared, Cleared())
    yield from _voted(course, number)
    yield from _told(course)
    yield general_office(*course.entered, Closed(note="已通知有关单位。"))


def _withdrawn() -> Iterator[Happening]:
    """Something came to light after the exam: the procuratorate takes the motion back before the vote."""
    notice = _notice("卯三", "市人民检察院副检察长", ActKind.APPOINT, "jcy", "云检任〔2026〕0号")
    yield from _before_the_exam(_APRIL, notice, _PROCURATORATE)
    yield general_office(*_APRIL.examined, LawExamTaken(score=88, pass_mark=_PASS_MARK))
    yield chairmen(*_APRIL.cleared, Cleared())
    yield standing_committee(4, 24, IssueRaised(issue="公示期间收到反映，需进一步核实。"))
    yield standing_committee(4, 27, MotionWithdrawn(reason="提请机关决定撤回，待核实后另行研究。"))
    yield chairmen(5, 11, Dropped(reason="任免案已撤回。"))


def _duty(official: str, post: str, of: str, **more: Any) -> Step:
    said = {"jurisdiction": JURISDICTION, "title": f"{post}{official}述职评议", "plan": named("plan-appraisal")}
    return SelectedForAppraisal.model_validate(
        said | {"official": official, "post": post, "unit": of, "year": YEAR} | more
    )


def _farming() -> Iterator[Happening]:
    """Appointed before the cases were kept here; satisfied, and followed up."""
    yield chairmen(3, 6, _duty("卯四", "市农业农村局局长", "nyj", in_post_since="2023-03-30"))
    bureau = unit("nyj")
    yield bureau(7, 10, DutyReportSubmitted(summary="履职三年来高标准农田建设、农村改厕等工作情况。"))
    asked = OpinionsCollected(asked=("市纪委监委", "市审计局", "部分市人大代表"), summary="总体评价较好。")
    yield committee(7, 16, asked)
    yield committee(7, 23, InvestigationConducted(summary="农村改厕后续管护经费不足。"))
    yield general_office(8, 11, AUGUST.scheduled())
    poll = AUGUST.polled(19, 7, 1, 1)
    yield from _heard(AUGUST, ("甲九", "丙六"), poll, Rating.SATISFIED)
    yield from _told_of_duty(9, 8)
    problem = ProblemToList(problem="p-1", text="农村改厕后续管护经费没有保障", unit="nyj")
    yield from _to_put_right((9, 4), (9, 10), "nyj", problem)
    yield bureau(11, 16, ListedProblemRectified(problem="p-1", summary="管护经费列入年度预算。"))
    yield committee(11, 19, ProblemVerified(problem="p-1", verified_by="农业农村委员会"))
    yield bureau(11, 24, ReportSubmitted(summary="问题已整改。"))
    yield committee(12, 8, FollowUpHeld(summary="实地查看三个村，管护人员已到位。"))
    yield chairmen(12, 10, Closed())


def _education() -> Iterator[Happening]:
    """Of the head of a bureau who was appointed in February; what is to be put right is still open at the end."""
    bureau, told = unit("jyj"), "市教育局局长"
    yield chairmen(6, 12, _duty("寅一", told, "jyj", appointment=named(appointed(1)), in_post_since="2026-02-26"))
    yield bureau(9, 18, DutyReportSubmitted(summary="任职以来普惠学前教育、校园食堂等工作情况。"))
    asked = OpinionsCollected(asked=("市纪委监委", "部分市人大代表"), summary="普遍认为工作扎实，幼儿园整改需加快。")
    yield committee(9, 22, asked)
    yield committee(10, 12, InvestigationConducted(summary="两所公办幼儿园用地尚未落实。"))
    yield general_office(10, 13, OCTOBER.scheduled())
    yield from _heard(OCTOBER, ("乙六", "丁四"), OCTOBER.polled(13, 14, 3), Rating.BASICALLY_SATISFIED)
    yield from _told_of_duty(11, 10)
    problem = ProblemToList(problem="p-1", text="两所公办幼儿园用地尚未落实", unit="jyj", co_units=("zgj",))
    yield from _to_put_right((11, 6), (11, 12), "jyj", problem)


def _heard(sitting: Sitting, speakers: tuple[str, ...], poll: dict[str, object], rated: Rating) -> Iterator[Happening]:
    on = sitting.held_on.month, sitting.held_on.day
    yield standing_committee(*on, DutyReportHeard(speakers=speakers))
    yield standing_committee(*on, AppraisalPollHeld.model_validate(poll))
    yield standing_committee(*on, RatingDetermined(rated=rated))


def _told_of_duty(month: int, day: int) -> Iterator[Happening]:
    yield party_group(month, day, OrganizationDepartmentInformed())
    yield from told_on(month, day, "市委组织部", "市纪委监委")


def _to_put_right(adopted: _Day, handed: _Day, of: str, *problems: ProblemToList) -> Iterator[Happening]:
    yield chairmen(*adopted, AppraisalOpinionsAdopted(text="评议意见：肯定成绩，限期整改下列问题。"))
    yield committee(*handed, OpinionsHandedOver(unit=of, in_person=True, problems=problems))
