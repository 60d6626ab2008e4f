"""What the pages are made of: words for everything, style for old browsers, no file of others."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import StrEnum
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path
from types import ModuleType

import pytest
from jinja2 import Environment, PackageLoader, nodes

from api.web import listing
from api.words import LANGUAGES, Language, words
from domain.case import STEPS

STATIC = Path(listing.__file__).parent / "static"
DATA = Path(__file__).parent / "data"
NOT_TOLD = {
    "id",
    "clocks",
    "past_clocks",
    "taken",
    "key",
    "stage",
    "corrects",
    "voids",
    "of",
    "precision",
    "changes",
    "deadline",
}


OF_CASES = tuple(f"domain.{name}" for name in ("cases.", "personal", "matter", "ballot", "comments", "rectification"))
"""The modules whose dataclasses are shown."""
_STAGES = dict.fromkeys(("stage", "rectification", "ending"), "stage")
"""Names of the enumerations whose values are stages."""


def _enums(module: ModuleType) -> Iterator[type[StrEnum]]:
    for _, found in getmembers(module, isclass):
        for one in (found, *(inner for _, inner in getmembers(found, isclass))):
            if issubclass(one, StrEnum) and one is not StrEnum:
                yield one


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_and_every_value_of_a_case_type_has_words(language: Language) -> None:
    say = words(language)
    modules = {import_module(step.__module__) for step in STEPS.values()} | {import_module("domain.rulebook")}
    wanted = {f"page.field.{name}" for step in STEPS.values() for name in step.model_fields if name not in NOT_TOLD}
    for module in modules:
        for _, found in getmembers(module, isclass):
            if is_dataclass(found) and found.__module__.startswith(OF_CASES):
                wanted |= {f"page.field.{field.name}" for field in fields(found) if field.name not in NOT_TOLD}
        for found in _enums(module):
            table = found.__name__.lower()
            prefix = _STAGES.get(table, table) if table in {"role", *_STAGES} else f"page.{table}"
            wanted |= {f"{prefix}.{value.value}" for value in found}
    assert sorted(key for key in wanted if key not in say) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_a_template_asks_for_is_there(language: Language) -> None:
    environment = Environment(loader=PackageLoader("api.web"), autoescape=True)
    asked = set()
    for name in environment.list_templates():
        source = environment.loader.get_source(environment, name)[0]  # type: ignore[union-attr]
        for call in environment.parse(source).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t" and isinstance(call.args[0], nodes.Const):
                asked.add(call.args[0].value)
    assert len(asked) > 40
    assert sorted(key for key in asked if key not in words(language)) == []


def test_style_stays_within_what_old_browsers_know() -> None:
    css = (STATIC / "app.css").read_text("utf-8")
    for banned in (":has(", "color-mix", "oklch", "@layer", "@import", "url(", "&:", "& ", ":is(", ":where(", "inset:"):
        assert banned not in css, banned


def test_no_colour_depends_on_how_wide_the_window_is() -> None:
    css = (STATIC / "app.css").read_text("utf-8")
    narrow = re.findall(r"^@media [^{]*-width: [^{]*\{(?: .* \}$|\n(?:  .*\n)*\})", css, re.MULTILINE)
    assert len(narrow) == len(re.findall(r"@media [^{]*-width", css)) > 0
    for rules in narrow:
        assert re.findall(r"color|background|opacity|filter|shadow", rules) == [], rules


@pytest.mark.parametrize(("folder", "licence"), [(DATA, "MPL-2.0"), (STATIC / "vendor", "Apache-2.0")])
def test_third_party_files_are_as_published(folder: Path, licence: str) -> None:
    vendor = tomllib.loads((folder / "VENDOR.toml").read_text("utf-8"))
    assert vendor["licence"] == licence
    for name, expected in vendor["sha512"].items():
        assert hashlib.sha512((folder / name).read_bytes()).hexdigest() == expected


def test_the_pages_use_no_third_party_file_but_the_charts() -> None:
    assert {file.name for file in STATIC.iterdir()} == {"app.css", "chart.js", "favicon.svg", "moment.js", "vendor"}
    told = {"LICENSE.txt", "NOTICE.txt", "VENDOR.toml", "echarts.common.min.js"}
    assert {file.name for file in (STATIC / "vendor").iterdir()} == told
