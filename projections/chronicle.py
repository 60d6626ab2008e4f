"""Chronicle (大事记): what the standing committee did in a month, day by day, from the steps that stand.

A pure function of case files at a moment, so that a month can be read as it was known at any time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from domain.case import CASE_TYPES, Recorded, Step
from domain.cases.appointment import Appointment, AppointmentApproved, AppointmentNotPassed, OathSworn
from domain.cases.registry.meeting import AgendaItemDealtWith, Meeting, MeetingHeld
from domain.matter import ENDED, ActivityHeld, Matter, Published, ReportedToPartyCommittee
from projections.compliance import Looked

_TOLD: tuple[type[Step], ...] = (MeetingHeld, AgendaItemDealtWith, ActivityHeld, Published, ReportedToPartyCommittee)
"""What is told beside the steps by which a matter goes on."""
_OF_APPOINTMENTS: tuple[type[Step], ...] = (AppointmentApproved, AppointmentNotPassed, OathSworn)
"""All that is told of a candidate: what was decided, and the oath; not how he was examined on the way to it."""


@dataclass(frozen=True)
class Entry:
    """Something that happened on a day."""

    on: date
    case_id: str
    kind: str
    title: str
    version: int
    wire: str
    detail: str | None
    """What the step itself names: an activity, an item of the agenda."""
    meeting: str | None
    """The meeting at which it happened, by its case: that of the meeting itself, too."""


def is_told(step: type[Step], kind: str | None = None) -> bool:
    """Whether a chronicle tells of such a step: what opens a matter or takes it on, meetings, activities, reports."""
    declared = step.declared
    if Appointment in (declared.case_type, CASE_TYPES.get(kind or "")):
        return issubclass(step, _OF_APPOINTMENTS)
    of_matters = declared.case_type is not None and issubclass(declared.case_type, Matter)
    goes_on = declared.opens or (
        declared.part is None
        and (declared.leads_to is not None or bool(declared.moves))
        and declared.leads_to not in ENDED
    )
    return issubclass(step, _TOLD) or (of_matters and goes_on)


def chronicle(cases: Iterable[Looked], first: date, last: date) -> list[Entry]:
    """What happened from a day to a day, in the order of the days.

    On a day what happened at a meeting stands together, the meeting itself first, then the rest; a case's steps too.
    """
    found = [
        Entry(
            record.act.occurred_on,
            looked.case.id,
            looked.case.kind,
            looked.case.facts().title,
            record.version,
            record.step.declared.wire,
            _detail(looked, record.step),
            _meeting(looked, record),
        )
        for looked in cases
        for record in looked.steps
        if is_told(type(record.step), looked.kind) and first <= record.act.occurred_on <= last
    ]
    return sorted(found, key=_place)


def _place(one: Entry) -> tuple[object, ...]:
    of_meeting = one.meeting is None, one.meeting or "", one.case_id != one.meeting
    return one.on, *of_meeting, one.kind, one.title, one.case_id, one.version


def _detail(looked: Looked, step: Step) -> str | None:
    if isinstance(step, ActivityHeld):
        return step.title
    if isinstance(step, AgendaItemDealtWith):
        item = looked.case.part("agenda", step.item)
        return getattr(item, "title", None)
    return None


def _meeting(looked: Looked, record: Recorded) -> str | None:
    """The meeting that sat on the day of the step and had the case on its agenda."""
    if isinstance(looked.case, Meeting):
        return looked.case.id if looked.case.held_on == record.act.occurred_on else None
    then = looked.on(record.act.occurred_on)
    return then.meeting if isinstance(then, Matter) and then.meets_on == record.act.occurred_on else None
