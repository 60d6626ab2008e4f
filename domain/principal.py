"""Principal: who asks, in which role, for which office, and in which jurisdiction."""

from dataclasses import dataclass

from domain.case import Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is known to the service; what he may do follows from the steps' declarations."""

    actor: str
    role: Role
    office: str
    jurisdiction: str
