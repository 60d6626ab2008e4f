"""Legislation (地方立法): a regulation from the proposal of its project to its repeal; the register of those in force.

Sources: 立法法 (2023) art. 43-46, 57, 59, 60, 67, 81, 83, 86-88, 109; the eighteen articles, 2 to 6; the magazine's
opinion, point 6. How many readings there are is for local rules (art. 87): no number is asked for here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import Field

from domain import clock
from domain.attachment import Sha256
from domain.ballot import Vote, VoteStep
from domain.case import Act, Awaited, ClockKey, Reference, Role, Step
from domain.clock import Deadline
from domain.matter import (
    CHAIRMEN,
    COMMITTEE,
    KEEPERS,
    PARTY,
    PARTY_GROUP,
    UNITS,
    ActivityKind,
    Gate,
    Matter,
    MatterOpening,
    PlanningStep,
    require_deputies,
    require_not_before,
    require_once,
)
from domain.office import Body, Level, Office
from domain.part import Part
from domain.refusal import Contradiction, Refused
from domain.values import CaseId, DeputyId, Line, Text, UnitCode, Word

SUBMIT, DISTRIBUTE, CONSULT_PARTY = "legislation.submit", "legislation.distribute", "legislation.consult_party"
SMALL = "small_fast_agile"
"""Which sort small, fast and agile legislation is (小快灵)."""
PARTY_REPLY, COMMENT_PERIOD, COMMENT = "legislation.party_reply", "legislation.comment_period", "legislation.comment"
TERMINATE, APPROVE = "legislation.terminate", "legislation.approve"
SEND_TO_PROVINCE, FILE_UPWARD = "legislation.send_to_province", "legislation.file_upward"
LEGISLATION = frozenset({"legislation"})


class LegislationKind(Word):
    """What the project is for: 制定, 修改, 废止."""

    ENACT = auto()
    AMEND = auto()
    REPEAL = auto()


class Division(Word):
    """How opinions differ: 争议较大 asks for a third party's evaluation, 重大分歧、社会普遍关注 for a hearing."""

    DISPUTED = auto()
    DIVIDED = auto()


class StateOrgan(Word):
    """The five organs of the coordination mechanism (立法协调机制): 人大, 政府, 监委, 法院, 检察院."""

    CONGRESS = auto()
    GOVERNMENT = auto()
    SUPERVISORY_COMMISSION = auto()
    COURT = auto()
    PROCURATORATE = auto()


class EvaluationAdvice(Word):
    """What an evaluation advises: 继续施行, 修改, 废止."""

    KEEP = auto()
    AMEND = auto()
    REPEAL = auto()


class Validity(Word):
    """Whether a regulation is in force (时效性): 尚未施行, 有效, 已废止."""

    NOT_YET_IN_FORCE = auto()
    IN_FORCE = auto()
    REPEALED = auto()


@dataclass
class PartyConsultation(Part):
    """A member of the Party's standing committee who was asked in writing (书面征求市委常委意见), by name."""

    class Stage(Word):
        PARTY_ASKED = auto()
        PARTY_REPLIED = auto()

    asked_on: date | None = None
    """When the member was asked first."""
    replied_on: date | None = None


@dataclass
class RegulationInspection(Part):
    """The inspection of the regulation in one year (执法检查)."""

    class Stage(Word):
        INSPECTION_SCHEDULED = auto()
        INSPECTED = auto()

    inspection: str | None = None
    inspected_on: date | None = None
    summary: str | None = None


@dataclass(frozen=True)
class DraftVersion:
    """A version of the draft: an attachment of the case that never changes."""

    edition: str
    sha256: str
    kept_on: date


@dataclass(frozen=True)
class Reading:
    """A deliberation of the draft by the standing committee (审次)."""

    reading: int
    held_on: date
    edition: str | None
    speakers: tuple[str, ...]


@dataclass(frozen=True)
class ClauseVote:
    """A clause that was put to a vote of its own (单独表决)."""

    clause: str
    vote: Vote


@dataclass(frozen=True)
class RegulationChange:
    """A change of a regulation in force."""

    changed_on: date
    in_force_on: date
    amended_by: str | None


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation after enactment found (立法后评估)."""

    evaluated_on: date
    advice: EvaluationAdvice | None
    summary: str


@dataclass
class Legislation(Matter, kind="legislation", zh="地方立法"):
    """地方立法: proposed, planned, drafted, read, consulted on, voted on, approved, promulgated, in force, repealed."""

    in_magazine = 1
    opens_when_told = False

    class Stage(Word):
        PROPOSED = auto()
        PLANNED = auto()
        DRAFTING = auto()
        DRAFT_SUBMITTED = auto()
        BILL_FILED = auto()
        FIRST_READ = auto()
        SECOND_READ = auto()
        THIRD_READ = auto()
        VOTE_DEFERRED = auto()
        SHELVED = auto()
        DELIBERATION_ENDED = auto()
        BILL_WITHDRAWN = auto()
        NOT_PASSED = auto()
        PASSED = auto()
        AWAITING_APPROVAL = auto()
        NOT_APPROVED = auto()
        PROVINCE_APPROVED = auto()
        PROMULGATED = auto()
        REPEALED = auto()
        CLOSED = auto()
        DROPPED = auto()

    before_meeting = (SUBMIT, DISTRIBUTE, CONSULT_PARTY)

    legislation_kind: LegislationKind = LegislationKind.ENACT
    regulation: str | None = None
    """The regulation that it amends or repeals."""
    small: bool = False
    to_congress: bool = False
    important: bool = False
    suggestions_received: int | None = None
    feasible: bool | None = None
    planned_on: date | None = None
    congress_lead: str | None = None
    government_lead: str | None = None
    third_party: str | None = None
    involved_on: date | None = None
    members: tuple[str, ...] = ()
    """Members of the standing committee who are paired with it."""
    deputies: tuple[str, ...] = ()
    """Deputies who took part."""
    coordinated: tuple[StateOrgan, ...] = ()
    partners: tuple[str, ...] = ()
    divisions: tuple[Division, ...] = ()
    versions: dict[str, DraftVersion] = field(default_factory=dict)
    submitted_on: date | None = None
    filed_on: date | None = None
    distributed_on: date | None = None
    """When the members got the draft that is read next."""
    readings: list[Reading] = field(default_factory=list)
    comment_from: date | None = None
    comment_until: date | None = None
    comments: int | None = None
    reviewed_on: date | None = None
    consulted: dict[str, PartyConsultation] = field(default_factory=dict)
    clause_votes: list[ClauseVote] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    passed_on: date | None = None
    sent_for_approval_on: date | None = None
    approved_on: date | None = None
    promulgated_on: date | None = None
    document_number: str | None = None
    in_force_on: date | None = None
    sent_to_province_on: date | None = None
    filed_upward_on: date | None = None
    publicised_on: date | None = None
    implementation_reported_on: date | None = None
    evaluations: list[Evaluation] = field(default_factory=list)
    inspections: dict[str, RegulationInspection] = field(default_factory=dict)
    amendments: list[RegulationChange] = field(default_factory=list)
    repealed_on: date | None = None

    def validity(self, day: date) -> Validity | None:
        """Whether it is in force on a day; None of a project, and of what amends or repeals another."""
        if self.legislation_kind is not LegislationKind.ENACT or self.in_force_on is None:
            return None
        if self.repealed_on is not None and self.repealed_on <= day:
            return Validity.REPEALED
        return Validity.IN_FORCE if self.in_force_on <= day else Validity.NOT_YET_IN_FORCE

    @property
    def sort(self) -> str | None:
        return SMALL if self.small else self.legislation_kind

    def held_activity(self, kind: ActivityKind) -> bool:
        """Whether there was an activity of a kind."""
        return any(activity.kind is kind for activity in self.activities)

    def still_due(self, rule: str) -> bool:
        """The draft before it is read; to the members before each reading; the Party's members once it was read."""
        if self.stage not in BEFORE_VOTE:
            return False
        match rule:
            case "legislation.submit":
                return self.submitted_on is None and self.filed_on is None and not self.readings
            case "legislation.distribute":
                return self.distributed_on is None
            case _:
                return bool(self.readings) and not self.consulted

    def audience(self) -> Iterator[str]:
        """Also the government's office once it is planned, and the Party committee once its members were asked."""
        yield from super().audience()
        if self.planned_on is not None:
            yield Role.GOVERNMENT_OFFICE
        if self.consulted:
            yield Role.PARTY_COMMITTEE

    def awaited(self) -> Iterator[Awaited]:
        """Whose turn it is: the drafters', the committee's, the Party's members', the office's."""
        yield from super().awaited()
        if self.has_ended:
            return
        if (until := self.due_by(COMMENT_PERIOD)) is not None:
            yield _of_office(DraftCommentClosed, until)
        for consultation in self.consulted.values():
            if self.stage in BEFORE_VOTE and consultation.stage is PartyConsultation.Stage.PARTY_ASKED:
                due_on = self.due_by(PARTY_REPLY, consultation.key)
                yield Awaited(Role.PARTY_COMMITTEE, PartyMemberReplied.declared.wire, due_on, consultation.key)
        for inspection in self.inspections.values():
            if inspection.stage is RegulationInspection.Stage.INSPECTION_SCHEDULED:
                yield _of_office(RegulationInspected)._replace(part=inspection.key)
        yield from self._awaited_at_its_stage()

    def _awaited_at_its_stage(self) -> Iterator[Awaited]:
        match self.stage:
            case Stage.PLANNED | Stage.DRAFTING:
                who = Role.DEPUTY_AFFAIRS if self.unit is None else f"{Role.HANDLING_UNIT}:{self.unit}"
                yield Awaited(who, DraftSubmitted.declared.wire, self.due_by(SUBMIT))
            case Stage.VOTE_DEFERRED | Stage.SHELVED:
                yield _of_office(DeliberationEnded)._replace(from_on=self.due_by(TERMINATE))
            case Stage.FIRST_READ | Stage.SECOND_READ | Stage.THIRD_READ:
                last = self.readings[-1].held_on if self.readings else None
                if self.reviewed_on is None or (last is not None and self.reviewed_on < last):
                    yield _of_office(UnifiedReviewHeld)
                elif not self.consulted:
                    yield _of_office(PartyCommitteeConsulted, self.due_by(CONSULT_PARTY))
            case Stage.PROMULGATED:
                yield from self._awaited_once_promulgated()
            case stage if (step := _NEXT.get(str(stage))) is not None:
                yield _of_office(step)

    def _awaited_once_promulgated(self) -> Iterator[Awaited]:
        for rule, step in ((SEND_TO_PROVINCE, SentToProvince), (FILE_UPWARD, FiledUpward)):
            if (due_on := self.due_by(rule)) is not None:
                yield _of_office(step, due_on)
        if self.publicised_on is None and self.votes:
            yield _of_office(RegulationPublicised, self.in_force_on)


Stage = Legislation.Stage
PREPARING = frozenset({Stage.PROPOSED, Stage.PLANNED, Stage.DRAFTING, Stage.DRAFT_SUBMITTED})
READ = frozenset({Stage.FIRST_READ, Stage.SECOND_READ, Stage.THIRD_READ})
PUT_OFF = frozenset({Stage.VOTE_DEFERRED, Stage.SHELVED})
BEFORE_VOTE = PREPARING | READ | PUT_OFF | {Stage.BILL_FILED}
REVISING = BEFORE_VOTE | {Stage.NOT_PASSED, Stage.NOT_APPROVED}
VOTABLE = READ | {Stage.VOTE_DEFERRED}
BY_CONGRESS = VOTABLE | {Stage.BILL_FILED}
RESULTS = frozenset({Stage.PASSED, Stage.NOT_PASSED})


def _of_office(step: type[Step], due_on: date | None = None) -> Awaited:
    return Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire, due_on)


def _require_version(case: Legislation, version: str | None) -> None:
    if version is not None and version not in case.versions:
        raise Refused("version-not-kept", field="edition", version=version)


# The project


class LegislationProposed(
    MatterOpening,
    of=Legislation,
    wire="legislation.proposed.v1",
    zh="立项建议",
    opens=True,
    leads_to=Stage.PROPOSED,
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """A project is proposed: to make, to amend or to repeal a regulation."""

    kind: LegislationKind
    regulation: CaseId | None = None
    """The regulation that it amends or repeals."""
    proposers: tuple[Line, ...] = Field(default=(), max_length=200)
    basis: Text | None = None
    small: bool = False
    """Whether it is small, fast and agile (小快灵; eighteen articles, 4)."""
    to_congress: bool = False
    """Whether it is so important for the whole place that the congress itself passes it (立法法 art. 86)."""
    important: bool = False
    """Whether it is an important regulation, whose drafting team has two leads."""

    def refers_to(self) -> Iterator[Reference]:
        yield from super().refers_to()
        if self.regulation is not None:
            yield Reference("regulation", self.regulation, LEGISLATION)

    def apply(self, case: Legislation, act: Act) -> None:
        super().apply(case, act)
        case.legislation_kind, case.regulation = self.kind, self.regulation
        case.small, case.to_congress, case.important = self.small, self.to_congress, self.important


class RegulationEntered(
    MatterOpening,
    of=Legislation,
    wire="legislation.entered_in_force.v1",
    zh="登记现行法规",
    opens=True,
    leads_to=Stage.PROMULGATED,
    by=KEEPERS,
):
    """A regulation that is in force already is entered into the register, with its dates."""

    passed_on: date | None = None
    approved_on: date | None = None
    promulgated_on: date | None = None
    in_force_on: date
    document_number: Line | None = None
    small: bool = False

    def check(self, case: Matter | None, office: Office) -> None:
        super().check(case, office)
        if self.promulgated_on is not None:
            _require_in_force_after(self.in_force_on, self.promulgated_on)

    def apply(self, case: Legislation, act: Act) -> None:
        super().apply(case, act)
        case.passed_on, case.approved_on, case.promulgated_on = self.passed_on, self.approved_on, self.promulgated_on
        case.in_force_on, case.document_number, case.small = self.in_force_on, self.document_number, self.small


def _require_in_force_after(in_force_on: date, promulgated_on: date) -> None:
    if in_force_on < promulgated_on:
        raise Contradiction(
            "in-force-before-promulgation",
            field="in_force_on",
            in_force_on=in_force_on.isoformat(),
            promulgated_on=promulgated_on.isoformat(),
        )


class ProjectSuggestionsCollected(
    Step,
    of=Legislation,
    wire="legislation.suggestions_collected.v1",
    zh="征集立法项目建议",
    while_in=PREPARING,
    by=CHAIRMEN,
):
    """The public was asked which regulations it wants (意见, point 6: 立法项目民意征集机制)."""

    suggestions_received: int = Field(ge=0, le=10_000_000)
    summary: Text | None = None

    def apply(self, case: Legislation, act: Act) -> None:
        case.suggestions_received = self.suggestions_received


class FeasibilityArgued(
    Step, of=Legislation, wire="legislation.feasibility_argued.v1", zh="立项论证", while_in=PREPARING, by=CHAIRMEN
):
    """Whether the regulation is needed and feasible was argued (立法项目遴选论证机制)."""

    feasible: bool
    experts: tuple[Line, ...] = Field(default=(), max_length=200)
    """Who argued, by name."""
    summary: Text

    def apply(self, case: Legislation, act: Act) -> None:
        case.feasible = self.feasible


class LegislationPlanned(
    PlanningStep,
    of=Legislation,
    wire="legislation.planned.v1",
    zh="列入立法计划",
    while_in={Stage.PROPOSED, Stage.DRAFTING, Stage.DRAFT_SUBMITTED},
    moves={(Stage.PROPOSED, Stage.PLANNED)},
    by=CHAIRMEN,
):
    """It is put into the five years' programme or the yearly plan, after the Party's organs (eighteen articles, 2).

    That may be while it is drafted: what the programme has is drafted before its year (立法法 art. 56, 57).
    """

    def apply(self, case: Legislation, act: Act) -> None:
        super().apply(case, act)
        case.planned_on = act.occurred_on
        if case.stage == Stage.PROPOSED:
            case.stage = Stage.PLANNED


# Drafting


class DraftingTeamFormed(
    Step,
    of=Legislation,
    wire="legislation.drafting_team_formed.v1",
    zh="成立起草专班",
    while_in={Stage.PROPOSED, Stage.PLANNED, Stage.DRAFTING},
    leads_to=Stage.DRAFTING,
    by=CHAIRMEN,
):
    """A drafting team is formed; that of an important regulation has two leads (双组长; opinion, point 6)."""

    congress_lead: Line | None = None
    government_lead: Line | None = None
    unit: UnitCode | None = None
    """The department that drafts."""
    members: tuple[Line, ...] = Field(default=(), max_length=200)

    def acting_unit(self, case: Legislation) -> str | None:
        return None

    def check(self, case: Legislation, office: Office) -> None:
        if self.unit is not None:
            office.require_unit(self.unit, "unit")

    def breaches(self, case: Legislation, office: Office) -> Iterator[Refused]:
        """An important regulation without a lead of the congress and one of the government."""
        if case.important and not (self.congress_lead and self.government_lead):
            yield Refused("team-without-co-leads")

    def apply(self, case: Legislation, act: Act) -> None:
        case.congress_lead, case.government_lead = self.congress_lead, self.government_lead
        case.unit = self.unit or case.unit


class DraftingCommissioned(
    Step,
    of=Legislation,
    wire="legislation.drafting_commissioned.v1",
    zh="委托第三方起草",
    while_in={Stage.PROPOSED, Stage.PLANNED, Stage.DRAFTING},
    leads_to=Stage.DRAFTING,
    by=CHAIRMEN,
):
    """A draft that asks for special knowledge is commissioned from a third party (立法法 art. 57; opinion, point 6)."""

    third_party: Line
    reason: Text | None = None

    def apply(self, case: Legislation, act: Act) -> None:
        case.third_party = self.third_party


class EarlyInvolved(
    Step, of=Legislation, wire="legislation.early_involved.v1", zh="提前介入", while_in=PREPARING, by=CHAIRMEN
):
    """The congress takes part while a department drafts (立法法 art. 57; opinion, point 6)."""

    members: tuple[Line, ...] = Field(default=(), max_length=200)
    summary: Text

    def apply(self, case: Legislation, act: Act) -> None:
        case.involved_on = case.involved_on or act.occurred_on


class MembersPaired(
    Step, of=Legislation, wire="legislation.members_paired.v1", zh="组成人员挂钩联系", while_in=REVISING, by=CHAIRMEN
):
    """Members of the standing committee are paired with the project, and take part all along (opinion, point 6)."""

    members: tuple[Line, ...] = Field(min_length=1, max_length=200)

    def check(self, case: Legislation, office: Office) -> None:
        require_once(self.members, "members")

    def already(self, case: Legislation) -> bool:
        return set(self.members) <= set(case.members)

    def apply(self, case: Legislation, act: Act) -> None:
        case.members = tuple(dict.fromkeys((*case.members, *self.members)))


class DeputiesTookPart(
    Step, of=Legislation, wire="legislation.deputies_took_part.v1", zh="代表参与立法", while_in=REVISING, by=COMMITTEE
):
    """Deputies take part in the making of it (代表直接参与立法机制; opinion, point 6)."""

    deputies: tuple[DeputyId, ...] = Field(min_length=1, max_length=1000)
    summary: Text | None = None

    def check(self, case: Legislation, office: Office) -> None:
        require_deputies(self.deputies, office, "deputies")

    def apply(self, case: Legislation, act: Act) -> None:
        case.deputies = tuple(dict.fromkeys((*case.deputies, *self.deputies)))


class OrgansCoordinated(
    Step, of=Legislation, wire="legislation.organs_coordinated.v1", zh="五机关立法协调", while_in=REVISING, by=CHAIRMEN
):
    """Congress, government, supervisory commission, court and procuratorate coordinate (opinion, point 6)."""

    coordinated: tuple[StateOrgan, ...] = Field(min_length=1, max_length=5)
    summary: Text

    def check(self, case: Legislation, office: Office) -> None:
        require_once(self.coordinated, "coordinated")

    def apply(self, case: Legislation, act: Act) -> None:
        case.coordinated = tuple(organ for organ in StateOrgan if organ in {*case.coordinated, *self.coordinated})


class JointLegislationAgreed(
    Step,
    of=Legislation,
    wire="legislation.joint_legislation_agreed.v1",
    zh="区域协同立法",
    while_in=REVISING,
    by=CHAIRMEN,
):
    """It is made jointly with the congresses of other places (立法法 art. 83)."""

    partners: tuple[Line, ...] = Field(min_length=1, max_length=50)
    summary: Text | None = None

    def check(self, case: Legislation, office: Office) -> None:
        require_once(self.partners, "partners")

    def apply(self, case: Legislation, act: Act) -> None:
        case.partners = tuple(dict.fromkeys((*case.partners, *self.partners)))


class DivisionNoted(
    Step, of=Legislation, wire="legislation.division_noted.v1", zh="存在分歧", while_in=REVISING, by=CHAIRMEN
):
    """Opinions are divided: disputed matters are evaluated by a third party, great divisions heard (opinion, point 6).

    The evaluation and the hearing are activities.
    """

    kind: Division
    reason: Text

    def apply(self, case: Legislation, act: Act) -> None:
        case.divisions = tuple(one for one in Division if one in {*case.divisions, self.kind})


class DraftVersionKept(
    Step, of=Legislation, wire="legislation.version_kept.v1", zh="确定草案文本", while_in=REVISING, by=CHAIRMEN
):
    """A version of the draft is fixed: which attachment of the case it is, and what it is called."""

    edition: Line
    """Such as 草案, 草案修改稿, 表决稿."""
    sha256: Sha256
    """The attachment that holds it."""

    def check(self, case: Legislation, office: Office) -> None:
        if case.attachment(self.sha256) is None:
            raise Refused("version-not-attached", field="sha256", sha256=self.sha256)
        kept = case.versions.get(self.edition)
        if kept is not None and kept.sha256 != self.sha256:
            raise Refused("version-kept-already", field="edition", version=self.edition)

    def already(self, case: Legislation) -> bool:
        return self.edition in case.versions

    def apply(self, case: Legislation, act: Act) -> None:
        case.versions.setdefault(self.edition, DraftVersion(self.edition, self.sha256, act.occurred_on))


class _OfVersion(Step):
    """A step about a text of the draft."""

    edition: Line | None = None
    """Which version of the draft it is about."""

    def check(self, case: Any, office: Office) -> None:
        """Refuse a version that was not kept."""
        _require_version(case, self.edition)


class DraftSubmitted(
    _OfVersion,
    of=Legislation,
    wire="legislation.draft_submitted.v1",
    zh="提交法规草案",
    while_in={Stage.PLANNED, Stage.DRAFTING, Stage.DRAFT_SUBMITTED},
    leads_to=Stage.DRAFT_SUBMITTED,
    by=UNITS,
    stops=(SUBMIT,),
):
    """Whoever drafts submits the draft."""

    unit: UnitCode | None = None

    def acting_unit(self, case: Legislation) -> str | None:
        return self.unit or case.unit

    def check(self, case: Legislation, office: Office) -> None:
        super().check(case, office)
        if self.unit is not None:
            office.require_unit(self.unit, "unit")

    def apply(self, case: Legislation, act: Act) -> None:
        case.unit, case.submitted_on = case.unit or self.unit, act.occurred_on


# Deliberating


class LegislationBillFiled(
    _OfVersion,
    of=Legislation,
    wire="legislation.bill_filed.v1",
    zh="提出法规案",
    while_in=PREPARING - {Stage.PROPOSED} | {Stage.NOT_PASSED, Stage.NOT_APPROVED},
    leads_to=Stage.BILL_FILED,
    by=UNITS | {Role.CHAIRMEN_MEETING},
    stops=(SUBMIT,),
):
    """The bill is filed with the standing committee; one that was not passed may be filed again (立法法 art. 60)."""

    unit: UnitCode | None = None
    proposers: tuple[Line, ...] = Field(default=(), max_length=200)

    def acting_unit(self, case: Legislation) -> str | None:
        return self.unit or case.unit

    def check(self, case: Legislation, office: Office) -> None:
        super().check(case, office)
        require_once(self.proposers, "proposers")
        if self.unit is not None:
            office.require_unit(self.unit, "unit")

    def apply(self, case: Legislation, act: Act) -> None:
        case.filed_on, case.distributed_on = act.occurred_on, None


class DraftDistributed(
    _OfVersion,
    of=Legislation,
    wire="legislation.draft_distributed.v1",
    zh="印发草案",
    while_in=READ | PUT_OFF | {Stage.BILL_FILED},
    by=CHAIRMEN,
    stops=(DISTRIBUTE,),
):
    """The members of the standing committee get the draft before it is read."""

    def apply(self, case: Legislation, act: Act) -> None:
        case.distributed_on = act.occurred_on


class _Reading(_OfVersion):
    """The standing committee deliberates the draft."""

    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    summary: Text | None = None

    def dropped_clocks(self, case: Any) -> Iterator[ClockKey]:
        """What was due before this reading is not awaited any more."""
        yield from ((SUBMIT, None), (DISTRIBUTE, None))

    def read(self, case: Legislation, reading: int, on: date) -> None:
        """Keep the reading."""
        case.readings.append(Reading(reading, on, self.edition, self.speakers))
        case.distributed_on = None


class FirstReadingHeld(
    _Reading,
    of=Legislation,
    wire="legislation.first_reading_held.v1",
    zh="一审",
    while_in={Stage.BILL_FILED, Stage.SHELVED},
    leads_to=Stage.FIRST_READ,
    by=COMMITTEE,
    stops=(TERMINATE,),
):
    """The first reading."""

    def apply(self, case: Legislation, act: Act) -> None:
        self.read(case, 1, act.occurred_on)


class SecondReadingHeld(
    _Reading,
    of=Legislation,
    wire="legislation.second_reading_held.v1",
    zh="二审",
    while_in=PUT_OFF | {Stage.FIRST_READ},
    leads_to=Stage.SECOND_READ,
    by=COMMITTEE,
    stops=(TERMINATE,),
):
    """The second reading."""

    def apply(self, case: Legislation, act: Act) -> None:
        self.read(case, 2, act.occurred_on)


class ThirdReadingHeld(
    _Reading,
    of=Legislation,
    wire="legislation.third_reading_held.v1",
    zh="三审",
    while_in=PUT_OFF | {Stage.SECOND_READ, Stage.THIRD_READ},
    leads_to=Stage.THIRD_READ,
    by=COMMITTEE,
    stops=(TERMINATE,),
):
    """The third reading, or a further one."""

    def apply(self, case: Legislation, act: Act) -> None:
        self.read(case, 3, act.occurred_on)


class DraftCommentOpened(
    _OfVersion,
    of=Legislation,
    wire="legislation.public_comment_opened.v1",
    zh="公开征求草案意见",
    while_in=REVISING,
    by=CHAIRMEN,
):
    """The draft is published for comments until a day."""

    due_on: date
    place: Line | None = None

    def check(self, case: Legislation, office: Office) -> None:
        super().check(case, office)
        require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield clock.agreed(COMMENT_PERIOD, act.occurred_on, self.due_on)

    def apply(self, case: Legislation, act: Act) -> None:
        case.comment_from, case.comment_until, case.comments = act.occurred_on, self.due_on, None


class DraftCommentClosed(
    Step,
    of=Legislation,
    wire="legislation.public_comment_closed.v1",
    zh="征求意见结束",
    while_in=REVISING,
    by=CHAIRMEN,
    stops=(COMMENT_PERIOD,),
    limits=(COMMENT,),
):
    """The period for comments is over; how many came, and what they said."""

    comments: int = Field(ge=0, le=10_000_000)
    summary: Text | None = None

    def check(self, case: Legislation, office: Office) -> None:
        if case.comment_from is None:
            raise Refused("no-comment-period")

    def breaches(self, case: Legislation, office: Office) -> Iterator[Refused]:
        """The period was shorter than the rule says."""
        rule = office.rulebook.clocks.get(COMMENT)
        if rule is None or case.comment_from is None:
            return
        least = clock.start(rule, office.rulebook, office.calendar, case.comment_from).counted_to
        if office.day < least:
            lasted = (office.day - case.comment_from).days
            yield Refused("comment-period-too-short", days=lasted, least=rule.count)

    def apply(self, case: Legislation, act: Act) -> None:
        case.comments = self.comments


class UnifiedReviewHeld(
    _OfVersion,
    of=Legislation,
    wire="legislation.unified_review_held.v1",
    zh="统一审议",
    while_in=READ | PUT_OFF | {Stage.BILL_FILED},
    by=COMMITTEE,
):
    """The organ in charge of it reviews the draft, and reports with a revised text (立法法 art. 87)."""

    summary: Text

    def apply(self, case: Legislation, act: Act) -> None:
        case.reviewed_on = act.occurred_on


class PartyCommitteeConsulted(
    _OfVersion,
    of=Legislation,
    wire="legislation.party_committee_consulted.v1",
    zh="书面征求全体市委常委意见",
    while_in=REVISING,
    by=PARTY_GROUP,
    stops=(CONSULT_PARTY,),
):
    """The members of the Party's standing committee are asked in writing, each by name (eighteen articles, 3).

    That is all of them, 30 days or more before the vote; the vote shows who was left out or was asked too late.
    """

    recipients: tuple[Line, ...] = Field(min_length=1, max_length=100)
    due_on: date | None = None
    """Until when they are asked to reply."""

    def check(self, case: Legislation, office: Office) -> None:
        super().check(case, office)
        require_once(self.recipients, "recipients")
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield from (clock.agreed(PARTY_REPLY, act.occurred_on, self.due_on, name) for name in self.recipients)

    def apply(self, case: Legislation, act: Act) -> None:
        for name in self.recipients:
            asked = case.consulted.setdefault(name, PartyConsultation(name, PartyConsultation.Stage.PARTY_ASKED))
            asked.stage, asked.replied_on = PartyConsultation.Stage.PARTY_ASKED, None
            asked.asked_on = asked.asked_on or act.occurred_on


class PartyMemberReplied(
    Step,
    of=Legislation,
    wire="legislation.party_member_replied.v1",
    zh="收到市委常委回复",
    not_in={Stage.CLOSED, Stage.DROPPED},
    part="consulted",
    names="member",
    after={PartyConsultation.Stage.PARTY_ASKED},
    leads_to=PartyConsultation.Stage.PARTY_REPLIED,
    by=PARTY,
    stops=(PARTY_REPLY,),
):
    """A member of the Party's standing committee has replied. What he said stays on paper: units read the case."""

    member: Line

    def apply(self, case: Legislation, act: Act) -> None:
        if (asked := case.consulted.get(self.member)) is not None:
            asked.replied_on = act.occurred_on


class PartyOpinionsConsidered(
    Step,
    of=Legislation,
    wire="legislation.party_opinions_considered.v1",
    zh="研究吸纳市委常委意见",
    while_in=REVISING,
    by=PARTY_GROUP,
):
    """What the Party's members said, all together, is worked into the draft."""

    summary: Text

    def check(self, case: Legislation, office: Office) -> None:
        if not case.consulted:
            raise Refused("nobody-consulted")


# Voting


class ClauseVoted(
    VoteStep,
    of=Legislation,
    wire="legislation.clause_voted.v1",
    zh="单独表决重要条款",
    while_in=VOTABLE,
    by=COMMITTEE,
):
    """A clause on which opinions differ is put to a vote of its own before the whole (立法法 art. 44)."""

    clause: Line

    def apply(self, case: Legislation, act: Act) -> None:
        case.clause_votes.append(ClauseVote(self.clause, self.counted(act.occurred_on)))


class _RegulationVote(VoteStep):
    """A vote on the regulation as a whole."""

    edition: Line | None = None
    """The text that is voted on."""

    def check(self, case: Any, office: Office) -> None:
        """Refuse a version that was not kept, and tallies that do not add up."""
        _require_version(case, self.edition)
        super().check(case, office)

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """What had to come before the vote, and did not."""
        yield from super().breaches(case, office)
        if case.passed(Gate.PARTY_GROUP) is None:
            yield Refused("voted-without-party-group")
        if case.reviewed_on is None:
            yield Refused("voted-without-unified-review")
        if Division.DISPUTED in case.divisions and not case.held_activity(ActivityKind.THIRD_PARTY):
            yield Refused("disputed-without-evaluation")
        if Division.DIVIDED in case.divisions and not case.held_activity(ActivityKind.HEARING):
            yield Refused("divided-without-hearing")
        yield from _unconsulted(case, office)

    def dropped_clocks(self, case: Any) -> Iterator[ClockKey]:
        """What was due before the vote is not awaited any more."""
        yield from ((rule, None) for rule in (SUBMIT, DISTRIBUTE, CONSULT_PARTY, COMMENT_PERIOD))
        yield from ((PARTY_REPLY, name) for name in case.consulted)

    def apply(self, case: Any, act: Act) -> None:
        """Passed by more than half of all members, or not passed."""
        vote = self.counted(act.occurred_on)
        case.votes.append(vote)
        case.stage = Stage.PASSED if vote.passed else Stage.NOT_PASSED
        case.passed_on = act.occurred_on if vote.passed else None


def _unconsulted(case: Legislation, office: Office) -> Iterator[Refused]:
    """Who of the Party's standing committee was not asked, or not in time (eighteen articles, 3).

    Its members are those of the day on which somebody was asked last: who joins it later could not be asked in time.
    """
    rule = office.rulebook.clocks.get(CONSULT_PARTY)
    if rule is None:
        return
    asked_on = {name: one.asked_on for name, one in case.consulted.items() if one.asked_on is not None}
    if not asked_on:
        yield Refused("party-committee-not-consulted")
        return
    seats = office.jurisdiction.seats_on(Body.PARTY_STANDING_COMMITTEE, max(asked_on.values()))
    members = list(dict.fromkeys(seat.holder for seat in seats)) or list(asked_on)
    if left_out := [name for name in members if name not in asked_on]:
        yield Refused("party-members-left-out", members=left_out)
    last = clock.start(rule, office.rulebook, office.calendar, office.day).due_on
    if late := [name for name in members if name in asked_on and asked_on[name] > last]:
        yield Refused("party-members-asked-late", members=late, least=rule.count)


class RegulationVoted(
    _RegulationVote,
    of=Legislation,
    wire="legislation.voted.v1",
    zh="常委会表决法规",
    while_in=VOTABLE,
    moves={(stage, result) for stage in VOTABLE for result in RESULTS},
    by=COMMITTEE,
    stops=(TERMINATE,),
):
    """The standing committee votes; passed by more than half of all members (地方组织法 art. 51)."""

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """A regulation of special importance is passed by the congress itself (立法法 art. 86)."""
        yield from super().breaches(case, office)
        if case.to_congress:
            yield Refused("congress-should-vote")


class RegulationVotedByCongress(
    _RegulationVote,
    of=Legislation,
    wire="legislation.voted_by_congress.v1",
    zh="代表大会表决法规",
    while_in=BY_CONGRESS,
    moves={(stage, result) for stage in BY_CONGRESS for result in RESULTS},
    by=COMMITTEE,
    stops=(TERMINATE,),
):
    """The congress votes on a regulation of special importance; passed by more than half of all its deputies."""

    body = None


class RegulationVoteDeferred(
    Step,
    of=Legislation,
    wire="legislation.vote_deferred.v1",
    zh="暂不付表决",
    while_in=READ | {Stage.BILL_FILED},
    leads_to=Stage.VOTE_DEFERRED,
    by=COMMITTEE,
    starts=(TERMINATE,),
):
    """It is not put to the vote now, and goes back for further review (立法法 art. 44)."""

    reason: Text


class LegislationShelved(
    Step,
    of=Legislation,
    wire="legislation.shelved.v1",
    zh="搁置审议",
    while_in=READ | {Stage.BILL_FILED},
    leads_to=Stage.SHELVED,
    by=COMMITTEE,
    starts=(TERMINATE,),
):
    """Its deliberation is shelved, because opinions on whether it is needed or feasible differ (立法法 art. 45)."""

    reason: Text


class DeliberationEnded(
    Step,
    of=Legislation,
    wire="legislation.deliberation_ended.v1",
    zh="终止审议",
    while_in=PUT_OFF,
    leads_to=Stage.DELIBERATION_ENDED,
    by=CHAIRMEN,
    stops=(TERMINATE,),
):
    """The chairmen's meeting ends the deliberation of what was put off for two years, and reports it (art. 45)."""

    note: Text | None = None

    def breaches(self, case: Legislation, office: Office) -> Iterator[Refused]:
        """Two years are not over."""
        running = case.clocks.get((TERMINATE, None))
        if running is not None and running.runs and office.day < running.deadline.counted_to:
            yield Refused("ended-before-two-years", due_on=running.deadline.counted_to.isoformat())


class DeliberationExtended(
    Step,
    of=Legislation,
    wire="legislation.deliberation_extended.v1",
    zh="延期审议",
    while_in=PUT_OFF,
    by=CHAIRMEN,
    starts=(TERMINATE,),
):
    """The chairmen's meeting decides that what was put off for two years is not ended, but goes on (立法法 art. 45).

    The law names no term for that: where no day is named either, the two years count anew.
    """

    due_on: date | None = None
    """Until when, where a day is named."""
    reason: Text

    def check(self, case: Legislation, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def started_clocks(self, case: Legislation) -> Iterator[ClockKey]:
        if self.due_on is None:
            yield TERMINATE, None

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(TERMINATE, act.occurred_on, self.due_on)


class LegislationWithdrawn(
    Step,
    of=Legislation,
    wire="legislation.withdrawn.v1",
    zh="撤回法规案",
    while_in={Stage.DRAFT_SUBMITTED, Stage.BILL_FILED},
    leads_to=Stage.BILL_WITHDRAWN,
    by=UNITS | {Role.CHAIRMEN_MEETING},
):
    """Whoever filed the bill takes it back before it is on an agenda, as is his right (立法法 art. 59)."""

    reason: Text | None = None

    def acting_unit(self, case: Legislation) -> str | None:
        return case.unit

    def breaches(self, case: Legislation, office: Office) -> Iterator[Refused]:
        """It was on the agenda already: that asks for a reason and for consent (art. 43)."""
        if case.stage == Stage.BILL_FILED and case.meets_on is not None:
            yield Refused("withdrawn-without-consent", meets_on=case.meets_on.isoformat())

    def dropped_clocks(self, case: Legislation) -> Iterator[ClockKey]:
        yield from case.clocks


class WithdrawalAgreed(
    Step,
    of=Legislation,
    wire="legislation.withdrawal_agreed.v1",
    zh="同意撤回法规案",
    while_in=READ | PUT_OFF | {Stage.BILL_FILED},
    leads_to=Stage.DELIBERATION_ENDED,
    by=CHAIRMEN,
):
    """A bill on the agenda is taken back before the vote, which ends its deliberation (立法法 art. 43).

    Whoever filed it says why, the chairmen's meeting agrees, and the standing committee is told.
    """

    reason: Text
    """Why whoever filed it takes it back."""
    reported_to: Line | None = None
    """Which meeting of the standing committee was told."""

    def dropped_clocks(self, case: Legislation) -> Iterator[ClockKey]:
        yield from case.clocks


# Approval, promulgation, filing


class SubmittedForApproval(
    Step,
    of=Legislation,
    wire="legislation.submitted_for_approval.v1",
    zh="报请批准",
    while_in={Stage.PASSED},
    leads_to=Stage.AWAITING_APPROVAL,
    by=CHAIRMEN,
    starts=(APPROVE,),
):
    """A city's regulation goes to the province's standing committee for approval (立法法 art. 81)."""

    document_number: Line | None = None

    def apply(self, case: Legislation, act: Act) -> None:
        case.sent_for_approval_on = act.occurred_on


class ApprovedByProvince(
    Step,
    of=Legislation,
    wire="legislation.approved.v1",
    zh="省人大常委会批准",
    while_in={Stage.AWAITING_APPROVAL},
    leads_to=Stage.PROVINCE_APPROVED,
    by=CHAIRMEN,
    stops=(APPROVE,),
):
    """The province approves it, within four months where it breaks no higher law (立法法 art. 81)."""

    modifications: Text | None = None
    """What the province changed in it."""

    def apply(self, case: Legislation, act: Act) -> None:
        case.approved_on = act.occurred_on


class NotApproved(
    Step,
    of=Legislation,
    wire="legislation.not_approved.v1",
    zh="不予批准",
    while_in={Stage.AWAITING_APPROVAL},
    leads_to=Stage.NOT_APPROVED,
    by=CHAIRMEN,
    stops=(APPROVE,),
):
    """The province does not approve it, and says why; it may be revised and voted on again."""

    reason: Text


class RegulationPromulgated(
    Step,
    of=Legislation,
    wire="legislation.promulgated.v1",
    zh="公布法规",
    while_in={Stage.PASSED, Stage.PROVINCE_APPROVED},
    leads_to=Stage.PROMULGATED,
    by=CHAIRMEN,
    starts=(SEND_TO_PROVINCE, FILE_UPWARD),
):
    """The standing committee promulgates it by announcement, which says when it comes into force (art. 61, 88)."""

    document_number: Line | None = None
    in_force_on: date
    place: Line | None = None
    """Where it is printed."""

    def check(self, case: Legislation, office: Office) -> None:
        _require_in_force_after(self.in_force_on, office.day)

    def breaches(self, case: Legislation, office: Office) -> Iterator[Refused]:
        """A city's regulation that the province did not approve."""
        if case.stage == Stage.PASSED and office.jurisdiction.level is Level.CITY:
            yield Refused("promulgated-without-approval")

    def apply(self, case: Legislation, act: Act) -> None:
        case.promulgated_on, case.in_force_on = act.occurred_on, self.in_force_on
        case.document_number = self.document_number or case.document_number


class SentToProvince(
    Step,
    of=Legislation,
    wire="legislation.sent_to_province.v1",
    zh="报送省人大常委会备案材料",
    while_in={Stage.PROMULGATED, Stage.REPEALED},
    by=KEEPERS,
    stops=(SEND_TO_PROVINCE,),
):
    """What the province needs for filing is sent to it."""

    document_number: Line | None = None

    def apply(self, case: Legislation, act: Act) -> None:
        case.sent_to_province_on = case.sent_to_province_on or act.occurred_on


class FiledUpward(
    Step,
    of=Legislation,
    wire="legislation.filed_upward.v1",
    zh="报全国人大常委会和国务院备案",
    while_in={Stage.PROMULGATED, Stage.REPEALED},
    by=KEEPERS,
    stops=(FILE_UPWARD,),
):
    """The province files it with the National People's Congress and the State Council (立法法 art. 109)."""

    def apply(self, case: Legislation, act: Act) -> None:
        case.filed_upward_on = case.filed_upward_on or act.occurred_on


# In force


class RegulationPublicised(
    Step,
    of=Legislation,
    wire="legislation.publicised.v1",
    zh="同步解读",
    while_in={Stage.PROMULGATED},
    by=COMMITTEE,
):
    """It is explained to the public with its promulgation and coming into force (opinion, point 6).

    That is not an interpretation of the regulation, which is a case of its own.
    """

    summary: Text
    place: Line | None = None

    def breaches(self, case: Legislation, office: Office) -> Iterator[Refused]:
        """It was in force before it was explained for the first time."""
        if case.publicised_on is None and case.in_force_on is not None and office.day > case.in_force_on:
            yield Refused("publicised-late", in_force_on=case.in_force_on.isoformat())

    def apply(self, case: Legislation, act: Act) -> None:
        case.publicised_on = case.publicised_on or act.occurred_on


class ImplementationReported(
    Step,
    of=Legislation,
    wire="legislation.implementation_reported.v1",
    zh="报告法规实施情况",
    while_in={Stage.PROMULGATED},
    by=UNITS,
):
    """The organ in charge reports how the regulation is carried out (法规实施情况报告制度; opinion, point 6)."""

    unit: UnitCode
    summary: Text

    def acting_unit(self, case: Legislation) -> str | None:
        return self.unit

    def check(self, case: Legislation, office: Office) -> None:
        office.require_unit(self.unit, "unit")

    def apply(self, case: Legislation, act: Act) -> None:
        case.unit, case.implementation_reported_on = case.unit or self.unit, act.occurred_on


class PostLegislativeEvaluated(
    Step,
    of=Legislation,
    wire="legislation.evaluated.v1",
    zh="立法后评估",
    while_in={Stage.PROMULGATED},
    by=COMMITTEE,
):
    """The regulation is evaluated, and the standing committee is told (立法法 art. 67; opinion, point 6)."""

    third_party: Line | None = None
    """Who evaluated it, where a third party did."""
    advice: EvaluationAdvice | None = None
    summary: Text

    def apply(self, case: Legislation, act: Act) -> None:
        case.evaluations.append(Evaluation(act.occurred_on, self.advice, self.summary))


class InspectionScheduled(
    Step,
    of=Legislation,
    wire="legislation.inspection_scheduled.v1",
    zh="列入执法检查",
    while_in={Stage.PROMULGATED},
    by=CHAIRMEN,
):
    """It is to be inspected in a year; each year one that has been in force for two years is (eighteen articles, 5)."""

    year: int = Field(ge=1949, le=9999)
    inspection: CaseId | None = None
    """The case of the inspection."""

    def refers_to(self) -> Iterator[Reference]:
        if self.inspection is not None:
            yield Reference("inspection", self.inspection, frozenset({"inspection"}))

    def already(self, case: Legislation) -> bool:
        scheduled = case.inspections.get(str(self.year))
        return scheduled is not None and scheduled.inspection == (self.inspection or scheduled.inspection)

    def apply(self, case: Legislation, act: Act) -> None:
        key = str(self.year)
        scheduled = RegulationInspection(key, RegulationInspection.Stage.INSPECTION_SCHEDULED)
        inspection = case.inspections.setdefault(key, scheduled)
        inspection.inspection = self.inspection or inspection.inspection


class RegulationInspected(
    Step,
    of=Legislation,
    wire="legislation.inspected.v1",
    zh="完成执法检查",
    while_in={Stage.PROMULGATED},
    part="inspections",
    names="year",
    after={RegulationInspection.Stage.INSPECTION_SCHEDULED},
    leads_to=RegulationInspection.Stage.INSPECTED,
    by=CHAIRMEN,
):
    """The inspection of a year was held; what it found stands in its own case."""

    year: int = Field(ge=1949, le=9999)
    summary: Text | None = None

    def apply(self, case: Legislation, act: Act) -> None:
        if (inspection := case.inspections.get(str(self.year))) is not None:
            inspection.inspected_on, inspection.summary = act.occurred_on, self.summary


class RegulationAmended(
    Step,
    of=Legislation,
    wire="legislation.amended.v1",
    zh="修改法规",
    while_in={Stage.PROMULGATED},
    by=KEEPERS,
):
    """The regulation was changed by another: its new text is in force from a day on (立法法 art. 63)."""

    in_force_on: date
    amended_by: CaseId | None = None
    summary: Text | None = None

    def check(self, case: Legislation, office: Office) -> None:
        if self.amended_by == case.id:
            raise Refused("changed-by-itself", field="amended_by")

    def refers_to(self) -> Iterator[Reference]:
        if self.amended_by is not None:
            yield Reference("amended_by", self.amended_by, LEGISLATION)

    def apply(self, case: Legislation, act: Act) -> None:
        case.amendments.append(RegulationChange(act.occurred_on, self.in_force_on, self.amended_by))


class RegulationRepealed(
    Step,
    of=Legislation,
    wire="legislation.repealed.v1",
    zh="废止法规",
    while_in={Stage.PROMULGATED},
    leads_to=Stage.REPEALED,
    by=KEEPERS,
):
    """The regulation is repealed from a day on."""

    repealed_on: date
    repealed_by: CaseId | None = None
    reason: Text | None = None

    def check(self, case: Legislation, office: Office) -> None:
        if self.repealed_by == case.id:
            raise Refused("changed-by-itself", field="repealed_by")

    def refers_to(self) -> Iterator[Reference]:
        if self.repealed_by is not None:
            yield Reference("repealed_by", self.repealed_by, LEGISLATION)

    def apply(self, case: Legislation, act: Act) -> None:
        case.repealed_on = self.repealed_on


_NEXT: dict[str, type[Step]] = {
    Stage.PROPOSED: LegislationPlanned,
    Stage.DRAFT_SUBMITTED: LegislationBillFiled,
    Stage.BILL_FILED: FirstReadingHeld,
    Stage.PASSED: SubmittedForApproval,
    Stage.PROVINCE_APPROVED: RegulationPromulgated,
}
