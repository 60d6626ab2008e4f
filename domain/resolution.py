"""Resolutions (决议) on a report: what they set, and whether the tallies bear them out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar

from domain import clock
from domain.case import Act, Step
from domain.clock import Deadline
from domain.matter import require_not_before
from domain.office import Office
from domain.refusal import Refused
from domain.values import Line


class ResolutionStep(Step):
    """A step by which the standing committee resolves on a report, perhaps with a term for its execution."""

    execution: ClassVar[str]
    """The clock of the report on its execution."""

    title: Line
    due_on: date | None = None
    """Until when the organ reports on the execution."""

    def check(self, case: Any, office: Office) -> None:
        """Refuse a term that is over."""
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """The tallies say otherwise."""
        vote = case.votes[-1] if case.votes else None
        if vote is not None and not vote.passed:
            yield Refused("result-contradicts-tally", votes_for=vote.votes_for, members=vote.members)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        """The term that it sets."""
        if self.due_on is not None:
            yield clock.agreed(self.execution, act.occurred_on, self.due_on)
