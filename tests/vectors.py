"""The vectors of `docs/verifying.md`: evidence that verifies, and evidence that must not.

    cd tests && ../.venv/bin/python -m vectors --write

writes `samples/vectors` anew, from a fixed seed; `--expand FOLDER` writes a file for each vector.
`unit/verifier/test_vectors.py` compares and never writes. What each step comes to is written
down by hand beside each vector, by the rules of the specification.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vector_keys import all_keys, holder, issuer
from vector_kind import Vector
from vector_log import text_of, vkey
from vector_pieces import pieces_of
from vectors_additions import additions
from vectors_bundles import bad_bundles
from vectors_containers import bad_containers, bad_zips
from vectors_edges import edges
from vectors_good import SEAL_ENDS, good
from vectors_logs import bad_logs
from vectors_receipts import bad_receipts
from vectors_requests import requests
from vectors_rules import rules
from vectors_stamps import bad_stamps, bad_times
from vectors_trust import ALGORITHMS, SPELT, odd_folders, trusting

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parents[1] / "samples" / "vectors"
FORMAT: Final = "urn:notigateway:verification-vectors:1"
# Past the end of SHA-256, which no table of today has.
_SUNSET: Final = 'reviewed = 2026-06-15\n\n[ends]\n"SHA-256" = 2026-06-15T00:00:00Z\n'
_STOPS: Final = """["seal.cer"]
since = 2026-05-29T12:00:00.000Z
stops = 2026-05-30T00:00:00.000Z
"""
_DESCRIPTION: Final = "README.md"


def all_vectors() -> list[Vector]:
    """Return them in the order of the index."""
    return [
        *good(),
        *edges(),
        *additions(),
        *bad_receipts(),
        *bad_stamps(),
        *bad_times(),
        *bad_bundles(),
        *bad_zips(),
        *bad_containers(),
        *bad_logs(),
        *rules(),
        *trusting(),
        *requests(),
    ]


def _ends(**files: str) -> str:
    return "\n".join(f'["{name}.cer"]\nuntil = {until}\n' for name, until in files.items())


def trust() -> dict[str, bytes]:
    """Return every file of the trust folders by its path."""
    seals = {"seal": holder("seal").der, "seal-rsa": holder("seal-rsa").der}
    stamps, issuers = {"authority": holder("authority").der}, {"issuer": issuer().der}
    end = text_of(SEAL_ENDS)
    witnesses = (
        "needed = 2\nwitnesses = [\n" + "".join(f'    "{vkey(one)}",\n' for one in ("w1", "w2", "w3")) + "]\n"
    )
    folders: dict[str, dict[str, Mapping[str, bytes] | str]] = {
        "trust": {"seals": seals, "timestamp": stamps, "issuers": issuers},
        "trust-without-authorities": {"seals": seals},
        "trust-without-seals": {"timestamp": stamps, "issuers": issuers},
        "trust-of-later": {"seals": {"seal-next": holder("seal-next").der}, "timestamp": stamps},
        "trust-retired": {
            "seals": seals,
            "seals/periods.toml": _ends(seal=end),
            "timestamp": stamps,
            "issuers": issuers,
        },
        "trust-authority-ended": {
            "seals": seals,
            "seals/periods.toml": _ends(seal=end),
            "timestamp": stamps,
            "timestamp/periods.toml": _ends(authority=end),
            "issuers": issuers,
        },
        "trust-another-curve": {"seals": {"seal-p384": holder("seal-p384").der}, "timestamp": stamps},
        "trust-stopped": {"seals": seals, "seals/periods.toml": _STOPS, "timestamp": stamps},
        "trust-odd-authorities": {
            "seals": seals,
            "timestamp": {
                one: holder(one).der
                for one in ("authority-rsa", "authority-not-critical", "authority-expired", "caller")
            },
        },
        "trust-witnesses": {"seals": seals, "timestamp": stamps, "witnesses.toml": witnesses},
        "trust-witnesses-clocks": {
            "seals": seals,
            "seals/periods.toml": _ends(seal=end),
            "witnesses.toml": f"{witnesses}proves_time = true\n",
        },
        "trust-2045": {
            "seals": {"seal": holder("seal").der, "seal-next": holder("seal-next").der},
            "seals/periods.toml": _ends(seal="2029-01-01T00:00:00.000Z"),
            "timestamp": {
                "authority-short": holder("authority-short").der,
                "authority-next": holder("authority-next").der,
            },
        },
    }
    folders["trust-spelt"] = {"seals": seals, "seals/periods.toml": SPELT, "timestamp": stamps}
    folders |= {name: {"seals": seals, **parts} for name, parts in odd_folders().items()}
    found: dict[str, bytes] = {}
    for folder, parts in folders.items():
        for name, part in parts.items():
            if isinstance(part, str):
                found[f"{folder}/{name}"] = part.encode()
            else:
                found |= {f"{folder}/{name}/{one}.cer": content for one, content in part.items()}
    return found


def everything() -> dict[str, bytes]:
    """Return every file of the folder by its path, but for its description."""
    vectors = all_vectors()
    stored = {one.name: f"{one.name}{one.kind}" for one in vectors if one.base is None}
    data = {one.name: one.data for one in vectors}
    requests = {one.request_file: one.request for one in vectors if one.request_file and one.request}
    entries = [
        one.said(stored[one.name], None)
        if one.base is None
        else one.said(stored[one.base], pieces_of(data[one.base], one.data))
        for one in vectors
    ]
    return {
        **trust(),
        **{stored[name]: data[name] for name in stored},
        **requests,
        "algorithms-past-sha-256.toml": _SUNSET.encode(),
        **{f"algorithms-{name}.toml": table.encode() for name, table in ALGORITHMS.items()},
        "test-keys.json": (json.dumps(all_keys(), indent=1) + "\n").encode(),
        "vectors.json": _index(entries),
    }


def _index(entries: list[dict[str, Any]]) -> bytes:
    """Return the index, with a line for each vector."""
    rows = ",\n".join(f"  {json.dumps(one)}" for one in entries)
    return f'{{\n "format": "{FORMAT}",\n "vectors": [\n{rows}\n ]\n}}\n'.encode("ascii")


def expand(folder: Path) -> None:
    """Write each vector as a file of its own, for who wants to look at them, with the trust folders."""
    others = {name: content for name, content in everything().items() if "/" in name}
    for name, content in {**others, **{f"{one.name}{one.kind}": one.data for one in all_vectors()}}.items():
        _put(folder / name, content)


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def write(folder: Path) -> None:
    """Write the folder anew; what is not made here is removed, but for its description."""
    for one in folder.iterdir() if folder.is_dir() else ():
        if one.is_dir():
            shutil.rmtree(one)
        elif one.name != _DESCRIPTION:
            one.unlink()
    for name, content in everything().items():
        _put(folder / name, content)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--write"]:
            write(ROOT)
        case ["--expand", target]:
            expand(Path(target))
        case _:
            sys.exit("python -m vectors --write | --expand FOLDER")
