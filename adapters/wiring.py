"""The composition root of the web server, the projector and the command line. Importing it connects to nothing."""

import hashlib
import hmac
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import structlog
from psycopg import errors, sql

import domain.cases  # noqa: F401 - every case type declares itself
from adapters import embedded
from adapters.access import AccessLog
from adapters.audit.anchor import stamped_by
from adapters.audit.exports import AuditExports
from adapters.audit.fork import Beginning, put_in_place
from adapters.audit.note import NoteError, Signer
from adapters.audit.sealer import ForkError, Sealer
from adapters.audit.tiles import Tiles
from adapters.exchange.desk import ImportDesk
from adapters.exchange.ocel import EventLogs
from adapters.exchange.sheets import Sheets
from adapters.files import FileStore
from adapters.identity.accounts import Accounts
from adapters.identity.drafts import Drafts
from adapters.identity.passwords import Passwords
from adapters.identity.sessions import Sessions
from adapters.identity.tokens import Tokens
from adapters.keys import KeysError, KeyStore
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.migrate import applied_migrations, migrate, migrations
from adapters.postgres.pool import PATIENCE_OF_PROGRAMS, LedgerUnavailableError, Pool, open_pool
from adapters.postgres.views import Views
from adapters.reckoner import FigureReckoner
from adapters.registry import LedgerRegistry
from adapters.settings import (
    LOG_KEY,
    Settings,
    SettingsError,
    log_key,
    personal_key,
    secret_key,
    write_once,
)
from domain.docket import Docket
from domain.registry import Registry
from projections.compliance import Looks

UNSAFE = "POSTGRES_ENABLE_DB_FUNCTIONS"
SAMPLE_ACCOUNTS = "sample-accounts"
MOST_APART = timedelta(minutes=15)
"""How far this machine's clock may be from the database's: the one dates what carries no date, the other all else."""

_HOUR = 3600.0
_FOLLOW_SECONDS = 5.0
_OFF = {"", "0", "n", "no", "f", "false", "off"}

log = structlog.get_logger("duban.wiring")


class GuardError(RuntimeError):
    """Starting would lose or mix up data; the message says why and what to do."""


@dataclass
class Services:
    """What a process of this installation works with."""

    settings: Settings
    docket: Docket
    ledger: PostgresLedger
    views: Views
    tokens: Tokens
    accounts: Accounts
    sessions: Sessions
    access: AccessLog
    drafts: Drafts
    files: FileStore
    keys: KeyStore
    imports: ImportDesk
    audit: AuditExports
    secret: bytes = field(repr=False)
    pool: Pool = field(repr=False)
    sheets: Sheets = field(default_factory=Sheets, repr=False)
    looks: Looks = field(default_factory=Looks, repr=False)
    event_logs: EventLogs = field(default_factory=EventLogs, repr=False)
    _due: float = field(default=0.0, repr=False)
    _follow_due: float = field(default=0.0, repr=False)

    @property
    def registry(self) -> Registry:
        """What is known of the jurisdictions."""
        return self.docket.registry

    def look_after(self) -> None:
        """What is due now and then, called as often as one likes.

        Every few seconds persons' data are restricted and erased as the ledger says; hourly, what is past its days is
        forgotten.
        """
        if time.monotonic() >= self._follow_due:
            self._follow_due = time.monotonic() + _FOLLOW_SECONDS
            try:
                self.keys.follow()
            except (LedgerUnavailableError, KeysError, OSError):
                log.exception("measures on persons' data are not carried out")
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _HOUR
        self.sweep()
        with suppress(LedgerUnavailableError):
            self.ledger.forget_requests(datetime.now(UTC) - timedelta(days=self.settings.request_retention_days))
            self.accounts.forget_old()
            self.drafts.forget_old()
            self.access.forget(self.settings.access_retention_days)

    @property
    def jurisdiction(self) -> str:
        """The jurisdiction that is meant where none is named."""
        return self.settings.jurisdiction

    @property
    def sample_accounts(self) -> Path | None:
        """The file of the accounts of the sample city, while that is this installation's jurisdiction."""
        place = self.settings.data_dir / SAMPLE_ACCOUNTS
        return place if place.exists() and self.registry.jurisdiction(self.settings.jurisdiction).sample else None

    def sweep(self) -> None:
        """Remove what broken uploads left; a folder that cannot be read is told, and stops nothing."""
        try:
            self.files.sweep()
            self.imports.sweep()
        except OSError:
            log.exception("sweep failed")

    def close(self) -> None:
        """Give back every connection."""
        self.pool.close()


def conninfo_of(settings: Settings) -> str:
    """Where the database of this installation is: the one that is named, else the embedded one that runs."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    if (found := embedded.running(settings.data_dir)) is None:
        raise embedded.EmbeddedError(
            f"No database runs in {settings.data_dir}: start `duban serve`, or let DUBAN_DATABASE_URL name a server."
        )
    return found


def prepare(settings: Settings, conninfo: str) -> list[str]:
    """Bring the database to this version, as the owner of the tables; returns the migrations that were applied."""
    return migrate(_owner(settings, conninfo), settings.database_schema, settings.ledger)


def build(settings: Settings, conninfo: str, *, name: str, patience: float = PATIENCE_OF_PROGRAMS) -> Services:
    """Everything wired to one pool, after the guards were asked; `name` is what the database calls this process.

    A statement may take as long as `patience` says, in seconds.
    """
    _refuse_unsafe_library(os.environ)
    secret = secret_key(settings).get_secret_value().encode()
    _ask_database(settings, conninfo, installation_id(secret))
    pool = open_pool(
        conninfo,
        schema=settings.database_schema,
        role="duban_app",
        size=settings.pool_size,
        name=name,
        patience=patience,
    )
    try:
        ledger = PostgresLedger(pool, settings.ledger, hints=True)
        views = Views(pool, ledger)
        _refuse_projection_ahead(views, ledger)
        keys = keys_of(settings)
        files = files_of(settings, keys)
        keys.follows(ledger, files.forget)
        keys.follow()
        registry, audit = LedgerRegistry(ledger), AuditExports(pool, settings.ledger, tiles_of(settings))
        reckoner = FigureReckoner(views, registry, audit)
        docket = Docket(ledger, registry, contents=files, keys=keys, reckoner=reckoner)
        sessions = Sessions(pool, docket.registry)
        one_time = timedelta(hours=settings.one_time_hours)
        accounts = Accounts(pool, Passwords(), sessions, docket.registry, secret, one_time=one_time)
        tokens, drafts = Tokens(pool, docket.registry), Drafts(pool, keys)
        imports = ImportDesk(settings.data_dir / "imports", docket, ledger, most=settings.file_size)
        return Services(
            settings,
            docket,
            ledger,
            views,
            tokens,
            accounts,
            sessions,
            AccessLog(pool),
            drafts,
            files,
            keys,
            imports,
            audit,
            secret,
            pool,
        )
    except BaseException:
        pool.close()
        raise


def sealer(settings: Settings, conninfo: str) -> Sealer:
    """The sealer of this installation's audit log, after the guards were asked."""
    _ask_database(settings, conninfo, installation_id(secret_key(settings).get_secret_value().encode()))
    signer, tiles = log_signer(settings), tiles_of(settings)
    stamp = None if settings.timestamp_url is None else stamped_by(settings.timestamp_url)
    return Sealer(conninfo, signer, tiles, schema=settings.database_schema, ledger_id=settings.ledger, stamp=stamp)


def begin_log(settings: Settings, conninfo: str, name: str, reason: str, approved_by: Sequence[str]) -> str:
    """Begin the audit log anew under another name, in place of one that the ledger does not continue; its checkpoint.

    The old log and its key are kept: `log/<ledger>/before/<number>` and `log.key.before-<number>`.
    """
    if settings.log_name not in {None, name}:
        raise SettingsError(f"DUBAN_LOG_NAME={settings.log_name}: the log would be called {name}")
    key = settings.data_dir / LOG_KEY
    ending, tiles = fork_sealer(settings, conninfo), tiles_of(settings)
    with ending.alone() as conn:
        fork = ending.fork(conn)
        if fork.signed.origin == name:
            raise ForkError(f"the log that ended is called {name}: the new one needs a name of its own")
        staged, signer = Tiles(tiles.folder.with_name(f".{tiles.folder.name}.new")), Signer.fresh(name)
        shutil.rmtree(staged.folder, ignore_errors=True)
        begun = Beginning(fork, ending.signer, reason, approved_by, datetime.now(UTC))
        with conn.transaction():
            sealed = Sealer(conninfo, signer, staged, ledger_id=settings.ledger, beginning=begun).seal(conn)
            number = put_in_place(tiles, staged)
            key.rename(key.with_name(f"{LOG_KEY}.before-{number}"))
            write_once(key, signer.secret())
    return sealed.note or ""


def fork_sealer(settings: Settings, conninfo: str) -> Sealer:
    """The sealer of the log as it was, whatever the settings call the one to come."""
    if settings.log_key is not None:
        raise SettingsError("DUBAN_LOG_KEY: a log is begun anew with a key in the data directory; take it away first")
    try:
        signer = Signer.parse((settings.data_dir / LOG_KEY).read_text(encoding="ascii"))
    except (OSError, NoteError) as error:
        raise SettingsError(f"{LOG_KEY}: {error}") from None
    return Sealer(conninfo, signer, tiles_of(settings), schema=settings.database_schema, ledger_id=settings.ledger)


def keys_of(settings: Settings) -> KeyStore:
    """The store of the keys of persons' data and of attached files."""
    wrapping = wrapping_key(personal_key(settings).get_secret_value())
    return KeyStore(settings.keys_dir or settings.data_dir / "keys", wrapping, settings.ledger)


def wrapping_key(text: str) -> bytes:
    """The 32 bytes that a key of the installation, which is text, stands for."""
    return hashlib.sha256(text.encode()).digest()


def files_of(settings: Settings, keys: KeyStore) -> FileStore:
    """The store of this installation's attached files."""
    return FileStore(
        settings.data_dir / "files",
        keys,
        most=settings.file_size,
        most_of_case=settings.case_files_size,
        most_of_day=settings.account_files_size,
    )


def tiles_of(settings: Settings) -> Tiles:
    """The folder of the audit log of this installation's ledger."""
    return Tiles(settings.data_dir / "log" / settings.ledger)


def log_signer(settings: Settings) -> Signer:
    """The key that signs the audit log."""
    installation = installation_id(secret_key(settings).get_secret_value().encode())
    name = settings.log_name or f"duban/{installation}/{settings.ledger}"
    try:
        signer = Signer.parse(log_key(settings, lambda: Signer.fresh(name).secret()).get_secret_value())
    except NoteError as error:
        raise SettingsError(f"DUBAN_LOG_KEY: {error}") from None
    if settings.log_name not in {None, signer.name}:
        raise SettingsError(
            f"DUBAN_LOG_NAME={settings.log_name}: the key of the audit log is called {signer.name}. A log keeps its "
            "name; one with another name has another key (docs/operations.md)"
        )
    return signer


def installation_id(secret: bytes) -> str:
    """How a database knows the installation that it belongs to, without knowing its secret."""
    return hmac.digest(secret, b"installation", "sha256").hex()[:16]


def _owner(settings: Settings, conninfo: str) -> str:
    return conninfo if settings.migration_url is None else settings.migration_url.get_secret_value()


def _refuse_unsafe_library(environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if name.upper().endswith(UNSAFE) and value.strip().lower() not in _OFF:
            raise GuardError(
                f"{name}={value} would make the eventsourcing library lose steps for whoever follows the ledger. "
                "Remove the variable, then start again."
            )


def _ask_database(settings: Settings, conninfo: str, mine: str) -> None:
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as conn:
        _refuse_unprepared(conn, settings)
        _refuse_wrong_clock(conn)
        row = conn.execute(_of_installation("SELECT id FROM {}", settings)).fetchone()
    if row is None:
        row = _claimed(settings, conninfo, mine)
    if row is None or row[0] != mine:
        raise GuardError(
            f"The database belongs to installation {row and row[0]}, this one is {mine}: the secret keys differ. "
            f"Give DUBAN_SECRET_KEY or {settings.data_dir / 'secret.key'} the key that the database was started with, "
            "or let DUBAN_DATABASE_SCHEMA name another schema."
        )


def _refuse_wrong_clock(conn: psycopg.Connection[Any]) -> None:
    """Refuse to date steps by a clock that is not that of the ledger."""
    row = conn.execute("SELECT clock_timestamp()").fetchone()
    theirs, ours = row[0] if row else None, datetime.now(UTC)
    if theirs is None or abs(theirs - ours) > MOST_APART:
        raise GuardError(
            f"The clock of this machine says {ours:%Y-%m-%d %H:%M} UTC, that of the database {theirs:%Y-%m-%d %H:%M}. "
            "Set the one that is wrong, then start again."
        )


def _of_installation(statement: LiteralString, settings: Settings) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(settings.database_schema, "installation"))


def _refuse_unprepared(conn: psycopg.Connection[Any], settings: Settings) -> None:
    """Refuse a database that is older or newer than the code, or was prepared by other migrations."""
    applied, needed = len(applied_migrations(conn, settings.database_schema)), len(migrations())
    if applied < needed:
        raise GuardError(
            f"The database is at migration {applied}, this version of Duban needs {needed}. Run `duban migrate` first."
        )


def _claimed(settings: Settings, conninfo: str, mine: str) -> tuple[str] | None:
    """The id in the database after the first process has written its own."""
    with psycopg.connect(_owner(settings, conninfo), autocommit=True, connect_timeout=5) as conn:
        try:
            claim = _of_installation("INSERT INTO {} (id) VALUES (%s) ON CONFLICT DO NOTHING", settings)
            conn.execute(claim, [mine])
        except errors.InsufficientPrivilege:
            raise GuardError(
                "The database was not prepared for this installation, and its user may not do so. "
                "Run `duban doctor` once with DUBAN_MIGRATION_URL set to the owner's."
            ) from None
        return conn.execute(_of_installation("SELECT id FROM {}", settings)).fetchone()


def _refuse_projection_ahead(views: Views, ledger: PostgresLedger) -> None:
    """After a restore, a projection ahead of the ledger would silently skip the steps that reuse its positions."""
    positions = [(status.name, status.position) for status in views.status()]
    head = ledger.head()
    for name, position in positions:
        if position > head:
            raise GuardError(
                f"The projection {name} has read up to {position}, but the ledger ends at {head}: the ledger was "
                f"restored without it. Run `duban projection rebuild {name}`, then start again."
            )
