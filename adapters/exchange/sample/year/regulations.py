"""The year's regulations: one consulted 28 days before its vote, a small one in time, one to come, three in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.meetings import APRIL, AUGUST, DECEMBER, OCTOBER, Sitting
from adapters.exchange.sample.year.telling import (
    YEAR,
    chairmen,
    committee,
    general_office,
    named,
    party_committee,
    party_group,
    standing_committee,
    unit,
)
from domain.case import Step
from domain.cases.interpretation import (
    InterpretationDeliberated,
    InterpretationDrafted,
    InterpretationGround,
    InterpretationPromulgated,
    InterpretationRequested,
    InterpretationRequester,
    InterpretationReviewed,
    InterpretationTakenUp,
    InterpretationVoted,
)
from domain.cases.legislation import (
    ApprovedByProvince,
    DeputiesTookPart,
    Division,
    DivisionNoted,
    DraftCommentClosed,
    DraftCommentOpened,
    DraftDistributed,
    DraftingTeamFormed,
    DraftSubmitted,
    EarlyInvolved,
    FeasibilityArgued,
    FiledUpward,
    FirstReadingHeld,
    ImplementationReported,
    InspectionScheduled,
    JointLegislationAgreed,
    LegislationBillFiled,
    LegislationKind,
    LegislationPlanned,
    LegislationProposed,
    MembersPaired,
    PartyCommitteeConsulted,
    PartyMemberReplied,
    PartyOpinionsConsidered,
    RegulationEntered,
    RegulationInspected,
    RegulationPromulgated,
    RegulationPublicised,
    RegulationVoted,
    SecondReadingHeld,
    SentToProvince,
    SubmittedForApproval,
    UnifiedReviewHeld,
)
from domain.cases.regulation_inquiry import (
    AnswerDrafted,
    AnswerReported,
    RegulationInquiryAnswered,
    RegulationInquiryReceived,
    UnitOpinionReceived,
    UnitOpinionsAsked,
)
from domain.matter import (
    ActivityHeld,
    ActivityKind,
    Audience,
    Closed,
    PartyGroupDeliberated,
    Published,
    ReportedToPartyCommittee,
)

PARTY_STANDING_COMMITTEE = ("丑一", "丑二", "丑三", "丑四", "丑五", "丑六", "丑七")
"""All seven of them, as their seats have it all the year."""
_GREENING, _E_BIKES, _WATER = (
    "云江市城市绿化条例",
    "云江市电动自行车停放充电管理规定",
    "云江市饮用水水源保护条例（修正）",
)
_GAZETTE = "市人大常委会公报"


def regulations() -> Iterator[tuple[str, list[Happening]]]:
    """Those cases by their names, each with its steps."""
    yield "law-cleanliness", list(_cleanliness())
    yield "law-springs", list(_springs())
    yield "law-dogs", list(_dogs())
    yield "law-greening", list(_greening())
    yield "law-e-bikes", list(_e_bikes())
    yield "law-water", list(_water())
    yield "interpretation", list(_interpretation())
    yield "regulation-inquiry", list(_inquiry())


# The register of those in force


def _entered(title: str, of: str, number: str, passed: str, approved: str, promulgated: str, in_force: str) -> Step:
    return RegulationEntered.model_validate(
        {
            "jurisdiction": JURISDICTION,
            "title": title,
            "number": number,
            "year": int(in_force[:4]),
            "unit": of,
            "passed_on": passed,
            "approved_on": approved,
            "promulgated_on": promulgated,
            "in_force_on": in_force,
        }
    )


def _cleanliness() -> Iterator[Happening]:
    """In force since 2021, and inspected this year."""
    days = ("2020-10-29", "2020-12-18", "2021-01-08", "2021-05-01")
    yield committee(1, 5, _entered("云江市市容和环境卫生管理条例", "cgj", "云江法规第3号", *days))
    yield chairmen(1, 27, InspectionScheduled(year=YEAR, inspection=named("inspection")))
    yield chairmen(9, 4, RegulationInspected(year=YEAR, summary="检查报告已经常委会审议。"))


def _springs() -> Iterator[Happening]:
    """In force since 2018, and to be amended."""
    days = ("2017-10-26", "2018-01-24", "2018-02-08", "2018-06-01")
    yield committee(1, 5, _entered("云江市饮用水水源保护条例", "slj", "云江法规第1号", *days))
    yield unit("slj")(4, 16, ImplementationReported(unit="slj", summary="水源地规范化建设全部达标，处罚条款偏轻。"))


def _dogs() -> Iterator[Happening]:
    """In force since 2024."""
    days = ("2023-08-30", "2023-11-29", "2023-12-12", "2024-03-01")
    yield committee(1, 5, _entered("云江市养犬管理条例", "gaj", "云江法规第5号", *days))


# Those that are made


def _proposed(title: str, of: str, kind: LegislationKind = LegislationKind.ENACT, **more: Any) -> Step:
    said = {
        "jurisdiction": JURISDICTION,
        "title": title,
        "year": YEAR,
        "unit": of,
        "plan": named("plan-legislative"),
        "kind": kind,
    }
    return LegislationProposed.model_validate(said | more)


def _voted(sitting: Sitting, **tallies: int) -> Happening:
    vote = RegulationVoted.model_validate(sitting.votes(**tallies))
    return standing_committee(sitting.held_on.month, sitting.held_on.day, vote)


def _greening() -> Iterator[Happening]:
    """Read in April, voted on in August; the Party's standing committee was asked 28 days before: two too few."""
    yield committee(1, 26, _proposed(_GREENING, "lcj", committee="城乡建设环境资源保护委员会", important=True))
    yield chairmen(1, 26, LegislationPlanned(plan=named("plan-legislative")))
    experts = ("巳一", "巳二")
    yield committee(1, 29, FeasibilityArgued(feasible=True, experts=experts, summary="有必要，可行。"))
    yield party_group(2, 3, PartyGroupDeliberated(opinion="同意成立起草专班。"))
    yield party_group(2, 4, ReportedToPartyCommittee(opinion="报告条例起草重要事项。"))
    team = DraftingTeamFormed(congress_lead="乙三", government_lead="丑四", unit="lcj", members=("乙八", "甲八"))
    yield chairmen(2, 5, team)
    yield committee(2, 11, EarlyInvolved(members=("乙八",), summary="参加起草工作会议，提出框架意见。"))
    yield committee(2, 27, MembersPaired(paired_members=("甲八", "丁五")))
    yield committee(3, 12, DeputiesTookPart(deputies=("d-019", "d-047", "d-094"), summary="参加立法座谈会。"))
    yield general_office(3, 25, APRIL.scheduled())
    yield unit("lcj")(3, 26, DraftSubmitted(unit="lcj"))
    yield party_group(3, 27, PartyGroupDeliberated(opinion="同意提请常委会审议。"))
    yield unit("lcj")(3, 30, LegislationBillFiled(unit="lcj"))
    yield general_office(4, 21, DraftDistributed())
    yield standing_committee(4, 29, FirstReadingHeld(speakers=("甲八", "丁五", "乙八")))
    yield committee(5, 7, DraftCommentOpened(due_on=date(YEAR, 6, 8), place="市人大网站"))
    hearing = ActivityHeld(
        kind=ActivityKind.HEARING,
        title="城市绿化条例草案立法听证会",
        invited=("d-019", "d-047", "d-094"),
        attended=("d-019", "d-047"),
    )
    yield committee(5, 27, hearing)
    yield committee(6, 8, DraftCommentClosed(comments=218, summary="主要涉及绿地率和树木移植审批。"))
    yield committee(7, 9, UnifiedReviewHeld(summary="修改十一处，形成草案修改稿。"))
    yield party_group(7, 13, PartyGroupDeliberated(opinion="同意草案修改稿，书面征求市委常委意见。"))
    yield general_office(7, 15, AUGUST.scheduled_first())
    asked = PartyCommitteeConsulted(recipients=PARTY_STANDING_COMMITTEE, due_on=date(YEAR, 8, 14))
    yield party_group(7, 30, asked)
    for day, members in ((4, ("丑四", "丑六")), (6, ("丑三", "丑五", "丑七")), (10, ("丑一", "丑二"))):
        for member in members:
            yield party_committee(8, day, PartyMemberReplied(member=member))
    yield general_office(8, 10, AUGUST.scheduled())
    yield party_group(8, 14, PartyOpinionsConsidered(summary="采纳两处文字修改意见。"))
    yield committee(8, 17, UnifiedReviewHeld(summary="形成草案表决稿。"))
    yield general_office(8, 19, DraftDistributed())
    yield standing_committee(8, 27, SecondReadingHeld(speakers=("甲八", "乙八")))
    yield _voted(AUGUST)
    yield chairmen(8, 31, SubmittedForApproval(document_number="云人常〔2026〕41号"))
    yield chairmen(9, 29, ApprovedByProvince())
    promulgated = RegulationPromulgated(
        document_number="云人常〔2026〕第11号公告", in_force_on=date(YEAR + 1, 1, 1), place=_GAZETTE
    )
    yield chairmen(10, 13, promulgated)
    yield general_office(10, 13, Published(audiences=tuple(Audience), place="市人大网站"))
    yield committee(10, 14, RegulationPublicised(summary="召开新闻发布会，逐条解读。", place="市人大网站"))
    yield general_office(10, 22, SentToProvince())
    yield general_office(11, 9, FiledUpward())


def _e_bikes() -> Iterator[Happening]:
    """Small, fast, agile: eleven articles, from April to December; disputed, and so evaluated by a third party."""
    yield committee(4, 8, _proposed(_E_BIKES, "xfd", committee="监察和司法委员会", small=True))
    yield chairmen(4, 8, LegislationPlanned(plan=named("plan-legislative")))
    yield party_group(5, 8, PartyGroupDeliberated(opinion="同意成立起草专班。"))
    yield chairmen(5, 11, DraftingTeamFormed(congress_lead="丙三", government_lead="丑四", unit="xfd"))
    yield general_office(7, 14, AUGUST.scheduled_first())
    yield unit("xfd")(7, 17, DraftSubmitted(unit="xfd"))
    yield party_group(7, 20, PartyGroupDeliberated(opinion="同意提请常委会审议。"))
    yield unit("xfd")(7, 21, LegislationBillFiled(unit="xfd"))
    yield general_office(8, 10, AUGUST.scheduled())
    yield general_office(8, 19, DraftDistributed())
    yield standing_committee(8, 27, FirstReadingHeld(speakers=("甲五", "甲六")))
    yield committee(8, 31, DraftCommentOpened(due_on=date(YEAR, 9, 30), place="市人大网站"))
    yield committee(9, 2, DivisionNoted(kind=Division.DISPUTED, reason="对集中充电设施建设责任争议较大。"))
    evaluated = ActivityHeld(
        kind=ActivityKind.THIRD_PARTY, title="充电设施建设责任第三方评估", summary="建议由产权单位负责，财政适当补助。"
    )
    yield committee(9, 17, evaluated)
    yield committee(9, 18, UnifiedReviewHeld(summary="吸收评估意见，形成草案修改稿。"))
    yield party_group(9, 21, PartyGroupDeliberated(opinion="同意草案修改稿，书面征求市委常委意见。"))
    yield general_office(9, 23, OCTOBER.scheduled())
    asked = PartyCommitteeConsulted(recipients=PARTY_STANDING_COMMITTEE, due_on=date(YEAR, 10, 16))
    yield party_group(9, 23, asked)
    yield committee(9, 30, DraftCommentClosed(comments=97))
    for member in PARTY_STANDING_COMMITTEE:
        yield party_committee(10, 12, PartyMemberReplied(member=member))
    yield party_group(10, 15, PartyOpinionsConsidered(summary="没有修改意见。"))
    yield general_office(10, 21, DraftDistributed())
    yield standing_committee(10, 29, SecondReadingHeld(speakers=("甲五",)))
    yield _voted(OCTOBER, abstentions=1)
    yield chairmen(11, 3, SubmittedForApproval(document_number="云人常〔2026〕52号"))
    yield chairmen(12, 1, ApprovedByProvince())
    promulgated = RegulationPromulgated(
        document_number="云人常〔2026〕第14号公告", in_force_on=date(YEAR + 1, 3, 1), place=_GAZETTE
    )
    yield chairmen(12, 11, promulgated)
    yield general_office(12, 11, Published(audiences=tuple(Audience), place="市人大网站"))
    yield committee(12, 14, RegulationPublicised(summary="图文解读。", place="市人大网站"))
    yield general_office(12, 22, SentToProvince())


def _water() -> Iterator[Happening]:
    """An amendment, made jointly with the city above on the same river; read for the first time in December."""
    amending = _proposed(
        _WATER, "slj", LegislationKind.AMEND, regulation=named("law-springs"), committee="农业农村委员会"
    )
    yield committee(9, 8, amending)
    yield chairmen(9, 8, LegislationPlanned(plan=named("plan-legislative")))
    yield party_group(9, 14, PartyGroupDeliberated(opinion="同意成立起草专班。"))
    yield chairmen(9, 16, DraftingTeamFormed(congress_lead="丁三", government_lead="丑四", unit="slj"))
    joint = JointLegislationAgreed(partners=("上游石桥市人大常委会",), summary="跨市水源地协同立法。")
    yield committee(10, 21, joint)
    yield general_office(11, 18, DECEMBER.scheduled())
    yield unit("slj")(11, 19, DraftSubmitted(unit="slj"))
    yield party_group(11, 19, PartyGroupDeliberated(opinion="同意提请常委会审议。"))
    yield unit("slj")(11, 20, LegislationBillFiled(unit="slj"))
    yield general_office(12, 15, DraftDistributed())
    yield standing_committee(12, 23, FirstReadingHeld(speakers=("丙六", "丁六")))


# What they mean


def _interpretation() -> Iterator[Happening]:
    requested = InterpretationRequested(
        jurisdiction=JURISDICTION,
        title="《云江市市容和环境卫生管理条例》第十二条的解释",
        year=YEAR,
        unit="cgj",
        regulation=named("law-cleanliness"),
        clause="第十二条",
        requester=InterpretationRequester.GOVERNMENT,
        ground=InterpretationGround.MEANING,
        question="“临街外立面”是否包括阳台内侧？",
    )
    yield general_office(7, 8, requested)
    yield chairmen(8, 13, InterpretationTakenUp())
    text = "“临街外立面”是指建筑物面向道路、广场的外墙面及其附着物，不包括封闭阳台内侧。"
    yield committee(9, 16, InterpretationDrafted(text=text))
    yield party_group(10, 12, PartyGroupDeliberated(opinion="同意提请常委会审议。"))
    yield general_office(10, 16, OCTOBER.scheduled())
    yield standing_committee(10, 29, InterpretationDeliberated(speakers=("乙八",)))
    yield standing_committee(10, 29, InterpretationReviewed())
    yield standing_committee(10, 29, InterpretationVoted.model_validate(OCTOBER.votes()))
    yield chairmen(11, 2, InterpretationPromulgated(document_number="云人常〔2026〕第12号公告", place=_GAZETTE))
    yield general_office(11, 2, Published(audiences=tuple(Audience), place="市人大网站"))
    yield chairmen(11, 12, Closed())


def _inquiry() -> Iterator[Happening]:
    received = RegulationInquiryReceived(
        jurisdiction=JURISDICTION,
        title="关于养犬管理条例第八条适用范围的询问",
        year=YEAR,
        regulation=named("law-dogs"),
        clause="第八条",
        asked_by="云东区人大常委会",
        question="导盲犬是否适用限养区规定？",
    )
    yield committee(5, 18, received)
    yield committee(5, 20, UnitOpinionsAsked(units=("gaj", "cl"), due_on=date(YEAR, 6, 5)))
    yield unit("gaj")(6, 2, UnitOpinionReceived(unit="gaj", opinion="工作犬不受限养区限制。"))
    yield unit("cl")(6, 4, UnitOpinionReceived(unit="cl", opinion="应当保障导盲犬通行。"))
    yield committee(6, 10, AnswerDrafted(answer="导盲犬等工作犬不适用第八条关于限养区的规定。"))
    yield committee(6, 17, RegulationInquiryAnswered(document_number="云人法函〔2026〕4号"))
    yield committee(7, 3, AnswerReported())
    yield chairmen(7, 3, Closed())
