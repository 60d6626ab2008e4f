"""The case types of supervision (监督)."""

from domain.cases.supervision import opinion, work_report

__all__ = ["opinion", "work_report"]
