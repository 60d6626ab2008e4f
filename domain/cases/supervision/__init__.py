"""The case types of supervision (监督)."""

from domain.cases.supervision import inquiry, interpellation, opinion

__all__ = ["inquiry", "interpellation", "opinion"]
