"""Flow charts: the stages of a case type and the steps between them, as SVG that needs nothing else.

A stage is a box, and so is a step, which says who may take it. A step that is open in many stages is drawn once: from
the last of them before the stage that it leads to, and the others are named; or, where it ends a case, from a note that
names all of them. On the chart of a case, the way that it took is drawn whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal
from unicodedata import east_asian_width

from markupsafe import Markup, escape

from api.web.layout import Line, Placed, Rect, place
from api.words import Words
from domain import procedure
from domain.case import Case, Role, Step
from domain.procedure import Graph, Move

Look = Literal["start", "stage", "now", "been", "step", "taken", "open", "note", "faint"]

_MANY = 4
"""From so many stages on, a step is not drawn from each of them."""
_NAME, _SMALL = 14.0, 12.0
_LEADING = 1.45
_PAD_X, _PAD_Y = 12.0, 7.0
_WIDEST = 190.0
"""How wide a line of text may be."""
_WIDE = 900.0
"""A chart that is wider is drawn smaller where the window is narrower, down to about this width."""
_ROUND = 6.0
_TIP = 7.0
_BOLD = 1.06
_INK, _QUIET, _ACCENT, _GREEN, _FAINT = "#1c2733", "#52606d", "#1f4e79", "#22683a", "#8795a3"
_FONT = "system-ui, 'Segoe UI', 'Noto Sans CJK SC', 'Noto Sans SC', 'Microsoft YaHei', sans-serif"


@dataclass(frozen=True)
class _Style:
    fill: str
    stroke: str
    width: float
    ink: str
    small: str
    dashes: str | None = None


_BOXES: dict[Look, _Style] = {
    "start": _Style("#fff", _ACCENT, 1.5, _ACCENT, _ACCENT),
    "stage": _Style(_ACCENT, _ACCENT, 1.5, "#fff", "#fff"),
    "now": _Style(_ACCENT, _ACCENT, 1.5, "#fff", "#fff"),
    "been": _Style("#d7e5f2", _ACCENT, 1.5, _INK, _INK),
    "step": _Style("#f3f7fb", "#7b98b5", 1.0, _INK, _QUIET),
    "taken": _Style("#fff", _ACCENT, 1.5, _INK, _QUIET),
    "open": _Style("#e7f4ea", _GREEN, 2.0, _INK, _GREEN),
    "note": _Style("#fff", _QUIET, 1.0, _QUIET, _QUIET, "5 4"),
    "faint": _Style("#fff", "#b6c0ca", 1.0, "#65717d", "#65717d"),
}
_CORNERS: dict[Look, int] = {"start": 17, "note": 6}
_LINES: dict[Look, tuple[str, float]] = {
    "step": ("#5b7690", 1.3),
    "taken": (_ACCENT, 2.6),
    "open": (_GREEN, 2.0),
    "faint": ("#b6c0ca", 1.1),
}


@dataclass(frozen=True)
class Progress:
    """How far a case came: the stage it is in, when it entered which, by which steps, and what is open now."""

    now: StrEnum | None
    entered: Mapping[StrEnum, Sequence[str]]
    """The days on which it came to a stage, as text."""
    ways: Collection[tuple[type[Step], StrEnum | None, StrEnum]]
    """Each step that led somewhere, from where and to where."""
    open: Collection[type[Step]]
    past: bool = False
    """Whether somebody looks from a moment that is over."""

    def took(self, pill: _Pill, source: StrEnum | None = None) -> bool:
        """Whether it went that way: by one of the steps, and from that stage where one is given."""
        return any(
            step in pill.steps and there == pill.target and source in {None, before}
            for step, before, there in self.ways
        )

    def may_take(self, pill: _Pill) -> bool:
        """Whether one of the steps is open, and would lead there from the stage it is in."""
        return self.now in pill.all_sources and any(step in self.open for step in pill.steps)


@dataclass(frozen=True)
class _Pill:
    """Steps that lead from the same stages to the same one, and may be taken by the same roles."""

    key: str
    steps: tuple[type[Step], ...]
    all_sources: tuple[StrEnum, ...]
    target: StrEnum
    by: frozenset[Role]

    @property
    def sources(self) -> tuple[StrEnum, ...]:
        """The stages before it; the one it leads to only if there is no other."""
        return tuple(stage for stage in self.all_sources if stage != self.target) or self.all_sources


@dataclass(frozen=True)
class Box:
    """A box with its text: the first `strong` lines are its name."""

    key: str
    look: Look
    lines: tuple[str, ...]
    strong: int = 1
    is_stage: bool = False
    """A stage has round corners, a step has not."""

    @cached_property
    def size(self) -> tuple[float, float]:
        """How wide and how high it has to be for its text."""
        wide = max(_width(text, size, bold=bold) for text, size, bold in self.texts)
        high = sum(size * _LEADING for _, size, _ in self.texts)
        return max(wide, 72.0 if self.look == "start" else 104.0) + 2 * _PAD_X, high + 2 * _PAD_Y

    @property
    def texts(self) -> list[tuple[str, float, bool]]:
        """Each line with its size, and whether it is bold."""
        bold = self.look != "note"
        return [
            (text, _NAME if i < self.strong and bold else _SMALL, i < self.strong and bold)
            for i, text in enumerate(self.lines)
        ]


@dataclass(frozen=True)
class Arrow:
    """A line from one box to another, by their keys."""

    source: str
    target: str
    look: Look
    back: bool = False
    dashed: bool = False


@dataclass
class Chart:
    """A chart: its boxes in the order in which they are read, and the lines between them."""

    title: str
    description: str
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

    @cached_property
    def placed(self) -> Placed:
        """Where everything stands."""
        numbers = {box.key: number for number, box in enumerate(self.boxes)}
        lines = tuple(Line(numbers[arrow.source], numbers[arrow.target], arrow.back) for arrow in self.arrows)
        return place(tuple(box.size for box in self.boxes), lines)

    def svg(self, id: str = "flow", *, alone: bool = False) -> Markup:
        """The chart as an element of a page whose ids begin with `id`, or as a file of its own."""
        return Markup("").join(_svg(self, id, alone=alone))


def chart_of(say: Words, case_type: type[Case], progress: Progress | None = None) -> Chart:
    """The chart of a case type, or of a case with the way that it took."""
    kind = say.told("kind", case_type.kind)
    graph = procedure.graph_of(case_type)
    return _Drawing(say, graph, progress).chart(say("flow.chart" if progress is None else "flow.case", kind=kind))


def charts_of_parts(say: Words, case_type: type[Case]) -> list[Chart]:
    """The charts of the parts of such a case."""
    return [
        _Drawing(say, graph, None).chart(say(f"page.field.{part}"))
        for part, graph in procedure.graphs_of_parts(case_type).items()
    ]


class _Drawing:
    """What a graph looks like, before it is placed."""

    def __init__(self, say: Words, graph: Graph, progress: Progress | None) -> None:
        self._say, self._graph, self._progress = say, graph, progress
        self._order = {stage: number for number, stage in enumerate(graph.stages)}
        self._notes: dict[tuple[StrEnum, ...], str] = {}
        self._boxes: list[Box] = []
        self._arrows: list[Arrow] = []

    def chart(self, title: str) -> Chart:
        pills = list(self._pills())
        if any(not pill.sources for pill in pills):
            self._boxes.append(Box("start", "start", (self._say("flow.start"),)))
        for stage in self._graph.stages:
            for pill in pills:
                if pill.target == stage:
                    self._draw(pill)
            self._boxes.append(self._stage(stage))
        counts = {"stages": len(self._graph.stages), "steps": len({move.step for move in self._graph.moves})}
        return Chart(title, self._say("flow.described", **counts), self._boxes, self._arrows)

    def _pills(self) -> Iterator[_Pill]:
        groups: dict[tuple[object, ...], list[Move]] = {}
        for move in self._graph.moves:
            now = self._progress is not None and move.step in self._progress.open
            before = tuple(stage for stage in move.sources if stage != move.target) or move.sources
            groups.setdefault((before, move.target, move.by, now), []).append(move)
        for number, moves in enumerate(groups.values()):
            sources = dict.fromkeys(stage for move in moves for stage in move.sources)
            steps = tuple(move.step for move in moves)
            yield _Pill(f"step-{number}", steps, tuple(sources), moves[0].target, moves[0].by)

    def _stage(self, stage: StrEnum) -> Box:
        name, progress = self._say.label("stage", stage), self._progress
        name = name[:1].upper() + name[1:]
        if progress is None:
            return Box(stage, "stage", (name,), is_stage=True)
        days = tuple(progress.entered.get(stage, ()))
        if stage == progress.now:
            return Box(
                stage, "now", (name, self._say("flow.then" if progress.past else "flow.now"), *days), is_stage=True
            )
        return Box(stage, "been" if days else "faint", (name, *days), is_stage=True)

    def _draw(self, pill: _Pill) -> None:
        """The box of a step, and the lines to it and from it."""
        before = [stage for stage in pill.sources if self._order[stage] < self._order[pill.target]]
        main = (before or pill.sources or (None,))[-1]
        many = len(pill.sources) >= _MANY
        noted = len(pill.sources) > _MANY and not self._graph.followed_by(pill.target)
        look = self._look(pill)
        if noted:
            self._arrows.append(Arrow(self._note(pill.sources, main), pill.key, self._plain))
        also = [stage for stage in pill.sources if stage != main] if many and not noted else []
        self._boxes.append(self._step(pill, look, also))
        for stage in pill.all_sources:
            drawn = stage in pill.sources and (not many or (stage == main and not noted))
            if drawn or self._look(pill, stage) not in {"step", "faint"}:
                back = bool(before) and self._order[stage] >= self._order[pill.target]
                self._arrows.append(Arrow(stage, pill.key, self._look(pill, stage), back))
        if not pill.sources:
            self._arrows.append(Arrow("start", pill.key, look))
        self._arrows.append(Arrow(pill.key, pill.target, look, back=bool(pill.sources) and not before))

    @property
    def _plain(self) -> Look:
        return "step" if self._progress is None else "faint"

    def _look(self, pill: _Pill, source: StrEnum | None = None) -> Look:
        """How a step looks, or the line to it from a stage."""
        if self._progress is None:
            return "step"
        if self._progress.may_take(pill) and source in {None, self._progress.now}:
            return "open"
        return "taken" if self._progress.took(pill, source) else "faint"

    def _step(self, pill: _Pill, look: Look, also: Sequence[StrEnum]) -> Box:
        say = self._say
        name = _wrapped(" / ".join(say.step(step.declared.wire) for step in pill.steps), _NAME, bold=True)
        lines = list(name)
        if look in {"step", "open"}:
            roles = say.told("role", sorted(pill.by, key=list(Role).index))
            lines += _wrapped(roles if look == "step" else say("flow.open", roles=roles), _SMALL)
        if also:
            lines += _wrapped(say("flow.also", stages=say.told("stage", also)), _SMALL)
        return Box(pill.key, look, tuple(lines), len(name))

    def _note(self, sources: tuple[StrEnum, ...], main: StrEnum | None) -> str:
        """The note that names many stages, which stands below the last of them."""
        if (key := self._notes.get(sources)) is None:
            key = self._notes[sources] = f"note-{len(self._notes)}"
            self._boxes.append(Box(key, "note", _wrapped(self._say("flow.any", stages=self._named(sources)), _SMALL)))
            if main is not None:
                self._arrows.append(Arrow(main, key, self._plain, dashed=True))
        return key

    def _named(self, sources: Collection[StrEnum]) -> str:
        """Many stages by their names, or by those of the others where these are fewer."""
        others = [stage for stage in self._graph.stages if stage not in sources]
        if len(others) < len(sources):
            return self._say("flow.but", stages=self._say.told("stage", others))
        return self._say.told("stage", list(sources))


# Text


def _width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a line of text is at most, whatever the font."""
    return sum(_em(character) for character in text) * size * (_BOLD if bold else 1)


def _em(character: str) -> float:
    if east_asian_width(character) in "WFA":
        return 1.0
    if character in "mwMW@%":
        return 0.95
    if character in " .,;:'!|()il":
        return 0.34
    return 0.72 if character.isupper() else 0.6


_BREAKS = (re.compile(r"(?<=[、，；：,/])"), re.compile(r"(?<=\s)"), re.compile(r""))
"""Where a line may end: after one of several names, else between words, else anywhere."""


def _wrapped(text: str, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """The text in lines that are not too wide."""
    lines = [""]
    for piece in _pieces(text, size, bold=bold):
        if lines[-1].strip() and _width((lines[-1] + piece).strip(), size, bold=bold) > _WIDEST:
            lines.append("")
        lines[-1] += piece
    return tuple(line.strip() for line in lines)


def _pieces(text: str, size: float, *, bold: bool, breaks: Sequence[re.Pattern[str]] = _BREAKS) -> Iterator[str]:
    for piece in breaks[0].split(text):
        if len(breaks) > 1 and _width(piece.strip(), size, bold=bold) > _WIDEST:
            yield from _pieces(piece, size, bold=bold, breaks=breaks[1:])
        else:
            yield piece


# SVG


def _svg(chart: Chart, id: str, *, alone: bool) -> Iterator[Markup]:
    placed = chart.placed
    width, height = f"{placed.width:.0f}", f"{placed.height:.0f}"
    own = Markup(' xmlns="http://www.w3.org/2000/svg"') if alone else ""
    yield Markup(
        '<svg class="flow flow-{}"{} role="img" aria-labelledby="{}-title {}-desc" width="{}" height="{}"'
        ' viewBox="0 0 {} {}" font-family="{}" text-anchor="middle" stroke-linejoin="round">'
    ).format("wide" if placed.width > _WIDE else "small", own, id, id, width, height, width, height, _FONT)
    yield Markup('<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>').format(
        id, chart.title, id, chart.description
    )
    if alone:
        yield Markup('<rect width="{}" height="{}" fill="#fff"/>').format(width, height)
    lines = zip(chart.arrows, placed.lines, strict=True)
    for arrow, corners in sorted(lines, key=lambda line: _LINES[line[0].look][1]):
        yield _way(arrow, corners)
    for box, rect in zip(chart.boxes, placed.boxes, strict=True):
        yield from _box(box, rect)
    yield Markup("</svg>\n")


def _way(arrow: Arrow, corners: Sequence[tuple[float, float]]) -> Markup:
    """A line with round corners, and its tip."""
    colour, width = _LINES[arrow.look]
    dashes = Markup(' stroke-dasharray="5 4"') if arrow.dashed else ""
    return Markup(
        '<g class="flow-line flow-{}"><path d="{}" fill="none" stroke="{}" stroke-width="{}"{}/>'
        '<path d="{}" fill="{}"/></g>'
    ).format(arrow.look, _rounded(corners), colour, width, dashes, _tip(*corners[-2:]), colour)


def _rounded(corners: Sequence[tuple[float, float]]) -> str:
    path = [f"M{_at(corners[0])}"]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        near, far = _towards(corner, before), _towards(corner, after)
        path.append(f"L{_at(near)}Q{_at(corner)} {_at(far)}")
    path.append(f"L{_at(_towards(corners[-1], corners[-2], _TIP - 1))}")
    return "".join(path)


def _towards(start: tuple[float, float], end: tuple[float, float], most: float = _ROUND) -> tuple[float, float]:
    """The point that lies some way from one towards another, at most in the middle between them."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(most, length / 2) / length if length else 0
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _tip(before: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), length = end, max(abs(end[0] - before[0]) + abs(end[1] - before[1]), 1.0)
    dx, dy = (end[0] - before[0]) / length, (end[1] - before[1]) / length
    back_x, back_y, side_x, side_y = x - dx * _TIP, y - dy * _TIP, -dy * _TIP / 2, dx * _TIP / 2
    wings = ((back_x + side_x, back_y + side_y), (back_x - side_x, back_y - side_y))
    return f"M{_at(end)}L{_at(wings[0])}L{_at(wings[1])}z"


def _at(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _box(box: Box, rect: Rect) -> Iterator[Markup]:
    style = _BOXES[box.look]
    dashes = Markup(' stroke-dasharray="{}"').format(style.dashes) if style.dashes else ""
    corner = _CORNERS.get(box.look, 14 if box.is_stage else 3)
    yield Markup(
        '<g class="flow-box flow-{}"><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="{}" fill="{}"'
        ' stroke="{}" stroke-width="{}"{}/>'
    ).format(box.look, *rect, corner, style.fill, style.stroke, style.width, dashes)
    middle, top = rect.x + rect.width / 2, rect.y + _PAD_Y
    for text, size, bold in box.texts:
        weight = Markup(' font-weight="600"') if bold else ""
        yield Markup('<text x="{:.1f}" y="{:.1f}" font-size="{:g}" fill="{}"{}>{}</text>').format(
            middle, top + size * (_LEADING / 2 + 0.36), size, style.ink if bold else style.small, weight, escape(text)
        )
        top += size * _LEADING
    yield Markup("</g>")
