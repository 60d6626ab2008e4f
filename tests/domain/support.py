"""A desk of the sample city: steps are taken through the docket, on a ledger in memory, on a day that stands still."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.memory import MemoryLedger
from domain.attachment import Content
from domain.case import Act, Case, Corrected, Imported, Opening, Recorded, Reference, Role, Step, Voided
from domain.casefile import CaseFile
from domain.cases.suggestion import HandedOver, ReplyIssued, Suggestion, SuggestionSubmitted
from domain.docket import Docket, Receipt, Request
from domain.moment import end_of_day, start_of_day
from domain.office import Jurisdiction
from domain.procedure import Finding, findings
from tests.registry import shipped_registry

ZONE = "Asia/Shanghai"
TODAY = date(2026, 11, 22)
LEAD, SECOND, THIRD = "jtj", "czj", "zjj"
DEPUTY, CO_SIGNER = "d-001", "d-002"
SUBMITTED_ON, HANDED_OVER_ON = date(2026, 3, 2), date(2026, 3, 9)
OWN_VOICE = (Role.DEPUTY_AFFAIRS, Role.DEPUTY, Role.HANDLING_UNIT)
IMPORTED = Imported(profile="sample", sha256="0" * 64, row=1)


def act(on: date, role: Role, *, actor: str = DEPUTY, **more: Any) -> Act:
    """An act of a day."""
    return Act(actor=actor, role=role, office=more.pop("office", "rd"), occurred_at=start_of_day(on, ZONE), **more)


def role_for(step: type[Step] | Step) -> Role:
    """A role that may take the step; the deputy only where nobody else may."""
    return next(role for role in (*OWN_VOICE, *sorted(step.declared.by)) if role in step.declared.by)


class Trusting(Docket):
    """Takes references to cases that there are not, and attachments that nobody handed in."""

    def _require_case(
        self, reference: Reference, own: CaseFile, step: Step, act: Act, jurisdiction: Jurisdiction
    ) -> None:
        """Nothing is refused."""

    def _require_content(self, content: Content, act: Act, jurisdiction: Jurisdiction, case: Case | None) -> None:
        """Nothing is refused."""


class Desk:
    """Records steps of one case after another, and looks at them."""

    def __init__(self, today: date = TODAY, docket: type[Docket] = Docket) -> None:
        self.now = datetime.combine(today, datetime.min.time(), ZoneInfo(ZONE)).astimezone(UTC) + timedelta(hours=9)
        self.ledger = MemoryLedger(lambda: self.now)
        self.docket = docket(self.ledger, shipped_registry(), lambda: self.now)
        self.case_id = ""

    def open(self, step: Opening | None = None, on: date = SUBMITTED_ON, **more: Any) -> Receipt:
        """Open a case; the steps that follow are its own."""
        step = step or submitted()
        request = more.pop("request", None)
        receipt = self.docket.open(step, act(on, Role.DEPUTY_AFFAIRS, **more), request=request)
        self.case_id = receipt.case_id
        return receipt

    def take(
        self,
        step: Step,
        on: date,
        role: Role | None = None,
        *,
        request: Request | None = None,
        expected_version: int | None = None,
        **more: Any,
    ) -> Receipt:
        """Record a step of the case."""
        return self.docket.record(
            self.case_id,
            step,
            act(on, role or role_for(step), **more),
            request=request,
            expected_version=expected_version,
        )

    def another(self) -> str:
        """The id of another case, which the steps that follow are not of."""
        kept = self.case_id
        other = self.open().case_id
        self.case_id = kept
        return other

    def handed_over(self, *co_units: str, opening: Opening | None = None) -> Desk:
        """A suggestion that the transport bureau leads."""
        self.open(opening)
        self.take(HandedOver(lead_unit=LEAD, co_units=co_units), HANDED_OVER_ON)
        return self

    def replied(self, outcome: str = "B", on: date = date(2026, 5, 6), opening: Opening | None = None) -> Desk:
        """A suggestion that was answered."""
        self.handed_over(opening=opening)
        self.take(ReplyIssued(unit=LEAD, outcome=outcome), on)
        return self

    def correct(self, version: int, on: date | None = None, **changes: Any) -> Receipt:
        """Correct a step: its date, its fields."""
        return self.take(
            Corrected(
                corrects=version,
                occurred_at=None if on is None else start_of_day(on, ZONE),
                precision=None if on is None else "day",
                changes=changes,
                reason="录入有误",
                approved_by="主任",
            ),
            TODAY,
        )

    def void(self, version: int) -> Receipt:
        """Void a step."""
        return self.take(Voided(voids=version, reason="重复录入", approved_by="主任"), TODAY)

    @property
    def history(self) -> list[Recorded]:
        return self.docket.case_file(self.case_id).history

    @property
    def live(self) -> Case | None:
        return self.docket.case_file(self.case_id).case

    @property
    def case(self) -> Suggestion:
        """The suggestion as it stands."""
        case = self.live
        assert isinstance(case, Suggestion)
        return case

    def at(self, as_of: date | None = None, known: int | None = None) -> Case | None:
        """The case at a moment."""
        instant = None if as_of is None else end_of_day(as_of, ZONE)
        return self.docket.case_file(self.case_id).at(known, instant)

    def due_on(self, rule: str = "suggestion.reply", part: str | None = None) -> date:
        """The due date of a clock."""
        return self.case.clocks[rule, part].deadline.due_on

    def runs(self, rule: str, part: str | None = None) -> bool:
        """Whether a clock was started and not stopped."""
        running = self.case.clocks.get((rule, part))
        return running is not None and running.stopped_at is None

    @property
    def findings(self) -> list[Finding]:
        return findings(self.history, shipped_registry().jurisdiction("cn-999900"))

    @property
    def found(self) -> list[tuple[str, int]]:
        """What disagrees, and in which step."""
        return [(finding.message_id, finding.version) for finding in self.findings]


def submitted(**fields: Any) -> SuggestionSubmitted:
    """A suggestion about night buses."""
    given = {"jurisdiction": "cn-999900", "title": "关于增开夜间公交的建议", "lead_deputy": DEPUTY}
    return SuggestionSubmitted(**{**given, **fields})
