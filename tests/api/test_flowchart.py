"""What is drawn of a procedure: everything, once, in both languages, and nothing over anything else."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest

import domain.cases  # noqa: F401 - every case type declares itself
from api.web.flowchart import Chart, Progress, chart_of, charts_of_parts
from api.web.layout import Line
from api.words import LANGUAGES, Language, words
from domain import procedure
from domain.case import CASE_TYPES, Case
from domain.cases.suggestion import (
    EvaluationSubmitted,
    HandedOver,
    ReHandlingOrdered,
    ReplyIssued,
    Suggestion,
    SuggestionSubmitted,
)
from domain.cases.supervision.opinion import Opinion

SVG = "{http://www.w3.org/2000/svg}"
Stage = Suggestion.Stage
every_case_type = pytest.mark.parametrize("case_type", CASE_TYPES.values(), ids=list(CASE_TYPES))
every_language = pytest.mark.parametrize("language", LANGUAGES)
FAR = Progress(
    now=Stage.RE_HANDLING,
    entered={
        Stage.SUBMITTED: ["2026-03-02"],
        Stage.REPLIED: ["2026-05-06", "2026-06-01"],
        Stage.RE_HANDLING: ["2026-06-09"],
    },
    ways={
        (SuggestionSubmitted, None, Stage.SUBMITTED),
        (HandedOver, Stage.SUBMITTED, Stage.HANDED_OVER),
        (ReplyIssued, Stage.HANDED_OVER, Stage.REPLIED),
        (EvaluationSubmitted, Stage.REPLIED, Stage.EVALUATED),
        (ReHandlingOrdered, Stage.EVALUATED, Stage.RE_HANDLING),
    },
    open={ReplyIssued},
)


def lines_of(chart: Chart) -> list[Line]:
    numbers = {box.key: number for number, box in enumerate(chart.boxes)}
    return [Line(numbers[arrow.source], numbers[arrow.target], arrow.back) for arrow in chart.arrows]


def drawn(chart: Chart) -> Element:
    return fromstring(chart.svg(alone=True))  # noqa: S314 - we drew it


def box(chart: Chart, name: str) -> tuple[str, tuple[str, ...]]:
    found = [box for box in chart.boxes if box.lines[0] == name]
    assert len(found) == 1, name
    return found[0].look, found[0].lines[1:]


@every_case_type
@every_language
def test_each_stage_of_a_case_type_is_drawn_once(case_type: type[Case], language: Language) -> None:
    say = words(language)
    for chart, stages in [
        (chart_of(say, case_type), tuple(case_type.Stage)),
        *zip(
            charts_of_parts(say, case_type),
            (graph.stages for graph in procedure.graphs_of_parts(case_type).values()),
            strict=True,
        ),
    ]:
        told = [box.lines[0] for box in chart.boxes if box.is_stage]
        assert [name.casefold() for name in told] == [say.label("stage", stage).casefold() for stage in stages]


@every_case_type
def test_each_step_that_moves_a_case_is_drawn_with_who_may_take_it(case_type: type[Case]) -> None:
    say = words("zh")
    text = "".join(drawn(chart_of(say, case_type)).itertext())
    for move in procedure.graph_of(case_type).moves:
        assert move.step.declared.zh in text
        assert all(say.label("role", role) in text for role in move.by)


@every_case_type
def test_every_way_that_is_declared_is_drawn_or_named(case_type: type[Case]) -> None:
    say = words("zh")
    chart = chart_of(say, case_type)
    texts = {box.key: "".join(box.lines) for box in chart.boxes}
    into: dict[str, set[str]] = {}
    for arrow in chart.arrows:
        into.setdefault(arrow.target, set()).add(arrow.source)
    for move in procedure.graph_of(case_type).moves:
        steps = [key for key in into.get(move.target, ()) if move.step.declared.zh in texts[key]]
        assert steps, move
        for stage in move.sources:
            if stage == move.target:
                continue
            name = say.label("stage", stage)
            before = {key for step in steps for key in into[step]}
            named = [texts[key] for key in (*steps, *before) if key not in set(case_type.Stage)]
            others = [text for text in named if text.startswith(say("flow.any", stages="")[:5]) and "除" in text]
            assert stage in before or any(name in text for text in named) or any(name not in text for text in others)


@every_case_type
@every_language
def test_nothing_lies_over_anything_else(case_type: type[Case], language: Language) -> None:
    say = words(language)
    for chart in (chart_of(say, case_type), *charts_of_parts(say, case_type)):
        assert list(chart.placed.faults(lines_of(chart))) == [], chart.title
        for rect in chart.placed.boxes:
            assert 0 < rect.x < rect.x + rect.width < chart.placed.width
            assert 0 < rect.y < rect.y + rect.height < chart.placed.height


@every_language
def test_nothing_lies_over_anything_else_on_the_chart_of_a_case(language: Language) -> None:
    chart = chart_of(words(language), Suggestion, FAR)
    assert list(chart.placed.faults(lines_of(chart))) == []


def test_the_lines_of_a_chart_run_from_box_to_box() -> None:
    chart = chart_of(words("zh"), Opinion)
    for line, corners in zip(lines_of(chart), chart.placed.lines, strict=True):
        for number, (x, y) in ((line.source, corners[0]), (line.target, corners[-1])):
            rect = chart.placed.boxes[number]
            assert rect.x - 1 <= x <= rect.x + rect.width + 1
            assert rect.y - 1 <= y <= rect.y + rect.height + 1


def test_a_step_that_ends_a_case_from_almost_everywhere_hangs_from_one_note() -> None:
    chart = chart_of(words("zh"), Opinion)
    notes = [box for box in chart.boxes if box.look == "note"]
    assert [box.lines for box in notes] == [("任一阶段：除已办结、已终止外",)]
    into = [arrow.target for arrow in chart.arrows if arrow.source == notes[0].key]
    assert {box.lines[0] for box in chart.boxes if box.key in into} == {"办结销号", "终止"}


def test_the_same_chart_is_drawn_each_time() -> None:
    assert chart_of(words("zh"), Suggestion).svg() == chart_of(words("zh"), Suggestion).svg()


def test_a_chart_breaks_no_strict_policy_and_says_what_it_is() -> None:
    root = drawn(chart_of(words("zh"), Suggestion))
    assert root.get("role") == "img"
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "代表建议办理流程"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg", "title", "desc", "g", "path", "rect", "text",
    }  # fmt: skip
    names = {name for element in root.iter() for name in element.attrib}
    assert not any(name == "style" or name.startswith("on") or "href" in name for name in names)


def test_the_chart_of_a_case_shows_where_it_was_when_and_what_is_open_to_whom() -> None:
    chart = chart_of(words("zh"), Suggestion, FAR)
    assert box(chart, "已提出") == ("been", ("2026-03-02",))
    assert box(chart, "已答复") == ("been", ("2026-05-06", "2026-06-01"))
    assert box(chart, "再次办理") == ("now", ("目前阶段", "2026-06-09"))
    assert box(chart, "已撤回") == ("faint", ())
    assert box(chart, "代表评价") == ("taken", ())
    assert box(chart, "代录评价") == ("faint", ())
    replies = [one for one in chart.boxes if one.lines[0] == "答复"]
    look, lines = next((one.look, "".join(one.lines)) for one in replies if one.look != "faint")
    assert (look, "可由" in lines, "承办单位" in lines) == ("open", True, True)
    assert "可由" not in "".join(line for one in chart.boxes if one.look != "open" for line in one.lines)


def test_a_case_that_looked_back_is_said_to_have_been_there() -> None:
    then = Progress(FAR.now, FAR.entered, FAR.ways, FAR.open, past=True)
    assert box(chart_of(words("zh"), Suggestion, then), "再次办理")[1][0] == "当时所处阶段"


def test_the_way_that_a_case_took_is_drawn_also_where_the_procedure_only_names_it() -> None:
    plain, own = chart_of(words("zh"), Suggestion), chart_of(words("zh"), Suggestion, FAR)
    reply = ways(own, Stage.HANDED_OVER, Stage.REPLIED, "taken")
    looks = {(arrow.source, arrow.target): arrow.look for arrow in own.arrows}
    assert looks[reply[0], Stage.REPLIED] == "open"
    assert looks[Stage.RE_HANDLING, reply[0]] == "open"
    assert len(ways(own, "start", Stage.SUBMITTED, "taken")) == 1
    assert ways(plain, Stage.HANDED_OVER, Stage.REPLIED, "step") == []


def ways(chart: Chart, source: str, target: str, look: str) -> list[str]:
    """The steps by which lines of that look lead from one box to another."""
    to = {arrow.source for arrow in chart.arrows if arrow.target == target}
    return [a.target for a in chart.arrows if (a.source, a.look) == (source, look) and a.target in to]


def test_a_long_name_is_told_in_lines_that_fit_their_box() -> None:
    for language in LANGUAGES:
        for one in chart_of(words(language), Opinion).boxes:
            assert one.size[0] <= 240, one
            assert all(one.lines), one
