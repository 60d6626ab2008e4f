"""Deliberation opinion (审议意见): what the standing committee said of a report, and what the organ does about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import auto

from pydantic import Field

from domain.case import Act, Role, Step
from domain.matter import CHAIRMEN, KEEPERS, MatterOpening
from domain.office import Office
from domain.rectification import HAND_OVER, Rectified
from domain.refusal import Refused
from domain.values import Line, Text, Word


class OpinionKind(Word):
    """What the opinions are about: 审议意见, 评议意见, 执法检查审议意见, 询问意见."""

    DELIBERATION = auto()
    APPRAISAL = auto()
    INSPECTION = auto()
    INQUIRY = auto()


@dataclass
class Opinion(Rectified, kind="opinion", zh="审议意见"):
    """审议意见: collated from what the members said, adopted, handed over, rectified, reported, polled."""

    class Stage(Word):
        COLLATING = auto()
        ADOPTED = auto()
        HANDED_OVER = auto()
        PLAN_RECEIVED = auto()
        RECTIFYING = auto()
        REPORT_IN_COMMENT = auto()
        REPORTED = auto()
        DELIBERATED_AGAIN = auto()
        POLLED = auto()
        RE_RECTIFYING = auto()
        FOLLOW_UP = auto()
        CLOSED = auto()
        DROPPED = auto()

    opinion_kind: OpinionKind = OpinionKind.DELIBERATION
    text: str | None = None
    speakers: tuple[str, ...] = ()

    @property
    def sort(self) -> str | None:
        return self.opinion_kind

    def units_concerned(self) -> Iterator[str]:
        """No unit, as long as the opinions are a draft of the congress."""
        return super().units_concerned() if self.handed_over_on is not None else iter(())


Stage = Opinion.Stage


class OpinionsCollated(
    MatterOpening,
    of=Opinion,
    wire="opinion.collated.v1",
    zh="归纳整理审议意见",
    opens=True,
    leads_to=Stage.COLLATING,
    by=KEEPERS,
):
    """What the members said of a report is collated, after the meeting that deliberated it."""

    kind: OpinionKind
    text: Text
    speakers: tuple[Line, ...] = Field(default=(), max_length=500)
    """Members who spoke, by name."""

    def apply(self, case: Opinion, act: Act) -> None:
        super().apply(case, act)
        case.opinion_kind, case.text, case.speakers = self.kind, self.text, self.speakers


class OpinionsRevised(
    Step, of=Opinion, wire="opinion.revised.v1", zh="修改审议意见", while_in={Stage.COLLATING}, by=CHAIRMEN
):
    """The chairmen's meeting or the committee changes the draft; the earlier words stay in the history."""

    text: Text

    def already(self, case: Opinion) -> bool:
        return case.text == self.text

    def apply(self, case: Opinion, act: Act) -> None:
        case.text = self.text


class OpinionsAdopted(
    Step,
    of=Opinion,
    wire="opinion.adopted.v1",
    zh="主任会议讨论通过审议意见",
    while_in={Stage.COLLATING},
    leads_to=Stage.ADOPTED,
    by=KEEPERS | {Role.CHAIRMEN_MEETING},
    starts=(HAND_OVER,),
):
    """The chairmen's meeting adopts the opinions."""

    text: Text | None = None
    """As they were adopted, where that differs from the draft."""

    def check(self, case: Opinion, office: Office) -> None:
        if self.text is None and case.text is None:
            raise Refused("opinions-without-text", field="text")

    def apply(self, case: Opinion, act: Act) -> None:
        case.text = self.text or case.text
