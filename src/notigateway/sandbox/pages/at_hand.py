"""What is at hand in a world for a sample request to be about, and how it comes there where it is not.

Only looked at: a page that shows a sample changes nothing, and draws nothing of what the world's seed gives.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.law.lifecycle import Decision, Kind, State
from notigateway.repository.engine import reading
from notigateway.repository.issued import find_first_document, find_undecided
from notigateway.repository.overview import list_standing
from notigateway.sandbox.calling.acuses import signed
from notigateway.sandbox.calling.answers import Answer
from notigateway.sandbox.calling.parties import named, pair_of
from notigateway.sandbox.journal import Search
from notigateway.sandbox.refusals import LackingError
from notigateway.sandbox.seeds import BODIES
from notigateway.soap.served import SERVED

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notigateway.repository.overview import Stands
    from notigateway.sandbox.calling.parties import Named
    from notigateway.sandbox.world import World

TGSS: Final = BODIES[0]
_ALL: Final = 10_000
_SUBJECT: Final = "Requerimiento para una petición de ejemplo"
_ASKING: Final = "solicitarAcuseNotificacion"


@dataclass(frozen=True, slots=True)
class AtHand:
    """What a holder can ask about in a world, at the time of that world; each raises `LackingError`."""

    world: World
    holder: str

    @property
    def now(self) -> datetime:
        """Return the time of the world."""
        return self.world.clock()

    @property
    def nif(self) -> str:
        """Return the NIF of the party for which the holder's certificate asks."""
        return self.world.nif_of(self.holder)

    def other(self, name: str) -> Named:
        """Return another holder of the sandbox."""
        return named(self.world, name)

    def lacks(self, es: str, en: str, *steps: dict[str, Any]) -> LackingError:
        """Return the error that says what is not there; `steps` of a scenario would bring it."""
        return LackingError(en, es, list(steps))

    @property
    def publishing(self) -> dict[str, Any]:
        """Return the step that puts an act at the party's disposal."""
        whom = "company" if self.nif == self.world.nif_of("company") else self.nif
        return {"publish": {"subject": _SUBJECT, "addressee": whom}}

    # --- notifications

    def undecided(self) -> Stands:
        """Return a notification that the party can decide."""
        found = self._first(lambda one: one.kind is Kind.NOTIFICATION and one.state is State.AVAILABLE)
        if found is None:
            raise self.lacks(
                "una notificación sin decidir", "a notification that is not decided", self.publishing
            )
        return found

    def accepted(self) -> Stands:
        """Return one that it has accepted."""
        found = self._first(lambda one: one.state is State.ACCEPTED)
        if found is None:
            accept = {"accept": {"notification": "{one.id}", "as": self.holder}}
            steps = {"as": "one", **self.publishing}, accept
            raise self.lacks("una notificación aceptada", "a notification that is accepted", *steps)
        return found

    def some(self) -> Stands:
        """Return any that is at its disposal."""
        found = self._first(lambda one: one.state is not State.SCHEDULED)
        if found is None:
            raise self.lacks("una notificación", "a notification", self.publishing)
        return found

    def document(self, of: Stands) -> str:
        """Return the first document of a notification."""
        with self.world.looking() as office, reading(office.engine) as session:
            return str(find_first_document(session, of.code))

    def issued(self) -> tuple[str, datetime]:
        """Return reference and deadline of an act that the issuing body can still change."""
        with self.world.looking() as office, reading(office.engine) as session:
            found = find_undecided(session, TGSS.dir3, now=self.now)
        if found is None:
            publish = {"publish": {"subject": _SUBJECT, "body": TGSS.acronym}}
            raise self.lacks("un acto de la TGSS sin decidir", "an act of TGSS that is not decided", publish)
        return found

    def _first(self, is_wanted: Callable[[Stands], bool]) -> Stands | None:
        return next(filter(is_wanted, self._standing()), None)

    def _standing(self) -> list[Stands]:
        """Return what is the party's, the newest first."""
        with self.world.looking() as office, reading(office.engine) as session:
            return list_standing(session, now=self.now, addressee=self.nif, limit=_ALL)

    # --- the Social Security's contract

    def acuse(self, contract: str) -> bytes:
        """Return a receipt that was handed out to the holder, signed as accepting."""
        waiting = {one.code for one in self._standing() if one.state is State.RECEIPT_REQUESTED}
        valid = timedelta(seconds=self.world.settings.wscn_acuse_valid_seconds)
        asked = self.world.journal.search(Search(operation=_ASKING, caller=self.nif, code="OK", all=True))
        for one in reversed(asked):
            said = Answer(one.status, one.answer_headers, one.answer, contract).said
            is_fresh = one.contract == SERVED[contract].file and one.at + valid > self.now
            if is_fresh and said.get("codigoNotificacion") in waiting and "XML" in said:
                expected = said["codigoNotificacion"], Decision.ACCEPT
                return signed(base64.b64decode(said["XML"]), pair_of(self.world, self.holder), expected)
        raise self.lacks("un acuse que firmar", "a receipt to sign", *self._asking_for_receipt(contract))

    def _asking_for_receipt(self, contract: str) -> list[dict[str, Any]]:
        can_be_asked = {State.AVAILABLE, State.RECEIPT_REQUESTED}
        found = self._first(lambda one: one.kind is Kind.NOTIFICATION and one.state in can_be_asked)
        code: int | str = "{one.code}" if found is None else found.code
        content = {"rol": 1, "codigoNotificacion": code, "esDeAceptacion": True}
        asking = {"operation": _ASKING, "contract": contract, "as": self.holder, "content": content}
        return [*([{"as": "one", **self.publishing}] if found is None else []), {"request": asking}]
