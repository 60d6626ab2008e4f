"""Case, Step, Act, Recorded: what a case type is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from domain import clock
from domain.attachment import AttachmentKind, Content, FileName, MediaType, Sha256, media_type_of
from domain.clock import Deadline
from domain.moment import Precision
from domain.part import Part
from domain.personal import Person, ProposedMeasure
from domain.refusal import Refused, refused_by
from domain.values import Code, Line, Mark, Text, Word

if TYPE_CHECKING:
    from domain.figure import Reckoner
    from domain.office import Jurisdiction, Office
    from domain.registry import Registry


class Role(Word):
    """In which capacity somebody acts (`domain.md` 1.1)."""

    PARTY_GROUP = "party_group"
    PARTY_COMMITTEE = "party_committee"
    CHAIRMEN_MEETING = "chairmen_meeting"
    STANDING_COMMITTEE = "standing_committee"
    SPECIAL_COMMITTEE = "special_committee"
    DEPUTY_AFFAIRS = "deputy_affairs"
    GENERAL_OFFICE = "general_office"
    DEPUTY = "deputy"
    GOVERNMENT_OFFICE = "government_office"
    HANDLING_UNIT = "handling_unit"
    THIRD_PARTY = "third_party"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    """Keeps the accounts and the registry (系统管理员), and sees no case that the office handles."""


EVERYBODY = "everybody"
"""The key that whoever signs in has (`Case.audience`)."""


class SourceDocument(BaseModel):
    """The paper behind an act: its number (文号), title, and the SHA-256 of its scan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Line | None = None
    title: Line | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


class Imported(BaseModel):
    """Where an imported step comes from: the profile, the file's SHA-256 and the row (1 = first after the header)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Code
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    row: int = Field(ge=1)


class Act(BaseModel):
    """Who took a step, in which role, in whose name, for whom, and when it happened in the office."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: Code
    role: Role
    office: Code
    on_behalf_of: Line | None = None
    occurred_at: AwareDatetime
    precision: Precision = "day"
    late: bool = False
    source: SourceDocument | None = None
    imported: Imported | None = None
    device: Mark | None = None
    """Of a deputy's own word that he sent himself: by what the device is known that he sent it from.

    It is the same for a jurisdiction and a year; in another it is another, so that nobody is followed for longer.
    """

    @property
    def occurred_on(self) -> date:
        """The day in the office's own time zone, which the stored offset carries."""
        return self.occurred_at.date()


@dataclass
class RunningClock:
    """A deadline that was started, and how it ended: by what it waits for, or because that is not awaited any more."""

    deadline: Deadline
    stopped_at: datetime | None = None
    dropped_by: str | None = None
    """Stored name of the step by which nothing was awaited any more; None if it was met, or runs."""

    def drop(self, at: datetime, by: str) -> None:
        """Nothing is awaited any more."""
        self.stopped_at, self.dropped_by = at, by

    def resume(self) -> None:
        """It runs on as if it had never ended."""
        self.stopped_at = self.dropped_by = None

    @property
    def runs(self) -> bool:
        """Whether something is awaited."""
        return self.stopped_at is None

    @property
    def stopped_on(self) -> date | None:
        """The day on which it ended."""
        return self.stopped_at.date() if self.stopped_at is not None else None

    @property
    def late(self) -> bool | None:
        """Whether it ended after the due date in force; None while it runs, or if it was dropped in time."""
        if self.stopped_at is None:
            return None
        late = self.stopped_at.date() > self.deadline.due_on
        return late or (None if self.dropped_by else False)


class Awaited(NamedTuple):
    """Something that a case waits for."""

    who: str
    """Who is to act, as a key (`Case.audience`)."""
    step: str
    """Stored name of the step that is awaited."""
    due_on: date | None = None
    part: str | None = None
    """Key of the part that the step is about."""
    from_on: date | None = None
    """The day from which on it is awaited, if not at once."""


@dataclass
class Attachment:
    """A file that belongs to the case (附件): its content by hash, and who added it in which role, for which office."""

    sha256: str
    name: str
    media_type: MediaType
    size: int
    kind: AttachmentKind
    about: int | None
    """Number of the step that it belongs to."""
    added_on: date
    added_by: str
    role: Role
    office: str
    person: str | None = None
    """Key of the person whose data it holds, if it does."""


ClockKey = tuple[str, str | None]


class Reference(NamedTuple):
    """Another case that a step names, and the field that does."""

    field: str
    case_id: str
    kinds: frozenset[str] | None = None
    """Of which kinds it may be; None for the kind of the step's own case."""
    across: bool = False
    """Whether it may be of the jurisdiction right above or below."""
    precedes: bool = False
    """Whether the step's own case follows from it (`Case.follows`)."""


@dataclass(slots=True)
class Facts:
    """What every list shows of a case, whatever its type. Dates are the office's own."""

    title: str
    number: str | None
    session: str | None
    person: str | None
    """Who brought it, the lead deputy of a suggestion; or whom it is about, the candidate of an appointment."""
    unit: str | None
    """Who leads it now."""
    units: tuple[str, ...]
    opened_on: date | None
    handed_over_on: date | None
    due_on: date | None
    """The due date in force of the answer that is awaited now, or that was given last."""
    estimate: bool
    """Whether that date lies beyond the published calendar (预估)."""
    answered_on: date | None
    """When it was answered; None while an answer is awaited, also when it is handled again."""
    extended: bool
    rounds: int
    grade: str | None
    """The last evaluation."""
    over: bool = False
    """Withdrawn, merged, not accepted: no answer is awaited any more."""


@dataclass
class Case:
    """The state of a case at a moment: a fold over its recorded steps, and nothing else."""

    id: str
    kind: ClassVar[str] = ""
    """Empty where only what several case types share is declared."""
    zh: ClassVar[str]
    Stage: ClassVar[type[StrEnum]]
    of_registry: ClassVar[bool] = False
    """Whether it is what cases are checked against, and not a case that the office handles."""
    in_magazine: ClassVar[int | None] = None
    """Which of the seven flow charts of the magazine shows it: such case types are listed first, in that order."""
    opening_stands: ClassVar[bool] = False
    """Whether its opening cannot be voided, because other cases rest on it."""

    jurisdiction: str = ""
    time_zone: str = "UTC"
    """The zone in which its dates are days."""
    stage: StrEnum | None = None
    taken: list[str] = field(default_factory=list)
    """Stored names of the steps that were taken, in the order of the procedure."""
    clocks: dict[ClockKey, RunningClock] = field(default_factory=dict)
    past_clocks: list[RunningClock] = field(default_factory=list)
    """Those that were started anew under the same key."""
    attachments: list[Attachment] = field(default_factory=list)
    persons: dict[str, Person] = field(default_factory=dict)
    measures: dict[str, ProposedMeasure] = field(default_factory=dict)
    """What was proposed to do with the data of persons."""

    def __init_subclass__(cls, *, kind: str = "", zh: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if kind:
            cls.kind, cls.zh = kind, zh
            CASE_TYPES[kind] = cls

    def part(self, kind: str, key: str | None) -> Part | None:
        """The part of that kind (the name of its field) with that key."""
        parts: Mapping[str, Part] = getattr(self, kind)
        return None if key is None else parts.get(key)

    def facts(self) -> Facts:
        """What lists show of the case."""
        raise NotImplementedError

    @property
    def sort(self) -> str | None:
        """Of which sort it is among its kind, where rules tell them apart."""
        return None

    def claims(self) -> frozenset[str]:
        """What no other case of the ledger may hold at the same time, such as a number."""
        return frozenset()

    @classmethod
    def takers(cls) -> frozenset[Role]:
        """The roles that may take some step of this case type."""
        return _takers(cls, len(STEPS))  # type: ignore[arg-type]  # a class has a hash, whatever its cases have

    def audience(self) -> Iterable[str]:
        """Who beside the congress may read it, each as a key: a role, or a role with a unit or a deputy.

        Such as `third_party`, `handling_unit:jtj`, `deputy:d-001`, or `everybody`.
        """
        return ()

    @property
    def window_until(self) -> date | None:
        """The last day on which a word that is said in it is told only to the congress and to those who said it."""
        return None

    @property
    def sealed_until(self) -> date | None:
        """The same day, where such a word was said and stands."""
        return None

    def awaited(self) -> Iterable[Awaited]:
        """What it waits for: who is to act, and by when."""
        return ()

    def reminders(self, day: date) -> Iterable[Step]:  # noqa: ARG002 - the hook's signature
        """The steps by which, on a day, those are reminded of whom something is awaited."""
        return ()

    def tied_to(self) -> Iterable[str]:
        """The other cases that it names as they stand in it, by id; the same one may come twice."""
        return ()

    def unit_of(self, part: str | None) -> str | None:  # noqa: ARG002 - the hook's signature
        """The unit whose part of the case that is; None if it is no unit's own."""
        return None

    def follows(self) -> Iterable[str]:
        """The cases that it follows from, by id: none of them may follow from it."""
        return ()

    def attachment(self, sha256: str) -> Attachment | None:
        """The attachment with that content."""
        return next((attached for attached in self.attachments if attached.sha256 == sha256), None)

    @property
    def all_clocks(self) -> list[RunningClock]:
        """Every clock that was ever started, in the order of their start."""
        clocks = [*self.past_clocks, *self.clocks.values()]
        return sorted(clocks, key=lambda running: running.deadline.started_on)

    @property
    def open_clocks(self) -> list[RunningClock]:
        """The clocks that run."""
        return [running for running in self.clocks.values() if running.stopped_at is None]

    def start_clock(self, deadline: Deadline, at: datetime, by: str) -> None:
        """Start a clock; one that ran under the same key is kept among the past ones."""
        key = deadline.clock, deadline.part
        if (earlier := self.clocks.get(key)) is not None:
            if earlier.runs:
                earlier.drop(at, by)
            self.past_clocks.append(earlier)
        self.clocks[key] = RunningClock(deadline)

    @property
    def next_deadline(self) -> Deadline | None:
        """The nearest deadline of the clocks that run."""
        nearest = None
        for running in self.clocks.values():
            if running.stopped_at is None and (nearest is None or running.deadline.due_on < nearest.due_on):
                nearest = running.deadline
        return nearest


CASE_TYPES: dict[str, type[Case]] = {}
STEPS: dict[str, type[Step]] = {}
_UPCASTS: dict[str, tuple[type[Step], Callable[[dict[str, Any]], dict[str, Any]]]] = {}


@cache
def _takers(case_type: type[Case], known: int) -> frozenset[Role]:  # noqa: ARG001 - how many there were
    own = [step.declared for step in STEPS.values() if step.declared.case_type and step.declared.of(case_type)]
    return frozenset(role for declared in own for role in declared.by)


class UnknownStepError(LookupError):
    """A stored name or a step's name that the closed registry does not know."""


@dataclass(frozen=True)
class Declared:
    """What a step's class declares; the guard, the form, the API operation and the flow chart are read from it."""

    wire: str
    name: str
    zh: str
    en: str
    case_type: type[Case] | None
    """The case type that has it, or one without a kind from which those derive that have it; None for all."""
    opens: bool
    while_in: frozenset[StrEnum] | None
    not_in: frozenset[StrEnum]
    """Stages in which it is not open, of a step that is open in all others."""
    part: str | None
    names: str | None
    after: frozenset[StrEnum] | None
    leads_to: StrEnum | None
    by: frozenset[Role]
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    limits: tuple[str, ...]
    """The rules that say until or from when it may be taken, and that no clock waits for: nobody has to take it."""
    extends: str | None
    fixed: frozenset[str]
    """Fields that no correction may touch: what they say is taken back only by a void, or by who said it."""
    moves: frozenset[tuple[StrEnum, StrEnum]]
    """Where the case itself goes, from which stage, when that depends on its parts."""
    own_word: bool
    """Whether it is a person's own word, which is not taken from a device of those whom it is about."""
    stands: bool
    """Whether it is never voided, because what it did cannot be undone by that."""

    @cached_property
    def kind(self) -> str | None:
        """The kind of its case type; None of a step that several case types share."""
        return None if self.shared or self.case_type is None else self.case_type.kind

    @cached_property
    def shared(self) -> bool:
        """Whether several case types have it."""
        return self.case_type is None or self.case_type.kind == ""

    def of(self, case_type: type[Case]) -> bool:
        """Whether a case type has it."""
        return self.case_type is None or issubclass(case_type, self.case_type)

    def open_in(self, case_type: type[Case]) -> frozenset[StrEnum]:
        """The stages of a case of that type in which it is open."""
        if self.while_in is not None:
            return self.while_in
        return _stages_but(case_type, self.not_in)  # type: ignore[arg-type]  # a class has a hash

    def stage_of(self, case: Case) -> StrEnum | None:
        """The stage that it leads to, as the case calls it: steps that several case types share know its name only."""
        return self.leads_to if self.leads_to is None or not self.shared else case.Stage(self.leads_to)


@cache
def _stages_but(case_type: type[Case], those: frozenset[StrEnum]) -> frozenset[StrEnum]:
    return frozenset(case_type.Stage) - those


class Step(BaseModel):
    """One step of a procedure: its class is its declaration, its fields are what was decided."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    declared: ClassVar[Declared]

    def __init_subclass__(cls, **declaration: Any) -> None:
        """Pydantic hands the declaration on to `__pydantic_init_subclass__`, when the fields are known."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(  # noqa: PLR0913 - the declaration of a step, every part of it optional
        cls,
        *,
        wire: str = "",
        zh: str = "",
        of: type[Case] | None = None,
        opens: bool = False,
        while_in: Iterable[StrEnum] | None = None,
        not_in: Iterable[StrEnum] = (),
        part: str | None = None,
        names: str | None = None,
        after: Iterable[StrEnum] | None = None,
        leads_to: StrEnum | None = None,
        by: Iterable[Role] = (),
        starts: tuple[str, ...] = (),
        stops: tuple[str, ...] = (),
        limits: tuple[str, ...] = (),
        extends: str | None = None,
        fixed: Iterable[str] = (),
        moves: Iterable[tuple[StrEnum, StrEnum]] = (),
        own_word: bool = False,
        stands: bool = False,
        upcasts: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not wire:
            return
        name = wire.split(".")[1]
        if wire in STEPS:
            msg = f"the stored name {wire} is declared twice"
            raise TypeError(msg)
        cls.declared = Declared(
            wire=wire,
            name=name,
            zh=zh,
            en=_in_english(name, of, opens=opens),
            case_type=of,
            opens=opens,
            while_in=None if while_in is None else frozenset(while_in),
            not_in=frozenset(not_in),
            part=part,
            names=names,
            after=None if after is None else frozenset(after),
            leads_to=leads_to,
            by=frozenset(by),
            starts=starts,
            stops=stops,
            limits=limits,
            extends=extends,
            fixed=frozenset(fixed) | ({"jurisdiction", "time_zone"} if opens else frozenset()),
            moves=frozenset(moves),
            own_word=own_word,
            stands=stands,
        )
        STEPS[wire] = cls
        for older, upcast in (upcasts or {}).items():
            _UPCASTS[older] = (cls, upcast)

    @property
    def part_key(self) -> str | None:
        """The key of the part that this step is about."""
        names = self.declared.names
        return None if names is None else str(getattr(self, names))

    def check(self, case: Any, office: Office) -> None:
        """Refuse what cannot be; breaches of a rule are findings, not refusals."""

    def check_actor(self, case: Any, act: Act) -> None:
        """Refuse somebody who may not take this step of this case, whatever the role; an opening finds no case."""

    @classmethod
    def roles(cls, case_type: type[Case]) -> frozenset[Role]:  # noqa: ARG003 - the hook's signature
        """The roles that may take it in a case of that type; by default the declared ones."""
        return cls.declared.by

    def refers_to(self) -> Iterable[Reference]:
        """Other cases that it names; a case that there is not is refused."""
        return ()

    def refers_to_steps(self) -> Iterable[tuple[int, str]]:
        """Other steps of the case that it names, each with the field that does; a step that there is not is refused."""
        return ()

    def contents(self) -> Iterable[Content]:
        """The files that it names; one that whoever takes the step did not hand in is refused."""
        return ()

    def acting_unit(self, case: Any) -> str | None:  # noqa: ARG002 - the hook's signature
        """The unit whose act it is, where it is a unit's; another unit may not take it."""
        return getattr(self, "unit", None)

    def breaches(self, case: Any, office: Office) -> Iterable[Refused]:  # noqa: ARG002 - the hook's signature
        """Which rules of the office it breaks; each becomes a finding."""
        return ()

    def filled_in(self, case: Any, office: Office) -> Self:  # noqa: ARG002 - the hook's signature
        """The same step with what follows from the case and the office's rules, as it is stored."""
        return self

    def reckoned(self, reckoner: Reckoner) -> Self:  # noqa: ARG002 - the hook's signature
        """The same step with the figures that it states as they are counted; another number is refused."""
        return self

    def already(self, case: Any) -> bool:  # noqa: ARG002 - the hook's signature
        """Whether the case is so already, and nothing would be recorded."""
        return False

    def sealed(self, case: Any) -> Step:  # noqa: ARG002 - the hook's signature
        """The same step as it is told to those from whom a word in the case is sealed today."""
        return self

    @property
    def subject(self) -> int | None:
        """Number of the earlier step that it is about, and with which it is sealed."""
        return None

    def withheld(self) -> Step:
        """The same step as it is told where its subject is sealed: that it was taken."""
        return self

    def amends_asked_by(self, role: Role) -> bool:  # noqa: ARG002 - the hook's signature
        """Whether somebody in that role may ask for a correction or a void of it, if he takes part in the case."""
        return True

    def apply(self, case: Any, act: Act) -> None:
        """Set fields. Total: never refuses, reads no clock, stands any subset of a history."""

    def clocks_count_from(self, act: Act) -> date:
        """The day from which the clocks that it starts count: that of the act, unless it names another."""
        return act.occurred_on

    def started_clocks(self, case: Any) -> Iterable[ClockKey]:  # noqa: ARG002 - the hook's signature
        """The clocks that this step starts, as (rule, part); by default the declared ones."""
        return [(rule, self.part_key) for rule in self.declared.starts]

    def stopped_clocks(self, case: Any) -> Iterable[ClockKey]:  # noqa: ARG002 - the hook's signature
        """The clocks that wait for this step, as (rule, part); by default the declared ones."""
        return [(rule, self.part_key) for rule in self.declared.stops]

    def dropped_clocks(self, case: Any) -> Iterable[ClockKey]:  # noqa: ARG002 - the hook's signature
        """The clocks that wait for something which nobody awaits after this step."""
        return ()

    def agreed_deadlines(self, act: Act) -> Iterable[Deadline]:  # noqa: ARG002 - the hook's signature
        """The deadlines with a date of their own that this step starts, by no rule."""
        return ()

    def moved_clocks(self, case: Any) -> Iterable[tuple[ClockKey, date]]:  # noqa: ARG002 - the hook's signature
        """The clocks whose due date moves, and to which date; by default the declared one of the step's part."""
        if self.declared.extends is None or (due_on := getattr(self, "due_on", None)) is None:
            return ()
        return (((self.declared.extends, self.part_key), due_on),)

    def may_come_before(self) -> bool:
        """Whether it may have happened before the case was opened."""
        return False

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """The same step with some fields replaced, as a correction says."""
        return type(self).model_validate({**self.model_dump(mode="json", exclude_none=True), **changes})


def latest(wire: str, data: dict[str, Any]) -> tuple[type[Step], dict[str, Any]]:
    """Today's class for a stored name, and the stored fields as that class reads them."""
    while (step := STEPS.get(wire)) is None:
        try:
            step, upcast = _UPCASTS[wire]
        except KeyError:
            raise UnknownStepError(wire) from None
        wire, data = step.declared.wire, upcast(data)
    return step, data


def _in_english(name: str, of: type[Case] | None, *, opens: bool) -> str:
    """A step's name as a label; what enters something into the registry says what, since most of it is opened."""
    told = f"{of.kind} {name}" if opens and of is not None and of.of_registry else name
    return told.replace("_", " ").capitalize()


class Opening(Step):
    """A step that opens a case; it says under which jurisdiction's rules the case is."""

    under: ClassVar[str] = "jurisdiction"
    """Its field that names whose people may open the case."""

    jurisdiction: Code
    time_zone: Line | None = None
    """The zone in which the case's dates are days; filled in when recorded, so that a history can be read by itself."""

    @property
    def opened_from(self) -> str:
        """The jurisdiction whose people may open the case: its own, or the one above a jurisdiction that is opened."""
        return getattr(self, self.under) or self.jurisdiction

    def filled_in(self, case: Any, office: Office) -> Self:  # noqa: ARG002 - the hook's signature
        """With the jurisdiction's zone, whatever was given."""
        zone = office.jurisdiction.time_zone
        return self if self.time_zone == zone else self.model_copy(update={"time_zone": zone})

    def jurisdiction_in(self, registry: Registry) -> Jurisdiction:
        """The jurisdiction under whose rules the case is opened; one that is not known is refused."""
        return registry.jurisdiction(self.jurisdiction)

    @staticmethod
    def new_case_id() -> str:
        """An id for a case that it opens."""
        return str(uuid4())


class Participation(Step):
    """A step that everybody may take who takes part in the case; the case type says who that is."""

    @classmethod
    def roles(cls, case_type: type[Case]) -> frozenset[Role]:
        """Whoever may take some step of the case type."""
        return cls.declared.by & case_type.takers()

    def may_come_before(self) -> bool:
        """It says nothing of the order of the steps."""
        return True


class Correction(Step):
    """What is right of an earlier step that was recorded wrongly: its date, its fields, and why."""

    corrects: int = Field(ge=1)
    """Number of the step in the case's history."""
    of: Line | None = None
    """Stored name of the corrected step; filled in when recorded."""
    occurred_at: AwareDatetime | None = None
    precision: Precision | None = None
    changes: dict[str, Any] = Field(default_factory=dict)
    """The fields that were wrong, with their right values, typed by the corrected step."""
    reason: Text

    @property
    def right(self) -> dict[str, Any]:
        """The changes as today's class of the corrected step reads them."""
        return self.changes if self.of is None or not self.changes else latest(self.of, self.changes)[1]

    @property
    def wanted(self) -> tuple[object, ...]:
        """What it makes of which step; two of which this is the same do the same."""
        precision = None if self.occurred_at is None else self.precision or "instant"
        return self.corrects, self.occurred_at, precision, self.right

    @property
    def subject(self) -> int:
        """The corrected step."""
        return self.corrects

    def withheld(self) -> Self:
        """That there was a correction, and of the date."""
        return self.model_copy(update={"changes": {}, "reason": ""})

    def typed_by(self, target: Step) -> Self:
        """The same correction with its values checked and written as the corrected step writes them."""
        for name in self.changes:
            if name in target.declared.fixed:
                raise Refused("cannot-correct-field", field=f"changes.{name}", step=target.declared.wire, name=name)
        try:
            right = target.with_changes(self.changes).model_dump(mode="json")
        except ValidationError as error:
            unfit = "correction-does-not-fit"
            raise refused_by(error, message_id=unfit, within=("changes",), step=target.declared.wire) from None
        changes = {name: right[name] for name in self.changes}
        return self.model_copy(update={"of": target.declared.wire, "changes": changes})


class Voiding(Step):
    """An earlier step should not stand: which one, and why."""

    voids: int = Field(ge=1)
    """Number of the step in the case's history."""
    reason: Text

    @property
    def wanted(self) -> tuple[object, ...]:
        """Which step it takes out; two of which this is the same do the same."""
        return (self.voids,)

    @property
    def subject(self) -> int:
        """The voided step."""
        return self.voids

    def withheld(self) -> Self:
        """That it was voided, not why."""
        return self.model_copy(update={"reason": ""})


class Corrected(
    Correction,
    wire="case.corrected.v1",
    zh="更正",
    by={Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE},
):
    """An earlier step was recorded wrongly: which one, what is right, why, and who approved it."""

    approved_by: Line | None = None
    """Who approved it on paper; not needed where it approves a request."""
    request: int | None = Field(default=None, ge=1)
    """Number of the request that it approves; whoever takes the step approves it, and is not who asked."""


class Voided(
    Voiding,
    wire="case.voided.v1",
    zh="作废",
    by={Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE},
):
    """An earlier step should not stand: which one, why, and who approved it. A void may itself be voided."""

    approved_by: Line | None = None
    """Who approved it on paper; not needed where it approves a request."""
    request: int | None = Field(default=None, ge=1)
    """Number of the request that it approves; whoever takes the step approves it, and is not who asked."""


class CorrectionRequested(
    Correction,
    Participation,
    wire="case.correction_requested.v1",
    zh="申请更正",
    by=set(Role) - {Role.AUDITOR},
):
    """Somebody who takes part in the case asks the office to correct an earlier step, and says how and why."""


class VoidRequested(
    Voiding,
    Participation,
    wire="case.void_requested.v1",
    zh="申请作废",
    by=set(Role) - {Role.AUDITOR},
):
    """Somebody who takes part in the case asks the office to void an earlier step, and says why."""


class AmendmentDeclined(
    Step,
    wire="case.amendment_declined.v1",
    zh="不同意更正或作废",
    by={Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE},
):
    """The office declines a request for a correction or a void, and says why."""

    request: int = Field(ge=1)
    """Number of the request."""
    reason: Text

    @property
    def subject(self) -> int:
        """The request."""
        return self.request

    def withheld(self) -> Self:
        """That it was declined, not why."""
        return self.model_copy(update={"reason": ""})

    def may_come_before(self) -> bool:
        """It says nothing of the order of the steps."""
        return True


class DeadlineRecalculated(
    Step,
    wire="case.deadline_recalculated.v1",
    zh="期限重算",
    by={Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE},
    fixed=("clock", "part", "due_before", "deadline"),
):
    """A running deadline is counted again under the rules now in force: the old date, the new one, and why."""

    clock: Line
    part: Line | None = None
    due_before: date | None = None
    """The date before; filled in when recorded."""
    deadline: Deadline | None = None
    """The deadline that follows from the rules; filled in when recorded."""
    reason: Text

    def check(self, case: Case, office: Office) -> None:
        """Refuse a clock that does not run, or that no rule of the office counts."""
        running = case.clocks.get((self.clock, self.part))
        if running is None or running.stopped_at is not None:
            raise Refused("clock-does-not-run", field="clock", clock=self.clock)
        if running.deadline.rule is None or running.deadline.rule.id not in office.rulebook.clocks:
            raise Refused("clock-without-rule", field="clock", clock=self.clock)

    def filled_in(self, case: Case, office: Office) -> Self:
        """With the old date and the deadline that follows from the rules, whatever was given."""
        running = case.clocks[self.clock, self.part].deadline
        rule = office.rulebook.clocks[running.rule.id if running.rule else self.clock]
        anew = clock.recalculate(running, rule, office.calendar, office.rulebook)
        return self.model_copy(update={"due_before": running.due_on, "deadline": anew})

    def already(self, case: Case) -> bool:
        """Nothing moved."""
        running = case.clocks.get((self.clock, self.part))
        return running is not None and running.deadline == self.deadline

    def apply(self, case: Case, act: Act) -> None:  # noqa: ARG002 - the hook's signature
        """The running deadline becomes the new one."""
        running = case.clocks.get((self.clock, self.part))
        if running is not None and self.deadline is not None:
            running.deadline = self.deadline


class AttachmentAdded(
    Participation,
    wire="case.attachment_added.v1",
    zh="附件",
    by=set(Role) - {Role.AUDITOR},
    fixed=("sha256", "media_type", "size"),
):
    """A file is added to the case, by somebody who takes part in it. It may be older than the case."""

    sha256: Sha256
    """SHA-256 of its content, which was handed in before."""
    name: FileName
    media_type: MediaType
    size: int = Field(ge=1, le=2**53)
    """Bytes."""
    kind: AttachmentKind
    about: int | None = Field(default=None, ge=1)
    """Number of the step of the case that it belongs to."""

    def check(self, case: Case, office: Office) -> None:  # noqa: ARG002 - the hook's signature
        """Refuse a name that another kind of file has."""
        if media_type_of(self.name) is not self.media_type:
            raise Refused("file-name-of-another-type", field="name", name=self.name, media_type=self.media_type)

    def refers_to_steps(self) -> Iterator[tuple[int, str]]:
        """The step that it belongs to."""
        if self.about is not None:
            yield self.about, "about"

    @property
    def subject(self) -> int | None:
        """The step that it belongs to."""
        return self.about

    def withheld(self) -> SealedAttachment:
        """That there is a file, and of which kind."""
        return SealedAttachment.model_construct(
            sha256="", name="", media_type=self.media_type, size=0, kind=self.kind, about=self.about
        )

    def contents(self) -> Iterator[Content]:
        """Its own."""
        yield Content(self.sha256, self.media_type, self.size)

    def already(self, case: Case) -> bool:
        """The same content under the same name, as the same thing."""
        said = self.sha256, self.name, self.kind, self.about
        return any(said == (a.sha256, a.name, a.kind, a.about) for a in case.attachments)

    def apply(self, case: Case, act: Act) -> None:
        """It is among the attachments of the case."""
        case.attachments.append(
            Attachment(
                self.sha256,
                self.name,
                self.media_type,
                self.size,
                self.kind,
                self.about,
                act.occurred_on,
                act.actor,
                act.role,
                act.office,
            )
        )


class SealedAttachment(AttachmentAdded):
    """What is told of a file that belongs to a step which is sealed: that there is one."""

    def with_changes(self, changes: Mapping[str, Any]) -> Self:  # noqa: ARG002 - the hook's signature
        """Nothing more is told of it."""
        return self

    def apply(self, case: Case, act: Act) -> None:
        """The case has no such attachment for the reader."""


class Recorded(NamedTuple):
    """A step as the ledger holds it: the event of the eventsourcing library, whose names the first two fields bear."""

    originator_id: str
    originator_version: int
    timestamp: datetime
    step: Step
    act: Act
    event_id: str
    nonce: str
    deadlines: tuple[Deadline, ...] = ()
    position: int = 0

    @property
    def version(self) -> int:
        """The step's number in its case."""
        return self.originator_version

    @property
    def occurred_at(self) -> datetime:
        """When it happened in the office."""
        return self.act.occurred_at

    @property
    def recorded_at(self) -> datetime:
        """When the ledger took it in; meaningless while `position` is 0."""
        return self.timestamp

    def enact(self, case: Case) -> None:
        """What the step does to the case: stage, clocks, then its own fields. Total."""
        step, act, declared = self.step, self.act, self.step.declared
        if isinstance(step, Opening):
            case.jurisdiction, case.time_zone = step.jurisdiction, step.time_zone or case.time_zone
        if declared.part is None:
            if declared.leads_to is not None:
                case.stage = declared.stage_of(case)
        elif declared.leads_to is not None and (part := case.part(declared.part, step.part_key)) is not None:
            part.stage = declared.leads_to
        for deadline in self.deadlines:
            case.start_clock(deadline, act.occurred_at, declared.wire)
        step.apply(case, act)
        self._move_clocks(case)
        case.taken.append(declared.wire)

    def _move_clocks(self, case: Case) -> None:
        if not case.clocks:
            return
        step, act, wire = self.step, self.act, self.step.declared.wire
        for key in step.stopped_clocks(case):
            if (running := case.clocks.get(key)) is not None and running.stopped_at is None:
                running.stopped_at = act.occurred_at
        for key in step.dropped_clocks(case):
            if (running := case.clocks.get(key)) is not None and running.stopped_at is None:
                running.drop(act.occurred_at, wire)
        for key, due_on in step.moved_clocks(case):
            if (running := case.clocks.get(key)) is not None:
                reason = getattr(step, "reason", None)
                running.deadline = clock.extend(running.deadline, due_on, wire, act.occurred_on, act.office, reason)
