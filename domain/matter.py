"""Matter (履职事项): what the standing committee does by its own powers, and the steps that its case types share.

The gates of the Party (党组, 市委) are recorded and never block a step: that one was left out is a finding (`gates`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any, ClassVar

from pydantic import Field

from domain.case import CASE_TYPES, EVERYBODY, Act, Awaited, Case, ClockKey, Facts, Opening, Reference, Role, Step
from domain.office import Office
from domain.person import awaited_measures
from domain.refusal import Contradiction, Refused
from domain.values import CaseId, DeputyId, Line, Text, UnitCode, Word

OFFICE = frozenset({Role.GENERAL_OFFICE, Role.DEPUTY_AFFAIRS})
KEEPERS = OFFICE | {Role.SPECIAL_COMMITTEE}
"""Who keeps a matter: the committee that owns it, and the offices that write down what came on paper."""
CHAIRMEN = KEEPERS | {Role.CHAIRMEN_MEETING}
COMMITTEE = CHAIRMEN | {Role.STANDING_COMMITTEE}
PARTY_GROUP = KEEPERS | {Role.PARTY_GROUP}
PARTY = PARTY_GROUP | {Role.PARTY_COMMITTEE}
UNITS = KEEPERS | {Role.HANDLING_UNIT, Role.GOVERNMENT_OFFICE}
"""The organs that are supervised act themselves; the office may write down what came on paper."""


class Ending(Word):
    """How every matter ends: done (办结), or not gone on with (终止)."""

    CLOSED = auto()
    DROPPED = auto()


class Gate(Word):
    """Where a matter was before the Party's organs: 党组讨论, 报送市委, 市委审定, 市委退回, 结果报告市委."""

    PARTY_GROUP = auto()
    SUBMITTED = auto()
    APPROVED = auto()
    RETURNED = auto()
    RESULT_REPORTED = auto()


class ActivityKind(Word):
    """What a committee went out or sat down for: 调研, 视察, 检查, 座谈, 论证, 听证, 问卷, 听庭评庭, 培训."""

    SURVEY = auto()
    VISIT = auto()
    INSPECTION = auto()
    CONSULTATION = auto()
    EXPERT_ARGUMENT = auto()
    HEARING = auto()
    QUESTIONNAIRE = auto()
    THIRD_PARTY = auto()
    TRIAL_OBSERVATION = auto()
    TRAINING = auto()


class Audience(Word):
    """Whom something was told: 向代表通报, 向社会公布."""

    DEPUTIES = auto()
    PUBLIC = auto()


class TopicSource(Word):
    """What a topic comes from (监督法 art. 12): the six ways that it lists, the organ that asks, or a law."""

    INSPECTION = auto()
    SUGGESTIONS = auto()
    MEMBERS = auto()
    COMMITTEE_RESEARCH = auto()
    LETTERS_AND_VISITS = auto()
    SOCIAL_CONCERN = auto()
    ORGAN_REQUEST = auto()
    LAW = auto()


class LinkKind(Word):
    """How another case is tied to this one: it results from it, is a part of it, is about it, is joint work with it."""

    RESULTS_FROM = auto()
    PART_OF = auto()
    ABOUT = auto()
    JOINT = auto()
    RELATED = auto()


@dataclass(frozen=True)
class GatePassed:
    """What an organ of the Party said, and when."""

    gate: Gate
    passed_on: date
    opinion: str | None


@dataclass(frozen=True)
class Activity:
    """A survey, a visit, an inspection (活动): whom the committee invited and who came."""

    kind: ActivityKind
    held_on: date
    title: str
    invited: tuple[str, ...]
    attended: tuple[str, ...]
    members: tuple[str, ...]
    summary: str | None


@dataclass(frozen=True)
class CaseLink:
    """Another case, and how it is tied to this one."""

    link: LinkKind
    case_id: str


@dataclass
class Matter(Case):
    """What the standing committee does by its own powers."""

    opens_when_told: ClassVar[bool] = True
    """Whether those to whom it was told read its file; where that tells of persons, they are told the paper alone."""
    before_meeting: ClassVar[tuple[str, ...]] = ()
    """The clocks that count back from the meeting at which it is on the agenda."""

    title: str = ""
    number: str | None = None
    year: int | None = None
    """The year in whose plan it stands."""
    unit: str | None = None
    """The organ that it is about: a department, a court, the procuratorate."""
    committee: str | None = None
    """The special committee or working organ in charge."""
    plan: str | None = None
    opened_on: date | None = None
    meeting: str | None = None
    meets_on: date | None = None
    gates: list[GatePassed] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    departments: tuple[str, ...] = ()
    """Who was notified of the result."""
    told: tuple[Audience, ...] = ()
    links: list[CaseLink] = field(default_factory=list)
    ended_on: date | None = None

    def facts(self) -> Facts:
        """What lists show: the organ, the nearest deadline, and whether it has ended."""
        deadline = self.next_deadline
        return Facts(
            title=self.title,
            number=self.number,
            session=None if self.year is None else str(self.year),
            person=self.person,
            unit=self.unit,
            units=tuple(dict.fromkeys(self.units_concerned())),
            opened_on=self.opened_on,
            handed_over_on=self.handed_to_units_on,
            due_on=deadline.due_on if deadline else None,
            estimate=bool(deadline and deadline.estimate),
            answered_on=self.answered_by_units_on,
            extended=bool(deadline and deadline.extensions),
            rounds=self.handlings,
            grade=self.rating,
            over=self.has_ended,
        )

    @property
    def person(self) -> str | None:
        """Whom it is about, where it is about one person."""
        return None

    @property
    def handed_to_units_on(self) -> date | None:
        """When something was handed to units that they are to put right."""
        return None

    @property
    def answered_by_units_on(self) -> date | None:
        """When they had reported; None while they are awaited."""
        return None

    @property
    def handlings(self) -> int:
        """How often it was handed to them."""
        return 0

    @property
    def rating(self) -> str | None:
        """What a poll said last of how it was put right."""
        return None

    @property
    def has_ended(self) -> bool:
        """Whether it is closed or dropped."""
        return self.stage in ENDED

    def units_concerned(self) -> Iterator[str]:
        """The units that take part, the organ that it is about first."""
        if self.unit is not None:
            yield self.unit

    def audience(self) -> Iterator[str]:
        """The units that take part; the Party committee once it was asked; deputies and others when they are told."""
        for unit in self.units_concerned():
            yield f"{Role.HANDLING_UNIT}:{unit}"
        if any(passed.gate is not Gate.PARTY_GROUP for passed in self.gates):
            yield Role.PARTY_COMMITTEE
        if not self.opens_when_told:
            return
        if Audience.DEPUTIES in self.told:
            yield Role.DEPUTY
        if Audience.PUBLIC in self.told:
            yield EVERYBODY

    def claims(self) -> frozenset[str]:
        """A number belongs to one of its kind in a jurisdiction."""
        return frozenset() if self.number is None else frozenset({f"{self.kind}:{self.jurisdiction}:{self.number}"})

    def tied_to(self) -> Iterator[str]:
        """The plan, the meeting, what it was linked to, and whatever other case a field or a part of it names."""
        yield from (one.case_id for one in self.links)
        for name in NAMING_CASES:
            if (case_id := getattr(self, name, None)) is not None:
                yield case_id

    def follows(self) -> Iterator[str]:
        """What it results from, and what it is a part of."""
        if self.plan is not None:
            yield self.plan
        yield from (one.case_id for one in self.links if one.link in FOLLOWING)

    def awaited(self) -> Iterator[Awaited]:
        """What persons are owed."""
        yield from awaited_measures(self)

    def still_due(self, rule: str) -> bool:
        """Whether what a rule wants before the meeting is not done yet."""
        running = self.clocks.get((rule, None))
        return running is None or running.runs

    def passed(self, gate: Gate) -> date | None:
        """When it was at a gate last."""
        return max((one.passed_on for one in self.gates if one.gate is gate), default=None)

    def due_by(self, clock: str, part: str | None = None) -> date | None:
        """Until when, by a clock that runs."""
        running = self.clocks.get((clock, part))
        return running.deadline.due_on if running is not None and running.runs else None


DEPUTIES_INVITED = "deputies_invited"
NAMING_CASES = ("plan", "meeting", "regulation", "appointment", "voted_after")
"""The fields of matters that hold the id of another case."""
TO_WHICH_DEPUTIES_ARE_INVITED = frozenset({ActivityKind.SURVEY, ActivityKind.VISIT, ActivityKind.INSPECTION})
FOLLOWING = frozenset({LinkKind.RESULTS_FROM, LinkKind.PART_OF})
ENDED = frozenset(Ending)


def handled_kinds() -> frozenset[str]:
    """The kinds of the cases that the office handles."""
    return frozenset(kind for kind, case_type in CASE_TYPES.items() if not case_type.of_registry)


def require_not_before(day: date, office: Office, field: str = "due_on") -> None:
    """Refuse a day before that of the act."""
    if day < office.day:
        raise Contradiction("due-before-start", field=field, due_on=day.isoformat(), started_on=office.day.isoformat())


def require_once(values: Iterable[str], field: str) -> None:
    """Refuse a list that names something twice."""
    listed = list(values)
    for i, value in enumerate(listed):
        if value in listed[:i]:
            raise Refused("named-twice", field=f"{field}.{i}", value=value)


def require_deputies(deputies: Iterable[DeputyId], office: Office, field: str) -> None:
    """Refuse a list with somebody who is not a deputy in office, or is named twice."""
    listed = list(deputies)
    require_once(listed, field)
    for i, deputy in enumerate(listed):
        office.require_deputy(deputy, f"{field}.{i}")


def too_few_invited(deputies: Iterable[DeputyId], office: Office) -> Iterator[Refused]:
    """Whether fewer deputies were invited to something than a rule of the office wants."""
    rule, invited = office.rulebook.minimums.get(DEPUTIES_INVITED), len(list(deputies))
    if rule is not None and invited < rule.at_least:
        yield Refused("too-few-deputies-invited", invited=invited, at_least=rule.at_least)


def require_units(units: Iterable[UnitCode], office: Office, field: str) -> None:
    """Refuse a list with a unit that is not in being, or is named twice."""
    listed = list(units)
    require_once(listed, field)
    for i, unit in enumerate(listed):
        office.require_unit(unit, f"{field}.{i}")


class MatterOpening(Opening):
    """A step that opens a matter."""

    title: Line
    number: Line | None = None
    year: int | None = Field(default=None, ge=1949, le=9999)
    """The year in whose plan it stands; that of the act where none is given."""
    unit: UnitCode | None = None
    """The organ that it is about."""
    committee: Line | None = None
    """The special committee or working organ in charge."""
    plan: CaseId | None = None
    """The yearly plan in which it stands, whose approval by the Party's organs it inherits."""

    def check(self, case: Matter | None, office: Office) -> None:
        """Refuse an organ that is not in being."""
        if self.unit is not None:
            office.require_unit(self.unit, "unit")

    def acting_unit(self, case: Matter | None) -> str | None:
        """A matter is opened by the congress, also where it is about a unit."""
        return None

    def refers_to(self) -> Iterator[Reference]:
        """The plan."""
        if self.plan is not None:
            yield Reference("plan", self.plan, frozenset({"plan"}))

    def apply(self, case: Any, act: Act) -> None:
        """What it is about, and whose it is."""
        case.title, case.number, case.plan = self.title, self.number, self.plan
        case.year = self.year or act.occurred_on.year
        case.unit, case.committee = self.unit, self.committee
        case.opened_on = act.occurred_on


class PlanningStep(Step):
    """A step by which a matter is put into a plan, whose approval by the Party's organs it inherits."""

    plan: CaseId | None = None
    """The plan, whose approval it inherits."""

    def refers_to(self) -> Iterator[Reference]:
        """The plan."""
        if self.plan is not None:
            yield Reference("plan", self.plan, frozenset({"plan"}), precedes=True)

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """Neither its plan nor the matter itself passed the Party's organs."""
        inherited = self.plan or case.plan
        if inherited is None and (case.passed(Gate.PARTY_GROUP) is None or case.passed(Gate.APPROVED) is None):
            yield Refused("planned-without-party-organs")

    def apply(self, case: Any, act: Act) -> None:
        """It stands in the plan."""
        case.plan = self.plan or case.plan


# The gates of the Party


class PartyGroupDeliberated(
    Step, of=Matter, wire="matter.party_group_deliberated.v1", zh="党组集体讨论决定", not_in=ENDED, by=PARTY_GROUP
):
    """The standing committee's Party group deliberates and decides."""

    opinion: Text | None = None

    def apply(self, case: Matter, act: Act) -> None:
        case.gates.append(GatePassed(Gate.PARTY_GROUP, act.occurred_on, self.opinion))


class SubmittedToPartyCommittee(
    Step, of=Matter, wire="matter.submitted_to_party_committee.v1", zh="报送市委", not_in=ENDED, by=PARTY_GROUP
):
    """It is submitted to the Party committee."""

    opinion: Text | None = None
    """What is asked of it."""

    def apply(self, case: Matter, act: Act) -> None:
        case.gates.append(GatePassed(Gate.SUBMITTED, act.occurred_on, self.opinion))


class ApprovedByPartyCommittee(
    Step, of=Matter, wire="matter.approved_by_party_committee.v1", zh="市委研究审定", not_in=ENDED, by=PARTY
):
    """The Party committee has deliberated it and agrees."""

    opinion: Text | None = None

    def apply(self, case: Matter, act: Act) -> None:
        case.gates.append(GatePassed(Gate.APPROVED, act.occurred_on, self.opinion))


class ReturnedByPartyCommittee(
    Step, of=Matter, wire="matter.returned_by_party_committee.v1", zh="市委退回", not_in=ENDED, by=PARTY
):
    """The Party committee sends it back, and says why."""

    opinion: Text

    def apply(self, case: Matter, act: Act) -> None:
        case.gates.append(GatePassed(Gate.RETURNED, act.occurred_on, self.opinion))


class ReportedToPartyCommittee(
    Step, of=Matter, wire="matter.reported_to_party_committee.v1", zh="结果报告市委", by=PARTY_GROUP
):
    """What came of it is reported to the Party committee, also after it was closed."""

    opinion: Text | None = None
    """What is reported, in short."""

    def apply(self, case: Matter, act: Act) -> None:
        case.gates.append(GatePassed(Gate.RESULT_REPORTED, act.occurred_on, self.opinion))


# Telling others


class DepartmentsNotified(
    Step, of=Matter, wire="matter.departments_notified.v1", zh="向相关职能部门通报", by=KEEPERS | {Role.PARTY_GROUP}
):
    """The departments that need it are told what came of it: discipline inspection, organisation, audit, others."""

    departments: tuple[Line, ...] = Field(min_length=1, max_length=100)

    def check(self, case: Matter, office: Office) -> None:
        require_once(self.departments, "departments")

    def already(self, case: Matter) -> bool:
        return set(self.departments) <= set(case.departments)

    def apply(self, case: Matter, act: Act) -> None:
        case.departments = tuple(dict.fromkeys((*case.departments, *self.departments)))


class Published(Step, of=Matter, wire="matter.published.v1", zh="向代表通报并向社会公布", by=KEEPERS):
    """It is told to the deputies, or made public (监督法: plan, report, opinions and what was done about them)."""

    audiences: tuple[Audience, ...] = Field(min_length=1, max_length=2)
    place: Line | None = None
    """Where it can be read."""

    def already(self, case: Matter) -> bool:
        return set(self.audiences) <= set(case.told)

    def apply(self, case: Matter, act: Act) -> None:
        case.told = tuple(one for one in Audience if one in {*case.told, *self.audiences})


# Working on it


class ActivityHeld(Step, of=Matter, wire="matter.activity_held.v1", zh="开展活动", not_in=ENDED, by=COMMITTEE):
    """A committee surveys, visits, inspects or consults; at least three deputies are invited (articles, 18)."""

    kind: ActivityKind
    title: Line
    invited: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """The deputies who were invited."""
    attended: tuple[DeputyId, ...] = Field(default=(), max_length=1000)
    """The deputies who came."""
    members: tuple[Line, ...] = Field(default=(), max_length=200)
    """Members of the standing committee, experts, others, by name."""
    summary: Text | None = None

    def check(self, case: Matter, office: Office) -> None:
        require_deputies(self.invited, office, "invited")
        require_deputies(self.attended, office, "attended")

    def breaches(self, case: Matter, office: Office) -> Iterator[Refused]:
        """Fewer deputies were invited to a survey, a visit or an inspection than the rule of the office wants."""
        if self.kind in TO_WHICH_DEPUTIES_ARE_INVITED:
            yield from too_few_invited(self.invited, office)

    def may_come_before(self) -> bool:
        """A survey may be the reason why it was proposed."""
        return True

    def apply(self, case: Matter, act: Act) -> None:
        case.activities.append(
            Activity(self.kind, act.occurred_on, self.title, self.invited, self.attended, self.members, self.summary)
        )


class Scheduled(Step, of=Matter, wire="matter.scheduled.v1", zh="列入会议议程", not_in=ENDED, by=CHAIRMEN):
    """It is put on the agenda of a meeting, or the meeting is on another day; what is due before it counts from it."""

    meets_on: date
    meeting: CaseId | None = None

    def check(self, case: Matter, office: Office) -> None:
        require_not_before(self.meets_on, office, "meets_on")

    def refers_to(self) -> Iterator[Reference]:
        if self.meeting is not None:
            yield Reference("meeting", self.meeting, frozenset({"meeting"}))

    def already(self, case: Matter) -> bool:
        return (case.meets_on, case.meeting) == (self.meets_on, self.meeting or case.meeting)

    def clocks_count_from(self, act: Act) -> date:
        return self.meets_on

    def started_clocks(self, case: Matter) -> Iterator[ClockKey]:
        """What is due before the meeting and was not done yet."""
        yield from ((rule, None) for rule in case.before_meeting if case.still_due(rule))

    def apply(self, case: Matter, act: Act) -> None:
        case.meets_on, case.meeting = self.meets_on, self.meeting or case.meeting


class Linked(Step, of=Matter, wire="matter.linked.v1", zh="关联案件", by=COMMITTEE):
    """Another case is tied to this one: an opinion to its report, an inspection to its regulation, joint work."""

    other: CaseId
    link: LinkKind

    def check(self, case: Matter, office: Office) -> None:
        if self.other == case.id:
            raise Refused("link-to-itself", field="other")

    def refers_to(self) -> Iterator[Reference]:
        yield Reference("other", self.other, handled_kinds(), across=True, precedes=self.link in FOLLOWING)

    def already(self, case: Matter) -> bool:
        return CaseLink(self.link, self.other) in case.links

    def may_come_before(self) -> bool:
        """It says nothing of the order of the steps."""
        return True

    def apply(self, case: Matter, act: Act) -> None:
        if not self.already(case):
            case.links.append(CaseLink(self.link, self.other))


# Ending it


class Closed(
    Step, of=Matter, wire="matter.closed.v1", zh="办结销号", not_in=ENDED, leads_to=Ending.CLOSED, by=CHAIRMEN
):
    """Everything that it asked for is done."""

    note: Text | None = None

    def dropped_clocks(self, case: Matter) -> Iterator[ClockKey]:
        yield from case.clocks

    def apply(self, case: Matter, act: Act) -> None:
        case.ended_on = act.occurred_on


class Dropped(Step, of=Matter, wire="matter.dropped.v1", zh="终止", not_in=ENDED, leads_to=Ending.DROPPED, by=CHAIRMEN):
    """It is not gone on with, and why."""

    reason: Text

    def dropped_clocks(self, case: Matter) -> Iterator[ClockKey]:
        yield from case.clocks

    def apply(self, case: Matter, act: Act) -> None:
        case.ended_on = act.occurred_on
