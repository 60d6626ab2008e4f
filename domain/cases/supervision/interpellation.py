"""Interpellation (质询): members of the standing committee jointly call an organ to account, and it has to answer.

Source: 监督法 (2024) art. 51-54. The law sets no term for an answer; the chairmen's meeting may name a date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto

from pydantic import Field

from domain import clock
from domain.case import Act, Awaited, ClockKey, Role, Step
from domain.clock import Deadline
from domain.matter import (
    CHAIRMEN,
    KEEPERS,
    UNITS,
    Closed,
    Dropped,
    Matter,
    MatterOpening,
    require_not_before,
    require_once,
)
from domain.office import Level, Office
from domain.refusal import Refused
from domain.values import Line, Text, UnitCode, Word

ANSWER = "interpellation.answer"
PROPOSERS, PROPOSERS_OF_COUNTY = "interpellation.proposers", "interpellation.proposers_of_county"
"""The rules that say how many members have to sign it (art. 51)."""
MEMBERS = KEEPERS | {Role.STANDING_COMMITTEE}
"""The members who sign it; their paper is kept by the offices."""


class AnswerMode(Word):
    """How it is answered (art. 52): 常委会会议口头答复, 专门委员会会议口头答复, 书面答复."""

    ORAL_AT_STANDING_COMMITTEE = auto()
    ORAL_AT_SPECIAL_COMMITTEE = auto()
    WRITTEN = auto()


@dataclass(frozen=True)
class InterpellationAnswer:
    """What the organ answered."""

    answered_on: date
    mode: AnswerMode
    respondent: str
    by_head: bool
    text: str
    document_number: str | None


@dataclass(frozen=True)
class Dissatisfaction:
    """How many of the proposers were not satisfied with an answer, of how many, and why."""

    declared_on: date
    unsatisfied: int
    signed: int
    reason: str


@dataclass
class Interpellation(Matter, kind="interpellation", zh="质询"):
    """质询案: filed by members, answered as the chairmen's meeting decides; once more if most proposers want it."""

    class Stage(Word):
        FILED = auto()
        ANSWER_DECIDED = auto()
        ANSWERED = auto()
        UNSATISFIED = auto()
        RE_ANSWER_ORDERED = auto()
        RE_ANSWERED = auto()
        WITHDRAWN = auto()
        CLOSED = auto()
        DROPPED = auto()

    text: str = ""
    """What is asked."""
    proposers: tuple[str, ...] = ()
    mode: AnswerMode | None = None
    decided_on: date | None = None
    orders: int = 0
    """How often the organ was told to answer."""
    answers: list[InterpellationAnswer] = field(default_factory=list)
    distributed_on: date | None = None
    """When a report on the answer was given to the members of the standing committee."""
    dissatisfactions: list[Dissatisfaction] = field(default_factory=list)
    withdrawn_on: date | None = None

    @property
    def handed_to_units_on(self) -> date | None:
        return self.decided_on

    @property
    def answered_by_units_on(self) -> date | None:
        return self.answers[-1].answered_on if self.answers and self.stage not in TO_BE_ANSWERED else None

    @property
    def handlings(self) -> int:
        return self.orders

    def units_concerned(self) -> Iterator[str]:
        """The organ, once the chairmen's meeting has passed it on."""
        return super().units_concerned() if self.decided_on is not None else iter(())

    def awaited(self) -> Iterator[Awaited]:
        """The decision, the answer, the decision on another one, the end."""
        yield from super().awaited()
        match self.stage:
            case Stage.FILED:
                yield Awaited(Role.DEPUTY_AFFAIRS, AnswerDecided.declared.wire)
            case Stage.ANSWER_DECIDED | Stage.RE_ANSWER_ORDERED if self.unit is not None:
                step = InterpellationAnswered if self.stage is Stage.ANSWER_DECIDED else InterpellationReAnswered
                yield Awaited(f"{Role.HANDLING_UNIT}:{self.unit}", step.declared.wire, self.due_by(ANSWER))
            case Stage.UNSATISFIED:
                yield Awaited(Role.DEPUTY_AFFAIRS, ReAnswerOrdered.declared.wire)
            case Stage.ANSWERED | Stage.RE_ANSWERED:
                yield Awaited(Role.DEPUTY_AFFAIRS, Closed.declared.wire)
            case Stage.WITHDRAWN:
                yield Awaited(Role.DEPUTY_AFFAIRS, Dropped.declared.wire)


Stage = Interpellation.Stage
TO_BE_ANSWERED = frozenset({Stage.ANSWER_DECIDED, Stage.RE_ANSWER_ORDERED})


class InterpellationFiled(
    MatterOpening,
    of=Interpellation,
    wire="interpellation.filed.v1",
    zh="提出质询案",
    opens=True,
    leads_to=Stage.FILED,
    by=MEMBERS,
):
    """Members jointly file it in writing; it says which organ is asked, and what (art. 51).

    A paper without an organ, a question or a name is refused: it asks nobody anything. One with too few names is
    recorded, because it was handed in and others may still join it; that it was passed on without enough of them is
    a finding of that decision.
    """

    unit: UnitCode
    """The organ that is asked."""
    text: Text
    """The question and what it is about."""
    proposers: tuple[Line, ...] = Field(min_length=1, max_length=500)
    """The members who sign it, by name."""

    def check(self, case: Matter | None, office: Office) -> None:
        super().check(case, office)
        require_once(self.proposers, "proposers")

    def apply(self, case: Interpellation, act: Act) -> None:
        super().apply(case, act)
        case.text, case.proposers = self.text, self.proposers


class InterpellationJoined(
    Step, of=Interpellation, wire="interpellation.joined.v1", zh="补充联名", while_in={Stage.FILED}, by=MEMBERS
):
    """Further members sign it, before it is decided how it is answered."""

    proposers: tuple[Line, ...] = Field(min_length=1, max_length=500)

    def check(self, case: Interpellation, office: Office) -> None:
        require_once(self.proposers, "proposers")

    def already(self, case: Interpellation) -> bool:
        return set(self.proposers) <= set(case.proposers)

    def apply(self, case: Interpellation, act: Act) -> None:
        case.proposers = tuple(dict.fromkeys((*case.proposers, *self.proposers)))


class _AnswerDue(Step):
    """The organ is to answer, perhaps by a date."""

    mode: AnswerMode
    due_on: date | None = None
    """Until when, where a date is named."""

    def check(self, case: Interpellation, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(ANSWER, act.occurred_on, self.due_on)


class AnswerDecided(
    _AnswerDue,
    of=Interpellation,
    wire="interpellation.answer_decided.v1",
    zh="主任会议决定答复方式",
    while_in={Stage.FILED, Stage.ANSWER_DECIDED},
    leads_to=Stage.ANSWER_DECIDED,
    by=CHAIRMEN,
):
    """The chairmen's meeting passes it on to the organ, and decides how it answers (art. 52)."""

    committee: Line | None = None
    """The special committee at whose meeting it answers."""

    def breaches(self, case: Interpellation, office: Office) -> Iterator[Refused]:
        """Enough members have signed it (art. 51)."""
        of_county = office.jurisdiction.level is Level.COUNTY
        rule = office.rulebook.minimums.get(PROPOSERS_OF_COUNTY if of_county else PROPOSERS)
        if rule is not None and len(case.proposers) < rule.at_least:
            yield Refused("too-few-proposers", signed=len(case.proposers), at_least=rule.at_least)

    def apply(self, case: Interpellation, act: Act) -> None:
        case.mode, case.committee = self.mode, self.committee or case.committee
        case.decided_on, case.orders = case.decided_on or act.occurred_on, max(case.orders, 1)


class _InterpellationAnswer(Step):
    """The organ answers."""

    mode: AnswerMode
    """How it did."""
    respondent: Line
    """Who came, or signed, by name."""
    by_head: bool
    """Whether that is somebody in charge of the organ."""
    text: Text
    document_number: Line | None = None

    def acting_unit(self, case: Interpellation) -> str | None:
        """The organ that is asked."""
        return case.unit

    def breaches(self, case: Interpellation, office: Office) -> Iterator[Refused]:
        """Somebody in charge comes, or signs (art. 54); it is answered as the chairmen's meeting decided (art. 52)."""
        if not self.by_head:
            yield Refused("not-answered-by-head", respondent=self.respondent)
        if case.mode is not None and self.mode is not case.mode:
            yield Refused("answered-another-way")

    def apply(self, case: Interpellation, act: Act) -> None:
        case.answers.append(
            InterpellationAnswer(
                act.occurred_on, self.mode, self.respondent, self.by_head, self.text, self.document_number
            )
        )


class InterpellationAnswered(
    _InterpellationAnswer,
    of=Interpellation,
    wire="interpellation.answered.v1",
    zh="答复质询案",
    while_in={Stage.ANSWER_DECIDED},
    leads_to=Stage.ANSWERED,
    by=UNITS,
    stops=(ANSWER,),
):
    """The organ answers: in person by whoever is in charge, or in writing over his signature (art. 54)."""


class AnswerReportDistributed(
    Step,
    of=Interpellation,
    wire="interpellation.answer_report_distributed.v1",
    zh="印发答复情况报告",
    while_in={Stage.ANSWERED, Stage.UNSATISFIED, Stage.RE_ANSWERED},
    by=CHAIRMEN,
):
    """The chairmen's meeting has a report on the answer given to the members of the standing committee (art. 52)."""

    def already(self, case: Interpellation) -> bool:
        last = case.answers[-1].answered_on if case.answers else None
        return last is not None and case.distributed_on is not None and case.distributed_on >= last

    def apply(self, case: Interpellation, act: Act) -> None:
        case.distributed_on = act.occurred_on


class DissatisfactionDeclared(
    Step,
    of=Interpellation,
    wire="interpellation.dissatisfaction_declared.v1",
    zh="提案人对答复不满意",
    while_in={Stage.ANSWERED, Stage.RE_ANSWERED},
    leads_to=Stage.UNSATISFIED,
    by=MEMBERS,
):
    """So many of the proposers are not satisfied, and ask for another answer (art. 53). Nobody is named."""

    unsatisfied: int = Field(ge=1, le=500)
    """How many."""
    reason: Text

    def check(self, case: Interpellation, office: Office) -> None:
        if self.unsatisfied > len(case.proposers):
            raise Refused("more-unsatisfied-than-proposers", field="unsatisfied", signed=len(case.proposers))

    def apply(self, case: Interpellation, act: Act) -> None:
        case.dissatisfactions.append(
            Dissatisfaction(act.occurred_on, self.unsatisfied, len(case.proposers), self.reason)
        )


class ReAnswerOrdered(
    _AnswerDue,
    of=Interpellation,
    wire="interpellation.re_answer_ordered.v1",
    zh="主任会议决定再作答复",
    while_in={Stage.UNSATISFIED},
    leads_to=Stage.RE_ANSWER_ORDERED,
    by=CHAIRMEN,
):
    """The chairmen's meeting decides that the organ answers once more (art. 53)."""

    def breaches(self, case: Interpellation, office: Office) -> Iterator[Refused]:
        """More than half of the proposers ask for it (art. 53)."""
        said = case.dissatisfactions[-1] if case.dissatisfactions else None
        if said is None or said.unsatisfied * 2 <= said.signed:
            unsatisfied, signed = (0, len(case.proposers)) if said is None else (said.unsatisfied, said.signed)
            yield Refused("not-asked-by-most-proposers", unsatisfied=unsatisfied, signed=signed)

    def apply(self, case: Interpellation, act: Act) -> None:
        case.mode, case.orders = self.mode, case.orders + 1


class ReAnswerDeclined(
    Step,
    of=Interpellation,
    wire="interpellation.re_answer_declined.v1",
    zh="主任会议决定不再答复",
    while_in={Stage.UNSATISFIED},
    leads_to=Stage.ANSWERED,
    by=CHAIRMEN,
):
    """The chairmen's meeting decides that no other answer is called for (art. 53), and says why."""

    reason: Text


class InterpellationReAnswered(
    _InterpellationAnswer,
    of=Interpellation,
    wire="interpellation.re_answered.v1",
    zh="再次答复质询案",
    while_in={Stage.RE_ANSWER_ORDERED},
    leads_to=Stage.RE_ANSWERED,
    by=UNITS,
    stops=(ANSWER,),
):
    """The organ answers once more."""


class InterpellationWithdrawn(
    Step,
    of=Interpellation,
    wire="interpellation.withdrawn.v1",
    zh="撤回质询案",
    while_in={Stage.FILED, Stage.ANSWER_DECIDED},
    leads_to=Stage.WITHDRAWN,
    by=MEMBERS,
):
    """The proposers withdraw it before it is answered."""

    reason: Text | None = None

    def dropped_clocks(self, case: Interpellation) -> Iterator[ClockKey]:
        yield ANSWER, None

    def apply(self, case: Interpellation, act: Act) -> None:
        case.withdrawn_on = act.occurred_on
