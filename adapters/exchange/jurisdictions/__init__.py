"""Jurisdictions that ship as files: entered into the registry step by step, as any other is."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.memory import MemoryLedger
from adapters.registry import LedgerRegistry
from domain.case import Act, Imported, Role, Step
from domain.cases.registry.deputy import DeputyDescribed, DeputyRegistered, EndReason, QualificationEnded
from domain.cases.registry.group import GroupFormed
from domain.cases.registry.jurisdiction import JurisdictionOpened, Region, SessionConvened, TermOpened
from domain.cases.registry.meeting import MaterialsDistributed, MeetingCalled, MeetingHeld, MeetingKind
from domain.cases.registry.seat import LeaveReason, SeatDescribed, SeatLeft, SeatTaken
from domain.cases.registry.unit import UnitMerged, UnitOpened
from domain.docket import Docket, Draft, Receipt, Request
from domain.moment import start_of_day
from domain.office import Background, Body, Engagement, Tenure
from domain.refusal import Refused, refused_by
from domain.registry import PREFIX

_NAMESPACE = uuid5(NAMESPACE_URL, "duban:shipped-jurisdiction")
_BATCH = 500
_JURISDICTION = "jurisdiction"


class _Entered(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date | None = None


class _Unit(_Entered):
    code: str
    zh_name: str
    en_name: str
    merged_on: date | None = None
    into: str | None = None


class _Group(_Entered):
    code: str
    zh_name: str
    en_name: str


class _Deputy(_Entered):
    id: str
    name: str
    term: int | None = None
    constituency: str | None = None
    group: str | None = None
    background: Background | None = None
    tenure: Tenure | None = None
    ended_on: date | None = None
    reason: EndReason = EndReason.TERM_OVER


class _Seat(_Entered):
    body: Body
    organ: str | None = None
    holder: str
    deputy: str | None = None
    post: str
    engagement: Engagement | None = None
    tenure: Tenure | None = None
    left_on: date | None = None
    left_because: LeaveReason = LeaveReason.TERM_OVER


class _Meeting(_Entered):
    code: str
    kind: MeetingKind
    title: str
    place: str | None = None
    starts_on: date
    materials_on: date | None = None
    held_on: date | None = None


class _Session(_Entered):
    number: int
    name: str
    since: date
    days: int | None = None


class _Term(_Entered):
    number: int
    since: date
    sessions: tuple[_Session, ...] = ()


class _File(BaseModel):
    """A jurisdiction's file: what its opening step says, since when, and what is entered under it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opened: JurisdictionOpened
    since: date
    terms: tuple[_Term, ...] = ()
    units: tuple[_Unit, ...] = ()
    groups: tuple[_Group, ...] = ()
    deputies: tuple[_Deputy, ...] = ()
    seats: tuple[_Seat, ...] = ()
    meetings: tuple[_Meeting, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """Steps of one case of the registry, each with its day."""

    key: str
    steps: Sequence[tuple[Step, date]]


def shipped() -> list[str]:
    """The codes of the jurisdictions that ship as files, in their order."""
    names = (file.name for file in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def enter(docket: Docket, code: str, *, actor: str) -> int:
    """Enter a jurisdiction that ships as a file, those above it first; how many steps were recorded.

    What was entered before stays.
    """
    if code not in shipped():
        raise Refused("jurisdiction-not-shipped", field="jurisdiction", jurisdiction=code, shipped=shipped())
    content = (resources.files(__name__) / f"{code}.toml").read_bytes()
    above = tomllib.loads(content.decode()).get("parent")
    first = 0 if above is None or above in docket.registry.codes() else enter(docket, above, actor=actor)
    return first + enter_file(docket, content, actor=actor)


def enter_file(docket: Docket, content: bytes, *, actor: str) -> int:
    """Enter a jurisdiction as a file describes it; a file that cannot be read is refused."""
    checksum = hashlib.sha256(content).hexdigest()
    try:
        file = _read(tomllib.loads(content.decode()))
    except ValidationError as error:
        raise refused_by(error) from None
    except (ValueError, KeyError) as error:
        raise Refused("jurisdiction-unreadable", reason=str(error)) from None
    recorded = 0
    for stage in _stages(file):
        drafts = [_draft(docket, file, case, actor, checksum) for case in stage]
        for start in range(0, len(drafts), _BATCH):
            batch = drafts[start : start + _BATCH]
            for draft, outcome in zip(batch, docket.append(batch), strict=True):
                match outcome:
                    case Refused():
                        raise outcome
                    case Receipt(repeated=False):
                        recorded += draft.case_file.version
    return recorded + _enter_terms(docket, file, actor, checksum)


def _enter_terms(docket: Docket, file: _File, actor: str, checksum: str) -> int:
    """Record the terms and sessions that the jurisdiction does not have yet; how many steps that were."""
    case_id, recorded = _case_id(file, _JURISDICTION), 0
    region = docket.case_file(case_id).case
    terms = region.terms if isinstance(region, Region) else {}
    for term in file.terms:
        had = terms.get(str(term.number))
        convened = {session.number for session in had.sessions} if had else set()
        steps: list[tuple[Step, date]] = [] if had else [(TermOpened(term=term.number), term.since)]
        steps += [
            (SessionConvened(term=term.number, **session.model_dump(exclude={"since"})), session.since)
            for session in term.sessions
            if session.number not in convened
        ]
        for step, day in steps:
            docket.record(case_id, step, _act(file, day, actor, checksum))
        recorded += len(steps)
    return recorded


def entered_in_memory() -> LedgerRegistry:
    """Every jurisdiction that ships as a file, in a registry that is kept nowhere."""
    ledger = MemoryLedger()
    registry = LedgerRegistry(ledger)
    docket = Docket(ledger, registry)
    for code in shipped():
        enter(docket, code, actor="duban")
    return registry


def _read(data: dict[str, Any]) -> _File:
    entered = {name: data.pop(name) for name in _File.model_fields if name in data}
    opened = JurisdictionOpened.model_validate({"jurisdiction": data.pop("code"), **data})
    return _File(opened=opened, **entered)


def _stages(file: _File) -> Iterator[list[_Case]]:
    """What is entered, in an order in which nothing refers to what comes later."""
    yield [_Case(_JURISDICTION, [(file.opened, file.since)])]
    yield [
        _Case(
            f"unit:{unit.code}",
            [(_opened_unit(file, unit, order), unit.since or file.since)],
        )
        for order, unit in enumerate(file.units, 1)
        if unit.merged_on is None
    ]
    yield [
        _Case(
            f"unit:{unit.code}",
            [
                (_opened_unit(file, unit, order), unit.since or file.since),
                (UnitMerged(into=unit.into or ""), unit.merged_on),
            ],
        )
        for order, unit in enumerate(file.units, 1)
        if unit.merged_on is not None
    ]
    yield [_Case(f"group:{group.code}", [(_formed(file, group), group.since or file.since)]) for group in file.groups]
    yield [_Case(f"deputy:{deputy.id}", list(_mandate(file, deputy))) for deputy in file.deputies]
    yield [
        _Case(f"seat:{seat.body}:{seat.organ}:{seat.holder}:{seat.post}", list(_incumbency(file, seat)))
        for seat in file.seats
    ]
    yield [_Case(f"meeting:{meeting.code}", list(_sitting(file, meeting))) for meeting in file.meetings]


def _opened_unit(file: _File, unit: _Unit, order: int) -> UnitOpened:
    return UnitOpened(
        jurisdiction=file.opened.jurisdiction,
        code=unit.code,
        zh_name=unit.zh_name,
        en_name=unit.en_name,
        order=10 * order,
    )


def _formed(file: _File, group: _Group) -> GroupFormed:
    return GroupFormed(
        jurisdiction=file.opened.jurisdiction, code=group.code, zh_name=group.zh_name, en_name=group.en_name
    )


def _mandate(file: _File, deputy: _Deputy) -> Iterator[tuple[Step, date]]:
    yield (
        DeputyRegistered(
            jurisdiction=file.opened.jurisdiction,
            id=deputy.id,
            name=deputy.name,
            term=deputy.term,
            constituency=deputy.constituency,
            group=deputy.group,
        ),
        deputy.since or file.since,
    )
    if deputy.background or deputy.tenure:
        yield DeputyDescribed(background=deputy.background, tenure=deputy.tenure), deputy.since or file.since
    if deputy.ended_on is not None:
        yield QualificationEnded(reason=deputy.reason), deputy.ended_on


def _incumbency(file: _File, seat: _Seat) -> Iterator[tuple[Step, date]]:
    since = seat.since or file.since
    said = seat.model_dump(include={"body", "organ", "holder", "deputy", "post"})
    yield SeatTaken(jurisdiction=file.opened.jurisdiction, **said), since
    if seat.engagement or seat.tenure:
        yield SeatDescribed(engagement=seat.engagement, tenure=seat.tenure), since
    if seat.left_on is not None:
        yield SeatLeft(reason=seat.left_because), seat.left_on


def _sitting(file: _File, meeting: _Meeting) -> Iterator[tuple[Step, date]]:
    said = meeting.model_dump(exclude={"since", "materials_on", "held_on"})
    yield MeetingCalled(jurisdiction=file.opened.jurisdiction, **said), meeting.since or file.since
    if meeting.materials_on is not None:
        yield MaterialsDistributed(), meeting.materials_on
    if meeting.held_on is not None:
        yield MeetingHeld(), meeting.held_on


def _case_id(file: _File, key: str) -> str:
    return f"{PREFIX}{uuid5(_NAMESPACE, _request_key(file, key))}"


def _request_key(file: _File, key: str) -> str:
    return f"jurisdiction:{file.opened.jurisdiction}:{key}"


def _draft(docket: Docket, file: _File, case: _Case, actor: str, checksum: str) -> Draft:
    key = _request_key(file, case.key)
    draft = docket.draft(Request(key, hashlib.sha256(key.encode()).digest()), _case_id(file, case.key))
    for step, day in case.steps:
        docket.take(draft, step, _act(file, day, actor, checksum))
    return draft


def _act(file: _File, day: date, actor: str, checksum: str) -> Act:
    return Act(
        actor=actor,
        role=Role.ADMINISTRATOR,
        office=file.opened.jurisdiction,
        occurred_at=start_of_day(day, file.opened.time_zone or ""),
        imported=Imported(profile="jurisdiction", sha256=checksum, row=1),
    )
