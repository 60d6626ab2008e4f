"""What suggestions add to figures: the suggestion (件), the share of each unit (件次), commitments, problems.

The formulas that stand on them, with their sources, are in `projections/metrics.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.case import Facts, RunningClock
from domain.cases.suggestion import (
    CO_OPINION,
    GIVEN_AWAY,
    OVER,
    REPLY,
    UNIT_REPLY,
    Assignment,
    Commitment,
    Contact,
    ContactMode,
    Grade,
    Handling,
    PersonLevel,
    Phase,
    Problem,
    Relation,
    Reply,
    Round,
    Sealed,
    Suggestion,
)
from domain.rulebook import Outcome
from projections.counting.counted import OF_EVERY_CASE, Counted, counted, flags, is_past, of_every_case, subject

_TIMES = ("replied", "on_time", "on_time_before_extension", "late", "late_before_extension", "unanswered_past_due")
_GRADES = ("evaluated", "satisfied", "basically_satisfied", "dissatisfied", "grade_not_stated", "grade_sealed")
_FIRST_GRADES = tuple(f"first_{name}" for name in _GRADES)
_OUTCOMES = tuple(f"outcome_{outcome}" for outcome in Outcome)

SUGGESTIONS = subject(
    "suggestion",
    "代表建议（件）",
    "suggestions",
    *OF_EVERY_CASE,
    "counted",
    *_TIMES,
    *_GRADES,
    *_FIRST_GRADES,
    "turned_satisfied",
    *_OUTCOMES,
    "first_unresolved",
    "turned_resolved",
    "accomplished",
    "key",
    "key_resolved",
    "repeated",
    "handled_again",
    "evaluation_lapsed",
    "met_before_reply",
    "visited_before_reply",
    "met_by_leader",
    "satisfied_not_done",
    "improved_without_reply",
    "contacted_before_evaluation",
)
SHARES = subject(
    "assignment",
    "承办件次",
    "assignments",
    "assigned",
    "lead",
    "co",
    "separate",
    "given_back",
    "signed_for",
    "urged",
    *_TIMES,
    *_GRADES,
    *_OUTCOMES,
    "opinion_asked",
    "opinion_on_time",
    "opinion_late",
)
COMMITMENTS = subject(
    "commitment", "承诺事项", "commitments", "made", "due", "fulfilled", "fulfilled_on_time", "abandoned"
)
PROBLEMS = subject(
    "problem", "问题", "problems", "listed", "rectified", "verified", "verified_on_time", "long_term", "rejected"
)

_BY_GRADE = {
    Grade.SATISFIED: "satisfied",
    Grade.BASICALLY_SATISFIED: "basically_satisfied",
    Grade.DISSATISFIED: "dissatisfied",
    Grade.NOT_STATED: "grade_not_stated",
    Sealed.SEALED: "grade_sealed",
}
_RANKS: dict[Grade | Sealed, int] = {Grade.DISSATISFIED: 0, Grade.BASICALLY_SATISFIED: 1, Grade.SATISFIED: 2}
_GOOD = {Grade.SATISFIED, Grade.BASICALLY_SATISFIED}
_SAID = {*_GOOD, Grade.DISSATISFIED}
_IN_PERSON = {ContactMode.FACE_TO_FACE, ContactMode.VISIT, ContactMode.MEETING}
_NOT_DONE = {Outcome.NOT_NOW, Outcome.REFERENCE_ONLY}
_UNRESOLVED = set(Outcome) - {Outcome.RESOLVED}
_LEADERS = {PersonLevel.UNIT_HEAD, PersonLevel.DEPUTY_HEAD}
_WORST_LAST = list(Outcome)


@counted.register
def of_suggestion(case: Suggestion, facts: Facts, day: date) -> Iterator[Counted]:
    """The suggestion itself, the shares of its units, what they promised, what they have to put right."""
    yield Counted("suggestion", "", facts.unit, case.committee, _suggestion(case, facts, day))
    if not _is_counted(case):
        return
    for number, share in enumerate([*case.former_assignments, *case.assignments.values()]):
        current = case.assignments.get(share.key) is share
        part = share.key if current else f"{share.key}-{number}"
        yield Counted("assignment", part, share.key, case.committee, _share(case, share, day, current=current))
    for commitment in case.commitments.values():
        if commitment.stage is not Commitment.Stage.REJECTED:
            counts = _commitment(commitment, day)
            yield Counted("commitment", commitment.key, commitment.unit or None, case.committee, counts)
    for problem in case.problems.values():
        yield Counted("problem", problem.key, problem.unit or None, case.committee, _problem(problem))


def _replied_on(case: Suggestion) -> date | None:
    """When it was first answered by every unit that had to."""
    first = case.rounds.get(1)
    return first.answered_on if first else None


def _is_counted(case: Suggestion) -> bool:
    """Whether it is one of those that were handed over: not if it was withdrawn before it was answered."""
    return case.handed_over_on is not None and (case.stage not in OVER or _replied_on(case) is not None)


def _suggestion(case: Suggestion, facts: Facts, day: date) -> dict[str, int]:
    counts = of_every_case(case, facts, day)
    if not _is_counted(case):
        return counts
    grade, first_grade = _grade(case, day), _first_grade(case, day)
    outcome, first_unresolved = _outcome(case), _first_outcome(case) in _UNRESOLVED
    resolved, key = outcome is Outcome.RESOLVED, case.key_supervision is not None
    return (
        counts
        | _times(case.handling_clock(1), _replied_on(case), day)
        | _graded(grade)
        | {f"first_{name}": count for name, count in _graded(first_grade).items()}
        | ({f"outcome_{outcome}": 1} if outcome is not None else {})
        | flags(
            counted=True,
            turned_satisfied=first_grade is Grade.DISSATISFIED and grade in _GOOD,
            first_unresolved=first_unresolved,
            turned_resolved=first_unresolved and resolved,
            accomplished=resolved and _is_verified(case, day),
            key=key,
            key_resolved=key and resolved,
            repeated=any(link.relation is Relation.REPEAT for link in case.links),
            handled_again=max(case.rounds, default=1) > 1,
            evaluation_lapsed=bool(case.round.lapsed_on) and case.round.evaluation is None,
            satisfied_not_done=grade is Grade.SATISFIED and outcome in _NOT_DONE,
            improved_without_reply=grade in _SAID and any(map(_improved, case.rounds.values())),
            contacted_before_evaluation=grade in _SAID and any(_contacted(case, one) for one in case.rounds.values()),
        )
        | _contacts(case)
    )


def _times(clock: RunningClock | None, replied_on: date | None, day: date) -> dict[str, int]:
    """Whether it was answered, and whether in time: by the date in force, and by the first one before extensions."""
    if clock is None:
        return flags(replied=replied_on is not None)
    due_on, first_due_on = clock.deadline.due_on, clock.deadline.original_due_on
    by = replied_on or day
    return flags(
        replied=replied_on is not None,
        on_time=replied_on is not None and replied_on <= due_on,
        on_time_before_extension=replied_on is not None and replied_on <= first_due_on,
        late=by > due_on,
        late_before_extension=by > first_due_on,
        unanswered_past_due=replied_on is None and is_past(due_on, day),
    )


def _graded(grade: Grade | Sealed | None) -> dict[str, int]:
    if grade is None:
        return {}
    return flags(evaluated=grade in _SAID) | {_BY_GRADE[grade]: 1}


def _is_sealed(case: Suggestion, day: date) -> bool:
    """Whether what was last said is not told yet."""
    return (until := case.sealed_until) is not None and day <= until


def _grade(case: Suggestion, day: date) -> Grade | Sealed | None:
    """What was last said, each round standing; sealed until its window closes."""
    return Sealed.SEALED if _is_sealed(case, day) else case.grade


def _first_grade(case: Suggestion, day: date) -> Grade | Sealed | None:
    """What was said of the first handling, whatever was said later."""
    first = case.rounds.get(1)
    if first is None or first.evaluation is None:
        return None
    sealed = case.round.number == 1 and _is_sealed(case, day)
    return Sealed.SEALED if sealed else first.evaluation.grade


def _outcome_now(reply: Reply) -> Outcome | None:
    return reply.reclassifications[-1].normalised if reply.reclassifications else reply.normalised


def _worst(outcomes: list[Outcome | None]) -> Outcome | None:
    """Separately handled, it is as far as its least part; unknown as long as one part is."""
    if not outcomes or None in outcomes:
        return None
    return max((one for one in outcomes if one is not None), key=_WORST_LAST.index)


def _outcome(case: Suggestion) -> Outcome | None:
    """What holds now, by the last reply of each unit that answers."""
    return _worst(
        [
            _outcome_now(reply)
            for share in case.assignments.values()
            if share.answers and (last := case.last_round_of(share.key)) and (reply := last.reply_of(share.key))
        ]
    )


def _first_outcome(case: Suggestion) -> Outcome | None:
    """What the first replies said."""
    first = case.rounds.get(1)
    if first is None or first.answered_on is None:
        return None
    return _worst([reply.normalised for reply in first.replies if reply.rejected_on is None])


def _is_verified(case: Suggestion, day: date) -> bool:
    """Whether the deputy, once that is told, or one who looked again says that it is done."""
    evaluation = None if _is_sealed(case, day) else case.round.evaluation
    return (
        (evaluation is not None and evaluation.solved is True)
        or any(check.fulfilled for check in case.checks)
        or any(reply.reclassifications for handled in case.rounds.values() for reply in handled.replies)
    )


def _improved(handled: Round) -> bool:
    """Whether the evaluation of a round was amended to a better one: no other reply was given in between."""
    grades = [evaluation.grade for evaluation in handled.evaluations]
    worse, better = (_RANKS.get(grades[i]) if grades else None for i in (0, -1))
    return worse is not None and better is not None and better > worse


def _contacted(case: Suggestion, handled: Round) -> bool:
    """Whether a unit spoke with the deputy after its reply and before he first said what he thinks of it."""
    if not handled.evaluations or handled.answered_on is None:
        return False
    between = handled.answered_on, handled.evaluations[0].evaluated_on
    return any(
        contact.phase is Phase.AFTER_REPLY
        and contact.held_on is not None
        and between[0] <= contact.held_on <= between[1]
        for contact in case.contacts.values()
    )


def _contacts(case: Suggestion) -> dict[str, int]:
    """Whether the deputy confirms that somebody met him before the reply, at his place, or the head of a unit."""
    if not case.contacts:
        return {}
    met = [
        contact
        for contact in case.contacts.values()
        if contact.stage is Contact.Stage.CONFIRMED
        and contact.phase is Phase.BEFORE_REPLY
        and contact.mode in _IN_PERSON
    ]
    return flags(
        met_before_reply=bool(met),
        visited_before_reply=any(contact.mode is ContactMode.VISIT for contact in met),
        met_by_leader=any(contact.person_level in _LEADERS for contact in met),
    )


def _share(case: Suggestion, share: Assignment, day: date, *, current: bool) -> dict[str, int]:
    """One unit's share: a share that was given back counts as such, and as nothing else."""
    given_back = share.stage in GIVEN_AWAY or share.stage is Assignment.Stage.RETURNED
    counts = flags(assigned=True, given_back=given_back, signed_for=share.signed_for_on is not None)
    counts |= flags(urged=bool(share.urged_on))
    if given_back or not current:
        return counts
    counts[str(share.handling)] = 1
    if share.handling is Handling.CO:
        return counts | _opinion(case, share, day)
    first = case.rounds.get(1)
    reply = first.reply_of(share.key) if first else None
    clock = case.clocks.get((UNIT_REPLY, share.key)) or case.clocks.get((REPLY, None))
    counts |= _times(clock, None if reply is None else reply.replied_on, day)
    if last := case.last_round_of(share.key):
        if (said := last.evaluation) is not None:
            sealed = last is case.round and _is_sealed(case, day)
            counts |= _graded(Sealed.SEALED if sealed else said.grade_of(share.key))
        if (answer := last.reply_of(share.key)) and (outcome := _outcome_now(answer)) is not None:
            counts[f"outcome_{outcome}"] = 1
    return counts


def _opinion(case: Suggestion, share: Assignment, day: date) -> dict[str, int]:
    """Whether a co-handler told the lead what it thinks, and in time."""
    clock = case.clocks.get((CO_OPINION, share.key))
    given_on = next((opinion.given_on for opinion in share.opinions if opinion.rejected_on is None), None)
    due_on = clock.deadline.due_on if clock else None
    return flags(
        opinion_asked=True,
        opinion_on_time=given_on is not None and (due_on is None or given_on <= due_on),
        opinion_late=due_on is not None and (given_on or day) > due_on,
    )


def _commitment(commitment: Commitment, day: date) -> dict[str, int]:
    done_on, due_on = commitment.fulfilled_on, commitment.due_on
    return flags(
        made=True,
        due=is_past(due_on, day) or done_on is not None,
        fulfilled=done_on is not None,
        fulfilled_on_time=done_on is not None and due_on is not None and done_on <= due_on,
        abandoned=commitment.abandoned_on is not None,
    )


def _problem(problem: Problem) -> dict[str, int]:
    last = problem.rectified[-1] if problem.rectified else None
    verified_on = last.verified_on if last else None
    return flags(
        listed=True,
        rectified=problem.stage in {Problem.Stage.RECTIFIED, Problem.Stage.VERIFIED},
        verified=problem.stage is Problem.Stage.VERIFIED,
        verified_on_time=verified_on is not None and (problem.due_on is None or verified_on <= problem.due_on),
    )
