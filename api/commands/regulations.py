"""The register of regulations on the command line: duban regulations."""

from dataclasses import asdict

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
    tell,
    told,
    zone_of,
)

app = typer.Typer()


@app.command(
    "regulations",
    help=told(
        "The register of regulations: which there are, since when, and which are in force.",
        "地方性法规目录：有哪些法规，何时施行，是否有效。",
    ),
    epilog=example("duban regulations --as-of 2026-06-30"),
)
def regulations(
    *,
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.looking import as_known
    from api.regulations import regulations_of

    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        entries = regulations_of(found, as_known(found, place, moment), moment)
        teller = tell(found, place, moment)
    if as_json:
        emit({"moment": echoed(moment, known_at), "regulations": [asdict(one) for one in entries]})
        return
    table(
        told(
            "title | validity | announcement | passed | approved | promulgated | in force | amended | repealed",
            "名称 | 时效性 | 公告文号 | 通过 | 批准 | 公布 | 施行 | 修改 | 废止",
        ),
        [
            (
                one.title,
                teller.say(f"page.validity.{one.validity}"),
                one.document_number,
                one.passed_on,
                one.approved_on,
                one.promulgated_on,
                one.in_force_on,
                ", ".join(change.changed_on.isoformat() for change in one.amendments) or None,
                one.repealed_on,
            )
            for one in entries
        ],
    )
    say(moment_line(moment, known_at, zone))
