"""Suggestion (代表建议): what a deputy asks for, until the deputy says whether it was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto

from pydantic import Field

from domain.case import Act, Case, Opening, Part, Role, Step
from domain.office import Office
from domain.refusal import Refused
from domain.values import DeputyId, Line, Text, UnitCode


class Handling(StrEnum):
    """In which way a unit takes part (承办方式)."""

    LEAD = auto()
    CO = auto()
    SEPARATE = auto()


@dataclass
class Assignment(Part):
    """One unit's share of a suggestion (件次)."""

    class Stage(StrEnum):
        ASSIGNED = auto()
        SIGNED_FOR = auto()
        RETURN_REQUESTED = auto()
        RETURNED = auto()
        OPINION_GIVEN = auto()
        REPLIED = auto()

    handling: Handling = Handling.LEAD
    assigned_on: date | None = None


@dataclass
class Reply:
    """What a unit answered in a round."""

    unit: str
    replied_on: date
    outcome: str | None


@dataclass
class Round:
    """One handling of the suggestion, from its order to the deputy's evaluation. Never overwritten by the next."""

    number: int
    replies: dict[str, Reply] = field(default_factory=dict)


@dataclass
class Suggestion(Case, kind="suggestion", zh="代表建议"):
    """代表建议: its stage, its parts and its rounds."""

    class Stage(StrEnum):
        SUBMITTED = auto()
        ACCEPTED = auto()
        HANDED_OVER = auto()
        IN_HANDLING = auto()
        REPLIED = auto()

    number: str | None = None
    title: str = ""
    lead_deputy: str = ""
    co_signers: tuple[str, ...] = ()
    submitted_on: date | None = None
    handed_over_on: date | None = None
    assignments: dict[str, Assignment] = field(default_factory=dict)
    rounds: dict[int, Round] = field(default_factory=dict)

    def claims(self) -> frozenset[str]:
        """A number belongs to one suggestion of a jurisdiction."""
        return frozenset() if self.number is None else frozenset({f"number:{self.jurisdiction}:{self.number}"})

    @property
    def lead_unit(self) -> str | None:
        """The unit that leads, or the first of those that handle separately."""
        return next((a.key for a in self.assignments.values() if a.handling is not Handling.CO), None)

    @property
    def round(self) -> Round:
        """The round that is being handled."""
        return self.rounds.setdefault(max(self.rounds, default=1), Round(max(self.rounds, default=1)))


Stage = Suggestion.Stage


class SuggestionSubmitted(
    Opening,
    of=Suggestion,
    wire="suggestion.submitted.v1",
    zh="提出",
    opens=True,
    leads_to=Stage.SUBMITTED,
    by={Role.DEPUTY, Role.DEPUTY_AFFAIRS},
    starts=("suggestion.hand_over",),
):
    """A deputy submits a suggestion, alone or with co-signers."""

    title: Line
    lead_deputy: DeputyId
    co_signers: tuple[DeputyId, ...] = Field(default=(), max_length=200)
    number: Line | None = None
    session: Line | None = None
    body: Text | None = None

    def check(self, case: Suggestion | None, office: Office) -> None:
        office.require_deputy(self.lead_deputy, "lead_deputy")
        for i, co_signer in enumerate(self.co_signers):
            office.require_deputy(co_signer, f"co_signers.{i}")
        if self.lead_deputy in self.co_signers:
            raise Refused("lead-deputy-co-signs", field="co_signers", deputy=self.lead_deputy)

    def apply(self, case: Suggestion, act: Act) -> None:
        case.title, case.number = self.title, self.number
        case.lead_deputy, case.co_signers = self.lead_deputy, self.co_signers
        case.submitted_on = act.occurred_on


class HandedOver(
    Step,
    of=Suggestion,
    wire="suggestion.handed_over.v1",
    zh="交办",
    while_in={Stage.SUBMITTED, Stage.ACCEPTED},
    leads_to=Stage.HANDED_OVER,
    by={Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE, Role.GOVERNMENT_OFFICE},
    starts=("suggestion.reply",),
    stops=("suggestion.hand_over",),
):
    """The office hands the suggestion to its units; the reply clock starts."""

    lead_unit: UnitCode | None = None
    co_units: tuple[UnitCode, ...] = Field(default=(), max_length=50)
    separate_units: tuple[UnitCode, ...] = Field(default=(), max_length=50)

    def check(self, case: Suggestion, office: Office) -> None:
        if self.lead_unit is not None:
            office.require_unit(self.lead_unit, "lead_unit")
        for name in ("co_units", "separate_units"):
            for i, unit in enumerate(getattr(self, name)):
                office.require_unit(unit, f"{name}.{i}")
        if self.lead_unit is None and not self.separate_units:
            raise Refused("nobody-assigned", field="lead_unit")
        if self.lead_unit is not None and self.lead_unit in self.co_units:
            raise Refused("lead-unit-is-co-handler", field="co_units", unit=self.lead_unit)

    def started_clocks(self, case: Suggestion) -> Iterator[tuple[str, str | None]]:
        yield "suggestion.reply", None
        for unit in self.co_units:
            yield "suggestion.co_opinion", unit

    def apply(self, case: Suggestion, act: Act) -> None:
        case.handed_over_on = act.occurred_on
        for handling, units in (
            (Handling.LEAD, (self.lead_unit,)),
            (Handling.CO, self.co_units),
            (Handling.SEPARATE, self.separate_units),
        ):
            for unit in units:
                if unit is not None:
                    case.assignments[unit] = Assignment(unit, Assignment.Stage.ASSIGNED, handling, act.occurred_on)


class ReplyIssued(
    Step,
    of=Suggestion,
    wire="suggestion.reply_issued.v1",
    zh="答复",
    part="assignments",
    names="unit",
    after={Assignment.Stage.ASSIGNED, Assignment.Stage.SIGNED_FOR},
    leads_to=Assignment.Stage.REPLIED,
    by={Role.HANDLING_UNIT, Role.GOVERNMENT_OFFICE, Role.DEPUTY_AFFAIRS},
):
    """A unit answers the deputy."""

    unit: UnitCode
    outcome: Line | None = None

    def apply(self, case: Suggestion, act: Act) -> None:
        case.round.replies[self.unit] = Reply(self.unit, act.occurred_on, self.outcome)
        waiting = [a for a in case.assignments.values() if a.handling is not Handling.CO and a.key not in case.round.replies]
        if not waiting:
            case.stage = Stage.REPLIED

    def stopped_clocks(self, case: Suggestion) -> Iterator[tuple[str, str | None]]:
        if case.stage is Stage.REPLIED:
            yield "suggestion.reply", None
