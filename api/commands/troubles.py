"""The one table from what may go wrong to an exit code and a line that says what, why and what next."""

import errno
import os
import traceback
from pathlib import Path

from api.commands.common import Code, Failed, told, words

LOG = "errors.log"
_CODES = {
    "account-not-found": Code.NOT_FOUND,
    "attachment-lost": Code.NOT_FOUND,
    "import-unknown-profile": Code.NOT_FOUND,
    "last-administrator": Code.CONFLICT,
    "login-taken": Code.CONFLICT,
    "no-such-card": Code.NOT_FOUND,
    "roles-apart": Code.CONFLICT,
    "storage-full": Code.UNAVAILABLE,
    "unknown-case-type": Code.NOT_FOUND,
    "unknown-sort": Code.USAGE,
    "unknown-stage": Code.USAGE,
    "unknown-state": Code.USAGE,
}
"""Refusals that are not exit code 1."""
_WRONG_LOGIN = ("password authentication failed", "no password supplied", "pg_hba.conf", "role ", "permission denied")


def explained(error: BaseException) -> Failed | None:
    """How to end after an error; None for one that nobody foresaw."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, OSError) and (found := _of_the_machine(error)) is not None:
        return found
    return _of_the_domain(error) or _of_the_database(error) or _of_the_installation(error)


def unforeseen(error: BaseException) -> str:
    """One line for an error that nobody foresaw; the traceback goes to a file beside the data."""
    line = f"{type(error).__name__}: {str(error).strip().partition(os.linesep)[0]}"
    try:
        place = Path(os.environ.get("DUBAN_DATA_DIR") or ".duban").expanduser().absolute() / LOG
        place.touch(mode=0o600)
        with place.open("a", encoding="utf-8") as file:
            file.write("".join(traceback.format_exception(error)) + "\n")
    except OSError:
        return told(
            f"An unexpected error: {line}. Say it again with `duban --debug …` and report what it shows.",
            f"意外错误：{line}。请用 `duban --debug …` 重试，并报告所显示的内容。",
        )
    return told(
        f"An unexpected error: {line}. Please report it with what {place} says.",
        f"意外错误：{line}。请连同 {place} 的内容一并报告。",
    )


def _of_the_machine(error: OSError) -> Failed | None:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            message = told("The disk is full. Free some space, then try again.", "磁盘已满。请腾出空间后重试。")
            return Failed(Code.UNAVAILABLE, message)
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Failed(Code.NO_PERMISSION, told(f"No permission: {error}.", f"没有权限：{error}。"))
        case errno.ENOENT | errno.ENOTDIR | errno.EISDIR if error.filename is not None:
            return Failed(Code.NOT_FOUND, told(f"No such file: {error.filename}.", f"没有这个文件：{error.filename}。"))
        case _:
            return None


def _of_the_domain(error: BaseException) -> Failed | None:
    from pydantic import ValidationError

    from domain.calendar import CalendarError
    from domain.docket import CaseNotFoundError, StaleError
    from domain.refusal import Refused, refused_by
    from domain.rulebook import RulebookError

    match error:
        case Refused():
            field = f"{error.field}: " if error.field else ""
            code = _CODES.get(error.message_id, Code.REFUSED)
            return Failed(code, field + words(error.message_id, error.params))
        case ValidationError():
            return _of_the_domain(refused_by(error))
        case CaseNotFoundError():
            return Failed(
                Code.NOT_FOUND,
                told(
                    f"There is no case {error}. `duban case list` shows the cases and their ids.",
                    f"没有案件 {error}。`duban case list` 列出案件及其编号。",
                ),
            )
        case StaleError():
            return Failed(
                Code.CONFLICT,
                told(f"{error}. Read it again, then repeat.", f"案件已有新的步骤：{error}。请重新读取后再试。"),
            )
        case RulebookError() | CalendarError():
            return Failed(Code.REFUSED, str(error))
        case _:
            return None


def _of_the_database(error: BaseException) -> Failed | None:  # noqa: PLR0911 - a table
    import psycopg
    from psycopg import errors

    from adapters.postgres.migrate import MigrationDenied, MigrationError
    from adapters.postgres.pool import LedgerUnavailableError

    match error:
        case MigrationDenied():
            return Failed(Code.NO_PERMISSION, _sentence(str(error)))
        case MigrationError():
            return Failed(Code.REFUSED, _sentence(str(error)))
        case errors.InsufficientPrivilege():
            return Failed(
                Code.NO_PERMISSION,
                told(
                    f"The database user may not do this: {_first(error)}. `duban migrate` grants what is needed.",
                    f"数据库用户没有此权限：{_first(error)}。`duban migrate` 会授予所需权限。",
                ),
            )
        case errors.DiskFull():
            return Failed(
                Code.UNAVAILABLE,
                told(
                    "The database's disk is full. Free some space, then try again.",
                    "数据库磁盘已满。请腾出空间后重试。",
                ),
            )
        case (
            errors.UndefinedTable() | errors.UndefinedFunction() | errors.UndefinedObject() | errors.InvalidSchemaName()
        ):
            return Failed(
                Code.REFUSED,
                told(
                    f"The database is not prepared for this version: {_first(error)}. Run `duban migrate` first.",
                    f"数据库尚未为此版本做好准备：{_first(error)}。请先运行 `duban migrate`。",
                ),
            )
        case psycopg.OperationalError():
            return _unreachable(error)
        case LedgerUnavailableError():
            return Failed(Code.UNAVAILABLE, words(error.message_id, {}))
        case _:
            return None


def _unreachable(error: BaseException) -> Failed:
    reason = _first(error)
    if any(sign in reason for sign in _WRONG_LOGIN):
        return Failed(
            Code.NO_PERMISSION,
            told(
                f"The database does not let this user in: {reason}. Check user and password in DUBAN_DATABASE_URL.",
                f"数据库拒绝该用户登录：{reason}。请检查 DUBAN_DATABASE_URL 中的用户和密码。",
            ),
        )
    return Failed(
        Code.UNAVAILABLE,
        told(
            f"The database cannot be reached: {reason}. Is it running, and is DUBAN_DATABASE_URL right?",
            f"无法连接数据库：{reason}。请确认数据库正在运行，且 DUBAN_DATABASE_URL 正确。",
        ),
    )


def _of_the_installation(error: BaseException) -> Failed | None:
    from adapters.backup import BackupError
    from adapters.embedded import AlreadyRunning, EmbeddedError, WrongVersion
    from adapters.keys import KeysError
    from adapters.postgres.build import PoisonError, ProjectorError
    from adapters.serve import AlreadyServing, PortInUse, ServeError
    from adapters.settings import SettingsError
    from adapters.wiring import GuardError

    match error:
        case SettingsError():
            return Failed(Code.USAGE, str(error))
        case AlreadyRunning() | AlreadyServing() | PortInUse() | ProjectorError():
            return Failed(Code.CONFLICT, _sentence(str(error)))
        case WrongVersion() | GuardError() | ServeError() | PoisonError() | BackupError() | KeysError():
            return Failed(Code.REFUSED, _sentence(str(error)))
        case EmbeddedError():
            return Failed(Code.UNAVAILABLE, str(error))
        case _:
            return None


def _first(error: BaseException) -> str:
    """The last line of a driver's message, which says why; without its full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    first = lines[0].partition("FATAL:")[2].strip() or lines[0]
    return first.rstrip(".")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
