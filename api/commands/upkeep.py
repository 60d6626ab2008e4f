"""Projections and tokens: projection status|rebuild, token create|list|revoke."""

from dataclasses import asdict
from typing import Annotated

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
    help=told(
        "Build a projection anew beside the old rows, with every processor, then swap; readers are served throughout.",
        "用全部处理器在旧数据旁重建投影，完成后切换；期间查询不受影响。",
    ),
    epilog=example("duban projection rebuild case_list"),
)
def rebuild(name: Annotated[str, typer.Argument(metavar="NAME", help=told("The projection.", "投影名称。"))]) -> None:
    from adapters.postgres.projector import Projector
    from projections.catalogue import PROJECTIONS

    if name not in PROJECTIONS:
        known = ", ".join(PROJECTIONS)
        raise Failed(
            Code.NOT_FOUND,
            told(f"There is no projection {name}; there are {known}.", f"没有投影 {name}；现有：{known}。"),
        )
    settings = settings_in_force()
    # Not through the guards: a projection ahead of the ledger is one reason to rebuild it.
    with database(settings) as (conninfo, _), progress_bar(name) as progress:
        projector = Projector(conninfo, schema=settings.database_schema, ledger_id=settings.ledger)
        done = projector.rebuild(name, progress)
    say(told(f"{name} was rebuilt from {done} steps.", f"已根据 {done} 步重建 {name}。"))


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
