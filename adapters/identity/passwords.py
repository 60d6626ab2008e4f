"""Passwords: kept as Argon2id (RFC 9106, second profile), checked two at a time, refused where everybody knows them."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache, cached_property
from importlib import resources
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from domain.refusal import Refused

SHORTEST = 8
LONGEST = 128
AT_ONCE = 2
"""How many a process hashes at a time: each takes 64 MiB, so that a flood of sign-ins cannot take the memory."""

_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4


class Passwords:
    """Makes and checks the hashes of passwords."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
        self._at_once = BoundedSemaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """What is stored of a password."""
        with self._at_once:
            return self._hasher.hash(_plain(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the password behind a hash. Where there is no hash it is not, and that takes as long."""
        decoy = self._decoy
        with self._at_once:
            try:
                self._hasher.verify(stored or decoy, _plain(password))
            except VerifyMismatchError:
                return False
        return stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)

    @cached_property
    def _decoy(self) -> str:
        """The hash of a password that nobody knows."""
        return self.hash(secrets.token_urlsafe(32))


def refuse_weak(password: str, login: str, field: str) -> None:
    """Refuse a password that is too short, too long, known to everybody, or the login itself."""
    text = _plain(password)
    if len(text) < SHORTEST:
        raise Refused("value-not-allowed", field=field, reason="string_too_short", min_length=SHORTEST)
    if len(text) > LONGEST:
        raise Refused("value-not-allowed", field=field, reason="string_too_long", max_length=LONGEST)
    if text.casefold() == _plain(login).casefold():
        raise Refused("value-not-allowed", field=field, reason="password_is_login")
    if text.casefold() in _common():
        raise Refused("value-not-allowed", field=field, reason="password_common")


def one_time() -> str:
    """A password of 79 random bits that can be read out on the telephone."""
    groups = ("".join(secrets.choice(_READABLE) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _plain(text: str) -> str:
    """The text whichever way it was typed: full-width characters are the same as half-width ones."""
    return unicodedata.normalize("NFKC", text)


@cache
def _common() -> frozenset[str]:
    file = resources.files("adapters.identity") / "common_passwords.txt"
    return frozenset(file.read_text("utf-8").split())
