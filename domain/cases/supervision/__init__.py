"""The case types of supervision (监督)."""

from domain.cases.supervision import inspection, opinion, plan_budget, work_report

__all__ = ["inspection", "opinion", "plan_budget", "work_report"]
