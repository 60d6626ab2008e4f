"""Inquiry about a regulation (法规询问答复): an organ asks about a concrete question, the working organ answers.

The answer binds nobody as an interpretation does. It is given on what a provision means, never on how a court is to
decide a case. Sources: the magazine's opinion, point 6; 立法法 (2023) art. 69 on national law, to which art. 87 refers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto

from pydantic import Field

from domain import clock
from domain.case import Act, Awaited, ClockKey, Reference, Role, Step
from domain.clock import Deadline
from domain.matter import CHAIRMEN, KEEPERS, UNITS, Matter, MatterOpening, require_not_before, require_units
from domain.office import Office
from domain.part import Part
from domain.refusal import Refused
from domain.values import CaseId, Line, Text, UnitCode, Word

OPINION = "regulation_inquiry.opinion"
LEGISLATION = frozenset({"legislation"})


@dataclass
class UnitOpinion(Part):
    """What a unit was asked about the question, and what it said (征求有关单位意见)."""

    class Stage(Word):
        OPINION_ASKED = auto()
        OPINION_RECEIVED = auto()

    asked_on: date | None = None
    given_on: date | None = None
    text: str | None = None


@dataclass
class RegulationInquiry(Matter, kind="regulation_inquiry", zh="法规询问答复"):
    """法规询问答复: received, researched, answered, reported to the standing committee for its record."""

    class Stage(Word):
        RECEIVED = auto()
        RESEARCHING = auto()
        ANSWER_DRAFTED = auto()
        ANSWERED = auto()
        NOT_ANSWERED = auto()
        TO_BE_INTERPRETED = auto()
        CLOSED = auto()
        DROPPED = auto()

    regulation: str | None = None
    clause: str | None = None
    asked_by: str | None = None
    question: str | None = None
    unit_opinions: dict[str, UnitOpinion] = field(default_factory=dict)
    answer: str | None = None
    answered_on: date | None = None
    document_number: str | None = None
    reported_on: date | None = None
    interpretation: str | None = None

    @property
    def handed_to_units_on(self) -> date | None:
        return self.opened_on

    @property
    def answered_by_units_on(self) -> date | None:
        return self.answered_on

    def units_concerned(self) -> Iterator[str]:
        """The units that are asked for an opinion; the organ that asks, once it is told something."""
        if self.stage not in OPEN:
            yield from super().units_concerned()
        yield from self.unit_opinions

    def awaited(self) -> Iterator[Awaited]:
        """Opinions of units, then the answer and its report to the standing committee."""
        yield from super().awaited()
        if self.has_ended:
            return
        for opinion in self.unit_opinions.values():
            if opinion.stage is UnitOpinion.Stage.OPINION_ASKED and self.stage == self.Stage.RESEARCHING:
                who = f"{Role.HANDLING_UNIT}:{opinion.key}"
                due_on = self.due_by(OPINION, opinion.key)
                yield Awaited(who, UnitOpinionReceived.declared.wire, due_on, opinion.key)
        if self.stage in OPEN:
            step = RegulationInquiryAnswered if self.answer else AnswerDrafted
            yield Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire)
        elif self.stage == self.Stage.ANSWERED and self.reported_on is None:
            yield Awaited(Role.DEPUTY_AFFAIRS, AnswerReported.declared.wire)


Stage = RegulationInquiry.Stage
OPEN = frozenset({Stage.RECEIVED, Stage.RESEARCHING, Stage.ANSWER_DRAFTED})


class RegulationInquiryReceived(
    MatterOpening,
    of=RegulationInquiry,
    wire="regulation_inquiry.received.v1",
    zh="收到法规询问",
    opens=True,
    leads_to=Stage.RECEIVED,
    by=CHAIRMEN,
):
    """An organ asks about a concrete question of a regulation."""

    regulation: CaseId | None = None
    """The regulation, where it is in the register."""
    clause: Line | None = None
    asked_by: Line
    """The organ that asks, by name; nobody is named here for himself."""
    question: Text

    def refers_to(self) -> Iterator[Reference]:
        yield from super().refers_to()
        if self.regulation is not None:
            yield Reference("regulation", self.regulation, LEGISLATION)

    def apply(self, case: RegulationInquiry, act: Act) -> None:
        super().apply(case, act)
        case.regulation, case.clause = self.regulation, self.clause
        case.asked_by, case.question = self.asked_by, self.question


class UnitOpinionsAsked(
    Step,
    of=RegulationInquiry,
    wire="regulation_inquiry.opinions_asked.v1",
    zh="征求有关单位意见",
    while_in=OPEN,
    leads_to=Stage.RESEARCHING,
    by=CHAIRMEN,
):
    """The working organ asks the units that carry the regulation out how they read it."""

    units: tuple[UnitCode, ...] = Field(min_length=1, max_length=50)
    due_on: date | None = None

    def check(self, case: RegulationInquiry, office: Office) -> None:
        require_units(self.units, office, "units")
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield from (clock.agreed(OPINION, act.occurred_on, self.due_on, unit) for unit in self.units)

    def apply(self, case: RegulationInquiry, act: Act) -> None:
        for unit in self.units:
            case.unit_opinions[unit] = UnitOpinion(unit, UnitOpinion.Stage.OPINION_ASKED, act.occurred_on)


class UnitOpinionReceived(
    Step,
    of=RegulationInquiry,
    wire="regulation_inquiry.opinion_received.v1",
    zh="反馈意见",
    while_in=OPEN,
    part="unit_opinions",
    names="unit",
    leads_to=UnitOpinion.Stage.OPINION_RECEIVED,
    by=UNITS,
    stops=(OPINION,),
):
    """A unit says how it reads the provision."""

    unit: UnitCode
    opinion: Text

    def check(self, case: RegulationInquiry, office: Office) -> None:
        office.require_unit(self.unit, "unit")

    def apply(self, case: RegulationInquiry, act: Act) -> None:
        if (opinion := case.unit_opinions.get(self.unit)) is not None:
            opinion.given_on, opinion.text = act.occurred_on, self.opinion


class AnswerDrafted(
    Step,
    of=RegulationInquiry,
    wire="regulation_inquiry.answer_drafted.v1",
    zh="拟订答复",
    while_in=OPEN,
    leads_to=Stage.ANSWER_DRAFTED,
    by=CHAIRMEN,
):
    """The answer is drafted; an earlier draft stays in the history."""

    answer: Text

    def apply(self, case: RegulationInquiry, act: Act) -> None:
        case.answer = self.answer


class RegulationInquiryAnswered(
    Step,
    of=RegulationInquiry,
    wire="regulation_inquiry.answered.v1",
    zh="答复法规询问",
    while_in=OPEN,
    leads_to=Stage.ANSWERED,
    by=CHAIRMEN,
):
    """The working organ answers in writing (立法法 art. 69)."""

    answer: Text | None = None
    """As it was given, where that differs from the draft."""
    document_number: Line | None = None

    def check(self, case: RegulationInquiry, office: Office) -> None:
        if self.answer is None and case.answer is None:
            raise Refused("answer-without-text", field="answer")

    def dropped_clocks(self, case: RegulationInquiry) -> Iterator[ClockKey]:
        yield from ((OPINION, unit) for unit in case.unit_opinions)

    def apply(self, case: RegulationInquiry, act: Act) -> None:
        case.answer, case.answered_on = self.answer or case.answer, act.occurred_on
        case.document_number = self.document_number or case.document_number


class AnswerReported(
    Step,
    of=RegulationInquiry,
    wire="regulation_inquiry.answer_reported.v1",
    zh="答复报常委会备案",
    while_in={Stage.ANSWERED},
    by=KEEPERS,
):
    """The answer is reported to the standing committee for its record (立法法 art. 69)."""

    def already(self, case: RegulationInquiry) -> bool:
        return case.reported_on is not None

    def apply(self, case: RegulationInquiry, act: Act) -> None:
        case.reported_on = case.reported_on or act.occurred_on


class RegulationInquiryDeclined(
    Step,
    of=RegulationInquiry,
    wire="regulation_inquiry.declined.v1",
    zh="不予答复法规询问",
    while_in=OPEN,
    leads_to=Stage.NOT_ANSWERED,
    by=CHAIRMEN,
):
    """It is not answered, and why: such as that it asks how a case is to be decided."""

    reason: Text

    def dropped_clocks(self, case: RegulationInquiry) -> Iterator[ClockKey]:
        yield from ((OPINION, unit) for unit in case.unit_opinions)


class ReferredForInterpretation(
    Step,
    of=RegulationInquiry,
    wire="regulation_inquiry.referred_for_interpretation.v1",
    zh="转为法规解释",
    while_in=OPEN,
    leads_to=Stage.TO_BE_INTERPRETED,
    by=CHAIRMEN,
):
    """The question asks for an interpretation, which is a case of its own."""

    interpretation: CaseId | None = None
    reason: Text | None = None

    def refers_to(self) -> Iterator[Reference]:
        if self.interpretation is not None:
            yield Reference("interpretation", self.interpretation, frozenset({"interpretation"}))

    def dropped_clocks(self, case: RegulationInquiry) -> Iterator[ClockKey]:
        yield from ((OPINION, unit) for unit in case.unit_opinions)

    def apply(self, case: RegulationInquiry, act: Act) -> None:
        case.interpretation = self.interpretation
