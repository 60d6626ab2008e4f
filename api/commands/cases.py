"""Reading cases: list, show, history."""

from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.common import (
    AsOf,
    Code,
    Failed,
    Json,
    KnownAt,
    echoed,
    emit,
    example,
    label,
    moment_line,
    moment_of,
    say,
    services,
    table,
    told,
    words,
    zone_of,
)

if TYPE_CHECKING:
    from domain.case import Case, Recorded
    from domain.casefile import CaseFile

app = typer.Typer(no_args_is_help=True, help=told("Cases, at any moment.", "查看任一时点的案件。"))

CaseId = Annotated[str, typer.Argument(metavar="CASE", help=told("The id of the case.", "案件编号。"))]


@app.command(
    "list",
    help=told("The cases of a filter, with their counts.", "按条件列出案件及其件数。"),
    epilog=example("duban case list --state overdue --unit jtj --as-of 2026-03-31"),
)
def list_(
    *,
    kind: Annotated[
        str | None, typer.Option(help=told("Case type, such as suggestion.", "案件类型，如 suggestion。"))
    ] = None,
    jurisdiction: Annotated[str | None, typer.Option(help=told("Jurisdiction.", "地区。"))] = None,
    stage: Annotated[
        str | None, typer.Option(help=told("Stage, such as handed_over.", "阶段，如 handed_over。"))
    ] = None,
    unit: Annotated[str | None, typer.Option(help=told("A unit that takes part.", "承办单位。"))] = None,
    deputy: Annotated[str | None, typer.Option(help=told("The lead deputy.", "领衔代表。"))] = None,
    session: Annotated[str | None, typer.Option(help=told("Session.", "届次。"))] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help=told("unassigned, waiting, overdue or answered.", "unassigned、waiting、overdue 或 answered。")
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help=told("Part of the title or the number.", "标题或编号的一部分。"))
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            help=told(
                "opened_on, due_on, number or title; - is descending.", "opened_on、due_on、number 或 title；- 为降序。"
            )
        ),
    ] = "-opened_on",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=told("At most so many.", "最多列出的件数。"))] = 50,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from projections.reading import Filter

    wanted = Filter(
        kind=kind,
        jurisdiction=jurisdiction,
        stage=stage,
        unit=unit,
        deputy=deputy,
        session=session,
        state=state,
        text=text,
    )
    with services() as found:
        moment = moment_of(found, as_of, known_at, jurisdiction)
        rows = found.views.cases(wanted, moment, sort=sort, limit=limit)
        counts = found.views.counts(wanted, moment)
        zone = zone_of(found.settings, jurisdiction)
    if as_json:
        emit({"moment": echoed(moment, known_at), "counts": asdict(counts), "cases": [asdict(row) for row in rows]})
        return
    table(
        told(
            "case | number | title | stage | unit | opened | due | answered | overdue",
            "案件 | 编号 | 标题 | 阶段 | 主办单位 | 提出 | 期限 | 答复 | 逾期",
        ),
        [
            (
                r.case_id,
                r.number,
                r.title,
                label("stage", r.stage),
                r.unit,
                r.opened_on,
                r.due_on,
                r.answered_on,
                r.overdue,
            )
            for r in rows
        ],
    )
    typer.echo(
        told(
            f"{len(rows)} of {counts.total} cases; {counts.unassigned} unassigned, {counts.waiting} waiting, "
            f"{counts.overdue} overdue, {counts.answered} answered",
            f"共 {counts.total} 件，列出 {len(rows)} 件；待交办 {counts.unassigned} 件，待答复 {counts.waiting} 件，"
            f"逾期 {counts.overdue} 件，已答复 {counts.answered} 件",
        )
    )
    say(moment_line(moment, known_at, zone))


@app.command(
    help=told("A case as it was at a moment: stage, parts, deadlines.", "某一时点的案件：阶段、承办情况、期限。"),
    epilog=example("duban case show 0b0c5a7e-… --as-of 2026-03-31"),
)
def show(case: CaseId, as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    with services() as found:
        case_file = found.docket.case_file(case)
        jurisdiction = _jurisdiction(case_file)
        moment = moment_of(found, as_of, known_at, jurisdiction)
        zone = zone_of(found.settings, jurisdiction)
    then = case_file.at(known=moment.known, as_of=moment.as_of)
    if then is None:
        raise _no_case_then(case)
    said = _described(then)
    if as_json:
        emit({"moment": echoed(moment, known_at), "case": said})
        return
    deadlines = said.pop("deadlines")
    table(told("field | value", "项目 | 内容"), list(_lines(said)))
    if deadlines:
        table(
            told("deadline | part | start | due | stopped", "期限 | 承办 | 起算 | 到期 | 办结"),
            [(d["clock"], d["part"], d["start_on"], d["due_on"], d["stopped_on"]) for d in deadlines],
        )
    say(moment_line(moment, known_at, zone))


@app.command(
    help=told(
        "The steps of a case as they were known at a moment, with what disagrees.",
        "某一时点已登记的办理步骤，以及其中不一致之处。",
    ),
    epilog=example("duban case history 0b0c5a7e-… --known-at 2026-03-31"),
)
def history(case: CaseId, as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    from domain import procedure

    with services() as found:
        case_file = found.docket.case_file(case)
        jurisdiction = _jurisdiction(case_file)
        moment = moment_of(found, as_of, known_at, jurisdiction)
        zone = zone_of(found.settings, jurisdiction)
    known = [r for r in case_file.history if r.position <= moment.known]
    if not known:
        raise _no_case_then(case)
    findings = procedure.findings(known)
    steps = [_step(r, known) for r in known if r.occurred_at <= moment.as_of]
    if as_json:
        found_then = [asdict(f) | {"words": words(f.message_id, f.params)} for f in findings]
        emit({"moment": echoed(moment, known_at), "case_id": case, "steps": steps, "findings": found_then})
        return
    table(
        told(
            "# | happened | step | role | who | recorded | said | ", "# | 发生 | 步骤 | 身份 | 登记人 | 登记 | 内容 | "
        ),
        [
            (
                s["version"],
                s["occurred_on"],
                s["name"],
                label("role", s["role"]),
                s["actor"],
                f"{s['recorded_at']:%Y-%m-%d %H:%M}",
                ", ".join(f"{name}={_plain(value)}" for name, value in s["fields"].items()),
                s["mark"],
            )
            for s in steps
        ],
        right=(0,),
    )
    for finding in findings:
        typer.echo(f"#{finding.version} {words(finding.message_id, finding.params)}")
    say(moment_line(moment, known_at, zone))


def _jurisdiction(case_file: "CaseFile") -> str:
    return str(getattr(case_file.history[0].step, "jurisdiction", ""))


def _no_case_then(case: str) -> Failed:
    return Failed(
        Code.NOT_FOUND,
        told(
            f"There was no case {case} at that moment. Name a later one with --as-of or --known-at.",
            f"该时点尚无案件 {case}。请用 --as-of 或 --known-at 指定较晚的时点。",
        ),
    )


def _described(case: "Case") -> dict[str, Any]:
    """The case's fields; its clocks as a list of deadlines."""
    said: dict[str, Any] = {"kind": case.kind}
    said |= {field.name: getattr(case, field.name) for field in fields(case) if "clocks" not in field.name}
    said["deadlines"] = [
        {
            "clock": running.deadline.clock,
            "part": running.deadline.part,
            "start_on": running.deadline.started_on,
            "due_on": running.deadline.due_on,
            "stopped_on": running.stopped_on,
            "dropped_by": running.dropped_by,
            "late": running.late,
        }
        for running in case.all_clocks
    ]
    return said


def _lines(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A line for every field that says something, and for every part of the case one of its own."""
    for name, value in said.items():
        if isinstance(value, dict):
            yield from ((f"{name} {key}", _plain(part)) for key, part in value.items())
        elif text := _plain(value):
            yield name, text


def _plain(value: object) -> str:
    """A value in words, without what it leaves empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return told("yes", "是") if value else told("no", "否")
    if is_dataclass(value):
        named = ((field.name, _plain(getattr(value, field.name))) for field in fields(value))
        return ", ".join(f"{name}={text}" for name, text in named if text)
    if isinstance(value, tuple | list):
        return "; ".join(map(_plain, value))
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_plain(inner)}" for key, inner in value.items())
    return str(value)


def _step(record: "Recorded", known: list["Recorded"]) -> dict[str, Any]:
    from domain import fold
    from domain.case import Corrected

    voided = fold.voided_versions(known)
    corrected = [r.version for r in known if isinstance(r.step, Corrected) and r.step.corrects == record.version]
    if record.version in voided:
        mark = told(f"voided by #{voided[record.version].version}", f"已由第 {voided[record.version].version} 步作废")
    elif corrected:
        mark = told(f"corrected by #{corrected[-1]}", f"已由第 {corrected[-1]} 步更正")
    else:
        mark = told("late entry", "补录") if record.act.late else ""
    declared = record.step.declared
    return {
        "version": record.version,
        "position": record.position,
        "wire": declared.wire,
        "name": told(declared.en, declared.zh),
        "occurred_at": record.occurred_at,
        "occurred_on": record.act.occurred_on,
        "precision": record.act.precision,
        "recorded_at": record.recorded_at,
        "actor": record.act.actor,
        "role": record.act.role,
        "office": record.act.office,
        "late": record.act.late,
        "voided_by": voided[record.version].version if record.version in voided else None,
        "corrected_by": corrected,
        "fields": record.step.model_dump(mode="json", exclude_none=True, exclude_defaults=True),
        "mark": mark,
    }
