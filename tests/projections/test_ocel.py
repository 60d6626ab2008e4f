"""What an event log holds of a case at a moment: steps as they stand, what they are about, and nothing of a person."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.exchange.ocel import EventLogs, _mapped
from domain import policy
from domain.case import STEPS, AttachmentAdded, Role
from domain.casefile import CaseFile
from domain.cases.appointment import ActKind, AppointmentProposed
from domain.cases.suggestion import EvaluationInvited, EvaluationSubmitted, Grade, ReHandlingOrdered, ReplyIssued
from domain.docket import Docket
from domain.moment import Moment, end_of_day
from domain.personal import NoKeys
from domain.principal import Principal
from projections.ocel import (
    ENVELOPE,
    CaseLog,
    Entered,
    EventLog,
    LogEvent,
    LogFormat,
    LogObject,
    LogType,
    Value,
    log_of,
    type_of_step,
)
from tests.api.story import Story
from tests.domain.support import LEAD, ZONE, Desk, act
from tests.domain.test_attachment import Shelf, added
from tests.domain.test_person import NAME, PHONE, Office
from tests.domain.test_person import added as person_added
from tests.registry import shipped_registry

PLACE = "cn-999900"
FORMATS: tuple[LogFormat, ...] = ("ocel-json", "ocel-sqlite")
UNIT = Principal("jtj-1", Role.HANDLING_UNIT, LEAD, PLACE)


ENTERED = Entered(lambda code: shipped_registry().entries(code))


def log(file: CaseFile, as_of: date = date(2027, 12, 31), known: int | None = None) -> CaseLog:
    moment = Moment(end_of_day(as_of, ZONE), 2**62 if known is None else known)
    found = log_of(file.history, moment, ENTERED)
    assert found is not None
    return found


def named(found: CaseLog, name: str) -> list[LogEvent]:
    return [event for event in found.events if event.type.name == name]


def thing(found: CaseLog, ending: str) -> LogObject:
    return next(one for one in found.objects if one.id.endswith(ending))


def written(*cases: CaseLog, folder: Path) -> tuple[dict[str, Any], sqlite3.Connection]:
    """The log of cases as JSON, and as a database."""
    about: dict[str, Value] = {"position": 7, "made_at": datetime(2026, 11, 22, tzinfo=UTC)}
    as_json, as_sql = (b"".join(EventLogs().write(EventLog(iter(cases), ENTERED, about), one)) for one in FORMATS)
    (folder / "log.sqlite").write_bytes(as_sql)
    return json.loads(as_json), sqlite3.connect(folder / "log.sqlite")


@pytest.fixture
def story() -> CaseFile:
    """A suggestion with two rounds, a correction, a void and a late entry."""
    desk = Desk()
    return desk.docket.case_file(Story(desk.docket).everything())


# Events


def test_steps_are_events_as_they_stand_and_what_amended_them_stands_beside(story: CaseFile) -> None:
    found = log(story)
    (handed_over,) = named(found, "suggestion.handed_over")
    assert handed_over.attributes["occurred_on"] == "2026-03-06"
    assert (handed_over.attributes["corrected"], handed_over.attributes["lead_unit"]) == (True, "jtj")
    assert len(named(found, "suggestion.re_handling_ordered")) == 1
    amendments = [event for event in found.events if "amends" in event.objects.values()]
    assert [event.type.name for event in amendments] == ["case.corrected", "case.voided"]
    assert all("place_in_case" not in event.attributes for event in amendments)
    assert len(found.events) == len(story.history) - 1
    assert len({event.id for event in found.events}) == len(found.events)


def test_a_late_entry_stands_where_it_happened(story: CaseFile) -> None:
    (contact,) = named(log(story), "suggestion.contact_made")
    (opinion,) = named(log(story), "suggestion.co_opinion_submitted")
    (extension,) = named(log(story), "suggestion.extension_granted")
    assert contact.attributes["late"] is True
    places = [int(str(event.attributes["place_in_case"])) for event in (opinion, contact, extension)]
    assert places == sorted(places)


def test_a_log_holds_what_was_true_and_known_at_its_moment(story: CaseFile) -> None:
    early = log(story, as_of=date(2026, 3, 31))
    assert [event.type.name for event in early.events] == [
        "suggestion.submitted",
        "suggestion.handed_over",
        "suggestion.signed_for",
        "suggestion.signed_for",
        "suggestion.co_opinion_submitted",
    ]
    before_its_correction = log(story, known=story.history[1].position)
    (handed_over,) = named(before_its_correction, "suggestion.handed_over")
    assert (handed_over.attributes["occurred_on"], handed_over.attributes["corrected"]) == ("2026-03-05", False)
    moment = Moment(end_of_day(date(2026, 1, 1), ZONE), 2**62)
    assert log_of(story.history, moment, ENTERED) is None


def test_an_event_says_in_which_role_and_on_what_paper_and_never_who(story: CaseFile) -> None:
    (handed_over,) = named(log(story), "suggestion.handed_over")
    told = handed_over.attributes
    assert (told["acting_role"], told["acting_office"]) == ("deputy_affairs", "rd")
    assert (told["paper_number"], told["name_zh"]) == ("云人办〔2026〕3号", "交办")
    assert str(told["counted_under"]).startswith(f"{PLACE}@")
    everything = str([event.attributes for event in log(story).events])
    assert "clerk-1" not in everything
    assert "市交通运输局" not in everything


def test_no_field_of_a_step_is_called_as_something_else_that_an_event_says() -> None:
    names = [type_of_step(step).name for step in STEPS.values()]
    assert len({_mapped(name).lower() for name in names}) == len(names)
    for step in STEPS.values():
        attributes = [name.lower() for name, _ in type_of_step(step).attributes]
        assert len(set(attributes)) == len(attributes), step
        assert not {"ocel_id", "ocel_time", "ocel_changed_field"} & set(attributes)
    assert len(dict(ENVELOPE)) == len(ENVELOPE)


# Objects


def test_an_event_is_about_the_case_its_parts_units_and_deputies(story: CaseFile) -> None:
    found, case = log(story), story.id
    named_units = {one.code: one.id for one in shipped_registry().entries(PLACE) if one.kind == "unit"}
    deputies = {one.code: one.id for one in shipped_registry().entries(PLACE) if one.kind == "deputy"}
    (handed_over,) = named(found, "suggestion.handed_over")
    assert handed_over.objects == {
        case: "case",
        f"{case}/assignment/jtj": "part",
        f"{case}/assignment/czj": "part",
        f"{case}/round/1": "part",
        named_units["jtj"]: "unit",
        named_units["czj"]: "unit",
    }
    first, second = named(found, "suggestion.reply_issued")
    assert {f"{case}/commitment/夜间线路", f"{case}/round/1", f"{case}/assignment/jtj"} <= set(first.objects)
    assert f"{case}/round/2" in second.objects
    evaluated = named(found, "suggestion.evaluation_submitted")[0]
    assert evaluated.objects[deputies["d-001"]] == "acting deputy"
    ties = {(tie.source, tie.target): tie.qualifier for tie in found.ties}
    assert ties[case, deputies["d-001"]] == "brought by"
    assert (ties[case, named_units["jtj"]], ties[case, named_units["czj"]]) == ("led by", "handled by")
    assert ties[f"{case}/assignment/jtj", case] == "part of"
    assert ties[f"{case}/assignment/jtj", named_units["jtj"]] == "of"


def test_an_object_keeps_what_it_was_and_since_when(story: CaseFile) -> None:
    case = thing(log(story), story.id)
    assert (case.attributes["stage"], case.attributes["number"]) == ("submitted", "2026-001")
    stages = [(f"{c.time:%m-%d}", c.value) for c in case.changes if c.name == "stage"]
    assert stages == [
        ("03-06", "handed_over"),
        ("03-09", "in_handling"),
        ("06-24", "replied"),
        ("07-03", "evaluated"),
        ("07-10", "re_handling"),
        ("08-04", "replied"),
        ("08-12", "evaluated"),
    ]
    due = [c.value for c in case.changes if c.name == "due_on"]
    assert due[1] == "2026-06-30"
    answered = [c.value for c in case.changes if c.name == "answered_on"]
    assert answered == ["2026-06-24", None, "2026-08-04"]
    share = thing(log(story), "/assignment/czj")
    assert [c.value for c in share.changes if c.name == "stage"] == ["signed_for", "opinion_given", "re_handling"]


def test_what_is_not_any_more_is_null_in_both_formats(story: CaseFile, tmp_path: Path) -> None:
    as_json, sql = written(log(story), folder=tmp_path)
    case = next(one for one in as_json["objects"] if one["id"] == story.id)
    told = [value["value"] for value in case["attributes"] if value["name"] == "answered_on"]
    rows = sql.execute(
        "SELECT answered_on FROM object_Suggestion WHERE ocel_changed_field = 'answered_on' ORDER BY ocel_time"
    )
    assert told == ["2026-06-24", "null", "2026-08-04"]
    assert [value for (value,) in rows] == ["2026-06-24", None, "2026-08-04"]


def test_both_formats_say_the_same(story: CaseFile, tmp_path: Path) -> None:
    as_json, sql = written(log(story), folder=tmp_path)
    tables: dict[str, list[tuple[str, ...]]] = {
        "event": [(one["id"], one["type"]) for one in as_json["events"]],
        "object": [(one["id"], one["type"]) for one in as_json["objects"]],
        "event_object": [
            (one["id"], tie["objectId"], tie["qualifier"]) for one in as_json["events"] for tie in one["relationships"]
        ],
        "object_object": [
            (one["id"], tie["objectId"], tie["qualifier"]) for one in as_json["objects"] for tie in one["relationships"]
        ],
    }
    for table, rows in tables.items():
        assert set(sql.execute(f"SELECT * FROM {table}")) == set(rows)
        assert len(set(rows)) == len(rows)
    assert sql.execute("PRAGMA foreign_key_check").fetchall() == []
    times = [one["time"] for one in as_json["events"]]
    assert times == sorted(times)
    about = next(one for one in as_json["objects"] if one["type"] == "export")
    told = {value["name"]: value["value"] for value in about["attributes"]}
    assert (told["position"], told["cases"], told["events"]) == ("7", "1", str(len(as_json["events"])))
    assert told["rulebooks"].startswith(f"{PLACE}@")


def test_a_case_that_is_not_in_the_log_is_tied_to_nothing(tmp_path: Path) -> None:
    story = Story(Desk().docket)
    first = story.open("2026-02-26", "一件")
    from domain.cases.suggestion import Relation, SimilarLinked  # noqa: PLC0415 - of this test alone

    second = story.open("2026-02-27", "又一件")
    story.record(second, "2026-03-01", SimilarLinked(other=first, relation=Relation.REPEAT))
    logs = [log(story.docket.case_file(case)) for case in (first, second)]
    both, _ = written(*logs, folder=tmp_path)
    alone, _ = written(logs[1], folder=tmp_path)
    ties = [[t for one in found["objects"] for t in one["relationships"]] for found in (both, alone)]
    assert {"objectId": first, "qualifier": "repeat"} in ties[0]
    assert [tie for tie in ties[1] if tie["objectId"] == first] == []
    (linked,) = named(logs[1], "suggestion.similar_linked")
    assert first not in linked.objects
    assert linked.attributes["other"] == first


def test_a_unit_that_the_registry_does_not_know_is_an_object_by_its_code() -> None:
    known = Entered(lambda _: [])
    assert known.by_code(PLACE, "unit", "gone") == f"unit:{PLACE}:gone"
    assert known.by_code(PLACE, "unit", "gone") == f"unit:{PLACE}:gone"
    assert [one.attributes["number"] for one in known.objects()] == ["gone"]


def test_a_file_is_an_object_of_its_case() -> None:
    desk = Desk()
    desk.docket = Docket(desk.ledger, shipped_registry(), lambda: desk.now, Shelf())
    desk.handed_over()
    desk.take(added(), date(2026, 3, 10), Role.DEPUTY_AFFAIRS)
    found = log(desk.docket.case_file(desk.case_id))
    (event,) = named(found, "case.attachment_added")
    (file,) = [id for id, how in event.objects.items() if how == "attachment"]
    step = desk.history[-1].step
    assert isinstance(step, AttachmentAdded)
    assert thing(found, file).attributes["sha256"] == step.sha256
    assert (file, desk.case_id, "attached to") in found.ties


def test_whom_a_matter_is_about_is_no_deputy_who_brought_it() -> None:
    desk = Desk()
    opening = AppointmentProposed(
        jurisdiction=PLACE, title="任命案", candidate="示例一", post="局长", kind=ActKind.APPOINT
    )
    case = desk.docket.open(opening, act(date(2026, 3, 2), Role.GENERAL_OFFICE)).case_id
    found = log(desk.docket.case_file(case))
    assert thing(found, case).attributes["person"] == "示例一"
    assert "brought by" not in {tie.qualifier for tie in found.ties}


def test_what_changes_to_and_fro_at_one_time_is_told_once_or_not_at_all() -> None:
    at = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3)]
    thing = LogObject("x", LogType("x", (("due_on", "string"), ("stage", "string"))), [None, "a"], at[0])
    for values in (["2026-04-01", "b"], [None, "c"], [None, "a"]):
        thing.become(at[1], values)
    assert thing.changes == []
    thing.become(at[2], ["2026-05-01", "c"])
    assert [(one.name, one.value) for one in thing.changes] == [("due_on", "2026-05-01"), ("stage", "c")]


# What is not told


def test_nothing_of_a_person_is_in_a_log(tmp_path: Path) -> None:
    office = Office(tmp_path / "keys")
    office.open()
    office.does(person_added())
    office.erases()
    for file in (office.file, office.told()):
        as_json, sql = written(log(file), folder=tmp_path)
        text = json.dumps(as_json, ensure_ascii=False) + "\n".join(sql.iterdump())
        for secret in (NAME, PHONE, '"sealed"', '"kept"', "petitioner"):
            assert secret not in text
        (event,) = named(log(file), "case.person_added")
        assert set(event.attributes) <= set(dict(ENVELOPE))
        assert set(event.objects.values()) <= {"case", "acting unit", "acting deputy"}


def test_a_deputys_sealed_word_stays_sealed_in_a_log(tmp_path: Path) -> None:
    desk = Desk().replied()
    desk.take(EvaluationInvited(), date(2026, 5, 7))
    said = EvaluationSubmitted(result=Grade.DISSATISFIED, reason="没有解决", solved=False)
    desk.take(said, date(2026, 5, 8), Role.DEPUTY)
    during, file = datetime(2026, 5, 9, tzinfo=UTC), desk.docket.case_file(desk.case_id)
    shown = policy.as_shown(file, policy.scope(UNIT), during, NoKeys())
    as_json, _ = written(log(shown), folder=tmp_path)
    text = json.dumps(as_json, ensure_ascii=False)
    assert "没有解决" not in text
    assert "dissatisfied" not in text
    (event,) = named(log(shown), "suggestion.evaluation_submitted")
    assert (event.attributes["result"], event.attributes.get("solved")) == ("sealed", None)
    whole, _ = written(log(file), folder=tmp_path)
    assert "没有解决" in json.dumps(whole, ensure_ascii=False)


# Written


def test_cases_are_written_one_by_one_as_they_are_read() -> None:
    desk = Desk().replied()
    desk.take(ReHandlingOrdered(), date(2026, 5, 8))
    desk.take(ReplyIssued(unit=LEAD, outcome="A"), date(2026, 5, 9))
    one, alive, most = log(desk.docket.case_file(desk.case_id)), 0, 0

    class Counted(CaseLog):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def cases() -> Iterator[CaseLog]:
        nonlocal alive, most
        for n in range(50):
            events = [LogEvent(f"{n}-{e.id}", e.type, e.time, e.attributes, e.objects) for e in one.events]
            alive += 1
            most = max(most, alive)
            yield Counted(events, one.objects, one.ties, one.rulebooks, one.calendars)

    pieces = EventLogs().write(EventLog(cases(), ENTERED, {}), "ocel-json")
    found = json.loads(b"".join(pieces))
    assert len(found["events"]) == 50 * len(one.events)
    assert most <= 3


def test_a_log_that_breaks_off_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken() -> Iterator[CaseLog]:
        raise ConnectionError
        yield

    for format in FORMATS:
        with pytest.raises(ConnectionError):
            EventLogs().write(EventLog(broken(), ENTERED, {}), format)
        for _ in EventLogs().write(EventLog(iter(()), ENTERED, {}), format):
            pass
    assert list(tmp_path.iterdir()) == []
