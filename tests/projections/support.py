"""Random histories of several suggestions, and a fold of their own that knows nothing of `domain.fold`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from domain.case import Act, Case, Corrected, Imported, Recorded, Role, Step, Voided
from domain.cases import suggestion as s
from domain.docket import CaseNotFoundError, Docket
from domain.moment import Precision, start_of_day
from domain.refusal import Refused
from tests.domain.support import DEPUTY, ZONE, role_for

FIRST_DAY = date(2026, 1, 5)
DAYS = 20
UNITS = ("jtj", "czj", "zjj")


@dataclass(frozen=True)
class Move:
    """Something that an office may try to record of one of its cases."""

    case: int
    what: str
    day: int
    minutes: int
    unit: str
    late: bool
    imported: bool
    target: int

    @property
    def occurred_at(self) -> datetime:
        return start_of_day(FIRST_DAY + timedelta(days=self.day), ZONE) + timedelta(minutes=self.minutes)


def _other(unit: str) -> str:
    return UNITS[(UNITS.index(unit) + 1) % len(UNITS)]


def _step(move: Move) -> Step:  # noqa: C901, PLR0911, PLR0912 - one line for each step of the office
    unit, due = move.unit, FIRST_DAY + timedelta(days=move.day + 30 + move.target)
    match move.what:
        case "review":
            return s.SuggestionReviewed()
        case "hand over":
            return s.HandedOver(lead_unit=unit, co_units=(_other(unit),) if move.target % 2 else ())
        case "sign":
            return s.SignedFor(unit=unit)
        case "return":
            return s.ReturnRequested(unit=unit, reason="职责不符")
        case "take back":
            return s.ReturnApproved(unit=unit)
        case "reassign":
            return s.Reassigned(unit=unit, to_unit=_other(unit))
        case "extend":
            return s.ExtensionGranted(unit=unit, due_on=due)
        case "reply":
            return s.ReplyIssued(unit=unit, outcome="A" if move.target % 2 else "B")
        case "evaluate":
            grade = list(s.Grade)[move.target % len(s.Grade)]
            return s.EvaluationSubmitted(result=grade, reason="未解决" if grade is s.Grade.DISSATISFIED else None)
        case "handle again":
            return s.ReHandlingOrdered()
        case "withdraw":
            return s.SuggestionWithdrawn(written_request="撤回函")
        case "close":
            return s.SuggestionClosed()
        case "correct the date":
            return _correction(move, occurred_at=move.occurred_at, precision="instant")
        case "correct the title":
            return _correction(move, changes={"title": f"更正{move.day}"})
        case "void":
            return Voided(voids=move.target, reason="误录", approved_by="主任")
        case "void the opening":
            return Voided(voids=1, reason="误录", approved_by="主任")
        case other:
            raise AssertionError(other)


def _correction(move: Move, **what: Any) -> Corrected:
    return Corrected(corrects=move.target, reason="录入有误", approved_by="主任", **what)


USUAL = (
    *("review", "hand over", "sign", "return", "take back", "reassign", "extend"),
    *("reply", "evaluate", "handle again", "withdraw", "close"),
)
CHANGING = (
    *("correct the date", "correct the date", "correct the unit", "correct the unit", "correct the title"),
    *("void", "void the last", "void the last void", "void the last void", "void the opening"),
)

_MOVES = st.builds(
    Move,
    case=st.sampled_from((0, 0, 0, 1, 2)),
    what=st.sampled_from((*USUAL, *["hand over"] * 4, "reply", "evaluate", *CHANGING)),
    day=st.sampled_from((0, 1, 2, 3, 5, 8, DAYS)),
    minutes=st.sampled_from((0, 0, 0, 0, 600)),
    unit=st.sampled_from(UNITS),
    late=st.booleans(),
    imported=st.booleans(),
    target=st.sampled_from((2, 2, 3, 3, 4, 5, 6, 8)),
)


_COURSE = ("hand over", "reply", "evaluate", "handle again", "reply", "evaluate", "close")
"""How a suggestion goes that is handled twice; of drawn moves alone, few would get as far as a second evaluation."""


def _courses() -> st.SearchStrategy[list[Move]]:
    """The first case as far as it gets, in the order of its days and in one unit's hands; opened by a first move."""
    days = st.lists(st.integers(0, DAYS), max_size=len(_COURSE) + 1).map(sorted)
    targets = st.lists(st.integers(0, 8), min_size=len(_COURSE) + 1, max_size=len(_COURSE) + 1)
    return st.builds(
        lambda days, targets, unit: [
            Move(0, what, day, 0, unit, late=False, imported=False, target=target)
            for what, day, target in zip(("review", *_COURSE), days, targets, strict=False)
        ],
        days,
        targets,
        st.sampled_from(UNITS),
    )


def move_lists(most: int = 30) -> st.SearchStrategy[list[Move]]:
    """What an office does in a while, and what it tries besides; what makes no sense will be refused."""
    tried = st.lists(_MOVES, min_size=most // 3, max_size=most - len(_COURSE) - 1)
    return st.builds(list[Move].__add__, _courses(), tried)


def record_all(docket: Docket, moves: Iterable[Move], prefix: str = "case", first: int = 1) -> int:
    """Record what the docket takes, each case opened when it is first touched; how many steps were refused."""
    refused = 0
    for row, move in enumerate(moves, first):
        case_id = f"{prefix}-{move.case}"
        origin = Imported(profile="sample", sha256="0" * 64, row=row) if move.imported else None
        try:
            history = docket.case_file(case_id).history
            step = _aimed(move, history)
            act = _act(move, role_for(step), late=move.late, imported=origin)
            docket.record(case_id, step, act)
        except CaseNotFoundError:
            opening = s.SuggestionSubmitted(
                jurisdiction="cn-999900", title=f"建议{move.case}", lead_deputy=DEPUTY, number=f"{prefix}/{row}"
            )
            docket.open(opening, _act(move, Role.DEPUTY_AFFAIRS, imported=origin), case_id=case_id)
        except Refused:
            refused += 1
    return refused


def _act(move: Move, role: Role, **more: Any) -> Act:
    precision: Precision = "instant" if move.minutes else "day"
    return Act(actor=DEPUTY, role=role, office="rd", occurred_at=move.occurred_at, precision=precision, **more)


def _aimed(move: Move, history: Sequence[Recorded]) -> Step:
    """The step that the move means in this history."""
    match move.what:
        case "void the last":
            return Voided(voids=len(history), reason="误录", approved_by="主任")
        case "void the last void":
            voids = [r.version for r in history if isinstance(r.step, Voided)] or [move.target]
            return Voided(voids=voids[-1], reason="误录", approved_by="主任")
        case "correct the unit":
            handed_over = [r.version for r in history if isinstance(r.step, s.HandedOver)] or [move.target]
            return _correction(replace(move, target=handed_over[-1]), changes={"lead_unit": move.unit})
        case _:
            return _step(move)


# The naive fold


def naive_order(history: Iterable[Recorded], known: int) -> list[Recorded]:
    """The steps known at a position, corrected, in the order in which they count (the sketch of the design pages)."""
    records = [r for r in history if r.position <= known]

    def stands(record: Recorded) -> bool:
        return not any(isinstance(v.step, Voided) and v.step.voids == record.version and stands(v) for v in records)

    order: list[Recorded] = []
    for record in records:
        if isinstance(record.step, (Corrected, Voided)) or not stands(record):
            continue
        right = record
        for other in records:
            if isinstance(other.step, Corrected) and other.step.corrects == record.version and stands(other):
                right = _corrected(right, other, other.step)
        later = [i for i, step in enumerate(order) if step.act.occurred_at > right.act.occurred_at]
        order.insert(later[0] if right.act.late and later else len(order), right)
    return order


def _corrected(step: Recorded, record: Recorded, correction: Corrected) -> Recorded:
    act = step.act
    if correction.occurred_at is not None:
        act = act.model_copy(update={"occurred_at": correction.occurred_at, "precision": correction.precision})
    right = type(step.step).model_validate(step.step.model_dump(exclude_none=True) | dict(correction.changes))
    return step._replace(act=act, step=right, deadlines=record.deadlines)


def naive_case(history: Iterable[Recorded], known: int, as_of: datetime) -> Case | None:
    """The case at a moment, folded from nothing."""
    steps = [step for step in naive_order(history, known) if step.act.occurred_at <= as_of]
    opening = next((step for step in steps if step.step.declared.opens), None)
    if opening is None:
        return None
    assert opening.step.declared.case_type is not None
    case = opening.step.declared.case_type(opening.originator_id)
    for step in [opening, *(other for other in steps if other is not opening)]:
        step.enact(case)
    return case


def by_case(records: Iterable[Recorded]) -> Mapping[str, list[Recorded]]:
    """Each case's records."""
    found: dict[str, list[Recorded]] = {}
    for record in records:
        found.setdefault(record.originator_id, []).append(record)
    return found


_MICROSECOND = timedelta(microseconds=1)

MOMENTS = st.tuples(
    st.floats(0, 1), st.integers(-1, DAYS + 200), st.sampled_from((-_MICROSECOND, timedelta(0), timedelta(minutes=600)))
)
"""A part of the ledger, and an instant: often just before, or just at, something that happened."""

OWN = st.sampled_from((0, 2, 5_000))
"""Up to how many own cases of a reader are looked up one by one (`scoped.OWN_CASES`)."""


def moment_of(drawn: tuple[float, int, timedelta], head: int) -> tuple[int, datetime]:
    """The position and the instant of a drawn moment."""
    part, day, shift = drawn
    return round(part * head), start_of_day(FIRST_DAY + timedelta(days=day), ZONE) + shift
