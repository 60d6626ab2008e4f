"""Metrics (指标): what a figure is called, how it is counted, and what to beware of. The definitions are data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.refusal import Refused
from projections.counting import SUBJECTS

FEW = 5
"""Below so many in the denominator a rate is marked: one case more or less moves it too far."""

_Text = Annotated[str, Field(min_length=1)]


class Data(BaseModel):
    """What a definition file says, with nothing that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Told(Data):
    """The same in both languages."""

    zh: _Text
    en: _Text


class Metric(Data):
    """One metric, as the definition file says it."""

    id: _Text
    version: Annotated[int, Field(ge=1)]
    subject: _Text
    """What is counted: a name of `projections.counting.SUBJECTS`."""
    zh: _Text
    en: _Text
    numerator: Annotated[tuple[_Text, ...], Field(min_length=1)]
    denominator: tuple[_Text, ...] = ()
    """Empty where it is a number and not a rate."""
    without: tuple[_Text, ...] = ()
    """Measures that are taken from the denominator."""
    population: tuple[_Text, ...] = ()
    """Of how many it could be known; the rest is taken as bad for the floor, and as good for the ceiling."""
    lower_is_better: bool = False
    """Whether among several the least comes first."""
    formula: Told
    caution: Told | None = None
    source: _Text
    earlier: tuple[Metric, ...] = ()
    """How it was defined before: each version that was ever told of, so that an old figure can be counted again."""

    @model_validator(mode="after")
    def _counts_what_there_is(self) -> Self:  # noqa: N804 - of an instance, after it was read
        known = SUBJECTS.get(self.subject)
        if known is None:
            raise ValueError(f"nothing counts {self.subject}")
        if strange := set(self.measures) - set(known.measures):
            raise ValueError(f"{self.subject} has no measure {sorted(strange)}")
        return self

    @property
    def measures(self) -> tuple[str, ...]:
        """Every measure that it needs, each once."""
        return tuple(dict.fromkeys([*self.numerator, *self.denominator, *self.without, *self.population]))

    @property
    def ref(self) -> str:
        """How this version of it is named, such as `reply_rate@1`."""
        return f"{self.id}@{self.version}"

    @property
    def in_use(self) -> bool:
        """Whether it is how the metric is defined now."""
        return metrics()[self.id].version == self.version

    @property
    def is_rate(self) -> bool:
        """Whether it is a share of something."""
        return bool(self.denominator)


@dataclass(frozen=True)
class Figure:
    """A metric of some cases at a moment, with what is needed to judge it."""

    numerator: int
    denominator: int | None
    population: int | None

    @property
    def value(self) -> float | None:
        """The share, or the number itself; None where there is nothing to divide by."""
        if self.denominator is None:
            return float(self.numerator)
        return self.numerator / self.denominator if self.denominator else None

    @property
    def few(self) -> bool:
        """Whether the rate rests on so little that it is to be marked."""
        return self.denominator is not None and self.denominator < FEW

    @property
    def coverage(self) -> float | None:
        """Of how much of what could be known it is known."""
        return self._of_population(self.denominator)

    @property
    def floor(self) -> float | None:
        """The rate, if all that is not known were bad."""
        return self._of_population(self.numerator)

    @property
    def ceiling(self) -> float | None:
        """The rate, if all that is not known were good."""
        if self.population is None or self.denominator is None:
            return None
        return self._of_population(self.numerator + max(0, self.population - self.denominator))

    def _of_population(self, number: int | None) -> float | None:
        return None if number is None or not self.population else min(1.0, number / self.population)


def figure_of(metric: Metric, counts: Mapping[str, int]) -> Figure:
    """The figure that follows from the sums of its measures."""
    denominator = _total(metric.denominator, counts) - _total(metric.without, counts) if metric.is_rate else None
    population = _total(metric.population, counts) if metric.population else None
    return Figure(_total(metric.numerator, counts), denominator, population)


def _total(measures: Sequence[str], counts: Mapping[str, int]) -> int:
    return sum([counts.get(measure, 0) for measure in measures])


def read_metrics(text: str) -> Mapping[str, Metric]:
    """Every metric of a definition file by its id, in the order of the file; each with all its versions."""
    found = {}
    for id, page in tomllib.loads(text).items():
        earlier = [{"id": id, **before} for before in page.pop("earlier", ())]
        found[id] = metric = Metric.model_validate({"id": id, **page, "earlier": earlier})
        if [one.version for one in metric.earlier] != list(range(1, metric.version)):
            raise ValueError(f"{id}: the versions before {metric.version} are not there, the oldest first")
    return found


@dataclass(frozen=True)
class Rank:
    """Which place a figure has among those that are ranked; equal ones share a place, and the next ones are left out.

    None where it is not ranked itself: there is nothing to divide by, or it rests on too few.
    """

    place: int | None
    of: int


def rank_of(metric: Metric, figure: Figure, among: Iterable[Figure]) -> Rank:
    """The place of a figure among others, itself one of them."""
    values = [one.value for one in among if one.value is not None and not one.few]
    if figure.value is None or figure.few:
        return Rank(None, len(values))
    own = figure.value
    better = sum(value < own if metric.lower_is_better else value > own for value in values)
    return Rank(better + 1, len(values))


@cache
def metrics() -> Mapping[str, Metric]:
    """Every metric by its id, as it is defined now."""
    return read_metrics(resources.files("projections").joinpath("metrics.toml").read_text("utf-8"))


def metric_named(id: str) -> Metric:
    """A metric by its id, or by `id@version` as it was defined in that version; refuses what there is not."""
    name, _, version = id.partition("@")
    if (found := metrics().get(name)) is None:
        raise Refused("unknown-metric", field="metric", metric=id, known=sorted(metrics()))
    if not version:
        return found
    told = {str(one.version): one for one in (*found.earlier, found)}
    if version not in told:
        raise Refused("unknown-metric-version", field="metric", metric=name, version=version, known=sorted(told))
    return told[version]
