"""The form of a step, from its declaration alone: its fields, their kinds and choices; and back to a step."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import count, islice
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from api.web.viewmodels import OF_CASES, OF_DEPUTIES, OF_OUTCOMES, OF_UNITS, Teller, value_name
from domain import amendment, procedure
from domain.case import CASE_TYPES, AttachmentAdded, Case, DeadlineRecalculated, Opening, Recorded, Role, Step
from domain.office import Level, Office
from domain.part import Part
from domain.person import PersonalMeasureTaken
from domain.personal import Personal, personal_fields
from domain.principal import Principal
from domain.refusal import Refused
from domain.rulebook import rulebook_ids
from domain.values import Named, marks
from projections.metrics import metrics

Kind = Literal[
    "line", "text", "lines", "number", "date", "check", "yes_no", "one_of", "some_of", "rows", "fixed", "case", "cases"
]

MOST_ROWS = 20
"""Rows of a list of things that a form shows at most."""

_FILLED_IN = frozenset(
    {"time_zone", "due_before", "deadline", "normalised", "basis", "numerator", "denominator", "population"}
)
"""Fields that nobody gives: they are filled in when the step is recorded."""
_OF_MEASURES = frozenset({"person", "purposes", "files"})
_NOT_BY_FORM = (*amendment.ABOUT_STEPS, AttachmentAdded, DeadlineRecalculated)
"""Steps about files and about other steps, which have a way of their own."""
_OF_FIGURES: Mapping[str, Callable[[], Sequence[str]]] = {
    "kind": lambda: [kind for kind, case_type in CASE_TYPES.items() if not case_type.of_registry],
    "stage": procedure.stage_names,
}
"""Dimensions of figures whose values the case types declare."""
_INDEX = re.compile(r"(\d{1,2})\.")
_SPARE = 1
_LONG_TEXT = 1_000


@dataclass(frozen=True)
class Option:
    """One of the values that a field may have."""

    value: str
    text: str


@dataclass(frozen=True)
class FieldView:
    """A field of a form: what it is called, of which kind it is, and what is in it."""

    name: str
    label: str
    kind: Kind
    required: bool
    values: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    rows: tuple[tuple[FieldView, ...], ...] = ()
    most: int | None = None
    least: int | None = None
    wrong: str | None = None

    @property
    def value(self) -> str:
        """What is in it, where that is one thing."""
        return self.values[0] if self.values else ""


@dataclass(frozen=True)
class Given:
    """What a form that was posted says, as text, and what is wrong with it."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """A step that the reader's role may take, and why it cannot be taken now, if so."""

    step: type[Step]
    why: Refused | None


def actions(case: Case, asker: Principal) -> Iterator[Action]:
    """The steps that whoever asks may ever take of the case by a form, the open ones with no reason against them."""
    for found in procedure.open_steps(case, asker.role):
        step = found.step
        if issubclass(step, _NOT_BY_FORM):
            continue
        if _of_own_share(step, asker) and not _may(case, step, asker.office):
            yield Action(step, Refused("part-step-not-open-now"))
        else:
            yield Action(step, None if found.why is None else Refused("step-not-open-now"))


def _of_own_share(step: type[Step], asker: Principal) -> bool:
    """Whether the step is about the share of the unit that asks."""
    return asker.role is Role.HANDLING_UNIT and step.declared.part is not None and step.declared.names == "unit"


def _may(case: Case, step: type[Step], key: str) -> bool:
    declared = step.declared
    part = case.part(declared.part or "", key)
    return part is not None and (declared.after is None or part.stage in declared.after)


class Form:
    """The fields of a step for whoever asks, and the step that a filled form says."""

    def __init__(self, step: type[Step], tell: Teller, asker: Principal, case: Case | None, day: date) -> None:
        self.step = step
        self._tell = tell
        self._asker = asker
        self._case = case
        self._office = tell.jurisdiction.on(day)
        self._from_here = _from_here(step, tell, asker)

    def fields(self, given: Given | None = None) -> list[FieldView]:
        """The fields in the order of their declaration, with what was given."""
        return list(self._fields(self.step, given or Given(), ""))

    @property
    def offered(self) -> set[str]:
        """The names of the fields."""
        return {field.name for field in self.fields()}

    def read(self, values: Mapping[str, Sequence[str]]) -> Step:
        """The step; a ValidationError names what cannot be."""
        return self.step.model_validate(self._said(self.step, values, "") | self._from_here)

    # From the declaration to fields

    def _offers(self, path: str, name: str) -> bool:
        """Whether a field is asked for; by default whatever nobody fills in and does not follow from where one is."""
        filled_in = name in _FILLED_IN or (issubclass(self.step, PersonalMeasureTaken) and name in _OF_MEASURES)
        return not filled_in and path not in self._from_here

    def _fields(self, model: type[BaseModel], given: Given, prefix: str) -> Iterator[FieldView]:
        for name, info in model.model_fields.items():
            if self._offers(f"{prefix}{name}", name):
                yield self._field(f"{prefix}{name}", name, info, given)

    def _field(self, path: str, name: str, info: FieldInfo, given: Given) -> FieldView:
        kind, inner = _kind_of(name, info)
        most, least = _limits(info)
        options = tuple(self._options(name, inner))
        values = tuple(given.values.get(path, ()))
        if (fixed := self._fixed(name)) is not None:
            kind, values, options = "fixed", (fixed,), (Option(fixed, self._tell.value(name, fixed).text),)
        elif kind in {"line", "lines"} and options:
            kind = "one_of" if kind == "line" else "some_of"
        elif kind == "line" and not values and name in self._begun:
            values = (self._free_key(path, name),)
        if kind in {"case", "cases"}:
            values = tuple(map(self._tell.cases.called, values))
            options = tuple(Option(one, one) for one in self._tell.cases.offered(self._kinds(name)))
        rows: tuple[tuple[FieldView, ...], ...] = ()
        if kind == "rows":
            shown = min(len(_rows_in(given.values, path, self._begun)) + _SPARE, MOST_ROWS)
            rows = tuple(tuple(self._fields(inner, given, f"{path}.{i}.")) for i in range(shown))
        elif not given.values and kind != "fixed" and not info.is_required() and info.default:
            values = tuple(map(str, info.default)) if isinstance(info.default, tuple) else (str(info.default),)
        return FieldView(
            name=path,
            label=self._tell.label(name, self.step.declared.kind),
            kind=kind,
            required=info.is_required() and kind not in {"check", "some_of"},
            values=values,
            options=options,
            rows=rows,
            most=most,
            least=least,
            wrong=given.wrong.get(path) or next((w for at, w in given.wrong.items() if _within(at, path, kind)), None),
        )

    @cached_property
    def _begun(self) -> Mapping[str, str]:
        """The fields by which the step may call a new part of the case, each with where such parts are."""
        if self._case is None:
            return {}
        declared = [step.declared for step in procedure.steps_of(type(self._case))]
        own = {"unit", self.step.declared.names}
        return {one.names: one.part for one in declared if one.names and one.part and one.names not in own}

    def _free_key(self, path: str, name: str) -> str:
        """The lowest number that is no key yet, each row of the form taking the next one."""
        row = next((int(said) for said in path.split(".") if said.isdigit()), 0)
        free = (str(number) for number in count(1) if str(number) not in getattr(self._case, self._begun[name]))
        return next(islice(free, row, None))

    def _fixed(self, name: str) -> str | None:
        """What a field holds because of who asks: a unit acts for itself, a deputy too."""
        if name == "unit" and self._asker.role is Role.HANDLING_UNIT and self.step.declared.names == "unit":
            return self._asker.office
        if name in {"lead_deputy", "deputy"} and self._asker.role is Role.DEPUTY:
            return self._asker.actor
        return None

    def _may_name(self, case: Case, key: str) -> bool:
        """Whether the step may be about that part of the case."""
        return _may(case, self.step, key)

    def _options(self, name: str, inner: Any) -> Iterator[Option]:  # noqa: C901 - one line for each kind of field
        declared, office = self.step.declared, self._office
        if isinstance(inner, type) and issubclass(inner, StrEnum):
            if inner is not Level or name == "level":
                yield from (Option(one.value, self._tell.word(one)) for one in inner)
        elif get_origin(inner) is Literal:
            yield from (Option(one, self._tell.say.label(f"page.{name}", one)) for one in get_args(inner))
        elif declared.names == name and declared.part is not None and self._case is not None:
            parts: Mapping[str, Part] = getattr(self._case, declared.part)
            open_parts = [key for key in parts if self._may_name(self._case, key)]
            yield from (Option(key, self._tell.value(name, key).text) for key in open_parts)
        elif name in OF_UNITS or (name == "into" and self._case is not None and self._case.kind == "unit"):
            yield from _units(self._tell, office)
        elif name in OF_DEPUTIES or (name == "leader" and declared.kind == "group"):
            deputies = office.jurisdiction.deputies
            yield from (Option(one.id, f"{one.name}（{one.id}）") for one in deputies if one.on(office.day))
        elif name in OF_OUTCOMES and (scheme := office.rulebook.outcome_scheme) is not None:
            yield from (Option(letter, self._tell.value("outcome", letter).text) for letter in scheme.letters)
        elif name == "metric":
            yield from (Option(id, getattr(metric, self._tell.lang)) for id, metric in metrics().items())
        elif name in _OF_FIGURES:
            yield from (Option(one, value_name(self._tell, name, one)) for one in _OF_FIGURES[name]())
        elif name == "rulebook":
            yield from (Option(id, id) for id in rulebook_ids())
        elif name == "group":
            groups = office.jurisdiction.groups
            yield from (Option(one.code, getattr(one, self._tell.lang)) for one in groups if one.on(office.day))

    def _kinds(self, name: str) -> tuple[str, ...]:
        """Of which kinds the case may be that a field names; a suggestion names its like."""
        own = self.step.declared.kind
        return ("suggestion",) if own == "suggestion" else OF_CASES.get(name, ())

    # From what was given to a step

    def _said(self, model: type[BaseModel], values: Mapping[str, Sequence[str]], prefix: str) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for name, info in model.model_fields.items():
            path = f"{prefix}{name}"
            if not self._offers(path, name):
                continue
            kind, inner = _kind_of(name, info)
            texts = self._texts_given(kind, name, path, values)
            if (fixed := self._fixed(name)) is not None:
                said[name] = fixed
            elif kind == "check":
                said[name] = bool(texts)
            elif kind == "rows":
                rows = [self._said(inner, values, f"{path}.{i}.") for i in _rows_in(values, path, self._begun)]
                said[name] = [row for row in rows if any(value not in (False, []) for value in row.values())]
            elif kind in {"lines", "some_of", "cases"}:
                said[name] = texts
            elif texts:
                said[name] = texts[0]
        return said

    def _texts_given(self, kind: Kind, name: str, path: str, values: Mapping[str, Sequence[str]]) -> list[str]:
        """What was given for a field: what stands on lines of its own apart, a case by its id."""
        texts = [text.replace("\r\n", "\n").strip() for text in values.get(path, ()) if text.strip()]
        if kind in {"lines", "cases"}:
            texts = [line.strip() for text in texts for line in text.split("\n") if line.strip()]
        if kind in {"case", "cases"}:
            return [self._tell.cases.found(text, self._kinds(name), path) for text in texts]
        return texts


def faults(tell: Teller, error: ValidationError) -> dict[str, str]:
    """What is wrong, by the names of the fields."""
    return {
        ".".join(str(part) for part in fault["loc"]): tell.say.fault(fault["type"], fault.get("ctx", {}))
        for fault in error.errors(include_url=False, include_input=False)
    }


class CorrectionForm(Form):
    """The form of a step that was recorded, filled in with what it says."""

    def __init__(self, standing: Recorded, tell: Teller, asker: Principal, case: Case | None) -> None:
        super().__init__(type(standing.step), tell, asker, case, standing.act.occurred_on)
        self._recorded = standing.step
        self.values = dict(self._texts(standing.step, ""))
        """What it says, as a form would post it."""

    @property
    def fixed(self) -> list[str]:
        """What the fields are called that no correction may touch."""
        return [self._tell.label(name) for name in self.step.model_fields if not self._offers(name, name)]

    def changes(self, values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The fields that differ from what was recorded, with their right values.

        A ValidationError names what cannot be.
        """
        was, now = self._said(self.step, self.values, ""), self._said(self.step, values, "")
        offered = [name for name in self.step.model_fields if self._offers(name, name)]
        unsaid = self._personal - now.keys()
        kept = self._recorded.model_dump(mode="json", exclude=set(offered) - unsaid, exclude_none=True)
        right = self.step.model_validate({**kept, **now}).model_dump(mode="json")
        return {name: right[name] for name in offered if was.get(name) != now.get(name)}

    def _offers(self, path: str, name: str) -> bool:
        rows = getattr(self._recorded, name, ()) if path == name else ()
        too_many = isinstance(rows, tuple) and len(rows) > MOST_ROWS and isinstance(rows[0], BaseModel)
        return super()._offers(path, name) and not too_many and (path != name or name not in self.step.declared.fixed)

    def _fixed(self, name: str) -> None:
        """Nothing follows from who corrects."""

    def _may_name(self, case: Case, key: str) -> bool:  # noqa: ARG002 - the hook's signature
        return True

    @cached_property
    def _personal(self) -> frozenset[str]:
        """What is a person's own: it is not shown, and stays as it is where nothing is given."""
        return frozenset(personal_fields(self.step))

    def _field(self, path: str, name: str, info: FieldInfo, given: Given) -> FieldView:
        """Also what was chosen then, and could not be chosen now."""
        view = super()._field(path, name, info, given)
        if name in self._personal:
            return replace(view, required=False)
        if view.kind not in {"one_of", "some_of"}:
            return view
        missing = {text for text in self.values.get(path, ()) if text} - {option.value for option in view.options}
        options = [Option(text, self._tell.value(name, text).text) for text in sorted(missing)]
        return replace(view, options=(*view.options, *options))

    def _texts(self, said: BaseModel, prefix: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name, info in type(said).model_fields.items():
            path, value = f"{prefix}{name}", getattr(said, name)
            kind, inner = _kind_of(name, info)
            if value is None or isinstance(value, Personal) or not self._offers(path, name):
                continue
            if kind == "rows":
                for i, row in enumerate(value):
                    yield from self._texts(row, f"{path}.{i}.")
            elif kind == "check":
                yield path, ("1",) if value else ()
            elif isinstance(value, tuple):
                place = {option.value: i for i, option in enumerate(self._options(name, inner))}
                texts = map(str, value)
                yield path, tuple(sorted(texts, key=lambda text: place.get(text, len(place))) if place else texts)
            else:
                yield path, (str(value).lower() if isinstance(value, bool) else str(value),)


def _from_here(step: type[Step], tell: Teller, asker: Principal) -> dict[str, str]:
    """What a step that opens a case says because of where whoever asks is: nobody opens one elsewhere."""
    if not issubclass(step, Opening):
        return {}
    said = {step.under: asker.jurisdiction}
    return said | {"time_zone": tell.zone} if step.model_fields["time_zone"].is_required() else said


def _units(tell: Teller, office: Office) -> Iterator[Option]:
    for unit in office.jurisdiction.units_on(office.day):
        yield Option(unit.code, str(getattr(unit, tell.lang)))


def _within(at: str, path: str, kind: Kind) -> bool:
    """Whether a fault lies inside a field that shows its parts as one."""
    return kind in {"lines", "some_of", "cases"} and at.startswith(f"{path}.")


def _rows_in(values: Mapping[str, Sequence[str]], path: str, filled_in: Container[str]) -> list[int]:
    """The numbers of the rows in which something was given, and not only in the fields that the form fills in."""
    found = set()
    for name, texts in values.items():
        by_hand = name.rpartition(".")[2] not in filled_in
        if by_hand and name.startswith(f"{path}.") and any(text.strip() for text in texts):
            index = _INDEX.match(name.removeprefix(f"{path}."))
            if index is not None and int(index[1]) < MOST_ROWS:
                found.add(int(index[1]))
    return sorted(found)


def _kind_of(name: str, info: FieldInfo) -> tuple[Kind, Any]:  # noqa: PLR0911 - one line for each kind
    """How a field is asked for, and the type of what it holds, or of each thing that it holds."""
    inner, may_be_none = _bare(info.annotation)
    if inner is bool:
        return ("yes_no" if may_be_none else "check"), bool
    if inner is int:
        return "number", int
    if inner is date:
        return "date", date
    if get_origin(inner) is Literal or (isinstance(inner, type) and issubclass(inner, StrEnum)):
        return "one_of", inner
    if get_origin(inner) is tuple:
        each = _bare(get_args(inner)[0])[0]
        if isinstance(each, type) and issubclass(each, BaseModel):
            return "rows", each
        if isinstance(each, type) and issubclass(each, StrEnum):
            return "some_of", each
        if Named.CASE in marks((info.annotation, *info.metadata)):
            return "cases", each
        return ("some_of" if name in OF_UNITS | OF_DEPUTIES else "lines"), each
    if Named.CASE in marks((info.annotation, *info.metadata)):
        return "case", inner
    most, _ = _limits(info)
    return ("text" if most is not None and most > _LONG_TEXT else "line"), inner


def _bare(annotation: Any) -> tuple[Any, bool]:
    """A type without its annotations, and whether it may be missing."""
    may_be_none = False
    while True:
        if get_origin(annotation) in {Union, UnionType}:
            kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
            may_be_none, annotation = True, kinds[0]
        elif hasattr(annotation, "__metadata__") or get_origin(annotation) is Personal:
            annotation = get_args(annotation)[0]
        else:
            return annotation, may_be_none


def _limits(info: FieldInfo) -> tuple[int | None, int | None]:
    """The longest text or the largest number, and the smallest number, that a field takes."""
    annotation = info.annotation
    metadata = list(info.metadata)
    if get_origin(annotation) in {Union, UnionType}:
        annotation = next(kind for kind in get_args(annotation) if kind is not NoneType)
    if get_origin(annotation) is Personal:
        (annotation,) = get_args(annotation)
    metadata += getattr(annotation, "__metadata__", ())
    most = least = None
    for one in metadata:
        most = getattr(one, "max_length", None) or getattr(one, "le", None) or most
        at_least = getattr(one, "ge", None)
        least = least if at_least is None else at_least
    return most, least
