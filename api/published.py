"""Figures that documents stated (公布数据): which there are, and what they are counted again and now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from api.figures import Change, Figures
from api.looking import as_known, rows_of
from api.services import Lists, Services
from domain.casefile import CaseFile
from domain.cases.published_figures import PublishedFigures, Stage
from domain.docket import CaseNotFoundError
from domain.figure import StatedFigure
from domain.moment import Moment, end_of_day
from domain.policy import Scope
from domain.refusal import Refused
from projections.asked import Asked, of_stated
from projections.metrics import Figure, Metric, figure_of, metric_named
from projections.reading import Filter

_MOST_SHOWN = 200


@dataclass(frozen=True)
class Recounted:
    """A figure that a document stated, and the same counted again."""

    number: int
    """Its place in the document, from 1."""
    stated: StatedFigure
    metric: Metric
    """As it was defined then."""
    then: Figure
    """As stated."""
    again: Figure
    """The same moment counted again, by the same definition."""
    now: Figure | None
    """The same day as it is known now; None for somebody who does not read every case."""

    @property
    def reproduced(self) -> bool:
        """Whether it came out to the digit."""
        return self.again == self.then and self.again.value == self.stated.value

    @property
    def changed(self) -> bool | None:
        """Whether something has become known since by which it is another one; None if that is not told."""
        return None if self.now is None else self.now != self.then

    @property
    def newer(self) -> Metric | None:
        """The definition in use now, where that is a newer one."""
        used = metric_named(self.metric.id)
        return used if used.version > self.metric.version else None


@dataclass(frozen=True)
class Since:
    """A figure that was published, and the cases that make it another one of the same day now."""

    figure: Recounted
    changes: Sequence[Change]

    @property
    def complete(self) -> bool:
        """Whether the changes make up the whole difference."""
        moved = Counter[str]()
        for change in self.changes:
            moved.update(change.row.after or {})
            moved.subtract(change.row.before or {})
        again, now, metric = self.figure.again, self.figure.now, self.figure.metric
        made = figure_of(metric, moved)
        return now is not None and (
            again.numerator + made.numerator,
            (again.denominator or 0) + (made.denominator or 0),
            (again.population or 0) + (made.population or 0),
        ) == (now.numerator, now.denominator or 0, now.population or 0)


class Publications:
    """What documents of a jurisdiction stated, as it stood at a moment and was known then."""

    def __init__(self, services: Services, lists: Lists, jurisdiction: str, moment: Moment, *, whole: bool) -> None:
        """`lists` are those of the reader; `whole` says that he reads every case of the jurisdiction."""
        self._services = services
        self._lists = lists
        self._jurisdiction = jurisdiction
        self.moment = moment
        self._whole = whole

    def all(self) -> list[PublishedFigures]:
        """Every publication, the newest first."""
        wanted = Filter(kind=PublishedFigures.kind, jurisdiction=self._jurisdiction)
        return self._cases([row.case_id for row in rows_of(self._lists, wanted, self.moment)])

    def of(self, asked: Asked) -> dict[str, list[tuple[PublishedFigures, int]]]:
        """The figures of just what is asked for that stand published, by metric: each document, and which of it.

        Those of the last documents.
        """
        wanted = Filter(kind=PublishedFigures.kind, jurisdiction=self._jurisdiction)
        rows = self._lists.cases(wanted, self.moment, limit=_MOST_SHOWN)
        found: dict[str, list[tuple[PublishedFigures, int]]] = {}
        for case in self._cases([row.case_id for row in rows]):
            if case.stage == Stage.WITHDRAWN:
                continue
            for number, figure in enumerate(case.figures, 1):
                if of_stated(figure) == asked:
                    found.setdefault(figure.metric, []).append((case, number))
        return found

    def one(self, case_file: CaseFile) -> PublishedFigures:
        """The publication that a case is."""
        case = case_file.at(self.moment.known, self.moment.as_of)
        if not isinstance(case, PublishedFigures):
            raise CaseNotFoundError(case_file.id)
        return case

    def recounted(self, case: PublishedFigures) -> list[Recounted]:
        """Each figure of a document counted again."""
        then = self._at(case, case.position)
        now = self._at(case, self.moment.known) if self._whole else None
        return [self._recounted(number, stated, then, now) for number, stated in enumerate(case.figures, 1)]

    def since(self, case: PublishedFigures, number: int) -> Since:
        """What became known since a figure of a document was published; for somebody who reads every case."""
        if not self._whole:
            raise Refused("not-all-is-yours")
        if not 1 <= number <= len(case.figures):
            raise Refused("no-such-figure", number=number, last=len(case.figures))
        stated = case.figures[number - 1]
        then, now = self._at(case, case.position), self._at(case, self.moment.known)
        changes = now.changes(of_stated(stated), stated.ref, then.moment)
        return Since(self._recounted(number, stated, then, now), changes)

    def _cases(self, ids: Sequence[str]) -> list[PublishedFigures]:
        found = {
            case_file.id: case_file.at(self.moment.known, self.moment.as_of)
            for case_file in self._services.docket.case_files(ids, self.moment.known)
        }
        return [case for id in ids if isinstance(case := found.get(id), PublishedFigures)]

    def _at(self, case: PublishedFigures, position: int) -> Figures:
        """The figures of the day of a document as known at a position, groups of deputies being those known then."""
        assert case.as_of is not None  # noqa: S101 - its opening says so
        place = as_known(self._services, case.jurisdiction, Moment(self.moment.as_of, case.position))
        lists = self._services.views.within(Scope(case.jurisdiction))
        return Figures(self._services, lists, place, Moment(end_of_day(case.as_of, place.time_zone), position))

    @staticmethod
    def _recounted(number: int, stated: StatedFigure, then: Figures, now: Figures | None) -> Recounted:
        asked = of_stated(stated)
        [again] = then.told(asked, [stated.ref])
        return Recounted(
            number,
            stated,
            again.metric,
            stated_figure(stated),
            again.figure,
            now.told(asked, [stated.ref])[0].figure if now is not None else None,
        )


def stated_figure(stated: StatedFigure) -> Figure:
    """A figure as a document stated it, with what follows from its numbers."""
    return Figure(stated.numerator or 0, stated.denominator, stated.population)
