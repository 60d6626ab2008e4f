"""Interpretation of a regulation (法规解释): what a provision means, said by who made it, with the same force.

Explaining a regulation to the public with its promulgation (同步解读) is none, nor is answering an inquiry.
Sources: the magazine's opinion, point 6; 立法法 (2023) art. 48 to 53 on national law, by analogy: what a city's
congress lays down itself was not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import Field

from domain.ballot import Vote, VoteStep
from domain.case import Act, Awaited, Reference, Role, Step
from domain.matter import CHAIRMEN, COMMITTEE, Matter, MatterOpening
from domain.office import Office
from domain.refusal import Refused
from domain.values import CaseId, Line, Text, Word

LEGISLATION = frozenset({"legislation"})


class InterpretationRequester(Word):
    """Who may ask for it: 政府, 监委, 法院, 检察院, 专门委员会, 下一级人大常委会, 其他."""

    GOVERNMENT = auto()
    SUPERVISORY_COMMISSION = auto()
    COURT = auto()
    PROCURATORATE = auto()
    SPECIAL_COMMITTEE = auto()
    LOWER_COMMITTEE = auto()
    OTHER = auto()


class InterpretationGround(Word):
    """Why it is needed: 需要进一步明确具体含义, 出现新的情况需要明确适用依据."""

    MEANING = auto()
    NEW_SITUATION = auto()


@dataclass
class Interpretation(Matter, kind="interpretation", zh="法规解释"):
    """法规解释: requested, drafted, deliberated, reviewed, adopted by vote, promulgated."""

    class Stage(Word):
        REQUESTED = auto()
        REQUEST_ACCEPTED = auto()
        REQUEST_DECLINED = auto()
        DRAFTED = auto()
        DELIBERATED = auto()
        REVIEWED = auto()
        NOT_ADOPTED = auto()
        ADOPTED = auto()
        PROMULGATED = auto()
        CLOSED = auto()
        DROPPED = auto()

    regulation: str | None = None
    clause: str | None = None
    requester: InterpretationRequester | None = None
    ground: InterpretationGround | None = None
    question: str | None = None
    text: str | None = None
    deliberated_on: date | None = None
    reviewed_on: date | None = None
    votes: list[Vote] = field(default_factory=list)
    adopted_on: date | None = None
    promulgated_on: date | None = None
    document_number: str | None = None

    def units_concerned(self) -> Iterator[str]:
        """No unit, as long as it is a draft of the congress."""
        return super().units_concerned() if self.stage in TOLD or self.has_ended else iter(())

    def awaited(self) -> Iterator[Awaited]:
        """The office's next step."""
        yield from super().awaited()
        if (step := _NEXT.get(str(self.stage))) is not None:
            yield Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire)


Stage = Interpretation.Stage
TOLD = frozenset({Stage.REQUEST_DECLINED, Stage.PROMULGATED})


def _names(regulation: str | None) -> Iterator[Reference]:
    if regulation is not None:
        yield Reference("regulation", regulation, LEGISLATION)


class InterpretationRequested(
    MatterOpening,
    of=Interpretation,
    wire="interpretation.requested.v1",
    zh="提出法规解释要求",
    opens=True,
    leads_to=Stage.REQUESTED,
    by=CHAIRMEN,
):
    """An organ asks what a provision means, or which one applies (by analogy with 立法法 art. 48, 49)."""

    regulation: CaseId | None = None
    """The regulation, where it is in the register."""
    clause: Line | None = None
    requester: InterpretationRequester
    ground: InterpretationGround | None = None
    question: Text

    def refers_to(self) -> Iterator[Reference]:
        yield from super().refers_to()
        yield from _names(self.regulation)

    def apply(self, case: Interpretation, act: Act) -> None:
        super().apply(case, act)
        case.regulation, case.clause = self.regulation, self.clause
        case.requester, case.ground, case.question = self.requester, self.ground, self.question


class InterpretationTakenUp(
    Step,
    of=Interpretation,
    wire="interpretation.taken_up.v1",
    zh="受理解释要求",
    while_in={Stage.REQUESTED},
    leads_to=Stage.REQUEST_ACCEPTED,
    by=CHAIRMEN,
):
    """The request is taken up; the regulation may be named now."""

    regulation: CaseId | None = None
    note: Text | None = None

    def refers_to(self) -> Iterator[Reference]:
        yield from _names(self.regulation)

    def apply(self, case: Interpretation, act: Act) -> None:
        case.regulation = self.regulation or case.regulation


class InterpretationNotTakenUp(
    Step,
    of=Interpretation,
    wire="interpretation.not_taken_up.v1",
    zh="不予解释",
    while_in={Stage.REQUESTED, Stage.REQUEST_ACCEPTED},
    leads_to=Stage.REQUEST_DECLINED,
    by=CHAIRMEN,
):
    """There is nothing to interpret, and why: the text is clear, or has to be amended."""

    reason: Text


class InterpretationDrafted(
    Step,
    of=Interpretation,
    wire="interpretation.drafted.v1",
    zh="拟订解释草案",
    while_in={Stage.REQUEST_ACCEPTED, Stage.DRAFTED, Stage.NOT_ADOPTED},
    leads_to=Stage.DRAFTED,
    by=CHAIRMEN,
):
    """The working organ drafts it; the chairmen's meeting puts it on an agenda (by analogy with 立法法 art. 50)."""

    text: Text

    def apply(self, case: Interpretation, act: Act) -> None:
        case.text, case.deliberated_on, case.reviewed_on = self.text, None, None


class InterpretationDeliberated(
    Step,
    of=Interpretation,
    wire="interpretation.deliberated.v1",
    zh="审议解释草案",
    while_in={Stage.DRAFTED, Stage.REVIEWED},
    leads_to=Stage.DELIBERATED,
    by=COMMITTEE,
):
    """The standing committee deliberates the draft (by analogy with 立法法 art. 51)."""

    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    summary: Text | None = None

    def apply(self, case: Interpretation, act: Act) -> None:
        case.deliberated_on = act.occurred_on


class InterpretationReviewed(
    Step,
    of=Interpretation,
    wire="interpretation.reviewed.v1",
    zh="统一审议解释草案",
    while_in={Stage.DRAFTED, Stage.DELIBERATED},
    leads_to=Stage.REVIEWED,
    by=COMMITTEE,
):
    """The organ in charge reviews and changes it after what the members said, and puts the text for the vote."""

    text: Text | None = None
    """As it is to be voted on, where that differs from the draft."""

    def apply(self, case: Interpretation, act: Act) -> None:
        case.text, case.reviewed_on = self.text or case.text, act.occurred_on


class InterpretationVoted(
    VoteStep,
    of=Interpretation,
    wire="interpretation.voted.v1",
    zh="表决法规解释",
    while_in={Stage.DELIBERATED, Stage.REVIEWED},
    moves={
        (stage, result)
        for stage in (Stage.DELIBERATED, Stage.REVIEWED)
        for result in (Stage.ADOPTED, Stage.NOT_ADOPTED)
    },
    by=COMMITTEE,
):
    """The standing committee votes; adopted by more than half of all members (立法法 art. 52; 地方组织法 art. 51)."""

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """It was not deliberated or not reviewed, or nobody said in the register which regulation it is about."""
        yield from super().breaches(case, office)
        if case.deliberated_on is None:
            yield Refused("voted-without-deliberation")
        if case.reviewed_on is None:
            yield Refused("voted-without-unified-review")
        if case.regulation is None:
            yield Refused("regulation-not-named")

    def apply(self, case: Interpretation, act: Act) -> None:
        vote = self.counted(act.occurred_on)
        case.votes.append(vote)
        case.stage = Stage.ADOPTED if vote.passed else Stage.NOT_ADOPTED
        case.adopted_on = act.occurred_on if vote.passed else None


class InterpretationPromulgated(
    Step,
    of=Interpretation,
    wire="interpretation.promulgated.v1",
    zh="公布法规解释",
    while_in={Stage.ADOPTED},
    leads_to=Stage.PROMULGATED,
    by=CHAIRMEN,
):
    """The standing committee promulgates it by announcement; it has the force of the regulation (art. 52, 53)."""

    document_number: Line | None = None
    place: Line | None = None
    """Where it is printed."""

    def apply(self, case: Interpretation, act: Act) -> None:
        case.promulgated_on = act.occurred_on
        case.document_number = self.document_number or case.document_number


_NEXT: dict[str, type[Step]] = {
    Stage.REQUESTED: InterpretationTakenUp,
    Stage.REQUEST_ACCEPTED: InterpretationDrafted,
    Stage.DRAFTED: InterpretationDeliberated,
    Stage.DELIBERATED: InterpretationReviewed,
    Stage.REVIEWED: InterpretationVoted,
    Stage.ADOPTED: InterpretationPromulgated,
}
