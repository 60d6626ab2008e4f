"""Figures that a document states (公布数据): of what, by which definition, and what they stand on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from domain.refusal import Refused
from domain.values import Code, DeputyId, Line, UnitCode


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StatedFigure(_Stored):
    """One figure: a metric of what the filter leaves, and what it is. The numbers are counted when it is recorded."""

    metric: Code
    version: int | None = Field(default=None, ge=1)
    """Of its definition; by default the one in use."""
    unit: UnitCode | None = None
    person: DeputyId | None = None
    """The deputy who brought it, or whom it is about."""
    group: Code | None = None
    """The deputies' group of that deputy, on the day."""
    constituency: Line | None = None
    committee: Line | None = None
    kind: Code | None = None
    stage: Code | None = None
    session: Line | None = None
    year: int | None = Field(default=None, ge=1949, le=9998)
    """In which it was brought."""
    value: float | None = Field(default=None, allow_inf_nan=False)
    """A share of 1, or a number; none where there is nothing to divide by. What is given has to be what is counted."""
    numerator: int | None = Field(default=None, ge=0)
    denominator: int | None = Field(default=None, ge=0)
    """None of a number."""
    population: int | None = Field(default=None, ge=0)
    """Of how many it could be known, where the metric says so."""

    @property
    def ref(self) -> str:
        """The metric in the version by which it is counted."""
        return self.metric if self.version is None else f"{self.metric}@{self.version}"

    @property
    def filter(self) -> dict[str, Any]:
        """Of what it is: the dimensions that were named."""
        numbers = {"metric", "version", "value", "numerator", "denominator", "population"}
        return self.model_dump(exclude=numbers, exclude_none=True)

    def differs_from(self, counted: StatedFigure) -> bool:
        """Whether a number that was given is not the one that was counted; shares to a tenth of a per cent."""
        pairs = [
            (self.numerator, counted.numerator),
            (self.denominator, counted.denominator),
            (self.population, counted.population),
            (_in_print(self.value), _in_print(counted.value)),
        ]
        return any(said is not None and said != found for said, found in pairs)


def _in_print(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


class FigureBasis(_Stored):
    """What figures stand on: the rules in force, and the checkpoint of the audit log that covers the position."""

    rulebook: Line
    calendar: Line
    log: Line
    """Name of the audit log."""
    records: int = Field(ge=1)
    """How many records the checkpoint covers."""
    root: Line
    """Root of the log with so many records, in base64."""


class Reckoned(NamedTuple):
    """Figures as they were counted."""

    position: int
    basis: FigureBasis
    figures: Sequence[StatedFigure]


class Reckoner(Protocol):
    """What the docket needs of whoever counts figures."""

    def reckon(self, jurisdiction: str, as_of: date, position: int | None, figures: Sequence[StatedFigure]) -> Reckoned:
        """The figures of a whole jurisdiction at the end of a day, as known at a position; None is now."""


class NoReckoner:
    """Counts nothing: no figure can be published."""

    def reckon(
        self,
        jurisdiction: str,  # noqa: ARG002 - the protocol's
        as_of: date,  # noqa: ARG002 - the protocol's
        position: int | None,  # noqa: ARG002 - the protocol's
        figures: Sequence[StatedFigure],  # noqa: ARG002 - the protocol's
    ) -> Reckoned:
        """Always refused."""
        raise Refused("figures-not-counted")
