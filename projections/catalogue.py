"""Every projection with its name and version. A new version is rebuilt beside the old one, then swapped."""

from collections.abc import Callable

from projections.case_list import CaseList
from projections.clocks import Clocks
from projections.figures import Figures
from projections.history import History
from projections.projection import Projection
from projections.search import Search

PROJECTIONS: dict[str, Callable[[], Projection]] = {
    CaseList.name: CaseList,
    Clocks.name: Clocks,
    Figures.name: Figures,
    History.name: History,
    Search.name: Search,
}
