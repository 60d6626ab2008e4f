"""The audit log: key, checkpoint, bundle, log, verify, witness; and the access log."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from api.commands.common import (
    Code,
    Failed,
    Json,
    Jurisdiction,
    database,
    emit,
    example,
    label,
    say,
    services,
    settings_in_force,
    table,
    told,
    words,
    zone_of,
)

if TYPE_CHECKING:
    from adapters.audit.note import PublicKey

LONGEST_WAIT_SECONDS = 10.0
"""A step is signed no later."""
APPROVERS = 2
"""As many people approve that a log is begun anew."""

_DAY = "%Y-%m-%d"

app = typer.Typer(
    no_args_is_help=True,
    help=told("The audit log, for outsiders to check, and the access log.", "供外部核验的审计日志，以及访问日志。"),
)

Since = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help=told(
            "A checkpoint that you hold: proves that the log continues it.", "你持有的检查点：证明日志是其延续。"
        ),
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help=told("Write there; by default to standard output.", "写入该文件；默认为标准输出。"),
    ),
]
Key = Annotated[
    str,
    typer.Option(
        metavar="KEY",
        help=told("The log's public key, or a file that has it.", "审计日志的公钥，或存有公钥的文件。"),
    ),
]


@app.command(
    help=told(
        "How far the log is signed. Exit code 1 if a record has waited for more than ten seconds.",
        "日志签署到何处。有记录等待超过十秒时退出码为 1。",
    ),
    epilog=example("duban audit status --json"),
)
def status(as_json: Json = False) -> None:
    from dataclasses import asdict

    with services() as found:
        told_of = found.audit.status()
    if as_json:
        emit(asdict(told_of))
    else:
        typer.echo(
            told(
                f"{told_of.size} of {told_of.head} records are signed; the oldest other one has waited for "
                f"{told_of.waits_seconds:.0f} s.",
                f"{told_of.head} 条记录中已签署 {told_of.size} 条；其余最早一条已等待 {told_of.waits_seconds:.0f} 秒。",
            )
        )
    if told_of.waits_seconds > LONGEST_WAIT_SECONDS:
        raise typer.Exit(Code.REFUSED)


@app.command(
    help=told("The public key by which the log's signatures are checked.", "用于核验日志签名的公钥。"),
    epilog=example("duban audit key"),
)
def key() -> None:
    from adapters.wiring import log_signer

    typer.echo(log_signer(settings_in_force()).public)


@app.command(
    help=told(
        "The newest signed checkpoint: a note to keep where nobody here can change it. "
        "With --since, a file that also proves that the log continues an older one.",
        "最新的签名检查点：请保存在本机构无法改动之处。加 --since 时，输出同时证明日志是旧检查点延续的文件。",
    ),
    epilog=example("duban audit checkpoint --since march.checkpoint -o april.json"),
)
def checkpoint(since: Since = None, output: Output = None) -> None:
    with services() as found:
        if since is None:
            _write([found.audit.checkpoint().encode()], output)
        else:
            _write([_as_json(found.audit.consistency(_size(since)))], output)


@app.command(
    help=told(
        "All that is recorded of a case and sealed, with its proofs, as one file that is checked without us.",
        "一个案件已封存的全部登记及其证明，合为一个文件，无需本系统即可核验。",
    ),
    epilog=example("duban audit bundle 5f0c… --since march.checkpoint -o case.json"),
)
def bundle(
    case: Annotated[str, typer.Argument(metavar="CASE", help=told("The case.", "案件。"))],
    since: Since = None,
    output: Output = None,
) -> None:
    with services() as found:
        _write([_as_json(found.audit.bundle(case, None if since is None else _size(since)))], output)


@app.command(
    help=told(
        "The whole log as one file, or what was recorded in a year as a file that is checked by itself. "
        "A line for each record; packed if its name ends in .gz.",
        "整个日志合为一个文件，或导出可单独核验的年度分卷，每条记录一行。文件名以 .gz 结尾时压缩。",
    ),
    epilog=example("duban audit log --year 2026 -o log-2026.jsonl.gz"),
)
def log(
    year: Annotated[
        int | None,
        typer.Option(min=1970, max=9998, help=told("Only what was recorded in that year.", "只要该年度登记的记录。")),
    ] = None,
    output: Output = None,
) -> None:
    from api.logyears import year_zone

    with services() as found:
        if year is None:
            _write(found.audit.whole(), output)
            return
        zone = year_zone(found)
        _write(found.audit.year(year, zone), output)
        if not all(one.closed for one in found.audit.years(zone) if one.year == year):
            say(
                told(
                    f"{year} is not closed: nothing of a later year is signed yet.",
                    f"{year} 年尚未闭卷：还没有签署以后年度的记录。",
                )
            )


@app.command(
    help=told(
        "The years of the log: positions, and whether more may come.", "日志的各年度分卷：起止序号，是否已闭卷。"
    ),
    epilog=example("duban audit years"),
)
def years(as_json: Json = False) -> None:
    from dataclasses import asdict

    from api.logyears import year_zone

    with services() as found:
        there = found.audit.years(year_zone(found))
    if as_json:
        emit([asdict(one) for one in there])
        return
    table(
        told("year | first | last | closed", "年度 | 首条 | 末条 | 已闭卷"),
        [(one.year, one.first, one.last, told("yes", "是") if one.closed else told("no", "否")) for one in there],
        right=(0, 1, 2),
    )


@app.command(
    help=told(
        "Begin the log anew after a restore behind what was signed: shows what is lost, asks why, and who approves it. "
        "The old log and its key are kept. Restart the service afterwards.",
        "数据恢复到已签署内容之前时，重新开始审计日志：显示缺失，询问原因和批准人。旧日志及其密钥保留。"
        "完成后请重启服务。",
    ),
    epilog=example("duban audit begin --name duban.example/main-2"),
)
def begin(
    name: Annotated[str, typer.Option(help=told("What the new log is called.", "新日志的名称。"))],
    reason: Annotated[str | None, typer.Option(help=told("Why.", "原因。"))] = None,
    approved_by: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help=told("Who approves; twice.", "批准人；须两人。"))
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help=told("Do not ask again.", "不再询问。"))] = False,
) -> None:
    from adapters.audit.note import NoteError
    from adapters.audit.sealer import ForkError
    from adapters.settings import SettingsError
    from adapters.wiring import begin_log, fork_sealer

    settings = settings_in_force()
    try:
        with database(settings) as (conninfo, _):
            sealer = fork_sealer(settings, conninfo)
            with sealer.alone() as conn:
                fork = sealer.fork(conn)
            say(
                told(
                    f"The log {fork.signed.origin} was signed up to {fork.signed.size} records; the ledger has "
                    f"{fork.head}, of which the first {fork.common} are those of the log.",
                    f"日志 {fork.signed.origin} 已签署 {fork.signed.size} 条记录；账本现有 {fork.head} 条，"
                    f"其中前 {fork.common} 条与日志一致。",
                )
            )
            why = _line(reason or typer.prompt(told("Why does the log begin anew", "为何重新开始日志"), err=True))
            asked = told("Who approves it (two people)", "批准人（两人）")
            approvers = [_line(one) for one in approved_by or (typer.prompt(asked, err=True) for _ in range(2))]
            if len(set(approvers)) != APPROVERS or len(approvers) != APPROVERS:
                raise Failed(Code.USAGE, told("Two different people approve it.", "须由两个不同的人批准。"))
            if not yes:
                typer.confirm(told(f"Begin {name}", f"开始 {name}"), abort=True, err=True)
            typer.echo(begin_log(settings, conninfo, name, why, approvers), nl=False)
    except (ForkError, NoteError, SettingsError) as error:
        raise Failed(Code.REFUSED, told(f"NOT BEGUN: {error}", f"未开始：{error}")) from None
    say(told("Restart the service.", "请重启服务。"))


@app.command(
    help=told(
        "The file that shows what the log has in common with the one before it, after a fork.",
        "分叉之后，证明新旧日志共有部分的文件。",
    ),
    epilog=example("duban audit fork -o fork.json"),
)
def fork(output: Output = None) -> None:
    with services() as found:
        _write([_as_json(found.audit.fork())], output)


@app.command(
    help=told(
        "The access log, the newest first: who was refused what, and who read what is kept of a person.",
        "访问日志，新的在前：何人被拒，何人查阅了个人信息。",
    ),
    epilog=example("duban audit access --actor zhang --kind refused --since 2026-03-01"),
)
def access(
    *,
    jurisdiction: Jurisdiction = None,
    actor: Annotated[str | None, typer.Option(help=told("Who asked.", "访问人。"))] = None,
    kind: Annotated[
        str | None, typer.Option(help=told("refused, read or left_out.", "refused、read 或 left_out。"))
    ] = None,
    case: Annotated[str | None, typer.Option(help=told("Id of the case.", "案件编号。"))] = None,
    since: Annotated[datetime | None, typer.Option(formats=[_DAY], help=told("First day.", "自何日。"))] = None,
    until: Annotated[datetime | None, typer.Option(formats=[_DAY], help=told("Last day.", "至何日。"))] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=told("At most so many lines.", "最多行数。"))] = 100,
    before: Annotated[
        int | None, typer.Option(min=1, help=told("Only lines before this number.", "只看此编号之前的记录。"))
    ] = None,
    as_json: Json = False,
) -> None:
    from dataclasses import asdict

    from domain.access import AccessFilter, AccessKind
    from domain.moment import start_of_day

    if kind is not None and kind not in set(AccessKind):
        known = ", ".join(AccessKind)
        raise Failed(Code.USAGE, told(f"--kind {kind}: there are {known}.", f"--kind {kind}：可选 {known}。"))
    with services() as found:
        zone = zone_of(found, jurisdiction)
        wanted = AccessFilter(
            jurisdiction=jurisdiction,
            actor=actor,
            kind=None if kind is None else AccessKind(kind),
            case=case,
            since=None if since is None else start_of_day(since.date(), zone),
            until=None if until is None else start_of_day(until.date() + timedelta(days=1), zone),
        )
        lines = found.access.lines(wanted, before=before, limit=limit)
    if as_json:
        emit([asdict(line) for line in lines])
        return
    table(
        told("number | when | who | what happened | asked for | of", "编号 | 时间 | 访问人 | 事项 | 请求 | 关于"),
        [
            (
                line.number,
                f"{line.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}",
                f"{line.actor} ({label('role', line.role)})",
                " ".join(
                    [label("access.kind", line.kind), *(str(one) for one in (line.code, line.left_out) if one)],
                ),
                line.what,
                " ".join(one for one in (line.case_id, line.person) if one),
            )
            for line in lines
        ],
        right=(0,),
    )


@app.command(
    help=told(
        "Check a bundle, a proof between checkpoints, the log or a year of it, from the file and the key alone. "
        "Says what it proves and what it does not. Exit code 1 if anything is not as it was recorded.",
        "仅凭文件和公钥核验案卷包、检查点间的证明、整个日志或年度分卷，并说明证明了什么、没有证明什么。"
        "凡与登记不符，退出码为 1。",
    ),
    epilog=example("duban audit verify case.json --key duban.key --held march.checkpoint"),
)
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=told("The file.", "文件。"))],
    key: Key,
    *,
    held: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help=told("A checkpoint that you have kept.", "你保存的检查点。")),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help=told("A witness who must have signed too.", "必须同时签名的见证人公钥。")),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=told(
                "The case heads of a day: shows steps taken off the end.", "某日的案件末步清单：可发现末尾被删的步骤。"
            ),
        ),
    ] = None,
    after: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=told("Of a year: the year before, which it has to continue.", "年度分卷的上一年度分卷，须与之衔接。"),
        ),
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=told(
                "Of a year: certificates, in PEM, of the authority whose time-stamp it has.",
                "年度分卷所附时间戳的机构证书（PEM）。",
            ),
        ),
    ] = None,
    ended: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help=told("Of a fork: the key of the log that ended.", "分叉文件：已终止日志的公钥。")
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    from adapters.audit.verify import VerifyError
    from adapters.audit.verify import verify as verified

    own, witnesses = _key(key), [_key(one) for one in witness or ()]
    before = None if ended is None else _key(ended)
    notes, roots = [_note(one) for one in held or ()], None if authority is None else authority.read_bytes()
    try:
        verdict = verified(
            file,
            own,
            notes,
            witnesses,
            heads,
            after=after,
            authority=roots,
            ended=before,
        )
    except VerifyError as error:
        if as_json:
            emit({"verified": False, "why": str(error), "proves": [], "leaves_open": []})
            raise typer.Exit(Code.REFUSED) from None
        raise Failed(Code.REFUSED, told(f"NOT VERIFIED: {error}", f"核验不通过：{error}")) from None
    proves = [words(id, params) for id, params in verdict.proves]
    leaves_open = [words(id, {}) for id in verdict.leaves_open]
    if as_json:
        emit({"verified": True, "why": None, "proves": proves, "leaves_open": leaves_open})
        return
    for record in verdict.records:
        typer.echo(
            f"{record.version:>4}  {record.occurred_at[:10]}  {record.wire}  {record.actor} · {record.office}"
            f"  ({told('recorded', '录入')} {record.recorded_at[:19]}Z, {record.position})"
        )
    typer.echo(told("Verified:", "核验通过："))
    for line in proves:
        typer.echo(f"  + {line}")
    typer.echo(told("Not proved by this:", "以此不能证明："))
    for line in leaves_open:
        typer.echo(f"  - {line}")


@app.command(
    help=told(
        "Check the time-stamp of a checkpoint (RFC 3161): when the authority saw it, so that it is no younger.",
        "核验检查点的时间戳（RFC 3161）：时间戳机构何时见过它，即它不晚于该时刻。",
    ),
    epilog=example("duban audit stamped checkpoint checkpoint.tsr --authority authority.pem"),
)
def stamped(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=told("The checkpoint.", "检查点。"))],
    token: Annotated[Path, typer.Argument(metavar="TOKEN", help=told("Its time-stamp.", "其时间戳。"))],
    authority: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help=told("Certificates, in PEM, of the authority you trust.", "所信任机构的证书（PEM）。")
        ),
    ],
    as_json: Json = False,
) -> None:
    from adapters.audit.anchor import AnchorError, stamped_at

    try:
        at = stamped_at(token.read_bytes(), file.read_bytes(), authority.read_bytes())
    except AnchorError as error:
        raise Failed(Code.REFUSED, told(f"NOT VERIFIED: {error}", f"核验不通过：{error}")) from None
    if as_json:
        emit({"stamped_at": at})
    else:
        typer.echo(
            told(f"Seen by the authority at {at:%Y-%m-%d %H:%M:%S}Z.", f"时间戳机构于 {at:%Y-%m-%d %H:%M:%S}Z 见过它。")
        )


@app.command(
    help=told(
        "Sign a checkpoint as a witness, if the log continues the last one signed: a key and a memory in one file.",
        "以见证人身份签署检查点，前提是日志为上次所签检查点的延续；密钥和记忆存于一个文件。",
    ),
    epilog=example("duban audit witness april.json --key duban.key --memory witness.json --name archives.example"),
)
def witness(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help=told("A checkpoint, or the file of --since.", "检查点，或 --since 输出的文件。")
        ),
    ],
    key: Key,
    memory: Annotated[Path, typer.Option(metavar="FILE", help=told("Where it remembers.", "记忆所在的文件。"))],
    name: Annotated[str | None, typer.Option(help=told("What a new witness is called.", "新见证人的名称。"))] = None,
    output: Output = None,
) -> None:
    from adapters.audit.note import NoteError
    from adapters.audit.verify import VerifyError
    from adapters.audit.witness import Witness

    text = file.read_bytes()
    try:
        said = _read_json(text) if text.startswith(b"{") else {"checkpoint": text.decode()}
        signing = Witness(memory, _key(key), name)
        _write([signing.sign(said, int(time.time())).encode()], output)
    except (VerifyError, NoteError, UnicodeDecodeError) as error:
        raise Failed(Code.REFUSED, told(f"NOT SIGNED: {error}", f"未签署：{error}")) from None
    say(f"{told('Key of the witness', '见证人公钥')}: {signing.key}")


def _line(text: str) -> str:
    """A text of one line."""
    if not text.strip() or not text.isprintable():
        raise Failed(Code.USAGE, told("That is not one line of text.", "应为一行文字。"))
    return text.strip()


def _key(text: str) -> "PublicKey":
    from adapters.audit.note import NoteError, PublicKey

    place = Path(text)
    try:
        return PublicKey.parse(place.read_text(encoding="utf-8") if place.is_file() else text)
    except (NoteError, UnicodeDecodeError) as error:
        raise Failed(Code.USAGE, f"--key {text}: {error}") from None


def _note(place: Path) -> str:
    """A checkpoint that was kept: the note, or a file that has it."""
    text = place.read_bytes()
    return str(_read_json(text).get("checkpoint")) if text.startswith(b"{") else text.decode(errors="replace")


def _size(place: Path) -> int:
    """The size of a checkpoint that was kept."""
    from adapters.audit.checkpoint import Checkpoint
    from adapters.audit.note import NoteError

    try:
        return Checkpoint.unchecked(_note(place)).size
    except NoteError as error:
        raise Failed(Code.USAGE, f"--since {place}: {error}") from None


def _read_json(text: bytes) -> dict[str, Any]:
    import orjson

    try:
        return dict(orjson.loads(text))
    except ValueError:
        raise Failed(Code.USAGE, told("The file is not JSON.", "文件不是 JSON。")) from None


def _as_json(said: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n"


def _write(parts: Iterable[bytes], output: Path | None) -> None:
    """Whole or not at all, where it goes to a file."""
    import gzip
    import sys

    if output is None:
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
        return
    new = output.with_name(f".{output.name}.new")
    try:
        with gzip.open(new, "wb", 6) if output.suffix == ".gz" else new.open("wb") as file:
            file.writelines(parts)
        new.replace(output)
    finally:
        new.unlink(missing_ok=True)
