"""Sessions: who is signed in where, behind a random secret that is stored as its SHA-256."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import Any, LiteralString

from adapters.identity.statements import Connection, rows
from adapters.postgres.pool import Pool
from domain.account import Account, Binding, Session, Whence
from domain.case import Role
from domain.registry import Registry

IDLE_MINUTES = 30
LONGEST_HOURS = 8
KEPT_DAYS = 30
"""How long it can still be seen where a session was."""

REMEMBERED_SECONDS = 0.5
"""How long a session in force is believed without asking the database: an ended one is refused after that."""

DEVICE_DAYS = 90
"""How long it is known that somebody of a unit was signed in on a device."""

SEEN_SECONDS = 30.0
"""How exactly it is noted when a session was seen last."""

ACCOUNT: LiteralString = (
    "id, login, name, role, office, jurisdiction, deputy, must_change, password_at, created_at, disabled_at"
)

_OF_ACCOUNT: LiteralString = ", ".join(f"a.{name}" for name in ACCOUNT.split(", "))
_IN_FORCE: LiteralString = (
    " FROM session s JOIN account a ON a.id = s.account_id WHERE s.revoked_at IS NULL AND a.disabled_at IS NULL"
    f" AND s.last_seen_at > clock_timestamp() - make_interval(mins => {IDLE_MINUTES})"
    f" AND s.created_at > clock_timestamp() - make_interval(hours => {LONGEST_HOURS})"
)
_SEEN_ON: LiteralString = (
    "INSERT INTO unit_device (device_sha256, jurisdiction, unit)"
    " SELECT %s, jurisdiction, office FROM account WHERE id = %s AND role = 'handling_unit'"
    " ON CONFLICT (device_sha256, jurisdiction, unit) DO UPDATE SET last_seen_at = clock_timestamp() RETURNING unit"
)
"""Somebody is signed in on a device, which is kept if he is one of a handling unit."""
_MOST_REMEMBERED = 1_000


class Sessions:
    """The sessions of an installation."""

    def __init__(self, pool: Pool, registry: Registry) -> None:
        self._pool = pool
        self._registry = registry
        self._remembered: dict[bytes, tuple[float, Session]] = {}

    def begin(self, conn: Connection, account_id: str, whence: Whence) -> tuple[str, str]:
        """A new session of an account: its secret, and the id by which it is listed."""
        id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        conn.execute(
            "INSERT INTO session (id, secret_sha256, account_id, address, agent, device_sha256)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (id, _digest(secret), account_id, whence.address, whence.agent, whence.device),
        )
        if whence.device is not None:
            conn.execute(_SEEN_ON, (whence.device, account_id))
        return secret, id

    def remembered(self, secret: str) -> Session | None:
        """The session behind a secret, if it was in force less than half a second ago; asks nobody."""
        until, session = self._remembered.get(_digest(secret), (0.0, None))
        return session if time.monotonic() < until else None

    def in_force(self, secret: str) -> Session | None:
        """The session behind a secret; None if it is unknown, was idle for too long, is too old, or was ended."""
        digest = _digest(secret)
        found = rows(
            self._pool,
            "SELECT s.id, s.address, s.agent, s.device_sha256, s.created_at, s.last_seen_at,"
            f" s.last_seen_at < clock_timestamp() - make_interval(secs => %s), {_OF_ACCOUNT}{_IN_FORCE}"
            " AND s.secret_sha256 = %s",
            (SEEN_SECONDS, digest),
        )
        if not found:
            return None
        session, unnoted = self._session(found[0]), found[0][6]
        if unnoted:
            statement = "UPDATE session SET last_seen_at = clock_timestamp() WHERE id = %s RETURNING id"
            rows(self._pool, statement, (session.id,))
            if session.whence.device is not None:
                rows(self._pool, _SEEN_ON, (session.whence.device, session.account.id))
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[digest] = time.monotonic() + REMEMBERED_SECONDS, session
        return session

    def list(self, account_id: str) -> list[Session]:
        """The sessions of an account that are in force, the newest first."""
        return [
            self._session(row)
            for row in rows(
                self._pool,
                "SELECT s.id, s.address, s.agent, s.device_sha256, s.created_at, s.last_seen_at, false,"
                f" {_OF_ACCOUNT}{_IN_FORCE}"
                " AND s.account_id = %s ORDER BY s.created_at DESC, s.id",
                (account_id,),
            )
        ]

    def units_on(self, device: bytes, jurisdiction: str) -> frozenset[str]:
        """The handling units of a jurisdiction of which somebody was signed in on a device within `DEVICE_DAYS`."""
        found = rows(
            self._pool,
            "SELECT unit FROM unit_device WHERE device_sha256 = %s AND jurisdiction = %s"
            " AND last_seen_at > clock_timestamp() - make_interval(days => %s)",
            (device, jurisdiction, DEVICE_DAYS),
        )
        return frozenset(unit for (unit,) in found)

    def end(self, conn: Connection, account_id: str, id: str) -> bool:
        """Whether a session of the account had not been ended before; other processes notice within half a second."""
        self._remembered.clear()
        statement = (
            "UPDATE session SET revoked_at = clock_timestamp() WHERE id = %s AND account_id = %s AND revoked_at IS NULL"
        )
        return conn.execute(statement, (id, account_id)).rowcount == 1

    def end_all(self, conn: Connection, account_id: str) -> None:
        """End every session of an account."""
        self._remembered.clear()
        statement = "UPDATE session SET revoked_at = clock_timestamp() WHERE account_id = %s AND revoked_at IS NULL"
        conn.execute(statement, (account_id,))

    def _session(self, row: tuple[Any, ...]) -> Session:
        id, address, agent, device, created_at, last_seen_at, _, *account = row
        found = account_of(tuple(account)).looked_up(self._registry, datetime.now(UTC))
        return Session(id, found, Whence(address, agent, device), created_at, last_seen_at)

    def forget(self) -> None:
        """What is remembered of any session is asked for again."""
        self._remembered.clear()

    def forget_old(self) -> None:
        """Give up what ended long ago."""
        statement = "DELETE FROM session WHERE created_at < clock_timestamp() - make_interval(days => %s) RETURNING 1"
        rows(self._pool, statement, (KEPT_DAYS,))
        statement = (
            "DELETE FROM unit_device WHERE last_seen_at < clock_timestamp() - make_interval(days => %s) RETURNING 1"
        )
        rows(self._pool, statement, (DEVICE_DAYS,))


def account_of(row: tuple[Any, ...]) -> Account:
    """The account of a row that has the columns of `ACCOUNT`."""
    id, login, name, role, office, jurisdiction, deputy, must_change, password_at, created_at, disabled_at = row
    binding = Binding(Role(role), office, jurisdiction, deputy)
    return Account(id, login, name, binding, must_change, password_at, created_at, disabled_at)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
