"""What is counted: each case, and each part of it that counts by itself, with what it adds to which measure on a day.

Everything that a figure says is a sum of such counts. A case type without counts of its own is counted as a case.
"""

from projections.counting import matters, suggestion
from projections.counting.counted import SUBJECTS, Counted, Subject, counted, turning_days

__all__ = ["SUBJECTS", "Counted", "Subject", "counted", "matters", "suggestion", "turning_days"]
