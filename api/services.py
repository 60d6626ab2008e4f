"""What the API and the pages need of the services that `adapters/wiring.py` builds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fastapi import Request

from domain.access import AccessFilter, AccessRow
from domain.account import WHOLE_LOG, Account, Asked, Entry, LogFilter, Session, SignedIn, Token, Whence
from domain.attachment import Content
from domain.case import Role
from domain.docket import Docket, LedgerEvent
from domain.draft import FormDraft
from domain.moment import Moment
from domain.personal import Keys
from domain.policy import Scope
from domain.principal import Principal
from domain.registry import Registry
from projections.compliance import Looks
from projections.ocel import EventLog, LogFormat
from projections.reading import (
    CaseRow,
    ChangedRow,
    ClockCounts,
    ClockFilter,
    ClockKey,
    ClockRow,
    CountedRow,
    Counts,
    Dimension,
    FigureFilter,
    Filter,
    Found,
    LogFork,
    LogStatus,
    LogYear,
    ProjectionStatus,
    SaidRow,
    SearchKey,
    SignedCheckpoint,
    SimilarRow,
    Sought,
    Sums,
    Tally,
    TrailFilter,
    TrailRow,
    Work,
    WorkCounts,
    WorkKey,
    WorkRow,
)
from projections.sheet import Format, Sheet
from projections.wording import Term


class Figures(Protocol):
    """What the cases that somebody may read add up to."""

    def reached(self) -> int:
        """The position up to which everything is counted."""

    def sums(
        self, wanted: FigureFilter, measures: Sequence[str], moment: Moment, by: Dimension | None = None
    ) -> dict[str | None, Sums]:
        """The sums of measures at a moment, for each value of a dimension; under None where there is none."""

    def series(
        self, wanted: FigureFilter, measures: Sequence[str], instants: Sequence[datetime], known: int
    ) -> list[tuple[datetime, Sums]]:
        """The sums of measures at each of some instants, which ascend, as known at one position."""

    def counted(
        self,
        wanted: FigureFilter,
        measures: Sequence[str],
        moment: Moment,
        *,
        after: tuple[str, str] | None = None,
        limit: int = 50,
    ) -> list[CountedRow]:
        """A page of what adds to one of the measures at a moment."""

    def changed(
        self, wanted: FigureFilter, measures: Sequence[str], before: Moment, after: Moment, limit: int = 1_000
    ) -> list[ChangedRow]:
        """What adds otherwise to the measures at one moment than at another."""


class Search(Protocol):
    """What the cases that somebody may read say."""

    def reached(self) -> int:
        """The position up to which everything that was said can be found."""

    def found(
        self, terms: Sequence[Term], wanted: Filter, moment: Moment, *, after: SearchKey | None = None, limit: int = 20
    ) -> Found:
        """A page of the cases that say every term, and how many there are."""

    def said(self, terms: Sequence[Term], cases: Sequence[str], moment: Moment) -> list[SaidRow]:
        """What cases say of the terms, by case and step."""

    def similar(
        self,
        subject: Mapping[str, int],
        wanted: Filter,
        moment: Moment,
        *,
        steps: Sequence[str],
        but: str | None = None,
        least: float,
        limit: int,
    ) -> list[SimilarRow]:
        """The cases whose steps of some stored names say most of a subject's lexemes, the most similar first."""


class Clocks(Protocol):
    """The clocks of the cases that somebody may read."""

    def reached(self) -> int:
        """The position up to which every clock is told."""

    def page(
        self,
        wanted: ClockFilter,
        moment: Moment,
        day: date,
        *,
        after: ClockKey | None = None,
        backwards: bool = False,
        limit: int = 50,
    ) -> list[ClockRow]:
        """A page of the clocks at a moment, which lies on a day, by due date."""

    def counts(self, wanted: ClockFilter, moment: Moment, day: date) -> ClockCounts:
        """Counts over the whole list of a filter."""


class Lists(Protocol):
    """The cases that somebody may read."""

    @property
    def search(self) -> Search:
        """What the same cases say."""

    @property
    def clocks(self) -> Clocks:
        """Clocks of the same cases."""

    @property
    def figures(self) -> Figures:
        """Figures of the same cases."""

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

    def tallies(self, wanted: Filter, moment: Moment) -> Mapping[str, Tally]:
        """How many cases of a filter there are in each stage."""

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

    def having(self, sought: Sequence[Sought], jurisdiction: str, known: int) -> list[tuple[str, int]]:
        """The cases of a jurisdiction that may have one of the steps on one of the days, each with its last version.

        As known at a position.
        """

    def trail(self, wanted: TrailFilter, *, before: int | None = None, limit: int = 100) -> list[TrailRow]:
        """The recorded steps that a filter names, the newest first, those before a position."""


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

    def create_own(self, account: Account, note: str, days: int, scopes: Iterable[str], *, by: str) -> str:
        """A new token of an account."""

    def list(self, account_id: str | None = None) -> Sequence[Token]:
        """The tokens of an account, or all."""

    def revoke(self, id: str, *, by: str, account_id: str | None = None) -> bool:
        """Whether a token was in force, and is not any more."""


class Sessions(Protocol):
    """Who is signed in."""

    def remembered(self, secret: str) -> Session | None:
        """The session behind a secret, if that was asked a moment ago."""

    def in_force(self, secret: str) -> Session | None:
        """The session behind a secret; None if it is not in force."""

    def units_on(self, device: bytes, jurisdiction: str) -> frozenset[str]:
        """The handling units of which somebody was signed in on a device not long ago."""


class Accounts(Protocol):
    """Who may sign in, and what was done to his account."""

    one_time: timedelta
    """How long a one-time password may be used."""

    def list(self) -> Sequence[Account]:
        """Every account, in the order of their logins."""

    def find(self, id: str) -> Account:
        """The account of that id."""

    def named(self, login: str) -> Account:
        """The account of that login."""

    def log(self, wanted: LogFilter = WHOLE_LOG, *, before: int | None = None, limit: int = 100) -> Sequence[Entry]:
        """The lines wanted, the newest first."""

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

    def confirm(self, session: Session, password: str, field: str) -> str | None:
        """Make sure that it is the owner who sits there."""

    def rebind(self, id: str, asked: Asked, *, by: str, seen: str | None = None) -> bool:
        """Whether the account acts as something else from now on."""

    def sign_in(self, login: str, password: str, whence: Whence) -> SignedIn:
        """A new session."""

    def sign_out(self, session: Session) -> None:
        """The session ends."""

    def revoke_session(self, account_id: str, session_id: str, *, by: str) -> bool:
        """Whether a session of the account was not ended yet, and is now."""


class AccessLog(Protocol):
    """Who was refused what, and who read what is kept of a person."""

    def refused(self, who: Principal, what: str, code: str, case_id: str | None = None) -> None:
        """Note that somebody was refused."""

    def read(
        self,
        who: Principal,
        what: str,
        person: str,
        purposes: Sequence[str],
        *,
        case_id: str | None = None,
        occasion: str | None = None,
    ) -> None:
        """Note that somebody reads what is kept of a person, before he is shown it: if this raises, he is not."""

    def lines(self, wanted: AccessFilter, *, before: int | None = None, limit: int = 100) -> Sequence[AccessRow]:
        """The lines wanted, the newest first."""


class Drafts(Protocol):
    """Forms that were begun; each belongs to an account, and nobody else reads it."""

    def keep(
        self,
        account_id: str,
        case_id: str | None,
        step: str,
        version: int,
        fields: Mapping[str, Sequence[str]],
        id: str | None = None,
    ) -> FormDraft:
        """Keep a form; under the id of a draft of the same form, that is changed."""

    def list(self, account_id: str) -> Sequence[FormDraft]:
        """The drafts of an account, the newest first."""

    def find(self, account_id: str, id: str) -> FormDraft:
        """A draft of the account."""

    def of_another(self, account_id: str, id: str) -> bool:
        """Whether another account has a draft of that id."""

    def discard(self, account_id: str, id: str) -> bool:
        """Whether the account had a draft of that id, and has it no more."""


class Received(Protocol):
    """A file that was taken in."""

    @property
    def name(self) -> str:
        """The name under which it may be attached."""

    @property
    def content(self) -> Content:
        """What it is."""


Kept_co = TypeVar("Kept_co", covariant=True)
"""What a file becomes that was taken in."""


class Upload(Protocol[Kept_co]):
    """A file that is being taken in. Its methods wait for the disk."""

    def write(self, piece: bytes) -> None:
        """Take in a piece."""

    def finish(self) -> Kept_co:
        """The file as it is kept."""

    def close(self) -> None:
        """Leave nothing of an upload that was not finished."""


class Intake(Protocol[Kept_co]):
    """What takes in files."""

    @property
    def most(self) -> int:
        """The bytes of the largest file."""

    def begin(self, name: str, jurisdiction: str, actor: str, declared: int | None = None) -> Upload[Kept_co]:
        """Begin to take in a file."""


class Files(Intake[Received], Protocol):
    """The store of attached files."""

    def read(self, sha256: str, size: int, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """The bytes of a content from the first to the last that is wanted; refused if it is not there, or erased."""


class Disagreement(Protocol):
    """Why a row was refused, or what of a row that was not disagrees with the procedure or with itself."""

    @property
    def row(self) -> int:
        """The row, counted from the first below the header."""

    @property
    def message_id(self) -> str:
        """What it is, in a word that the pages have sentences for."""

    @property
    def params(self) -> Mapping[str, object]:
        """What the sentence names."""


class RowRefused(Disagreement, Protocol):
    """A row that is not imported."""

    @property
    def field(self) -> str | None:
        """The column at fault, as the file calls it."""


class ImportReport(Protocol):
    """What became, or would become, of a file."""

    file: str
    sheet: str | None
    header_row: int
    rows: int
    cases: int
    changed: int
    steps: int
    already: int

    @property
    def ignored(self) -> Sequence[str]:
        """Columns that were not read."""

    @property
    def steps_by_wire(self) -> Mapping[str, int]:
        """How many steps of which name."""

    @property
    def refusals(self) -> Sequence[RowRefused]:
        """The rows that are refused."""

    @property
    def findings(self) -> Sequence[Disagreement]:
        """What disagrees in the others."""


class Imports(Intake[str], Protocol):
    """The desk at which lists are handed in: a file that was taken in waits under a name of its own."""

    def lists(self, role: Role) -> Sequence[tuple[str, str]]:
        """The lists that somebody in that role may import: each with the message id of what it is called."""

    def template(self, listed: str, asker: Principal, tell: Callable[..., str]) -> bytes:
        """The workbook to fill in for a list."""

    def run(self, id: str, listed: str, asker: Principal, sheet: str | None = None, *, dry_run: bool) -> ImportReport:
        """Import a file that waits, in the asker's own role, or only check it."""

    def error_file(
        self, id: str, listed: str, asker: Principal, sheet: str | None, words: Callable[[RowRefused], str]
    ) -> tuple[bytes, Format]:
        """The refused rows of a file that waits, with the reasons, and in which format."""

    def discard(self, id: str, asker: Principal) -> None:
        """The file does not wait any more."""


class AuditLog(Protocol):
    """What is handed to auditors."""

    def key(self) -> str:
        """The public key of the log, as it is published."""

    def status(self) -> LogStatus:
        """How far the log is signed."""

    def newest(self) -> SignedCheckpoint | None:
        """The checkpoint that was signed last."""

    def checkpoint(self, size: int | None = None) -> str:
        """The newest checkpoint as a signed note, or the one of a size."""

    def time_stamp(self, size: int) -> bytes:
        """The time-stamp of the checkpoint of a size (RFC 3161)."""

    def forks(self) -> Sequence[LogFork]:
        """When the log was begun anew, and why; the last one first."""

    def fork(self) -> dict[str, Any]:
        """What the log has in common with the one before it."""

    def daily(self, days: int) -> Sequence[SignedCheckpoint]:
        """A checkpoint of each of the last days, the newest first."""

    def bundle(self, case_id: str, since: int | None = None) -> dict[str, Any]:
        """A case with its proofs."""

    def consistency(self, since: int) -> dict[str, Any]:
        """The newest checkpoint, and the proof from an older one."""

    def years(self, zone: str) -> Sequence[LogYear]:
        """The years in which the signed steps were recorded."""

    def year(self, year: int, zone: str) -> Iterator[bytes]:
        """What was recorded in a year, as a file that is checked by itself, piece by piece."""


class Sheets(Protocol):
    """What a sheet becomes for Excel, WPS and whatever reads CSV."""

    def write(self, sheet: Sheet, format: Format) -> Iterator[bytes]:
        """The file, piece by piece."""


class EventLogs(Protocol):
    """What an event log becomes for programs that mine processes."""

    def write(self, log: EventLog, format: LogFormat) -> Iterator[bytes]:
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
    def access(self) -> AccessLog:
        """Who was refused what, and who read of whom."""

    @property
    def drafts(self) -> Drafts:
        """What was begun and not recorded."""

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
    def keys(self) -> Keys:
        """What persons' data are sealed under."""

    @property
    def imports(self) -> Imports:
        """How lists come in."""

    @property
    def audit(self) -> AuditLog:
        """What auditors are handed."""

    @property
    def sheets(self) -> Sheets:
        """How lists are taken along."""

    @property
    def looks(self) -> Looks:
        """Cases that were looked at."""

    @property
    def event_logs(self) -> EventLogs:
        """How histories are taken along."""

    @property
    def secret(self) -> bytes:
        """What cursors, fingerprints and forms are signed with."""

    def close(self) -> None:
        """Give back every connection."""


def services_of(request: Request) -> Services:
    """The services of the application that the request came to."""
    services: Services = request.app.state.services
    return services
