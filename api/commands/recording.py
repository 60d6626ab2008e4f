"""Recording on the command line: any declared step, with its fields as JSON."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.commands.cases import CaseId
from api.commands.common import Code, Failed, Json, emit, example, named, services, told, zone_of

if TYPE_CHECKING:
    from domain.case import Act, Step
    from domain.docket import Receipt

_Step = TypeVar("_Step", bound="Step")

app = typer.Typer()

Fields = Annotated[
    str,
    typer.Option(
        metavar="JSON",
        help=told(
            "What was decided, as one JSON object; @FILE reads it from a file. `procedure show` lists the fields.",
            "所决定的内容（一个 JSON 对象）；@文件名 从文件读取。字段见 `procedure show`。",
        ),
    ),
]
Who = Annotated[str, typer.Option(help=told("Who acts: a login, or a deputy's id.", "登记人：登录名或代表编号。"))]
InRole = Annotated[
    str, typer.Option("--role", help=told("In which role, such as deputy_affairs.", "身份，如 deputy_affairs。"))
]
Office = Annotated[
    str | None,
    typer.Option(
        help=told("Of which unit or office; the jurisdiction's own by default.", "所属单位；默认为本地区机关。")
    ),
]
OccurredAt = Annotated[
    str | None,
    typer.Option(
        "--occurred-at",
        metavar="WHEN",
        help=told("When it happened: a date or an instant; today by default.", "发生时间：日期或时刻；默认为今天。"),
    ),
]
Late = Annotated[
    bool,
    typer.Option(
        "--late", help=told("A late entry: it stands before what happened after it.", "补录：排在其后发生的步骤之前。")
    ),
]


@app.command(
    "open",
    help=told(
        "Open a case by its first step, such as suggestion.submitted.", "以首个步骤立案，如 suggestion.submitted。"
    ),
    epilog=example(
        "duban case open unit.opened --actor clerk --role general_office "
        '--fields \'{"code": "ylj", "zh_name": "市园林局", "en_name": "Parks Bureau"}\''
    ),
)
def open_(
    opening: Annotated[
        str, typer.Argument(metavar="OPENING", help=told("Name of the opening step.", "首个步骤的名称。"))
    ],
    *,
    fields: Fields = "{}",
    actor: Who,
    role: InRole,
    office: Office = None,
    jurisdiction: Annotated[
        str | None,
        typer.Option(help=told("Jurisdiction; by default this installation's.", "地区；默认为本安装的地区。")),
    ] = None,
    occurred_at: OccurredAt = None,
    as_json: Json = False,
) -> None:
    from domain import procedure
    from domain.case import Opening

    openings = {procedure.opening_name(step): step for step in procedure.opening_steps()}
    if opening not in openings:
        raise Failed(Code.NOT_FOUND, told(f"No opening {opening}: {', '.join(sorted(openings))}.", f"没有 {opening}。"))
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        step = _step(openings[opening], fields, {"jurisdiction": place})
        assert isinstance(step, Opening)  # noqa: S101 - as its name says
        zone = step.jurisdiction_in(found.registry).time_zone
        act = _act(named(actor), role, office or step.jurisdiction, zone, occurred_at, late=False)
        receipt = found.docket.open(step, act)
        _tell(receipt, as_json=as_json)


@app.command(
    help=told("Record a step of a case.", "登记案件的一个步骤。"),
    epilog=example(
        'duban case record 0b0c5a7e-… handed_over --actor clerk --role deputy_affairs --fields \'{"lead_unit": "jtj"}\''
    ),
)
def record(
    case: CaseId,
    step_name: Annotated[str, typer.Argument(metavar="STEP", help=told("Name of the step.", "步骤名称。"))],
    *,
    fields: Fields = "{}",
    actor: Who,
    role: InRole,
    office: Office = None,
    occurred_at: OccurredAt = None,
    late: Late = False,
    expect: Annotated[
        int | None,
        typer.Option(help=told("Refuse if the case is not at this version.", "案件不在此版本时拒绝登记。")),
    ] = None,
    as_json: Json = False,
) -> None:
    from domain import procedure
    from domain.case import Opening

    with services() as found:
        case_file = found.docket.case_file(case)
        opening = case_file.history[0].step
        assert isinstance(opening, Opening)  # noqa: S101 - nothing else opens a case
        assert opening.declared.case_type is not None  # noqa: S101 - an opening has one
        step = _step(procedure.step_named(opening.declared.case_type, step_name), fields, {})
        zone = zone_of(found, opening.jurisdiction)
        act = _act(named(actor), role, office or opening.jurisdiction, zone, occurred_at, late=late)
        receipt = found.docket.record(case, step, act, expected_version=expect)
        _tell(receipt, as_json=as_json)


def _step(kind: "type[_Step]", fields: str, given: dict[str, str]) -> "_Step":
    """The step that the fields describe; what is not JSON is a usage error."""
    from pydantic_core import from_json, to_json

    text = Path(fields[1:]).read_text("utf-8") if fields.startswith("@") else fields
    try:
        said = from_json(text)
    except ValueError as error:
        raise Failed(Code.USAGE, told(f"--fields: not JSON: {error}.", f"--fields：不是 JSON：{error}。")) from None
    if not isinstance(said, dict):
        raise Failed(Code.USAGE, told("--fields: one JSON object is needed.", "--fields：需要一个 JSON 对象。"))
    return kind.model_validate_json(to_json({**given, **said}), strict=True)


def _act(actor: str, role: str, office: str, zone: str, occurred_at: str | None, *, late: bool) -> "Act":
    from datetime import UTC, datetime

    from domain.case import Act, Role
    from domain.moment import UnreadableTimeError, day_of, parse_occurred
    from domain.refusal import Refused

    if role not in set(Role):
        raise Refused("unknown-role", field="role", role=role, known=sorted(Role))
    when = occurred_at or day_of(datetime.now(UTC), zone).isoformat()
    try:
        instant, precision = parse_occurred(when, zone)
    except (UnreadableTimeError, OverflowError):
        raise Failed(
            Code.USAGE,
            told(
                f"--occurred-at {when}: neither a date nor an instant with its offset.",
                f"--occurred-at {when}：既不是日期，也不是带时区的时刻。",
            ),
        ) from None
    return Act(actor=actor, role=Role(role), office=office, occurred_at=instant, precision=precision, late=late)


def _tell(receipt: "Receipt", *, as_json: bool) -> None:
    if as_json:
        emit({"case_id": receipt.case_id, "version": receipt.version, "position": receipt.position})
    elif receipt.changed:
        typer.echo(
            told(
                f"{receipt.case_id} is at version {receipt.version} (position {receipt.position}).",
                f"{receipt.case_id} 现为第 {receipt.version} 版（位置 {receipt.position}）。",
            )
        )
    else:
        typer.echo(told("It is so already: nothing was recorded.", "已是如此：未作登记。"))
