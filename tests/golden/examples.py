"""Examples of a step made from its declaration alone: every field filled, or only those that it must have."""

from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from domain.case import Step

LAST_YEAR, NEXT_YEAR = date(2025, 3, 1), date(2027, 3, 1)
WHEN = datetime(2026, 3, 9, tzinfo=timezone(timedelta(hours=8)))
PLACE = "cn-999900"
_LONGEST_CODE = 100
_UNITS = ("jtj", "zjj", "slj")
_HELPERS = ("czj", "jyj", "cgj")
_SCORES = (72, 51, 88)
_BY_NAME: dict[str, Any] = {
    "jurisdiction": PLACE,
    "time_zone": "Asia/Shanghai",
    "members": 31,
    "eligible": 31,
    "present": 30,
    "votes_for": 28,
    "votes_against": 1,
    "abstentions": 1,
    "not_voted": 0,
    "satisfied": 25,
    "basically_satisfied": 3,
    "dissatisfied": 1,
    "invalid": 1,
    "year": 2026,
    "until_year": 2030,
    "pass_mark": 60,
    "sha256": "5e" * 32,
}
"""What a field of that name holds in every example: numbers that agree with each other and with the sample city."""


def example_of(step: type[Step], variant: int = 0, *, bare: bool = False, **fields: Any) -> Step:
    """An example; another variant has other keys, units and words. `bare` leaves out what may be left out."""
    return step.model_validate(_filled(step, variant, bare=bare) | fields)


def variants_of(step: type[Step]) -> Iterator[Step]:
    """Examples that differ in their keys, words and in what is left out."""
    yield from (example_of(step, variant) for variant in range(3))
    yield from (example_of(step, variant, bare=True) for variant in range(2))


def _filled(model: type[BaseModel], variant: int, *, bare: bool = False) -> dict[str, Any]:
    return {
        name: _value(name, field, variant)
        for name, field in model.model_fields.items()
        if field.is_required() or not bare
    }


def _value(name: str, field: FieldInfo, variant: int) -> Any:
    if name == "score":
        return _SCORES[variant % len(_SCORES)]
    if name.endswith("since"):
        return LAST_YEAR
    if name in _BY_NAME and field.annotation is not tuple and get_origin(field.annotation) is not tuple:
        return _BY_NAME[name]
    return _of_type(name, field.annotation, [*field.metadata], variant)


def _of_type(name: str, kind: Any, metadata: list[Any], variant: int) -> Any:  # noqa: C901, PLR0911, PLR0912 - one line per type
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _of_type(name, args[0], [*metadata, *args[1:]], variant)
    if origin in {Union, types.UnionType}:
        return _of_type(name, next(arg for arg in args if arg is not types.NoneType), metadata, variant)
    if origin is Literal:
        return args[variant % len(args)]
    if origin is tuple:
        return (_of_type(name, args[0], metadata, variant),)
    if not isinstance(kind, type):
        raise TypeError(f"no example of {name}: {kind}")
    if issubclass(kind, Enum):
        return list(kind)[variant % len(kind)]
    if issubclass(kind, BaseModel):
        return _filled(kind, variant)
    if kind is bool:
        return variant % 2 == 0
    if kind is int:
        return max([1, *(m.ge for m in metadata if hasattr(m, "ge"))]) + variant
    if kind is float:
        return 0.5
    if issubclass(kind, datetime):
        return WHEN
    if issubclass(kind, date):
        return NEXT_YEAR
    if kind is str:
        return _text(name, metadata, variant)
    raise TypeError(f"no example of {name}: {kind}")


def _text(name: str, metadata: list[Any], variant: int) -> str:
    longest = min((m.max_length for m in metadata if isinstance(m, StringConstraints) and m.max_length), default=10**6)
    if longest > _LONGEST_CODE:
        return f"示例{variant + 1}" if name != "number" else f"云人常〔2026〕{variant + 1}号"
    if name == "co_units":
        return _HELPERS[variant % len(_HELPERS)]
    if name == "unit" or name.endswith(("_unit", "units")):
        return _UNITS[variant % len(_UNITS)]
    if name in DEPUTY_FIELDS:
        return f"d-00{variant % 3 + 1}"
    return f"{variant + 1}"


DEPUTY_FIELDS = frozenset({"deputy", "deputies", "invited", "attended", "sitting_in"})
UNIT_FIELDS = ("unit", "units")
"""How the names of fields end that hold units."""
