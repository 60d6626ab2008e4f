"""The case types of supervision (监督)."""

from domain.cases.supervision import dismissal, inquiry, interpellation, investigation, opinion

__all__ = ["dismissal", "inquiry", "interpellation", "investigation", "opinion"]
