"""Words as they are searched: what is a lexeme, what a query seeks, and what of a text is marked and cut."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case import AttachmentAdded, Corrected, Voided
from domain.cases import suggestion as s
from domain.person import PersonAdded
from domain.refusal import Refused
from projections.search import open_texts
from projections.wording import Piece, excerpt, in_common, lexemes_of, marked, subject_of, terms_of


@pytest.mark.parametrize(
    ("text", "lexemes"),
    [
        ("加装电梯", ["加装", "装电", "电梯", "梯"]),
        ("梯", ["梯"]),
        ("小区，电梯", ["小区", "区", "电梯", "梯"]),
        ("5G基站", ["5g", "基站", "站"]),
        ("ＢＵＳ１２㎡", ["bus12m2"]),
        ("a_b, C-12.5", ["a", "b", "c", "12", "5"]),
        ("バス停", ["バス", "ス停", "停"]),
        ("…，%_&|!()", []),
        ("x" * 300, ["x" * 100]),
    ],
)
def test_chinese_is_cut_into_pairs_and_other_scripts_into_words(text: str, lexemes: list[str]) -> None:
    assert lexemes_of(text) == lexemes


@pytest.mark.parametrize(
    ("query", "sought"),
    [
        ("电梯 老旧小区", ["电梯", "老旧小区"]),
        ('"old town"  bus', ["old town", "bus"]),
        ("“老旧 小区”", ["老旧 小区"]),
        ('电梯"', ["电梯"]),
        ("电梯 电梯 ＢＵＳ bus", ["电梯", "bus"]),
        ("' OR 1=1; -- &|!:*<->", ["or", "1=1;"]),
        ("%_\\\x00梯", ["%_\\梯"]),
    ],
)
def test_a_query_is_terms_with_blanks_between_them_or_in_quotation_marks(query: str, sought: list[str]) -> None:
    assert [term.text for term in terms_of(query)] == sought


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "nothing-to-search"),
        ("，。；% _ & | '' \x00", "nothing-to-search"),
        ('""', "nothing-to-search"),
        ("梯" * 10_000, "search-too-long"),
        (" ".join("abcdefghijk"), "search-too-many-terms"),
    ],
)
def test_nothing_and_too_much_are_refused(query: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        terms_of(query)
    assert refused.value.message_id == why


def test_what_was_sought_is_marked_in_the_text_as_it_was_written() -> None:
    pieces = marked("老旧小区ＢＵＳ站：bus，buses", terms_of("bus 小区"))
    assert pieces == [
        Piece("老旧", sought=False),
        Piece("小区ＢＵＳ", sought=True),
        Piece("站：", sought=False),
        Piece("bus", sought=True),
        Piece("，buses", sought=False),
    ]


def test_an_excerpt_is_the_line_that_says_most_cut_around_it_and_not_the_title() -> None:
    text = "关于电梯的建议\n电梯\n" + "无" * 100 + "电梯和小区" + "有" * 200
    pieces = excerpt(text, terms_of("电梯 小区"), but={"关于电梯的建议"})
    assert pieces[0] == pieces[-1] == Piece("…", sought=False)
    assert [piece.text for piece in pieces if piece.sought] == ["电梯", "小区"]
    assert len("".join(piece.text for piece in pieces)) < 150
    assert excerpt(text, terms_of("夜间")) == []


@given(st.text(), st.text(min_size=1, max_size=5))
def test_marking_changes_no_text_and_never_fails(text: str, query: str) -> None:
    try:
        terms = terms_of(query)
    except Refused:
        return
    assert "".join(piece.text for piece in marked(text, terms)) == text
    excerpt(text, terms)


def test_what_two_texts_have_in_common_is_told_in_whole_words_without_particles() -> None:
    shared = {"加装": 2.0, "装电": 2.0, "电梯": 2.0, "梯的": 0.5, "bus": 3.0}
    assert in_common("关于加装电梯的建议 bus", "电梯", shared) == ["加装电梯", "bus", "电梯"]
    assert subject_of("加装电梯", "补贴补贴电梯") == {"加装": 2, "装电": 2, "电梯": 2, "补贴": 1, "贴补": 1, "贴电": 1}


# What is open


def test_nothing_of_an_evaluation_an_amendment_or_a_person_is_ever_searched() -> None:
    file = {"sha256": "0" * 64, "media_type": "application/pdf", "size": 1, "kind": "scan"}
    person = {"person": "p-1", "capacity": "petitioner", "name": "某人", "statement": "原话", "phone": "13800000000"}
    closed = [
        s.EvaluationSubmitted(result=s.Grade.DISSATISFIED, reason="没有解决"),
        Corrected(corrects=1, reason="录入有误", approved_by="主任"),
        Voided(voids=1, reason="误录", approved_by="主任"),
        AttachmentAdded.model_validate({**file, "name": "征询意见表.pdf", "about": 3}),
        PersonAdded.model_validate(person),
    ]
    assert [open_texts(step) for step in closed] == [[]] * len(closed)
    named = AttachmentAdded.model_validate({**file, "name": "答复函.pdf"})
    assert open_texts(named) == ["答复函.pdf"]


def test_what_people_wrote_is_open_and_what_names_a_code_is_not() -> None:
    reply = s.ReplyIssued(
        unit="jtj",
        outcome="A",
        document_number="云交函〔2026〕1号",
        letter="已增开",
        points=(s.PointAnswer(point="线路", answer="两条"),),
        commitments=(s.Promise(commitment="c-1", text="年底前开通", due_on=date(2026, 12, 31)),),
    )
    assert open_texts(reply) == ["云交函〔2026〕1号", "已增开", "线路", "两条", "年底前开通"]
    opened = s.SuggestionSubmitted(jurisdiction="cn-999900", time_zone="Asia/Shanghai", title="标题", lead_deputy="d-1")
    assert open_texts(opened) == ["标题"]
