"""What the API and the pages need of the services that `adapters/wiring.py` builds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from fastapi import Request

from domain.attachment import Content
from domain.docket import Docket, LedgerEvent
from domain.moment import Moment
from domain.principal import Principal
from projections.reading import CaseRow, Counts, Filter, ProjectionStatus


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


class Received(Protocol):
    """A file that was taken in."""

    @property
    def name(self) -> str:
        """The name under which it may be attached."""

    @property
    def content(self) -> Content:
        """What it is."""


class Upload(Protocol):
    """A file that is being taken in. Its methods wait for the disk."""

    def write(self, piece: bytes) -> None:
        """Take in a piece."""

    def finish(self) -> Received:
        """The file as it is kept."""

    def close(self) -> None:
        """Leave nothing of an upload that was not finished."""


class Files(Protocol):
    """The store of attached files."""

    @property
    def most(self) -> int:
        """The bytes of the largest file."""

    def begin(self, name: str, jurisdiction: str, actor: str, declared: int | None = None) -> Upload:
        """Begin to take in a file."""

    def path(self, sha256: str, size: int) -> Path:
        """Where a content lies, if it is there in its whole length."""


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
    def files(self) -> Files:
        """What is attached to cases."""

    @property
    def secret(self) -> bytes:
        """What cursors and fingerprints are made with."""

    def close(self) -> None:
        """Give back every connection."""


def services_of(request: Request) -> Services:
    """The services of the application that the request came to."""
    services: Services = request.app.state.services
    return services
