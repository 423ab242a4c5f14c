from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.cli.manifest import LINE_MAX_BYTES, parse_line, read_line
from notigateway.errors import InvalidActError
from notigateway.law.lifecycle import Kind
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument

LINE: dict[str, Any] = {
    "issuing_body": "EA0041735",
    "reference": "2026/000001",
    "subject": "Providencia de apremio",
    "procedure": "202301",
    "matter": "collection",
    "addressee": {"identifier": "B12345674", "name": "Nóminas del Norte, S.L."},
    "documents": [{"file": "1/resolution.pdf", "media_type": "application/pdf"}],
}
CONTENT = b"%PDF-1.7"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "acts"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "resolution.pdf").write_bytes(CONTENT)
    return folder


def read(folder: Path, **changes: Any) -> ActSubmission:  # noqa: ANN401
    line = json.dumps(LINE | changes).encode()
    return read_line(line, folder=folder, document_max_bytes=100)


def refusal(folder: Path, **changes: Any) -> str:  # noqa: ANN401
    with pytest.raises(InvalidActError) as caught:
        read(folder, **changes)
    return caught.value.detail


def test_metadata_is_read_in_its_order_and_nothing_else_in_it(folder: Path) -> None:
    pairs = [{"key": "unit", "value": "2"}, {"key": "period", "value": "2026-01"}]
    assert read(folder, metadata=pairs).metadata == (("unit", "2"), ("period", "2026-01"))
    assert "metadata" in refusal(folder, metadata={"unit": "2"})
    assert "metadata.0.more" in refusal(folder, metadata=[{**pairs[0], "more": 1}])


def test_a_line_with_only_what_is_necessary(folder: Path) -> None:
    assert read(folder) == ActSubmission(
        issuing_body="EA0041735",
        reference="2026/000001",
        subject="Providencia de apremio",
        procedure="202301",
        matter="collection",
        addressee=SubmittedAddressee("B12345674", "Nóminas del Norte, S.L."),
        documents=(SubmittedDocument("resolution.pdf", "application/pdf", CONTENT),),
    )


def test_a_line_with_everything(folder: Path) -> None:
    act = read(
        folder,
        kind="communication",
        addressee={"identifier": "12345678Z", "name": "Ana", "ccc": "28123456742", "naf": "281234567840"},
        documents=[{"file": "1/resolution.pdf", "media_type": "application/pdf", "name": "Nota.pdf"}],
        available_at="2026-12-01T08:00:00+01:00",
        voluntary=True,
        special_category=True,
    )
    assert act.kind is Kind.COMMUNICATION
    assert act.addressee == SubmittedAddressee("12345678Z", "Ana", "28123456742", "281234567840")
    assert act.documents[0].name == "Nota.pdf"
    assert act.available_at == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert act.voluntary
    assert act.special_category


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuing_body": None}, "issuing_body"),
        ({"subject": 7}, "subject"),
        ({"kind": "letter"}, "kind"),
        ({"voluntary": "yes"}, "voluntary"),
        ({"available_at": "2026-12-01T08:00:00"}, "available_at"),
        ({"available_at": 1764572400}, "available_at"),
        ({"deadline": "2026-12-12"}, "deadline: Extra inputs are not permitted"),
        ({"addressee": {"name": "Ana"}}, "addressee.identifier: Field required"),
        ({"documents": [{"file": "1/resolution.pdf"}]}, "documents.0.media_type: Field required"),
    ],
)
def test_a_wrong_key_is_named(folder: Path, changes: dict[str, Any], reason: str) -> None:
    assert reason in refusal(folder, **changes)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("../outside.pdf", "leads out of the folder"),
        ("/etc/hostname", "leads out of the folder"),
        ("1/../../outside.pdf", "leads out of the folder"),
        ("link-out.pdf", "leads out of the folder"),
        ("folder-out/outside.pdf", "leads out of the folder"),
        ("missing.pdf", "cannot be read"),
        ("circle", "cannot be read"),
        ("zero\0byte", "cannot be read"),
        ("x" * 5000, "cannot be read"),
        ("1", "is not a file"),
        ("", "is not a file"),
        ("pipe", "is not a file"),
        ("big.pdf", "has more than 100 bytes"),
    ],
)
def test_a_file_that_may_not_or_cannot_be_read_is_refused(folder: Path, file: str, reason: str) -> None:
    (folder.parent / "outside.pdf").write_bytes(CONTENT)
    (folder / "link-out.pdf").symlink_to("../outside.pdf")
    (folder / "folder-out").symlink_to("..")
    (folder / "circle").symlink_to("circle")
    os.mkfifo(folder / "pipe")
    (folder / "big.pdf").write_bytes(bytes(101))
    detail = refusal(folder, documents=[{"file": file, "media_type": "application/pdf"}])
    assert detail == f"documents[0].file: {reason}"


def test_a_link_inside_the_folder_is_followed(folder: Path) -> None:
    (folder / "link.pdf").symlink_to("1/resolution.pdf")
    act = read(folder, documents=[{"file": "link.pdf", "media_type": "application/pdf"}])
    assert act.documents[0] == SubmittedDocument("link.pdf", "application/pdf", CONTENT)


def test_an_endless_line_is_refused_unread() -> None:
    with pytest.raises(InvalidActError, match="has more than"):
        parse_line(b" " * (LINE_MAX_BYTES + 1))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2026-12-01T08:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from([*LINE, "kind", "available_at", "voluntary", "special_category"]) | st.text()


@given(st.dictionaries(keys, json_values, max_size=4) | json_values)
def test_no_json_crashes_the_reader(changes: Any) -> None:  # noqa: ANN401
    value = LINE | changes if isinstance(changes, dict) else changes
    try:
        read_line(json.dumps(value).encode(), folder=Path("/nonexistent"), document_max_bytes=100)
    except InvalidActError as refusal:
        assert refusal.detail  # noqa: PT017  (either outcome will do)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_crash_the_reader(line: bytes) -> None:
    with pytest.raises(InvalidActError):
        parse_line(line)


@pytest.mark.parametrize(
    "line", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b'{"subject": "\\ud800"}', b"NaN", b"1e999999"]
)
def test_hostile_json_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidActError):
        parse_line(line)
