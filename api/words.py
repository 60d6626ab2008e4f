"""Words: what message ids, stages and roles are called, in Chinese and in English."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from domain.case import CASE_TYPES, STEPS

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

_COMMA: dict[Language, str] = {"zh": "、", "en": ", "}
_LONGEST = 200
_CHOICE = re.compile("'([^']*)'")
"""Of pydantic's `'a', 'b' or 'c'`."""
_TABLES = {"stage": "stage", "open_in": "stage", "role": "role", "other": "role", "by": "role",
            "level": "page.level", "above": "page.level", "mode": "page.ballotmode",
            "kind_of_act": "page.actkind", "rated": "page.rating", "polled": "page.rating"}  # fmt: skip
"""Parameters whose values have labels, and the table of them."""


def language(accepted: str | None) -> Language:
    """The language that an Accept-Language header prefers; Chinese where it names neither."""
    best: tuple[float, Language] = (0.0, "zh")
    for choice in (accepted or "")[:_LONGEST].lower().split(","):
        name, _, quality = choice.partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        tongue = next((known for known in LANGUAGES if name.strip().partition("-")[0] == known), None)
        if tongue is not None and weight > best[0]:
            best = (weight, tongue)
    return best[1]


class Words:
    """One language's words: call it with a message id and its parameters."""

    def __init__(self, tongue: Language, entries: Mapping[str, str]) -> None:
        self.language = tongue
        self.entries = entries

    def __contains__(self, message_id: str) -> bool:
        return message_id in self.entries

    def __call__(self, message_id: str, /, **params: object) -> str:
        """The sentence of a message id, or the id itself where there is none."""
        template = self.entries.get(message_id)
        return message_id if template is None else template.format_map(_Told(self, params))

    def label(self, table: str, name: object) -> str:
        """The label of a stage, a role, …; the name itself where there is none."""
        return self.entries.get(f"{table}.{name}", str(name))

    def told(self, name: str, value: object) -> str:
        """A parameter as people call it."""
        if isinstance(value, (list, tuple, set, frozenset)):
            return _COMMA[self.language].join(self.told(name, item) for item in value) or "—"
        text = str(value)[:_LONGEST]
        if name in _TABLES:
            return self.label(_TABLES[name], text)
        if name == "step" and text in STEPS:
            return self.step(text)
        if name == "kind" and text in CASE_TYPES and self.language == "zh":
            return CASE_TYPES[text].zh
        if name == "expected" and (choices := _CHOICE.findall(text)):
            return self.told(name, choices)
        return text.rpartition(":")[2] if name == "claim" else text

    def fault(self, kind: str, limits: Mapping[str, object]) -> str:
        """Why a value is not allowed: a kind of pydantic's or of ours, and the limits that it names."""
        known = kind if f"field.{kind}" in self else "other"
        return self(f"field.{known}", **{**limits, "kind": kind})

    def step(self, wire: str) -> str:
        """A declared step's label."""
        declared = STEPS[wire].declared
        return declared.zh if self.language == "zh" else declared.en


class _Told(dict[str, Any]):
    """A message's parameters, told when they are asked for."""

    def __init__(self, words: Words, params: Mapping[str, object]) -> None:
        super().__init__(params)
        self._words = words

    def __getitem__(self, name: str) -> str:
        if name not in self:
            return "…"
        value = super().__getitem__(name)
        return self._words.fault(value, self) if name == "reason" else self._words.told(name, value)


@cache
def words(tongue: Language) -> Words:
    """The words of a language: those of its own file, and those that the case types bring in both languages."""
    folder = resources.files("api") / "i18n"
    entries = dict(_flat(_read(folder / f"{tongue}.toml")))
    for file in sorted((folder / "cases").iterdir(), key=lambda file: file.name):
        for key, text in _flat(_read(file)):
            name, _, language = key.rpartition(".")
            if language == tongue:
                entries[name] = text
    return Words(tongue, entries)


def _read(file: Traversable) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
