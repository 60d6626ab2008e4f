"""Meeting (会议): when a body meets, so that what is due so many days before it has a day to count from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto

from pydantic import BaseModel, ConfigDict, Field

from domain.case import Act, Case, ClockKey, Facts, Reference, Role, Step
from domain.matter import handled_kinds, require_deputies, require_once
from domain.office import Body, Dated, Office
from domain.part import Part
from domain.refusal import Refused
from domain.registry import KEEPERS, RegistryCase, RegistryOpening
from domain.values import CaseId, Code, DeputyId, Line, Text, Word

MATERIALS = "meeting.materials"
AGENDA = (KEEPERS | {Role.SPECIAL_COMMITTEE, Role.CHAIRMEN_MEETING, Role.STANDING_COMMITTEE}) - {Role.ADMINISTRATOR}
"""Who keeps what a meeting deals with: not who keeps the accounts."""


class MeetingKind(Word):
    """Of which kind a meeting is."""

    STANDING_COMMITTEE = auto()
    CHAIRMEN = auto()
    PARTY_GROUP = auto()
    CONGRESS = auto()
    PRESIDIUM = auto()
    SPECIAL_COMMITTEE = auto()
    JOINT = auto()
    """联席会议, led by the Party's office."""
    LEGISLATION_JOINT = auto()
    """立法工作联席会议."""
    SUBDISTRICT_DELIBERATION = auto()
    """街道议政代表会."""
    BRIEFING = auto()
    """政情通报会."""
    SITTING_IN_FORUM = auto()
    """列席代表座谈会."""
    LIAISON = auto()
    """对口联系部门座谈会."""
    PARTY_CONFERENCE = auto()
    """党委人大工作会议."""
    OTHER = auto()


_BODIES = {
    MeetingKind.STANDING_COMMITTEE: Body.STANDING_COMMITTEE,
    MeetingKind.CHAIRMEN: Body.CHAIRMEN_MEETING,
}
"""Of which body the members meet, whose seats are kept."""


class Speech(Word):
    """In which way somebody spoke (丹徒 1+2+X): 中心发言, 重点发言, 自由发言."""

    KEY = auto()
    DESIGNATED = auto()
    FREE = auto()


@dataclass
class AgendaItem(Part):
    """An item of the agenda (议程项目), and the case that it is about."""

    class Stage(Word):
        LISTED = auto()
        DEALT_WITH = auto()
        TAKEN_OFF = auto()

    title: str = ""
    case_id: str | None = None
    summary: str | None = None


@dataclass(frozen=True)
class Spoken:
    """Who spoke, in which way, on what."""

    speaker: str
    speech: Speech
    item: str | None


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
    agenda: dict[str, AgendaItem] = field(default_factory=dict)
    present: tuple[str, ...] = ()
    on_leave: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    sitting_in: tuple[str, ...] = ()
    attending: tuple[str, ...] = ()
    spoken: list[Spoken] = field(default_factory=list)
    minutes_number: str | None = None

    @property
    def name(self) -> str:
        return self.title

    def entry(self) -> Dated | None:
        return None if self.stage is self.Stage.CANCELLED else Dated()

    @property
    def sort(self) -> str | None:
        return self.meeting_kind

    def tied_to(self) -> Iterator[str]:
        """The cases that are on the agenda."""
        yield from (item.case_id for item in self.agenda.values() if item.case_id is not None)

    def facts(self) -> Facts:
        facts = super().facts()
        facts.due_on, facts.answered_on = self.starts_on, self.held_on
        return facts


CALLED = {Meeting.Stage.CALLED}
CALLED_OR_HELD = {Meeting.Stage.CALLED, Meeting.Stage.HELD}
HELD = {Meeting.Stage.HELD}


class ItemForAgenda(BaseModel):
    """An item as the agenda states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: Code
    """Its key in the case."""
    title: Line
    case_id: CaseId | None = None
    """The case that it is about."""


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


class AgendaSet(Step, of=Meeting, wire="meeting.agenda_set.v1", zh="确定会议议程", while_in=CALLED_OR_HELD, by=AGENDA):
    """What is on the agenda; further items are added by the same step."""

    items: tuple[ItemForAgenda, ...] = Field(min_length=1, max_length=500)

    def check(self, case: Meeting, office: Office) -> None:
        keys = set(case.agenda)
        for i, one in enumerate(self.items):
            if one.item in keys:
                raise Refused("item-exists", field=f"items.{i}.item", item=one.item)
            keys.add(one.item)

    def refers_to(self) -> Iterator[Reference]:
        for i, one in enumerate(self.items):
            if one.case_id is not None:
                yield Reference(f"items.{i}.case_id", one.case_id, handled_kinds())

    def apply(self, case: Meeting, act: Act) -> None:
        for one in self.items:
            case.agenda[one.item] = AgendaItem(one.item, AgendaItem.Stage.LISTED, one.title, one.case_id)


class AgendaItemTakenOff(
    Step,
    of=Meeting,
    wire="meeting.item_taken_off.v1",
    zh="撤下议程项目",
    while_in=CALLED_OR_HELD,
    part="agenda",
    names="item",
    after={AgendaItem.Stage.LISTED},
    leads_to=AgendaItem.Stage.TAKEN_OFF,
    by=AGENDA,
):
    """An item is not dealt with at this meeting, and why."""

    item: Code
    reason: Line


class AgendaItemDealtWith(
    Step,
    of=Meeting,
    wire="meeting.item_dealt_with.v1",
    zh="审议议程项目",
    while_in=HELD,
    part="agenda",
    names="item",
    after={AgendaItem.Stage.LISTED},
    leads_to=AgendaItem.Stage.DEALT_WITH,
    by=AGENDA,
):
    """An item was dealt with."""

    item: Code
    summary: Text | None = None

    def apply(self, case: Meeting, act: Act) -> None:
        if (item := case.agenda.get(self.item)) is not None:
            item.summary = self.summary


class AttendanceRecorded(
    Step, of=Meeting, wire="meeting.attendance_recorded.v1", zh="登记出席情况", while_in=HELD, by=AGENDA
):
    """Which members came, who was on leave, who was absent; who is a member is what the seats say of that day."""

    present: tuple[Line, ...] = Field(min_length=1, max_length=1000)
    on_leave: tuple[Line, ...] = Field(default=(), max_length=1000)
    absent: tuple[Line, ...] = Field(default=(), max_length=1000)
    attending: tuple[Line, ...] = Field(default=(), max_length=1000)
    """Who attended without being a member: heads of organs, chairmen of counties."""

    def check(self, case: Meeting, office: Office) -> None:
        require_once((*self.present, *self.on_leave, *self.absent), "present")

    def breaches(self, case: Meeting, office: Office) -> Iterator[Refused]:
        """Somebody counted as a member was none on that day; not more than half of all members came (art. 51)."""
        body = _BODIES.get(case.meeting_kind)
        seats = {seat.holder for seat in office.jurisdiction.seats_on(body, office.day)} if body else set()
        if not seats:
            return
        for name in (*self.present, *self.on_leave, *self.absent):
            if name not in seats:
                yield Refused("not-a-member-that-day", who=name, day=office.day.isoformat())
        if len(self.present) * 2 <= len(seats):
            yield Refused("no-quorum", present=len(self.present), members=len(seats))

    def apply(self, case: Meeting, act: Act) -> None:
        case.present, case.on_leave, case.absent = self.present, self.on_leave, self.absent
        case.attending = self.attending


class DeputiesSatIn(Step, of=Meeting, wire="meeting.deputies_sat_in.v1", zh="代表列席", while_in=HELD, by=AGENDA):
    """Deputies sat in at the meeting (eighteen articles, 18)."""

    sitting_in: tuple[DeputyId, ...] = Field(min_length=1, max_length=1000)

    def check(self, case: Meeting, office: Office) -> None:
        require_deputies(self.sitting_in, office, "sitting_in")

    def already(self, case: Meeting) -> bool:
        return set(self.sitting_in) <= set(case.sitting_in)

    def apply(self, case: Meeting, act: Act) -> None:
        case.sitting_in = tuple(dict.fromkeys((*case.sitting_in, *self.sitting_in)))


class MemberSpoke(Step, of=Meeting, wire="meeting.spoke.v1", zh="审议发言", while_in=HELD, by=AGENDA):
    """Somebody spoke, in which way, on which item."""

    speaker: Line
    speech: Speech
    item: Code | None = None
    summary: Text | None = None

    def check(self, case: Meeting, office: Office) -> None:
        if self.item is not None and self.item not in case.agenda:
            raise Refused("no-such-item", field="item", item=self.item)

    def apply(self, case: Meeting, act: Act) -> None:
        case.spoken.append(Spoken(self.speaker, self.speech, self.item))


class MinutesIssued(Step, of=Meeting, wire="meeting.minutes_issued.v1", zh="印发会议纪要", while_in=HELD, by=AGENDA):
    """The minutes are issued; their text is an attachment."""

    minutes_number: Line

    def apply(self, case: Meeting, act: Act) -> None:
        case.minutes_number = self.minutes_number


def _require_not_before(starts_on: date, office: Office) -> None:
    if starts_on < office.day:
        raise Refused("meeting-before-its-call", field="starts_on", starts_on=starts_on.isoformat())
