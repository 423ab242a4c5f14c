"""The operator's settings: one TOML file, overridden by `NOTIGATEWAY_…` environment variables.

Every limit carries its unit in its name; an unknown key is an error. `conf/notigateway.example.toml`
shows each one with its default and its reason, and a test compares both.
"""

from __future__ import annotations

import os
import tomllib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from notigateway.addresses import check_address, check_host
from notigateway.destinations import read_networks
from notigateway.errors import ConfigurationError, ContactInvalidError
from notigateway.given_files import read_file
from notigateway.law.assurance import Level
from notigateway.law.contacts import check_addresses
from notigateway.law.families import Family
from notigateway.law.identifiers import check_dir3, check_nif
from notigateway.private_files import is_kept
from notigateway.setting_words import no_json, no_toml, refusal, wrong_name, wrong_variable
from notigateway.time_left import LONGEST_SECONDS
from notigateway.urls import check_proxy, check_web, has_password, scheme_of, served_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def check_optional_address(value: str) -> str:
    """Return an address of a server, or nothing. Raises: `ValueError`."""
    return check_address(value) if value else value


def check_own_address(name: str, value: str) -> None:
    """Refuse what is no e-mail address. Raises: `ValueError`."""
    try:
        check_addresses([value])
    except ContactInvalidError as error:
        raise ValueError(f"{name}: {value!r} is no e-mail address") from error


Positive = Annotated[int, Field(gt=0)]
# Addresses from which something is fetched.
Fetched = Annotated[HttpUrl, AfterValidator(check_web)]

# The pages for people beside the path of the public address (/notigateway/v1): /notigateway/verify, where the
# QR code leads, and /notigateway/errors, where faults lead.
VERIFY_PATH: Final = "verify"
ERRORS_PATH: Final = "errors"
LOG_PATH: Final = "log"
PUSH_KEYS_PATH: Final = "push-keys"
PUSH_CONTRACT_PATH: Final = "push/v1"


_TAKEN_PATHS: Final = frozenset({VERIFY_PATH, ERRORS_PATH, LOG_PATH, PUSH_KEYS_PATH})


class ClientRegistration(BaseModel):
    """What the operator agreed with one client: named by its certificate, by a fingerprint or by a NIF.

    Only options: whose certificates are admitted is decided by the authorised issuers alone, unless
    `require_registered_clients` says otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate_file: Path | None = None
    fingerprint: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    nif: Annotated[str, AfterValidator(lambda value: check_nif(value) if value else "")] = ""
    disabled: bool = False
    timestamp_skew_seconds: Annotated[int, Field(ge=0, le=300)] | None = None
    bare_x509_data: bool = False
    require_signed_addressing: bool = False
    must_understand: bool = False
    signature_confirmation: bool = False
    repeat_reads_until: date | None = None
    unsafe_allow_sha1_until: date | None = None
    unsafe_sha1_answers: bool = False

    @model_validator(mode="after")
    def _check_name(self) -> Self:
        """Refuse a registration of nobody, and one that says twice who it is for."""
        if [self.certificate_file is None, not self.fingerprint, not self.nif].count(False) != 1:
            raise ValueError("name the client by one of certificate_file, fingerprint and nif")
        if self.unsafe_sha1_answers and self.unsafe_allow_sha1_until is None:
            raise ValueError("unsafe_sha1_answers: only until the day of unsafe_allow_sha1_until")
        return self


class CertificateFamily(BaseModel):
    """One row that the operator adds to the table of certificate families: an arc, and what it means.

    `source` names the issuer's policy in which that was read, for whoever looks at the row later.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    arc: Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*)){2,}$")]
    family: Family
    source: Annotated[str, Field(min_length=1, max_length=250)]


def _check_network(text: str) -> str:
    """Return a network as it was written. Raises: `ValueError`."""
    read_networks([text])
    return text


class NamedWitness(BaseModel):
    """Somebody who cosigns the heads of the log: by whose key, and where it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # NAME+KEYID+KEY; read in full by whoever asks.
    vkey: Annotated[str, Field(pattern=r"^[!-*,-~]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$")]
    url: Fetched


class Settings(BaseSettings):
    """All settings with their defaults; paths are relative to the working directory.

    Raises `ConfigurationError` through `load_settings`, never a bare validation error.
    """

    model_config = SettingsConfigDict(env_prefix="NOTIGATEWAY_", extra="forbid", frozen=True)

    mode: Literal["production", "development"] = "production"
    public_url: HttpUrl = HttpUrl("https://notigateway.example/notigateway/v1")
    proxy_speaks_tls: bool = False
    operations_address: Annotated[str, AfterValidator(check_address)] = "127.0.0.1:8081"
    database_url: str = "sqlite:///notigateway.db"
    document_store_url: str = "file:documents"

    service_key_file: Path = Path("keys/service.key.pem")
    service_certificate_file: Path = Path("keys/service.cert.pem")
    seal_key_file: Path = Path("keys/seal.key.pem")
    seal_certificate_file: Path = Path("keys/seal.cert.pem")
    retired_seals_folder: Path = Path("retired-seals")
    evidence_issuers_folder: Path = Path("evidence-issuers")
    seal_pkcs11_module: str = ""
    seal_pkcs11_token_label: str = ""
    seal_pkcs11_key_label: str = ""
    seal_pkcs11_pin: SecretStr = SecretStr("")
    seal_pkcs11_pin_file: str = ""
    authorised_issuers_folder: Path = Path("issuers")
    trusted_list_file: str = ""
    trusted_list_signers_folder: Path = Path("trusted-list-signers")
    revocation: Literal["required", "unsafe_off"] = "required"
    revocation_folder: Path = Path("revocation")
    revocation_list_urls: tuple[Fetched, ...] = ()
    revocation_hosts: tuple[Annotated[str, AfterValidator(check_host)], ...] = ()
    revocation_grace_seconds: Annotated[int, Field(ge=0, le=86_400)] = 600
    revocation_timeout_seconds: Positive = 20
    revocation_max_bytes: Positive = 32 * 1024 * 1024
    revocation_proxy_url: Annotated[str, AfterValidator(check_proxy)] = ""
    operators: tuple[Annotated[str, AfterValidator(check_nif)], ...] = ()
    registering_bodies: tuple[Annotated[str, AfterValidator(check_dir3)], ...] = ()
    clients: tuple[ClientRegistration, ...] = ()
    require_registered_clients: bool = False
    certificate_families: tuple[CertificateFamily, ...] = ()
    limited_representatives: Literal["refused", "accepted"] = "refused"
    entity_seals_may_decide: bool = True

    timestamp_max_age_seconds: Positive = 300
    timestamp_skew_seconds: Annotated[int, Field(ge=0, le=300)] = 60
    trust_cache_seconds: Positive = 600

    caller_requests_per_minute: Annotated[int, Field(ge=0)] = 6000
    failed_authentications_per_minute: Annotated[int, Field(ge=0)] = 300
    code_checks_per_minute: Positive = 10
    trusted_proxy_hops: Annotated[int, Field(ge=-1, le=8)] = -1

    request_seconds: Annotated[int, Field(gt=0, le=LONGEST_SECONDS)] = 25
    request_max_bytes: Positive = 10 * 1024 * 1024
    xml_max_depth: Positive = 64
    xml_max_elements: Positive = 20_000
    xml_max_attributes_per_element: Positive = 128
    xml_max_namespaces_per_element: Positive = 64
    xml_max_namespaces_total: Positive = 256
    xml_max_name_chars: Positive = 512

    document_max_bytes: Positive = 100 * 1024 * 1024
    inline_document_max_bytes: Annotated[int, Field(gt=0, le=5 * 1024 * 1024)] = 5 * 1024 * 1024
    inline_response_max_bytes: Positive = 16 * 1024 * 1024
    attached_response_max_bytes: Positive = 128 * 1024 * 1024
    document_chunk_max_bytes: Annotated[int, Field(gt=0, le=5 * 1024 * 1024)] = 4 * 1024 * 1024

    extend_to_working_day: bool = False
    holidays_region: str = ""
    outage_hours_add_up: bool = False
    information_years: Annotated[int, Field(ge=0, le=100)] = 2
    lapse_evidence_delay_seconds: Annotated[int, Field(ge=0)] = 300
    sweep_batch_size: Annotated[int, Field(gt=0, le=5000)] = 200

    timestamp_authority_url: Annotated[HttpUrl | Literal[""], AfterValidator(check_web)] = ""
    timestamp_authority_folder: Path = Path("timestamp-authorities")
    timestamp_timeout_seconds: Positive = 10
    timestamp_batch_size: Annotated[int, Field(gt=0, le=1000)] = 50
    renewal_days: Annotated[int, Field(gt=0, le=3650)] = 365

    witnesses: tuple[NamedWitness, ...] = ()
    witnesses_needed: Positive = 1
    witness_timeout_seconds: Positive = 10

    push_key_files: tuple[Path, ...] = ()
    push_networks: tuple[Annotated[str, AfterValidator(_check_network)], ...] = ()
    push_timeout_seconds: Annotated[int, Field(gt=0, le=60)] = 10
    push_subscriptions_per_party: Positive = 10
    unsafe_push_http: bool = False

    smtp_address: Annotated[str, AfterValidator(check_optional_address)] = ""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password_file: str = ""
    smtp_ca_file: str = ""
    smtp_timeout_seconds: Annotated[int, Field(gt=0, le=300)] = 30
    notices_folder: str = ""
    notices_from: str = ""
    notices_envelope_from: str = ""
    notices_page_url: Annotated[HttpUrl | Literal[""], AfterValidator(check_web)] = ""
    notices_deadline_days: Annotated[int, Field(ge=0, le=10)] = 3
    notices_digest_hour: Annotated[int, Field(ge=0, le=23)] = 8
    notices_per_second: Annotated[int, Field(ge=0, le=1000)] = 20
    notices_keep_days: Annotated[int, Field(gt=0, le=36_500)] = 730

    red_sees_backlog: bool = False
    power_matters_end_alone: bool = True
    special_category_roles: list[Literal["own", "attorney", "red"]] = ["own", "attorney"]
    special_category_level: Level = Level.LOW

    issuing_body_grounds: bool = True
    attorney_obliges_grantor: bool = False
    succession_policies: list[Literal["number_change", "account_subrogation", "guardianship"]] = [
        "number_change",
        "account_subrogation",
        "guardianship",
    ]

    log_origin: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] = "notigateway.example/log"

    wscn_page_size: Annotated[int, Field(ge=2, le=1000)] = 100
    wscn_acuse_valid_seconds: Annotated[int, Field(gt=0, le=86_400)] = 3600
    wscn_unsafe_accept_sha1_acuse: bool = False

    database_pool_size: Positive = 8
    database_timeout_seconds: Positive = 30

    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _check_production(self) -> Self:
        """Refuse in production what only a test can want."""
        self._check_device()
        arcs = [one.arc for one in self.certificate_families]
        if len(set(arcs)) != len(arcs):
            raise ValueError("certificate_families: an arc is there twice")
        self._check_witnesses()
        self._check_notices()
        if self.public_url.username or self.public_url.password:
            raise ValueError("public_url: no user name or password: the WSDL would tell them to everybody")
        if served_path(str(self.public_url)).rpartition("/")[2] in _TAKEN_PATHS:
            raise ValueError(
                "public_url: it cannot end with /verify or /errors, where the pages for people are"
            )
        if self.mode == "production" and self.public_url.scheme == "http" and not self.proxy_speaks_tls:
            raise ValueError(
                "public_url: in production it begins with https://, unless proxy_speaks_tls says that a "
                "proxy in front of this address speaks TLS"
            )
        if self.mode == "production" and scheme_of(self.document_store_url) == "memory":
            raise ValueError("document_store_url: in production documents must outlive the process")
        if self.mode == "production" and self.wscn_unsafe_accept_sha1_acuse:
            raise ValueError("wscn_unsafe_accept_sha1_acuse: in production no receipt is signed with SHA-1")
        if self.mode == "production" and self.unsafe_push_http:
            raise ValueError("unsafe_push_http: in production changes are pushed by https alone")
        if self.mode == "production" and any(one.unsafe_allow_sha1_until for one in self.clients):
            raise ValueError("clients: in production no client may sign with SHA-1")
        if self.mode == "production" and self.revocation == "unsafe_off":
            raise ValueError("revocation: in production a revoked certificate must not be admitted")
        return self

    @property
    def secret_files(self) -> dict[str, Path]:
        """Return the files that hold secrets, by the settings that name them."""
        files = {"service_key_file": self.service_key_file}
        files |= {f"push_key_files[{place}]": one for place, one in enumerate(self.push_key_files)}
        if not self.seal_pkcs11_module:
            files["seal_key_file"] = self.seal_key_file
        if self.seal_pkcs11_pin_file:
            files["seal_pkcs11_pin_file"] = Path(self.seal_pkcs11_pin_file)
        if self.smtp_password_file:
            files["smtp_password_file"] = Path(self.smtp_password_file)
        return files

    def left_unsaid(self) -> dict[str, str]:
        """Return the settings that no default can be right for in production, and what comes of leaving each.

        Told and not refused: a gateway may start before its lists are there, and behind no proxy at all.
        """
        if self.mode != "production":
            return {}
        left = {}
        fields = type(self).model_fields
        if self.public_url == fields["public_url"].default:
            left["public_url"] = "clients are told an address of nobody's"
        if self.log_origin == fields["log_origin"].default:
            left["log_origin"] = "the log has a name that others have too, and keeps it once it is signed"
        has_lists = any(any(self.revocation_folder.glob(f"*.{ending}")) for ending in ("crl", "ocsp"))
        if not (self.revocation_list_urls or self.revocation_hosts or has_lists):
            left["revocation_list_urls"] = (
                "nor revocation_hosts, nor a file in revocation_folder: no certificate is known not to be "
                "revoked, and every caller gets REVOCATION_UNKNOWN"
            )
        if self.trusted_proxy_hops < 0:
            left["trusted_proxy_hops"] = "failures of addresses in private networks are not counted"
        return left

    def _check_witnesses(self) -> None:
        """Refuse witnesses of whom two have one name, and more that are needed than there are."""
        names = [one.vkey.partition("+")[0] for one in self.witnesses]
        if len(set(names)) != len(names):
            raise ValueError("witnesses: a name is there twice")
        if self.witnesses_needed > max(1, len(names)):
            raise ValueError("witnesses_needed: so many are not named in witnesses")

    @property
    def pushes(self) -> bool:
        """Whether changes are pushed to who has subscribed."""
        return bool(self.push_key_files)

    @property
    def sends_notices(self) -> bool:
        """Tell whether notices are sent, by a mail server or into a folder."""
        return bool(self.smtp_address or self.notices_folder)

    def _check_notices(self) -> None:
        """Refuse a mail server that is said by half, or to whom a password would go in the clear."""
        if self.smtp_address and self.notices_folder:
            raise ValueError("smtp_address: notices go to a mail server or into notices_folder, not both")
        if self.sends_notices and not self.notices_from:
            raise ValueError("notices_from: the address that notices come from is needed")
        for name in ("notices_from", "notices_envelope_from"):
            if value := getattr(self, name):
                check_own_address(name, value)
        if bool(self.smtp_user) is not bool(self.smtp_password_file):
            raise ValueError("smtp_user: it needs smtp_password_file, and that one it")
        host = self.smtp_address.rpartition(":")[0].strip("[]")
        is_local = host in {"127.0.0.1", "::1", "localhost"}
        if self.smtp_address and self.smtp_security == "none" and not is_local:
            raise ValueError("smtp_security: without TLS only to a mail server on this machine")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError("smtp_user: a password goes over TLS only")

    def _check_device(self) -> None:
        """Refuse a key in a device that is said by half."""
        pins = [bool(self.seal_pkcs11_pin.get_secret_value()), bool(self.seal_pkcs11_pin_file)]
        labels = [bool(self.seal_pkcs11_token_label), bool(self.seal_pkcs11_key_label)]
        if self.seal_pkcs11_module and not (all(labels) and pins.count(True) == 1):
            raise ValueError(
                "seal_pkcs11_module: needs seal_pkcs11_token_label, seal_pkcs11_key_label, and one of "
                "seal_pkcs11_pin and seal_pkcs11_pin_file"
            )
        if any((*pins, *labels)) and not self.seal_pkcs11_module:
            raise ValueError("seal_pkcs11_module: the other settings of the device need it")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  (signature given by pydantic-settings)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, as operators of containers expect."""
        return env_settings, init_settings


def load_settings(
    file: Path | None, *, overrides: Mapping[str, Any] | None = None, whatever_modes: bool = False
) -> Settings:
    """Read the settings from a TOML file (optional) and the environment.

    `whatever_modes`: also where others may read a secret; for whoever looks at that by itself.

    Raises: `ConfigurationError` naming the key and the reason.
    """
    values: dict[str, Any] = {}
    if file is not None:
        text = ""
        try:
            text = read_file(file).decode()
            values = tomllib.loads(text)
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{file} is not TOML: it is no text in UTF-8") from error
        except RecursionError as error:
            raise ConfigurationError(f"{file} is not TOML: brackets in brackets, too deep") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{file} {no_toml(str(error), text)}") from error
    problem = wrong_name(values, Settings.model_fields) or wrong_variable(os.environ, Settings.model_fields)
    if problem is not None:
        raise ConfigurationError(problem)
    try:
        settings = Settings(**values | dict(overrides or {}))
    except ValidationError as error:
        raise ConfigurationError("; ".join(map(refusal, error.errors()))) from error
    except SettingsError as error:  # a list in the environment that is no JSON
        raise ConfigurationError(no_json(str(error), Settings.model_fields)) from error
    if settings.mode == "production" and not whatever_modes:
        _check_secrets(settings.secret_files)
        if file is not None:
            _check_secrets({f"the settings hold a password, {name}": file for name in _secrets(values)})
    return settings


def _check_secrets(files: Mapping[str, Path]) -> None:
    """Refuse secrets that others may read. Raises: `ConfigurationError`."""
    for name, file in files.items():
        if not is_kept(file):
            raise ConfigurationError(
                f"{name}: {file} is readable by others than its owner: chmod 600, or 440 where it is root's "
                "and the gateway's account reads it through its group"
            )


def _secrets(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the settings in a file that hold a password: a PIN, or a URL with one in it."""
    for name, value in values.items():
        urls = value if isinstance(value, list) else [value]
        is_url = name.endswith(("_url", "_urls"))
        has_one = is_url and any(isinstance(one, str) and has_password(one) for one in urls)
        if has_one or (name == "seal_pkcs11_pin" and value):
            yield name
