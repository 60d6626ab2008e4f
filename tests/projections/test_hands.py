"""In whose hands a suggestion was, by hand on small histories, and at random moments by asking each day for itself."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedger
from domain.calendar import load_calendar
from domain.cases import suggestion as s
from domain.docket import Docket
from domain.moment import day_of, end_of_day
from projections.hands import ANSWERING, Stay, Way, span_of, stays_of
from tests.domain.support import HANDED_OVER_ON, LEAD, SECOND, THIRD, ZONE, Desk
from tests.projections.support import MOMENTS, Move, by_case, moment_of, move_lists, naive_case, record_all
from tests.projections.test_case_list import read
from tests.registry import shipped_registry

CALENDAR = load_calendar("cn")
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def stays(desk: Desk, day: date, known: int | None = None) -> list[Stay]:
    return stays_of(desk.history, known, end_of_day(day, ZONE), CALENDAR)


def told(desk: Desk, day: date) -> list[tuple[str, Way, date, date, int, int]]:
    return [(one.unit, one.way, one.since, one.until, one.days, one.working_days) for one in stays(desk, day)]


def moved() -> Desk:
    """Handed to the transport bureau with a co-handler, given back, in nobody's hands, then the housing bureau's."""
    desk = Desk().handed_over(SECOND)
    desk.take(s.ReturnRequested(unit=LEAD, reason="职责不符"), date(2026, 3, 12))
    desk.take(s.ReturnApproved(unit=LEAD), date(2026, 3, 13))
    desk.take(s.Reassigned(unit=LEAD, to_unit=THIRD), date(2026, 3, 16))
    desk.take(s.CoOpinionSubmitted(unit=SECOND, opinion="同意"), date(2026, 3, 20))
    desk.take(s.ReplyIssued(unit=THIRD, outcome="A"), date(2026, 5, 6))
    return desk


def test_each_unit_through_whose_hands_it_went_has_its_own_days_and_together_they_are_the_whole() -> None:
    desk = moved()
    assert told(desk, date(2026, 6, 1)) == [
        (LEAD, Way.HANDLING, HANDED_OVER_ON, date(2026, 3, 12), 3, 3),
        (SECOND, Way.OPINION, HANDED_OVER_ON, date(2026, 3, 20), 11, 9),
        (LEAD, Way.RETURNING, date(2026, 3, 12), date(2026, 3, 13), 1, 1),
        (LEAD, Way.REASSIGNING, date(2026, 3, 13), date(2026, 3, 16), 3, 1),
        (THIRD, Way.HANDLING, date(2026, 3, 16), date(2026, 5, 6), 51, 33),
    ]
    answering = [one.days for one in stays(desk, date(2026, 6, 1)) if one.way in ANSWERING]
    assert sum(answering) == (date(2026, 5, 6) - HANDED_OVER_ON).days


def test_on_an_earlier_day_it_is_told_as_still_there() -> None:
    assert [(one.unit, one.days, one.lasts) for one in stays(moved(), date(2026, 3, 11))] == [
        (SECOND, 2, True),
        (LEAD, 2, True),
    ]


def test_a_second_handling_is_another_stay_of_the_same_unit() -> None:
    desk = Desk().replied("B", date(2026, 5, 6))
    desk.take(s.EvaluationSubmitted(result=s.Grade.DISSATISFIED, reason="未解决"), date(2026, 5, 20))
    desk.take(s.ReHandlingOrdered(), date(2026, 5, 21))
    desk.take(s.ReplyIssued(unit=LEAD, outcome="A"), date(2026, 6, 10))
    assert [(one.since, one.days) for one in stays(desk, date(2026, 7, 1))] == [
        (HANDED_OVER_ON, 58),
        (date(2026, 5, 21), 20),
    ]


def test_a_correction_of_the_reply_moves_the_days_only_from_when_it_is_known() -> None:
    desk = Desk().replied("B", date(2026, 5, 6))
    known = desk.history[-1].position
    desk.correct(3, on=date(2026, 4, 7))
    [before], [after] = stays(desk, date(2026, 7, 1), known), stays(desk, date(2026, 7, 1))
    assert (before.days, after.days) == (58, 29)


def test_days_of_several_suggestions_are_summed_and_the_median_is_of_those_that_went() -> None:
    day = date(2026, 6, 30)
    histories = [Desk().replied("A", date(2026, 3, 19)), Desk().replied("A", date(2026, 3, 29)), Desk().handed_over()]
    span = span_of([*(stays(desk, day) for desk in histories), []])
    assert (span.suggestions, span.there) == (3, 1)
    assert (span.days, span.median_days) == (10 + 20 + 113, 15)
    assert span.median_working_days == (8 + 14) / 2
    assert span_of([]).median_days is None


@settings(max_examples=settings().max_examples // 4)
@given(move_lists(), st.lists(MOMENTS, min_size=6, max_size=10))
def test_at_any_moment_whose_days_they_are_is_what_one_finds_asking_each_day_for_itself(
    moves: list[Move], moments: list[Any]
) -> None:
    ledger = MemoryLedger(lambda: NOW)
    record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
    records = read(ledger)
    for known, as_of in [moment_of(drawn, len(records)) for drawn in moments] + [(len(records), NOW)]:
        for history in by_case(records).values():
            days, working, in_hand, most = Counter[str](), Counter[str](), 0, 0
            day, last = date(2026, 1, 4), day_of(as_of, ZONE)
            while day < last:
                case, following = naive_case(history, known, end_of_day(day, ZONE)), day + timedelta(days=1)
                holders = list(by_stage(case))
                days.update(holders)
                working.update(holders if CALENDAR.is_working_day(following) else [])
                answering = sum(not one.startswith("opinion") for one in holders)
                in_hand, most = in_hand + bool(answering), max(most, answering)
                day = following
            found = stays_of(history, known, as_of, CALENDAR)
            assert +Counter[str](_sums((f"{one.way}:{one.unit}", one.days) for one in found)) == days
            assert +Counter[str](_sums((f"{one.way}:{one.unit}", one.working_days) for one in found)) == working
            parts = sum(one.days for one in found if one.way in ANSWERING)
            assert parts == in_hand if most <= 1 else parts > in_hand  # what several handle at once is in several hands


def by_stage(case: Any) -> list[str]:
    """Who holds it when a day ends, by the stages of the case and of its shares alone."""
    if case is None or case.stage not in {"handed_over", "in_handling", "re_handling", "merged"}:
        return []
    waits = {
        **dict.fromkeys(("assigned", "signed_for", "reply_rejected", "re_handling"), "handling"),
        "return_requested": "returning",
        "returned": "reassigning",
    }
    gives = {"assigned", "signed_for", "opinion_rejected", "re_handling", "return_requested"}
    return [
        f"{'opinion' if share.handling == 'co' else waits[share.stage]}:{share.key}"
        for share in case.assignments.values()
        if share.stage in (gives if share.handling == "co" else waits)
    ]


def _sums(pairs: Any) -> dict[str, int]:
    total = Counter[str]()
    for key, days in pairs:
        total[key] += days
    return dict(total)
