"""The command line, as a person or a script meets it: what it prints, and how it ends."""

import csv
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
import pytest
import structlog
from typer.main import get_command

from adapters.embedded import _wheel
from adapters.exchange.checking import Answer, Asked, Checkers, Job
from adapters.exchange.sangiin_questions import SangiinQuestions
from adapters.postgres.projector import Projector
from adapters.settings import load_settings
from adapters.wiring import build, sealer
from api import cli
from api.commands.troubles import LOG, explained, unforeseen
from domain.account import Whence
from domain.attachment import AttachmentKind
from domain.case import Act, AttachmentAdded, Corrected, Role, Voided
from domain.cases.legislation import RegulationEntered
from domain.cases.suggestion import HandedOver, SuggestionSubmitted
from domain.moment import parse_occurred
from domain.principal import Principal
from tests.adapters.papers import pdf
from tests.conftest import Cluster
from tests.registry import steps_entered

ROOT = Path(__file__).parents[2]
ENTERED = steps_entered()
PROGRAM = [sys.executable, "-m", "api.cli"]
PROGRAMS = _wheel() / "pginstall" / "bin"
PG_DUMP, PG_RESTORE = PROGRAMS / "pg_dump", PROGRAMS / "pg_restore"
PATIENCE = 60.0


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@cache
def made() -> Callable[[], object]:
    """The tree of all commands: typer makes it anew at every call, which a process does once."""
    return get_command(cli.app)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Runs a command in an English terminal, with a data directory of its own."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(cli, "app", made())
    root = logging.getLogger()
    before = root.handlers, root.level

    def command(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["duban", *arguments])
        capfd.readouterr()
        try:
            cli.main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code or 0
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err
        assert isinstance(code, int)
        return Done(code, printed.out, printed.err)

    yield command
    root.handlers, level = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def installation(run: Run, database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands over a migrated database."""
    monkeypatch.setenv("DUBAN_DATABASE_URL", database)
    return run


class Told(NamedTuple):
    """Two suggestions: one was handed over and corrected, one was voided after a mistake."""

    first: str
    second: str
    between: str


def act(day: str) -> Act:
    at, precision = parse_occurred(day, "Asia/Shanghai")
    return Act(actor="clerk-1", role=Role.DEPUTY_AFFAIRS, office="rd", occurred_at=at, precision=precision)


@pytest.fixture
def story(installation: Run, database: str) -> Told:
    del installation
    with closing(build(load_settings(), database, name="story")) as services:
        docket = services.docket
        submitted = SuggestionSubmitted(
            jurisdiction="cn-999900", title="增开夜间公交", lead_deputy="d-001", number="2026-001"
        )
        first = docket.open(submitted, act("2026-03-01")).case_id
        docket.record(first, HandedOver(lead_unit="jtj", co_units=("czj",)), act("2026-03-05"))
        other = submitted.model_copy(update={"title": "公开采购价格", "number": "2026-002"})
        second = docket.open(other, act("2026-03-02"))
        assert second.recorded_at is not None
        docket.record(
            first,
            Corrected(corrects=2, changes={"co_units": ["gaj"]}, reason="抄错", approved_by="主任"),
            act("2026-06-02"),
        )
        docket.record(second.case_id, HandedOver(lead_unit="jyj"), act("2026-03-06"))
        docket.record(second.case_id, Voided(voids=2, reason="误录", approved_by="主任"), act("2026-06-03"))
    Projector(database).catch_up()
    return Told(first, second.case_id, second.recorded_at.isoformat())


def leaves(command: Any, path: str = "duban") -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    if not inner and not command.hidden:
        yield path, command
    for name, sub in inner.items():
        yield from leaves(sub, f"{path} {name}")


# Help


def test_every_command_says_what_it_does_and_gives_an_example() -> None:
    for path, command in leaves(get_command(cli.app)):
        assert command.help, path
        assert path in command.epilog
        assert all(p.help for p in command.params if p.name != "help" and not p.hidden), path


@pytest.mark.parametrize(
    ("locale", "words"), [("C", "Keep the projections up to date"), ("zh_CN.UTF-8", "使投影保持最新"), ("", "Keep the")]
)
def test_help_speaks_the_persons_language(locale: str, words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"LANG", "LC_ALL", "LC_MESSAGES"}}
    done = subprocess.run(
        [*PROGRAM, "projector", "--help"],
        cwd=ROOT,
        env=environment | {"LC_ALL": locale, "PYTHONUTF8": "1"},
        capture_output=True,
        check=True,
    )
    assert words in done.stdout.decode()


def test_help_loads_nothing_heavy() -> None:
    script = "import sys, api.cli; print(sorted({'pydantic', 'psycopg', 'fastapi', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_reference_lists_every_command_and_every_setting() -> None:
    done = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# Cases


@pytest.mark.database
def test_a_list_has_its_cases_its_counts_and_its_moment(installation: Run, story: Told) -> None:
    done = installation("case", "list", "--sort", "number", "--json")

    assert done.code == 0
    assert [row["case_id"] for row in done.json["cases"]] == [story.first, story.second]
    assert done.json["counts"]["total"] == 2
    assert done.json["counts"]["overdue"] == 1
    assert done.json["moment"]["position"] == ENTERED + 6


@pytest.mark.database
def test_a_list_for_people_tells_the_counts_and_keeps_the_moment_apart(installation: Run, story: Told) -> None:
    del story
    done = installation("case", "list", "--state", "unassigned")
    assert "公开采购价格" in done.out
    assert "增开夜间公交" not in done.out
    assert "1 of 1 cases; 1 unassigned" in done.out
    assert f"known at now (position {ENTERED + 6})" in done.err


@pytest.mark.database
@pytest.mark.usefixtures("story")
def test_the_work_of_an_office_a_unit_and_a_deputy_is_told(installation: Run) -> None:
    done = installation("work", "--role", "general_office", "--json")
    assert done.code == 0, done.err
    counts = done.json["counts"]
    assert counts["total"] == len(done.json["work"]) > 0
    assert {row["who"] for row in done.json["work"]} == {"deputy_affairs"}
    shown = installation("work")
    assert str(counts["total"]) in shown.out
    assert "position" in shown.err
    unit = installation("work", "--role", "handling_unit", "--office", "jtj", "--as-of", "2026-03-10", "--json")
    assert {row["who"] for row in unit.json["work"]} <= {"handling_unit:jtj"}
    deputy = installation("work", "--deputy", "d-001", "--light", "undated", "--json")
    assert {row["due_on"] for row in deputy.json["work"]} <= {None}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--role", "king"], 1, "king"),
        (["--role", "handling_unit"], 2, "--office"),
        (["--role", "deputy"], 2, "--deputy"),
        (["--office", "jtj"], 2, "--role handling_unit"),
        (["--light", "red"], 2, "overdue"),
        (["--step", "nothing"], 1, "nothing"),
    ],
)
def test_work_that_cannot_be_asked_for_is_one_clear_line(
    arguments: list[str], code: int, says: str, installation: Run
) -> None:
    done = installation("work", *arguments)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_the_board_of_the_articles_is_told_at_any_moment(installation: Run) -> None:
    told = installation("compliance", "--year", "2026", "--as-of", "2026-06-30", "--json").json
    assert told["year"] == 2026
    assert {article["set"] for article in told["articles"]} >= {"eighteen", "party_side", "practice"}
    shown = installation("compliance", "--as-of", "2026-06-30")
    assert shown.code == 0
    assert "2026" in shown.err
    assert installation("compliance", "--year", "3").code == 2


def test_figures_are_told_in_whole_by_a_dimension_and_over_time(installation: Run) -> None:
    told = installation("figures", "handed_over", "reply_rate", "--by", "unit", "--json").json
    counted = {one["metric"]: one for one in told["figures"]}
    assert counted["handed_over"]["numerator"] == sum(part["numerator"] for part in counted["handed_over"]["by"])
    shown = installation("figures", "reply_rate", "--by", "unit")
    assert "Reply rate" in shown.out
    course = installation("figures", "reply_rate", "--since", "2026-01-01", "--pace", "month", "--json").json
    assert course["points"][0]["day"] == "2026-01-31"
    assert "denominator" in installation("figures", "reply_rate", "--since", "2026-01-01").out
    assert installation("figures", "happiness").code == 1
    assert installation("figures", "--by", "weather").code == 1
    [by_stage] = installation("figures", "handed_over", "--by", "stage", "--json").json["figures"]
    for part in by_stage["by"]:
        [of_stage] = installation("figures", "handed_over", "--stage", part["key"], "--json").json["figures"]
        assert of_stage["numerator"] == part["numerator"]
    assert installation("figures", "--stage", "in-the-air").code == 2
    assert installation("figures", "--since", "2026-01-01").code == 1
    assert installation("figures", "reply_rate", "--since", "2026-01-01", "--pace", "hour").code == 1


@pytest.mark.usefixtures("story")
def test_what_cases_say_is_found_at_any_moment(installation: Run) -> None:
    told = installation("search", "公", "--json", "--limit", "1").json
    assert (len(told["found"]), told["terms"], told["total"]) == (1, ["公"], 2)
    assert told["rulebook"].startswith("cn-999900@")
    shown = installation("search", "公", "--kind", "suggestion")
    assert told["found"][0]["title"] in shown.out
    assert installation("search", "公", "--as-of", "2020-01-01", "--json").json["found"] == []
    assert installation("search", "，。").code == 1
    assert installation("search", "梯" * 300).code == 1
    assert installation("search", "公", "--kind", "happiness").code in {1, 4}


@pytest.mark.usefixtures("story")
def test_suggestions_like_one_or_like_a_title_are_named_at_any_moment(installation: Run) -> None:
    found = installation("search", "公", "--kind", "suggestion", "--json").json["found"]
    told = installation("similar", "--title", found[0]["title"], "--json").json
    assert told["similar"][0]["case_id"] == found[0]["case_id"]
    assert told["rulebook"].startswith("cn-999900@")
    shown = installation("similar", "--title", found[0]["title"])
    assert found[0]["case_id"] in shown.out
    like_it = installation("similar", found[0]["case_id"], "--json").json["similar"]
    assert found[0]["case_id"] not in {one["case_id"] for one in like_it}
    early = installation("similar", "--title", found[0]["title"], "--as-of", "2020-01-01", "--json")
    assert early.json["similar"] == []
    assert installation("similar", found[0]["case_id"], "--as-of", "2020-01-01").code == 4
    assert installation("similar").code == 2
    assert installation("similar", "no-such-case").code == 4


@pytest.mark.usefixtures("story")
def test_figures_are_simulated_under_another_limit_and_say_so(installation: Run, tmp_path: Path) -> None:
    file = tmp_path / "supposed.json"
    file.write_text('{"limits": {"suggestion.reply": {"count": 1, "unit": "month"}}}', "utf-8")
    at = ("figures", "overdue", "--by", "unit", "--as-of", "2026-05-01", "--what-if", str(file))
    told = installation(*at, "--json").json
    [overdue] = told["figures"]
    assert told["simulation"] is True
    assert (overdue["real"]["numerator"], overdue["simulated"]["numerator"]) == (0, 1)
    shown = installation(*at)
    assert "Simulated" in shown.out
    assert "A simulation" in shown.err
    file.write_text('{"weather": "sunny"}', "utf-8")
    assert installation(*at).code == 1


def test_what_a_document_stated_is_counted_again(installation: Run, database: str, story: Told) -> None:
    sealer(load_settings(), database).once()
    who = ("--actor", "clerk", "--role", "general_office", "--occurred-at", "2026-06-01")
    said = {"title": "关于办理情况的报告", "as_of": "2026-05-31", "figures": [{"metric": "handed_over", "unit": "jtj"}]}
    fields = ("--fields", json.dumps(said))
    case = installation("case", "open", "published_figures.published", *who, *fields, "--json").json["case_id"]
    with closing(build(load_settings(), database, name="story")) as services:
        voided = Voided(voids=2, reason="误录", approved_by="主任")
        services.docket.record(story.first, voided, act("2026-06-02"))
    Projector(database).catch_up()
    told = installation("published-figures", case, "--json").json
    [document], [counted] = told["publications"], told["figures"]
    assert (document["title"], document["figures"][0]["of"]) == ("关于办理情况的报告", {"unit": "jtj"})
    assert (counted["stated"]["numerator"], counted["reproduced"], counted["now"]["numerator"]) == (1, True, 0)
    [change] = installation("published-figures", case, "--figure", "1", "--json").json["changes"]
    assert [step["type"] for step in change["steps"]] == ["case.voided.v1"]
    assert "关于办理情况的报告" in installation("published-figures").out
    assert "handed_over@1" in installation("published-figures", case).out
    assert "case.voided.v1" in installation("published-figures", case, "--figure", "1").out
    assert installation("published-figures", case, "--figure", "9").code == 1
    assert installation("published-figures", story.first).code == 4


def test_the_register_of_regulations_is_told_at_any_moment(installation: Run, database: str) -> None:
    with closing(build(load_settings(), database, name="story")) as services:
        entered = RegulationEntered(
            jurisdiction="cn-999900", title="云江市历史文化保护条例", in_force_on=date(2019, 3, 1)
        )
        services.docket.open(entered, act("2026-01-05"))
    Projector(database).catch_up()
    told = installation("regulations", "--json").json["regulations"]
    assert [(one["title"], one["validity"], one["in_force_on"]) for one in told] == [
        ("云江市历史文化保护条例", "in_force", "2019-03-01")
    ]
    assert "云江市历史文化保护条例" in installation("regulations").out
    assert installation("regulations", "--as-of", "2026-01-04", "--json").json["regulations"] == []


def test_cards_and_integrity_signals_are_told(installation: Run) -> None:
    told = installation("card", "unit", "jtj", "--as-of", "2026-06-30", "--json").json
    assert {"lines", "handling", "opinions", "held", "rulebook", "calendar"} <= told.keys()
    assert installation("card", "deputy", "d-001", "--json").json["points_version"]
    for of, id in (("unit", "jtj"), ("deputy", "d-001"), ("district", "999900")):
        assert installation("card", of, id).code == 0
    assert installation("card", "unit", "nobody").code == 4
    assert installation("card", "street", "1").code == 2
    assert [one["id"] for one in installation("integrity", "--json").json["signals"]][:2] == ["quick", "burst"]
    assert installation("integrity", "--year", "2026").code == 0


def test_the_chronicle_of_a_month_is_told(installation: Run) -> None:
    assert installation("chronicle", "2026-06", "--json").json["month"] == "2026-06"
    assert installation("chronicle", "2026-06").code == 0
    assert installation("chronicle", "June").code == 2


def test_a_list_can_be_asked_for_on_both_clocks(installation: Run, story: Told) -> None:
    true_then = installation("case", "list", "--as-of", "2026-03-01", "--json").json
    known_then = installation("case", "list", "--known-at", story.between, "--json").json
    assert [row["case_id"] for row in true_then["cases"]] == [story.first]
    assert known_then["moment"]["position"] == ENTERED + 3
    assert [row["stage"] for row in known_then["cases"]] == ["submitted", "handed_over"]


@pytest.mark.database
def test_a_case_is_shown_as_it_was(installation: Run, story: Told) -> None:
    now = installation("case", "show", story.first, "--json").json["case"]
    then = installation("case", "show", story.first, "--as-of", "2026-03-04", "--json").json["case"]
    assert (now["stage"], sorted(now["assignments"])) == ("handed_over", ["gaj", "jtj"])
    assert (then["stage"], then["assignments"]) == ("submitted", {})
    told = installation("case", "show", story.first).out
    assert "overdue by" in told
    assert "市交通运输局" not in told
    assert "Transport Bureau" in told
    assert "jtj" not in told


@pytest.mark.database
def test_a_history_marks_what_was_corrected_and_voided(installation: Run, story: Told) -> None:
    corrected = installation("case", "history", story.first, "--json").json["steps"]
    voided = installation("case", "history", story.second, "--json").json["steps"]
    assert [step["corrected_by"] for step in corrected] == [[], [3], []]
    assert [step["voided_by"] for step in voided] == [None, 3, None]
    told = installation("case", "history", story.second).out
    assert "voided by #3" in told
    assert "{" not in told


@pytest.mark.database
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("list", "--as-of", "yesterday"), 2, "--as-of yesterday: neither a date nor an instant"),
        (("list", "--state", "lost"), 2, "state"),
        (("list", "--sort", "colour"), 2, "sort"),
        (("list", "--stage", "lost"), 2, "There is no stage “lost”"),
        (("list", "--kind", "lost"), 4, "There is no case type “lost”"),
        (("list", "--as-of", "9999-12-31", "--stage", "lost"), 2, "stage"),
        (("list", "--limit", "0"), 2, "limit"),
        (("show", "no-such-case"), 4, "There is no case no-such-case"),
        (("show",), 2, "Missing argument"),
    ],
)
def test_a_wrong_question_is_one_clear_line(
    arguments: tuple[str, ...], code: int, says: str, installation: Run
) -> None:
    done = installation("case", *arguments)
    assert done.code == code
    assert says in done.err
    assert done.out == ""


@pytest.mark.database
def test_there_is_no_case_before_it_was_opened(installation: Run, story: Told) -> None:
    done = installation("case", "show", story.first, "--as-of", "2026-02-01")
    assert (done.code, "at that moment" in done.err) == (4, True)


# Import and export


def questions(place: Path, count: int, **wrong: str) -> Path:
    """A file of written questions; `wrong` replaces cells of the last row."""
    file = place / "questions.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, SangiinQuestions.columns, restval="")
        writer.writeheader()
        for number in range(1, count + 1):
            row = {
                "提出回次": "213",
                "提出番号": str(number),
                "件名": f"第{number}号",
                "提出者": "甲野太郎",
                "提出人数": "1",
            }
            row |= {"提出日": "2024-03-01", "転送日": "2024-03-06", "答弁書受領日": "2024-03-15"}
            writer.writerow(row | (wrong if number == count else {}))
    return file


@pytest.mark.database
def test_an_import_reports_and_adds_nothing_twice(installation: Run, tmp_path: Path) -> None:
    file = str(questions(tmp_path, 3))
    checked = installation("import", "sangiin-questions", file, "--dry-run", "--json")
    first = installation("import", "sangiin-questions", file, "--json")
    again = installation("import", "sangiin-questions", file, "--json")
    assert (checked.code, first.code, again.code) == (0, 0, 0)
    assert (checked.json["dry_run"], checked.json["cases"]) == (True, 3)
    assert (first.json["cases"], first.json["already"]) == (3, 0)
    assert (again.json["cases"], again.json["already"]) == (0, 3)
    assert "3 there before" in installation("import", "sangiin-questions", file).out


@pytest.mark.database
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_large_file_is_checked_by_several_processes_and_told_of_as_a_small_one(
    installation: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Counting(Checkers):
        def check(self, job: Job, rows: Sequence[Asked]) -> list[Answer] | None:
            asked.append(len(rows))
            return super().check(job, rows)

    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("adapters.exchange.checking.Checkers", Counting)
    monkeypatch.setattr("api.commands.exchange.SHARED_BYTES", 1)
    done = installation("import", "sangiin-questions", str(questions(tmp_path, 3, 提出日="昨日")), "--json")
    assert (done.code, done.json["cases"], [row["row"] for row in done.json["refusals"]]) == (1, 2, [3])
    assert asked == [3]


@pytest.mark.database
def test_refused_rows_are_written_to_a_file_and_end_with_one(installation: Run, tmp_path: Path) -> None:
    file = questions(tmp_path, 2, 提出日="昨日")
    refused = tmp_path / "refused.csv"
    done = installation("import", "sangiin-questions", str(file), "--errors", str(refused))
    assert done.code == 1
    assert "row 2, 提出日: “昨日” is not a date" in done.out
    assert "昨日" in refused.read_text(encoding="utf-8-sig")
    again = installation("import", "sangiin-questions", str(file), "--errors", str(refused))
    assert (again.code, "exists already and is not overwritten" in again.err) == (3, True)
    over = installation("import", "sangiin-questions", str(file), "--errors", str(file))
    assert (over.code, file.read_text(encoding="utf-8").startswith("提出回次")) == (3, True)


@pytest.mark.database
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"件名": ""}, "件名: The value is not allowed: at least 1 characters"),
        ({"件名": "長" * 501}, "件名: The value is not allowed: at most 500 characters"),
        ({"提出日": "2999-01-01", "転送日": "", "答弁書受領日": ""}, "提出日: 2999-01-01 lies ahead"),
        ({"備考": "長" * 600}, "備考: The value is not allowed: at most 500 characters"),
    ],
)
def test_a_refused_row_names_its_column_and_the_reason(
    wrong: dict[str, str], says: str, installation: Run, tmp_path: Path
) -> None:
    done = installation("import", "sangiin-questions", str(questions(tmp_path, 1, **wrong)))
    assert (done.code, says in done.out) == (1, True), done.out


@pytest.mark.database
def test_an_import_needs_a_file_and_somebody_who_imports(installation: Run, tmp_path: Path) -> None:
    file = str(questions(tmp_path, 1))
    assert installation("import", "sangiin-questions", str(tmp_path)).code == 2
    assert installation("import", "sangiin-questions", file, "--actor", "").code == 2
    assert "sangiin-questions" in installation("import", "--help").out


@pytest.mark.database
@pytest.mark.parametrize(
    ("profile", "file", "says"),
    [("sangiin-questions", "missing.csv", "There is no file missing.csv"), ("nonsense", "missing.csv", "nonsense")],
)
def test_an_import_of_nothing_is_not_found(profile: str, file: str, says: str, installation: Run) -> None:
    done = installation("import", profile, file)
    assert (done.code, says in done.err) == (4, True)


@pytest.mark.database
@pytest.mark.slow
def test_a_cancelled_import_goes_on_where_it_stopped(installation: Run, database: str, tmp_path: Path) -> None:
    file = questions(tmp_path, 6_000)
    command = [*PROGRAM, "import", "sangiin-questions", str(file), "--json"]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as importing,
        psycopg.connect(database, autocommit=True) as conn,
    ):
        deadline = time.monotonic() + PATIENCE
        while conn.execute("SELECT position FROM duban.ledger_head").fetchone() == (ENTERED,):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        importing.send_signal(signal.SIGINT)
        out, err = importing.communicate(timeout=PATIENCE)
    assert importing.returncode == 130
    assert "goes on where this one stopped" in err
    stopped = json.loads(out)
    assert stopped["cancelled"]

    again = installation("import", "sangiin-questions", str(file), "--json").json

    assert stopped["cases"] == again["already"] > 0
    assert stopped["cases"] + again["cases"] == 6_000


@pytest.mark.database
def test_an_export_has_every_step_known_then(installation: Run, story: Told) -> None:
    everything = installation("export", "jsonl").out.splitlines()
    then = installation("export", "jsonl", "--known-at", story.between).out.splitlines()
    assert [json.loads(line)["position"] for line in everything] == list(range(1, ENTERED + 7))
    assert then == everything[: ENTERED + 3]
    assert json.loads(everything[ENTERED])["state"]["step"]["title"] == "增开夜间公交"


@pytest.mark.database
def test_a_reader_who_has_had_enough_is_no_error(installation: Run, story: Told) -> None:
    del installation, story
    with subprocess.Popen(
        [*PROGRAM, "export", "jsonl"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as exporting:
        assert exporting.stdout is not None
        exporting.stdout.close()
        assert exporting.stderr is not None
        assert "Traceback" not in exporting.stderr.read()
    assert exporting.returncode == 0


# Procedures and rulebooks


def test_a_procedure_is_a_table_a_chart_or_data(run: Run) -> None:
    assert "suggestion" in run("procedure", "list").out
    steps = run("procedure", "show", "suggestion", "--json").json["steps"]
    assert {"submitted", "handed_over", "corrected", "voided"} <= {step["name"] for step in steps}
    assert run("procedure", "show", "suggestion", "--flow").out.startswith("stateDiagram-v2")
    assert run("procedure", "show", "suggestion", "--svg").out.startswith("<svg ")
    unknown = run("procedure", "show", "nonsense")
    assert (unknown.code, "nonsense" in unknown.err) == (4, True)


def test_the_rulebooks_that_ship_are_in_order(run: Run) -> None:
    checked = run("rulebook", "check")
    assert (checked.code, "petition.settle: no case type yet" in checked.out) == (0, True)
    listed = {line["checked"]: line for line in run("rulebook", "check", "--json").json}
    assert "party_branch.activities" in listed["cn-999900@2026-11-29"]["unmeasured"]
    assert "suggestion.progress_reported.v1" in run("rulebook", "check", "--steps").out
    compared = run("rulebook", "compare", "cn-national@2026-11-22", "cn-national@2026-11-29")
    assert "+ clocks rectification.report" in compared.out
    assert run("rulebook", "compare", "cn-national", "cn-national", "--json").json == []
    assert run("rulebook", "compare", "cn-national", "cn-nowhere").code == 4
    assert "cn-national" in {book["id"] for book in run("rulebook", "list", "--json").json}
    shown = run("rulebook", "show", "cn-national").out
    assert ("suggestion.reply" in shown, "rectification.report_sent_for_comment.v1" in shown) == (True, True)
    assert run("rulebook", "show", "cn-national", "--json").json["id"] == "cn-national"
    assert run("rulebook", "show", "nonsense").code == 4
    assert run("rulebook", "show", "cn-national@1900-01-01").code == 4


# The registry, and recording


@pytest.mark.database
def test_the_registry_tells_who_was_in_being_on_a_day(installation: Run) -> None:
    before = installation("registry", "list", "units", "--as-of", "2019-02-28", "--json").json["units"]
    after = installation("registry", "list", "units", "--as-of", "2019-03-01", "--json").json["units"]
    assert {unit["code"] for unit in before} ^ {unit["code"] for unit in after} == {"lyj", "wgj"}
    assert "甲一" in installation("registry", "list", "deputies").out
    assert installation("registry", "list", "deputies", "--jurisdiction", "jp-sangiin", "--json").json["deputies"] == []
    assert installation("registry", "enter", "cn-999900").out == "0 steps recorded.\n"
    assert (installation("registry", "enter", "nowhere").code, installation("registry", "list", "cats").code) == (1, 2)


@pytest.mark.database
def test_a_step_is_recorded_on_the_command_line(installation: Run, tmp_path: Path) -> None:
    who = ("--actor", "clerk", "--role", "general_office")
    fields = tmp_path / "fields.json"
    fields.write_text('{"code": "ylj", "zh_name": "市园林局", "en_name": "Parks Bureau"}', "utf-8")
    opened = installation("case", "open", "unit.opened", *who, "--fields", f"@{fields}", "--json").json
    assert (opened["version"], opened["position"]) == (1, ENTERED + 1)
    renamed = ("case", "record", opened["case_id"], "renamed", *who, "--fields", '{"zh_name": "a", "en_name": "b"}')
    assert "is at version 2" in installation(*renamed).out
    assert "nothing was recorded" in installation(*renamed).out
    assert installation(*renamed, "--expect", "1").code == 3
    for wrong, code in (
        (("--fields", "{"), 2),
        (("--fields", "[]"), 2),
        (("--fields", "{}"), 1),
        (("--occurred-at", "yesterday"), 2),
        (("--occurred-at", "2099-01-01", "--fields", '{"zh_name": "c", "en_name": "d"}'), 1),
        (("--role", "king", "--fields", '{"zh_name": "c", "en_name": "d"}'), 1),
    ):
        assert installation(*renamed, *wrong).code == code, wrong
    assert installation("case", "open", "nothing.opened", *who).code == 4
    assert installation("case", "record", "none", "renamed", *who).code == 4


# Files


class Attached(NamedTuple):
    """A case with a letter attached, and a file that no step names."""

    case: str
    letter: str
    idle: str
    folder: Path


@pytest.fixture
def attached(installation: Run, story: Told, database: str, tmp_path: Path) -> Attached:
    hashes = []
    for name in ("答复函.pdf", "另一件.pdf"):
        (tmp_path / name).write_bytes(pdf(name.encode()))
        put = installation("files", "put", str(tmp_path / name), "--actor", "clerk-1", "--json")
        assert (put.code, put.json["name"]) == (0, name)
        hashes.append(put.json["sha256"])
    letter, idle = hashes
    with closing(build(load_settings(), database, name="story")) as services:
        content = services.files.received(letter, "cn-999900", "clerk-1")
        assert content is not None
        kind = AttachmentKind.REPLY_LETTER
        services.docket.record(
            story.first,
            AttachmentAdded(name="答复函.pdf", kind=kind, **content._asdict()),
            act("2026-03-10"),
        )
    Projector(database).catch_up()
    return Attached(story.first, letter, idle, load_settings().data_dir / "files")


def place_of(attached: Attached, sha256: str) -> Path:
    return attached.folder / sha256[:2] / sha256[2:4] / sha256


@pytest.mark.database
def test_a_file_that_is_put_can_be_attached_and_is_listed_and_shown(installation: Run, attached: Attached) -> None:
    (listed,) = installation("files", "list", "--json").json
    assert (listed["sha256"], listed["case_id"], listed["name"]) == (attached.letter, attached.case, "答复函.pdf")
    assert attached.letter in installation("files", "list").out
    assert attached.letter in installation("case", "show", attached.case).out


@pytest.mark.database
def test_a_check_tells_what_is_not_as_the_steps_say(installation: Run, attached: Attached) -> None:
    sound = installation("files", "check", "--json")
    assert (sound.code, sound.json["clean"], sound.json["contents"]) == (0, True, 2)
    assert (sound.json["unreferenced"], sound.json["waiting"]) == ([], [attached.idle])
    long_ago = time.time() - 8 * 24 * 3_600
    os.utime(place_of(attached, attached.idle), (long_ago, long_ago))
    idle = installation("files", "check")
    assert (idle.code, idle.out) == (1, f"named by no step: {attached.idle}\n")
    place_of(attached, attached.idle).unlink()
    clean = installation("files", "check")
    assert (clean.code, clean.out) == (0, "")
    letter = place_of(attached, attached.letter)
    letter.chmod(0o600)
    letter.write_bytes(letter.read_bytes() + b" ")
    altered = installation("files", "check")
    assert (altered.code, altered.out) == (1, f"altered: {attached.letter}\n")
    letter.unlink()
    missing = installation("files", "check")
    assert (missing.code, missing.out) == (1, f"missing: {attached.letter}\n")


@pytest.mark.parametrize(
    ("file", "content", "code", "says"),
    [
        ("a.pdf", b"<html>", 1, "is not pdf"),
        ("a.exe", b"MZ", 1, "exe"),
        ("a.pdf", b"", 1, "empty"),
        ("no-such.pdf", None, 4, "No such file"),
    ],
)
def test_a_file_that_is_not_kept_is_one_clear_line(
    run: Run, tmp_path: Path, file: str, content: bytes | None, code: int, says: str
) -> None:
    if content is not None:
        (tmp_path / file).write_bytes(content)
    done = run("files", "put", str(tmp_path / file), "--actor", "clerk-1")
    assert (done.code, done.err.count("\n"), says in done.err) == (code, 1, True)
    assert run("files", "put", str(tmp_path / file), "--actor", "no blanks").code == 2


@pytest.mark.database
def test_database_and_files_copied_together_are_whole_where_they_are_restored(
    installation: Run,
    attached: Attached,
    database: str,
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place_of(attached, attached.idle).unlink()
    saved, restored = tmp_path / "saved", tmp_path / "restored"
    dump = tmp_path / "duban.dump"
    subprocess.run([PG_DUMP, "--format=custom", f"--file={dump}", f"--dbname={database}"], check=True)
    shutil.copytree(load_settings().data_dir, saved)

    empty = cluster.create()
    try:
        subprocess.run([PG_RESTORE, "--exit-on-error", f"--dbname={empty}", dump], check=True)
        shutil.copytree(saved, restored)
        monkeypatch.setenv("DUBAN_DATABASE_URL", empty)
        monkeypatch.setenv("DUBAN_DATA_DIR", str(restored))
        checked = installation("files", "check", "--json")
        assert (checked.code, checked.json["clean"], checked.json["contents"]) == (0, True, 1)
        shown = installation("case", "show", attached.case, "--json").json["case"]
        assert [found["sha256"] for found in shown["attachments"]] == [attached.letter]
        place_of(attached._replace(folder=restored / "files"), attached.letter).unlink()
        assert installation("files", "check").code == 1
    finally:
        cluster.drop(empty)


@pytest.mark.database
def test_clocks_are_listed_as_they_stood_at_a_moment(installation: Run, story: Told) -> None:
    told = installation("clocks", "--clock", "suggestion.reply", "--as-of", "2026-07-01", "--json").json
    assert [(one["case_id"], one["state"], one["clock"]["due_on"]) for one in told["clocks"]] == [
        (story.first, "overdue", "2026-06-05")
    ]
    assert (told["counts"]["overdue"], told["definition"]) == (1, 1)
    assert told["rulebook"].startswith("cn-999900@")
    earlier = installation("clocks", "--clock", "suggestion.reply", "--as-of", "2026-05-01", "--state", "overdue")
    assert "0 of 0" in earlier.out
    shown = installation("clocks", "--state", "overdue", "--unit", "jtj", "--as-of", "2026-07-01")
    assert story.first in shown.out
    assert story.second not in shown.out
    assert installation("clocks", "--state", "late").code == 2
    assert installation("clocks", "--due-from", "soon").code == 2
    assert installation("clocks", "--kind", "nothing").code == 4
    assert installation("clocks", "--due-from", "2026-06-01", "--due-to", "2026-05-01").code == 1


# The installation


@pytest.mark.database
def test_a_projection_is_rebuilt_and_its_status_told(installation: Run, story: Told) -> None:
    del story
    assert f"rebuilt from {ENTERED + 6} steps" in installation("projection", "rebuild", "case_list").err
    status = installation("projection", "status", "--json").json
    assert {(s["name"], s["position"], s["lag"]) for s in status} >= {("case_list", ENTERED + 6, 0)}
    assert installation("projection", "rebuild", "nonsense").code == 4


@pytest.mark.database
def test_rows_that_differ_are_not_swapped_and_the_build_before_is_gone_back_to(
    installation: Run, database: str, story: Told
) -> None:
    assert installation("projection", "back", "case_list").code == 1
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE duban_read.case_list_1 SET title = '走样' WHERE case_id = %s", [story.first])
    refused = installation("projection", "rebuild", "case_list")
    assert refused.code == 1
    assert "1 cases differ" in refused.err
    assert story.first in refused.err
    assert "--accept-difference" in refused.err
    assert "走样" in installation("case", "list").out
    accepted = installation("projection", "rebuild", "case_list", "--accept-difference")
    assert (accepted.code, "Accepted: " in accepted.err) == (0, True)
    assert "走样" not in installation("case", "list").out
    builds = installation("projection", "list", "--checksum", "--json").json
    of_cases = [one for one in builds if one["name"] == "case_list"]
    assert [one["state"] for one in of_cases] == ["retired", "live"]
    assert len({one["checksum"] for one in of_cases}) == 2
    assert "retired" in installation("projection", "list").out
    assert installation("projection", "back", "case_list").code == 0
    assert "走样" in installation("case", "list").out
    assert installation("projection", "back", "nonsense").code == 4


@pytest.mark.database
def test_deadlines_that_no_calendar_moved_stay_as_they_are(installation: Run, story: Told) -> None:
    del story
    asked = ("rulebook", "recalculate", "cn-999900", "--reason", "公布放假安排")
    assert installation(*asked, "--dry-run", "--json").json == []
    assert "0 deadlines moved" in installation(*asked).err
    head = len(installation("export", "jsonl").out.splitlines())
    foreseen = installation("rulebook", "preview", "cn-999900", "jp-sangiin")
    assert "- clocks suggestion.return Request to return it" in foreseen.out
    deadlines = installation("rulebook", "preview", "cn-999900", "jp-sangiin", "--json").json["deadlines"]
    assert f"{len(deadlines)} deadlines would move" in foreseen.err
    assert "suggestion.reply" in {one["clock"] for one in deadlines}
    assert len(installation("export", "jsonl").out.splitlines()) == head
    assert installation("rulebook", "preview", "cn-999900", "cn-nowhere").code == 4
    unknown = installation("rulebook", "recalculate", "cn-000000", "--reason", "-")
    assert (unknown.code, "cn-000000" in unknown.err) == (1, True)
    bad = installation(*asked, "--actor", "no blanks")
    assert (bad.code, "--actor" in bad.err) == (2, True)


@pytest.mark.database
def test_a_token_is_shown_once_listed_without_its_secret_and_revoked(installation: Run) -> None:
    wanted = ("--actor", "u-1", "--role", "deputy_affairs", "--office", "rd", "--note", "trial")
    made = installation("token", "create", *wanted)
    assert made.code == 0
    _, id, secret = made.out.strip().split("_", 2)
    listed = installation("token", "list", "--json")
    assert [token["id"] for token in listed.json] == [id]
    assert secret not in listed.out
    assert installation("token", "revoke", id).code == 0
    assert installation("token", "revoke", id).code == 4
    assert installation("token", "create", *wanted, "--days", "0").code == 1


@pytest.mark.database
def test_migrating_twice_changes_nothing(run: Run, blank_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATABASE_URL", blank_database)
    assert run("case", "list").code == 1
    assert "0001_ledger.sql" in run("migrate").out
    assert run("migrate").out == ""
    assert "no jurisdiction" in run("case", "list").err
    assert run("registry", "enter", "cn-999900").code == 0
    assert run("case", "list").code == 0


@pytest.mark.database
def test_the_doctor_finds_a_sound_installation_sound(installation: Run, story: Told, database: str) -> None:
    del story
    sealer(load_settings(), database).once()
    done = installation("doctor", "--json")
    assert {check["name"]: check["says"] for check in done.json["checks"] if not check["ok"]} == {}
    assert {"python", "settings", "data directory", "free space", "database"} <= {
        c["name"] for c in done.json["checks"]
    }
    assert done.code == 0


def test_the_doctor_says_what_is_wrong_and_ends_with_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    done = run("doctor")
    assert done.code == 1
    assert "cannot be reached" in done.out
    monkeypatch.setenv("DUBAN_JURISDICTION", "nowhere")
    assert "cannot be reached" in run("doctor").out
    monkeypatch.setenv("DUBAN_JURISDICTION", "two words")
    assert "✗ settings: DUBAN_JURISDICTION" in run("doctor").out
    assert run("case", "list").code == 2


def test_settings_are_shown_without_their_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATABASE_URL", "postgresql://someone:hidden@127.0.0.1/duban")
    done = run("config", "show", "--json")
    assert "hidden" not in done.out
    assert {s["name"]: s["source"] for s in done.json}["DUBAN_DATABASE_URL"] == "environment"


def test_the_version_is_told(run: Run) -> None:
    assert run("version").out.startswith("duban ")


def test_a_wrong_setting_is_a_usage_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_PROT", "1")
    done = run("config", "show")
    assert (done.code, "did you mean DUBAN_PORT" in done.err) == (2, True)


def test_an_unreachable_database_is_unavailable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    done = run("case", "list")
    assert (done.code, len(done.err.splitlines())) == (6, 1)
    assert "cannot be reached" in done.err


def test_where_nothing_is_installed_reading_installs_nothing(run: Run, tmp_path: Path) -> None:
    done = run("case", "list")
    assert (done.code, "There is no installation" in done.err) == (6, True)
    assert not (tmp_path / "data").exists()


@pytest.mark.database
@pytest.mark.slow
def test_the_demonstration_is_loaded_once(run: Run) -> None:
    assert run("demo", "--cases", "5001").code == run("demo", "--seed", "seven").code == 2
    done = run("demo", "--seed", "7", "--cases", "20")
    assert (done.code, "sample cases" in done.out) == (0, True)
    listed = run("case", "list", "--jurisdiction", "cn-999900", "--kind", "suggestion", "--json").json
    assert listed["counts"]["total"] in range(34, 39)
    listed = run("case", "list", "--jurisdiction", "cn-999921", "--kind", "suggestion", "--json").json
    assert listed["counts"]["total"] in range(1, 3)
    assert run("demo").code == 3


def test_a_wrong_password_is_no_permission() -> None:
    refused = psycopg.OperationalError(
        'connection failed: connection to server at "127.0.0.1", port 5432 failed: '
        'FATAL:  password authentication failed for user "duban"'
    )
    known = explained(refused)
    assert known is not None
    assert known.code == 5


def test_an_error_that_nobody_foresaw_is_one_line_and_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path))
    unexpected = RuntimeError("the moon\nfell down")
    assert explained(unexpected) is None
    line = unforeseen(unexpected)
    assert "RuntimeError: the moon." in line
    assert "\n" not in line
    assert "fell down" in (tmp_path / LOG).read_text()


# Accounts


@pytest.mark.database
def test_an_account_is_made_shown_changed_and_its_log_told(installation: Run) -> None:
    made = installation("account", "create", "zhang", "--name", "张三", "--role", "handling_unit", "--office", "jtj")
    assert (made.code, len(made.out.strip())) == (0, 19)
    assert "not shown again" in made.err
    assert installation("account", "show", "ZHANG", "--json").json["binding"] == {
        "role": "handling_unit",
        "office": "jtj",
        "jurisdiction": "cn-999900",
        "deputy": None,
    }
    assert "Handling unit" in installation("account", "show", "zhang").out
    assert installation("account", "disable", "zhang").code == 0
    assert "It was so already" in installation("account", "disable", "zhang").err
    [listed] = [one for one in installation("account", "list", "--json").json if one["login"] == "zhang"]
    assert listed["disabled_at"] is not None
    assert installation("account", "enable", "zhang").code == 0
    assert installation("account", "rebind", "zhang", "--role", "handling_unit", "--office", "czj").code == 0
    reset = installation("account", "reset-password", "zhang", "--json").json
    assert reset["password"] != made.out.strip()
    assert installation("account", "sessions", "zhang", "--json").json == []
    log = installation("account", "log", "zhang", "--json")
    assert [(line["what"], line["done_by"]) for line in log.json] == [
        (what, "#console") for what in ("password_reset", "rebound", "enabled", "disabled", "created")
    ]
    told = installation("account", "log", "--limit", "1").out
    assert ("command line" in told, "password reset" in told) == (True, True)
    for secret in (reset["password"], made.out.strip()):
        assert secret not in log.out + told + installation("account", "list").out


@pytest.mark.database
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("show", "nobody"), 4, "There is no account “nobody”"),
        (("disable", "nobody"), 4, "There is no account “nobody”"),
        (("log", "nobody"), 4, "There is no account “nobody”"),
        (("create", "zhang", "--name", "x", "--role", "auditor"), 3, "There is an account “zhang” already"),
        (("create", "li", "--name", "x", "--role", "king"), 1, "role: There is no role “king”"),
        (("create", "li", "--name", "x", "--role", "handling_unit", "--office", "no"), 1, "office: On "),
        (("create", "li", "--name", "x", "--role", "deputy"), 1, "deputy: The value is not allowed: is required"),
        (("create", "a b", "--name", "x", "--role", "auditor"), 1, "login: The value is not allowed"),
        (("create", "li", "--name", "x", "--role", "auditor", "--office", "a b"), 1, "office: The value is not"),
        (("create", "li", "--name", "x"), 2, "Missing option"),
        (("disable", "zhang"), 3, "the last administrator"),
        (("revoke-session", "zhang", "none"), 4, "has no session none"),
    ],
)
def test_an_account_that_cannot_be_is_one_clear_line(
    installation: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    assert installation("account", "create", "zhang", "--name", "张三", "--role", "administrator").code == 0
    done = installation("account", *arguments)
    assert (done.code, says in done.err) == (code, True), done.err
    assert done.out == ""


@pytest.mark.database
def test_an_auditor_never_becomes_administrator(installation: Run) -> None:
    assert installation("account", "create", "shen", "--name", "审计", "--role", "auditor").code == 0
    refused = installation("account", "rebind", "shen", "--role", "administrator")
    assert (refused.code, "never becomes “Administrator”" in refused.err) == (3, True)


@pytest.mark.database
def test_a_session_is_listed_and_ended(installation: Run, database: str) -> None:
    password = installation("account", "create", "zhang", "--name", "张三", "--role", "auditor").out.strip()
    with closing(build(load_settings(), database, name="test")) as services:
        begun = services.accounts.sign_in("zhang", password, Whence("192.0.2.7", "Firefox 140 · Linux"))
        (session,) = installation("account", "sessions", "zhang", "--json").json
        assert (session["id"], session["address"], session["agent"]) == (
            begun.session_id,
            "192.0.2.7",
            "Firefox 140 · Linux",
        )
        assert "Firefox 140" in installation("account", "sessions", "zhang").out
        assert installation("account", "revoke-session", "zhang", session["id"]).code == 0
        assert services.sessions.in_force(begun.secret) is None
    assert installation("account", "sessions", "zhang", "--json").json == []


@pytest.mark.database
def test_a_token_of_an_account_is_made_listed_and_revoked(installation: Run) -> None:
    assert installation("account", "create", "shen", "--name", "审计", "--role", "auditor").code == 0
    made = installation("account", "create-token", "shen", "--note", "日志", "--days", "30")
    assert (made.code, made.out.startswith("duban_"), "not shown again" in made.err) == (0, True, True)
    (listed,) = installation("account", "tokens", "shen", "--json").json
    assert (listed["account"], listed["role"], listed["scopes"]) == ("shen", "auditor", ["read"])
    assert "日志" in installation("account", "tokens", "shen").out
    assert "shen" in installation("token", "list").out
    refused = installation("account", "create-token", "shen", "--note", "x", "--scope", "record")
    assert (refused.code, refused.out) == (1, "")
    assert installation("token", "revoke", listed["id"]).code == 0
    assert installation("token", "revoke", listed["id"]).code == 4
    log = installation("account", "log", "shen", "--what", "token_revoked", "--json").json
    assert [(line["what"], line["done_by"], line["detail"]["token"]) for line in log] == [
        ("token_revoked", "#console", listed["id"])
    ]
    assert installation("account", "create", "root", "--name", "root", "--role", "administrator").code == 0
    administrators = installation("account", "create-token", "root", "--note", "x")
    assert (administrators.code, "sees no case" in administrators.err) == (1, True), administrators.err


@pytest.mark.database
def test_the_log_is_asked_for_a_day_and_for_what_happened(installation: Run) -> None:
    assert installation("account", "create", "zhang", "--name", "张三", "--role", "auditor").code == 0
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    of_today = installation("account", "log", "--day", today, "--json").json
    assert "zhang" in {line["detail"]["login"] for line in of_today}
    assert installation("account", "log", "--day", "2020-01-01", "--json").json == []
    assert installation("account", "log", "--what", "denied", "--json").json == []
    for wrong in (("--what", "everything"), ("--day", "yesterday")):
        assert installation("account", "log", *wrong).code == 2
    listed = installation("account", "list").out
    assert ("one-time password until" in listed, "as bound" in listed) == (True, True)


@pytest.mark.database
def test_the_access_log_is_asked_by_person_kind_and_day(installation: Run) -> None:
    with closing(build(load_settings(), os.environ["DUBAN_DATABASE_URL"], name="test")) as services:
        unit = Principal("u-1", Role.HANDLING_UNIT, "jtj", "cn-999900")
        services.access.refused(unit, "GET /cases/{case_id}", "case-not-found", "case-1")
        services.access.read(unit, "GET /cases/{case_id}", "p-7", ["reply"], case_id="case-1")
    read, refused = installation("audit", "access", "--json").json
    assert (refused["kind"], refused["code"], refused["case_id"]) == ("refused", "case-not-found", "case-1")
    assert (read["kind"], read["person"], read["purposes"]) == ("read", "p-7", ["reply"])
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    wanted = ("--actor", "u-1", "--kind", "read", "--case", "case-1", "--since", today, "--until", today)
    assert len(installation("audit", "access", *wanted, "--json").json) == 1
    assert installation("audit", "access", "--jurisdiction", "jp-sangiin", "--json").json == []
    shown = installation("audit", "access", "--before", "2").out
    assert ("GET /cases/{case_id}" in shown, "case-not-found" in shown, "p-7" in shown) == (True, True, False)
    for wrong in (("--kind", "everything"), ("--since", "soon")):
        assert installation("audit", "access", *wrong).code == 2


@pytest.mark.database
def test_a_token_for_reading_only_is_told_as_such(installation: Run) -> None:
    asked = ("token", "create", "--actor", "u-1", "--role", "auditor", "--office", "rd", "--note", "x")
    assert installation(*asked, "--scope", "read").code == 0
    (token,) = installation("token", "list", "--json").json
    assert (token["scopes"], token["last_used_at"]) == (["read"], None)
    assert "read, record" not in installation("token", "list").out
    assert installation(*asked, "--scope", "delete").code == 1
