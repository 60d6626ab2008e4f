"""What the docket needs where no projection counts: figures that are two of three, whatever is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from domain.figure import FigureBasis, Reckoned, StatedFigure

BASIS = FigureBasis(rulebook="cn-999900@2026-11-22", calendar="cn@2026", log="test", records=7, root="AAAA")


class TwoOfThree:
    """Every figure is two of three, up to the seventh position."""

    def reckon(
        self,
        jurisdiction: str,  # noqa: ARG002 - the protocol's
        as_of: date,  # noqa: ARG002 - the protocol's
        position: int | None,
        figures: Sequence[StatedFigure],
    ) -> Reckoned:
        """Two of three."""
        counted = {"version": 1, "value": 2 / 3, "numerator": 2, "denominator": 3, "population": None}
        return Reckoned(position or 7, BASIS, [figure.model_copy(update=counted) for figure in figures])
