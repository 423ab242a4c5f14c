"""What an archive keeps beside what may be read, how it follows what becomes of it, and whose it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from archived import described, everything, folder_of, readable
from notigateway.client import Filter, NotificationClient, PullReport, Retries, pull
from notigateway.client.errors import ArchiveOfAnotherError, SpoolError
from notigateway.client.pulled import UNTOLD
from notigateway.client.spool import Spool
from notigateway.client.stored import written
from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from pki import pki
from service_simulator import AVAILABLE_AT, DEADLINE, DECIDED_AT, REPORTED_AT, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from service_simulator import Item

EARLIER = AVAILABLE_AT + timedelta(hours=5)


@pytest.fixture
def run(client: NotificationClient, tmp_path: Path) -> Callable[..., PullReport]:
    def run(*, accept: bool = False, into: str = "archive", **options: object) -> PullReport:
        chosen = {"seal_certificates": [pki().seal.certificate], **options}
        return pull(client, tmp_path / into, accept=accept, **chosen)  # type: ignore[arg-type]

    return run


def lapse(service: Simulator, item: Item) -> None:
    """Let the clock decide: at first nothing is written of it."""
    item.state = "lapsed"


def test_what_nobody_has_accepted_is_kept_too_with_its_receipts(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    pending, accepted, rejected, lapsed, withdrawn = service.add(5)
    service.accept(accepted)
    service.report(rejected, "rejected", EARLIER)
    lapse(service, lapsed)
    withdrawn.state = "cancelled"
    service.changes.append((withdrawn, "cancelled"))

    report = run()

    assert (report.stored, report.noted, report.refused, report.not_verified) == (1, 4, [], [])
    found = everything(archive)
    assert {one: about["state"] for one, about in found.items()} == {
        pending.id: "available",
        accepted.id: "accepted",
        rejected.id: "rejected",
        lapsed.id: "lapsed",
        withdrawn.id: "cancelled",
    }
    assert readable(archive) == {accepted.id}
    assert found[pending.id]["decision"] is None
    decision = found[rejected.id]["decision"]
    assert (decision["at"], decision["channel"]) == (instant_text(EARLIER), "sede")
    assert (decision["reported_at"], decision["reference"]) == (instant_text(REPORTED_AT), "SEDE-77")
    (said,) = found[rejected.id]["receipts"]
    verify_receipt(
        (folder_of(archive, rejected) / said["file"]).read_bytes(), seal_certificates=[pki().seal.certificate]
    )
    own = found[accepted.id]["decision"]
    assert (own["channel"], own["delegate"]["identifier"]) == ("web_service", "00000000T")
    assert found[lapsed.id]["decision"] == {"state": "lapsed", "at": instant_text(DEADLINE)}
    assert found[withdrawn.id]["decision"]["at"] == instant_text(AVAILABLE_AT)
    assert "AcceptNotifications" not in service.operations
    again = run()
    assert (again.walked_list, again.changes, again.stored, again.noted, again.updated) == (False, 0, 0, 0, 0)
    full = run(full=True)
    assert (full.listed, full.already_stored, full.updated) == (5, 5, 0)


def test_states_that_are_named_are_kept_alone(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    _pending, accepted = service.add(2)
    service.accept(accepted)
    assert run(where=Filter(states=("accepted", "read"))).listed == 1
    assert everything(archive).keys() == {accepted.id}


def test_what_was_pending_is_accepted_in_its_folder_and_says_what_it_was(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    one, other = service.add(2)
    run()
    service.accept(one)
    report = run()
    assert (report.walked_list, report.stored, report.corrections) == (False, 1, [])
    about = described(folder_of(archive, one))
    assert (about["state"], len(about["documents"]), len(about["receipts"])) == ("accepted", 1, 1)
    (former,) = about["former"]
    assert (former["state"], former["is_corrected"]) == ("available", False)
    assert (folder_of(archive, one) / about["documents"][0]["file"]).read_bytes() == one.content
    assert run(accept=True).accepted == 1
    assert readable(archive) == {one.id, other.id}


def test_the_receipt_of_a_lapse_is_fetched_when_it_is_written(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    lapse(service, item)
    run()
    service.write_lapse(item)
    report = run()
    assert (report.updated, report.corrections) == (1, [])
    about = described(folder_of(archive, item))
    assert (about["decision"]["at"], len(about["receipts"])) == (instant_text(DEADLINE), 1)
    assert "former" not in about or about["former"] == []


@pytest.mark.parametrize("way", ["changes", "list"])
def test_an_earlier_event_that_is_reported_later_corrects_the_archive_aloud(
    service: Simulator, run: Callable[..., PullReport], archive: Path, way: str
) -> None:
    (item, *_) = service.add(3)
    run(accept=True)
    before = described(folder_of(archive, item))
    assert before["decision"]["at"] == instant_text(DECIDED_AT)
    service.report(item, "accepted", EARLIER)
    if way == "list":
        (archive / ".cursor").unlink()

    report = run(accept=True)

    (told,) = report.corrections
    assert (told.code, told.id, told.addressee) == (item.code, item.id, "B00000000")
    assert (told.former_state, told.former_at) == ("accepted", instant_text(DECIDED_AT))
    assert (told.state, told.at, told.channel) == ("accepted", instant_text(EARLIER), "sede")
    assert (report.walked_list, report.updated) == (way == "list", 1)
    folder = folder_of(archive, item)
    about = described(folder)
    assert about["decision"]["at"] == instant_text(EARLIER)
    assert [one["is_corrected"] for one in about["former"]] == [True]
    assert (folder / told.former_file).read_bytes() == _line(before)
    assert len(list(folder.glob("receipt-*.xml"))) == 2
    assert run(accept=True).corrections == run(full=True, accept=True).corrections == []


def test_an_acceptance_that_is_taken_back_keeps_what_was_received(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    run(accept=True)
    service.report(item, "rejected", EARLIER)
    (told,) = run(accept=True).corrections
    assert (told.former_state, told.state) == ("accepted", "rejected")
    folder = folder_of(archive, item)
    assert (folder / described(folder)["documents"][0]["file"]).read_bytes() == item.content


def test_a_rejection_that_an_earlier_acceptance_takes_the_place_of_brings_the_content(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    service.report(item, "rejected", DECIDED_AT)
    run()
    assert readable(archive) == set()
    service.report(item, "accepted", EARLIER)
    report = run()
    assert (report.stored, [one.state for one in report.corrections]) == (1, ["accepted"])
    assert readable(archive) == {item.id}


def test_a_later_event_is_kept_and_corrects_nothing(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    run(accept=True)
    service.report(item, "accepted", DECIDED_AT + timedelta(hours=1))
    report = run(accept=True)
    assert (report.updated, report.corrections) == (1, [])
    about = described(folder_of(archive, item))
    assert (about["decision"]["at"], len(about["receipts"])) == (instant_text(DECIDED_AT), 2)


def test_a_decision_that_changes_without_an_earlier_event_is_not_believed(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    run(accept=True)
    service.report(item, "rejected", DECIDED_AT + timedelta(hours=1))
    item.state = "rejected"
    report = run(accept=True)
    assert [one.reason for one in report.not_verified] == ["STATE_GONE_BACK"]
    assert described(folder_of(archive, item))["state"] == "accepted"


def test_a_correction_is_told_by_the_next_run_where_the_first_one_died(
    service: Simulator,
    run: Callable[..., PullReport],
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (item,) = service.add()
    run(accept=True)
    service.report(item, "accepted", EARLIER)

    def dies(*_: object) -> None:
        raise SpoolError("killed")

    for reached in ("change", "keep_bookmark"):
        with monkeypatch.context() as patched:
            patched.setattr(Spool, reached, dies)
            with pytest.raises(SpoolError, match="killed"):
                run(accept=True)
        assert (archive / UNTOLD).exists()
    assert [one.at for one in run(accept=True).corrections] == [instant_text(EARLIER)]
    assert not (archive / UNTOLD).exists()
    assert run(accept=True).corrections == []


def test_a_deadline_that_was_moved_is_seen_by_the_list(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    run()
    item.deadline = DEADLINE + timedelta(days=3)
    asked = len(service.operations)
    assert run(full=True).updated == 1
    assert "RetrieveReceipts" not in service.operations[asked:]
    about = described(folder_of(archive, item))
    assert (about["deadline"], about["former"][0]["deadline"]) == (
        instant_text(item.deadline),
        instant_text(DEADLINE),
    )


def test_folders_of_the_version_before_stay_where_they_are_and_are_not_fetched_again(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    item, other = service.add(2)
    run(accept=True)
    flat = archive / f"{item.code}-{item.id}"
    folder_of(archive, item).rename(flat)
    about = {name: value for name, value in described(flat).items() if name not in {"decision", "former"}}
    (flat / "notification.json").write_bytes(_line(about))
    (archive / ".cursor").unlink()
    asked = service.operations.count("RetrieveNotifications")
    report = run(accept=True)
    assert (report.already_stored, report.updated) == (2, 0)
    assert service.operations.count("RetrieveNotifications") == asked
    service.report(item, "accepted", EARLIER)
    (told,) = run(accept=True).corrections
    assert told.folder == flat.name
    assert described(flat)["decision"]["at"] == instant_text(EARLIER)
    assert everything(archive).keys() == {item.id, other.id}


def test_an_archive_is_filed_by_its_template_from_the_first_run_on(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    run(accept=True, folders="{nif} {name}/{code}")
    service.add()
    run(accept=True)
    assert {one.relative_to(archive).parts[0] for one in archive.rglob("notification.json")} == {
        "B00000000 Ejemplo SL"
    }
    with pytest.raises(ArchiveOfAnotherError, match="leave --folders out"):
        run(folders="{nif}/{code}")
    assert item.code == 1


def test_an_archive_of_another_service_or_party_is_not_mixed_in_silence(
    service: Simulator, run: Callable[..., PullReport], archive: Path
) -> None:
    service.add(2)
    run(accept=True)
    before = everything(archive)
    with Simulator() as elsewhere:
        elsewhere.add(3)
        with _client(elsewhere) as other, pytest.raises(ArchiveOfAnotherError, match="was pulled from"):
            pull(other, archive, seal_certificates=[pki().seal.certificate], accept=True)
        assert elsewhere.operations == []
    with (
        _client(service, pki().person) as stranger,
        pytest.raises(ArchiveOfAnotherError, match=r"was pulled by .* and your certificate is of"),
    ):
        pull(stranger, archive, seal_certificates=[pki().seal.certificate], accept=True)
    assert everything(archive) == before


def _client(service: Simulator, holder: Any = None) -> NotificationClient:  # noqa: ANN401  (a key pair)
    pair = holder or pki().company_seal
    return NotificationClient(
        service.url,
        key=pair.key,
        certificate=pair.certificate,
        server_certificates=[pki().service.certificate],
        retries=Retries(attempts=1),
    )


def _line(about: Mapping[str, Any]) -> bytes:
    return written(about)


def test_a_correction_is_told_until_telling_it_succeeded(
    service: Simulator, run: Callable[..., PullReport]
) -> None:
    (item,) = service.add()
    run(accept=True)
    service.report(item, "accepted", EARLIER)

    def fail(_report: PullReport) -> None:
        raise BrokenPipeError

    for _ in range(2):
        with pytest.raises(BrokenPipeError):
            run(tell=fail)
    told: list[PullReport] = []
    report = run(tell=told.append)
    assert told == [report]
    assert [one.id for one in report.corrections] == [item.id]
    assert run().corrections == []
