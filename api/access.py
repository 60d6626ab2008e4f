"""The access log as it is asked for: by person, kind, case and day."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field

from api.trail import EARLIEST, LATEST
from api.words import Words
from domain.access import AccessFilter, AccessKind
from domain.moment import start_of_day
from domain.values import Code, Line
from projections.sheet import Format


class AccessQuery(BaseModel):
    """Which lines, and where the page begins."""

    model_config = ConfigDict(extra="forbid")

    actor: Code | None = Field(None, description="Who asked", examples=["u-17"])
    kind: AccessKind | None = Field(None, description="Refusals, reads, or how many refusals are not told")
    case: Line | None = Field(None, description="Id of the case")
    person: Code | None = Field(None, description="Key of a person in the case: who read of him")
    since: date | None = Field(None, ge=EARLIEST, le=LATEST, description="First day")
    until: date | None = Field(None, ge=EARLIEST, le=LATEST, description="Last day")
    before: int | None = Field(None, ge=1, le=2**62, description="Only numbers before this one: the next page")

    def wanted(self, jurisdiction: str, zone: str) -> AccessFilter:
        """The filter that it means, of the people of a jurisdiction; days are those of the zone."""
        return AccessFilter(
            jurisdiction=jurisdiction,
            actor=self.actor,
            kind=self.kind,
            case=self.case,
            person=self.person,
            since=None if self.since is None else start_of_day(self.since, zone),
            until=None if self.until is None else start_of_day(self.until + timedelta(days=1), zone),
        )


class AccessExportQuery(AccessQuery):
    """Which lines, as a file."""

    format: Format = Field("xlsx", description="A workbook with a cover, or CSV for any program")


def why(say: Words, code: str | None) -> str | None:
    """Why somebody was refused, as others hear it: of what he was told that there is none, that it is not his."""
    own = f"access.why.{code}"
    return None if code is None else say(own) if own in say else say.label("title", code)
