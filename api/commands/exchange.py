"""What comes in and goes out: import, export."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from api.commands.common import (
    AsOf,
    Code,
    Deputy,
    Failed,
    Json,
    Jurisdiction,
    Kind,
    KnownAt,
    Session,
    Sort,
    Stage,
    State,
    Text,
    Unit,
    catch_up,
    database,
    example,
    filter_of,
    instant,
    language,
    moment_line,
    moment_of,
    named,
    progress_bar,
    say,
    services,
    settings_in_force,
    told,
    words,
    zone_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from adapters.exchange.importer import Report
    from adapters.wiring import Services
    from domain.docket import Docket
    from projections.ocel import LogFormat
    from projections.reading import Filter
    from projections.sheet import Format

SHOWN = 20
"""Findings and refused rows that the report for people names one by one."""

SHARED_BYTES = 200_000
"""From which size on a file's rows are checked by several processes."""

app = typer.Typer()
export = typer.Typer(
    no_args_is_help=True, help=told("What is recorded, for other programs.", "导出已登记的内容，供其他程序使用。")
)


@app.command(
    "import",
    help=told(
        "Import a file of another system. Run again, it goes on where it was stopped and adds nothing twice. "
        "Exit code 1 if rows were refused.",
        "导入其他系统的文件。重新运行时从中断处继续，不会重复登记。有行被拒绝时退出码为 1。",
    ),
    epilog=example("duban import suggestions-xlsx 建议清单.xlsx --dry-run --errors refused.xlsx"),
)
def import_(
    *,
    profile: Annotated[
        str,
        typer.Argument(
            help=told(
                "What kind of file it is: suggestions-xlsx, units-xlsx, deputies-xlsx, seats-xlsx, "
                "sangiin-appointments or sangiin-questions.",
                "文件的类型：suggestions-xlsx、units-xlsx、deputies-xlsx、seats-xlsx、"
                "sangiin-appointments 或 sangiin-questions。",
            ),
        ),
    ],
    file: Annotated[Path, typer.Argument(help=told("The file.", "文件。"))],
    jurisdiction: Annotated[
        str | None,
        typer.Option(help=told("Whose list it is; by default the setting's.", "所属地区；默认为设置中的地区。")),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help=told(
                'A TOML file for other headers, such as: number = "建议号".',
                '表头不同时的对应文件（TOML），例如：number = "建议号"。',
            )
        ),
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option(help=told("Of a workbook, only this sheet.", "只导入工作簿中的这一张表。")),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=told("Check only, record nothing.", "只检查，不登记。"))
    ] = False,
    errors: Annotated[
        Path | None,
        typer.Option(
            help=told("Write the refused rows to this file, with the reasons.", "将被拒绝的行及原因写入此文件。")
        ),
    ] = None,
    actor: Annotated[str, typer.Option(help=told("Who imports.", "导入人。"))] = "import",
    as_json: Json = False,
) -> None:
    from contextlib import closing

    from adapters import wiring
    from adapters.exchange.checking import Checkers, Where
    from adapters.exchange.importer import run_import
    from adapters.exchange.profiles import FIXED, OFFICE_LISTS, profile_named, profile_names

    who, settings = named(actor), settings_in_force()
    if profile in OFFICE_LISTS:
        jurisdiction = jurisdiction or settings.jurisdiction
    elif profile not in profile_names() or mapping is not None:
        profile_named(profile, mapping=_mapping(mapping))
    _require_files(file, errors)
    cancelled = _Cancelled()
    shared = profile in FIXED and not dry_run and file.stat().st_size >= SHARED_BYTES
    with (
        Checkers.for_work(worth=shared) as checkers,
        database(settings) as (conninfo, alone),
        closing(wiring.build(settings, conninfo, name="duban-import")) as found,
        progress_bar(file.name) as progress,
        cancelled,
    ):
        place = None if jurisdiction is None else found.registry.jurisdiction(jurisdiction)
        entries = () if place is None else found.registry.entries(place.code)
        chosen = profile_named(profile, place, _mapping(mapping), entries)
        report = run_import(
            _docket_that_knows(found, chosen.jurisdiction, who, dry_run=dry_run),
            found.ledger,
            chosen,
            file,
            actor=who,
            sheet=sheet,
            dry_run=dry_run,
            progress=progress,
            should_stop=cancelled.asked,
            sharing=(checkers, Where(conninfo, settings.database_schema, settings.ledger)),
        )
        if alone and report.steps and not dry_run:
            catch_up(settings, conninfo)
    if errors is not None and report.refusals:
        report.write_error_file(errors, lambda refusal: words(refusal.message_id, refusal.params))
        say(told(f"The refused rows are in {errors}.", f"被拒绝的行已写入 {errors}。"))
    if as_json:
        typer.echo(report.to_json())
    else:
        _tell(report)
    if report.cancelled:
        raise Failed(
            Code.CANCELLED,
            told(
                "Cancelled. What was reported is recorded; the same command goes on where this one stopped.",
                "已取消。报告中的内容已登记；再次运行同一命令即从中断处继续。",
            ),
        )
    if report.refusals:
        raise typer.Exit(Code.REFUSED)


def _docket_that_knows(found: "Services", jurisdiction: str, actor: str, *, dry_run: bool) -> "Docket":
    """The docket, after a jurisdiction that ships as a file was entered; a dry run only supposes that it was."""
    from adapters.exchange.jurisdictions import enter, entered_in_memory, shipped
    from domain.docket import Docket

    if jurisdiction in found.registry.codes() or jurisdiction not in shipped():
        return found.docket
    if dry_run:
        return Docket(found.ledger, entered_in_memory())
    enter(found.docket, jurisdiction, actor=actor)
    return found.docket


def _mapping(file: Path | None) -> dict[str, str] | None:
    """What a mapping file says, if one is named."""
    from adapters.exchange.office_list import read_mapping

    if file is None:
        return None
    if not file.is_file():
        raise Failed(Code.NOT_FOUND, told(f"There is no file {file}.", f"没有文件 {file}。"))
    return read_mapping(file)


def _require_files(file: Path, errors: Path | None) -> None:
    """Refuse files that are not there, and an error file that could not be written."""
    from adapters.exchange.source import is_workbook

    if file.is_dir():
        raise Failed(Code.USAGE, told(f"{file} is a folder, not a file.", f"{file} 是文件夹，不是文件。"))
    if not file.is_file():
        raise Failed(Code.NOT_FOUND, told(f"There is no file {file}.", f"没有文件 {file}。"))
    if errors is not None:
        _require_new(errors, "--errors")
        if is_workbook(file) and errors.suffix.lower() != ".xlsx":
            raise Failed(
                Code.USAGE,
                told(
                    f"{file} is a workbook, and so are its refused rows: name a file with --errors that ends in .xlsx.",
                    f"{file} 是表格，被拒绝的行也写为表格：请用 --errors 指定以 .xlsx 结尾的文件。",
                ),
            )


def _require_new(path: Path, option: str) -> None:
    """Refuse to write over a file, or where nothing can be written."""
    if path.exists():
        raise Failed(
            Code.CONFLICT,
            told(
                f"{path} exists already and is not overwritten. Name another file with {option}.",
                f"{path} 已存在，不会覆盖。请用 {option} 指定其他文件。",
            ),
        )
    if not os.access(path.absolute().parent, os.W_OK):
        raise Failed(Code.NO_PERMISSION, told(f"{path} cannot be written.", f"无法写入 {path}。"))


class _Cancelled:
    """Whether the person asked to stop: the import does so between two batches; asked again, at once."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        return self._asked

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: "FrameType | None") -> None:
        del number, frame
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        say(told("Stopping after this batch …", "将在本批完成后停止……"))


def _tell(report: "Report") -> None:
    """The report for people."""
    typer.echo(
        told(
            f"{report.file}: {report.rows} rows, {report.cases} cases and {report.steps} steps "
            f"{'would be recorded' if report.dry_run else 'recorded'}, {report.changed} cases changed, "
            f"{report.already} there before, "
            f"{len(report.findings)} findings, {len(report.refusals)} rows refused; {report.seconds:.1f} s",
            f"{report.file}：{report.rows} 行，{'将登记' if report.dry_run else '已登记'} "
            f"{report.cases} 件 {report.steps} 步，变更 {report.changed} 件，"
            f"此前已有 {report.already} 件，不一致 {len(report.findings)} 处，拒绝 {len(report.refusals)} 行；"
            f"用时 {report.seconds:.1f} 秒",
        )
    )
    if report.sheet is not None:
        typer.echo(
            told(
                f"  sheet {report.sheet}, header in row {report.header_row}; rows are counted below it",
                f"  工作表“{report.sheet}”，表头在第 {report.header_row} 行；行号从表头的下一行数起",
            )
        )
    if report.ignored:
        columns = told(", ", "、").join(report.ignored)
        typer.echo(told(f"  columns that were not read: {columns}", f"  未读取的列：{columns}"))
    for name, count in sorted(report.figures.items()):
        typer.echo(f"  {name}: {count}")
    disagreements = [(r.row, r.field, words(r.message_id, r.params)) for r in report.refusals]
    disagreements += [(f.row, None, words(f.message_id, f.params)) for f in report.findings]
    for row, column, why in disagreements[:SHOWN]:
        place = told(f"row {row}", f"第 {row} 行") + (told(f", {column}", f"，{column}") if column else "")
        typer.echo(f"  {place}{told(': ', '：')}{why}")
    if (more := len(disagreements) - SHOWN) > 0:
        typer.echo(told(f"  and {more} more; --json lists them all", f"  另有 {more} 处；--json 可全部列出"))


@export.command(
    "jsonl",
    help=told(
        "Every step in the order of the ledger, one JSON object a line; `state` is what is stored and hashed.",
        "按账本顺序导出全部步骤，每行一个 JSON 对象；`state` 即所存储并计入摘要的内容。",
    ),
    epilog=example("duban export jsonl --known-at 2026-03-31 > steps.jsonl"),
)
def jsonl(known_at: KnownAt = None) -> None:
    import sys

    import orjson

    with services() as found:
        at = instant(known_at, zone_of(found), "--known-at")
        until = found.docket.head() if at is None else found.docket.position_at(at)
        after = 0
        while steps := found.views.steps(after=after, until=until, limit=2_000):
            after = steps[-1].position
            lines = (
                orjson.dumps(
                    {
                        "position": step.position,
                        "case_id": step.originator_id,
                        "version": step.originator_version,
                        "wire": step.topic,
                        "recorded_at": step.recorded_at,
                        "state": orjson.Fragment(bytes(step.state)),
                    },
                    option=orjson.OPT_APPEND_NEWLINE,
                )
                for step in steps
            )
            sys.stdout.buffer.write(b"".join(lines))
    sys.stdout.buffer.flush()
    say(told(f"{after} steps, up to position {until}", f"{after} 步，至位置 {until}"))


@app.command(
    help=told(
        "A workbook to fill in, with an example, lists to choose from, and what to write where.",
        "供填写的表格模板，附示例、下拉列表和填写说明。",
    ),
    epilog=example("duban template suggestions-xlsx 建议清单.xlsx"),
)
def template(
    profile: Annotated[
        str,
        typer.Argument(
            help=told(
                "For which import: suggestions-xlsx, units-xlsx, deputies-xlsx or seats-xlsx.",
                "用于哪种导入：suggestions-xlsx、units-xlsx、deputies-xlsx 或 seats-xlsx。",
            )
        ),
    ],
    out: Annotated[Path, typer.Argument(help=told("The file to write.", "写入的文件。"))],
    jurisdiction: Annotated[
        str | None,
        typer.Option(
            help=told("Whose units and deputies; by default the setting's.", "所属地区；默认为设置中的地区。")
        ),
    ] = None,
) -> None:
    from datetime import UTC, datetime

    from adapters.exchange.profiles import OFFICE_LISTS
    from adapters.exchange.template import write_template
    from domain.moment import day_of

    if profile not in OFFICE_LISTS:
        raise Failed(
            Code.USAGE,
            told(
                f"There is no template for {profile}; there are those for {', '.join(OFFICE_LISTS)}.",
                f"{profile} 没有模板；可用：{'、'.join(OFFICE_LISTS)}。",
            ),
        )
    _require_new(out, "OUT")
    with services() as found:
        place = found.registry.jurisdiction(jurisdiction or found.settings.jurisdiction)
    today = day_of(datetime.now(UTC), place.time_zone)
    write_template(out, OFFICE_LISTS[profile](place, {}), today, lambda id, **params: words(id, params))
    say(told(f"The template is {out}.", f"模板已写入 {out}。"))


Out = Annotated[Path, typer.Argument(metavar="OUT", help=told("The file to write.", "写入的文件。"))]


@export.command(
    "xlsx",
    help=told(
        "The case list as a workbook: all rows of a filter at a moment, with a cover that says so.",
        "案件清单（Excel 表格）：某一时点符合条件的全部案件，封面写明条件和时点。",
    ),
    epilog=example("duban export xlsx 逾期.xlsx --state overdue --as-of 2026-03-31"),
)
def xlsx(
    *,
    out: Out,
    kind: Kind = None,
    jurisdiction: Jurisdiction = None,
    stage: Stage = None,
    unit: Unit = None,
    deputy: Deputy = None,
    session: Session = None,
    state: State = None,
    text: Text = None,
    sort: Sort = "-opened_on",
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    wanted = filter_of(kind, jurisdiction, stage, unit, deputy, session, state, text)
    _export_list(out, "xlsx", wanted, sort, as_of, known_at)


@export.command(
    "csv",
    help=told(
        "The case list as CSV (UTF-8 with a mark, as Excel opens it): all rows of a filter at a moment.",
        "案件清单（CSV，Excel 可直接打开）：某一时点符合条件的全部案件。",
    ),
    epilog=example("duban export csv cases.csv --unit jtj"),
)
def csv(
    *,
    out: Out,
    kind: Kind = None,
    jurisdiction: Jurisdiction = None,
    stage: Stage = None,
    unit: Unit = None,
    deputy: Deputy = None,
    session: Session = None,
    state: State = None,
    text: Text = None,
    sort: Sort = "-opened_on",
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    wanted = filter_of(kind, jurisdiction, stage, unit, deputy, session, state, text)
    _export_list(out, "csv", wanted, sort, as_of, known_at)


def _export_list(
    out: Path,
    format: "Format",
    wanted: "Filter",
    sort: str,
    as_of: str | None,
    known_at: str | None,
) -> None:
    from api.exporting import export as exported
    from api.words import words as in_language

    _require_new(out, "OUT")
    with services() as found:
        moment = moment_of(found, as_of, known_at, wanted.jurisdiction)
        zone = zone_of(found, wanted.jurisdiction)
        sheet = exported(
            in_language(language()),
            found.views,
            found.registry,
            wanted,
            moment,
            sort=sort,
            zone=zone,
            known_at=instant(known_at, zone, "--known-at"),
            format=format,
        ).sheet
        _write_whole(out, found.sheets.write(sheet, format))
    say(moment_line(moment, known_at, zone))
    say(told(f"The list is in {out}.", f"清单已写入 {out}。"))


_OF_A_LOG = told(
    "docs/ocel.md says what is in it. For whoever runs the installation: nothing is sealed in it but persons' data.",
    "内容见 docs/ocel.md。供系统运行人员使用：除个人信息外均不密封。",
)


@export.command(
    "ocel-json",
    help=told(
        f"The histories of cases as an object-centric event log (OCEL 2.0, JSON), as of a moment. {_OF_A_LOG}",
        f"案件办理过程的对象中心事件日志（OCEL 2.0，JSON），以某一时点为准。{_OF_A_LOG}",
    ),
    epilog=example("duban export ocel-json 建议.json --kind suggestion --as-of 2026-03-31"),
)
def ocel_json(
    *,
    out: Out,
    kind: Kind = None,
    jurisdiction: Jurisdiction = None,
    stage: Stage = None,
    unit: Unit = None,
    deputy: Deputy = None,
    session: Session = None,
    state: State = None,
    text: Text = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    wanted = filter_of(kind, jurisdiction, stage, unit, deputy, session, state, text)
    _export_log(out, "ocel-json", wanted, as_of, known_at)


@export.command(
    "ocel-sqlite",
    help=told(
        f"The histories of cases as an object-centric event log (OCEL 2.0, SQLite), as of a moment. {_OF_A_LOG}",
        f"案件办理过程的对象中心事件日志（OCEL 2.0，SQLite），以某一时点为准。{_OF_A_LOG}",
    ),
    epilog=example("duban export ocel-sqlite 建议.sqlite --unit jtj"),
)
def ocel_sqlite(
    *,
    out: Out,
    kind: Kind = None,
    jurisdiction: Jurisdiction = None,
    stage: Stage = None,
    unit: Unit = None,
    deputy: Deputy = None,
    session: Session = None,
    state: State = None,
    text: Text = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    wanted = filter_of(kind, jurisdiction, stage, unit, deputy, session, state, text)
    _export_log(out, "ocel-sqlite", wanted, as_of, known_at)


def _export_log(out: Path, format: "LogFormat", wanted: "Filter", as_of: str | None, known_at: str | None) -> None:
    from api.exporting import MOST, export_log
    from api.words import words as in_language
    from domain.policy import EVERYTHING

    _require_new(out, "OUT")
    with services() as found:
        moment = moment_of(found, as_of, known_at, wanted.jurisdiction)
        zone = zone_of(found, wanted.jurisdiction)
        log = export_log(
            in_language(language()),
            found,
            EVERYTHING,
            wanted,
            moment,
            zone=zone,
            known_at=instant(known_at, zone, "--known-at"),
            format=format,
            most=MOST,
        ).log
        _write_whole(out, found.event_logs.write(log, format))
    say(moment_line(moment, known_at, zone))
    say(told(f"The event log is in {out}.", f"事件日志已写入 {out}。"))


def _write_whole(out: Path, pieces: "Iterable[bytes]") -> None:
    """Write beside the file that is meant, and give it its name when it is whole."""
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with unfinished.open("xb") as file:
            file.writelines(pieces)
        unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)
