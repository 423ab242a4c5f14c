"""Every error of the gateway, each with a stable code: one catalogue, leaf of the import graph.

A class with a code is one entry of the catalogue, a class without one a family. What varies travels in
`facts` (public, typed, never an echo of the request) and in the exception's message (operator's log only).
What an entry says to somebody stands in `contract/problems.py`; which SOAP fault code a family has, in
`soap/faults.py`: one table each, at the border.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class GatewayError(Exception):
    """What the gateway refuses, in the words of the domain.

    Raises nothing itself. `detail` is for the operator's log; `facts` may be shown to the caller and
    therefore hold only numbers, instants and words of our own vocabulary. A family has no code.
    """

    code: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init_subclass__(cls, *, code: str = "") -> None:
        """Give an entry of the catalogue its code, beside its name and family."""
        super().__init_subclass__()
        if code:
            cls.code = code

    def __init__(self, detail: str = "", **facts: str | int | datetime) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.facts = facts

    @property
    def line(self) -> dict[str, str]:
        """Return what the operator's log says of it."""
        return {"code": self.code, "detail": self.detail}


# --- before a message is parsed: static, unsigned answers -----------------------------------------


class TransportError(GatewayError):
    """The HTTP request is refused before any XML is parsed; the answer is static and unsigned."""

    status: ClassVar[int] = 400


class MethodNotAllowedError(TransportError, code="METHOD_NOT_ALLOWED"):
    """Only POST executes an operation, only GET reads the contract."""

    status = 405


class NotOurPathError(TransportError, code="PATH_UNKNOWN"):
    """No service stands at that path."""

    status = 404


class UnsupportedMediaTypeError(TransportError, code="UNSUPPORTED_MEDIA_TYPE"):
    """Content type, charset or content encoding is not one we read."""

    status = 415


class TooLargeError(TransportError, code="REQUEST_TOO_LARGE"):
    """The request body exceeds the configured size; reading stopped."""

    status = 413


class TruncatedBodyError(TransportError, code="REQUEST_TRUNCATED"):
    """Fewer bytes arrived than Content-Length promised."""


class TooManyFailuresError(TransportError, code="TOO_MANY_FAILURES"):
    """Too many requests of the same peer failed to prove who sent them; nothing is read for a while."""

    status = 429
    retryable = True


class MimeInvalidError(TransportError, code="MIME_INVALID"):
    """The parts of a message are not those of one MTOM message, or beyond the limits; `rule` says how."""


class MalformedXmlError(TransportError, code="XML_NOT_WELL_FORMED"):
    """Not well-formed XML in UTF-8, or structurally beyond the limits."""


class ForbiddenXmlError(TransportError, code="XML_DOCTYPE_FORBIDDEN"):
    """A DOCTYPE is present: refused before it is read."""


class XmlLimitError(TransportError, code="XML_LIMIT_EXCEEDED"):
    """Depth, element, attribute or namespace counts exceed the limits."""


# --- the envelope and its contents ----------------------------------------------------------------


class RequestError(GatewayError):
    """The request cannot be understood as one of our operations."""


class VersionMismatchError(RequestError, code="SOAP_VERSION_MISMATCH"):
    """The Envelope is in no namespace of SOAP, or in another than the content type says."""


class MustUnderstandError(RequestError, code="HEADER_NOT_UNDERSTOOD"):
    """A header addressed to us must be understood and is not."""


class EnvelopeStructureError(RequestError, code="ENVELOPE_STRUCTURE"):
    """Not exactly one optional Header followed by one Body with one element."""


class UnknownOperationError(RequestError, code="OPERATION_UNKNOWN"):
    """The Body's element is not an operation of this contract."""


class ActionMismatchError(RequestError, code="ACTION_MISMATCH"):
    """SOAPAction names another operation than the Body."""


class AddressingError(RequestError, code="ADDRESSING_INVALID"):
    """A signed WS-Addressing header is repeated, unreadable, or says something else than the message."""


class AddressedActionError(AddressingError, code="ADDRESSING_ACTION_MISMATCH"):
    """A signed Action of WS-Addressing names another operation than the Body."""


class ReplyAddressError(RequestError, code="REPLY_ADDRESS_UNSUPPORTED"):
    """An answer is wanted somewhere else than on the connection of the request."""


class InvalidRequestError(RequestError, code="INVALID_REQUEST"):
    """The operation element does not match the published schema."""


class InvalidCursorError(RequestError, code="INVALID_CURSOR"):
    """The cursor was not issued for this caller and this filter."""


class InvalidRangeError(RequestError, code="INVALID_RANGE"):
    """Offset or length lie outside the document."""


class TextInvalidError(RequestError, code="TEXT_INVALID"):
    """A text that people will read holds a character that hides or turns others; `position` says which."""


class RoleUnknownError(RequestError, code="ROLE_UNKNOWN"):
    """The capacity (`rol`) is not one of the contract's."""


# --- WS-Security: one class per failing step ------------------------------------------------------


class SecurityError(GatewayError):
    """The message is not proven to come, unchanged and fresh, from an admitted caller."""


class SecurityHeaderError(SecurityError):
    """Family wsse:InvalidSecurity: malformed or missing security header."""


class SecurityHeaderMissingError(SecurityHeaderError, code="SECURITY_HEADER_MISSING"):
    """No wsse:Security header is addressed to us, or it holds no signature."""


class SecurityHeaderInvalidError(SecurityHeaderError, code="SECURITY_HEADER_INVALID"):
    """The security header's structure is not the one of the profile."""


class DuplicateIdError(SecurityHeaderError, code="ID_DUPLICATE"):
    """An id occurs twice in the document."""


class TimestampInvalidError(SecurityHeaderError, code="TIMESTAMP_INVALID"):
    """The Timestamp is missing or cannot be read."""


class TokenError(SecurityError):
    """Family wsse:InvalidSecurityToken: the token cannot be read or is not fit to sign."""


class TokenInvalidError(TokenError, code="TOKEN_INVALID"):
    """The token is not a readable X.509 certificate or path, or its parts designate several."""


class TokenWeakError(TokenError, code="TOKEN_WEAK"):
    """The certificate's key or its own signature is too weak."""


class TokenTooLargeError(TokenError, code="TOKEN_TOO_LARGE"):
    """The certificate's key is so large that verifying with it would cost too much."""


class TokenUnavailableError(SecurityError, code="TOKEN_UNAVAILABLE"):
    """The signature points to no token of this header and to no known certificate."""


class TokenTypeError(SecurityError, code="TOKEN_TYPE_UNSUPPORTED"):
    """The token or key reference is of a kind we do not read."""


class AuthenticationError(SecurityError):
    """Family wsse:FailedAuthentication: the certificate is genuine text but not admitted."""


class ClientNotRegisteredError(AuthenticationError, code="CLIENT_NOT_REGISTERED"):
    """The operator requires a registration that this certificate has not, or has disabled it."""


class CertificateExpiredError(AuthenticationError, code="CERTIFICATE_NOT_VALID_NOW"):
    """The certificate is outside its validity."""


class IssuerNotAuthorisedError(AuthenticationError, code="ISSUER_NOT_AUTHORISED"):
    """No valid path leads from the certificate to an authorised issuer."""


class CertificateRevokedError(AuthenticationError, code="CERTIFICATE_REVOKED"):
    """The certificate's issuer revoked it."""


class RevocationUnknownError(AuthenticationError, code="REVOCATION_UNKNOWN"):
    """Whether the certificate is revoked is not known well enough for what is asked."""

    retryable = True


class KeyUsageError(AuthenticationError, code="CERTIFICATE_MAY_NOT_SIGN"):
    """The certificate may not sign."""


class IdentityError(AuthenticationError, code="IDENTITY_NOT_READABLE"):
    """No unambiguous identity can be read from the certificate."""


class KeyHolderError(AuthenticationError, code="KEY_OF_ANOTHER"):
    """Another identity has called with this key before, and the token that names this one is not signed."""


class CallerUnknownError(AuthenticationError, code="CALLER_UNKNOWN"):
    """The identity is neither an addressee nor a representative."""


class CallerNotIssuingBodyError(AuthenticationError, code="CALLER_NOT_ISSUING_BODY"):
    """The identity is not that of an issuing body."""


class CallerNotOperatorError(AuthenticationError, code="CALLER_NOT_OPERATOR"):
    """The identity is not that of an operator of this service."""


class SealMayNotDecideError(AuthenticationError, code="SEAL_MAY_NOT_DECIDE"):
    """Here an entity decides by a person who represents it, not by its seal."""


class CheckError(SecurityError):
    """Family wsse:FailedCheck: the signature does not cover or match the message."""


class NotSignedError(CheckError, code="PART_NOT_SIGNED"):
    """Body, Timestamp or a header that must be signed is not covered by the signature."""


class SignatureReferenceError(CheckError, code="REFERENCE_NOT_RESOLVED"):
    """A Reference does not designate a part that may be signed."""


class DigestError(CheckError, code="DIGEST_DIFFERS"):
    """The digest of a signed part differs."""


class CanonicalFormError(CheckError, code="NO_CANONICAL_FORM"):
    """A signed part has a namespace name that is a relative URI, so there is nothing to digest."""


class SignatureValueError(CheckError, code="SIGNATURE_WRONG"):
    """The signature value does not verify with the certificate's key."""


class ReplayError(CheckError, code="MESSAGE_REPLAYED"):
    """The same signed message was already received.

    Of an honest client it is an accident that a second mends: its Timestamp has whole seconds, its ids
    never change, and RSA gives one signature for one text.
    """

    retryable = True


class UndatedReplayError(ReplayError, code="UNDATED_MESSAGE_REPLAYED"):
    """The same signed message without Timestamp was already received; waiting makes it no other."""

    retryable = False


class AlgorithmError(SecurityError, code="ALGORITHM_UNSUPPORTED"):
    """An algorithm outside the whitelist."""


class FreshnessError(SecurityError, code="MESSAGE_EXPIRED"):
    """The Timestamp is outside its window."""


# --- notifications and their lifecycle: per-item outcomes -----------------------------------------


class NotFoundError(GatewayError):
    """What is not the caller's does not exist."""


class NotificationUnknownError(NotFoundError, code="NOTIFICATION_UNKNOWN"):
    """No notification with that identifier is at the caller's disposal."""


class GrantorUnknownError(NotFoundError, code="GRANTOR_UNKNOWN"):
    """The party named has given the caller no power in force."""


class DocumentUnknownError(NotFoundError, code="DOCUMENT_UNKNOWN"):
    """The notification has no such document."""


class ActUnknownError(NotFoundError, code="ACT_UNKNOWN"):
    """The issuing body has no act with that reference."""


class LifecycleError(GatewayError):
    """The rule of law does not allow it (any more)."""


class LapsedError(LifecycleError, code="NOTIFICATION_LAPSED"):
    """Ten natural days passed without access: deemed rejected (Ley 39/2015 art. 43.2)."""


class AlreadyDecidedError(LifecycleError, code="ALREADY_DECIDED"):
    """Somebody decided before."""


class NotAcceptedError(LifecycleError, code="NOT_ACCEPTED"):
    """Content is released only after a committed acceptance."""


class LapseNotFinalError(LifecycleError, code="LAPSE_NOT_FINAL"):
    """It lapsed by the clock, and the evidence of that is not written yet."""

    retryable = True


class InformationEndedError(LifecycleError, code="INFORMATION_ENDED"):
    """The years in which it could be read for information are over."""


class CancelledError(LifecycleError, code="NOTIFICATION_CANCELLED"):
    """The issuing body withdrew the notification."""


class RejectedError(LifecycleError, code="NOTIFICATION_REJECTED"):
    """It was rejected, so its content is not delivered."""


class NotRejectableError(LifecycleError, code="NOT_REJECTABLE"):
    """A communication has no legal effect and cannot be rejected."""


class NoDeadlineError(LifecycleError, code="NO_DEADLINE"):
    """It never lapses, so there is nothing to extend."""


class DeadlineNotLaterError(LifecycleError, code="DEADLINE_NOT_LATER"):
    """A deadline can only be moved to a later instant (Ley 39/2015 art. 32)."""


class ReportInvalidError(LifecycleError, code="REPORT_INVALID"):
    """A decision of another channel cannot have happened as it is reported."""


class MarkError(GatewayError):
    """The marks of a notification cannot be so; none of them is changed."""


class AlreadyAssignedError(MarkError, code="ALREADY_ASSIGNED"):
    """It is in somebody's hands, and was to be assigned only if it is in nobody's."""


class TooManyLabelsError(MarkError, code="TOO_MANY_LABELS"):
    """A notification has ten labels of a party at most."""


# --- publication ----------------------------------------------------------------------------------


class PublicationError(GatewayError):
    """An act cannot be put at disposal as submitted; nothing of it is stored."""


class InvalidActError(PublicationError, code="ACT_INVALID"):
    """The act's data are incomplete or invalid."""


class NeverElectronicError(PublicationError, code="ACT_NEVER_ELECTRONIC"):
    """What is never notified electronically (Orden ISM/903/2020 art. 3.2 and 5)."""


class IssuingBodyUnknownError(PublicationError, code="ISSUING_BODY_UNKNOWN"):
    """No issuing body with that DIR3 code."""


class EmployeeInvalidError(PublicationError, code="EMPLOYEE_INVALID"):
    """An authorisation of an employee by an issuing body cannot be so; the message names the field."""


class EmployeeUnknownError(NotFoundError, code="EMPLOYEE_UNKNOWN"):
    """The issuing body has authorised nobody with that NIF."""


class ReferenceConflictError(PublicationError, code="REFERENCE_CONFLICT"):
    """The reference is already used for another act."""


# --- representation: powers, RED assignments, delivery ---------------------------------------------


class PowerUnknownError(NotFoundError, code="POWER_UNKNOWN"):
    """No power with that identifier concerns the caller."""


class RedAssignmentUnknownError(NotFoundError, code="RED_ASSIGNMENT_UNKNOWN"):
    """No RED assignment with that identifier concerns the caller's account."""


class ObligationUnknownError(NotFoundError, code="OBLIGATION_UNKNOWN"):
    """No entry with that identifier is in the register of obligations."""


class RepresentationError(GatewayError):
    """A right cannot be given, taken or changed as asked; nothing is stored."""


class NotAddresseeError(RepresentationError, code="NOT_AN_ADDRESSEE"):
    """Who is not registered as an addressee has nothing that the operator could change."""


class PowerInvalidError(RepresentationError, code="POWER_INVALID"):
    """A value of the power is missing or invalid."""


class PowerSelfGrantedError(RepresentationError, code="POWER_SELF_GRANTED"):
    """Grantor and attorney are the same party."""


class PowerTooLongError(RepresentationError, code="POWER_TOO_LONG"):
    """A power, and each extension of it, runs for at most five years (Orden ISM/189/2021 art. 8)."""


class PowerExistsError(RepresentationError, code="POWER_EXISTS"):
    """The same attorney already has a power of the same scope in that time."""


class PowerNotInForceError(RepresentationError, code="POWER_NOT_IN_FORCE"):
    """The power's state does not allow it; the fact `state` says which one it is."""


class RepresentativeRequiredError(RepresentationError, code="REPRESENTATIVE_REQUIRED"):
    """An entity acts in the register of powers by a representative's certificate, never by its seal."""


class PowerItemUnknownError(RepresentationError, code="POWER_ITEM_UNKNOWN"):
    """The power does not name that matter, group or procedure."""


class PowerIndivisibleError(RepresentationError, code="POWER_INDIVISIBLE"):
    """Nothing can be taken out of a general power or out of a matter (Orden ISM/189/2021 art. 2.a, 2.b)."""


class CatalogueInvalidError(RepresentationError, code="CATALOGUE_INVALID"):
    """A line of a catalogue of matters and procedures is wrong; the message names it by its number."""


class ImportLineError(RepresentationError, code="IMPORT_LINE_INVALID"):
    """A line of an imported file cannot be read, or says otherwise than an earlier one; it is left out."""


class RedAssignmentInvalidError(RepresentationError, code="RED_ASSIGNMENT_INVALID"):
    """A value of the RED assignment is missing or invalid."""


class RedUserInvalidError(RepresentationError, code="RED_USER_INVALID"):
    """A registration of a secondary user of a RED authorisation is incomplete or cannot be so."""


class UserInvalidError(RepresentationError, code="USER_INVALID"):
    """A registration of somebody who works for an entity is incomplete or cannot be so."""


class NotAllowedToDecideError(RepresentationError, code="NOT_ALLOWED_TO_DECIDE"):
    """Who signed works for the entity only to read."""


class UserUnknownError(RepresentationError, code="USER_UNKNOWN"):
    """The entity has no such registration."""


class EntityRequiredError(RepresentationError, code="ENTITY_REQUIRED"):
    """Only an entity registers who works for it, by its representative or its seal."""


class AccountInvalidError(RepresentationError, code="ACCOUNT_INVALID"):
    """An entry of the register of addressees and accounts is incomplete or cannot be so."""


class RedAssignmentOverlapsError(RepresentationError, code="RED_ASSIGNMENT_OVERLAPS"):
    """Another RED assignment of the account stands in that time."""


class ObligationInvalidError(RepresentationError, code="OBLIGATION_INVALID"):
    """A value of the entry is missing or invalid."""


class ObligationOverlapsError(RepresentationError, code="OBLIGATION_OVERLAPS"):
    """Another entry of the same ground stands in that time."""


class SuccessionUnknownError(NotFoundError, code="SUCCESSION_UNKNOWN"):
    """No succession with that identifier was communicated."""


class SuccessionInvalidError(RepresentationError, code="SUCCESSION_INVALID"):
    """A value of the succession is missing or invalid, or it cannot have happened so."""


class SuccessionExistsError(RepresentationError, code="SUCCESSION_EXISTS"):
    """Somebody else has taken that place for some of the same acts."""


class SubscriptionError(GatewayError):
    """A subscription to changes cannot be made as asked; nothing is stored."""


class PushUnavailableError(SubscriptionError, code="PUSH_UNAVAILABLE"):
    """The operator has no key for pushing changes."""


class SubscriptionInvalidError(SubscriptionError, code="SUBSCRIPTION_INVALID"):
    """Nothing is sent to that address; the facts say why."""


class SubscriptionsTooManyError(SubscriptionError, code="SUBSCRIPTIONS_TOO_MANY"):
    """As many subscriptions of the party stand as the operator allows; the fact `limit` says how many."""


class SubscriptionUnknownError(NotFoundError, code="SUBSCRIPTION_UNKNOWN"):
    """No subscription with that identifier is the caller's."""


class ChannelObligedError(RepresentationError, code="CHANNEL_OBLIGED"):
    """Who is obliged to electronic means cannot choose paper (Ley 39/2015 art. 14.2 and 41.1)."""


class ContactInvalidError(RepresentationError, code="CONTACT_INVALID"):
    """An electronic contact cannot be one; nothing is changed."""


class NoticesOffError(RepresentationError, code="NOTICES_OFF"):
    """This service sends no notices, so it takes no contacts."""


# --- outages --------------------------------------------------------------------------------------


class OutageError(GatewayError):
    """An outage cannot be declared or ended so; nothing is changed."""


class OutageInvalidError(OutageError, code="OUTAGE_INVALID"):
    """Instants or texts of an outage are not possible; the message names the field."""


class OutageOverlapsError(OutageError, code="OUTAGE_OVERLAPS"):
    """Another outage is declared for some of that time."""


class OutageUnknownError(NotFoundError, code="OUTAGE_UNKNOWN"):
    """No outage with that identifier."""


class OutageClosedError(OutageError, code="OUTAGE_CLOSED"):
    """The outage was closed before, with another end."""


# --- receipts -------------------------------------------------------------------------------------


class ReceiptInvalidError(GatewayError, code="RECEIPT_INVALID"):
    """The bytes are not a receipt sealed by one of the pinned seal certificates; says which check failed."""


class StampInvalidError(GatewayError, code="TIME_STAMP_INVALID"):
    """The token is not a time-stamp of a pinned authority over this receipt; says which check failed."""


class RenditionError(GatewayError, code="RENDITION_FAILED"):
    """The form of a receipt for people could not be made; the receipt itself is what counts and stands."""


class RenditionInvalidError(GatewayError, code="RENDITION_INVALID"):
    """The PDF is not the unchanged form of a receipt, sealed with a pinned seal; says which check failed."""


class BundleInvalidError(GatewayError, code="BUNDLE_INVALID"):
    """The file is not an unchanged evidence bundle; says which check failed."""


class CheckpointInvalidError(GatewayError, code="CHECKPOINT_INVALID"):
    """The text is not a checkpoint of the log signed with the pinned seal; says which check failed."""


class LogDamagedError(GatewayError, code="LOG_DAMAGED"):
    """The log does not hold what it committed to; says what is wrong first."""


# --- the receipt that a party signs (acuse) --------------------------------------------------------


class AcuseError(RequestError):
    """What came back is not the acuse that we handed out, signed by the caller; nothing is decided."""


class AcuseEncodingError(AcuseError, code="ACUSE_ENCODING"):
    """Not base64 of well-formed XML in UTF-8."""


class AcuseSignatureCountError(AcuseError, code="ACUSE_SIGNATURE_COUNT"):
    """More signatures than ours and the party's."""


class AcuseOursMissingError(AcuseError, code="ACUSE_OURS_MISSING"):
    """Our own signature is gone, or it is another key's."""


class AcuseAlteredError(AcuseError, code="ACUSE_ALTERED"):
    """The data are not those that our signature covers."""


class AcuseUnsignedError(AcuseError, code="ACUSE_UNSIGNED"):
    """The party has not signed."""


class AcuseAlgorithmError(AcuseError, code="ACUSE_ALGORITHM"):
    """The party's signature names an algorithm that is not admitted."""


class AcuseSignatureError(AcuseError, code="ACUSE_SIGNATURE_WRONG"):
    """The party's signature does not verify or does not cover the data."""


class AcuseSignerError(AcuseError, code="ACUSE_OTHER_SIGNER"):
    """Another certificate signed the acuse than the message."""


class AcuseInvalidError(AcuseError, code="ACUSE_INVALID"):
    """Not the structure of an acuse, or one that was issued to somebody else."""


class AcuseExpiredError(AcuseError, code="ACUSE_EXPIRED"):
    """Too much time has passed since the acuse was handed out."""


# --- the gateway itself ---------------------------------------------------------------------------


class ServiceError(GatewayError, code="INTERNAL_ERROR"):
    """The gateway could not do its work; nothing was changed."""


class Part(StrEnum):
    """What of the gateway is away; for the operator's log and metrics, never for a caller."""

    DATABASE = "database"
    STORE = "store"
    SEAL = "seal"
    SERVICE_CERTIFICATE = "service_certificate"
    ISSUER = "issuer"
    TRUSTED_LIST = "trusted_list"
    THREADS = "threads"
    MEMORY = "memory"


class TemporarilyUnavailableError(ServiceError, code="TEMPORARILY_UNAVAILABLE"):
    """A part of the gateway did not answer in time, or cannot be used now; `part` says which."""

    retryable = True

    def __init__(self, detail: str = "", *, part: Part | None = None, **facts: str | int | datetime) -> None:
        super().__init__(detail, **facts)
        self.part = part

    @property
    def line(self) -> dict[str, str]:
        """Add what is away."""
        return super().line | ({} if self.part is None else {"part": self.part.value})


class RateLimitedError(ServiceError, code="RATE_LIMITED"):
    """The caller asks more often than it may; nothing was executed."""

    retryable = True


class DocumentDamagedError(ServiceError, code="DOCUMENT_DAMAGED"):
    """A stored document no longer matches its hash: it is never delivered."""


class RevocationDataError(GatewayError, code="REVOCATION_DATA_INVALID"):
    """A revocation list or an OCSP answer cannot be had or does not count; only the operator sees it."""


class ConfigurationError(GatewayError, code="CONFIGURATION"):
    """The operator's settings or files do not allow the gateway to start."""


def catalogue(root: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """Yield every class with a code, family by family."""
    for cls in root.__subclasses__():
        if "code" in vars(cls) and cls.code:
            yield cls
        yield from catalogue(cls)
