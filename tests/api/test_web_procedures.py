"""The pages of the procedures, and the chart of a case on its own page."""

from __future__ import annotations

import re

import pytest

from api.words import LANGUAGES
from domain.case import CASE_TYPES, STEPS
from domain.cases.suggestion import Suggestion
from domain.procedure import steps_of
from tests.api.conftest import Office
from tests.api.story import Story
from tests.api.test_web import Links, read

pytestmark = pytest.mark.database


def chart(text: str) -> str:
    """What is drawn first on a page."""
    return text.partition('<svg class="flow ')[2].partition("</svg>")[0]


def way(text: str) -> list[tuple[str, str, str]]:
    """The table of the stages that a case went through."""
    table = text.partition('id="flow"')[2].partition("</section>")[0].partition("<tbody>")[2]
    return re.findall(r'<th scope="row">(.*?)</th><td class="date">(.*?)</td><td><a href="(.*?)">', table)


def test_every_case_type_is_listed_and_each_has_a_page_with_its_chart(office: Office) -> None:
    found = Links(read(office, "/procedures")).to("/procedures/")
    assert sorted(found) == sorted(f"/procedures/{kind}" for kind in CASE_TYPES)
    for kind, case_type in CASE_TYPES.items():
        for language in LANGUAGES:
            text = read(office, f"/procedures/{kind}?lang={language}")
            assert text.count('class="flow-box flow-stage"') >= len(case_type.Stage), kind
            assert "flow." not in re.sub(r'"[^"]*"', "", text), kind


def test_what_the_magazine_draws_is_listed_first_in_its_order(office: Office) -> None:
    drawn = sorted((number, kind) for kind, one in CASE_TYPES.items() if (number := one.in_magazine) is not None)
    assert [number for number, _ in drawn] == [1, 2, 3, 4, 5, 6, 7]
    listed = Links(read(office, "/procedures")).to("/procedures/")
    assert listed[:7] == [f"/procedures/{kind}" for _, kind in drawn]


def test_a_procedure_lists_each_step_with_who_may_take_it_and_each_clock_with_its_source(office: Office) -> None:
    text = read(office, "/procedures/suggestion?lang=zh")
    for step in steps_of(Suggestion):
        assert f'<th scope="row">{step.declared.zh}</th>' in text
    hand_over = text.partition('<th scope="row">交办</th>')[2].partition("</tr>")[0]
    assert "代表工作机构、办公室、政府办公室" in hand_over
    assert "已提出、已立案、已并案" in hand_over
    assert "起算：" in hand_over
    clocks = text.partition('id="clocks"')[2]
    reply = clocks.partition('<th scope="row">答复</th>')[2].partition("</tr>")[0]
    assert "3 个月" in reply
    assert "最长6 个月" in reply
    assert "article 51" in reply
    assert 'href="https://' in reply


def test_a_case_type_that_there_is_not_is_said_to_be_none(office: Office) -> None:
    assert "没有" in read(office, "/procedures/nothing", 404)


def test_a_case_shows_the_way_it_took_and_who_may_go_on(office: Office) -> None:
    case_id = Story(office.services.docket).everything()
    text = read(office, f"/cases/{case_id}?lang=zh")
    stages = [(stage, day) for stage, day, _ in way(text)]
    assert stages == [
        ("已提出", "2026-02-26"),
        ("已交办", "2026-03-06"),
        ("办理中", "2026-03-09"),
        ("已答复", "2026-06-24"),
        ("已评价", "2026-07-03"),
        ("再次办理", "2026-07-10"),
        ("已答复", "2026-08-04"),
        ("已评价", "2026-08-12"),
    ]
    assert all(f'id="{link.removeprefix("#")}"' in text for _, _, link in way(text))
    now = chart(text).partition('class="flow-box flow-now"')[2].partition("</g>")[0]
    assert re.findall(r">([^<>]+)</text>", now) == ["已评价", "目前阶段", "2026-07-03", "2026-08-12"]
    assert chart(text).count('class="flow-box flow-open"') == 3
    assert "可由" in chart(text)
    assert "/procedures/suggestion" in Links(text).found


def test_at_an_earlier_moment_a_case_shows_the_way_it_had_taken_by_then(office: Office) -> None:
    case_id = Story(office.services.docket).everything()
    text = read(office, f"/cases/{case_id}?as_of=2026-05-01&lang=zh")
    assert [stage for stage, _, _ in way(text)] == ["已提出", "已交办", "办理中"]
    now = chart(text).partition('class="flow-box flow-now"')[2].partition("</g>")[0]
    assert re.findall(r">([^<>]+)</text>", now) == ["办理中", "当时所处阶段", "2026-03-09"]
    known = f"/cases/{case_id}?as_of=2026-05-01&position={office.began + 3}&lang=zh"
    assert [(stage, day) for stage, day, _ in way(read(office, known))] == [
        ("已提出", "2026-02-26"),
        ("已交办", "2026-03-05"),
        ("办理中", "2026-03-09"),
    ]


def test_the_graph_of_a_procedure_is_answered_as_data(office: Office) -> None:
    said = office.get("/api/v1/procedures/suggestion").json()
    assert [node["code"] for node in said["graph"]["nodes"]] == [str(stage) for stage in Suggestion.Stage]
    hand_over = next(edge for edge in said["graph"]["edges"] if edge["step"] == "handed_over")
    assert hand_over == {
        "step": "handed_over",
        "zh": "交办",
        "en": "Handed over",
        "sources": ["submitted", "accepted", "merged"],
        "target": "handed_over",
        "by": ["deputy_affairs", "general_office", "government_office"],
    }
    assert {edge["target"] for edge in said["parts"]["commitments"]["edges"]} == {"revised", "fulfilled", "abandoned"}
    assert {edge["step"] for edge in said["graph"]["edges"]} <= {step.declared.name for step in STEPS.values()}
