"""The case types of supervision (监督)."""

from domain.cases.supervision import inquiry, opinion

__all__ = ["inquiry", "opinion"]
