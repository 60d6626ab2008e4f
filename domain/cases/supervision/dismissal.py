"""Dismissal (撤职案): the standing committee hears somebody in office, and votes by secret ballot to remove him.

Source: 监督法 (2024) art. 60-62.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import Field

from domain.ballot import BallotMode, Vote, VoteStep
from domain.case import Act, Awaited, Reference, Role, Step
from domain.matter import CHAIRMEN, COMMITTEE, Closed, Dropped, Matter, MatterOpening, require_once
from domain.office import Office
from domain.proposal import fewer_than_a_fifth
from domain.refusal import Refused
from domain.values import CaseId, Line, Text, Word


class DismissalProposer(Word):
    """Who may propose it (art. 61): 人民政府, 监察委员会, 法院, 检察院, 主任会议, 五分之一以上组成人员联名."""

    GOVERNMENT = auto()
    SUPERVISORY_COMMISSION = auto()
    COURT = auto()
    PROCURATORATE = auto()
    CHAIRMEN_MEETING = auto()
    MEMBERS = auto()


@dataclass(frozen=True)
class Defence:
    """What the official said for himself (申辩意见), at the meeting or in writing."""

    given_on: date
    in_writing: bool
    summary: str


@dataclass
class Dismissal(Matter, kind="dismissal", zh="撤职案"):
    """撤职案: proposed with reasons, perhaps investigated first, the official heard, voted upon in secret, decided."""

    class Stage(Word):
        PROPOSAL_MADE = auto()
        INVESTIGATION_PROPOSED = auto()
        UNDER_INVESTIGATION = auto()
        INVESTIGATION_REPORTED = auto()
        SUBMITTED = auto()
        NOT_SUBMITTED = auto()
        VOTED = auto()
        REMOVED_FROM_OFFICE = auto()
        NOT_REMOVED = auto()
        WITHDRAWN = auto()
        CLOSED = auto()
        DROPPED = auto()

    holder: str = ""
    """Who is to be removed, by name."""
    post: str = ""
    reason: str = ""
    proposer: DismissalProposer = DismissalProposer.CHAIRMEN_MEETING
    proposers: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    investigation: str | None = None
    investigation_votes: list[Vote] = field(default_factory=list)
    investigation_report: str | None = None
    submitted_on: date | None = None
    defences: list[Defence] = field(default_factory=list)
    defence_distributed_on: date | None = None
    """When the written defence was given to the members; None where another one was handed in since."""
    defence_waived_on: date | None = None
    votes: list[Vote] = field(default_factory=list)
    decided_on: date | None = None
    document_number: str | None = None
    withdrawn_on: date | None = None

    @property
    def dismissed(self) -> bool | None:
        """What the last vote says; None before there was one."""
        return self.votes[-1].passed if self.votes else None

    @property
    def to_distribute(self) -> bool:
        """Whether the official has spoken in writing, and the members were not given it."""
        return self.defence_distributed_on is None and any(one.in_writing for one in self.defences)

    def follows(self) -> Iterator[str]:
        """Also the investigation, on whose report it is decided."""
        yield from super().follows()
        if self.investigation is not None:
            yield self.investigation

    def audience(self) -> Iterator[str]:
        """The Party committee once it was asked; nobody else outside before it is decided."""
        yield from (key for key in super().audience() if self.decided_on is not None or key == Role.PARTY_COMMITTEE)

    def awaited(self) -> Iterator[Awaited]:
        """What the chairmen's meeting and the body owe; the defence comes before the vote."""
        yield from super().awaited()
        match self.stage:
            case Stage.PROPOSAL_MADE | Stage.INVESTIGATION_REPORTED:
                yield Awaited(Role.DEPUTY_AFFAIRS, DismissalSubmitted.declared.wire)
            case Stage.INVESTIGATION_PROPOSED:
                yield Awaited(Role.DEPUTY_AFFAIRS, DismissalInvestigationVoted.declared.wire, from_on=self.meets_on)
            case Stage.UNDER_INVESTIGATION:
                yield Awaited(Role.DEPUTY_AFFAIRS, DismissalInvestigationReported.declared.wire)
            case Stage.SUBMITTED:
                yield from self._before_vote()
            case Stage.VOTED:
                yield Awaited(Role.DEPUTY_AFFAIRS, DismissalDecided.declared.wire)
            case Stage.REMOVED_FROM_OFFICE | Stage.NOT_REMOVED:
                yield Awaited(Role.DEPUTY_AFFAIRS, Closed.declared.wire)
            case Stage.WITHDRAWN | Stage.NOT_SUBMITTED:
                yield Awaited(Role.DEPUTY_AFFAIRS, Dropped.declared.wire)

    def _before_vote(self) -> Iterator[Awaited]:
        if self.to_distribute:
            yield Awaited(Role.DEPUTY_AFFAIRS, DefenceDistributed.declared.wire, self.meets_on)
        elif not self.defences and self.defence_waived_on is None:
            yield Awaited(Role.DEPUTY_AFFAIRS, DefenceHeard.declared.wire, self.meets_on)
        yield Awaited(Role.DEPUTY_AFFAIRS, DismissalVoted.declared.wire, from_on=self.meets_on)


Stage = Dismissal.Stage
BEFORE_VOTE = frozenset(
    {
        Stage.PROPOSAL_MADE,
        Stage.INVESTIGATION_PROPOSED,
        Stage.UNDER_INVESTIGATION,
        Stage.INVESTIGATION_REPORTED,
        Stage.SUBMITTED,
    }
)


class DismissalProposed(
    MatterOpening,
    of=Dismissal,
    wire="dismissal.proposed.v1",
    zh="提出撤职案",
    opens=True,
    leads_to=Stage.PROPOSAL_MADE,
    by=COMMITTEE,
):
    """It says who is to be removed and why, and comes with the materials (art. 62).

    Who may be removed (art. 60): single vice-heads of the government while the congress is not in session, and whom
    the standing committee appointed to the government, the supervisory commission, the court or the procuratorate.
    """

    holder: Line
    """Who is to be removed, by name."""
    post: Line
    reason: Text
    proposer: DismissalProposer
    proposers: tuple[Line, ...] = Field(default=(), max_length=500)
    """The members who sign it, by name, where members do."""
    materials: tuple[Line, ...] = Field(default=(), max_length=100)
    """What comes with it, by title."""

    def check(self, case: Matter | None, office: Office) -> None:
        super().check(case, office)
        require_once(self.proposers, "proposers")

    def apply(self, case: Dismissal, act: Act) -> None:
        super().apply(case, act)
        case.holder, case.post, case.reason = self.holder, self.post, self.reason
        case.proposer, case.proposers, case.materials = self.proposer, self.proposers, self.materials


def _too_few_signed(case: Dismissal, office: Office) -> Iterator[Refused]:
    """Members who propose it are a fifth of all or more (art. 61)."""
    if case.proposer is DismissalProposer.MEMBERS:
        yield from fewer_than_a_fifth(case.proposers, office)


# An investigation first


class DismissalInvestigationProposed(
    Step,
    of=Dismissal,
    wire="dismissal.investigation_proposed.v1",
    zh="主任会议提议组织调查委员会",
    while_in={Stage.PROPOSAL_MADE},
    leads_to=Stage.INVESTIGATION_PROPOSED,
    by=CHAIRMEN,
):
    """The chairmen's meeting proposes that a committee investigates first (art. 61)."""

    reason: Text | None = None

    def breaches(self, case: Dismissal, office: Office) -> Iterator[Refused]:
        """Too few members propose it."""
        yield from _too_few_signed(case, office)


class DismissalInvestigationVoted(
    VoteStep,
    of=Dismissal,
    wire="dismissal.investigation_voted.v1",
    zh="全体会议决定组织调查委员会",
    while_in={Stage.INVESTIGATION_PROPOSED},
    moves={
        (Stage.INVESTIGATION_PROPOSED, Stage.UNDER_INVESTIGATION),
        (Stage.INVESTIGATION_PROPOSED, Stage.PROPOSAL_MADE),
    },
    by=COMMITTEE,
):
    """The plenary decides whether a committee investigates first (art. 61); if not, it is as it was proposed."""

    investigation: CaseId | None = None
    """The case of the investigation."""

    def refers_to(self) -> Iterator[Reference]:
        if self.investigation is not None:
            yield Reference("investigation", self.investigation, frozenset({"investigation"}), precedes=True)

    def apply(self, case: Dismissal, act: Act) -> None:
        vote = self.counted(act.occurred_on)
        case.investigation_votes.append(vote)
        case.investigation = self.investigation or case.investigation
        if case.stage is Stage.INVESTIGATION_PROPOSED:
            case.stage = Stage.UNDER_INVESTIGATION if vote.passed else Stage.PROPOSAL_MADE


class DismissalInvestigationReported(
    Step,
    of=Dismissal,
    wire="dismissal.investigation_reported.v1",
    zh="调查委员会提出调查报告",
    while_in={Stage.UNDER_INVESTIGATION},
    leads_to=Stage.INVESTIGATION_REPORTED,
    by=COMMITTEE,
):
    """The committee has reported; a later meeting decides on the ground of its report (art. 61)."""

    summary: Text

    def apply(self, case: Dismissal, act: Act) -> None:
        case.investigation_report = self.summary


# Before the standing committee


class DismissalSubmitted(
    Step,
    of=Dismissal,
    wire="dismissal.submitted.v1",
    zh="主任会议决定提请审议",
    while_in={Stage.PROPOSAL_MADE, Stage.UNDER_INVESTIGATION, Stage.INVESTIGATION_REPORTED},
    leads_to=Stage.SUBMITTED,
    by=CHAIRMEN,
):
    """The chairmen's meeting puts it before the standing committee (art. 61)."""

    def breaches(self, case: Dismissal, office: Office) -> Iterator[Refused]:
        """Too few members propose it; no materials come with it (art. 62); it is investigated and not reported on."""
        yield from _too_few_signed(case, office)
        if not case.materials and not case.attachments:
            yield Refused("dismissal-without-materials")
        if case.stage is Stage.UNDER_INVESTIGATION:
            yield Refused("dismissal-before-investigation-report")

    def apply(self, case: Dismissal, act: Act) -> None:
        case.submitted_on = act.occurred_on


class DismissalSubmissionDeclined(
    Step,
    of=Dismissal,
    wire="dismissal.submission_declined.v1",
    zh="主任会议决定不提请审议",
    while_in={Stage.PROPOSAL_MADE},
    leads_to=Stage.NOT_SUBMITTED,
    by=CHAIRMEN,
):
    """The chairmen's meeting decides not to put before the standing committee what members propose (art. 61)."""

    reason: Text

    def breaches(self, case: Dismissal, office: Office) -> Iterator[Refused]:
        """What an organ or the chairmen's meeting proposes goes to the standing committee itself (art. 61)."""
        if case.proposer is not DismissalProposer.MEMBERS:
            yield Refused("dismissal-kept-from-the-body")


# The defence


class DefenceHeard(
    Step,
    of=Dismissal,
    wire="dismissal.defence_heard.v1",
    zh="会议听取申辩意见",
    while_in=BEFORE_VOTE,
    by=COMMITTEE,
):
    """Whoever is to be removed speaks for himself at a meeting of the standing committee, before the vote (art. 62)."""

    summary: Text

    def apply(self, case: Dismissal, act: Act) -> None:
        case.defences.append(Defence(act.occurred_on, in_writing=False, summary=self.summary))


class DefenceSubmitted(
    Step,
    of=Dismissal,
    wire="dismissal.defence_submitted.v1",
    zh="书面提出申辩意见",
    while_in=BEFORE_VOTE,
    by=COMMITTEE,
):
    """Whoever is to be removed speaks for himself in writing, before the vote (art. 62)."""

    summary: Text

    def apply(self, case: Dismissal, act: Act) -> None:
        case.defences.append(Defence(act.occurred_on, in_writing=True, summary=self.summary))
        case.defence_distributed_on = None


class DefenceDistributed(
    Step,
    of=Dismissal,
    wire="dismissal.defence_distributed.v1",
    zh="主任会议决定印发书面申辩意见",
    while_in=BEFORE_VOTE,
    by=CHAIRMEN,
):
    """The chairmen's meeting has the written defence given to the members for the meeting (art. 62)."""

    def check(self, case: Dismissal, office: Office) -> None:
        if not any(one.in_writing for one in case.defences):
            raise Refused("no-written-defence")

    def already(self, case: Dismissal) -> bool:
        return case.defence_distributed_on is not None

    def apply(self, case: Dismissal, act: Act) -> None:
        case.defence_distributed_on = act.occurred_on


class DefenceWaived(
    Step, of=Dismissal, wire="dismissal.defence_waived.v1", zh="放弃申辩", while_in=BEFORE_VOTE, by=COMMITTEE
):
    """Whoever is to be removed was told of the right to speak, and does not use it."""

    note: Text | None = None

    def already(self, case: Dismissal) -> bool:
        return case.defence_waived_on is not None

    def apply(self, case: Dismissal, act: Act) -> None:
        case.defence_waived_on = act.occurred_on


# The vote


class DismissalVoted(
    VoteStep,
    of=Dismissal,
    wire="dismissal.voted.v1",
    zh="无记名投票表决",
    while_in={Stage.SUBMITTED},
    leads_to=Stage.VOTED,
    by=COMMITTEE,
):
    """The standing committee votes by secret ballot; more than half of all members carry it (art. 62)."""

    mode: BallotMode = BallotMode.SECRET

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """The ballot is secret, and the official could speak for himself before, also in writing (art. 62)."""
        yield from super().breaches(case, office)
        if self.mode is not BallotMode.SECRET:
            yield Refused("dismissal-not-by-secret-ballot")
        if not case.defences and case.defence_waived_on is None:
            yield Refused("no-defence-before-vote")
        if case.to_distribute:
            yield Refused("written-defence-not-distributed")

    def apply(self, case: Dismissal, act: Act) -> None:
        case.votes.append(self.counted(act.occurred_on))


class DismissalDecided(
    Step,
    of=Dismissal,
    wire="dismissal.decided.v1",
    zh="宣布表决结果",
    while_in={Stage.VOTED},
    moves={(Stage.VOTED, Stage.REMOVED_FROM_OFFICE), (Stage.VOTED, Stage.NOT_REMOVED)},
    by=COMMITTEE,
):
    """The result is declared: removed, or not, as the tally says."""

    document_number: Line | None = None

    def apply(self, case: Dismissal, act: Act) -> None:
        case.decided_on, case.document_number = act.occurred_on, self.document_number
        if case.stage is Stage.VOTED:
            case.stage = Stage.REMOVED_FROM_OFFICE if case.dismissed else Stage.NOT_REMOVED


class DismissalWithdrawn(
    Step,
    of=Dismissal,
    wire="dismissal.withdrawn.v1",
    zh="撤回撤职案",
    while_in=BEFORE_VOTE,
    leads_to=Stage.WITHDRAWN,
    by=COMMITTEE,
):
    """Whoever proposed it withdraws it before the vote."""

    reason: Text

    def apply(self, case: Dismissal, act: Act) -> None:
        case.withdrawn_on = act.occurred_on
