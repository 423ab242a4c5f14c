"""Every error of the gateway, each with a stable code: one catalogue, leaf of the import graph.

A class is one entry of the catalogue. Its texts are constant; what varies travels in `facts`
(public, typed, never an echo of the request) and in the exception's message (audit log only).
The families decide the SOAP fault code in `soap/faults.py`, the one table between both worlds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class GatewayError(Exception):
    """What the gateway refuses, in the words of the domain.

    Raises nothing itself. `detail` is for the audit log; `facts` may be shown to the caller and
    therefore hold only numbers, instants and words of our own vocabulary.
    """

    code: ClassVar[str] = ""
    text_en: ClassVar[str] = ""
    text_es: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", **facts: str | int | datetime) -> None:
        super().__init__(detail or self.text_en)
        self.detail = detail
        self.facts = facts


# --- before a message is parsed: static, unsigned answers -----------------------------------------


class TransportError(GatewayError):
    """The HTTP request is refused before any XML is parsed; the answer is static and unsigned."""

    status: ClassVar[int] = 400


class MethodNotAllowedError(TransportError):
    """Only POST executes an operation, only GET reads the contract."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    text_en = "Only POST executes operations; the contract is read with GET ?wsdl."
    text_es = "Solo POST ejecuta operaciones; el contrato se lee con GET ?wsdl."


class NotOurPathError(TransportError):
    """No service stands at that path."""

    code = "PATH_UNKNOWN"
    status = 404
    text_en = "No service stands at this path."
    text_es = "No hay ningún servicio en esta ruta."


class UnsupportedMediaTypeError(TransportError):
    """Content type, charset or content encoding is not one we read."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    text_en = "Send text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2) in UTF-8 without content encoding."
    text_es = "Envíe text/xml (SOAP 1.1) o application/soap+xml (SOAP 1.2) en UTF-8 sin codificación."


class TooLargeError(TransportError):
    """The request body exceeds the configured size; reading stopped."""

    code = "REQUEST_TOO_LARGE"
    status = 413
    text_en = "The request is larger than this service accepts."
    text_es = "La petición supera el tamaño que acepta este servicio."


class TruncatedBodyError(TransportError):
    """Fewer bytes arrived than Content-Length promised."""

    code = "REQUEST_TRUNCATED"
    text_en = "The request ended before its announced length."
    text_es = "La petición terminó antes de la longitud anunciada."


class TooManyFailuresError(TransportError):
    """Too many requests of the same peer failed to prove who sent them; nothing is read for a while."""

    code = "TOO_MANY_FAILURES"
    status = 429
    retryable = True
    text_en = "Too many requests from your address could not be authenticated; wait for Retry-After seconds."
    text_es = (
        "Demasiadas peticiones de su dirección no se pudieron autenticar; espere los segundos de Retry-After."
    )


class MalformedXmlError(TransportError):
    """Not well-formed XML in UTF-8, or structurally beyond the limits."""

    code = "XML_NOT_WELL_FORMED"
    text_en = "The request is not well-formed XML in UTF-8."
    text_es = "La petición no es XML bien formado en UTF-8."


class ForbiddenXmlError(TransportError):
    """A DOCTYPE is present: refused before it is read."""

    code = "XML_DOCTYPE_FORBIDDEN"
    text_en = "A document type declaration is not accepted."
    text_es = "No se acepta una declaración de tipo de documento."


class XmlLimitError(TransportError):
    """Depth, element, attribute or namespace counts exceed the limits."""

    code = "XML_LIMIT_EXCEEDED"
    text_en = "The request exceeds a structural limit of the XML we read."
    text_es = "La petición supera un límite estructural del XML que leemos."


# --- the envelope and its contents ----------------------------------------------------------------


class RequestError(GatewayError):
    """The request cannot be understood as one of our operations."""


class VersionMismatchError(RequestError):
    """The Envelope is in no namespace of SOAP, or in another than the content type says."""

    code = "SOAP_VERSION_MISMATCH"
    text_en = "The Envelope is not of SOAP 1.1 or 1.2, or not of the version that the content type says."
    text_es = "El Envelope no es de SOAP 1.1 ni 1.2, o no de la versión que indica el tipo de contenido."


class MustUnderstandError(RequestError):
    """A header addressed to us must be understood and is not."""

    code = "HEADER_NOT_UNDERSTOOD"
    text_en = "A header block with mustUnderstand is not known here."
    text_es = "Un bloque de cabecera con mustUnderstand no se conoce aquí."


class EnvelopeStructureError(RequestError):
    """Not exactly one optional Header followed by one Body with one element."""

    code = "ENVELOPE_STRUCTURE"
    text_en = "The Envelope must hold at most one Header, then one Body with one operation element."
    text_es = "El Envelope debe tener como mucho un Header y después un Body con un elemento de operación."


class UnknownOperationError(RequestError):
    """The Body's element is not an operation of this contract."""

    code = "OPERATION_UNKNOWN"
    text_en = "The element in the Body is not an operation of this contract."
    text_es = "El elemento del Body no es una operación de este contrato."


class ActionMismatchError(RequestError):
    """SOAPAction names another operation than the Body."""

    code = "ACTION_MISMATCH"
    text_en = "SOAPAction names another operation than the Body."
    text_es = "SOAPAction nombra una operación distinta de la del Body."


class AddressingError(RequestError):
    """A signed WS-Addressing header is repeated, unreadable, or says something else than the message."""

    code = "ADDRESSING_INVALID"
    text_en = "A WS-Addressing header is repeated or invalid, or names another service or operation."
    text_es = "Una cabecera WS-Addressing está repetida o no es válida, o nombra otro servicio u operación."


class ReplyAddressError(RequestError):
    """An answer is wanted somewhere else than on the connection of the request."""

    code = "REPLY_ADDRESS_UNSUPPORTED"
    text_en = "Answers go back on the same connection only: ReplyTo and FaultTo must be anonymous."
    text_es = "Las respuestas solo vuelven por la misma conexión: ReplyTo y FaultTo deben ser anónimos."


class InvalidRequestError(RequestError):
    """The operation element does not match the published schema."""

    code = "INVALID_REQUEST"
    text_en = "The request does not match the published schema."
    text_es = "La petición no cumple el esquema publicado."


class InvalidCursorError(RequestError):
    """The cursor was not issued for this caller and this filter."""

    code = "INVALID_CURSOR"
    text_en = "The cursor was not issued for this filter; start again without a cursor."
    text_es = "El cursor no se emitió para este filtro; empiece de nuevo sin cursor."


class InvalidRangeError(RequestError):
    """Offset or length lie outside the document."""

    code = "INVALID_RANGE"
    text_en = "The requested range lies outside the document."
    text_es = "El rango pedido queda fuera del documento."


class RoleUnknownError(RequestError):
    """The capacity (`rol`) is not one of the contract's."""

    code = "ROLE_UNKNOWN"
    text_en = "The number of the role is not one of this contract."
    text_es = "El número de rol no es ninguno de los de este contrato."


# --- WS-Security: one class per failing step ------------------------------------------------------


class SecurityError(GatewayError):
    """The message is not proven to come, unchanged and fresh, from an admitted caller."""


class SecurityHeaderError(SecurityError):
    """Family wsse:InvalidSecurity: malformed or missing security header."""


class SecurityHeaderMissingError(SecurityHeaderError):
    """No wsse:Security header is addressed to us, or it holds no signature."""

    code = "SECURITY_HEADER_MISSING"
    text_en = "A wsse:Security header with one signature is required."
    text_es = "Se exige una cabecera wsse:Security con una firma."


class SecurityHeaderInvalidError(SecurityHeaderError):
    """The security header's structure is not the one of the profile."""

    code = "SECURITY_HEADER_INVALID"
    text_en = "The wsse:Security header does not have the required structure."
    text_es = "La cabecera wsse:Security no tiene la estructura exigida."


class DuplicateIdError(SecurityHeaderError):
    """An id occurs twice in the document."""

    code = "ID_DUPLICATE"
    text_en = "An identifier occurs more than once in the document."
    text_es = "Un identificador aparece más de una vez en el documento."


class TimestampInvalidError(SecurityHeaderError):
    """The Timestamp is missing or cannot be read."""

    code = "TIMESTAMP_INVALID"
    text_en = "One wsu:Timestamp with Created in UTC is required."
    text_es = "Se exige un wsu:Timestamp con Created en UTC."


class TokenError(SecurityError):
    """Family wsse:InvalidSecurityToken: the token cannot be read or is not fit to sign."""


class TokenInvalidError(TokenError):
    """The token is not a readable X.509 certificate or path, or its parts designate several."""

    code = "TOKEN_INVALID"
    text_en = "The token is not a readable X.509 v3 certificate, or designates more than one."
    text_es = "El token no es un certificado X.509 v3 legible, o designa más de uno."


class TokenWeakError(TokenError):
    """The certificate's key or its own signature is too weak."""

    code = "TOKEN_WEAK"
    text_en = "The certificate's key or signature is weaker than RSA 2048, P-256 and SHA-256."
    text_es = "La clave o la firma del certificado es más débil que RSA 2048, P-256 y SHA-256."


class TokenUnavailableError(SecurityError):
    """The signature points to no token of this header and to no known certificate."""

    code = "TOKEN_UNAVAILABLE"
    text_en = "The signature points neither to a token of the same header nor to one registered certificate."
    text_es = "La firma no apunta ni a un token de la misma cabecera ni a un único certificado registrado."


class TokenTypeError(SecurityError):
    """The token or key reference is of a kind we do not read."""

    code = "TOKEN_TYPE_UNSUPPORTED"
    text_en = "This kind of token, or of reference to it, is not read."
    text_es = "No se lee este tipo de token o de referencia a él."


class AuthenticationError(SecurityError):
    """Family wsse:FailedAuthentication: the certificate is genuine text but not admitted."""


class ClientNotRegisteredError(AuthenticationError):
    """The operator requires a registration that this certificate has not, or has disabled it."""

    code = "CLIENT_NOT_REGISTERED"
    text_en = "This certificate is not registered, or its registration is disabled."
    text_es = "Este certificado no está registrado, o su registro está desactivado."


class CertificateExpiredError(AuthenticationError):
    """The certificate is outside its validity."""

    code = "CERTIFICATE_NOT_VALID_NOW"
    text_en = "The certificate has expired or is not yet valid."
    text_es = "El certificado ha caducado o aún no es válido."


class IssuerNotAuthorisedError(AuthenticationError):
    """No valid path leads from the certificate to an authorised issuer."""

    code = "ISSUER_NOT_AUTHORISED"
    text_en = "The certificate was not issued by an issuer on the authorised list."
    text_es = "El certificado no procede de un emisor de la lista autorizada."


class CertificateRevokedError(AuthenticationError):
    """The certificate's issuer revoked it."""

    code = "CERTIFICATE_REVOKED"
    text_en = "The certificate was revoked by its issuer."
    text_es = "El certificado ha sido revocado por su emisor."


class RevocationUnknownError(AuthenticationError):
    """Whether the certificate is revoked is not known well enough for what is asked."""

    code = "REVOCATION_UNKNOWN"
    retryable = True
    text_en = "It is not known at the moment whether the certificate was revoked; repeat the request later."
    text_es = "De momento no se sabe si el certificado está revocado; repita la petición más tarde."


class KeyUsageError(AuthenticationError):
    """The certificate may not sign."""

    code = "CERTIFICATE_MAY_NOT_SIGN"
    text_en = "The certificate's key usage does not allow signing."
    text_es = "El uso de clave del certificado no permite firmar."


class IdentityError(AuthenticationError):
    """No unambiguous identity can be read from the certificate."""

    code = "IDENTITY_NOT_READABLE"
    text_en = "No unambiguous NIF could be read from the certificate."
    text_es = "No se pudo leer un NIF inequívoco del certificado."


class CallerUnknownError(AuthenticationError):
    """The identity is neither an addressee nor a representative."""

    code = "CALLER_UNKNOWN"
    text_en = "The identity in the certificate is not known to this service."
    text_es = "La identidad del certificado no es conocida por este servicio."


class CallerNotIssuingBodyError(AuthenticationError):
    """The identity is not that of an issuing body."""

    code = "CALLER_NOT_ISSUING_BODY"
    text_en = "The identity in the certificate is not that of an issuing body."
    text_es = "La identidad del certificado no es la de un organismo emisor."


class CallerNotOperatorError(AuthenticationError):
    """The identity is not that of an operator of this service."""

    code = "CALLER_NOT_OPERATOR"
    text_en = "The identity in the certificate is not that of an operator of this service."
    text_es = "La identidad del certificado no es la de un operador de este servicio."


class CheckError(SecurityError):
    """Family wsse:FailedCheck: the signature does not cover or match the message."""


class NotSignedError(CheckError):
    """Body or Timestamp is not covered by the signature."""

    code = "PART_NOT_SIGNED"
    text_en = "The Body and the Timestamp must both be signed."
    text_es = "El Body y el Timestamp deben estar firmados."


class SignatureReferenceError(CheckError):
    """A Reference does not designate a part that may be signed."""

    code = "REFERENCE_NOT_RESOLVED"
    text_en = "A signature reference does not point to the Body, the Timestamp, the token or a header."
    text_es = "Una referencia de la firma no apunta al Body, al Timestamp, al token o a una cabecera."


class DigestError(CheckError):
    """The digest of a signed part differs."""

    code = "DIGEST_DIFFERS"
    text_en = "The digest of a signed part differs: it was changed after signing."
    text_es = "El resumen de una parte firmada no coincide: se modificó después de firmar."


class SignatureValueError(CheckError):
    """The signature value does not verify with the certificate's key."""

    code = "SIGNATURE_WRONG"
    text_en = "The signature value does not verify with the key of the certificate."
    text_es = "El valor de la firma no se verifica con la clave del certificado."


class ReplayError(CheckError):
    """The same signed message was already received."""

    code = "MESSAGE_REPLAYED"
    text_en = "This signed message was already received; sign a new one to repeat the request."
    text_es = "Este mensaje firmado ya se recibió; firme uno nuevo para repetir la petición."


class AlgorithmError(SecurityError):
    """An algorithm outside the whitelist."""

    code = "ALGORITHM_UNSUPPORTED"
    text_en = "An algorithm of the signature is not accepted; see the profile in the documentation."
    text_es = "Un algoritmo de la firma no se acepta; consulte el perfil en la documentación."


class FreshnessError(SecurityError):
    """The Timestamp is outside its window."""

    code = "MESSAGE_EXPIRED"
    text_en = "The Timestamp is too old, expired or in the future; check the clock."
    text_es = "El Timestamp es demasiado antiguo, ha caducado o es futuro; revise el reloj."


# --- notifications and their lifecycle: per-item outcomes -----------------------------------------


class NotFoundError(GatewayError):
    """What is not the caller's does not exist."""


class NotificationUnknownError(NotFoundError):
    """No notification with that identifier is at the caller's disposal."""

    code = "NOTIFICATION_UNKNOWN"
    text_en = "No notification with this identifier is at your disposal."
    text_es = "No hay ninguna notificación con este identificador a su disposición."


class GrantorUnknownError(NotFoundError):
    """The party named has given the caller no power in force."""

    code = "GRANTOR_UNKNOWN"
    text_en = "No power in force of that grantor names you as attorney."
    text_es = "Ningún poder vigente de ese poderdante le nombra apoderado."


class DocumentUnknownError(NotFoundError):
    """The notification has no such document."""

    code = "DOCUMENT_UNKNOWN"
    text_en = "The notification has no document with this identifier."
    text_es = "La notificación no tiene ningún documento con este identificador."


class ActUnknownError(NotFoundError):
    """The issuing body has no act with that reference."""

    code = "ACT_UNKNOWN"
    text_en = "No act of this issuing body has this reference."
    text_es = "Ningún acto de este organismo emisor tiene esta referencia."


class LifecycleError(GatewayError):
    """The rule of law does not allow it (any more)."""


class LapsedError(LifecycleError):
    """Ten natural days passed without access: deemed rejected (Ley 39/2015 art. 43.2)."""

    code = "NOTIFICATION_LAPSED"
    text_en = "The term of ten natural days ended: the notification is deemed rejected."
    text_es = "Terminó el plazo de diez días naturales: la notificación se entiende rechazada."


class AlreadyDecidedError(LifecycleError):
    """Somebody decided before."""

    code = "ALREADY_DECIDED"
    text_en = "The notification was already decided; the first decision stands."
    text_es = "La notificación ya se decidió; vale la primera decisión."


class NotAcceptedError(LifecycleError):
    """Content is released only after a committed acceptance."""

    code = "NOT_ACCEPTED"
    text_en = "The content is released only after acceptance."
    text_es = "El contenido solo se entrega después de la aceptación."


class CancelledError(LifecycleError):
    """The issuing body withdrew the notification."""

    code = "NOTIFICATION_CANCELLED"
    text_en = "The issuing body withdrew the notification."
    text_es = "El organismo emisor retiró la notificación."


class RejectedError(LifecycleError):
    """It was rejected, so its content is never delivered."""

    code = "NOTIFICATION_REJECTED"
    text_en = "The notification was rejected: its content is not delivered."
    text_es = "La notificación se rechazó: su contenido no se entrega."


class NotRejectableError(LifecycleError):
    """A communication has no legal effect and cannot be rejected."""

    code = "NOT_REJECTABLE"
    text_en = "A communication cannot be rejected."
    text_es = "Una comunicación no se puede rechazar."


class NoDeadlineError(LifecycleError):
    """It never lapses, so there is nothing to extend."""

    code = "NO_DEADLINE"
    text_en = "It has no deadline: nothing can be extended."
    text_es = "No tiene plazo: no hay nada que ampliar."


class DeadlineNotLaterError(LifecycleError):
    """A deadline can only be moved to a later instant (Ley 39/2015 art. 32)."""

    code = "DEADLINE_NOT_LATER"
    text_en = "The new deadline must be later than the present one, and at most a year ahead."
    text_es = "El nuevo plazo debe ser posterior al actual y terminar como mucho dentro de un año."


class ReportInvalidError(LifecycleError):
    """A decision of another channel cannot have happened as it is reported."""

    code = "REPORT_INVALID"
    text_en = "The decision cannot have happened as reported; the field says what is wrong."
    text_es = "La decisión no pudo ocurrir como se comunica; el campo indica qué es incorrecto."


# --- publication ----------------------------------------------------------------------------------


class PublicationError(GatewayError):
    """An act cannot be put at disposal as submitted; nothing of it is stored."""


class InvalidActError(PublicationError):
    """The act's data are incomplete or invalid."""

    code = "ACT_INVALID"
    text_en = "The act is incomplete or holds an invalid value."
    text_es = "El acto está incompleto o contiene un valor no válido."


class NeverElectronicError(PublicationError):
    """What is never notified electronically (Orden ISM/903/2020 art. 3.2 and 5)."""

    code = "ACT_NEVER_ELECTRONIC"
    text_en = "An act with means of payment or with elements that cannot be converted is never notified here."
    text_es = "Un acto con medios de pago o con elementos no convertibles nunca se notifica por esta vía."


class IssuingBodyUnknownError(PublicationError):
    """No issuing body with that DIR3 code."""

    code = "ISSUING_BODY_UNKNOWN"
    text_en = "No issuing body with this DIR3 code is registered."
    text_es = "No hay ningún organismo emisor registrado con este código DIR3."


class ReferenceConflictError(PublicationError):
    """The reference is already used for another act."""

    code = "REFERENCE_CONFLICT"
    text_en = "The issuing body already used this reference for a different act."
    text_es = "El organismo emisor ya usó esta referencia para un acto distinto."


# --- representation: powers, RED assignments, delivery ---------------------------------------------


class PowerUnknownError(NotFoundError):
    """No power with that identifier concerns the caller."""

    code = "POWER_UNKNOWN"
    text_en = "No power with this identifier concerns you in the capacity that the operation needs."
    text_es = "Ningún poder con este identificador le concierne en la condición que exige la operación."


class RedAssignmentUnknownError(NotFoundError):
    """No RED assignment with that identifier concerns the caller's account."""

    code = "RED_ASSIGNMENT_UNKNOWN"
    text_en = "No RED assignment with this identifier concerns your account."
    text_es = "Ninguna asignación RED con este identificador concierne a su cuenta."


class RepresentationError(GatewayError):
    """A right cannot be given, taken or changed as asked; nothing is stored."""


class NotAddresseeError(RepresentationError):
    """Only an addressee can grant powers, dispose of RED assignments or choose a channel."""

    code = "NOT_AN_ADDRESSEE"
    text_en = "Nothing is addressed to the party in your certificate: it has nothing to dispose of here."
    text_es = "Nada se dirige a la parte de su certificado: no tiene de qué disponer aquí."


class PowerInvalidError(RepresentationError):
    """A value of the power is missing or invalid."""

    code = "POWER_INVALID"
    text_en = "The power is incomplete or holds an invalid value; the facts say which field."
    text_es = "El poder está incompleto o contiene un valor no válido; los datos indican el campo."


class PowerSelfGrantedError(RepresentationError):
    """Grantor and attorney are the same party."""

    code = "POWER_SELF_GRANTED"
    text_en = "A power cannot be granted to oneself."
    text_es = "No se puede otorgar un poder a uno mismo."


class PowerTooLongError(RepresentationError):
    """A power, and each extension of it, runs for at most five years (Orden ISM/189/2021 art. 6)."""

    code = "POWER_TOO_LONG"
    text_en = "A power, and each extension, may run for at most five years from its registration."
    text_es = "Un poder, y cada prórroga, puede durar como máximo cinco años desde su inscripción."


class PowerExistsError(RepresentationError):
    """The same attorney already has a power of the same scope in that time."""

    code = "POWER_EXISTS"
    text_en = (
        "The attorney already has, or may still accept, a power of this scope; extend or revoke that one."
    )
    text_es = "El apoderado ya tiene, o aún puede aceptar, un poder de este alcance; prorróguelo o revóquelo."


class PowerNotInForceError(RepresentationError):
    """The power's state does not allow it; the fact `state` says which one it is."""

    code = "POWER_NOT_IN_FORCE"
    text_en = (
        "The state of the power does not allow it: not accepted in time, expired, ended, void or pending."
    )
    text_es = (
        "El estado del poder no lo permite: no aceptado a tiempo, caducado, extinguido, nulo o pendiente."
    )


class RedAssignmentInvalidError(RepresentationError):
    """A value of the RED assignment is missing or invalid."""

    code = "RED_ASSIGNMENT_INVALID"
    text_en = "The RED assignment is incomplete or holds an invalid value; the facts say which field."
    text_es = "La asignación RED está incompleta o contiene un valor no válido; los datos indican el campo."


class RedAssignmentOverlapsError(RepresentationError):
    """Another RED assignment of the account stands in that time."""

    code = "RED_ASSIGNMENT_OVERLAPS"
    text_en = "Another RED assignment of this account stands in that time; end that one first."
    text_es = "Otra asignación RED de esta cuenta está vigente en ese tiempo; ponga fin a esa primero."


class ChannelObligedError(RepresentationError):
    """Who is obliged to electronic means cannot choose paper (Ley 39/2015 art. 14.2 and 41.1)."""

    code = "CHANNEL_OBLIGED"
    text_en = "An addressee obliged to the electronic channel cannot choose postal delivery."
    text_es = "Un destinatario obligado al canal electrónico no puede elegir la entrega postal."


# --- outages --------------------------------------------------------------------------------------


class OutageError(GatewayError):
    """An outage cannot be declared or ended so; nothing is changed."""


class OutageInvalidError(OutageError):
    """Instants or texts of an outage are not possible; the message names the field."""

    code = "OUTAGE_INVALID"
    text_en = "The outage cannot have been as declared: the field says what is wrong."
    text_es = "La interrupción no pudo ser como se declara: el campo indica qué es incorrecto."


class OutageOverlapsError(OutageError):
    """Another outage is declared for some of that time."""

    code = "OUTAGE_OVERLAPS"
    text_en = "Another declared outage covers some of that time."
    text_es = "Otra interrupción declarada abarca parte de ese tiempo."


class OutageUnknownError(NotFoundError):
    """No outage with that identifier."""

    code = "OUTAGE_UNKNOWN"
    text_en = "No outage with this identifier is declared."
    text_es = "No hay ninguna interrupción declarada con este identificador."


class OutageClosedError(OutageError):
    """The outage was closed before, with another end."""

    code = "OUTAGE_CLOSED"
    text_en = "The outage was already closed; its end stays as it is."
    text_es = "La interrupción ya se cerró; su fin queda como está."


# --- receipts -------------------------------------------------------------------------------------


class ReceiptInvalidError(GatewayError):
    """The bytes are not a receipt sealed by one of the pinned seal certificates; says which check failed."""

    code = "RECEIPT_INVALID"
    text_en = "The receipt is not the unchanged, sealed original of this service."
    text_es = "El justificante no es el original sellado e inalterado de este servicio."


class RenditionError(GatewayError):
    """The form of a receipt for people could not be made; the receipt itself is what counts and stands."""

    code = "RENDITION_FAILED"
    text_en = "The PDF of this receipt cannot be made now; its XML is the original and is available."
    text_es = "El PDF de este justificante no se puede generar ahora; su XML, el original, está disponible."


class RenditionInvalidError(GatewayError):
    """The PDF is not the unchanged form of a receipt, sealed with a pinned seal; says which check failed."""

    code = "RENDITION_INVALID"
    text_en = "The PDF is not the unchanged, sealed form of a receipt of this service."
    text_es = "El PDF no es la representación sellada e inalterada de un justificante de este servicio."


class BundleInvalidError(GatewayError):
    """The file is not an unchanged evidence bundle; says which check failed."""

    code = "BUNDLE_INVALID"
    text_en = "The file is not an unchanged evidence bundle of this service."
    text_es = "El archivo no es un paquete de evidencia inalterado de este servicio."


class CheckpointInvalidError(GatewayError):
    """The text is not a checkpoint of the log signed with the pinned seal; says which check failed."""

    code = "CHECKPOINT_INVALID"
    text_en = "The checkpoint is not one that this service signed."
    text_es = "El punto de control no es uno firmado por este servicio."


class LogDamagedError(GatewayError):
    """The log does not hold what it committed to; says what is wrong first."""

    code = "LOG_DAMAGED"
    text_en = "The log is not the one that its checkpoints attest."
    text_es = "El registro no es el que atestiguan sus puntos de control."


# --- the receipt that a party signs (acuse) --------------------------------------------------------


class AcuseError(RequestError):
    """What came back is not the acuse that we handed out, signed by the caller; nothing is decided."""


class AcuseEncodingError(AcuseError):
    """Not base64 of well-formed XML in UTF-8."""

    code = "ACUSE_ENCODING"
    text_en = "The signed receipt is not base64 of well-formed XML in UTF-8."
    text_es = "El acuse firmado no es base64 de XML bien formado en UTF-8."


class AcuseSignatureCountError(AcuseError):
    """More signatures than ours and the party's."""

    code = "ACUSE_SIGNATURE_COUNT"
    text_en = "The signed receipt holds more signatures than the Administration's and yours."
    text_es = "El acuse firmado contiene más firmas que la de la Administración y la suya."


class AcuseOursMissingError(AcuseError):
    """Our own signature is gone, or it is another key's."""

    code = "ACUSE_OURS_MISSING"
    text_en = "The Administration's signature is missing in the signed receipt."
    text_es = "Falta la firma de la Administración en el acuse firmado."


class AcuseAlteredError(AcuseError):
    """The data are not those that our signature covers."""

    code = "ACUSE_ALTERED"
    text_en = (
        "The receipt was changed after it was handed out: the Administration's signature does not verify."
    )
    text_es = "El acuse se modificó después de entregarse: la firma de la Administración no se verifica."


class AcuseUnsignedError(AcuseError):
    """The party has not signed."""

    code = "ACUSE_UNSIGNED"
    text_en = "Your signature is missing in the receipt."
    text_es = "Falta su firma en el acuse."


class AcuseAlgorithmError(AcuseError):
    """The party's signature names an algorithm that is not admitted."""

    code = "ACUSE_ALGORITHM"
    text_en = "An algorithm of your signature on the receipt is not accepted; use SHA-256 or better."
    text_es = "Un algoritmo de su firma en el acuse no se acepta; use SHA-256 o superior."


class AcuseSignatureError(AcuseError):
    """The party's signature does not verify or does not cover the data."""

    code = "ACUSE_SIGNATURE_WRONG"
    text_en = "Your signature on the receipt does not verify."
    text_es = "Su firma en el acuse no se verifica."


class AcuseSignerError(AcuseError):
    """Another certificate signed the acuse than the message."""

    code = "ACUSE_OTHER_SIGNER"
    text_en = "The receipt was signed with another certificate than the message."
    text_es = "El acuse se firmó con un certificado distinto del que firma el mensaje."


class AcuseInvalidError(AcuseError):
    """Not the structure of an acuse, or one that was issued to somebody else."""

    code = "ACUSE_INVALID"
    text_en = "The receipt does not have the structure that was handed out, or was issued to somebody else."
    text_es = "El acuse no tiene la estructura que se entregó, o se emitió para otra persona."


class AcuseExpiredError(AcuseError):
    """Too much time has passed since the acuse was handed out."""

    code = "ACUSE_EXPIRED"
    text_en = "The receipt was handed out too long ago; ask for a new one."
    text_es = "El acuse se entregó hace demasiado tiempo; solicite otro."


# --- the gateway itself ---------------------------------------------------------------------------


class ServiceError(GatewayError):
    """The gateway could not do its work; nothing was changed."""

    code = "INTERNAL_ERROR"
    text_en = "The service failed; nothing was changed. Quote the correlation id."
    text_es = "El servicio ha fallado; no se cambió nada. Indique el identificador de correlación."


class TemporarilyUnavailableError(ServiceError):
    """Database or document store did not answer in time."""

    code = "TEMPORARILY_UNAVAILABLE"
    retryable = True
    text_en = "The service is busy or a store does not answer; repeat the request later."
    text_es = "El servicio está ocupado o un almacén no responde; repita la petición más tarde."


class RateLimitedError(ServiceError):
    """The caller asks more often than it may; nothing was executed."""

    code = "RATE_LIMITED"
    retryable = True
    text_en = "You send more requests per minute than this service allows; wait for Retry-After seconds."
    text_es = (
        "Envía más peticiones por minuto de las que admite este servicio; espere los segundos de Retry-After."
    )


class DocumentDamagedError(ServiceError):
    """A stored document no longer matches its hash: it is never delivered."""

    code = "DOCUMENT_DAMAGED"
    text_en = "A stored document does not match its hash and is not delivered."
    text_es = "Un documento almacenado no coincide con su resumen y no se entrega."


class RevocationDataError(GatewayError):
    """A revocation list or an OCSP answer cannot be had or does not count; only the operator sees it."""

    code = "REVOCATION_DATA_INVALID"
    text_en = "Revocation data could not be fetched, or are not signed by an authorised issuer."
    text_es = "No se pudieron obtener datos de revocación, o no los firma un emisor autorizado."


class ConfigurationError(GatewayError):
    """The operator's settings or files do not allow the gateway to start."""

    code = "CONFIGURATION"
    text_en = "The configuration is not usable."
    text_es = "La configuración no es utilizable."


def catalogue(root: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """Yield every class with a code, in the order of definition."""
    for cls in root.__subclasses__():
        if "code" in vars(cls) and cls.code:
            yield cls
        yield from catalogue(cls)
