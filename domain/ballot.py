"""Ballots (表决、测评): tallies only. Nothing here, and no field anywhere, can pair a voter with a choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import auto
from typing import Any, ClassVar, Self

from pydantic import Field

from domain.case import Step
from domain.office import Body, Office
from domain.refusal import Refused
from domain.values import Line, Word

_MOST = 100_000


class BallotMode(Word):
    """How a body votes: 无记名投票, 电子表决, 举手, 记名投票."""

    SECRET = auto()
    ELECTRONIC = auto()
    SHOW_OF_HANDS = auto()
    NAMED = auto()


class Rating(Word):
    """What a poll says: 满意, 基本满意, 不满意."""

    SATISFIED = auto()
    BASICALLY_SATISFIED = auto()
    DISSATISFIED = auto()


@dataclass(frozen=True)
class Vote:
    """A vote as it was counted (表决)."""

    held_on: date
    mode: BallotMode
    members: int
    present: int
    votes_for: int
    votes_against: int
    abstentions: int
    not_voted: int

    @property
    def passed(self) -> bool:
        """Whether more than half of all members are in favour (地方组织法 art. 51), not of those present."""
        return self.votes_for * 2 > self.members

    @property
    def unanimous(self) -> bool:
        """Whether all who were present are in favour (全票)."""
        return self.votes_for == self.present > 0


@dataclass(frozen=True)
class Poll:
    """A poll as it was counted (测评), and what follows from it under the rule in force."""

    held_on: date
    mode: BallotMode
    voters: str
    eligible: int | None
    present: int
    satisfied: int
    basically_satisfied: int
    dissatisfied: int
    invalid: int
    rating: Rating | None

    @property
    def valid(self) -> int:
        """How many ballots count."""
        return self.satisfied + self.basically_satisfied + self.dissatisfied


class VoteStep(Step):
    """A step by which a body votes: its tallies have to add up."""

    body: ClassVar[Body | None] = Body.STANDING_COMMITTEE
    """Whose members vote, so that there are no more of them than seats; None where no seats are kept."""

    mode: BallotMode
    members: int = Field(ge=1, le=_MOST)
    """All members of the body on that day (全体组成人员)."""
    present: int = Field(ge=1, le=_MOST)
    votes_for: int = Field(ge=0, le=_MOST)
    votes_against: int = Field(ge=0, le=_MOST)
    abstentions: int = Field(ge=0, le=_MOST)
    not_voted: int = Field(default=0, ge=0, le=_MOST)

    def check(self, case: Any, office: Office) -> None:
        """Refuse tallies that do not add up, more present than members, more members than seats."""
        counted = self.votes_for + self.votes_against + self.abstentions + self.not_voted
        if counted != self.present:
            raise Refused("tally-does-not-add-up", field="present", counted=counted, present=self.present)
        if self.present > self.members:
            raise Refused("more-present-than-members", field="present", present=self.present, members=self.members)
        seats = len(office.jurisdiction.seats_on(self.body, office.day)) if self.body else 0
        if seats and self.members > seats:
            raise Refused("more-members-than-seats", field="members", members=self.members, seats=seats)

    def breaches(self, case: Any, office: Office) -> Iterator[Refused]:
        """A meeting needs more than half of all members (地方组织法 art. 51)."""
        if self.present * 2 <= self.members:
            yield Refused("no-quorum", present=self.present, members=self.members)

    def counted(self, on: date) -> Vote:
        """The vote of a day."""
        return Vote(
            on,
            self.mode,
            self.members,
            self.present,
            self.votes_for,
            self.votes_against,
            self.abstentions,
            self.not_voted,
        )


class PollStep(Step):
    """A step by which a body is polled: how satisfied it is."""

    rule: ClassVar[str] = "poll.rectification"
    """The rule that says what follows from the tallies."""

    mode: BallotMode = BallotMode.SECRET
    voters: Line
    """Who was polled, such as the members of the standing committee at its 38th meeting."""
    eligible: int | None = Field(default=None, ge=1, le=_MOST)
    """How many could have taken part."""
    present: int = Field(ge=1, le=_MOST)
    satisfied: int = Field(ge=0, le=_MOST)
    basically_satisfied: int = Field(ge=0, le=_MOST)
    dissatisfied: int = Field(ge=0, le=_MOST)
    invalid: int = Field(default=0, ge=0, le=_MOST)
    """Ballots that count for nothing: with no mark, or with several."""
    rating: Rating | None = None
    """What follows from the tallies under the poll rule in force; filled in when recorded, if there is one."""
    poll_rule: Line | None = None
    """That rule, and the rulebook's version; filled in when recorded."""

    def check(self, case: Any, office: Office) -> None:
        """Refuse more ballots than people, and more people than may take part."""
        cast = self.satisfied + self.basically_satisfied + self.dissatisfied + self.invalid
        if cast > self.present:
            raise Refused("more-ballots-than-voters", field="present", ballots=cast, present=self.present)
        if self.eligible is not None and self.present > self.eligible:
            raise Refused("more-present-than-members", field="present", present=self.present, members=self.eligible)

    def rule_for(self, case: Any) -> str:
        """The id of that rule in a case."""
        return self.rule

    def filled_in(self, case: Any, office: Office) -> Self:
        """With what the rule in force says of the tallies, whatever was given."""
        rule = office.rulebook.polls.get(self.rule_for(case))
        tallies = self.satisfied, self.basically_satisfied, self.dissatisfied
        said = None if rule is None else rule.rating(*tallies, present=self.present, eligible=self.eligible)
        return self.model_copy(
            update={
                "rating": None if said is None else Rating(said),
                "poll_rule": None if rule is None else f"{rule.id} {office.rulebook.ref}",
            }
        )

    def counted(self, on: date) -> Poll:
        """The poll of a day."""
        return Poll(
            on,
            self.mode,
            self.voters,
            self.eligible,
            self.present,
            self.satisfied,
            self.basically_satisfied,
            self.dissatisfied,
            self.invalid,
            self.rating,
        )
