import json
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from inspect import getmembers, isclass
from pkgutil import iter_modules
from typing import Any, get_args

import pytest
from openapi_spec_validator import validate
from pydantic import BaseModel, Field, create_model

import domain.cases  # noqa: F401 - every case type declares itself
from api import v1
from api.described import Described
from api.problems import OF_PAGES, STATUS
from domain.case import STEPS
from tools.openapi import APPROVED, described


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(described())
    return found


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in description["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_the_approved_description_is_that_of_todays_code() -> None:
    assert APPROVED.read_bytes() == described(), "the API has changed: python -m tools.openapi"


def test_the_description_is_valid_openapi(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    validate(description)


def test_every_declared_step_has_an_operation_of_its_own(description: dict[str, Any]) -> None:
    ids = {operation["operationId"] for _, _, operation in operations(description)}
    for step in STEPS.values():
        assert step.declared.opens or f"record_{step.declared.name}" in ids, step.declared.wire
    openings = description["paths"]["/api/v1/cases"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    named = set(openings["discriminator"]["mapping"])
    assert named == {step.declared.wire.rpartition(".")[0] for step in STEPS.values() if step.declared.opens}


class Told(BaseModel):
    """A model whose fields have texts."""

    name: str
    """Whose it is."""
    day: str = Field(default="", description="Said to Pydantic")
    """Not told besides."""
    silent: int = 0


class ToldOtherwise(Told):
    """One that says a field anew."""

    name: str = "nobody"
    added: int = 0
    """In more
    than one line."""


@pytest.mark.parametrize(
    ("model", "texts"),
    [
        (Told, {"name": "Whose it is.", "day": "Said to Pydantic", "silent": None}),
        (ToldOtherwise, {"name": None, "day": "Said to Pydantic", "silent": None, "added": "In more\nthan one line."}),
        (create_model("Made", __base__=Told, more=(int, 0)), {"name": "Whose it is.", "more": None}),
    ],
)
def test_a_field_is_described_by_the_text_beneath_it(model: type[BaseModel], texts: dict[str, str | None]) -> None:
    properties = model.model_json_schema(schema_generator=Described)["properties"]
    assert {name: properties[name].get("description") for name in texts} == texts


def test_every_post_names_its_request_key_and_every_step_of_a_case_its_version(description: dict[str, Any]) -> None:
    keyless = {
        "/api/v1/attachments",
        "/api/v1/cases/{case_id}/persons/{person}/readings",
        "/api/v1/figures/what-if",
        "/api/v1/figures/what-if/export",
    }
    for path, method, operation in operations(description):
        headers = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method == "post" and path not in keyless), path
        recorded = method == "post" and "{case_id}" in path and path not in keyless
        assert ("If-Match" in headers) == recorded, path


def test_every_problem_of_the_table_is_described(description: dict[str, Any]) -> None:
    told = "".join(answer["description"] for answer in description["components"]["responses"].values())
    unasked = {"method-not-allowed", "not-found", "unknown-problem"} | {id for ids in OF_PAGES.values() for id in ids}
    assert {id for id in STATUS if id not in told} <= unasked


def test_no_operation_needs_a_token_but_those_of_version_one(description: dict[str, Any]) -> None:
    for path, _, operation in operations(description):
        assert ("security" in operation) == path.startswith("/api/v1"), path


def test_no_two_answers_have_one_name_in_the_description() -> None:
    modules = [import_module(f"api.v1.{found.name}") for found in iter_modules(v1.__path__)]
    named = Counter(
        name
        for module in modules
        for name, model in getmembers(module, isclass)
        if issubclass(model, BaseModel) and model.__module__ == module.__name__ and name.endswith("Answer")
    )
    steps = {kept.__name__ for step in STEPS.values() for kept in parts_of(step)}
    assert [name for name, count in named.items() if count > 1 or name in steps] == []


def parts_of(step: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The models that the fields of a step hold."""
    for field in step.model_fields.values():
        for kept in (field.annotation, *get_args(field.annotation)):
            if isinstance(kept, type) and issubclass(kept, BaseModel):
                yield kept
