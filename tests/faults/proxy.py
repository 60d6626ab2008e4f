"""A door between a service and its database, in which whatever a network does is done on purpose."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

APPEND = b'"fingerprint"'
"""Only an append says this."""

_READY = b"Z\x00\x00\x00\x05I"
_ATTACH_FILTER, _DETACH_FILTER = 26, 27
_NOTHING_PASSES = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))


class Weather(StrEnum):
    """What the network does at the moment."""

    FAIR = "fair"
    RESET = "reset"
    SILENT = "packets are dropped"
    SWALLOWED = "bytes are taken and go nowhere"
    LATE = "every answer comes two seconds late"
    CRUMBS = "every byte in a packet of its own"


class Proxy:
    """The door is on the loopback, the server may be on a Unix socket.

    Told to cut, it closes a connection when the server has answered an append.
    """

    def __init__(self, conninfo: str) -> None:
        self._target = conninfo_to_dict(conninfo)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self._cuts = 0
        self._lock = threading.Lock()
        self._closing = False
        self._clients: list[socket.socket] = []
        self._servers: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._fair = threading.Event()
        self._fair.set()
        self._weather = Weather.FAIR
        self.swallows: Callable[[bytes], bool] = lambda data: False  # noqa: ARG005
        self.done = 0
        self._start(self._accept)
        address = {"host": "127.0.0.1", "port": str(self._listener.getsockname()[1]), "sslmode": "disable"}
        self.conninfo = make_conninfo(conninfo, **address, gssencmode="disable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self.weather(Weather.FAIR)
        for sock in (*self._clients, *self._servers):
            _close(sock)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def cut(self, times: int = 1) -> None:
        """The next answers to appends never arrive."""
        with self._lock:
            self._cuts = times

    def weather(self, now: Weather) -> None:
        """What becomes of whatever passes from now on; connections that are reset are gone for good."""
        self._weather = now
        for sock in (self._listener, *self._clients):
            with contextlib.suppress(OSError):
                _drop_packets(sock, dropped=now is Weather.SILENT)
        if now is Weather.RESET:
            for sock in self._clients:
                _reset(sock)
        (self._fair.clear if now is Weather.SILENT else self._fair.set)()

    def forget(self) -> None:
        """Every connection of now is dead for ever, and neither side hears of it; new ones are as good as any."""
        for sock in self._clients:
            with contextlib.suppress(OSError):
                _drop_packets(sock, dropped=True)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            if self._weather is Weather.RESET:
                _reset(client)
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = self._reach()
            self._clients.append(client)
            self._servers.append(server)
            appending = threading.Event()
            self._start(self._forward, client, server, appending)
            self._start(self._back, server, client, appending)

    def _reach(self) -> socket.socket:
        host, port = str(self._target["host"]), str(self._target.get("port") or "5432")
        if not host.startswith("/"):
            return socket.create_connection((host, int(port)))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(Path(host) / f".s.PGSQL.{port}"))
        return server

    def _forward(self, client: socket.socket, server: socket.socket, appending: threading.Event) -> None:
        """To the server, and note whether what is asked is an append."""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                (appending.set if APPEND in data else appending.clear)()
                if not self.swallows(data):
                    self._pass(server, data)
        _close(client)
        _close(server)

    def _back(self, server: socket.socket, client: socket.socket, appending: threading.Event) -> None:
        """From the server. Its answer to an append ends with ReadyForQuery, after the commit."""
        with contextlib.suppress(OSError):
            answer = b""
            while data := server.recv(65536):
                if self._weather is Weather.LATE:
                    time.sleep(2)
                if not appending.is_set() or not self._cuts:
                    self._pass(client, data)
                    continue
                answer += data
                if answer.endswith(_READY):
                    with self._lock:
                        self._cuts -= 1
                        self.done += 1
                    break
        _close(client)
        _close(server)

    def _pass(self, receiver: socket.socket, data: bytes) -> None:
        self._fair.wait()
        if self._weather is Weather.CRUMBS:
            for byte in data:
                receiver.sendall(bytes([byte]))
        elif self._weather is not Weather.SWALLOWED:
            receiver.sendall(data)


def _drop_packets(sock: socket.socket, *, dropped: bool) -> None:
    """Let the kernel throw away, or take again, every packet that comes to a socket: it acknowledges none."""
    program = struct.pack("HL", 1, ctypes.addressof(_NOTHING_PASSES))
    if dropped:
        sock.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)
    else:
        sock.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)


def _reset(sock: socket.socket) -> None:
    """End a connection by a reset, whoever reads from it: connecting it to nowhere does that."""
    if (number := sock.fileno()) >= 0:
        ctypes.CDLL(None).connect(number, bytes(16), 16)
    _close(sock)


def _close(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        sock.close()
