"""Bearer tokens: a secret that is shown once and stored as its SHA-256, bound to a role, an office, a jurisdiction."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from adapters.identity.statements import checked, rows
from adapters.postgres.pool import Pool
from domain.case import Role
from domain.principal import EVERYTHING, Principal, Scope
from domain.refusal import Refused
from domain.registry import Registry
from domain.values import Code, Line

LONGEST = 366
"""Days that a token lives at most."""

REMEMBERED_SECONDS = 0.5
"""How long a token in force is believed without asking the database: a revoked one is refused after that."""

USED_SECONDS = 60.0
"""How exactly it is noted when a token was used last."""

_MOST_REMEMBERED = 1_000
_TOKEN = re.compile(r"duban_([0-9a-f]{12})_([A-Za-z0-9_-]{43})\Z")
_CODE: TypeAdapter[str] = TypeAdapter(Code)
_LINE: TypeAdapter[str] = TypeAdapter(Line)


@dataclass(frozen=True)
class Token:
    """What is known of a token, except its secret."""

    id: str
    actor: str
    role: str
    office: str
    jurisdiction: str
    note: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    scopes: list[str]
    last_used_at: datetime | None


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
        """A new token, shown this once; impossible values are refused."""
        known = sorted(set(Role) - {Role.ADMINISTRATOR})
        if role not in known:
            raise Refused("unknown-role", field="role", role=role, known=known)
        if not (allowed := set(scopes)) or allowed - EVERYTHING:
            raise Refused("token-scopes", field="scopes", known=sorted(EVERYTHING))
        if not 1 <= days <= LONGEST:
            raise Refused("token-days", field="days", days=days, most=LONGEST)
        values = {"actor": checked(_CODE, actor, "actor"), "office": checked(_CODE, office, "office")}
        values["jurisdiction"] = self._registry.jurisdiction(jurisdiction).code
        values["note"] = checked(_LINE, note, "note")
        id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        rows(
            self._pool,
            "INSERT INTO token (id, secret_sha256, role, scopes, expires_at, actor, office, jurisdiction, note) VALUES"
            " (%s, %s, %s, %s, clock_timestamp() + make_interval(days => %s), %s, %s, %s, %s) RETURNING id",
            (id, _digest(secret), role, sorted(allowed), days, *values.values()),
        )
        return f"duban_{id}_{secret}"

    def remembered(self, token: str) -> Principal | None:
        """Whose token it is, if it was in force less than half a second ago; asks nobody."""
        until, principal = self._remembered.get(_digest(token), (0.0, None))
        return principal if time.monotonic() < until else None

    def principal(self, token: str) -> Principal | None:
        """Whose token it is; None if it is unknown, expired or revoked."""
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
            "SELECT secret_sha256, actor, role, office, jurisdiction, scopes,"
            " coalesce(last_used_at, '-infinity') < clock_timestamp() - make_interval(secs => %s) FROM token"
            " WHERE id = %s AND revoked_at IS NULL AND expires_at > clock_timestamp()",
            (USED_SECONDS, match[1]),
        )
        if not found or not hmac.compare_digest(bytes(found[0][0]), _digest(match[2])):
            return None
        _, actor, role, office, jurisdiction, scopes, unnoted = found[0]
        if unnoted:
            rows(
                self._pool,
                "UPDATE token SET last_used_at = clock_timestamp() WHERE id = %s"
                " AND coalesce(last_used_at, '-infinity') < clock_timestamp() - make_interval(secs => %s) RETURNING id",
                (match[1], USED_SECONDS),
            )
        return Principal(actor, Role(role), office, jurisdiction, frozenset(map(Scope, scopes)))

    def list(self) -> list[Token]:
        """Every token, the newest first."""
        return [
            Token(*row)
            for row in rows(
                self._pool,
                "SELECT id, actor, role, office, jurisdiction, note, created_at, expires_at, revoked_at, scopes,"
                " last_used_at FROM token ORDER BY created_at DESC, id",
            )
        ]

    def revoke(self, id: str) -> bool:
        """Whether a token of that id was in force, and is not any more; other processes notice within half a second."""
        self._remembered.clear()
        return bool(
            rows(
                self._pool,
                "UPDATE token SET revoked_at = clock_timestamp() WHERE id = %s AND revoked_at IS NULL RETURNING id",
                (id,),
            )
        )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
