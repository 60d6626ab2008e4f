"""Failed sign-ins are counted for all processes at once: five of an account, thirty of an address, in 15 minutes."""

from __future__ import annotations

import hmac
import math
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from adapters.identity.statements import Connection, rows, transaction
from adapters.postgres.pool import Pool
from domain.refusal import Refused

OF_ACCOUNT = 5
OF_ADDRESS = 30
MINUTES = 15

_COUNT = """
INSERT INTO sign_in_failure AS f (key, failures, since) VALUES (%(key)s, 1, now())
ON CONFLICT (key) DO UPDATE SET (failures, since, locked_until) = (
    SELECT n.failures, CASE WHEN n.failures = 1 THEN now() ELSE f.since END,
        CASE
            WHEN n.failures > %(most)s THEN f.locked_until
            WHEN n.failures = %(most)s THEN now() + make_interval(mins => %(minutes)s)
        END
    FROM (
        SELECT CASE
            WHEN f.locked_until > now() THEN %(most)s + 1
            WHEN f.locked_until IS NOT NULL OR f.since <= now() - make_interval(mins => %(minutes)s) THEN 1
            ELSE f.failures + 1
        END AS failures
    ) n
)
RETURNING failures, extract(epoch FROM locked_until - now())
"""


@dataclass(frozen=True)
class Attempt:
    """A sign-in that may be tried: it counts as failed until it is forgiven."""

    account: bytes
    address: bytes
    last: bool
    """Whether it was the last one that the account has for now."""


class Attempts:
    """The failed sign-ins of an installation."""

    def __init__(self, pool: Pool, secret: bytes) -> None:
        self._pool = pool
        self._secret = secret

    def begin(self, login: str, address: str) -> Attempt:
        """Count it before the password is looked at, so that many at once are no way round; refused if too many."""
        account, place = self.key(login), self._key("address", _network(address))
        with transaction(self._pool) as conn:
            last = _counted(conn, account, OF_ACCOUNT) == OF_ACCOUNT
            _counted(conn, place, OF_ADDRESS)
        return Attempt(account, place, last)

    def forgive(self, conn: Connection, attempt: Attempt) -> None:
        """It was no failure: the account begins anew, the address has one less."""
        conn.execute("DELETE FROM sign_in_failure WHERE key = %s", (attempt.account,))
        conn.execute(
            "UPDATE sign_in_failure SET failures = least(failures, %s) - 1, locked_until = NULL WHERE key = %s",
            (OF_ADDRESS, attempt.address),
        )

    def forget(self, conn: Connection, login: str) -> None:
        """An account is unlocked."""
        conn.execute("DELETE FROM sign_in_failure WHERE key = %s", (self.key(login),))

    def key(self, login: str) -> bytes:
        """Under what the failures of a login are counted."""
        return self._key("account", login_key(login))

    def forget_old(self) -> None:
        """Give up what does not count any more."""
        rows(
            self._pool,
            "DELETE FROM sign_in_failure WHERE since < now() - make_interval(mins => %s)"
            " AND coalesce(locked_until, '-infinity') < now() RETURNING 1",
            (MINUTES,),
        )

    def _key(self, kind: str, name: str) -> bytes:
        return hmac.digest(self._secret, f"{kind}\n{name}".encode(), "sha256")


def login_key(login: str) -> str:
    """A login as it is compared: `ＡＤＭＩＮ` and `Admin` are `admin`."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", login.strip()).casefold())


def _counted(conn: Connection, key: bytes, most: int) -> int:
    found = conn.execute(_COUNT, {"key": key, "most": most, "minutes": MINUTES}, prepare=True).fetchone()
    assert found is not None  # noqa: S101 - the statement returns its row
    failures, seconds = found
    if failures > most:
        wait = max(math.ceil(seconds), 1)
        raise Refused("too-many-attempts", minutes=math.ceil(wait / 60), seconds=wait)
    return int(failures)


def _network(address: str) -> str:
    """Whose address it is: of IPv6 everybody has as many as he likes within a /64."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return str(found)
