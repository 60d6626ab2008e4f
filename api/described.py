"""What the fields of a model mean: the texts that stand beneath them in its class."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema


class Described(GenerateJsonSchema):
    """A JSON Schema in which each field of a model is described by its text.

    Pydantic does the same by itself (`use_attribute_docstrings`), but when a class is made: for the steps of all case
    types that takes longer than all else that making them needs, in every process.
    """

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """The schema of a model."""
        told = super().model_schema(schema)
        texts = texts_of(schema["cls"])
        for name, field in told.get("properties", {}).items():
            if name in texts:
                field.setdefault("description", texts[name])
        return told


def texts_of(model: type[BaseModel]) -> dict[str, str]:
    """The text of each field that has one, by its name."""
    texts: dict[str, str | None] = {}
    for base in reversed(model.__mro__):
        texts |= _texts(base.__module__).get(base.__qualname__, {})
    return {name: text for name, text in texts.items() if text is not None}


@cache
def _texts(module: str) -> Mapping[str, Mapping[str, str | None]]:
    """For each class of a module its annotated names, with the text that follows."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        return {}
    return dict(_classes(ast.parse(source), ""))


def _classes(node: ast.Module | ast.ClassDef, within: str) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    for one in node.body:
        if isinstance(one, ast.ClassDef):
            yield within + one.name, dict(_fields(one))
            yield from _classes(one, f"{within}{one.name}.")


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str | None]]:
    for one, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            match after:
                case ast.Expr(ast.Constant(str(text))):
                    yield one.target.id, inspect.cleandoc(text)
                case _:
                    yield one.target.id, None
