"""Asked: of what figures are asked, and how that is counted in a jurisdiction on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

from domain.figure import StatedFigure
from domain.office import Jurisdiction
from projections.reading import Dimension, FigureFilter

By = Literal["unit", "person", "group", "constituency", "committee", "kind", "stage", "session", "year", "jurisdiction"]
"""By what figures are told apart; group and constituency are those of the deputy who brought it, on the day."""
OF_DEPUTIES = frozenset({"group", "constituency"})


@dataclass(frozen=True)
class Asked:
    """Of what figures are asked: every dimension that is left open is None."""

    unit: str | None = None
    person: str | None = None
    group: str | None = None
    constituency: str | None = None
    committee: str | None = None
    kind: str | None = None
    stage: str | None = None
    session: str | None = None
    year: int | None = None
    without: By | None = None
    """A dimension of which there is no value, such as suggestions that no unit leads."""

    @property
    def named(self) -> dict[str, str | int]:
        """The dimensions that are not left open."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def of(self, subject: str, jurisdiction: Jurisdiction, day: date) -> FigureFilter:
        """What is to be counted of a subject."""
        places = [place for one in jurisdiction.all_deputies() if (place := jurisdiction.deputy(one.id, day))]
        persons = but_persons = None
        if self.group is not None or self.constituency is not None:
            persons = frozenset(
                place.id
                for place in places
                if self.group in {None, place.group} and self.constituency in {None, place.constituency}
            )
        if self.without in OF_DEPUTIES:
            but_persons = frozenset(place.id for place in places if getattr(place, str(self.without)) is not None)
        return FigureFilter(
            subject,
            jurisdiction=jurisdiction.code,
            unit=self.unit,
            person=self.person,
            persons=persons,
            but_persons=but_persons,
            committee=self.committee,
            kind=self.kind,
            stage=self.stage,
            session=self.session,
            year=self.year,
            without=None if self.without in OF_DEPUTIES else cast("Dimension | None", self.without),
        )


def of_stated(figure: StatedFigure) -> Asked:
    """Of what a figure is that a document states."""
    return Asked(**figure.filter)
