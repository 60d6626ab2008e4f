"""The keys of persons' data and of attached files: keys status, backup, restore, rotate."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.common import Code, Failed, Json, emit, example, say, services, settings_in_force, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.personal import Kept

app = typer.Typer(
    no_args_is_help=True,
    help=told("The keys of persons' data and of attached files.", "个人信息和附件的密钥。"),
)

DAYS = 7
"""How long a copy of the keys is kept, so that what was erased is soon in none of them."""


@app.command(
    help=told("How many keys there are, and how many were destroyed.", "密钥数量，以及已销毁的数量。"),
    epilog=example("duban keys status --json"),
)
def status(as_json: Json = False) -> None:
    with services() as found:
        found.keys.follow()
        counts = found.keys.count()
        place = found.keys.place
    _tell(counts, place, as_json=as_json)


@app.command(
    help=told(
        "Copy the keys while the service runs, and remove copies that are older than so many days. The key that wraps "
        "them is not in the copy.",
        "在服务运行时复制密钥，并删除超过天数的旧副本。副本不含包裹密钥。",
    ),
    epilog=example("duban keys backup /backup/keys"),
)
def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=told("The folder of the copies.", "副本所在目录。"))],
    days: Annotated[
        int, typer.Option(min=1, max=30, help=told("How long copies are kept.", "副本保留的天数。"))
    ] = DAYS,
    as_json: Json = False,
) -> None:
    with services() as found:
        found.keys.follow()
        copy = found.keys.backup(folder, timedelta(days=days))
    if as_json:
        emit({"copy": str(copy)})
    else:
        say(told(f"The keys are copied to {copy}.", f"密钥已复制到 {copy}。"))


@app.command(
    help=told(
        "Put the keys of a copy back. Whatever was erased since stays erased.",
        "恢复副本中的密钥。此后已删除的信息仍为已删除。",
    ),
    epilog=example("duban keys restore /backup/keys/keys-20261128T020000Z.sqlite"),
)
def restore(
    copy: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=told("The copy.", "副本文件。")),
    ],
    as_json: Json = False,
) -> None:
    with services() as found:
        counts = found.keys.restore(copy)
        place = found.keys.place
    _tell(counts, place, as_json=as_json)


@app.command(
    help=told(
        "Wrap every key by another key of the installation, which then has to stand in personal.key or "
        "DUBAN_PERSONAL_KEY. Stop the service before.",
        "改用另一把安装密钥包裹所有密钥；之后须将其写入 personal.key 或 DUBAN_PERSONAL_KEY。请先停止服务。",
    ),
    epilog=example("duban keys rotate new.key"),
)
def rotate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help=told("The file of the other key, of at least 32 characters.", "新密钥文件，至少 32 个字符。"),
        ),
    ],
    as_json: Json = False,
) -> None:
    from adapters.settings import SHORTEST_KEY
    from adapters.wiring import keys_of, wrapping_key

    new = file.read_text(encoding="utf-8").strip()
    if len(new) < SHORTEST_KEY:
        raise Failed(
            Code.USAGE,
            told(
                f"The key in {file} has fewer than {SHORTEST_KEY} characters.",
                f"{file} 中的密钥不足 {SHORTEST_KEY} 个字符。",
            ),
        )
    count = keys_of(settings_in_force()).rotate(wrapping_key(new))
    if as_json:
        emit({"wrapped": count})
    else:
        say(told(f"{count} keys are wrapped by the key in {file}.", f"已用 {file} 中的密钥包裹 {count} 把密钥。"))


def _tell(counts: "Mapping[Kept, int]", place: Path, *, as_json: bool) -> None:
    if as_json:
        emit({"place": str(place)} | {str(kept): count for kept, count in counts.items()})
        return
    held, restricted, erased = counts.values()
    say(
        told(
            f"{place}: {held} keys, {restricted} restricted, {erased} destroyed.",
            f"{place}：密钥 {held} 把，封存 {restricted} 把，已销毁 {erased} 把。",
        )
    )
