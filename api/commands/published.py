"""Published figures on the command line: duban published-figures."""

from typing import Annotated, Any

import typer

from api.commands.common import (
    AsOf,
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
    told,
    zone_of,
)

app = typer.Typer()


@app.command(
    "published-figures",
    help=told(
        "What documents stated; of one document each figure counted again, or what became known since of one figure.",
        "公布数据：列出文件；或逐项复算一份文件的数据；或列出一项数据公布之后才得知的情况。",
    ),
    epilog=example("duban published-figures CASE --figure 1"),
)
def published_figures(
    case: Annotated[
        str | None,
        typer.Argument(help=told("Id of a document's case; by default all.", "文件的案件编号；默认为全部。")),
    ] = None,
    *,
    figure: Annotated[
        int | None, typer.Option(min=1, help=told("Which of its figures, from 1.", "其中第几项数据，从 1 起。"))
    ] = None,
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.published import Publications
    from api.v1.figures import change_answer
    from api.v1.published import publication_answer, recounted_answer

    changes: list[Any] = []
    rows: list[Any] = []
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        publications = Publications(found, found.views, place, moment, whole=True)
        chosen = None if case is None else publications.one(found.docket.case_file(case))
        documents = publications.all() if chosen is None else [chosen]
        if chosen is not None and figure is not None:
            since = publications.since(chosen, figure)
            rows, changes = [since.figure], list(since.changes)
        elif chosen is not None:
            rows = publications.recounted(chosen)
    if as_json:
        emit(
            {
                "moment": echoed(moment, known_at),
                "publications": [publication_answer(one).model_dump(mode="json") for one in documents],
                "figures": [recounted_answer(one).model_dump(mode="json") for one in rows],
                "changes": [change_answer(one).model_dump(mode="json") for one in changes],
            }
        )
        return
    if chosen is None:
        table(
            told("case | document | published | figures of | n", "案件 | 文件 | 公布日期 | 数据截止 | 项数"),
            [(one.id, one.title, one.published_on, one.as_of, len(one.figures)) for one in documents],
            right=(4,),
        )
    elif figure is None:
        table(
            told("figure | of | stated | counted again | now", "指标 | 范围 | 公布时 | 复算 | 按现在所知"),
            [(one.stated.ref, _filter(one), *map(_shown, (one.then, one.again, one.now))) for one in rows],
            right=(2, 3, 4),
        )
    else:
        table(
            told("case | change | before | after | step", "案件 | 变化 | 此前 | 现在 | 步骤"),
            [
                (
                    one.title,
                    one.way,
                    _sums(one.row.before),
                    _sums(one.row.after),
                    " ".join(record.step.declared.wire for record in one.steps),
                )
                for one in changes
            ],
        )
    say(moment_line(moment, known_at, zone))


def _filter(one: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in one.stated.filter.items())


def _sums(counts: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in (counts or {}).items() if count)


def _shown(figure: Any) -> str:
    if figure.denominator is None:
        return str(figure.numerator)
    value = "—" if figure.value is None else f"{figure.value:.1%}"
    return f"{value} ({figure.numerator}/{figure.denominator})"
