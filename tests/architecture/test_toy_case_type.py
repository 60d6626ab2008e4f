"""Adding a case type touches one file: a toy that is declared here gets everything else from its declaration.

It runs in a process of its own, so that the toy is declared in no other test.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
TOY = '''
from dataclasses import dataclass
from enum import auto

from domain.case import Act, Step
from domain.matter import KEEPERS, Matter, MatterOpening
from domain.values import Line, Word


@dataclass
class Kite(Matter, kind="kite", zh="风筝"):
    """A toy."""

    class Stage(Word):
        MADE = auto()
        FLOWN = auto()
        CLOSED = auto()
        DROPPED = auto()

    colour: str | None = None


class KiteMade(
    MatterOpening, of=Kite, wire="kite.made.v1", zh="制作", opens=True, leads_to=Kite.Stage.MADE, by=KEEPERS
):
    """Somebody makes a kite."""

    colour: Line

    def apply(self, case: Kite, act: Act) -> None:
        super().apply(case, act)
        case.colour = self.colour


class KiteFlown(
    Step, of=Kite, wire="kite.flown.v1", zh="放飞", while_in={Kite.Stage.MADE}, leads_to=Kite.Stage.FLOWN, by=KEEPERS
):
    """The kite flies."""
'''
PROBE = """
import domain.cases
import toy
from datetime import date
from api.main import create_app
from api.openapi import describe
from api.v1 import answers
from api.v1.recording import OPENINGS, STEP_BODIES
from api.web.flowchart import __name__ as charts
from api.web.stepforms import Form
from api.web.viewmodels import Teller
from api.words import words
from domain import procedure
from domain.case import CASE_TYPES, Role
from domain.principal import Principal
from domain.procedure import flow_chart, graph_of
from projections.case_list import row_of
from tests.domain.support import Desk
from tests.golden.examples import example_of
from tests.registry import shipped_registry

kind = CASE_TYPES["kite"]
desk = Desk()
desk.open(example_of(toy.KiteMade, plan=None), date(2026, 3, 2))
desk.take(toy.KiteFlown(), date(2026, 3, 3))
assert desk.live.stage is toy.Kite.Stage.FLOWN
assert row_of(desk.live).kind == "kite"
assert "kite.made" in OPENINGS and toy.KiteFlown in STEP_BODIES
answer = answers.procedure_answer(kind)
assert {step.name for step in answer.steps} >= {"made", "flown", "closed", "linked", "published"}
assert "放飞" in flow_chart(kind)
assert graph_of(kind) is not None
tell = Teller(words("zh"), shipped_registry().jurisdiction("cn-999900"))
form = Form(toy.KiteMade, tell, Principal("u", Role.GENERAL_OFFICE, "cn-999900", "cn-999900"), None, date(2026, 3, 2))
assert {field.name for field in form.fields()} >= {"title", "colour"}
choices = procedure.open_steps(desk.live, Role.GENERAL_OFFICE)
found = {choice.step.declared.name for choice in choices if choice.why is None}
assert "closed" in found and "flown" not in found
print("flies")
"""


def test_a_toy_case_type_gets_routes_forms_chart_list_and_rights_from_one_file(tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(dedent(TOY), "utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout) == (0, "flies\n"), done.stderr


def test_it_gets_the_contract_tests_and_a_line_in_the_table_of_rights_too(tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(
        dedent(TOY).replace("@dataclass\nclass Kite", "@dataclass\nclass Kite", 1), "utf-8"
    )
    probe = """
import domain.cases, toy
toy.Kite.__module__ = "domain.toy"
for step in (toy.KiteMade, toy.KiteFlown):
    step.__module__ = "domain.toy"
import random
from tests.domain.matters import Walk, matters
from tests import permissions
assert toy.Kite in matters()
walk = Walk(toy.Kite, random.Random(1)).begin()
for _ in range(20):
    walk.go_on()
table = permissions.tables()["matters.csv"]
assert "kite.flown" in table and "kite.made" in table
print("counts")
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout) == (0, "counts\n"), done.stderr
