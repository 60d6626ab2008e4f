"""Principal: who asks, in which role, for which office, and in which jurisdiction."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.case import Role
from domain.refusal import Refused


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    RECORD = "record"


EVERYTHING = frozenset(Scope)
_OF_ROLE: Mapping[Role, frozenset[Scope]] = {
    Role.ADMINISTRATOR: frozenset(),
    Role.AUDITOR: frozenset({Scope.READ}),
}


def scopes_of(role: Role) -> frozenset[Scope]:
    """What a token of somebody in that role may be used for: an administrator has none, as he reaches no case."""
    return _OF_ROLE.get(role, EVERYTHING)


class Standing(StrEnum):
    """What today's registry says of whom somebody acts as."""

    IN_OFFICE = "in-office"
    DUTY_SUSPENDED = "duty-suspended"
    """A deputy whose duties are suspended: he reads, and takes no step."""
    DEPUTY_ENDED = "deputy-ended"
    """A deputy whose qualification ended: he does not sign in."""
    UNIT_GONE = "unit-gone"
    """A unit that was merged or closed: its people do not sign in until they act for another one."""

    @property
    def may_sign_in(self) -> bool:
        """Whether there is somebody as whom to act."""
        return self in {Standing.IN_OFFICE, Standing.DUTY_SUSPENDED}

    def refuse(self) -> None:
        """Refuse whoever does not act as anybody any more."""
        if self is Standing.DEPUTY_ENDED:
            raise Refused("deputy-ended")
        if self is Standing.UNIT_GONE:
            raise Refused("unit-gone")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is known to the service; what he may do follows from the steps' declarations."""

    actor: str
    role: Role
    office: str
    jurisdiction: str
    scopes: frozenset[Scope] = EVERYTHING
    account: str | None = None
    """The id of the account, of somebody who has one."""
    standing: Standing = Standing.IN_OFFICE
    token: str | None = None
    """The id of the token, of whoever asks by one."""

    @property
    def suspended(self) -> bool:
        """Whether he reads, and takes no step."""
        return self.standing is Standing.DUTY_SUSPENDED
