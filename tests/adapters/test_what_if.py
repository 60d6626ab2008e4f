"""Where nothing is supposed, or what is so anyway, a simulation is to the digit what the figures are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.casefile import file_of
from domain.moment import Moment
from domain.rulebook import Span
from projections.counting import SUBJECTS
from projections.figures import Cell
from projections.reading import FigureFilter
from projections.supposition import Supposition, counts_in, simulated, supposed
from tests.adapters.test_figures import recorded
from tests.projections.support import FIRST_DAY, MOMENTS, Move, by_case, moment_of, move_lists
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

PLACE = shipped_registry().jurisdiction("cn-999900")
BOOK = PLACE.book_on(FIRST_DAY)
REPLY = BOOK.clocks["suggestion.reply"]
AS_IT_IS = [
    Supposition(),
    Supposition(rulebook=BOOK.ref),
    Supposition(limits={REPLY.id: Span(count=REPLY.count, unit=REPLY.unit)}),
    Supposition(letters=dict(BOOK.outcome_scheme.letters if BOOK.outcome_scheme else {})),
]
FILTERS: list[dict[str, Any]] = [{}, {"unit": "jtj"}, {"year": 2026}, {"without": "committee"}, {"stage": "replied"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(
    moves=move_lists(),
    drawn=st.lists(MOMENTS, min_size=3, max_size=4),
    supposition=st.sampled_from(AS_IT_IS),
    narrowed=st.sampled_from(FILTERS),
)
def test_a_simulation_of_what_is_so_is_what_the_figures_are(
    database: str, moves: list[Move], drawn: list[Any], supposition: Supposition, narrowed: dict[str, Any]
) -> None:
    with recorded(database, moves) as (records, views):
        files = [file for history in by_case(records).values() if (file := file_of(None, history)) is not None]
        for one in drawn:
            known, as_of = moment_of(one, len(records))
            moment = Moment(as_of, known)
            rules = supposed(supposition, PLACE, FIRST_DAY, FIRST_DAY.year)
            found = list(simulated(files, moment, rules))
            for subject in ("suggestion", "assignment"):
                wanted = FigureFilter(subject, jurisdiction=PLACE.code, **narrowed)
                real = +Counter(views.figures.sums(wanted, SUBJECTS[subject].measures, moment)[None])
                assert _sums(wanted, [cell for one in found for cell in one.was.values()]) == real
                assert _sums(wanted, [cell for one in found for cell in one.would_be.values()]) == real
            assert not [item for one in found for item in one.differing()]


def _sums(wanted: FigureFilter, cells: list[Cell]) -> Counter[str]:
    total = Counter[str]()
    for cell in cells:
        if counts_in(wanted, cell):
            total.update(cell.measured)
    return total
