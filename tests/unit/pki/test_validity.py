"""From when to when a certificate is valid, and which of those in use end soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from notigateway.errors import ConfigurationError
from notigateway.pki.in_use import Reminder, Use, UsedCertificate, certificates_of
from notigateway.pki.validity import WARNING_DAYS, Validity, check_valid_now, last_to_end
from notigateway.settings import load_settings
from pki import OTHER_COMPANY_NIF, company_subject, ec_key, pki, write_issuers, write_pem

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.pki.keys import KeyPair

SINCE = datetime(2026, 1, 1, 12, tzinfo=UTC)
UNTIL = datetime(2026, 7, 1, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
DAY = timedelta(days=1)


def pair(until: datetime = UNTIL) -> KeyPair:
    subject = company_subject(OTHER_COMPANY_NIF, "Sello")
    return pki().holder(subject, ec_key("seal"), not_before=SINCE, not_after=until)


@pytest.mark.parametrize(
    ("instant", "lack"),
    [
        (SINCE - MOMENT, "is not valid before 2026-01-01T12:00:00.000Z"),
        (SINCE, None),
        (UNTIL, None),
        (UNTIL + MOMENT, "ended at 2026-07-01T12:00:00.000Z"),
    ],
)
def test_both_ends_belong_to_a_validity(instant: datetime, lack: str | None, tmp_path: Path) -> None:
    certificate = pair().certificate
    validity = Validity.of(certificate)
    assert (validity.since, validity.until) == (SINCE, UNTIL)
    assert validity.lack(instant) == lack
    assert validity.covers(instant) is (lack is None)
    if lack is None:
        check_valid_now(certificate, instant, setting="seal_certificate_file", file=tmp_path)
        return
    with pytest.raises(ConfigurationError) as refusal:
        check_valid_now(certificate, instant, setting="seal_certificate_file", file=tmp_path / "s.pem")
    assert str(refusal.value) == f"seal_certificate_file: the certificate in {tmp_path / 's.pem'} {lack}"


def test_days_left_have_fractions_and_are_negative_after_the_end() -> None:
    validity = Validity(SINCE, UNTIL)
    assert validity.days_left(UNTIL - timedelta(hours=36)) == 1.5
    assert validity.days_left(UNTIL + timedelta(hours=6)) == -0.25
    assert not validity.ends_soon(UNTIL - WARNING_DAYS * DAY - MOMENT)
    assert validity.ends_soon(UNTIL - WARNING_DAYS * DAY)
    assert validity.ends_soon(UNTIL + DAY)


def test_of_several_the_one_that_ends_last_counts() -> None:
    later = UNTIL + 9 * DAY
    assert last_to_end([]) is None
    assert last_to_end([pair(later).certificate, pair().certificate]) == Validity(SINCE, later)


def test_the_settings_name_what_an_operator_has_to_renew(tmp_path: Path) -> None:
    folder = tmp_path / "authorities"
    folder.mkdir()
    for name, until in (("former", UNTIL), ("next", UNTIL + DAY)):
        write_pem(pair(until), folder, name)
    (folder / "former.key.pem").unlink()
    (folder / "next.key.pem").unlink()
    overrides = {
        "mode": "development",
        "service_certificate_file": write_pem(pki().service, tmp_path, "service")[1],
        "seal_certificate_file": write_pem(pair(), tmp_path, "seal")[1],
        "authorised_issuers_folder": write_issuers(tmp_path / "issuers", pki().anchors),
        "timestamp_authority_url": "http://127.0.0.1:1/",
        "timestamp_authority_folder": folder,
    }
    found = certificates_of(load_settings(None, overrides=overrides))
    assert [one.use for one in found] == [Use.SERVICE, Use.SEAL, *[Use.ISSUER] * 3, Use.TIMESTAMP_AUTHORITY]
    assert found[1] == UsedCertificate(
        Use.SEAL, "seal_certificate_file", tmp_path / "seal.cert.pem", Validity(SINCE, UNTIL)
    )
    assert found[2].file == tmp_path / "issuers" / "issuer-0.pem"
    assert found[-1].file.name == "next.cert.pem"
    without = overrides | {"timestamp_authority_url": "", "authorised_issuers_folder": tmp_path / "none"}
    listed = load_settings(None, overrides=without | {"trusted_list_file": "list.xml"})
    assert [one.use for one in certificates_of(listed)] == [Use.SERVICE, Use.SEAL]
    with pytest.raises(ConfigurationError, match="cannot read the folder"):
        certificates_of(load_settings(None, overrides=without))


def test_the_end_of_a_certificate_is_told_at_the_start_and_once_a_day(tmp_path: Path) -> None:
    now = UNTIL - WARNING_DAYS * DAY
    seal = UsedCertificate(Use.SEAL, "seal_certificate_file", tmp_path / "seal.pem", Validity(SINCE, UNTIL))
    later = UsedCertificate(Use.SERVICE, "service_certificate_file", tmp_path, Validity(SINCE, UNTIL + DAY))
    with capture_logs() as lines:
        remind = Reminder([seal, later], lambda: now)
    said = {"event": "certificate_ends_soon", "certificate": "seal", "file": str(tmp_path / "seal.pem")}
    assert lines == [said | {"days": 60.0, "log_level": "warning"}]
    with capture_logs() as lines:
        for _ in range(3):
            remind()
        now += DAY - MOMENT
        remind()
    assert lines == []
    with capture_logs() as lines:
        now += MOMENT
        remind()
        remind()
    assert [(one["certificate"], one["days"]) for one in lines] == [("seal", 59.0), ("service", 60.0)]
    now = UNTIL + DAY / 2
    with capture_logs() as lines:
        remind()
    assert [one["days"] for one in lines] == [-0.5, 0.5]
