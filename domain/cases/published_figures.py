"""Published figures (公布数据): what a document said, with all that is needed to count it again to the digit.

A figure that was published is not changed afterwards: what was wrong is published anew, and the old one withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import auto
from typing import Self

from pydantic import Field

from domain.case import CASE_TYPES, EVERYBODY, Act, Case, Facts, Opening, Step
from domain.figure import FigureBasis, Reckoner, StatedFigure
from domain.matter import OFFICE
from domain.office import Office
from domain.procedure import require_stage
from domain.refusal import Refused
from domain.values import Line, Text, Word

MOST_FIGURES = 50


@dataclass
class PublishedFigures(Case, kind="published_figures", zh="公布数据"):
    """公布数据: published with a document, perhaps withdrawn."""

    class Stage(Word):
        PUBLISHED = auto()
        WITHDRAWN = auto()

    title: str = ""
    document_number: str | None = None
    published_on: date | None = None
    published_by: str | None = None
    as_of: date | None = None
    position: int = 0
    basis: FigureBasis | None = None
    figures: tuple[StatedFigure, ...] = ()
    withdrawn_on: date | None = None
    withdrawn_why: str | None = None

    def facts(self) -> Facts:
        """What lists show: the document, and whether it was withdrawn."""
        return Facts(
            title=self.title,
            number=self.document_number,
            session=None,
            person=None,
            unit=None,
            units=(),
            opened_on=self.published_on,
            handed_over_on=None,
            due_on=None,
            estimate=False,
            answered_on=None,
            extended=False,
            rounds=0,
            grade=None,
            over=self.stage == self.Stage.WITHDRAWN,
        )

    def audience(self) -> Iterator[str]:
        """Whoever signs in: it was published."""
        yield EVERYBODY


Stage = PublishedFigures.Stage


class FiguresPublished(
    Opening,
    of=PublishedFigures,
    wire="published_figures.published.v1",
    zh="公布数据",
    opens=True,
    leads_to=Stage.PUBLISHED,
    by=OFFICE,
    fixed=("as_of", "ledger_position", "figures", "basis"),
    stands=True,
):
    """Figures are published with a document, such as a report; they are counted when this is recorded."""

    title: Line
    """Of the document."""
    document_number: Line | None = None
    as_of: date
    """The day of which the figures are, to its end."""
    ledger_position: int | None = Field(default=None, ge=1)
    """Up to which position of the ledger they are counted; filled in when recorded, with the last one."""
    figures: tuple[StatedFigure, ...] = Field(min_length=1, max_length=MOST_FIGURES)
    basis: FigureBasis | None = None
    """Filled in when recorded."""

    def check(self, case: PublishedFigures | None, office: Office) -> None:
        """Refuse figures of a later day than that of the document, and of what there is not."""
        if self.as_of > office.day:
            raise Refused("figures-after-document", field="as_of", as_of=self.as_of.isoformat())
        then = office.jurisdiction.on(self.as_of)
        for place, figure in enumerate(self.figures):
            _require_named(figure, then, f"figures.{place}")

    def reckoned(self, reckoner: Reckoner) -> Self:
        """With what was counted; a number that was given, and is another, is refused with both."""
        found = reckoner.reckon(self.jurisdiction, self.as_of, self.ledger_position, self.figures)
        for place, (said, counted) in enumerate(zip(self.figures, found.figures, strict=True)):
            if said.differs_from(counted):
                raise Refused(
                    "figure-is-another",
                    field=f"figures.{place}",
                    metric=counted.metric,
                    said=_in_words(said),
                    counted=_in_words(counted),
                )
        return self.model_copy(
            update={"ledger_position": found.position, "figures": tuple(found.figures), "basis": found.basis}
        )

    def apply(self, case: PublishedFigures, act: Act) -> None:
        case.title, case.document_number = self.title, self.document_number
        case.published_on, case.published_by = act.occurred_on, act.actor
        case.as_of, case.position, case.basis = self.as_of, self.ledger_position or 0, self.basis
        case.figures = self.figures


def _require_named(figure: StatedFigure, office: Office, field: str) -> None:
    """Refuse a filter that names what there was not on the day: it would leave nothing."""
    day, place = office.day.isoformat(), office.jurisdiction
    if figure.unit is not None and place.unit(figure.unit, office.day) is None:
        raise Refused("unknown-unit", field=f"{field}.unit", unit=figure.unit, day=day)
    if figure.person is not None and place.registry == "closed" and place.deputy(figure.person, office.day) is None:
        raise Refused("unknown-deputy", field=f"{field}.person", deputy=figure.person, day=day)
    if figure.group is not None and place.group(figure.group, office.day) is None:
        raise Refused("unknown-group", field=f"{field}.group", group=figure.group, day=day)
    if figure.kind is not None and figure.kind not in CASE_TYPES:
        raise Refused("value-not-allowed", field=f"{field}.kind", reason="enum")
    if figure.stage is not None:
        require_stage(figure.stage, f"{field}.stage")


def _in_words(figure: StatedFigure) -> str:
    """A figure as a refusal tells it: `3 / 4 = 0.750`, as far as it says so."""
    fraction = " / ".join(str(number) for number in (figure.numerator, figure.denominator) if number is not None)
    value = "" if figure.value is None else f"{figure.value:.3f}"
    return " = ".join(part for part in (fraction, value) if part)


class FiguresWithdrawn(
    Step,
    of=PublishedFigures,
    wire="published_figures.withdrawn.v1",
    zh="撤回公布数据",
    while_in={Stage.PUBLISHED},
    leads_to=Stage.WITHDRAWN,
    by=OFFICE,
):
    """The figures are withdrawn, and why; that they were published stays."""

    reason: Text

    def apply(self, case: PublishedFigures, act: Act) -> None:
        case.withdrawn_on, case.withdrawn_why = act.occurred_on, self.reason
