"""The case types of supervision (监督)."""

from domain.cases.supervision import opinion, plan_budget, work_report

__all__ = ["opinion", "plan_budget", "work_report"]
