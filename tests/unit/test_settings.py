"""The operator's file: complete, true to the defaults, and refused with the name of what is wrong."""

from __future__ import annotations

import json
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from notigateway.app import build_app
from notigateway.errors import ConfigurationError
from notigateway.repository.documents import DocumentStore
from notigateway.settings import Settings, load_settings
from pki import pki, write_pem

EXAMPLE = Path(__file__).parents[2] / "conf" / "notigateway.example.toml"


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"NOTIGATEWAY_{name.upper()}", raising=False)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "notigateway.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_example_shows_every_setting_in_the_order_of_the_class() -> None:
    assert list(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))) == list(Settings.model_fields)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_example_shows_the_default(name: str) -> None:
    assert getattr(load_settings(EXAMPLE), name) == getattr(load_settings(None), name)


def test_example_gives_a_reason_for_every_setting() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    unexplained = [
        line
        for before, line in pairwise(lines)
        if line and not line.startswith("#") and not before.startswith("# ")
    ]
    assert unexplained == []


def test_unknown_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="databse_url"):
        load_settings(written(tmp_path, 'databse_url = "sqlite://"'))


def test_value_out_of_range_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"timestamp_skew_seconds.*300"):
        load_settings(written(tmp_path, "timestamp_skew_seconds = 301"))


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"mode.*xml_max_depth"):
        load_settings(written(tmp_path, 'mode = "test"\nxml_max_depth = 0'))


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIGATEWAY_XML_MAX_DEPTH", "32")
    settings = load_settings(written(tmp_path, "xml_max_depth = 16\nxml_max_elements = 100"))
    assert (settings.xml_max_depth, settings.xml_max_elements) == (32, 100)


def test_wrong_value_in_the_environment_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIGATEWAY_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError, match="log_level"):
        load_settings(None)


def test_file_that_is_not_toml_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"notigateway\.toml is not TOML"):
        load_settings(written(tmp_path, "xml_max_depth: 16"))


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.toml: No such file"):
        load_settings(tmp_path / "absent.toml")


def test_settings_cannot_be_changed_while_running() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings(None).mode = "development"


def test_an_environment_variable_that_names_no_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_ULR", "sqlite:///other.db")
    with pytest.raises(ConfigurationError, match="NOTIGATEWAY_DATABASE_ULR"):
        load_settings(None)


@pytest.mark.parametrize(
    "name",
    [
        "NOTIGATEWAY_SETTINGS",
        "NOTIGATEWAY_HEALTH_URL",
        "NOTIGATEWAY_CLIENT_KEY",
        "NOTIGATEWAY_SANDBOX_COMMAND",
    ],
)
def test_variables_of_entry_points_clients_and_tests_are_not_settings(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "anything")
    assert load_settings(None).mode == "production"


def test_production_refuses_a_store_that_forgets() -> None:
    with pytest.raises(ConfigurationError, match="document_store_url"):
        load_settings(None, overrides={"document_store_url": "memory://"})
    settings = load_settings(None, overrides={"mode": "development", "document_store_url": "memory://"})
    assert settings.document_store_url == "memory://"


@pytest.mark.parametrize("url", ["memory:", "MEMORY:", " memory:", "Memory://x"])
def test_the_store_that_forgets_is_known_however_it_is_written(url: str) -> None:
    DocumentStore(url)  # the store reads the scheme as the settings do
    with pytest.raises(ConfigurationError, match="document_store_url"):
        load_settings(None, overrides={"document_store_url": url})


@pytest.mark.parametrize(
    "line",
    [
        'database_url = "postgresql://u:pw@h/d"',
        'database_url = "postgresql+psycopg://u:p/w@h/d"',
        'database_url = "postgresql://u@h/d?password=secret"',
        'database_url = "postgresql://u@h/d?sslmode=require&sslpassword=secret"',
        'revocation_proxy_url = "http://u:pw@proxy:3128"',
        'timestamp_authority_url = "https://tsa.example/?token=secret"',
        'revocation_proxy_url = "http://key@proxy:3128"',
        'timestamp_authority_url = "https://tsa.example/?access_key=secret"',
        'document_store_url = "s3://AK:SECRET@bucket/prefix"',
        'revocation_list_urls = ["https://x.example/a.crl", "https://x.example/b.crl?password=pw"]',
        (
            'seal_pkcs11_module = "m"\nseal_pkcs11_token_label = "t"\nseal_pkcs11_key_label = "k"\n'
            'seal_pkcs11_pin = "1234"'
        ),
    ],
)
def test_settings_with_a_password_are_for_their_owner(tmp_path: Path, line: str) -> None:
    key, _ = write_pem(pki().service, tmp_path, "service")
    key.chmod(0o600)
    file = tmp_path / "settings.toml"
    file.write_text(f'service_key_file = "{key}"\nseal_key_file = "{key}"\n{line}\n', "utf-8")
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="the settings hold a password") as refusal:
        load_settings(file)
    assert "secret" not in str(refusal.value).lower()
    file.chmod(0o600)
    load_settings(file)


@pytest.mark.parametrize(
    "line",
    [
        'database_url = "postgresql://u@h/d?passfile=/run/pgpass"',
        'database_url = "sqlite:///a:b@c.db"',
        'document_store_url = "file:documents@here"',
        'revocation_proxy_url = "http://proxy:3128"',
        'revocation_list_urls = ["http://x.example:80/a@b.crl"]',
    ],
)
def test_settings_without_one_may_be_read(tmp_path: Path, line: str) -> None:
    key, _ = write_pem(pki().service, tmp_path, "service")
    key.chmod(0o600)
    file = tmp_path / "settings.toml"
    file.write_text(f'service_key_file = "{key}"\nseal_key_file = "{key}"\n{line}\n', "utf-8")
    file.chmod(0o644)
    load_settings(file)


@pytest.mark.parametrize("before", ["u:pw@", "u@", ":pw@"])
@pytest.mark.parametrize("mode", ["production", "development"])
def test_no_password_is_published(mode: str, before: str) -> None:
    with pytest.raises(ConfigurationError, match="public_url") as refusal:
        load_settings(
            None, overrides={"mode": mode, "public_url": f"https://{before}a.example/notigateway/v1"}
        )
    assert "pw" not in str(refusal.value)


WHOLE = {
    "seal_pkcs11_module": "module.so",
    "seal_pkcs11_token_label": "token",
    "seal_pkcs11_key_label": "key",
    "seal_pkcs11_pin_file": "pin",
}


def test_a_key_in_a_device_is_named_as_a_whole() -> None:
    assert load_settings(None, overrides=WHOLE).seal_pkcs11_module == "module.so"
    for name in WHOLE:
        with pytest.raises(ConfigurationError, match="seal_pkcs11_module"):
            load_settings(None, overrides=WHOLE | {name: ""})
    with pytest.raises(ConfigurationError, match="one of") as refusal:
        load_settings(None, overrides=WHOLE | {"seal_pkcs11_pin": "73519024"})
    assert "73519024" not in str(refusal.value)


def test_production_refuses_to_look_away_from_revocation() -> None:
    with pytest.raises(ConfigurationError, match="revocation"):
        load_settings(None, overrides={"revocation": "unsafe_off"})
    assert load_settings(None, overrides={"mode": "development", "revocation": "unsafe_off"}).operators == ()


@pytest.mark.parametrize("page", ["verify", "errors"])
def test_the_service_does_not_stand_where_a_page_for_people_does(page: str) -> None:
    with pytest.raises(ConfigurationError, match="public_url: it cannot end with /verify or /errors"):
        load_settings(None, overrides={"public_url": f"https://a.example/notigateway/{page}"})


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/x", "http://gateway.example/x", "HTTP://a/x"])
def test_production_refuses_an_address_without_tls_unless_a_proxy_speaks_it(address: str) -> None:
    with pytest.raises(ConfigurationError, match="public_url: in production it begins with https://"):
        load_settings(None, overrides={"public_url": address})
    for allowing in ({"proxy_speaks_tls": True}, {"mode": "development"}):
        assert load_settings(None, overrides={"public_url": address} | allowing).public_url.scheme == "http"
    assert load_settings(None, overrides={"public_url": "https://a/x"}).proxy_speaks_tls is False


# --- what no default can be right for ---------------------------------------------------------------

SAID = {
    "public_url": "https://avisos.example/notigateway/v1",
    "log_origin": "avisos.example/log",
    "revocation_list_urls": ["http://crl.example/a.crl"],
    "trusted_proxy_hops": 0,
}


def production(folder: Path, **said: object) -> Settings:
    key, _ = write_pem(pki().service, folder, "service")
    key.chmod(0o600)
    here = {"service_key_file": key, "seal_key_file": key, "revocation_folder": folder / "revocation"}
    return load_settings(None, overrides={**here, **said})


def test_what_was_left_in_production_is_told(tmp_path: Path) -> None:
    assert list(production(tmp_path).left_unsaid()) == list(SAID)
    assert production(tmp_path, mode="development").left_unsaid() == {}


@pytest.mark.parametrize("name", SAID)
def test_each_setting_that_was_left_is_told_by_itself(tmp_path: Path, name: str) -> None:
    assert production(tmp_path, **SAID).left_unsaid() == {}
    said = {each: value for each, value in SAID.items() if each != name}
    assert list(production(tmp_path, **said).left_unsaid()) == [name]


def test_hosts_or_files_are_a_source_of_revocation_too(tmp_path: Path) -> None:
    said = {each: value for each, value in SAID.items() if each != "revocation_list_urls"}
    assert production(tmp_path, **said, revocation_hosts=["crl.example"]).left_unsaid() == {}
    (tmp_path / "revocation").mkdir()
    assert list(production(tmp_path, **said).left_unsaid()) == ["revocation_list_urls"]
    (tmp_path / "revocation" / "a.crl").write_bytes(b"")
    assert production(tmp_path, **said).left_unsaid() == {}


def test_the_start_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError):  # its seal is not there: by then it has been told
        build_app(production(tmp_path, seal_key_file=tmp_path / "none"))
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(one["event"], one["level"], one["setting"]) for one in told] == [
        ("setting_left_unsaid", "warning", name) for name in SAID
    ]
