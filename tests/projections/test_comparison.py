"""What a preview says of lists and counts is what the projection then shows, at every moment of both clocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from hypothesis import given

from domain import fold
from domain.case import Corrected, Recorded, Voided
from domain.clock import overdue_from
from domain.moment import end_of_day, start_of_day
from projections.case_list import FOREVER
from projections.comparison import Span, Standing, compare, spans, standings_of, state_of
from tests.domain.support import HANDED_OVER_ON, LEAD, ZONE, Desk
from tests.projections.support import Move, by_case, move_lists
from tests.projections.test_case_list import Table, projected, recorded
from tests.registry import shipped_registry

CITY = shipped_registry().jurisdiction("cn-999900")
INSTANT = timedelta(microseconds=1)


def looks(found: Sequence[Span], table: Table) -> Iterator[datetime]:
    """Instants around every boundary that the preview or the projection has."""
    bounds = {span.since for span in found} | {span.until for span in found}
    bounds |= {day for row in table.rows.values() for day in row[1:3]}
    for bound in bounds - {FOREVER}:
        yield bound
        yield bound - INSTANT


def shown(table: Table, known: int, case_id: str, as_of: datetime) -> tuple[object, ...] | None:
    return next((row for case, row in table.at(known, as_of) if case == case_id), None)


@given(move_lists(20))
def test_lists_change_exactly_when_the_preview_says(moves: list[Move]) -> None:
    records = recorded(moves)
    table = projected(records, [(len(records), False)])
    for case_id, history in by_case(records).items():
        for place, record in enumerate(history[1:], 1):
            if not (record.act.late or isinstance(record.step, (Corrected, Voided))):
                continue
            found = spans(history[:place], history[: place + 1])
            assert all(span.since < span.until and span.was != span.now for span in found)
            for as_of in looks(found, table):
                was = shown(table, record.position - 1, case_id, as_of)
                now = shown(table, record.position, case_id, as_of)
                span = next((one for one in found if one.since <= as_of < one.until), None)
                if span is None:
                    assert was == now
                else:
                    assert (was, now) == tuple(s and tuple(s.row) for s in (span.was, span.now))


@given(move_lists(20))
def test_stages_clocks_and_findings_are_those_of_the_two_folds(moves: list[Move]) -> None:
    for history in by_case(recorded(moves)).values():
        for place, record in enumerate(history[1:], 1):
            if not (record.act.late or isinstance(record.step, (Corrected, Voided))):
                continue
            found = compare(history[:place], history[: place + 1], CITY)
            was, now = fold.case_at(history[:place]), fold.case_at(history[: place + 1])
            stages = [(stage.was, stage.now) for stage in found.stages if stage.kind is None]
            old, new = (case and case.stage for case in (was, now))
            assert stages == ([] if old == new else [(old, new)])
            same = was is not None and now is not None and was.all_clocks == now.all_clocks
            assert not (same and found.clocks)
            for clock in found.clocks:
                assert clock.was is None or (was is not None and clock.was in was.all_clocks)
                assert clock.now is None or (now is not None and clock.now in now.all_clocks)
            if was == now:
                assert (found.stages, found.clocks) == ([], [])


def test_a_corrected_day_of_handing_over_moves_the_counts_of_the_days_between() -> None:
    desk = Desk().handed_over()
    right = date(2026, 3, 12)
    desk.correct(2, on=right)
    history = desk.history
    found = compare(history[:2], history, CITY)
    first, second, *later = found.spans
    assert (first.since, first.until) == (start_of_day(HANDED_OVER_ON, ZONE), start_of_day(right, ZONE))
    assert [s and s.state for s in (first.was, first.now)] == ["waiting", "unassigned"]
    assert second.since == start_of_day(right, ZONE)
    assert [s and s.state for s in (second.was, second.now)] == ["waiting", "waiting"]
    assert [s and s.row.due_on for s in (second.was, second.now)] == [date(2026, 6, 9), date(2026, 6, 12)]
    assert [(s.was and s.was.state, s.now and s.now.state) for s in later] == [
        ("overdue", "waiting"),
        ("overdue", "overdue"),
    ]
    assert later[-1].until == FOREVER
    replies = [(was.deadline, now.deadline) for was, now in found.clocks if was and now and now.runs]
    moved = [(was.started_on, now.started_on) for was, now in replies if now.clock == "suggestion.reply"]
    assert moved == [(HANDED_OVER_ON, right)]
    stopped = {was.deadline.clock: (was.stopped_on, now.stopped_on) for was, now in found.clocks if was and now}
    assert stopped["suggestion.hand_over"] == (HANDED_OVER_ON, right)
    assert (found.stages, found.gone, found.come) == ([], [], [])


def test_a_voided_handing_over_takes_the_case_back_and_its_clock_away() -> None:
    desk = Desk().handed_over()
    desk.void(2)
    found = compare(desk.history[:2], desk.history, CITY)
    assert [(stage.kind, stage.key, stage.was, stage.now) for stage in found.stages] == [
        (None, None, "handed_over", "submitted"),
        ("assignments", LEAD, "assigned", None),
    ]
    gone = {was.deadline.clock for was, now in found.clocks if was is not None and now is None}
    again = {now.deadline.clock for was, now in found.clocks if was and now and now.runs and not was.runs}
    assert "suggestion.reply" in gone
    assert again == {"suggestion.hand_over"}


def test_a_voided_opening_takes_the_case_out_of_every_list() -> None:
    desk = Desk().handed_over()
    desk.void(1)
    found = compare(desk.history[:2], desk.history, CITY)
    assert all(span.now is None for span in found.spans)
    assert found.spans[-1].until == FOREVER


def test_findings_that_a_correction_removes_or_makes_are_named() -> None:
    desk = Desk().handed_over()
    desk.correct(2, on=date(2026, 2, 1))
    made = compare(desk.history[:2], desk.history, CITY)
    assert [finding.message_id for finding in made.come] == ["before-opening"]
    desk.void(3)
    back = compare(desk.history[:3], desk.history, CITY)
    assert [finding.message_id for finding in back.gone] == ["before-opening"]


def test_a_case_is_counted_overdue_from_the_day_after_its_due_date() -> None:
    desk = Desk().handed_over()
    states = {standing.state: since for since, standing in standings_of(desk.history)}
    due_on = desk.due_on()
    assert states["overdue"] == overdue_from(due_on, ZONE) == end_of_day(due_on, ZONE) + INSTANT
    assert list(states) == ["unassigned", "waiting", "overdue"]


def counted(history: Sequence[Recorded], as_of: datetime) -> Standing | None:
    return next((standing for since, standing in reversed(list(standings_of(history))) if since <= as_of), None)


@given(move_lists(12))
def test_a_state_holds_over_its_whole_span(moves: list[Move]) -> None:
    for history in by_case(recorded(moves)).values():
        for as_of in (datetime(2026, 1, 9, 12, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)):
            standing = counted(history, as_of)
            case = fold.case_at(history, as_of=as_of)
            assert (standing is None) == (case is None)
            assert standing is None or standing.state == state_of(standing.row, as_of)
