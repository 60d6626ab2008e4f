"""Layout: where the boxes of a chart stand and how the lines between them run, by the library graphlay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import graphlay

_COLUMNS = (0, 1)
"""All in one column, or in several: what the library is told of the window (`viewport_aspect`)."""
_GAPS = (18, 23, 28, 33, 38)
"""Between two boxes, in pixels; a wider one is tried where a line would touch a box that it passes."""
_PAPER = (190.0, 260.0)
"""What is left of a sheet of paper, in millimetres; the chart is drawn that is larger on it."""
_MARGIN = 12.0
_CLEAR = 2.0

Point = tuple[float, float]


class Rect(NamedTuple):
    """A box: its left upper corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Rect, clear: float = 0.0) -> bool:
        """Whether they lie over each other, or nearer than that."""
        return (
            self.x < other.x + other.width + clear
            and other.x < self.x + self.width + clear
            and self.y < other.y + other.height + clear
            and other.y < self.y + self.height + clear
        )


class Line(NamedTuple):
    """What is to be joined, by the numbers of the boxes; `back` if it leads up to what stands above."""

    source: int
    target: int
    back: bool = False


class Placed(NamedTuple):
    """Everything in its place: the boxes, and the corners of the lines from their source to their target."""

    width: float
    height: float
    boxes: tuple[Rect, ...]
    lines: tuple[tuple[Point, ...], ...]

    @property
    def on_paper(self) -> float:
        """How large it is on a sheet of paper: millimetres for a pixel."""
        return min(_PAPER[0] / self.width, _PAPER[1] / self.height)

    def faults(self, lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
        """Each line that touches a box to which it does not belong, and each box that lies over another."""
        for number, (line, corners) in enumerate(zip(lines, self.lines, strict=True)):
            for one, other in pairwise(corners):
                left, top = min(one[0], other[0]), min(one[1], other[1])
                way = Rect(left, top, abs(one[0] - other[0]), abs(one[1] - other[1]))
                for box, rect in enumerate(self.boxes):
                    if box not in {line.source, line.target} and rect.meets(way, _CLEAR):
                        yield number, box
        for number, rect in enumerate(self.boxes):
            for box, other_rect in enumerate(self.boxes[:number]):
                if rect.meets(other_rect):
                    yield number, box


@lru_cache(maxsize=256)
def place(sizes: tuple[tuple[float, float], ...], lines: tuple[Line, ...]) -> Placed:
    """Boxes of these sizes, none over another and none under a line, the same each time."""
    tried: list[Placed] = []
    for gap in _GAPS:
        found = [_drawn(sizes, lines, gap, columns) for columns in _COLUMNS]
        clear = [one for one in found if not any(one.faults(lines))]
        if clear:
            return max(clear, key=lambda one: one.on_paper)
        tried += found
    return min(tried, key=lambda one: len(list(one.faults(lines))))


def _drawn(sizes: Sequence[tuple[float, float]], lines: Sequence[Line], gap: int, columns: int) -> Placed:
    graph = graphlay.Graph()
    for number, (width, height) in enumerate(sizes):
        graph.node(number, width=width, height=height)
    for line in lines:
        graph.edge(*((line.target, line.source) if line.back else (line.source, line.target)))
    options = {
        "direction": "topbottom",
        "spacing": {"node_gap": gap, "layer_gap": gap + 6, "dummy_gap": gap, "stub": 10},
        "wrap": {"viewport_aspect": columns},
        "tuning": {"routing": {"step_flatten": 10}},  # by default it straightens lines as far as into a box's edge
    }
    found = graphlay.layout(graph, preset="process_map", options=options)
    low, high = found.bounds["min"], found.bounds["max"]
    left, top = _MARGIN - low["x"], _MARGIN - low["y"]
    boxes = []
    for node in found.nodes:
        (x, y), (width, height) = node["center"].values(), node["size"].values()
        boxes.append(Rect(x - width / 2 + left, y - height / 2 + top, width, height))
    ways = []
    for line, edge in zip(lines, found.edges, strict=True):
        corners = [(point["x"] + left, point["y"] + top) for point in edge["points"]]
        ways.append(tuple(reversed(corners)) if line.back else tuple(corners))
    return Placed(high["x"] + left + _MARGIN, high["y"] + top + _MARGIN, tuple(boxes), tuple(ways))
