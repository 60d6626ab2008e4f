"""Special investigation (特定问题调查): a committee of its own finds out what is not clear before the body decides.

Source: 监督法 (2024) art. 55-59. The law sets no term for the report; the standing committee may name a date.

A citizen may ask that the source of what he gives be kept secret (art. 58). Such evidence is recorded by a step of its
own that has no field for a source; the name stays on paper with the committee, and the case is then told to nobody
outside the congress.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from domain import clock
from domain.ballot import Vote, VoteStep
from domain.case import Act, Awaited, Role, Step
from domain.clock import Deadline
from domain.matter import (
    CHAIRMEN,
    COMMITTEE,
    KEEPERS,
    Closed,
    Matter,
    MatterOpening,
    require_not_before,
    require_once,
)
from domain.office import Body, Office
from domain.part import Part
from domain.proposal import fewer_than_a_fifth
from domain.refusal import Refused
from domain.values import Code, DeputyId, Line, Text, UnitCode, Word

EVIDENCE, REPORT = "investigation.evidence", "investigation.report"


class InvestigationProposer(Word):
    """Who proposes it (art. 56): 主任会议, 五分之一以上组成人员联名."""

    CHAIRMEN_MEETING = auto()
    MEMBERS = auto()


class InvestigatorPost(Word):
    """Which part somebody has in the committee (art. 57): 主任委员, 副主任委员, 委员."""

    CHAIR = auto()
    VICE_CHAIR = auto()
    MEMBER = auto()


class Investigator(BaseModel):
    """A member of the investigation committee (调查委员会组成人员), by name, and as which deputy.

    Whoever has a seat on the standing committee needs no more than the name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    investigator: Line
    """By name."""
    deputy: DeputyId | None = None
    """As which deputy; that of the seat where none is given."""
    investigator_post: InvestigatorPost = InvestigatorPost.MEMBER


@dataclass(frozen=True)
class Conflict:
    """Somebody who has an interest in the question, and so takes no part (回避)."""

    interested: str
    reason: str
    recorded_on: date


@dataclass(frozen=True)
class Expert:
    """An expert whom the committee engaged (专家)."""

    expert: str
    expertise: str | None
    engaged_on: date


@dataclass
class Evidence(Part):
    """What the committee asked for, or was given (材料)."""

    class Stage(Word):
        EVIDENCE_REQUESTED = auto()
        PROVIDED = auto()
        WITHHELD = auto()

    title: str = ""
    unit: str | None = None
    organisation: str | None = None
    person: str | None = None
    """Key in the case of the citizen."""
    confidential: bool = False
    """Whether its source is kept secret, and therefore in no field."""
    requested_on: date | None = None
    due_on: date | None = None
    provided_on: date | None = None
    summary: str | None = None
    withheld_because: str | None = None


@dataclass
class Investigation(Matter, kind="investigation", zh="特定问题调查"):
    """特定问题调查: proposed, a committee set up and its members named, evidence taken, reported, decided upon."""

    class Stage(Word):
        PROPOSAL_MADE = auto()
        IN_COMMITTEE = auto()
        COMMITTEE_REPORTED = auto()
        SUBMITTED = auto()
        ESTABLISHED = auto()
        INVESTIGATING = auto()
        REPORTED = auto()
        DECIDED = auto()
        CLOSED = auto()
        DROPPED = auto()

    reason: str = ""
    """Which facts are not clear, and for which decision."""
    proposer: InvestigationProposer = InvestigationProposer.CHAIRMEN_MEETING
    proposers: tuple[str, ...] = ()
    committee_opinion: str | None = None
    conflicts: list[Conflict] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    """On setting the committee up, on who is on it, and on the decision."""
    established_on: date | None = None
    nominated: tuple[Investigator, ...] = ()
    investigators: tuple[Investigator, ...] = ()
    constituted_on: date | None = None
    experts: list[Expert] = field(default_factory=list)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    report: str | None = None
    reported_on: date | None = None
    decision: str | None = None
    decided_on: date | None = None

    def audience(self) -> Iterator[str]:
        """The Party committee and the deputies on its committee; others once it is decided, if no source is secret."""
        told = self.decided_on is not None and not any(one.confidential for one in self.evidence.values())
        yield from (key for key in super().audience() if told or key == Role.PARTY_COMMITTEE)
        for one in self.investigators:
            if one.deputy is not None:
                yield f"{Role.DEPUTY}:{one.deputy}"

    def awaited(self) -> Iterator[Awaited]:
        """What the chairmen's meeting, the committee and the body owe."""
        yield from super().awaited()
        match self.stage:
            case Stage.PROPOSAL_MADE | Stage.COMMITTEE_REPORTED:
                yield Awaited(Role.DEPUTY_AFFAIRS, InvestigationSubmitted.declared.wire)
            case Stage.IN_COMMITTEE:
                yield Awaited(Role.DEPUTY_AFFAIRS, InvestigationCommitteeReported.declared.wire)
            case Stage.SUBMITTED:
                yield Awaited(Role.DEPUTY_AFFAIRS, InvestigationEstablishmentVoted.declared.wire, from_on=self.meets_on)
            case Stage.ESTABLISHED if not self.nominated:
                yield Awaited(Role.DEPUTY_AFFAIRS, InvestigatorsNominated.declared.wire)
            case Stage.ESTABLISHED:
                yield Awaited(Role.DEPUTY_AFFAIRS, InvestigatorsVoted.declared.wire, from_on=self.meets_on)
            case Stage.INVESTIGATING:
                yield Awaited(Role.DEPUTY_AFFAIRS, InvestigationReportSubmitted.declared.wire, self.due_by(REPORT))
                yield from self._evidence_owed()
            case Stage.REPORTED:
                yield Awaited(Role.DEPUTY_AFFAIRS, InvestigationDecisionVoted.declared.wire)
            case Stage.DECIDED:
                yield Awaited(Role.DEPUTY_AFFAIRS, Closed.declared.wire)

    def _evidence_owed(self) -> Iterator[Awaited]:
        for one in self.evidence.values():
            if one.stage is Evidence.Stage.EVIDENCE_REQUESTED:
                due_on = self.due_by(EVIDENCE, one.key)
                yield Awaited(Role.DEPUTY_AFFAIRS, EvidenceProvided.declared.wire, due_on, one.key)


Stage = Investigation.Stage
IN_CONTROL = frozenset({Stage.SUBMITTED, Stage.ESTABLISHED, Stage.INVESTIGATING})
"""Since it was put before the standing committee, until the committee has reported."""


# Proposing


class InvestigationProposed(
    MatterOpening,
    of=Investigation,
    wire="investigation.proposed.v1",
    zh="提议组织调查委员会",
    opens=True,
    leads_to=Stage.PROPOSAL_MADE,
    by=COMMITTEE,
):
    """A resolution is called for, and facts that matter are not clear: a committee is proposed (art. 55, 56)."""

    reason: Text
    """Which facts are not clear, and for which decision."""
    proposer: InvestigationProposer
    proposers: tuple[Line, ...] = Field(default=(), max_length=500)
    """The members who sign it, by name, where members do."""

    def check(self, case: Matter | None, office: Office) -> None:
        super().check(case, office)
        require_once(self.proposers, "proposers")

    def apply(self, case: Investigation, act: Act) -> None:
        super().apply(case, act)
        case.reason, case.proposer, case.proposers = self.reason, self.proposer, self.proposers


class InvestigationReferred(
    Step,
    of=Investigation,
    wire="investigation.referred_to_committee.v1",
    zh="交专门委员会审议",
    while_in={Stage.PROPOSAL_MADE},
    leads_to=Stage.IN_COMMITTEE,
    by=CHAIRMEN,
):
    """The chairmen's meeting first has a special committee deliberate it (art. 56)."""

    committee: Line

    def apply(self, case: Investigation, act: Act) -> None:
        case.committee = self.committee


class InvestigationCommitteeReported(
    Step,
    of=Investigation,
    wire="investigation.committee_reported.v1",
    zh="专门委员会提出审议报告",
    while_in={Stage.IN_COMMITTEE},
    leads_to=Stage.COMMITTEE_REPORTED,
    by=KEEPERS,
):
    """The special committee reports what it thinks of the proposal (art. 56)."""

    opinion: Text

    def apply(self, case: Investigation, act: Act) -> None:
        case.committee_opinion = self.opinion


class InvestigationSubmitted(
    Step,
    of=Investigation,
    wire="investigation.submitted.v1",
    zh="提请常委会审议",
    while_in={Stage.PROPOSAL_MADE, Stage.COMMITTEE_REPORTED},
    leads_to=Stage.SUBMITTED,
    by=CHAIRMEN,
):
    """The chairmen's meeting puts the proposal before the standing committee (art. 56)."""

    def breaches(self, case: Investigation, office: Office) -> Iterator[Refused]:
        """Members who propose it are one fifth of all or more (art. 56)."""
        if case.proposer is InvestigationProposer.MEMBERS:
            yield from fewer_than_a_fifth(case.proposers, office)


# The committee


class ConflictRecorded(
    Step,
    of=Investigation,
    wire="investigation.conflict_recorded.v1",
    zh="利害关系人回避",
    while_in=IN_CONTROL | {Stage.PROPOSAL_MADE, Stage.IN_COMMITTEE, Stage.COMMITTEE_REPORTED},
    by=COMMITTEE,
):
    """Somebody has an interest in the question, and takes no part; whoever is on the committee leaves it (art. 57)."""

    interested: Line
    """A member of the standing committee, a deputy, an expert: by name."""
    reason: Text

    def already(self, case: Investigation) -> bool:
        return any(one.interested == self.interested for one in case.conflicts)

    def apply(self, case: Investigation, act: Act) -> None:
        case.conflicts.append(Conflict(self.interested, self.reason, act.occurred_on))
        case.nominated = tuple(one for one in case.nominated if one.investigator != self.interested)
        case.investigators = tuple(one for one in case.investigators if one.investigator != self.interested)
        case.experts = [one for one in case.experts if one.expert != self.interested]


def _interested(case: Investigation, name: str) -> Iterator[Refused]:
    if any(one.interested == name for one in case.conflicts):
        yield Refused("interested-person-takes-part", name=name)


class InvestigationEstablishmentVoted(
    VoteStep,
    of=Investigation,
    wire="investigation.establishment_voted.v1",
    zh="表决组织调查委员会的决定",
    while_in={Stage.SUBMITTED},
    moves={(Stage.SUBMITTED, Stage.ESTABLISHED)},
    by=COMMITTEE,
):
    """The standing committee decides whether a committee investigates (art. 55, 56); who is on it is voted on apart."""

    document_number: Line | None = None
    due_on: date | None = None
    """Until when it is to report, where a date is named."""

    def check(self, case: Investigation, office: Office) -> None:
        super().check(case, office)
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None and self.counted(act.occurred_on).passed:
            yield clock.agreed(REPORT, act.occurred_on, self.due_on)

    def apply(self, case: Investigation, act: Act) -> None:
        vote = self.counted(act.occurred_on)
        case.votes.append(vote)
        if vote.passed:
            case.established_on = act.occurred_on
            if case.stage is Stage.SUBMITTED:
                case.stage = Stage.ESTABLISHED


class InvestigatorsNominated(
    Step,
    of=Investigation,
    wire="investigation.investigators_nominated.v1",
    zh="提名调查委员会组成人员",
    while_in=IN_CONTROL,
    by=CHAIRMEN,
):
    """The chairmen's meeting nominates members of the standing committee and deputies for the committee (art. 57).

    A deputy needs no seat on the standing committee; whoever is neither is refused. A later nomination replaces it.
    """

    investigators: tuple[Investigator, ...] = Field(min_length=1, max_length=200)

    def check(self, case: Investigation, office: Office) -> None:
        require_once((one.investigator for one in self.investigators), "investigators")
        seated = {seat.holder for seat in office.jurisdiction.seats_on(Body.STANDING_COMMITTEE, office.day)}
        for i, one in enumerate(self.investigators):
            if one.deputy is not None:
                office.require_deputy(one.deputy, f"investigators.{i}.deputy")
            elif one.investigator not in seated:
                raise Refused("investigator-not-a-deputy", field=f"investigators.{i}", name=one.investigator)

    def filled_in(self, case: Investigation, office: Office) -> Self:
        """With the deputy who holds the seat, where nobody else was named."""
        seats = office.jurisdiction.seats_on(Body.STANDING_COMMITTEE, office.day)
        holders = {seat.holder: seat.deputy for seat in seats}
        told = tuple(
            one.model_copy(update={"deputy": one.deputy or holders.get(one.investigator)}) for one in self.investigators
        )
        return self.model_copy(update={"investigators": told})

    def breaches(self, case: Investigation, office: Office) -> Iterator[Refused]:
        """Nobody on it has an interest in the question (art. 57)."""
        for one in self.investigators:
            yield from _interested(case, one.investigator)

    def already(self, case: Investigation) -> bool:
        return case.nominated == self.investigators

    def apply(self, case: Investigation, act: Act) -> None:
        case.nominated = self.investigators


class InvestigatorsVoted(
    VoteStep,
    of=Investigation,
    wire="investigation.investigators_voted.v1",
    zh="通过调查委员会组成人员",
    while_in={Stage.ESTABLISHED, Stage.INVESTIGATING},
    moves={(Stage.ESTABLISHED, Stage.INVESTIGATING)},
    by=COMMITTEE,
):
    """The standing committee votes on who is on the committee, as they were nominated (art. 57).

    If it passes, the committee is constituted, or its members are others from then on.
    """

    def check(self, case: Investigation, office: Office) -> None:
        super().check(case, office)
        if not case.nominated:
            raise Refused("nobody-nominated")

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """It has one chair (art. 57)."""
        yield from super().breaches(case, office)
        if sum(one.investigator_post is InvestigatorPost.CHAIR for one in case.nominated) != 1:
            yield Refused("committee-without-one-chair")

    def apply(self, case: Investigation, act: Act) -> None:
        vote = self.counted(act.occurred_on)
        case.votes.append(vote)
        if vote.passed:
            case.investigators, case.nominated = case.nominated, ()
            case.constituted_on = case.constituted_on or act.occurred_on
            if case.stage is Stage.ESTABLISHED:
                case.stage = Stage.INVESTIGATING


class ExpertEngaged(
    Step,
    of=Investigation,
    wire="investigation.expert_engaged.v1",
    zh="聘请专家",
    while_in={Stage.INVESTIGATING},
    by=COMMITTEE,
):
    """The committee engages an expert who takes part in its work (art. 57)."""

    expert: Line
    """By name."""
    expertise: Line | None = None
    """Of what the expert knows."""

    def already(self, case: Investigation) -> bool:
        return any(one.expert == self.expert for one in case.experts)

    def breaches(self, case: Investigation, office: Office) -> Iterator[Refused]:
        """Nobody who has an interest takes part (art. 57)."""
        yield from _interested(case, self.expert)

    def apply(self, case: Investigation, act: Act) -> None:
        case.experts.append(Expert(self.expert, self.expertise, act.occurred_on))


# Evidence


class _Sourced(Step):
    """A step about evidence whose source may be told: a unit, another organisation, or a citizen by key."""

    evidence: Code
    """Its key in the case."""
    title: Line
    """What it is."""
    unit: UnitCode | None = None
    organisation: Line | None = None
    """An organisation that is no unit of the registry; never a person."""
    person: Code | None = None
    """Key in the case of the citizen, who is registered there."""

    def acting_unit(self, case: Investigation | None) -> str | None:
        """The committee takes the step."""
        return None

    def check(self, case: Investigation, office: Office) -> None:
        _require_new_evidence(case, self.evidence)
        if self.unit is not None:
            office.require_unit(self.unit, "unit")
        if self.person is not None and self.person not in case.persons:
            raise Refused("person-not-added", field="person", person=self.person)

    def noted(self, stage: Evidence.Stage) -> Evidence:
        """The evidence as this step tells of it."""
        return Evidence(self.evidence, stage, self.title, self.unit, self.organisation, self.person)


def _require_new_evidence(case: Investigation, key: str) -> None:
    if key in case.evidence:
        raise Refused("evidence-exists", field="evidence", evidence=key)


class EvidenceRequested(
    _Sourced,
    of=Investigation,
    wire="investigation.evidence_requested.v1",
    zh="要求提供材料",
    while_in={Stage.INVESTIGATING},
    by=COMMITTEE,
):
    """The committee asks an organ, an organisation or a citizen for what it needs (art. 58)."""

    due_on: date | None = None

    def check(self, case: Investigation, office: Office) -> None:
        super().check(case, office)
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(EVIDENCE, act.occurred_on, self.due_on, self.evidence)

    def apply(self, case: Investigation, act: Act) -> None:
        evidence = self.noted(Evidence.Stage.EVIDENCE_REQUESTED)
        evidence.requested_on, evidence.due_on = act.occurred_on, self.due_on
        case.evidence[self.evidence] = evidence


class EvidenceProvided(
    Step,
    of=Investigation,
    wire="investigation.evidence_provided.v1",
    zh="提供材料",
    while_in={Stage.INVESTIGATING},
    part="evidence",
    names="evidence",
    after={Evidence.Stage.EVIDENCE_REQUESTED, Evidence.Stage.WITHHELD},
    leads_to=Evidence.Stage.PROVIDED,
    by=COMMITTEE,
    stops=(EVIDENCE,),
):
    """What was asked for is given."""

    evidence: Code
    summary: Text | None = None

    def apply(self, case: Investigation, act: Act) -> None:
        if (evidence := case.evidence.get(self.evidence)) is not None:
            evidence.provided_on, evidence.summary = act.occurred_on, self.summary


class EvidenceWithheld(
    Step,
    of=Investigation,
    wire="investigation.evidence_withheld.v1",
    zh="未提供材料",
    while_in={Stage.INVESTIGATING},
    part="evidence",
    names="evidence",
    after={Evidence.Stage.EVIDENCE_REQUESTED},
    leads_to=Evidence.Stage.WITHHELD,
    by=COMMITTEE,
):
    """What was asked for is not given, and why, as far as that was said."""

    evidence: Code
    reason: Text

    def breaches(self, case: Investigation, office: Office) -> Iterator[Refused]:
        """Everybody concerned is bound to give what is needed (art. 58)."""
        yield Refused("evidence-withheld", evidence=self.evidence)

    def apply(self, case: Investigation, act: Act) -> None:
        if (evidence := case.evidence.get(self.evidence)) is not None:
            evidence.withheld_because = self.reason


class EvidenceReceived(
    _Sourced,
    of=Investigation,
    wire="investigation.evidence_received.v1",
    zh="收到材料",
    while_in={Stage.INVESTIGATING},
    by=COMMITTEE,
):
    """Somebody gives the committee what it did not ask for."""

    summary: Text | None = None

    def apply(self, case: Investigation, act: Act) -> None:
        evidence = self.noted(Evidence.Stage.PROVIDED)
        evidence.provided_on, evidence.summary = act.occurred_on, self.summary
        case.evidence[self.evidence] = evidence


class ConfidentialEvidenceReceived(
    Step,
    of=Investigation,
    wire="investigation.confidential_evidence_received.v1",
    zh="收到来源保密的材料",
    while_in={Stage.INVESTIGATING},
    by=KEEPERS,
):
    """A citizen gives something and asks that the source be kept secret: no field of it tells from whom (art. 58)."""

    evidence: Code
    """Its key in the case."""
    title: Line
    """What it is, in words that tell nothing of the source."""

    def check(self, case: Investigation, office: Office) -> None:
        _require_new_evidence(case, self.evidence)

    def check_actor(self, case: Investigation | None, act: Act) -> None:
        """Refuse to write down in whose name it is given."""
        if act.on_behalf_of is not None:
            raise Refused("confidential-source-named", field="on_behalf_of")

    def apply(self, case: Investigation, act: Act) -> None:
        case.evidence[self.evidence] = Evidence(
            self.evidence, Evidence.Stage.PROVIDED, self.title, confidential=True, provided_on=act.occurred_on
        )


# Report and decision


class InvestigationReportSubmitted(
    Step,
    of=Investigation,
    wire="investigation.report_submitted.v1",
    zh="提出调查报告",
    while_in={Stage.INVESTIGATING},
    leads_to=Stage.REPORTED,
    by=COMMITTEE,
    stops=(REPORT,),
):
    """The committee reports to the standing committee that set it up (art. 59)."""

    summary: Text

    def dropped_clocks(self, case: Investigation) -> Iterator[tuple[str, str | None]]:
        yield from ((EVIDENCE, key) for key in case.evidence)

    def apply(self, case: Investigation, act: Act) -> None:
        case.report, case.reported_on = self.summary, act.occurred_on


class InvestigationDecisionVoted(
    VoteStep,
    of=Investigation,
    wire="investigation.decision_voted.v1",
    zh="表决决议决定",
    while_in={Stage.REPORTED},
    moves={(Stage.REPORTED, Stage.DECIDED)},
    by=COMMITTEE,
):
    """The standing committee votes on a resolution or a decision on the ground of the report (art. 59)."""

    text: Text
    """What is decided."""
    document_number: Line | None = None

    def apply(self, case: Investigation, act: Act) -> None:
        vote = self.counted(act.occurred_on)
        case.votes.append(vote)
        if vote.passed:
            case.decision, case.decided_on = self.text, act.occurred_on
            if case.stage is Stage.REPORTED:
                case.stage = Stage.DECIDED
