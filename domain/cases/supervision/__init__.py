"""The case types of supervision (监督)."""

from domain.cases.supervision import inquiry, interpellation, investigation, opinion

__all__ = ["inquiry", "interpellation", "investigation", "opinion"]
