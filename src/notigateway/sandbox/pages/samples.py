"""A complete request for each operation of each contract, about what is at hand, ready to be signed."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.contract.versions import LATEST
from notigateway.contract.xml import VersionedRequest
from notigateway.instants import instant_text
from notigateway.sandbox.arriving import Going
from notigateway.sandbox.calling.contents import element_of, request_of
from notigateway.sandbox.calling.messages import Asked
from notigateway.sandbox.calling.parties import pair_of
from notigateway.sandbox.clock import machine_time
from notigateway.sandbox.pages import rights_at_hand as rights
from notigateway.sandbox.pages.at_hand import TGSS, AtHand

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.sandbox.world import World

    Members = dict[str, Any]
    Making = Callable[[AtHand], Members]

_YEAR, _DAY = timedelta(days=365), timedelta(days=1)
_PROCEDURE, _MATTER = "9900101", "company_registration"
_TEXT: Final = "DOCUMENTO DE PRUEBA SIN VALOR ADMINISTRATIVO\n"
_NOBODY: Final = "Nadie Inventado Ficticio"


@dataclass(frozen=True, slots=True)
class Sample:
    """A request as it is to be asked: by whom, with which members, at which instant."""

    asked: Asked
    holder: str
    members: Members


def sample_of(
    world: World, contract: str, operation: str, *, holder: str, about: str | None = None
) -> Sample:
    """Return a sample; `about` is the id of a notification that it is to be about.

    Raises: `LackingError` where what it would be about is not there; `InvalidError`.
    """
    making = _MAKING[contract][operation]
    hand = AtHand(world, holder)
    members = making(hand)
    if about is not None and "id" in members:
        members |= {"id": [about] if isinstance(members["id"], list) else about}
    kind = element_of(contract, operation)
    if kind is not None and issubclass(kind, VersionedRequest):
        members["contractVersion"] = str(LATEST)
    content = request_of(contract, operation, members, world.clock())
    asked = Asked(world, pair_of(world, holder), contract=contract, operation=operation, content=content)
    return Sample(asked, holder, members)


def signed_now(sample: Sample) -> bytes:
    """Return the envelope of a sample, signed as a client of that holder signs it now."""
    world = sample.asked.world
    going = world.callers.by_name.get(sample.holder, world.callers.ordinary)
    if isinstance(going, timedelta):
        return sample.asked.message(now=machine_time() + going).body
    return sample.asked.message(now=machine_time() if going is Going.REAL else world.clock()).body


def holder_for(contract: str, operation: str) -> str:
    """Return whose certificate an operation is for, unless somebody chooses another."""
    return "issuer" if contract == "issuing" else _HOLDERS.get(operation, "company")


# Powers are a person's to grant for an entity, and an attorney's to accept.
_HOLDERS: Final = {
    "GrantPower": "representative",
    "ExtendPower": "representative",
    "RevokePower": "representative",
    "CertifyPower": "representative",
    "MakeResponsibleStatement": "representative",
    "AcceptPower": "red",
    "RenouncePower": "red",
}


# --- the parties' contract


def _nothing(_: AtHand) -> Members:
    return {}


def _list(_: AtHand) -> Members:
    return {"filter": {"state": ["available"]}, "pageSize": 10}


def _retrieve(hand: AtHand) -> Members:
    return {"id": [str(hand.accepted().id)], "withReceipts": True}


def _retrieve_document(hand: AtHand) -> Members:
    one = hand.accepted()
    return {"id": str(one.id), "documentId": hand.document(one)}


def _reject(hand: AtHand) -> Members:
    return {"id": [str(hand.undecided().id)], "reason": "No procede: el expediente es de otra empresa."}


def _mark(hand: AtHand) -> Members:
    return {"id": [str(hand.some().id)], "downloaded": True, "addLabel": ["revisada"]}


def _grant(hand: AtHand) -> Members:
    attorney = hand.other("red")
    return {
        "attorney": attorney.nif,
        "attorneyName": attorney.name,
        "scope": "procedure",
        "value": rights.free_procedure(hand, attorney.nif),
        "expiresAt": instant_text(hand.now + _YEAR),
    }


def _extend(hand: AtHand) -> Members:
    identifier, expires_at = rights.granted(hand, is_accepted=True)
    return {"powerId": identifier, "expiresAt": instant_text(expires_at + _DAY)}


def _grant_user(hand: AtHand) -> Members:
    person = {"person": rights.free_person(hand), "personName": _NOBODY}
    return {**person, "allClients": True, "mayDecide": False}


def _contacts(_: AtHand) -> Members:
    return {
        "address": ["avisos@example.org"],
        "language": "es",
        "delivery": "immediate",
        "deadlineDays": 3,
    }


def _power(find: Callable[[AtHand], tuple[str, Any]]) -> Making:
    return lambda hand: {"powerId": find(hand)[0]}


_V1: Final[dict[str, Making]] = {
    "Ping": _nothing,
    "ListNotifications": _list,
    "RetrieveNotifications": _retrieve,
    "RetrieveDocument": _retrieve_document,
    "AcceptNotifications": lambda hand: {"id": [str(hand.undecided().id)]},
    "RejectNotifications": _reject,
    "RetrieveReceipts": lambda hand: {"id": [str(hand.some().id)], "format": "xml"},
    "ListChanges": lambda _: {"fromNow": True, "pageSize": 100},
    "GetSummary": lambda _: {"countAddressees": True},
    "GetHistory": lambda hand: {"id": str(hand.some().id)},
    "GetLogHead": _nothing,
    "ProveConsistency": lambda _: {"oldSize": 0, "newSize": 0},
    "MarkNotifications": _mark,
    "ListRepresentations": lambda _: {"pageSize": 100},
    "UnassignRed": lambda hand: {"assignmentId": rights.assignment(hand, is_ended=False)},
    "ReassignRed": lambda hand: {"assignmentId": rights.assignment(hand, is_ended=True)},
    "SetReceivingAlone": lambda _: {"receivingAlone": False},
    "GrantPower": _grant,
    "AcceptPower": _power(lambda hand: rights.received(hand, is_accepted=False)),
    "MakeResponsibleStatement": lambda hand: {
        "powerId": rights.to_be_stated(hand)[0],
        "statutesAllowRepresentation": True,
    },
    "RenouncePower": _power(lambda hand: rights.received(hand, is_accepted=None)),
    "RevokePower": _power(rights.granted),
    "ExtendPower": _extend,
    "CertifyPower": _power(rights.granted),
    "ListPowers": lambda _: {"pageSize": 100},
    "GrantUser": _grant_user,
    "EndUser": lambda hand: {"userId": rights.user(hand)},
    "ListUsers": lambda _: {"pageSize": 100},
    "ListMatters": _nothing,
    "GetDeliveryChannel": _nothing,
    "SetDeliveryChannel": lambda _: {"channel": "electronic"},
    "Subscribe": rights.hook,
    "ListSubscriptions": _nothing,
    "Unsubscribe": lambda hand: {"subscriptionId": rights.subscription(hand)},
    "ListDeadDeliveries": lambda hand: {"subscriptionId": rights.subscription(hand), "pageSize": 100},
    "ReplayDeliveries": lambda hand: {"subscriptionId": rights.subscription(hand)},
    "GetContacts": _nothing,
    "SetContacts": _contacts,
}


# --- the issuing bodies' contract


def _content(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _publish(hand: AtHand) -> Members:
    whom = hand.other("company")
    act = {
        "reference": f"EJEMPLO/{secrets.token_hex(6)}",
        "subject": "Requerimiento de documentación",
        "procedure": _PROCEDURE,
        "matter": _MATTER,
        "kind": "notification",
        "addressee": {"identifier": whom.nif, "name": whom.name},
        "document": [{"name": "acto.txt", "mediaType": "text/plain", "content": _content(_TEXT)}],
        "metadata": [{"key": "period", "value": f"{hand.now:%Y-%m}"}],
    }
    return {"act": [act]}


def _cancel(hand: AtHand) -> Members:
    return {"cancellation": [{"reference": hand.issued()[0], "reason": "Error material"}]}


def _extend_deadline(hand: AtHand) -> Members:
    reference, ends = hand.issued()
    later = {"deadline": instant_text(ends + _DAY), "reason": "Incidencia técnica"}
    return {"extension": [{"reference": reference, **later}]}


def _report(hand: AtHand) -> Members:
    said = {"channel": "sede", "decision": "accepted", "at": instant_text(hand.now)}
    return {"report": [{"reference": hand.issued()[0], **said, "evidence": "EJEMPLO-1"}]}


def _succession(hand: AtHand) -> Members:
    return {
        "predecessor": rights.predecessor(hand),
        "successor": {"identifier": rights.new_company(), "name": rights.INVENTED},
        "cause": "merger",
        "factAt": instant_text(hand.now - _DAY),
        "document": "Escritura de ejemplo 1/2026",
    }


def _register(hand: AtHand) -> Members:
    rights.check_registering(hand)
    one = {"identifier": rights.new_company(), "name": rights.INVENTED}
    return {"addressee": [{**one, "ccc": rights.new_account()}]}


def _register_red(hand: AtHand) -> Members:
    rights.check_registering(hand)
    red = hand.other("red")
    entry = {
        "addressee": rights.new_company(),
        "addresseeName": rights.INVENTED,
        "account": rights.new_account(),
        "redPerson": {"identifier": red.nif, "name": red.name},
        "authorisation": "999999",
        "startsAt": instant_text(hand.now),
    }
    return {"assignment": [entry]}


def _declare_outage(hand: AtHand) -> Members:
    starts, ends = rights.outage_times(hand)
    return {
        "startedAt": instant_text(starts),
        "endedAt": instant_text(ends),
        "reason": "Interrupción de ejemplo",
    }


def _close_outage(hand: AtHand) -> Members:
    found = rights.outage(hand, is_open=True)
    assert found is not None  # noqa: S101  (or it raises)
    return {"outageId": str(found.id), "endedAt": instant_text(max(hand.now, found.started_at))}


def _by_body(making: Making) -> Making:
    return lambda hand: {"issuerId": TGSS.dir3, **making(hand)}


_ISSUING: Final[dict[str, Making]] = {
    "UploadDocuments": _by_body(lambda _: {"content": [_content(_TEXT)]}),
    "PublishActs": _by_body(_publish),
    "CancelNotifications": _by_body(_cancel),
    "ExtendDeadlines": _by_body(_extend_deadline),
    "ReportExternalDecisions": _by_body(_report),
    "ListOutcomes": _by_body(lambda _: {"pageSize": 100}),
    "CommunicateSuccession": _by_body(_succession),
    "RegisterAddressees": _by_body(_register),
    "RegisterRedAssignments": _by_body(_register_red),
    "DeclareOutage": _declare_outage,
    "CloseOutage": _close_outage,
}


# --- the Social Security's contract


def _wscn(contract: str) -> dict[str, Making]:
    start = dict.fromkeys(("Propia", "AutorizadoRED", "Apoderado"), -1)
    page = {"rol": 0, **{f"codigoSiguienteNotificacion{name}": place for name, place in start.items()}}
    return {
        "consultarListadoNotificaciones": lambda _: dict(page),
        "solicitarAcuseNotificacion": lambda hand: {
            "rol": 1,
            "codigoNotificacion": hand.undecided().code,
            "esDeAceptacion": True,
        },
        "enviarAcuseNotificacion": lambda hand: {
            "rol": 1,
            "xmlAcuseFirmado": base64.b64encode(hand.acuse(contract)).decode(),
        },
        "verNotificacionAceptada": lambda hand: {"rol": 1, "codigoNotificacion": hand.accepted().code},
        "solicitarPoderdantes": _nothing,
    }


_MAKING: Final = {
    "v1": _V1,
    "issuing": _ISSUING,
    "wscn": _wscn("wscn"),
    "wscn-test": _wscn("wscn-test"),
}
