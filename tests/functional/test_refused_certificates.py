"""Who refuses to begin with a certificate that has ended or is not valid yet says which, and does nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ending import END, ENDED, LONG_AGO, SINCE, documents, named, seal, service
from notigateway.app import build_app
from notigateway.cli.publishing import Publisher
from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.evidence.sealing import Seal
from notigateway.settings import load_settings
from operating import app
from overdue import settings_file
from pki import NOW, OTHER_COMPANY_NIF, write_pem
from stack import ISSUER

if TYPE_CHECKING:
    from datetime import datetime

    from stack import Stack

LINE = {
    "issuing_body": ISSUER,
    "reference": "LINE-1",
    "subject": "Acto",
    "procedure": "203546",
    "matter": "collection",
    "addressee": {"identifier": OTHER_COMPANY_NIF, "name": "Otra"},
    "documents": [{"file": "acto.pdf", "media_type": "application/pdf"}],
}


@pytest.mark.parametrize("name", ["service", "seal"])
@pytest.mark.parametrize(
    ("since", "until", "lack"),
    [
        (SINCE, NOW - timedelta(seconds=1), "ended at 2026-06-01T11:59:59.000Z"),
        (NOW + timedelta(seconds=1), END, "is not valid before 2026-06-01T12:00:01.000Z"),
    ],
    ids=["ended", "not yet"],
)
def test_the_start_is_refused_in_a_line(
    sqlite_stack: Stack, name: str, since: datetime, until: datetime, lack: str
) -> None:
    pair = {"service": service, "seal": seal}[name](until, since=since)
    chosen = named(sqlite_stack.folder / "other", name, pair)
    missing = sqlite_stack.folder / "none.db"
    settings = load_settings(
        None, overrides=sqlite_stack.overrides | chosen | {"database_url": f"sqlite:///{missing}"}
    )
    with pytest.raises(ConfigurationError) as refusal:
        build_app(settings, lambda: NOW)
    file = chosen[f"{name}_certificate_file"]
    assert str(refusal.value) == f"{name}_certificate_file: the certificate in {file} {lack}"
    assert not missing.exists()


def test_every_command_that_seals_says_it_before_it_does_anything(stack: Stack) -> None:
    stack.publish()
    stack.pass_time(days=30)
    ended = named(stack.folder / "other", "seal", seal(ENDED, since=LONG_AGO))
    settings = str(settings_file(stack, **ended))
    acts = stack.folder / "acts"
    acts.mkdir()
    (acts / "manifest.jsonl").write_text(json.dumps(LINE))
    (acts / "acto.pdf").write_bytes(b"%PDF-1.7 only here")
    before, stored = stack.contents(), documents(stack)
    for words in (["publish", str(acts)], ["sweep"], ["checkpoint"], ["checkpoint", "--every", "1"]):
        result = CliRunner().invoke(app, [*words, "--settings", settings])
        assert isinstance(result.exception, ConfigurationError), words
        assert str(result.exception) == (
            f"seal_certificate_file: the certificate in {ended['seal_certificate_file']} "
            "ended at 2021-01-01T00:00:00.000Z"
        )
    # It ends while many are published: the next portion is not begun.
    publisher = Publisher(
        acts,
        load_settings(None, overrides=stack.overrides),
        Console(stderr=True),
        engine=stack.engine,
        seal=Seal(seal(ENDED, since=LONG_AGO)),
    )
    with pytest.raises(TemporarilyUnavailableError, match="ended at 2021"):
        publisher.publish([(1, json.dumps(LINE).encode())])
    assert (stack.contents(), documents(stack)) == (before, stored)
    for words in (["check"], ["log", "verify"]):  # what only reads goes on
        result = CliRunner().invoke(app, [*words, "--settings", settings])
        assert result.exception is None or isinstance(result.exception, SystemExit)


def test_time_stamps_are_not_asked_of_an_authority_whose_certificate_has_ended(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.publish()
    folder = stack.folder / "authorities"
    folder.mkdir()
    _, kept = write_pem(seal(ENDED, since=LONG_AGO), stack.folder, "authority")
    kept.rename(folder / "authority.pem")
    # A place where nobody listens: whoever asked would fail otherwise.
    asked = {"timestamp_authority_url": "http://127.0.0.1:1/", "timestamp_authority_folder": folder}
    before = stack.contents()
    result = CliRunner().invoke(app, ["timestamp", "--settings", str(settings_file(stack, **asked))])
    assert isinstance(result.exception, ConfigurationError)
    assert str(result.exception) == (
        f"timestamp_authority_folder: no certificate in {folder} is valid now: the last one "
        "ended at 2021-01-01T00:00:00.000Z"
    )
    assert stack.contents() == before
