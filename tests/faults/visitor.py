"""Somebody who signs in, or comes back, by another clock: `python -m tests.faults.visitor sign-in|session`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from argon2 import PasswordHasher

from adapters.identity.accounts import Accounts
from adapters.identity.passwords import Passwords
from adapters.identity.sessions import Sessions
from adapters.postgres.ledger import PostgresLedger
from adapters.registry import LedgerRegistry
from domain.account import Whence
from tests.faults.support import ledger_on

KEY = b"k" * 32
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""Passwords whose hashes cost next to nothing."""


def accounts_of(ledger: PostgresLedger) -> Accounts:
    """The accounts beside a ledger."""
    registry = LedgerRegistry(ledger)
    return Accounts(ledger._pool, QUICK, Sessions(ledger._pool, registry), registry, KEY)


if __name__ == "__main__":
    with ledger_on(sys.argv[2]) as ledger:
        match sys.argv[1:]:
            case ["sign-in", _, login, password]:
                print(accounts_of(ledger).sign_in(login, password, Whence("192.0.2.7", "test")).secret)  # noqa: T201
            case ["session", _, secret]:
                found = Sessions(ledger._pool, LedgerRegistry(ledger)).in_force(secret)
                print("ended" if found is None else "in force", datetime.now(UTC).isoformat())  # noqa: T201
            case other:
                sys.exit(f"unknown: {other}")
