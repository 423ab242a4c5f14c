"""The evidence of the vectors: what receipts say, and whole bundles; each part can be another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from envelopes import Draft
from vector_keys import Holder, from_seed, holder, revocation_list, token
from vector_log import (
    BODY_NIF,
    LOG,
    NAME,
    NIF,
    cosigned,
    head_text,
    key_id,
    leaf_hash,
    leaf_of,
    line,
    node,
    text_of,
)
from vector_seals import (
    ECDSA,
    MEMBERS,
    POLICIES,
    container_seal,
    element,
    nif,
    pdf,
    raised,
    sealed,
    sha256,
    value_element,
    written,
    zip_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
DISPOSED: Final = NOW - timedelta(days=3)
STAMPED: Final = timedelta(seconds=40)
NOTIFICATION: Final = "01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c3d"
OTHER_NOTIFICATION: Final = "01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c99"
FIRST_ID, SECOND_ID = "01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c30", "01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c31"
ETSI: Final = "http://uri.etsi.org/19522/Event/"
_DOCUMENT: Final = "01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c40"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a receipt says, in the order of the schema (V20)."""

    identifier: str = FIRST_ID
    event: str = "NotificationForAcceptance"
    at: datetime = DISPOSED
    reasons: str = ""
    channel: str = ""
    outages: str = ""
    actors: str = ""
    notification: str = NOTIFICATION
    subject: str = "Reclamación de deuda &amp; recargo"
    routing: str = ""
    policy: str = "4"
    policy_sha256: str = ""
    previous: bytes | None = None
    previous_id: str = FIRST_ID

    def content(self) -> str:
        """Return it in canonical form, without its seal."""
        return "".join(
            (
                '<Evidence xmlns="urn:notigateway:evidence:1">',
                element("EvidenceIdentifier", self.identifier),
                element("ERDSEventId", ETSI + self.event),
                element("EventReasons", self.reasons) if self.reasons else "",
                element("EventTime", text_of(self.at)),
                element("Channel", self.channel) if self.channel else "",
                element("SubmissionTime", text_of(DISPOSED)),
                element(
                    "Deadline",
                    element("ExpiresAt", text_of(NOW + timedelta(days=7))),
                    "<RuleId>ley39/2015:43.2</RuleId><Zone>Europe/Madrid</Zone>",
                ),
                self.outages,
                self._policy(),
                element(
                    "SenderDetails", "<Dir3>EA0041485</Dir3><Name>Organismo de prueba</Name>", nif(BODY_NIF)
                ),
                element("RecipientDetails", nif(NIF), element("Name", NAME)),
                self.actors,
                self._content(),
                self._previous(),
                element(
                    "HumanRendition",
                    "<CsvCode>ABCDEFGHIJKLMNOPQRSTUVWX</CsvCode><TemplateId>urn:notigateway:receipt-template</TemplateId>"
                    "<TemplateVersion>3</TemplateVersion>",
                ),
                "<RetentionClass>standard</RetentionClass></Evidence>",
            )
        )

    def _policy(self) -> str:
        named = element("EvidenceIssuerPolicyID", f"urn:notigateway:evidence-policy:{self.policy}")
        digest = self.policy_sha256 or POLICIES[self.policy]
        return element("EvidenceIssuerPolicy", named, element("Sha256", digest))

    def _content(self) -> str:
        document = element(
            "Document",
            element("DocumentId", _DOCUMENT),
            "<MediaType>application/pdf</MediaType><Size>1</Size>",
            element("Sha256", sha256(b"1")),
        )
        return element(
            "UserContentInfo",
            element("NotificationId", self.notification),
            "<NotificationCode>7</NotificationCode><ActReference>ACT-1</ActReference>",
            element("Subject", self.subject),
            element("Procedure", "2001234"),
            self.routing,
            document,
        )

    def _previous(self) -> str:
        if self.previous is None:
            return ""
        named = element("EvidenceIdentifier", self.previous_id)
        return element("PreviousEvidence", named, element("Sha256", sha256(self.previous)))


# What routes an act, as receipts say it since they do.
ROUTING: Final = (
    "<Matter>collection</Matter><Ccc>011128123456742</Ccc><Naf>281234567840</Naf>"
    "<Metadata><Key>period</Key><Value>2026-01</Value></Metadata>"
    "<Metadata><Key>unit</Key><Value>Nave 2 &amp; 3</Value></Metadata>"
)


def actors(
    request: bytes,
    by: Holder,
    status: bytes | None,
    *,
    delegate: bool = True,
    report: str = "",
    who: str = NIF,
) -> str:
    """Return who acted, how that was known, and by which request."""
    return "".join(
        (
            element("DelegateDetails", "<Role>own</Role>", nif(NIF), element("Name", NAME))
            if delegate
            else "",
            element(
                "ActorAuthentication",
                "<Method>x509-ws-security</Method>",
                element("CertificateSha256", sha256(by.der)),
                element("Issuer", by.certificate.issuer.rfc4514_string()),
                element("Serial", str(by.certificate.serial_number)),
                nif(who),
                element("ValidationTime", text_of(NOW)),
                ""
                if status is None
                else f"<RevocationSource>crl</RevocationSource>{element('RevocationSha256', sha256(status))}",
                "<AlgorithmPolicy>urn:notigateway:algorithm-policy:1</AlgorithmPolicy><Outcome>passed</Outcome>",
                "<Means>certificate</Means><Level>high</Level>",
            ),
            element(
                "RequestEvidence",
                "<MessageId>01939f5e-7b6a-7c3e-9d0f-2f5d8a1b2c32</MessageId>",
                element("EnvelopeSha256", sha256(request)),
                element("SignatureMethod", ECDSA),
            ),
            report,
        )
    )


@cache
def request(
    operation: str = "AcceptNotifications",
    by: str = "caller",
    notification: str = NOTIFICATION,
    contract: str = "",
    **more: object,
) -> bytes:
    """Return a signed request (V50); `more` are parts of it that are otherwise."""
    signer = holder(by)
    namespace = contract or "urn:notigateway:v1"
    content = f'<n:{operation} xmlns:n="{namespace}"><n:id>{notification}</n:id></n:{operation}>'
    return Draft(
        pair=signer.pair,
        content=content,
        now=NOW,
        sign=signer.xml_value,
        signature_method=ECDSA,
        **more,  # type: ignore[arg-type]
    ).build()


def good_list() -> bytes:
    return revocation_list(at=NOW)


# --- the log --------------------------------------------------------------------------------------------


# --- bundles --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The parts of a bundle. `files` replaces members, or with None takes them away, before the manifest."""

    receipt: bytes
    identifier: str = FIRST_ID
    sealed_at: datetime = DISPOSED
    previous: bytes | None = None
    seal: str = "seal"
    made_by: str = "seal"
    authority: str = "authority"
    delay: timedelta = STAMPED
    is_stamped: bool = True
    salt: bytes = field(default_factory=lambda: from_seed("salt", 32))
    witnesses: Sequence[tuple[str, datetime]] = ()
    more_of_head: Sequence[str] = ()
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    left_out: Sequence[Mapping[str, str]] = ()
    made_at: datetime = NOW + timedelta(days=1)

    def _token(self, about: bytes, at: datetime) -> bytes:
        return token(about, at + self.delay, self.authority)

    def raised(self, receipt: bytes, at: datetime) -> bytes:
        return raised(receipt, self._token(value_element(receipt), at)) if self.is_stamped else receipt

    def leaf(self) -> bytes:
        return leaf_of(self.identifier, self.receipt, self.salt)

    def head(self) -> tuple[bytes, bytes]:
        """Return the head of a log of three leaves, ours is the second: text and seal's signature."""
        first, last = leaf_hash(b"first"), leaf_hash(b"last")
        root = node(node(first, leaf_hash(self.leaf())), last)
        text = head_text(3, root, self.sealed_at + timedelta(seconds=10), *self.more_of_head)
        return text, holder(self.made_by).sign(text)

    def note(self, text: bytes, signature: bytes) -> bytes:
        seal = line(LOG, key_id(holder(self.made_by)), signature)
        others = (cosigned(text, name, at) for name, at in self.witnesses)
        return text + b"\n" + seal + b"".join(others)

    def members(self) -> dict[str, bytes]:
        """Return the files that the manifest lists."""
        text, signature = self.head()
        proof = [leaf_hash(b"first").hex(), leaf_hash(b"last").hex()]
        maker = holder(self.made_by)
        at = text_of(self.made_at)
        dated = {
            "certificates/timestamp.cer": holder(self.authority).der,
            "log/checkpoint.tst": self._token(signature, self.sealed_at + timedelta(seconds=10)),
        }
        found: dict[str, bytes | None] = {
            "receipt.xml": self.raised(self.receipt, self.sealed_at),
            "receipt.pdf": pdf(
                self.receipt,
                maker,
                at,
                stamped=(self.made_at + self.delay, self.authority) if self.is_stamped else None,
            ),
            "previous.xml": None if self.previous is None else self.raised(self.previous, DISPOSED),
            "certificates/seal.cer": holder(self.seal).der,
            "log/leaf.txt": self.leaf(),
            "log/inclusion.json": written({"index": 1, "salt": self.salt.hex(), "proof": proof}),
            "log/checkpoint.note": self.note(text, signature),
            **(dated if self.is_stamped else {}),
            **self.files,
        }
        return {name: content for name in MEMBERS if (content := found.get(name)) is not None}

    def manifest(self) -> dict[str, object]:
        """Return what the manifest says."""
        files = [
            {"name": name, "size": len(content), "sha256": sha256(content)}
            for name, content in self.members().items()
        ]
        said: dict[str, object] = {
            "format": "urn:notigateway:evidence-bundle:2",
            "receipt": self.identifier,
            "made_at": text_of(self.made_at),
            "seal_sha256": sha256(holder(self.made_by).der),
            "files": files,
        }
        return said | ({"left_out": list(self.left_out)} if self.left_out else {})

    def all_files(self, manifest: bytes | None = None, *, high: bool = False) -> dict[str, bytes]:
        """Return the members with the manifest and its signature."""
        text = manifest or written(self.manifest())
        seal = holder(self.made_by)
        return {"manifest.json": text, "manifest.sig": seal.sign(text, high=high), **self.members()}

    def build(self) -> bytes:
        return zip_of(self.all_files().items())

    def container(self) -> dict[str, bytes]:
        """Return the files of the same as a container of associated signatures (V71)."""
        files = {"manifest.json": written(self.manifest()), **self.members()}
        seal = container_seal(files, holder(self.made_by), text_of(self.made_at))
        return {"mimetype": b"application/vnd.etsi.asic-e+zip", **files, "META-INF/signatures001.xml": seal}

    def but(self, **files: bytes | None) -> Bundle:
        """Return it with other members: a name's point and slash are written `_`."""
        names = {name.replace(".", "_").replace("/", "_"): name for name in MEMBERS}
        return replace(self, files={**self.files, **{names[one]: content for one, content in files.items()}})


# --- the pieces most vectors begin with -----------------------------------------------------------------


@cache
def available(by: str = "seal") -> bytes:
    """Return the receipt of the putting at disposal."""
    return sealed(Said().content(), holder(by), text_of(DISPOSED))


@cache
def acceptance(by: str = "seal", previous: bytes | None = None, status: bytes | None = None) -> bytes:
    """Return the receipt of an acceptance."""
    said = Said(
        identifier=SECOND_ID,
        event="ConsignmentAcceptance",
        at=NOW,
        channel="web_service",
        actors=actors(request(), holder("caller"), status or good_list()),
        previous=previous or available(by),
    )
    return sealed(said.content(), holder(by), text_of(NOW))


def small(by: str = "seal") -> Bundle:
    """Return the smallest bundle: of the first receipt."""
    return Bundle(receipt=available(by), seal=by, made_by=by)


def large(by: str = "seal") -> Bundle:
    """Return the bundle of an acceptance, with everything in it."""
    return Bundle(
        receipt=acceptance(by),
        identifier=SECOND_ID,
        sealed_at=NOW,
        previous=available(by),
        seal=by,
        made_by=by,
        files={
            "request.xml": request(),
            "certificates/caller.cer": holder("caller").der,
            "revocation.der": good_list(),
        },
    )
