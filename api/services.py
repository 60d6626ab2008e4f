"""What the API and the pages need of the services that `adapters/wiring.py` builds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from fastapi import Request

from domain.account import Account, Asked, Entry, Session, SignedIn, Whence
from domain.attachment import Content
from domain.docket import Docket, LedgerEvent
from domain.moment import Moment
from domain.policy import Scope
from domain.principal import Principal
from domain.registry import Registry
from projections.reading import CaseRow, Counts, Filter, ProjectionStatus, Work, WorkCounts, WorkKey, WorkRow
from projections.sheet import Format, Sheet


class Lists(Protocol):
    """The cases that somebody may read."""

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

    def work(
        self,
        work: Work,
        wanted: Filter,
        moment: Moment,
        *,
        after: WorkKey | None = None,
        backwards: bool = False,
        limit: int = 50,
    ) -> list[WorkRow]:
        """A page of what is awaited of somebody in the cases of a filter."""

    def work_counts(self, work: Work, wanted: Filter, moment: Moment) -> WorkCounts:
        """Counts over the whole work list."""


class Views(Protocol):
    """Reads of the projections at a moment."""

    def within(self, scope: Scope) -> Lists:
        """The lists of the cases of a scope."""

    def moment(
        self,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        position: int | None = None,
        reached: int | None = None,
    ) -> Moment:
        """The moment meant; None is now."""

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


class Sessions(Protocol):
    """Who is signed in."""

    def remembered(self, secret: str) -> Session | None:
        """The session behind a secret, if that was asked a moment ago."""

    def in_force(self, secret: str) -> Session | None:
        """The session behind a secret; None if it is not in force."""


class Accounts(Protocol):
    """Who may sign in, and what was done to his account."""

    def list(self) -> Sequence[Account]:
        """Every account, in the order of their logins."""

    def find(self, id: str) -> Account:
        """The account of that id."""

    def log(self, account_id: str | None = None, *, before: int | None = None, limit: int = 100) -> Sequence[Entry]:
        """The log of one account or of all, the newest first."""

    def sessions(self, account_id: str) -> Sequence[Session]:
        """Where somebody is signed in."""

    def create(self, login: str, name: str, asked: Asked, *, by: str) -> tuple[Account, str]:
        """A new account and its one-time password."""

    def disable(self, id: str, *, by: str) -> bool:
        """Whether the account could be used, and cannot any more."""

    def enable(self, id: str, *, by: str) -> bool:
        """Whether the account was disabled or locked, and can be used again."""

    def reset_password(self, id: str, *, by: str) -> str:
        """A new one-time password."""

    def change_password(self, session: Session, old: str, new: str) -> SignedIn:
        """The owner's new password, and the session that begins with it."""

    def rebind(self, id: str, asked: Asked, *, by: str) -> bool:
        """Whether the account acts as something else from now on."""

    def sign_in(self, login: str, password: str, whence: Whence) -> SignedIn:
        """A new session."""

    def sign_out(self, session: Session) -> None:
        """The session ends."""

    def revoke_session(self, account_id: str, session_id: str, *, by: str) -> bool:
        """Whether a session of the account was not ended yet, and is now."""


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
    def registry(self) -> Registry:
        """What is known of the jurisdictions."""

    @property
    def views(self) -> Views:
        """What the projections tell."""

    @property
    def tokens(self) -> Tokens:
        """Who asks."""

    @property
    def accounts(self) -> Accounts:
        """Who may sign in."""

    @property
    def sessions(self) -> Sessions:
        """Who is signed in."""

    @property
    def jurisdiction(self) -> str:
        """The jurisdiction that is meant where none is named."""

    @property
    def sample_accounts(self) -> Path | None:
        """The file of the accounts of a sample city, while that is the installation's jurisdiction."""

    @property
    def files(self) -> Files:
        """What is attached to cases."""

    @property
    def sheets(self) -> Sheets:
        """How lists are taken along."""

    @property
    def secret(self) -> bytes:
        """What cursors, fingerprints and forms are signed with."""

    def close(self) -> None:
        """Give back every connection."""


def services_of(request: Request) -> Services:
    """The services of the application that the request came to."""
    services: Services = request.app.state.services
    return services
