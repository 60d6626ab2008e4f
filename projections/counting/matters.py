"""What the other case types add to figures: problems put right, polls and votes by their tallies, documents filed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.ballot import Poll, Vote
from domain.case import Case, Facts
from domain.cases.filing_review import FilingReview
from domain.cases.published_figures import PublishedFigures
from domain.matter import Matter
from domain.rectification import ListedProblem, Rectified
from projections.counting.counted import CASES, Counted, committee_of, counted, flags, of_every_case, subject

VOTES = subject(
    "vote",
    "表决",
    "votes",
    "votes_taken",
    "unanimous",
    "members",
    "present",
    "votes_for",
    "votes_against",
    "abstentions",
)
POLLS = subject(
    "poll", "测评", "polls", "polls_held", "eligible", "voters", "valid", "satisfied", "basically", "dissatisfied"
)
DOCUMENTS = subject(
    "document",
    "备案文件",
    "documents filed",
    "to_be_filed",
    "filed",
    "filed_on_time",
    "reviewed",
    "problematic",
    "corrected",
)


@dataclass(frozen=True)
class _Of:
    """What is the same for all that one case adds."""

    case: Case
    facts: Facts

    def __call__(self, subject: str, part: str, counts: dict[str, int], unit: str | None = None) -> Counted:
        return Counted(subject, part, unit or self.facts.unit, committee_of(self.case), counts)


@counted.register
def of_matter(case: Matter, facts: Facts, day: date) -> Iterator[Counted]:
    """The case, and each vote and poll that was held in it."""
    of = _Of(case, facts)
    yield of(CASES, "", of_every_case(case, facts, day))
    yield from _votes_and_polls(case, of)


@counted.register
def of_published(
    case: PublishedFigures,  # noqa: ARG001 - the function's signature
    facts: Facts,  # noqa: ARG001
    day: date,  # noqa: ARG001
) -> Iterator[Counted]:
    """Nothing: what was said of figures does not change them."""
    return iter(())


@counted.register
def of_rectified(case: Rectified, facts: Facts, day: date) -> Iterator[Counted]:
    """Also each problem that was handed over."""
    yield from of_matter(case, facts, day)
    of = _Of(case, facts)
    for problem in case.problems.values():
        if case.handed_over_on is not None:
            yield of("problem", problem.key, _problem(problem), problem.unit or None)


@counted.register
def of_filing_review(case: FilingReview, facts: Facts, day: date) -> Iterator[Counted]:
    """Also the document, of which it is asked whether it was filed, reviewed and put right."""
    yield from of_matter(case, facts, day)
    if case.must_be_filed:
        counts = flags(
            to_be_filed=True,
            filed=case.filed_on is not None,
            filed_on_time=bool(case.filed_on_time),
            reviewed=case.filed_on is not None and case.reviewed_on is not None,
            problematic=bool(case.problems),
            corrected=bool(case.problems) and not case.uncorrected,
        )
        yield _Of(case, facts)("document", "", counts)


def _problem(problem: ListedProblem) -> dict[str, int]:
    stages = ListedProblem.Stage
    done_on = problem.verified_on
    return flags(
        listed=True,
        rectified=problem.stage in {stages.RECTIFIED, stages.VERIFIED},
        verified=problem.stage is stages.VERIFIED,
        verified_on_time=problem.stage is stages.VERIFIED
        and done_on is not None
        and (problem.due_on is None or done_on <= problem.due_on),
        long_term=problem.stage is stages.LONG_TERM,
        rejected=problem.stage is stages.REJECTED,
    )


def _votes_and_polls(case: Any, of: _Of) -> Iterator[Counted]:
    votes: list[Vote] = getattr(case, "votes", [])
    polls: list[Poll] = getattr(case, "polls", [])
    for number, vote in enumerate(votes, 1):
        yield of("vote", f"vote-{number}", _vote(vote))
    for number, poll in enumerate(polls, 1):
        yield of("poll", f"poll-{number}", _poll(poll))


def _vote(vote: Vote) -> dict[str, int]:
    return {
        "votes_taken": 1,
        "unanimous": int(vote.unanimous),
        "members": vote.members,
        "present": vote.present,
        "votes_for": vote.votes_for,
        "votes_against": vote.votes_against,
        "abstentions": vote.abstentions,
    }


def _poll(poll: Poll) -> dict[str, int]:
    return {
        "polls_held": 1,
        "eligible": poll.eligible or 0,
        "voters": poll.present,
        "valid": poll.valid,
        "satisfied": poll.satisfied,
        "basically": poll.basically_satisfied,
        "dissatisfied": poll.dissatisfied,
    }
