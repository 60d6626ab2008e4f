"""The API's description (OpenAPI 3.1), with the bodies that are read by hand and the problems that there may be."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.described import Described
from api.problems import MEDIA_TYPE, Problem
from api.v1 import bulk, each
from api.v1.persons import ReadingGiven
from api.v1.recording import bodies

VERSION = "1.0.0"
TITLE = "督办 Duban"
DESCRIPTION = """Every step of a procedure is an operation of its own, derived from the step's declaration.

- **Two clocks.** `as_of` = what was true then, `known_at` or `position` = what had been recorded by then;
  every answer says both.
- **Writing.** `Idempotency-Key` on every POST but that of a file and of a reading, `If-Match` with the case's `ETag`
  on every step of an existing case.
- **Problems.** Every error is `application/problem+json` (RFC 9457); its `type` is a page of this service.
"""
TAGS = [
    {"name": "cases", "description": "Cases, lists and counts at a moment"},
    {"name": "steps", "description": "Recording steps"},
    {"name": "attachments", "description": "Files that belong to a case"},
    {"name": "persons", "description": "What is kept of persons, read for an occasion"},
    {"name": "figures", "description": "Metrics at a moment, over time, and the cases behind them"},
    {"name": "search", "description": "What cases say, and suggestions that are alike"},
    {"name": "cards", "description": "What is told of a unit, a deputy, a committee, a district"},
    {"name": "integrity", "description": "Questions about how evaluations came about"},
    {"name": "export", "description": "Stored steps"},
    {"name": "rules", "description": "Procedures and rulebooks"},
    {"name": "service", "description": "How the service is"},
]
_REFS = "#/components/schemas/{model}"


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of the application's operations."""
    schema = get_openapi(
        title=TITLE,
        version=VERSION,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=[*each(app.routes)],
        tags=TAGS,
    )
    models: list[type[BaseModel]] = [*bodies(), *bulk.BODIES.values(), ReadingGiven, Problem]
    _, defined = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REFS, schema_generator=Described
    )
    components = schema.setdefault("components", {})
    components["schemas"] = dict(sorted({**components.get("schemas", {}), **defined["$defs"]}.items()))
    for model in models:
        if model.__name__ not in components["schemas"]:
            raise TypeError(f"two models are called {model.__name__}")
    components["responses"] = _shared(schema)
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return schema


def _shared(schema: dict[str, Any]) -> dict[str, Any]:
    """The answers with a problem, told once instead of with every operation."""
    shared: dict[str, Any] = {}
    for path in schema["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if MEDIA_TYPE in answer.get("content", ()):
                    shared[f"problem-{status}"] = answer
                    operation["responses"][status] = {"$ref": f"#/components/responses/problem-{status}"}
    return dict(sorted(shared.items()))
