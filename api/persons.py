"""Persons' data as they are read: by who may, for an occasion, and with a line in the access log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request

from api.noting import asked_for
from api.problems import ProblemError
from api.services import Services
from api.v1.finding import case_file_of
from domain import fold
from domain.case import Attachment, Case, Step
from domain.person import Occasion, added, purpose_of, readable, subject_of, values_of
from domain.personal import Kept, Keys, Person, Place, Purpose
from domain.principal import Principal


@dataclass(frozen=True)
class FieldRead:
    """What a field says of a person, and how it is kept; the text only while it is held."""

    name: str
    kept: Kept
    text: str | None


@dataclass(frozen=True)
class PersonRead:
    """A person's data of some purposes."""

    person: Person
    fields: tuple[FieldRead, ...]
    files: tuple[Attachment, ...]


def person_of(case: Case | None, key: str) -> Person:
    """The person of that key."""
    if case is None or key not in case.persons:
        raise ProblemError("no-such-person", person=key[:100])
    return case.persons[key]


def read_person(
    services: Services,
    asker: Principal,
    case_id: str,
    key: str,
    purposes: Iterable[Purpose],
    occasion: Occasion,
    request: Request,
) -> PersonRead:
    """The person's data as they stand; refused to whom they are not disclosed. That they are read is logged first."""
    case_file_of(services, asker, case_id)
    case_file, wanted = services.docket.case_file(case_id), frozenset(purposes)
    case = case_file.case
    person = person_of(case, key)
    assert case is not None  # noqa: S101 - the person is of the case
    readable(case, key, wanted, asker, datetime.now(UTC))
    note(services, asker, case_id, key, wanted, occasion, request)
    record = added(fold.sequence(case_file.history), key)
    fields = () if record is None else tuple(_fields(services.keys, case_id, record.step, wanted))
    files = tuple(one for one in case.attachments if one.person == key and Purpose.FILES in wanted)
    return PersonRead(person, fields, files)


def note(
    services: Services,
    asker: Principal,
    case_id: str,
    key: str,
    purposes: Iterable[Purpose],
    occasion: Occasion,
    request: Request,
) -> None:
    """Log that somebody reads a person's data; what cannot be logged is not read."""
    wanted = [purpose for purpose in Purpose if purpose in set(purposes)]
    services.access.read(asker, asked_for(request), key, wanted, case_id=case_id, occasion=occasion)


def _fields(keys: Keys, case_id: str, step: Step, wanted: frozenset[Purpose]) -> Iterator[FieldRead]:
    values = [(name, value) for name, value in values_of(step) if purpose_of(step, name) in wanted]
    kept = keys.kept([value.key or "" for _, value in values])
    for name, value in values:
        how = kept[value.key or ""]
        place = Place(case_id, subject_of(step), purpose_of(step, name), name)
        yield FieldRead(name, how, keys.open(place, value) if how is Kept.HELD else None)
