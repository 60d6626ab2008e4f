"""What the played suggestions are about, and how their papers are worded."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from domain.office import Jurisdiction


@dataclass(frozen=True, slots=True)
class Theme:
    """One thing to ask for at one place: the title's core, the request, and the work that follows from it."""

    matter: int
    place: str
    asked: str
    request: str
    work: str
    problem: str
    units: tuple[str, ...]
    """Those that would handle it, the one that leads first."""

    @property
    def title(self) -> str:
        """The title of a suggestion about it."""
        return f"关于{self.asked}的建议"


@dataclass(frozen=True)
class Wording:
    """The sentences of the papers, of which one is taken by chance."""

    sentences: Mapping[str, Sequence[str]]

    def one(self, chance: Random, kind: str, **named: object) -> str:
        """A sentence of that kind."""
        return chance.choice(self.sentences[kind]).format(**named)

    def body(self, chance: Random, *themes: Theme) -> str:
        """The text of a suggestion: what was found, and what is asked for point by point."""
        found = self.one(chance, "found") + "；".join(f"{theme.place}{theme.problem}" for theme in themes)
        points = [f"{theme.request}。" for theme in themes] + [self.one(chance, "also")]
        asked = "\n".join(f"{number}、{point}" for number, point in zip("一二三四五", points, strict=False))
        return f"{found}。为此建议：\n{asked}"


def themes_of(jurisdiction: Jurisdiction) -> list[Theme]:
    """Everything that may be asked for in a jurisdiction, by units that it has."""
    return list(_themes(jurisdiction))


def _themes(jurisdiction: Jurisdiction) -> Iterator[Theme]:
    places = _words()["places"][jurisdiction.code]
    for number, matter in enumerate(_words()["matters"]):
        units = tuple(code for code in matter["units"] if jurisdiction.unit(code) is not None)
        if units[:1] != (matter["units"][0],):
            continue
        for place in places[matter["place"]]:
            for which, (asked, request, work) in enumerate(matter["asks"]):
                problem = matter["problems"][which % len(matter["problems"])]
                yield Theme(number, place, asked.format(place=place), request, work, problem, units)


def wording() -> Wording:
    """The sentences of the papers."""
    return Wording(_words()["words"])


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "matters.toml").read_text(encoding="utf-8"))
