"""Logs: how they look, said in one place. Lines for people or JSON for machines, always on standard error."""

import logging
import os
import sys
from typing import Literal

import structlog
from structlog.typing import Processor

_QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx")
"""Loggers of libraries whose news are noise until something is wrong."""

_LOGFMT = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)


def configure(look: Literal["console", "json"], level: str) -> None:
    """Send everything that this process logs, structlog's and the standard library's, to standard error in one look."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendered(look)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)


def _rendered(look: Literal["console", "json"]) -> list[Processor]:
    if look == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    if not sys.stderr.isatty():
        return [structlog.processors.format_exc_info, _LOGFMT]
    colours = not os.environ.get("NO_COLOR")
    # The plain traceback: others would print local variables, and with them personal data.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain, pad_event_to=0)]
