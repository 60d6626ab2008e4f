"""The sample of 云江市."""

from collections.abc import Iterator
from datetime import date

import pytest

from adapters.exchange.sample import load_sample, sample_case_id
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import open_pool
from domain.cases.suggestion import Suggestion
from domain.docket import Docket
from domain.procedure import findings
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

TODAY = date(2026, 11, 22)
NUMBERS = [f"2026-{number:03}" for number in (*range(1, 9), *range(101, 111))]


@pytest.fixture
def docket(database: str) -> Iterator[Docket]:
    with open_pool(database, schema="duban", role="duban_app", size=2, name="test") as pool:
        yield Docket(PostgresLedger(pool, "main"), shipped_registry())


def suggestion(docket: Docket, number: str) -> Suggestion:
    case = docket.case_file(sample_case_id(number)).case
    assert isinstance(case, Suggestion)
    return case


def test_the_sample_shows_a_suggestion_in_every_interesting_state(docket: Docket) -> None:
    assert load_sample(docket, today=TODAY) == len(NUMBERS)
    stages = {suggestion(docket, number).stage for number in NUMBERS}
    assert stages >= {
        Suggestion.Stage.SUBMITTED,
        Suggestion.Stage.SENT_BACK,
        Suggestion.Stage.ACCEPTED,
        Suggestion.Stage.NOT_ACCEPTED,
        Suggestion.Stage.IN_HANDLING,
        Suggestion.Stage.MERGED,
        Suggestion.Stage.REPLIED,
        Suggestion.Stage.EVALUATED,
        Suggestion.Stage.COMMITMENT_TRACKING,
        Suggestion.Stage.CLOSED,
        Suggestion.Stage.WITHDRAWN,
    }
    three_rounds = suggestion(docket, "2026-002")
    assert [r.evaluation and r.evaluation.grade for _, r in sorted(three_rounds.rounds.items())] == [
        "dissatisfied",
        "dissatisfied",
        "basically_satisfied",
    ]
    assert suggestion(docket, "2026-003").handed_over_on == date(2026, 2, 4)
    assert suggestion(docket, "2026-004").lead_unit == "hbj"
    assert [r.outcome for r in suggestion(docket, "2026-006").round.replies] == ["B"]
    assert suggestion(docket, "2026-102").facts().due_on == date(2026, 12, 15)
    assert suggestion(docket, "2026-103").merged_into == sample_case_id("2026-102")
    overdue = suggestion(docket, "2026-101").next_deadline
    assert overdue is not None
    assert overdue.due_on < TODAY


def test_the_sample_agrees_with_the_procedure(docket: Docket) -> None:
    load_sample(docket, today=TODAY)
    city = docket.registry.jurisdiction("cn-999900")
    histories = [docket.case_file(sample_case_id(number)).history for number in NUMBERS]
    assert [found for history in histories for found in findings(history, city)] == []


def test_loaded_twice_it_is_stored_once(docket: Docket) -> None:
    load_sample(docket, today=TODAY)
    head = docket.head()
    assert load_sample(docket, today=TODAY) == 0
    assert docket.head() == head


def test_nothing_of_the_sample_lies_ahead_of_the_day_on_which_it_is_loaded(docket: Docket) -> None:
    assert load_sample(docket, today=date(2026, 2, 20)) == 8
    assert suggestion(docket, "2026-001").stage is Suggestion.Stage.IN_HANDLING
    assert load_sample(docket, today=date(2025, 12, 31)) == 0
