"""Whatever is recorded after a figure was published, it is counted again to the digit; what differs is explained."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.audit.exports import AuditExports
from adapters.audit.note import Signer
from adapters.audit.sealer import Sealer
from adapters.audit.tiles import Tiles
from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from adapters.reckoner import FigureReckoner
from domain.docket import Docket, LedgerMapper
from domain.figure import StatedFigure
from domain.moment import Moment, end_of_day
from domain.refusal import Refused
from projections.asked import of_stated
from projections.metrics import metric_named, metrics
from tests.adapters.test_figures import by_hand
from tests.domain.support import ZONE
from tests.faults.support import connect, ledger_on
from tests.projections.support import DAYS, FIRST_DAY, Move, move_lists, record_all
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PLACE = "cn-999900"
FILTERS: list[dict[str, Any]] = [{}, {"unit": "jtj"}, {"year": 2026}, {"stage": "evaluated"}]
STATED = [StatedFigure(metric=id, **of) for id in metrics() for of in FILTERS]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(
    moves=move_lists(),
    later=move_lists(),
    days=st.lists(st.integers(0, DAYS + 60), min_size=2, max_size=2),
    stated=st.lists(st.sampled_from(STATED), min_size=8, max_size=8, unique_by=repr),
)
def test_a_published_figure_comes_out_to_the_digit_and_what_became_known_makes_up_the_difference(
    database: str, moves: list[Move], later: list[Move], days: list[int], stated: list[StatedFigure]
) -> None:
    ledger_id = uuid4().hex
    with connect(database) as owner:
        owner.execute("SELECT ledger_open(%s)", [ledger_id])
    with TemporaryDirectory() as folder, ledger_on(database, ledger_id, size=1) as ledger:
        views, registry = Views(ledger._pool, ledger), shipped_registry()
        docket, projector = Docket(ledger, registry, lambda: NOW), Projector(database, ledger_id=ledger_id)
        tiles = Tiles(Path(folder))
        sealer = Sealer(database, Signer.fresh("test"), tiles, ledger_id=ledger_id)
        reckoner = FigureReckoner(views, registry, AuditExports(ledger._pool, ledger_id, tiles))
        record_all(docket, moves)
        projector.catch_up()
        with pytest.raises(Refused, match="position-not-signed"):
            reckoner.reckon(PLACE, FIRST_DAY, ledger.head(), stated[:1])
        sealer.once()
        as_ofs = [FIRST_DAY + timedelta(days=day) for day in days]
        published = {as_of: reckoner.reckon(PLACE, as_of, None, stated) for as_of in as_ofs}
        record_all(docket, later, first=len(moves) + 1)
        projector.catch_up()
        records = [LedgerMapper().to_domain_event(event) for event in ledger.tail(0, 10_000)]
        for as_of, told in published.items():
            again = reckoner.reckon(PLACE, as_of, told.position, told.figures)
            assert (again.position, again.figures) == (told.position, told.figures)
            then, now = (Moment(end_of_day(as_of, ZONE), known) for known in (told.position, ledger.head()))
            place = registry.jurisdiction(PLACE, told.position)
            for figure in told.figures:
                metric = metric_named(figure.ref)
                wanted = of_stated(figure).of(metric.subject, place, as_of)
                rows = views.figures.changed(wanted, metric.measures, then, now)
                was, is_now = (views.figures.sums(wanted, metric.measures, at)[None] for at in (then, now))
                for measure in metric.measures:
                    moved = sum((row.after or {}).get(measure, 0) - (row.before or {}).get(measure, 0) for row in rows)
                    assert moved == is_now[measure] - was[measure], (figure.ref, measure)
                if not figure.filter:
                    hand = by_hand(records, then, metric.subject, None).get(None, Counter())
                    assert figure.numerator == sum(hand.get(measure, 0) for measure in metric.numerator)
