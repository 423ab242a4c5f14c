from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from notigateway.errors import CheckpointInvalidError, ConfigurationError
from notigateway.tlog.cosignature import cosign, cosigner_of
from notigateway.tlog.note import SignatureLine, read_note
from notigateway.tlog.quorum import WITNESSES, Counted, Quorum, count_cosignatures, load_quorum
from watched import AT, Log, later, words

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

KEYS = {name: Ed25519PrivateKey.generate() for name in ("w1.example", "w2.example", "w3.example")}
WHO = {name: cosigner_of(name, key) for name, key in KEYS.items()}
QUORUM = Quorum(tuple(WHO.values()), needed=2)
LOG = Log.of(*words(5))
TEXT = read_note(LOG.note()).text


def line(name: str, at: datetime = AT, text: bytes = TEXT) -> SignatureLine:
    return SignatureLine(name, WHO[name].key_id, cosign(text, KEYS[name], at))


def counted(*lines: SignatureLine, quorum: Quorum = QUORUM, at: float = 3_600) -> Counted:
    note = read_note(LOG.note(lines=lines))
    return count_cosignatures(note, quorum, stated=AT, at=later(at))


def test_as_many_as_are_needed_are_enough() -> None:
    assert not counted().is_enough
    assert not counted(line("w1.example")).is_enough
    found = counted(line("w1.example"), line("w3.example", later(5)))
    assert found.is_enough
    assert found.seen == {"w1.example": AT, "w3.example": later(5)}
    assert found.words == "2 of 2 that are needed: w1.example, w3.example"


def test_one_witness_counts_once_however_often_it_signs() -> None:
    found = counted(line("w1.example"), line("w1.example", later(5)))
    assert (len(found.seen), found.is_enough) == (1, False)


def test_who_is_unknown_is_ignored_and_told() -> None:
    stranger = SignatureLine("w1.example", b"\x00\x00\x00\x00", bytes(72))
    found = counted(line("w2.example"), stranger)
    assert (set(found.seen), found.unknown) == ({"w2.example"}, ("w1.example",))
    assert "nobody knows them here: w1.example" in found.words


def test_a_line_of_a_known_key_that_is_not_its_own_refuses_the_head() -> None:
    other = read_note(LOG.note(3)).text
    with pytest.raises(CheckpointInvalidError, match=r"w1\.example"):
        counted(line("w2.example"), line("w1.example", text=other))


def test_what_was_seen_before_the_head_was_made_or_after_the_instant_asked_for_does_not_count() -> None:
    found = counted(line("w1.example", later(-301)), line("w2.example", later(3_601)), line("w3.example"))
    assert set(found.seen) == {"w3.example"}
    assert set(found.left) == {"w1.example", "w2.example"}
    assert "before that was made" in found.words
    # The clocks of gateway and witness may differ a little.
    assert set(counted(line("w1.example", later(-299))).seen) == {"w1.example"}


def test_an_instant_is_proven_only_where_the_clocks_are_trusted() -> None:
    lines = [line("w1.example", later(9)), line("w2.example", later(5)), line("w3.example", later(7))]
    assert counted(*lines).existed_at is None
    trusting = Quorum(QUORUM.cosigners, needed=2, proves_time=True)
    assert counted(*lines, quorum=trusting).existed_at == later(7)
    assert counted(*lines[:1], quorum=trusting).existed_at is None


def test_the_file_says_who_counts(tmp_path: Path) -> None:
    assert load_quorum(tmp_path) is None
    vkeys = ", ".join(f'"{one.vkey}"' for one in WHO.values())
    (tmp_path / WITNESSES).write_text(f"needed = 2\nproves_time = true\nwitnesses = [{vkeys}]\n")
    assert load_quorum(tmp_path) == Quorum(QUORUM.cosigners, needed=2, proves_time=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "witnesses"),
        ("needed = 1", "witnesses"),
        ("witnesses = []", "needed"),
        ('witnesses = "VKEY"', "list"),
        ("witnesses = [1]", "list"),
        ('witnesses = ["hello"]', "NAME"),
        ('witnesses = ["VKEY"]\nneeded = 2', "needed"),
        ('witnesses = ["VKEY"]\nneeded = 0', "needed"),
        ('witnesses = ["VKEY"]\nneeded = true', "number"),
        ('witnesses = ["VKEY"]\nneeded = 1.0', "number"),
        ('witnesses = ["VKEY"]\nproves_time = 1', "true or false"),
        ('witnesses = ["VKEY", "VKEY"]', "twice"),
        ('witnesses = ["VKEY", "SAME"]', "twice"),
        ('witnesses = ["VKEY"]\nn = 2', "there is no n"),
        ("witnesses = " + "[" * 5_000, "cannot read"),
        ("\x00", "cannot read"),
    ],
    ids=range(16),
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    same = cosigner_of("another.example", KEYS["w1.example"]).vkey
    written = text.replace("VKEY", WHO["w1.example"].vkey).replace("SAME", same)
    (tmp_path / WITNESSES).write_text(written)
    with pytest.raises(ConfigurationError, match=said):
        load_quorum(tmp_path)
