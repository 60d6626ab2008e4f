"""The year of the sample city: what was played, what is found in it, and the board against a table made by hand."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from adapters.exchange.sample import YEAR, load_sample, year
from adapters.exchange.sample.happening import Story
from adapters.memory import MemoryLedger
from domain.calendar import add_months
from domain.case import CASE_TYPES, Case, Corrected, Role, Voided
from domain.casefile import CaseFile
from domain.cases.appointment import Appointment
from domain.cases.filing_review import FilingReview
from domain.cases.registry.meeting import Meeting, MeetingKind, Speech
from domain.cases.suggestion import Suggestion
from domain.cases.supervision.inquiry import Inquiry
from domain.cases.supervision.opinion import Opinion
from domain.cases.supervision.plan_budget import AuditFinding, PlanBudget
from domain.cases.task_ledger import Task, TaskLedger
from domain.docket import Docket
from domain.matter import Matter
from domain.moment import end_of_day
from domain.office import Jurisdiction
from domain.procedure import findings
from projections.chronicle import Entry, chronicle
from projections.compliance import Term, board, look_at
from tests.registry import shipped_files, shipped_registry

CITY = "cn-999900"
END, MIDDLE, AUTUMN = date(YEAR, 12, 31), date(YEAR, 6, 30), date(YEAR, 9, 30)
TABLE = Path(__file__).parent / "data" / "board-of-the-sample-year.csv"
MEANT = {
    "plan-major": "gate-not-passed",
    "inspection": "too-few-deputies-invited",
    "decision-fares": "issued-without-prior-report",
    "law-greening": "party-members-asked-late",
}
"""What is found in the year, each in one case: nothing else is."""


Kind = TypeVar("Kind", bound=Case)


@dataclass(frozen=True)
class City:
    """The sample's year as a ledger in memory has it at the end of a day, by the names of its cases."""

    files: dict[str, CaseFile]

    def case(self, name: str, kind: type[Kind]) -> Kind:
        found = self.files[name].case
        assert isinstance(found, kind)
        return found

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [file.case for file in self.files.values() if isinstance(file.case, kind)]


def name_of(story: Story) -> str:
    return story.number.partition(":")[2]


@cache
def played(today: date) -> City:
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    docket = Docket(MemoryLedger(lambda: noon), shipped_registry(), lambda: noon)
    load_sample(docket, today=today, seed=1, cases=0)
    begun = [story for story in year() if story.happenings[0].on <= today]
    return City({name_of(story): docket.case_file(story.case_id) for story in begun})


def yunjiang() -> Jurisdiction:
    return shipped_registry().jurisdiction(CITY)


@pytest.fixture
def city() -> City:
    return played(END)


# What was played


def test_the_standing_committee_met_six_times_once_on_another_day_than_it_was_called_for(city: City) -> None:
    meetings = [one for one in city.all(Meeting) if one.meeting_kind is MeetingKind.STANDING_COMMITTEE]
    assert [one.stage for one in meetings] == ["held"] * 6
    moved = [one for one in meetings if one.moved_from]
    assert [(one.code, one.moved_from, one.held_on) for one in moved] == [
        ("cwh-33", (date(YEAR, 8, 20),), date(YEAR, 8, 27))
    ]
    assert [len(one.present) for one in meetings] == [30, 29, 29, 28, 30, 31]
    for one in meetings:
        assert len(one.sitting_in) == 8
        kinds = [spoken.speech for spoken in one.spoken]
        assert kinds[:3] == [Speech.KEY, Speech.DESIGNATED, Speech.DESIGNATED]
        assert set(kinds[3:]) == {Speech.FREE}
        assert one.minutes_number


def test_whoever_is_counted_as_a_member_has_a_seat_on_that_day(city: City) -> None:
    for name, file in city.files.items():
        assert [one.message_id for one in findings(file.history, yunjiang()) if "member" in one.message_id] == (
            ["party-members-asked-late"] if name == "law-greening" else []
        )


def test_of_36_who_were_appointed_35_were_chosen_unanimously(city: City) -> None:
    chosen = [city.case(f"appointment-{place:02}", Appointment) for place in range(1, 37)]
    votes = [one.vote for one in chosen if one.vote is not None]
    assert (len(votes), sum(vote.unanimous for vote in votes)) == (36, 35)
    assert all(vote.passed for vote in votes)
    assert {one.stage for one in chosen} == {"in_office"}
    assert len({one.candidate for one in chosen}) == 36
    assert sum(len(one.exams) == 2 for one in chosen) == 1
    assert sum(one.exempt_because is not None for one in chosen) == 1
    assert [one.candidate for one in chosen if one.oath_postponed_to] == ["寅二十六"]
    per_meeting = Counter(one.meets_on for one in chosen)
    assert sorted(per_meeting.values()) == [4, 5, 6, 6, 7, 8]


def test_a_removal_a_resignation_and_a_motion_that_was_withdrawn(city: City) -> None:
    assert city.case("removal", Appointment).approved_on == date(YEAR, 4, 29)
    assert city.case("resignation", Appointment).approved_on == date(YEAR, 6, 25)
    withdrawn = city.case("withdrawn", Appointment)
    assert (withdrawn.votes, withdrawn.stage, len(withdrawn.issues)) == ([], "dropped", 1)


def test_what_was_not_put_right_is_ordered_again_and_polled_a_second_time(city: City) -> None:
    opinion = city.case("opinion-preschool", Opinion)
    assert [poll.rating for poll in opinion.polls] == ["dissatisfied", "satisfied"]
    assert opinion.handlings == 2
    assert (opinion.stage, sorted(one.stage for one in opinion.problems.values())) == (
        "closed",
        ["long_term", "verified", "verified", "verified", "verified"],
    )
    assert city.case("opinion-court", Opinion).in_person is False


def test_a_problem_is_referred_and_the_outcome_comes_back(city: City) -> None:
    (referral,) = city.case("opinion-property", Opinion).referrals.values()
    assert (referral.stage, referral.told_on) == ("outcome_reported", date(YEAR, 11, 20))


def test_the_audit_found_five_problems_of_which_four_are_verified_within_six_months(city: City) -> None:
    audit = city.case("money-audit", PlanBudget)
    assert Counter(one.stage for one in audit.findings.values()) == {
        AuditFinding.Stage.VERIFIED: 4,
        AuditFinding.Stage.REGISTERED: 1,
    }
    assert audit.findings["f-2"].sent_back == 1
    clock = audit.clocks["plan_budget.audit_rectification", None]
    assert (clock.deadline.due_on, clock.stopped_on, clock.late) == (date(YEAR, 12, 25), date(YEAR, 12, 23), False)


def test_of_three_promises_two_are_kept_and_one_is_past_its_date(city: City) -> None:
    inquiry = city.case("inquiry", Inquiry)
    assert {key: one.stage for key, one in inquiry.commitments.items()} == {
        "k-1": "verified",
        "k-2": "made",
        "k-3": "verified",
    }
    assert [poll.rating for poll in inquiry.polls] == ["basically_satisfied", "satisfied"]


def test_of_twelve_tasks_nine_are_accepted_one_after_it_was_returned(city: City) -> None:
    ledger = city.case("tasks", TaskLedger)
    assert Counter(one.stage for one in ledger.tasks.values()) == {
        Task.Stage.TASK_ACCEPTED: 9,
        Task.Stage.TASK_TAKEN_BACK: 1,
        Task.Stage.TASK_GIVEN: 2,
    }
    assert [key for key, one in ledger.tasks.items() if one.returned] == ["t-04"]
    assert Counter(one.stage for one in ledger.comments.values()) == {"taken_up": 2, "not_taken_up": 1}


def test_of_five_documents_one_was_filed_late_one_was_put_right_and_one_dated_wrongly(city: City) -> None:
    filings = {name: file.case for name, file in city.files.items() if isinstance(file.case, FilingReview)}
    assert len(filings) == 5
    assert {name for name, one in filings.items() if not one.filed_on_time} == {"filing-late"}
    assert {name for name, one in filings.items() if one.corrected_on} == {"filing-wrong"}
    as_recorded = city.files["filing-rule"].history[1]
    assert as_recorded.act.occurred_on == date(YEAR, 3, 4)
    assert city.case("filing-rule", FilingReview).filed_on == date(YEAR, 2, 24)


def test_one_step_is_corrected_and_one_is_void(city: City) -> None:
    steps = [record.step for file in city.files.values() for record in file.history]
    corrected = [step for step in steps if isinstance(step, Corrected)]
    voided = [step for step in steps if isinstance(step, Voided)]
    assert [(step.approved_by, bool(step.reason)) for step in corrected] == [("法制工作委员会主任", True)]
    assert [(step.approved_by, bool(step.reason)) for step in voided] == [("办公室主任", True)]


def test_every_case_type_of_the_four_powers_occurs(city: City) -> None:
    kinds = {kind for kind, case_type in CASE_TYPES.items() if issubclass(case_type, Matter)}
    assert {file.case.kind for file in city.files.values() if file.case} == kinds | {"meeting"}
    assert Suggestion.kind not in kinds


# What is found


def test_what_was_meant_to_be_found_is_found_and_nothing_else(city: City) -> None:
    found = {name: [one.message_id for one in findings(file.history, yunjiang())] for name, file in city.files.items()}
    assert {name: several for name, several in found.items() if several} == {
        name: [finding] for name, finding in MEANT.items()
    }


def test_what_is_late_was_meant_to_be_late(city: City) -> None:
    late = {
        (name, clock.deadline.clock, clock.stopped_on)
        for name, file in city.files.items()
        if file.case
        for clock in file.case.all_clocks
        if clock.late
    }
    assert late == {
        ("law-greening", "legislation.consult_party", date(YEAR, 7, 30)),
        ("filing-late", "filing_review.file", date(YEAR, 5, 8)),
    }


def test_the_lead_times_moved_with_the_meeting(city: City) -> None:
    file = city.files["report-property"]
    assert file.case
    due = {clock.deadline.due_on for clock in file.case.all_clocks if clock.deadline.clock == "work_report.submission"}
    assert due == {date(YEAR, 8, 10), date(YEAR, 8, 17)}
    (submitted,) = (r for r in file.history if r.step.declared.wire == "work_report.submitted.v1")
    assert date(YEAR, 8, 10) < submitted.act.occurred_on <= date(YEAR, 8, 17)


# How it was played


def test_nobody_is_imported_and_offices_act_on_working_days_in_the_order_of_their_dates(city: City) -> None:
    calendar = yunjiang().working_calendar
    for name, file in city.files.items():
        days = [record.act.occurred_on for record in file.history]
        assert days == sorted(days), name
        assert all(calendar.is_working_day(day) for day in days), name
        assert not any(record.act.imported or record.act.late for record in file.history), name
        assert not any(record.act.role is Role.ADMINISTRATOR for record in file.history), name


@pytest.mark.parametrize("month", range(1, 13))
def test_on_the_first_of_any_month_what_had_happened_can_be_loaded(month: int) -> None:
    city = played(date(YEAR, month, 1))
    assert all(file.case for file in city.files.values())
    last = max(record.act.occurred_on for file in city.files.values() for record in file.history)
    assert last <= date(YEAR, month, 1)


def test_a_case_names_only_cases_of_the_kinds_that_it_may() -> None:
    stories = {story.case_id: story for story in year()}
    for story in stories.values():
        for happening in story.happenings:
            for reference in happening.step.refers_to():
                other = stories[reference.case_id].happenings[0].step.declared.kind
                kinds = reference.kinds or {happening.step.declared.kind}
                assert other in kinds, (story.number, happening.step.declared.wire, reference.field)


NAMING = {
    *("candidate", "official", "holder", "reporter", "respondent", "speaker", "speakers", "leader", "name", "expert"),
    *("experts", "members", "present", "on_leave", "absent", "proposers", "recipients", "member", "interested"),
    *("investigator", "congress_lead", "government_lead"),
}
"""The fields in which persons stand by name."""


def persons_in(said: object, field: str = "") -> Iterator[str]:
    match said:
        case dict():
            for name, value in said.items():
                yield from persons_in(value, name)
        case list():
            for value in said:
                yield from persons_in(value, field)
        case str() if field in NAMING:
            yield said


def test_no_name_is_one_that_a_person_could_have() -> None:
    steps = [happening.step.model_dump(mode="json") for story in year() for happening in story.happenings]
    names = {name for step in steps for name in persons_in(step)}
    assert len(names) > 90
    assert [name for name in names if not re.fullmatch("[甲乙丙丁戊己寅卯丑辰巳][一二三四五六七八九十]+", name)] == []


def test_an_appointment_never_appears_on_an_agenda_that_everybody_reads(city: City) -> None:
    candidates = {one.candidate for one in city.all(Appointment)} | {"卯五"}
    for meeting in city.all(Meeting):
        titles = " ".join(item.title for item in meeting.agenda.values())
        assert not any(candidate in titles for candidate in candidates)
        named = [item.case_id for item in meeting.agenda.values() if item.case_id]
        assert not any(one.id in named for one in city.all(Appointment))


# The board


def by_hand(day: date) -> dict[tuple[str, int], list[str]]:
    """Status, asked, reached, not known and what breaches, of each duty; under 0 the status of its article."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            (row["article"], int(row["duty"] or 0)): [
                row["status"],
                row["asked"],
                row["reached"],
                row["unknown"],
                row["breached_by"],
            ]
            for row in csv.DictReader(file)
            if row["day"] == day.isoformat()
        }


def told(day: date) -> Iterator[tuple[tuple[str, int], list[str]]]:
    """The same of the board, as the service makes it."""
    names = {story.case_id: name_of(story) for story in year()}
    place = yunjiang()
    term = place.term_on(END)
    assert term is not None
    files = (*played(END).files.values(), *shipped_files(CITY))
    looked = (look_at(file, place, None, end_of_day(day, place.time_zone)) for file in files)
    articles = place.book_on(day).articles.values()
    cases = [one for one in looked if one is not None]
    for state in board(articles, cases, place, YEAR, day, Term(term.since, term.ends_on)):
        yield (state.article.id, 0), [state.status, "", "", "", ""]
        for number, duty in enumerate(state.duties, 1):
            breached_by = " ".join(sorted({names[one.case_id] for one in duty.breaches}))
            asked = "" if duty.asked is None else str(duty.asked)
            unknown = str(duty.unknown or "")
            yield (state.article.id, number), [duty.status, asked, str(duty.reached), unknown, breached_by]


@pytest.mark.parametrize("day", [MIDDLE, AUTUMN, END], ids=str)
def test_the_board_agrees_with_a_table_made_by_hand(day: date) -> None:
    assert dict(told(day)) == by_hand(day)


# The chronicle


def chronicled(month: int) -> list[Entry]:
    looked = (look_at(file, yunjiang()) for file in played(END).files.values())
    first = date(YEAR, month, 1)
    return chronicle((one for one in looked if one is not None), first, add_months(first, 1) - timedelta(days=1))


def test_what_happened_at_a_meeting_stands_together_under_it_in_the_chronicle() -> None:
    entries = chronicled(8)
    (meeting,) = (story.case_id for story in year() if name_of(story) == "cwh-33")
    places = [place for place, one in enumerate(entries) if one.meeting == meeting]
    assert places == list(range(places[0], places[-1] + 1))
    together = [entries[place] for place in places]
    assert (together[0].wire, {one.on for one in together}) == ("meeting.held.v1", {date(YEAR, 8, 27)})
    assert sum(one.wire == "meeting.item_dealt_with.v1" for one in together) == 13
    assert {"inspection", "legislation", "decision", "work_report", "appointment"} <= {one.kind for one in together}
    beside = [one for one in entries if one.on == date(YEAR, 8, 13) and one.meeting != meeting]
    assert any(one.kind == "investigation" for one in beside)


def test_of_a_candidate_the_chronicle_tells_what_was_decided_and_the_oath_alone() -> None:
    told = Counter(one.wire for month in range(1, 13) for one in chronicled(month) if one.kind == "appointment")
    assert told == {"appointment.approved.v1": 38, "appointment.oath_sworn.v1": 36}
