"""The case types of supervision (监督)."""

from domain.cases.supervision import appraisal, inspection, opinion, plan_budget, work_report

__all__ = ["appraisal", "inspection", "opinion", "plan_budget", "work_report"]
