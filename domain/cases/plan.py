"""Plan (计划、规划): what is planned for a year or a term; its approval by the Party's organs holds for its items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from domain.case import Act, Awaited, Reference, Role, Step
from domain.comments import Commented
from domain.matter import CHAIRMEN, KEEPERS, MatterOpening, handled_kinds
from domain.office import Office
from domain.part import Part
from domain.refusal import Refused
from domain.values import CaseId, Code, Line, Text, UnitCode, Word


class PlanKind(Word):
    """What is planned; which of them go before the Party's organs is a rule (eighteen articles, 1, 2, 7, 14, 15)."""

    STUDY = auto()
    LEGISLATIVE_PROGRAMME = auto()
    LEGISLATIVE = auto()
    MAJOR_MATTERS = auto()
    SUPERVISION = auto()
    APPRAISAL = auto()
    DEPUTY_WORK = auto()
    TRAINING = auto()
    WORK_POINTS = auto()


@dataclass
class PlannedItem(Part):
    """An item of the plan (计划项目), and the case that took it up."""

    class Stage(Word):
        PLANNED = auto()
        TAKEN_UP = auto()
        CARRIED_OUT = auto()
        TAKEN_OUT = auto()

    title: str = ""
    unit: str | None = None
    committee: str | None = None
    due_on: date | None = None
    case_id: str | None = None
    """The case that took it up."""
    done_on: date | None = None
    taken_out_because: str | None = None


class ItemToPlan(BaseModel):
    """An item as the plan states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: Code
    """Its key in the case."""
    title: Line
    unit: UnitCode | None = None
    """The organ that it is about."""
    committee: Line | None = None
    due_on: date | None = None


@dataclass
class Plan(Commented, kind="plan", zh="计划"):
    """计划: drafted, asked about, through the gates of the Party, adopted, published, adjusted, carried out."""

    class Stage(Word):
        DRAFTED = auto()
        ADOPTED = auto()
        CLOSED = auto()
        DROPPED = auto()

    plan_kind: PlanKind = PlanKind.SUPERVISION
    until_year: int | None = None
    adopted_on: date | None = None
    items: dict[str, PlannedItem] = field(default_factory=dict)
    adjusted_on: list[date] = field(default_factory=list)

    @property
    def sort(self) -> str | None:
        return self.plan_kind

    def units_concerned(self) -> Iterator[str]:
        """No unit, as long as it is a draft of the congress."""
        if self.adopted_on is not None:
            yield from super().units_concerned()
            yield from (item.unit for item in self.items.values() if item.unit is not None)

    def tied_to(self) -> Iterator[str]:
        """The cases that took up its items."""
        yield from super().tied_to()
        yield from (item.case_id for item in self.items.values() if item.case_id is not None)

    def awaited(self) -> Iterator[Awaited]:
        """Items that are due and that no case took up."""
        yield from super().awaited()
        if self.stage == Stage.ADOPTED:
            for item in self.items.values():
                if item.stage is PlannedItem.Stage.PLANNED and item.due_on is not None:
                    yield Awaited(Role.DEPUTY_AFFAIRS, ItemTakenUp.declared.wire, item.due_on, item.key)

    def add(self, items: tuple[ItemToPlan, ...]) -> None:
        """Put items into the plan."""
        for one in items:
            self.items[one.item] = PlannedItem(
                one.item, PlannedItem.Stage.PLANNED, one.title, one.unit, one.committee, one.due_on
            )


Stage = Plan.Stage


def _require_plannable(case: Plan | None, items: tuple[ItemToPlan, ...], office: Office) -> None:
    keys = set() if case is None else set(case.items)
    for i, one in enumerate(items):
        if one.item in keys:
            raise Refused("item-exists", field=f"items.{i}.item", item=one.item)
        keys.add(one.item)
        if one.unit is not None:
            office.require_unit(one.unit, f"items.{i}.unit")


class PlanDrafted(
    MatterOpening,
    of=Plan,
    wire="plan.drafted.v1",
    zh="起草计划",
    opens=True,
    leads_to=Stage.DRAFTED,
    by=KEEPERS | {Role.PARTY_GROUP},
):
    """A plan is drafted, for a year or for several."""

    kind: PlanKind
    until_year: int | None = Field(default=None, ge=1949, le=9999)
    """The last year of a plan for several."""
    items: tuple[ItemToPlan, ...] = Field(default=(), max_length=1000)

    def check(self, case: Any, office: Office) -> None:
        super().check(case, office)
        _require_plannable(case, self.items, office)
        if self.until_year is not None and self.until_year < (self.year or office.day.year):
            raise Refused("plan-ends-before-it-begins", field="until_year", until_year=self.until_year)

    def apply(self, case: Plan, act: Act) -> None:
        super().apply(case, act)
        case.plan_kind, case.until_year = self.kind, self.until_year
        case.add(self.items)


class PlanRevised(
    Step,
    of=Plan,
    wire="plan.revised.v1",
    zh="修改计划草案",
    while_in={Stage.DRAFTED},
    by=KEEPERS | {Role.PARTY_GROUP},
):
    """The draft is changed: items come in, items go out."""

    added: tuple[ItemToPlan, ...] = Field(default=(), max_length=1000)
    removed: tuple[Code, ...] = Field(default=(), max_length=1000)
    """Keys of items that are not planned any more."""
    note: Text | None = None

    def check(self, case: Plan, office: Office) -> None:
        _require_plannable(case, self.added, office)
        _require_items(case, self.removed, "removed")

    def apply(self, case: Plan, act: Act) -> None:
        for key in self.removed:
            case.items.pop(key, None)
        case.add(self.added)


class PlanAdopted(
    Step,
    of=Plan,
    wire="plan.adopted.v1",
    zh="主任会议通过计划",
    while_in={Stage.DRAFTED},
    leads_to=Stage.ADOPTED,
    by=CHAIRMEN,
):
    """The chairmen's meeting adopts the plan (监督法 art. 63); which gates come before it is a rule of the office."""

    def apply(self, case: Plan, act: Act) -> None:
        case.adopted_on = act.occurred_on


class PlanAdjusted(Step, of=Plan, wire="plan.adjusted.v1", zh="计划调整", while_in={Stage.ADOPTED}, by=CHAIRMEN):
    """The adopted plan is changed (监督法 art. 63): what comes in, what is taken out, and why."""

    added: tuple[ItemToPlan, ...] = Field(default=(), max_length=1000)
    removed: tuple[Code, ...] = Field(default=(), max_length=1000)
    """Keys of items that are taken out."""
    reason: Text

    def check(self, case: Plan, office: Office) -> None:
        _require_plannable(case, self.added, office)
        _require_items(case, self.removed, "removed")

    def apply(self, case: Plan, act: Act) -> None:
        for key in self.removed:
            if (item := case.items.get(key)) is not None:
                item.stage, item.taken_out_because = PlannedItem.Stage.TAKEN_OUT, self.reason
        case.add(self.added)
        case.adjusted_on.append(act.occurred_on)


class PlanExecutionReported(
    Step,
    of=Plan,
    wire="plan.execution_reported.v1",
    zh="报告计划执行情况",
    while_in={Stage.ADOPTED},
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """How the plan was carried out is reported, such as the year's study to the Party group (eighteen articles, 1)."""

    reported_to: Line
    summary: Text | None = None


class ItemTakenUp(
    Step,
    of=Plan,
    wire="plan.item_taken_up.v1",
    zh="计划项目启动",
    while_in={Stage.ADOPTED},
    part="items",
    names="item",
    after={PlannedItem.Stage.PLANNED, PlannedItem.Stage.TAKEN_UP},
    leads_to=PlannedItem.Stage.TAKEN_UP,
    by=CHAIRMEN,
):
    """Work on an item begins, in a case of its own."""

    item: Code
    case_id: CaseId | None = None

    def refers_to(self) -> Iterator[Reference]:
        if self.case_id is not None:
            yield Reference("case_id", self.case_id, handled_kinds())

    def already(self, case: Plan) -> bool:
        item = case.items.get(self.item)
        return item is not None and item.stage is PlannedItem.Stage.TAKEN_UP and item.case_id == self.case_id

    def apply(self, case: Plan, act: Act) -> None:
        if (item := case.items.get(self.item)) is not None:
            item.case_id = self.case_id or item.case_id


class ItemCarriedOut(
    Step,
    of=Plan,
    wire="plan.item_carried_out.v1",
    zh="计划项目完成",
    while_in={Stage.ADOPTED},
    part="items",
    names="item",
    after={PlannedItem.Stage.PLANNED, PlannedItem.Stage.TAKEN_UP},
    leads_to=PlannedItem.Stage.CARRIED_OUT,
    by=CHAIRMEN,
):
    """An item is done."""

    item: Code
    note: Text | None = None

    def apply(self, case: Plan, act: Act) -> None:
        if (item := case.items.get(self.item)) is not None:
            item.done_on = act.occurred_on


def _require_items(case: Plan, keys: tuple[str, ...], field: str) -> None:
    for i, key in enumerate(keys):
        if key not in case.items:
            raise Refused("no-such-item", field=f"{field}.{i}", item=key)
