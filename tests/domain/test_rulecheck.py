"""Rules and steps fit together, and a check says so where they do not."""

from __future__ import annotations

from typing import Any

import pytest

import domain.cases  # noqa: F401 - every case type declares itself
from domain.rulebook import Article, ClockRule, GateRule, Rulebook, load_rulebook, rulebook_ids
from domain.rulecheck import differences, gaps, unmentioned

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


def test_a_rule_about_a_step_or_a_gate_that_there_is_not_is_found() -> None:
    gate = GateRule.model_validate(STATED | {"before": ["no.such.v1"], "requires": ["heaven"]})
    assert [(gap.message_id, gap.what) for gap in gaps(with_rule("gates", gate))] == [
        ("unknown-step-in-rule", "no.such.v1"),
        ("unknown-gate", "heaven"),
    ]
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
