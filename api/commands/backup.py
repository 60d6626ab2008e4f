"""Backup and restore: backup, mark, restore."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.common import Code, Failed, Json, database, emit, example, instant, say, settings_in_force, told
from api.commands.keys import DAYS

if TYPE_CHECKING:
    from adapters.keys import KeyStore

app = typer.Typer()

Keys = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help=told(
            "The folder of the copies of the keys; by default `keys` beside the backup.",
            "密钥副本所在目录；默认为备份旁的 keys。",
        ),
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help=told("The folder of the backup.", "备份所在目录。"))]


@app.command(
    help=told(
        "Back up everything while the service runs: database, files and log, checked before it counts. The keys of "
        "persons' data and files go to a folder of their own, where copies are kept for a week.",
        "在服务运行时备份全部内容：数据库、附件和日志，核验无误才算完成。个人信息和附件的密钥另存一处，副本保留一周。",
    ),
    epilog=example("duban backup /backup/2026-11-28"),
)
def backup(place: Folder, keys: Keys = None, as_json: Json = False) -> None:
    from dataclasses import asdict

    from adapters.backup import back_up
    from adapters.wiring import keys_of

    settings = settings_in_force()
    with database(settings) as (conninfo, _):
        made = back_up(conninfo, settings.database_schema, settings.data_dir, place)
    copy = keys_of(settings).backup(keys or place.parent / "keys", timedelta(days=DAYS))
    if as_json:
        emit(asdict(made) | {"keys": str(copy)})
    else:
        steps = sum(made.ledgers.values())
        say(told(f"The backup in {place} has {steps} steps or more.", f"{place} 中的备份至少有 {steps} 步。"))
        say(told(f"The keys are copied to {copy}.", f"密钥已复制到 {copy}。"))


@app.command(
    help=told(
        "Give this point of time a name, to which an archive (DUBAN_WAL_ARCHIVE) can be restored.",
        "为当前时刻命名，供有归档（DUBAN_WAL_ARCHIVE）时恢复到此处。",
    ),
    epilog=example("duban mark before-the-upgrade"),
)
def mark(name: Annotated[str, typer.Argument(metavar="NAME", help=told("The name.", "名称。"))]) -> None:
    from adapters.backup import mark as marked

    settings = settings_in_force()
    with database(settings) as (conninfo, _):
        marked(conninfo, name)


@app.command(
    help=told(
        "Restore a backup into a data directory without a database, and measure it by the checkpoints that were "
        "published. Exit code 1 if it does not continue them: then nothing is signed.",
        "将备份恢复到没有数据库的数据目录，并以已公布的检查点衡量。若不是其延续，退出码为 1，且不再签名。",
    ),
    epilog=example("duban restore /backup/2026-11-28 --archive /backup/wal --until 2026-11-28T10:00+08:00"),
)
def restore(
    place: Folder,
    keys: Keys = None,
    archive: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=told("The archive of the write-ahead log.", "预写日志的归档目录。")),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help=told("Up to which instant.", "恢复到哪一时刻。")),
    ] = None,
    point: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=told("Up to which named point.", "恢复到哪个命名点。")),
    ] = None,
    as_json: Json = False,
) -> None:
    from dataclasses import asdict

    from adapters import backup as backups
    from adapters.wiring import keys_of

    if until is not None and point is not None:
        raise Failed(Code.USAGE, told("Either --until or --point, not both.", "--until 和 --point 只能用其一。"))
    settings = settings_in_force()
    if settings.database_url is not None:
        raise Failed(
            Code.USAGE,
            told(
                "DUBAN_DATABASE_URL is set: restore that server with its own tools (docs/operations.md).",
                "已设置 DUBAN_DATABASE_URL：请用该服务器自己的工具恢复（见 docs/operations.md）。",
            ),
        )
    target: datetime | str | None = instant(until, "UTC", "--until") if until else point
    backups.restore(place, settings.data_dir, archive=archive, until=target)
    _restore_keys(keys_of(settings), keys or place.parent / "keys")
    with database(settings) as (conninfo, _):
        found = backups.measured(conninfo, settings.database_schema, settings.data_dir)
    if as_json:
        emit([asdict(one) for one in found])
    else:
        for one in found:
            typer.echo(_told(one.ledger, one.head, one.published, continues=one.continues))
    if not all(one.continues for one in found):
        raise typer.Exit(Code.REFUSED)


def _restore_keys(store: "KeyStore", folder: Path) -> None:
    """Keys that are there stay, and those of the newest copy come to them; what was erased stays erased."""
    if copies := sorted(folder.glob("keys-*.sqlite")):
        store.restore(copies[-1])
    elif not any(store.count().values()):
        say(
            told(
                f"There is no copy of the keys in {folder}: attached files and persons' data cannot be read until "
                "`duban keys restore` has one.",
                f"{folder} 中没有密钥副本：在用 `duban keys restore` 恢复之前，附件和个人信息无法读取。",
            )
        )


def _told(ledger: str, head: int, published: int | None, *, continues: bool) -> str:
    if published is None:
        return told(
            f"✓ {ledger}: {head} steps; no checkpoint is at hand to compare with.",
            f"✓ {ledger}：{head} 步；没有可比对的检查点。",
        )
    if continues:
        return told(
            f"✓ {ledger}: {head} steps, which continue the published checkpoint of {published}.",
            f"✓ {ledger}：{head} 步，是已公布的 {published} 条检查点的延续。",
        )
    return told(
        f"✗ {ledger}: {head} steps, which do NOT continue the published checkpoint of {published}: what was signed is "
        "lost or was changed. Nothing is signed any more (docs/operations.md).",
        f"✗ {ledger}：{head} 步，不是已公布的 {published} 条检查点的延续：已签署的内容丢失或被改动，"
        "不再签名（见 docs/operations.md）。",
    )
