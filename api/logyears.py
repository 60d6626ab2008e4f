"""The years of the audit log: who may take one along, and how it is handed out."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from fastapi.responses import StreamingResponse

from api.attachments import disposition
from api.services import Services
from domain import policy
from domain.principal import Principal
from domain.refusal import Refused

MEDIA_TYPE: Final = "application/gzip"

_GZIP_BITS: Final = 31
_LEVEL: Final = 6


def year_zone(services: Services) -> str:
    """The time zone in which the log's years are meant: that of the installation's jurisdiction."""
    return services.registry.jurisdiction(services.jurisdiction).time_zone


def takes_years(services: Services, asker: Principal) -> bool:
    """Whether nothing that is recorded is kept from the asker, so that he may take a year of the log along."""
    return policy.reads_all(asker) and services.registry.codes() == [asker.jurisdiction]


def hand_out_year(services: Services, asker: Principal, year: int) -> StreamingResponse:
    """What was recorded in a year, as a packed file."""
    if not policy.reads_all(asker):
        raise Refused("not-all-is-yours")
    if not takes_years(services, asker):
        raise Refused("log-of-several-jurisdictions", year=year)
    lines = services.audit.year(year, year_zone(services))
    headers = {"Content-Disposition": disposition(f"log-{year}.jsonl.gz")}
    return StreamingResponse(_packed(lines), headers=headers, media_type=MEDIA_TYPE)


def _packed(lines: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP_BITS)
    for line in lines:
        if piece := packer.compress(line):
            yield piece
    yield packer.flush()
