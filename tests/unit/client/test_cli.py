from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bundles import stamped
from notigateway.client.errors import SpoolError
from notigateway.client.options import STATES
from notigateway.client.tables import print_table
from notigateway.client.wscn import WscnOutcome
from notigateway.client.wscn_commands import ask_each
from notigateway.evidence.history import PERIODS
from notigateway.evidence.raising import add_archive_timestamp, archive_imprint, raise_to_lt
from notigateway.evidence.validation_data import ValidationData
from notigateway.published import published_folder
from notigateway.wss.sign import Signer
from pki import pki, write_issuers
from service_simulator import DECIDED_AT, element, gateway_fault, problem
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Callable

    from service_simulator import Simulator
    from unit.client.conftest import Done

UNKNOWN = "01931e7c-5c00-7cc3-98c4-dc0c0c07398f"
VALIDATION = ValidationData([pki().root.certificate.public_bytes(Encoding.DER)])


# --- what is printed ------------------------------------------------------------------------------


def test_ping_prints_what_the_service_reads(run: Callable[..., Done]) -> None:
    done = run("ping")
    assert done.code == 0
    assert "B00000000 Ejemplo SL" in done.out
    (pong,) = run("ping", "--json").lines()
    assert (pong["known"], pong["server_time"]) == (True, "2026-11-20T08:00:00.000Z")


def test_list_prints_a_table_or_one_json_line_for_each(service: Simulator, run: Callable[..., Done]) -> None:
    items = service.add(3)
    table = run("list").out
    assert [item.id in table for item in items] == [True] * 3
    assert [one["id"] for one in run("list", "--json").lines()] == [item.id for item in items]
    assert run("list", "--json", "--state", "accepted").lines() == []


def test_mark_tells_who_has_it_and_ends_with_1(service: Simulator, run: Callable[..., Done]) -> None:
    one, two = service.add(2)
    done = run("mark", one.id, two.id, "--assign", "Mesa 4", "--if-unassigned", "--label", "visto")
    assert "with Mesa 3 (00000000T)" in done.out
    assert "ALREADY_ASSIGNED" in done.out
    first, second = run("mark", one.id, two.id, "--downloaded", "--json").lines()
    assert "'by': {'identifier': '00000000T'" in str(first["marks"])
    assert (second["id"], second["marks"], second["problem"]) == (two.id, None, None)


def screen(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Have standard output pass for a terminal of that width."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (100, "code id state last day subject"),
        (120, "code id state last day issuer addressee subject"),
        (200, "code id kind state last day issuer matter addressee name subject documents"),
    ],
)
def test_id_and_last_day_stand_on_one_line_whatever_the_screen(
    service: Simulator,
    run: Callable[..., Done],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    header: str,
) -> None:
    (item,) = service.add(subject="Providencia de apremio y recargo, que ha de pagarse en el plazo")
    screen(monkeypatch, columns)
    lines = plain(run("list").out)
    assert " ".join(lines[0].split()) == header
    assert f" {item.id} " in lines[1]
    assert " Monday 30 November 2026 " in f"{lines[1]} "
    assert max(map(len, lines)) <= columns
    assert "Providencia de apremio" in " ".join(" ".join(lines).split())


def test_no_width_breaks_an_id_or_a_day(
    service: Simulator, run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    (item,) = service.add(subject="Providencia de apremio y recargo, que ha de pagarse en el plazo")
    for columns in range(60, 200, 10):
        screen(monkeypatch, columns)
        text = run("list").out
        assert (columns, item.id in text, "Monday 30 November 2026" in text) == (columns, True, True)


def test_a_narrow_screen_gets_a_block_for_each(
    service: Simulator, run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    items = service.add(2, subject="Providencia")
    screen(monkeypatch, 60)
    lines = plain(run("list").out)
    assert lines[:2] == ["code       1", f"id         {items[0].id}"]
    assert "last day   Monday 30 November 2026" in lines
    assert lines.count("subject    Providencia") == 2


def test_an_id_may_be_named_by_its_beginning(service: Simulator, run: Callable[..., Done]) -> None:
    service.add(id="01931e7c-5c00-7cc3-98c4-dc0c0c073901", subject="Uno")
    service.add(id="01931e7c-5c00-7cc3-98c4-dc0c0c073a02", subject="Dos")
    service.add(id="01931e7c-6c00-7cc3-98c4-dc0c0c073a03", subject="Tres")
    done = run("accept", "01931e7c-6", "--yes", "--json")
    assert (done.code, done.lines()[0]["id"]) == (0, "01931e7c-6c00-7cc3-98c4-dc0c0c073a03")
    assert done.err == "01931e7c-6 is 01931e7c-6c00-7cc3-98c4-dc0c0c073a03 (3, Tres)\n"
    for command in (["reject", "--yes"], ["receipt"], ["history"]):
        several = run(*command, "01931e7c-5c")
        said = " ".join(re.sub(r"[│\n]", " ", several.err).split())
        assert several.code == 2
        assert "may mean 01931e7c-5c00-7cc3-98c4-dc0c0c073901 (1, Uno); 01931e7c-5c00" in said
    assert "RejectNotifications" not in service.operations
    by_code = run("accept", "2", "--yes", "--json")
    assert (by_code.code, by_code.lines()[0]["id"]) == (0, "01931e7c-5c00-7cc3-98c4-dc0c0c073a02")
    unknown = run("accept", "99", "--yes")
    assert (unknown.code, "no notification that you may see has the code 99" in unknown.err) == (2, True)
    nobody = run("accept", "0193ffff", "--yes")
    assert (nobody.code, "no notification that you may see begins with" in nobody.err) == (2, True)


@pytest.mark.parametrize("option", ["state", "kind", "role"])
def test_a_word_that_the_contract_does_not_have_is_refused_with_those_it_has(
    option: str, run: Callable[..., Done]
) -> None:
    done = run("list", f"--{option}", "other")
    right = {"state": "receipt_requested", "kind": "communication", "role": "attorney"}[option]
    assert done.code == 2
    assert right in done.err


def test_the_states_are_those_of_the_contract() -> None:
    schema = (published_folder("wsdl") / "notigateway-v1.xsd").read_text(encoding="utf-8")
    (words,) = re.findall(r'<xs:simpleType name="State">(.*?)</xs:simpleType>', schema, re.DOTALL)
    assert set(re.findall(r'enumeration value="(\w+)"', words)) == set(STATES)


def test_texts_of_the_service_cannot_steer_the_terminal(service: Simulator, run: Callable[..., Done]) -> None:
    service.add(subject="[bold]rojo[/] \u009b31m \u202eoro")
    assert "[bold]rojo[/] \ufffd31m \ufffdoro" in run("list").out


def test_pull_prints_a_summary_and_no_progress_where_there_is_no_terminal(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    service.add(2)
    done = run("pull", "--accept", tmp_path / "spool", "--json")
    assert (done.code, done.err) == (0, "")
    (report,) = done.lines()
    assert (report["stored"], report["receipts_verified"], report["refused"]) == (2, 2, [])
    again = run("pull", "--accept", tmp_path / "spool")
    assert re.search(r"looked at +0 changes", again.out)
    again = run("pull", "--accept", "--full", tmp_path / "spool")
    assert re.search(r"already stored +2\b", again.out)


def test_accept_and_reject_print_an_outcome_for_each(service: Simulator, run: Callable[..., Done]) -> None:
    (item,) = service.add()
    assert run("accept", item.id, "--yes").code == 0
    done = run("accept", item.id, UNKNOWN, "--yes", "--json")
    assert done.code == 1
    assert [one["outcome"] for one in done.lines()] == ["already_decided_by_you", "unknown"]
    table = run("accept", UNKNOWN, "--yes")
    assert (table.code, "NOTIFICATION_UNKNOWN: Text" in table.out) == (1, True)


def test_identifiers_are_read_from_a_file(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    items = service.add(3)
    (tmp_path / "ids").write_text("\n".join(item.id for item in items) + "\n\n")
    done = run("accept", items[0].id, "--ids-file", tmp_path / "ids", "--yes", "--json")
    assert [one["id"] for one in done.lines()] == [item.id for item in items]


def test_receipts_are_verified_shown_and_saved(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    (item,) = service.add()
    service.accept(item)
    done = run("receipt", item.id, "--save", tmp_path / "receipts")
    assert (done.code, "yes" in done.out) == (0, True)
    assert (tmp_path / "receipts" / f"receipt-{item.receipt_id}.xml").read_bytes() == item.receipt
    assert "nothing is stored" not in done.err
    unsaved = run("receipt", item.id, "--format", "bundle")
    assert (unsaved.code, unsaved.err) == (0, "nothing is stored: --output FOLDER says where\n")


def test_a_level_that_is_not_there_yet_is_told_with_the_one_that_came(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    (item,) = service.add()
    service.accept(item)

    def came(asked: str, *more: str) -> tuple[int, object, str]:
        done = run("receipt", item.id, "--level", asked, "--output", tmp_path / "receipts", "--json", *more)
        (verdict,) = done.lines()
        assert (verdict["verified"], done.err) == (True, "")
        kept = (tmp_path / "receipts" / f"receipt-{item.receipt_id}.xml").read_bytes()
        assert kept == item.receipt
        return done.code, verdict["level"], str(verdict["problem"]).partition(":")[0]

    assert came("LTA") == (1, "B", "asked for LTA, came B")
    service.time_stamp(item)
    assert came("LT") == (1, "T", "asked for LT, came T")
    assert came("LTA", "--format", "bundle") == (1, "T", "asked for LTA, came T")
    assert run("receipt", item.id, "--json").lines()[0]["level"] == "T"
    item.receipt = raise_to_lt(item.receipt, VALIDATION)
    assert came("LT") == (0, "LT", "")
    assert came("LTA") == (1, "LT", "asked for LTA, came LT")
    said = run("receipt", item.id, "--level", "LTA").out
    assert "an archive time-stamp is made once it was asked for; ask again in a minute" in said
    token = token_of(archive_imprint(item.receipt), at=DECIDED_AT + timedelta(minutes=2))
    item.receipt = add_archive_timestamp(item.receipt, token)
    assert came("LTA") == came("LT") == (0, "LTA", "")


def test_what_is_not_proven_has_no_level_and_ends_with_code_4(
    service: Simulator, run: Callable[..., Done]
) -> None:
    (item,) = service.add()
    item.receipt = b"<receipt/>"
    done = run("receipt", item.id, "--level", "LTA", "--json")
    assert (done.code, done.lines()[0]["level"]) == (4, None)


def test_a_receipt_that_somebody_elses_authority_has_time_stamped_is_told(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    (item,) = service.add()
    service.accept(item)
    item.receipt = stamped(item.receipt, at=DECIDED_AT)
    ours = write_issuers(tmp_path / "ours", [tsa().certificate])
    theirs = write_issuers(tmp_path / "theirs", [tsa("theirs").certificate])

    def problem_by(*pins: Path) -> str:
        done = run(
            *(word for pin in pins for word in ("--timestamp-cert", pin)), "receipt", item.id, "--json"
        )
        (verdict,) = done.lines()
        assert (done.code, verdict["verified"]) == (0, True)
        return str(verdict["problem"])

    assert problem_by() == problem_by(ours) == problem_by(theirs, ours / "issuer-0.pem") == ""
    assert "an authority that is not pinned" in problem_by(theirs)
    (ours / PERIODS).write_text('["issuer-0.pem"]\nuntil = 2020-01-01T00:00:00Z\n')
    assert "when its authority was not in use" in problem_by(ours)
    config = tmp_path / "keys" / "client.toml"
    config.write_text('timestamp_cert = "../theirs"\n')
    done = run("--config", config, "pull", tmp_path / "inbox", "--json")
    (report,) = done.lines()
    assert (report["receipts_verified"], report["undated"]) == (1, 1)
    together = run(
        "--config", config, "--timestamp-cert", ours, "pull", tmp_path / "other", "--processes", "2", "--json"
    )
    assert together.lines()[0]["undated"] == 1


def test_processes_fetch_the_time_stamps_of_what_was_stored_without(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    items = service.add(3)
    for item in items:
        service.accept(item)
    inbox = tmp_path / "inbox"
    assert run("pull", inbox, "--json").lines()[0]["waiting"] == 3
    service.time_stamp(*items)
    again = run("pull", inbox, "--processes", "2", "--json").lines()[0]
    assert (again["time_stamped"], again["waiting"]) == (3, 0)
    assert "time-stamped" in run("pull", inbox).out


def test_a_receipt_that_is_not_verified_is_neither_saved_nor_passed_over(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    (item,) = service.add()
    item.receipt = b"<receipt/>"
    done = run("receipt", item.id, "--save", tmp_path / "receipts", "--json")
    assert done.code == 4
    (verdict,) = done.lines()
    assert (verdict["verified"], list((tmp_path / "receipts").iterdir())) == (False, [])


def test_a_notification_without_receipt_is_told(service: Simulator, run: Callable[..., Done]) -> None:
    (item,) = service.add()
    answer = element("item", element("id", item.id), problem("NOTIFICATION_UNKNOWN"))
    service.plan += [lambda *_: element("RetrieveReceiptsResponse", answer)]
    done = run("receipt", item.id)
    assert (done.code, "NOTIFICATION_UNKNOWN: Text" in done.out) == (1, True)


def test_what_may_be_read_is_fetched_into_a_folder_and_nothing_is_accepted(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    (item,) = service.add()
    done = run("retrieve", item.id, "--for-information", "--output", tmp_path / "out", "--json")
    assert done.code == 0
    (file,) = [one for one in (tmp_path / "out").rglob("*") if one.is_file()]
    assert (file.read_bytes(), [str(file)]) == (item.content, done.lines()[0]["files"])
    assert set(service.operations) <= {"RetrieveNotifications", "RetrieveDocument"}
    assert all(b"<forInformation>true</forInformation>" in one for one in service.requests)


def test_without_being_asked_nothing_is_read_for_information(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    (item,) = service.add()
    answer = element("item", element("id", item.id), item.metadata(), problem("NOT_ACCEPTED"))
    service.plan += [lambda *_: element("RetrieveNotificationsResponse", answer)]
    done = run("retrieve", item.id, "--output", tmp_path / "out")
    assert (done.code, "NOT_ACCEPTED: Text" in done.out) == (1, True)
    assert not (tmp_path / "out").exists()
    assert b"forInformation" not in service.requests[0]


def assert_titles_are_printed(service: Simulator, run: Callable[..., Done]) -> None:
    """Titles are told by who asks for them; without asking only that there is something."""
    (start,) = run("changes", "--from-now", "--rights", "--json").lines()
    service.titles += [("gained", "A28000016"), ("lost", "B00000000")]
    since = ("changes", "--cursor", start["next_cursor"])
    gained, lost, end = run(*since, "--rights", "--json").lines()
    assert gained["rights_change"]["kind"] == "gained"  # type: ignore[index]
    assert lost["rights_change"]["addressee"]["identifier"] == "B00000000"  # type: ignore[index]
    assert end["rights_changed"] is False
    text = run(*since, "--rights").out
    assert ("A28000016  Ejemplo SL  attorney" in text, "list once" in text) == (True, False)
    assert "others than before: list once" in run(*since).out


def test_changes_summary_and_history_are_printed(service: Simulator, run: Callable[..., Done]) -> None:
    item, _ = service.add(2)
    (start,) = run("changes", "--from-now", "--json").lines()
    service.accept(item)
    change, end = run("changes", "--cursor", start["next_cursor"], "--json").lines()
    assert (change["state"], change["channel"], end["rights_changed"]) == ("accepted", "web_service", False)
    assert f"next cursor  {end['next_cursor']}" in run("changes").out
    assert_titles_are_printed(service, run)
    (summary,) = run("summary", "--json").lines()
    assert summary["by_state"] == {"available": 1, "accepted": 1}
    assert summary["by_days_left"] == {"7": 1}
    assert summary["by_addressee"] == []
    assert "TGSS EA0041778  2 (1 undecided)" in run("summary").out
    (summary,) = run("summary", "--by-addressee", "--json").lines()
    assert [one["addressee"]["identifier"] for one in summary["by_addressee"]] == ["A00000000", "B00000000"]  # type: ignore[attr-defined]
    table = run("summary", "--by-addressee").out
    assert "B00000000  Ejemplo SL  3      1          Monday 30 November 2026" in table
    assert table.index("B00000000") < table.index("A00000000")
    (history,) = run("history", item.id, "--json").lines()
    assert [one["state"] for one in history["events"]] == ["available", "accepted"]  # type: ignore[attr-defined]
    text = run("history", item.id).out
    assert (item.receipt_id in text, "deadline moved: last day Monday 30 November 2026: outage" in text) == (
        True,
        True,
    )
    done = run("history", UNKNOWN)
    assert (done.code, done.err.startswith("notigateway-client: NOTIFICATION_UNKNOWN")) == (3, True)


def test_instants_reach_the_service_in_utc(service: Simulator, run: Callable[..., Done]) -> None:
    assert run("list", "--available-from", "2026-11-23T10:00:00+01:00", "--json").code == 0
    assert b"<availableFrom>2026-11-23T09:00:00.000Z</availableFrom>" in service.requests[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--addressee", "B10000371"], "'B10000371': the check character of the NIF is wrong"),
        (["--issuer", "ea000856"], "'ea000856': a DIR3 code has"),
        (["--label", "x" * 65], "this one has 65"),
    ],
)
def test_what_would_find_nothing_for_a_typing_error_is_refused(
    service: Simulator, run: Callable[..., Done], options: list[str], said: str
) -> None:
    done = run("list", *options)
    assert done.code == 2
    assert said in " ".join(re.sub(r"[│\n]", " ", done.err).split())
    assert not service.requests


def test_nifs_and_bodies_are_taken_in_lower_case(service: Simulator, run: Callable[..., Done]) -> None:
    assert run("list", "--addressee", "b12345674", "--issuer", "ea0008567").code == 0
    assert b"<addresseeId>B12345674</addresseeId><issuerId>EA0008567<" in service.requests[0]


def test_a_matter_of_no_catalogue_is_no_empty_list(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    known = element("matter", element("code", "collection"), element("name", "Recaudación"))
    for command in (["list"], ["pull", tmp_path / "archive"]):
        service.plan += [
            lambda *_: element(
                "ListMattersResponse", element("asOf", "2026-11-23T09:00:00.000Z"), deepcopy(known)
            )
        ]
        done = run(*command, "--matter", "colection")
        assert done.code == 2
        assert "is it 'collection'?" in " ".join(re.sub(r"[│\n]", " ", done.err).split())


def test_in_a_pipe_a_row_is_a_line_whatever_its_length(service: Simulator, run: Callable[..., Done]) -> None:
    service.add(subject="Providencia de apremio " * 30)
    out = run("list").out
    assert len(out.splitlines()) == 2
    assert "matter" in out.splitlines()[0]
    assert "name" in out.splitlines()[0]


def test_nothing_is_cut_off_where_columns_have_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("", ""), [("n" * 200, "b"), ("a", "c" * 300)])
    assert capsys.readouterr().out.split() == ["n" * 200, "b", "a", "c" * 300]


def test_what_acts_say_is_asked_for_in_the_form_of_the_contract(
    service: Simulator, run: Callable[..., Done]
) -> None:
    numbers = ("--ccc", "0111 28/1234567/42", "--naf", "28 12345678 40")
    said = ("--metadata", "period=2026-01", "--metadata", "unit=Nave 2 = 3")
    assert run("list", *numbers, *said, "--text", "Cotización", "--reference", "2026/1", "--json").code == 0
    assert (
        "<filter><ccc>011128123456742</ccc><naf>281234567840</naf><reference>2026/1</reference>"
        "<metadata><key>period</key><value>2026-01</value></metadata>"
        "<metadata><key>unit</key><value>Nave 2 = 3</value></metadata><text>Cotización</text></filter>"
    ).encode() in service.requests[0]


def test_help_tells_the_commands_and_the_exit_codes(run: Callable[..., Done]) -> None:
    text = re.sub(r"\s+", " ", run("--help").out)
    for command in ("list", "pull", "accept", "reject", "receipt", "changes", "summary", "history", "ping"):
        assert f" {command} " in text
    assert "Usage: notigateway-client [OPTIONS] COMMAND" in text
    assert "Exit codes: 0 done; 1 some items refused, or receipts of a lower level" in text


# --- errors and exit codes ------------------------------------------------------------------------


def test_a_fault_is_one_line_with_code_and_correlation_id(
    service: Simulator, run: Callable[..., Done]
) -> None:
    service.plan.append(gateway_fault("CALLER_UNKNOWN", retryable=False))
    done = run("list")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "notigateway-client: CALLER_UNKNOWN: Text of CALLER_UNKNOWN "
        "(correlation id 01931e7c-5c00-7cc3-98c4-dc0c0c07398f)"
        "; see https://gateway.example/notigateway/errors#CALLER_UNKNOWN\n"
    )


def test_an_answer_of_somebody_else_ends_with_code_4(service: Simulator, run: Callable[..., Done]) -> None:
    service.signer = Signer(pki().person.key, pki().person.certificate)
    done = run("ping")
    assert (done.code, done.err.count("\n")) == (4, 1)
    assert done.err.startswith("notigateway-client: SERVICE_CERTIFICATE_DIFFERS: ")


def test_a_folder_that_cannot_be_written_is_one_line(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    (item,) = service.add()
    service.accept(item)
    (tmp_path / "file").write_text("")
    for arguments in (["pull"], ["receipt", item.id, "--save"]):
        done = run(*arguments, tmp_path / "file")
        assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
        assert done.err.startswith("notigateway-client: FOLDER_UNUSABLE: ")


def test_pull_ends_with_code_1_or_4_when_something_is_left(
    service: Simulator, run: Callable[..., Done], tmp_path: Path, environment: dict[str, str]
) -> None:
    (item,) = service.add(state="receipt_requested")
    done = run("pull", "--accept", tmp_path / "spool")
    assert (done.code, "NOTIFICATION_UNKNOWN" in done.out) == (1, True)
    item.state = "available"
    key = environment["NOTIGATEWAY_CLIENT_SERVER_CERT"]
    done = run("--seal-cert", key, "pull", "--accept", tmp_path / "spool")
    assert (done.code, "RECEIPT_NOT_VERIFIED" in done.out) == (4, True)


def test_a_day_of_madrid_is_an_instant_too(service: Simulator, run: Callable[..., Done]) -> None:
    """A term whose last day is the one before ends at that very midnight: it is before that day."""
    assert run("list", "--available-from", "2026-11-20", "--deadline-before", "2026-12-01").code == 0
    assert b">2026-11-19T23:00:00.000Z<" in service.requests[-1]
    assert b">2026-11-30T23:00:00.001Z<" in service.requests[-1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["accept"], "no identifier is given"),
        (["list", "--available-from", "2026-11-23T09:00:00"], "does not say its zone"),
        (["list", "--available-from", "yesterday"], "not an instant"),
        (["list", "--ccc", "28123456743"], "the control digits are wrong"),
        (["list", "--naf", "28"], "a NAF has twelve digits"),
        (["list", "--metadata", "period"], "'period' is not KEY=VALUE"),
        (["list", "--metadata", "=2026"], "'=2026' is not KEY=VALUE"),
        (["--url", "ftp://127.0.0.1/", "ping"], "not an http or https URL"),
        (["--p12", "nowhere.p12", "ping"], "cannot read nowhere.p12"),
        (["--key", "a.pem", "ping"], "give --p12, or --key and --cert"),
        (["--server-cert", "nowhere.pem", "ping"], "cannot read nowhere.pem"),
        (["--password-file", "nowhere", "ping"], "cannot read nowhere"),
        (["--ca-file", "nowhere", "ping"], "cannot use nowhere"),
        (["reject", UNKNOWN, "--yes", "--reason", "a\x1bb"], "XML"),
        (["accept", UNKNOWN], "NOT_CONFIRMED: give --yes: this has legal effect"),
        (["reject", UNKNOWN], "NOT_CONFIRMED: give --yes: this has legal effect"),
        (["wscn", "accept", "11"], "NOT_CONFIRMED: give --yes: this has legal effect"),
        (["--contract", "wscn", "reject", "11"], "NOT_CONFIRMED: give --yes: this has legal effect"),
        (["accept", f"{UNKNOWN}\n", "--yes"], "is neither an identifier nor a code"),
        (["accept", "ID", "--yes"], "'ID' is neither an identifier nor a code"),
    ],
)
def test_wrong_usage_is_told_with_code_2(
    service: Simulator, run: Callable[..., Done], arguments: list[str], text: str
) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert text in re.sub(r"[│\s]+", " ", done.err)
    assert "Traceback" not in done.err
    assert service.operations == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["accept", "11", "--yes"],
        ["reject", "11", "--yes"],
        ["receipt", "11"],
        ["retrieve", "11", "--output", "folder"],
        ["history", "11"],
        ["mark", "11", "--downloaded"],
    ],
)
def test_a_code_that_nobody_has_does_nothing(
    service: Simulator, run: Callable[..., Done], arguments: list[str]
) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "no notification that you may see has the code 11" in re.sub(r"[│\s]+", " ", done.err)
    assert set(service.operations) == {"ListNotifications"}


@pytest.mark.parametrize(
    ("variable", "command"), [("URL", "ping"), ("SERVER_CERT", "ping"), ("SEAL_CERT", "receipt")]
)
def test_what_is_missing_is_named(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, variable: str, command: str
) -> None:
    monkeypatch.delenv(f"NOTIGATEWAY_CLIENT_{variable}")
    done = run(command, *([UNKNOWN] if command == "receipt" else []))
    assert done.code == 2
    assert f"--{variable.lower().replace('_', '-')}" in done.err


# --- configuration and confirmation ---------------------------------------------------------------


def test_the_connection_is_read_from_a_file_whose_paths_are_relative_to_it(
    service: Simulator,
    environment: dict[str, str],
    run: Callable[..., Done],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in environment:
        monkeypatch.delenv(name)
    config = tmp_path / "keys" / "client.toml"
    config.write_text(
        f'url = "{service.url}"\np12 = "company.p12"\npassword_file = "password"\n'
        'server_cert = ["service.cert.pem"]\nseal_cert = "seal.cert.pem"\ntimeout_seconds = 9.5\n'
    )
    assert run("--config", config, "ping").code == 0
    monkeypatch.setenv("NOTIGATEWAY_CLIENT_URL", "http://127.0.0.1:1/wins-over-the-file")
    monkeypatch.setenv("NOTIGATEWAY_CLIENT_CONFIG", str(config))
    assert run("--url", service.url, "ping").code == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('urll = "x"', "unknown key urll"),
        ("url = 7", "url is not of its type"),
        ("server_cert = [7]", "server_cert is not of its type"),
        ("url = ", "cannot read"),
    ],
)
def test_a_wrong_configuration_is_told(
    run: Callable[..., Done], tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "client.toml").write_text(text)
    done = run("--config", tmp_path / "client.toml", "ping")
    assert done.code == 2
    assert told in re.sub(r"[│\s]+", " ", done.err)


@pytest.mark.parametrize(("answer", "decided"), [(b"n\n", False), (b"y\n", True)])
def test_a_person_is_asked_before_a_decision(
    service: Simulator, environment: dict[str, str], answer: bytes, *, decided: bool
) -> None:
    (item,) = service.add()
    keyboard, terminal = pty.openpty()
    os.write(keyboard, answer)
    with os.fdopen(terminal) as stdin:
        done = subprocess.run(
            [sys.executable, "-c", "from notigateway.client.cli import main; main()", "accept", item.id],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )
    os.close(keyboard)
    assert "Accept 1 notification? This has legal effect." in done.stderr
    assert (done.returncode == 0, item.state == "accepted") == (decided, decided)


@pytest.mark.parametrize("piped", ["", "n\n", "y\n"])
@pytest.mark.parametrize("command", [["accept", UNKNOWN], ["reject", UNKNOWN], ["wscn", "accept", "11"]])
def test_what_nobody_can_be_asked_about_is_not_decided(
    service: Simulator, environment: dict[str, str], command: list[str], piped: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from notigateway.client.cli import main; main()", *command],
        input=piped,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert (done.returncode, done.stdout, service.operations) == (2, "", [])
    assert done.stderr == (
        "notigateway-client: NOT_CONFIRMED: give --yes: this has legal effect, "
        "and there is no terminal to ask at\n"
    )


def test_by_wscn_nothing_is_decided_whose_pdf_could_not_be_written(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    url = service.url.replace("/notigateway/v1", "/INFRWSCN/WSCNService")
    done = run("--url", url, "wscn", "accept", "11", "--yes", "--save", tmp_path / "file")
    assert (done.code, done.out) == (3, "")
    assert f"FOLDER_UNUSABLE: cannot write into {tmp_path / 'file'}: " in done.err
    assert service.requests == []


def test_by_wscn_what_was_decided_is_told_although_its_pdf_could_not_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "11.pdf").mkdir()
    asked: list[int] = []

    def ask(code: int) -> WscnOutcome:
        asked.append(code)
        return WscnOutcome(code=code, number=0, text="", sealed="2026-11-26", pdf=b"%PDF-1.7")

    for as_json, told in ((True, '"code": 11'), (False, "2026-11-26")):
        with pytest.raises(SpoolError, match="cannot write into"):
            ask_each([11, 12], ask, save=tmp_path, as_json=as_json)
        assert told in capsys.readouterr().out
    assert asked == [11, 11]
