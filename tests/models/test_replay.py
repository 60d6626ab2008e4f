"""Exported histories, read and replayed by programs that we did not write, on nets that were written from the law."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from adapters.exchange.ocel import EventLogs
from domain.case import CASE_TYPES, Corrected, Voided
from domain.procedure import opening_name, steps_of
from tests.models import histories
from tests.models.corruption import CORRUPTIONS, Log, corrupted
from tests.models.nets import Net, kinds, nets_of
from tests.models.outside import TOOLS, ask

pytestmark = pytest.mark.slow

NETS = [net for kind in kinds() for net in nets_of(kind)]
OF_CASES = [nets_of(kind)[0] for kind in kinds()]
FEWEST = 3
"""Cases of a type that each corruption must find."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def exported(folder: Path) -> dict[str, Any]:
    """All histories, written in both formats; what the JSON says."""
    for format, name in (("ocel-json", "whole.json"), ("ocel-sqlite", "whole.sqlite")):
        pieces = EventLogs().write(histories.event_log(), format)  # type: ignore[arg-type]  # a literal in a tuple
        (folder / name).write_bytes(b"".join(pieces))
    read: dict[str, Any] = json.loads((folder / "whole.json").read_bytes())
    return read


@pytest.fixture(scope="module")
def broken(folder: Path, exported: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """For each kind of corruption a log, and the cases of each type that are corrupted in it."""
    log, found = Log(exported), {}
    for name in CORRUPTIONS:
        corrupt, found[name] = corrupted(log, OF_CASES, name)
        (folder / f"{name}.json").write_text(json.dumps(corrupt, ensure_ascii=False), "utf-8")
    return found


@pytest.fixture(scope="module")
def asked(folder: Path, exported: dict[str, Any], broken: dict[str, Any]) -> dict[str, Future[dict[str, Any]]]:
    """What each tool will have found; they work at the same time."""
    assert exported["events"]
    logs = [str(folder / name) for name in ("whole.json", "whole.sqlite", *(f"{name}.json" for name in broken))]
    job, pool = {"logs": logs, "nets": _written(folder, exported)}, ThreadPoolExecutor(len(TOOLS))
    return {tool: pool.submit(ask, tool, job, folder) for tool in TOOLS}


@pytest.fixture(scope="module", params=TOOLS)
def answers(request: pytest.FixtureRequest, asked: dict[str, Future[dict[str, Any]]]) -> dict[str, Any]:
    """What a tool says of every log, by the log's name."""
    found = asked[request.param].result()
    return {Path(path).name: told for path, told in found.items()} | {"tool": request.param}


def _written(folder: Path, exported: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Every net for every stage in which a history may end, as files by type and stage."""
    events = {one["type"] for one in exported["events"]}
    paths: dict[str, dict[str, str]] = {}
    for net in NETS:
        for stage in net.places:
            path = folder / f"{net.object}-{stage}.pnml"
            path.write_text(net.as_pnml(stage, events), "utf-8")
            paths.setdefault(net.object, {})[stage] = str(path)
    return paths


def unfit(told: dict[str, Any]) -> set[str]:
    """The objects whose history does not lead to their stage."""
    return {id for id, cost in told["deviations"].items() if cost != 0}


@pytest.mark.parametrize("net", OF_CASES, ids=lambda net: net.object)
def test_a_net_knows_every_step_of_its_case_type_and_no_other(net: Net) -> None:
    steps = [step for step in steps_of(CASE_TYPES[net.object]) if not issubclass(step, (Corrected, Voided))]
    names = {opening_name(step) for step in steps}
    for one in nets_of(net.object):
        assert one.events <= names, one.object
        assert {name for pair in one.before for name in pair} <= one.events, one.object
    assert {name for name in names if not name.startswith("case.")} <= net.events


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.object)
def test_a_net_knows_the_stages_and_the_events_of_its_case_type(net: Net, exported: dict[str, Any]) -> None:
    kind = net.object.partition(".")[0]
    events = {one["name"] for one in exported["eventTypes"]}
    of_kind = [one for one in exported["objects"] if one["type"] == net.object]
    assert of_kind
    told = {value["value"] for one in of_kind for value in one["attributes"] if value["name"] == "stage"}
    assert told <= set(net.places)
    if net.object == kind:
        assert set(net.places) - {"start"} == set(CASE_TYPES[kind].Stage)
        assert net.openings & events


@pytest.mark.shared_data
def test_the_json_is_as_the_published_schema_wants_it(exported: dict[str, Any], shared_data: Path) -> None:
    schema = json.loads((shared_data / "ocel" / "schema_ocel2.json").read_bytes())
    fewer = exported | {"events": exported["events"][::7], "objects": exported["objects"][::7]}
    assert [error.message for error in Draft7Validator(schema).iter_errors(fewer)] == []


def test_nothing_is_tied_to_what_is_not_there_and_no_id_is_given_twice(exported: dict[str, Any]) -> None:
    objects = {one["id"]: one["type"] for one in exported["objects"]}
    assert len(objects) == len(exported["objects"])
    assert len({event["id"] for event in exported["events"]}) == len(exported["events"])
    for one in (*exported["objects"], *exported["events"]):
        assert [tie for tie in one["relationships"] if tie["objectId"] not in objects] == []
    for event in exported["events"]:
        hows = Counter(tie["qualifier"] for tie in event["relationships"])
        assert hows["case"] + hows["amends"] == 1
        assert len({tie["objectId"] for tie in event["relationships"]}) == len(event["relationships"])
    types = {kind: {one["name"]: one for one in exported[f"{kind}Types"]} for kind in ("event", "object")}
    for kind, items in (("event", exported["events"]), ("object", exported["objects"])):
        for one in items:
            known = {attribute["name"] for attribute in types[kind][one["type"]]["attributes"]}
            assert {value["name"] for value in one["attributes"]} <= known


def test_another_program_finds_in_both_files_all_that_was_written(
    answers: dict[str, Any], exported: dict[str, Any]
) -> None:
    about = next(one for one in exported["objects"] if one["type"] == "export")
    objects = exported["objects"]
    written = {
        "events": len(exported["events"]),
        "objects": len(objects),
        "relations": sum(len(event["relationships"]) for event in exported["events"]),
        "ties": sum(len(one["relationships"]) for one in objects),
    }
    values = [value["value"] for one in objects for value in one["attributes"]]
    told = {"whole.json": len(values), "whole.sqlite": len(values)}
    if answers["tool"] == "pm4py":
        # It drops what no event is about: here, the object that tells of the export.
        written["objects"] -= 1
        told = {name: count - len(about["attributes"]) for name, count in told.items()}
    else:
        # It skips what a table says by NULL: that something has no value any more.
        told["whole.sqlite"] -= values.count("null")
    for name, count in told.items():
        assert {key: answers[name][key] for key in (*written, "values")} == {**written, "values": count}, name
    assert answers["whole.sqlite"].get("broken", []) == []


def test_every_exported_history_leads_to_the_stage_of_its_object(
    answers: dict[str, Any], exported: dict[str, Any]
) -> None:
    modelled = Counter(one["type"] for one in exported["objects"] if one["type"] in {net.object for net in NETS})
    for name in ("whole.json", "whole.sqlite"):
        told = answers[name]
        assert unfit(told) == set(), name
        assert len(told["deviations"]) == modelled.total()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corrupted_history_is_found_and_no_other(
    answers: dict[str, Any], broken: dict[str, dict[str, list[str]]], name: str
) -> None:
    found = unfit(answers[f"{name}.json"])
    for kind, cases in broken[name].items():
        assert len(cases) >= FEWEST, kind
        assert set(cases) - found == set(), kind
    touched = {case for cases in broken[name].values() for case in cases}
    others = {id for id in found if id.partition("/")[0] not in touched}
    # The case to which an event was related that is another's does not fit either.
    assert len(others) == (len(kinds()) if name == "relate_to_another_case" else 0)
