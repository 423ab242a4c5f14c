"""The Social Security's own contract: its five operations and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.conformance.expecting import expect, refused, same
from notigateway.conformance.kit import WSCN, Need, check
from notigateway.conformance.verdict import FailedError
from notigateway.conformance.wscn_asking import (
    ROLE_OWN,
    UNKNOWN_CODE,
    acuse_of,
    call,
    number,
    page,
    sent,
    signed,
    state_of,
    viewed,
)
from notigateway.contract import wscn
from notigateway.law.lifecycle import Decision

if TYPE_CHECKING:
    from notigateway.conformance.supply import Item
    from notigateway.conformance.target import Target

_SOURCE: Final = "docs/wscn.md"
_NUMBERS: Final = "docs/errors.md, WSCN"
_TOO_MANY_FOR_A_PAGE: Final = 101


@check("WSCN-01", "the list gives three buckets with their cursors, and error 0", _SOURCE, contracts=WSCN)
def _list(target: Target) -> None:
    found = page(target, role=0)
    same(number(found), 0, "error.codigo")


@check(
    "WSCN-02",
    "pages hold every row; each begins with the one that the page before ended with",
    _SOURCE,
    Need.CLOCK,
    contracts=WSCN,
)
def _paging(target: Target) -> None:
    target.supply.several(_TOO_MANY_FOR_A_PAGE)
    first = page(target, role=ROLE_OWN)
    expect(first.hay_mas, "a page that does not hold all says that there is no more")
    second = page(target, role=ROLE_OWN, own=first.codigo_siguiente_notificacion_propia)
    codes = [one.codigo for one in (*first.notificaciones_propias, *second.notificaciones_propias)]
    same(
        second.notificaciones_propias[:1],
        first.notificaciones_propias[-1:],
        "the first row of the second page",
    )
    expect(codes == sorted(codes), "the rows do not come in the order of their codes")
    expect(len(set(codes)) >= _TOO_MANY_FOR_A_PAGE, f"two pages hold {len(set(codes))} rows")


@check(
    "WSCN-03",
    "asking for the receipt to sign moves estado to 1 and decides nothing; it may be asked for again",
    _SOURCE,
    Need.EFFECT,
    contracts=WSCN,
)
def _asked_for(target: Target) -> None:
    item = target.supply.undecided()
    same(number(acuse_of(target, item.code)), 0, "error.codigo of the receipt to sign")
    same(state_of(target, item.code), 1, "estado after asking for the receipt")
    same(number(acuse_of(target, item.code, accepts=False)), 0, "error.codigo for the other decision")
    same(number(viewed(target, item.code)), 144, "the number for viewing what nobody has decided")


@check(
    "WSCN-04",
    "the signed receipt decides: error 0, selladoTiempo, and the PDF of what is accepted",
    _SOURCE,
    Need.EFFECT,
    contracts=WSCN,
)
def _accepted(target: Target) -> None:
    item, answer = _decided(target, accepts=True)
    same(number(answer), 0, "error.codigo of the acceptance")
    same(answer.codigo_notificacion, item.code, "codigoNotificacion")
    same(len((answer.sellado_tiempo or "").split(";")), 3, "the number of parts of selladoTiempo")
    expect((answer.pdf_notificacion or b"").startswith(b"%PDF-"), "the acceptance does not give the PDF")


@check(
    "WSCN-05",
    "what is accepted is viewed again, and gives the same PDF",
    _SOURCE,
    Need.EFFECT,
    contracts=WSCN,
)
def _viewed(target: Target) -> None:
    item, answer = _decided(target, accepts=True)
    again = viewed(target, item.code)
    same(number(again), 0, "error.codigo of viewing it")
    expect(again.pdf_notificacion == answer.pdf_notificacion, "it gives another PDF")


@check(
    "WSCN-06",
    "what is accepted is not decided again: 135, with the selladoTiempo of the decision",
    _NUMBERS,
    Need.EFFECT,
    contracts=WSCN,
)
def _again(target: Target) -> None:
    item, answer = _decided(target, accepts=True)
    same(number(acuse_of(target, item.code)), 135, "the number for what is accepted already")
    again = sent(target, target.stories["wscn accepted by"])
    same(number(again), 135, "the number for the same receipt again")
    same(again.sellado_tiempo, answer.sellado_tiempo, "selladoTiempo of the decision")


@check(
    "WSCN-07",
    "what is rejected is 136 for who decides it again, and 27 for who views it",
    _NUMBERS,
    Need.EFFECT,
    contracts=WSCN,
)
def _rejected(target: Target) -> None:
    item, answer = _decided(target, accepts=False)
    same(number(answer), 0, "error.codigo of the rejection")
    expect(answer.pdf_notificacion is None, "the PDF of what was rejected is delivered")
    same(number(acuse_of(target, item.code)), 136, "the number for what is rejected already")
    same(number(viewed(target, item.code)), 27, "the number for viewing what was rejected")


@check("WSCN-08", "a rol that is none is 112, and 0 is for lists only", _NUMBERS, contracts=WSCN)
def _role(target: Target) -> None:
    same(number(page(target, role=9)), 112, "the number for rol 9 in a list")
    same(number(viewed(target, UNKNOWN_CODE, role=0)), 112, "the number for rol 0 in a view")


@check("WSCN-09", "a notification that is none is 116, 117 or 118 by the capacity", _NUMBERS, contracts=WSCN)
def _unknown(target: Target) -> None:
    for role, wanted in ((1, 116), (2, 117), (3, 118)):
        same(number(viewed(target, UNKNOWN_CODE, role=role)), wanted, f"the number for rol {role}")
        same(
            number(acuse_of(target, UNKNOWN_CODE, role=role)),
            wanted,
            f"the number of the acuse, rol {role}",
        )


@check("WSCN-10", "a grantor who gave no power is 109", _NUMBERS, contracts=WSCN)
def _grantor(target: Target) -> None:
    asked = wscn.VerNotificacionAceptada(rol=3, identificador_poderdante="00000000T", codigo_notificacion=1)
    same(number(call(target, "verNotificacionAceptada", asked)), 109, "the number for such a grantor")


@check("WSCN-11", "a parameter that is missing, unknown or not of its type is 133", _NUMBERS, contracts=WSCN)
def _parameters(target: Target) -> None:
    operation = "verNotificacionAceptada"
    for inner in (
        "<rol>1</rol>",
        "<rol>1</rol><codigoNotificacion>uno</codigoNotificacion>",
        "<rol>1</rol><codigoNotificacion>1</codigoNotificacion><otro>1</otro>",
        "<rol>1</rol><codigoNotificacion>1</codigoNotificacion><codigoNotificacion>2</codigoNotificacion>",
    ):
        content = wscn.write_root(target.dialect.namespace, operation, inner)
        same(number(call(target, operation, content)), 133, f"the number for {inner}")


@check(
    "WSCN-12",
    "what is somebody else's is what does not exist",
    _NUMBERS,
    Need.SECOND,
    Need.EFFECT,
    contracts=WSCN,
)
def _others(target: Target) -> None:
    item = target.supply.untouched()
    found = {
        code: [
            number(viewed(target, code, signer=target.second)),
            number(acuse_of(target, code, signer=target.second)),
        ]
        for code in (item.code, UNKNOWN_CODE)
    }
    same(found[item.code], found[UNKNOWN_CODE], "the numbers for somebody else's")
    same(found[item.code], [116, 116], "the numbers for what does not exist")


@check(
    "WSCN-13",
    "children may be qualified, and say their type, as stubs of Axis write them",
    _SOURCE,
    contracts=WSCN,
)
def _axis(target: Target) -> None:
    operation, namespace = "verNotificacionAceptada", target.dialect.namespace
    content = (
        f'<{operation} xmlns="{namespace}"><rol>1</rol>'
        f"<codigoNotificacion>{UNKNOWN_CODE}</codigoNotificacion></{operation}>"
    )
    same(number(call(target, operation, content.encode())), 116, "the number")


@check("WSCN-14", "the grantors are told, and whether there are any", _SOURCE, contracts=WSCN)
def _grantors(target: Target) -> None:
    answer = call(target, "solicitarPoderdantes", wscn.SolicitarPoderdantes())
    same(number(answer), 0, "error.codigo")
    if not isinstance(answer, wscn.ListadoPoderdantes):
        raise FailedError("the answer tells no grantors")
    same(answer.tiene_poderdantes, bool(answer.poderdantes), "tienePoderdantes")


@check(
    "WSCN-15",
    "a fault has the system fault of the environment, with the number of its cause",
    _NUMBERS,
    contracts=WSCN,
)
def _fault_number(target: Target) -> None:
    unsigned = target.draft(after=lambda parts: parts.security.remove(parts.signature))
    for draft, code, wanted in (
        (unsigned, "SECURITY_HEADER_MISSING", "2"),
        (target.draft(signs=("Timestamp",)), "PART_NOT_SIGNED", "2"),
        (target.draft(after=lambda parts: parts.security.remove(parts.token)), "TOKEN_UNAVAILABLE", "1"),
        (target.draft(stated={"uri": "#nothing"}), "REFERENCE_NOT_RESOLVED", "100"),
    ):
        found = refused(target, draft, code)
        same(found.element.findtext("detail/*/error/codigo"), wanted, f"the number of {code}")


def _decided(target: Target, *, accepts: bool) -> tuple[Item, wscn.NotificacionRecuperada]:
    """Return a notification that is decided once for all checks, and what was answered."""
    name = "wscn accepted" if accepts else "wscn rejected"
    if name not in target.stories:
        item = target.supply.undecided()
        handed = acuse_of(target, item.code, accepts=accepts)
        decision = Decision.ACCEPT if accepts else Decision.REJECT
        xml = signed(target, handed, item.code, decision)
        target.stories[f"{name} by"] = xml
        target.stories[name] = item, sent(target, xml)
    item, answer = target.stories[name]
    return item, answer
