"""Powers of attorney: granted, accepted, ended, each by a message that grantor or attorney signs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.addressee.powers import import_power
from notigateway.clock.obliging import obliging_by
from notigateway.instants import instant_text
from notigateway.law.powers import Named, PowerTerms
from notigateway.law.representation import ItemKind, PowerScope
from notigateway.repository.engine import writing
from notigateway.sandbox.calling.messages import ask
from notigateway.sandbox.calling.parties import named, pair_of
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.sandbox.calling.answers import Answer
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_YEAR: Final = timedelta(days=365)
_POWER: Final = "its id"
_TERMS: Final = {
    "attorney": "a holder's name or a NIF; by default `stranger`",
    "items": "what it names, as `matter:collection`, `group:rates`, `procedure:9900105`; none: general",
    "expires_at": "an instant, or how far from now; by default a year",
}


@verb(
    "grant-power",
    {
        "as": "the grantor; by default `person`. A company grants by its `representative`",
        **_TERMS,
        "accept": "true: the attorney accepts it at once",
        "accept_as": "by whose certificate: a company accepts by its `representative`",
    },
)
def grant(world: World, wanted: Given) -> dict[str, Any]:
    """Grant a power of attorney."""
    now = world.clock()
    attorney = wanted.text("attorney") or "stranger"
    is_accepted, by = wanted.flag("accept"), wanted.take("accept_as", (str, dict)) or attorney
    whose = pair_of(world, wanted.take("as", (str, dict)) or "person")
    items = read_items(wanted.texts("items") or ())
    one = named(world, attorney)
    answer = ask(
        world,
        whose,
        "GrantPower",
        attorney=one.nif,
        attorneyName=one.name,
        scope=_scope(items),
        expiresAt=instant_text(wanted.moment("expires_at", now) or now + _YEAR),
        item=[{"kind": item.kind.value, "value": item.value} for item in items],
    )
    if is_accepted:
        answer = ask(world, pair_of(world, by), "AcceptPower", powerId=answer.said["power"]["powerId"])
    return _power(answer)


@verb("accept-power", {"power": _POWER, "as": "the attorney; by default `stranger`"})
def accept(world: World, wanted: Given) -> dict[str, Any]:
    """Accept a power as its attorney."""
    return _power(_ask(world, wanted, "AcceptPower", "stranger"))


@verb("make-statement", {"power": _POWER, "as": "the attorney's; by default `representative`"})
def state(world: World, wanted: Given) -> dict[str, Any]:
    """State, as a company that is an attorney, that its statutes let it represent others."""
    return _power(
        _ask(world, wanted, "MakeResponsibleStatement", "representative", statutesAllowRepresentation=True)
    )


@verb(
    "extend-power", {"power": _POWER, "as": "the grantor; by default `person`", "expires_at": "when it ends"}
)
def extend(world: World, wanted: Given) -> dict[str, Any]:
    """Let a power run longer, as its grantor."""
    now = world.clock()
    until = instant_text(wanted.moment("expires_at", now) or now + 2 * _YEAR)
    return _power(_ask(world, wanted, "ExtendPower", "person", expiresAt=until))


@verb(
    "end-power",
    {
        "power": _POWER,
        "by": "`grantor` revokes it (the default), `attorney` renounces it",
        "as": "by whose certificate; by default `person`, of the attorney `stranger`",
        "item": "only this, as `procedure:9900105`",
    },
)
def end(world: World, wanted: Given) -> dict[str, Any]:
    """End a power, or one of what it names: its grantor revokes it, its attorney renounces it."""
    is_grantor = wanted.word("by", ("grantor", "attorney"), "grantor") == "grantor"
    item = [{"kind": one.kind.value, "value": one.value} for one in read_items(wanted.texts("item") or ())]
    operation, whose = ("RevokePower", "person") if is_grantor else ("RenouncePower", "stranger")
    return _power(_ask(world, wanted, operation, whose, item=item[0] if item else None))


@verb("certify-power", {"power": _POWER, "as": "either side; by default `person`"})
def certify(world: World, wanted: Given) -> dict[str, Any]:
    """Have it certified what the register holds of a power."""
    said = _ask(world, wanted, "CertifyPower", "person").said
    return {"id": said["certificateId"], "issued_at": said["issuedAt"], "sha256": said["sha256"]}


@verb(
    "import-power",
    {
        "grantor": "a holder's name or a NIF; by default `person`",
        **_TERMS,
        "registered_at": "when another register entered it; by default now",
        "accepted_at": "when it was accepted there",
        "adapted": "true: one of before 2 April 2021 was adapted",
    },
)
def bring(world: World, wanted: Given) -> dict[str, Any]:
    """Bring a power of another register here, as the operator."""
    now = world.clock()
    grantor = named(world, wanted.text("grantor") or "person")
    attorney = named(world, wanted.text("attorney") or "stranger")
    items = read_items(wanted.texts("items") or ())
    terms = PowerTerms(
        attorney=attorney.nif,
        attorney_name=attorney.name,
        scope=_scope(items),
        items=tuple(items),
        expires_at=wanted.moment("expires_at", now) or now + _YEAR,
    )
    registered_at = wanted.moment("registered_at", now) or now
    accepted_at, is_adapted = wanted.moment("accepted_at", now), wanted.flag("adapted")
    with world.using() as office, writing(office.engine) as session:
        row = import_power(
            session,
            terms,
            grantor=grantor.nif,
            grantor_name=grantor.name,
            registered_at=registered_at,
            accepted_at=accepted_at,
            is_adapted=is_adapted,
            now=now,
        )
        obliging_by(world.settings).look_again_by_power(session, row, now=now)
        return {"id": str(row.id), "state": row.state_at(now).value}


def read_items(texts: Iterable[str]) -> list[Named]:
    """Return what a power names, each as `kind:code`. Raises: `InvalidError`."""
    found = []
    for text in texts:
        kind, _, code = text.partition(":")
        if kind not in set(ItemKind) or not code:
            raise InvalidError(f"items: {', '.join(f'{one}:CODE' for one in ItemKind)}")
        found.append(Named(ItemKind(kind), code))
    return found


def _scope(items: list[Named]) -> PowerScope:
    if not items:
        return PowerScope.GENERAL
    return PowerScope.MATTER if items[0].kind is ItemKind.MATTER else PowerScope.PROCEDURE


def _ask(world: World, wanted: Given, operation: str, whose: str, **members: Any) -> Answer:  # noqa: ANN401
    """Ask for a power to be changed, by the certificate that is named or else `whose`."""
    identifier = wanted.need("power")
    pair = pair_of(world, wanted.take("as", (str, dict)) or whose)
    return ask(world, pair, operation, powerId=identifier, **members)


def _power(answer: Answer) -> dict[str, Any]:
    said: dict[str, Any] = answer.said["power"]
    return said | {"id": said["powerId"]}
