"""Bearer tokens: a secret that is shown once and stored as its SHA-256, of an account or of a program."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from adapters.identity.statements import Connection, checked, note, rows, transaction
from adapters.postgres.pool import Pool
from domain.account import CONSOLE, LONGEST_TOKEN, Account, Binding, Happening, Token
from domain.case import Role
from domain.principal import EVERYTHING, Principal, Scope, scopes_of
from domain.refusal import Refused
from domain.registry import Registry
from domain.values import Code, Line

MOST = 20
"""Tokens in force that an account has at most."""

REMEMBERED_SECONDS = 0.5
"""How long a token in force is believed without asking the database: a revoked one is refused after that."""

USED_SECONDS = 60.0
"""How exactly it is noted when a token was used last."""

_MOST_REMEMBERED = 1_000
_TOKEN = re.compile(r"duban_([0-9a-f]{12})_([A-Za-z0-9_-]{43})\Z")
_CODE: TypeAdapter[str] = TypeAdapter(Code)
_LINE: TypeAdapter[str] = TypeAdapter(Line)


class Tokens:
    """The tokens of an installation."""

    def __init__(self, pool: Pool, registry: Registry) -> None:
        self._pool = pool
        self._registry = registry
        self._remembered: dict[bytes, tuple[float, Principal]] = {}

    def create(
        self,
        actor: str,
        role: str,
        office: str,
        jurisdiction: str,
        note: str,
        days: int,
        scopes: Iterable[str] = EVERYTHING,
    ) -> str:
        """A new token of a program, shown this once; impossible values are refused."""
        known = sorted(set(Role) - {Role.ADMINISTRATOR})
        if role not in known:
            raise Refused("unknown-role", field="role", role=role, known=known)
        program = {
            "actor": checked(_CODE, actor, "actor"),
            "role": role,
            "office": checked(_CODE, office, "office"),
            "jurisdiction": self._registry.jurisdiction(jurisdiction).code,
        }
        values = _values(note, days, scopes, EVERYTHING)
        with transaction(self._pool) as conn:
            return _kept(conn, None, CONSOLE, **program, **values)

    def create_own(self, account: Account, note: str, days: int, scopes: Iterable[str], *, by: str) -> str:
        """A new token of an account, shown this once; it never may more than the account."""
        may = scopes_of(account.binding.role)
        if not may:
            raise Refused("administrator-sees-no-case")
        values = _values(note, days, scopes, may)
        with transaction(self._pool) as conn:
            statement = "SELECT 1 FROM account WHERE id = %s AND disabled_at IS NULL FOR UPDATE"
            if conn.execute(statement, (account.id,)).fetchone() is None:
                raise Refused("account-disabled")
            statement = (
                "SELECT count(*) >= %s FROM token"
                " WHERE account_id = %s AND revoked_at IS NULL AND expires_at > clock_timestamp()"
            )
            if conn.execute(statement, (MOST, account.id)).fetchone() == (True,):
                raise Refused("token-too-many", most=MOST)
            return _kept(conn, account.id, by, **values)

    def remembered(self, token: str) -> Principal | None:
        """Whose token it is, if it was in force less than half a second ago; asks nobody."""
        until, principal = self._remembered.get(_digest(token), (0.0, None))
        return principal if time.monotonic() < until else None

    def principal(self, token: str) -> Principal | None:
        """Whose token it is; None if it is unknown, expired or revoked, or the account is disabled."""
        found = self._in_force(token)
        if found is not None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[_digest(token)] = time.monotonic() + REMEMBERED_SECONDS, found
        return found

    def _in_force(self, token: str) -> Principal | None:
        if (match := _TOKEN.match(token)) is None:
            return None
        found = rows(
            self._pool,
            "SELECT t.secret_sha256, t.scopes,"
            " coalesce(t.last_used_at, '-infinity') < clock_timestamp() - make_interval(secs => %s),"
            " a.id, coalesce(t.actor, a.deputy, a.login), coalesce(t.role, a.role), coalesce(t.office, a.office),"
            " coalesce(t.jurisdiction, a.jurisdiction)"
            " FROM token t LEFT JOIN account a ON a.id = t.account_id"
            " WHERE t.id = %s AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp() AND a.disabled_at IS NULL",
            (USED_SECONDS, match[1]),
        )
        if not found or not hmac.compare_digest(bytes(found[0][0]), _digest(match[2])):
            return None
        _, scopes, unnoted, account, actor, role, office, jurisdiction = found[0]
        if unnoted:
            rows(
                self._pool,
                "UPDATE token SET last_used_at = clock_timestamp() WHERE id = %s"
                " AND coalesce(last_used_at, '-infinity') < clock_timestamp() - make_interval(secs => %s) RETURNING id",
                (match[1], USED_SECONDS),
            )
        binding = Binding(Role(role), office, jurisdiction, actor if role == Role.DEPUTY else None)
        standing = binding.standing(self._registry, datetime.now(UTC))
        may = frozenset(map(Scope, scopes))
        return Principal(actor, binding.role, office, jurisdiction, may, account, standing, match[1])

    def list(self, account_id: str | None = None) -> list[Token]:
        """Every token, or those of one account, the newest first."""
        return [
            Token(*row)
            for row in rows(
                self._pool,
                "SELECT t.id, a.login, coalesce(t.actor, a.deputy, a.login), coalesce(t.role, a.role),"
                " coalesce(t.office, a.office), coalesce(t.jurisdiction, a.jurisdiction), t.note, t.created_at,"
                " t.expires_at, t.revoked_at, t.scopes, t.last_used_at"
                " FROM token t LEFT JOIN account a ON a.id = t.account_id"
                " WHERE %(account)s::text IS NULL OR t.account_id = %(account)s ORDER BY t.created_at DESC, t.id",
                {"account": account_id},
            )
        ]

    def revoke(self, id: str, *, by: str, account_id: str | None = None) -> bool:
        """Whether a token of that id, of the account if one is named, was in force, and is not any more.

        Other processes notice within half a second.
        """
        self._remembered.clear()
        with transaction(self._pool) as conn:
            revoked = conn.execute(
                "UPDATE token SET revoked_at = clock_timestamp() WHERE id = %(id)s AND revoked_at IS NULL"
                " AND (%(account)s::text IS NULL OR account_id = %(account)s) RETURNING account_id, jurisdiction",
                {"id": id, "account": account_id},
            ).fetchone()
            if revoked is None:
                return False
            of, jurisdiction = revoked
            note(conn, Happening.TOKEN_REVOKED, of, by, token=id, **_place(jurisdiction))
        self._remembered.clear()
        return True


def _values(note: str, days: int, scopes: Iterable[str], may: frozenset[Scope]) -> dict[str, Any]:
    """What every token says of itself, for at most what it may be for."""
    if not (asked := set(scopes)) or asked - may:
        raise Refused("token-scopes", field="scopes", known=sorted(may))
    if not 1 <= days <= LONGEST_TOKEN:
        raise Refused("token-days", field="days", days=days, most=LONGEST_TOKEN)
    return {"note": checked(_LINE, note, "note"), "days": days, "scopes": sorted(asked)}


def _kept(conn: Connection, account_id: str | None, by: str, **values: Any) -> str:
    """The secret of a token that is kept from now on, as the log tells."""
    id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    program = dict.fromkeys(("actor", "role", "office", "jurisdiction"))
    conn.execute(
        "INSERT INTO token (id, secret_sha256, account_id, actor, role, office, jurisdiction, note, scopes, expires_at)"
        " VALUES (%(id)s, %(digest)s, %(account_id)s, %(actor)s, %(role)s, %(office)s, %(jurisdiction)s, %(note)s,"
        " %(scopes)s, clock_timestamp() + make_interval(days => %(days)s))",
        {**program, **values, "id": id, "digest": _digest(secret), "account_id": account_id},
    )
    note(conn, Happening.TOKEN_CREATED, account_id, by, token=id, **values)
    return f"duban_{id}_{secret}"


def _place(jurisdiction: str | None) -> dict[str, str]:
    """Where the log tells of a program's token; of an account's the account says it."""
    return {} if jurisdiction is None else {"jurisdiction": jurisdiction}


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
