"""What every error says to somebody, in both languages: one table, by the code of the error.

Whoever shows an error looks its texts up here: a fault, the outcome of an item, a page, a terminal. The
texts are constant; what varies are the facts of the error. `docs/errors.md` shows the table to
integrators, and a test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.contract.problem_words import PROBLEMS

if TYPE_CHECKING:
    from notigateway.errors import GatewayError


@dataclass(frozen=True, slots=True)
class Texts:
    """What an error says."""

    es: str
    en: str


def texts_of(error: GatewayError | type[GatewayError]) -> Texts:
    """Return the texts of an error; only a family, which nobody raises, has none."""
    return TEXTS[error.code]


def coded_texts_of(error: GatewayError) -> Texts:
    """Return the texts with the code before them, for where a message has no element of its own for it."""
    texts = texts_of(error)
    return Texts(f"[{error.code}] {texts.es}", f"[{error.code}] {texts.en}")


def said_of(error: GatewayError) -> str:
    """Return what an operator reads: the detail where there is one, otherwise the English text.

    A detail that ends with the bare word of the fact `problem` is followed by what the word says.
    """
    problem = error.facts.get("problem")
    if isinstance(problem, str) and error.detail.endswith(f": {problem}"):
        return f"{error.detail} ({PROBLEMS[problem]})"
    return error.detail or texts_of(error).en


TEXTS: Final[dict[str, Texts]] = {
    # before a message is parsed: static, unsigned answers
    "METHOD_NOT_ALLOWED": Texts(
        "Solo POST ejecuta operaciones; el contrato se lee con GET ?wsdl.",
        "Only POST executes operations; the contract is read with GET ?wsdl.",
    ),
    "PATH_UNKNOWN": Texts("No hay ningún servicio en esta ruta.", "No service stands at this path."),
    "UNSUPPORTED_MEDIA_TYPE": Texts(
        "Envíe text/xml (SOAP 1.1) o application/soap+xml (SOAP 1.2) en UTF-8 sin codificación.",
        "Send text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2) in UTF-8 without content encoding.",
    ),
    "REQUEST_TOO_LARGE": Texts(
        "La petición supera el tamaño que acepta este servicio.",
        "The request is larger than this service accepts.",
    ),
    "REQUEST_TRUNCATED": Texts(
        "La petición terminó antes de la longitud anunciada.",
        "The request ended before its announced length.",
    ),
    "TOO_MANY_FAILURES": Texts(
        "Demasiadas peticiones de su dirección no se pudieron autenticar; espere los segundos de "
        "Retry-After.",
        "Too many requests from your address could not be authenticated; wait for Retry-After seconds.",
    ),
    "MIME_INVALID": Texts(
        "Las partes de la petición no son las de un mensaje MTOM.",
        "The parts of the request are not those of one MTOM message.",
    ),
    "XML_NOT_WELL_FORMED": Texts(
        "La petición no es XML bien formado en UTF-8.",
        "The request is not well-formed XML in UTF-8.",
    ),
    "XML_DOCTYPE_FORBIDDEN": Texts(
        "No se acepta una declaración de tipo de documento.",
        "A document type declaration is not accepted.",
    ),
    "XML_LIMIT_EXCEEDED": Texts(
        "La petición supera un límite estructural del XML que leemos.",
        "The request exceeds a structural limit of the XML we read.",
    ),
    # the envelope and its contents
    "SOAP_VERSION_MISMATCH": Texts(
        "El Envelope no es de SOAP 1.1 ni 1.2, o no de la versión que indica el tipo de contenido.",
        "The Envelope is not of SOAP 1.1 or 1.2, or not of the version that the content type says.",
    ),
    "HEADER_NOT_UNDERSTOOD": Texts(
        "Un bloque de cabecera con mustUnderstand no se conoce aquí.",
        "A header block with mustUnderstand is not known here.",
    ),
    "ENVELOPE_STRUCTURE": Texts(
        "El Envelope debe tener como mucho un Header y después un Body con un elemento de operación.",
        "The Envelope must hold at most one Header, then one Body with one operation element.",
    ),
    "OPERATION_UNKNOWN": Texts(
        "El elemento del Body no es una operación de este contrato.",
        "The element in the Body is not an operation of this contract.",
    ),
    "ACTION_MISMATCH": Texts(
        "SOAPAction nombra una operación distinta de la del Body.",
        "SOAPAction names another operation than the Body.",
    ),
    "ADDRESSING_INVALID": Texts(
        "Una cabecera WS-Addressing está repetida o no es válida, o nombra otro servicio u operación.",
        "A WS-Addressing header is repeated or invalid, or names another service or operation.",
    ),
    "ADDRESSING_ACTION_MISMATCH": Texts(
        "Action de WS-Addressing nombra una operación distinta de la del Body.",
        "The WS-Addressing Action names another operation than the Body.",
    ),
    "REPLY_ADDRESS_UNSUPPORTED": Texts(
        "Las respuestas solo vuelven por la misma conexión: ReplyTo y FaultTo deben ser anónimos.",
        "Answers go back on the same connection only: ReplyTo and FaultTo must be anonymous.",
    ),
    "INVALID_REQUEST": Texts(
        "La petición no cumple el esquema publicado.",
        "The request does not match the published schema.",
    ),
    "INVALID_CURSOR": Texts(
        "El cursor no se emitió para este filtro; empiece de nuevo sin cursor.",
        "The cursor was not issued for this filter; start again without a cursor.",
    ),
    "INVALID_RANGE": Texts(
        "El rango pedido queda fuera del documento.",
        "The requested range lies outside the document.",
    ),
    "TEXT_INVALID": Texts(
        "Un texto contiene un carácter de control, invisible o que cambia el sentido de la escritura.",
        "A text holds a character that controls, hides or turns the direction of writing.",
    ),
    "ROLE_UNKNOWN": Texts(
        "El número de rol no es ninguno de los de este contrato.",
        "The number of the role is not one of this contract.",
    ),
    # WS-Security: one class per failing step
    "SECURITY_HEADER_MISSING": Texts(
        "Se exige una cabecera wsse:Security con una firma.",
        "A wsse:Security header with one signature is required.",
    ),
    "SECURITY_HEADER_INVALID": Texts(
        "La cabecera wsse:Security no tiene la estructura exigida.",
        "The wsse:Security header does not have the required structure.",
    ),
    "ID_DUPLICATE": Texts(
        "Un identificador aparece más de una vez en el documento.",
        "An identifier occurs more than once in the document.",
    ),
    "TIMESTAMP_INVALID": Texts(
        "Se exige un wsu:Timestamp con Created en UTC.",
        "One wsu:Timestamp with Created in UTC is required.",
    ),
    "TOKEN_INVALID": Texts(
        "El token no es un certificado X.509 v3 legible, o designa más de uno.",
        "The token is not a readable X.509 v3 certificate, or designates more than one.",
    ),
    "TOKEN_WEAK": Texts(
        "La clave o la firma del certificado es más débil que RSA 2048, P-256 y SHA-256.",
        "The certificate's key or signature is weaker than RSA 2048, P-256 and SHA-256.",
    ),
    "TOKEN_TOO_LARGE": Texts(
        "La clave RSA del certificado tiene más de 8192 bits, o su exponente más de 64.",
        "The RSA key of the certificate has more than 8192 bits, or its exponent more than 64.",
    ),
    "TOKEN_UNAVAILABLE": Texts(
        "La firma no apunta ni a un token de la misma cabecera ni a un único certificado registrado.",
        "The signature points neither to a token of the same header nor to one registered certificate.",
    ),
    "TOKEN_TYPE_UNSUPPORTED": Texts(
        "No se lee este tipo de token o de referencia a él.",
        "This kind of token, or of reference to it, is not read.",
    ),
    "CLIENT_NOT_REGISTERED": Texts(
        "Este certificado no está registrado, o su registro está desactivado.",
        "This certificate is not registered, or its registration is disabled.",
    ),
    "CERTIFICATE_NOT_VALID_NOW": Texts(
        "El certificado ha caducado o aún no es válido.",
        "The certificate has expired or is not yet valid.",
    ),
    "ISSUER_NOT_AUTHORISED": Texts(
        "El certificado no procede de un emisor de la lista autorizada.",
        "The certificate was not issued by an issuer on the authorised list.",
    ),
    "CERTIFICATE_REVOKED": Texts(
        "El certificado ha sido revocado por su emisor.",
        "The certificate was revoked by its issuer.",
    ),
    "REVOCATION_UNKNOWN": Texts(
        "De momento no se sabe si el certificado está revocado; repita la petición más tarde.",
        "It is not known at the moment whether the certificate was revoked; repeat the request later.",
    ),
    "CERTIFICATE_MAY_NOT_SIGN": Texts(
        "El uso de clave del certificado no permite firmar.",
        "The certificate's key usage does not allow signing.",
    ),
    "IDENTITY_NOT_READABLE": Texts(
        "No se pudo leer un NIF inequívoco del certificado.",
        "No unambiguous NIF could be read from the certificate.",
    ),
    "KEY_OF_ANOTHER": Texts(
        "Otra identidad llamó antes con esta clave: firme también el BinarySecurityToken, o use un "
        "certificado con otra clave.",
        "Another identity has called with this key before: sign the BinarySecurityToken too, or use a "
        "certificate of another key.",
    ),
    "CALLER_UNKNOWN": Texts(
        "La identidad del certificado no es conocida por este servicio.",
        "The identity in the certificate is not known to this service.",
    ),
    "CALLER_NOT_ISSUING_BODY": Texts(
        "La identidad del certificado no es la de un organismo emisor.",
        "The identity in the certificate is not that of an issuing body.",
    ),
    "CALLER_NOT_OPERATOR": Texts(
        "La identidad del certificado no es la de un operador de este servicio.",
        "The identity in the certificate is not that of an operator of this service.",
    ),
    "SEAL_MAY_NOT_DECIDE": Texts(
        "El sello de una entidad puede consultar, pero no aceptar ni rechazar; firme con un certificado de "
        "representante.",
        "The seal of an entity may read, but neither accept nor reject; sign with a representative's "
        "certificate.",
    ),
    "PART_NOT_SIGNED": Texts(
        "El Body y el Timestamp deben estar firmados, y toda cabecera WS-Addressing con mustUnderstand.",
        "The Body and the Timestamp must be signed, and every WS-Addressing header with mustUnderstand.",
    ),
    "REFERENCE_NOT_RESOLVED": Texts(
        "Una referencia de la firma no apunta al Body, al Timestamp, al token o a una cabecera.",
        "A signature reference does not point to the Body, the Timestamp, the token or a header.",
    ),
    "DIGEST_DIFFERS": Texts(
        "El resumen de una parte firmada no coincide: se modificó después de firmar.",
        "The digest of a signed part differs: it was changed after signing.",
    ),
    "NO_CANONICAL_FORM": Texts(
        "Una parte firmada no tiene forma canónica: un espacio de nombres es un URI relativo.",
        "A signed part has no canonical form: a namespace name is a relative URI.",
    ),
    "SIGNATURE_WRONG": Texts(
        "El valor de la firma no se verifica con la clave del certificado: es otra clave, o SignedInfo se "
        "modificó o se sangró después de firmar o no se firmó en su forma canónica.",
        "The signature value does not verify with the key of the certificate: it is another key, or "
        "SignedInfo was changed or indented after signing or not signed in its canonical form.",
    ),
    "MESSAGE_REPLAYED": Texts(
        "Este mensaje firmado ya se recibió. Firme uno nuevo, un segundo después: con segundos enteros en el "
        "Timestamp e identificadores fijos dos mensajes son el mismo. Los distinguen las fracciones de "
        "segundo, un MessageID de WS-Addressing firmado o un token firmado con identificador aleatorio.",
        "This signed message was already received. Sign a new one, a second later: with whole seconds in the "
        "Timestamp and fixed ids two messages are the same. Fractions of a second, a signed WS-Addressing "
        "MessageID, or a signed token with a random id tell them apart.",
    ),
    "UNDATED_MESSAGE_REPLAYED": Texts(
        "Este mensaje firmado sin Timestamp ya se recibió, y no se admite otra vez mientras valga su "
        "certificado. Añada un Timestamp firmado, o firme el BinarySecurityToken con un identificador "
        "aleatorio: así cada mensaje es nuevo.",
        "This signed message without Timestamp was already received, and is not let in again while its "
        "certificate is valid. Add a signed Timestamp, or sign the BinarySecurityToken with a random id: "
        "then each message is new.",
    ),
    "ALGORITHM_UNSUPPORTED": Texts(
        "Un algoritmo de la firma no se acepta; consulte el perfil en la documentación.",
        "An algorithm of the signature is not accepted; see the profile in the documentation.",
    ),
    "MESSAGE_EXPIRED": Texts(
        "El Timestamp es demasiado antiguo, ha caducado o es futuro; revise el reloj.",
        "The Timestamp is too old, expired or in the future; check the clock.",
    ),
    # notifications and their lifecycle: per-item outcomes
    "NOTIFICATION_UNKNOWN": Texts(
        "No hay ninguna notificación con este identificador a su disposición.",
        "No notification with this identifier is at your disposal.",
    ),
    "GRANTOR_UNKNOWN": Texts(
        "Ningún poder vigente de ese poderdante le nombra apoderado.",
        "No power in force of that grantor names you as attorney.",
    ),
    "DOCUMENT_UNKNOWN": Texts(
        "La notificación no tiene ningún documento con este identificador.",
        "The notification has no document with this identifier.",
    ),
    "ACT_UNKNOWN": Texts(
        "Ningún acto de este organismo emisor tiene esta referencia.",
        "No act of this issuing body has this reference.",
    ),
    "NOTIFICATION_LAPSED": Texts(
        "Terminó el plazo de diez días naturales: la notificación se entiende rechazada.",
        "The term of ten natural days ended: the notification is deemed rejected.",
    ),
    "ALREADY_DECIDED": Texts(
        "La notificación ya se decidió; vale la primera decisión.",
        "The notification was already decided; the first decision stands.",
    ),
    "ALREADY_ASSIGNED": Texts(
        "La notificación ya está asignada a alguien; nada ha cambiado.",
        "The notification is assigned to somebody already; nothing has changed.",
    ),
    "TOO_MANY_LABELS": Texts(
        "Una notificación lleva como mucho diez etiquetas; nada ha cambiado.",
        "A notification has ten labels at most; nothing has changed.",
    ),
    "NOT_ACCEPTED": Texts(
        "El contenido solo se entrega después de la aceptación.",
        "The content is released only after acceptance.",
    ),
    "LAPSE_NOT_FINAL": Texts(
        "El plazo terminó y su constancia aún no se ha escrito; repita la petición dentro de unos minutos.",
        "The term ended and the evidence of that is not written yet; repeat the request in some minutes.",
    ),
    "INFORMATION_ENDED": Texts(
        "Terminó el tiempo en que podía leerse a efectos informativos.",
        "The time in which it could be read for information is over.",
    ),
    "NOTIFICATION_CANCELLED": Texts(
        "El organismo emisor retiró la notificación.",
        "The issuing body withdrew the notification.",
    ),
    "NOTIFICATION_REJECTED": Texts(
        "La notificación se rechazó: su contenido no se entrega.",
        "The notification was rejected: its content is not delivered.",
    ),
    "NOT_REJECTABLE": Texts("Una comunicación no se puede rechazar.", "A communication cannot be rejected."),
    "NO_DEADLINE": Texts(
        "No tiene plazo: no hay nada que ampliar.",
        "It has no deadline: nothing can be extended.",
    ),
    "DEADLINE_NOT_LATER": Texts(
        "El nuevo plazo debe ser posterior al actual y terminar como mucho dentro de un año.",
        "The new deadline must be later than the present one, and at most a year ahead.",
    ),
    "REPORT_INVALID": Texts(
        "La decisión no pudo ocurrir como se comunica; el campo indica qué es incorrecto.",
        "The decision cannot have happened as reported; the field says what is wrong.",
    ),
    # publication
    "ACT_INVALID": Texts(
        "El acto está incompleto o contiene un valor no válido.",
        "The act is incomplete or holds an invalid value.",
    ),
    "ACT_NEVER_ELECTRONIC": Texts(
        "Un acto con medios de pago o con elementos no convertibles nunca se notifica por esta vía.",
        "An act with means of payment or with elements that cannot be converted is never notified here.",
    ),
    "ISSUING_BODY_UNKNOWN": Texts(
        "No hay ningún organismo emisor registrado con este código DIR3.",
        "No issuing body with this DIR3 code is registered.",
    ),
    "EMPLOYEE_INVALID": Texts(
        "La autorización del empleado está incompleta o contiene un valor no válido.",
        "The authorisation of the employee is incomplete or holds an invalid value.",
    ),
    "EMPLOYEE_UNKNOWN": Texts(
        "El organismo emisor no ha autorizado a nadie con ese NIF.",
        "The issuing body has authorised nobody with that NIF.",
    ),
    "REFERENCE_CONFLICT": Texts(
        "El organismo emisor ya usó esta referencia para un acto distinto.",
        "The issuing body already used this reference for a different act.",
    ),
    # representation: powers, RED assignments, delivery
    "POWER_UNKNOWN": Texts(
        "Ningún poder con este identificador le concierne en la condición que exige la operación.",
        "No power with this identifier concerns you in the capacity that the operation needs.",
    ),
    "RED_ASSIGNMENT_UNKNOWN": Texts(
        "Ninguna asignación RED con este identificador concierne a su cuenta.",
        "No RED assignment with this identifier concerns your account.",
    ),
    "OBLIGATION_UNKNOWN": Texts(
        "Ninguna inscripción de obligación tiene este identificador.",
        "No entry of the register of obligations has this identifier.",
    ),
    "NOT_AN_ADDRESSEE": Texts(
        "Nada se dirige a la parte de su certificado: no tiene de qué disponer aquí.",
        "Nothing is addressed to the party in your certificate: it has nothing to dispose of here.",
    ),
    "POWER_INVALID": Texts(
        "El poder está incompleto o contiene un valor no válido; los datos indican el campo.",
        "The power is incomplete or holds an invalid value; the facts say which field.",
    ),
    "POWER_SELF_GRANTED": Texts(
        "No se puede otorgar un poder a uno mismo.",
        "A power cannot be granted to oneself.",
    ),
    "POWER_TOO_LONG": Texts(
        "Un poder, y cada prórroga, puede durar como máximo cinco años desde su inscripción.",
        "A power, and each extension, may run for at most five years from its registration.",
    ),
    "POWER_EXISTS": Texts(
        "El apoderado ya tiene, o aún puede aceptar, un poder de este alcance; prorróguelo o revóquelo.",
        "The attorney already has, or may still accept, a power of this scope; extend or revoke that one.",
    ),
    "POWER_NOT_IN_FORCE": Texts(
        "El estado del poder no lo permite: no aceptado a tiempo, caducado, extinguido, nulo o pendiente.",
        "The state of the power does not allow it: not accepted in time, expired, ended, void or pending.",
    ),
    "REPRESENTATIVE_REQUIRED": Texts(
        "Una entidad actúa en el registro de apoderamientos con un certificado de representante, no con su "
        "sello.",
        "An entity acts in the register of powers by a representative's certificate, not by its seal.",
    ),
    "POWER_ITEM_UNKNOWN": Texts(
        "El poder no comprende esta materia, grupo o trámite.",
        "The power does not name this matter, group or procedure.",
    ),
    "POWER_INDIVISIBLE": Texts(
        "De un poder general, o dentro de una materia, nada puede renunciarse o revocarse por separado.",
        "Nothing can be renounced or revoked separately of a general power, or within a matter.",
    ),
    "CATALOGUE_INVALID": Texts(
        "Una línea del catálogo de materias y trámites es incorrecta; no se cambia nada.",
        "A line of the catalogue of matters and procedures is wrong; nothing is changed.",
    ),
    "IMPORT_LINE_INVALID": Texts(
        "La línea del fichero que se importa no puede leerse, o contradice otra anterior; queda fuera.",
        "The line of the imported file cannot be read, or contradicts an earlier one; it is left out.",
    ),
    "RED_ASSIGNMENT_INVALID": Texts(
        "La asignación RED está incompleta o contiene un valor no válido; los datos indican el campo.",
        "The RED assignment is incomplete or holds an invalid value; the facts say which field.",
    ),
    "RED_USER_INVALID": Texts(
        "El alta del usuario secundario RED está incompleta o no puede ser así; los datos indican el campo.",
        "The registration of the secondary user is incomplete or cannot be so; the facts say which field.",
    ),
    "USER_INVALID": Texts(
        "El alta del usuario está incompleta o no puede ser así; los datos indican el campo.",
        "The registration of the user is incomplete or cannot be so; the facts say which field.",
    ),
    "USER_UNKNOWN": Texts(
        "La entidad no tiene esa alta de usuario.",
        "The entity has no such registration of a user.",
    ),
    "ENTITY_REQUIRED": Texts(
        "Solo una entidad da de alta a sus usuarios, con el certificado de su representante o con su sello.",
        "Only an entity registers its users, with its representative's certificate or its seal.",
    ),
    "NOT_ALLOWED_TO_DECIDE": Texts(
        "La entidad para la que trabaja solo le permite consultar: no puede aceptar ni rechazar.",
        "The entity that you work for lets you read only: you can neither accept nor reject.",
    ),
    "ACCOUNT_INVALID": Texts(
        "El asiento del registro de cuentas está incompleto o no puede ser así; los datos indican el campo.",
        "The entry of the register of accounts is incomplete or cannot be so; the facts say which field.",
    ),
    "RED_ASSIGNMENT_OVERLAPS": Texts(
        "Otra asignación RED de esta cuenta está vigente en ese tiempo; ponga fin a esa primero.",
        "Another RED assignment of this account stands in that time; end that one first.",
    ),
    "OBLIGATION_INVALID": Texts(
        "La obligación está incompleta o contiene un valor no válido; los datos indican el campo.",
        "The obligation is incomplete or holds an invalid value; the facts say which field.",
    ),
    "OBLIGATION_OVERLAPS": Texts(
        "Otra obligación del mismo supuesto está inscrita en ese tiempo; ponga fin a esa primero.",
        "Another obligation on the same ground is entered for that time; end that one first.",
    ),
    "SUCCESSION_UNKNOWN": Texts(
        "Ninguna sucesión comunicada tiene este identificador.",
        "No succession that was communicated has this identifier.",
    ),
    "SUCCESSION_INVALID": Texts(
        "La sucesión no pudo ocurrir así o contiene un valor no válido; los datos indican el campo.",
        "The succession cannot have happened so, or holds an invalid value; the facts say which field.",
    ),
    "SUCCESSION_EXISTS": Texts(
        "Otra persona ya sucede a este interesado en parte de los mismos actos.",
        "Somebody else has already succeeded this party in some of the same acts.",
    ),
    "CHANNEL_OBLIGED": Texts(
        "Un destinatario obligado al canal electrónico no puede elegir la entrega postal.",
        "An addressee obliged to the electronic channel cannot choose postal delivery.",
    ),
    # subscriptions
    "PUSH_UNAVAILABLE": Texts(
        "Este servicio no envía los cambios por iniciativa propia: consúltelos con ListChanges.",
        "This service does not push changes: ask for them with ListChanges.",
    ),
    "SUBSCRIPTION_INVALID": Texts(
        "A esta dirección no se puede enviar nada; los datos indican por qué.",
        "Nothing can be sent to this address; the facts say why.",
    ),
    "SUBSCRIPTIONS_TOO_MANY": Texts(
        "Usted tiene ya tantas suscripciones como se admiten.",
        "You have as many subscriptions as are allowed.",
    ),
    "SUBSCRIPTION_UNKNOWN": Texts(
        "Ninguna suscripción con este identificador es suya.",
        "No subscription with this identifier is yours.",
    ),
    # contacts and notices
    "CONTACT_INVALID": Texts(
        "Una dirección de correo no es válida, o hay demasiadas; los datos indican cuál y por qué.",
        "An e-mail address is invalid, or there are too many; the facts say which and why.",
    ),
    "NOTICES_OFF": Texts(
        "Este servicio no envía avisos por correo electrónico.",
        "This service sends no notices by e-mail.",
    ),
    # outages
    "OUTAGE_INVALID": Texts(
        "La interrupción no pudo ser como se declara: el campo indica qué es incorrecto.",
        "The outage cannot have been as declared: the field says what is wrong.",
    ),
    "OUTAGE_OVERLAPS": Texts(
        "Otra interrupción declarada abarca parte de ese tiempo.",
        "Another declared outage covers some of that time.",
    ),
    "OUTAGE_UNKNOWN": Texts(
        "No hay ninguna interrupción declarada con este identificador.",
        "No outage with this identifier is declared.",
    ),
    "OUTAGE_CLOSED": Texts(
        "La interrupción ya se cerró; su fin queda como está.",
        "The outage was already closed; its end stays as it is.",
    ),
    # receipts
    "RECEIPT_INVALID": Texts(
        "El justificante no es el original sellado e inalterado de este servicio.",
        "The receipt is not the unchanged, sealed original of this service.",
    ),
    "TIME_STAMP_INVALID": Texts(
        "El sello de tiempo no es de una autoridad fijada o no corresponde a este justificante.",
        "The time-stamp is not one of a pinned authority over this receipt.",
    ),
    "RENDITION_FAILED": Texts(
        "El PDF de este justificante no se puede generar ahora; su XML, el original, está disponible.",
        "The PDF of this receipt cannot be made now; its XML is the original and is available.",
    ),
    "RENDITION_INVALID": Texts(
        "El PDF no es la representación sellada e inalterada de un justificante de este servicio.",
        "The PDF is not the unchanged, sealed form of a receipt of this service.",
    ),
    "BUNDLE_INVALID": Texts(
        "El archivo no es un paquete de evidencia inalterado de este servicio.",
        "The file is not an unchanged evidence bundle of this service.",
    ),
    "CHECKPOINT_INVALID": Texts(
        "El punto de control no es uno firmado por este servicio.",
        "The checkpoint is not one that this service signed.",
    ),
    "LOG_DAMAGED": Texts(
        "El registro no es el que atestiguan sus puntos de control.",
        "The log is not the one that its checkpoints attest.",
    ),
    # the receipt that a party signs (acuse)
    "ACUSE_ENCODING": Texts(
        "El acuse firmado no es base64 de XML bien formado en UTF-8.",
        "The signed receipt is not base64 of well-formed XML in UTF-8.",
    ),
    "ACUSE_SIGNATURE_COUNT": Texts(
        "El acuse firmado contiene más firmas que la de la Administración y la suya.",
        "The signed receipt holds more signatures than the Administration's and yours.",
    ),
    "ACUSE_OURS_MISSING": Texts(
        "Falta la firma de la Administración en el acuse firmado.",
        "The Administration's signature is missing in the signed receipt.",
    ),
    "ACUSE_ALTERED": Texts(
        "El acuse se modificó después de entregarse: la firma de la Administración no se verifica.",
        "The receipt was changed after it was handed out: the Administration's signature does not verify.",
    ),
    "ACUSE_UNSIGNED": Texts("Falta su firma en el acuse.", "Your signature is missing in the receipt."),
    "ACUSE_ALGORITHM": Texts(
        "Un algoritmo de su firma en el acuse no se acepta; use SHA-256 o superior.",
        "An algorithm of your signature on the receipt is not accepted; use SHA-256 or better.",
    ),
    "ACUSE_SIGNATURE_WRONG": Texts(
        "Su firma en el acuse no se verifica.",
        "Your signature on the receipt does not verify.",
    ),
    "ACUSE_OTHER_SIGNER": Texts(
        "El acuse se firmó con un certificado distinto del que firma el mensaje.",
        "The receipt was signed with another certificate than the message.",
    ),
    "ACUSE_INVALID": Texts(
        "El acuse no tiene la estructura que se entregó, o se emitió para otra persona.",
        "The receipt does not have the structure that was handed out, or was issued to somebody else.",
    ),
    "ACUSE_EXPIRED": Texts(
        "El acuse se entregó hace demasiado tiempo; solicite otro.",
        "The receipt was handed out too long ago; ask for a new one.",
    ),
    # the gateway itself
    "INTERNAL_ERROR": Texts(
        "El servicio ha fallado; no se cambió nada. Indique el identificador de correlación.",
        "The service failed; nothing was changed. Quote the correlation id.",
    ),
    "TEMPORARILY_UNAVAILABLE": Texts(
        "El servicio está ocupado o un almacén no responde; repita la petición más tarde.",
        "The service is busy or a store does not answer; repeat the request later.",
    ),
    "RATE_LIMITED": Texts(
        "Envía más peticiones por minuto de las que admite este servicio; espere los segundos de "
        "Retry-After.",
        "You send more requests per minute than this service allows; wait for Retry-After seconds.",
    ),
    "DOCUMENT_DAMAGED": Texts(
        "Un documento almacenado no coincide con su resumen y no se entrega.",
        "A stored document does not match its hash and is not delivered.",
    ),
    "REVOCATION_DATA_INVALID": Texts(
        "No se pudieron obtener datos de revocación, o no los firma un emisor autorizado.",
        "Revocation data could not be fetched, or are not signed by an authorised issuer.",
    ),
    "CONFIGURATION": Texts("La configuración no es utilizable.", "The configuration is not usable."),
}
