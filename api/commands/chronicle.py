"""A month's chronicle on the command line: duban chronicle."""

from dataclasses import asdict
from typing import Annotated

import typer

from api.commands.common import (
    AsOf,
    Code,
    Failed,
    Json,
    Jurisdiction,
    KnownAt,
    echoed,
    emit,
    example,
    moment_line,
    moment_of,
    say,
    services,
    table,
    tell,
    told,
    zone_of,
)

app = typer.Typer()


@app.command(
    "chronicle",
    help=told(
        "What the standing committee did in a month, day by day, from the recorded steps.",
        "大事记：按日列出某月已登记的履职事项。",
    ),
    epilog=example("duban chronicle 2026-06"),
)
def chronicle(
    *,
    month: Annotated[str, typer.Argument(metavar="MONTH", help=told("Such as 2026-06.", "如 2026-06。"))],
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.chronicle import chronicle_of, days_of
    from api.looking import as_known

    try:
        days_of(month)
    except ValueError:
        raise Failed(
            Code.USAGE, told(f"{month} is no month, such as 2026-06.", f"“{month}”不是月份，例如 2026-06。")
        ) from None
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        entries = chronicle_of(found, found.views, as_known(found, place, moment), moment, month)
        teller = tell(found, place, moment)
    if as_json:
        emit({"moment": echoed(moment, known_at), "month": month, "entries": [asdict(one) for one in entries]})
        return
    table(
        told("day | what | title | step | detail", "日期 | 类型 | 标题 | 步骤 | 内容"),
        [(one.on, teller.kind(one.kind), one.title, teller.say.step(one.wire), one.detail) for one in entries],
    )
    say(moment_line(moment, known_at, zone))
