"""Work: what waits for an office, a unit or a deputy."""

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from api.commands.common import (
    AsOf,
    Code,
    Failed,
    Json,
    Jurisdiction,
    Kind,
    KnownAt,
    Session,
    Text,
    Unit,
    echoed,
    emit,
    example,
    filter_of,
    moment_line,
    moment_of,
    say,
    services,
    table,
    tell,
    told,
    zone_of,
)

if TYPE_CHECKING:
    from domain.principal import Principal
    from projections.reading import Light

app = typer.Typer()


@app.command(
    "work",
    help=told(
        "What waits for an office (--role), a unit (--role handling_unit --office) or a deputy (--deputy), "
        "by nearest deadline.",
        "机关（--role）、承办单位（--role handling_unit --office）或代表（--deputy）的待办，按期限先后。",
    ),
    epilog=example("duban work --role handling_unit --office jtj --light overdue"),
)
def work(
    *,
    role: Annotated[str, typer.Option(help=told("Whose work, by role.", "何种身份的待办。"))] = "deputy_affairs",
    office: Annotated[str | None, typer.Option(help=told("The handling unit.", "承办单位。"))] = None,
    deputy: Annotated[str | None, typer.Option(help=told("The deputy, by id.", "代表的编号。"))] = None,
    step: Annotated[str | None, typer.Option(help=told("Stored name of the step.", "步骤的存储名称。"))] = None,
    light: Annotated[
        str | None, typer.Option(help=told("overdue, soon, later or undated.", "overdue、soon、later 或 undated。"))
    ] = None,
    kind: Kind = None,
    jurisdiction: Jurisdiction = None,
    unit: Unit = None,
    session: Session = None,
    text: Text = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=told("At most so many.", "最多列出的项数。"))] = 50,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from domain import policy
    from domain.moment import day_of
    from projections.reading import Work

    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        who = _whose("deputy" if deputy is not None else role, office, deputy, place)
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        day = day_of(moment.as_of, zone)
        wanted = filter_of(kind, place, None, unit, None, session, None, text)
        lists = found.views.within(policy.scope(who))
        asked = Work(policy.desk(who), day, _step(step), _light(light))
        rows, counts = lists.work(asked, wanted, moment, limit=limit), lists.work_counts(asked, wanted, moment)
        teller = tell(found, place, moment)
    if as_json:
        emit({"moment": echoed(moment, known_at), "counts": asdict(counts), "work": [asdict(row) for row in rows]})
        return
    table(
        told(
            "case | number | title | what to do | part | due | days | since | unit",
            "案件 | 编号 | 标题 | 待办事项 | 部分 | 期限 | 剩余天数 | 起自 | 主办单位",
        ),
        [
            (
                r.case_id,
                r.number,
                r.title,
                teller.say.step(r.step),
                teller.part(r.part) if r.part else None,
                r.due_on,
                _left(r.due_on, day),
                max(day_of(r.since, zone), r.from_on or date.min),
                teller.unit(r.unit),
            )
            for r in rows
        ],
        right=(6,),
        whole=(0, 1),
    )
    typer.echo(
        told(
            f"{len(rows)} of {counts.total}; {counts.overdue} overdue, {counts.soon} within 7 days, "
            f"{counts.later} later, {counts.undated} without a date",
            f"共 {counts.total} 项，列出 {len(rows)} 项；逾期 {counts.overdue} 项，7 日内 {counts.soon} 项，"
            f"其后 {counts.later} 项，无期限 {counts.undated} 项",
        )
    )
    say(moment_line(moment, known_at, zone))


def _left(due_on: date | None, day: date) -> int | None:
    return None if due_on is None else (due_on - day).days


def _whose(role: str, office: str | None, deputy: str | None, place: str) -> "Principal":
    from domain.case import Role
    from domain.principal import Principal
    from domain.refusal import Refused

    if role not in set(Role):
        raise Refused("unknown-role", role=role, known=sorted(Role))
    if (role == Role.HANDLING_UNIT) is (office is None) or (role == Role.DEPUTY) is (deputy is None):
        raise Failed(
            Code.USAGE,
            told(
                "--office goes with --role handling_unit, and a deputy is named by --deputy.",
                "--office 与 --role handling_unit 同用；代表用 --deputy 指定。",
            ),
        )
    return Principal(deputy or "console", Role(role), office or place, place)


def _step(wire: str | None) -> str | None:
    from domain.case import STEPS
    from domain.refusal import Refused

    if wire is not None and wire not in STEPS:
        raise Refused("unknown-step", step=wire)
    return wire


def _light(name: str | None) -> "Light | None":
    from projections.reading import Light

    found = next((light for light in get_args(Light) if light == name), None)
    if name is not None and found is None:
        known = ", ".join(get_args(Light))
        raise Failed(Code.USAGE, told(f"--light {name}: there are {known}.", f"--light {name}：可用 {known}。"))
    return found
