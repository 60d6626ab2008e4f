"""Counts the figures that a document states, from the projections, at the position that it names."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.exports import AuditExports
from adapters.postgres.figures import FigureViews
from adapters.postgres.views import Views
from domain.figure import FigureBasis, Reckoned, StatedFigure
from domain.moment import Moment, end_of_day
from domain.office import Jurisdiction
from domain.policy import Scope
from domain.refusal import Refused
from domain.registry import Registry
from projections.asked import of_stated
from projections.metrics import figure_of, metric_named

_WAIT_SECONDS = 2.0
_WAIT_STEP = 0.01


class FigureReckoner:
    """Counts what a whole jurisdiction's cases add up to. Nothing is published that no checkpoint covers."""

    def __init__(self, views: Views, registry: Registry, audit: AuditExports) -> None:
        self._views = views
        self._registry = registry
        self._audit = audit

    def reckon(self, jurisdiction: str, as_of: date, position: int | None, figures: Sequence[StatedFigure]) -> Reckoned:
        """The figures of a whole jurisdiction at the end of a day, as known at a position; None is now."""
        counting = self._views.within(Scope(jurisdiction)).figures
        known = self._views.moment().known if position is None else position
        checkpoint = self._covering(known)
        self._wait_for(counting, known)
        place = self._registry.jurisdiction(jurisdiction, known)
        moment = Moment(end_of_day(as_of, place.time_zone), known)
        return Reckoned(
            known,
            FigureBasis(
                rulebook=place.book_on(as_of).ref,
                calendar=place.working_calendar.ref,
                log=checkpoint.origin,
                records=checkpoint.size,
                root=checkpoint.told_root,
            ),
            [_counted(counting, place, figure, as_of, moment) for figure in figures],
        )

    @staticmethod
    def _wait_for(counting: FigureViews, position: int) -> None:
        """Until everything up to a position is counted; refused if that takes too long."""
        until = time.monotonic() + _WAIT_SECONDS
        while counting.reached() < position:
            if time.monotonic() > until:
                raise Refused("not-caught-up", field="ledger_position", position=position)
            time.sleep(_WAIT_STEP)

    def _covering(self, position: int) -> Checkpoint:
        status = self._audit.status()
        if status.checkpoint is None or status.size < position:
            raise Refused("position-not-signed", field="ledger_position", position=position, size=status.size)
        return Checkpoint.unchecked(status.checkpoint)


def _counted(
    counting: FigureViews, place: Jurisdiction, figure: StatedFigure, as_of: date, moment: Moment
) -> StatedFigure:
    metric = metric_named(figure.ref)
    wanted = of_stated(figure).of(metric.subject, place, as_of)
    found = figure_of(metric, counting.sums(wanted, metric.measures, moment)[None])
    return figure.model_copy(
        update={
            "version": metric.version,
            "value": found.value,
            "numerator": found.numerator,
            "denominator": found.denominator,
            "population": found.population,
        }
    )
