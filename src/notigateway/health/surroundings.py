"""How it stands with what surrounds the gateway: clock, addresses, room on disks, settings left unsaid."""

from __future__ import annotations

import shlex
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from notigateway.addresses import host_and_port
from notigateway.exchanges import BoundedTransport, failure_words
from notigateway.health.asking import NobodyThereError, ask, at
from notigateway.health.files import find_obstacle, is_on_network, look_at_space
from notigateway.health.finding import Finding, State
from notigateway.health.instance import (
    IN_ITS_FOLDER,
    Instance,
    counted_from_here,
    relative_data,
    relative_paths,
)
from notigateway.health.time_source import NoTimeError, ask_time
from notigateway.health.trusting import AUTHORITY
from notigateway.repository.condition import database_file
from notigateway.repository.object_stores import local_folder
from notigateway.urls import place_of, scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notigateway.settings import Settings

CLOCK: Final = "clock"
ADDRESS: Final = "operations_address"
ANSWERS: Final = "this gateway answers"
ASK_SECONDS: Final = 2.0
_SYNCHRONISE: Final = "synchronise this machine's clock (chrony, systemd-timesyncd)"
_MOUNT_OR_MAKE: Final = "mount its disk; where there never was one, run `notigateway migrate`"
_OFF_SECONDS: Final = 2.0
_SQLITE: Final = b"SQLite format 3\x00"
_WITH_LOG: Final = b"\x02\x02"


def look_at_settings(settings: Settings) -> list[Finding]:
    """Find what the settings leave unsaid, and what they say of proxies."""
    check, mode = "settings", settings.mode
    left = [
        Finding(check, State.WARNING, f"{name} is left unsaid: {what}", f"set {name}")
        for name, what in settings.left_unsaid().items()
    ]
    if mode == "development":
        left.append(
            Finding(
                check, State.WARNING, "mode is development: little is refused", 'set mode to "production"'
            )
        )
    hops = settings.trusted_proxy_hops
    if hops >= 0:
        proxies = "1 proxy" if hops == 1 else f"{hops} proxies"
        said = f"X-Forwarded-For of {proxies} is believed" if hops else "no proxy is believed"
        left.append(Finding("proxies", State.OK, f"{said} (trusted_proxy_hops)"))
    return left or [Finding(check, State.OK, f"complete, mode {mode}")]


def look_at_folder(settings: Settings) -> list[Finding]:
    """Find from where relative paths count, and whether any of them leads to something from there."""
    check, paths = "folder", relative_paths(settings)
    if not paths:
        return []
    said = f"relative paths count from this folder, {Path.cwd()}"
    if any(path.exists() for path in paths):
        return [Finding(check, State.OK, said)]
    return [Finding(check, State.WARNING, f"{said}; nothing that the settings name is here", IN_ITS_FOLDER)]


def look_at_time(clock: Callable[[], datetime], source: str, *, most_seconds: float) -> Finding:
    """Find how far this clock is from that of a time server."""
    try:
        theirs = ask_time(source, seconds=ASK_SECONDS)
    except (OSError, ValueError) as error:
        why = str(error) if isinstance(error, NoTimeError) else type(error).__name__
        said = f"the time source {source} did not tell the time ({why})"
        return Finding(CLOCK, State.UNKNOWN, said, "name one that answers SNTP with --time-source")
    return judge_clock((clock() - theirs).total_seconds(), of="the time source", most_seconds=most_seconds)


def judge_clock(off: float, *, of: str, most_seconds: float) -> Finding:
    """Say how bad it is that two clocks differ that much."""
    said = f"{abs(off):.1f} s {'ahead of' if off > 0 else 'behind'} {of}"
    values = {"off_seconds": round(off, 3)}
    if abs(off) > most_seconds:
        return Finding(CLOCK, State.FAILED, f"{said}: fresh messages are refused", _SYNCHRONISE, values)
    if abs(off) > _OFF_SECONDS:
        return Finding(CLOCK, State.WARNING, said, _SYNCHRONISE, values)
    return Finding(CLOCK, State.OK, f"agrees with {of}", values=values)


def look_at_address(settings: Settings) -> list[Finding]:
    """Find whether this gateway answers at its second address, or the address is free for it."""
    if not settings.operations_address:
        said = "there is no second address: no probe can ask"
        return [Finding(ADDRESS, State.WARNING, said, "set operations_address")]
    cure = "give operations_address another port, or stop what listens there"
    try:
        told = ask(at(settings.operations_address), "/healthz", seconds=ASK_SECONDS)
    except NobodyThereError as error:
        if _is_free(settings.operations_address):
            said = f"{settings.operations_address} is free: this gateway does not run"
            return [Finding(ADDRESS, State.OK, said)]
        return [Finding(ADDRESS, State.FAILED, f"{settings.operations_address} is taken: {error}", cure)]
    if told.is_of(Instance.of(settings)):
        return [Finding(ADDRESS, State.OK, f"{ANSWERS} at {settings.operations_address}")]
    if told.name == str(settings.public_url):
        said = f"a gateway of this public_url answers at {settings.operations_address}, with other data"
        said += counted_from_here(settings)
        cure = "correct database_url and document_store_url; where these settings are right, reload it"
        if relative_data(settings):
            cure = f"{IN_ITS_FOLDER}; else {cure}"
        return [Finding(ADDRESS, State.WARNING, said, cure)]
    said = f"another gateway answers at {settings.operations_address}: {told.name}"
    return [Finding(ADDRESS, State.FAILED, said, cure)]


def _is_free(address: str) -> bool:
    host, port = host_and_port(address)
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trying:
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trying.bind(place)
    except OSError:
        return False
    return True


def look_at_stamping(settings: Settings) -> list[Finding]:
    """Find whether the time-stamp authority answers at all; no time-stamp is asked for."""
    url = str(settings.timestamp_authority_url)
    if not url:
        return []
    try:
        with httpx.Client(
            transport=BoundedTransport(seconds=ASK_SECONDS), timeout=ASK_SECONDS, trust_env=False
        ) as client:
            answer = client.head(url)
    except httpx.HTTPError as error:
        said = f"nobody answers at {place_of(url)} ({failure_words(error)})"
        return [Finding(AUTHORITY, State.FAILED, said, "let this machine reach timestamp_authority_url")]
    return [Finding(AUTHORITY, State.OK, f"{place_of(url)} answers (HTTP {answer.status_code})")]


def look_at_disks(settings: Settings) -> list[Finding]:
    """Find how much room there is for database, documents and temporary files."""
    found = [look_at_space("room_tmp", Path(tempfile.gettempdir()))]
    file = database_file(settings.database_url)
    if file is not None:
        found.append(look_at_space("room_database", file.parent))
    if scheme_of(settings.document_store_url) == "file":
        found.append(look_at_space("room_documents", local_folder(settings.document_store_url)))
    return found


def look_at_database_file(settings: Settings) -> list[Finding]:
    """Find whether this account may use the file of a SQLite database, and whether it lies well."""
    check, file = "database_file", database_file(settings.database_url)
    if file is None:
        return []
    for place in (file, file.parent):
        obstacle = find_obstacle(check, place, setting="database_url", writes=True, cure=_MOUNT_OR_MAKE)
        if obstacle is not None:
            return [obstacle]
    return [_look_inside(check, file) or _look_around(check, file)]


def _look_inside(check: str, file: Path) -> Finding | None:
    """Find what keeps a file from being opened as it is: opening it otherwise would change it.

    A database keeps a log (WAL) once the gateway has opened it: https://sqlite.org/fileformat2.html 1.3.3
    """
    if not file.is_file():
        return Finding(check, State.FAILED, f"{file} is no file", "correct database_url")
    with file.open("rb") as opened:
        head = opened.read(20)
    if not head:
        return Finding(check, State.FAILED, f"{file} is empty", "run `notigateway migrate`")
    if not head.startswith(_SQLITE):
        return Finding(check, State.FAILED, f"{file} is no SQLite database", "correct database_url")
    if head[18:20] != _WITH_LOG:
        said = f"{file} was not opened by the gateway yet, so it is not looked into"
        return Finding(check, State.UNKNOWN, said, "run `notigateway migrate`, and look again")
    return None


def _look_around(check: str, file: Path) -> Finding:
    """Find whether a database lies well."""
    if is_on_network(file):
        said = f"{file} lies on the file system of another machine"
        return Finding(check, State.FAILED, said, "use a local disk, or PostgreSQL")
    if file.stat().st_mode & 0o077:
        said = f"others than its owner may read {file}"
        beside = [file, *(file.with_name(f"{file.name}-{one}") for one in ("wal", "shm"))]
        cure = f"chmod go-rwx {shlex.join(str(one) for one in beside if one.exists())}"
        return Finding(check, State.WARNING, said, cure)
    return Finding(check, State.OK, str(file))
