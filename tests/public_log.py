"""A log as its gateway publishes it over HTTP (tlog-tiles), honest or not: what a monitor reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway.tlog.tiles import Tile
from watched import AT, Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

_TILE = re.compile(r"/tile/(entries|[0-9]+)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]+))?")
Answer = tuple[str, bytes]


@dataclass
class PublicLog:
    """Serves a log; `lie` may answer instead, by the path, and what was asked is noted."""

    log: Log
    at: datetime = AT
    lie: Callable[[str, Answer], Answer | None] = lambda _path, _honest: None
    note: bytes | None = None
    asked: list[str] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        honest = self.honest(path)
        status, body = self.lie(path, honest) or honest
        headers = [("Content-Type", "application/octet-stream"), ("Location", "http://127.0.0.1:1/")]
        start_response(status, headers)
        return [body]

    def honest(self, path: str) -> Answer:
        if path == "/checkpoint":
            return "200 OK", self.note or self.log.note(at=self.at)
        found = _TILE.fullmatch(path)
        if found is None:
            return "404 Not Found", b""
        place = int(found[2].replace("x", "").replace("/", ""))
        width = int(found[3] or 256)
        if found[1] == "entries":
            leaves = self.log.leaves[place * 256 : place * 256 + width]
            data = b"".join(len(leaf).to_bytes(2) + leaf for leaf in leaves)
            return ("200 OK", data) if len(leaves) == width else ("404 Not Found", b"")
        hashes = self.log.tiles.get(Tile(int(found[1]), place), b"")[: 32 * width]
        return ("200 OK", hashes) if len(hashes) == 32 * width else ("404 Not Found", b"")
