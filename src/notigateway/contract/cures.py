"""What to do about every error, in both languages, and how it comes: one table, by its code.

It stands beside the texts of `problems`, which a fault repeats; this is for who looks a code up, on the page
of the errors. `docs/errors.md` shows the table to integrators, and a test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Arrival(StrEnum):
    """How an error comes to whoever has to mend something."""

    STATIC = "static"
    FAULT = "fault"
    ITEM = "item"
    WSCN = "WSCN"
    TOOLS = "tools"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """What to do, where words between back quotes are those of programs."""

    es: str
    en: str
    arrivals: tuple[Arrival, ...]


CURES: Final[dict[str, Cure]] = {
    "METHOD_NOT_ALLOWED": Cure(
        es="Envíe la petición SOAP con POST; lea el contrato con GET y `?wsdl` o `?xsd=notigateway-v1.xsd`.",
        en=(
            "Send the SOAP request with POST; read the contract with GET and `?wsdl` or "
            "`?xsd=notigateway-v1.xsd`."
        ),
        arrivals=(Arrival.STATIC,),
    ),
    "PATH_UNKNOWN": Cure(
        es="Use la dirección que figura en el WSDL.",
        en="Use the address in the WSDL.",
        arrivals=(Arrival.STATIC,),
    ),
    "UNSUPPORTED_MEDIA_TYPE": Cure(
        es=(
            "Indique `Content-Type: text/xml; charset=utf-8` o, en SOAP 1.2, `application/soap+xml; "
            'charset=utf-8`; con MTOM `multipart/related; type="application/xop+xml"`; sin '
            "`Content-Encoding`."
        ),
        en=(
            "Set `Content-Type: text/xml; charset=utf-8`, for SOAP 1.2 `application/soap+xml; "
            'charset=utf-8`; with MTOM `multipart/related; type="application/xop+xml"`; no '
            "`Content-Encoding`."
        ),
        arrivals=(Arrival.STATIC,),
    ),
    "REQUEST_TOO_LARGE": Cure(
        es="Pida menos elementos en cada petición; el dato `limitBytes` es el límite.",
        en="Ask for fewer items in one request; the fact `limitBytes` is the limit.",
        arrivals=(Arrival.STATIC,),
    ),
    "REQUEST_TRUNCATED": Cure(
        es="Revise los proxies y los tiempos de espera entre usted y el servicio.",
        en="Check proxies and timeouts between you and the service.",
        arrivals=(Arrival.STATIC,),
    ),
    "TOO_MANY_FAILURES": Cure(
        es="Corrija lo que decían los errores anteriores; después espere lo que indica `Retry-After`.",
        en="Mend what the faults before said; then wait as long as `Retry-After` says.",
        arrivals=(Arrival.STATIC,),
    ),
    "MIME_INVALID": Cure(
        es=(
            "El dato `rule` dice qué falla: cada `xop:Include` señala con `cid:` una parte del mismo "
            "mensaje, y cada parte la señala uno solo."
        ),
        en=(
            "The fact `rule` says what is wrong: each `xop:Include` points by `cid:` to a part of the same "
            "message, and exactly one to each part."
        ),
        arrivals=(Arrival.STATIC,),
    ),
    "XML_NOT_WELL_FORMED": Cure(
        es="Envíe XML 1.0 en UTF-8, completo.",
        en="Send XML 1.0 in UTF-8, complete.",
        arrivals=(Arrival.STATIC,),
    ),
    "XML_DOCTYPE_FORBIDDEN": Cure(
        es="Quite el DOCTYPE.",
        en="Remove the DOCTYPE.",
        arrivals=(Arrival.STATIC,),
    ),
    "XML_LIMIT_EXCEEDED": Cure(
        es="Envíe un Envelope SOAP ordinario; el dato nombra el límite.",
        en="Send an ordinary SOAP envelope; the fact names the limit.",
        arrivals=(Arrival.STATIC,),
    ),
    "SOAP_VERSION_MISMATCH": Cure(
        es="SOAP 1.1 va con `text/xml` y SOAP 1.2 con `application/soap+xml`.",
        en="SOAP 1.1 goes with `text/xml`, SOAP 1.2 with `application/soap+xml`.",
        arrivals=(Arrival.FAULT,),
    ),
    "HEADER_NOT_UNDERSTOOD": Cure(
        es="Quite el bloque de cabecera o su `mustUnderstand`.",
        en="Remove the header block or its `mustUnderstand`.",
        arrivals=(Arrival.FAULT,),
    ),
    "ENVELOPE_STRUCTURE": Cure(
        es=(
            "Como mucho un Header y después un Body con un solo elemento y sin texto; sin instrucciones de "
            "proceso."
        ),
        en="At most one Header, then one Body with one element and no text; no processing instructions.",
        arrivals=(Arrival.FAULT,),
    ),
    "OPERATION_UNKNOWN": Cure(
        es="Compare el elemento del Body y su espacio de nombres con el WSDL.",
        en="Compare the Body's element and namespace with the WSDL.",
        arrivals=(Arrival.FAULT,),
    ),
    "ACTION_MISMATCH": Cure(
        es="Deje SOAPAction vacío o ponga `urn:notigateway:v1:<Operation>`.",
        en="Leave SOAPAction empty or set it to `urn:notigateway:v1:<Operation>`.",
        arrivals=(Arrival.FAULT,),
    ),
    "ADDRESSING_INVALID": Cure(
        es=(
            "Los datos `header` y `rule` dicen cuál. `To` es la dirección del WSDL y `MessageID` un URI con "
            "su esquema; el que termina con el SHA-256 de un certificado (`other-signer`) debe firmarse con "
            "ese; las cabeceras sin firmar no se leen."
        ),
        en=(
            "The facts `header` and `rule` say which. `To` is the address in the WSDL, `MessageID` a URI "
            "with its scheme; one that ends with the SHA-256 of a certificate (`other-signer`) must be "
            "signed with that one; unsigned headers are not read."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "ADDRESSING_ACTION_MISMATCH": Cure(
        es="Ponga en `Action` la de la operación, como en el WSDL: `urn:notigateway:v1:<Operation>`.",
        en="Set `Action` to the operation's, as in the WSDL: `urn:notigateway:v1:<Operation>`.",
        arrivals=(Arrival.FAULT,),
    ),
    "REPLY_ADDRESS_UNSUPPORTED": Cure(
        es="Ponga en `ReplyTo` y `FaultTo` `http://www.w3.org/2005/08/addressing/anonymous`, u omítalos.",
        en=(
            "Set `ReplyTo` and `FaultTo` to `http://www.w3.org/2005/08/addressing/anonymous`, or leave them "
            "out."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "INVALID_REQUEST": Cure(
        es="Los datos `element` y `rule` dicen qué elemento incumple qué regla del esquema.",
        en="The facts `element` and `rule` say which element breaks which rule of the schema.",
        arrivals=(Arrival.FAULT,),
    ),
    "INVALID_CURSOR": Cure(
        es="Un cursor pertenece a un solicitante y a un filtro; empiece sin cursor.",
        en="A cursor belongs to one caller and one filter; start without a cursor.",
        arrivals=(Arrival.FAULT,),
    ),
    "INVALID_RANGE": Cure(
        es="`offset` debe ser menor que el documento; el dato `size` es su tamaño.",
        en="`offset` must be smaller than the document; the fact `size` is its size.",
        arrivals=(Arrival.FAULT,),
    ),
    "TEXT_INVALID": Cure(
        es=(
            "El dato `field` nombra el texto y `position` el carácter, contado desde 1: quítelo; en una "
            "etiqueta también el espacio de un extremo; en un motivo que solo tiene espacios es 1: indique "
            "el motivo o nada (security.md)."
        ),
        en=(
            "The fact `field` names the text, `position` the character, counted from 1: leave it out; of a "
            "label also a blank at an end; of a reason in white space alone it is 1: say why, or nothing "
            "(security.md)."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "ROLE_UNKNOWN": Cure(
        es="`rol` 0 (solo en listas), 1 propio, 2 RED, 3 apoderado.",
        en="`rol` 0 (only in lists), 1 own, 2 RED, 3 attorney.",
        arrivals=(Arrival.WSCN,),
    ),
    "SECURITY_HEADER_MISSING": Cure(
        es="Firme el mensaje: WS-Security con un token X.509.",
        en="Sign the message: WS-Security with an X.509 token.",
        arrivals=(Arrival.FAULT,),
    ),
    "SECURITY_HEADER_INVALID": Cure(
        es=(
            "Compare con `docs/security.md`: una cabecera Security, una Signature con SignedInfo, "
            "SignatureValue y KeyInfo. Si `part` es KeyInfo, se firma un BinarySecurityToken que KeyInfo no "
            "designa. El dato `rule` dice `namespace` si `part` está en un espacio de nombres equivocado o "
            "en ninguno."
        ),
        en=(
            "Compare with `docs/security.md`: one Security header, one Signature with SignedInfo, "
            "SignatureValue, KeyInfo. Where `part` is KeyInfo a BinarySecurityToken is signed that KeyInfo "
            "does not designate. The fact `rule` says `namespace` where `part` is in a wrong one, or in none."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "ID_DUPLICATE": Cure(
        es="Dé a cada elemento su propio `wsu:Id`; las versiones antiguas de node-soap los repiten.",
        en="Give every element its own `wsu:Id`; old versions of node-soap repeat them.",
        arrivals=(Arrival.FAULT,),
    ),
    "TIMESTAMP_INVALID": Cure(
        es="Añada un `wsu:Timestamp` con `Created` en UTC (`Z` o una diferencia horaria) y fírmelo.",
        en="Add one `wsu:Timestamp` with `Created` in UTC (`Z` or an offset) and sign it.",
        arrivals=(Arrival.FAULT,),
    ),
    "TOKEN_INVALID": Cure(
        es=(
            "Envíe el certificado como base64 de su forma DER; un PKIPath termina con él; un PKCS #7 o "
            "X509Data contiene su cadena y nada más; IssuerSerial, SubjectName y SKI junto a un certificado "
            "deben ser los suyos."
        ),
        en=(
            "Send the certificate as base64 of its DER form; a PKIPath ends with it, a PKCS #7 or X509Data "
            "holds its path and nothing else; IssuerSerial, SubjectName and SKI beside a certificate must be "
            "its own."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "TOKEN_WEAK": Cure(
        es="Use RSA de 2048 bits o más, o P-256/384/521, firmado con SHA-256 o superior.",
        en="Use RSA of 2048 bits or more, or P-256/384/521, signed with SHA-256 or better.",
        arrivals=(Arrival.FAULT,),
    ),
    "TOKEN_TOO_LARGE": Cure(
        es="Use una clave de 2048 a 8192 bits con el exponente habitual 65537.",
        en="Use a key of 2048 to 8192 bits with the usual exponent 65537.",
        arrivals=(Arrival.FAULT,),
    ),
    "TOKEN_UNAVAILABLE": Cure(
        es=(
            'Haga que `wsse:Reference URI="#…"` apunte al `wsse:BinarySecurityToken` de la misma cabecera, o '
            "registre el certificado: IssuerSerial, SubjectName, SKI y la huella solo eligen entre los "
            "registrados."
        ),
        en=(
            'Point `wsse:Reference URI="#…"` to the `wsse:BinarySecurityToken` in the same header, or have '
            "the certificate registered: IssuerSerial, SubjectName, SKI and thumbprint only choose among "
            "registered ones."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "TOKEN_TYPE_UNSUPPORTED": Cure(
        es="Use un BinarySecurityToken X509v3 por referencia directa, u otra forma de `docs/security.md`.",
        en="Use an X509v3 BinarySecurityToken by direct reference, or another form of `docs/security.md`.",
        arrivals=(Arrival.FAULT,),
    ),
    "CLIENT_NOT_REGISTERED": Cure(
        es="Pregunte al operador; el dato `reason` dice `not-registered` o `disabled`.",
        en="Ask the operator; the fact `reason` says `not-registered` or `disabled`.",
        arrivals=(Arrival.FAULT,),
    ),
    "CERTIFICATE_NOT_VALID_NOW": Cure(
        es="Renueve el certificado; los datos muestran su validez.",
        en="Renew the certificate; the facts show its validity.",
        arrivals=(Arrival.FAULT,),
    ),
    "ISSUER_NOT_AUTHORISED": Cure(
        es="Use un certificado de un emisor que el operador haya autorizado.",
        en="Use a certificate of an issuer that the operator has authorised.",
        arrivals=(Arrival.FAULT,),
    ),
    "CERTIFICATE_REVOKED": Cure(
        es="Use el certificado que lo sustituye; el dato muestra desde cuándo está revocado.",
        en="Use the certificate that replaces it; the fact shows since when it is revoked.",
        arrivals=(Arrival.FAULT,),
    ),
    "REVOCATION_UNKNOWN": Cure(
        es=(
            "Firme y envíe la petición de nuevo pasados los segundos de `Retry-After`; mientras, la pasarela "
            "pregunta al emisor. Leer exige menos que decidir, véase security.md."
        ),
        en=(
            "Sign and send the request again after `Retry-After` seconds; the gateway asks the issuer "
            "meanwhile. Reading needs less than deciding, see security.md."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "CERTIFICATE_MAY_NOT_SIGN": Cure(
        es="Use un certificado cuyo uso de clave sea digitalSignature o contentCommitment.",
        en="Use a certificate with key usage digitalSignature or contentCommitment.",
        arrivals=(Arrival.FAULT,),
    ),
    "IDENTITY_NOT_READABLE": Cure(
        es="El dato `reason` dice qué falta: security.md; `notigateway explain` dice más.",
        en="The fact `reason` says what is missing: security.md; `notigateway explain` says more.",
        arrivals=(Arrival.FAULT,),
    ),
    "KEY_OF_ANOTHER": Cure(
        es=(
            "Una clave responde por la parte y la persona que llamó primero con ella. Si la misma clave se "
            "certificó a otro nombre, incluya el token entre las partes firmadas o haga certificar una clave "
            "nueva; una renovación al mismo nombre no cambia nada."
        ),
        en=(
            "A key stands for the party and person that first called with it. If the same key was certified "
            "in another name, put the token among the signed parts, or have a new key certified; a renewal "
            "in the same name changes nothing."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "CALLER_UNKNOWN": Cure(
        es=(
            "`Ping` muestra lo que se leyó en su certificado; pregunte al operador si nunca se le dirigió "
            "nada. Los poderes, las asignaciones RED y el canal de entrega se pueden consultar y disponer "
            "igualmente."
        ),
        en=(
            "`Ping` shows what was read in your certificate; ask the operator if nothing was ever addressed "
            "to it. Powers, RED assignments and the channel of delivery can be asked about and disposed of "
            "all the same."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "CALLER_NOT_ISSUING_BODY": Cure(
        es=(
            "Firme con el sello de un órgano emisor registrado, o como empleado que este haya autorizado. El "
            "dato `reason` dice `not-a-seal` si el certificado nombra al órgano y no es un sello suyo, "
            "`not-authorised` si el órgano no ha autorizado a su empleado, `may-not-register` si el ajuste "
            "registering_bodies no lo nombra."
        ),
        en=(
            "Sign with the seal of a registered issuing body, or as an employee whom it has authorised. The "
            "fact `reason` says `not-a-seal` where the certificate names the body and is no seal of it, "
            "`not-authorised` where the body has not authorised its employee, `may-not-register` where the "
            "setting registering_bodies does not name it."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "CALLER_NOT_OPERATOR": Cure(
        es="Solo los NIF del ajuste `operators` pueden declarar y cerrar interrupciones.",
        en="Only the NIFs of the setting `operators` may declare and close outages.",
        arrivals=(Arrival.FAULT,),
    ),
    "SEAL_MAY_NOT_DECIDE": Cure(
        es=(
            "Firme las decisiones con el certificado de un representante de la entidad; el operador lo "
            "decide con `entity_seals_may_decide`."
        ),
        en=(
            "Sign decisions with the certificate of a representative of the entity; the operator decides "
            "this by `entity_seals_may_decide`."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "PART_NOT_SIGNED": Cure(
        es=(
            "Firme el propio elemento Body y el Timestamp; firme una cabecera de WS-Addressing u omita su "
            "`mustUnderstand`. Donde se acordó `require_signed_addressing`, todas ellas. El dato `part` dice "
            "cuál no está firmada: `Body`, `Timestamp` o `header`, cuyo nombre de WS-Addressing está en el "
            "dato `header`."
        ),
        en=(
            "Sign the Body element itself and the Timestamp; sign a header of WS-Addressing or leave out its "
            "`mustUnderstand`. Where `require_signed_addressing` was agreed, every such header. The fact "
            "`part` says which is not signed: `Body`, `Timestamp` or `header`, whose name of WS-Addressing "
            "the fact `header` holds."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "REFERENCE_NOT_RESOLVED": Cure(
        es="Referencie solo Body, Timestamp, el token o un bloque de cabecera, con `#id`.",
        en="Reference only Body, Timestamp, token or a header block, by `#id`.",
        arrivals=(Arrival.FAULT,),
    ),
    "DIGEST_DIFFERS": Cure(
        es=(
            "No cambie, sangre ni vuelva a serializar el mensaje después de firmarlo; el dato `part` dice "
            "qué parte difiere, y el dato `header` qué cabecera de WS-Addressing."
        ),
        en=(
            "Do not change, indent or re-serialise the message after signing; the fact `part` says which "
            "part differs, and the fact `header` which header of WS-Addressing."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "NO_CANONICAL_FORM": Cure(
        es="Declare los espacios de nombres con un esquema (`urn:…`, `http://…`), también los que nadie usa.",
        en="Declare namespaces with a scheme (`urn:…`, `http://…`), also those that nothing uses.",
        arrivals=(Arrival.FAULT,),
    ),
    "SIGNATURE_WRONG": Cure(
        es=(
            "Firme con la clave del certificado que envía, firme la forma canónica de SignedInfo y no "
            "cambie, sangre ni vuelva a serializar el mensaje después de firmarlo. `notigateway explain` "
            "dice cuál es el caso: integration.md."
        ),
        en=(
            "Sign with the key of the certificate that you send, sign the canonical form of SignedInfo, and "
            "do not change, indent or re-serialise the message after signing. `notigateway explain` tells "
            "which it is: integration.md."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "MESSAGE_REPLAYED": Cure(
        es=(
            "Firme de nuevo cada petición, también los reintentos; nunca envíe dos veces los mismos bytes. "
            "Espere los segundos de `Retry-After` (1), o haga que las peticiones iguales difieran como dice "
            "el texto."
        ),
        en=(
            "Sign every request anew, also retries; never send the same bytes again. Wait the seconds of "
            "`Retry-After` (1), or make equal requests differ as the text says."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "UNDATED_MESSAGE_REPLAYED": Cure(
        es=(
            "Solo el contrato de la Seguridad Social admite mensajes sin Timestamp (wscn.md). Esperar no "
            "ayuda: RSA da la misma firma para los mismos bytes."
        ),
        en=(
            "Only the Social Security's contract admits messages without Timestamp (wscn.md). Waiting does "
            "not help: RSA gives the same signature for the same bytes."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "ALGORITHM_UNSUPPORTED": Cure(
        es=(
            "C14N exclusiva, SHA-256 o superior, RSA-SHA256 o superior o ECDSA; los datos dicen qué se "
            "recibió."
        ),
        en=(
            "Exclusive C14N, SHA-256 or better, RSA-SHA256 or better or ECDSA; the facts say what was "
            "received."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "MESSAGE_EXPIRED": Cure(
        es="Sincronice su reloj; envíe cada mensaje dentro de sus cinco minutos.",
        en="Synchronise your clock; send a message within its five minutes.",
        arrivals=(Arrival.FAULT,),
    ),
    "NOTIFICATION_UNKNOWN": Cure(
        es="Compruebe el `id`; lo que no está a su disposición se responde como lo que no existe.",
        en="Check the `id`; what is not at your disposal is answered like what does not exist.",
        arrivals=(
            Arrival.ITEM,
            Arrival.FAULT,
        ),
    ),
    "GRANTOR_UNKNOWN": Cure(
        es="`solicitarPoderdantes` relaciona aquellos por quienes puede actuar.",
        en="`solicitarPoderdantes` lists those for whom you may act.",
        arrivals=(Arrival.WSCN,),
    ),
    "ACT_UNKNOWN": Cure(
        es="Compruebe `issuerId` y `reference`; el acto de otro órgano se responde como uno que no existe.",
        en=(
            "Check `issuerId` and `reference`; the act of another body is answered like one that does not "
            "exist."
        ),
        arrivals=(Arrival.ITEM,),
    ),
    "DOCUMENT_UNKNOWN": Cure(
        es="Tome `documentId` de RetrieveNotifications.",
        en="Take `documentId` from RetrieveNotifications.",
        arrivals=(Arrival.FAULT,),
    ),
    "NOTIFICATION_LAPSED": Cure(
        es="Ya no se puede decidir nada; el acto se entiende notificado.",
        en="Nothing can be decided any more; the act is deemed notified.",
        arrivals=(Arrival.ITEM,),
    ),
    "ALREADY_DECIDED": Cure(
        es="Véase el elemento `decision`: quién, dónde y cuándo.",
        en="See the element `decision`: who, where and when.",
        arrivals=(Arrival.ITEM,),
    ),
    "ALREADY_ASSIGNED": Cure(
        es="Véase el elemento `marks`: quién la tiene y quién la asignó. `ifUnassigned` no la quita a nadie.",
        en="See the element `marks`: who has it, and who assigned it. `ifUnassigned` takes it from nobody.",
        arrivals=(Arrival.ITEM,),
    ),
    "TOO_MANY_LABELS": Cure(
        es="Quite con `removeLabel` las que ya no sirvan, en la misma petición o antes.",
        en="Take away with `removeLabel` those that are no longer of use, in the same request or before.",
        arrivals=(Arrival.ITEM,),
    ),
    "NOT_ACCEPTED": Cure(
        es="Acéptela primero.",
        en="Accept it first.",
        arrivals=(
            Arrival.ITEM,
            Arrival.FAULT,
        ),
    ),
    "LAPSE_NOT_FINAL": Cure(
        es=(
            "Solo con `forInformation`: una interrupción aún puede mover el plazo. Pregunte de nuevo después "
            "del siguiente barrido."
        ),
        en=(
            "Only with `forInformation`: an outage may still move the deadline. Ask again after the next "
            "sweep."
        ),
        arrivals=(
            Arrival.ITEM,
            Arrival.FAULT,
        ),
    ),
    "INFORMATION_ENDED": Cure(
        es="`informationUntil` del contrato 1.1 dice hasta cuándo; pida una copia al órgano emisor.",
        en="`informationUntil` of contract 1.1 says until when; ask the issuing body for a copy.",
        arrivals=(
            Arrival.ITEM,
            Arrival.FAULT,
        ),
    ),
    "NOTIFICATION_CANCELLED": Cure(
        es="Pregunte al órgano emisor.",
        en="Ask the issuing body.",
        arrivals=(Arrival.ITEM,),
    ),
    "NOTIFICATION_REJECTED": Cure(
        es="Ya no se puede leer nada; el acto se entiende notificado.",
        en="Nothing can be read any more; the act is deemed notified.",
        arrivals=(Arrival.WSCN,),
    ),
    "NOT_REJECTABLE": Cure(
        es="Acéptela para marcarla como leída.",
        en="Accept it to mark it as read.",
        arrivals=(Arrival.ITEM,),
    ),
    "NO_DEADLINE": Cure(
        es="Una comunicación, una notificación a quien no está obligado o una en papel nunca caducan.",
        en="A communication, a notification to whom is not obliged, or one on paper never lapses.",
        arrivals=(Arrival.ITEM,),
    ),
    "DEADLINE_NOT_LATER": Cure(
        es="Indique un instante posterior al plazo actual, como mucho 366 días más tarde que hoy.",
        en="Name an instant after the present deadline, at most 366 days ahead.",
        arrivals=(Arrival.ITEM,),
    ),
    "REPORT_INVALID": Cure(
        es=(
            "El elemento `field` lo nombra: `at` está en el futuro o más de un año antes de la puesta a "
            "disposición, `channel` es uno por el que eso no ocurre, `decidedBy` nombra a alguien para lo "
            "que nadie hace o tiene mal el carácter de control, `firstAttemptAt` no es anterior a `at`, o "
            "`decision` dice lo que no puede ocurrir con esta notificación."
        ),
        en=(
            "The element `field` names it: `at` lies in the future or more than a year before the "
            "notification was at disposal, `channel` is none in which that happens, `decidedBy` names "
            "somebody for what nobody does or has a wrong check character, `firstAttemptAt` is not before "
            "`at`, or `decision` says what cannot come to this notification."
        ),
        arrivals=(Arrival.ITEM,),
    ),
    "ACT_INVALID": Cure(
        es="El dato `field` dice qué campo.",
        en="The fact `field` says which field.",
        arrivals=(
            Arrival.ITEM,
            Arrival.TOOLS,
        ),
    ),
    "ACT_NEVER_ELECTRONIC": Cure(
        es="Notifíquelo en papel (Orden ISM/903/2020 art. 3.2 y 5).",
        en="Notify it on paper (Orden ISM/903/2020 art. 3.2 and 5).",
        arrivals=(
            Arrival.ITEM,
            Arrival.TOOLS,
        ),
    ),
    "ISSUING_BODY_UNKNOWN": Cure(
        es="Registre primero el órgano emisor.",
        en="Register the issuing body first.",
        arrivals=(
            Arrival.FAULT,
            Arrival.TOOLS,
        ),
    ),
    "EMPLOYEE_INVALID": Cure(
        es=(
            "Operador: el mensaje nombra el campo; una autorización que consta con otras palabras se retira "
            "primero."
        ),
        en="Operator: the message names the field; one that stands with other words is withdrawn first.",
        arrivals=(Arrival.TOOLS,),
    ),
    "EMPLOYEE_UNKNOWN": Cure(
        es="Operador: `notigateway issuer employees` los relaciona.",
        en="Operator: `notigateway issuer employees` lists them.",
        arrivals=(Arrival.TOOLS,),
    ),
    "REFERENCE_CONFLICT": Cure(
        es="Use una referencia nueva para un acto nuevo.",
        en="Use a new reference for a new act.",
        arrivals=(
            Arrival.ITEM,
            Arrival.TOOLS,
        ),
    ),
    "POWER_UNKNOWN": Cure(
        es="Tome `powerId` de ListPowers; el apoderado acepta y renuncia, el poderdante revoca y prorroga.",
        en=(
            "Take `powerId` from ListPowers; the attorney accepts and renounces, the grantor revokes and "
            "extends."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "RED_ASSIGNMENT_UNKNOWN": Cure(
        es="Tome `assignmentId` de los elementos `redAssignment` de ListRepresentations.",
        en="Take `assignmentId` from the elements `redAssignment` of ListRepresentations.",
        arrivals=(Arrival.FAULT,),
    ),
    "OBLIGATION_UNKNOWN": Cure(
        es="Operador: `notigateway obligation list` las muestra.",
        en="Operator: `notigateway obligation list` shows them.",
        arrivals=(Arrival.TOOLS,),
    ),
    "NOT_AN_ADDRESSEE": Cure(
        es=(
            "Lo dicen los comandos del operador: registre antes al destinatario, con su nombre. Por SOAP "
            "nadie es extraño a sus propios derechos."
        ),
        en=(
            "Said by the operator's commands: register the addressee first, with its name. Over SOAP nobody "
            "is a stranger to his own rights."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "POWER_INVALID": Cure(
        es="Los datos `field` y `problem` dicen qué corregir.",
        en="The facts `field` and `problem` say what to mend.",
        arrivals=(Arrival.FAULT,),
    ),
    "POWER_SELF_GRANTED": Cure(
        es="Nombre apoderada a otra persona o empresa.",
        en="Name another person or company as attorney.",
        arrivals=(Arrival.FAULT,),
    ),
    "POWER_TOO_LONG": Cure(
        es="El dato `latest` es el último instante posible ahora.",
        en="The fact `latest` is the last instant that is possible now.",
        arrivals=(Arrival.FAULT,),
    ),
    "POWER_EXISTS": Cure(
        es="El dato `powerId` es el poder que consta; use ExtendPower o RevokePower con él.",
        en="The fact `powerId` is the power that stands; ExtendPower or RevokePower it.",
        arrivals=(Arrival.FAULT,),
    ),
    "POWER_NOT_IN_FORCE": Cure(
        es="El dato `state` dice en qué estado está el poder; otorgue uno nuevo si ha terminado.",
        en="The fact `state` says where the power stands; grant a new one where it has ended.",
        arrivals=(Arrival.FAULT,),
    ),
    "REPRESENTATIVE_REQUIRED": Cure(
        es=(
            "Firme con el certificado cualificado de un representante de la entidad (Orden ISM/189/2021 art. "
            "5.1.a); para leer no hace falta."
        ),
        en=(
            "Sign with the qualified certificate of a representative of the entity (Orden ISM/189/2021 art. "
            "5.1.a); reading needs none."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "POWER_ITEM_UNKNOWN": Cure(
        es="Tome clase y valor de los elementos `item` del poder, en ListPowers del contrato 1.1.",
        en="Take kind and value from the elements `item` of the power, in ListPowers of contract 1.1.",
        arrivals=(Arrival.FAULT,),
    ),
    "POWER_INDIVISIBLE": Cure(
        es="Ponga fin al poder entero; el dato `scope` dice de qué tipo es.",
        en="End the whole power; the fact `scope` says which type it is.",
        arrivals=(Arrival.FAULT,),
    ),
    "CATALOGUE_INVALID": Cure(
        es="Operador: el mensaje nombra la línea y la columna.",
        en="Operator: the message names line and column.",
        arrivals=(Arrival.TOOLS,),
    ),
    "IMPORT_LINE_INVALID": Cure(
        es="Operador: el mensaje nombra línea y columna; `--errors` guarda la línea para corregirla.",
        en="Operator: the message names line and column; `--errors` keeps the line to be mended.",
        arrivals=(Arrival.TOOLS,),
    ),
    "RED_ASSIGNMENT_INVALID": Cure(
        es="Operador: el mensaje nombra el campo.",
        en="Operator: the message names the field.",
        arrivals=(Arrival.TOOLS,),
    ),
    "RED_USER_INVALID": Cure(
        es=(
            "Operador: el mensaje nombra el campo: una autorización que ninguna asignación del titular "
            "tiene, o una persona que ya está registrada allí en ese tiempo."
        ),
        en=(
            "Operator: the message names the field: an authorisation that no assignment of the holder has, a "
            "person registered there in that time already."
        ),
        arrivals=(Arrival.TOOLS,),
    ),
    "USER_INVALID": Cure(
        es=(
            "Corrija el campo que indican los datos (`number`: cuál de varios): `person` es el NIF de una "
            "persona física, cada `client` un NIF, cada `matter` una del catálogo, y `endsAt` es posterior a "
            "`startsAt`, que no ha pasado."
        ),
        en=(
            "Correct the field that the facts name (`number`: which of several): `person` is the NIF of a "
            "natural person, each `client` a NIF, each `matter` one of the catalogue, and `endsAt` lies "
            "after `startsAt`, which has not passed."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "USER_UNKNOWN": Cure(
        es="Tome el identificador de `ListUsers`, con el certificado de la misma entidad.",
        en="Take the identifier from `ListUsers`, with a certificate of the same entity.",
        arrivals=(Arrival.FAULT,),
    ),
    "ENTITY_REQUIRED": Cure(
        es="Firme con el certificado de representante de la entidad, o con su sello.",
        en="Sign with the certificate of the entity's representative, or with its seal.",
        arrivals=(Arrival.FAULT,),
    ),
    "NOT_ALLOWED_TO_DECIDE": Cure(
        es="Pida a la entidad un alta que permita decidir (`GrantUser` con `mayDecide`).",
        en="Ask the entity for a registration that may decide (`GrantUser` with `mayDecide`).",
        arrivals=(Arrival.ITEM,),
    ),
    "ACCOUNT_INVALID": Cure(
        es=(
            "Operador: el mensaje nombra el campo: una cuenta de otro destinatario, un fin que no es "
            "posterior al inicio, una corrección sin motivo."
        ),
        en=(
            "Operator: the message names the field: an account of another addressee, an end that is not "
            "after the start, a correction without ground."
        ),
        arrivals=(Arrival.TOOLS,),
    ),
    "RED_ASSIGNMENT_OVERLAPS": Cure(
        es=(
            "Los datos `startsAt` y `endsAt` dicen cuándo consta la otra; `UnassignRed` o `notigateway red "
            "end` le ponen fin."
        ),
        en=(
            "The facts `startsAt` and `endsAt` say when the other one stands; `UnassignRed` or `notigateway "
            "red end` ends it."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "OBLIGATION_INVALID": Cure(
        es="Operador: el mensaje nombra el campo.",
        en="Operator: the message names the field.",
        arrivals=(Arrival.TOOLS,),
    ),
    "OBLIGATION_OVERLAPS": Cure(
        es=(
            "Operador: los datos `since` y `until` dicen cuándo consta la otra; `notigateway obligation end` "
            "le pone fin."
        ),
        en=(
            "Operator: the facts `since` and `until` say when the other one stands; `notigateway obligation "
            "end` ends it."
        ),
        arrivals=(Arrival.TOOLS,),
    ),
    "SUCCESSION_UNKNOWN": Cure(
        es="Operador: `notigateway succession list` las muestra.",
        en="Operator: `notigateway succession list` shows them.",
        arrivals=(Arrival.TOOLS,),
    ),
    "SUCCESSION_INVALID": Cure(
        es="Los datos `field` y `problem` dicen qué; nadie se sucede a sí mismo, ni en círculo.",
        en="The facts `field` and `problem` say what; nobody succeeds itself, nor in a circle.",
        arrivals=(
            Arrival.FAULT,
            Arrival.TOOLS,
        ),
    ),
    "SUCCESSION_EXISTS": Cure(
        es="El dato `successionId` la nombra; comunique en su lugar la sucesión de ese sucesor.",
        en="The fact `successionId` names it; communicate the succession of that successor instead.",
        arrivals=(
            Arrival.FAULT,
            Arrival.TOOLS,
        ),
    ),
    "CHANNEL_OBLIGED": Cure(
        es=(
            "Las personas jurídicas y los titulares de una cuenta de cotización se notifican por medios "
            "electrónicos."
        ),
        en="Legal entities and holders of a contribution account are notified electronically.",
        arrivals=(Arrival.FAULT,),
    ),
    "PUSH_UNAVAILABLE": Cure(
        es="Consulte ListChanges cada minuto; el operador la activa con `push_key_files`.",
        en="Ask ListChanges every minute; the operator turns it on by `push_key_files`.",
        arrivals=(Arrival.FAULT,),
    ),
    "SUBSCRIPTION_INVALID": Cure(
        es=(
            "El dato `problem` lo dice: `https`, `url`, `url_character`, `url_user`, `url_fragment`, o "
            "`address`: la dirección no es pública, ni de una red que el operador admita."
        ),
        en=(
            "The fact `problem` says it: `https`, `url`, `url_character`, `url_user`, `url_fragment`, or "
            "`address`: the address is not public, nor of a network that the operator allows."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "SUBSCRIPTIONS_TOO_MANY": Cure(
        es="Termine con Unsubscribe una que no use; el dato `limit` es el máximo.",
        en="Unsubscribe one that you do not use; the fact `limit` is how many there may be.",
        arrivals=(Arrival.FAULT,),
    ),
    "SUBSCRIPTION_UNKNOWN": Cure(
        es="Tome `subscriptionId` de ListSubscriptions; una que ha terminado no se reanuda.",
        en="Take `subscriptionId` from ListSubscriptions; one that has ended is not resumed.",
        arrivals=(Arrival.FAULT,),
    ),
    "CONTACT_INVALID": Cure(
        es=(
            "Los datos `number` y `problem` dicen qué dirección corregir: una sola por elemento, sin "
            "comillas, el dominio en ASCII (`xn--…`)."
        ),
        en=(
            "The facts `number` and `problem` say which address to mend: one an element, without quotes, the "
            "domain in ASCII (`xn--…`)."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "NOTICES_OFF": Cure(
        es="Consulte `ListNotifications` o `ListChanges`; pregunte al operador si habrá avisos.",
        en="Poll `ListNotifications` or `ListChanges`; ask the operator whether there will be notices.",
        arrivals=(Arrival.FAULT,),
    ),
    "OUTAGE_INVALID": Cure(
        es=(
            "Instantes en el pasado, el fin no antes del inicio, un motivo, un NIF válido; los datos "
            "`element` y `rule` dicen cuál."
        ),
        en=(
            "Instants in the past, the end not before the start, a reason, a valid NIF; the facts `element` "
            "and `rule` say which."
        ),
        arrivals=(Arrival.FAULT,),
    ),
    "OUTAGE_OVERLAPS": Cure(
        es="Cierre antes la otra, o declare solo el tiempo que deja; el dato `outage` la nombra.",
        en="Close the other one first, or declare only the time it leaves; the fact `outage` names it.",
        arrivals=(Arrival.FAULT,),
    ),
    "OUTAGE_UNKNOWN": Cure(
        es="`notigateway outage list` muestra los identificadores.",
        en="`notigateway outage list` shows the identifiers.",
        arrivals=(Arrival.FAULT,),
    ),
    "OUTAGE_CLOSED": Cure(
        es="Declare lo que vino después como otra interrupción.",
        en="Declare what came after as another outage.",
        arrivals=(Arrival.FAULT,),
    ),
    "RECEIPT_INVALID": Cure(
        es=(
            "No confíe en este justificante; compare con los bytes tal como se entregaron y con el "
            "certificado del sello."
        ),
        en=(
            "Do not rely on this receipt; compare with the bytes as they were delivered and with the seal "
            "certificate."
        ),
        arrivals=(Arrival.TOOLS,),
    ),
    "ACUSE_ENCODING": Cure(
        es="Envíe los bytes tal como los recibió, con su firma añadida; no cambie su codificación.",
        en="Send the bytes as you received them, with your signature added; do not change their encoding.",
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_SIGNATURE_COUNT": Cure(
        es="Fírmelo una sola vez.",
        en="Sign it once.",
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_OURS_MISSING": Cure(
        es=(
            "Añada su firma junto a la que ya está; después de un cambio de la clave del servicio, pida un "
            "acuse nuevo."
        ),
        en=(
            "Add your signature beside the one that is there; after a change of the service's key ask for a "
            "new receipt."
        ),
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_ALTERED": Cure(
        es="No sangre, recodifique ni edite el acuse antes de firmarlo.",
        en="Do not indent, re-encode or edit the receipt before signing it.",
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_UNSIGNED": Cure(
        es="Añada una `ds:Signature` con X509Data dentro de `ProsaSignature`.",
        en="Add a `ds:Signature` with X509Data inside `ProsaSignature`.",
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_ALGORITHM": Cure(
        es=(
            "RSA o ECDSA con SHA-256 o superior; C14N 1.0 inclusiva o exclusiva sin comentarios, ninguna "
            "otra transformación."
        ),
        en=(
            "RSA or ECDSA with SHA-256 or better; inclusive or exclusive C14N 1.0 without comments, no other "
            "transform."
        ),
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_SIGNATURE_WRONG": Cure(
        es="Referencie `#ProsaData` y, si quiere, su propio KeyInfo; nada más; ningún `ds:Object`.",
        en="Reference `#ProsaData` and, if you like, your own KeyInfo; nothing else; no `ds:Object`.",
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_OTHER_SIGNER": Cure(
        es="Firme el acuse y el mensaje con el mismo certificado.",
        en="Sign the receipt and the message with the same certificate.",
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_INVALID": Cure(
        es=(
            "Devuelva lo que le dio `solicitarAcuseNotificacion` para el mismo `rol`, con su firma añadida y "
            "nada más."
        ),
        en=(
            "Send back what `solicitarAcuseNotificacion` gave you for the same `rol`, with your signature "
            "and nothing else added."
        ),
        arrivals=(Arrival.WSCN,),
    ),
    "ACUSE_EXPIRED": Cure(
        es=(
            "Pídalo de nuevo con `solicitarAcuseNotificacion`; el elemento `VALIDO_HASTA` dice hasta cuándo "
            "se puede enviar."
        ),
        en=(
            "Ask again with `solicitarAcuseNotificacion`; the element `VALIDO_HASTA` says until when it can "
            "be sent."
        ),
        arrivals=(Arrival.WSCN,),
    ),
    "TIME_STAMP_INVALID": Cure(
        es=(
            "Compare los certificados fijados con los de la autoridad; el original sin el sello de tiempo "
            "vale por sí mismo."
        ),
        en=(
            "Compare the pinned certificates with those of the authority; the original without the "
            "time-stamp stands for itself."
        ),
        arrivals=(Arrival.TOOLS,),
    ),
    "RENDITION_FAILED": Cure(
        es="Pida el XML; indique al operador el identificador del justificante.",
        en="Ask for the XML; tell the operator the identifier of the receipt.",
        arrivals=(Arrival.ITEM,),
    ),
    "RENDITION_INVALID": Cure(
        es="No confíe en él; pida el justificante de nuevo, o verifique su XML.",
        en="Do not rely on it; ask for the receipt again, or verify its XML.",
        arrivals=(Arrival.TOOLS,),
    ),
    "BUNDLE_INVALID": Cure(
        es="No confíe en él; pida el paquete de nuevo.",
        en="Do not rely on it; ask for the bundle again.",
        arrivals=(Arrival.TOOLS,),
    ),
    "CHECKPOINT_INVALID": Cure(
        es=(
            "No confíe en él; compare con los bytes tal como se entregaron, el certificado del sello y el "
            "nombre del registro."
        ),
        en=(
            "Do not rely on it; compare with the bytes as they were delivered, the seal certificate and the "
            "name of the log."
        ),
        arrivals=(Arrival.TOOLS,),
    ),
    "LOG_DAMAGED": Cure(
        es=(
            "Operador: conserve la base de datos como está y compárela con una copia; el mensaje nombra lo "
            "primero que está mal."
        ),
        en=(
            "Operator: keep the database as it is and compare with a copy; the message names what is wrong "
            "first."
        ),
        arrivals=(Arrival.TOOLS,),
    ),
    "INTERNAL_ERROR": Cure(
        es="Indique al operador el identificador de correlación.",
        en="Tell the operator the correlation id.",
        arrivals=(Arrival.FAULT,),
    ),
    "TEMPORARILY_UNAVAILABLE": Cure(
        es=(
            "Firme y envíe la petición de nuevo pasados los segundos de `Retry-After`; si es el problema de "
            "un elemento, pida de nuevo ese elemento. Sin firmar mientras el servicio no tiene un "
            "certificado válido con que firmar la respuesta: no se leyó nada."
        ),
        en=(
            "Sign and send the request again after `Retry-After` seconds; where it is the problem of an "
            "item, ask for that item again. Static while the service has no valid certificate to sign an "
            "answer with: nothing was read."
        ),
        arrivals=(
            Arrival.ITEM,
            Arrival.FAULT,
            Arrival.STATIC,
        ),
    ),
    "RATE_LIMITED": Cure(
        es=(
            "Firme y envíe la petición de nuevo pasados los segundos de `Retry-After`; pida muchos elementos "
            "en una petición."
        ),
        en="Sign and send the request again after `Retry-After` seconds; ask for many items in one request.",
        arrivals=(Arrival.FAULT,),
    ),
    "DOCUMENT_DAMAGED": Cure(
        es="Avise al operador: el documento se ha perdido, o sus bytes no son los que se publicaron.",
        en="Tell the operator: the document is lost, or its bytes differ from what was published.",
        arrivals=(
            Arrival.ITEM,
            Arrival.FAULT,
        ),
    ),
    "REVOCATION_DATA_INVALID": Cure(
        es="Operador: el mensaje de `notigateway refresh-trust` nombra el lugar y la causa.",
        en="Operator: the message of `notigateway refresh-trust` names the place and the reason.",
        arrivals=(Arrival.TOOLS,),
    ),
    "CONFIGURATION": Cure(
        es="Operador: el mensaje nombra el ajuste o el archivo.",
        en="Operator: the message names the setting or file.",
        arrivals=(Arrival.TOOLS,),
    ),
}
