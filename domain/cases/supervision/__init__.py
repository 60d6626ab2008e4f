"""The case types of supervision (监督)."""

from domain.cases.supervision import opinion

__all__ = ["opinion"]
