"""Moments of a request: `as_of`, `known_at` and `position` in, the same three echoed in every answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from api.problems import ProblemError, ProblemItem
from api.services import Services
from api.words import Words
from domain.moment import Moment, UnreadableTimeError, parse_moment

LAST_POSITION = 2**63 - 1
_SHOWN = 100
_SOON = 0.05
"""Seconds within which the case list usually shows what was just recorded; only after them is the ledger asked."""

Position = Annotated[int, Field(ge=0, le=LAST_POSITION)]


class MomentQuery(BaseModel):
    """At which moment to look. A date means the whole day, in the jurisdiction's time zone."""

    model_config = ConfigDict(extra="forbid")

    as_of: str | None = Field(
        None, description="What was true then: a date, or an instant with its offset. By default now.",
        examples=["2026-03-31"],
    )  # fmt: skip
    known_at: str | None = Field(
        None, description="What had been recorded by then. By default now; excludes `position`.",
        examples=["2026-04-15T09:30:00+08:00"],
    )  # fmt: skip
    position: Position | None = Field(None, description="What had been recorded up to this position of the ledger")
    min_position: Position | None = Field(
        None, description="Wait until this position has been read, such as the `Duban-Position` of an own write"
    )


class Meta(BaseModel):
    """The moment that an answer is about."""

    as_of: str = Field(json_schema_extra={"format": "date-time"}, description="What was true then")
    known_at: str | None = Field(
        None, json_schema_extra={"format": "date-time"}, description="What had been recorded by then, where asked for"
    )
    position: int = Field(description="The last position of the ledger that is counted; freezes the answer")

    @property
    def headers(self) -> dict[str, str]:
        """The moment as headers."""
        return {"Duban-As-Of": self.as_of, "Duban-Position": str(self.position)}


class Asked:
    """The moment that a request means, and how its answer says so."""

    def __init__(self, query: MomentQuery, zone: str, tell: Words) -> None:
        self.zone = zone
        self.as_of = _read("as_of", query.as_of, zone, tell)
        self.known_at = _read("known_at", query.known_at, zone, tell)
        self.position = query.position
        self.min_position = query.min_position
        if self.known_at is not None and self.position is not None:
            item = ProblemItem(
                pointer=None, parameter="position", code="moment-excludes", detail=tell("moment-excludes")
            )
            raise ProblemError("moment-excludes", errors=[item])

    def of_lists(self, services: Services) -> Moment:
        """The moment in the projections, once they have read what the request wants to see."""
        wanted = max(self.position or 0, self.min_position or 0)
        reached = services.views.wait_for(wanted, _SOON)
        if reached < wanted:
            self._require_recorded(services, wanted)
            reached = services.views.wait_for(wanted)
        if reached < wanted:
            raise ProblemError("not-caught-up", position=wanted)
        return services.views.moment(self.as_of, self.known_at, self.position, reached)

    def of_case(self, services: Services) -> Moment:
        """The moment of a single case, which is read from the ledger itself and so waits for nothing."""
        head = self._require_recorded(services, max(self.position or 0, self.min_position or 0))
        known = self.position
        if known is None:
            known = head if self.known_at is None else services.docket.position_at(self.known_at)
        return Moment(self.as_of or datetime.now(UTC), known)

    def meta(self, moment: Moment) -> Meta:
        """The moment as the answer says it."""
        return Meta(
            as_of=written(moment.as_of, self.zone),
            known_at=None if self.known_at is None else written(self.known_at, self.zone),
            position=moment.known,
        )

    @staticmethod
    def _require_recorded(services: Services, position: int) -> int:
        head = services.docket.head()
        if position > head:
            raise ProblemError("position-ahead", position=position, head=head)
        return head


def written(instant: datetime, zone: str) -> str:
    """An instant as RFC 3339 in the zone; or in UTC, where the zone had odd seconds or has no such day."""
    try:
        local = instant.astimezone(ZoneInfo(zone))
    except OverflowError:
        return instant.astimezone(UTC).isoformat()
    offset = local.utcoffset() or timedelta()
    return (instant.astimezone(UTC) if offset.total_seconds() % 60 else local).isoformat()


def _read(parameter: str, text: str | None, zone: str, tell: Words) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_moment(text.strip(), zone)
    except UnreadableTimeError:
        item = ProblemItem(
            pointer=None, parameter=parameter, code="moment-unreadable", detail=tell("field.moment-unreadable")
        )
        raise ProblemError("moment-unreadable", errors=[item], given=text[:_SHOWN]) from None
