"""Appointment (任免): one person and one post, from the notice of the arrangement to the day the post is left.

Sources: 地方组织法 (2022) art. 25 to 32 (what the congress elects), 50, 51 (more than half of all members), 55; the
eighteen articles, 11 to 13; regulations of other places as the rulebook names them. What is known before publication
stays within the congress.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import Field

from domain import clock
from domain.ballot import BallotMode, Vote, VoteStep
from domain.case import Act, Awaited, ClockKey, Reference, Role, Step
from domain.matter import CHAIRMEN, COMMITTEE, KEEPERS, PARTY_GROUP, Audience, Matter, MatterOpening, require_not_before
from domain.office import Office
from domain.refusal import Refused
from domain.values import CaseId, Line, Text, Word

MOTION, RESIT, NOTIFY, OATH = "appointment.motion", "appointment.resit", "appointment.notify", "appointment.oath"
RENOMINATE = "appointment.renominate"
"""How long after a failed vote the same post may be proposed again: a rule without a clock, since nobody has to."""
PASS_MARK = "appointment.pass_mark"  # noqa: S105 - of an exam


class ActKind(Word):
    """What is decided: 任命, 决定任命, 批准任命, 选举, 决定代理, 免职, 接受辞职, 撤职."""

    APPOINT = auto()
    DECIDE_APPOINTMENT = auto()
    APPROVE_APPOINTMENT = auto()
    ELECT = auto()
    ACTING = auto()
    REMOVE = auto()
    ACCEPT_RESIGNATION = auto()
    DISMISS = auto()


ENDS_OFFICE = frozenset({ActKind.REMOVE, ActKind.ACCEPT_RESIGNATION, ActKind.DISMISS})


class OathForm(Word):
    """How an oath is sworn: 单独宣誓, 集体宣誓."""

    SINGLE = auto()
    COLLECTIVE = auto()


class LeftBecause(Word):
    """Why somebody holds the post no more: 免职, 辞职, 撤职, 机构撤并自行终止, 任期届满, 去世, 代理终止."""

    REMOVED = auto()
    RESIGNED = auto()
    DISMISSED = auto()
    POST_LAPSED = auto()
    TERM_OVER = auto()
    DIED = auto()
    ACTING_ENDED = auto()
    """The post that somebody acted in is filled, or its holder is back."""


class Margin(Word):
    """How it was decided where the tallies are not known: 全票, 多数, 少数."""

    UNANIMOUS = auto()
    MAJORITY = auto()
    MINORITY = auto()


@dataclass(frozen=True)
class BodyOpinion:
    """What another body than the one that decides said of it (审议意见)."""

    body: str
    said_on: date
    agrees: bool
    note: str | None


@dataclass(frozen=True)
class Exam:
    """One attempt at the law exam (任前法律知识考试)."""

    taken_on: date
    score: int
    pass_mark: int

    @property
    def passed(self) -> bool:
        """Whether the score reaches the mark."""
        return self.score >= self.pass_mark


@dataclass(frozen=True)
class Oath:
    """An oath to the constitution (宪法宣誓)."""

    sworn_on: date
    form: OathForm
    leader: str | None
    text_version: str | None


@dataclass
class Appointment(Matter, kind="appointment", zh="任免"):
    """任免: notice, briefing, motion, files, exam, introduction, vote, certificate, oath, office."""

    in_magazine = 3
    opens_when_told = False

    class Stage(Word):
        NOTICE_RECEIVED = auto()
        PARTY_GROUP_BRIEFED = auto()
        MOTION_SUBMITTED = auto()
        FILES_REVIEWED = auto()
        EXAM_PASSED = auto()
        EXAM_FAILED = auto()
        CLEARED = auto()
        INTRODUCED = auto()
        DEFERRED = auto()
        VOTED = auto()
        APPROVED = auto()
        NOT_PASSED = auto()
        MOTION_WITHDRAWN = auto()
        CERTIFICATE_ISSUED = auto()
        SWORN = auto()
        IN_OFFICE = auto()
        LEFT_OFFICE = auto()
        CLOSED = auto()
        DROPPED = auto()

    before_meeting = (MOTION,)

    candidate: str = ""
    post: str = ""
    act_kind: ActKind = ActKind.APPOINT
    motion: str | None = None
    basics: str | None = None
    incumbent: str | None = None
    next_post: str | None = None
    proposer: str | None = None
    motion_submitted_on: date | None = None
    exams: list[Exam] = field(default_factory=list)
    exempt_because: str | None = None
    introduced_on: date | None = None
    speech_on: date | None = None
    issues: list[str] = field(default_factory=list)
    opinions: list[BodyOpinion] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    voted_after: str | None = None
    margin: Margin | None = None
    approved_on: date | None = None
    failed_on: list[date] = field(default_factory=list)
    notified_on: date | None = None
    certificate_on: date | None = None
    oaths: list[Oath] = field(default_factory=list)
    oath_postponed_to: date | None = None
    entered_on: date | None = None
    left_on: date | None = None
    left_because: LeftBecause | None = None

    @property
    def person(self) -> str | None:
        return self.candidate

    @property
    def exam_passed(self) -> bool:
        """Whether the exam was passed, or need not be taken."""
        return self.exempt_because is not None or any(exam.passed for exam in self.exams)

    @property
    def vote(self) -> Vote | None:
        """The last vote."""
        return self.votes[-1] if self.votes else None

    def still_due(self, rule: str) -> bool:
        """The motion, as long as it was not submitted."""
        return self.motion_submitted_on is None and super().still_due(rule)

    def audience(self) -> Iterator[str]:
        """Also the Party committee, whose organisation department notified it; nobody else, also once it is public."""
        yield from super().audience()
        yield Role.PARTY_COMMITTEE

    def units_concerned(self) -> Iterator[str]:
        """The organ of the post, once the decision is told."""
        if self.notified_on is not None or Audience.PUBLIC in self.told:
            yield from super().units_concerned()

    def awaited(self) -> Iterator[Awaited]:
        """What comes next of the congress's office."""
        yield from super().awaited()
        match self.stage:
            case Stage.MOTION_SUBMITTED:
                yield _of_office(FilesReviewed)
            case Stage.EXAM_FAILED if len(self.exams) == 1:
                yield _of_office(ExamResat, self.due_by(RESIT))
            case Stage.VOTED:
                yield _of_office(AppointmentApproved)
            case Stage.APPROVED if self.notified_on is None:
                yield _of_office(DecisionNotified, self.due_by(NOTIFY))
            case Stage.CERTIFICATE_ISSUED:
                yield _of_office(OathSworn, self.oath_postponed_to or self.due_by(OATH))


Stage = Appointment.Stage

BEFORE_VOTE = frozenset(
    {
        Stage.NOTICE_RECEIVED,
        Stage.PARTY_GROUP_BRIEFED,
        Stage.MOTION_SUBMITTED,
        Stage.FILES_REVIEWED,
        Stage.EXAM_PASSED,
        Stage.EXAM_FAILED,
        Stage.CLEARED,
        Stage.INTRODUCED,
        Stage.DEFERRED,
    }
)
PROPOSED = BEFORE_VOTE - {Stage.NOTICE_RECEIVED, Stage.PARTY_GROUP_BRIEFED}
TO_BE_PROPOSED = frozenset({Stage.NOTICE_RECEIVED, Stage.PARTY_GROUP_BRIEFED, Stage.NOT_PASSED})
AFTER_EXAM = frozenset({Stage.EXAM_PASSED, Stage.EXAM_FAILED})
DECIDED = frozenset({Stage.APPROVED, Stage.CERTIFICATE_ISSUED, Stage.SWORN, Stage.IN_OFFICE})


def _of_office(step: type[Step], due_on: date | None = None) -> Awaited:
    return Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire, due_on)


class _Candidacy(MatterOpening):
    """Who is to hold or leave which post."""

    candidate: Line
    """The person by name."""
    post: Line
    kind: ActKind
    motion: Line | None = None
    """Number or name of the motion that several of them make up (任免案)."""
    basics: Text | None = None
    """What is told of the person: age, education, posts before."""
    incumbent: Line | None = None
    """Who holds the post until then, and has to leave it first."""
    next_post: Line | None = None
    """The post that the person takes at the same meeting, where this one is left for it."""

    def apply(self, case: Appointment, act: Act) -> None:
        super().apply(case, act)
        case.candidate, case.post, case.act_kind = self.candidate, self.post, self.kind
        case.incumbent, case.next_post = self.incumbent, self.next_post
        case.motion, case.basics = self.motion, self.basics


class ArrangementNotified(
    _Candidacy,
    of=Appointment,
    wire="appointment.notified.v1",
    zh="组织部通报人事安排",
    opens=True,
    leads_to=Stage.NOTICE_RECEIVED,
    by=PARTY_GROUP | {Role.PARTY_COMMITTEE},
):
    """The organisation department tells the Party group of arrangement and candidate (eighteen articles, 12)."""


class AppointmentProposed(
    _Candidacy,
    of=Appointment,
    wire="appointment.proposed.v1",
    zh="提请任免",
    opens=True,
    leads_to=Stage.MOTION_SUBMITTED,
    by=KEEPERS,
    stops=(MOTION,),
):
    """A motion comes without a notice that the office knows of."""

    proposer: Line | None = None

    def apply(self, case: Appointment, act: Act) -> None:
        super().apply(case, act)
        case.proposer, case.motion_submitted_on = self.proposer, act.occurred_on


class PartyGroupBriefed(
    Step,
    of=Appointment,
    wire="appointment.party_group_briefed.v1",
    zh="党组通报",
    while_in={Stage.NOTICE_RECEIVED},
    leads_to=Stage.PARTY_GROUP_BRIEFED,
    by=PARTY_GROUP,
):
    """The Party group tells its members of the arrangement."""


class BranchesInformed(
    Step,
    of=Appointment,
    wire="appointment.branches_informed.v1",
    zh="党支部传达人事安排意图",
    while_in=BEFORE_VOTE,
    by=PARTY_GROUP,
):
    """The branches convey the intent of the arrangement to the members of the Party (eighteen articles, 11)."""

    branches: tuple[Line, ...] = Field(min_length=1, max_length=200)


class MotionSubmitted(
    Step,
    of=Appointment,
    wire="appointment.motion_submitted.v1",
    zh="提出任免案",
    while_in=TO_BE_PROPOSED | AFTER_EXAM,
    moves={(stage, Stage.MOTION_SUBMITTED) for stage in TO_BE_PROPOSED},
    by=KEEPERS,
    stops=(MOTION,),
    limits=(RENOMINATE,),
):
    """Whoever has the right proposes it, with the files; after a failed vote it may be proposed again later.

    The exam may have been taken before: it has to be passed before the meeting (eighteen articles, 13), no later.
    """

    proposer: Line
    motion: Line | None = None
    reason: Text | None = None

    def breaches(self, case: Appointment, office: Office) -> Iterator[Refused]:
        """Too soon after a failed vote, or after two of them in a term."""
        rule = office.rulebook.clocks.get(RENOMINATE)
        if not case.failed_on or rule is None:
            return
        if len(case.failed_on) > 1:
            yield Refused("failed-twice", times=len(case.failed_on))
        earliest = clock.start(rule, office.rulebook, office.calendar, case.failed_on[-1]).due_on
        if office.day < earliest:
            yield Refused("proposed-again-too-soon", earliest=earliest.isoformat())

    def apply(self, case: Appointment, act: Act) -> None:
        case.proposer, case.motion = self.proposer, self.motion or case.motion
        case.motion_submitted_on = act.occurred_on
        if case.stage in TO_BE_PROPOSED:
            case.stage = Stage.MOTION_SUBMITTED


class FilesReviewed(
    Step,
    of=Appointment,
    wire="appointment.files_reviewed.v1",
    zh="审查任免材料",
    while_in=AFTER_EXAM | {Stage.MOTION_SUBMITTED},
    moves={(Stage.MOTION_SUBMITTED, Stage.FILES_REVIEWED)},
    by=KEEPERS,
):
    """The office has looked at the files: the form, the report on the candidate, the reasons, the public notice."""

    complete: bool
    note: Text | None = None

    def check(self, case: Appointment, office: Office) -> None:
        """Refuse files of a motion that did not come."""
        if case.motion_submitted_on is None:
            raise Refused("no-motion-yet", candidate=case.candidate)

    def apply(self, case: Appointment, act: Act) -> None:
        if case.stage == Stage.MOTION_SUBMITTED:
            case.stage = Stage.FILES_REVIEWED


class CommitteeOpined(
    Step,
    of=Appointment,
    wire="appointment.committee_opined.v1",
    zh="委员会提出审议意见",
    while_in=PROPOSED | {Stage.VOTED, Stage.APPROVED, Stage.NOT_PASSED},
    by=COMMITTEE,
):
    """Another body than the one that decides says whether it agrees: a committee, or another chamber."""

    body: Line
    agrees: bool
    note: Text | None = None

    def apply(self, case: Appointment, act: Act) -> None:
        case.opinions.append(BodyOpinion(self.body, act.occurred_on, self.agrees, self.note))


class _ExamStep(Step):
    """An attempt at the law exam."""

    score: int = Field(ge=0, le=1000)
    pass_mark: int = Field(ge=1, le=1000)

    def breaches(self, case: Appointment, office: Office) -> Iterator[Refused]:
        """The mark is lower than the office's rule wants."""
        rule = office.rulebook.minimums.get(PASS_MARK)
        if rule is not None and self.pass_mark < rule.at_least:
            yield Refused("pass-mark-too-low", pass_mark=self.pass_mark, at_least=rule.at_least)

    def apply(self, case: Appointment, act: Act) -> None:
        case.exams.append(exam := Exam(act.occurred_on, self.score, self.pass_mark))
        if case.stage in BEFORE_VOTE:
            case.stage = Stage.EXAM_PASSED if exam.passed else Stage.EXAM_FAILED


_EXAM_FROM = frozenset({Stage.MOTION_SUBMITTED, Stage.FILES_REVIEWED, Stage.NOTICE_RECEIVED, Stage.PARTY_GROUP_BRIEFED})


class LawExamTaken(
    _ExamStep,
    of=Appointment,
    wire="appointment.law_exam_taken.v1",
    zh="任前法律知识考试",
    while_in=_EXAM_FROM,
    moves={(before, after) for before in _EXAM_FROM for after in AFTER_EXAM},
    by=KEEPERS,
    starts=(RESIT,),
):
    """The candidate takes the law exam (eighteen articles, 13)."""

    def started_clocks(self, case: Appointment) -> Iterator[ClockKey]:
        """A resit is due only after a failure."""
        if self.score < self.pass_mark:
            yield RESIT, None


class ExamResat(
    _ExamStep,
    of=Appointment,
    wire="appointment.exam_resat.v1",
    zh="补考",
    while_in={Stage.EXAM_FAILED},
    moves={(Stage.EXAM_FAILED, after) for after in AFTER_EXAM},
    by=KEEPERS,
    stops=(RESIT,),
):
    """The candidate takes the exam again; who fails again is not submitted (重庆 §16)."""

    def breaches(self, case: Appointment, office: Office) -> Iterator[Refused]:
        """There is one resit."""
        yield from super().breaches(case, office)
        if len(case.exams) > 1:
            yield Refused("second-resit", attempts=len(case.exams))


class ExamExempted(
    Step,
    of=Appointment,
    wire="appointment.exam_exempted.v1",
    zh="免试",
    while_in=_EXAM_FROM,
    leads_to=Stage.EXAM_PASSED,
    by=KEEPERS,
):
    """The candidate need not take the exam: it was passed in this term, or the act ends an office."""

    reason: Line

    def apply(self, case: Appointment, act: Act) -> None:
        case.exempt_because = self.reason


class Cleared(
    Step,
    of=Appointment,
    wire="appointment.cleared.v1",
    zh="主任会议决定提请审议",
    while_in={Stage.MOTION_SUBMITTED, Stage.FILES_REVIEWED, Stage.EXAM_PASSED, Stage.EXAM_FAILED, Stage.DEFERRED},
    leads_to=Stage.CLEARED,
    by=CHAIRMEN,
):
    """The chairmen's meeting puts it before the standing committee."""

    def breaches(self, case: Appointment, office: Office) -> Iterator[Refused]:
        """There is a motion; before a meeting the exam is passed (articles, 13), unless an office is only left."""
        yield from _unproposed(case)
        if not case.exam_passed and case.act_kind not in ENDS_OFFICE:
            yield Refused("exam-not-passed", candidate=case.candidate)


class CandidateIntroduced(
    Step,
    of=Appointment,
    wire="appointment.introduced.v1",
    zh="与组成人员见面",
    while_in=PROPOSED,
    leads_to=Stage.INTRODUCED,
    by=COMMITTEE,
):
    """The candidate meets the members (eighteen articles, 13)."""

    def apply(self, case: Appointment, act: Act) -> None:
        case.introduced_on = act.occurred_on


class IntendedOfficeSpeechMade(
    Step, of=Appointment, wire="appointment.speech_made.v1", zh="拟任职发言", while_in=PROPOSED, by=COMMITTEE
):
    """The candidate says what he intends to do in office, in person or in writing (eighteen articles, 13)."""

    in_writing: bool = False

    def apply(self, case: Appointment, act: Act) -> None:
        case.speech_on = act.occurred_on


class IssueRaised(
    Step, of=Appointment, wire="appointment.issue_raised.v1", zh="发现影响任免的问题", while_in=PROPOSED, by=COMMITTEE
):
    """Something comes to light that bears on the appointment."""

    issue: Text

    def apply(self, case: Appointment, act: Act) -> None:
        case.issues.append(self.issue)


class VoteDeferred(
    Step,
    of=Appointment,
    wire="appointment.vote_deferred.v1",
    zh="暂不付表决",
    while_in=PROPOSED - {Stage.DEFERRED},
    leads_to=Stage.DEFERRED,
    by=COMMITTEE,
):
    """It is not voted on for now, and why."""

    reason: Text


class MotionWithdrawn(
    Step,
    of=Appointment,
    wire="appointment.motion_withdrawn.v1",
    zh="撤回任免案",
    while_in=PROPOSED | {Stage.NOT_PASSED},
    leads_to=Stage.MOTION_WITHDRAWN,
    by=COMMITTEE,
):
    """Whoever proposed it takes it back before the vote."""

    reason: Text | None = None

    def dropped_clocks(self, case: Appointment) -> Iterator[ClockKey]:
        yield from case.clocks


def _unproposed(case: Appointment) -> Iterator[Refused]:
    """Nobody proposed it: an exam that was taken early is no motion."""
    if case.motion_submitted_on is None:
        yield Refused("decided-without-motion", candidate=case.candidate)


class _SecretVote(VoteStep):
    """A vote on a person; only the tallies are kept."""

    voted_after: CaseId | None = None
    """The case whose vote went before this one: who held the post left it, or the person took the next post."""

    def refers_to(self) -> Iterator[Reference]:
        """The case whose vote went before."""
        if self.voted_after is not None:
            yield Reference("voted_after", self.voted_after, frozenset({"appointment", "dismissal"}))

    def check(self, case: Any, office: Office) -> None:
        """Refuse a vote that went before itself, and tallies that do not add up."""
        if self.voted_after == case.id:
            raise Refused("link-to-itself", field="voted_after")
        super().check(case, office)

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """Not secret, nobody proposed it, or out of order."""
        yield from super().breaches(case, office)
        yield from _unproposed(case)
        if self.mode not in {BallotMode.SECRET, BallotMode.ELECTRONIC}:
            yield Refused("vote-not-secret", mode=self.mode)
        if self.voted_after is None:
            yield from _out_of_order(case)

    def apply(self, case: Any, act: Act) -> None:
        """It was voted on."""
        case.votes.append(self.counted(act.occurred_on))
        case.voted_after = self.voted_after


def _out_of_order(case: Appointment) -> Iterator[Refused]:
    """Of one post, who leaves it goes first; of one person at one meeting, the post that is taken (深圳 2022 §19)."""
    if case.act_kind in ENDS_OFFICE:
        if case.next_post is not None:
            yield Refused("removed-before-appointed", candidate=case.candidate, post=case.next_post)
    elif case.incumbent is not None:
        yield Refused("appointed-before-removed", incumbent=case.incumbent, post=case.post)


class AppointmentVoteHeld(
    _SecretVote,
    of=Appointment,
    wire="appointment.vote_held.v1",
    zh="表决",
    while_in=PROPOSED,
    leads_to=Stage.VOTED,
    by=COMMITTEE,
):
    """The members of the standing committee vote, by secret ballot or by buttons (地方组织法 art. 51)."""

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """The congress elects; the exam not passed; not introduced, or no speech (eighteen articles, 13)."""
        yield from super().breaches(case, office)
        if case.act_kind is ActKind.ELECT:
            yield Refused("congress-elects", candidate=case.candidate)
        if case.act_kind in ENDS_OFFICE:
            return
        if not case.exam_passed:
            yield Refused("exam-not-passed", candidate=case.candidate)
        if case.introduced_on is None:
            yield Refused("not-introduced", candidate=case.candidate)
        if case.speech_on is None:
            yield Refused("no-speech-made", candidate=case.candidate)


class AppointmentVotedByCongress(
    _SecretVote,
    of=Appointment,
    wire="appointment.voted_by_congress.v1",
    zh="代表大会选举、表决",
    while_in=PROPOSED,
    leads_to=Stage.VOTED,
    by=COMMITTEE,
):
    """The congress elects, or decides that an office ends, by more than half of all its deputies (地方组织法 art. 25).

    Its presidium or deputies jointly nominate (art. 26), which the motion says; the ballot is secret (art. 28). The
    tallies are those of this candidate, also where there were others (art. 27). Recalls and resignations: art. 31, 32.
    """

    body = None

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """What the standing committee appoints is not for the congress (art. 50)."""
        yield from super().breaches(case, office)
        if case.act_kind is not ActKind.ELECT and case.act_kind not in ENDS_OFFICE:
            yield Refused("not-for-the-congress", candidate=case.candidate)


class _Result(Step):
    """How it was decided."""

    margin: Margin | None = None
    """Where the tallies are not known."""
    mode: BallotMode | None = None
    """How the body voted, where the tallies are not known."""
    note: Text | None = None

    def apply(self, case: Appointment, act: Act) -> None:
        case.margin = self.margin


class AppointmentApproved(
    _Result,
    of=Appointment,
    wire="appointment.approved.v1",
    zh="表决通过",
    while_in=PROPOSED | {Stage.VOTED},
    leads_to=Stage.APPROVED,
    by=COMMITTEE,
    starts=(NOTIFY,),
):
    """It passed: more than half of all members are in favour (地方组织法 art. 51); announced on the spot."""

    decision_number: Line | None = None

    def breaches(self, case: Appointment, office: Office) -> Iterator[Refused]:
        """The tallies say otherwise; where they are not known, nobody proposed it."""
        if case.stage != Stage.VOTED:
            yield from _unproposed(case)
        if case.vote is not None and not case.vote.passed:
            yield Refused("result-contradicts-tally", votes_for=case.vote.votes_for, members=case.vote.members)

    def apply(self, case: Appointment, act: Act) -> None:
        super().apply(case, act)
        case.approved_on = act.occurred_on


class AppointmentNotPassed(
    _Result,
    of=Appointment,
    wire="appointment.not_passed.v1",
    zh="未获通过",
    while_in=PROPOSED | {Stage.VOTED},
    leads_to=Stage.NOT_PASSED,
    by=COMMITTEE,
):
    """It did not pass: not more than half of all members are in favour."""

    def breaches(self, case: Appointment, office: Office) -> Iterator[Refused]:
        """The tallies say otherwise."""
        if case.vote is not None and case.vote.passed:
            yield Refused("result-contradicts-tally", votes_for=case.vote.votes_for, members=case.vote.members)

    def apply(self, case: Appointment, act: Act) -> None:
        super().apply(case, act)
        case.failed_on.append(act.occurred_on)


class DecisionNotified(
    Step,
    of=Appointment,
    wire="appointment.decision_notified.v1",
    zh="通知任免决定",
    while_in=DECIDED,
    by=KEEPERS,
    starts=(OATH,),
    stops=(NOTIFY,),
):
    """The organs are told of the decision; who takes an oath before an organ does so within a term from then on."""

    organs: tuple[Line, ...] = Field(default=(), max_length=100)

    def started_clocks(self, case: Appointment) -> Iterator[ClockKey]:
        if not case.oaths and case.act_kind not in ENDS_OFFICE:
            yield OATH, None

    def apply(self, case: Appointment, act: Act) -> None:
        case.notified_on = act.occurred_on


class CertificateAwarded(
    Step,
    of=Appointment,
    wire="appointment.certificate_awarded.v1",
    zh="颁发任命书",
    while_in={Stage.APPROVED},
    leads_to=Stage.CERTIFICATE_ISSUED,
    by=COMMITTEE,
):
    """The chairman hands over the certificate that he signed."""

    signed_by: Line | None = None

    def check(self, case: Appointment, office: Office) -> None:
        if case.act_kind in ENDS_OFFICE:
            raise Refused("nothing-to-certify", kind_of_act=case.act_kind)

    def apply(self, case: Appointment, act: Act) -> None:
        case.certificate_on = act.occurred_on


class OathSworn(
    Step,
    of=Appointment,
    wire="appointment.oath_sworn.v1",
    zh="宪法宣誓",
    while_in={Stage.APPROVED, Stage.CERTIFICATE_ISSUED, Stage.IN_OFFICE},
    leads_to=Stage.SWORN,
    by=COMMITTEE,
    stops=(OATH,),
):
    """The person swears to the constitution; who is appointed again swears again (深圳 §27)."""

    form: OathForm
    leader: Line | None = None
    """Who leads a collective oath."""
    text_version: Line | None = None
    """Which text was sworn."""

    def check(self, case: Appointment, office: Office) -> None:
        if case.act_kind in ENDS_OFFICE:
            raise Refused("nothing-to-swear", kind_of_act=case.act_kind)

    def apply(self, case: Appointment, act: Act) -> None:
        case.oaths.append(Oath(act.occurred_on, self.form, self.leader, self.text_version))


class OathPostponed(
    Step,
    of=Appointment,
    wire="appointment.oath_postponed.v1",
    zh="延期宣誓",
    while_in={Stage.APPROVED, Stage.CERTIFICATE_ISSUED, Stage.IN_OFFICE},
    by=COMMITTEE,
    extends=OATH,
):
    """The oath is sworn later, and why."""

    due_on: date
    reason: Text

    def check(self, case: Appointment, office: Office) -> None:
        require_not_before(self.due_on, office)

    def apply(self, case: Appointment, act: Act) -> None:
        case.oath_postponed_to = self.due_on


class OfficeEntered(
    Step,
    of=Appointment,
    wire="appointment.office_entered.v1",
    zh="到任",
    while_in={Stage.APPROVED, Stage.CERTIFICATE_ISSUED, Stage.SWORN},
    leads_to=Stage.IN_OFFICE,
    by=KEEPERS,
):
    """The person is in office."""

    def check(self, case: Appointment, office: Office) -> None:
        if case.act_kind in ENDS_OFFICE:
            raise Refused("nothing-to-enter", kind_of_act=case.act_kind)

    def breaches(self, case: Appointment, office: Office) -> Iterator[Refused]:
        """The oath comes before the office (eighteen articles, 13)."""
        if not case.oaths:
            yield Refused("no-oath-sworn", candidate=case.candidate)

    def apply(self, case: Appointment, act: Act) -> None:
        case.entered_on = act.occurred_on


class OfficeLeft(
    Step,
    of=Appointment,
    wire="appointment.office_left.v1",
    zh="离任",
    while_in=DECIDED,
    leads_to=Stage.LEFT_OFFICE,
    by=KEEPERS,
):
    """The person holds the post no more: by another decision of the standing committee, or without one.

    Who acts in a post does so until its holder is back or another one is elected (地方组织法 art. 55).
    """

    left_because: LeftBecause
    other: CaseId | None = None
    """The case of the decision."""

    def check(self, case: Appointment, office: Office) -> None:
        """Refuse the end of an acting appointment that is none."""
        if self.left_because is LeftBecause.ACTING_ENDED and case.act_kind is not ActKind.ACTING:
            raise Refused("not-acting", field="left_because", kind_of_act=case.act_kind)

    def refers_to(self) -> Iterator[Reference]:
        if self.other is not None:
            yield Reference("other", self.other, frozenset({"appointment", "dismissal"}))

    def dropped_clocks(self, case: Appointment) -> Iterator[ClockKey]:
        yield from case.clocks

    def apply(self, case: Appointment, act: Act) -> None:
        case.left_on, case.left_because = act.occurred_on, self.left_because
