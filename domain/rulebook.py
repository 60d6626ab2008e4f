"""The rules of a jurisdiction as data, each with its source and how sure it is; versions and inheritance."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum, auto
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain.calendar import load_calendar

FOLDER = Path(__file__).parent / "rulebooks"

Unit = Literal["calendar_day", "working_day", "month"]
Force = Literal["statutory", "regional", "seed", "customary", "target"]
Confidence = Literal["A", "B", "C", "D"]
"""A read in national law, B in the magazine, C an analogue of another place, D memory or proposal."""

_Text = Annotated[str, Field(min_length=1)]
_Wires = Annotated[tuple[_Text, ...], Field(min_length=1)]
_Version = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
TABLES = ("articles", "clocks", "gates", "minimums", "orders", "polls", "targets", "practices")
"""The tables of rules that a rulebook has; a book that inherits adds to each."""
_INHERITED = ("time_zone", "calendar", "outcome_scheme")


class RulebookError(ValueError):
    """A rulebook that is not there or is broken: says the file, the rule and the field at fault."""

    def __init__(self, message: str, *, file: str, rule: str | None = None, field: str | None = None) -> None:
        super().__init__(": ".join(part for part in (file, rule, field, message) if part))
        self.file = file
        self.rule = rule
        self.field = field


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Words(_Data):
    """The same words in Chinese and English."""

    zh: _Text
    en: _Text


class Source(_Data):
    """Where it is read: L national law, R another place's regulation, S magazine, P page, I issue, M memory, D own."""

    text: _Text
    kind: Literal["L", "R", "S", "P", "I", "M", "D"]
    url: str | None = None


class Span(_Data):
    """A number of days, working days or months."""

    count: PositiveInt
    unit: Unit


class Stated(_Data):
    """What every rule says of itself: its words, its sources, how sure it is, and the book that states it."""

    id: _Text
    zh: _Text
    en: _Text
    explanation: Words
    force: Force
    confidence: Confidence
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    stated_in: _Text


class ClockRule(Stated):
    """How long something may take after a step (期限规则), and how long at most with extensions."""

    count: PositiveInt
    unit: Unit
    direction: Literal["after", "before"] = "after"
    """Whether it counts from the day on, or back from a day that lies ahead, such as a meeting's."""
    roll_forward: bool = False
    most: Span | None = None
    consent: bool = False
    """Whether whoever handed it over must agree to an extension."""
    per: Literal["case", "part"] = "case"
    measured: bool = True
    """Whether some step starts it; false where the case type or the step that would is still to come."""
    valid_from: date | None = None
    valid_to: date | None = None

    @field_validator("direction")
    @classmethod
    def _lead_times_count_dates(cls, value: str, info: ValidationInfo) -> str:
        if value == "before" and info.data.get("unit") == "working_day":
            raise ValueError("a lead time counts calendar days or months")
        return value

    @field_validator("roll_forward")
    @classmethod
    def _working_days_need_no_rolling(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - as pydantic calls it
        if value and info.data.get("unit") == "working_day":
            raise ValueError("a working day never needs to roll forward")
        return value

    def in_force(self, day: date) -> bool:
        """Whether the rule was valid on that day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class Outcome(StrEnum):
    """What became of a suggestion, whatever letter the unit gave it (办理结果)."""

    RESOLVED = auto()
    IN_PROGRESS = auto()
    PLANNED = auto()
    NOT_NOW = auto()
    REFERENCE_ONLY = auto()
    REFERRED_UP = auto()
    NOT_FEASIBLE = auto()


class OutcomeScheme(Stated):
    """Which letters units write on their replies (办理结果分类), and what each means."""

    letters: Annotated[Mapping[str, Outcome], Field(min_length=1)]
    words: Mapping[str, Words]

    @field_validator("words")
    @classmethod
    def _every_letter_has_words(cls, value: Mapping[str, Words], info: ValidationInfo) -> Mapping[str, Words]:
        if value.keys() != info.data.get("letters", value).keys():
            raise ValueError("letters and words name different letters")
        return value


class Target(Stated):
    """What one jurisdiction wants to reach in one year (目标); `value` is a share of 1."""

    metric: _Text
    value: Annotated[float, Field(gt=0, le=1)]
    year: Annotated[int, Field(ge=1949)]
    jurisdiction: _Text


class Minimum(Stated):
    """The least that something has to be (最低要求): how many deputies are invited, how many points an exam needs."""

    at_least: PositiveInt
    per: Literal["activity", "case", "year", "term"]
    measured: bool = True
    """Whether something recorded is counted against it; false where its case type is still to come."""


class OrderRule(Stated):
    """Which steps come before another: those of a procedure (程序环节), or the Party's gates (报告审批环节).

    It never blocks a step: what was left out is a finding.
    """

    before: _Wires
    """Stored names of the steps before which it asks for something."""
    of: tuple[_Text, ...] = ()
    """Of which kinds or sorts the case is, where that is not for all."""
    requires: Annotated[tuple[Annotated[_Wires, BeforeValidator(_as_list)], ...], Field(min_length=1)]
    """Each of these steps; of a list, one."""
    since: tuple[_Text, ...] = ()
    """Asked only once one of these steps was taken, and then of what came after the last of them."""

    def asks(self, wire: str, kind: str, sort: str | None) -> bool:
        """Whether it asks for something before that step of a case of that kind and sort."""
        return wire in self.before and (not self.of or kind in self.of or sort in self.of)

    def left_out(self, taken: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """What is missing among the steps that were taken, in their order; of each list one would be enough."""
        last = max((place for place, wire in enumerate(taken) if wire in self.since), default=None)
        if self.since and last is None:
            return
        counted = frozenset(taken if last is None else taken[last + 1 :])
        yield from (steps for steps in self.requires if counted.isdisjoint(steps))


Group = Literal["deputies", "grass_roots_deputies", "standing_committee", "full_time_members", "in_office"]
"""Deputies in office, those of the grass roots who are no members of the standing committee, its members, its full-time
members, or those whom it appointed."""


class Duty(_Data):
    """One thing that an article asks for, and from which recorded steps one sees whether it is done (要求).

    `count`: at least so many of the steps in a year or a term. `without`: each of the steps, and none with one of the
    findings. `then`: after each of the steps each of the others in the same case, within the term if there is one.
    `before`: before each of the steps one of the others in the same case. `coverage`: everybody of a group is named by
    one of the steps once a term. `share`: at least that share of a group has an attribute, which the steps state.
    `changes`: the steps by which a group was changed within the term, after it was there. `shown`: whatever of the
    steps there was; no number is asked.
    """

    form: Literal["count", "without", "then", "before", "coverage", "share", "changes", "shown"]
    zh: _Text
    en: _Text
    steps: Annotated[tuple[_Text, ...], Field(min_length=1)]
    """Stored names of the steps that it is about."""
    kinds: tuple[_Text, ...] = ()
    """Only of cases of these kinds."""
    sorts: tuple[_Text, ...] = ()
    """Only of cases of these sorts (`Case.sort`)."""
    where: Mapping[_Text, tuple[_Text, ...]] = {}
    """Only steps that have one of these values in a field of theirs or of their case; any, where none is named."""
    others: tuple[_Text, ...] = ()
    """Stored names of the steps that follow, or come before."""
    findings: tuple[_Text, ...] = ()
    """Message ids of the findings that break it."""
    at_least: PositiveInt | None = None
    per: Literal["year", "term"] = "year"
    within: Span | None = None
    clock: _Text | None = None
    """The clock of the case that says until when the others have to follow, where it runs or ran."""
    each: _Text | None = None
    """The parts of the case (the name of their field) of which each has to be followed by the others."""
    of: Group | None = None
    """Which group is covered, has the share, or changed."""
    having: Literal["full_time", "re_elected"] | None = None
    """The attribute of the share."""
    least: Annotated[Fraction, Field(gt=0, le=1)] | None = None
    """The least share."""

    @model_validator(mode="after")
    def _has_what_its_form_needs(self) -> Self:  # noqa: N804 - of an instance, after it was read
        needed = {
            "count": self.at_least is not None,
            "without": bool(self.findings),
            "then": bool(self.others),
            "before": bool(self.others),
            "coverage": self.of is not None,
            "share": None not in (self.of, self.having, self.least),
            "changes": self.of is not None,
            "shown": True,
        }
        if not needed[self.form]:
            raise ValueError(f"a duty of the form {self.form} lacks what it is measured by")
        return self


class Article(Stated):
    """An article of a set that a jurisdiction gave itself (如“十八条”), with what it asks for."""

    set: _Text
    """The set that it belongs to, such as `eighteen`."""
    number: PositiveInt
    duties: Annotated[tuple[Duty, ...], Field(min_length=1)]


class PollRule(Stated):
    """What follows from the tallies of a poll (测评结果认定): shares of whom, and from which share on."""

    base: Literal["valid", "present", "eligible"]
    """Of which ballots or people the shares are: valid ballots, everybody present, everybody who may take part."""
    satisfied_over: Annotated[float, Field(ge=0, lt=1)]
    """Satisfied if the share that is satisfied is greater."""
    basically_over: Annotated[float, Field(ge=0, lt=1)]
    """Else basically satisfied if the share that is at least basically satisfied is greater; else dissatisfied."""
    consequence: Words
    """What is to be done after a poll that is dissatisfied."""

    def rating(
        self, satisfied: int, basically: int, dissatisfied: int, *, present: int, eligible: int | None = None
    ) -> str | None:
        """`satisfied`, `basically_satisfied` or `dissatisfied`; None where nobody is counted."""
        valid = satisfied + basically + dissatisfied
        base = {"valid": valid, "present": present, "eligible": eligible or 0}[self.base]
        if not base:
            return None
        if satisfied > self.satisfied_over * base:
            return "satisfied"
        return "basically_satisfied" if satisfied + basically > self.basically_over * base else "dissatisfied"


class Practice(Stated):
    """A way of working that a text asks for without a number (工作机制): shown beside the rules, measured by none."""

    jurisdiction: _Text


class Jurisdiction(_Data):
    """Whose rules these are: division code (GB/T 2260) or country code, and names."""

    code: _Text
    zh: _Text
    en: _Text


class Alternative(_Data):
    """What another place has in a rule's stead (各地不同规定): its number, and its source."""

    jurisdiction: Jurisdiction
    count: PositiveInt
    """The length of a clock, the least of a minimum."""
    unit: Unit | None = None
    """Of a clock."""
    most: Span | None = None
    confidence: Confidence
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    def of_clock(self, rule: ClockRule, stated_in: str) -> ClockRule:
        """The clock as that place counts it; in days or months from a day on, it rolls forward."""
        own = {"count": self.count, "unit": self.unit, "most": self.most}
        rolls = rule.direction == "after" and self.unit != "working_day"
        return ClockRule.model_validate(rule.model_dump() | own | {"roll_forward": rolls} | self._stated(stated_in))

    def of_minimum(self, rule: Minimum, stated_in: str) -> Minimum:
        """The minimum of that place."""
        return Minimum.model_validate(rule.model_dump() | {"at_least": self.count} | self._stated(stated_in))

    def _stated(self, stated_in: str) -> dict[str, Any]:
        words = {
            "zh": f"采用{self.jurisdiction.zh}的规定：{self.sources[0].text}",
            "en": f"As in {self.jurisdiction.en}: {self.sources[0].text}",
        }
        return {
            "explanation": words,
            "force": "regional",
            "confidence": self.confidence,
            "sources": self.sources,
            "stated_in": stated_in,
        }


class Rulebook(_Data):
    """A jurisdiction's rules with all that it inherits; `(id, version)` fixes every one of them for ever."""

    id: _Text
    version: _Version
    jurisdiction: Jurisdiction
    time_zone: _Text
    calendar: _Text
    inherits: Annotated[str, Field(pattern=r"^[^@]+@\d{4}-\d{2}-\d{2}$")] | None = None
    articles: Mapping[str, Article] = {}
    clocks: Mapping[str, ClockRule] = {}
    outcome_scheme: OutcomeScheme | None = None
    gates: Mapping[str, OrderRule] = {}
    minimums: Mapping[str, Minimum] = {}
    orders: Mapping[str, OrderRule] = {}
    polls: Mapping[str, PollRule] = {}
    targets: Mapping[str, Target] = {}
    practices: Mapping[str, Practice] = {}
    alternatives: Mapping[str, Mapping[str, Alternative]] = {}
    """For the id of a clock or a minimum what other places have in its stead, by their short names."""
    chosen: Mapping[str, str] = {}
    """For the id of a rule the alternative that this book takes in its stead."""
    note: Words

    @property
    def ref(self) -> str:
        """How this book is named where one version is meant: `cn-national@2026-11-22`."""
        return f"{self.id}@{self.version}"

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {value}") from error
        return value

    @field_validator("calendar")
    @classmethod
    def _calendar_exists(cls, value: str) -> str:
        load_calendar(value)
        return value

    def with_chosen(self) -> Self:
        """The book with the alternatives that it chose in place of the rules; one that there is not is an error."""
        clocks, minimums = dict(self.clocks), dict(self.minimums)
        for rule, name in self.chosen.items():
            try:
                alternative = self.alternatives[rule][name]
            except KeyError:
                known = ", ".join(self.alternatives.get(rule, ())) or "none"
                message = f"there is no alternative {name}; there are: {known}"
                raise RulebookError(message, file=self.ref, rule=rule, field="chosen") from None
            if rule in clocks:
                clocks[rule] = alternative.of_clock(clocks[rule], self.ref)
            else:
                minimums[rule] = alternative.of_minimum(minimums[rule], self.ref)
        return self.model_copy(update={"clocks": clocks, "minimums": minimums})

    @model_validator(mode="after")
    def _alternatives_are_of_rules(self) -> Self:  # noqa: N804 - of an instance, after it was read
        for rule, places in self.alternatives.items():
            if rule not in self.clocks and rule not in self.minimums:
                raise ValueError(f"an alternative to {rule}, which is neither a clock nor a minimum")
            if any((one.unit is None) is (rule in self.clocks) for one in places.values()):
                raise ValueError(f"an alternative to {rule} with the wrong unit: a clock has one, a minimum none")
        return self

    def targets_of(self, jurisdiction: str, year: int) -> tuple[Target, ...]:
        """The targets that a jurisdiction set itself for a year; others that the book quotes do not bind it."""
        return tuple(t for t in self.targets.values() if (t.jurisdiction, t.year) == (jurisdiction, year))


class Shelf:
    """The rulebooks of a folder: one TOML file `<id>.toml` or `<id>@<version>.toml` per version."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[str, Path] = {}
        self._pages: dict[str, dict[str, Any]] = {}
        self._versions: dict[str, list[str]] = {}
        for file in sorted(folder.glob("*.toml")):
            page = _read(file)
            id, version = _title(file, page)
            if version in self._versions.setdefault(id, []):
                raise RulebookError(f"{id}@{version} is in two files", file=file.name)
            self._versions[id].append(version)
            self._files[f"{id}@{version}"] = file
            self._pages[f"{id}@{version}"] = page

    def ids(self) -> tuple[str, ...]:
        """The ids of all rulebooks, sorted."""
        return tuple(sorted(self._versions))

    def versions(self, id: str) -> tuple[str, ...]:
        """The versions there are of a rulebook, oldest first."""
        return tuple(sorted(self._versions.get(id, ())))

    def load(self, id: str, version: str | None = None) -> Rulebook:
        """A rulebook with everything it inherits (None: its newest version)."""
        return self._merged(f"{id}@{version or max(self.versions(id), default='newest')}", heirs=())

    def _merged(self, ref: str, heirs: tuple[str, ...]) -> Rulebook:
        if ref not in self._pages:
            wanted_by = self._files[heirs[-1]].name if heirs else ref
            raise RulebookError(f"there is no {ref}; there are {', '.join(sorted(self._pages))}", file=wanted_by)
        file, page = self._files[ref].name, _stamped(self._pages[ref], ref)
        inherited = page.get("inherits")
        if inherited in (*heirs, ref):
            raise RulebookError(f"{inherited} inherits itself", file=file, field="inherits")
        if isinstance(inherited, str):
            page = _on_top_of(self._merged(inherited, (*heirs, ref)), page)
        try:
            return Rulebook.model_validate(page).with_chosen()
        except ValidationError as error:
            raise _explained(file, error) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulebookError(f"is not readable TOML: {error}", file=file.name) from error


def _title(file: Path, page: Mapping[str, Any]) -> tuple[str, str]:
    for field in ("id", "version"):
        if not isinstance(page.get(field), str):
            raise RulebookError("a text is required", file=file.name, field=field)
    id, version = page["id"], page["version"]
    if file.stem not in {id, f"{id}@{version}"}:
        raise RulebookError(f"the file should be named {id}.toml or {id}@{version}.toml", file=file.name, field="id")
    return id, version


def _stamped(page: Mapping[str, Any], ref: str) -> dict[str, Any]:
    """The page with every rule told its own id and the book that states it."""
    stamped = dict(page)
    for table in TABLES:
        if isinstance(rules := page.get(table), dict):
            stamped[table] = {
                id: {**rule, "id": id, "stated_in": ref} if isinstance(rule, dict) else rule
                for id, rule in rules.items()
            }
    if isinstance(scheme := page.get("outcome_scheme"), dict):
        stamped["outcome_scheme"] = {**scheme, "stated_in": ref}
    return stamped


def _on_top_of(base: Rulebook, page: dict[str, Any]) -> dict[str, Any]:
    """The page with what it leaves open taken from its base; a rule of the same id replaces the whole rule."""
    merged = {name: getattr(base, name) for name in _INHERITED} | page
    for table in (*TABLES, "alternatives"):
        if isinstance(own := page.get(table, {}), dict):
            merged[table] = {**getattr(base, table), **own}
    return merged


def _explained(file: str, error: ValidationError) -> RulebookError:
    first = error.errors()[0]
    place = [str(step) for step in first["loc"]]
    rule = place[1] if len(place) > 1 and place[0] in TABLES else None
    return RulebookError(first["msg"], file=file, rule=rule, field=".".join(place[2:] if rule else place) or None)


@cache
def _shelf() -> Shelf:
    return Shelf(FOLDER)


def rulebook_ids() -> tuple[str, ...]:
    """The ids of the rulebooks that ship with the service."""
    return _shelf().ids()


def rulebook_refs() -> tuple[str, ...]:
    """Every version of them, as `id@version`."""
    return tuple(f"{id}@{version}" for id in _shelf().ids() for version in _shelf().versions(id))


@cache
def load_rulebook(id: str, version: str | None = None) -> Rulebook:
    """A rulebook that ships with the service, with everything it inherits (None: its newest version)."""
    return _shelf().load(id, version)
