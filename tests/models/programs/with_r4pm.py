"""Read event logs, and replay them on nets, with r4pm. Run by the tests in a virtual environment of its own."""

import json
import sys
from pathlib import Path

import r4pm
from r4pm import bindings

known, read = {}, {}
"""What histories cost, and the nets that were read."""


def told(path, asked):
    log = r4pm.convert_item(r4pm.import_item("OCEL", path), "SlimLinkedOCEL")
    objects, events = list(objects_of(log)), list(events_of(log))
    found = {
        "events": len(events),
        "objects": len(objects),
        "relations": sum(len(event["relationships"]) for event in events),
        "ties": sum(len(one["relationships"]) for one in objects),
        "values": sum(len(one["attributes"]) for one in objects),
    }
    if asked.get("nets"):
        found["deviations"] = deviations(objects, events, asked["nets"])
    return found


def objects_of(log):
    for kind in bindings.locel_get_ob_types(log):
        for number in bindings.locel_get_obs_of_type(log, kind):
            yield bindings.locel_get_full_ob(log, number)


def events_of(log):
    for kind in bindings.locel_get_ev_types(log):
        for number in bindings.locel_get_evs_of_type(log, kind):
            yield bindings.locel_get_full_ev(log, number)


def deviations(objects, events, nets):
    """What each object's history costs; None where no way leads to its stage."""
    steps = [(event["time"], place, event) for event in events if (place := place_of(event)) is not None]
    traces = {}
    for _, _, event in sorted(steps, key=lambda step: step[:2]):
        for tie in event["relationships"]:
            if tie["qualifier"] in {"case", "part"}:
                traces.setdefault(tie["objectId"], []).append(event["type"])
    found = {}
    for one in objects:
        if one["type"] not in nets:
            continue
        said = [(value["time"], value["value"]) for value in one["attributes"] if value["name"] == "stage"]
        stage, trace = max(said, key=lambda value: value[0])[1], tuple(traces.get(one["id"], ()))
        if stage not in nets[one["type"]]:
            found[one["id"]] = None
            continue
        pnml = nets[one["type"]][stage]
        if pnml not in read:
            read[pnml] = r4pm.petri_net.import_pnml(pnml)
        if (pnml, trace) not in known:
            known[pnml, trace] = cost_of(read[pnml], list(trace))
        found[one["id"]] = known[pnml, trace]
    return found


def place_of(event):
    value = next((one["value"] for one in event["attributes"] if one["name"] == "place_in_case"), None)
    return None if value is None else int(value)


def cost_of(net, trace):
    try:
        return bindings.align_trace(net, trace)["cost"]
    except Exception:  # no way leads to the end
        return None


asked = json.loads(Path(sys.argv[1]).read_text("utf-8"))
Path(sys.argv[2]).write_text(json.dumps({path: told(path, asked) for path in asked["logs"]}), "utf-8")
