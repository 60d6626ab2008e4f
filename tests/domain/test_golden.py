from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.case import STEPS
from tests.golden import FOLDER, add_new, declared, difference, path_of, read
from tests.golden.samples import SAMPLES


@pytest.mark.parametrize("wire", declared())
def test_every_stored_name_has_an_example_that_is_read_and_written_as_ever(wire: str) -> None:
    assert path_of(wire).exists(), "a new name: run `python -m tests.golden` and commit the file"
    assert difference(wire) is None


def test_no_stored_name_was_ever_dropped() -> None:
    for file in FOLDER.glob("*.json"):
        assert read(file.stem).step.declared.wire in STEPS


@pytest.mark.parametrize("wire", declared())
def test_every_example_fills_every_field(wire: str) -> None:
    step = SAMPLES[wire]
    assert all(getattr(step, field) not in (None, ()) for field in type(step).model_fields)


def test_new_names_are_added_and_old_files_are_never_touched(tmp_path: Path) -> None:
    assert add_new(tmp_path) == declared()
    file = path_of(declared()[0], tmp_path)
    file.write_text("changed", "utf-8")
    assert add_new(tmp_path) == []
    assert file.read_text("utf-8") == "changed"


def test_a_changed_example_is_noticed(tmp_path: Path) -> None:
    wire = "suggestion.handed_over.v1"
    add_new(tmp_path)
    file = path_of(wire, tmp_path)
    page = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**page, "step": {**page["step"], "lead_unit": "zjj"}}), "utf-8")
    assert difference(wire, tmp_path) == "the stored state is read as another step"
    file.write_text(json.dumps({**page, "state": page["state"].replace('"act":', '"act" :')}), "utf-8")
    assert difference(wire, tmp_path) == "the step is written as other bytes"
