import re
import string
from importlib import import_module
from pathlib import Path

import pytest

import domain.cases  # noqa: F401 - every case type declares itself
from api.problems import STATUS
from api.web.previews import NOT_TOLD
from api.words import LANGUAGES, language, words
from domain.case import CASE_TYPES, Role
from domain.part import Part
from domain.rulebook import load_rulebook, rulebook_ids
from projections.case_list import Row

ROOT = Path(__file__).parents[2]
RAISED = re.compile(r'(?:Refused|Contradiction|ProblemError|LedgerUnavailableError)\(\s*"([a-z0-9-]+)"')
FOUND = re.compile(r'yield\s*\(?\s*"([a-z]+(?:-[a-z]+)+)"')
ZH, EN = words("zh"), words("en")


def raised(*folders: str) -> set[str]:
    files = (file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    texts = [file.read_text("utf-8") for file in files if "sample" not in file.parts]
    return {id for text in texts for pattern in (RAISED, FOUND) for id in pattern.findall(text)}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_both_languages_say_the_same_things() -> None:
    assert set(ZH.entries) == set(EN.entries)


def test_both_languages_name_the_same_parameters() -> None:
    for id in ZH.entries:
        assert placeholders(ZH.entries[id]) == placeholders(EN.entries[id]), id


def test_every_refusal_and_finding_has_words() -> None:
    assert {id for id in raised("domain", "adapters", "api") | set(STATUS) if id not in ZH} == set()


def test_every_refusal_that_the_api_may_answer_has_a_title() -> None:
    asked = raised("domain", "api", "adapters/postgres", "adapters/identity") | set(STATUS)
    assert {id for id in asked if f"title.{id}" not in ZH} == set()


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_every_stage_and_role_has_a_name(tongue: str) -> None:
    stages = {str(stage) for case_type in CASE_TYPES.values() for stage in case_type.Stage}
    for part in Part.__subclasses__():
        stages |= {str(stage) for stage in part.Stage}  # type: ignore[attr-defined]
    tell = words("zh") if tongue == "zh" else words("en")
    assert {stage for stage in stages if f"stage.{stage}" not in tell} == set()
    assert {role for role in Role if f"role.{role}" not in tell} == set()


def test_every_date_that_somebody_named_has_a_name() -> None:
    rules = {rule for id in rulebook_ids() for rule in load_rulebook(id).clocks}
    named = set()
    for file in (ROOT / "domain").rglob("*.py"):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for constant in re.findall(r"clock\.agreed\(\s*([A-Z_]+)", file.read_text("utf-8")):
            named.add(getattr(import_module(module), constant))
    assert len(named) > 5
    assert {name for name in named - rules if f"page.clock_name.{name}" not in ZH} == set()


def test_every_column_that_a_preview_compares_has_a_name() -> None:
    assert {name for name in Row._fields if name not in NOT_TOLD and f"page.row.{name}" not in ZH} == set()


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        (None, "zh"),
        ("", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, en;q=0.2, zh;q=0.4", "zh"),
        ("fr", "zh"),
        ("en;q=oops", "zh"),
    ],
)
def test_a_reader_is_answered_in_his_language(accepted: str | None, spoken: str) -> None:
    assert language(accepted) == spoken


def test_a_sentence_calls_stages_roles_and_steps_by_their_names() -> None:
    told = ZH("step-not-open", stage="handed_over", step="suggestion.submitted.v1", open_in=["submitted", "accepted"])
    assert told == "案件目前处于“已交办”阶段，不能办理“提出”；可办理的阶段：已提出、已立案。"


def test_a_missing_parameter_never_breaks_an_answer() -> None:
    assert "…" in ZH("unknown-unit")
    assert ZH("no-such-id") == "no-such-id"


def test_a_reason_is_told_in_the_readers_language() -> None:
    assert ZH("value-not-allowed", reason="string_too_long", max_length=500) == "内容不符合要求：最多 500 个字符。"
    assert "satisfied, dissatisfied" in EN.fault("enum", {"expected": "'satisfied' or 'dissatisfied'"})
    assert "satisfied、dissatisfied" in ZH.fault("enum", {"expected": "'satisfied' or 'dissatisfied'"})
    assert "never_met_before" in ZH.fault("never_met_before", {})
