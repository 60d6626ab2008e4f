"""Docket (案卷库): the only door through which a case changes, on the eventsourcing library."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import groupby, islice
from typing import Any, NotRequired, Protocol, TypeVar
from uuid import uuid4

import pydantic_core
from eventsourcing.application import AggregateNotFoundError, Application, Repository
from eventsourcing.persistence import ApplicationRecorder, Mapper, StoredEvent
from eventsourcing.utils import Environment, EnvType
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from domain import amendment, clock, fold, person, policy, procedure
from domain.attachment import Content, Contents, NoContents
from domain.calendar import load_calendar
from domain.case import (
    STEPS,
    Act,
    AmendmentDeclined,
    Case,
    Corrected,
    Correction,
    CorrectionRequested,
    Opening,
    Recorded,
    Reference,
    Step,
    Voided,
    Voiding,
    VoidRequested,
    latest,
)
from domain.casefile import CaseFile, file_of
from domain.clock import Deadline
from domain.figure import NoReckoner, Reckoner
from domain.office import Jurisdiction, Office
from domain.personal import Keys, NoKeys, Place, personal_fields
from domain.refusal import Refused
from domain.registry import PREFIX, Registry
from domain.rulebook import load_rulebook

EARLIEST = date(1902, 1, 1)
"""No act is older: before it, time zones have offsets with seconds, and nobody's office kept records."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_SKEW = timedelta(minutes=1)
_ATTEMPTS = 5
_READ_TOGETHER = 500
"""Cases whose steps are read by one question."""
_Amending = TypeVar("_Amending", bound=Step)
_IDENTITY = 32
"""Random bytes of an event: half for its id, half for its nonce."""


class CaseNotFoundError(LookupError):
    """No case of that id."""


class ClearPersonalDataError(RuntimeError):
    """What a person's own is was about to be stored in clear."""


class StaleError(Exception):
    """The case has moved on: the version that was expected, and the one it has."""

    def __init__(self, case_id: str, expected: int, actual: int) -> None:
        super().__init__(f"case {case_id} is at version {actual}, not {expected}")
        self.case_id = case_id
        self.expected = expected
        self.actual = actual


@dataclass(frozen=True, slots=True)
class Request:
    """A caller's key for one command, and the fingerprint of what was asked under it."""

    key: str
    fingerprint: bytes

    @classmethod
    def fresh(cls) -> Request:
        """A key of our own, so that every append can be repeated without being recorded twice."""
        key = secrets.token_hex(16)
        return cls(key, hashlib.sha256(key.encode()).digest())


class Code(StrEnum):
    """What became of one command of an append."""

    RECORDED = "recorded"
    SEEN = "seen"
    KEY_REUSED = "key_reused"
    STALE = "stale"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Command:
    """Steps of one case to append, or none: then only the request is remembered."""

    request: Request
    case_id: str
    expected: int
    events: Sequence[StoredEvent]
    claims: Sequence[str] = ()
    releases: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a command: the last position and version it has, or what it ran into."""

    code: Code
    position: int
    version: int
    recorded_at: datetime | None
    detail: str | None = None


@dataclass(frozen=True)
class LedgerEvent(StoredEvent):
    """A stored event with its place in the ledger."""

    position: int
    recorded_at: datetime


class Ledger(Protocol):
    """What the docket needs of a ledger, beside the library's recorder."""

    def append(self, commands: Sequence[Command]) -> list[Result]:
        """Append each command or say why not, in one transaction; never an exception for one of them."""

    def answered(self, keys: Sequence[str]) -> dict[str, tuple[bytes, Result]]:
        """The requests among these keys that were answered before: fingerprint and result."""

    def position_at(self, known_at: datetime) -> int:
        """The last position recorded by then; 0 if nothing was."""

    def head(self) -> int:
        """The last position."""

    def events_of(self, case_ids: Sequence[str], until: int) -> Sequence[LedgerEvent]:
        """The stored events of cases up to a position, those of a case in their order and beside each other."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the ledger answered: the case, its version and position, and whether this request was answered before."""

    case_id: str
    version: int
    position: int
    recorded_at: datetime | None
    repeated: bool = False
    changed: bool = True


class LedgerMapper(Mapper[str]):
    """Recorded steps to stored rows and back. Stored names resolve through the closed registry, never by import."""

    def __init__(self) -> None:
        """Neither transcoder nor compressor nor cipher: the stored bytes are the hashed bytes."""

    def to_stored_event(self, domain_event: Recorded) -> StoredEvent:  # type: ignore[override]
        """The row's name and canonical JSON: fields in the order of their declaration, no blanks, no nulls, UTF-8."""
        recorded = domain_event
        _refuse_clear(recorded.step)
        state: dict[str, Any] = {"act": recorded.act}
        if recorded.deadlines:
            state["deadlines"] = recorded.deadlines
        state |= {"event_id": recorded.event_id, "nonce": recorded.nonce, "step": recorded.step}
        return StoredEvent(
            recorded.originator_id,
            recorded.originator_version,
            recorded.step.declared.wire,
            _stored(type(recorded.step)).serializer.to_json(state, exclude_none=True),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded:
        """The recorded step, upcast to today's class; an unknown name raises `UnknownStepError`."""
        event = stored_event
        position, recorded_at = (event.position, event.recorded_at) if isinstance(event, LedgerEvent) else (0, _NEVER)
        return read_step(
            str(event.originator_id), event.originator_version, event.topic, event.state, position, recorded_at
        )


def _refuse_clear(step: Step) -> None:
    if not person.tells_of_persons(step):
        return
    for name, value in person.values_of(step):
        if value.key is None:
            raise ClearPersonalDataError(f"{step.declared.wire}: {name}")


def read_step(case_id: str, version: int, wire: str, state: bytes, position: int, recorded_at: datetime) -> Recorded:
    """A stored row as the recorded step, upcast to today's class; an unknown name raises `UnknownStepError`."""
    said = _read(wire, state)
    return Recorded(
        case_id,
        version,
        recorded_at,
        said["step"],
        said["act"],
        said["event_id"],
        said["nonce"],
        said.get("deadlines", ()),
        position,
    )


@cache
def _stored(step: type[Step]) -> TypeAdapter[dict[str, Any]]:
    """How a stored state of today's class of a step is written and read: one pass over its bytes."""
    fields = {
        "act": Act,
        "deadlines": NotRequired[tuple[Deadline, ...]],
        "event_id": str,
        "nonce": str,
        "step": step,
    }
    return TypeAdapter(TypedDict("Stored", fields))  # type: ignore[operator]  # a class as a value


def _read(wire: str, state: bytes) -> dict[str, Any]:
    """A stored state as objects; one of an older name is upcast first."""
    if (step := STEPS.get(wire)) is not None:
        found: dict[str, Any] = _stored(step).validator.validate_json(state)
        return found
    raw = pydantic_core.from_json(state)
    step, raw["step"] = latest(wire, raw["step"])
    return dict(_stored(step).validator.validate_python(raw))


class Draft:
    """Steps taken into a case file that wait to be appended under one request."""

    __slots__ = (
        "_chance", "beside", "case_file", "expected", "held", "jurisdiction", "latest", "orderly", "request",
    )  # fmt: skip

    def __init__(self, case_file: CaseFile, request: Request, beside: Collection[str] = ()) -> None:
        self.case_file = case_file
        self.request = request
        self.beside = beside
        self.jurisdiction: Jurisdiction | None = None
        """Under whose rules its steps are; the same for all of them."""
        self.expected = case_file.version
        self.held = _claims(case_file.case)
        self.latest = date.min
        self.orderly = case_file.version == 0
        self._chance = ""

    def identity(self) -> tuple[str, str]:
        """A random UUID (version 4) for an event, and a 128-bit nonce, so that nobody can guess what a leaf covers."""
        if not self._chance:
            self._chance = os.urandom(4 * _IDENTITY).hex()
        raw, self._chance = self._chance[: 2 * _IDENTITY], self._chance[2 * _IDENTITY :]
        event_id = f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-{'89ab'[int(raw[16], 16) & 3]}{raw[17:20]}-{raw[20:32]}"
        return event_id, raw[32:]

    def note(self, step: Step, act: Act, case: Case | None, office: Office, *, breach: bool) -> None:
        """Keep `orderly` true as long as there can be no finding: all in its stage and order, no rule broken."""
        self.orderly = (
            self.orderly
            and not (breach or act.late or isinstance(step, (Corrected, Voided)))
            and office.day >= self.latest
            and (case is None or not any(procedure.breaches(case, step, office)))
        )
        self.latest = office.day


def _claims(case: Case | None) -> frozenset[str]:
    return frozenset() if case is None else case.claims()


class Docket(Application[str]):
    """Opens cases, records steps, and reads a case at any moment. Nothing else changes a case."""

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        contents: Contents | None = None,
        keys: Keys | None = None,
        reckoner: Reckoner | None = None,
    ) -> None:
        """Without `contents` no attachment can be recorded, since there is no file that it could name.

        Without `keys` nothing of a person can, since it could not be sealed; without `reckoner` no figures can be
        published, since nobody counts them.
        """
        self._ledger = ledger
        self.registry = registry
        self._now = now
        self._contents = contents or NoContents()
        self._keys = keys or NoKeys()
        self._reckoner = reckoner or NoReckoner()
        super().__init__()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Nothing of the process's environment reaches the library."""
        return Environment(name, dict(env or {}))

    def construct_mapper(self) -> Mapper[str]:
        """Our own mapper."""
        return LedgerMapper()

    def construct_recorder(self) -> ApplicationRecorder:
        """The ledger that was given."""
        return self._ledger  # type: ignore[return-value]  # a Ledger is also the library's recorder

    def construct_repository(self) -> Repository[str]:
        """A repository without cache or snapshots: cases are short."""
        return Repository(event_store=self.events)

    # Reading

    def case_file(self, case_id: str) -> CaseFile:
        """Everything recorded of a case."""
        if "\0" in case_id:
            raise CaseNotFoundError(case_id.replace("\0", "�"))
        try:
            found: CaseFile = self.repository.get(case_id, projector_func=file_of)
        except AggregateNotFoundError:
            raise CaseNotFoundError(case_id) from None
        return found

    def case_files(self, case_ids: Iterable[str], known: int) -> Iterator[CaseFile]:
        """What was recorded of many cases up to a position, read together, in the order in which they are named.

        A case without such a step is left out.
        """
        left = iter(case_ids)
        while together := list(islice(left, _READ_TOGETHER)):
            files: dict[str, CaseFile] = {}
            for case_id, of_case in groupby(
                self._ledger.events_of(together, known), key=lambda event: str(event.originator_id)
            ):
                files[case_id] = CaseFile(case_id)
                for event in of_case:
                    files[case_id].take(
                        read_step(
                            case_id,
                            event.originator_version,
                            event.topic,
                            event.state,
                            event.position,
                            event.recorded_at,
                        )
                    )
            yield from (files[case_id] for case_id in together if case_id in files)

    def position_at(self, known_at: datetime) -> int:
        """The last position recorded by then."""
        return self._ledger.position_at(known_at)

    def head(self) -> int:
        """The last position of the ledger."""
        return self._ledger.head()

    # Recording

    def answered(self, request: Request) -> Receipt | None:
        """The answer that this request got before, if it did; refused if the key was used for something else."""
        found = self._ledger.answered([request.key]).get(request.key)
        if found is None:
            return None
        fingerprint, result = found
        if fingerprint != request.fingerprint:
            raise Refused("request-key-reused", key=request.key)
        return Receipt(result.detail or "", result.version, result.position, result.recorded_at, repeated=True)

    def open(
        self,
        step: Opening,
        act: Act,
        *,
        case_id: str | None = None,
        request: Request | None = None,
        asked: bool = False,
    ) -> Receipt:
        """Open a case by its first step. Asked twice under one request, opened once; `asked` says it was looked up."""
        if request is None:
            request = Request.fresh()
        elif not asked and (receipt := self.answered(request)) is not None:
            return receipt
        draft = self.draft(request, case_id or step.new_case_id())
        self.take(draft, step, act)
        return self._settled(draft)

    def record(
        self,
        case_id: str,
        step: Step,
        act: Act,
        *,
        expected_version: int | None = None,
        request: Request | None = None,
        asked: bool = False,
    ) -> Receipt:
        """Record a step of a case. Asked twice, recorded once; a step that changes nothing records nothing.

        `asked` says that the caller has looked the request up with `answered`, as whoever checks If-Match must.
        """
        if request is None:
            request = Request.fresh()
        elif not asked and (receipt := self.answered(request)) is not None:
            return receipt
        for attempt in range(_ATTEMPTS):
            draft = Draft(self.case_file(case_id), request)
            if expected_version is not None and draft.expected != expected_version:
                raise StaleError(case_id, expected_version, draft.expected)
            self.take(draft, step, act)
            try:
                return self._settled(draft)
            except StaleError:
                if expected_version is not None or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def foresee(self, case_file: CaseFile, step: Step, act: Act) -> CaseFile | None:
        """A case's file as recording the step would leave it; None if nothing would change. Nothing is recorded."""
        draft = Draft(file_of(None, case_file.history) or CaseFile(case_file.id), Request.fresh())
        return draft.case_file if self.take(draft, step, act) else None

    def draft(self, request: Request, case_id: str | None = None, beside: Collection[str] = ()) -> Draft:
        """An empty draft for a case that is to be opened; its steps are appended together.

        Its steps may name the cases `beside` it, which are appended in the same transaction.
        """
        return Draft(CaseFile(case_id or str(uuid4())), request, beside)

    def take(self, draft: Draft, step: Step, act: Act) -> bool:
        """Check a step against the case and take it into the draft; False if nothing would change."""
        case_file = draft.case_file
        if step.declared.opens and case_file.history:
            raise Refused("case-already-open", step=step.declared.wire)
        procedure.authorise(case_file.case, step, act)
        jurisdiction = draft.jurisdiction or self._jurisdiction(case_file, step)
        now = self._now()
        act = _dated(act, jurisdiction, now)
        office = jurisdiction.on(act.occurred_on)
        case = case_file.case
        if act.late and case is not None:
            case = fold.case_then(case_file.history, act.occurred_at)
        breach = procedure.check(case, step, act, office)
        self._require_references(draft, step, act, jurisdiction)
        deadlines: tuple[Deadline, ...] = ()
        match step:
            case Correction() | Voiding() | AmendmentDeclined():
                step = _with_requested(case_file, step)
                if (amends := _amending(case_file, step, act, jurisdiction, now)) is None:
                    return False
                step, deadlines = amends
            case _:
                step = step.filled_in(case, office).reckoned(self._reckoner)
                if case is not None and step.already(case):
                    return False
                deadlines = _deadlines(step, case, act, office)
        step = self._sealed(case_file, step)
        draft.jurisdiction = jurisdiction
        draft.note(step, act, case, office, breach=breach is not None)
        event_id, nonce = draft.identity()
        case_file.take(
            Recorded(
                originator_id=case_file.id,
                originator_version=case_file.version + 1,
                timestamp=now,
                step=step,
                act=act,
                event_id=event_id,
                nonce=nonce,
                deadlines=deadlines,
            )
        )
        return True

    def append(self, drafts: Sequence[Draft]) -> list[Receipt | StaleError | Refused]:
        """Append drafts in one transaction; for each its receipt, or why it was not recorded."""
        return self.append_sealed([self.seal(draft) for draft in drafts])

    def append_sealed(self, commands: Sequence[Command]) -> list[Receipt | StaleError | Refused]:
        """Append drafts that were sealed before, here or in another process."""
        results = self._ledger.append(commands)
        if any(command.case_id.startswith(PREFIX) for command in commands):
            self.registry.look_again()
        return [_outcome(command, result) for command, result in zip(commands, results, strict=True)]

    def _settled(self, draft: Draft) -> Receipt:
        outcome = self.append([draft])[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def seal(self, draft: Draft) -> Command:
        """A draft as the ledger takes it, once: whoever appends it then only sends and waits."""
        held, now_held = draft.held, _claims(draft.case_file.case)
        return Command(
            request=draft.request,
            case_id=draft.case_file.id,
            expected=draft.expected,
            events=[self.mapper.to_stored_event(r) for r in draft.case_file.collect_events()],
            claims=sorted(now_held - held),
            releases=sorted(held - now_held),
        )

    def _sealed(self, case_file: CaseFile, step: Step) -> Step:
        """The step with what is a person's own sealed under the person's keys."""
        if not person.tells_of_persons(step):
            return step
        about = case_file.history[step.corrects - 1].step if isinstance(step, Correction) else step
        sealed = {}
        for name, value in person.values_of(step):
            if value.clear is None and isinstance(step, Correction):
                continue
            if value.clear is None:
                raise Refused("personal-data-not-given", field=name)
            place = Place(case_file.id, person.subject_of(about), person.purpose_of(about, name), name)
            person.require_kept(case_file.case, place)
            sealed[name] = self._keys.seal(place, value.clear)
        return person.replaced(step, sealed)

    def _jurisdiction(self, case_file: CaseFile, step: Step) -> Jurisdiction:
        if not isinstance(step, Opening):
            if not case_file.history:
                raise Refused("no-case-then", step=step.declared.wire)
            step = case_file.history[0].step
        assert isinstance(step, Opening)  # noqa: S101 - nothing else opens a case
        return step.jurisdiction_in(self.registry)

    def _require_references(self, draft: Draft, step: Step, act: Act, jurisdiction: Jurisdiction) -> None:
        """Refuse a step that names a case, another step or a file that there is not."""
        for reference in step.refers_to():
            if reference.case_id not in draft.beside:
                self._require_case(reference, draft.case_file, step, act, jurisdiction)
        for version, field in step.refers_to_steps():
            _require_step(draft.case_file, version, field)
        for content in step.contents():
            self._require_content(content, act, jurisdiction, draft.case_file.case)

    def _require_case(
        self, reference: Reference, own: CaseFile, step: Step, act: Act, jurisdiction: Jurisdiction
    ) -> None:
        """Refuse a case that there is not, of another kind, not the actor's, or that follows from the step's own."""
        case = self._case(reference.case_id)
        kinds = reference.kinds or {step.declared.kind}
        if (
            case is None
            or case.kind not in kinds
            or not self._within_reach(case.jurisdiction, jurisdiction, across=reference.across)
            or not (act.imported or policy.may_act(case, act))
        ):
            raise Refused("unknown-case", field=reference.field, case=reference.case_id)
        if reference.precedes and own.id in self._preceding(case):
            raise Refused("cases-follow-in-a-circle", field=reference.field, case=reference.case_id)

    def _case(self, case_id: str) -> Case | None:
        try:
            return self.case_file(case_id).case
        except CaseNotFoundError:
            return None

    def _within_reach(self, code: str, jurisdiction: Jurisdiction, *, across: bool) -> bool:
        """Whether cases of a jurisdiction may be named in one: its own, or those right above and below."""
        return code == jurisdiction.code or (
            across and (code == jurisdiction.parent or self.registry.jurisdiction(code).parent == jurisdiction.code)
        )

    def _preceding(self, case: Case) -> set[str]:
        """The cases from which a case follows, step by step, itself among them."""
        found, waiting = {case.id}, list(case.follows())
        while waiting:
            if (before := waiting.pop()) not in found:
                found.add(before)
                waiting += () if (known := self._case(before)) is None else known.follows()
        return found

    def _require_content(self, content: Content, act: Act, jurisdiction: Jurisdiction, case: Case | None) -> None:
        """Refuse a file that the actor did not hand in, so that nobody reads by its hash what another one has."""
        received = self._contents.received(content.sha256, jurisdiction.code, act.actor)
        if received is None:
            raise Refused("content-not-received", field="sha256", sha256=content.sha256)
        if received != content:
            field = "size" if received.size != content.size else "media_type"
            raise Refused("content-is-another", field=field, size=received.size, media_type=received.media_type)
        held = {a.sha256: a.size for a in case.attachments} if case is not None else {}
        if sum((held | {content.sha256: content.size}).values()) > self._contents.most_of_case:
            raise Refused("case-attachments-too-large", field="size", most=self._contents.most_of_case)


def _outcome(command: Command, result: Result) -> Receipt | StaleError | Refused:
    case_id, version, position, at = command.case_id, result.version, result.position, result.recorded_at
    match result.code:
        case Code.RECORDED:
            return Receipt(case_id, version, position, at, changed=bool(command.events))
        case Code.SEEN:
            return Receipt(result.detail or case_id, version, position, at, repeated=True)
        case Code.KEY_REUSED:
            return Refused("request-key-reused", key=command.request.key)
        case Code.STALE:
            return StaleError(case_id, command.expected, version)
        case Code.CLAIMED:
            return Refused("already-taken", claim=result.detail)


def _with_requested(case_file: CaseFile, step: _Amending) -> _Amending:
    """A correction in which what was told of a person's data stands for what the request says that it approves."""
    if not isinstance(step, Correction) or not 1 <= step.corrects <= case_file.version:
        return step
    request = getattr(step, "request", None)
    asked = case_file.history[request - 1].step if request and request <= case_file.version else None
    changes = dict(step.changes)
    for name in personal_fields(type(case_file.history[step.corrects - 1].step)):
        if isinstance(changes.get(name), dict):
            if not isinstance(asked, CorrectionRequested) or name not in asked.changes:
                raise Refused("personal-data-not-given", field=f"changes.{name}")
            changes[name] = asked.changes[name]
    return step if changes == step.changes else step.model_copy(update={"changes": changes})


def _amending(
    case_file: CaseFile,
    step: Correction | Voiding | AmendmentDeclined,
    act: Act,
    jurisdiction: Jurisdiction,
    now: datetime,
) -> tuple[Step, tuple[Deadline, ...]] | None:
    """A step about another step as it is recorded, with the deadlines that follow; None if it changes nothing."""
    deadlines: tuple[Deadline, ...] = ()
    if isinstance(step, amendment.REQUESTS):
        _require_step(case_file, step.subject, "corrects" if isinstance(step, Correction) else "voids")
        amendment.refuse_asking(case_file.history, step.subject, act.role)
    if isinstance(step, AmendmentDeclined):
        _require_pending(case_file, step.request)
        return step, deadlines
    if isinstance(step, Correction):
        target = _correctable(case_file, step)
        step, deadlines = _typed(case_file, target, step, jurisdiction, now)
        if step.occurred_at in (None, target.occurred_at) and _says(target.step, step.changes):
            return None
    else:
        target = _require_step(case_file, step.voids, "voids")
        if target.step.declared.opens and case_file.case is not None and case_file.case.opening_stands:
            raise Refused("opening-stands", field="voids", step=target.step.declared.wire)
        if target.step.declared.stands:
            raise Refused("step-stands", field="voids", step=target.step.declared.wire)
        if step.voids in fold.voided_versions(case_file.history):
            return None
        _require_last_correction(case_file, step)
    if isinstance(step, (CorrectionRequested, VoidRequested)):
        asked = any(_wants_the_same(step, request.step) for request in amendment.pending(case_file.history))
        return None if asked else (step, ())
    _require_approval(case_file, step, act)
    return step, deadlines


def _require_approval(case_file: CaseFile, step: Correction | Voiding, act: Act) -> None:
    """Refuse what nobody approved: on paper, or by approving exactly what somebody else asked for."""
    if not isinstance(step, (Corrected, Voided)):
        return
    if step.request is None:
        if step.approved_by is None:
            raise Refused("approval-missing", field="approved_by")
        return
    request = _require_pending(case_file, step.request)
    if request.act.actor == act.actor:
        raise Refused("approves-own-request", field="request", version=step.request)
    if not _wants_the_same(step, request.step):
        raise Refused("not-what-was-requested", field="request", version=step.request)


def _require_pending(case_file: CaseFile, version: int) -> Recorded:
    """The request of that number, which nobody has settled."""
    request = _require_step(case_file, version, "request")
    if not isinstance(request.step, amendment.REQUESTS):
        raise Refused("not-a-request", field="request", version=version)
    if request not in amendment.pending(case_file.history):
        raise Refused("request-settled", field="request", version=version)
    return request


def _wants_the_same(one: Correction | Voiding, other: Step) -> bool:
    """Whether two steps make the same of the same step."""
    if isinstance(one, Correction):
        return isinstance(other, Correction) and one.wanted == other.wanted
    return isinstance(other, Voiding) and one.wanted == other.wanted


def _require_last_correction(case_file: CaseFile, step: Voiding) -> None:
    """A later correction of a step was typed, and its deadlines counted, upon the earlier one: void it first."""
    voided = case_file.history[step.voids - 1]
    while isinstance(voided.step, Voided):
        voided = case_file.history[voided.step.voids - 1]
    if not isinstance(voided.step, Corrected):
        return
    void = fold.voided_versions(case_file.history)
    for later in case_file.history[voided.version :]:
        same = isinstance(later.step, Corrected) and later.step.corrects == voided.step.corrects
        if same and later.version not in void:
            raise Refused("later-correction-stands", field="voids", version=later.version)


def _correctable(case_file: CaseFile, step: Correction) -> Recorded:
    """The step that a correction is about, as it stands."""
    target = _require_step(case_file, step.corrects, "corrects")
    if isinstance(target.step, amendment.ABOUT_STEPS):
        raise Refused("cannot-correct", field="corrects", step=target.step.declared.wire)
    if not step.changes and step.occurred_at is None:
        raise Refused("nothing-to-correct", field="changes")
    if (standing := fold.standing(case_file.history).get(step.corrects)) is None:
        raise Refused("step-is-void", field="corrects", version=step.corrects)
    return standing


def _require_step(case_file: CaseFile, version: int, field: str) -> Recorded:
    """The step of that number; refused if the case has none."""
    if not 1 <= version <= case_file.version:
        raise Refused("no-such-step", field=field, version=version, last=case_file.version)
    return case_file.history[version - 1]


def _typed(
    case_file: CaseFile, standing: Recorded, step: Correction, jurisdiction: Jurisdiction, now: datetime
) -> tuple[Correction, tuple[Deadline, ...]]:
    """A correction typed by the step that it corrects, checked like that step, with the deadlines that follow."""
    typed = step.typed_by(standing.step)
    draft = Recorded("", 0, now, typed, standing.act, "", "")
    right = fold.corrected(standing, draft, typed)
    act = _dated(right.act, jurisdiction, now)
    typed = typed.model_copy(update={"occurred_at": typed.occurred_at and act.occurred_at})
    case = fold.before(case_file.history, step.corrects)
    if case is None and not right.step.declared.opens:
        raise Refused("no-case-then", step=right.step.declared.wire)
    breach = procedure.breach_of_stage(case, right.step)
    if case is not None and breach is not None and procedure.breach_of_stage(case, standing.step) is None:
        raise breach
    office = jurisdiction.on(act.occurred_on)
    right.step.check(case, office)
    for version, field in right.step.refers_to_steps():
        _require_step(case_file, version, f"changes.{field}")
    if typed.changes:
        filled = right.step.filled_in(case, office).model_dump(mode="json", exclude_none=True)
        follows = {name: value for name, value in filled.items() if getattr(right.step, name) is None}
        typed = typed.model_copy(update={"changes": {**typed.changes, **follows}})
    under = case_file.history[step.corrects - 1].deadlines
    return typed, _deadlines(right.step, case, act, office, under=under)


def _says(step: Step, changes: Mapping[str, Any]) -> bool:
    """Whether a step says already what a correction would have it say."""
    said = step.model_dump(mode="json")
    return all(said[name] == value for name, value in changes.items())


def _dated(act: Act, jurisdiction: Jurisdiction, now: datetime) -> Act:
    """The act with its time as the jurisdiction's clocks showed it; refused if that lies ahead, or too far back."""
    occurred_at = act.occurred_at
    if occurred_at.tzinfo is not jurisdiction.zone:
        occurred_at = occurred_at.astimezone(jurisdiction.zone)
    occurred_on = occurred_at.date()
    if occurred_at > now and (act.precision == "day" or occurred_at > now + _SKEW):
        when = occurred_on.isoformat() if act.precision == "day" else occurred_at.isoformat()
        raise Refused("date-in-the-future", field="occurred_at", when=when)
    if occurred_on < EARLIEST:
        raise Refused("date-out-of-range", field="occurred_at", earliest=EARLIEST.isoformat())
    if occurred_at is act.occurred_at or occurred_at.utcoffset() == act.occurred_at.utcoffset():
        return act
    return act.model_copy(update={"occurred_at": occurred_at})


def _deadlines(
    step: Step,
    case: Case | None,
    act: Act,
    office: Office,
    under: Iterable[Deadline] = (),
) -> tuple[Deadline, ...]:
    """The deadlines that a step starts: agreed, or by the rules in force (those of the step, for a correction)."""
    found = []
    before = {(deadline.clock, deadline.part): deadline for deadline in under}
    for rule_id, part in step.started_clocks(case):
        book, calendar = office.rulebook, office.calendar
        old = before.get((rule_id, part))
        if old is not None and old.rule is not None:
            book = load_rulebook(old.rule.rulebook, old.rule.version)
            if old.calendar is not None:
                calendar = load_calendar(*old.calendar.split("@"))
        if (rule := book.clocks.get(rule_id)) is not None and rule.in_force(office.day):
            found.append(clock.start(rule, book, calendar, step.clocks_count_from(act), part))
    return (*found, *step.agreed_deadlines(act))
