"""Rules and steps fit together, and a check says so where they do not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import domain.cases  # noqa: F401 - every case type declares itself
from domain.rulebook import Article, ClockRule, OrderRule, PollRule, Rulebook, load_rulebook, rulebook_ids
from domain.rulecheck import differences, gaps, unmeasured, unmentioned

NATIONAL = "cn-national"
STATED: dict[str, Any] = {
    "id": "test.rule",
    "zh": "规则",
    "en": "rule",
    "explanation": {"zh": "-", "en": "-"},
    "force": "customary",
    "confidence": "D",
    "sources": [{"text": "-", "kind": "D"}],
    "stated_in": "test@2026-01-01",
}


def with_rule(table: str, rule: Any) -> Rulebook:
    book = load_rulebook(NATIONAL)
    return book.model_copy(update={table: {**getattr(book, table), rule.id: rule}})


@pytest.mark.parametrize("id", rulebook_ids())
def test_no_rule_that_ships_is_about_nothing(id: str) -> None:
    assert list(gaps(load_rulebook(id))) == []


def test_a_clock_that_no_step_starts_is_found() -> None:
    rule = ClockRule.model_validate(STATED | {"count": 3, "unit": "month"})
    assert [(gap.message_id, gap.rule) for gap in gaps(with_rule("clocks", rule))] == [
        ("clock-never-starts", "test.rule")
    ]


@pytest.mark.parametrize("table", ["gates", "orders"])
def test_an_order_about_a_step_that_there_is_not_is_found(table: str) -> None:
    fields = {"before": ["no.such.v1"], "requires": [["nor.this.v1", "matter.closed.v1"]], "since": ["nor.that.v1"]}
    order = OrderRule.model_validate(STATED | fields)
    assert [(gap.message_id, gap.what) for gap in gaps(with_rule(table, order))] == [
        ("unknown-step-in-rule", "no.such.v1"),
        ("unknown-step-in-rule", "nor.this.v1"),
        ("unknown-step-in-rule", "nor.that.v1"),
    ]


def test_an_order_of_steps_that_no_case_type_has_together_is_found() -> None:
    order = OrderRule.model_validate(STATED | {"before": ["plan.adopted.v1"], "requires": ["opinion.adopted.v1"]})
    assert [(gap.message_id, gap.what) for gap in gaps(with_rule("orders", order))] == [
        ("order-of-no-case", "plan.adopted.v1")
    ]


def test_a_poll_that_no_step_holds_is_found() -> None:
    shares = {"base": "valid", "satisfied_over": 0.5, "basically_over": 0.5, "consequence": {"zh": "-", "en": "-"}}
    poll = PollRule.model_validate(STATED | shares)
    assert [(gap.message_id, gap.rule) for gap in gaps(with_rule("polls", poll))] == [("poll-never-held", "test.rule")]


def test_what_no_step_measures_yet_is_listed_and_not_silently_passed_over() -> None:
    rule = ClockRule.model_validate(STATED | {"count": 3, "unit": "month", "measured": False})
    book = with_rule("clocks", rule)
    assert (list(gaps(book)), rule in unmeasured(book)) == ([], True)


def test_a_clock_that_a_step_has_come_to_start_is_not_marked_as_unmeasured_for_ever() -> None:
    reply = load_rulebook(NATIONAL).clocks["suggestion.reply"].model_copy(update={"measured": False})
    assert [gap.message_id for gap in gaps(with_rule("clocks", reply))] == ["measured-already"]


def test_an_article_about_a_step_that_there_is_not_is_found() -> None:
    duty = {"form": "shown", "zh": "-", "en": "-", "steps": ["no.such.v1"]}
    article = Article.model_validate(STATED | {"set": "test", "number": 1, "duties": [duty]})
    assert [gap.what for gap in gaps(with_rule("articles", article))] == ["no.such.v1"]


def test_what_changes_with_a_version_is_told_rule_by_rule() -> None:
    old, new = load_rulebook(NATIONAL, "2026-11-22"), load_rulebook(NATIONAL, "2026-11-29")
    found = {(one.table, one.rule): one for one in differences(old, new)}
    added = found["clocks", "rectification.report"]
    assert (added.old, added.fields) == (None, [])
    assert ("clocks", "suggestion.reply") not in found
    assert differences(new, new) == []


def test_a_rule_that_says_something_else_is_told_field_by_field() -> None:
    book = load_rulebook(NATIONAL)
    longer = book.clocks["suggestion.reply"].model_copy(update={"count": 4})
    changed = differences(book, with_rule("clocks", longer))
    assert [(one.rule, one.fields) for one in changed] == [("suggestion.reply", [("count", 3, 4)])]


def test_steps_of_which_no_rule_says_anything_can_be_listed() -> None:
    wires = {step.declared.wire for step in unmentioned(load_rulebook("cn-999900"))}
    assert "suggestion.progress_reported.v1" in wires
    assert "plan.adopted.v1" not in wires
    assert "rectification.report_sent_for_comment.v1" not in wires


def test_each_step_is_in_a_rule_or_in_a_test() -> None:
    files = [file for suffix in ("py", "net", "lines") for file in Path(__file__).parents[1].rglob(f"*.{suffix}")]
    words = {word for file in files for word in re.findall(r"\w+", file.read_text(encoding="utf-8"))}
    silent = [
        step.declared.wire
        for step in unmentioned(load_rulebook("cn-999900"))
        if step.__name__ not in words and step.declared.name not in words
    ]
    assert silent == []
