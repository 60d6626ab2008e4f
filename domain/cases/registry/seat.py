"""Seat (任职): who holds a post on the standing committee, the Party's standing committee or another body, and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto

from domain.case import Act, Step
from domain.office import Body, Engagement, Office, Seat, Tenure
from domain.registry import KEEPERS, RegistryCase, RegistryOpening
from domain.values import DeputyId, Line, Word


class LeaveReason(Word):
    """Why somebody holds a post no more (离任)."""

    TERM_OVER = auto()
    RESIGNED = auto()
    TRANSFERRED = auto()
    REMOVED = auto()
    DISMISSED = auto()
    RETIRED = auto()
    DIED = auto()


@dataclass
class Incumbency(RegistryCase, kind="seat", zh="任职"):
    """A post on a body, held by one person from a day on."""

    class Stage(Word):
        """A post is held until it is left."""

        IN_POST = auto()
        LEFT = auto()

    body: Body = Body.STANDING_COMMITTEE
    organ: str | None = None
    holder: str = ""
    deputy: str | None = None
    post: str = ""
    engagement: Engagement | None = None
    tenure: Tenure | None = None
    left_because: LeaveReason | None = None

    @property
    def name(self) -> str:
        return self.holder

    def entry(self) -> Seat | None:
        if self.stage is not self.Stage.IN_POST:
            return None
        return Seat(body=self.body, organ=self.organ, holder=self.holder, deputy=self.deputy, post=self.post)


IN_POST = {Incumbency.Stage.IN_POST}


class SeatTaken(
    RegistryOpening,
    of=Incumbency,
    wire="seat.taken.v1",
    zh="任职",
    opens=True,
    leads_to=Incumbency.Stage.IN_POST,
    by=KEEPERS,
):
    """Somebody takes a post on a body."""

    body: Body
    organ: Line | None = None
    """Which committee or organ, where there are several."""
    holder: Line
    deputy: DeputyId | None = None
    post: Line
    """Such as 主任, 副主任, 秘书长, 委员, 市委常委."""

    def check(self, case: Incumbency | None, office: Office) -> None:
        if self.deputy is not None:
            office.require_deputy(self.deputy, "deputy")

    def apply(self, case: Incumbency, act: Act) -> None:
        case.opened_on = act.occurred_on
        case.body, case.organ, case.holder = self.body, self.organ, self.holder
        case.deputy, case.post = self.deputy, self.post


class PostChanged(Step, of=Incumbency, wire="seat.post_changed.v1", zh="职务变动", while_in=IN_POST, by=KEEPERS):
    """The holder has another post on the same body from now on."""

    post: Line

    def already(self, case: Incumbency) -> bool:
        return case.post == self.post

    def apply(self, case: Incumbency, act: Act) -> None:
        case.post = self.post


class SeatDescribed(
    Step, of=Incumbency, wire="seat.described.v1", zh="登记专职和连任情况", while_in=IN_POST, by=KEEPERS
):
    """Whether the holder is a full-time member, and was re-elected, as far as it is known, from this day on.

    The composition of a standing committee is counted from it (opinion of the Party committee, point 17).
    """

    engagement: Engagement | None = None
    """专职 or 兼职; left open where it is not known."""
    tenure: Tenure | None = None
    """连任 or 新任; left open where it is not known."""

    def may_come_before(self) -> bool:
        """What was so from the beginning may be stated later."""
        return True

    def already(self, case: Incumbency) -> bool:
        return self.engagement in {None, case.engagement} and self.tenure in {None, case.tenure}

    def apply(self, case: Incumbency, act: Act) -> None:
        case.engagement = self.engagement or case.engagement
        case.tenure = self.tenure or case.tenure


class SeatLeft(
    Step, of=Incumbency, wire="seat.left.v1", zh="离任", while_in=IN_POST, leads_to=Incumbency.Stage.LEFT, by=KEEPERS
):
    """The post is left; from this day on the holder is not on the body."""

    reason: LeaveReason

    def apply(self, case: Incumbency, act: Act) -> None:
        case.left_because, case.ended_on = self.reason, act.occurred_on
