"""Suggestion (代表建议): what a deputy asks for, until the deputy says whether it was done.

Stored names (`wire`) are promises: they are never edited. A changed shape is a new name with an upcaster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import auto
from functools import cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, create_model

from domain import clock
from domain.case import Act, Awaited, Case, ClockKey, Facts, Opening, Reference, Role, RunningClock, Step
from domain.clock import Deadline
from domain.office import Office
from domain.part import Part
from domain.person import awaited_measures
from domain.refusal import Contradiction, Refused
from domain.rulebook import Outcome
from domain.values import CaseId, Code, DeputyId, Line, Text, UnitCode, Word

# What the words mean


class Handling(Word):
    """In which way a unit takes part (承办方式): leading (主办), helping the lead (会办), or for itself (分办)."""

    LEAD = auto()
    CO = auto()
    SEPARATE = auto()


class Channel(Word):
    """How something reached the office."""

    ON_LINE = auto()
    PAPER = auto()
    MEETING = auto()
    TELEPHONE = auto()


class NotAcceptedReason(Word):
    """Why a text is not handled as a suggestion (不作为代表建议的情形)."""

    PERSONAL_MATTER = auto()
    JUDICIAL_CASE = auto()
    COMPLAINT_OR_ACCUSATION = auto()
    ACADEMIC_OR_PRODUCT_PROMOTION = auto()
    NO_SUBSTANCE = auto()
    TENDER = auto()
    NOT_COMPETENT = auto()
    OTHER = auto()


class Relation(Word):
    """How another suggestion is like this one: made again, going on, the same twice, or only alike."""

    REPEAT = auto()
    CONTINUATION = auto()
    DUPLICATE = auto()
    SIMILAR = auto()


class Phase(Word):
    """When a unit spoke with the deputy."""

    BEFORE_SUBMISSION = auto()
    BEFORE_REPLY = auto()
    AFTER_REPLY = auto()


class ContactMode(Word):
    """How a unit spoke with the deputy: 面商, 走访, 座谈, by telephone, in writing, on line."""

    FACE_TO_FACE = auto()
    VISIT = auto()
    MEETING = auto()
    TELEPHONE = auto()
    WRITING = auto()
    ON_LINE = auto()


class PersonLevel(Word):
    """How high the person who spoke for a unit stands in it."""

    UNIT_HEAD = auto()
    DEPUTY_HEAD = auto()
    SECTION_HEAD = auto()
    STAFF = auto()


class LeaderLevel(Word):
    """Whose leader takes charge of a suggestion."""

    PARTY_COMMITTEE = auto()
    STANDING_COMMITTEE = auto()
    GOVERNMENT = auto()
    COURT_OR_PROCURATORATE = auto()
    UNIT = auto()


class Charge(Word):
    """What a leader takes charge of: the supervision (领衔督办) or the handling (领办)."""

    SUPERVISION = auto()
    HANDLING = auto()


class InquiryKind(Word):
    """The three inquiries (三询): into the mechanism (调询), key points (问询), results (回询)."""

    MECHANISM = auto()
    KEY_POINTS = auto()
    RESULTS = auto()


class Grade(Word):
    """What a deputy says of the handling or its result (满意, 基本满意, 不满意, 未表态)."""

    SATISFIED = auto()
    BASICALLY_SATISFIED = auto()
    DISSATISFIED = auto()
    NOT_STATED = auto()


class Sealed(Word):
    """What stands for a grade that is not told yet (密封)."""

    SEALED = auto()


_WORST_FIRST = (Sealed.SEALED, Grade.DISSATISFIED, Grade.BASICALLY_SATISFIED, Grade.SATISFIED, Grade.NOT_STATED)


def _worst(grades: Iterable[Grade | Sealed]) -> Grade | Sealed:
    """The worst of some grades; one that is sealed seals the whole."""
    return min(grades, key=_WORST_FIRST.index)


class CheckKind(Word):
    """Who looked again at what was answered: 回头看, 第三方评估, 人大评议, 专家评估."""

    LOOK_BACK = auto()
    THIRD_PARTY = auto()
    CONGRESS = auto()
    EXPERTS = auto()


class MeetingKind(Word):
    """What a meeting about a suggestion was for: coordination (协调会), or talks after dissatisfaction (座谈会商)."""

    JOINT = auto()
    ESCALATION = auto()


class Backlog(Word):
    """What can be done about an unsolved suggestion of an earlier year (历年未解决建议分类)."""

    SOLVABLE = auto()
    IN_STEPS = auto()
    CONDITIONS_MISSING = auto()
    TO_BE_EXPLAINED = auto()


class AwardKind(Word):
    """What was honoured: the suggestion (优秀建议) or a unit's handling (先进单位)."""

    SUGGESTION = auto()
    UNIT = auto()


# Parts and records of a suggestion


@dataclass
class Assignment(Part):
    """One unit's share of a suggestion (件次)."""

    class Stage(Word):
        ASSIGNED = auto()
        SIGNED_FOR = auto()
        RETURN_REQUESTED = auto()
        RETURNED = auto()
        REASSIGNED = auto()
        RELEASED = auto()
        OPINION_GIVEN = auto()
        OPINION_REJECTED = auto()
        REPLIED = auto()
        REPLY_REJECTED = auto()
        RE_HANDLING = auto()

    class Extension(Word):
        REQUESTED = auto()
        GRANTED = auto()
        REFUSED = auto()

    handling: Handling = Handling.LEAD
    assigned_on: date | None = None
    scope: str | None = None
    leader: str | None = None
    signed_for_on: date | None = None
    return_requested_on: date | None = None
    reassigned_to: str | None = None
    extension: Extension | None = None
    urged_on: list[date] = field(default_factory=list)
    opinions: list[Opinion] = field(default_factory=list)

    @property
    def answers(self) -> bool:
        """Whether the deputy is to hear from this unit itself."""
        return self.handling is not _CO and self.stage not in GIVEN_AWAY

    @property
    def waits(self) -> bool:
        """Whether the deputy still waits for this unit's reply, a returned share included."""
        return self.answers and self.stage is not Assignment.Stage.REPLIED

    def go_on(self) -> None:
        """Back to where the unit was before it asked to return its share."""
        signed = self.signed_for_on is not None
        self.stage = Assignment.Stage.SIGNED_FOR if signed else Assignment.Stage.ASSIGNED


@dataclass
class Opinion:
    """What a co-handler told the lead (会办意见)."""

    given_on: date
    text: str
    round: int
    rejected_on: date | None = None
    rejected_because: str | None = None


@dataclass
class Commitment(Part):
    """What a unit promised to do by a date (承诺事项)."""

    class Stage(Word):
        MADE = auto()
        REVISED = auto()
        FULFILLED = auto()
        ABANDONED = auto()
        REJECTED = auto()
        """The reply that made it was rejected."""

    unit: str = ""
    text: str = ""
    made_on: date | None = None
    due_on: date | None = None
    milestone: str | None = None
    fulfilled_on: date | None = None
    abandoned_on: date | None = None
    abandoned_because: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be kept."""
        return self.stage in {Commitment.Stage.MADE, Commitment.Stage.REVISED}


@dataclass
class Problem(Part):
    """A point of the rectification list (整改清单) of a key suggestion."""

    class Stage(Word):
        LISTED = auto()
        RECTIFIED = auto()
        VERIFIED = auto()

    text: str = ""
    unit: str = ""
    listed_on: date | None = None
    due_on: date | None = None
    rectified: list[Rectification] = field(default_factory=list)


@dataclass
class Rectification:
    """What a unit says it did about a problem, and what the committee that looked said of it (销号)."""

    reported_on: date
    summary: str
    verified_on: date | None = None
    verified_by: str | None = None
    sent_back_on: date | None = None
    sent_back_because: str | None = None


@dataclass
class Contact(Part):
    """A unit spoke with the deputy."""

    class Stage(Word):
        MADE = auto()
        CONFIRMED = auto()

    phase: Phase = Phase.BEFORE_REPLY
    mode: ContactMode = ContactMode.FACE_TO_FACE
    unit: str | None = None
    person_level: PersonLevel | None = None
    place: str | None = None
    summary: str | None = None
    held_on: date | None = None


class _Detail(BaseModel):
    """Something that a step lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PointAnswer(_Detail):
    """The answer to one point of a suggestion."""

    point: Line
    answer: Text
    outcome: Line | None = None
    """Letter of the office's outcome scheme."""


class Promise(_Detail):
    """A commitment as a reply makes it."""

    commitment: Code
    """Its key in the case."""
    text: Text
    due_on: date
    milestone: Line | None = None
    """What is to be reached on the way."""


class ListedProblem(_Detail):
    """A point of a rectification list as the list states it."""

    problem: Code
    """Its key in the case."""
    text: Text
    unit: UnitCode
    due_on: date | None = None


class UnitGrades(_Detail):
    """The deputy's word on one of several units that handled a suggestion separately."""

    unit: UnitCode
    attitude: Grade | None = None
    result: Grade


@dataclass
class Reply:
    """What a unit answered in a round. A rejected reply stays readable."""

    unit: str
    replied_on: date
    outcome: str | None = None
    normalised: Outcome | None = None
    document_number: str | None = None
    signer: str | None = None
    letter: str | None = None
    points: tuple[PointAnswer, ...] = ()
    commitments: tuple[Promise, ...] = ()
    face_to_face: bool | None = None
    public: bool | None = None
    rejected_on: date | None = None
    rejected_because: str | None = None
    reclassifications: list[Reclassification] = field(default_factory=list)

    @property
    def outcome_now(self) -> str | None:
        """The outcome that holds: the reply's own, or what it was found to be later."""
        return self.reclassifications[-1].new if self.reclassifications else self.outcome


@dataclass
class Evaluation:
    """What the deputy said of a round."""

    evaluated_on: date
    result: Grade | Sealed
    attitude: Grade | None = None
    solved: bool | None = None
    reason: str | None = None
    contact: ContactMode | None = None
    channel: Channel | None = None
    by_unit: tuple[UnitGrades, ...] = ()
    dissenters: tuple[str, ...] = ()
    by_proxy: str | None = None
    """The person of the congress office who wrote it down for the deputy."""
    amended_because: str | None = None

    @property
    def grade(self) -> Grade | Sealed:
        """The worst that was said: of the whole, or of one of its units."""
        return _worst([self.result, *(g.result for g in self.by_unit)])

    def grade_of(self, unit: str) -> Grade | Sealed:
        """What was said of a unit: by itself, or with the whole."""
        return next((g.result for g in self.by_unit if g.unit == unit), self.result)


@dataclass
class Round:
    """One handling of the suggestion, from its order to the deputy's evaluation. Never overwritten by the next."""

    number: int
    opened_on: date | None = None
    replies: list[Reply] = field(default_factory=list)
    answered_on: date | None = None
    """When the last unit that had to had replied."""
    invited_on: list[date] = field(default_factory=list)
    reminded_on: list[date] = field(default_factory=list)
    lapsed_on: list[date] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    """The evaluation, and what it was amended to: the last one counts."""

    @property
    def evaluation(self) -> Evaluation | None:
        """The evaluation that counts."""
        return self.evaluations[-1] if self.evaluations else None

    def reply_of(self, unit: str) -> Reply | None:
        """The unit's last reply in this round that was not rejected."""
        for reply in reversed(self.replies):
            if reply.unit == unit and reply.rejected_on is None:
                return reply
        return None


@dataclass(frozen=True)
class Link:
    """Another suggestion, and how it is like this one."""

    relation: Relation
    case_id: str | None
    number: str | None


@dataclass(frozen=True)
class Leader:
    """A leader who takes charge."""

    person: str
    level: LeaderLevel
    charge: Charge


@dataclass(frozen=True)
class KeySupervision:
    """Chosen for key supervision (重点督办), and on what basis."""

    leader: str | None
    committee: str | None
    basis: str


@dataclass
class Consultation:
    """Which units were proposed before the hand-over, and what was said to it."""

    held_on: date
    units: tuple[str, ...]
    deputys_view: str | None
    units_view: str | None


@dataclass
class Inquiry:
    """One of the three inquiries."""

    kind: InquiryKind
    held_on: date
    summary: str


@dataclass
class Meeting:
    """A meeting about the suggestion."""

    kind: MeetingKind
    held_on: date
    units: tuple[str, ...]
    summary: str


@dataclass
class Progress:
    """What a unit reported of its work."""

    unit: str
    reported_on: date
    summary: str


@dataclass
class Reclassification:
    """A reply's outcome that was found to be another later (B转A). The reply keeps its letter."""

    reclassified_on: date
    old: str
    new: str
    normalised: Outcome | None
    verified_by: str


@dataclass
class Check:
    """Somebody looked again at what was answered."""

    kind: CheckKind
    checked_on: date
    by: str
    fulfilled: bool | None
    summary: str


@dataclass(frozen=True)
class Publication:
    """A unit's reply of a round was made public, without what was left out."""

    unit: str
    round: int
    place: str | None
    redactions: tuple[str, ...]


@dataclass(frozen=True)
class Deliberation:
    """The standing committee deliberated a report on the handling (审议)."""

    deliberated_on: date
    meeting: str
    summary: str


@dataclass(frozen=True)
class SatisfactionPoll:
    """What a body said in a poll on the rectification (整改满意度测评): tallies, never who said what."""

    held_on: date
    voters: str
    present: int
    satisfied: int
    basically_satisfied: int
    dissatisfied: int
    invalid: int


@dataclass(frozen=True)
class Award:
    """An honour."""

    kind: AwardKind
    year: int
    unit: str | None


# The case

_DEPUTY, _UNIT = f"{Role.DEPUTY}:", f"{Role.HANDLING_UNIT}:"
"""How the key of a deputy and of a unit begins (`Case.audience`)."""
_GOVERNMENT, _EVALUATOR = str(Role.GOVERNMENT_OFFICE), str(Role.THIRD_PARTY)
_LEAD, _CO = Handling.LEAD, Handling.CO
"""By name, where every list of every case asks for them: as members of their class they are found far slower."""


@dataclass
class Suggestion(Case, kind="suggestion", zh="代表建议"):
    """代表建议: its stage, its parts and its rounds."""

    class Stage(Word):
        SUBMITTED = auto()
        SENT_BACK = auto()
        ACCEPTED = auto()
        NOT_ACCEPTED = auto()
        CONVERTED_TO_LETTER = auto()
        MERGED = auto()
        HANDED_OVER = auto()
        IN_HANDLING = auto()
        REPLIED = auto()
        EVALUATED = auto()
        RE_HANDLING = auto()
        COMMITMENT_TRACKING = auto()
        CLOSED = auto()
        WITHDRAWN = auto()

    number: str | None = None
    session: str | None = None
    in_session: bool = False
    channel: Channel | None = None
    title: str = ""
    body: str | None = None
    survey_basis: str | None = None
    wants_public: bool | None = None
    wants_face_to_face: bool | None = None
    motion: str | None = None
    lead_deputy: str = ""
    co_signers: tuple[str, ...] = ()
    co_signers_confirmed: list[str] = field(default_factory=list)
    submitted_on: date | None = None
    one_matter: bool | None = None
    review_note: str | None = None
    reason_code: NotAcceptedReason | None = None
    links: list[Link] = field(default_factory=list)
    merged_into: str | None = None
    split_into: list[str] = field(default_factory=list)
    consultations: list[Consultation] = field(default_factory=list)
    handed_over_on: date | None = None
    assignments: dict[str, Assignment] = field(default_factory=dict)
    former_assignments: list[Assignment] = field(default_factory=list)
    """Shares of units that were given another share later."""
    key_supervision: KeySupervision | None = None
    leaders: list[Leader] = field(default_factory=list)
    committee: str | None = None
    contacts: dict[str, Contact] = field(default_factory=dict)
    inquiries: list[Inquiry] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    rounds: dict[int, Round] = field(default_factory=dict)
    commitments: dict[str, Commitment] = field(default_factory=dict)
    progress: list[Progress] = field(default_factory=list)
    deliberations: list[Deliberation] = field(default_factory=list)
    problems: dict[str, Problem] = field(default_factory=dict)
    polls: list[SatisfactionPoll] = field(default_factory=list)
    backlog: Backlog | None = None
    checks: list[Check] = field(default_factory=list)
    publications: list[Publication] = field(default_factory=list)
    awards: list[Award] = field(default_factory=list)
    withdrawn_on: date | None = None
    closed_on: date | None = None

    def unit_of(self, part: str | None) -> str | None:
        """Whose share, commitment or problem it is."""
        if part is None or any(part == share.key for share in (*self.assignments.values(), *self.former_assignments)):
            return part
        own = self.commitments.get(part) or self.problems.get(part)
        return own.unit or None if own is not None else None

    def facts(self) -> Facts:
        """What lists show of a suggestion: the answer of the round that is being handled, the grade of all of them."""
        handled = self.round
        reply = self.handling_clock(handled.number)
        return Facts(
            title=self.title,
            number=self.number,
            session=self.session,
            person=self.lead_deputy,
            unit=self.lead_unit,
            units=tuple([a.key for a in self.assignments.values() if a.stage not in GIVEN_AWAY]),
            opened_on=self.submitted_on,
            handed_over_on=self.handed_over_on,
            due_on=reply.deadline.due_on if reply else None,
            estimate=bool(reply and reply.deadline.estimate),
            answered_on=handled.answered_on,
            extended=bool(reply and reply.deadline.extensions),
            rounds=len(self.rounds),
            grade=self.grade,
            over=self.stage in OVER,
        )

    def tied_to(self) -> Iterator[str]:
        """What is like it, what it is handled together with, and what came out of it."""
        for one in self.links:
            if one.case_id is not None:
                yield one.case_id
        if self.merged_into is not None:
            yield self.merged_into
        yield from self.split_into

    def audience(self) -> Iterator[str]:
        """The deputies who brought it, the units that have a share, and whom the congress lets look at it.

        The government's office from its acceptance on, the Party committee's where one of its leaders takes charge, an
        evaluator once it was answered.
        """
        yield _DEPUTY + self.lead_deputy
        for deputy in self.co_signers:
            yield _DEPUTY + deputy
        for share in self.assignments.values():
            if share.stage not in GIVEN_AWAY:
                yield _UNIT + share.key
        if self.handed_over_on is not None or self.stage not in NOT_FOR_GOVERNMENT:
            yield _GOVERNMENT
        if self.leaders and any(leader.level is LeaderLevel.PARTY_COMMITTEE for leader in self.leaders):
            yield Role.PARTY_COMMITTEE
        for handled in self.rounds.values():
            if handled.answered_on is not None:
                yield _EVALUATOR
                break

    @property
    def window_until(self) -> date | None:
        """An evaluation is sealed until the end of the window that the congress gave for it, or a new handling."""
        window = self.clocks.get((EVALUATE, _round(self.round.number)))
        return None if window is None else window.deadline.due_on

    @property
    def sealed_until(self) -> date | None:
        return self.window_until if self.round.evaluations else None

    def awaited(self) -> Iterator[Awaited]:
        """Whose turn it is: that of the congress's office, of a dispatcher, of units, of deputies."""
        yield from awaited_measures(self)
        if self.stage in OVER:
            return
        owed = list(self._owed())
        yield from owed
        for unit, due_on in self._dues(owed):
            if not any(day > due_on for day in self.assignments[unit].urged_on):
                yield from self._of_dispatchers(UnitUrged, due_on, unit, _late_from(due_on))
        evaluation = EvaluationSubmitted.declared.wire
        for one in owed:
            if one.step == evaluation:
                yield from self._awaited_in_window(one.due_on)

    def _awaited_in_window(self, until: date | None) -> Iterator[Awaited]:
        """What the office does while it waits for an evaluation, and when it has waited in vain."""
        nearly_over = until and until - _NEARLY_OVER
        if not any(nearly_over is None or day >= nearly_over for day in self.round.reminded_on):
            yield self._of_office(EvaluationReminded, until, from_on=nearly_over)
        if until is not None:
            yield self._of_office(EvaluationLapsed, until, from_on=_late_from(until))

    def reminders(self, day: date) -> Iterator[Step]:
        """The deputy is reminded of his evaluation, and every unit that is late of what it owes."""
        owed = [] if self.stage in OVER else list(self._owed())
        if any(one.step == EvaluationSubmitted.declared.wire for one in owed):
            yield EvaluationReminded()
        for unit, due_on in self._dues(owed):
            if due_on < day:
                yield UnitUrged(unit=unit)

    def _owed(self) -> Iterator[Awaited]:
        """What is awaited for the case's own sake, and not to remind somebody."""
        if self.stage in IN_HAND:
            for share in self.assignments.values():
                yield from self._owed_by(share)
        yield from self._owed_after(self.round) if self.stage in ANSWERED else self._owed_before()
        if self.stage in UNDER_REVIEW:
            for deputy in self.co_signers:
                if deputy not in self.co_signers_confirmed:
                    yield Awaited(_DEPUTY + deputy, CoSignConfirmed.declared.wire)
        for contact in self.contacts.values():
            if contact.stage is Contact.Stage.MADE:
                yield self._of_deputy(ContactConfirmed, part=contact.key)
        if self.stage in HANDLED:
            yield from self._owed_beside()

    def _owed_beside(self) -> Iterator[Awaited]:
        """What was promised, and what is to be put right."""
        for promise in self.open_commitments:
            yield from self._of_unit(promise.unit, CommitmentFulfilled, promise.due_on, promise.key)
        for problem in self.problems.values():
            if problem.stage is Problem.Stage.LISTED:
                yield from self._of_unit(problem.unit, ProblemRectified, problem.due_on, problem.key)
            elif problem.stage is Problem.Stage.RECTIFIED:
                yield self._of_office(RectificationVerified, problem.due_on, problem.key)

    def _owed_before(self) -> Iterator[Awaited]:
        """What is awaited before units handle it."""
        if self.stage not in NOT_WITH_UNITS:
            return
        match self.stage:
            case Stage.SUBMITTED:
                yield self._of_office(SuggestionReviewed, self._due_on(HAND_OVER))
            case Stage.SENT_BACK:
                yield self._of_deputy(Resubmitted)
            case Stage.ACCEPTED | Stage.MERGED if self.handed_over_on is None:
                yield from self._of_dispatchers(HandedOver, self._due_on(HAND_OVER))

    def _owed_after(self, handled: Round) -> Iterator[Awaited]:
        """What is awaited once units have handled it: the deputy's word, and what follows from it."""
        said = handled.evaluation
        match self.stage:
            case Stage.REPLIED if said is None:
                if not handled.invited_on:
                    yield self._of_office(EvaluationInvited)
                elif len(handled.lapsed_on) < len(handled.invited_on):
                    yield self._of_deputy(EvaluationSubmitted, self._due_on(EVALUATE, _round(handled.number)))
                else:
                    yield self._of_office(SuggestionClosed)
            case Stage.REPLIED | Stage.EVALUATED if said is not None:
                yield self._of_office(ReHandlingOrdered if said.grade is Grade.DISSATISFIED else SuggestionClosed)
            case Stage.CLOSED if said is not None and self.closed_on is not None:
                if said.grade is Grade.DISSATISFIED and said.evaluated_on > self.closed_on:
                    yield self._of_office(ReHandlingOrdered)

    def _owed_by(self, share: Assignment) -> Iterator[Awaited]:
        """What is awaited of a unit that handles it, and of who decides what the unit asked for."""
        unit, stage, stages = share.key, share.stage, Assignment.Stage
        if stage is stages.ASSIGNED:
            yield from self._of_unit(unit, SignedFor, self._due_on(SIGN_FOR, unit) or self._word_due_on(share), unit)
        elif stage in TO_GIVE_OPINION and share.handling is _CO:
            yield from self._of_unit(unit, CoOpinionSubmitted, self._word_due_on(share), unit)
        elif stage in TO_REPLY and share.handling is not _CO:
            yield from self._of_unit(unit, ReplyIssued, self._word_due_on(share), unit)
        elif stage is stages.RETURN_REQUESTED:
            yield from self._of_dispatchers(ReturnApproved, part=unit)
        elif stage is stages.RETURNED:
            yield from self._of_dispatchers(Reassigned, self._due_on(REASSIGN, unit), unit)
        if share.extension is Assignment.Extension.REQUESTED and stage in TO_REPLY:
            yield from self._of_dispatchers(ExtensionGranted, self._reply_due_on(unit), unit)

    def _word_due_on(self, share: Assignment) -> date | None:
        """Until when a unit is to say what it has to say: a co-handler to the lead, another one to the deputy."""
        return self._due_on(CO_OPINION, share.key) if share.handling is _CO else self._reply_due_on(share.key)

    def _reply_due_on(self, unit: str) -> date | None:
        return self._due_on(UNIT_REPLY, unit) or self._due_on(*_handling(self.round.number))

    def _dues(self, owed: Iterable[Awaited]) -> Iterator[tuple[str, date]]:
        """Each unit of which something is awaited by a date, with the nearest."""
        dues: dict[str, date] = {}
        for one in owed:
            if one.due_on is not None and one.who.startswith(_UNIT):
                unit = one.who.removeprefix(_UNIT)
                dues[unit] = min(dues.get(unit, one.due_on), one.due_on)
        for unit, due_on in dues.items():
            if self.stage is not Stage.CLOSED and self.assignments[unit].stage not in GIVEN_BACK:
                yield unit, due_on

    def _of_office(
        self, step: type[Step], due_on: date | None = None, part: str | None = None, from_on: date | None = None
    ) -> Awaited:
        return Awaited(_OFFICES[0], step.declared.wire, due_on, part, from_on)

    def _of_deputy(self, step: type[Step], due_on: date | None = None, part: str | None = None) -> Awaited:
        return Awaited(_DEPUTY + self.lead_deputy, step.declared.wire, due_on, part)

    def _of_dispatchers(
        self, step: type[Step], due_on: date | None = None, part: str | None = None, from_on: date | None = None
    ) -> Iterator[Awaited]:
        """Either office may do it."""
        for who in _OFFICES:
            yield Awaited(who, step.declared.wire, due_on, part, from_on)

    def _of_unit(self, unit: str, step: type[Step], due_on: date | None, part: str) -> Iterator[Awaited]:
        """The unit itself, or whoever distributes the shares where it has none any more."""
        share = self.assignments.get(unit)
        if share is not None and share.stage not in GIVEN_AWAY:
            yield Awaited(_UNIT + unit, step.declared.wire, due_on, part)
        else:
            yield from self._of_dispatchers(step, due_on, part)

    def _due_on(self, clock: str, part: str | None = None) -> date | None:
        """Until when, by a clock that runs."""
        running = self.clocks.get((clock, part))
        return running.deadline.due_on if running is not None and running.runs else None

    def claims(self) -> frozenset[str]:
        """A number belongs to one suggestion of a jurisdiction."""
        return frozenset() if self.number is None else frozenset({f"number:{self.jurisdiction}:{self.number}"})

    @property
    def lead_unit(self) -> str | None:
        """The unit that leads, or the first of those that handle separately; None while nobody does."""
        found = None
        for assignment in self.assignments.values():
            if assignment.handling is not _CO and assignment.stage not in GIVEN_BACK:
                if assignment.handling is _LEAD:
                    return assignment.key
                found = found or assignment.key
        return found

    @property
    def round(self) -> Round:
        """The round that is being handled; the first one, still empty, before any."""
        return self.rounds[max(self.rounds)] if self.rounds else Round(1)

    def begun_round(self, number: int) -> Round:
        """A round, kept with the case."""
        if (begun := self.rounds.get(number)) is None:
            begun = self.rounds[number] = Round(number)
        return begun

    def handling_clock(self, number: int) -> RunningClock | None:
        """The clock of the answer of a round."""
        return self.clocks.get(_handling(number))

    def note_answered(self, number: int, on: date) -> bool:
        """Whether no unit has to reply any more; then the round is answered, and the stage shows it."""
        begun = self.begun_round(number)
        if not begun.replies or any(assignment.waits for assignment in self.assignments.values()):
            return False
        begun.answered_on = begun.answered_on or on
        self.stage = Stage.REPLIED
        return True

    @property
    def grade(self) -> Grade | Sealed | None:
        """The worst of what was last said of the whole and of each unit; who was not asked again keeps the grade."""
        whole: Grade | Sealed | None = None
        of_units: dict[str, Grade | Sealed] = {}
        for _, handled in sorted(self.rounds.items()):
            if (evaluation := handled.evaluation) is not None:
                whole = evaluation.result
                of_units |= {reply.unit: evaluation.grade_of(reply.unit) for reply in handled.replies}
        return None if whole is None else _worst([whole, *of_units.values()])

    @property
    def open_commitments(self) -> list[Commitment]:
        """What was promised and not done yet."""
        return [c for c in self.commitments.values() if c.is_open]

    def assign(
        self, unit: str, handling: Handling, on: date, scope: str | None = None, leader: str | None = None
    ) -> None:
        """Give a unit its share; an earlier one of the same unit is kept among the former ones."""
        handled = self.rounds.get(self.round.number)
        if handled is not None and handling is not _CO:
            handled.answered_on = None
        if (former := self.assignments.get(unit)) is not None:
            self.former_assignments.append(former)
        self.assignments[unit] = Assignment(unit, Assignment.Stage.ASSIGNED, handling, on, scope, leader)

    def promise(self, promise: Promise, unit: str, on: date) -> None:
        """Note a commitment."""
        self.commitments[promise.commitment] = Commitment(
            promise.commitment, Commitment.Stage.MADE, unit, promise.text, on, promise.due_on, promise.milestone
        )

    def last_round_of(self, unit: str) -> Round | None:
        """The last round in which a unit replied, and the reply was not rejected."""
        last: Round | None = None
        for handled in self.rounds.values():
            if (last is None or handled.number > last.number) and handled.reply_of(unit) is not None:
                last = handled
        return last

    def require_new_unit(self, unit: str, field: str) -> None:
        """Refuse a unit that has a share already."""
        if unit in self.assignments and self.assignments[unit].stage not in GIVEN_AWAY:
            raise Refused("unit-assigned-already", field=field, unit=unit)

    def require_reply(self, unit: str, field: str = "unit") -> None:
        """Refuse a unit that has not replied in any round."""
        if self.last_round_of(unit) is None:
            raise Refused("no-reply-yet", field=field, unit=unit)

    def require_new_commitment(self, key: str, field: str) -> None:
        """Refuse a key that names another commitment; one that fell with a rejected reply may be made again."""
        if key in self.commitments and self.commitments[key].stage is not Commitment.Stage.REJECTED:
            raise Refused("commitment-exists", field=field, commitment=key)


Stage = Suggestion.Stage

GIVEN_AWAY = frozenset({Assignment.Stage.REASSIGNED, Assignment.Stage.RELEASED})
GIVEN_BACK = GIVEN_AWAY | {Assignment.Stage.RETURNED}
UNDER_REVIEW = frozenset({Stage.SUBMITTED, Stage.SENT_BACK, Stage.ACCEPTED})
IN_HAND = frozenset({Stage.HANDED_OVER, Stage.IN_HANDLING, Stage.RE_HANDLING, Stage.MERGED})
ANSWERED = frozenset({Stage.REPLIED, Stage.EVALUATED, Stage.COMMITMENT_TRACKING, Stage.CLOSED})
NOT_WITH_UNITS = UNDER_REVIEW | {Stage.MERGED}
"""No unit may handle it yet."""
NOT_YET_ACCEPTED = frozenset({Stage.SUBMITTED, Stage.SENT_BACK})
OVER = frozenset({Stage.NOT_ACCEPTED, Stage.CONVERTED_TO_LETTER, Stage.WITHDRAWN})
NOT_FOR_GOVERNMENT = NOT_YET_ACCEPTED | OVER
HANDLED = IN_HAND | ANSWERED
LIVE = UNDER_REVIEW | IN_HAND | ANSWERED

_OFFICES = str(Role.DEPUTY_AFFAIRS), str(Role.GOVERNMENT_OFFICE)
"""Of whom something is awaited, as keys: that of the congress comes first, and either may dispatch."""

_DAY = timedelta(days=1)
_NEARLY_OVER = timedelta(days=7)
"""How long before the window for an evaluation closes the office reminds the deputy."""

TO_REPLY = frozenset(
    {
        Assignment.Stage.ASSIGNED,
        Assignment.Stage.SIGNED_FOR,
        Assignment.Stage.REPLY_REJECTED,
        Assignment.Stage.RE_HANDLING,
    }
)

TO_GIVE_OPINION = frozenset(
    {Assignment.Stage.SIGNED_FOR, Assignment.Stage.OPINION_REJECTED, Assignment.Stage.RE_HANDLING}
)

OFFICE = frozenset({Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE})
DISPATCHERS = OFFICE | {Role.GOVERNMENT_OFFICE}
UNITS = DISPATCHERS | {Role.HANDLING_UNIT}
"""Units act themselves; the office may write down what came on paper."""
CONGRESS = OFFICE | {Role.CHAIRMEN_MEETING, Role.STANDING_COMMITTEE, Role.SPECIAL_COMMITTEE}

HAND_OVER, REPLY, REDO, EVALUATE = "suggestion.hand_over", "suggestion.reply", "suggestion.redo", "suggestion.evaluate"
SIGN_FOR, REASSIGN, CO_OPINION = "suggestion.sign_for", "suggestion.reassign", "suggestion.co_opinion"
UNIT_REPLY, FIRST_CONTACT = "suggestion.unit_reply", "suggestion.first_contact"
COMMITMENT, RECTIFICATION = "commitment", "rectification"
RETURN = "suggestion.return"
"""Until when a unit may ask to return its share: a rule without a clock of its own, because nobody waits for it."""


def _late_from(due_on: date) -> date:
    """The first day on which something is late."""
    return min(due_on, date.max - _DAY) + _DAY


def _handling(number: int) -> ClockKey:
    """The clock of the answer of a round."""
    return (REPLY, None) if number == 1 else (REDO, _round(number))


def _round(number: int) -> str:
    """How a clock names the round that it is about."""
    return f"round-{number}"


def _units_clocks(unit: str, handling: Handling) -> Iterator[ClockKey]:
    """The clocks of a unit's own share; those of the suggestion run on when the unit changes."""
    yield SIGN_FOR, unit
    if handling is Handling.CO:
        yield CO_OPINION, unit


def _open_but_followed(case: Suggestion) -> list[ClockKey]:
    """The clocks that run, without those of what is followed beyond the answer."""
    followed = {COMMITMENT, RECTIFICATION}
    return [key for key, running in case.clocks.items() if running.runs and key[0] not in followed]


def _require_not_before(day: date, office: Office, field: str = "due_on") -> None:
    if day < office.day:
        raise Contradiction("due-before-start", field=field, due_on=day.isoformat(), started_on=office.day.isoformat())


def _require_other(case: Suggestion, case_id: str, field: str) -> None:
    if case_id == case.id:
        raise Refused("suggestion-itself", field=field, case=case_id)


def _meaning(letter: str | None, office: Office) -> Outcome | None:
    scheme = office.rulebook.outcome_scheme
    return None if scheme is None or letter is None else scheme.letters.get(letter)


def _require_outcome(letter: str | None, normalised: Outcome | None, office: Office, field: str = "outcome") -> None:
    """Refuse a letter that the office's scheme does not have, or that means something else in it."""
    scheme = office.rulebook.outcome_scheme
    if scheme is None or letter is None:
        return
    if letter not in scheme.letters:
        raise Refused("unknown-outcome", field=field, outcome=letter, letters=sorted(scheme.letters))
    if normalised is not None and normalised is not scheme.letters[letter]:
        raise Refused("outcome-means-otherwise", field="normalised", outcome=letter, means=scheme.letters[letter])


class _InRound(Step):
    """A step of one handling of the suggestion; it stays in its round whatever becomes of the others."""

    round: int | None = Field(default=None, ge=1, le=999)
    """Number of the round; filled in with the one that is being handled."""

    def check(self, case: Suggestion, office: Office) -> None:
        self.check_round(case)

    def check_round(self, case: Suggestion) -> None:
        """Refuse a round that is not the one that is being handled."""
        now = self.default_round(case)
        if self.round is not None and self.round != now:
            raise Refused("another-round", field="round", round=self.round, now=now)

    def default_round(self, case: Suggestion) -> int:
        """The round that is meant where none is named."""
        return case.round.number

    def filled_in(self, case: Suggestion, office: Office) -> Self:
        if self.round is not None:
            return self
        return self.model_copy(update={"round": self.default_round(case)})

    def number_in(self, case: Suggestion) -> int:
        """Number of its round."""
        return self.round or self.default_round(case)


# Submitting it


class _Submission(Opening):
    """What a deputy asks for, and in which way."""

    title: Line
    lead_deputy: DeputyId
    co_signers: tuple[DeputyId, ...] = Field(default=(), max_length=200)
    number: Line | None = None
    session: Line | None = None
    in_session: bool = False
    """Made during a session of the congress, not between sessions."""
    channel: Channel | None = None
    body: Text | None = None
    survey_basis: Text | None = None
    """Which survey or visit it rests on."""
    wants_public: bool | None = None
    wants_face_to_face: bool | None = None

    def check(self, case: Suggestion | None, office: Office) -> None:
        office.require_deputy(self.lead_deputy, "lead_deputy")
        for i, co_signer in enumerate(self.co_signers):
            office.require_deputy(co_signer, f"co_signers.{i}")
        if self.lead_deputy in self.co_signers:
            raise Refused("lead-deputy-co-signs", field="co_signers", deputy=self.lead_deputy)
        if len(set(self.co_signers)) < len(self.co_signers):
            raise Refused("co-signer-named-twice", field="co_signers")

    def check_actor(self, case: Suggestion | None, act: Act) -> None:
        if act.role is Role.DEPUTY and act.actor != self.lead_deputy:
            raise Refused("not-the-deputy-himself", deputy=self.lead_deputy, actor=act.actor)

    def started_clocks(self, case: Suggestion | None) -> Iterator[ClockKey]:
        if not self.in_session:
            yield HAND_OVER, None

    def apply(self, case: Suggestion, act: Act) -> None:
        case.title, case.number, case.session = self.title, self.number, self.session
        case.lead_deputy, case.co_signers = self.lead_deputy, self.co_signers
        case.in_session, case.channel = self.in_session, self.channel
        case.body, case.survey_basis = self.body, self.survey_basis
        case.wants_public, case.wants_face_to_face = self.wants_public, self.wants_face_to_face
        case.submitted_on = act.occurred_on


class SuggestionSubmitted(
    _Submission,
    of=Suggestion,
    wire="suggestion.submitted.v1",
    zh="提出",
    opens=True,
    leads_to=Stage.SUBMITTED,
    by=OFFICE | {Role.DEPUTY},
    starts=(HAND_OVER,),
):
    """A deputy submits a suggestion, alone or with co-signers."""


class MotionConverted(
    _Submission,
    of=Suggestion,
    wire="suggestion.motion_converted.v1",
    zh="议案转建议",
    opens=True,
    leads_to=Stage.ACCEPTED,
    by=OFFICE,
    starts=(HAND_OVER,),
):
    """The presidium decides that a motion is handled as a suggestion; no review follows."""

    motion: Line
    """Number of the motion."""
    decided_by: Line

    def apply(self, case: Suggestion, act: Act) -> None:
        super().apply(case, act)
        case.motion = self.motion


class CoSignConfirmed(
    Step, of=Suggestion, wire="suggestion.co_sign_confirmed.v1", zh="联名确认", while_in=LIVE, by=OFFICE | {Role.DEPUTY}
):
    """A co-signer confirms that he signed."""

    deputy: DeputyId

    def check(self, case: Suggestion, office: Office) -> None:
        if self.deputy not in case.co_signers:
            raise Refused("not-a-co-signer", field="deputy", deputy=self.deputy)

    def check_actor(self, case: Suggestion, act: Act) -> None:
        if act.role is Role.DEPUTY and act.actor != self.deputy:
            raise Refused("not-the-deputy-himself", deputy=self.deputy, actor=act.actor)

    def already(self, case: Suggestion) -> bool:
        return self.deputy in case.co_signers_confirmed

    def apply(self, case: Suggestion, act: Act) -> None:
        if self.deputy not in case.co_signers_confirmed:
            case.co_signers_confirmed.append(self.deputy)


class SimilarLinked(
    Step, of=Suggestion, wire="suggestion.similar_linked.v1", zh="关联相似件", while_in=LIVE, by=DISPATCHERS
):
    """Another suggestion, of this year or an earlier one, is about the same."""

    other: CaseId | None = None
    """The suggestion, if it is kept here."""
    other_number: Line | None = None
    """Its number or title, if it is one of earlier years that is not."""
    relation: Relation

    def check(self, case: Suggestion, office: Office) -> None:
        if (self.other is None) is (self.other_number is None):
            raise Refused("either-other-or-number", field="other")
        if self.other is not None:
            _require_other(case, self.other, "other")

    def refers_to(self) -> Iterator[Reference]:
        if self.other is not None:
            yield Reference("other", self.other)

    def already(self, case: Suggestion) -> bool:
        return Link(self.relation, self.other, self.other_number) in case.links

    def apply(self, case: Suggestion, act: Act) -> None:
        if not self.already(case):
            case.links.append(Link(self.relation, self.other, self.other_number))


# Reviewing it


class SuggestionReviewed(
    Step,
    of=Suggestion,
    wire="suggestion.reviewed.v1",
    zh="审核通过",
    while_in={Stage.SUBMITTED},
    leads_to=Stage.ACCEPTED,
    by=OFFICE,
    starts=(HAND_OVER,),
):
    """The office accepts the text as a suggestion; the days until the hand-over count from here."""

    one_matter: bool | None = None
    """Whether it is about one matter only (一事一议)."""
    note: Text | None = None

    def started_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if not case.in_session:
            yield HAND_OVER, None

    def apply(self, case: Suggestion, act: Act) -> None:
        case.one_matter, case.review_note = self.one_matter, self.note


class SentBack(
    Step,
    of=Suggestion,
    wire="suggestion.sent_back_for_revision.v1",
    zh="退回修改",
    while_in={Stage.SUBMITTED},
    leads_to=Stage.SENT_BACK,
    by=OFFICE,
):
    """The office asks the deputy to revise the text."""

    reason: Text

    def dropped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield HAND_OVER, None

    def apply(self, case: Suggestion, act: Act) -> None:
        case.review_note = self.reason


class Resubmitted(
    Step,
    of=Suggestion,
    wire="suggestion.resubmitted.v1",
    zh="重新提交",
    while_in={Stage.SENT_BACK},
    leads_to=Stage.SUBMITTED,
    by=OFFICE | {Role.DEPUTY},
    starts=(HAND_OVER,),
):
    """The deputy hands in the revised text; what is left out stays as it was."""

    title: Line | None = None
    body: Text | None = None

    def check_actor(self, case: Suggestion, act: Act) -> None:
        if act.role is Role.DEPUTY:
            _require_lead_deputy(case, act)

    def started_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if not case.in_session:
            yield HAND_OVER, None

    def apply(self, case: Suggestion, act: Act) -> None:
        case.title, case.body = self.title or case.title, self.body or case.body


class NotAccepted(
    Step,
    of=Suggestion,
    wire="suggestion.not_accepted.v1",
    zh="不予立案",
    while_in=UNDER_REVIEW,
    leads_to=Stage.NOT_ACCEPTED,
    by=OFFICE,
):
    """The office does not accept the text, and says why."""

    reason_code: NotAcceptedReason
    explanation: Text

    def dropped_clocks(self, case: Suggestion) -> Iterable[ClockKey]:
        return case.clocks

    def apply(self, case: Suggestion, act: Act) -> None:
        case.reason_code, case.review_note = self.reason_code, self.explanation


class ConvertedToLetter(
    Step,
    of=Suggestion,
    wire="suggestion.converted_to_letter.v1",
    zh="转来信处理",
    while_in=UNDER_REVIEW,
    leads_to=Stage.CONVERTED_TO_LETTER,
    by=OFFICE,
):
    """The text is handled as a letter to the congress instead."""

    reason_code: NotAcceptedReason
    explanation: Text | None = None
    letter_number: Line | None = None

    def dropped_clocks(self, case: Suggestion) -> Iterable[ClockKey]:
        return case.clocks

    def apply(self, case: Suggestion, act: Act) -> None:
        case.reason_code, case.review_note = self.reason_code, self.explanation


class SuggestionsMerged(
    Step,
    of=Suggestion,
    wire="suggestion.merged.v1",
    zh="并案",
    while_in={Stage.SUBMITTED, Stage.ACCEPTED, Stage.HANDED_OVER, Stage.IN_HANDLING},
    leads_to=Stage.MERGED,
    by=DISPATCHERS,
):
    """The suggestion is handled together with another; its deputy still gets a reply of his own."""

    into: CaseId
    reason: Text | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        _require_other(case, self.into, "into")

    def refers_to(self) -> Iterator[Reference]:
        yield Reference("into", self.into)

    def apply(self, case: Suggestion, act: Act) -> None:
        case.merged_into = self.into


class SuggestionSplit(Step, of=Suggestion, wire="suggestion.split.v1", zh="分拆", while_in=UNDER_REVIEW, by=OFFICE):
    """Suggestions of their own are opened for some of its matters; the rest stays here."""

    into: tuple[CaseId, ...] = Field(min_length=1, max_length=50)
    reason: Text | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        for i, other in enumerate(self.into):
            _require_other(case, other, f"into.{i}")

    def refers_to(self) -> Iterator[Reference]:
        yield from (Reference(f"into.{i}", other) for i, other in enumerate(self.into))

    def already(self, case: Suggestion) -> bool:
        return set(self.into) <= set(case.split_into)

    def apply(self, case: Suggestion, act: Act) -> None:
        case.split_into += [other for other in self.into if other not in case.split_into]


# Giving it to units


class _Distribution(Step):
    """Which units are to handle a suggestion: one that leads and those that help it, or several separately."""

    lead_unit: UnitCode | None = None
    co_units: tuple[UnitCode, ...] = Field(default=(), max_length=50)
    separate_units: tuple[UnitCode, ...] = Field(default=(), max_length=50)

    def shares(self) -> list[tuple[str, Handling]]:
        """Each unit with its way of taking part."""
        leads = [] if self.lead_unit is None else [(self.lead_unit, _LEAD)]
        helps = [(unit, _CO) for unit in self.co_units]
        return leads + helps + [(unit, Handling.SEPARATE) for unit in self.separate_units]

    def check(self, case: Suggestion, office: Office) -> None:
        if self.lead_unit is not None:
            office.require_unit(self.lead_unit, "lead_unit")
        for name in ("co_units", "separate_units"):
            for i, unit in enumerate(getattr(self, name)):
                office.require_unit(unit, f"{name}.{i}")
        if self.lead_unit is None and not self.separate_units:
            raise Refused("nobody-assigned", field="lead_unit")
        if self.lead_unit is not None and self.lead_unit in self.co_units:
            raise Refused("lead-unit-is-co-handler", field="co_units", unit=self.lead_unit)
        units = [unit for unit, _ in self.shares()]
        if twice := next((unit for unit in units if units.count(unit) > 1), None):
            raise Refused("unit-named-twice", field="separate_units", unit=twice)


class PreAssignmentConsulted(
    _Distribution,
    of=Suggestion,
    wire="suggestion.pre_assignment_consulted.v1",
    zh="预交办",
    while_in={Stage.SUBMITTED, Stage.ACCEPTED, Stage.MERGED},
    by=DISPATCHERS,
):
    """The proposed units, and the deputy, are asked before the hand-over (两上两下)."""

    deputys_view: Text | None = None
    units_view: Text | None = None

    def apply(self, case: Suggestion, act: Act) -> None:
        units = tuple(unit for unit, _ in self.shares())
        case.consultations.append(Consultation(act.occurred_on, units, self.deputys_view, self.units_view))


class HandedOver(
    _Distribution,
    of=Suggestion,
    wire="suggestion.handed_over.v1",
    zh="交办",
    while_in={Stage.SUBMITTED, Stage.ACCEPTED, Stage.MERGED},
    leads_to=Stage.HANDED_OVER,
    by=DISPATCHERS,
    starts=(REPLY, UNIT_REPLY, FIRST_CONTACT, SIGN_FOR, CO_OPINION),
    stops=(HAND_OVER,),
):
    """The office hands the suggestion to its units; the reply clock starts."""

    meeting: Line | None = None
    """The meeting at which it was handed over."""

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        if case.handed_over_on is not None:
            raise Contradiction("handed-over-already", on=case.handed_over_on.isoformat())
        for unit, handling in self.shares():
            case.require_new_unit(unit, "lead_unit" if handling is _LEAD else f"{handling}_units")

    def started_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield REPLY, None
        yield FIRST_CONTACT, None
        shares = self.shares()
        answer = [unit for unit, handling in shares if handling is not _CO]
        yield from ((UNIT_REPLY, unit) for unit in answer if len(answer) > 1)
        for unit, handling in shares:
            yield from _units_clocks(unit, handling)

    def apply(self, case: Suggestion, act: Act) -> None:
        case.handed_over_on = on = act.occurred_on
        begun = case.begun_round(1)
        begun.opened_on = begun.opened_on or on
        for unit, handling in self.shares():
            case.assign(unit, handling, on)


class UnitAssigned(
    Step,
    of=Suggestion,
    wire="suggestion.unit_assigned.v1",
    zh="增加承办单位",
    while_in=IN_HAND,
    by=DISPATCHERS,
    starts=(UNIT_REPLY, SIGN_FOR, CO_OPINION),
):
    """One more unit is to handle the suggestion."""

    unit: UnitCode
    handling: Handling
    scope: Line | None = None
    """Which part of the matter it is to handle."""
    leader: Line | None = None
    """The person in the unit who answers for it."""

    def check(self, case: Suggestion, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        if case.handed_over_on is None:
            raise Contradiction("not-handed-over")
        case.require_new_unit(self.unit, "unit")
        leads = [a for a in case.assignments.values() if a.handling is Handling.LEAD and a.answers]
        if self.handling is Handling.LEAD and leads:
            raise Refused("lead-unit-assigned-already", field="handling", unit=leads[0].key)

    def started_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if self.handling is not Handling.CO:
            yield UNIT_REPLY, self.unit
        yield from _units_clocks(self.unit, self.handling)

    def apply(self, case: Suggestion, act: Act) -> None:
        case.assign(self.unit, self.handling, act.occurred_on, self.scope, self.leader)


class SignedFor(
    Step,
    of=Suggestion,
    wire="suggestion.signed_for.v1",
    zh="签收",
    while_in=IN_HAND | {Stage.REPLIED},
    part="assignments",
    names="unit",
    after={Assignment.Stage.ASSIGNED},
    leads_to=Assignment.Stage.SIGNED_FOR,
    moves={(Stage.HANDED_OVER, Stage.IN_HANDLING)},
    by=UNITS,
    stops=(SIGN_FOR,),
):
    """A unit signs for its share."""

    unit: UnitCode
    signed_by: Line | None = None

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.signed_for_on = act.occurred_on
        if case.stage is Stage.HANDED_OVER:
            case.stage = Stage.IN_HANDLING


class ReturnRequested(
    Step,
    of=Suggestion,
    wire="suggestion.return_requested.v1",
    zh="退办申请",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after={Assignment.Stage.ASSIGNED, Assignment.Stage.SIGNED_FOR},
    leads_to=Assignment.Stage.RETURN_REQUESTED,
    by=UNITS,
    limits=(RETURN,),
):
    """A unit asks to give its share back because the matter is not its own; it may not pass it on itself."""

    unit: UnitCode
    reason: Text
    proposed_unit: UnitCode | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        if self.proposed_unit is not None:
            office.require_unit(self.proposed_unit, "proposed_unit")

    def breaches(self, case: Suggestion, office: Office) -> Iterator[Refused]:
        assignment, rule = case.assignments.get(self.unit), office.rulebook.clocks.get(RETURN)
        if assignment is None or assignment.assigned_on is None or rule is None:
            return
        until = clock.start(rule, office.rulebook, office.calendar, assignment.assigned_on).due_on
        if office.day > until:
            yield Refused("return-requested-late", unit=self.unit, until=until.isoformat())

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.return_requested_on = act.occurred_on


class ReturnApproved(
    Step,
    of=Suggestion,
    wire="suggestion.return_approved.v1",
    zh="同意退办",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after={Assignment.Stage.RETURN_REQUESTED},
    leads_to=Assignment.Stage.RETURNED,
    moves={(stage, Stage.REPLIED) for stage in (Stage.HANDED_OVER, Stage.IN_HANDLING, Stage.MERGED, Stage.RE_HANDLING)},
    by=DISPATCHERS,
    starts=(REASSIGN,),
):
    """The office takes the share back; the suggestion's own clock runs on.

    Where the shares of other units cover it, the unit is released and nobody else is named.
    """

    unit: UnitCode
    note: Text | None = None
    released: bool = False
    """Whether the other units' shares cover the matter, so that no other unit gets this one."""

    def check(self, case: Suggestion, office: Office) -> None:
        others = [a for a in case.assignments.values() if a.key != self.unit and a.answers]
        if self.released and not others:
            raise Refused("nobody-left", field="released", unit=self.unit)

    def started_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if not self.released:
            yield REASSIGN, self.unit

    def stopped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if case.stage is Stage.REPLIED:
            yield _handling(case.round.number)

    def dropped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield from ((rule, self.unit) for rule in (SIGN_FOR, CO_OPINION, UNIT_REPLY))
        if case.stage is Stage.REPLIED:
            yield from _open_but_followed(case)

    def apply(self, case: Suggestion, act: Act) -> None:
        if self.released and (assignment := case.assignments.get(self.unit)):
            assignment.stage = Assignment.Stage.RELEASED
            case.note_answered(case.round.number, act.occurred_on)


class ReturnRejected(
    Step,
    of=Suggestion,
    wire="suggestion.return_rejected.v1",
    zh="不同意退办",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after={Assignment.Stage.RETURN_REQUESTED},
    by=DISPATCHERS,
):
    """The unit keeps its share."""

    unit: UnitCode
    reason: Text

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.go_on()


class Reassigned(
    Step,
    of=Suggestion,
    wire="suggestion.reassigned.v1",
    zh="改派",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after={Assignment.Stage.RETURNED},
    leads_to=Assignment.Stage.REASSIGNED,
    by=DISPATCHERS,
    starts=(UNIT_REPLY, SIGN_FOR, CO_OPINION),
    stops=(REASSIGN,),
):
    """Another unit gets the share that was returned; its own clocks start, the suggestion's clock runs on.

    A co-handler may become the one that answers; one that answers already needs no second share.
    """

    unit: UnitCode
    to_unit: UnitCode

    def check(self, case: Suggestion, office: Office) -> None:
        office.require_unit(self.to_unit, "to_unit")
        returned, other = case.assignments.get(self.unit), case.assignments.get(self.to_unit)
        helps = other is not None and other.handling is Handling.CO and other.key != self.unit
        if not (helps and returned is not None and returned.handling is not Handling.CO):
            case.require_new_unit(self.to_unit, "to_unit")

    def started_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if assignment := case.assignments.get(self.unit):
            if assignment.handling is not Handling.CO:
                yield UNIT_REPLY, self.to_unit
            yield from _units_clocks(self.to_unit, assignment.handling)

    def dropped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if (to := case.assignments.get(self.to_unit)) is not None and to.handling is not Handling.CO:
            yield CO_OPINION, self.to_unit

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.reassigned_to = self.to_unit
            case.assign(self.to_unit, assignment.handling, act.occurred_on, assignment.scope)


# Supervising the handling


class KeySupervisionDesignated(
    Step,
    of=Suggestion,
    wire="suggestion.key_supervision_designated.v1",
    zh="列为重点督办",
    while_in=LIVE,
    by=OFFICE | {Role.CHAIRMEN_MEETING},
):
    """The chairmen's meeting chooses the suggestion for key supervision."""

    basis: Line
    """The decision that chose it."""
    leader: Line | None = None
    committee: Line | None = None

    def already(self, case: Suggestion) -> bool:
        return case.key_supervision == KeySupervision(self.leader, self.committee, self.basis)

    def apply(self, case: Suggestion, act: Act) -> None:
        case.key_supervision = KeySupervision(self.leader, self.committee, self.basis)


class LeaderAssigned(
    Step,
    of=Suggestion,
    wire="suggestion.leader_assigned.v1",
    zh="领衔督办、领办",
    while_in=LIVE,
    by=DISPATCHERS | {Role.CHAIRMEN_MEETING},
):
    """A leader takes charge of supervising or of handling it."""

    person: Line
    level: LeaderLevel
    charge: Charge

    def already(self, case: Suggestion) -> bool:
        return Leader(self.person, self.level, self.charge) in case.leaders

    def apply(self, case: Suggestion, act: Act) -> None:
        if not self.already(case):
            case.leaders.append(Leader(self.person, self.level, self.charge))


class CommitteeAssigned(
    Step,
    of=Suggestion,
    wire="suggestion.committee_assigned.v1",
    zh="归口督办",
    while_in=LIVE,
    by=OFFICE | {Role.CHAIRMEN_MEETING},
):
    """The committee whose field it is supervises the handling."""

    committee: Line

    def already(self, case: Suggestion) -> bool:
        return case.committee == self.committee

    def apply(self, case: Suggestion, act: Act) -> None:
        case.committee = self.committee


class ContactMade(
    Step,
    of=Suggestion,
    wire="suggestion.contact_made.v1",
    zh="沟通",
    while_in=LIVE,
    by=UNITS | {Role.DEPUTY},
    stops=(FIRST_CONTACT,),
):
    """A unit speaks with the deputy: before the suggestion is made, before the reply or after it."""

    contact: Code
    """Its key in the case."""
    phase: Phase
    mode: ContactMode
    unit: UnitCode | None = None
    person_level: PersonLevel | None = None
    place: Line | None = None
    summary: Text | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        if self.unit is not None:
            office.require_unit(self.unit, "unit")
        if self.contact in case.contacts:
            raise Refused("contact-exists", field="contact", contact=self.contact)
        if self.phase is Phase.AFTER_REPLY and not any(handled.replies for handled in case.rounds.values()):
            raise Contradiction("contact-after-no-reply", field="phase")

    def may_come_before(self) -> bool:
        return self.phase is Phase.BEFORE_SUBMISSION

    def stopped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if self.phase is Phase.BEFORE_REPLY:
            yield FIRST_CONTACT, None

    def apply(self, case: Suggestion, act: Act) -> None:
        case.contacts[self.contact] = Contact(
            self.contact,
            Contact.Stage.MADE,
            self.phase,
            self.mode,
            self.unit,
            self.person_level,
            self.place,
            self.summary,
            act.occurred_on,
        )


class ContactConfirmed(
    Step,
    of=Suggestion,
    wire="suggestion.contact_confirmed.v1",
    zh="代表确认沟通",
    while_in=LIVE,
    part="contacts",
    names="contact",
    leads_to=Contact.Stage.CONFIRMED,
    by={Role.DEPUTY},
):
    """The deputy confirms that the unit spoke with him."""

    contact: Code

    def check_actor(self, case: Suggestion, act: Act) -> None:
        if act.actor not in {case.lead_deputy, *case.co_signers}:
            raise Refused("not-the-deputy-himself", deputy=case.lead_deputy, actor=act.actor)

    def already(self, case: Suggestion) -> bool:
        contact = case.contacts.get(self.contact)
        return contact is not None and contact.stage is Contact.Stage.CONFIRMED


class InquiryHeld(
    Step, of=Suggestion, wire="suggestion.inquiry_held.v1", zh="三询", while_in=LIVE, by=CONGRESS | {Role.DEPUTY}
):
    """One of the three inquiries is held: into the mechanism, the key points or the results."""

    kind: InquiryKind
    summary: Text

    def apply(self, case: Suggestion, act: Act) -> None:
        case.inquiries.append(Inquiry(self.kind, act.occurred_on, self.summary))


class _Gathering(Step):
    """A meeting of deputies and units."""

    units: tuple[UnitCode, ...] = Field(default=(), max_length=50)
    summary: Text

    def check(self, case: Suggestion, office: Office) -> None:
        for i, unit in enumerate(self.units):
            office.require_unit(unit, f"units.{i}")


class JointMeetingHeld(
    _Gathering,
    of=Suggestion,
    wire="suggestion.joint_meeting_held.v1",
    zh="协调会",
    while_in=IN_HAND | ANSWERED,
    by=UNITS | CONGRESS,
):
    """The units meet to agree on the handling."""

    def apply(self, case: Suggestion, act: Act) -> None:
        case.meetings.append(Meeting(MeetingKind.JOINT, act.occurred_on, self.units, self.summary))


# Co-handlers


class CoOpinionSubmitted(
    _InRound,
    of=Suggestion,
    wire="suggestion.co_opinion_submitted.v1",
    zh="会办意见",
    while_in=IN_HAND | ANSWERED,
    part="assignments",
    names="unit",
    after={
        Assignment.Stage.ASSIGNED,
        Assignment.Stage.SIGNED_FOR,
        Assignment.Stage.OPINION_REJECTED,
        Assignment.Stage.RE_HANDLING,
    },
    leads_to=Assignment.Stage.OPINION_GIVEN,
    by=UNITS,
    stops=(CO_OPINION,),
):
    """A co-handler tells the lead unit what it will do."""

    unit: UnitCode
    opinion: Text

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        assignment = case.assignments.get(self.unit)
        if assignment is not None and assignment.handling is not Handling.CO:
            raise Refused("not-a-co-handler", field="unit", unit=self.unit)

    def dropped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield SIGN_FOR, self.unit

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.opinions.append(Opinion(act.occurred_on, self.opinion, self.number_in(case)))


class CoOpinionRejected(
    Step,
    of=Suggestion,
    wire="suggestion.co_opinion_rejected.v1",
    zh="会办意见退回重提",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after={Assignment.Stage.OPINION_GIVEN},
    leads_to=Assignment.Stage.OPINION_REJECTED,
    by=UNITS,
):
    """The lead unit asks the co-handler for another opinion; the clock of the opinion runs again."""

    unit: UnitCode
    reason: Text

    def acting_unit(self, case: Suggestion) -> str | None:
        return case.lead_unit

    def apply(self, case: Suggestion, act: Act) -> None:
        if running := case.clocks.get((CO_OPINION, self.unit)):
            running.resume()
        assignment = case.assignments.get(self.unit)
        if assignment is not None and assignment.opinions:
            assignment.opinions[-1].rejected_on = act.occurred_on
            assignment.opinions[-1].rejected_because = self.reason


# More time


class ExtensionRequested(
    Step,
    of=Suggestion,
    wire="suggestion.extension_requested.v1",
    zh="延期申请",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after=TO_REPLY,
    by=UNITS,
):
    """A unit asks for more time."""

    unit: UnitCode
    until: date
    reason: Text

    def check(self, case: Suggestion, office: Office) -> None:
        _require_not_before(self.until, office, "until")

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.extension = Assignment.Extension.REQUESTED


class _Extending(_InRound):
    """The due date of a round moves: of the suggestion, and of the unit if it has a date of its own."""

    unit: UnitCode | None
    due_on: date | None

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        due_on, running = self.due_on, case.handling_clock(self.number_in(case))
        if due_on is not None and running is not None and due_on < running.deadline.started_on:
            started_on = running.deadline.started_on.isoformat()
            raise Contradiction("due-before-start", field="due_on", due_on=due_on.isoformat(), started_on=started_on)

    def moved_clocks(self, case: Suggestion) -> Iterator[tuple[ClockKey, date]]:
        if self.due_on is None:
            return
        whole, own = case.handling_clock(self.number_in(case)), (UNIT_REPLY, self.unit)
        has_own = own in case.clocks and self.number_in(case) == 1
        if has_own:
            yield own, self.due_on
        if not has_own or (whole is not None and whole.deadline.due_on < self.due_on):
            yield _handling(self.number_in(case)), self.due_on


class ExtensionGranted(
    _Extending,
    of=Suggestion,
    wire="suggestion.extension_granted.v1",
    zh="同意延期",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after=TO_REPLY,
    by=DISPATCHERS,
    extends=REPLY,
):
    """The office gives the unit more time, and names the date."""

    unit: UnitCode
    due_on: date
    reason: Text | None = None

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.extension = Assignment.Extension.GRANTED


class ExtensionRefused(
    Step,
    of=Suggestion,
    wire="suggestion.extension_refused.v1",
    zh="不同意延期",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after=TO_REPLY,
    by=DISPATCHERS,
):
    """The office does not give the unit more time."""

    unit: UnitCode
    reason: Text

    def check(self, case: Suggestion, office: Office) -> None:
        assignment = case.assignments.get(self.unit)
        if assignment is not None and assignment.extension is not Assignment.Extension.REQUESTED:
            raise Refused("no-extension-requested", field="unit", unit=self.unit)

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.extension = Assignment.Extension.REFUSED


class ExtensionNotified(
    _Extending,
    of=Suggestion,
    wire="suggestion.extension_notified.v1",
    zh="延期告知",
    while_in=IN_HAND,
    by=UNITS,
    extends=REPLY,
):
    """The deputy is told that the reply comes later; the notice may name the date or not."""

    due_on: date | None = None
    unit: UnitCode | None = None
    reason: Text | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        if self.unit is not None:
            office.require_unit(self.unit, "unit")

    def check_actor(self, case: Suggestion, act: Act) -> None:
        share = case.assignments.get(self.unit or case.lead_unit or "")
        if act.role is Role.HANDLING_UNIT and (share is None or share.key != act.office or not share.answers):
            raise Refused("not-your-unit", unit=case.lead_unit, office=act.office)

    def breaches(self, case: Suggestion, office: Office) -> Iterator[Refused]:
        rule = office.rulebook.clocks.get(REPLY)
        running = case.handling_clock(self.number_in(case))
        if rule is None or not rule.consent or self.due_on is None or running is None:
            return
        if self.due_on > running.deadline.due_on:
            yield Refused("extension-not-granted", due_on=self.due_on.isoformat())


# Urging


class UnitUrged(
    Step,
    of=Suggestion,
    wire="suggestion.unit_urged.v1",
    zh="催办",
    while_in=(IN_HAND | ANSWERED) - {Stage.CLOSED},
    part="assignments",
    names="unit",
    after=set(Assignment.Stage) - GIVEN_BACK,
    by=DISPATCHERS,
):
    """The office urges a unit to do what is awaited of it; no clock moves."""

    unit: UnitCode
    channel: Channel | None = None
    note: Text | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        who = _UNIT + self.unit
        if not any(one.who == who for one in case.awaited()):
            raise Contradiction("nothing-to-urge", field="unit", unit=self.unit)

    def apply(self, case: Suggestion, act: Act) -> None:
        if assignment := case.assignments.get(self.unit):
            assignment.urged_on.append(act.occurred_on)


# Replying


class ReplyIssued(
    _InRound,
    of=Suggestion,
    wire="suggestion.reply_issued.v1",
    zh="答复",
    while_in=IN_HAND,
    part="assignments",
    names="unit",
    after=TO_REPLY,
    leads_to=Assignment.Stage.REPLIED,
    moves={
        (Stage.HANDED_OVER, Stage.IN_HANDLING),
        (Stage.MERGED, Stage.IN_HANDLING),
        (Stage.HANDED_OVER, Stage.REPLIED),
        (Stage.IN_HANDLING, Stage.REPLIED),
        (Stage.MERGED, Stage.REPLIED),
        (Stage.RE_HANDLING, Stage.REPLIED),
    },
    by=UNITS,
    stops=(REPLY, REDO, UNIT_REPLY),
):
    """A unit answers the deputy in the round that is being handled; the last one answers for the case."""

    unit: UnitCode
    outcome: Line | None = None
    """Letter of the office's outcome scheme."""
    normalised: Outcome | None = None
    """What the letter means; filled in from the scheme."""
    document_number: Line | None = None
    signer: Line | None = None
    letter: Text | None = None
    points: tuple[PointAnswer, ...] = Field(default=(), max_length=100)
    commitments: tuple[Promise, ...] = Field(default=(), max_length=100)
    face_to_face: bool | None = None
    public: bool | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        assignment = case.assignments.get(self.unit)
        if assignment is not None and assignment.handling is Handling.CO:
            raise Refused("co-handler-does-not-reply", field="unit", unit=self.unit)
        _require_outcome(self.outcome, self.normalised, office)
        for i, point in enumerate(self.points):
            _require_outcome(point.outcome, None, office, f"points.{i}.outcome")
        for i, promise in enumerate(self.commitments):
            place = f"commitments.{i}"
            case.require_new_commitment(promise.commitment, f"{place}.commitment")
            if any(promise.commitment == other.commitment for other in self.commitments[:i]):
                raise Refused("commitment-exists", field=f"{place}.commitment", commitment=promise.commitment)
            _require_not_before(promise.due_on, office, f"{place}.due_on")

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """Another letter means what the scheme says of it."""
        return super().with_changes({"normalised": None, **changes} if "outcome" in changes else changes)

    def filled_in(self, case: Suggestion, office: Office) -> Self:
        filled = super().filled_in(case, office)
        if self.normalised is not None or self.outcome is None:
            return filled
        return filled.model_copy(update={"normalised": _meaning(self.outcome, office)})

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        for promise in self.commitments:
            yield clock.agreed(COMMITMENT, act.occurred_on, promise.due_on, promise.commitment)

    def stopped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield UNIT_REPLY, self.unit
        if case.stage is Stage.REPLIED:
            yield _handling(self.number_in(case))

    def dropped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield SIGN_FOR, self.unit
        if case.stage is Stage.REPLIED:
            yield from _open_but_followed(case)

    def apply(self, case: Suggestion, act: Act) -> None:
        number, on = self.number_in(case), act.occurred_on
        case.begun_round(number).replies.append(
            Reply(
                self.unit,
                on,
                self.outcome,
                self.normalised,
                self.document_number,
                self.signer,
                self.letter,
                self.points,
                self.commitments,
                self.face_to_face,
                self.public,
            )
        )
        for promise in self.commitments:
            case.promise(promise, self.unit, on)
        if not case.note_answered(number, on) and case.stage in {Stage.HANDED_OVER, Stage.MERGED}:
            case.stage = Stage.IN_HANDLING


class ReplyReviewRejected(
    _InRound,
    of=Suggestion,
    wire="suggestion.reply_review_rejected.v1",
    zh="答复审核退回",
    while_in={Stage.IN_HANDLING, Stage.RE_HANDLING, Stage.REPLIED},
    part="assignments",
    names="unit",
    after={Assignment.Stage.REPLIED},
    leads_to=Assignment.Stage.REPLY_REJECTED,
    moves={(Stage.REPLIED, Stage.IN_HANDLING), (Stage.REPLIED, Stage.RE_HANDLING)},
    by=DISPATCHERS,
):
    """The office rejects a reply for its class or form: it stays readable, the clocks and the unit go on.

    What it promised falls with it, and may be promised again.
    """

    unit: UnitCode
    reason: Text

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        if case.round.reply_of(self.unit) is None:
            raise Contradiction("no-reply-in-round", field="unit", unit=self.unit, round=case.round.number)

    def dropped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield EVALUATE, _round(self.number_in(case))
        yield from ((COMMITMENT, c.key) for c in case.commitments.values() if c.stage is Commitment.Stage.REJECTED)

    def apply(self, case: Suggestion, act: Act) -> None:
        number = self.number_in(case)
        handled = case.begun_round(number)
        if reply := handled.reply_of(self.unit):
            reply.rejected_on, reply.rejected_because = act.occurred_on, self.reason
            for promise in reply.commitments:
                if (commitment := case.commitments.get(promise.commitment)) and commitment.is_open:
                    commitment.stage = Commitment.Stage.REJECTED
        handled.answered_on = None
        for (rule, part), running in case.clocks.items():
            fell_with_it = running.dropped_by == ReplyIssued.declared.wire and (rule, part) != (SIGN_FOR, self.unit)
            if fell_with_it or (rule, part) in {_handling(number), (UNIT_REPLY, self.unit)}:
                running.resume()
        if case.stage is Stage.REPLIED:
            case.stage = Stage.IN_HANDLING if number == 1 else Stage.RE_HANDLING


# Commitments


class CommitmentMade(
    Step,
    of=Suggestion,
    wire="suggestion.commitment_made.v1",
    zh="承诺事项",
    while_in=(IN_HAND | ANSWERED) - {Stage.CLOSED},
    by=UNITS,
    starts=(COMMITMENT,),
):
    """A unit promises to do something by a date."""

    commitment: Code
    """Its key in the case."""
    unit: UnitCode
    text: Text
    due_on: date
    milestone: Line | None = None
    """What is to be reached on the way."""

    def check(self, case: Suggestion, office: Office) -> None:
        office.require_unit(self.unit, "unit")
        case.require_new_commitment(self.commitment, "commitment")
        _require_not_before(self.due_on, office)

    def started_clocks(self, case: Suggestion) -> Iterable[ClockKey]:
        return ()

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        yield clock.agreed(COMMITMENT, act.occurred_on, self.due_on, self.commitment)

    def apply(self, case: Suggestion, act: Act) -> None:
        promise = Promise(commitment=self.commitment, text=self.text, due_on=self.due_on, milestone=self.milestone)
        case.promise(promise, self.unit, act.occurred_on)


class CommitmentRevised(
    Step,
    of=Suggestion,
    wire="suggestion.commitment_revised.v1",
    zh="调整承诺事项",
    while_in=IN_HAND | ANSWERED,
    part="commitments",
    names="commitment",
    after={Commitment.Stage.MADE, Commitment.Stage.REVISED},
    leads_to=Commitment.Stage.REVISED,
    by=UNITS,
    extends=COMMITMENT,
):
    """A commitment is given another date or other words, and why."""

    commitment: Code
    due_on: date | None = None
    text: Text | None = None
    reason: Text

    def acting_unit(self, case: Suggestion) -> str | None:
        return commitment.unit if (commitment := case.commitments.get(self.commitment)) else None

    def check(self, case: Suggestion, office: Office) -> None:
        if self.due_on is not None:
            _require_not_before(self.due_on, office)

    def apply(self, case: Suggestion, act: Act) -> None:
        if commitment := case.commitments.get(self.commitment):
            commitment.due_on = self.due_on or commitment.due_on
            commitment.text = self.text or commitment.text


class CommitmentFulfilled(
    Step,
    of=Suggestion,
    wire="suggestion.commitment_fulfilled.v1",
    zh="承诺事项完成",
    while_in=IN_HAND | ANSWERED,
    part="commitments",
    names="commitment",
    after={Commitment.Stage.MADE, Commitment.Stage.REVISED},
    leads_to=Commitment.Stage.FULFILLED,
    moves={(Stage.COMMITMENT_TRACKING, Stage.CLOSED)},
    by=UNITS,
    stops=(COMMITMENT,),
):
    """What was promised is done; the last one closes a suggestion that only waited for it."""

    commitment: Code
    evidence: Text | None = None
    verified_by: Line | None = None

    def acting_unit(self, case: Suggestion) -> str | None:
        return commitment.unit if (commitment := case.commitments.get(self.commitment)) else None

    def apply(self, case: Suggestion, act: Act) -> None:
        if commitment := case.commitments.get(self.commitment):
            commitment.fulfilled_on = act.occurred_on
        _close_if_nothing_is_open(case, act)


class CommitmentAbandoned(
    Step,
    of=Suggestion,
    wire="suggestion.commitment_abandoned.v1",
    zh="承诺事项终止",
    while_in=IN_HAND | ANSWERED,
    part="commitments",
    names="commitment",
    after={Commitment.Stage.MADE, Commitment.Stage.REVISED},
    leads_to=Commitment.Stage.ABANDONED,
    moves={(Stage.COMMITMENT_TRACKING, Stage.CLOSED)},
    by=DISPATCHERS,
):
    """What was promised will not be done: the deputy is told why in writing (Shanghai §22 on the end of a term)."""

    commitment: Code
    reason: Text
    document_number: Line | None = None
    """Number of the letter to the deputy."""

    def dropped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield COMMITMENT, self.commitment

    def apply(self, case: Suggestion, act: Act) -> None:
        if commitment := case.commitments.get(self.commitment):
            commitment.abandoned_on, commitment.abandoned_because = act.occurred_on, self.reason
        _close_if_nothing_is_open(case, act)


def _close_if_nothing_is_open(case: Suggestion, act: Act) -> None:
    if case.stage is Stage.COMMITMENT_TRACKING and not case.open_commitments:
        case.stage, case.closed_on = Stage.CLOSED, act.occurred_on


# The deputy's word


class EvaluationInvited(
    _InRound,
    of=Suggestion,
    wire="suggestion.evaluation_invited.v1",
    zh="征询代表意见",
    while_in={Stage.REPLIED},
    by=OFFICE,
    starts=(EVALUATE,),
):
    """The congress, not a unit, asks the deputy for an evaluation."""

    channel: Channel | None = None

    def started_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield EVALUATE, _round(self.number_in(case))

    def apply(self, case: Suggestion, act: Act) -> None:
        case.begun_round(self.number_in(case)).invited_on.append(act.occurred_on)


class EvaluationReminded(
    _InRound,
    of=Suggestion,
    wire="suggestion.evaluation_reminded.v1",
    zh="催请代表评价",
    while_in={Stage.REPLIED},
    by=OFFICE,
):
    """The congress reminds the deputy."""

    channel: Channel | None = None

    def apply(self, case: Suggestion, act: Act) -> None:
        case.begun_round(self.number_in(case)).reminded_on.append(act.occurred_on)


TO_EVALUATE = frozenset({Stage.REPLIED, Stage.COMMITMENT_TRACKING, Stage.CLOSED})
"""An evaluation that comes after the closing still counts."""

THE_DEPUTYS_WORD = frozenset({"round", "result", "attitude", "solved", "reason", "by_unit", "dissenters"})
"""Nobody corrects what a deputy said: he amends it himself, or the record is voided and made again."""


class _Evaluating(_InRound):
    """What a deputy says of a round."""

    result: Grade
    """Of what came of it (办理结果)."""
    attitude: Grade | None = None
    """Of the way in which it was handled (办理工作)."""
    solved: bool | None = None
    """Whether the deputy holds the matter to be solved."""
    reason: Text | None = None
    contact: ContactMode | None = None
    """How the unit had spoken with the deputy."""
    channel: Channel | None = None
    """How the evaluation reached the office."""
    by_unit: tuple[UnitGrades, ...] = Field(default=(), max_length=50)
    """Where units handled it separately: each rated by itself."""
    dissenters: tuple[DeputyId, ...] = Field(default=(), max_length=200)
    """Co-signers who see it otherwise."""

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        evaluated = case.rounds.get(self.number_in(case))
        if evaluated is None or not evaluated.replies:
            raise Refused("no-reply-yet", round=self.number_in(case))
        if evaluated.evaluation is not None and not isinstance(self, EvaluationAmended):
            raise Contradiction("evaluated-already", round=evaluated.number)
        for i, grades in enumerate(self.by_unit):
            if evaluated.reply_of(grades.unit) is None:
                raise Refused("no-reply-in-round", field=f"by_unit.{i}.unit", unit=grades.unit, round=evaluated.number)
            if any(grades.unit == other.unit for other in self.by_unit[:i]):
                raise Refused("unit-named-twice", field=f"by_unit.{i}.unit", unit=grades.unit)
        for i, deputy in enumerate(self.dissenters):
            if deputy not in case.co_signers:
                raise Refused("not-a-co-signer", field=f"dissenters.{i}", deputy=deputy)

    def check_actor(self, case: Suggestion, act: Act) -> None:
        if act.office in case.assignments:
            raise Refused("handling-unit-may-not-evaluate", unit=act.office)
        if act.role is Role.DEPUTY:
            _require_lead_deputy(case, act)

    def stopped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield EVALUATE, _round(self.number_in(case))

    def sealed(self, case: Suggestion) -> Step:
        """Without what was said, where it was said of the round that is being handled."""
        if self.number_in(case) != case.round.number:
            return self
        told = {"round": self.round, "channel": self.channel}
        return _sealed_kind(type(self)).model_construct(**told)  # type: ignore[arg-type]  # what is not told is left out

    def amends_asked_by(self, role: Role) -> bool:
        """The deputies and the congress: nobody who handled it, or looked at the handling, touches the word on it."""
        return role in CONGRESS | {Role.DEPUTY}

    def apply(self, case: Suggestion, act: Act) -> None:
        self.note(case, act)
        if case.stage is Stage.REPLIED and self.number_in(case) == case.round.number:
            case.stage = Stage.EVALUATED

    def note(self, case: Suggestion, act: Act, by_proxy: str | None = None, amended_because: str | None = None) -> None:
        """Add it to its round, beside what was said before."""
        case.begun_round(self.number_in(case)).evaluations.append(
            Evaluation(
                act.occurred_on,
                self.result,
                self.attitude,
                self.solved,
                self.reason,
                self.contact,
                self.channel,
                self.by_unit,
                self.dissenters,
                by_proxy,
                amended_because,
            )
        )


def _require_lead_deputy(case: Suggestion, act: Act) -> None:
    if act.actor != case.lead_deputy:
        raise Refused("not-the-deputy-himself", deputy=case.lead_deputy, actor=act.actor)


@cache
def _sealed_kind(step: type[_Evaluating]) -> type[_Evaluating]:
    """The step as it reads while what it says is sealed."""
    nothing: dict[str, Any] = {
        name: (Any, None) for name in step.model_fields if name not in {*_Evaluating.model_fields, "result"}
    }
    return create_model(step.__name__, __base__=step, __doc__=step.__doc__, result=(Sealed, Sealed.SEALED), **nothing)


class EvaluationSubmitted(
    _Evaluating,
    of=Suggestion,
    wire="suggestion.evaluation_submitted.v1",
    zh="代表评价",
    while_in=TO_EVALUATE,
    moves={(Stage.REPLIED, Stage.EVALUATED)},
    by={Role.DEPUTY},
    stops=(EVALUATE,),
    fixed=THE_DEPUTYS_WORD,
    own_word=True,
):
    """The deputy evaluates the replies of a round: the lead deputy himself, after all units have replied."""


class EvaluationRecordedByProxy(
    _Evaluating,
    of=Suggestion,
    wire="suggestion.evaluation_recorded_by_proxy.v1",
    zh="代录评价",
    while_in=TO_EVALUATE,
    moves={(Stage.REPLIED, Stage.EVALUATED)},
    by=OFFICE,
    stops=(EVALUATE,),
    fixed=THE_DEPUTYS_WORD,
):
    """The congress office writes down what the deputy said, with the evidence; a unit never may."""

    evidence: Text
    consent: Text
    """How the deputy agreed to it."""
    proxy_reason: Text
    """Why the deputy did not do it himself."""

    def note(self, case: Suggestion, act: Act, by_proxy: str | None = None, amended_because: str | None = None) -> None:
        super().note(case, act, by_proxy or act.actor, amended_because)


class EvaluationAmended(
    _Evaluating,
    of=Suggestion,
    wire="suggestion.evaluation_amended.v1",
    zh="更改评价",
    while_in=ANSWERED | {Stage.RE_HANDLING},
    by={Role.DEPUTY},
    stops=(EVALUATE,),
    fixed=THE_DEPUTYS_WORD,
    own_word=True,
):
    """The deputy says something else of a round that he evaluated, also of an earlier one; both stay readable."""

    amended_because: Text

    def default_round(self, case: Suggestion) -> int:
        evaluated = [number for number, handled in case.rounds.items() if handled.evaluation is not None]
        return max(evaluated, default=case.round.number)

    def check(self, case: Suggestion, office: Office) -> None:
        number = self.number_in(case)
        if number not in case.rounds or case.rounds[number].evaluation is None:
            raise Refused("no-evaluation-yet", field="round", round=number)
        super().check(case, office)

    def check_round(self, case: Suggestion) -> None:
        """Any round that was evaluated."""

    def note(self, case: Suggestion, act: Act, by_proxy: str | None = None, amended_because: str | None = None) -> None:
        super().note(case, act, by_proxy, amended_because or self.amended_because)


class EvaluationLapsed(
    _InRound,
    of=Suggestion,
    wire="suggestion.evaluation_lapsed.v1",
    zh="逾期未评",
    while_in={Stage.REPLIED},
    by=OFFICE,
):
    """The office notes that no evaluation came after an invitation; one that comes later still counts."""

    def already(self, case: Suggestion) -> bool:
        handled = case.round
        return len(handled.lapsed_on) >= max(1, len(handled.invited_on))

    def dropped_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        yield EVALUATE, _round(self.number_in(case))

    def apply(self, case: Suggestion, act: Act) -> None:
        case.begun_round(self.number_in(case)).lapsed_on.append(act.occurred_on)


# Handling it again


class ReHandlingOrdered(
    _InRound,
    of=Suggestion,
    wire="suggestion.re_handling_ordered.v1",
    zh="重新办理",
    while_in=ANSWERED,
    leads_to=Stage.RE_HANDLING,
    by=DISPATCHERS | {Role.CHAIRMEN_MEETING},
    starts=(REDO,),
):
    """The suggestion is handled once more: in a new round its units reply again. Earlier rounds stay as they are."""

    units: tuple[UnitCode, ...] = Field(default=(), max_length=50)
    """Who replies again; nobody named means every unit that replied."""
    due_on: date | None = None
    """A date of its own, instead of the rulebook's."""
    reason: Text | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        for i, unit in enumerate(self.units):
            if unit not in case.assignments or not case.assignments[unit].answers:
                raise Refused("unit-does-not-reply", field=f"units.{i}", unit=unit)
        if self.due_on is not None:
            _require_not_before(self.due_on, office)

    def default_round(self, case: Suggestion) -> int:
        return case.round.number + 1

    def started_clocks(self, case: Suggestion) -> Iterator[ClockKey]:
        if self.due_on is None:
            yield REDO, _round(self.number_in(case))

    def dropped_clocks(self, case: Suggestion) -> Iterable[ClockKey]:
        return [key for key, running in case.clocks.items() if running.runs and key[0] == EVALUATE]

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(REDO, act.occurred_on, self.due_on, _round(self.round or 0))

    def apply(self, case: Suggestion, act: Act) -> None:
        begun = case.begun_round(self.number_in(case))
        begun.opened_on = begun.opened_on or act.occurred_on
        case.closed_on = None
        for assignment in case.assignments.values():
            again = assignment.answers and (assignment.key in self.units or not self.units)
            if again or (assignment.handling is Handling.CO and assignment.stage not in GIVEN_BACK):
                assignment.stage, assignment.extension = Assignment.Stage.RE_HANDLING, None


class EscalatedToMeeting(
    _Gathering,
    of=Suggestion,
    wire="suggestion.escalated_to_meeting.v1",
    zh="座谈会商",
    while_in={Stage.REPLIED, Stage.EVALUATED, Stage.RE_HANDLING},
    by=DISPATCHERS | CONGRESS,
):
    """After repeated dissatisfaction deputies and units meet."""

    def apply(self, case: Suggestion, act: Act) -> None:
        case.meetings.append(Meeting(MeetingKind.ESCALATION, act.occurred_on, self.units, self.summary))


# What became of it


class ProgressReported(
    Step,
    of=Suggestion,
    wire="suggestion.progress_reported.v1",
    zh="进展",
    while_in=IN_HAND | ANSWERED,
    part="assignments",
    names="unit",
    by=UNITS,
):
    """A unit reports how far it has come."""

    unit: UnitCode
    summary: Text

    def apply(self, case: Suggestion, act: Act) -> None:
        case.progress.append(Progress(self.unit, act.occurred_on, self.summary))


class _OnReply(_InRound):
    """A step about the last reply of a unit, whichever round it was in."""

    unit: UnitCode

    def default_round(self, case: Suggestion) -> int:
        last = case.last_round_of(self.unit)
        return last.number if last else case.round.number

    def check(self, case: Suggestion, office: Office) -> None:
        case.require_reply(self.unit)
        super().check(case, office)


class OutcomeReclassified(
    _OnReply,
    of=Suggestion,
    wire="suggestion.outcome_reclassified.v1",
    zh="办理结果调整",
    while_in=IN_HAND | ANSWERED,
    by=DISPATCHERS,
):
    """A later look shows another outcome than the reply said, such as B turned A (B转A); the reply keeps its letter."""

    old: Line
    new: Line
    normalised: Outcome | None = None
    """What the new letter means; filled in from the scheme."""
    evidence: Text
    verified_by: Line

    def check(self, case: Suggestion, office: Office) -> None:
        super().check(case, office)
        reply = case.rounds[self.number_in(case)].reply_of(self.unit)
        if reply is not None and reply.outcome_now != self.old:
            raise Refused("outcome-is-another", field="old", unit=self.unit, outcome=reply.outcome_now)
        _require_outcome(self.new, self.normalised, office, "new")

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """Another letter means what the scheme says of it."""
        return super().with_changes({"normalised": None, **changes} if "new" in changes else changes)

    def filled_in(self, case: Suggestion, office: Office) -> Self:
        filled = super().filled_in(case, office)
        return filled.model_copy(update={"normalised": self.normalised or _meaning(self.new, office)})

    def apply(self, case: Suggestion, act: Act) -> None:
        if reply := case.begun_round(self.number_in(case)).reply_of(self.unit):
            reply.reclassifications.append(
                Reclassification(act.occurred_on, self.old, self.new, self.normalised, self.verified_by)
            )


class _Checking(Step):
    """What somebody found who looked again."""

    checked_by: Line
    summary: Text
    fulfilled: bool | None = None
    """Whether what was answered was done."""

    def note(self, case: Suggestion, act: Act, kind: CheckKind) -> None:
        """Add it to the case."""
        case.checks.append(Check(kind, act.occurred_on, self.checked_by, self.fulfilled, self.summary))


class ExpertEvaluationHeld(
    _Checking,
    of=Suggestion,
    wire="suggestion.expert_evaluation_held.v1",
    zh="专家评估",
    while_in=IN_HAND | ANSWERED,
    by=CONGRESS,
):
    """Experts assess whether more can be done."""

    def apply(self, case: Suggestion, act: Act) -> None:
        self.note(case, act, CheckKind.EXPERTS)


class LookBackChecked(
    _Checking,
    of=Suggestion,
    wire="suggestion.look_back_checked.v1",
    zh="回头看",
    while_in=ANSWERED,
    by=CONGRESS | {Role.GOVERNMENT_OFFICE},
):
    """The office looks again at what was answered."""

    def apply(self, case: Suggestion, act: Act) -> None:
        self.note(case, act, CheckKind.LOOK_BACK)


class ThirdPartyEvaluated(
    _Checking,
    of=Suggestion,
    wire="suggestion.third_party_evaluated.v1",
    zh="第三方评估",
    while_in=ANSWERED,
    by=OFFICE | {Role.THIRD_PARTY},
):
    """A third party evaluates what was done."""

    def apply(self, case: Suggestion, act: Act) -> None:
        self.note(case, act, CheckKind.THIRD_PARTY)


class CongressAppraised(
    _Checking, of=Suggestion, wire="suggestion.congress_appraised.v1", zh="人大评议", while_in=ANSWERED, by=CONGRESS
):
    """The congress appraises what was done."""

    def apply(self, case: Suggestion, act: Act) -> None:
        self.note(case, act, CheckKind.CONGRESS)


class ReplyPublished(
    _OnReply, of=Suggestion, wire="suggestion.reply_published.v1", zh="公开答复", while_in=IN_HAND | ANSWERED, by=UNITS
):
    """A reply is made public, without what was left out."""

    place: Line | None = None
    redactions: tuple[Line, ...] = Field(default=(), max_length=100)
    """What was left out, and why."""

    def published(self, case: Suggestion) -> Publication:
        """As the case keeps it."""
        return Publication(self.unit, self.number_in(case), self.place, self.redactions)

    def already(self, case: Suggestion) -> bool:
        return self.published(case) in case.publications

    def apply(self, case: Suggestion, act: Act) -> None:
        if not self.already(case):
            case.publications.append(self.published(case))


class AwardGiven(Step, of=Suggestion, wire="suggestion.award_given.v1", zh="表彰", while_in=ANSWERED, by=CONGRESS):
    """The suggestion, or a unit's handling of it, is honoured."""

    kind: AwardKind
    year: int = Field(ge=1949, le=2200)
    unit: UnitCode | None = None

    def check(self, case: Suggestion, office: Office) -> None:
        if self.kind is AwardKind.UNIT and self.unit not in case.assignments:
            raise Refused("unit-has-no-share", field="unit", unit=self.unit)

    def already(self, case: Suggestion) -> bool:
        return Award(self.kind, self.year, self.unit) in case.awards

    def apply(self, case: Suggestion, act: Act) -> None:
        if not self.already(case):
            case.awards.append(Award(self.kind, self.year, self.unit))


# Key suggestions before the standing committee (重点督办件), and what earlier years left


class HandlingReportDeliberated(
    Step,
    of=Suggestion,
    wire="suggestion.handling_report_deliberated.v1",
    zh="审议办理情况报告",
    while_in=IN_HAND | ANSWERED,
    by=CONGRESS,
):
    """The standing committee deliberates the report on how a key suggestion is handled (magazine of 2022, page 15)."""

    meeting: Line
    summary: Text

    def apply(self, case: Suggestion, act: Act) -> None:
        case.deliberations.append(Deliberation(act.occurred_on, self.meeting, self.summary))


class RectificationListIssued(
    Step,
    of=Suggestion,
    wire="suggestion.rectification_list_issued.v1",
    zh="下达整改清单",
    while_in=IN_HAND | ANSWERED,
    by=CONGRESS,
):
    """What the deliberation found wanting is listed, point by point, each for a unit to put right."""

    problems: tuple[ListedProblem, ...] = Field(min_length=1, max_length=100)

    def check(self, case: Suggestion, office: Office) -> None:
        keys = [listed.problem for listed in self.problems]
        for i, listed in enumerate(self.problems):
            office.require_unit(listed.unit, f"problems.{i}.unit")
            if listed.problem in case.problems or listed.problem in keys[:i]:
                raise Refused("problem-exists", field=f"problems.{i}.problem", problem=listed.problem)
            if listed.due_on is not None:
                _require_not_before(listed.due_on, office, f"problems.{i}.due_on")

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        for listed in self.problems:
            if listed.due_on is not None:
                yield clock.agreed(RECTIFICATION, act.occurred_on, listed.due_on, listed.problem)

    def apply(self, case: Suggestion, act: Act) -> None:
        for listed in self.problems:
            case.problems[listed.problem] = Problem(
                listed.problem, Problem.Stage.LISTED, listed.text, listed.unit, act.occurred_on, listed.due_on
            )


class ProblemRectified(
    Step,
    of=Suggestion,
    wire="suggestion.problem_rectified.v1",
    zh="逐项整改",
    while_in=IN_HAND | ANSWERED,
    part="problems",
    names="problem",
    after={Problem.Stage.LISTED},
    leads_to=Problem.Stage.RECTIFIED,
    by=UNITS,
    stops=(RECTIFICATION,),
):
    """A unit says what it did about a point of the list."""

    problem: Code
    summary: Text

    def acting_unit(self, case: Suggestion) -> str | None:
        return problem.unit if (problem := case.problems.get(self.problem)) else None

    def apply(self, case: Suggestion, act: Act) -> None:
        if problem := case.problems.get(self.problem):
            problem.rectified.append(Rectification(act.occurred_on, self.summary))


class RectificationVerified(
    Step,
    of=Suggestion,
    wire="suggestion.rectification_verified.v1",
    zh="核查销号",
    while_in=IN_HAND | ANSWERED,
    part="problems",
    names="problem",
    after={Problem.Stage.RECTIFIED},
    leads_to=Problem.Stage.VERIFIED,
    by=CONGRESS,
):
    """The congress has looked: the point is put right and signed off."""

    problem: Code
    verified_by: Line

    def apply(self, case: Suggestion, act: Act) -> None:
        problem = case.problems.get(self.problem)
        if problem is not None and problem.rectified:
            problem.rectified[-1].verified_on, problem.rectified[-1].verified_by = act.occurred_on, self.verified_by


class RectificationSentBack(
    Step,
    of=Suggestion,
    wire="suggestion.rectification_sent_back.v1",
    zh="责成再次整改",
    while_in=IN_HAND | ANSWERED,
    part="problems",
    names="problem",
    after={Problem.Stage.RECTIFIED},
    leads_to=Problem.Stage.LISTED,
    by=CONGRESS,
):
    """The congress has looked: the point is not put right, and its clock runs on."""

    problem: Code
    reason: Text

    def apply(self, case: Suggestion, act: Act) -> None:
        if running := case.clocks.get((RECTIFICATION, self.problem)):
            running.resume()
        problem = case.problems.get(self.problem)
        if problem is not None and problem.rectified:
            problem.rectified[-1].sent_back_on = act.occurred_on
            problem.rectified[-1].sent_back_because = self.reason


class SatisfactionPollHeld(
    Step,
    of=Suggestion,
    wire="suggestion.satisfaction_poll_held.v1",
    zh="满意度测评",
    while_in=IN_HAND | ANSWERED,
    by=CONGRESS,
):
    """A body votes on how it was put right; only tallies are kept. A second poll stands beside the first (二次测评)."""

    voters: Line
    """Who voted, such as the members of the standing committee at its 38th meeting."""
    present: int = Field(ge=1, le=100_000)
    satisfied: int = Field(ge=0, le=100_000)
    basically_satisfied: int = Field(ge=0, le=100_000)
    dissatisfied: int = Field(ge=0, le=100_000)
    invalid: int = Field(default=0, ge=0, le=100_000)

    def check(self, case: Suggestion, office: Office) -> None:
        cast = self.satisfied + self.basically_satisfied + self.dissatisfied + self.invalid
        if cast > self.present:
            raise Refused("more-ballots-than-voters", field="present", ballots=cast, present=self.present)

    def apply(self, case: Suggestion, act: Act) -> None:
        case.polls.append(
            SatisfactionPoll(
                act.occurred_on,
                self.voters,
                self.present,
                self.satisfied,
                self.basically_satisfied,
                self.dissatisfied,
                self.invalid,
            )
        )


class BacklogClassified(
    Step,
    of=Suggestion,
    wire="suggestion.backlog_classified.v1",
    zh="历年建议分类梳理",
    while_in=IN_HAND | ANSWERED,
    by=DISPATCHERS,
):
    """What an earlier year left unsolved is classified, so that nobody has to ask for it again each year (Danyang)."""

    category: Backlog
    note: Text | None = None

    def already(self, case: Suggestion) -> bool:
        return case.backlog is self.category

    def apply(self, case: Suggestion, act: Act) -> None:
        case.backlog = self.category


# Ending it


class SuggestionWithdrawn(
    Step,
    of=Suggestion,
    wire="suggestion.withdrawn.v1",
    zh="撤回",
    while_in=UNDER_REVIEW | IN_HAND,
    leads_to=Stage.WITHDRAWN,
    by=OFFICE | {Role.DEPUTY},
):
    """The deputy takes the suggestion back in writing; the handling stops."""

    written_request: Line
    """Number or title of the paper in which the deputy asked for it."""
    reason: Text | None = None

    def check_actor(self, case: Suggestion, act: Act) -> None:
        if act.role is Role.DEPUTY:
            _require_lead_deputy(case, act)

    def dropped_clocks(self, case: Suggestion) -> Iterable[ClockKey]:
        return case.clocks

    def apply(self, case: Suggestion, act: Act) -> None:
        case.withdrawn_on = act.occurred_on


class SuggestionClosed(
    Step,
    of=Suggestion,
    wire="suggestion.closed.v1",
    zh="办结",
    while_in={Stage.REPLIED, Stage.EVALUATED},
    moves={
        (stage, target)
        for stage in (Stage.REPLIED, Stage.EVALUATED)
        for target in (Stage.CLOSED, Stage.COMMITMENT_TRACKING)
    },
    by=DISPATCHERS,
):
    """The handling is done; open commitments are still followed."""

    note: Text | None = None

    def dropped_clocks(self, case: Suggestion) -> Iterable[ClockKey]:
        return _open_but_followed(case)

    def apply(self, case: Suggestion, act: Act) -> None:
        if case.open_commitments:
            case.stage = Stage.COMMITMENT_TRACKING
        else:
            case.stage, case.closed_on = Stage.CLOSED, act.occurred_on
