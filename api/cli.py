"""`duban`: the command line. Every command ends with a documented exit code and, if it fails, one clear line."""

import os
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.commands import (
    accounts,
    audit,
    backup,
    cards,
    cases,
    chronicle,
    clocks,
    compliance,
    exchange,
    figures,
    files,
    keys,
    procedures,
    published,
    recording,
    registry,
    regulations,
    search,
    service,
    upkeep,
    work,
)
from api.commands.common import Failed, options, say, told

EXIT_CODES = told(
    "Exit codes: 0 done, 1 refused or a check failed, 2 usage or a wrong setting, 3 conflict or already running, "
    "4 not found, 5 no permission, 6 the database is unavailable, 130 cancelled.",
    "退出码：0 完成，1 被拒绝或检查未通过，2 用法或设置有误，3 冲突或已在运行，"
    "4 未找到，5 没有权限，6 数据库不可用，130 已取消。",
)


class Commands(TyperGroup):
    """Commands whose reader may stop reading before they end, and that show nobody a traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command that was asked for, and end with its exit code; an error is one line."""
        try:
            return super().main(*args, **extra)
        except Exception as error:
            if options.debug:
                raise
            from api.commands.troubles import explained, unforeseen

            known: Failed | None = explained(error)
            say("duban: " + (str(known) if known is not None else unforeseen(error)))
            sys.exit(1 if known is None else known.code)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; a reader who has had enough is no error."""
        try:
            ended = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from None
        return ended


app = typer.Typer(
    name="duban",
    cls=Commands,
    help=told(
        "Duban (督办): follow-up of what a people's congress decides, asks and supervises. "
        "Data goes to standard output, progress and logs to standard error; settings are DUBAN_* variables.",
        "督办：跟踪人大决定、代表建议和监督事项的办理。"
        "数据写到标准输出，进度和日志写到标准错误；设置见 DUBAN_* 环境变量。",
    ),
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def before(
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help=told("Log everything, and show where an error comes from.", "记录全部日志，并显示错误来源。"),
        ),
    ] = False,
) -> None:
    """What is said before the command."""
    options.debug = debug


cases.app.registered_commands += recording.app.registered_commands
app.registered_commands += [
    *service.app.registered_commands,
    *work.app.registered_commands,
    *compliance.app.registered_commands,
    *chronicle.app.registered_commands,
    *clocks.app.registered_commands,
    *figures.app.registered_commands,
    *search.app.registered_commands,
    *published.app.registered_commands,
    *cards.app.registered_commands,
    *regulations.app.registered_commands,
    *backup.app.registered_commands,
    *exchange.app.registered_commands,
]
for name, group in (
    ("account", accounts.account),
    ("audit", audit.app),
    ("case", cases.app),
    ("registry", registry.registry),
    ("export", exchange.export),
    ("files", files.app),
    ("keys", keys.app),
    ("procedure", procedures.procedure),
    ("projection", upkeep.projection),
    ("rulebook", procedures.rulebook),
    ("token", upkeep.token),
    ("config", service.config),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command that was asked for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show every character shows the others
    app()


if __name__ == "__main__":
    main()
