"""What comes in and goes out: import, export."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from api.commands.common import (
    Code,
    Failed,
    Json,
    KnownAt,
    catch_up,
    database,
    example,
    instant,
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
    from types import FrameType

    from adapters.exchange.importer import Report
    from adapters.wiring import Services
    from domain.docket import Docket

SHOWN = 20
"""Findings and refused rows that the report for people names one by one."""

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
    epilog=example("duban import sangiin-questions questions.csv --dry-run --errors refused.csv"),
)
def import_(
    profile: Annotated[
        str,
        typer.Argument(
            help=told("What kind of file it is: sangiin-questions.", "文件的类型：sangiin-questions。"),
        ),
    ],
    file: Annotated[Path, typer.Argument(help=told("The file.", "文件。"))],
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
    from adapters.exchange.importer import run_import
    from adapters.exchange.profiles import profile_named

    chosen = profile_named(profile)
    if file.is_dir():
        raise Failed(Code.USAGE, told(f"{file} is a folder, not a file.", f"{file} 是文件夹，不是文件。"))
    if not file.is_file():
        raise Failed(Code.NOT_FOUND, told(f"There is no file {file}.", f"没有文件 {file}。"))
    if errors is not None and errors.exists():
        raise Failed(
            Code.CONFLICT,
            told(
                f"{errors} exists already and is not overwritten. Name another file with --errors.",
                f"{errors} 已存在，不会覆盖。请用 --errors 指定其他文件。",
            ),
        )
    if errors is not None and not os.access(errors.absolute().parent, os.W_OK):
        raise Failed(
            Code.NO_PERMISSION,
            told(f"{errors} cannot be written.", f"无法写入 {errors}。"),
        )
    who, settings = named(actor), settings_in_force()
    cancelled = _Cancelled()
    with (
        database(settings) as (conninfo, alone),
        closing(wiring.build(settings, conninfo, name="duban-import")) as found,
        progress_bar(file.name) as progress,
        cancelled,
    ):
        report = run_import(
            _docket_that_knows(found, chosen.jurisdiction, who, dry_run=dry_run),
            found.ledger,
            chosen,
            file,
            actor=who,
            dry_run=dry_run,
            progress=progress,
            should_stop=cancelled.asked,
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
            f"{'would be recorded' if report.dry_run else 'recorded'}, {report.already} there before, "
            f"{len(report.findings)} findings, {len(report.refusals)} rows refused; {report.seconds:.1f} s",
            f"{report.file}：{report.rows} 行，{'将登记' if report.dry_run else '已登记'} "
            f"{report.cases} 件 {report.steps} 步，"
            f"此前已有 {report.already} 件，不一致 {len(report.findings)} 处，拒绝 {len(report.refusals)} 行；"
            f"用时 {report.seconds:.1f} 秒",
        )
    )
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
