"""The sample of 云江市: what was written by hand, and what is played."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from pydantic_core import to_json

from adapters.exchange.sample import ACCOUNTS, load_sample, sample_case_id, year
from adapters.memory import MemoryLedger
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import open_pool
from api.commands.service import SAMPLE_CASES, SAMPLE_SEED
from domain.case import Corrected, Role, Voided
from domain.casefile import CaseFile
from domain.cases.suggestion import Assignment, Commitment, Suggestion
from domain.docket import Docket
from domain.fold import case_at
from domain.office import Body
from domain.procedure import findings, steps_of
from tests.registry import shipped_registry

TODAY = date(2026, 11, 22)
NUMBERS = [f"2026-{number:03}" for number in (*range(1, 9), *range(101, 111))]
BY_HAND = len(NUMBERS)
CITY, COUNTIES = "cn-999900", {"cn-999911", "cn-999912", "cn-999921", "cn-999922"}


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def docket(request: pytest.FixtureRequest) -> Iterator[Docket]:
    if request.param == "memory":
        yield Docket(MemoryLedger(), shipped_registry())
        return
    conninfo = request.getfixturevalue("database")
    with open_pool(conninfo, schema="duban", role="duban_app", size=2, name="test") as pool:
        yield Docket(PostgresLedger(pool, "main"), shipped_registry())


def of_the_year(today: date) -> int:
    """How many cases and meetings of the year had begun by a day."""
    return sum(story.happenings[0].on <= today for story in year())


def suggestion(docket: Docket, number: str) -> Suggestion:
    case = docket.case_file(sample_case_id(number)).case
    assert isinstance(case, Suggestion)
    return case


def test_the_sample_shows_a_suggestion_in_every_interesting_state(docket: Docket) -> None:
    assert load_sample(docket, today=TODAY, seed=1, cases=0) == BY_HAND + of_the_year(TODAY)
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


def test_loaded_twice_it_is_stored_once(docket: Docket) -> None:
    assert load_sample(docket, today=TODAY, seed=1, cases=40) == BY_HAND + 40 + 4 * 4 + of_the_year(TODAY)
    head = docket.head()
    assert load_sample(docket, today=TODAY, seed=1, cases=40) == 0
    assert docket.head() == head


def test_nothing_of_the_sample_lies_ahead_of_the_day_on_which_it_is_loaded(docket: Docket) -> None:
    february, new_years_eve = date(2026, 2, 20), date(2025, 12, 31)
    assert load_sample(docket, today=february, seed=1, cases=0) == 8 + of_the_year(february)
    assert suggestion(docket, "2026-001").stage is Suggestion.Stage.IN_HANDLING
    assert of_the_year(new_years_eve) == 6, "the programme of the term, and the drafts of five plans"
    assert load_sample(docket, today=new_years_eve, seed=1, cases=0) == 0


def stored(today: date = TODAY, *, seed: int = SAMPLE_SEED, cases: int = SAMPLE_CASES) -> list[CaseFile]:
    """The cases of the sample as a ledger in memory has them at noon of a day."""
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    ledger = MemoryLedger(lambda: noon)
    docket = Docket(ledger, shipped_registry(), lambda: noon)
    count = load_sample(docket, today=today, seed=seed, cases=cases)
    ids = {str(event.originator_id): None for event in ledger.tail(0, 1_000_000)}
    assert len(ids) == count
    return [docket.case_file(case_id) for case_id in ids]


def written(files: list[CaseFile]) -> list[bytes]:
    """What was stored, but for ids and nonces of chance, and when it was stored."""
    return [to_json([(file.id, r.step, r.act, r.deadlines) for r in file.history]) for file in files]


@pytest.fixture(scope="module")
def files() -> list[CaseFile]:
    return stored()


@pytest.fixture(scope="module")
def in_the_city(files: list[CaseFile]) -> list[Suggestion]:
    return [case for file in files if isinstance(case := file.case, Suggestion) and case.jurisdiction == CITY]


def test_two_years_are_played_in_the_city_and_in_each_county(files: list[CaseFile]) -> None:
    suggestions = [file for file in files if isinstance(file.case, Suggestion)]
    count = Counter(file.case.jurisdiction for file in suggestions if file.case)
    assert set(count) == {CITY, *COUNTIES}
    assert count[CITY] > 400
    assert all(count[county] in range(36, 41) for county in COUNTIES)
    days = sorted(step.act.occurred_on for file in suggestions for step in file.history)
    assert (days[0], days[-1] <= TODAY) == (date(2025, 1, 2), True)


def test_every_step_of_a_suggestion_is_taken_and_some_are_corrected_voided_or_late(files: list[CaseFile]) -> None:
    taken = {type(step.step) for file in files for step in file.history}
    assert taken >= {step for step in steps_of(Suggestion) if step.declared.case_type is Suggestion}
    assert taken >= {Corrected, Voided}
    assert any(step.act.late for file in files for step in file.history)


def test_every_stage_is_the_present_stage_of_some_case(in_the_city: list[Suggestion]) -> None:
    assert {case.stage for case in in_the_city} == set(Suggestion.Stage)


def test_every_stage_of_an_assignment_and_of_a_commitment_came_about(files: list[CaseFile]) -> None:
    whenever = [case for file in files for n in range(file.version) if (case := case_at(file.history[: n + 1]))]
    suggestions = [case for case in whenever if isinstance(case, Suggestion)]
    shares = {share.stage for case in suggestions for share in case.assignments.values()}
    assert shares == set(Assignment.Stage)
    assert {kept.stage for case in suggestions for kept in case.commitments.values()} == set(Commitment.Stage)


def test_the_suggestions_agree_with_the_procedure(files: list[CaseFile]) -> None:
    places = {code: shipped_registry().jurisdiction(code) for code in (CITY, *COUNTIES)}
    suggestions = [file for file in files if isinstance(file.case, Suggestion)]
    found = [findings(file.history, places[file.case.jurisdiction]) for file in suggestions if file.case]
    assert [one for several in found for one in several] == []


def test_offices_act_on_working_days(files: list[CaseFile]) -> None:
    calendar = shipped_registry().jurisdiction(CITY).working_calendar
    by_offices = [step for file in files for step in file.history if step.act.role is not Role.DEPUTY]
    assert [step for step in by_offices if not calendar.is_working_day(step.act.occurred_on)] == []


def test_most_are_answered_in_time_and_some_are_not(in_the_city: list[Suggestion]) -> None:
    clocks = [clock for case in in_the_city if (clock := case.handling_clock(1)) is not None]
    answered = Counter(clock.late for clock in clocks if not clock.runs)
    assert answered[False] > 10 * answered[True] > 0
    assert any(clock.runs and clock.deadline.due_on < TODAY for clock in clocks)


def test_no_two_suggestions_in_twenty_have_the_same_title(in_the_city: list[Suggestion]) -> None:
    assert len({case.title for case in in_the_city}) > 0.95 * len(in_the_city)


def test_no_name_is_one_that_a_person_could_have() -> None:
    for code in (CITY, *COUNTIES):
        place = shipped_registry().jurisdiction(code)
        names = [deputy.name for deputy in place.deputies] + [seat.holder for seat in place.seats]
        assert [
            name
            for name in names
            if not re.fullmatch("[甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳][一二三四五六七八九十]+", name)
        ] == []


def test_the_same_seed_tells_the_same_and_another_seed_something_else() -> None:
    told = written(stored(cases=60, seed=7))
    assert told == written(stored(cases=60, seed=7))
    assert told != written(stored(cases=60, seed=8))


def test_on_an_earlier_day_the_same_is_told_as_far_as_it_had_come() -> None:
    now = {file.id: line for file in stored(cases=40) for line in written([file])}
    for file in stored(date(2026, 4, 15), cases=40):
        (before,) = written([file])
        assert now[file.id].startswith(before.removesuffix(b"]"))


@pytest.mark.parametrize(("seed", "cases"), [(0, 1), (1, 9), (2, 150), (3, 700), (2**40, 60), (-1, 40)])
def test_any_seed_and_number_can_be_played(seed: int, cases: int) -> None:
    files = stored(date(2027, 6, 30), cases=cases, seed=seed)
    assert len(files) == BY_HAND + cases + 4 * (cases // 10) + len(year())


def test_the_counties_stand_under_the_city_and_the_zone_has_no_congress() -> None:
    registry = shipped_registry()
    assert {registry.jurisdiction(code).parent for code in (*COUNTIES, "cn-999971")} == {CITY}
    assert not registry.jurisdiction("cn-999971").congress
    city = registry.jurisdiction(CITY)
    assert (len(city.all_deputies()), len(city.units_on(TODAY))) == (120, 40)
    assert {(deputy.term, deputy.level) for deputy in city.deputies} == {(9, "city")}
    assert {unit.order for unit in city.units} == {10 * n for n in range(1, 42)}
    assert len(city.seats_on(Body.STANDING_COMMITTEE, TODAY)) == 31


def test_one_account_of_each_role_and_two_of_a_county_can_be_made() -> None:
    bound = [asked.bound(shipped_registry(), datetime.now(UTC)) for _, asked in ACCOUNTS.values()]
    assert {binding.role for binding in bound} == set(Role) - {Role.ADMINISTRATOR}
    county = {binding.role for binding in bound if binding.jurisdiction == "cn-999921"}
    assert county == {Role.DEPUTY_AFFAIRS, Role.HANDLING_UNIT}
