"""What procedures and rulebooks say: procedure list|show, rulebook list|show|check|compare|preview|recalculate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.common import Code, Failed, Json, emit, example, language, named, say, services, table, told

if TYPE_CHECKING:
    from api.recalculation import Moved
    from domain.rulebook import Rulebook
    from domain.rulecheck import Difference

procedure = typer.Typer(no_args_is_help=True, help=told("The case types and their steps.", "案件类型及其办理步骤。"))
rulebook = typer.Typer(no_args_is_help=True, help=told("The rules as data.", "以数据表示的规则。"))


@procedure.command("list", help=told("Every case type.", "列出所有案件类型。"), epilog=example("duban procedure list"))
def procedure_list(as_json: Json = False) -> None:
    import domain.cases  # noqa: F401 - every case type declares itself
    from domain.case import CASE_TYPES
    from domain.procedure import steps_of

    found = [
        {"kind": kind, "zh": case_type.zh, "stages": list(case_type.Stage), "steps": len(steps_of(case_type))}
        for kind, case_type in sorted(CASE_TYPES.items())
    ]
    if as_json:
        emit(found)
        return
    table(
        told("case type | Chinese | stages | steps", "案件类型 | 名称 | 阶段 | 步骤数"),
        [(f["kind"], f["zh"], ", ".join(f["stages"]), f["steps"]) for f in found],  # type: ignore[arg-type]
        right=(3,),
    )


@procedure.command(
    "show",
    help=told("The steps of a case type: when, by whom, what they lead to.", "某类案件的步骤：何时、由谁、至何阶段。"),
    epilog=example("duban procedure show suggestion --flow"),
)
def procedure_show(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=told("Case type, such as suggestion.", "案件类型，如 suggestion。"))
    ],
    flow: Annotated[
        bool, typer.Option("--flow", help=told("The flow chart, for Mermaid.", "流程图（Mermaid 格式）。"))
    ] = False,
    svg: Annotated[
        bool, typer.Option("--svg", help=told("The flow chart, as an SVG file.", "流程图（SVG 文件）。"))
    ] = False,
    as_json: Json = False,
) -> None:
    import domain.cases  # noqa: F401 - every case type declares itself
    from domain.procedure import case_type_named, flow_chart, steps_of

    case_type = case_type_named(kind)
    if svg:
        from api.web.flowchart import chart_of
        from api.words import words

        typer.echo(chart_of(words(language()), case_type).svg(alone=True), nl=False)
        return
    if flow:
        typer.echo(flow_chart(case_type), nl=False)
        return
    found: list[dict[str, Any]] = [
        {
            "name": step.declared.name,
            "wire": step.declared.wire,
            "zh": step.declared.zh,
            "en": step.declared.en,
            "opens": step.declared.opens,
            "while_in": sorted(step.declared.while_in or ()),
            "part": step.declared.part,
            "after": sorted(step.declared.after or ()),
            "leads_to": step.declared.leads_to,
            "by": sorted(step.roles(case_type)),
            "starts": step.declared.starts,
            "stops": step.declared.stops,
            "extends": step.declared.extends,
            "fields": list(step.model_fields),
        }
        for step in steps_of(case_type)
    ]
    if as_json:
        emit({"kind": kind, "zh": case_type.zh, "steps": found})
        return
    table(
        told("step | name | while in | leads to | by | fields", "步骤 | 名称 | 所处阶段 | 进入阶段 | 身份 | 内容"),
        [
            (
                f["name"],
                told(f["en"], f["zh"]),
                ", ".join(f["while_in"]),
                f["leads_to"],
                ", ".join(f["by"]),
                ", ".join(f["fields"]),
            )
            for f in found
        ],
    )


@rulebook.command(
    "list", help=told("Every rulebook that ships.", "列出随附的规则集。"), epilog=example("duban rulebook list")
)
def rulebook_list(as_json: Json = False) -> None:
    from domain.rulebook import load_rulebook, rulebook_ids

    books = [load_rulebook(id) for id in rulebook_ids()]
    found = [
        {
            "id": book.id,
            "version": book.version,
            "jurisdiction": told(book.jurisdiction.en, book.jurisdiction.zh),
            "inherits": book.inherits,
            "calendar": book.calendar,
            "clocks": len(book.clocks),
        }
        for book in books
    ]
    if as_json:
        emit(found)
        return
    table(
        told("rulebook | version | of | inherits | calendar | clocks", "规则集 | 版本 | 适用 | 继承 | 日历 | 期限数"),
        [tuple(f.values()) for f in found],
        right=(5,),
    )


def _book(ref: str) -> "Rulebook":
    """The rulebook of an id, or of an id and a version."""
    from domain.rulebook import RulebookError, load_rulebook, rulebook_ids

    name, _, version = ref.partition("@")
    if name not in rulebook_ids():
        known = ", ".join(rulebook_ids())
        raise Failed(
            Code.NOT_FOUND,
            told(f"There is no rulebook {name}; there are {known}.", f"没有规则集 {name}；现有：{known}。"),
        )
    try:
        return load_rulebook(name, version or None)
    except RulebookError as error:
        raise Failed(Code.NOT_FOUND if version else Code.REFUSED, str(error)) from None


@rulebook.command(
    "show",
    help=told(
        "The clocks, orders and targets of a rulebook, with where they come from.",
        "规则集中的期限、程序环节和目标及其出处。",
    ),
    epilog=example("duban rulebook show cn-national"),
)
def rulebook_show(
    id: Annotated[str, typer.Argument(metavar="ID", help=told("The id, or id@version.", "编号，或 编号@版本。"))],
    as_json: Json = False,
) -> None:
    book = _book(id)
    if as_json:
        emit(book)
        return
    typer.echo(f"{book.ref}: {told(book.note.en, book.note.zh)}")
    table(
        told(
            "clock | name | length | at most | force | confidence | source",
            "期限 | 名称 | 时长 | 最长 | 效力 | 可信度 | 出处",
        ),
        [
            (
                clock.id,
                told(clock.en, clock.zh),
                f"{clock.count} {clock.unit}",
                f"{clock.most.count} {clock.most.unit}" if clock.most else None,
                clock.force,
                clock.confidence,
                "; ".join(source.text for source in clock.sources),
            )
            for clock in book.clocks.values()
        ],
    )
    if book.orders:
        table(
            told(
                "order | name | before | requires | confidence | source",
                "程序环节 | 名称 | 在此之前 | 应有 | 可信度 | 出处",
            ),
            [
                (
                    order.id,
                    told(order.en, order.zh),
                    ", ".join(order.before),
                    ", ".join(" | ".join(steps) for steps in order.requires),
                    order.confidence,
                    "; ".join(source.text for source in order.sources),
                )
                for order in (*book.gates.values(), *book.orders.values())
            ],
        )
    if book.targets:
        table(
            told("target | name | year | value | source", "目标 | 名称 | 年份 | 目标值 | 出处"),
            [
                (t.id, told(t.en, t.zh), t.year, f"{t.value:.1%}", "; ".join(s.text for s in t.sources))
                for t in book.targets.values()
            ],
        )


def _checked(id: str, *, steps: bool) -> dict[str, Any]:
    """What a check says of the newest version of a rulebook."""
    import domain.cases  # noqa: F401 - every case type declares itself
    from api.words import words
    from domain.rulebook import RulebookError, load_rulebook
    from domain.rulecheck import gaps, unmeasured, unmentioned

    say_it = words(language())
    try:
        book = load_rulebook(id)
    except (RulebookError, ValueError) as error:
        return {"checked": id, "ok": False, "says": str(error)}
    lacking = [say_it(gap.message_id, rule=gap.rule, what=gap.what) for gap in gaps(book)]
    found = {"checked": book.ref, "ok": not lacking, "says": "; ".join(lacking)}
    found["unmeasured"] = [rule.id for rule in unmeasured(book)]
    return found | ({"unmentioned": [step.declared.wire for step in unmentioned(book)]} if steps else {})


@rulebook.command(
    "check",
    help=told(
        "Whether every rulebook, calendar and jurisdiction that ships can be read and fits the declared steps: no rule "
        "without a source, no clock that no step starts or ends, no poll that no step holds, no article or order about "
        "a step that there is not or that no case type has. Rules whose case type is still to come are listed. "
        "Exit code 1 if not.",
        "检查随附的规则集、日历和地区能否读取，并与办理步骤一致：规则须有出处，期限须有步骤起算和终止，测评须有步骤进行，"
        "条文和程序环节所指步骤须存在并属于同一类案件；尚无案件类型的规则另行列出。有误时退出码为 1。",
    ),
    epilog=example("duban rulebook check --steps"),
)
def rulebook_check(
    steps: Annotated[
        bool,
        typer.Option(
            "--steps",
            help=told("Also name the steps of which no rule says anything.", "并列出没有任何规则提到的步骤。"),
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    from adapters.exchange.jurisdictions import entered_in_memory
    from domain.rulebook import RulebookError, rulebook_ids

    found = [_checked(id, steps=steps) for id in rulebook_ids()]
    registry = entered_in_memory()
    for code in registry.codes():
        try:
            jurisdiction = registry.jurisdiction(code)
            says = f"{jurisdiction.book.ref}, {jurisdiction.working_calendar.ref}"
            found.append({"checked": code, "ok": True, "says": says})
        except (RulebookError, ValueError) as error:
            found.append({"checked": code, "ok": False, "says": str(error)})
    if as_json:
        emit(found)
    else:
        for line in found:
            typer.echo(f"{'✓' if line['ok'] else '✗'} {line['checked']} {line['says']}".rstrip())
            for rule in line.get("unmeasured", ()):
                typer.echo(f"    {rule}: {told('no case type yet', '尚无案件类型')}")
            for wire in line.get("unmentioned", ()):
                typer.echo(f"    {wire}")
    if not all(line["ok"] for line in found):
        raise typer.Exit(Code.REFUSED)


@rulebook.command(
    "compare",
    help=told(
        "What changes when a rulebook is adopted in place of another: rules that come, go, or say something else. "
        "Which deadlines of a jurisdiction it moves is told by `preview`.",
        "以一部规则集代替另一部时有何变化：新增、删去或改变的规则。某地区哪些期限变动，由 preview 列出。",
    ),
    epilog=example("duban rulebook compare cn-national@2026-11-22 cn-national@2026-11-29"),
)
def rulebook_compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help=told("Rulebook, as id@version.", "规则集（编号@版本）。"))],
    new: Annotated[str, typer.Argument(metavar="NEW", help=told("Rulebook, as id@version.", "规则集（编号@版本）。"))],
    as_json: Json = False,
) -> None:
    from domain.rulecheck import differences

    found = differences(_book(old), _book(new))
    if as_json:
        emit(
            [
                {
                    "table": one.table,
                    "rule": one.rule,
                    "old": one.old and one.old.model_dump(mode="json"),
                    "new": one.new and one.new.model_dump(mode="json"),
                }
                for one in found
            ]
        )
        return
    _tell_differences(found)


def _tell_differences(found: "Sequence[Difference]") -> None:
    for one in found:
        stated = one.new or one.old
        sign = "+" if one.old is None else "-" if one.new is None else "~"
        typer.echo(f"{sign} {one.table} {one.rule} {told(stated.en, stated.zh) if stated else ''}")
        for name, before, after in one.fields:
            typer.echo(f"    {name}: {before} → {after}")


def _tell_moved(moved: "Sequence[Moved]", *, really: bool) -> None:
    table(
        told("case | clock | part | was due | is due | calendar", "案件 | 期限 | 部分 | 原期限 | 现期限 | 日历"),
        [(m.number or m.case_id, m.was.clock, m.was.part, m.was.due_on, m.now.due_on, m.now.calendar) for m in moved],
    )
    say(
        told(
            f"{len(moved)} deadlines {'moved' if really else 'would move'}",
            f"{len(moved)} 个期限{'已变动' if really else '将变动'}",
        )
    )


@rulebook.command(
    "preview",
    help=told(
        "What changes when a jurisdiction adopts a rulebook today: its rules, and the running deadlines that "
        "`recalculate` would move then. Nothing is recorded.",
        "某地区今日采用某规则集后有何变化：规则，以及重新计算（recalculate）后将变动的期限。不作任何登记。",
    ),
    epilog=example("duban rulebook preview cn-999900 cn-national@2026-11-29"),
)
def rulebook_preview(
    jurisdiction: Annotated[
        str, typer.Argument(metavar="JURISDICTION", help=told("Code of the jurisdiction.", "地区代码。"))
    ],
    ref: Annotated[str, typer.Argument(metavar="ID", help=told("The id, or id@version.", "编号，或 编号@版本。"))],
    as_json: Json = False,
) -> None:
    from api.recalculation import adoption_of
    from api.v1.rulebooks import adoption_answer
    from domain.moment import day_of

    book = _book(ref)
    with services() as found:
        moment, place = found.views.moment(), found.registry.jurisdiction(jurisdiction)
        since = day_of(moment.as_of, place.time_zone)
        adoption = adoption_of(found.docket, found.views, place, book.ref, since, moment)
    if as_json:
        emit(adoption_answer(jurisdiction, adoption))
        return
    say(f"{adoption.old.ref} → {adoption.new.ref}")
    _tell_differences(adoption.rules)
    _tell_moved(adoption.moved or (), really=False)


@rulebook.command(
    "recalculate",
    help=told(
        "Count the running deadlines of a jurisdiction again, after a new calendar or rulebook: one recorded step for "
        "each that moves. Run again, it goes on where it stopped.",
        "新日历或规则集启用后，重新计算某地区正在计算的期限：每个变动的期限记一步。重新运行时从中断处继续。",
    ),
    epilog=example("duban rulebook recalculate cn-999900 --reason 'holidays of 2027 published' --dry-run"),
)
def rulebook_recalculate(
    jurisdiction: Annotated[
        str, typer.Argument(metavar="JURISDICTION", help=told("Code of the jurisdiction.", "地区代码。"))
    ],
    reason: Annotated[str, typer.Option(help=told("Why, as every step will say.", "理由，写入每一步。"))],
    actor: Annotated[str, typer.Option(help=told("Who recalculates.", "经办人。"))] = "recalculation",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=told("Show only, record nothing.", "只显示，不登记。"))
    ] = False,
    as_json: Json = False,
) -> None:
    from datetime import UTC, datetime

    from api.recalculation import recalculate

    with services() as found:
        moved = list(
            recalculate(
                found.docket,
                found.views,
                found.views.moment(),
                jurisdiction,
                actor=named(actor),
                reason=reason,
                at=datetime.now(UTC),
                dry_run=dry_run,
            )
        )
    if as_json:
        emit(moved)
        return
    _tell_moved(moved, really=not dry_run)
