"""Accounts: account create|list|show|disable|enable|reset-password|rebind|log, their sessions and tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from api.commands.common import (
    Code,
    Failed,
    Json,
    emit,
    example,
    label,
    say,
    services,
    table,
    told,
    zone_of,
)

if TYPE_CHECKING:
    from adapters.wiring import Services
    from domain.account import Account, Asked, Entry

account = typer.Typer(no_args_is_help=True, help=told("Accounts of people who sign in.", "登录人员的帐号。"))

Login = Annotated[str, typer.Argument(metavar="LOGIN", help=told("The login of the account.", "帐号的登录名。"))]
RoleAsked = Annotated[
    str, typer.Option("--role", help=told("In which role, such as handling_unit.", "身份，如 handling_unit。"))
]
OfficeAsked = Annotated[
    str | None,
    typer.Option(
        "--office",
        help=told(
            "The unit of a handling unit's account; of others by default the congress itself.",
            "承办单位帐号的单位代码；其他帐号默认为人大机关。",
        ),
    ),
]
JurisdictionAsked = Annotated[
    str | None,
    typer.Option(
        "--jurisdiction",
        help=told("Of which jurisdiction; by default this installation's.", "所属地区；默认为本安装的地区。"),
    ),
]
DeputyAsked = Annotated[
    str | None,
    typer.Option("--deputy", help=told("Which deputy a deputy's account is of.", "代表帐号对应的代表代码。")),
]


@account.command(
    help=told(
        "Make an account; its one-time password is shown this once and has to be changed at the first sign-in.",
        "新建帐号；一次性密码只显示这一次，首次登录时须修改。",
    ),
    epilog=example("duban account create zhang --name 张三 --role handling_unit --office jtj"),
)
def create(
    login: Login,
    name: Annotated[str, typer.Option(help=told("The person's name.", "姓名。"))],
    role: RoleAsked,
    office: OfficeAsked = None,
    jurisdiction: JurisdictionAsked = None,
    deputy: DeputyAsked = None,
    as_json: Json = False,
) -> None:
    from domain.account import CONSOLE

    with services() as found:
        asked = _asked(found, role, office, jurisdiction, deputy)
        made, password = found.accounts.create(login, name, asked, by=CONSOLE)
        lasting = found.accounts.one_time
    if as_json:
        emit({**asdict(made), "password": password})
    else:
        typer.echo(password)
    _say_once(lasting)


@account.command(
    "list",
    help=told("Every account, without its password.", "列出所有帐号（不含密码）。"),
    epilog=example("duban account list"),
)
def list_(as_json: Json = False) -> None:
    with services() as found:
        accounts, lasting = found.accounts.list(), found.accounts.one_time
        zone = zone_of(found)
    if as_json:
        emit([asdict(one) for one in accounts])
        return
    table(
        told(
            "login | name | role | office | jurisdiction | deputy | today | one-time password until | since | disabled"
            " | locked until",
            "登录名 | 姓名 | 身份 | 单位 | 地区 | 代表 | 现状 | 一次性密码有效至 | 建立 | 停用 | 锁定至",
        ),
        [
            (
                one.login,
                one.name,
                label("role", one.binding.role),
                one.binding.office,
                one.binding.jurisdiction,
                one.binding.deputy,
                _standing(one),
                _when(one.one_time_until(lasting), zone),
                _when(one.created_at, zone),
                _when(one.disabled_at, zone),
                _when(one.locked_until, zone),
            )
            for one in accounts
        ],
    )


@account.command(
    help=told("One account with what it is bound to.", "查看一个帐号及其身份。"),
    epilog=example("duban account show zhang"),
)
def show(login: Login, as_json: Json = False) -> None:
    with services() as found:
        one, lasting = found.accounts.named(login), found.accounts.one_time
        zone = zone_of(found)
    if as_json:
        emit(asdict(one))
        return
    binding = one.binding
    for what, value in (
        (told("login", "登录名"), one.login),
        (told("name", "姓名"), one.name),
        (told("role", "身份"), label("role", binding.role)),
        (told("office", "单位"), binding.office),
        (told("jurisdiction", "地区"), binding.jurisdiction),
        (told("deputy", "代表"), binding.deputy),
        (told("today", "现状"), _standing(one)),
        (told("one-time password until", "一次性密码有效至"), _when(one.one_time_until(lasting), zone)),
        (told("since", "建立"), _when(one.created_at, zone)),
        (told("disabled", "停用"), _when(one.disabled_at, zone)),
        (told("locked until", "锁定至"), _when(one.locked_until, zone)),
    ):
        typer.echo(f"{what}: {value or '—'}")


@account.command(
    help=told("End every session of an account, and let nobody sign in with it.", "停用帐号，并结束其所有登录。"),
    epilog=example("duban account disable zhang"),
)
def disable(login: Login) -> None:
    from domain.account import CONSOLE

    with _named(login) as (found, one):
        changed = found.accounts.disable(one.id, by=CONSOLE)
    _say_whether(told(f"The account {one.login} is disabled.", f"帐号 {one.login} 已停用。"), changed=changed)


@account.command(
    help=told("Let an account be used again, also one that was locked.", "恢复使用帐号，同时解除锁定。"),
    epilog=example("duban account enable zhang"),
)
def enable(login: Login) -> None:
    from domain.account import CONSOLE

    with _named(login) as (found, one):
        changed = found.accounts.enable(one.id, by=CONSOLE)
    _say_whether(told(f"The account {one.login} can be used again.", f"帐号 {one.login} 已恢复使用。"), changed=changed)


@account.command(
    "reset-password",
    help=told(
        "Make a new one-time password, shown this once; every session of the account ends.",
        "重置为一次性密码，只显示这一次；该帐号的所有登录随即结束。",
    ),
    epilog=example("duban account reset-password zhang"),
)
def reset_password(login: Login, as_json: Json = False) -> None:
    from domain.account import CONSOLE

    with _named(login) as (found, one):
        password = found.accounts.reset_password(one.id, by=CONSOLE)
        lasting = found.accounts.one_time
    if as_json:
        emit({"login": one.login, "password": password})
    else:
        typer.echo(password)
    _say_once(lasting)


@account.command(
    help=told(
        "Let an account act in another role, for another office; its sessions end.",
        "变更帐号的身份或单位；其登录随即结束。",
    ),
    epilog=example("duban account rebind zhang --role handling_unit --office czj"),
)
def rebind(
    login: Login,
    role: RoleAsked,
    office: OfficeAsked = None,
    jurisdiction: JurisdictionAsked = None,
    deputy: DeputyAsked = None,
) -> None:
    from domain.account import CONSOLE

    with _named(login) as (found, one):
        asked = _asked(found, role, office, jurisdiction or one.binding.jurisdiction, deputy)
        changed = found.accounts.rebind(one.id, asked, by=CONSOLE)
    _say_whether(
        told(f"The account {one.login} acts as something else now.", f"帐号 {one.login} 的身份已变更。"),
        changed=changed,
    )


@account.command(
    help=told("What was done to the accounts and by whom, the newest first.", "帐号日志：何人何时办理何事，新的在前。"),
    epilog=example("duban account log zhang --limit 20"),
)
def log(
    login: Annotated[
        str | None,
        typer.Argument(metavar="LOGIN", help=told("Of this account only.", "只看这个帐号。")),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=told("At most so many lines.", "最多行数。"))] = 100,
    before: Annotated[
        int | None, typer.Option(min=1, help=told("Only lines before this number.", "只看此编号之前的记录。"))
    ] = None,
    what: Annotated[
        str | None, typer.Option(help=told("Only this, such as denied.", "只看此类事项，如 denied。"))
    ] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help=told("Only of this day.", "只看这一天。"))
    ] = None,
    as_json: Json = False,
) -> None:
    from domain.account import Happening, LogFilter
    from domain.moment import start_of_day

    if what is not None and what not in set(Happening):
        known = ", ".join(Happening)
        raise Failed(Code.USAGE, told(f"--what {what}: there are {known}.", f"--what {what}：可选 {known}。"))
    with services() as found:
        zone = zone_of(found)
        wanted = LogFilter(
            account_id=None if login is None else found.accounts.named(login).id,
            what=None if what is None else Happening(what),
            since=None if day is None else start_of_day(day.date(), zone),
            until=None if day is None else start_of_day(day.date() + timedelta(days=1), zone),
        )
        entries = found.accounts.log(wanted, before=before, limit=limit)
    if as_json:
        emit([asdict(entry) for entry in entries])
        return
    table(
        told("number | when | account | what | by | details", "编号 | 时间 | 帐号 | 事项 | 操作人 | 详情"),
        [
            (
                entry.number,
                _when(entry.at, zone),
                entry.login,
                label("people.log", entry.what),
                _who(entry),
                ", ".join(f"{name}={value}" for name, value in entry.detail.items()),
            )
            for entry in entries
        ],
        right=(0,),
    )


@account.command(
    help=told("Where an account is signed in now.", "帐号当前的登录情况。"),
    epilog=example("duban account sessions zhang"),
)
def sessions(login: Login, as_json: Json = False) -> None:
    with _named(login) as (found, one):
        open_now = found.accounts.sessions(one.id)
        zone = zone_of(found)
    if as_json:
        emit(
            [
                {
                    "id": session.id,
                    **asdict(session.whence),
                    "created_at": session.created_at,
                    "last_seen_at": session.last_seen_at,
                }
                for session in open_now
            ]
        )
        return
    table(
        told("id | browser | address | since | last seen", "编号 | 浏览器 | 地址 | 登录于 | 最近使用"),
        [
            (s.id, s.whence.agent, s.whence.address, _when(s.created_at, zone), _when(s.last_seen_at, zone))
            for s in open_now
        ],
    )


@account.command(
    "revoke-session",
    help=told("End one session of an account now.", "立即结束帐号的一次登录。"),
    epilog=example("duban account revoke-session zhang 3f2a9c01b7de"),
)
def revoke_session(
    login: Login,
    id: Annotated[str, typer.Argument(metavar="ID", help=told("The id of the session.", "登录的编号。"))],
) -> None:
    from domain.account import CONSOLE

    with _named(login) as (found, one):
        ended = found.accounts.revoke_session(one.id, id, by=CONSOLE)
    if not ended:
        raise Failed(
            Code.NOT_FOUND,
            told(
                f"The account {one.login} has no session {id}. `duban account sessions {one.login}` shows them.",
                f"帐号 {one.login} 没有登录 {id}。`duban account sessions {one.login}` 可列出全部。",
            ),
        )
    say(told(f"Session {id} has ended.", f"登录 {id} 已结束。"))


@account.command(
    help=told(
        "The tokens of an account, without their secrets. `duban token revoke` ends one.",
        "帐号的接口令牌（不含密文）。用 `duban token revoke` 撤销。",
    ),
    epilog=example("duban account tokens zhang"),
)
def tokens(login: Login, as_json: Json = False) -> None:
    with _named(login) as (found, one):
        made = found.tokens.list(one.id)
        zone = zone_of(found)
    if as_json:
        emit([asdict(token) for token in made])
        return
    table(
        told(
            "id | may | note | since | until | last used | revoked",
            "编号 | 权限 | 用途 | 生成于 | 有效至 | 最近使用 | 撤销",
        ),
        [
            (
                token.id,
                ", ".join(token.scopes),
                token.note,
                _when(token.created_at, zone),
                _when(token.expires_at, zone),
                _when(token.last_used_at, zone),
                _when(token.revoked_at, zone),
            )
            for token in made
        ],
    )


@account.command(
    "create-token",
    help=told(
        "Make a token that acts as the account does whenever it is used; it is shown this once.",
        "生成随帐号身份使用的接口令牌；仅显示这一次。",
    ),
    epilog=example("duban account create-token zhang --note 'own reports' --scope read --days 90"),
)
def create_token(
    login: Login,
    note: Annotated[str, typer.Option(help=told("What it is for.", "用途。"))],
    days: Annotated[int, typer.Option(help=told("How many days it is valid.", "有效天数。"))] = 90,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=told(
                "What it may do: read, record, or both; by default what the account may.",
                "权限：read、record 或两者；默认与帐号相同。",
            )
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    from domain.account import CONSOLE
    from domain.principal import scopes_of

    with _named(login) as (found, one):
        may = scope or scopes_of(one.binding.role)
        made = found.tokens.create_own(one, note, days, may, by=CONSOLE)
    if as_json:
        emit({"token": made})
    else:
        typer.echo(made)
    say(told("Keep it now: it is not shown again.", "请立即保存：不会再次显示。"))


@contextmanager
def _named(login: str) -> "Iterator[tuple[Services, Account]]":
    with services() as found:
        yield found, found.accounts.named(login)


def _asked(found: "Services", role: str, office: str | None, jurisdiction: str | None, deputy: str | None) -> "Asked":
    from domain.account import Asked

    return Asked(role=role, office=office, jurisdiction=jurisdiction or found.settings.jurisdiction, deputy=deputy)


def _say_once(lasting: timedelta) -> None:
    hours = lasting // timedelta(hours=1)
    say(
        told(
            f"Hand it over now: it is not shown again, expires after {hours} hours, "
            "and has to be changed at the first sign-in.",
            f"请立即转交：不会再次显示，{hours} 小时内有效，首次登录时须修改。",
        )
    )


def _say_whether(done: str, *, changed: bool) -> None:
    say(done if changed else told("It was so already; nothing has changed.", "原本如此，未作变更。"))


def _standing(one: "Account") -> str:
    return label("people.standing", one.standing)


def _who(entry: "Entry") -> str | None:
    from domain.account import CONSOLE

    return told("command line", "命令行") if entry.done_by == CONSOLE else entry.done_by


def _when(instant: datetime | None, zone: str) -> str | None:
    return None if instant is None else f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
