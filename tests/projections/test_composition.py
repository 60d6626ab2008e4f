"""Who the members and the deputies are: shares, changes, coverage, counted from what was stated and nothing else."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from domain.cases.registry import deputy, meeting, seat
from domain.moment import end_of_day
from domain.office import Background, Body, Engagement, Level, Tenure
from domain.rulebook import Duty
from projections.compliance import DutyState, Status, Term, board, look_at
from tests.domain.test_registry import CITY, PLACE, Registrar
from tests.projections.test_compliance import article

TERM = Term(date(2022, 1, 10), date(2027, 1, 9))
FIRST_DAY = date(2022, 1, 14)
FULL, PART = Engagement.FULL_TIME, Engagement.PART_TIME
GRASS_ROOTS, OTHER = Background.GRASS_ROOTS, Background.OTHER
LATER = date(2024, 6, 3)


def share(of: str, having: str, least: str, *steps: str) -> Duty:
    said = {"of": of, "having": having, "least": Fraction(least), "steps": steps}
    return Duty.model_validate({"form": "share", "zh": "比例", "en": "share", **said})


FULL_TIME = share("standing_committee", "full_time", "3/5", "seat.described.v1")
RE_ELECTED = share("deputies", "re_elected", "1/3", "deputy.described.v1", "deputy.re_elected.v1")
COVERED = Duty(
    form="coverage",
    zh="列席",
    en="sat in",
    steps=("meeting.deputies_sat_in.v1",),
    per="term",
    of="grass_roots_deputies",
)


class Roll(Registrar):
    """Seats and deputies of a city, and how a duty about them stands."""

    def __init__(self) -> None:
        super().__init__()
        self.open(CITY)
        self.ids: list[str] = []

    def member(
        self,
        holder: str,
        *,
        since: date = FIRST_DAY,
        deputy: str | None = None,
        stated: Any = None,
        on: date | None = None,
    ) -> str:
        taken = seat.SeatTaken(**PLACE, body=Body.STANDING_COMMITTEE, holder=holder, deputy=deputy, post="委员")
        return self._entered(self.open(taken, since), stated and seat.SeatDescribed(engagement=stated), on or since)

    def deputy(self, id: str, background: Background | None = None, **more: Any) -> str:
        registered = deputy.DeputyRegistered(**PLACE, id=id, name=f"代表{id}", term=9, **more)
        described = background and deputy.DeputyDescribed(background=background)
        return self._entered(self.open(registered, TERM.starts_on), described, TERM.starts_on)

    def sat_in(self, *deputies: str) -> None:
        called = meeting.MeetingCalled(
            **PLACE, code="cwh-1", kind=meeting.MeetingKind.STANDING_COMMITTEE, title="会议", starts_on=LATER
        )
        case_id = self._entered(self.open(called, LATER), meeting.MeetingHeld(), LATER)
        self.take(case_id, meeting.DeputiesSatIn(sitting_in=deputies), LATER)

    def _entered(self, case_id: str, step: Any, on: date) -> str:
        self.ids.append(case_id)
        if step:
            self.take(case_id, step, on)
        return case_id

    def state(self, duty: Duty, day: date = LATER, known: int | None = None, year: int = 2024) -> DutyState:
        as_of = end_of_day(day, "Asia/Shanghai")
        found = (look_at(self.docket.case_file(id), self.city, known, as_of) for id in self.ids)
        looked = [one for one in found if one is not None]
        return board([article(duty)], looked, self.city, year, day, TERM)[0].duties[0]


def test_a_share_is_met_where_enough_members_have_it_and_each_of_them_is_proved_by_the_step_that_states_it() -> None:
    roll = Roll()
    ids = [roll.member(f"甲{n}", stated=FULL) for n in range(3)]
    roll.member("乙", stated=PART)
    roll.member("丙", stated=PART)
    state = roll.state(FULL_TIME)
    assert (state.status, state.reached, state.base, state.asked, state.unknown) == (Status.MET, 3, 5, 3, 0)
    assert [(proof.case_id, proof.wire, proof.title) for proof in state.proofs] == [
        (case_id, "seat.described.v1", f"甲{n}") for n, case_id in enumerate(ids)
    ]


def test_of_whom_nobody_stated_it_is_told_as_unknown_and_never_as_no() -> None:
    roll = Roll()
    roll.member("甲", stated=FULL)
    roll.member("乙", stated=PART)
    silent = roll.member("丙")
    state = roll.state(FULL_TIME)
    assert (state.status, state.reached, state.unknown) == (Status.UNKNOWN, 1, 1)
    assert [proof.case_id for proof in state.awaited] == [silent]
    roll.member("丁", stated=PART)
    assert roll.state(FULL_TIME).status is Status.BREACHED, "two of four would not be enough"


def test_what_was_so_from_the_beginning_may_be_stated_later_and_is_then_known_of_the_beginning() -> None:
    roll = Roll()
    case_id = roll.member("甲")
    head = roll.ledger.head()
    roll.take(case_id, seat.PostChanged(post="副主任"), date(2023, 2, 1))
    roll.take(case_id, seat.SeatDescribed(engagement=FULL), FIRST_DAY)
    assert roll.state(FULL_TIME, date(2022, 3, 1), year=2022).status is Status.MET
    assert roll.state(FULL_TIME, date(2022, 3, 1), known=head, year=2022).status is Status.UNKNOWN


def test_a_share_of_a_year_that_is_over_is_that_of_its_last_day() -> None:
    roll = Roll()
    roll.take(roll.member("甲", stated=FULL), seat.SeatLeft(reason=seat.LeaveReason.RETIRED), date(2024, 3, 1))
    roll.member("乙", since=date(2024, 3, 1), stated=PART)
    assert roll.state(FULL_TIME, year=2023).status is Status.MET
    assert roll.state(FULL_TIME, year=2024).status is Status.BREACHED
    assert roll.state(FULL_TIME, year=2025).status is Status.NOT_YET_APPLICABLE
    assert Roll().state(FULL_TIME).status is Status.NOT_YET_APPLICABLE


def test_whoever_was_a_deputy_until_the_next_term_is_re_elected_without_anybody_stating_it() -> None:
    roll = Roll()
    stays = roll.deputy("d-1")
    roll.take(stays, deputy.DeputyReElected(term=10), date(2024, 2, 1))
    left = roll.deputy("d-2")
    roll.take(left, deputy.QualificationEnded(reason=deputy.EndReason.RESIGNED), date(2023, 2, 1))
    roll.take(left, deputy.DeputyReElected(term=10), date(2024, 2, 1))
    state = roll.state(RE_ELECTED)
    assert (state.status, state.reached, state.base, state.unknown) == (Status.MET, 1, 2, 1)
    assert [(proof.case_id, proof.wire) for proof in state.proofs] == [(stays, "deputy.re_elected.v1")]


def test_only_deputies_of_its_own_congress_are_its_deputies() -> None:
    roll = Roll()
    roll.deputy("d-1")
    roll.deputy("d-2", level=Level.PROVINCE)
    assert roll.state(RE_ELECTED).base == 1


def test_the_full_time_members_are_a_group_of_which_a_share_is_asked() -> None:
    third = share("full_time_members", "re_elected", "1/3", "seat.described.v1")
    roll = Roll()
    for holder, engagement, tenure in (
        ("甲", FULL, Tenure.RE_ELECTED),
        ("乙", FULL, Tenure.NEWLY_ELECTED),
        ("丙", PART, Tenure.RE_ELECTED),
        ("丁", None, Tenure.RE_ELECTED),
    ):
        stated = seat.SeatDescribed(engagement=engagement, tenure=tenure)
        roll.take(roll.member(holder), stated, FIRST_DAY)
    state = roll.state(third)
    assert (state.status, state.reached, state.base, state.unknown) == (Status.MET, 1, 3, 1)


def test_changes_within_the_term_are_those_after_the_body_was_there() -> None:
    changes = Duty(
        form="changes",
        zh="变动",
        en="changes",
        steps=("seat.taken.v1", "seat.left.v1"),
        per="term",
        of="standing_committee",
    )
    roll = Roll()
    gone = roll.member("甲")
    roll.member("乙")
    assert roll.state(changes).status is Status.NOT_YET_APPLICABLE
    roll.take(gone, seat.SeatLeft(reason=seat.LeaveReason.TRANSFERRED), date(2023, 5, 6))
    roll.member("丙", since=date(2024, 1, 9))
    state = roll.state(changes)
    assert [(proof.wire, proof.title, proof.occurred_on) for proof in state.proofs] == [
        ("seat.left.v1", "甲", date(2023, 5, 6)),
        ("seat.taken.v1", "丙", date(2024, 1, 9)),
    ]
    assert roll.state(changes, date(2023, 12, 31), year=2023).reached == 1


def test_deputies_of_the_grass_roots_are_covered_and_members_of_the_standing_committee_are_not_asked_for() -> None:
    roll = Roll()
    for id in ("d-1", "d-2", "d-3"):
        roll.deputy(id, GRASS_ROOTS)
    roll.deputy("d-4", OTHER)
    roll.member("代表d-3", deputy="d-3")
    roll.sat_in("d-1", "d-4")
    state = roll.state(COVERED)
    assert (state.status, state.asked, state.reached, state.unknown) == (Status.ON_THE_WAY, 2, 1, 0)


def test_a_deputy_of_whom_it_is_not_stated_keeps_the_coverage_from_being_known() -> None:
    roll = Roll()
    roll.deputy("d-1", GRASS_ROOTS)
    roll.deputy("d-2")
    roll.deputy("d-3")
    roll.sat_in("d-1", "d-2")
    state = roll.state(COVERED)
    assert (state.status, state.asked, state.reached, state.unknown) == (Status.UNKNOWN, 1, 1, 1)
    roll.take(roll.ids[2], deputy.DeputyDescribed(background=OTHER), TERM.starts_on)
    assert roll.state(COVERED).status is Status.MET


def test_what_says_nothing_new_is_not_recorded() -> None:
    roll = Roll()
    case_id = roll.member("甲", stated=FULL)
    assert roll.take(case_id, seat.SeatDescribed(), LATER) == 2
    assert roll.take(case_id, seat.SeatDescribed(engagement=FULL), LATER) == 2
    assert roll.take(case_id, seat.SeatDescribed(engagement=FULL, tenure=Tenure.RE_ELECTED), LATER) == 3
