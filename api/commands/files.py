"""Attached files: put, list, check."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.common import (
    Code,
    Json,
    emit,
    example,
    named,
    progress_bar,
    say,
    services,
    settings_in_force,
    table,
    told,
)

if TYPE_CHECKING:
    from adapters.files import Checked
    from adapters.wiring import Services
    from domain.case import AttachmentAdded

PIECE = 1 << 20
_BATCH = 5_000

app = typer.Typer(no_args_is_help=True, help=told("The files that are attached to cases.", "案件的附件。"))


@app.command(
    help=told(
        "Hand in a file, so that a step of that person may name it within seven days. Nothing is recorded.",
        "上传文件，供该人员七日内在办理步骤中引用。不登记任何步骤。",
    ),
    epilog=example("duban files put 答复函.pdf --actor u-17"),
)
def put(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=told("The file.", "文件。"))],
    actor: Annotated[str, typer.Option(help=told("Who hands it in.", "上传人。"))],
    jurisdiction: Annotated[
        str | None,
        typer.Option(
            help=told("Of which jurisdiction; by default this installation's.", "所属地区；默认为本安装的地区。")
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    from contextlib import closing

    from adapters.wiring import files_of, keys_of

    settings = settings_in_force()
    code, who = jurisdiction or settings.jurisdiction, named(actor)
    with file.open("rb") as source:
        size = file.stat().st_size
        with closing(files_of(settings, keys_of(settings)).begin(file.name, code, who, size)) as upload:
            while piece := source.read(PIECE):
                upload.write(piece)
            received = upload.finish()
    if as_json:
        emit({"name": received.name, **received.content._asdict()})
        return
    typer.echo(received.content.sha256)
    say(f"{received.name}, {received.content.media_type}, {received.content.size} B")


@app.command(
    "list",
    help=told("Every file that a step names, with its cases.", "列出各步骤引用的文件及所属案件。"),
    epilog=example("duban files list --json"),
)
def list_(as_json: Json = False) -> None:
    from domain.person import PersonalAttachmentAdded

    with services() as found:
        attached = _named_by_steps(found)
    rows = [
        {
            "sha256": step.sha256,
            "case_id": case_id,
            "version": version,
            "name": None if isinstance(step, PersonalAttachmentAdded) else step.name,
            "kind": step.kind,
            "media_type": step.media_type,
            "size": step.size,
        }
        for case_id, version, step in attached
    ]
    if as_json:
        emit(rows)
        return
    table(
        told("SHA-256 | case | step | name | kind | type | bytes", "SHA-256 | 案件 | 步骤 | 名称 | 种类 | 类型 | 字节"),
        [tuple(row.values()) for row in rows],
        right=(2, 6),
        whole=(0, 1),
    )


@app.command(
    help=told(
        "Hash every file again: what is missing, altered, or named by no step within seven days. "
        "Exit code 1 if anything is.",
        "重新计算每个文件的摘要，报告缺失、被改动或上传七日后仍未被引用的文件。有则退出码为 1。",
    ),
    epilog=example("duban files check --json"),
)
def check(as_json: Json = False) -> None:
    with services() as found:
        referenced = {step.sha256: step.size for _, _, step in _named_by_steps(found)}
        with progress_bar(told("files", "文件")) as progress:
            checked = found.files.check(referenced, progress)
    if as_json:
        emit({"clean": checked.clean, **_as_told(checked)})
    else:
        troubles = {
            told("missing", "缺失"): checked.missing,
            told("altered", "被改动"): checked.altered,
            told("named by no step", "未被引用"): checked.unreferenced,
        }
        for trouble, names in troubles.items():
            for name in names:
                typer.echo(f"{trouble}: {name}")
        counts = Counter({trouble: len(names) for trouble, names in troubles.items()})
        say(
            told(
                f"{checked.contents} files, {checked.size} bytes", f"共 {checked.contents} 个文件，{checked.size} 字节"
            )
            + "".join(f"; {trouble} {count}" for trouble, count in counts.items())
        )
    if not checked.clean:
        raise typer.Exit(Code.REFUSED)


def _as_told(checked: "Checked") -> dict[str, object]:
    return {
        "contents": checked.contents,
        "bytes": checked.size,
        "missing": checked.missing,
        "erased": checked.erased,
        "altered": checked.altered,
        "unreferenced": checked.unreferenced,
        "waiting": checked.waiting,
    }


def _named_by_steps(found: "Services") -> "list[tuple[str, int, AttachmentAdded]]":
    """Every step that names a file, also a voided one, with its case and its number there."""
    from domain.case import AttachmentAdded
    from domain.docket import LedgerMapper
    from domain.person import PersonalAttachmentAdded

    attached = []
    after: int | None = None
    wires = [AttachmentAdded.declared.wire, PersonalAttachmentAdded.declared.wire]
    while batch := found.ledger.select_notifications(after, _BATCH, topics=wires, inclusive_of_start=False):
        for notification in batch:
            step = LedgerMapper().to_domain_event(notification).step
            if isinstance(step, AttachmentAdded):
                attached.append((str(notification.originator_id), notification.originator_version, step))
        after = batch[-1].id
    return attached
