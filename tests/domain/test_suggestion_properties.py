from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import fold
from domain.calendar import add_months, load_calendar
from domain.case import Corrected, Recorded, Role, Step, Voided
from domain.cases import suggestion as s
from domain.cases.suggestion import Suggestion
from domain.docket import Request
from domain.part import Part
from domain.procedure import breach_of_stage, findings, steps_of
from domain.refusal import Refused
from tests.domain.support import DEPUTY, IMPORTED, TODAY, Desk, Trusting, act, role_for, submitted
from tests.golden.samples import SAMPLES
from tests.registry import shipped_registry

UNITS = ("jtj", "czj", "zjj")
YUNJIANG = shipped_registry().jurisdiction("cn-999900")
FIRST_DAY = date(2026, 1, 5)
NEXT_YEAR = date(2027, 2, 1)
STORIES = settings(max_examples=settings().max_examples // 2)
OPENING = submitted(number="2026-001", co_signers=("d-002",))


def _variants() -> Iterator[Step]:
    """The sample of every step, for each unit and under the keys that another step of the list introduces."""
    yield s.HandedOver(lead_unit="jtj", co_units=("czj",))
    yield s.HandedOver(separate_units=("jtj", "czj"))
    yield s.ReHandlingOrdered()
    yield s.SimilarLinked(other_number="2025-007", relation=s.Relation.REPEAT)
    yield s.CommitmentMade(commitment="1", unit="jtj", text="-", due_on=NEXT_YEAR)
    yield s.CommitmentFulfilled(commitment="1")
    yield SAMPLES["case.attachment_added.v1"]
    for step in SAMPLES.values():
        declared = step.declared
        if declared.case_type is not Suggestion or declared.opens or isinstance(step, s.HandedOver):
            continue
        fields = type(step).model_fields
        later: dict[str, Any] = {name: NEXT_YEAR for name in ("due_on", "until") if name in fields}
        if isinstance(step, s.ReplyIssued):
            later["commitments"] = ()
        for unit in UNITS if "unit" in fields else (None,):
            yield step.model_copy(update=later if unit is None else {**later, "unit": unit})


VARIANTS = list(_variants())
ROUND = (s.HandedOver, s.ReplyIssued, s.EvaluationSubmitted, s.ReHandlingOrdered)
ASIDE = (s.SignedFor, s.ReturnRequested, s.ReturnApproved, s.Reassigned, s.ReplyReviewRejected, s.SuggestionClosed)
ONWARD: list[Step] = [step for step in VARIANTS for _ in range(4) if isinstance(step, ROUND)]
ONWARD += [step for step in VARIANTS if isinstance(step, (*ASIDE, s.CommitmentMade, s.CommitmentFulfilled))]
MOVES: dict[type[Step], set[tuple[Any, Any]]] = {
    step: set(step.declared.moves)
    | {(source, step.declared.leads_to) for source in step.declared.while_in or () if step.declared.part is None}
    for step in steps_of(Suggestion)
    if step.declared.case_type is Suggestion
}


@dataclass
class Story:
    """What happens to a suggestion, drawn step by step among what may happen next."""

    draw: Any
    desk: Desk = field(default_factory=lambda: Desk(docket=Trusting))
    day: date = FIRST_DAY

    def begin(self) -> Story:
        self.desk.open(OPENING, self.day)
        return self

    def go_on(self) -> None:
        """One more step: one that leads on, or any that is open; sometimes a late entry, a correction, a void."""
        self.day = min(self.day + timedelta(self.draw(st.integers(0, 25))), TODAY)
        head, case = self.desk.ledger.head(), self.desk.live
        how = self.draw(st.sampled_from(["onward"] * 9 + ["any"] * 3 + ["late", "void", "correct"]))
        try:
            if how in {"late", "void", "correct"}:
                self.disturb(how)
            elif isinstance(case, Suggestion):
                self.take(case, VARIANTS if how == "any" else ONWARD)
                self.check_progress(case)
        except Refused:
            assert self.desk.ledger.head() == head

    def take(self, case: Suggestion, among: list[Step]) -> None:
        if open_now := [step for step in among if breach_of_stage(case, step) is None]:
            self.desk.take(self.draw(st.sampled_from(open_now)), self.day)

    def disturb(self, how: str) -> None:
        version = self.draw(st.sampled_from(range(len(self.desk.history), 0, -1)))
        if how == "void":
            self.desk.void(version)
        elif how == "correct":
            self.desk.correct(version, on=self.day - timedelta(self.draw(st.integers(0, 90))))
        else:
            on = self.day - timedelta(self.draw(st.integers(1, 90)))
            self.desk.take(self.draw(st.sampled_from(VARIANTS)), on, late=True)

    def check_progress(self, before: Suggestion) -> None:
        after, last = self.desk.case, self.desk.history[-1]
        assert len(after.rounds) >= len(before.rounds)
        if after.stage is not before.stage:
            assert (before.stage, after.stage) in MOVES[type(last.step)]


def parts_of(case: Suggestion) -> list[Part]:
    parts = case.assignments, case.commitments, case.contacts, case.problems
    return [*case.former_assignments, *chain.from_iterable(part.values() for part in parts)]


def check_invariants(desk: Desk) -> None:
    case_file = desk.docket.case_file(desk.case_id)
    history, live = case_file.history, case_file.case
    assert [record.version for record in history] == list(range(1, len(history) + 1))
    assert [record.position for record in history] == list(range(1, desk.ledger.head() + 1))
    assert live == fold.case_at(history, known=desk.ledger.head())
    assert set(desk.ledger._claims) == (live.claims() if live else set())
    findings(history, YUNJIANG)
    if isinstance(live, Suggestion):
        live.facts()
        for part in parts_of(live):
            assert isinstance(part.stage, type(part).Stage)  # type: ignore[attr-defined]
        assert all(record.number == number for number, record in live.rounds.items())


@STORIES
@given(st.data())
def test_whatever_happens_the_case_is_the_fold_of_its_history(data: st.DataObject) -> None:
    story = Story(data.draw).begin()
    for _ in range(data.draw(st.integers(4, 18))):
        story.go_on()
        check_invariants(story.desk)


@STORIES
@given(st.data())
def test_any_steps_in_any_order_make_a_case(data: st.DataObject) -> None:
    story = Story(data.draw).begin()
    for _ in range(data.draw(st.integers(4, 18))):
        story.go_on()
    plain = [r for r in story.desk.history if not isinstance(r.step, (Corrected, Voided))]
    for chosen in (plain, data.draw(st.permutations(plain))):
        kept = data.draw(st.lists(st.booleans(), min_size=len(chosen), max_size=len(chosen)))
        subset = [record for record, keep in zip(chosen, kept, strict=True) if keep]
        case = fold.apply_all(subset)
        assert (case is None) == (plain[0] not in subset)
        if isinstance(case, Suggestion):
            case.facts()
            case.claims()
            assert isinstance(case.stage, Suggestion.Stage)


@given(st.permutations(VARIANTS), st.integers(0, 30))
def test_even_steps_that_never_belong_together_make_a_case(steps: list[Step], count: int) -> None:
    opening = Desk()
    opening.open(OPENING, FIRST_DAY)
    first = opening.history[0]
    records = [Recorded("c", i, first.timestamp, step, first.act, "", "") for i, step in enumerate(steps[:count], 2)]
    case = fold.apply_all([first, *records])
    assert isinstance(case, Suggestion)
    case.facts()


# The fold, written again without the domain


def naive(rows: list[dict[str, Any]], known: int, day: date) -> dict[str, Any] | None:
    """Facts of a case at a moment, from the stored rows alone."""
    voided: set[int] = set()
    rows = [row for row in rows if row["position"] <= known]
    for row in reversed(rows):
        if row["wire"] == "case.voided.v1" and row["version"] not in voided:
            voided.add(row["step"]["voids"])
    rows = [row for row in rows if row["version"] not in voided]
    steps = {row["version"]: dict(row) for row in rows if not row["wire"].startswith("case.")}
    for row in rows:
        if row["wire"] == "case.corrected.v1" and row["step"]["corrects"] in steps:
            step = steps[row["step"]["corrects"]]
            step["step"] = {**step["step"], **row["step"]["changes"]}
            step["day"] = row["step"].get("occurred_at", step["day"])[:10]
    order: list[dict[str, Any]] = []
    for step in steps.values():
        after = [i for i, other in enumerate(order) if step["late"] and other["day"] > step["day"]]
        order.insert(after[0] if after else len(order), step)
    chosen = [step for step in order if date.fromisoformat(step["day"]) <= day]
    if not any(step["wire"] == "suggestion.submitted.v1" for step in chosen):
        return None
    return naive_facts(chosen)


def naive_facts(steps: list[dict[str, Any]]) -> dict[str, Any]:
    facts: dict[str, Any] = {"units": [], "handed_over_on": None, "due_on": None, "answered_on": None}
    waiting: set[str] = set()
    for step in steps:
        fields, day = step["step"], date.fromisoformat(step["day"])
        match step["wire"]:
            case "suggestion.handed_over.v1":
                facts["handed_over_on"] = day
                facts["due_on"] = load_calendar("cn").roll_forward(add_months(day, 3))
                facts["answered_on"] = None
                waiting.add(fields["lead_unit"])
                if fields["lead_unit"] not in facts["units"]:
                    facts["units"].append(fields["lead_unit"])
            case "suggestion.extension_notified.v1" if facts["due_on"] and "due_on" in fields:
                facts["due_on"] = date.fromisoformat(fields["due_on"])
            case "suggestion.reply_issued.v1":
                waiting.discard(fields["unit"])
                if not waiting:
                    facts["answered_on"] = facts["answered_on"] or day
    return facts


def told(case: object) -> dict[str, Any] | None:
    """The same facts as the domain tells them."""
    if case is None:
        return None
    assert isinstance(case, Suggestion)
    facts = case.facts()
    return {
        "units": list(facts.units),
        "handed_over_on": facts.handed_over_on,
        "due_on": facts.due_on,
        "answered_on": facts.answered_on,
    }


def stored_rows(desk: Desk) -> list[dict[str, Any]]:
    rows = []
    for event in desk.ledger.tail(0, 1000):
        state = json.loads(event.state)
        rows.append(
            {
                "position": event.position,
                "version": event.originator_version,
                "wire": event.topic,
                "step": state["step"],
                "day": state["act"]["occurred_at"][:10],
                "late": state["act"]["late"],
            }
        )
    return rows


units = st.sampled_from(UNITS)
back = st.integers(0, 120)
target = st.integers(1, 12)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("hand_over"), units, st.booleans(), back),
        st.tuples(st.just("extend"), st.integers(0, 200), st.booleans(), back),
        st.tuples(st.just("reply"), units, st.booleans(), back),
        st.tuples(st.just("correct_day"), target, st.none(), back),
        st.tuples(st.just("correct_unit"), target, units, back),
        st.tuples(st.just("void"), target, st.none(), back),
    ),
    min_size=2,
    max_size=14,
)


def happen(desk: Desk, day: date, what: str, value: Any, late: Any, back: int) -> None:
    on = day - timedelta(back) if late is True else day
    match what:
        case "hand_over":
            desk.take(s.HandedOver(lead_unit=value), on, late=late, imported=IMPORTED)
        case "extend":
            due_on = day + timedelta(value)
            desk.take(s.ExtensionNotified(due_on=due_on), on, late=late, imported=IMPORTED)
        case "reply":
            desk.take(s.ReplyIssued(unit=value), on, late=late, imported=IMPORTED)
        case "correct_day":
            desk.correct(value, on=day - timedelta(back))
        case "correct_unit":
            wire = desk.history[value - 1].step.declared.name if value <= len(desk.history) else ""
            desk.correct(value, **{"lead_unit" if wire == "handed_over" else "unit": late})
        case "void":
            desk.void(value)


@given(happenings, st.lists(st.tuples(st.integers(0, 16), st.integers(-130, 330)), min_size=5, max_size=20))
def test_the_fold_agrees_with_one_written_again(story: list[Any], moments: list[tuple[int, int]]) -> None:
    desk, day = Desk(), FIRST_DAY
    desk.open(OPENING, day)
    for happening in story:
        day += timedelta(17)
        try:
            happen(desk, day, *happening)
        except Refused:
            continue
    rows = stored_rows(desk)
    for known, offset in [*moments, (len(rows), 400)]:
        moment = FIRST_DAY + timedelta(offset)
        assert told(desk.at(moment, known)) == naive(rows, known, moment), (known, moment)


def test_a_void_that_was_voided_and_a_late_entry_before_the_first_later_step() -> None:
    desk = Desk()
    desk.open(OPENING, FIRST_DAY)
    for lead_unit, month in (("jtj", 4), ("czj", 2), ("zjj", 5)):
        desk.take(s.HandedOver(lead_unit=lead_unit), date(2026, month, 1), imported=IMPORTED)
    desk.take(s.ExtensionNotified(due_on=date(2026, 12, 1)), date(2026, 3, 1), late=True, imported=IMPORTED)
    assert [record.version for record in fold.sequence(desk.history)] == [1, 5, 2, 3, 4]
    desk.void(1)
    desk.void(6)
    assert told(desk.at(TODAY)) == naive(stored_rows(desk), 7, TODAY)
    assert desk.at(TODAY, known=6) is None
    assert desk.case.lead_deputy == DEPUTY


@given(
    st.lists(st.sampled_from([sample for sample in SAMPLES.values() if not sample.declared.opens]), max_size=6),
    st.data(),
)
def test_an_orderly_draft_has_nothing_to_be_found(steps: list[Step], data: st.DataObject) -> None:
    desk = Desk()
    draft = desk.docket.draft(Request.fresh())
    day = TODAY - timedelta(days=200)
    desk.docket.take(draft, submitted(), act(day, Role.DEPUTY_AFFAIRS, imported=IMPORTED))
    for step in steps:
        day += timedelta(days=data.draw(st.integers(-3, 20)))
        with suppress(Refused):
            desk.docket.take(draft, step, act(day, role_for(step), imported=IMPORTED))
    assert not (draft.orderly and findings(draft.case_file.history, YUNJIANG))
