"""`make worst`: the slowest ten of the hostile requests, and an honest one beside slow callers of each kind.

What is measured is the whole way of a request that is refused, from the bytes to the fault, in CPU
time and in the memory that the process took at its peak. The exit code is 1 if one needs more than
a second: such a request would let one caller hold a worker. Each request is as large as the gateway reads.

Then 64 slow callers of each kind hold a server with the configuration of production, and a Ping is timed
beside them; the exit code is 1 if one takes more than ten seconds.
"""

from __future__ import annotations

import ctypes
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from bench.gateway import Gateway
from bench.serving import PATH, serving
from bench.slow import CALLERS, KINDS, Kind, SlowCallers
from notigateway.wss.ns import DS, EXC_C14N, NOTIGATEWAY_V1, SOAP11, WSSE, WSU

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

MAX_BYTES: Final = 10 * 1024 * 1024
MOST_SECONDS: Final = 1.0
MOST_PING_SECONDS: Final = 10.0
PINGS: Final = 20
SHOWN: Final = 10
_WAIT_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Line:
    """One measured request."""

    name: str
    mebibytes: float
    seconds: float
    peak_mebibytes: float


def envelope(body: str = "<a/>", header: str = "") -> bytes:
    """Return an envelope around these."""
    return (
        f'<s:Envelope xmlns:s="{SOAP11}" xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" xmlns:ds="{DS}">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def filled(unit: str, *, at_most: int = 10**9, bytes_left: int = MAX_BYTES - 4_000) -> str:
    """Return a text repeated until the size or the count is reached."""
    return unit * min(at_most, bytes_left // len(unit.encode()))


def _signature(references: str, prefixes: str = "") -> str:
    inclusive = f"<e:InclusiveNamespaces xmlns:e='{EXC_C14N}' PrefixList='{prefixes}'/>"
    return (
        f"<ds:Signature><ds:SignedInfo><ds:CanonicalizationMethod Algorithm='{EXC_C14N}'>{inclusive}"
        f"</ds:CanonicalizationMethod><ds:SignatureMethod/>{references}</ds:SignedInfo><ds:SignatureValue/>"
        "<ds:KeyInfo/></ds:Signature>"
    )


_SIGNATURE: Final = _signature("<ds:Reference/>")

# Each just inside the limits where it can be, so that as much as possible is done before the refusal.
HOSTILE: Final[dict[str, Callable[[], bytes]]] = {
    "one text of 9.9 MB": lambda: envelope(f"<a>{filled('x', at_most=9_900_000)}</a>"),
    "one text, every character escaped": lambda: envelope(f"<a>{filled('&amp;')}</a>"),
    "one text, numeric references": lambda: envelope(f"<a>{filled('&#65;')}</a>"),
    "one text of four-byte characters": lambda: envelope(f"<a>{filled(chr(0x1F4E8))}</a>"),
    "one CDATA section": lambda: envelope(f"<a><![CDATA[{filled('<', at_most=50_000)}]]></a>"),
    "20,000 elements": lambda: envelope(filled("<a/>", at_most=19_990)),
    "20,000 elements with text": lambda: envelope(filled(f"<a>{'x' * 480}</a>", at_most=19_990)),
    "elements of long names": lambda: envelope(filled(f"<{'n' * 500}/>", at_most=19_990)),
    "elements of long namespaces": lambda: envelope(
        f"<a xmlns:p='urn:{'n' * 490}'>{filled('<p:b/>', at_most=19_990)}</a>"
    ),
    "depth of 60, many times": lambda: envelope(filled("<a>" * 60 + "</a>" * 60, at_most=330)),
    "attributes, 128 each": lambda: envelope(
        filled(f"<a {' '.join(f'a{number}=' + chr(39) * 2 for number in range(127))}/>", at_most=620)
    ),
    "attribute values of 60 kB": lambda: envelope(filled(f"<a b='{'v' * 60_000}'/>")),
    "80,000 attributes": lambda: envelope(filled("<a b='' c='' d='' e=''/>", at_most=19_980)),
    "55,000 comments": lambda: envelope(filled("<!-- -->", at_most=55_000)),
    "comments of 200 bytes": lambda: envelope(filled(f"<!--{'c' * 190}-->", at_most=50_000)),
    "250 namespaces, 18,000 elements": lambda: envelope(
        f"<a {' '.join(f'xmlns:p{number}=' + chr(34) + f'urn:{number}' + chr(34) for number in range(60))}>"
        f"{filled('<b/>', at_most=18_000)}</a>"
    ),
    "18,000 ids": lambda: envelope(
        "".join(f"<a Id='i{number}'/>" for number in range(18_000)),
        f"<wsse:Security>{_SIGNATURE}</wsse:Security>",
    ),
    "18,000 equal ids": lambda: envelope(
        filled("<a Id='i'/>", at_most=18_000), f"<wsse:Security>{_SIGNATURE}</wsse:Security>"
    ),
    "18,000 header blocks": lambda: envelope(header=filled("<a/>", at_most=18_000)),
    "18,000 children of Security": lambda: envelope(
        header=f"<wsse:Security>{filled('<wsse:UsernameToken/>', at_most=18_000)}</wsse:Security>"
    ),
    "18,000 references": lambda: envelope(
        header=f"<wsse:Security>{_signature(filled('<ds:Reference/>', at_most=18_000))}</wsse:Security>"
    ),
    "a PrefixList of 60 kB": lambda: envelope(
        header=f"<wsse:Security>{_signature('', prefixes='p ' * 30_000)}</wsse:Security>"
    ),
    "a token of 9 MB": lambda: envelope(
        header=f"<wsse:Security><wsse:BinarySecurityToken>{filled('QUJD', at_most=2_400_000)}"
        f"</wsse:BinarySecurityToken>{_SIGNATURE}</wsse:Security>"
    ),
    "a signature value of 9 MB": lambda: envelope(
        header="<wsse:Security><ds:Signature><ds:SignedInfo/><ds:SignatureValue>"
        f"{filled('QUJD', at_most=2_400_000)}</ds:SignatureValue><ds:KeyInfo/></ds:Signature></wsse:Security>"
    ),
    "9 MB of white space before the root": lambda: filled(" ").encode() + envelope(),
    "9 MB of comments before the root": lambda: (
        filled(f"<!--{'c' * 200}-->", at_most=50_000).encode() + envelope()
    ),
    "`xmlns` in a text": lambda: envelope(f"<a>{filled('xmlns ', at_most=250)}{'x' * 9_000_000}</a>"),
    "quotes without an end": lambda: envelope(f"<a b='{filled('=', at_most=79_000)}"),
    "a name without an end": lambda: b"<" + filled("n").encode(),
    "a namespace without an end": lambda: b"<a xmlns='" + filled("n").encode(),
    "a DOCTYPE of 9 MB": lambda: (
        b"<!DOCTYPE a [" + filled(f"<!ENTITY a '{'b' * 180}'>", at_most=50_000).encode() + b"]><a/>"
    ),
    "not XML at all": lambda: bytes(range(1, 256)) * (MAX_BYTES // 255),
}


def signed_and_large(gateway: Gateway) -> Iterator[tuple[str, bytes]]:
    """Yield requests of an admitted caller that the schema refuses at last: everything else is done."""
    for name, content in (
        ("signed: one text of 9.8 MB", f"<cursor>{filled('x', at_most=9_800_000)}</cursor>"),
        ("signed: 19,000 elements", filled("<id></id>", at_most=19_000)),
        ("signed: 19,000 elements with text", filled(f"<id>{'x' * 500}</id>", at_most=19_000)),
        ("signed: 9 MB of line ends", f"<cursor>{filled(chr(10), at_most=9_800_000)}</cursor>"),
    ):
        whole = f'<ListNotifications xmlns="{NOTIGATEWAY_V1}">{content}</ListNotifications>'
        yield name, gateway.signed(whole.encode())


def main() -> None:
    """Measure each request in a process of its own, for its own peak of memory, and print the slowest."""
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder), notifications=1)
        requests = chain(((name, make()) for name, make in HOSTILE.items()), signed_and_large(gateway))
        lines = [_measured(gateway, name, request) for name, request in requests]
    lines.sort(key=lambda line: line.seconds, reverse=True)
    table = Table("request", title=f"The slowest {SHOWN} of {len(lines)} hostile requests")
    for heading in ("MiB", "CPU s", "peak MiB more"):
        table.add_column(heading, justify="right")
    for line in lines[:SHOWN]:
        table.add_row(
            line.name, f"{line.mebibytes:.1f}", f"{line.seconds:.3f}", f"{line.peak_mebibytes:,.0f}"
        )
    Console(width=100).print(table)
    print(f"most memory: {max(line.peak_mebibytes for line in lines):,.0f} MiB more than before")
    slowest = _beside_slow_callers()
    sys.exit(1 if lines[0].seconds > MOST_SECONDS or slowest > MOST_PING_SECONDS else 0)


def _beside_slow_callers() -> float:
    """Print how long a Ping takes beside slow callers of each kind; return the longest, in seconds."""
    table = Table("slow callers", title=f"A Ping beside {CALLERS} slow callers of each kind")
    for heading in ("median ms", "longest ms", "still held"):
        table.add_column(heading, justify="right")
    longest = 0.0
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as served,
        served.client() as client,
    ):
        client.ping()
        for name, kind in {"none": None, **KINDS}.items():
            count = CALLERS if kind is not None else 0
            with SlowCallers(kind or Kind(), served.address, PATH, callers=count) as callers:
                taken = [_timed(callers.step, client.ping) for _ in range(PINGS)]
                longest = max(longest, *taken)
                milliseconds = (f"{1000 * one:,.1f}" for one in (statistics.median(taken), max(taken)))
                table.add_row(name, *milliseconds, str(callers.holding))
    Console(width=100).print(table)
    return longest


def _timed(step: Callable[[], None], ping: Callable[[], object]) -> float:
    """Let the slow callers do their little, then return how long a Ping takes."""
    step()
    before = time.perf_counter()
    ping()
    return time.perf_counter() - before


def _measured(gateway: Gateway, name: str, request: bytes) -> Line:
    """Run one request in a fork, which has the gateway and whose memory begins low."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(gateway, request, sender))
    process.start()
    if not receiver.poll(_WAIT_SECONDS):
        process.kill()
        raise SystemExit(f"{name}: no answer within {_WAIT_SECONDS} s")
    seconds, peak = receiver.recv()
    process.join(_WAIT_SECONDS)
    return Line(name, len(request) / 2**20, seconds, peak)


def _run(gateway: Gateway, request: bytes, sender: Connection) -> None:
    before = _peak_mebibytes(reset=True)
    started = time.process_time()
    gateway.refused(request)
    seconds = time.process_time() - started
    sender.send((seconds, _peak_mebibytes() - before))


def _peak_mebibytes(*, reset: bool = False) -> float:
    """Return the most memory that this process had, from now on if reset (Linux, proc(5))."""
    if reset:
        ctypes.CDLL(None).malloc_trim(0)  # what was freed would be taken again unseen
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
