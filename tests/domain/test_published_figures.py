"""Published figures: counted when they are recorded, never changed, perhaps withdrawn."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory import MemoryLedger
from domain import fold, policy
from domain.case import Corrected, Role, Step, Voided
from domain.cases.published_figures import MOST_FIGURES, FiguresPublished, FiguresWithdrawn, PublishedFigures, Stage
from domain.docket import Docket
from domain.figure import StatedFigure
from domain.moment import end_of_day
from domain.principal import Principal
from domain.refusal import Refused
from tests.domain.support import TODAY, ZONE, Desk, act
from tests.reckoning import BASIS, TwoOfThree
from tests.registry import shipped_registry

DAY = date(2026, 10, 31)
RATE = StatedFigure(metric="reply_rate")


def published(*figures: StatedFigure, **said: Any) -> FiguresPublished:
    """The step that publishes figures."""
    given: dict[str, Any] = {"jurisdiction": "cn-999900", "title": "关于代表建议办理情况的报告", "as_of": DAY} | said
    return FiguresPublished(figures=figures or (RATE,), **given)


class Press(Desk):
    """A desk at which figures are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = MemoryLedger(lambda: self.now)
        self.docket = Docket(self.ledger, shipped_registry(), lambda: self.now, reckoner=TwoOfThree())

    @property
    def document(self) -> PublishedFigures:
        """The document as it stands."""
        case = self.live
        assert isinstance(case, PublishedFigures)
        return case


def opened(*figures: StatedFigure, on: date = TODAY, **said: Any) -> Press:
    press = Press()
    press.open(published(*figures, **said), on)
    return press


def test_what_is_stored_is_what_was_counted_whatever_was_left_open() -> None:
    document = opened(RATE, StatedFigure(metric="satisfied_rate", unit="jtj", year=2026)).document
    assert [(f.metric, f.version, f.numerator, f.denominator, f.value) for f in document.figures] == [
        ("reply_rate", 1, 2, 3, 2 / 3),
        ("satisfied_rate", 1, 2, 3, 2 / 3),
    ]
    assert document.figures[1].filter == {"unit": "jtj", "year": 2026}
    assert (document.position, document.basis, document.as_of) == (7, BASIS, DAY)
    assert (document.published_on, document.stage, document.facts().over) == (TODAY, Stage.PUBLISHED, False)


@pytest.mark.parametrize(
    "said", [{"value": 0.6}, {"value": 0.66}, {"numerator": 1}, {"denominator": 4}, {"population": 3}]
)
def test_another_number_is_refused_with_both(said: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="figure-is-another") as refused:
        opened(RATE, StatedFigure(metric="reply_rate", **said))
    assert refused.value.field == "figures.1"
    assert "2 / 3 = 0.667" in str(refused.value)


@pytest.mark.parametrize("said", [{"value": 0.667}, {"value": 2 / 3}, {"numerator": 2, "denominator": 3}])
def test_the_same_number_is_taken_as_it_would_be_printed(said: dict[str, Any]) -> None:
    assert opened(StatedFigure(metric="reply_rate", **said)).document.figures[0].value == 2 / 3


def test_a_document_states_no_figure_of_a_later_day_than_its_own() -> None:
    opened(on=DAY)
    with pytest.raises(Refused, match="figures-after-document"):
        opened(on=DAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("of", "message_id"),
    [
        ({"unit": "nowhere"}, "unknown-unit"),
        ({"person": "nobody"}, "unknown-deputy"),
        ({"group": "none"}, "unknown-group"),
        ({"kind": "kite-flying"}, "value-not-allowed"),
        ({"stage": "in-the-air"}, "unknown-stage"),
    ],
)
def test_a_filter_that_names_what_there_is_not_is_refused(of: dict[str, Any], message_id: str) -> None:
    with pytest.raises(Refused, match=message_id):
        opened(StatedFigure(metric="reply_rate", **of))


def test_a_document_states_something_and_not_everything() -> None:
    for figures in ((), (RATE,) * (MOST_FIGURES + 1)):
        with pytest.raises(ValueError, match="figures"):
            FiguresPublished(jurisdiction="cn-999900", title="报告", as_of=DAY, figures=figures)


def test_where_nobody_counts_nothing_is_published() -> None:
    with pytest.raises(Refused, match="figures-not-counted"):
        Desk().open(published(), TODAY)


def test_what_was_stated_is_neither_corrected_nor_voided() -> None:
    press = opened()
    for name, value in (("figures", []), ("as_of", "2026-01-01"), ("ledger_position", 1), ("basis", None)):
        with pytest.raises(Refused, match="cannot-correct-field"):
            press.take(Corrected(corrects=1, changes={name: value}, reason="误录", approved_by="主任"), TODAY)
    with pytest.raises(Refused, match="step-stands"):
        press.take(Voided(voids=1, reason="误录", approved_by="主任"), TODAY)
    right = {"title": "关于代表建议办理情况的报告（修订）", "document_number": "云人常〔2026〕7号"}
    press.take(Corrected(corrects=1, changes=right, reason="误录", approved_by="主任"), TODAY)
    assert (press.document.title, press.document.document_number) == tuple(right.values())
    assert press.document.figures[0].numerator == 2


def test_a_withdrawn_document_says_why_and_keeps_what_it_stated() -> None:
    press = opened()
    press.take(FiguresWithdrawn(reason="口径有误"), TODAY)
    document = press.document
    assert (document.stage, document.withdrawn_on, document.withdrawn_why) == (Stage.WITHDRAWN, TODAY, "口径有误")
    assert (document.figures[0].numerator, document.facts().over) == (2, True)
    with pytest.raises(Refused, match="step-not-open"):
        press.take(FiguresWithdrawn(reason="再次"), TODAY)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE}))
def test_only_the_offices_of_the_congress_publish_and_withdraw(role: Role) -> None:
    press = opened()
    with pytest.raises(Refused):
        press.docket.open(published(), act(TODAY, role))
    with pytest.raises(Refused):
        press.docket.record(press.case_id, FiguresWithdrawn(reason="无"), act(TODAY, role))


def test_everybody_of_the_jurisdiction_reads_it_and_nobody_of_another() -> None:
    press = opened()
    case_file = press.docket.case_file(press.case_id)
    for role in Role:
        for place, reads in (("cn-999900", True), ("jp-sangiin", False)):
            scope = policy.scope(Principal("u-1", role, place, place))
            assert scope.covers(case_file) is reads, (role, place)


STEPS: list[Step] = [
    FiguresWithdrawn(reason="口径有误"),
    Corrected(corrects=1, changes={"title": "改名"}, reason="误录", approved_by="主任"),
    Corrected(corrects=2, changes={"reason": "口径"}, reason="误录", approved_by="主任"),
    Voided(voids=2, reason="误录", approved_by="主任"),
    Voided(voids=3, reason="误录", approved_by="主任"),
]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 20), st.booleans()), max_size=8), st.data())
def test_whatever_happens_it_is_the_fold_of_its_history_at_every_moment_and_its_numbers_stand(
    moves: list[tuple[Step, int, bool]], data: st.DataObject
) -> None:
    press = opened(on=DAY)
    for step, day, late in moves:
        try:
            press.docket.record(press.case_id, step, act(DAY + timedelta(days=day), Role.GENERAL_OFFICE, late=late))
        except Refused:
            continue
    history = press.docket.case_file(press.case_id).history
    assert press.live == fold.case_at(history)
    known = data.draw(st.integers(1, len(history)))
    then = fold.case_at(history, known, end_of_day(DAY + timedelta(days=data.draw(st.integers(0, 22))), ZONE))
    assert isinstance(then, PublishedFigures)
    assert (then.figures, then.position, then.as_of) == (press.document.figures, 7, DAY)
    some = data.draw(st.sets(st.integers(1, len(history))))
    part = [step for step in fold.sequence(history) if step.version in some]
    assert (fold.apply_all(part) is None) is (1 not in some)
