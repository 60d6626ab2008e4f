"""Read event logs, and replay them on nets, with pm4py. Run by the tests in a virtual environment of its own."""

import json
import sys
import warnings
from pathlib import Path

import pm4py
from pm4py.algo.conformance.alignments.petri_net import algorithm as alignments
from pm4py.objects.log.obj import Event, Trace
from pm4py.objects.ocel.validation import jsonocel, ocel20_rel_validation

DEVIATION = 10_000
"""What pm4py's alignments cost for each move that only the log or only the model makes."""
known, read = {}, {}
"""What histories cost, and the nets that were read."""


def told(path, asked):
    log = pm4py.read_ocel2(path)
    found = {
        "events": len(log.events),
        "objects": len(log.objects),
        "relations": len(log.relations),
        "ties": len(log.o2o),
        "values": int(log.objects.notna().sum().sum()) - 2 * len(log.objects) + len(log.object_changes),
    }
    if "schema" in asked and path.endswith(".json"):
        found["valid"] = jsonocel.apply(path, asked["schema"])
    if path.endswith(".sqlite"):
        found["broken"] = ocel20_rel_validation.apply(path)[1]
    if asked.get("nets"):
        found["deviations"] = deviations(log, asked["nets"])
    return found


def deviations(log, nets):
    """What each object's history costs; None where no way leads to its stage."""
    steps = log.events[log.events["place_in_case"].notna()]
    steps = steps.assign(place=steps["place_in_case"].astype(int))
    steps = steps.sort_values(["ocel:timestamp", "place"], kind="stable")
    ties = log.relations[log.relations["ocel:qualifier"].isin(["case", "part"])]
    merged = steps[["ocel:eid", "ocel:activity"]].merge(ties[["ocel:eid", "ocel:oid"]], on="ocel:eid", how="left")
    traces = merged.groupby("ocel:oid", sort=False)["ocel:activity"].agg(tuple).to_dict()
    stages = log.objects.set_index("ocel:oid")["stage"].to_dict()
    changed = log.object_changes
    if len(changed) and "stage" in changed:
        moved = changed[changed["ocel:field"] == "stage"].sort_values("ocel:timestamp", kind="stable")
        stages |= dict(zip(moved["ocel:oid"], moved["stage"], strict=True))
    found = {}
    for id, kind in zip(log.objects["ocel:oid"], log.objects["ocel:type"], strict=True):
        if kind not in nets:
            continue
        stage, trace = stages.get(id), traces.get(id, ())
        if stage not in nets[kind]:
            found[id] = None
            continue
        if (kind, stage) not in read:
            read[kind, stage] = pm4py.read_pnml(nets[kind][stage])
        if (kind, stage, trace) not in known:
            wanted = Trace([Event({"concept:name": name}) for name in trace])
            aligned = alignments.apply_trace(
                wanted, *read[kind, stage], variant=alignments.Variants.VERSION_DIJKSTRA_LESS_MEMORY
            )
            known[kind, stage, trace] = None if aligned is None else int(aligned["cost"] // DEVIATION)
        found[id] = known[kind, stage, trace]
    return found


warnings.simplefilter("ignore")
asked = json.loads(Path(sys.argv[1]).read_text("utf-8"))
Path(sys.argv[2]).write_text(json.dumps({path: told(path, asked) for path in asked["logs"]}), "utf-8")
