"""The audit trail: who recorded what, when, in which role and for whom, over all cases of a jurisdiction."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.functional_validators import AfterValidator

from domain.case import STEPS
from domain.moment import start_of_day
from domain.values import Code, Line
from projections.reading import TrailFilter
from projections.sheet import Format

EARLIEST, LATEST = date(2000, 1, 1), date(9998, 12, 31)


def _known(step: str) -> str:
    if step not in STEPS:
        raise ValueError(f"there is no step {step}")
    return step


class TrailQuery(BaseModel):
    """Which recorded steps, and where the page begins."""

    model_config = ConfigDict(extra="forbid")

    actor: Code | None = Field(None, description="Who recorded it", examples=["u-17"])
    step: Annotated[str, AfterValidator(_known)] | None = Field(
        None, description="Stored name of the step", examples=["suggestion.handed_over.v1"]
    )
    case: Line | None = Field(None, description="Id or number of the case")
    unit: Code | None = Field(None, description="The unit that it is about, or for which it was recorded")
    since: date | None = Field(None, ge=EARLIEST, le=LATEST, description="First day on which it was recorded")
    until: date | None = Field(None, ge=EARLIEST, le=LATEST, description="Last day on which it was recorded")
    late: bool = Field(default=False, description="Only what was recorded as something that had happened earlier")
    before: int | None = Field(None, ge=1, le=2**62, description="Only positions before this one: the next page")

    def wanted(self, zone: str) -> TrailFilter:
        """The filter that it means; days are those of the zone."""
        return TrailFilter(
            actor=self.actor,
            step=self.step,
            case=self.case,
            unit=self.unit,
            since=None if self.since is None else start_of_day(self.since, zone),
            until=None if self.until is None else start_of_day(self.until + timedelta(days=1), zone),
            late=self.late,
        )


class TrailExportQuery(TrailQuery):
    """Which recorded steps, as a file."""

    format: Format = Field("xlsx", description="A workbook with a cover, or CSV for any program")
