"""A log in memory, as its operator signs it: honest, or with two views; and a witness of it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from cryptography.x509.oid import NameOID

from notigateway.evidence.sealing import Seal
from notigateway.http.side_door import SideDoor
from notigateway.sandbox.certifying import name
from notigateway.tlog.checkpoint import Checkpoint, Follows
from notigateway.tlog.merkle import Subtree, consistency_proof, leaf_hash, root_of
from notigateway.tlog.note import SignatureLine, read_note, write_note
from notigateway.tlog.submission import PATH, write_submission
from notigateway.tlog.tiles import Tile, grow, subtree_in_tiles
from notigateway.witness.answering import BOUNDS, Service
from notigateway.witness.configured import load_witness, make_key
from notigateway.witness.judging import Witness as Judge
from notigateway.witness.kept import Kept
from patience import PATIENCE_SECONDS
from pki import Issue, ec_key, pki, write_issuers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from wsgiref.types import WSGIApplication

    from notigateway.pki.keys import KeyPair
    from notigateway.tlog.cosignature import Cosigner

ORIGIN: Final = "notigateway.example/log"
# Long before the clock of any machine: a witness that runs refuses what is ahead of its own.
AT: Final = datetime(2021, 1, 1, 12, 0, tzinfo=UTC)
NAME: Final = "witness.example/w1"


@dataclass
class Log:
    """Leaves, and heads of them sealed whenever one is asked for."""

    origin: str = ORIGIN
    seal: KeyPair = field(default_factory=lambda: pki().seal)
    leaves: list[bytes] = field(default_factory=list)
    tiles: dict[Tile, bytes] = field(default_factory=dict)
    follows: Follows | None = None

    @classmethod
    def of(cls, *words: str, origin: str = ORIGIN) -> Log:
        """Return a log of as many leaves as there are words."""
        log = cls(origin)
        log.add(*words)
        return log

    def add(self, *words: str) -> None:
        """Add leaves."""
        added = [word.encode() for word in words]
        self.tiles |= grow(len(self.leaves), list(map(leaf_hash, added)), self.tiles.__getitem__)
        self.leaves += added

    def fork(self, size: int, *words: str) -> Log:
        """Return another view: the same up to a size, and then other leaves."""
        return Log.of(*(leaf.decode() for leaf in self.leaves[:size]), *words, origin=self.origin)

    def subtree(self, one: Subtree) -> bytes:
        """Return the hash of a complete subtree."""
        return subtree_in_tiles(one, self.tiles.__getitem__)

    def root(self, size: int) -> bytes:
        """Return the root of the first leaves."""
        return root_of(size, self.subtree)

    def note(
        self,
        size: int | None = None,
        at: datetime = AT,
        *,
        seal: KeyPair | None = None,
        lines: Sequence[SignatureLine] = (),
    ) -> bytes:
        """Return a head as a sealed note."""
        size, pair = len(self.leaves) if size is None else size, seal or self.seal
        text = Checkpoint(self.origin, size, self.root(size), at, self.follows).to_bytes()
        signature = Seal(pair).sign(text, now=at)
        return write_note(
            text, signature, origin=self.origin, certificate=pair.certificate, cosignatures=lines
        )

    def submission(self, old: int, size: int | None = None, at: datetime = AT) -> bytes:
        """Return what an honest log sends."""
        size = len(self.leaves) if size is None else size
        proof = consistency_proof(old, size, self.subtree) if old <= size else []
        return write_submission(old, proof, self.note(size, at))


@cache
def next_seal() -> KeyPair:
    """Return another seal: of the same gateway later on, or of somebody else."""
    return Issue(name((NameOID.COMMON_NAME, "Otro sello")), ec_key("another seal"), by=pki().issuing).make()


def words(count: int, stem: str = "leaf") -> list[str]:
    """Return so many different leaves."""
    return [f"{stem} {number}" for number in range(count)]


@dataclass(frozen=True)
class Room:
    """The folder of a witness: its file, and who it is."""

    file: Path
    me: Cosigner


def room(
    folder: Path, *, called: str = NAME, origins: Sequence[str] = (ORIGIN,), listen: str | None = None
) -> Room:
    """Make a witness's key and its file; the seal of the tests is pinned."""
    folder.mkdir(exist_ok=True)
    me = make_key(folder / "witness.key.pem", called)
    write_issuers(folder / "seals", [pki().seal.certificate])
    said = {
        "name": called,
        "listen": listen or f"127.0.0.1:{free_port()}",
        "key_file": "witness.key.pem",
        "database": "witness.db",
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in said.items()]
    for origin in origins:
        lines += ["[[logs]]", f"origin = {json.dumps(origin)}", 'seals = "seals"']
    file = folder / "witness.toml"
    file.write_text("\n".join([*lines, ""]))
    return Room(file, me)


@contextmanager
def serving(file: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a witness in a process of its own; yield its address, and the process."""
    command = [sys.executable, "-m", "notigateway.cli.main", "witness", "serve", str(file)]
    with (file.parent / "witness.log").open("ab") as lines:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=lines)
    said = process.stdout
    assert said is not None
    try:
        ready = said.readline().decode()
        assert ready.startswith("READY "), (file.parent / "witness.log").read_text()
        yield ready.split()[1], process
    finally:
        process.kill()
        process.wait()
        said.close()


def post(url: str, body: bytes) -> tuple[int, bytes]:
    """Send a submission; return the status and the body of the answer."""
    request = urllib.request.Request(url + PATH, data=body, method="POST")  # noqa: S310  (of this machine)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()


def free_port() -> int:
    """Return a port of 127.0.0.1 at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def later(seconds: float) -> datetime:
    """Return an instant after the tests' own."""
    return AT + timedelta(seconds=seconds)


def text_of(note: bytes) -> bytes:
    """Return the text of a note."""
    return read_note(note).text


@contextmanager
def at_a_door(application: WSGIApplication) -> Iterator[str]:
    """Serve an application over HTTP in a thread of this process; yield its address."""
    defects: list[BaseException] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        door = SideDoor(application, listener, report=defects.append, bounds=BOUNDS)
        door.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            door.stop()
    assert not defects


@contextmanager
def witnessing(made: Room, clock: Callable[[], datetime]) -> Iterator[str]:
    """Serve a witness in this process, by that clock; yield its address."""
    kept = Kept(load_witness(made.file).database)
    try:
        with at_a_door(Service(Judge(load_witness(made.file), kept), kept, clock=clock)) as url:
            yield url
    finally:
        kept.close()
