"""The year's investigation into what was not clear, and its dismissal of an official, by secret ballot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.meetings import AUGUST, DECEMBER, OCTOBER
from adapters.exchange.sample.year.telling import (
    YEAR,
    chairmen,
    committee,
    general_office,
    in_order,
    party_group,
    standing_committee,
    told_on,
)
from domain.ballot import BallotMode
from domain.cases.supervision.dismissal import (
    DefenceHeard,
    DismissalDecided,
    DismissalProposed,
    DismissalProposer,
    DismissalSubmitted,
    DismissalVoted,
)
from domain.cases.supervision.investigation import (
    ConfidentialEvidenceReceived,
    ConflictRecorded,
    EvidenceProvided,
    EvidenceRequested,
    ExpertEngaged,
    InvestigationCommitteeReported,
    InvestigationDecisionVoted,
    InvestigationEstablishmentVoted,
    InvestigationProposed,
    InvestigationProposer,
    InvestigationReferred,
    InvestigationReportSubmitted,
    InvestigationSubmitted,
    Investigator,
    InvestigatorPost,
    InvestigatorsNominated,
    InvestigatorsVoted,
)
from domain.matter import Audience, Closed, PartyGroupDeliberated, Published


def facts() -> Iterator[tuple[str, list[Happening]]]:
    """Those cases by their names, each with its steps."""
    yield "investigation", in_order(_investigation(), told_on(12, 28, "市纪委监委", "市住房和城乡建设局"))
    yield "dismissal", list(_dismissal())


def _investigation() -> Iterator[Happening]:
    """A committee of five looks into why houses are cracked; one source asked not to be named, and is not."""
    proposed = InvestigationProposed(
        jurisdiction=JURISDICTION,
        title="云江新城安置房质量问题调查",
        year=YEAR,
        reason="墙体开裂范围和原因各方说法不一，需查明后作出决定。",
        proposer=InvestigationProposer.CHAIRMEN_MEETING,
    )
    yield chairmen(7, 3, proposed)
    yield party_group(7, 6, PartyGroupDeliberated(opinion="同意组织特定问题调查。"))
    yield chairmen(7, 8, InvestigationReferred(committee="城乡建设环境资源保护委员会"))
    yield committee(7, 28, InvestigationCommitteeReported(opinion="有必要组织调查委员会。"))
    yield committee(8, 12, ConflictRecorded(interested="丙五", reason="曾任项目建设单位负责人。"))
    yield general_office(8, 12, AUGUST.scheduled())
    yield chairmen(8, 13, InvestigationSubmitted())
    investigators = (
        Investigator(investigator="乙三", deputy="d-039", investigator_post=InvestigatorPost.CHAIR),
        Investigator(investigator="甲八", deputy="d-014", investigator_post=InvestigatorPost.VICE_CHAIR),
        Investigator(investigator="丁五", deputy="d-091"),
        Investigator(investigator="甲二十", deputy="d-026"),
        Investigator(investigator="乙十七", deputy="d-053"),
    )
    yield chairmen(8, 13, InvestigatorsNominated(investigators=investigators))
    said = AUGUST.votes() | {"document_number": "云人常〔2026〕43号", "due_on": date(YEAR, 11, 30)}
    yield standing_committee(8, 27, InvestigationEstablishmentVoted.model_validate(said))
    yield standing_committee(8, 27, InvestigatorsVoted.model_validate(AUGUST.votes()))
    yield committee(9, 8, ExpertEngaged(expert="巳四", expertise="结构工程"))
    asked = EvidenceRequested(evidence="e-1", title="竣工验收资料", unit="zjj", due_on=date(YEAR, 9, 30))
    yield committee(9, 9, asked)
    builder = EvidenceRequested(
        evidence="e-2", title="施工日志和检测报告", organisation="施工总承包单位", due_on=date(YEAR, 10, 16)
    )
    yield committee(9, 9, builder)
    yield committee(9, 24, EvidenceProvided(evidence="e-1", summary="资料完整。"))
    yield committee(10, 14, EvidenceProvided(evidence="e-2", summary="缺两个楼栋的混凝土检测报告。"))
    yield committee(10, 20, ConfidentialEvidenceReceived(evidence="e-3", title="混凝土配比记录复印件"))
    report = InvestigationReportSubmitted(summary="三栋楼混凝土强度不足，原因查明，责任清楚。")
    yield committee(11, 25, report)
    decided = DECEMBER.votes() | {
        "text": "责成市人民政府三个月内完成加固并安置住户。",
        "document_number": "云人常〔2026〕61号",
    }
    yield standing_committee(12, 23, InvestigationDecisionVoted.model_validate(decided))
    yield chairmen(12, 30, Closed())


def _dismissal() -> Iterator[Happening]:
    """Of a bureau's head; he speaks for himself before the vote, and the next is appointed at the same meeting."""
    proposed = DismissalProposed(
        jurisdiction=JURISDICTION,
        title="关于撤销卯五的市城市管理局局长职务的议案",
        year=YEAR,
        unit="cgj",
        holder="卯五",
        post="市城市管理局局长",
        reason="建筑垃圾处置监管失职，造成严重后果。",
        proposer=DismissalProposer.GOVERNMENT,
        materials=("调查报告", "处理建议"),
    )
    yield general_office(10, 9, proposed)
    yield party_group(10, 10, PartyGroupDeliberated(opinion="同意提请常委会审议。"))
    yield chairmen(10, 16, DismissalSubmitted())
    yield general_office(10, 16, OCTOBER.scheduled())
    yield standing_committee(10, 29, DefenceHeard(summary="承认监管责任，请求从轻处理。"))
    tallies = OCTOBER.votes(against=1, abstentions=2) | {"mode": BallotMode.SECRET}
    yield standing_committee(10, 29, DismissalVoted.model_validate(tallies))
    yield standing_committee(10, 29, DismissalDecided(document_number="云人常〔2026〕51号"))
    yield general_office(10, 30, Published(audiences=tuple(Audience), place="市人大网站"))
    yield chairmen(11, 6, Closed())
