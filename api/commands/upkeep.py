"""Projections and tokens: projection status|list|rebuild|back, token create|list|revoke."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.common import (
    Code,
    Failed,
    Json,
    database,
    emit,
    example,
    progress_bar,
    say,
    services,
    settings_in_force,
    table,
    told,
)

if TYPE_CHECKING:
    from adapters.postgres.projector import Projector

Name = Annotated[str, typer.Argument(metavar="NAME", help=told("The projection.", "投影名称。"))]

projection = typer.Typer(no_args_is_help=True, help=told("The projections that readers ask.", "供查询使用的投影。"))
token = typer.Typer(no_args_is_help=True, help=told("Tokens for the API.", "接口令牌。"))


@projection.command(
    help=told("How far every projection is. Exit code 1 if one has stopped.", "各投影的进度。有投影停止时退出码为 1。"),
    epilog=example("duban projection status --json"),
)
def status(as_json: Json = False) -> None:
    with services() as found:
        statuses = found.views.status()
    if as_json:
        emit([asdict(s) for s in statuses])
    else:
        table(
            told(
                "projection | build | version | position | head | lag | seconds | state | error",
                "投影 | 构建 | 版本 | 位置 | 账本末尾 | 滞后 | 秒 | 状态 | 错误",
            ),
            [
                (s.name, s.build, s.version, s.position, s.head, s.lag, f"{s.lag_seconds:.1f}", s.state, s.error)
                for s in statuses
            ],
            right=(1, 2, 3, 4, 5, 6),
        )
    if any(s.state == "stopped" for s in statuses):
        raise typer.Exit(Code.REFUSED)


@projection.command(
    "list",
    help=told(
        "The builds of every projection: shown, kept for going back, under way; with rows and size.",
        "各投影的所有构建：使用中的、可退回的、正在重建的，以及行数和大小。",
    ),
    epilog=example("duban projection list --checksum"),
)
def list_builds(
    *,
    checksum: Annotated[
        bool,
        typer.Option(
            "--checksum",
            help=told(
                "Also a checksum of the rows, for all builds of a projection at the same position.",
                "同时计算数据校验和；同一投影的各构建取同一位置。",
            ),
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    with _projector() as projector:
        builds = projector.builds(checksums=checksum)
    if as_json:
        emit([asdict(one) for one in builds])
        return
    states = {
        "live": told("live", "使用中"),
        "retired": told("retired", "可退回"),
        "building": told("building", "重建中"),
    }
    table(
        told(
            "projection | build | version | state | position | rows | MB | live since | checksum | at position",
            "投影 | 构建 | 版本 | 状态 | 位置 | 行数 | MB | 启用时间 | 校验和 | 校验位置",
        ),
        [
            (
                one.name,
                one.build,
                one.version,
                states[one.state],
                one.position,
                one.rows,
                f"{one.bytes / 1_000_000:.1f}",
                one.live_at and f"{one.live_at:%Y-%m-%d %H:%M}",
                one.checksum,
                one.checked_at,
            )
            for one in builds
        ],
        right=(1, 2, 4, 5, 6, 9),
    )


@projection.command(
    help=told(
        "Build a projection anew beside the old rows, with every processor, compare, then swap; readers are served "
        "throughout. Exit code 1, and nothing is swapped, if a build of the same version says otherwise than the old "
        "rows did at the same position.",
        "用全部处理器在旧数据旁重建投影，比对后切换；期间查询不受影响。"
        "版本相同而同一位置的数据与原来不一致时不切换，退出码为 1。",
    ),
    epilog=example("duban projection rebuild case_list"),
)
def rebuild(
    name: Name,
    *,
    accept_difference: Annotated[
        bool,
        typer.Option(
            "--accept-difference",
            help=told("Swap although the rows differ.", "数据不一致也切换。"),
        ),
    ] = False,
) -> None:
    from adapters.postgres.projector import DifferenceError

    _require_known(name)
    began = monotonic()
    with _projector() as projector, progress_bar(name) as progress:
        try:
            rebuilt = projector.rebuild(name, progress, accept_difference=accept_difference)
        except DifferenceError as error:
            raise Failed(
                Code.REFUSED,
                told(
                    f"Not swapped: {error}. Look into it; `--accept-difference` swaps nevertheless.",
                    f"未切换，数据不一致：{error}。请先查明原因；确认后可用 `--accept-difference` 切换。",
                ),
            ) from None
    seconds = monotonic() - began
    rate = f"{rebuilt.records / seconds:,.0f}"
    say(
        told(
            f"{name} was rebuilt from {rebuilt.records} steps in {seconds:.1f} s, {rate} steps/s; it has {rebuilt.rows}"
            " rows.",
            f"已根据 {rebuilt.records} 步重建 {name}，用时 {seconds:.1f} 秒（每秒 {rate} 步），共 {rebuilt.rows} 行。",
        )
    )
    if rebuilt.difference is not None:
        say(told(f"Accepted: {rebuilt.difference}.", f"已接受的差异：{rebuilt.difference}。"))
    elif rebuilt.checksum is not None:
        say(
            told(
                f"The rows before said the same (checksum {rebuilt.checksum}).",
                f"与原数据一致（校验和 {rebuilt.checksum}）。",
            )
        )
    elif rebuilt.before is not None:
        say(
            told(
                f"The rows before were {rebuilt.before}, of another version.",
                f"原数据为另一版本，共 {rebuilt.before} 行。",
            )
        )


@projection.command(
    help=told(
        "Show the build before the last rebuild again, once it has caught up. Exit code 1 if there is none, or if it "
        "is of a version that this Duban does not keep.",
        "先补齐再退回上一次重建前的构建。没有可退回的构建，或其版本与本程序不符时，退出码为 1。",
    ),
    epilog=example("duban projection back case_list"),
)
def back(name: Name) -> None:
    from adapters.postgres.projector import NothingToGoBackToError
    from projections.catalogue import PROJECTIONS

    _require_known(name)
    with _projector() as projector, progress_bar(name) as progress:
        try:
            taken = projector.back(name, progress)
        except NothingToGoBackToError as error:
            own = PROJECTIONS[name]().version
            raise Failed(
                Code.REFUSED,
                told(
                    f"There is no build of {name} before the one that is shown.",
                    f"{name} 没有可退回的构建。",
                )
                if error.version is None
                else told(
                    f"The build of {name} before is of version {error.version}, but this Duban keeps version {own}: "
                    "go back with the Duban that keeps it.",
                    f"{name} 上一构建为版本 {error.version}，本程序使用版本 {own}：请用对应版本的程序退回。",
                ),
            ) from None
    say(told(f"{name} is the build before again; it took {taken} steps.", f"{name} 已退回上一构建，补齐 {taken} 步。"))


def _require_known(name: str) -> None:
    from projections.catalogue import PROJECTIONS

    if name not in PROJECTIONS:
        known = ", ".join(PROJECTIONS)
        raise Failed(
            Code.NOT_FOUND,
            told(f"There is no projection {name}; there are {known}.", f"没有投影 {name}；现有：{known}。"),
        )


@contextmanager
def _projector() -> "Iterator[Projector]":
    """Not through the guards: a projection ahead of the ledger is one reason to rebuild it."""
    from adapters.postgres.projector import Projector

    settings = settings_in_force()
    with database(settings) as (conninfo, _):
        yield Projector(conninfo, schema=settings.database_schema, ledger_id=settings.ledger)


@token.command(
    help=told(
        "Make a token for a program; it is shown this once. `duban account create-token` makes a person's.",
        "为程序生成令牌；仅显示这一次。个人的令牌用 `duban account create-token` 生成。",
    ),
    epilog=example(
        "duban token create --actor u-17 --role deputy_affairs --office rd --note 'import of 2026' --days 90"
    ),
)
def create(
    actor: Annotated[str, typer.Option(help=told("Who uses it.", "使用人。"))],
    role: Annotated[
        str, typer.Option(help=told("In which role, such as deputy_affairs.", "身份，如 deputy_affairs。"))
    ],
    office: Annotated[str, typer.Option(help=told("Of which office or unit.", "所属机关或单位。"))],
    note: Annotated[str, typer.Option(help=told("What it is for.", "用途。"))],
    jurisdiction: Annotated[
        str | None,
        typer.Option(
            help=told("Of which jurisdiction; by default this installation's.", "所属地区；默认为本安装的地区。")
        ),
    ] = None,
    days: Annotated[int, typer.Option(help=told("How many days it is valid.", "有效天数。"))] = 90,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=told("What it may do: read, record, or both (the default).", "权限：read、record 或两者（默认）。")
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    from domain.principal import EVERYTHING

    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        made = found.tokens.create(actor, role, office, place, note, days, scope or EVERYTHING)
    if as_json:
        emit({"token": made})
    else:
        typer.echo(made)
    say(told("Keep it now: it is not shown again.", "请立即保存：不会再次显示。"))


@token.command(
    "list",
    help=told("Every token, without its secret.", "列出所有令牌（不含密文）。"),
    epilog=example("duban token list"),
)
def list_(as_json: Json = False) -> None:
    with services() as found:
        tokens = found.tokens.list()
    if as_json:
        emit([asdict(t) for t in tokens])
        return
    table(
        told(
            "id | account | who | role | office | jurisdiction | may | note | until | last used | revoked",
            "id | 帐号 | 使用人 | 身份 | 单位 | 地区 | 权限 | 用途 | 有效至 | 最近使用 | 撤销",
        ),
        [
            (
                t.id,
                t.account,
                t.actor,
                t.role,
                t.office,
                t.jurisdiction,
                ", ".join(t.scopes),
                t.note,
                f"{t.expires_at:%Y-%m-%d}",
                t.last_used_at and f"{t.last_used_at:%Y-%m-%d}",
                t.revoked_at and f"{t.revoked_at:%Y-%m-%d}",
            )
            for t in tokens
        ],
    )


@token.command(help=told("End a token now.", "立即撤销令牌。"), epilog=example("duban token revoke 3f2a9c01b7de"))
def revoke(id: Annotated[str, typer.Argument(metavar="ID", help=told("The id of the token.", "令牌的编号。"))]) -> None:
    from domain.account import CONSOLE

    with services() as found:
        ended = found.tokens.revoke(id, by=CONSOLE)
    if not ended:
        raise Failed(
            Code.NOT_FOUND,
            told(
                f"No token {id} is in force. `duban token list` shows them.",
                f"没有有效的令牌 {id}。`duban token list` 可列出全部。",
            ),
        )
    say(told(f"Token {id} is revoked.", f"令牌 {id} 已撤销。"))
