"""The bad vectors that are wrong as ZIP files and containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vector_evidence import NOW, available, small
from vector_keys import holder
from vector_kind import SMALL, Vector, but, flipped
from vector_log import text_of
from vector_seals import container_seal, zip_of
from vectors_good import ASIC

if TYPE_CHECKING:
    from collections.abc import Iterator


def bad_zips() -> Iterator[Vector]:
    """Yield ZIP files that are not written in the one way."""
    files = small().all_files()
    rows = list(files.items())
    whole = zip_of(rows)
    unknown = [*rows, ("note.txt", b"x")]
    cases: dict[str, tuple[bytes, str, str]] = {
        "second-receipt": (
            zip_of([*rows[:3], ("receipt.xml", available()), *rows[3:]]),
            "V11",
            "A second entry receipt.xml.",
        ),
        "another-order": (zip_of([rows[2], *rows[:2], *rows[3:]]), "V11", "The members in another order."),
        "unknown-member": (zip_of(unknown), "V11", "A member that no bundle has."),
        "member-missing": (
            zip_of([one for one in rows if one[0] != "log/leaf.txt"]),
            "V11",
            "There is no leaf.",
        ),
        "trailing-byte": (zip_of(rows, behind=b"\0"), "V12", "A byte behind the end."),
        "before": (b"PK" + whole, "V12", "Two bytes before the first member."),
        "attributes": (zip_of(rows, attributes=0o755), "V12", "Members with other permissions."),
        "crc": (flipped(whole, 14), "V12", "Another checksum of the first member."),
        "date": (flipped(whole, 12), "V12", "Another date of the first member."),
        "no-directory": (whole[: whole.index(b"PK\x01\x02")], "V12", "There is no directory."),
        "too-large-a-leaf": (
            zip_of({**files, "log/leaf.txt": files["log/leaf.txt"] + b"x" * 1024}.items()),
            "V11",
            "A leaf of more than a kibibyte.",
        ),
    }
    for name, (data, rule, says) in cases.items():
        yield Vector(name=f"zip-{name}", data=data, rule=rule, steps="f", says=says)


def bad_containers() -> Iterator[Vector]:
    whole = small().container()

    def case(name: str, rule: str, says: str, files: dict[str, bytes], steps: str = "f") -> Vector:
        return Vector(
            name=f"container-{name}",
            data=zip_of(files.items(), attributes=ASIC),
            rule=rule,
            needs=("container",),
            steps=steps,
            says=says,
        )

    leaf = {**whole, "log/leaf.txt": flipped(whole["log/leaf.txt"], 100)}
    yield case(
        "member-changed",
        "V74",
        "A member of a container with another bit.",
        leaf,
        but(SMALL, manifest="f", log="f"),
    )
    yield case("unknown-member", "V71", "A file that the seal does not cover.", {**whole, "note.txt": b"x"})
    inside = {name: content for name, content in whole.items() if name != "log/checkpoint.tst"}
    yield case(
        "member-lost",
        "V74",
        "A file that the seal covers is missing.",
        inside,
        but(SMALL, manifest="f", checkpoints_time="s"),
    )
    rows = [*whole.items(), ("receipt.xml", available())]
    data = zip_of(rows, attributes=ASIC)
    yield Vector(
        name="container-two-receipts",
        data=data,
        rule="V71",
        needs=("container",),
        steps="f",
        says="Two files of one name in a container.",
    )
    seal = "META-INF/signatures001.xml"
    files = {name: content for name, content in whole.items() if name not in {"mimetype", seal}}
    other = {**whole, seal: container_seal(files, holder("another-holder"), text_of(NOW))}
    yield case(
        "another-holder",
        "V73",
        "A container sealed by another holder of a certificate of the same issuer.",
        other,
        but(SMALL, manifest="f"),
    )
    yield case(
        "bit-seal",
        "V73",
        "One bit of the container's signature value.",
        {**whole, seal: flipped(whole[seal], whole[seal].index(b"container-seal-value") + 40)},
        but(SMALL, manifest="f"),
    )
