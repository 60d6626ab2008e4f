"""The year's plans and budgets: accounts, an audit whose findings are put right, execution, assets, an adjustment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.meetings import AUGUST, DECEMBER, JUNE, OCTOBER, Sitting
from adapters.exchange.sample.year.telling import (
    YEAR,
    chairmen,
    committee,
    general_office,
    in_order,
    named,
    party_group,
    standing_committee,
    told_on,
    unit,
)
from domain.cases.supervision.plan_budget import (
    AuditFindingRectified,
    AuditFindingSentBack,
    AuditFindingsRegistered,
    AuditFindingVerified,
    AuditRectificationHeard,
    AuditRectificationPollHeld,
    AuditRectificationReported,
    FindingToRegister,
    OnLineAlertExplained,
    OnLineAlertRaised,
    OnLineAlertSettled,
    PlanBudgetApproved,
    PlanBudgetDeliberated,
    PlanBudgetDraftSubmitted,
    PlanBudgetHeard,
    PlanBudgetKind,
    PlanBudgetListed,
    PlanBudgetPreliminarilyReviewed,
    PlanBudgetPreliminaryDraftSubmitted,
    PlanBudgetPublished,
    PlanBudgetReviewOpinionsReturned,
    PlanBudgetReviewResultReported,
    PlanBudgetSurveyDistributed,
    PlanBudgetVoteHeld,
)
from domain.matter import ActivityHeld, ActivityKind, Closed, PartyGroupDeliberated

_Day = tuple[int, int]
_TEN_THOUSAND = 10_000


def money() -> Iterator[tuple[str, list[Happening]]]:
    """Those cases by their names, each with its steps."""
    yield "money-accounts", in_order(_accounts(), told_on(7, 14, "市财政局", "市审计局"))
    yield "money-audit", in_order(_audit(), told_on(7, 14, "市纪委监委", "市委组织部"))
    yield "money-budget", in_order(_budget(), told_on(9, 8, "市财政局", "市审计局"))
    yield "money-plan", in_order(_plan(), told_on(9, 8, "市发展和改革委员会"))
    yield "money-assets", in_order(_assets(), told_on(11, 10, "市纪委监委", "市审计局"))
    yield "money-adjustment", in_order(_adjustment(), told_on(11, 10, "市财政局", "市审计局"))


def _listed(kind: PlanBudgetKind, title: str, of: str, year: int) -> PlanBudgetListed:
    return PlanBudgetListed(
        jurisdiction=JURISDICTION,
        title=title,
        year=YEAR,
        unit=of,
        committee="财政经济委员会",
        plan=named("plan-supervision"),
        kind=kind,
        fiscal_year=year,
    )


def _sat(sitting: Sitting, reporter: str, *speakers: str) -> Iterator[Happening]:
    on = sitting.held_on.month, sitting.held_on.day
    yield standing_committee(*on, PlanBudgetHeard(reporter=reporter))
    yield standing_committee(*on, PlanBudgetDeliberated(speakers=speakers))


def _approved(sitting: Sitting, title: str) -> Iterator[Happening]:
    on = sitting.held_on.month, sitting.held_on.day
    yield standing_committee(*on, PlanBudgetVoteHeld.model_validate(sitting.votes()))
    yield standing_committee(*on, PlanBudgetApproved(title=title))


def _accounts() -> Iterator[Happening]:
    """Reviewed first, approved in June, made public within twenty days."""
    finance = unit("czj")
    yield general_office(1, 28, _listed(PlanBudgetKind.FINAL_ACCOUNTS, "审查和批准2025年市级决算", "czj", 2025))
    yield general_office(5, 20, JUNE.scheduled())
    yield finance(5, 25, PlanBudgetPreliminaryDraftSubmitted())
    reviewed = PlanBudgetPreliminarilyReviewed(
        text="决算草案真实完整，建议细化结转资金说明。",
        invited=("d-005", "d-019", "d-049"),
        attended=("d-005", "d-049"),
    )
    yield committee(6, 3, reviewed)
    yield finance(6, 9, PlanBudgetReviewOpinionsReturned(summary="已补充结转资金明细。"))
    yield finance(6, 12, PlanBudgetDraftSubmitted())
    yield party_group(6, 15, PartyGroupDeliberated(opinion="同意提请常委会审查。"))
    yield committee(6, 25, PlanBudgetReviewResultReported(summary="建议批准2025年市级决算。"))
    yield from _sat(JUNE, "辰十二", "甲七", "丙四")
    yield from _approved(JUNE, "关于批准2025年市级决算的决议")
    yield finance(7, 10, PlanBudgetPublished(place="市人民政府网站"))
    yield chairmen(7, 21, Closed())


def _audit() -> Iterator[Happening]:
    """Five findings: four put right and verified by December, one of them only the second time; one still open."""
    audit, on = unit("sjj"), (12, 23)
    title = "2025年度市级预算执行和其他财政收支的审计工作报告"
    yield general_office(1, 28, _listed(PlanBudgetKind.AUDIT_REPORT, title, "sjj", 2025))
    yield general_office(5, 20, JUNE.scheduled())
    yield audit(6, 12, PlanBudgetDraftSubmitted())
    yield from _sat(JUNE, "辰十三", "甲七", "乙五", "丙四", "丙五", "丁六", "甲八")
    found = (
        ("f-1", "三个部门预算编报不完整", "czj", 860),
        ("f-2", "专项资金结存未盘活", "nyj", 2_300),
        ("f-3", "政府投资项目超概算", "zjj", 1_420),
        ("f-4", "国有资产出租收入未上缴", "wgj", 175),
        ("f-5", "违规发放补贴", "jtj", 38),
    )
    findings = tuple(
        FindingToRegister(finding=key, text=text, unit=of, amount=amount * _TEN_THOUSAND, due_on=date(YEAR, 11, 30))
        for key, text, of, amount in found
    )
    yield committee(7, 6, AuditFindingsRegistered(findings=findings))
    rectified = (
        ("f-4", "wgj", 8, 18, "收入已全额上缴国库。", 175),
        ("f-5", "jtj", 8, 25, "补贴已全部收回。", 38),
        ("f-1", "czj", 9, 15, "已修订预算编报办法。", 860),
        ("f-2", "nyj", 10, 13, "结存资金收回统筹使用。", 2_300),
    )
    for key, of, month, day, summary, amount in rectified:
        done = AuditFindingRectified(finding=key, summary=summary, amount=amount * _TEN_THOUSAND)
        yield unit(of)(month, day, done)
    for key in ("f-4", "f-5", "f-1"):
        yield committee(10, 20, AuditFindingVerified(finding=key, verified_by="财政经济委员会、市审计局"))
    not_all = AuditFindingSentBack(finding="f-2", reason="仍有六百万元未收回。", due_on=date(YEAR, 12, 4))
    yield committee(10, 22, not_all)
    rest = AuditFindingRectified(finding="f-2", summary="余款已收回。", amount=2_300 * _TEN_THOUSAND)
    yield unit("nyj")(12, 2, rest)
    yield committee(12, 8, AuditFindingVerified(finding="f-2", verified_by="财政经济委员会、市审计局"))
    yield audit(12, 9, AuditRectificationReported(summary="五个问题完成整改四个，一个正在履行概算调整程序。"))
    yield standing_committee(*on, AuditRectificationHeard(speakers=("甲七", "丙四", "丁五")))
    yield standing_committee(*on, AuditRectificationPollHeld.model_validate(DECEMBER.polled(18, 12, 1)))


def _budget() -> Iterator[Happening]:
    """With an alert of the on-line supervision that was explained."""
    finance = unit("czj")
    yield general_office(1, 28, _listed(PlanBudgetKind.BUDGET_EXECUTION, "2026年上半年预算执行情况", "czj", YEAR))
    alert = OnLineAlertRaised(
        alert="w-1", text="某专项资金支付进度低于百分之二十", unit="swj", due_on=date(YEAR, 7, 17)
    )
    yield committee(7, 3, alert)
    yield unit("swj")(7, 14, OnLineAlertExplained(alert="w-1", explanation="项目验收后集中支付，七月底支付完毕。"))
    yield general_office(7, 15, AUGUST.scheduled_first())
    yield committee(8, 4, OnLineAlertSettled(alert="w-1"))
    yield finance(8, 7, PlanBudgetDraftSubmitted())
    yield general_office(8, 10, AUGUST.scheduled())
    yield from _sat(AUGUST, "辰十二", "甲七", "丙四")
    yield chairmen(9, 15, Closed())


def _plan() -> Iterator[Happening]:
    title = "2026年上半年国民经济和社会发展计划执行情况"
    yield general_office(1, 28, _listed(PlanBudgetKind.PLAN_EXECUTION, title, "fgw", YEAR))
    yield general_office(7, 15, AUGUST.scheduled_first())
    yield unit("fgw")(8, 7, PlanBudgetDraftSubmitted())
    yield general_office(8, 10, AUGUST.scheduled())
    yield from _sat(AUGUST, "辰六", "乙五", "甲七")
    yield chairmen(9, 15, Closed())


def _assets() -> Iterator[Happening]:
    yield general_office(1, 28, _listed(PlanBudgetKind.STATE_ASSETS, "2025年度国有资产管理情况", "gzw", 2025))
    survey = ActivityHeld(
        kind=ActivityKind.SURVEY,
        title="行政事业性国有资产管理调研",
        invited=("d-020", "d-053", "d-099"),
        attended=("d-020", "d-099"),
        participants=("甲七", "丙四"),
    )
    yield committee(9, 22, survey)
    yield general_office(9, 23, OCTOBER.scheduled())
    yield unit("gzw")(10, 14, PlanBudgetDraftSubmitted())
    yield committee(10, 20, PlanBudgetSurveyDistributed(title="国有资产管理调研报告"))
    yield from _sat(OCTOBER, "辰十四", "甲七", "乙五")
    yield chairmen(11, 24, Closed())


def _adjustment() -> Iterator[Happening]:
    """Its first draft is there a day before it has to be, thirty days before the meeting."""
    finance = unit("czj")
    yield general_office(9, 15, _listed(PlanBudgetKind.BUDGET_ADJUSTMENT, "2026年市级预算调整方案", "czj", YEAR))
    yield general_office(9, 23, OCTOBER.scheduled())
    yield finance(9, 28, PlanBudgetPreliminaryDraftSubmitted())
    reviewed = PlanBudgetPreliminarilyReviewed(
        text="同意新增债券安排，建议明确项目绩效目标。",
        invited=("d-005", "d-019", "d-076"),
        attended=("d-005", "d-019", "d-076"),
    )
    yield committee(10, 12, reviewed)
    yield finance(10, 14, PlanBudgetReviewOpinionsReturned(summary="已补充绩效目标。"))
    yield finance(10, 15, PlanBudgetDraftSubmitted())
    yield party_group(10, 16, PartyGroupDeliberated(opinion="同意提请常委会审查。"))
    yield committee(10, 29, PlanBudgetReviewResultReported(summary="建议批准。"))
    yield from _sat(OCTOBER, "辰十二", "甲七", "丁六")
    yield from _approved(OCTOBER, "关于批准2026年市级预算调整方案的决议")
    yield finance(11, 12, PlanBudgetPublished(place="市人民政府网站"))
    yield chairmen(11, 24, Closed())
