"""The year's major matters: two decisions, a report before the government decided, and a decision without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.meetings import APRIL, AUGUST, JUNE, Sitting
from adapters.exchange.sample.year.telling import (
    YEAR,
    chairmen,
    committee,
    general_office,
    government,
    in_order,
    named,
    party_committee,
    party_group,
    standing_committee,
    told_on,
    unit,
)
from domain.case import Step
from domain.cases.decision import (
    DecisionForm,
    DecisionKind,
    DecisionOpinionsIssued,
    DecisionPromulgated,
    DecisionVoted,
    ExecutionInspected,
    ExecutionReported,
    GovernmentDecisionIssued,
    MatterBillFiled,
    MatterCommentClosed,
    MatterCommentOpened,
    MatterDeliberated,
    MatterJointMeetingHeld,
    MatterPlanned,
    MatterProposed,
    MatterSource,
    PriorReportReceived,
)
from domain.matter import (
    ActivityHeld,
    ActivityKind,
    ApprovedByPartyCommittee,
    Audience,
    Closed,
    PartyGroupDeliberated,
    Published,
    ReportedToPartyCommittee,
    SubmittedToPartyCommittee,
)

_Day = tuple[int, int]


def decisions() -> Iterator[tuple[str, list[Happening]]]:
    """Those cases by their names, each with its steps."""
    yield "decision-industry", in_order(_industry(), _gates((2, 26), (2, 27), (3, 10)))
    yield "decision-trees", in_order(_trees(), _gates((5, 14), (5, 15), (5, 28)))
    yield "decision-renewal", in_order(_renewal(), told_on(7, 7, "市住房和城乡建设局"))
    yield "decision-fares", list(_fares())


def _proposed(kind: DecisionKind, title: str, of: str, **more: Any) -> Step:
    said = {"jurisdiction": JURISDICTION, "title": title, "year": YEAR, "unit": of, "kind": kind}
    return MatterProposed.model_validate(said | more)


def _gates(group: _Day, submitted: _Day, approved: _Day) -> Iterator[Happening]:
    yield party_group(*group, PartyGroupDeliberated(opinion="同意列为议题，报市委。"))
    yield party_group(*submitted, SubmittedToPartyCommittee(opinion="请市委研究。"))
    yield party_committee(*approved, ApprovedByPartyCommittee(opinion="同意。"))


def _voted(sitting: Sitting, form: DecisionForm, units: tuple[str, ...], due_on: date, **tallies: int) -> Happening:
    said = sitting.votes(**tallies) | {"form": form, "units": units, "due_on": due_on}
    return standing_committee(sitting.held_on.month, sitting.held_on.day, DecisionVoted.model_validate(said))


def _industry() -> Iterator[Happening]:
    """On a deployment of the Party committee; one of the two organs reports a great problem, which goes up."""
    proposed = _proposed(
        DecisionKind.COMMITTEE_DECIDES,
        "关于促进先进制造业高质量发展的决定",
        "gxj",
        plan=named("plan-major"),
        source=MatterSource.PARTY_COMMITTEE,
        deployment="市委关于制造业强市建设的部署",
    )
    yield general_office(2, 3, proposed)
    organs = ("市委办公室", "市人大常委会办公室", "市人民政府办公室")
    yield chairmen(2, 11, MatterJointMeetingHeld(organs=organs, summary="一致同意列入年度议题。"))
    yield chairmen(3, 5, MatterPlanned(plan=named("plan-major")))
    yield general_office(3, 25, APRIL.scheduled())
    yield unit("gxj")(3, 27, MatterBillFiled(unit="gxj", text="提请审议关于促进先进制造业高质量发展的议案。"))
    yield committee(3, 27, MatterCommentOpened(due_on=date(YEAR, 4, 13), place="市人大网站"))
    yield committee(4, 13, MatterCommentClosed(comments=63, summary="主要涉及要素保障和人才引进。"))
    yield standing_committee(4, 29, MatterDeliberated(speakers=("甲七", "乙五")))
    yield _voted(APRIL, DecisionForm.DECISION, ("gxj", "fgw"), date(YEAR, 10, 30))
    yield chairmen(4, 30, DecisionPromulgated(document_number="云人常〔2026〕第5号公告", place="市人大网站"))
    yield general_office(4, 30, Published(audiences=tuple(Audience), place="市人大网站"))
    yield unit("gxj")(10, 20, ExecutionReported(unit="gxj", summary="技改投资增长百分之十一。"))
    problem = "三个重大项目用地指标缺口较大。"
    yield unit("fgw")(10, 28, ExecutionReported(unit="fgw", summary="产业链清单已建立。", major_problems=problem))
    yield party_group(11, 5, ReportedToPartyCommittee(opinion="用地指标缺口问题专报市委。"))
    yield committee(11, 17, ExecutionInspected(members=("甲七", "丙四"), summary="走访九家企业，总体落实较好。"))


def _trees() -> Iterator[Happening]:
    """Argued by experts, adopted in August with one against; its execution is to be reported by March."""
    proposed = _proposed(
        DecisionKind.COMMITTEE_DECIDES,
        "关于加强古树名木保护的决议",
        "lcj",
        plan=named("plan-major"),
        source=MatterSource.DEPUTIES,
        deployment="市委关于生态文明建设的部署",
    )
    yield general_office(5, 12, proposed)
    yield chairmen(6, 11, MatterPlanned(plan=named("plan-major")))
    yield general_office(7, 15, AUGUST.scheduled_first())
    yield unit("lcj")(7, 17, MatterBillFiled(unit="lcj", text="提请审议关于加强古树名木保护的议案。"))
    argued = ActivityHeld(
        kind=ActivityKind.EXPERT_ARGUMENT, title="古树名木保护论证会", participants=("巳一", "巳二", "巳三")
    )
    yield committee(7, 22, argued)
    yield general_office(8, 10, AUGUST.scheduled())
    yield standing_committee(8, 27, MatterDeliberated(speakers=("丁六", "丙六")))
    yield _voted(AUGUST, DecisionForm.RESOLUTION, ("lcj",), date(YEAR + 1, 3, 31), against=1)
    yield chairmen(8, 28, DecisionPromulgated(document_number="云人常〔2026〕第9号公告", place="市人大网站"))
    yield general_office(8, 28, Published(audiences=tuple(Audience), place="市人大网站"))


def _renewal() -> Iterator[Happening]:
    """The government reports what it is going to decide, hears what the members say, and decides."""
    proposed = _proposed(
        DecisionKind.GOVERNMENT_DECIDES,
        "城市更新三年行动方案",
        "zjj",
        plan=named("plan-major"),
        source=MatterSource.REPORTING_ORGAN,
    )
    yield general_office(4, 21, proposed)
    yield chairmen(5, 11, MatterPlanned(plan=named("plan-major")))
    yield general_office(5, 20, JUNE.scheduled())
    yield unit("zjj")(6, 3, PriorReportReceived(unit="zjj", summary="行动方案送审稿及起草说明。"))
    yield standing_committee(6, 25, MatterDeliberated(speakers=("甲八", "丙五")))
    yield standing_committee(6, 30, DecisionOpinionsIssued(opinion="建议补充历史街区保护和资金平衡安排。"))
    yield government(7, 20, GovernmentDecisionIssued(unit="zjj", document_number="云政发〔2026〕31号"))
    yield chairmen(8, 13, Closed())


def _fares() -> Iterator[Happening]:
    """Known from a draft that was made public, and issued without a report: that is found (eighteen articles, 9)."""
    proposed = _proposed(
        DecisionKind.GOVERNMENT_DECIDES, "城区公交票价调整方案", "jtj", source=MatterSource.CHAIRMEN_MEETING
    )
    yield general_office(5, 13, proposed)
    yield government(5, 22, GovernmentDecisionIssued(unit="jtj", document_number="云政办发〔2026〕18号"))
    yield chairmen(6, 11, Closed(note="已函告市人民政府：今后重大决策出台前须向常委会报告。"))
