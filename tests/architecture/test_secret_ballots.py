"""No schema and no table can pair a voter with a choice: votes and polls are tallies, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from inspect import getmembers, isclass
from sys import modules
from typing import Any, get_args, get_type_hints

import psycopg
import pytest
from pydantic import BaseModel

import domain.cases  # noqa: F401 - every case type declares itself
from domain.ballot import PollStep, Rating, VoteStep
from domain.case import CASE_TYPES, STEPS
from domain.cases.suggestion import SatisfactionPollHeld

CHOICES = {"votes_for", "votes_against", "abstentions", "not_voted", "satisfied", "basically_satisfied", "dissatisfied"}
PEOPLE = re.compile(r"voter|member|deput|signer|person|speaker|proposer|elector|ballot_of|cast_by|name")
COUNTED_PEOPLE = {"members", "voters", "eligible", "present"}
"""Fields of a vote that tell how many, or who as a whole: a number or one line."""
VOTED_ON = {"units", "investigators"}
"""Lists that say what was voted on, reviewed by hand: who carries a decision out, who is to be on a committee."""


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and every model inside it."""
    yield model
    for field in model.model_fields.values():
        waiting: list[Any] = [field.annotation]
        while waiting:
            one = waiting.pop()
            waiting += get_args(one)
            if isclass(one) and issubclass(one, BaseModel) and one is not model:
                yield from models_in(one)


def votes() -> list[type[BaseModel]]:
    """Every step that says how a body voted."""
    return [step for step in STEPS.values() if any(CHOICES & set(model.model_fields) for model in models_in(step))]


def test_votes_and_polls_are_found() -> None:
    found = votes()
    assert len(found) > 10
    for step in STEPS.values():
        if issubclass(step, (VoteStep, PollStep, SatisfactionPollHeld)):
            assert step in found


@pytest.mark.parametrize("step", votes(), ids=lambda step: step.__name__)
def test_what_a_body_said_is_told_in_numbers_alone(step: type[BaseModel]) -> None:
    for model in models_in(step):
        tallies = CHOICES & set(model.model_fields)
        if not tallies:
            continue
        for name in tallies:
            assert model.model_fields[name].annotation is int, (step, name)
        for name, field in model.model_fields.items():
            listed = tuple in {
                getattr(one, "__origin__", one) for one in (field.annotation, *get_args(field.annotation))
            }
            assert not listed or name in VOTED_ON, f"{step.__name__}.{name} lists something beside tallies"
            if PEOPLE.search(name):
                assert name in COUNTED_PEOPLE, f"{step.__name__}.{name} names somebody beside tallies"


def test_a_rating_is_never_told_beside_the_name_of_a_member() -> None:
    for step in STEPS.values():
        for model in models_in(step):
            rated = [name for name, field in model.model_fields.items() if Rating in get_args(field.annotation)]
            if rated and not issubclass(step, PollStep):
                people = {name for name in model.model_fields if PEOPLE.search(name)} - COUNTED_PEOPLE
                assert people == set(), (step, rated, people)


def states() -> Iterator[type]:
    """The dataclasses that the state of a case is made of."""
    for case_type in CASE_TYPES.values():
        yield case_type
        for _, found in getmembers(modules[case_type.__module__], isclass):
            if is_dataclass(found) and found.__module__.startswith("domain."):
                yield found


def test_the_state_of_a_case_keeps_tallies_and_no_choices() -> None:
    for state in set(states()):
        names = {field.name for field in fields(state)}
        tallies = CHOICES & names
        if tallies:
            hints = get_type_hints(state)
            assert {hints[name] for name in tallies} == {int}, state
            assert {name for name in names if PEOPLE.search(name)} <= COUNTED_PEOPLE, state


@pytest.mark.database
def test_no_table_of_the_database_has_a_column_for_a_choice(database: str) -> None:
    with psycopg.connect(database) as conn:
        columns = conn.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    assert len(columns) > 50
    names = {column for _, _, column in columns}
    assert {name for name in names if re.search(r"vote|ballot|choice|in_favour|abstain|against", name)} == set()
