"""Rectification (整改): what becomes of opinions that were handed over, shared by every case type that hands some over.

Opinions with a problem list are handed to the organ, rectified item by item and verified; the organ reports, the
standing committee may deliberate the report and be polled on it; who does not put it right is referred for
accountability. Sources: 监督法 (2024) art. 17, 29, 37; the magazine's opinion, point 7, and the eighteen articles, 17.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from domain import clock
from domain.ballot import Poll, PollStep, Rating
from domain.case import Act, Awaited, ClockKey, Role, Step
from domain.clock import Deadline
from domain.matter import CHAIRMEN, COMMITTEE, KEEPERS, UNITS, Matter, require_not_before, require_units
from domain.office import Office
from domain.part import Part
from domain.refusal import Refused
from domain.values import Code, Line, Text, UnitCode, Word

HAND_OVER, REPORT, PROBLEM = "rectification.hand_over", "rectification.report", "rectification.problem"


class Rectification(Word):
    """How far a rectification is; every case type that has one has these stages."""

    ADOPTED = auto()
    HANDED_OVER = auto()
    PLAN_RECEIVED = auto()
    RECTIFYING = auto()
    REPORT_IN_COMMENT = auto()
    REPORTED = auto()
    DELIBERATED_AGAIN = auto()
    POLLED = auto()
    RE_RECTIFYING = auto()
    FOLLOW_UP = auto()


BEING_RECTIFIED = frozenset(
    {
        Rectification.HANDED_OVER,
        Rectification.PLAN_RECEIVED,
        Rectification.RECTIFYING,
        Rectification.REPORT_IN_COMMENT,
        Rectification.RE_RECTIFYING,
    }
)
AFTER_REPORT = frozenset(
    {Rectification.REPORTED, Rectification.DELIBERATED_AGAIN, Rectification.POLLED, Rectification.FOLLOW_UP}
)
HANDED_OVER = BEING_RECTIFIED | AFTER_REPORT


@dataclass
class ListedProblem(Part):
    """A point of the problem list (问题清单), and what was done about it."""

    class Stage(Word):
        OPEN = auto()
        RECTIFIED = auto()
        VERIFIED = auto()
        LONG_TERM = auto()
        REJECTED = auto()

    text: str = ""
    unit: str = ""
    co_units: tuple[str, ...] = ()
    listed_on: date | None = None
    due_on: date | None = None
    rectified_on: date | None = None
    summary: str | None = None
    """What the unit did, or why it did not."""
    verified_on: date | None = None
    verified_by: str | None = None
    sent_back: int = 0
    """How often it was sent back as not yet put right."""


@dataclass
class Referral(Part):
    """What was referred so that somebody is held to account (移交问责建议), and what the receiver did."""

    class Stage(Word):
        REFERRED = auto()
        REFERRAL_ACCEPTED = auto()
        REFERRAL_DECLINED = auto()
        OUTCOME_REPORTED = auto()

    receiver: str = ""
    reason: str = ""
    referred_on: date | None = None
    decided_on: date | None = None
    declined_because: str | None = None
    outcome: str | None = None
    outcome_on: date | None = None
    told_on: date | None = None
    """When the deputies were told."""


@dataclass(frozen=True)
class HandlingReport:
    """What the organ reported on the handling (办理情况报告)."""

    reported_on: date
    turn: int
    summary: str


class ProblemToList(BaseModel):
    """A point of a problem list as the list states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    problem: Code
    """Its key in the case."""
    text: Text
    unit: UnitCode
    """Who is to put it right."""
    co_units: tuple[UnitCode, ...] = Field(default=(), max_length=50)
    due_on: date | None = None


@dataclass
class Rectified(Matter):
    """A matter whose opinions are handed over and put right."""

    second_poll: ClassVar[str] = PollStep.rule
    """The rule that says what follows from the tallies of a second poll."""

    important: bool = False
    in_person: bool | None = None
    handed_over_on: date | None = None
    turn: int = 0
    """Which handling it is: 1, and one more each time it is ordered again."""
    problems: dict[str, ListedProblem] = field(default_factory=dict)
    plan_received_on: date | None = None
    reports: list[HandlingReport] = field(default_factory=list)
    comment: str | None = None
    polls: list[Poll] = field(default_factory=list)
    referrals: dict[str, Referral] = field(default_factory=dict)
    follow_ups: list[date] = field(default_factory=list)

    @property
    def handed_to_units_on(self) -> date | None:
        return self.handed_over_on

    @property
    def answered_by_units_on(self) -> date | None:
        last = self.reports[-1] if self.reports else None
        return last.reported_on if last is not None and last.turn == self.turn else None

    @property
    def handlings(self) -> int:
        return self.turn

    @property
    def rating(self) -> Rating | None:
        return self.polls[-1].rating if self.polls else None

    @property
    def polled(self) -> bool:
        """Whether there was a poll that a second one may follow."""
        return bool(self.polls)

    @property
    def open_problems(self) -> list[ListedProblem]:
        """What is not yet put right."""
        return [one for one in self.problems.values() if one.stage is ListedProblem.Stage.OPEN]

    def units_concerned(self) -> Iterator[str]:
        """The organ, and who has a problem to put right."""
        yield from super().units_concerned()
        for problem in self.problems.values():
            yield from (problem.unit, *problem.co_units)

    def unit_of(self, part: str | None) -> str | None:
        """Whose problem it is."""
        problem = None if part is None else self.problems.get(part)
        return None if problem is None else problem.unit or None

    def audience(self) -> Iterator[str]:
        """Also whoever distributes the government's work, once it was handed over."""
        yield from super().audience()
        if self.handed_over_on is not None:
            yield Role.GOVERNMENT_OFFICE

    def awaited(self) -> Iterator[Awaited]:
        """Problems, the report, and what the committee owes after them."""
        yield from super().awaited()
        if self.has_ended:
            return
        for problem in self.problems.values():
            if problem.stage is ListedProblem.Stage.OPEN:
                who, due_on = f"{Role.HANDLING_UNIT}:{problem.unit}", self.due_by(PROBLEM, problem.key)
                yield Awaited(who, ListedProblemRectified.declared.wire, due_on, problem.key)
            elif problem.stage is ListedProblem.Stage.RECTIFIED:
                yield _of_committee(ProblemVerified, part=problem.key)
        if self.unit is not None and self.stage in BEING_RECTIFIED:
            step = ReportSubmitted if self.turn <= 1 else ReportedAgain
            yield Awaited(f"{Role.HANDLING_UNIT}:{self.unit}", step.declared.wire, self.due_by(REPORT))
        if self.stage == Rectification.ADOPTED:
            yield _of_committee(OpinionsHandedOver)
        elif self.stage == Rectification.POLLED and self.rating is Rating.DISSATISFIED:
            yield _of_committee(ReRectificationOrdered)
        for referral in self.referrals.values():
            if referral.outcome is not None and referral.told_on is None:
                yield _of_committee(ReferralTold, part=referral.key)

    def list_problems(self, problems: tuple[ProblemToList, ...], on: date) -> None:
        """Put problems on the list."""
        for listed in problems:
            self.problems[listed.problem] = ListedProblem(
                listed.problem,
                ListedProblem.Stage.OPEN,
                listed.text,
                listed.unit,
                listed.co_units,
                on,
                listed.due_on,
            )

    def go_on_rectifying(self) -> None:
        """Somebody works on it: it is being rectified, unless it was ordered again."""
        if self.stage in {Rectification.HANDED_OVER, Rectification.PLAN_RECEIVED}:
            self.stage = self.Stage(Rectification.RECTIFYING)


def _of_committee(step: type[Step], part: str | None = None) -> Awaited:
    return Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire, None, part)


def _require_listable(case: Rectified, problems: tuple[ProblemToList, ...], office: Office) -> None:
    keys: set[str] = set()
    for i, listed in enumerate(problems):
        if listed.problem in case.problems or listed.problem in keys:
            raise Refused("problem-exists", field=f"problems.{i}.problem", problem=listed.problem)
        keys.add(listed.problem)
        office.require_unit(listed.unit, f"problems.{i}.unit")
        require_units(listed.co_units, office, f"problems.{i}.co_units")
        if listed.due_on is not None:
            require_not_before(listed.due_on, office, f"problems.{i}.due_on")


def _deadlines_of(problems: tuple[ProblemToList, ...], on: date) -> Iterator[Deadline]:
    for listed in problems:
        if listed.due_on is not None:
            yield clock.agreed(PROBLEM, on, listed.due_on, listed.problem)


class _OfProblem(Step):
    """A step about one problem of the list."""

    problem: Code

    def acting_unit(self, case: Any) -> str | None:
        """The unit that is to put it right."""
        listed = case.problems.get(self.problem) if case is not None else None
        return None if listed is None else listed.unit

    def named(self, case: Rectified) -> ListedProblem | None:
        """The problem, if it is on the list."""
        return case.problems.get(self.problem)


# Handing over


class OpinionsHandedOver(
    Step,
    of=Rectified,
    wire="rectification.handed_over.v1",
    zh="交办",
    while_in={Rectification.ADOPTED},
    leads_to=Rectification.HANDED_OVER,
    by=COMMITTEE,
    starts=(REPORT,),
    stops=(HAND_OVER,),
):
    """The opinions are handed to the organ; important ones in person, together with a list of concrete problems.

    Source: the magazine's opinion, point 7. The law sets no term for the report (监督法 art. 17); the term is the one
    that is named, else that of the rulebook.
    """

    unit: UnitCode
    """The organ that answers for all of it."""
    important: bool = False
    in_person: bool | None = None
    problems: tuple[ProblemToList, ...] = Field(default=(), max_length=500)
    due_on: date | None = None
    """When the organ is to report, where a date is named."""

    def check(self, case: Rectified, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        _require_listable(case, self.problems, office)
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def breaches(self, case: Rectified, office: Office) -> Iterator[Refused]:
        """Important opinions are handed over in person, with a problem list."""
        if self.important and not (self.in_person and self.problems):
            yield Refused("important-opinion-not-in-person")

    def started_clocks(self, case: Rectified) -> Iterator[ClockKey]:
        if self.due_on is None:
            yield REPORT, None

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(REPORT, act.occurred_on, self.due_on)
        yield from _deadlines_of(self.problems, act.occurred_on)

    def apply(self, case: Rectified, act: Act) -> None:
        case.unit, case.handed_over_on, case.turn = self.unit, act.occurred_on, max(case.turn, 1)
        case.important, case.in_person = self.important, self.in_person
        case.list_problems(self.problems, act.occurred_on)


class ProblemsListed(
    Step,
    of=Rectified,
    wire="rectification.problems_listed.v1",
    zh="补充问题清单",
    while_in=HANDED_OVER,
    by=COMMITTEE,
):
    """Further problems come on the list."""

    problems: tuple[ProblemToList, ...] = Field(min_length=1, max_length=500)

    def check(self, case: Rectified, office: Office) -> None:
        _require_listable(case, self.problems, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield from _deadlines_of(self.problems, act.occurred_on)

    def apply(self, case: Rectified, act: Act) -> None:
        case.list_problems(self.problems, act.occurred_on)


class UnitsDesignated(
    _OfProblem,
    of=Rectified,
    wire="rectification.units_designated.v1",
    zh="责任分解",
    while_in=HANDED_OVER,
    part="problems",
    names="problem",
    by=UNITS,
):
    """Who puts a problem right, and who helps; the one who leads may be another than the list says."""

    unit: UnitCode
    co_units: tuple[UnitCode, ...] = Field(default=(), max_length=50)

    def acting_unit(self, case: Rectified) -> str | None:
        """The organ that answers for all of it distributes the work."""
        return case.unit

    def check(self, case: Rectified, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        require_units(self.co_units, office, "co_units")
        if self.unit in self.co_units:
            raise Refused("unit-helps-itself", field="co_units", unit=self.unit)

    def already(self, case: Rectified) -> bool:
        problem = self.named(case)
        return problem is not None and (problem.unit, problem.co_units) == (self.unit, self.co_units)

    def apply(self, case: Rectified, act: Act) -> None:
        if (problem := self.named(case)) is not None:
            problem.unit, problem.co_units = self.unit, self.co_units


class PlanSubmitted(
    Step,
    of=Rectified,
    wire="rectification.plan_submitted.v1",
    zh="提交整改方案",
    while_in={Rectification.HANDED_OVER, Rectification.RE_RECTIFYING},
    leads_to=Rectification.PLAN_RECEIVED,
    by=UNITS,
):
    """The organ says how and until when it will put things right."""

    summary: Text

    def acting_unit(self, case: Rectified) -> str | None:
        return case.unit

    def apply(self, case: Rectified, act: Act) -> None:
        case.plan_received_on = act.occurred_on


# Problem by problem


class ListedProblemRectified(
    _OfProblem,
    of=Rectified,
    wire="rectification.problem_rectified.v1",
    zh="逐项整改",
    while_in=HANDED_OVER,
    part="problems",
    names="problem",
    after={ListedProblem.Stage.OPEN, ListedProblem.Stage.LONG_TERM},
    leads_to=ListedProblem.Stage.RECTIFIED,
    moves={
        (Rectification.HANDED_OVER, Rectification.RECTIFYING),
        (Rectification.PLAN_RECEIVED, Rectification.RECTIFYING),
    },
    by=UNITS,
    stops=(PROBLEM,),
):
    """A unit says that a problem is put right, and how."""

    summary: Text

    def apply(self, case: Rectified, act: Act) -> None:
        case.go_on_rectifying()
        if (problem := self.named(case)) is not None:
            problem.rectified_on, problem.summary = act.occurred_on, self.summary


class ProblemRejected(
    _OfProblem,
    of=Rectified,
    wire="rectification.problem_rejected.v1",
    zh="说明不予整改理由",
    while_in=HANDED_OVER,
    part="problems",
    names="problem",
    after={ListedProblem.Stage.OPEN, ListedProblem.Stage.LONG_TERM},
    leads_to=ListedProblem.Stage.REJECTED,
    by=UNITS,
    stops=(PROBLEM,),
):
    """A unit says why it will not put a problem right; the committee may send that back."""

    reason: Text

    def apply(self, case: Rectified, act: Act) -> None:
        case.go_on_rectifying()
        if (problem := self.named(case)) is not None:
            problem.summary = self.reason


class ProblemDeferred(
    _OfProblem,
    of=Rectified,
    wire="rectification.problem_deferred.v1",
    zh="列为长期整改",
    while_in=HANDED_OVER,
    part="problems",
    names="problem",
    after={ListedProblem.Stage.OPEN},
    leads_to=ListedProblem.Stage.LONG_TERM,
    by=CHAIRMEN,
):
    """A problem that takes long is followed until a later date."""

    due_on: date
    reason: Text

    def check(self, case: Rectified, office: Office) -> None:
        require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield clock.agreed(PROBLEM, act.occurred_on, self.due_on, self.problem)

    def apply(self, case: Rectified, act: Act) -> None:
        if (problem := self.named(case)) is not None:
            problem.due_on = self.due_on


class ProblemVerified(
    _OfProblem,
    of=Rectified,
    wire="rectification.problem_verified.v1",
    zh="核查销号",
    while_in=HANDED_OVER,
    part="problems",
    names="problem",
    after={ListedProblem.Stage.RECTIFIED},
    leads_to=ListedProblem.Stage.VERIFIED,
    by=CHAIRMEN,
):
    """The committee has looked, and signs the problem off."""

    verified_by: Line
    note: Text | None = None

    def apply(self, case: Rectified, act: Act) -> None:
        if (problem := self.named(case)) is not None:
            problem.verified_on, problem.verified_by = act.occurred_on, self.verified_by


class ProblemSentBack(
    _OfProblem,
    of=Rectified,
    wire="rectification.problem_sent_back.v1",
    zh="退回继续整改",
    while_in=HANDED_OVER,
    part="problems",
    names="problem",
    after={ListedProblem.Stage.RECTIFIED, ListedProblem.Stage.REJECTED, ListedProblem.Stage.VERIFIED},
    leads_to=ListedProblem.Stage.OPEN,
    by=CHAIRMEN,
):
    """The committee has looked, and the problem is not put right, or is there again."""

    reason: Text
    due_on: date | None = None

    def check(self, case: Rectified, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(PROBLEM, act.occurred_on, self.due_on, self.problem)

    def apply(self, case: Rectified, act: Act) -> None:
        if (problem := self.named(case)) is not None:
            problem.sent_back += 1
            problem.rectified_on = problem.verified_on = problem.verified_by = None
            problem.due_on = self.due_on or problem.due_on


# Reporting


class ReportSentForComment(
    Step,
    of=Rectified,
    wire="rectification.report_sent_for_comment.v1",
    zh="办理情况报告送专工委征求意见",
    while_in=BEING_RECTIFIED - {Rectification.REPORT_IN_COMMENT},
    leads_to=Rectification.REPORT_IN_COMMENT,
    by=UNITS,
):
    """The draft of the report goes to the committee in charge first (监督法 art. 17)."""

    def acting_unit(self, case: Rectified) -> str | None:
        return case.unit


class ReportCommented(
    Step,
    of=Rectified,
    wire="rectification.report_commented.v1",
    zh="专工委反馈意见",
    while_in={Rectification.REPORT_IN_COMMENT},
    by=CHAIRMEN,
):
    """The committee in charge says what it thinks of the draft."""

    summary: Text

    def apply(self, case: Rectified, act: Act) -> None:
        case.comment = self.summary


class _Report(Step):
    """The organ reports in writing."""

    summary: Text

    def acting_unit(self, case: Rectified) -> str | None:
        """The organ that answers for all of it."""
        return case.unit

    def apply(self, case: Rectified, act: Act) -> None:
        case.reports.append(HandlingReport(act.occurred_on, case.turn, self.summary))


class ReportSubmitted(
    _Report,
    of=Rectified,
    wire="rectification.report_submitted.v1",
    zh="提交办理情况报告",
    while_in=BEING_RECTIFIED - {Rectification.RE_RECTIFYING},
    leads_to=Rectification.REPORTED,
    by=UNITS,
    stops=(REPORT,),
):
    """The organ reports in writing to the standing committee what it did about the opinions (监督法 art. 17)."""


class ReportDeliberated(
    Step,
    of=Rectified,
    wire="rectification.report_deliberated.v1",
    zh="再次审议",
    while_in=AFTER_REPORT,
    leads_to=Rectification.DELIBERATED_AGAIN,
    by=COMMITTEE,
):
    """The chairmen's meeting puts the report before the standing committee, which deliberates it (再审、续审).

    It may do so at several meetings, and after it has looked again (监督法 art. 17, 29, 37).
    """

    summary: Text


class PollHeld(
    PollStep,
    of=Rectified,
    wire="rectification.poll_held.v1",
    zh="满意度测评",
    while_in=AFTER_REPORT,
    leads_to=Rectification.POLLED,
    by=COMMITTEE,
):
    """How satisfied the body is with the rectification (整改满意度测评)."""

    def check(self, case: Rectified, office: Office) -> None:
        super().check(case, office)
        if case.polls:
            raise Refused("polled-before")

    def apply(self, case: Rectified, act: Act) -> None:
        case.polls.append(self.counted(act.occurred_on))


class SecondPollHeld(
    PollStep,
    of=Rectified,
    wire="rectification.second_poll_held.v1",
    zh="二次测评",
    while_in=AFTER_REPORT,
    leads_to=Rectification.POLLED,
    by=COMMITTEE,
):
    """The body is polled again, after it was reported again; the first poll stays beside it (丹徒)."""

    def rule_for(self, case: Rectified) -> str:
        return case.second_poll

    def check(self, case: Rectified, office: Office) -> None:
        super().check(case, office)
        if not case.polled:
            raise Refused("not-polled-before")

    def apply(self, case: Rectified, act: Act) -> None:
        case.polls.append(self.counted(act.occurred_on))


class ReRectificationOrdered(
    Step,
    of=Rectified,
    wire="rectification.re_rectification_ordered.v1",
    zh="责成再次整改",
    while_in=AFTER_REPORT,
    leads_to=Rectification.RE_RECTIFYING,
    by=COMMITTEE,
    starts=(REPORT,),
):
    """It is not put right: the organ has to go on and report again."""

    reason: Text
    due_on: date | None = None

    def check(self, case: Rectified, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def started_clocks(self, case: Rectified) -> Iterator[ClockKey]:
        if self.due_on is None:
            yield REPORT, None

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(REPORT, act.occurred_on, self.due_on)

    def apply(self, case: Rectified, act: Act) -> None:
        case.turn += 1


class ReportedAgain(
    _Report,
    of=Rectified,
    wire="rectification.reported_again.v1",
    zh="再次报告",
    while_in=BEING_RECTIFIED - {Rectification.HANDED_OVER},
    leads_to=Rectification.REPORTED,
    by=UNITS,
    stops=(REPORT,),
):
    """The organ reports again, after it was ordered to."""

    def check(self, case: Rectified, office: Office) -> None:
        if not case.reports:
            raise Refused("not-reported-before")


class FollowUpHeld(
    Step,
    of=Rectified,
    wire="rectification.follow_up_held.v1",
    zh="跟踪监督",
    while_in=AFTER_REPORT,
    leads_to=Rectification.FOLLOW_UP,
    by=COMMITTEE,
):
    """The committee looks again after the report, on the spot or in a meeting."""

    summary: Text

    def apply(self, case: Rectified, act: Act) -> None:
        case.follow_ups.append(act.occurred_on)


# Accountability


class ReferredForAccountability(
    Step,
    of=Rectified,
    wire="rectification.referred_for_accountability.v1",
    zh="移交问责建议",
    while_in=HANDED_OVER,
    by=COMMITTEE,
):
    """Problems are transferred, with the suggestion that somebody is held to account (eighteen articles, 17)."""

    referral: Code
    """Its key in the case."""
    receiver: Line
    """To whom: discipline inspection and supervision, the organisation department, inspection tours, audit."""
    reason: Text

    def check(self, case: Rectified, office: Office) -> None:
        if self.referral in case.referrals:
            raise Refused("referral-exists", field="referral", referral=self.referral)

    def apply(self, case: Rectified, act: Act) -> None:
        case.referrals[self.referral] = Referral(
            self.referral, Referral.Stage.REFERRED, self.receiver, self.reason, act.occurred_on
        )


class _OfReferral(Step):
    """A step about one referral."""

    referral: Code

    def named(self, case: Rectified) -> Referral | None:
        """The referral, if there is one."""
        return case.referrals.get(self.referral)


class ReferralAccepted(
    _OfReferral,
    of=Rectified,
    wire="rectification.referral_accepted.v1",
    zh="受理移交",
    part="referrals",
    names="referral",
    after={Referral.Stage.REFERRED},
    leads_to=Referral.Stage.REFERRAL_ACCEPTED,
    by=KEEPERS,
):
    """The receiver takes it up."""

    def apply(self, case: Rectified, act: Act) -> None:
        if (referral := self.named(case)) is not None:
            referral.decided_on = act.occurred_on


class ReferralDeclined(
    _OfReferral,
    of=Rectified,
    wire="rectification.referral_declined.v1",
    zh="不予受理移交",
    part="referrals",
    names="referral",
    after={Referral.Stage.REFERRED},
    leads_to=Referral.Stage.REFERRAL_DECLINED,
    by=KEEPERS,
):
    """The receiver does not take it up, and says why."""

    reason: Text

    def apply(self, case: Rectified, act: Act) -> None:
        if (referral := self.named(case)) is not None:
            referral.decided_on, referral.declined_because = act.occurred_on, self.reason


class ReferralOutcomeReported(
    _OfReferral,
    of=Rectified,
    wire="rectification.referral_outcome_reported.v1",
    zh="反馈问责结果",
    part="referrals",
    names="referral",
    after={Referral.Stage.REFERRAL_ACCEPTED},
    leads_to=Referral.Stage.OUTCOME_REPORTED,
    by=KEEPERS,
):
    """The receiver reports what came of it. No field holds an instruction on a case of a court."""

    outcome: Text

    def apply(self, case: Rectified, act: Act) -> None:
        if (referral := self.named(case)) is not None:
            referral.outcome, referral.outcome_on = self.outcome, act.occurred_on


class ReferralTold(
    _OfReferral,
    of=Rectified,
    wire="rectification.referral_told.v1",
    zh="向代表通报问责结果",
    part="referrals",
    names="referral",
    after={Referral.Stage.REFERRAL_DECLINED, Referral.Stage.OUTCOME_REPORTED},
    by=KEEPERS,
):
    """The deputies are told what came of it."""

    def already(self, case: Rectified) -> bool:
        referral = self.named(case)
        return referral is not None and referral.told_on is not None

    def apply(self, case: Rectified, act: Act) -> None:
        if (referral := self.named(case)) is not None:
            referral.told_on = referral.told_on or act.occurred_on
