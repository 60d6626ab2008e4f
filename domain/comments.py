"""Comments (征求意见): what was said of a draft that others were asked about, and what became of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import auto

from pydantic import Field

from domain import clock
from domain.case import Act, Awaited, ClockKey, Role, Step
from domain.clock import Deadline
from domain.matter import CHAIRMEN, ENDED, UNITS, Matter, require_not_before, require_once
from domain.office import Office
from domain.part import Part
from domain.refusal import Refused
from domain.values import Code, Line, Text, Word

COMMENTS = "comments"


@dataclass
class Comment(Part):
    """One comment on a draft, and what became of it."""

    class Stage(Word):
        RECEIVED = auto()
        TAKEN_UP = auto()
        TAKEN_UP_IN_PART = auto()
        NOT_TAKEN_UP = auto()

    by: str = ""
    text: str = ""
    received_on: date | None = None
    answer: str | None = None


class CommentFate(Word):
    """What became of a comment: 采纳, 部分采纳, 不采纳."""

    TAKEN_UP = auto()
    TAKEN_UP_IN_PART = auto()
    NOT_TAKEN_UP = auto()


@dataclass
class Commented(Matter):
    """A matter whose draft others are asked about."""

    asked: tuple[str, ...] = ()
    comments: dict[str, Comment] = field(default_factory=dict)

    def awaited(self) -> Iterator[Awaited]:
        """What becomes of each comment."""
        yield from super().awaited()
        if not self.has_ended:
            for comment in self.comments.values():
                if comment.stage is Comment.Stage.RECEIVED:
                    yield Awaited(Role.DEPUTY_AFFAIRS, CommentSettled.declared.wire, None, comment.key)


class CommentsAsked(
    Step, of=Commented, wire="comments.comments_asked.v1", zh="征求意见", not_in=ENDED, by=CHAIRMEN | {Role.PARTY_GROUP}
):
    """The draft is sent to others for comment: organs, committees, deputies, leaders."""

    asked: tuple[Line, ...] = Field(min_length=1, max_length=500)
    due_on: date | None = None

    def check(self, case: Commented, office: Office) -> None:
        require_once(self.asked, "asked")
        if self.due_on is not None:
            require_not_before(self.due_on, office)

    def agreed_deadlines(self, act: Act) -> Iterator[Deadline]:
        if self.due_on is not None:
            yield clock.agreed(COMMENTS, act.occurred_on, self.due_on)

    def apply(self, case: Commented, act: Act) -> None:
        case.asked = tuple(dict.fromkeys((*case.asked, *self.asked)))


class CommentReceived(Step, of=Commented, wire="comments.comment_received.v1", zh="收到意见", not_in=ENDED, by=UNITS):
    """Somebody comments on the draft."""

    comment: Code
    """Its key in the case."""
    commented_by: Line
    text: Text

    def check(self, case: Commented, office: Office) -> None:
        if self.comment in case.comments:
            raise Refused("comment-exists", field="comment", comment=self.comment)

    def apply(self, case: Commented, act: Act) -> None:
        case.comments[self.comment] = Comment(
            self.comment, Comment.Stage.RECEIVED, self.commented_by, self.text, act.occurred_on
        )


class CommentSettled(
    Step,
    of=Commented,
    wire="comments.comment_settled.v1",
    zh="意见采纳情况",
    not_in=ENDED,
    part="comments",
    names="comment",
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """What became of a comment: taken up, in part, or not, and why."""

    comment: Code
    fate: CommentFate
    answer: Text | None = None

    def already(self, case: Commented) -> bool:
        comment = case.comments.get(self.comment)
        return comment is not None and (comment.stage, comment.answer) == (self.fate, self.answer)

    def apply(self, case: Commented, act: Act) -> None:
        if (comment := case.comments.get(self.comment)) is not None:
            comment.stage, comment.answer = Comment.Stage(self.fate), self.answer


class CommentsClosed(
    Step,
    of=Commented,
    wire="comments.comments_closed.v1",
    zh="征求意见结束",
    not_in=ENDED,
    by=CHAIRMEN | {Role.PARTY_GROUP},
):
    """No more comments are awaited."""

    def stopped_clocks(self, case: Commented) -> Iterator[ClockKey]:
        yield COMMENTS, None
