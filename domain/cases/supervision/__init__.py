"""The case types of supervision (监督)."""

from domain.cases.supervision import (
    appraisal,
    dismissal,
    inquiry,
    inspection,
    interpellation,
    investigation,
    opinion,
    plan_budget,
    work_report,
)

__all__ = [
    "appraisal",
    "dismissal",
    "inquiry",
    "inspection",
    "interpellation",
    "investigation",
    "opinion",
    "plan_budget",
    "work_report",
]
