"""Principal: who asks, in which role, for which office, and in which jurisdiction."""

from dataclasses import dataclass
from enum import StrEnum

from domain.case import Role


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    RECORD = "record"


EVERYTHING = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is known to the service; what he may do follows from the steps' declarations."""

    actor: str
    role: Role
    office: str
    jurisdiction: str
    scopes: frozenset[Scope] = EVERYTHING
