"""What holds of every case type of the standing committee's own powers, none of them named."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import fold
from domain.case import EVERYBODY, Case, Recorded, Role, Step
from domain.matter import Audience, Ending, Matter
from domain.part import Part
from domain.procedure import breach_of_stage, findings, require_role, steps_of
from domain.rectification import Rectification, Rectified
from domain.refusal import Refused
from tests.domain.matters import FIRST_DAY, Walk, is_amendment, matters, openings_of, parts_of, steps_onward
from tests.golden.examples import DEPUTY_FIELDS, UNIT_FIELDS
from tests.registry import shipped_registry

YUNJIANG = shipped_registry().jurisdiction("cn-999900")
WALKS = settings(max_examples=max(settings().max_examples // 4, 5))
every_matter = pytest.mark.parametrize("case_type", matters(), ids=lambda case_type: case_type.kind)


def part_types(case_type: type[Case], step: type[Step]) -> type[Part]:
    case: Any = case_type("x")
    assert step.declared.part is not None
    assert isinstance(getattr(case, step.declared.part), dict)
    named = case_type.__dataclass_fields__[step.declared.part].type
    kinds = {kind.__name__: kind for kind in _parts(Part)}
    return kinds[str(named).partition(", ")[2].rstrip("]")]


def _parts(of: type[Part]) -> set[type[Part]]:
    return {of} | {below for kind in of.__subclasses__() for below in _parts(kind)}


@every_matter
def test_its_steps_name_stages_parts_and_fields_that_there_are(case_type: type[Matter]) -> None:
    steps, stages = steps_of(case_type), set(case_type.Stage)
    names = [step.declared.name for step in steps]
    assert sorted(set(names)) == sorted(names)
    assert {str(ending) for ending in Ending} <= stages
    if issubclass(case_type, Rectified):
        assert {str(phase) for phase in Rectification} <= stages
    for step in steps:
        declared = step.declared
        if declared.case_type is None:
            continue
        assert (declared.while_in or set()) <= stages, step
        assert {stage for move in declared.moves for stage in move} <= stages, step
        assert declared.by, step
        assert (step.__doc__ or "").strip(), step
        if declared.part is None:
            assert declared.leads_to is None or declared.leads_to in stages, step
            continue
        assert declared.names in step.model_fields, step
        own = set(part_types(case_type, step).Stage)  # type: ignore[attr-defined]
        assert (declared.after or set()) <= own, step
        assert declared.leads_to is None or declared.leads_to in own, step


@every_matter
def test_every_stage_can_be_reached_and_all_but_the_last_can_be_left(case_type: type[Matter]) -> None:
    reached, left = set[str](), set[str]()
    for step in steps_of(case_type):
        declared = step.declared
        reached |= {target for _, target in declared.moves}
        left |= {source for source, _ in declared.moves}
        if declared.part is None and declared.leads_to is not None:
            reached.add(declared.leads_to)
            left |= set() if declared.opens else declared.open_in(case_type)
    assert set(case_type.Stage) - reached == set()
    assert set(case_type.Stage) - left - set(Ending) == set()


@every_matter
def test_every_clock_is_a_rule_with_a_source_or_a_date_that_somebody_named(case_type: type[Matter]) -> None:
    clocks = YUNJIANG.book.clocks
    started = {rule for step in steps_of(case_type) for rule in step.declared.starts} | set(case_type.before_meeting)
    stopped = {rule for step in steps_of(case_type) for rule in step.declared.stops}
    assert started - set(clocks) == set()
    assert {rule for rule in started if rule.split(".")[0] in {case_type.kind, "rectification"}} - stopped == set()


@every_matter
def test_every_step_of_it_is_taken_somewhere_and_refuses_who_is_not_there(case_type: type[Matter]) -> None:
    wanted = {step for step in steps_of(case_type) if step.declared.case_type is not None}
    taken: set[type[Step]] = set()
    for seed in range(300):
        if taken >= wanted:
            break
        walk = Walk(case_type, random.Random(seed)).begin()
        taken |= walk.taken
        for _ in range(40):
            if not (choices := walk.towards(wanted - taken)):
                break
            step = walk.chance.choice(choices)
            if type(step) not in taken:
                _refuses_strangers(walk, step)
            walk.go_on([step])
            taken |= walk.taken
    assert sorted(step.__name__ for step in wanted - taken) == []


def _refuses_strangers(walk: Walk, step: Step) -> None:
    for name in type(step).model_fields:
        stranger: Any = "nowhere"
        if name.endswith(UNIT_FIELDS) or name in DEPUTY_FIELDS:
            if isinstance(getattr(step, name), tuple):
                stranger = ("nowhere",)
            assert walk.take(step.model_copy(update={name: stranger})) is None, (type(step).__name__, name)


@every_matter
def test_what_is_told_opens_the_file_unless_it_tells_of_persons(case_type: type[Matter]) -> None:
    case = case_type("x")
    before = set(case.audience())
    case.told = tuple(Audience)
    opened = set(case.audience()) - before
    closed = case_type.kind in {"appointment", "duty_appraisal", "legislation", "dismissal", "investigation"}
    assert ({EVERYBODY, str(Role.DEPUTY)} <= opened) is not closed, opened


@every_matter
def test_its_opening_refuses_who_is_not_there(case_type: type[Matter]) -> None:
    for opening in openings_of(case_type):
        for name in type(opening).model_fields:
            if name.endswith(UNIT_FIELDS) or name in DEPUTY_FIELDS:
                stranger: Any = ("nowhere",) if isinstance(getattr(opening, name), tuple) else "nowhere"
                with pytest.raises(Refused):
                    opening.model_copy(update={name: stranger}).check(None, YUNJIANG.on(FIRST_DAY))


@every_matter
def test_a_step_at_another_stage_or_by_another_role_is_refused(case_type: type[Matter]) -> None:
    for step in steps_onward(case_type):
        declared = step.declared
        for stage in set(case_type.Stage) - declared.open_in(case_type):
            case = case_type("x")
            case.stage = stage
            breach = breach_of_stage(case, step)
            assert breach is not None
            assert breach.message_id == "step-not-open"
        for role in set(Role) - declared.by:
            with pytest.raises(Refused) as refused:
                require_role(type(step), case_type, role)
            assert refused.value.message_id == "role-may-not"


def check_invariants(walk: Walk) -> None:
    case_file = walk.desk.docket.case_file(walk.desk.case_id)
    live = case_file.case
    assert live == fold.case_at(case_file.history, known=walk.desk.ledger.head())
    assert set(walk.desk.ledger._claims) == (live.claims() if live else set())
    findings(case_file.history, YUNJIANG)
    if isinstance(live, Case):
        look_at(live)


def look_at(case: Case) -> None:
    """Everything that readers ask of a case can be asked of any."""
    assert isinstance(case.stage, case.Stage)
    case.facts()
    assert all(" " not in key for key in case.audience())
    assert all(one.who and one.step for one in case.awaited())
    assert case.id not in set(case.follows())
    for part in parts_of(case):
        assert isinstance(part.stage, type(part).Stage)  # type: ignore[attr-defined]


@every_matter
@WALKS
@given(st.data())
def test_whatever_happens_the_case_is_the_fold_of_its_history(case_type: type[Matter], data: st.DataObject) -> None:
    walk = Walk(case_type, random.Random(data.draw(st.integers(0, 2**32)))).begin()
    for _ in range(data.draw(st.integers(4, 16))):
        walk.disturb() if walk.chance.random() < 0.25 else walk.go_on()
        check_invariants(walk)


@every_matter
@WALKS
@given(st.data())
def test_any_steps_in_any_order_make_a_case(case_type: type[Matter], data: st.DataObject) -> None:
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    walk = Walk(case_type, chance).begin()
    opening = walk.desk.history[0]
    steps = chance.sample(steps_onward(case_type), min(25, len(steps_onward(case_type))))
    records = [Recorded("c", i, opening.timestamp, step, opening.act, "", "") for i, step in enumerate(steps, 2)]
    case = fold.apply_all([opening, *records])
    assert case is not None
    look_at(case)


@every_matter
def test_at_each_moment_it_is_what_the_steps_until_then_made_of_it(case_type: type[Matter]) -> None:
    walk = Walk(case_type, random.Random(7)).begin()
    stood = [(walk.day, walk.desk.ledger.head(), walk.case)]
    for _ in range(12):
        walk.go_on()
        stood.append((walk.day, walk.desk.ledger.head(), walk.case))
    for (day, head, case), (later, _, _) in pairwise(stood):
        assert walk.desk.at(known=head) == case
        if later > day and not any(is_amendment(record.step) for record in walk.desk.history):
            assert walk.desk.at(day) == case
