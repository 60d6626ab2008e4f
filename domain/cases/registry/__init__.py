"""The registry's case types: what other cases are checked against."""

from domain.cases.registry import deputy, group, jurisdiction, meeting, seat, unit

__all__ = ["deputy", "group", "jurisdiction", "meeting", "seat", "unit"]
