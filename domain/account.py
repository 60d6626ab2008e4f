"""Account: a person who signs in, what he is bound to, his sessions, and what was done to his account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from domain.case import Role
from domain.moment import day_of
from domain.office import Office
from domain.principal import Principal, Standing
from domain.refusal import Refused
from domain.registry import Registry
from domain.values import Code, DeputyId

APART: Mapping[Role, Role] = {Role.ADMINISTRATOR: Role.AUDITOR, Role.AUDITOR: Role.ADMINISTRATOR}
"""Roles that one account never has both of, not even one after the other (三员分立)."""


LONGEST_TOKEN = 366
"""Days that a token lives at most."""


CONSOLE = "#console"
"""Who did it, where that was done on the command line: no login has this character."""


class Happening(StrEnum):
    """What the log of the accounts tells."""

    CREATED = "created"
    DISABLED = "disabled"
    ENABLED = "enabled"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - what happened
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - what happened
    REBOUND = "rebound"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_REFUSED = "sign_in_refused"
    LOCKED = "locked"
    SESSION_REVOKED = "session_revoked"
    TOKEN_CREATED = "token_created"  # noqa: S105 - what happened
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - what happened
    DENIED = "denied"
    """Of installations older than the access log, which tells it since."""


@dataclass(frozen=True)
class Binding:
    """As what a person acts: role, office, jurisdiction, and of a deputy which one he is."""

    role: Role
    office: str
    jurisdiction: str
    deputy: str | None = None

    @property
    def told(self) -> dict[str, str]:
        """What the log says of it."""
        return {name: str(value) for name, value in asdict(self).items() if value is not None}

    @property
    def written(self) -> str:
        """The same in one line, by which a form says what it was opened on."""
        return " ".join(self.told.values())

    def standing(self, registry: Registry, now: datetime) -> Standing:
        """What the registry says of it on the day that it is there."""
        place = registry.jurisdiction(self.jurisdiction)
        today = day_of(now, place.time_zone)
        if self.role is Role.HANDLING_UNIT:
            unit = place.unit(self.office, today)
            return Standing.IN_OFFICE if unit is not None and unit.on(today) else Standing.UNIT_GONE
        if self.role is Role.DEPUTY and place.registry == "closed":
            deputy = place.deputy(self.deputy or "", today)
            if deputy is None or not deputy.in_office(today):
                return Standing.DEPUTY_ENDED
            return Standing.DUTY_SUSPENDED if deputy.suspended else Standing.IN_OFFICE
        return Standing.IN_OFFICE


class Asked(BaseModel):
    """What somebody should act as, as it is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Code
    jurisdiction: Code
    office: Code | None = None
    """Without one: the congress itself, whose code is the jurisdiction's."""
    deputy: DeputyId | None = None

    def bound(self, registry: Registry, now: datetime) -> Binding:
        """The binding, to what the jurisdiction knows now; one that cannot be is refused."""
        if self.role not in set(Role):
            raise Refused("unknown-role", field="role", role=self.role, known=sorted(Role))
        role, office = Role(self.role), _office(registry, self.jurisdiction, now)
        if role is Role.HANDLING_UNIT:
            office.require_unit(_given(self.office, "office"), "office")
        if role is Role.DEPUTY:
            office.require_deputy(_given(self.deputy, "deputy"), "deputy")
        elif self.deputy is not None:
            raise Refused("deputy-not-wanted", field="deputy", role=role)
        return Binding(role, self.office or self.jurisdiction, self.jurisdiction, self.deputy)


def refuse_a_deputys_name(login: str, binding: Binding, registry: Registry) -> None:
    """Refuse a login that would act under the id of a deputy and is not his own."""
    deputy = registry.jurisdiction(binding.jurisdiction).deputy(login)
    if deputy is not None and binding.deputy != deputy.id:
        raise Refused("login-is-a-deputy", field="login", login=login)


def _office(registry: Registry, jurisdiction: str, now: datetime) -> Office:
    """What the jurisdiction knows on the day that it is there."""
    place = registry.jurisdiction(jurisdiction)
    return place.on(day_of(now, place.time_zone))


def _given(value: str | None, field: str) -> str:
    if value is None:
        raise Refused("value-not-allowed", field=field, reason="missing")
    return value


@dataclass(frozen=True)
class Account:
    """What is known of an account, except its password."""

    id: str
    login: str
    name: str
    binding: Binding
    must_change: bool
    """Whether the password is one that an administrator gave, and its owner never changed."""
    password_at: datetime
    created_at: datetime
    disabled_at: datetime | None
    locked_until: datetime | None = None
    standing: Standing = Standing.IN_OFFICE

    def looked_up(self, registry: Registry, now: datetime) -> Account:
        """The account with what the registry says of it."""
        return replace(self, standing=self.binding.standing(registry, now))

    def one_time_until(self, lasting: timedelta) -> datetime | None:
        """Until when its one-time password may be used; None of a password of its owner's own."""
        return self.password_at + lasting if self.must_change else None

    @property
    def principal(self) -> Principal:
        """As whom the person acts: a deputy under his id, anybody else under the login."""
        bound_to = self.binding
        return Principal(
            bound_to.deputy or self.login,
            bound_to.role,
            bound_to.office,
            bound_to.jurisdiction,
            account=self.id,
            standing=self.standing,
        )


@dataclass(frozen=True)
class Whence:
    """Where a request comes from."""

    address: str
    agent: str
    device: bytes | None = None
    """SHA-256 of what the browser is known by; None where nothing is known of it."""


@dataclass(frozen=True)
class Session:
    """A person who is signed in at one place; never the secret of it."""

    id: str
    account: Account
    whence: Whence
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True)
class SignedIn:
    """A session that has just begun, with its secret, told this once."""

    secret: str
    session_id: str
    account_id: str


@dataclass(frozen=True)
class Token:
    """What is known of a token, except its secret; one of an account acts as the account does now."""

    id: str
    account: str | None
    """The login of the account; None of a program's token, which acts as it was made for."""
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


@dataclass(frozen=True)
class LogFilter:
    """Which lines of the log are wanted; None means all of them."""

    account_id: str | None = None
    what: Happening | None = None
    since: datetime | None = None
    until: datetime | None = None
    jurisdiction: str | None = None
    """Those of accounts of one jurisdiction, and those that belong to no account."""


WHOLE_LOG = LogFilter()


@dataclass(frozen=True)
class Entry:
    """A line of the log: when, who did it, to which account, and what."""

    number: int
    at: datetime
    done_by: str | None
    """The login of who did it; None where nobody is known, `CONSOLE` where it was done on the command line."""
    account_id: str | None
    login: str | None
    what: Happening
    detail: Mapping[str, Any]
