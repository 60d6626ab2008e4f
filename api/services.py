"""What the API and the pages need of the services that `adapters/wiring.py` builds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol

from fastapi import Request

from domain.docket import Docket, LedgerEvent
from domain.moment import Moment
from domain.principal import Principal
from projections.reading import CaseRow, Counts, Filter, ProjectionStatus
from projections.sheet import Format, Sheet


class Views(Protocol):
    """Reads of the projections at a moment."""

    def moment(
        self,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        position: int | None = None,
        reached: int | None = None,
    ) -> Moment:
        """The moment meant; None is now."""

    def cases(
        self,
        wanted: Filter,
        moment: Moment,
        *,
        sort: str = "-opened_on",
        after: tuple[Any, str] | None = None,
        limit: int = 50,
    ) -> list[CaseRow]:
        """A page of the case list."""

    def counts(self, wanted: Filter, moment: Moment) -> Counts:
        """Counts over the whole list of a filter."""

    def steps(self, *, after: int = 0, until: int, limit: int = 500) -> list[LedgerEvent]:
        """Stored steps in ledger order."""

    def status(self) -> list[ProjectionStatus]:
        """How far each projection is."""

    def wait_for(self, position: int, timeout: float = 2.0) -> int:
        """The position that the case list has reached: at least this one, unless that takes longer than the timeout."""


class Tokens(Protocol):
    """Who a token belongs to."""

    def remembered(self, token: str) -> Principal | None:
        """Whose token it is, if that was asked a moment ago."""

    def principal(self, token: str) -> Principal | None:
        """Whose token it is; None if it is not in force."""


class Sheets(Protocol):
    """What a sheet becomes for Excel, WPS and whatever reads CSV."""

    def write(self, sheet: Sheet, format: Format) -> Iterator[bytes]:
        """The file, piece by piece."""


class Services(Protocol):
    """What the composition root hands over."""

    @property
    def docket(self) -> Docket:
        """Where cases are opened, recorded and read."""

    @property
    def views(self) -> Views:
        """What the projections tell."""

    @property
    def tokens(self) -> Tokens:
        """Who asks."""

    @property
    def sheets(self) -> Sheets:
        """How lists are taken along."""

    @property
    def secret(self) -> bytes:
        """What cursors and fingerprints are made with."""

    def close(self) -> None:
        """Give back every connection."""


def services_of(request: Request) -> Services:
    """The services of the application that the request came to."""
    services: Services = request.app.state.services
    return services
