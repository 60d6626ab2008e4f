"""Filing review (备案审查): one normative document, from its publication to whether it may stand.

Sources: 监督法 (2024) art. 38-45; 立法法 (2023) art. 107-115, whose procedure the provinces take over for the documents
of cities (监督法 art. 40); the terms are those of other places' regulations. What is published has to be filed, what
is filed is reviewed, what is wrong is put right (有件必备、有备必审、有错必纠): `must_be_filed`, `filed_on_time`,
`reviewed_on`, `problems` and `corrected_on` say of each document what the three rates count.

Who asks for a review as a citizen or an organisation is a person of the case (`domain.person`), named by key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import Field

from domain import clock
from domain.ballot import Vote, VoteStep
from domain.case import Act, Awaited, ClockKey, Role, Step
from domain.clock import Deadline
from domain.matter import (
    CHAIRMEN,
    COMMITTEE,
    ENDED,
    KEEPERS,
    UNITS,
    Closed,
    Matter,
    MatterOpening,
    require_not_before,
)
from domain.office import Office
from domain.part import Part
from domain.refusal import Refused
from domain.values import Code, Line, Text, UnitCode, Word

FILE, FILE_RULE = "filing_review.file", "filing_review.file_rule"
FORMAL_CHECK, SUPPLEMENT = "filing_review.formal_check", "filing_review.supplement"
DISPATCH, COMMITTEE_OPINION = "filing_review.dispatch", "filing_review.committee_opinion"
REVIEW, MAKER_REPLY = "filing_review.review", "filing_review.maker_reply"
CORRECTION, REPORT = "filing_review.correction", "filing_review.report"
APPLICATION_CHECK, ANSWER_APPLICANT = "filing_review.application_check", "filing_review.answer_applicant"


class DocumentKind(Word):
    """What a normative document (规范性文件) is: 规章, 规范性文件, 配套文件, 监察、法院、检察院文件, 下级人大决议."""

    GOVERNMENT_RULE = auto()
    GOVERNMENT_DOCUMENT = auto()
    SUPPORTING_DOCUMENT = auto()
    SUPERVISORY_DOCUMENT = auto()
    COURT_DOCUMENT = auto()
    PROCURATORATE_DOCUMENT = auto()
    RESOLUTION_BELOW = auto()
    OTHER = auto()


OF_GOVERNMENT = frozenset(
    {DocumentKind.GOVERNMENT_RULE, DocumentKind.GOVERNMENT_DOCUMENT, DocumentKind.SUPPORTING_DOCUMENT}
)


class ReviewBasis(Word):
    """Why it is reviewed: 依职权审查, 依审查要求, 依审查建议, 移送审查, 专项审查, 联合审查."""

    ACTIVE = auto()
    ON_REQUEST = auto()
    ON_SUGGESTION = auto()
    TRANSFERRED = auto()
    THEMATIC = auto()
    JOINT = auto()


class Applicant(Word):
    """Who suggests a review (审查建议): 其他国家机关, 社会团体, 企业事业组织, 公民."""

    STATE_ORGAN = auto()
    SOCIAL_ORGANISATION = auto()
    ENTERPRISE = auto()
    CITIZEN = auto()


class NotOpenedReason(Word):
    """Why no review is opened: changed already, the maker agreed to, reviewed before, no clear ground, another."""

    CHANGED_ALREADY = auto()
    MAKER_AGREED = auto()
    REVIEWED_BEFORE = auto()
    NO_CLEAR_GROUND = auto()
    OTHER = auto()


class ReviewStandard(Word):
    """What is wrong with a document: 合宪性, 政治性, 合法性 (超越权限、抵触上位法), 程序, 适当性."""

    CONSTITUTIONALITY = auto()
    POLITICAL = auto()
    BEYOND_POWERS = auto()
    AGAINST_HIGHER_LAW = auto()
    PROCEDURE = auto()
    UNSUITABLE = auto()


class CorrectionWay(Word):
    """How a document was put right (纠正): 修改, 废止, 停止执行."""

    AMENDED = auto()
    REPEALED = auto()
    SUSPENDED = auto()


@dataclass(frozen=True)
class NonFilingNotice:
    """That a maker was told, or that all were told, that a document was not filed (通报核查)."""

    noticed_on: date
    circulated: bool
    summary: str | None


@dataclass(frozen=True)
class MakerContact:
    """A talk with the maker about what may be wrong, or that it was urged (沟通、督促)."""

    held_on: date
    urged: bool
    agreed: bool
    summary: str


@dataclass
class ReviewAssignment(Part):
    """A committee that reviews the document in its field (分送)."""

    class Stage(Word):
        REVIEW_ASSIGNED = auto()
        REVIEW_GIVEN = auto()

    committee: str = ""
    assigned_on: date | None = None
    opinion: str | None = None
    problem_seen: bool | None = None
    given_on: date | None = None


@dataclass
class ReviewApplication(Part):
    """A request or a suggestion that the document be reviewed (审查要求、审查建议), and what came of it."""

    class Stage(Word):
        RECEIVED = auto()
        INCOMPLETE = auto()
        ACCEPTED = auto()
        NOT_OPENED = auto()
        TRANSFERRED_AWAY = auto()
        INFORMED = auto()

    basis: ReviewBasis = ReviewBasis.ON_SUGGESTION
    applicant: Applicant = Applicant.STATE_ORGAN
    organ: str | None = None
    """A state organ, by name; nobody else is named."""
    person: str | None = None
    """Key in the case of the citizen or the organisation."""
    summary: str = ""
    received_on: date | None = None
    not_opened_because: NotOpenedReason | None = None
    receiver: str | None = None
    informed_on: date | None = None


@dataclass
class ReviewProblem(Part):
    """Something that is wrong with the document (发现的问题)."""

    class Stage(Word):
        IDENTIFIED = auto()
        PUT_RIGHT = auto()

    standard: ReviewStandard = ReviewStandard.AGAINST_HIGHER_LAW
    text: str = ""
    provision: str | None = None
    found_on: date | None = None
    corrected_on: date | None = None


@dataclass
class FilingReview(Matter, kind="filing_review", zh="备案审查"):
    """备案审查: published, filed, registered, reviewed; where something is wrong, put right or revoked."""

    class Stage(Word):
        DOCUMENT_PUBLISHED = auto()
        DOCUMENT_FILED = auto()
        SUPPLEMENT_REQUESTED = auto()
        OUT_OF_SCOPE = auto()
        REGISTERED = auto()
        UNDER_REVIEW = auto()
        REVIEW_DONE = auto()
        PROBLEM_FOUND = auto()
        OPINION_ISSUED = auto()
        MAKER_REPLIED = auto()
        CORRECTED = auto()
        REVIEW_ENDED = auto()
        REVOCATION_PROPOSED = auto()
        REVOCATION_SUBMITTED = auto()
        REVOKED = auto()
        CLOSED = auto()
        DROPPED = auto()

    maker: str = ""
    """Who made it (制定机关), by name; `unit` where that is a unit."""
    document_kind: DocumentKind = DocumentKind.OTHER
    notices: list[NonFilingNotice] = field(default_factory=list)
    filed_on: date | None = None
    out_of_scope_on: date | None = None
    registered_on: date | None = None
    assignments: dict[str, ReviewAssignment] = field(default_factory=dict)
    applications: dict[str, ReviewApplication] = field(default_factory=dict)
    bases: tuple[ReviewBasis, ...] = ()
    review_opened_on: date | None = None
    reviewed_on: date | None = None
    problems: dict[str, ReviewProblem] = field(default_factory=dict)
    contacts: list[MakerContact] = field(default_factory=list)
    opinion: str | None = None
    opinion_on: date | None = None
    maker_reply: str | None = None
    maker_agrees: bool | None = None
    maker_replied_on: date | None = None
    correction_way: CorrectionWay | None = None
    corrected_on: date | None = None
    """When it was amended or repealed by its maker, or revoked."""
    reported_on: date | None = None
    """When the maker had reported that it was."""
    votes: list[Vote] = field(default_factory=list)
    revoked_on: date | None = None
    reported_years: tuple[int, ...] = ()
    """In which yearly reports on the filing review it stands."""

    @property
    def must_be_filed(self) -> bool:
        """Whether it counts among what has to be filed (报备率)."""
        return self.out_of_scope_on is None

    @property
    def filed_on_time(self) -> bool | None:
        """Whether it was filed in time; None as long as it is not filed (报备率)."""
        if self.filed_on is None:
            return None
        return not any(self.clocks[key].late for key in ((FILE, None), (FILE_RULE, None)) if key in self.clocks)

    @property
    def uncorrected(self) -> list[ReviewProblem]:
        """What is wrong and was not put right (纠错率)."""
        return [one for one in self.problems.values() if one.stage is ReviewProblem.Stage.IDENTIFIED]

    @property
    def to_correct(self) -> bool:
        """Whether the maker said last that it puts the document right."""
        if self.maker_replied_on is not None:
            return bool(self.maker_agrees)
        return next((one.agreed for one in reversed(self.contacts) if not one.urged), False)

    @property
    def handed_to_units_on(self) -> date | None:
        return self.opinion_on

    @property
    def answered_by_units_on(self) -> date | None:
        return self.maker_replied_on

    def audience(self) -> Iterator[str]:
        """Also the government's office, which files what the government and its departments make."""
        yield from super().audience()
        if self.document_kind in OF_GOVERNMENT:
            yield Role.GOVERNMENT_OFFICE

    def awaited(self) -> Iterator[Awaited]:
        """What the maker owes, what the committees and the chairmen's meeting owe, and what applicants are owed."""
        yield from super().awaited()
        if self.has_ended:
            return
        yield from self._owed_by_maker()
        yield from self._owed_by_congress()
        yield from self._owed_to_applicants()

    def _owed_by_maker(self) -> Iterator[Awaited]:
        desk = Role.GOVERNMENT_OFFICE if self.document_kind in OF_GOVERNMENT else Role.DEPUTY_AFFAIRS
        who = desk if self.unit is None else f"{Role.HANDLING_UNIT}:{self.unit}"
        if self.filed_on is None and self.stage in TO_BE_FILED - NOT_IN_FORCE:
            yield Awaited(who, DocumentFiled.declared.wire, self.due_by(FILE) or self.due_by(FILE_RULE))
        match self.stage:
            case Stage.SUPPLEMENT_REQUESTED:
                yield Awaited(who, FilingSupplemented.declared.wire, self.due_by(SUPPLEMENT))
            case Stage.OPINION_ISSUED:
                yield Awaited(who, MakerReplied.declared.wire, self.due_by(MAKER_REPLY))
            case Stage.PROBLEM_FOUND | Stage.MAKER_REPLIED if self.to_correct:
                yield Awaited(who, DocumentAmendedOrRepealed.declared.wire, self.due_by(CORRECTION))
            case Stage.CORRECTED | Stage.REVIEW_ENDED if self.reported_on is None:
                yield Awaited(who, CorrectionReported.declared.wire, self.due_by(REPORT))

    def _owed_by_congress(self) -> Iterator[Awaited]:
        for one in self.assignments.values():
            if one.stage is ReviewAssignment.Stage.REVIEW_ASSIGNED and self.stage is Stage.UNDER_REVIEW:
                yield _of_office(ReviewOpinionGiven, self.due_by(COMMITTEE_OPINION, one.key), one.key)
        match self.stage:
            case Stage.DOCUMENT_FILED:
                yield _of_office(FilingRegistered, self.due_by(FORMAL_CHECK))
            case Stage.REGISTERED:
                yield _of_office(FilingDispatched, self.due_by(DISPATCH))
            case Stage.UNDER_REVIEW:
                yield _of_office(ReviewConcluded, self.due_by(REVIEW))
            case Stage.CORRECTED:
                yield _of_office(ReviewEnded, self.due_by(REVIEW))
            case Stage.REVOCATION_PROPOSED:
                yield _of_office(RevocationSubmitted)
            case Stage.REVOCATION_SUBMITTED:
                yield Awaited(Role.DEPUTY_AFFAIRS, RevocationVoted.declared.wire, from_on=self.meets_on)
            case _:
                yield from self._owed_at_the_end()

    def _owed_at_the_end(self) -> Iterator[Awaited]:
        match self.stage:
            case Stage.PROBLEM_FOUND if not self.to_correct:
                yield _of_office(ReviewOpinionIssued)
            case Stage.MAKER_REPLIED if not self.to_correct:
                yield _of_office(RevocationProposed)
            case Stage.OUT_OF_SCOPE | Stage.REVIEW_DONE | Stage.REVOKED:
                yield _of_office(Closed)
            case Stage.REVIEW_ENDED if self.reported_on is not None:
                yield _of_office(Closed)

    def _owed_to_applicants(self) -> Iterator[Awaited]:
        for one in self.applications.values():
            match one.stage:
                case ReviewApplication.Stage.RECEIVED | ReviewApplication.Stage.INCOMPLETE:
                    yield _of_office(ReviewApplicationAccepted, self.due_by(APPLICATION_CHECK, one.key), one.key)
                case ReviewApplication.Stage.NOT_OPENED | ReviewApplication.Stage.TRANSFERRED_AWAY:
                    yield _of_office(ApplicantInformed, self.due_by(ANSWER_APPLICANT, one.key), one.key)
                case ReviewApplication.Stage.ACCEPTED if self.stage in AFTER_REVIEW:
                    yield _of_office(ApplicantInformed, part=one.key)


def _of_office(step: type[Step], due_on: date | None = None, part: str | None = None) -> Awaited:
    return Awaited(Role.DEPUTY_AFFAIRS, step.declared.wire, due_on, part)


Stage = FilingReview.Stage
WRONG = frozenset({Stage.PROBLEM_FOUND, Stage.OPINION_ISSUED, Stage.MAKER_REPLIED})
"""Something is wrong with the document, and its maker is to put it right."""
TO_BE_REVOKED = frozenset({Stage.REVOCATION_PROPOSED, Stage.REVOCATION_SUBMITTED})
AFTER_REVIEW = frozenset({Stage.REVIEW_DONE, Stage.REVIEW_ENDED, Stage.REVOKED})
NOT_IN_FORCE = frozenset({Stage.CORRECTED, Stage.REVIEW_ENDED, Stage.REVOKED})
"""The document is not in force any more as it was made."""
SINCE_REVIEW = AFTER_REVIEW | WRONG | TO_BE_REVOKED | {Stage.UNDER_REVIEW, Stage.CORRECTED}
TO_BE_FILED = SINCE_REVIEW | {Stage.DOCUMENT_PUBLISHED}
"""A document that was not filed may be reviewed all the same, whatever comes of that."""


class _OfMaker(Step):
    """A step of the maker of the document."""

    def acting_unit(self, case: Any) -> str | None:
        """The maker, where it is a unit."""
        return None if case is None else case.unit


# Filing


class DocumentPublished(
    MatterOpening,
    of=FilingReview,
    wire="filing_review.document_published.v1",
    zh="公布规范性文件",
    opens=True,
    leads_to=Stage.DOCUMENT_PUBLISHED,
    by=KEEPERS,
    starts=(FILE, FILE_RULE),
):
    """A normative document is published on the day of the act; from then on it is to be filed.

    A rule of the government within thirty days by law (立法法 art. 109), other documents as regulations of the province
    say. Where the office hears of it when it is filed, both days are recorded then.
    """

    maker: Line
    """Who made it, by name; `unit` where that is a unit."""
    document_kind: DocumentKind

    def started_clocks(self, case: FilingReview | None) -> Iterator[ClockKey]:
        yield (FILE_RULE if self.document_kind is DocumentKind.GOVERNMENT_RULE else FILE), None

    def apply(self, case: FilingReview, act: Act) -> None:
        super().apply(case, act)
        case.maker, case.document_kind = self.maker, self.document_kind


class FilingUrged(
    Step,
    of=FilingReview,
    wire="filing_review.filing_urged.v1",
    zh="通知限期报送备案",
    while_in=TO_BE_FILED,
    by=KEEPERS,
):
    """The maker is told to file what it did not file (核查), also after a review of it was begun."""

    summary: Text | None = None

    def check(self, case: FilingReview, office: Office) -> None:
        if case.filed_on is not None:
            raise Refused("filed-already", on=case.filed_on.isoformat())

    def apply(self, case: FilingReview, act: Act) -> None:
        case.notices.append(NonFilingNotice(act.occurred_on, circulated=False, summary=self.summary))


class NonFilingCirculated(
    Step,
    of=FilingReview,
    wire="filing_review.non_filing_circulated.v1",
    zh="通报未报送备案",
    not_in=ENDED,
    by=CHAIRMEN,
):
    """The chairmen's meeting circulates that the maker filed late, or not at all (通报; the magazine's 通报核查)."""

    summary: Text | None = None

    def apply(self, case: FilingReview, act: Act) -> None:
        case.notices.append(NonFilingNotice(act.occurred_on, circulated=True, summary=self.summary))


class DocumentFiled(
    _OfMaker,
    of=FilingReview,
    wire="filing_review.document_filed.v1",
    zh="报送备案",
    while_in=TO_BE_FILED,
    moves={(Stage.DOCUMENT_PUBLISHED, Stage.DOCUMENT_FILED)},
    by=UNITS,
    starts=(FORMAL_CHECK,),
    stops=(FILE, FILE_RULE),
):
    """The maker files it: report, text, explanation. One that is reviewed meanwhile is at the stage where it was."""

    document_number: Line | None = None
    """Number of the filing report."""
    materials: tuple[Line, ...] = Field(default=(), max_length=100)
    """What was handed in, by title."""

    def check(self, case: FilingReview, office: Office) -> None:
        if case.filed_on is not None:
            raise Refused("filed-already", on=case.filed_on.isoformat())

    def apply(self, case: FilingReview, act: Act) -> None:
        case.filed_on = case.filed_on or act.occurred_on
        if case.stage is Stage.DOCUMENT_PUBLISHED:
            case.stage = Stage.DOCUMENT_FILED


class FilingRegistered(
    Step,
    of=FilingReview,
    wire="filing_review.registered.v1",
    zh="备案登记",
    while_in=SINCE_REVIEW | {Stage.DOCUMENT_FILED},
    moves={(Stage.DOCUMENT_FILED, Stage.REGISTERED)},
    by=KEEPERS,
    starts=(DISPATCH, REVIEW),
    stops=(FORMAL_CHECK,),
):
    """The formal check is passed: it is registered, and is to be reviewed, unless it is or was already."""

    number: Line | None = None
    """Its number in the register."""

    def check(self, case: FilingReview, office: Office) -> None:
        if case.filed_on is None:
            raise Refused("not-filed")

    def already(self, case: FilingReview) -> bool:
        return case.registered_on is not None

    def started_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        if case.stage is Stage.DOCUMENT_FILED:
            yield from ((DISPATCH, None), (REVIEW, None))

    def apply(self, case: FilingReview, act: Act) -> None:
        case.registered_on, case.number = act.occurred_on, self.number or case.number
        if case.stage is Stage.DOCUMENT_FILED:
            case.stage = Stage.REGISTERED


class FilingReturned(
    Step,
    of=FilingReview,
    wire="filing_review.returned_out_of_scope.v1",
    zh="不属于备案范围退回",
    while_in={Stage.DOCUMENT_FILED},
    leads_to=Stage.OUT_OF_SCOPE,
    by=KEEPERS,
    stops=(FORMAL_CHECK,),
):
    """The formal check finds that it is no document that has to be filed here."""

    reason: Text

    def apply(self, case: FilingReview, act: Act) -> None:
        case.out_of_scope_on = act.occurred_on


class FilingSupplementRequested(
    Step,
    of=FilingReview,
    wire="filing_review.supplement_requested.v1",
    zh="要求补充报送",
    while_in={Stage.DOCUMENT_FILED},
    leads_to=Stage.SUPPLEMENT_REQUESTED,
    by=KEEPERS,
    starts=(SUPPLEMENT,),
    stops=(FORMAL_CHECK,),
):
    """The formal check finds that something is missing."""

    reason: Text


class FilingSupplemented(
    _OfMaker,
    of=FilingReview,
    wire="filing_review.supplemented.v1",
    zh="补充报送",
    while_in={Stage.SUPPLEMENT_REQUESTED},
    leads_to=Stage.DOCUMENT_FILED,
    by=UNITS,
    starts=(FORMAL_CHECK,),
    stops=(SUPPLEMENT,),
):
    """The maker hands in what was missing."""

    materials: tuple[Line, ...] = Field(default=(), max_length=100)


# Who reviews it


class FilingDispatched(
    Step,
    of=FilingReview,
    wire="filing_review.dispatched.v1",
    zh="分送审查",
    while_in={Stage.REGISTERED, Stage.UNDER_REVIEW},
    leads_to=Stage.UNDER_REVIEW,
    by=KEEPERS,
    starts=(COMMITTEE_OPINION,),
    stops=(DISPATCH,),
):
    """It is passed to the committee whose field it is; the review that follows is of its own motion (依职权)."""

    assignment: Code
    """Key of the committee's share in the case."""
    committee: Line

    def check(self, case: FilingReview, office: Office) -> None:
        if self.assignment in case.assignments:
            raise Refused("assignment-exists", field="assignment", assignment=self.assignment)

    def started_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        yield COMMITTEE_OPINION, self.assignment

    def apply(self, case: FilingReview, act: Act) -> None:
        case.assignments[self.assignment] = ReviewAssignment(
            self.assignment, ReviewAssignment.Stage.REVIEW_ASSIGNED, self.committee, act.occurred_on
        )
        case.review_opened_on = case.review_opened_on or act.occurred_on
        case.bases = tuple(dict.fromkeys((*case.bases, ReviewBasis.ACTIVE)))


class ReviewOpinionGiven(
    Step,
    of=FilingReview,
    wire="filing_review.committee_opinion_given.v1",
    zh="提出审查研究意见",
    not_in=ENDED,
    part="assignments",
    names="assignment",
    after={ReviewAssignment.Stage.REVIEW_ASSIGNED},
    leads_to=ReviewAssignment.Stage.REVIEW_GIVEN,
    by=KEEPERS,
    stops=(COMMITTEE_OPINION,),
):
    """The committee says what it thinks of the document."""

    assignment: Code
    opinion: Text
    problem_seen: bool

    def apply(self, case: FilingReview, act: Act) -> None:
        if (one := case.assignments.get(self.assignment)) is not None:
            one.opinion, one.problem_seen, one.given_on = self.opinion, self.problem_seen, act.occurred_on


class ReviewOpinionExtended(
    Step,
    of=FilingReview,
    wire="filing_review.committee_opinion_extended.v1",
    zh="延长审查研究期限",
    not_in=ENDED,
    part="assignments",
    names="assignment",
    after={ReviewAssignment.Stage.REVIEW_ASSIGNED},
    by=KEEPERS,
    extends=COMMITTEE_OPINION,
):
    """The committee needs longer, and why."""

    assignment: Code
    due_on: date
    reason: Text

    def check(self, case: FilingReview, office: Office) -> None:
        require_not_before(self.due_on, office)


class ReviewOpened(
    Step,
    of=FilingReview,
    wire="filing_review.review_opened.v1",
    zh="启动审查",
    while_in={Stage.DOCUMENT_PUBLISHED, Stage.REGISTERED, Stage.UNDER_REVIEW, Stage.REVIEW_DONE},
    leads_to=Stage.UNDER_REVIEW,
    by=KEEPERS,
    starts=(REVIEW,),
):
    """A review is opened: on somebody's motion, because another organ passed it on, with others, on one theme.

    It may be of a document that was never filed, and after it was reviewed once.
    """

    basis: ReviewBasis
    application: Code | None = None
    """The request or suggestion on which it is opened."""
    organ: Line | None = None
    """Who passed it on, or reviews it too."""

    def check(self, case: FilingReview, office: Office) -> None:
        if self.application is not None and self.application not in case.applications:
            raise Refused("unknown-part", field="application", step=self.declared.wire, part=self.application)

    def started_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        """The term for the review, unless it runs since the registration."""
        if case.due_by(REVIEW) is None:
            yield REVIEW, None

    def apply(self, case: FilingReview, act: Act) -> None:
        case.bases = tuple(dict.fromkeys((*case.bases, self.basis)))
        case.review_opened_on = case.review_opened_on or act.occurred_on


# Requests and suggestions


class _Application(Step):
    """Somebody asks that the document be reviewed."""

    application: Code
    """Its key in the case."""
    summary: Text
    """Which provisions, and why, in words that tell nothing of a person."""

    def check(self, case: FilingReview, office: Office) -> None:
        if self.application in case.applications:
            raise Refused("application-exists", field="application", application=self.application)

    def started_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        yield APPLICATION_CHECK, self.application


class ReviewRequested(
    _Application,
    of=FilingReview,
    wire="filing_review.review_requested.v1",
    zh="收到审查要求",
    not_in=ENDED,
    by=KEEPERS,
    starts=(APPLICATION_CHECK,),
):
    """A state organ that may require it requires a review in writing (审查要求)."""

    organ: Line
    """Which organ."""
    applicant_unit: UnitCode | None = None
    """The same as a unit of the registry, where it is one."""

    def check(self, case: FilingReview, office: Office) -> None:
        super().check(case, office)
        if self.applicant_unit is not None:
            office.require_unit(self.applicant_unit, "applicant_unit")

    def apply(self, case: FilingReview, act: Act) -> None:
        case.applications[self.application] = ReviewApplication(
            self.application,
            ReviewApplication.Stage.RECEIVED,
            ReviewBasis.ON_REQUEST,
            Applicant.STATE_ORGAN,
            self.organ,
            None,
            self.summary,
            act.occurred_on,
        )


class ReviewSuggested(
    _Application,
    of=FilingReview,
    wire="filing_review.review_suggested.v1",
    zh="收到审查建议",
    not_in=ENDED,
    by=KEEPERS,
    starts=(APPLICATION_CHECK,),
):
    """Another organ, an organisation or a citizen suggests a review in writing (审查建议). No field names a citizen."""

    applicant: Applicant
    person: Code | None = None
    """Key of whoever suggests it, who is registered among the persons of the case."""

    def check(self, case: FilingReview, office: Office) -> None:
        super().check(case, office)
        if self.person is not None and self.person not in case.persons:
            raise Refused("person-not-added", field="person", person=self.person)

    def apply(self, case: FilingReview, act: Act) -> None:
        case.applications[self.application] = ReviewApplication(
            self.application,
            ReviewApplication.Stage.RECEIVED,
            ReviewBasis.ON_SUGGESTION,
            self.applicant,
            None,
            self.person,
            self.summary,
            act.occurred_on,
        )


class _OfApplication(Step):
    """A step about one request or suggestion."""

    application: Code

    def named(self, case: FilingReview) -> ReviewApplication | None:
        """The request or suggestion, if there is one."""
        return case.applications.get(self.application)


class ReviewApplicationIncomplete(
    _OfApplication,
    of=FilingReview,
    wire="filing_review.application_incomplete.v1",
    zh="告知补正",
    not_in=ENDED,
    part="applications",
    names="application",
    after={ReviewApplication.Stage.RECEIVED},
    leads_to=ReviewApplication.Stage.INCOMPLETE,
    by=KEEPERS,
    stops=(APPLICATION_CHECK,),
):
    """Whoever asks is told what is missing."""

    reason: Text


class ReviewApplicationAccepted(
    _OfApplication,
    of=FilingReview,
    wire="filing_review.application_accepted.v1",
    zh="受理审查要求或者建议",
    not_in=ENDED,
    part="applications",
    names="application",
    after={ReviewApplication.Stage.RECEIVED, ReviewApplication.Stage.INCOMPLETE},
    leads_to=ReviewApplication.Stage.ACCEPTED,
    by=KEEPERS,
    stops=(APPLICATION_CHECK,),
):
    """It is complete, and is dealt with; what was missing has been handed in."""


class ReviewNotOpened(
    _OfApplication,
    of=FilingReview,
    wire="filing_review.review_not_opened.v1",
    zh="不启动审查",
    not_in=ENDED,
    part="applications",
    names="application",
    after={
        ReviewApplication.Stage.RECEIVED,
        ReviewApplication.Stage.INCOMPLETE,
        ReviewApplication.Stage.ACCEPTED,
    },
    leads_to=ReviewApplication.Stage.NOT_OPENED,
    by=KEEPERS,
    starts=(ANSWER_APPLICANT,),
    stops=(APPLICATION_CHECK,),
):
    """No review is opened on it, for one of the grounds of the regulations."""

    reason_code: NotOpenedReason
    explanation: Text | None = None

    def apply(self, case: FilingReview, act: Act) -> None:
        if (one := self.named(case)) is not None:
            one.not_opened_because = self.reason_code


class ReviewApplicationTransferred(
    _OfApplication,
    of=FilingReview,
    wire="filing_review.application_transferred.v1",
    zh="移送有权机关",
    not_in=ENDED,
    part="applications",
    names="application",
    after={ReviewApplication.Stage.RECEIVED, ReviewApplication.Stage.ACCEPTED},
    leads_to=ReviewApplication.Stage.TRANSFERRED_AWAY,
    by=KEEPERS,
    stops=(APPLICATION_CHECK,),
):
    """Another organ is competent: it is passed on in time (监督法 art. 44, 立法法 art. 115)."""

    receiver: Line

    def apply(self, case: FilingReview, act: Act) -> None:
        if (one := self.named(case)) is not None:
            one.receiver = self.receiver


class ApplicantInformed(
    _OfApplication,
    of=FilingReview,
    wire="filing_review.applicant_informed.v1",
    zh="反馈审查结果",
    not_in=ENDED,
    part="applications",
    names="application",
    after={
        ReviewApplication.Stage.ACCEPTED,
        ReviewApplication.Stage.NOT_OPENED,
        ReviewApplication.Stage.TRANSFERRED_AWAY,
    },
    leads_to=ReviewApplication.Stage.INFORMED,
    by=KEEPERS,
    stops=(ANSWER_APPLICANT,),
):
    """Whoever asked is told what came of it (立法法 art. 113)."""

    result: Text | None = None

    def apply(self, case: FilingReview, act: Act) -> None:
        if (one := self.named(case)) is not None:
            one.informed_on = act.occurred_on


# The review


class ReviewProblemIdentified(
    Step,
    of=FilingReview,
    wire="filing_review.problem_identified.v1",
    zh="发现问题",
    while_in={Stage.UNDER_REVIEW, Stage.PROBLEM_FOUND},
    by=KEEPERS,
):
    """Something is wrong with the document, by one of the standards (监督法 art. 39, 立法法 art. 107)."""

    problem: Code
    """Its key in the case."""
    standard: ReviewStandard
    text: Text
    provision: Line | None = None
    """Which provision."""

    def check(self, case: FilingReview, office: Office) -> None:
        if self.problem in case.problems:
            raise Refused("review-problem-exists", field="problem", problem=self.problem)

    def apply(self, case: FilingReview, act: Act) -> None:
        case.problems[self.problem] = ReviewProblem(
            self.problem,
            ReviewProblem.Stage.IDENTIFIED,
            self.standard,
            self.text,
            self.provision,
            act.occurred_on,
        )


class ReviewExtended(
    Step,
    of=FilingReview,
    wire="filing_review.review_extended.v1",
    zh="延长审查期限",
    while_in={Stage.REGISTERED, Stage.UNDER_REVIEW},
    by=KEEPERS,
    extends=REVIEW,
):
    """The review takes longer, and why."""

    due_on: date
    reason: Text

    def check(self, case: FilingReview, office: Office) -> None:
        require_not_before(self.due_on, office)
        if case.due_by(REVIEW) is None:
            raise Refused("clock-does-not-run", field="due_on", clock=REVIEW)


def _of_review(case: FilingReview) -> Iterator[ClockKey]:
    """The clocks for which nobody waits when the review is over."""
    yield DISPATCH, None
    yield from ((COMMITTEE_OPINION, key) for key in case.assignments)


class ReviewConcluded(
    Step,
    of=FilingReview,
    wire="filing_review.review_concluded.v1",
    zh="审查终结",
    while_in={Stage.UNDER_REVIEW},
    moves={(Stage.UNDER_REVIEW, Stage.REVIEW_DONE), (Stage.UNDER_REVIEW, Stage.PROBLEM_FOUND)},
    by=KEEPERS,
    stops=(REVIEW,),
):
    """The review is done: nothing is wrong with the document, or what was found is to be put right."""

    summary: Text | None = None

    def dropped_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        yield from _of_review(case)

    def apply(self, case: FilingReview, act: Act) -> None:
        case.reviewed_on = act.occurred_on
        if case.stage is Stage.UNDER_REVIEW:
            case.stage = Stage.PROBLEM_FOUND if case.uncorrected else Stage.REVIEW_DONE


# Putting it right


class MakerConsulted(
    Step,
    of=FilingReview,
    wire="filing_review.maker_consulted.v1",
    zh="与制定机关沟通",
    while_in=WRONG | {Stage.UNDER_REVIEW},
    by=CHAIRMEN,
):
    """It is talked over with the maker, which may agree to put it right by a date without a written opinion."""

    summary: Text
    agreed: bool
    """Whether the maker agrees to put it right."""
    due_on: date | None = None

    def check(self, case: FilingReview, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.agreed and self.due_on is not None:
            yield clock.agreed(CORRECTION, act.occurred_on, self.due_on)

    def apply(self, case: FilingReview, act: Act) -> None:
        case.contacts.append(MakerContact(act.occurred_on, urged=False, agreed=self.agreed, summary=self.summary))


class ReviewOpinionIssued(
    Step,
    of=FilingReview,
    wire="filing_review.opinion_issued.v1",
    zh="发出书面审查意见",
    while_in={Stage.PROBLEM_FOUND},
    leads_to=Stage.OPINION_ISSUED,
    by=CHAIRMEN,
    starts=(MAKER_REPLY,),
):
    """The maker is told in writing what is wrong, and is to say whether it amends or repeals it (立法法 art. 112).

    So it is where what the maker changed does not follow an earlier opinion.
    """

    text: Text
    document_number: Line | None = None

    def apply(self, case: FilingReview, act: Act) -> None:
        case.opinion, case.opinion_on = self.text, act.occurred_on


class MakerReplied(
    _OfMaker,
    of=FilingReview,
    wire="filing_review.maker_replied.v1",
    zh="制定机关反馈处理意见",
    while_in={Stage.OPINION_ISSUED},
    leads_to=Stage.MAKER_REPLIED,
    by=UNITS,
    stops=(MAKER_REPLY,),
):
    """The maker says whether it will amend or repeal it, until when, or why not."""

    text: Text
    maker_agrees: bool
    due_on: date | None = None

    def check(self, case: FilingReview, office: Office) -> None:
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.maker_agrees and self.due_on is not None:
            yield clock.agreed(CORRECTION, act.occurred_on, self.due_on)

    def apply(self, case: FilingReview, act: Act) -> None:
        case.maker_reply, case.maker_agrees, case.maker_replied_on = self.text, self.maker_agrees, act.occurred_on


class MakerUrged(
    Step,
    of=FilingReview,
    wire="filing_review.maker_urged.v1",
    zh="督促制定机关",
    while_in=WRONG,
    by=CHAIRMEN,
):
    """The maker is urged by letter, or its head is summoned (函询、约谈), to reply or to do what it said."""

    summary: Text

    def apply(self, case: FilingReview, act: Act) -> None:
        case.contacts.append(MakerContact(act.occurred_on, urged=True, agreed=False, summary=self.summary))


class DocumentAmendedOrRepealed(
    _OfMaker,
    of=FilingReview,
    wire="filing_review.amended_or_repealed.v1",
    zh="修改或者废止",
    while_in=WRONG | TO_BE_REVOKED | {Stage.UNDER_REVIEW},
    leads_to=Stage.CORRECTED,
    by=UNITS,
    starts=(REPORT,),
    stops=(CORRECTION,),
):
    """The maker amends or repeals it, as the opinion says or of its own (立法法 art. 112)."""

    correction_way: CorrectionWay
    document_number: Line | None = None

    def dropped_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        yield MAKER_REPLY, None

    def apply(self, case: FilingReview, act: Act) -> None:
        case.correction_way, case.corrected_on = self.correction_way, act.occurred_on


class ReviewEnded(
    Step,
    of=FilingReview,
    wire="filing_review.review_ended.v1",
    zh="审查终止",
    while_in={Stage.CORRECTED},
    leads_to=Stage.REVIEW_ENDED,
    by=KEEPERS,
    stops=(REVIEW,),
):
    """What the maker amended or repealed is as it should be, and so the review ends (立法法 art. 112)."""

    summary: Text | None = None

    def dropped_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        yield from _of_review(case)

    def apply(self, case: FilingReview, act: Act) -> None:
        case.reviewed_on = case.reviewed_on or act.occurred_on
        _put_right(case, case.corrected_on)


class CorrectionFoundInsufficient(
    Step,
    of=FilingReview,
    wire="filing_review.correction_insufficient.v1",
    zh="修改后仍不符合审查意见",
    while_in={Stage.CORRECTED},
    leads_to=Stage.PROBLEM_FOUND,
    by=KEEPERS,
):
    """What the maker changed does not follow the opinion, so that the review does not end (立法法 art. 112)."""

    reason: Text

    def dropped_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        yield REPORT, None

    def apply(self, case: FilingReview, act: Act) -> None:
        case.correction_way = case.corrected_on = case.reported_on = None


def _put_right(case: FilingReview, on: date | None) -> None:
    for problem in case.uncorrected:
        problem.stage, problem.corrected_on = ReviewProblem.Stage.PUT_RIGHT, on


class CorrectionReported(
    _OfMaker,
    of=FilingReview,
    wire="filing_review.correction_reported.v1",
    zh="报告修改或者废止情况",
    while_in={Stage.CORRECTED, Stage.REVIEW_ENDED},
    by=UNITS,
    stops=(REPORT,),
):
    """The maker reports that it was amended or repealed; what is new is filed as a document of its own."""

    summary: Text

    def apply(self, case: FilingReview, act: Act) -> None:
        case.reported_on = act.occurred_on


class RevocationProposed(
    Step,
    of=FilingReview,
    wire="filing_review.revocation_proposed.v1",
    zh="提出撤销的议案、建议",
    while_in=WRONG,
    leads_to=Stage.REVOCATION_PROPOSED,
    by=KEEPERS,
):
    """The maker does not put it right: who reviewed it proposes that it be revoked (立法法 art. 112)."""

    reason: Text

    def breaches(self, case: FilingReview, office: Office) -> Iterator[Refused]:
        """The maker was told in writing before (立法法 art. 112)."""
        if case.opinion_on is None:
            yield Refused("revocation-without-opinion")


class RevocationSubmitted(
    Step,
    of=FilingReview,
    wire="filing_review.revocation_submitted.v1",
    zh="主任会议决定提请审议撤销议案",
    while_in={Stage.REVOCATION_PROPOSED},
    leads_to=Stage.REVOCATION_SUBMITTED,
    by=CHAIRMEN,
):
    """The chairmen's meeting puts the revocation before the standing committee (立法法 art. 112)."""


class RevocationVoted(
    VoteStep,
    of=FilingReview,
    wire="filing_review.revocation_voted.v1",
    zh="表决撤销",
    while_in={Stage.REVOCATION_SUBMITTED},
    moves={(Stage.REVOCATION_SUBMITTED, Stage.REVOKED)},
    by=COMMITTEE,
):
    """The standing committee votes on revoking it, the whole or some provisions (监督法 art. 39)."""

    text: Text
    """What is revoked."""
    document_number: Line | None = None

    def dropped_clocks(self, case: FilingReview) -> Iterator[ClockKey]:
        if case.revoked_on is not None:
            yield from ((MAKER_REPLY, None), (CORRECTION, None))

    def apply(self, case: FilingReview, act: Act) -> None:
        vote = self.counted(act.occurred_on)
        case.votes.append(vote)
        if vote.passed:
            case.revoked_on = case.corrected_on = act.occurred_on
            case.reviewed_on = case.reviewed_on or act.occurred_on
            _put_right(case, act.occurred_on)
            if case.stage is Stage.REVOCATION_SUBMITTED:
                case.stage = Stage.REVOKED


class ReportedInYear(
    Step,
    of=FilingReview,
    wire="filing_review.reported_in_year.v1",
    zh="列入备案审查工作情况报告",
    by=CHAIRMEN,
):
    """The standing committee has heard the yearly report on the filing review in which it stands (监督法 art. 45)."""

    year: int = Field(ge=1949, le=9999)

    def already(self, case: FilingReview) -> bool:
        return self.year in case.reported_years

    def apply(self, case: FilingReview, act: Act) -> None:
        case.reported_years = tuple(sorted({*case.reported_years, self.year}))
