"""Whether an article is met: each form of a duty on small histories, at several moments."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.case import Step
from domain.cases import plan as p
from domain.cases.plan import PlanKind
from domain.cases.registry import meeting as m
from domain.cases.supervision import opinion as o
from domain.cases.supervision.opinion import OpinionKind
from domain.matter import (
    ActivityHeld,
    ActivityKind,
    ApprovedByPartyCommittee,
    DepartmentsNotified,
    PartyGroupDeliberated,
    ReportedToPartyCommittee,
)
from domain.moment import end_of_day
from domain.rulebook import Article, Duty, Span
from projections.compliance import ArticleState, DutyState, Looked, Status, Term, board, look_at, wires_of
from tests.domain.support import ZONE, Desk
from tests.registry import shipped_registry

YUNJIANG = shipped_registry().jurisdiction("cn-999900")
TERM = Term(date(2022, 1, 14), date(2027, 1, 13))
YEAR = 2026
JUNE = date(2026, 6, 30)


def duty(**fields: Any) -> Duty:
    return Duty(zh="要求", en="duty", **fields)


def article(*duties: Duty, number: int = 1) -> Article:
    return Article.model_validate(
        {
            "id": f"test.{number}",
            "zh": "条",
            "en": "article",
            "explanation": {"zh": "-", "en": "-"},
            "force": "seed",
            "confidence": "B",
            "sources": [{"text": "-", "kind": "S"}],
            "stated_in": "test@2026-01-01",
            "set": "test",
            "number": number,
            "duties": [one.model_dump() for one in duties],
        }
    )


class City:
    """Cases of the sample city, on one ledger."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.ids: list[str] = []

    def case(self, opening: Any, on: date, *steps: tuple[Step, date]) -> City:
        self.desk.open(opening, on)
        self.ids.append(self.desk.case_id)
        for step, day in steps:
            self.desk.take(step, day)
        return self

    def looked(self, as_of: date | None = None, known: int | None = None) -> list[Looked]:
        instant = None if as_of is None else end_of_day(as_of, ZONE)
        found = [look_at(self.desk.docket.case_file(id), YUNJIANG, known, instant) for id in self.ids]
        return [one for one in found if one is not None]

    def state(self, one: Duty, day: date, year: int = YEAR, known: int | None = None) -> DutyState:
        states = board([article(one)], self.looked(day, known), YUNJIANG, year, day, TERM)
        return states[0].duties[0]


def plan(kind: PlanKind = PlanKind.SUPERVISION) -> p.PlanDrafted:
    return p.PlanDrafted(jurisdiction="cn-999900", title="计划", kind=kind)


def opinion() -> o.OpinionsCollated:
    return o.OpinionsCollated(jurisdiction="cn-999900", title="意见", kind=OpinionKind.DELIBERATION, text="-")


def survey(*invited: str) -> ActivityHeld:
    return ActivityHeld(kind=ActivityKind.SURVEY, title="调研", invited=invited)


ADOPTED = duty(form="count", steps=("plan.adopted.v1",), at_least=2)


def test_a_count_is_due_by_the_end_of_the_year_on_the_way_met_or_breached() -> None:
    city = City()
    assert city.state(ADOPTED, date(2026, 3, 1)).status is Status.DUE_BY
    assert city.state(ADOPTED, date(2026, 3, 1)).due_on == date(2026, 12, 31)
    city.case(plan(), date(2026, 1, 5), (p.PlanAdopted(), date(2026, 2, 9)))
    assert city.state(ADOPTED, date(2026, 3, 1)).status is Status.ON_THE_WAY
    city.case(plan(), date(2026, 4, 1), (p.PlanAdopted(), date(2026, 5, 6)))
    met = city.state(ADOPTED, date(2026, 6, 1))
    assert (met.status, met.asked, met.reached) == (Status.MET, 2, 2)
    assert [proof.occurred_on for proof in met.proofs] == [date(2026, 2, 9), date(2026, 5, 6)]


def test_the_same_figure_at_an_earlier_moment_is_what_it_was_then() -> None:
    city = City().case(plan(), date(2026, 1, 5), (p.PlanAdopted(), date(2026, 2, 9)))
    city.case(plan(), date(2026, 4, 1), (p.PlanAdopted(), date(2026, 5, 6)))
    assert city.state(ADOPTED, date(2026, 4, 30)).reached == 1
    assert city.state(ADOPTED, date(2026, 6, 1), known=2).reached == 1


def test_a_year_that_is_over_without_what_it_asks_is_breached_and_one_that_has_not_begun_is_not() -> None:
    city = City()
    assert city.state(ADOPTED, date(2026, 3, 1), year=2025).status is Status.BREACHED
    assert city.state(ADOPTED, date(2026, 3, 1), year=2027).status is Status.NOT_YET_APPLICABLE


def test_only_the_sorts_that_are_meant_count() -> None:
    city = City().case(plan(PlanKind.STUDY), date(2026, 1, 5), (p.PlanAdopted(), date(2026, 2, 9)))
    of_study = duty(form="count", steps=("plan.adopted.v1",), sorts=("study",), at_least=1)
    of_laws = duty(form="count", steps=("plan.adopted.v1",), sorts=("legislative",), at_least=1)
    assert city.state(of_study, date(2026, 3, 1)).status is Status.MET
    assert city.state(of_laws, date(2026, 3, 1)).status is Status.DUE_BY


GATES = duty(form="without", steps=("plan.adopted.v1",), findings=("gate-not-passed",))


def test_a_plan_that_skipped_the_gates_breaches_and_the_step_that_did_is_named() -> None:
    city = City()
    assert city.state(GATES, date(2026, 3, 1)).status is Status.NOT_YET_APPLICABLE
    gates = ((PartyGroupDeliberated(), date(2026, 1, 12)), (ApprovedByPartyCommittee(), date(2026, 1, 26)))
    city.case(plan(), date(2026, 1, 5), *gates, (p.PlanAdopted(), date(2026, 2, 9)))
    assert city.state(GATES, date(2026, 3, 1)).status is Status.MET
    city.case(plan(), date(2026, 2, 1), (p.PlanAdopted(), date(2026, 2, 20)))
    state = city.state(GATES, date(2026, 3, 1))
    assert (state.status, state.asked, state.reached) == (Status.BREACHED, 2, 1)
    assert [(one.wire, one.finding, one.params["step"]) for one in state.breaches] == [
        ("plan.adopted.v1", "gate-not-passed", ["matter.party_group_deliberated.v1"]),
        ("plan.adopted.v1", "gate-not-passed", ["matter.approved_by_party_committee.v1"]),
    ]


def test_an_activity_to_which_two_deputies_were_invited_is_recorded_and_breaches() -> None:
    invited = duty(form="without", steps=("matter.activity_held.v1",), findings=("too-few-deputies-invited",))
    city = City().case(opinion(), date(2026, 3, 2), (survey("d-001", "d-002", "d-003"), date(2026, 3, 9)))
    assert city.state(invited, date(2026, 4, 1)).status is Status.MET
    city.desk.take(survey("d-001", "d-002"), date(2026, 3, 16))
    assert city.state(invited, date(2026, 3, 15)).status is Status.MET
    breached = city.state(invited, date(2026, 4, 1))
    assert (breached.status, breached.breaches[0].params) == (Status.BREACHED, {"invited": 2, "at_least": 3})


REPORTED = duty(
    form="then",
    steps=("opinion.adopted.v1",),
    others=("matter.reported_to_party_committee.v1", "matter.departments_notified.v1"),
)


def test_what_has_to_follow_is_on_the_way_until_all_of_it_is_there() -> None:
    city = City().case(opinion(), date(2026, 3, 2), (o.OpinionsAdopted(), date(2026, 3, 9)))
    assert city.state(REPORTED, date(2026, 4, 1)).status is Status.ON_THE_WAY
    city.desk.take(ReportedToPartyCommittee(), date(2026, 4, 2))
    waiting = city.state(REPORTED, date(2026, 4, 10))
    assert (waiting.status, waiting.asked, waiting.reached) == (Status.ON_THE_WAY, 1, 0)
    city.desk.take(DepartmentsNotified(departments=("市纪委",)), date(2026, 4, 20))
    assert city.state(REPORTED, date(2026, 5, 1)).status is Status.MET
    assert city.state(REPORTED, date(2026, 4, 10)).status is Status.ON_THE_WAY


def test_what_did_not_follow_within_its_term_or_by_the_end_of_the_year_breaches() -> None:
    within = REPORTED.model_copy(update={"within": Span(count=30, unit="calendar_day")})
    city = City().case(opinion(), date(2026, 3, 2), (o.OpinionsAdopted(), date(2026, 3, 9)))
    assert city.state(within, date(2026, 4, 8)).due_on == date(2026, 4, 8)
    assert city.state(within, date(2026, 4, 9)).status is Status.BREACHED
    assert city.state(REPORTED, date(2027, 1, 1)).status is Status.BREACHED


def test_what_has_to_come_before_is_looked_for_before() -> None:
    before = duty(form="before", steps=("opinion.adopted.v1",), others=("matter.party_group_deliberated.v1",))
    city = City().case(
        opinion(),
        date(2026, 3, 2),
        (PartyGroupDeliberated(), date(2026, 3, 5)),
        (o.OpinionsAdopted(), date(2026, 3, 9)),
    )
    assert city.state(before, date(2026, 4, 1)).status is Status.MET
    city.case(
        opinion(),
        date(2026, 3, 2),
        (o.OpinionsAdopted(), date(2026, 3, 9)),
        (PartyGroupDeliberated(), date(2026, 3, 12)),
    )
    assert city.state(before, date(2026, 4, 1)).status is Status.BREACHED


def test_a_correction_of_a_wrongly_dated_step_changes_what_is_known_now_and_not_what_was_known() -> None:
    city = City().case(plan(), date(2026, 1, 5), (p.PlanAdopted(), date(2026, 2, 9)))
    head = city.desk.ledger.head()
    city.desk.correct(2, on=date(2026, 1, 4))
    in_january = duty(form="count", steps=("plan.adopted.v1",), at_least=1)
    assert city.state(in_january, date(2026, 1, 31)).status is Status.MET
    assert city.state(in_january, date(2026, 1, 31), known=head).status is Status.DUE_BY


def test_whom_a_meeting_covers_is_covered_and_the_same_step_is_one_proof() -> None:
    called = m.MeetingCalled(
        jurisdiction="cn-999900",
        code="cwh-90",
        kind=m.MeetingKind.STANDING_COMMITTEE,
        title="第九十次会议",
        starts_on=date(2026, 4, 29),
    )
    sat_in = m.DeputiesSatIn(sitting_in=("d-001", "d-002"))
    city = City().case(called, date(2026, 4, 1), (m.MeetingHeld(), date(2026, 4, 29)), (sat_in, date(2026, 4, 29)))
    state = city.state(duty(form="coverage", steps=("meeting.deputies_sat_in.v1",), per="term", of="deputies"), JUNE)
    assert (state.status, state.reached, len(state.proofs)) == (Status.ON_THE_WAY, 2, 1)
    assert state.asked == sum(deputy.in_office(JUNE) for deputy in YUNJIANG.deputies)


def test_the_worst_of_its_duties_is_an_articles_own() -> None:
    city = City().case(plan(), date(2026, 1, 5), (p.PlanAdopted(), date(2026, 2, 9)))
    one = duty(form="count", steps=("plan.adopted.v1",), at_least=1)
    states: list[ArticleState] = board(
        [article(one, number=2), article(one, GATES, number=1)], city.looked(), YUNJIANG, YEAR, date(2026, 3, 1), TERM
    )
    assert [(state.article.number, state.status) for state in states] == [(1, Status.BREACHED), (2, Status.MET)]


def test_what_asks_no_number_is_shown_and_never_breached() -> None:
    shown = duty(form="shown", steps=("opinion.adopted.v1",))
    city = City()
    assert city.state(shown, date(2027, 6, 1)).status is Status.NOT_YET_APPLICABLE
    city.case(opinion(), date(2026, 3, 2), (o.OpinionsAdopted(), date(2026, 3, 9)))
    assert city.state(shown, date(2026, 4, 1)).status is Status.MET


@pytest.mark.parametrize("form", ["count", "without", "then", "before", "coverage"])
def test_a_duty_without_what_it_is_measured_by_is_no_duty(form: str) -> None:
    with pytest.raises(ValidationError):
        duty(form=form, steps=("plan.adopted.v1",))


def test_the_board_says_which_steps_it_looks_at() -> None:
    assert wires_of([article(REPORTED, ADOPTED)]) == {
        "opinion.adopted.v1",
        "matter.reported_to_party_committee.v1",
        "matter.departments_notified.v1",
        "plan.adopted.v1",
    }
