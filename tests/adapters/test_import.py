"""The import: every row once, as the source says it, or a reason why not."""

import csv
import json
import multiprocessing
import re
import subprocess
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapters.exchange import importer
from adapters.exchange.checking import Checkers, Where
from adapters.exchange.grid import ImportRefused
from adapters.exchange.importer import Report, run_import
from adapters.exchange.jurisdictions import enter
from adapters.exchange.profiles import profile_named, profile_names
from adapters.exchange.sangiin_questions import TITLE
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import Pool, open_pool
from adapters.registry import LedgerRegistry
from domain.case import Act, Role
from domain.casefile import CaseFile
from domain.cases.suggestion import SuggestionSubmitted
from domain.docket import Docket
from domain.moment import end_of_day, start_of_day
from domain.refusal import Refused
from domain.registry import PREFIX
from projections.counting import SUBJECTS
from projections.figures import course
from projections.stretches import course_of
from tests.conftest import Cluster
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

DATA = Path(__file__).parent / "data"
GOOD, BAD = DATA / "questions.csv", DATA / "questions-with-bad-rows.csv"
QUESTIONS = profile_named("sangiin-questions")
TOKYO = "Asia/Tokyo"


@dataclass
class Office:
    """A docket on a database of its own."""

    pool: Pool

    def __post_init__(self) -> None:
        self.ledger = PostgresLedger(self.pool, "main")
        self.docket = Docket(self.ledger, shipped_registry())

    def imports(
        self,
        path: Path,
        *,
        dry_run: bool = False,
        should_stop: Callable[[], bool] | None = None,
        batch_events: int = 1_000,
        checkers: Checkers | None = None,
    ) -> Report:
        return run_import(
            self.docket,
            self.ledger,
            QUESTIONS,
            path,
            actor="clerk-1",
            dry_run=dry_run,
            should_stop=should_stop,
            batch_events=batch_events,
            sharing=None if checkers is None else (checkers, Where(str(self.pool.conninfo), "duban", "main")),
        )

    def files(self) -> dict[str, CaseFile]:
        """Every case that is stored, by its number, as the domain reads it."""
        found: dict[str, CaseFile] = {}
        after = 0
        while events := self.ledger.tail(after, 5_000):
            for event in (event for event in events if not str(event.originator_id).startswith(PREFIX)):
                file = found.setdefault(str(event.originator_id), CaseFile(str(event.originator_id)))
                file.take(self.docket.mapper.to_domain_event(event))  # type: ignore[arg-type]
            after = events[-1].position
        return {str(file.case and file.case.facts().number): file for file in found.values()}

    def said(self) -> dict[str, list[object]]:
        """What is stored, without what differs from one import to another."""
        return {
            number: [file.id, *((r.step, r.act.occurred_at, r.act.on_behalf_of, r.act.source) for r in file.history)]
            for number, file in self.files().items()
        }


def _office(conninfo: str) -> Iterator[Office]:
    with open_pool(conninfo, schema="duban", role="duban_app", size=3, name="test") as pool:
        yield Office(pool)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    yield from _office(database)


@pytest.fixture
def other_office(cluster: Cluster, migrated_template: str) -> Iterator[Office]:
    conninfo = cluster.create(migrated_template)
    yield from _office(conninfo)
    cluster.drop(conninfo)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


def written(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def reasons(report: Report) -> list[tuple[int, str, str | None]]:
    return [(refusal.row, refusal.message_id, refusal.field) for refusal in report.refusals]


# What comes in


def test_every_row_becomes_a_case_with_the_steps_of_its_source(office: Office) -> None:
    report = office.imports(GOOD)
    assert (report.rows, report.done, report.cases, report.steps, report.refusals) == (6, 6, 6, 16, [])
    assert report.steps_by_wire == {
        "suggestion.submitted.v1": 6,
        "suggestion.handed_over.v1": 5,
        "suggestion.extension_notified.v1": 1,
        "suggestion.reply_issued.v1": 4,
    }
    assert set(office.files()) == {"901-1", "901-2", "901-3", "901-4", "901-5", "NA-NA"}


def test_every_step_says_from_which_row_of_which_file_it_comes_and_who_took_it(office: Office) -> None:
    report = office.imports(GOOD)
    acts = [record.act for record in office.files()["901-3"].history]
    assert {(act.imported and (act.imported.profile, act.imported.sha256, act.imported.row)) for act in acts} == {
        ("sangiin-questions", report.sha256, 3)
    }
    assert {(act.actor, act.role, act.office) for act in acts} == {("clerk-1", Role.DEPUTY_AFFAIRS, "jp-sangiin")}
    assert [act.on_behalf_of for act in acts] == ["架空花子", "参議院", "内閣", "内閣"]


def test_dates_out_of_order_and_remarks_are_findings_and_nothing_is_mended(office: Office) -> None:
    report = office.imports(GOOD)
    assert [(f.row, f.number, f.message_id) for f in report.findings] == [
        (4, "901-4", "before-opening"),
        (5, "901-5", "import-remark-not-understood"),
    ]
    assert [r.act.occurred_on for r in office.files()["901-4"].history] == [
        date(2021, 1, 18),
        date(2021, 1, 20),
        date(2020, 2, 2),
    ]


def test_a_report_is_json(office: Office) -> None:
    told = json.loads(office.imports(BAD).to_json())
    assert told["cases"] == 4
    assert told["refusals"][0]["row"] == 2


# What is refused


def test_rows_that_cannot_be_are_refused_with_row_and_reason_and_the_rest_is_imported(office: Office) -> None:
    report = office.imports(BAD)
    assert reasons(report) == [
        (2, "import-unreadable-date", "提出日"),
        (3, "value-not-allowed", "件名"),
        (4, "value-not-allowed", "件名"),
        (5, "import-twice-in-file", None),
        (7, "import-wrong-number-of-cells", None),
        (8, "date-in-the-future", "提出日"),
        (10, "import-unreadable-row", None),
    ]
    assert set(office.files()) == {"901-1", "901-6", "NA-NA", "901-12"}
    assert (report.rows, report.done) == (11, 11)


def test_a_title_of_ten_megabytes_refuses_its_row(office: Office, tmp_path: Path) -> None:
    rows = rows_of(GOOD)
    rows[1][2] = "架" * 10_000_000
    report = office.imports(written(tmp_path / "long.csv", rows))
    assert reasons(report) == [(1, "value-not-allowed", "件名")]
    assert report.refusals[0].params == {"reason": "string_too_long", "max_length": 500}
    assert report.cases == 5


def test_a_row_that_is_not_utf_8_is_refused_alone(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_bytes(GOOD.read_bytes().replace("橋".encode(), "橋".encode("gbk")))
    report = office.imports(path)
    assert reasons(report) == [(1, "import-not-utf-8", "件名")]
    assert report.cases == 5


def test_a_quotation_mark_that_is_never_closed_is_told_and_what_came_before_is_imported(
    office: Office, tmp_path: Path
) -> None:
    path = tmp_path / "open.csv"
    path.write_text(GOOD.read_text("utf-8").replace("901,4,", '901,4,"'), "utf-8")
    report = office.imports(path)
    assert reasons(report) == [(4, "import-unreadable-row", None)]
    assert report.cases == 3


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "shift_jis", "euc_jp"])
def test_a_file_in_another_encoding_is_refused_by_its_name(office: Office, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(GOOD.read_text("utf-8").encode(encoding))
    with pytest.raises(ImportRefused) as refused:
        office.imports(path)
    assert (refused.value.message_id, refused.value.params["found"]) == ("import-wrong-encoding", encoding)


@pytest.mark.parametrize(
    ("content", "message_id"),
    [
        (b"", "import-empty-file"),
        (b"\xef\xbb\xbf", "import-empty-file"),
        (b" \r\n", "import-empty-file"),
        (b"PK\x03\x04 and so on", "import-broken-workbook"),
        (b"\xd0\xcf\x11\xe0 and so on", "import-not-a-table"),
        (b"%PDF-1.7 and so on", "import-not-a-table"),
        (b"\x00\x01\x02", "import-not-a-table"),
        (b"number,title\r\n1,x\r\n", "import-wrong-header"),
        (GOOD.read_bytes().replace("提出者".encode(), "件名".encode(), 1), "import-wrong-header"),
        (b"\xff\xfa\xfb\r\n", "import-wrong-encoding"),
    ],
)
def test_what_is_no_such_file_is_refused_as_a_whole(
    office: Office, tmp_path: Path, content: bytes, message_id: str
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(ImportRefused) as refused:
        office.imports(path)
    assert refused.value.message_id == message_id
    assert office.docket.head() == 0


def test_a_byte_order_mark_and_another_order_of_columns_change_nothing(office: Office, tmp_path: Path) -> None:
    office.imports(GOOD)
    turned = [row[::-1] for row in rows_of(GOOD)]
    report = office.imports(written(tmp_path / "turned.csv", turned, "utf-8-sig"))
    assert (report.already, report.cases, report.refusals) == (6, 0, [])


def test_a_file_of_a_header_alone_has_no_rows(office: Office, tmp_path: Path) -> None:
    report = office.imports(written(tmp_path / "header.csv", rows_of(GOOD)[:1]))
    assert (report.rows, report.cases, report.refusals) == (0, 0, [])


def test_the_error_file_holds_the_refused_rows_and_is_imported_when_they_are_mended(
    office: Office, tmp_path: Path
) -> None:
    errors = tmp_path / "errors.csv"
    office.imports(BAD).write_error_file(errors)
    assert errors.read_bytes().startswith(b"\xef\xbb\xbf")
    header, *rows = rows_of(errors)
    assert header[-3:] == ["duban_row", "duban_field", "duban_reason"]
    assert [row[-3] for row in rows] == ["2", "3", "4", "5", "7", "8", "10"]
    assert rows[0][2] == "架空の港の整備に関する質問主意書"
    rows[0][10] = "2020-02-03"
    report = office.imports(written(tmp_path / "mended.csv", [header, rows[0]]))
    assert (report.cases, report.refusals) == (1, [])


def test_a_number_that_another_case_holds_refuses_its_row(office: Office) -> None:
    step = SuggestionSubmitted(jurisdiction="jp-sangiin", title="架空", lead_deputy="架空花子", number="901-2")
    at = start_of_day(date(2020, 1, 1), TOKYO)
    office.docket.open(step, Act(actor="clerk-1", role=Role.DEPUTY_AFFAIRS, office="jp-sangiin", occurred_at=at))
    report = office.imports(GOOD)
    assert reasons(report) == [(2, "already-taken", None)]
    assert report.cases == 5


def test_an_unknown_profile_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Refused) as refused:
        profile_named("receipt")
    assert refused.value.params["known"] == profile_names()
    others = ["sangiin-appointments", "sangiin-questions"]
    assert profile_names() == ["deputies-xlsx", *others, "seats-xlsx", "suggestions-xlsx", "units-xlsx"]


# Again


def test_imported_again_nothing_is_added(office: Office) -> None:
    office.imports(GOOD)
    head = office.docket.head()
    report = office.imports(GOOD)
    assert (report.already, report.cases, report.steps, report.refusals) == (6, 0, 0, [])
    assert office.docket.head() == head


def test_imported_again_after_the_requests_are_forgotten_nothing_is_added(office: Office) -> None:
    office.imports(GOOD)
    with office.pool.connection() as conn:
        conn.execute("SELECT request_forget('main', clock_timestamp() + interval '1 day')")
    report = office.imports(GOOD)
    assert (report.already, report.cases, report.refusals) == (6, 0, [])


def test_a_row_that_says_something_else_of_a_case_that_exists_is_refused(office: Office, tmp_path: Path) -> None:
    office.imports(GOOD)
    rows = rows_of(GOOD)
    rows[2][2] = "別の件名"
    for dry_run in (True, False):
        report = office.imports(written(tmp_path / "changed.csv", rows), dry_run=dry_run)
        assert reasons(report) == [(2, "import-row-changed", None)]
        assert report.already == 5


def test_a_dry_run_tells_the_same_and_stores_nothing(office: Office) -> None:
    dry = office.imports(BAD, dry_run=True)
    assert office.docket.head() == 0
    real = office.imports(BAD)
    assert dry.dry_run
    assert (dry.cases, dry.steps_by_wire, dry.figures) == (real.cases, real.steps_by_wire, real.figures)
    assert (dry.refusals, dry.findings) == (real.refusals, real.findings)


def test_cancelled_between_two_batches_and_run_again_it_stores_the_same(
    office: Office, other_office: Office, tmp_path: Path
) -> None:
    header, first, *_ = rows_of(GOOD)
    many = written(tmp_path / "many.csv", [header, *([*first[:1], str(n), *first[2:]] for n in range(1, 201))])
    answers = iter([False, False, True])
    cancelled = office.imports(many, should_stop=lambda: next(answers), batch_events=60)
    assert cancelled.cancelled
    assert cancelled.cases == 40
    assert len(office.files()) == 40
    resumed = office.imports(many, batch_events=60)
    assert (resumed.already, resumed.cases, resumed.cancelled) == (40, 160, False)
    other_office.imports(many)
    assert office.said() == other_office.said()


# Shared out


@pytest.fixture
def checkers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkers]:
    monkeypatch.setattr(importer, "_LOOKED_UP", 3)
    with Checkers(2) as found:
        yield found


forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
"""Later Pythons warn where there are threads, as there are among tests."""


def compared(report: Report) -> dict[str, object]:
    return {**vars(report), "seconds": None}


@forks
@pytest.mark.parametrize("file", [GOOD, BAD])
def test_checked_by_several_processes_a_file_becomes_what_it_becomes_in_one(
    checkers: Checkers, office: Office, other_office: Office, file: Path
) -> None:
    enter(Docket(office.ledger, LedgerRegistry(office.ledger)), "jp-sangiin", actor="clerk-1")
    for _again in range(2):
        shared, alone = office.imports(file, checkers=checkers), other_office.imports(file)
        assert compared(shared) == compared(alone)
        assert office.said() == other_office.said()


@forks
def test_a_cell_of_ten_megabytes_is_refused_by_whichever_process_checks_it(
    checkers: Checkers, office: Office, tmp_path: Path
) -> None:
    enter(Docket(office.ledger, LedgerRegistry(office.ledger)), "jp-sangiin", actor="clerk-1")
    header, first, second, *_ = rows_of(GOOD)
    title = header.index(TITLE)
    huge = [*first[:title], "長" * 3_500_000, *first[title + 1 :]]
    file = written(tmp_path / "huge.csv", [header, huge, second])
    shared, alone = office.imports(file, checkers=checkers), office.imports(file)
    assert [(one.row, one.message_id) for one in shared.refusals] == [
        (one.row, one.message_id) for one in alone.refusals
    ]
    assert (len(shared.refusals), shared.cases, alone.already) == (1, 1, 1)


@forks
def test_cancelled_while_several_processes_check_and_run_again_it_stores_the_same(
    checkers: Checkers, office: Office, other_office: Office, tmp_path: Path
) -> None:
    enter(Docket(office.ledger, LedgerRegistry(office.ledger)), "jp-sangiin", actor="clerk-1")
    header, first, *_ = rows_of(GOOD)
    many = written(tmp_path / "many.csv", [header, *([*first[:1], str(n), *first[2:]] for n in range(1, 101))])
    answers = iter([False, False, True])
    cancelled = office.imports(many, should_stop=lambda: next(answers), batch_events=60, checkers=checkers)
    assert (cancelled.cancelled, cancelled.cases) == (True, 40)
    resumed = office.imports(many, batch_events=60, checkers=checkers)
    assert (resumed.already, resumed.cases, resumed.cancelled) == (40, 60, False)
    other_office.imports(many)
    assert office.said() == other_office.said()


@forks
def test_what_processes_check_that_are_not_there_any_more_is_checked_all_the_same(
    checkers: Checkers, office: Office, other_office: Office
) -> None:
    enter(Docket(office.ledger, LedgerRegistry(office.ledger)), "jp-sangiin", actor="clerk-1")
    for child in multiprocessing.active_children():
        child.kill()
        shared, alone = office.imports(BAD, checkers=checkers), other_office.imports(BAD)
        assert (shared.refusals, shared.findings) == (alone.refusals, alone.findings)
        assert office.said() == other_office.said()


@forks
def test_what_processes_cannot_check_is_told_by_the_import_itself(checkers: Checkers, office: Office) -> None:
    """The ledger has no such jurisdiction, and so every row is refused by whoever looks for it there."""
    report = office.imports(GOOD, checkers=checkers)
    assert {refusal.message_id for refusal in report.refusals} == {"unknown-jurisdiction"}
    assert len(report.refusals) == report.rows


def test_processes_end_with_whoever_made_them_even_if_he_is_killed() -> None:
    """Their output ends when the last of them does; the pipe of each would stay open if another kept its other end."""
    program = (
        "import sys; from adapters.exchange.checking import Checkers; made = Checkers(3);"
        "print(len(made), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == "3\n"
        made.kill()
        assert made.communicate(timeout=60)[0] == ""


def test_progress_is_told_up_to_the_last_row(office: Office) -> None:
    told: list[tuple[int, int]] = []
    run_import(
        office.docket,
        office.ledger,
        QUESTIONS,
        BAD,
        actor="clerk-1",
        batch_events=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == sorted(told)
    assert told[-1] == (11, 11)


# The real questions


@pytest.fixture(scope="module")
def questions(
    cluster: Cluster, migrated_template: str, shared_data: Path
) -> Iterator[tuple[Office, Report, dict[str, CaseFile]]]:
    conninfo = cluster.create(migrated_template)
    for office in _office(conninfo):
        report = office.imports(shared_data / "japan_sangiin" / "syuisyo.csv")
        yield office, report, office.files()
    cluster.drop(conninfo)


@pytest.mark.shared_data
def test_the_written_questions_show_the_numbers_of_an_honest_import(
    questions: tuple[Office, Report, dict[str, CaseFile]],
) -> None:
    _, report, files = questions
    assert (report.rows, report.cases, report.steps, len(files)) == (7_668, 7_668, 25_352, 7_668)
    assert report.refusals == []
    assert report.steps_by_wire == {
        "suggestion.submitted.v1": 7_668,
        "suggestion.handed_over.v1": 7_654,
        "suggestion.extension_notified.v1": 2_375,
        "suggestion.reply_issued.v1": 7_655,
    }
    assert report.figures == {
        "extensions_that_name_a_date": 1_494,
        "answered_after_the_due_date_in_force": 880,
        "forwarded_and_never_answered": 2,
        "without_a_forwarding_date": 14,
        "without_a_forwarding_date_but_answered": 3,
        "dates_out_of_order_by_the_three_dates": 8,
        "dates_out_of_order_by_the_date_of_the_notice": 6,
    }


@pytest.mark.shared_data
def test_the_written_questions_whose_dates_are_out_of_order_are_told_with_their_rows(
    questions: tuple[Office, Report, dict[str, CaseFile]], shared_data: Path
) -> None:
    _, report, _ = questions
    found = {f.row: f.number for f in report.findings if f.message_id in {"dates-out-of-order", "before-opening"}}
    assert len(found) == 14
    assert "001-120" in found.values()
    with (shared_data / "japan_sangiin" / "syuisyo.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert found == {row: f"{rows[row - 1]['提出回次']}-{rows[row - 1]['提出番号']}" for row in found}


@pytest.mark.shared_data
def test_the_written_questions_imported_again_add_nothing(
    questions: tuple[Office, Report, dict[str, CaseFile]], shared_data: Path
) -> None:
    office, _, _ = questions
    head = office.docket.head()
    report = office.imports(shared_data / "japan_sangiin" / "syuisyo.csv")
    assert (report.already, report.cases, report.steps) == (7_668, 0, 0)
    assert office.docket.head() == head == 25_352


DAYS = [date(year, *day) for year in range(1948, 2025, 10) for day in ((3, 31), (12, 8))] + [
    date(2021, 6, 15),
    date(2024, 3, 14),
]

KNOWN = {
    date(1949, 12, 31): (460, 456, 2, 0),
    date(1980, 6, 30): (1_024, 1_020, 0, 0),
    date(2005, 6, 30): (2_286, 2_276, 6, 1),
    date(2024, 12, 31): (7_668, 7_655, 2, 2),
}


@pytest.mark.shared_data
def test_on_days_of_every_decade_the_folded_cases_are_what_the_file_says(
    questions: tuple[Office, Report, dict[str, CaseFile]], shared_data: Path
) -> None:
    _, _, files = questions
    source = _source(shared_data / "japan_sangiin" / "syuisyo.csv")
    for day in [*DAYS, *KNOWN]:
        folded = _folded(files, day)
        assert folded == _counted(source, day), day
        if day in KNOWN:
            assert tuple(len(numbers) for numbers in folded) == KNOWN[day]


@pytest.mark.shared_data
def test_on_days_of_every_decade_the_figures_are_what_the_file_says(
    questions: tuple[Office, Report, dict[str, CaseFile]], shared_data: Path
) -> None:
    _, _, files = questions
    source = _source(shared_data / "japan_sangiin" / "syuisyo.csv")
    courses = [course_of(file.history, course) for file in files.values()]
    measures = SUBJECTS["suggestion"].measures
    found = Counter[str]()
    for day in [*DAYS, *KNOWN]:
        found.clear()
        for steps in courses:
            at = bisect_right(steps, end_of_day(day, TOKYO), key=lambda one: one[0])
            for cell in steps[at - 1][1].values() if at else ():
                if cell.subject == "suggestion":
                    found.update(dict(zip(measures, cell.counts, strict=True)))
        counted = tuple(found[name] for name in ("opened", "answered", "waiting", "overdue"))
        assert counted == tuple(len(numbers) for numbers in _counted(source, day)), day
    assert (found["late"] - found["unanswered_past_due"], found["unanswered_past_due"]) == (880, 2)


Sets = tuple[set[str], set[str], set[str], set[str]]
"""Numbers of the questions that were submitted, answered, waiting for their answer, and overdue of these."""


def _folded(files: dict[str, CaseFile], day: date) -> Sets:
    submitted, answered, waiting, overdue = _none()
    for number, file in files.items():
        if (case := file.at(as_of=end_of_day(day, TOKYO))) is None:
            continue
        submitted.add(number)
        facts = case.facts()
        if facts.answered_on is not None:
            answered.add(number)
        elif facts.handed_over_on is not None:
            waiting.add(number)
            if facts.due_on is not None and facts.due_on < day:
                overdue.add(number)
    return submitted, answered, waiting, overdue


@dataclass
class Question:
    """A row of the source, read by nothing of the program."""

    number: str
    submitted: date
    forwarded: date | None
    answered: date | None
    notified: date | None = None
    extended_to: date | None = None


def _source(path: Path) -> list[Question]:
    questions = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            submitted, forwarded, answered = (
                date.fromisoformat(row[column]) if row[column] else None
                for column in ("提出日", "転送日", "答弁書受領日")
            )
            assert submitted is not None
            question = Question(f"{row['提出回次']}-{row['提出番号']}", submitted, forwarded, answered)
            if numbers := re.findall(r"(\d+)月(\d+)日", row["備考"]):
                assert forwarded is not None
                near = [_near(forwarded, int(month), int(day)) for month, day in numbers]
                question.notified, question.extended_to = near[0], near[1] if len(near) > 1 else None
            questions.append(question)
    return questions


def _near(day: date, month: int, day_of_month: int) -> date:
    around = (day + timedelta(days=distance * sign) for distance in range(366) for sign in (-1, 1))
    return next(other for other in around if (other.month, other.day) == (month, day_of_month))


def _counted(source: list[Question], day: date) -> Sets:
    submitted, answered, waiting, overdue = _none()
    for question in source:
        if question.submitted > day:
            continue
        submitted.add(question.number)
        if question.answered is not None and question.answered <= day:
            answered.add(question.number)
        elif question.forwarded is not None and question.forwarded <= day:
            waiting.add(question.number)
            due = question.forwarded + timedelta(days=7)
            if question.notified is not None and question.notified <= day and question.extended_to is not None:
                due = question.extended_to
            if due < day:
                overdue.add(question.number)
    return submitted, answered, waiting, overdue


def _none() -> Sets:
    return set(), set(), set(), set()
