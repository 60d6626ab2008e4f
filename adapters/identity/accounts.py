"""Accounts: who may sign in, and a log of everything that is done to them. Each operation is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from psycopg import errors
from pydantic import StringConstraints, TypeAdapter

from adapters.identity.attempts import MINUTES, Attempts, login_key
from adapters.identity.passwords import Passwords, one_time, refuse_weak
from adapters.identity.sessions import ACCOUNT, Sessions, account_of
from adapters.identity.statements import Connection, checked, note, rows, transaction
from adapters.postgres.pool import Pool
from domain.account import (
    APART,
    WHOLE_LOG,
    Account,
    Asked,
    Entry,
    Happening,
    LogFilter,
    Session,
    SignedIn,
    Whence,
    refuse_a_deputys_name,
)
from domain.case import Role
from domain.principal import Standing
from domain.refusal import Refused
from domain.registry import Registry
from domain.values import Code, Line

ONE_TIME = timedelta(hours=72)
"""How long a one-time password may be used, unless the installation chose otherwise."""

_ROLES_APART = 0x0D0BA7
"""The advisory lock of whoever gives a role that excludes another one."""

_LOGIN: TypeAdapter[str] = TypeAdapter(Annotated[Code, StringConstraints(max_length=64)])
_LINE: TypeAdapter[str] = TypeAdapter(Line)


_KEPT_OUT = {"disabled": "account-disabled"}


class Accounts:
    """The accounts of an installation."""

    def __init__(
        self,
        pool: Pool,
        passwords: Passwords,
        sessions: Sessions,
        registry: Registry,
        secret: bytes,
        *,
        one_time: timedelta = ONE_TIME,
    ) -> None:
        self.one_time = one_time
        self._pool = pool
        self._registry = registry
        self._passwords = passwords
        self._sessions = sessions
        self._attempts = Attempts(pool, secret)

    # Reading

    def exist(self) -> bool:
        """Whether there is any account."""
        return bool(rows(self._pool, "SELECT 1 FROM account LIMIT 1"))

    def list(self) -> Sequence[Account]:
        """Every account, in the order of their logins."""
        found = rows(self._pool, f"SELECT {ACCOUNT} FROM account ORDER BY login_key")
        return self._looked_up([account_of(row) for row in found])

    def find(self, id: str) -> Account:
        """The account of that id."""
        return self._one(rows(self._pool, f"SELECT {ACCOUNT} FROM account WHERE id = %s", (id,)), id)

    def named(self, login: str) -> Account:
        """The account of that login."""
        key = login_key(login)
        return self._one(rows(self._pool, f"SELECT {ACCOUNT} FROM account WHERE login_key = %s", (key,)), login)

    def log(self, wanted: LogFilter = WHOLE_LOG, *, before: int | None = None, limit: int = 100) -> Sequence[Entry]:
        """The lines wanted, the newest first; `before` is the number of the last line seen."""
        found = rows(
            self._pool,
            "SELECT l.number, l.at, l.done_by, l.account_id, a.login, l.what, l.detail"
            " FROM account_log l LEFT JOIN account a ON a.id = l.account_id"
            " WHERE (%(account_id)s::text IS NULL OR l.account_id = %(account_id)s)"
            " AND (%(what)s::text IS NULL OR l.what = %(what)s)"
            " AND (%(since)s::timestamptz IS NULL OR l.at >= %(since)s)"
            " AND (%(until)s::timestamptz IS NULL OR l.at < %(until)s)"
            " AND (%(jurisdiction)s::text IS NULL"
            " OR coalesce(a.jurisdiction, l.detail ->> 'jurisdiction', %(jurisdiction)s) = %(jurisdiction)s)"
            " AND (%(before)s::bigint IS NULL OR l.number < %(before)s) ORDER BY l.number DESC LIMIT %(limit)s",
            {**asdict(wanted), "before": before, "limit": limit},
        )
        return [
            Entry(number, at, done_by, account, login, Happening(what), detail)
            for number, at, done_by, account, login, what, detail in found
        ]

    def sessions(self, account_id: str) -> Sequence[Session]:
        """Where somebody is signed in."""
        return self._sessions.list(account_id)

    # Keeping

    def create(
        self,
        login: str,
        name: str,
        asked: Asked,
        *,
        by: str,
        password: str | None = None,
        must_change: bool = True,
    ) -> tuple[Account, str]:
        """A new account and its first password, which is made at random unless it is given."""
        login, name = checked(_LOGIN, login, "login"), checked(_LINE, name, "name")
        binding = asked.bound(self._registry, datetime.now(UTC))
        refuse_a_deputys_name(login, binding, self._registry)
        password = one_time() if password is None else password
        hashed = self._passwords.hash(password)
        values = (str(uuid4()), login, login_key(login), name, binding.role, binding.office, binding.jurisdiction)
        try:
            with transaction(self._pool) as conn:
                _refuse_both(conn, "", name, binding.role)
                made = conn.execute(
                    "INSERT INTO account (id, login, login_key, name, role, office, jurisdiction, deputy,"
                    f" password_hash, must_change) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {ACCOUNT}",
                    (*values, binding.deputy, hashed, must_change),
                ).fetchone()
                account = self._one([made] if made else [], login)
                told = {"login": login, "name": name, "must_change": must_change, **binding.told}
                note(conn, Happening.CREATED, account.id, by, **told)
        except errors.UniqueViolation:
            raise Refused("login-taken", field="login", login=login) from None
        return account, password

    def disable(self, id: str, *, by: str) -> bool:
        """Whether the account could be used, and cannot any more: every session of it ends."""
        with transaction(self._pool) as conn:
            account = self._held(conn, id)
            if account.disabled_at is not None:
                return False
            conn.execute("UPDATE account SET disabled_at = clock_timestamp() WHERE id = %s", (id,))
            self._sessions.end_all(conn, id)
            note(conn, Happening.DISABLED, id, by)
        self._sessions.forget()
        return True

    def enable(self, id: str, *, by: str) -> bool:
        """Whether the account was disabled or locked, and can be used again."""
        with transaction(self._pool) as conn:
            account = self._held(conn, id, may_go=True)
            if account.disabled_at is None and account.locked_until is None:
                return False
            conn.execute("UPDATE account SET disabled_at = NULL WHERE id = %s", (id,))
            self._attempts.forget(conn, account.login)
            note(conn, Happening.ENABLED, id, by)
        return True

    def reset_password(self, id: str, *, by: str, password: str | None = None, must_change: bool = True) -> str:
        """A new password, at random unless it is given, that its owner has to change; every session ends."""
        password = one_time() if password is None else password
        hashed = self._passwords.hash(password)
        with transaction(self._pool) as conn:
            account = self._held(conn, id, may_go=True)
            self._set_password(conn, account, hashed, must_change=must_change)
            self._attempts.forget(conn, account.login)
            note(conn, Happening.PASSWORD_RESET, id, by, must_change=must_change)
        self._sessions.forget()
        return password

    def change_password(self, session: Session, old: str, new: str) -> SignedIn:
        """The owner's new password; every session of his ends, and one begins anew where he is."""
        account = session.account
        stored = self.confirm(session, old, "old_password")
        refuse_weak(new, account.login, "new_password")
        if new == old:
            raise Refused("value-not-allowed", field="new_password", reason="password_same")
        hashed = self._passwords.hash(new)
        with transaction(self._pool) as conn:
            self._require_unchanged(conn, account.id, stored)
            self._set_password(conn, account, hashed, must_change=False)
            begun = self._begin(conn, account, session.whence)
            told = {"session": begun.session_id, **_place(session.whence)}
            note(conn, Happening.PASSWORD_CHANGED, account.id, account.login, **told)
        self._sessions.forget()
        return begun

    def confirm(self, session: Session, password: str, field: str) -> str | None:
        """Make sure that it is the owner who sits there, by his password; the hash that it was compared with."""
        account = session.account
        attempt = self._attempts.begin(account.login, session.whence.address)
        stored = self._hash_of(account.id)
        if not self._passwords.matches(stored, password):
            self._note_failure(account.id, attempt_was_last=attempt.last, whence=session.whence, reason="old_password")
            raise Refused("password-wrong", field=field)
        with transaction(self._pool) as conn:
            self._attempts.forgive(conn, attempt)
        return stored

    def rebind(self, id: str, asked: Asked, *, by: str, seen: str | None = None) -> bool:
        """Whether the account acts as something else from now on; every session of it ends.

        Refused if whoever asks has `seen` it bound otherwise (`Binding.written`).
        """
        binding = asked.bound(self._registry, datetime.now(UTC))
        with transaction(self._pool) as conn:
            account = self._held(conn, id, may_go=binding.role is Role.ADMINISTRATOR)
            if account.binding == binding:
                return False
            if seen not in {None, account.binding.written}:
                raise Refused("account-changed")
            refuse_a_deputys_name(account.login, binding, self._registry)
            _refuse_both(conn, id, account.name, binding.role)
            conn.execute(
                "UPDATE account SET role = %s, office = %s, jurisdiction = %s, deputy = %s WHERE id = %s",
                (binding.role, binding.office, binding.jurisdiction, binding.deputy, id),
            )
            self._sessions.end_all(conn, id)
            note(conn, Happening.REBOUND, id, by, **binding.told, before=account.binding.told)
        self._sessions.forget()
        return True

    # Signing in

    def sign_in(self, login: str, password: str, whence: Whence) -> SignedIn:
        """A new session. Whoever is refused is not told whether there is such an account."""
        attempt = self._attempts.begin(login, whence.address)
        found = rows(
            self._pool, f"SELECT {ACCOUNT}, password_hash FROM account WHERE login_key = %s", (login_key(login),)
        )
        account, stored = (account_of(found[0][:-1]), str(found[0][-1])) if found else (None, None)
        if not self._passwords.matches(stored, password) or account is None or stored is None:
            id = None if account is None else account.id
            self._note_failure(id, attempt_was_last=attempt.last, whence=whence, reason="password")
            raise Refused("sign-in-refused")
        anew = self._passwords.hash(password) if self._passwords.outdated(stored) else None
        standing = account.binding.standing(self._registry, datetime.now(UTC))
        with transaction(self._pool) as conn:
            why = self._kept_out(conn, account.id, stored, standing)
            self._attempts.forgive(conn, attempt)
            if anew is not None:
                conn.execute("UPDATE account SET password_hash = %s WHERE id = %s", (anew, account.id))
            if why is not None:
                note(conn, Happening.SIGN_IN_REFUSED, account.id, account.login, reason=why, **_place(whence))
            else:
                begun = self._begin(conn, account, whence)
                told = {"session": begun.session_id, **_place(whence)}
                note(conn, Happening.SIGNED_IN, account.id, account.login, **told)
        if why is not None:
            raise Refused(_KEPT_OUT.get(why, why))
        return begun

    def sign_out(self, session: Session) -> None:
        """The session ends."""
        with transaction(self._pool) as conn:
            if self._sessions.end(conn, session.account.id, session.id):
                note(conn, Happening.SIGNED_OUT, session.account.id, session.account.login, session=session.id)
        self._sessions.forget()

    def revoke_session(self, account_id: str, session_id: str, *, by: str) -> bool:
        """Whether a session of the account was not ended yet, and is now."""
        with transaction(self._pool) as conn:
            if not self._sessions.end(conn, account_id, session_id):
                return False
            note(conn, Happening.SESSION_REVOKED, account_id, by, session=session_id)
        self._sessions.forget()
        return True

    def forget_old(self) -> None:
        """Give up what is of no use any more; never an account, never a line of the log."""
        self._sessions.forget_old()
        self._attempts.forget_old()

    # What the operations share

    def _one(self, found: Sequence[tuple[Any, ...]], asked: str) -> Account:
        if not found:
            raise Refused("account-not-found", account=asked)
        return self._looked_up([account_of(found[0])])[0]

    def _looked_up(self, accounts: Iterable[Account]) -> Sequence[Account]:
        """The accounts with what the registry says of them, and until when they are locked."""
        now = datetime.now(UTC)
        keys = {self._attempts.key(account.login): account for account in accounts}
        statement = "SELECT key, locked_until FROM sign_in_failure WHERE key = ANY(%s) AND locked_until > now()"
        locks = {bytes(key): until for key, until in rows(self._pool, statement, ([*keys],))}
        return [
            replace(account.looked_up(self._registry, now), locked_until=locks.get(key))
            for key, account in keys.items()
        ]

    def _held(self, conn: Connection, id: str, *, may_go: bool = False) -> Account:
        """The account, held until the transaction ends; the last administrator unless he `may_go`.

        Administrators are held first and in one order: two of them who disable each other wait, and one is refused.
        """
        statement = "SELECT id FROM account WHERE role = %s AND disabled_at IS NULL ORDER BY id FOR UPDATE"
        administrators = [] if may_go else [row[0] for row in conn.execute(statement, (Role.ADMINISTRATOR,)).fetchall()]
        found = conn.execute(f"SELECT {ACCOUNT} FROM account WHERE id = %s FOR UPDATE", (id,)).fetchall()
        if not found:
            raise Refused("account-not-found", account=id)
        if administrators == [id]:
            raise Refused("last-administrator")
        account = account_of(found[0])
        statement = "SELECT locked_until FROM sign_in_failure WHERE key = %s AND locked_until > now()"
        locked = conn.execute(statement, (self._attempts.key(account.login),)).fetchone()
        return account if locked is None else replace(account, locked_until=locked[0])

    def _set_password(self, conn: Connection, account: Account, hashed: str, *, must_change: bool) -> None:
        conn.execute(
            "UPDATE account SET password_hash = %s, must_change = %s, password_at = clock_timestamp() WHERE id = %s",
            (hashed, must_change, account.id),
        )
        self._sessions.end_all(conn, account.id)

    def _hash_of(self, id: str) -> str | None:
        found = rows(self._pool, "SELECT password_hash FROM account WHERE id = %s", (id,))
        return str(found[0][0]) if found else None

    def _require_unchanged(self, conn: Connection, id: str, stored: str | None) -> tuple[bool, bool]:
        """Hold the account whose password was just looked at, refused if that was changed meanwhile.

        Whether it is disabled, and whether the password is a one-time one that has expired.
        """
        statement = (
            "SELECT password_hash, disabled_at IS NOT NULL, must_change AND password_at < clock_timestamp() - %s"
            " FROM account WHERE id = %s FOR UPDATE"
        )
        found = conn.execute(statement, (self.one_time, id)).fetchone()
        if found is None or found[0] != stored:
            raise Refused("sign-in-refused")
        return bool(found[1]), bool(found[2])

    def _kept_out(self, conn: Connection, id: str, stored: str, standing: Standing) -> str | None:
        """Why nobody signs in with the account although he knows the password; None if he does."""
        disabled, expired = self._require_unchanged(conn, id, stored)
        if disabled:
            return "disabled"
        if expired:
            return "one-time-expired"
        return None if standing.may_sign_in else str(standing)

    def _begin(self, conn: Connection, account: Account, whence: Whence) -> SignedIn:
        secret, id = self._sessions.begin(conn, account.id, whence)
        return SignedIn(secret, id, account.id)

    def _note_failure(self, id: str | None, *, attempt_was_last: bool, whence: Whence, reason: str) -> None:
        with transaction(self._pool) as conn:
            note(conn, Happening.SIGN_IN_REFUSED, id, None, reason=reason, **_place(whence))
            if attempt_was_last:
                note(conn, Happening.LOCKED, id, None, minutes=MINUTES, **_place(whence))


def _refuse_both(conn: Connection, id: str, name: str, role: Role) -> None:
    """Refuse a role beside which the person may not ever have had another one, as the log tells.

    What can be known of a person is the account and the name: also two accounts of one name are kept apart.
    """
    if (other := APART.get(role)) is None:
        return
    conn.execute("SELECT pg_advisory_xact_lock(%s)", (_ROLES_APART,))
    statement = (
        "SELECT DISTINCT a.id, a.login, a.name FROM account a JOIN account_log l ON l.account_id = a.id"
        " WHERE l.what IN ('created', 'rebound') AND l.detail ->> 'role' = %s ORDER BY a.login"
    )
    had = {str(found[0]): found[1:] for found in conn.execute(statement, (other,)).fetchall()}
    if id in had:
        raise Refused("roles-apart", field="role", role=role, other=other)
    for login, namesake in had.values():
        if _same_name(name, namesake):
            raise Refused("roles-apart-by-name", field="role", role=role, other=other, name=name, login=login)


def _same_name(one: str, other: str) -> bool:
    """Whether two names are one, however they are written."""
    return login_key("".join(one.split())) == login_key("".join(other.split()))


def _place(whence: Whence) -> dict[str, str]:
    return {"address": whence.address, "agent": whence.agent}
