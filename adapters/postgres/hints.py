"""Hints to the projector that something was recorded, sent after the commit from a connection of their own."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from typing import Any

import psycopg

from adapters.postgres.pool import PATIENCE_OF_PEOPLE, connect
from adapters.postgres.projector import CHANNEL


class Hints:
    """Sends a hint soon after `recorded()`; a hint that cannot be sent is dropped, the projector polls besides."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._due = Event()
        self._closing = False
        self._thread = Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def recorded(self) -> None:
        """Something was committed."""
        self._due.set()

    def close(self) -> None:
        """Stop sending."""
        self._closing = True
        self._due.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        conn: psycopg.Connection[Any] | None = None
        while True:
            self._due.wait()
            self._due.clear()
            if self._closing:
                break
            try:
                if conn is None or conn.closed:
                    conn = connect(self._conninfo, name="duban-hints", patience=PATIENCE_OF_PEOPLE)
                conn.execute(f"NOTIFY {CHANNEL}")
            except psycopg.Error:
                if conn is not None:
                    conn.close()
                conn = None
        if conn is not None:
            with suppress(psycopg.Error):
                conn.close()
