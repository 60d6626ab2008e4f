"""Meeting (会议): when a body meets, so that what is due so many days before it has a day to count from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import auto

from domain.case import Act, Case, ClockKey, Facts, Step
from domain.office import Dated, Office
from domain.refusal import Refused
from domain.registry import KEEPERS, RegistryCase, RegistryOpening
from domain.values import Code, Line, Word

MATERIALS = "meeting.materials"


class MeetingKind(Word):
    """Of which kind a meeting is."""

    STANDING_COMMITTEE = auto()
    CHAIRMEN = auto()
    PARTY_GROUP = auto()
    CONGRESS = auto()
    OTHER = auto()


@dataclass
class Meeting(RegistryCase, kind="meeting", zh="会议"):
    """A meeting that was called: its kind and number, and on which day it is or was."""

    class Stage(Word):
        """A meeting is called, then held or cancelled."""

        CALLED = auto()
        HELD = auto()
        CANCELLED = auto()

    meeting_kind: MeetingKind = MeetingKind.OTHER
    title: str = ""
    starts_on: date | None = None
    place: str | None = None
    moved_from: tuple[date, ...] = ()
    materials_on: date | None = None
    held_on: date | None = None

    @property
    def name(self) -> str:
        return self.title

    def entry(self) -> Dated | None:
        return None if self.stage is self.Stage.CANCELLED else Dated()

    def facts(self) -> Facts:
        facts = super().facts()
        facts.due_on, facts.answered_on = self.starts_on, self.held_on
        return facts


CALLED = {Meeting.Stage.CALLED}


class MeetingCalled(
    RegistryOpening,
    of=Meeting,
    wire="meeting.called.v1",
    zh="召集会议",
    opens=True,
    leads_to=Meeting.Stage.CALLED,
    by=KEEPERS,
    starts=(MATERIALS,),
    fixed={"code"},
):
    """A meeting is called for a day: what its members must have before it is due from now on."""

    code: Code
    kind: MeetingKind
    title: Line
    """Such as 市九届人大常委会第三十一次会议."""
    starts_on: date
    place: Line | None = None

    def check(self, case: Meeting | None, office: Office) -> None:
        _require_not_before(self.starts_on, office)

    def clocks_count_from(self, act: Act) -> date:
        return self.starts_on

    def started_clocks(self, case: Case | None) -> Iterator[ClockKey]:
        if self.kind is MeetingKind.STANDING_COMMITTEE:
            yield MATERIALS, None

    def apply(self, case: Meeting, act: Act) -> None:
        case.code, case.opened_on = self.code, act.occurred_on
        case.meeting_kind, case.title = self.kind, self.title
        case.starts_on, case.place = self.starts_on, self.place


class MeetingMoved(
    Step, of=Meeting, wire="meeting.moved.v1", zh="会议改期", while_in=CALLED, by=KEEPERS, starts=(MATERIALS,)
):
    """The meeting is put on another day; what is due before it is counted anew, and the old date stays readable."""

    starts_on: date
    reason: Line

    def check(self, case: Meeting, office: Office) -> None:
        _require_not_before(self.starts_on, office)

    def already(self, case: Meeting) -> bool:
        return case.starts_on == self.starts_on

    def clocks_count_from(self, act: Act) -> date:
        return self.starts_on

    def started_clocks(self, case: Meeting | None) -> Iterator[ClockKey]:
        running = case and case.clocks.get((MATERIALS, None))
        if running and running.runs:
            yield MATERIALS, None

    def apply(self, case: Meeting, act: Act) -> None:
        if case.starts_on is not None:
            case.moved_from = (*case.moved_from, case.starts_on)
        case.starts_on = self.starts_on


class MaterialsDistributed(
    Step,
    of=Meeting,
    wire="meeting.materials_distributed.v1",
    zh="送交会议材料",
    while_in=CALLED,
    by=KEEPERS,
    stops=(MATERIALS,),
):
    """The members have the reports (监督法 art. 15: seven days before the meeting)."""

    def already(self, case: Meeting) -> bool:
        return case.materials_on is not None

    def apply(self, case: Meeting, act: Act) -> None:
        case.materials_on = case.materials_on or act.occurred_on


class MeetingHeld(
    Step, of=Meeting, wire="meeting.held.v1", zh="召开会议", while_in=CALLED, leads_to=Meeting.Stage.HELD, by=KEEPERS
):
    """The meeting is held."""

    def dropped_clocks(self, case: Meeting) -> Iterator[ClockKey]:
        yield MATERIALS, None

    def apply(self, case: Meeting, act: Act) -> None:
        case.held_on = act.occurred_on


class MeetingCancelled(
    Step,
    of=Meeting,
    wire="meeting.cancelled.v1",
    zh="取消会议",
    while_in=CALLED,
    leads_to=Meeting.Stage.CANCELLED,
    by=KEEPERS,
):
    """The meeting will not be held."""

    reason: Line

    def dropped_clocks(self, case: Meeting) -> Iterator[ClockKey]:
        yield MATERIALS, None


def _require_not_before(starts_on: date, office: Office) -> None:
    if starts_on < office.day:
        raise Refused("meeting-before-its-call", field="starts_on", starts_on=starts_on.isoformat())
