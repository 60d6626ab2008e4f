"""Reading cases: list, show, history."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.common import (
    AsOf,
    Code,
    Deputy,
    Failed,
    Json,
    Jurisdiction,
    Kind,
    KnownAt,
    Session,
    Sort,
    Stage,
    State,
    Text,
    Unit,
    echoed,
    emit,
    example,
    filter_of,
    label,
    moment_line,
    moment_of,
    say,
    services,
    table,
    tell,
    told,
    words,
    zone_of,
)

if TYPE_CHECKING:
    from api.web.viewmodels import Fact, Group, StepView
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
    kind: Kind = None,
    jurisdiction: Jurisdiction = None,
    stage: Stage = None,
    unit: Unit = None,
    deputy: Deputy = None,
    session: Session = None,
    state: State = None,
    text: Text = None,
    tied_to: Annotated[
        str | None,
        typer.Option(help=told("Only cases that name this case, by its id.", "只列出关联此案件（编号）的案件。")),
    ] = None,
    sort: Sort = "-opened_on",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=told("At most so many.", "最多列出的件数。"))] = 50,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    wanted = filter_of(kind, jurisdiction, stage, unit, deputy, session, state, text, tied_to=tied_to)
    with services() as found:
        moment = moment_of(found, as_of, known_at, jurisdiction)
        rows = found.views.cases(wanted, moment, sort=sort, limit=limit)
        counts = found.views.counts(wanted, moment)
        zone = zone_of(found, jurisdiction)
        tellers = {code: tell(found, code, moment) for code in {row.jurisdiction for row in rows}}
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
                tellers[r.jurisdiction].unit(r.unit),
                r.opened_on,
                r.due_on,
                r.answered_on,
                r.overdue,
            )
            for r in rows
        ],
        whole=(0, 1),
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
    from domain.person import as_told

    with services() as found:
        case_file = as_told(found.docket.case_file(case), found.keys)
        jurisdiction = jurisdiction_of(case_file)
        moment = moment_of(found, as_of, known_at, jurisdiction)
        zone = zone_of(found, jurisdiction)
        teller = tell(found, jurisdiction, moment)
    then = case_file.at(known=moment.known, as_of=moment.as_of)
    if then is None:
        raise no_case_then(case)
    if as_json:
        emit({"moment": echoed(moment, known_at), "case": _described(then)})
        return
    from api.web.viewmodels import attachments_of, clocks_of, facts_of, groups_of
    from domain.moment import day_of

    known = {
        teller.label("title"): then.facts().title,
        teller.say("page.stage"): teller.word(then.stage) if then.stage else None,
        **{fact.label: fact.value.text for fact in facts_of(teller, then)},
    }
    table(told("field | value", "项目 | 内容"), list(known.items()))
    if parts := list(_parts(groups_of(teller, then, then.kind))):
        table(told("part | stage | what is known", "部分 | 阶段 | 内容"), parts)
    if attached := attachments_of(teller, then, {}):
        table(
            told("attachment | kind | type | size | added | SHA-256", "附件 | 种类 | 类型 | 大小 | 添加 | SHA-256"),
            [(a.name, a.kind, a.media_type, a.size, f"{a.added} {a.who}", a.sha256) for a in attached],
        )
    if deadlines := clocks_of(teller, then, day_of(moment.as_of, zone)):
        table(
            told("deadline | part | due | how it stands", "期限 | 部分 | 到期 | 情况"),
            [(d.name, d.part, d.due_on, d.light.text) for d in deadlines],
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
    from domain.person import as_told

    with services() as found:
        case_file = as_told(found.docket.case_file(case), found.keys)
        jurisdiction = jurisdiction_of(case_file)
        moment = moment_of(found, as_of, known_at, jurisdiction)
        zone = zone_of(found, jurisdiction)
        teller = tell(found, jurisdiction, moment)
    known = [r for r in case_file.history if r.position <= moment.known]
    if not known:
        raise no_case_then(case)
    if as_json:
        steps = [_step(r, known) for r in known if r.occurred_at <= moment.as_of]
        found_then = [
            asdict(f) | {"words": words(f.message_id, f.params)} for f in procedure.findings(known, teller.jurisdiction)
        ]
        emit({"moment": echoed(moment, known_at), "case_id": case, "steps": steps, "findings": found_then})
        return
    from api.web.viewmodels import Fact, Shown, findings_of, timeline_of

    steps_then = timeline_of(teller, case_file.history, moment, type_name=None, newest_first=False).steps
    table(
        told(
            "# | happened | step | role | who | recorded | said | ", "# | 发生 | 步骤 | 身份 | 登记人 | 登记 | 内容 | "
        ),
        [
            (
                s.version,
                s.occurred,
                f"{s.name} · {s.part}" if s.part else s.name,
                s.role,
                s.actor,
                s.recorded,
                _said([*s.facts, *(Fact(c.label, Shown(f"{c.was.text} → {c.now.text}")) for c in s.changes)]),
                _mark(s),
            )
            for s in steps_then
        ],
        right=(0,),
    )
    for finding in findings_of(teller, case_file.history, moment):
        typer.echo(f"#{finding.version} {finding.text}")
    say(moment_line(moment, known_at, zone))


def jurisdiction_of(case_file: "CaseFile") -> str:
    """The jurisdiction in which a case was opened."""
    return str(getattr(case_file.history[0].step, "jurisdiction", ""))


def no_case_then(case: str) -> Failed:
    """That a case was not yet there, or not yet known, at a moment."""
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


def _parts(groups: "tuple[Group, ...]", depth: int = 0) -> Iterator[tuple[str, str | None, str]]:
    """A line for every part of a case, indented below what it is a part of."""
    for group in groups:
        for item in group.items:
            yield f"{'  ' * depth}{group.title} · {item.heading}", item.stage, _said(item.told)
            yield from _parts(item.groups, depth + 1)


def _said(facts: "Sequence[Fact]") -> str:
    return told("; ", "；").join(f"{fact.label}{told(': ', '：')}{fact.value.text}" for fact in facts)


def _mark(step: "StepView") -> str:
    """What became of a step."""
    if step.voided_by:
        return told(f"voided by #{step.voided_by}", f"已由第 {step.voided_by} 步作废")
    if step.corrected_by:
        return told(f"corrected by #{step.corrected_by[-1]}", f"已由第 {step.corrected_by[-1]} 步更正")
    return told("late entry", "补录") if step.late else ""


def _step(record: "Recorded", known: list["Recorded"]) -> dict[str, Any]:
    from domain import fold
    from domain.case import Corrected

    voided = fold.voided_versions(known)
    corrected = [r.version for r in known if isinstance(r.step, Corrected) and r.step.corrects == record.version]
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
    }
