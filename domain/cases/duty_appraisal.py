"""Appraisal after appointment (任后述职评议): an appointee reports on his duty, and is polled on it.

Sources: the eighteen articles, 14 (the results go to the Party committee); all departments and appointees within a term
(丹阳, 京口); a second poll after the rectification (丹徒). Terms are of other places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import Field

from domain.ballot import Poll, PollStep, Rating
from domain.case import Act, Awaited, Reference, Role, Step
from domain.matter import CHAIRMEN, COMMITTEE, KEEPERS, UNITS, Gate, MatterOpening, ReportedToPartyCommittee
from domain.office import Office
from domain.rectification import HAND_OVER, Rectified
from domain.refusal import Refused
from domain.values import CaseId, Line, Text, Word

POLL = "poll.duty_appraisal"


@dataclass
class DutyAppraisal(Rectified, kind="duty_appraisal", zh="任后述职评议"):
    """任后述职评议: chosen, reported, investigated, heard, polled, rated, rectified."""

    opens_when_told = False
    second_poll = POLL

    class Stage(Word):
        SELECTED = auto()
        DUTY_REPORT_RECEIVED = auto()
        INVESTIGATED = auto()
        DUTY_REPORT_HEARD = auto()
        APPRAISED = auto()
        RATED = auto()
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
        CLOSED = auto()
        DROPPED = auto()

    official: str = ""
    post: str = ""
    appointment: str | None = None
    in_post_since: date | None = None
    duty_report_on: date | None = None
    opinions_collected: list[str] = field(default_factory=list)
    findings_of_investigation: str | None = None
    heard_on: date | None = None
    appraisal_poll: Poll | None = None
    rated: Rating | None = None
    organization_department_on: date | None = None

    @property
    def person(self) -> str | None:
        return self.official

    @property
    def rating(self) -> Rating | None:
        return super().rating or self.rated

    @property
    def polled(self) -> bool:
        """The poll on how the duty was done is the first one."""
        return self.appraisal_poll is not None or super().polled

    def awaited(self) -> Iterator[Awaited]:
        """Also that the result is told to the Party committee and to its organisation department (articles, 14)."""
        yield from super().awaited()
        if self.stage != Stage.POLLED:
            return
        if self.passed(Gate.RESULT_REPORTED) is None:
            yield Awaited(Role.DEPUTY_AFFAIRS, ReportedToPartyCommittee.declared.wire)
        if self.organization_department_on is None:
            yield Awaited(Role.DEPUTY_AFFAIRS, OrganizationDepartmentInformed.declared.wire)


Stage = DutyAppraisal.Stage

BEFORE_HEARING = frozenset({Stage.SELECTED, Stage.DUTY_REPORT_RECEIVED, Stage.INVESTIGATED})


class SelectedForAppraisal(
    MatterOpening,
    of=DutyAppraisal,
    wire="duty_appraisal.selected.v1",
    zh="确定述职评议对象",
    opens=True,
    leads_to=Stage.SELECTED,
    by=CHAIRMEN,
):
    """The chairmen's meeting chooses whose turn it is."""

    official: Line
    post: Line
    appointment: CaseId | None = None
    """The case of the appointment, if it is kept here."""
    in_post_since: date | None = None

    def refers_to(self) -> Iterator[Reference]:
        yield from super().refers_to()
        if self.appointment is not None:
            yield Reference("appointment", self.appointment, frozenset({"appointment"}))

    def check(self, case: Any, office: Office) -> None:
        super().check(case, office)
        if self.in_post_since is not None and self.in_post_since > office.day:
            raise Refused("not-in-post-yet", field="in_post_since", since=self.in_post_since.isoformat())

    def apply(self, case: DutyAppraisal, act: Act) -> None:
        super().apply(case, act)
        case.official, case.post = self.official, self.post
        case.appointment, case.in_post_since = self.appointment, self.in_post_since


class DutyReportSubmitted(
    Step,
    of=DutyAppraisal,
    wire="duty_appraisal.duty_report_submitted.v1",
    zh="提交述职报告",
    while_in={Stage.SELECTED, Stage.INVESTIGATED},
    leads_to=Stage.DUTY_REPORT_RECEIVED,
    by=UNITS,
):
    """The official reports on his duty in writing; the report is an attachment."""

    summary: Text | None = None

    def acting_unit(self, case: DutyAppraisal) -> str | None:
        return case.unit

    def apply(self, case: DutyAppraisal, act: Act) -> None:
        case.duty_report_on = act.occurred_on


class OpinionsCollected(
    Step,
    of=DutyAppraisal,
    wire="duty_appraisal.opinions_collected.v1",
    zh="征求意见",
    while_in=BEFORE_HEARING,
    by=COMMITTEE,
):
    """What others say of the official is collected: discipline inspection, deputies, the public."""

    asked: tuple[Line, ...] = Field(min_length=1, max_length=200)
    summary: Text

    def apply(self, case: DutyAppraisal, act: Act) -> None:
        case.opinions_collected.append(self.summary)


class InvestigationConducted(
    Step,
    of=DutyAppraisal,
    wire="duty_appraisal.investigation_conducted.v1",
    zh="评议调查",
    while_in={Stage.SELECTED, Stage.DUTY_REPORT_RECEIVED},
    leads_to=Stage.INVESTIGATED,
    by=COMMITTEE,
):
    """The group that was formed for it has looked into how the duty was done."""

    summary: Text

    def apply(self, case: DutyAppraisal, act: Act) -> None:
        case.findings_of_investigation = self.summary


class DutyReportHeard(
    Step,
    of=DutyAppraisal,
    wire="duty_appraisal.duty_report_heard.v1",
    zh="听取述职报告",
    while_in=BEFORE_HEARING,
    leads_to=Stage.DUTY_REPORT_HEARD,
    by=COMMITTEE,
):
    """The standing committee hears the report and appraises it."""

    speakers: tuple[Line, ...] = Field(default=(), max_length=500)

    def check(self, case: DutyAppraisal, office: Office) -> None:
        if case.duty_report_on is None:
            raise Refused("no-duty-report", official=case.official)

    def apply(self, case: DutyAppraisal, act: Act) -> None:
        case.heard_on = act.occurred_on


class AppraisalPollHeld(
    PollStep,
    of=DutyAppraisal,
    wire="duty_appraisal.appraisal_poll_held.v1",
    zh="述职评议测评",
    while_in={Stage.DUTY_REPORT_HEARD},
    leads_to=Stage.APPRAISED,
    by=COMMITTEE,
):
    """The members are polled on the official; only the tallies are kept."""

    rule = POLL

    def apply(self, case: DutyAppraisal, act: Act) -> None:
        case.appraisal_poll = self.counted(act.occurred_on)


class RatingDetermined(
    Step,
    of=DutyAppraisal,
    wire="duty_appraisal.rating_determined.v1",
    zh="确定评议等次",
    while_in={Stage.DUTY_REPORT_HEARD, Stage.APPRAISED},
    leads_to=Stage.RATED,
    by=COMMITTEE,
):
    """Which rating the official gets."""

    rated: Rating

    def breaches(self, case: DutyAppraisal, office: Office) -> Iterator[Refused]:
        """The poll says otherwise."""
        poll = case.appraisal_poll
        if poll is not None and poll.rating not in {None, self.rated}:
            yield Refused("rating-contradicts-poll", rated=self.rated, polled=poll.rating)

    def apply(self, case: DutyAppraisal, act: Act) -> None:
        case.rated = self.rated


class AppraisalOpinionsAdopted(
    Step,
    of=DutyAppraisal,
    wire="duty_appraisal.opinions_adopted.v1",
    zh="通过评议意见",
    while_in={Stage.DUTY_REPORT_HEARD, Stage.APPRAISED, Stage.RATED},
    leads_to=Stage.ADOPTED,
    by=CHAIRMEN,
    starts=(HAND_OVER,),
):
    """What is to be put right is adopted; the list of it is handed over by the step that all such cases share."""

    text: Text


class OrganizationDepartmentInformed(
    Step,
    of=DutyAppraisal,
    wire="duty_appraisal.organization_department_informed.v1",
    zh="通报组织部",
    by=KEEPERS | {Role.PARTY_GROUP},
):
    """The organisation department is told of the result, also after the case was closed."""

    def already(self, case: DutyAppraisal) -> bool:
        return case.organization_department_on is not None

    def apply(self, case: DutyAppraisal, act: Act) -> None:
        case.organization_department_on = case.organization_department_on or act.occurred_on
