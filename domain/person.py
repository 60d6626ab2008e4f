"""Persons (涉及人员): citizens who take part in a case, whose data are kept apart from it and can be erased.

A case knows a person by a key of its own. What is the person's own is `Personal`: encrypted before it is stored, and
told to nobody but by a reading that is logged (`readable`). Restriction (封存), release and erasure (删除) are
proposed by one and approved by another of the congress's office, with their ground in law.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum, auto
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from domain.attachment import EXTENSIONS, FileName, Sha256, media_type_of
from domain.case import (
    Act,
    Attachment,
    AttachmentAdded,
    Awaited,
    Case,
    Correction,
    Participation,
    Recorded,
    Role,
    Step,
    latest,
)
from domain.casefile import CaseFile, file_of
from domain.clock import overdue_from
from domain.office import Office
from domain.personal import (
    Capacity,
    Disclosure,
    Kept,
    Keys,
    Measure,
    Person,
    Personal,
    Place,
    ProposedMeasure,
    Purpose,
    personal_fields,
)
from domain.principal import Principal
from domain.refusal import Refused
from domain.values import Code, Line, Text, UnitCode

OFFICE = frozenset({Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE})
"""Who keeps persons' data, and decides on them."""


class LegalGround(StrEnum):
    """Why data are erased, or restricted instead: the cases of PIPL art. 47, and what another law says."""

    PURPOSE_ACHIEVED = auto()
    RETENTION_EXPIRED = auto()
    CONSENT_WITHDRAWN = auto()
    UNLAWFUL_PROCESSING = auto()
    RETENTION_NOT_EXPIRED = auto()
    ERASURE_DIFFICULT = auto()
    RIGHTS_OF_THE_PERSON = auto()
    OTHER_LAW = auto()


class Occasion(StrEnum):
    """What a person's data are read for: one of a closed list, so that the log of it says nothing of the person."""

    VERIFYING = auto()
    CONTACTING = auto()
    REPLYING = auto()
    RIGHTS_OF_THE_PERSON = auto()
    LAWFUL_INQUIRY = auto()


def awaited_measures(case: Case) -> Iterator[Awaited]:
    """What the office owes a person: that another of it decides on a measure that was proposed."""
    for proposed in case.measures.values():
        if proposed.stage is ProposedMeasure.Stage.PROPOSED:
            yield Awaited(Role.DEPUTY_AFFAIRS, TAKEN_BY[proposed.measure].declared.wire, part=proposed.key)


class PersonAdded(
    Participation,
    wire="case.person_added.v1",
    zh="登记涉及人员",
    by=set(Role) - {Role.AUDITOR, Role.ADMINISTRATOR},
    fixed=("person",),
    stands=True,
):
    """A citizen takes part in the case; nothing of what is said of him here is stored in clear."""

    person: Code
    """The person's key in the case; it says nothing of who that is."""
    capacity: Capacity
    name: Annotated[Personal[Line], Purpose.IDENTITY]
    id_number: Annotated[Personal[Line] | None, Purpose.IDENTITY] = None
    """Number of the identity card, or of another paper."""
    phone: Annotated[Personal[Line] | None, Purpose.CONTACT] = None
    address: Annotated[Personal[Line] | None, Purpose.CONTACT] = None
    statement: Annotated[Personal[Text] | None, Purpose.SUBSTANCE] = None
    """What the person said, as far as it tells who that is."""

    def check(self, case: Case, office: Office) -> None:  # noqa: ARG002 - the hook's signature
        """Refuse a second person under the same key."""
        if self.person in case.persons:
            raise Refused("person-exists", field="person", person=self.person)

    def apply(self, case: Case, act: Act) -> None:
        """The case has the person."""
        case.persons[self.person] = Person(self.person, Person.Stage.HELD, self.capacity, act.actor, act.role)


class PersonalAttachmentAdded(
    AttachmentAdded,
    wire="case.personal_attachment_added.v1",
    zh="涉及人员的附件",
    part="persons",
    names="person",
    after={Person.Stage.HELD},
    by=set(Role) - {Role.AUDITOR, Role.ADMINISTRATOR},
    fixed=("person", "sha256", "media_type", "size"),
    stands=True,
):
    """A file with a person's data is added to the case: its name is not told, and it is erased with the data.

    It is never voided, so that whoever erases the data erases every file that was ever added.
    """

    person: Code
    name: Annotated[Personal[FileName], Purpose.FILES]  # type: ignore[assignment]  # sealed, where others have a text

    def check(self, case: Case, office: Office) -> None:  # noqa: ARG002 - the hook's signature
        """Refuse a name that another kind of file has."""
        if self.name.clear is not None and media_type_of(self.name.clear) is not self.media_type:
            raise Refused("file-name-of-another-type", field="name", name="…", media_type=self.media_type)

    def already(self, case: Case) -> bool:
        """The same content of the same person, as the same thing."""
        said = self.sha256, self.person, self.kind, self.about
        return any(said == (a.sha256, a.person, a.kind, a.about) for a in case.attachments)

    def apply(self, case: Case, act: Act) -> None:
        """It is among the attachments of the case, called after the person's key."""
        ending = next(ending for ending, kind in EXTENSIONS.items() if kind is self.media_type)
        case.attachments.append(
            Attachment(
                self.sha256,
                f"{self.person}-{self.sha256[:8]}.{ending}",
                self.media_type,
                self.size,
                self.kind,
                self.about,
                act.occurred_on,
                act.actor,
                act.role,
                act.office,
                self.person,
            )
        )


class PersonalDataDisclosed(
    Step,
    wire="case.personal_data_disclosed.v1",
    zh="提供个人信息",
    part="persons",
    names="person",
    after={Person.Stage.HELD},
    by=OFFICE,
):
    """A unit may read a person's data for some purposes until a day, because it needs them to handle the case."""

    person: Code
    to_unit: UnitCode
    purposes: tuple[Purpose, ...] = Field(min_length=1, max_length=len(Purpose))
    until: date
    """The last day."""
    reason: Text

    def check(self, case: Case, office: Office) -> None:
        """Refuse a unit that has no part in the case, and a day that is over."""
        office.require_unit(self.to_unit, "to_unit")
        if f"{Role.HANDLING_UNIT}:{self.to_unit}" not in set(case.audience()):
            raise Refused("no-part-in-case", field="to_unit", who=self.to_unit)
        if self.until < office.day:
            raise Refused("disclosure-over", field="until", until=self.until.isoformat())

    def apply(self, case: Case, act: Act) -> None:  # noqa: ARG002 - the hook's signature
        """The unit may read."""
        if (person := case.persons.get(self.person)) is not None:
            person.disclosures.append(Disclosure(self.to_unit, frozenset(self.purposes), self.until))


class PersonalMeasureProposed(
    Step,
    wire="case.personal_measure_proposed.v1",
    zh="提出封存、解封或者删除个人信息",
    part="persons",
    names="person",
    after={Person.Stage.HELD, Person.Stage.RESTRICTED},
    by=OFFICE,
    fixed=("measure_key", "person", "measure", "purposes", "ground"),
    stands=True,
):
    """One of the office proposes to restrict, release or erase a person's data; that is the first signature."""

    measure_key: Code
    """Key of the proposal in the case."""
    person: Code
    measure: Measure
    purposes: tuple[Purpose, ...] = Field(default=tuple(Purpose), min_length=1, max_length=len(Purpose))
    ground: LegalGround
    reason: Text

    def check(self, case: Case, office: Office) -> None:  # noqa: ARG002 - the hook's signature
        """Refuse a second proposal under the same key."""
        if self.measure_key in case.measures:
            raise Refused("measure-exists", field="measure_key", measure=self.measure_key)

    def apply(self, case: Case, act: Act) -> None:
        """The proposal waits for another of the office."""
        case.measures[self.measure_key] = ProposedMeasure(
            self.measure_key,
            ProposedMeasure.Stage.PROPOSED,
            self.person,
            self.measure,
            frozenset(self.purposes),
            act.actor,
        )


class _Deciding(Step):
    """Another of the office decides on a proposal; that is the second signature."""

    measure_key: Code

    def check_actor(self, case: Case, act: Act) -> None:
        """Refuse whoever proposed it."""
        proposed = case.measures.get(self.measure_key)
        if proposed is not None and proposed.proposed_by == act.actor:
            raise Refused("approves-own-proposal", field="measure_key", measure=self.measure_key)


class PersonalMeasureDeclined(
    _Deciding,
    wire="case.personal_measure_declined.v1",
    zh="不同意封存、解封或者删除个人信息",
    part="measures",
    names="measure_key",
    after={ProposedMeasure.Stage.PROPOSED},
    leads_to=ProposedMeasure.Stage.DECLINED,
    by=OFFICE,
    fixed=("measure_key",),
    stands=True,
):
    """Another of the office declines a proposal, and says why."""

    reason: Text


class PersonalMeasureTaken(_Deciding):
    """A measure on a person's data is taken as it was proposed. It is never undone but by another measure."""

    measure: ClassVar[Measure]

    person: Code | None = None
    """Whose data; filled in when recorded."""
    purposes: tuple[Purpose, ...] = ()
    """The data of which purposes; filled in when recorded."""

    def check(self, case: Case, office: Office) -> None:  # noqa: ARG002 - the hook's signature
        """Refuse a proposal of another measure."""
        proposed = case.measures.get(self.measure_key)
        if proposed is not None and proposed.measure is not self.measure:
            raise Refused("another-measure-proposed", field="measure_key", measure=self.measure_key)

    def filled_in(self, case: Case, office: Office) -> Self:  # noqa: ARG002 - the hook's signature
        """With what was proposed, whatever was given."""
        if (proposed := case.measures.get(self.measure_key)) is None:
            return self
        purposes = tuple(purpose for purpose in Purpose if purpose in proposed.purposes)
        return self.model_copy(update={"person": proposed.person, "purposes": purposes})

    def apply(self, case: Case, act: Act) -> None:  # noqa: ARG002 - the hook's signature
        """The person's data are kept otherwise from now on."""
        if (person := case.persons.get(self.person or "")) is not None:
            self.take(person)
            person.settle()

    def take(self, person: Person) -> None:
        """What the measure does to how the data are kept."""
        raise NotImplementedError


_TAKEN: Mapping[str, Any] = {
    "part": "measures",
    "names": "measure_key",
    "after": {ProposedMeasure.Stage.PROPOSED},
    "leads_to": ProposedMeasure.Stage.TAKEN,
    "by": OFFICE,
    "fixed": ("measure_key", "person", "purposes", "files"),
    "stands": True,
}


class PersonalDataRestricted(
    PersonalMeasureTaken, wire="case.personal_data_restricted.v1", zh="封存个人信息", **_TAKEN
):
    """A person's data are stored, and nothing else is done with them from now on (PIPL art. 47 para. 2)."""

    measure = Measure.RESTRICT

    def take(self, person: Person) -> None:
        """What was not erased is restricted."""
        person.restricted |= set(self.purposes) - person.erased


class PersonalDataReleased(PersonalMeasureTaken, wire="case.personal_data_released.v1", zh="解除封存", **_TAKEN):
    """Data that were restricted may be read again."""

    measure = Measure.RELEASE

    def take(self, person: Person) -> None:
        """They are restricted no more."""
        person.restricted -= set(self.purposes)


class PersonalDataErased(PersonalMeasureTaken, wire="case.personal_data_erased.v1", zh="删除个人信息", **_TAKEN):
    """A person's data are erased: their keys are destroyed, at every past moment too (PIPL art. 47 para. 1)."""

    measure = Measure.ERASE

    files: tuple[Sha256, ...] = ()
    """The attachments that are erased with them; filled in when recorded."""

    def filled_in(self, case: Case, office: Office) -> Self:
        """Also with the person's attachments, where those are erased."""
        filled = super().filled_in(case, office)
        files = (a.sha256 for a in case.attachments if a.person == filled.person and Purpose.FILES in filled.purposes)
        return filled.model_copy(update={"files": tuple(sorted(files))})

    def take(self, person: Person) -> None:
        """They are erased, and so restricted no more."""
        person.erased |= set(self.purposes)
        person.restricted -= set(self.purposes)


TAKEN_BY: dict[Measure, type[PersonalMeasureTaken]] = {
    step.measure: step for step in (PersonalDataRestricted, PersonalDataReleased, PersonalDataErased)
}
"""The step by which each measure is taken."""


def tells_of_persons(step: Step) -> bool:
    """Whether a step may say something of a person."""
    return bool(personal_fields(type(step))) or isinstance(step, Correction)


def values_of(step: Step) -> Iterator[tuple[str, Personal[Any]]]:
    """What a step says of a person, also as a correction of another step, each with the name of its field."""
    if isinstance(step, Correction):
        if step.of is not None and step.changes:
            corrected, right = latest(step.of, step.changes)
            for name in personal_fields(corrected):
                if right.get(name) is not None:
                    yield name, Personal.read(right[name])
        return
    for name in personal_fields(type(step)):
        if (value := getattr(step, name)) is not None:
            yield name, value


def replaced(step: Step, values: Mapping[str, Personal[Any]]) -> Step:
    """The same step, also a correction, with other values of a person."""
    if not values:
        return step
    if isinstance(step, Correction):
        changes = {name: value.stored() for name, value in values.items()}
        return step.model_copy(update={"changes": {**step.right, **changes}})
    return step.model_copy(update=dict(values))


def as_told(case_file: CaseFile, keys: Keys) -> CaseFile:
    """The case file with nothing of a person in it but how it is kept today, whatever the moment."""
    sealed = {value.key or "" for record in case_file.history for _, value in values_of(record.step)}
    if not sealed:
        return case_file
    kept = keys.kept(sealed)
    told = file_of(None, (record._replace(step=_told(record.step, kept)) for record in case_file.history))
    return case_file if told is None else told


def _told(step: Step, kept: Mapping[str, Kept]) -> Step:
    return replaced(step, {name: Personal(kept=kept[value.key or ""]) for name, value in values_of(step)})


def subject_of(step: Step) -> str:
    """The key of the person whose data a step holds."""
    return str(getattr(step, "person"))  # noqa: B009 - every step with personal fields names the person


def purpose_of(step: Step, name: str) -> Purpose:
    """The purpose for which what is in a field of a step is kept."""
    return personal_fields(type(step))[name]


def require_kept(case: Case | None, place: Place) -> None:
    """Refuse to record more of a person whose data are restricted or erased."""
    person = None if case is None else case.persons.get(place.person)
    if person is not None and place.purpose in person.restricted | person.erased:
        raise Refused("personal-data-closed", field="person", person=place.person)


def readable(case: Case, key: str, purposes: Iterable[Purpose], reader: Principal, now: datetime) -> Person:
    """The person, if the reader may read the data of these purposes; refused if not. Rights are today's.

    The congress's office may, whoever added the person, and a unit to which they are disclosed.
    """
    person = case.persons.get(key)
    if person is None:
        raise Refused("unknown-part", field="person", part=key)
    if reader.role in OFFICE or (reader.actor, reader.role) == (person.added_by, person.added_in):
        return person
    wanted = set(purposes)
    if reader.role is Role.HANDLING_UNIT:
        for disclosed in person.disclosures:
            if disclosed.unit == reader.office and now < overdue_from(disclosed.until, case.time_zone):
                wanted -= disclosed.purposes
        if not wanted:
            return person
    raise Refused("personal-data-not-for-you", person=key)


def added(steps: Iterable[Recorded], key: str) -> Recorded | None:
    """The step, as it stands, by which a person was added."""
    return next((r for r in steps if isinstance(r.step, PersonAdded) and r.step.person == key), None)
