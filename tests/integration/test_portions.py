"""Many lines in one portion leave the registers as the single commands do line by line, whatever they say."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from following import asking
from histories import caller_of
from notigateway.addressee.red import assign_red
from notigateway.addressee.registering import (
    AddresseeTerms,
    enter_each,
    register_addressee,
    register_addressees,
    register_assignments,
    written,
)
from notigateway.cli.import_kinds import KINDS, Desk
from notigateway.clock.obliging import obliging_by
from notigateway.errors import GatewayError
from notigateway.law.titles import RedTerms
from notigateway.repository.addressees import find_addressee
from notigateway.repository.apart import apart
from notigateway.repository.engine import writing
from notigateway.repository.touched import Touched
from registers import ACCOUNTS, DAY, NIFS, PROXIES, Lines, rows_in_words, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session
    from stack import Stack

    Said = dict[str, str]
    Rounds = Sequence[tuple[str, Sequence[Said]]]
    # What became of each line, and every table.
    Found = tuple[list[str], dict[str, list[str]]]

# What comes by the import, and what a body asks for by its two operations.
BODIES = {"body red": "red", "body addressees": "addressees"}
SORTS = ("red", "red", "accounts", "addressees", "powers", "obligations", "red-users", *BODIES)


class TakenBackError(Exception):
    """Nothing is kept."""


class Entering:
    """Enters lines of one sort into the registers, in a transaction of somebody else."""

    def __init__(self, stack: Stack, session: Session, sort: str, asked: Asking) -> None:
        self.session, self.sort, self.asked = session, sort, asked
        self.obliging = obliging_by(stack.settings)
        self.touched = Touched(session)

    def together(self, lines: Sequence[Said]) -> list[str]:
        """Enter all of them in one portion."""
        session, obliging, asked = self.session, self.obliging, self.asked
        if self.sort in KINDS:
            timed = [(self.now(place), said) for place, said in enumerate(lines)]
            done = enter_each(session, timed, self.one, lambda line: KINDS[self.sort].names(line[1]))
            return [one.code if isinstance(one, GatewayError) else one for one in done]
        if self.sort == "body red":
            by_body = register_assignments(session, asked, list(map(red_terms, lines)), obliging=obliging)
        else:
            terms = list(map(addressee_terms, lines))
            by_body = register_addressees(session, terms, obliging=obliging, now=asked.now)
        return [str(one.outcome) if one.refusal is None else one.refusal.code for one in by_body]

    def one_by_one(self, lines: Sequence[Said]) -> list[str]:
        """Enter each as the single command does, which reads nothing ahead."""
        found = []
        for place, said in enumerate(lines):
            try:
                with apart(self.session.connection()):
                    found.append(self.one((self.now(place), said)))
                    self.session.flush()
            except GatewayError as refusal:
                found.append(refusal.code)
            self.session.expunge_all()  # another transaction would know of no object
        return found

    def now(self, place: int) -> datetime:
        """Return when a line is entered; what a body asks for is entered at one instant."""
        return self.asked.now + timedelta(milliseconds=10 * place * (self.sort in KINDS))

    def one(self, line: tuple[datetime, Said]) -> str:
        """Enter a line, and return the word for what came of it."""
        (now, said), session, obliging = line, self.session, self.obliging
        self.touched.clear()
        if self.sort in KINDS:
            row = KINDS[self.sort].enter(Desk(session, obliging, now), said)
            return self.touched.outcome(row)
        if self.sort == "body red":
            assignment = assign_red(session, red_terms(said), now=now, asking=self.asked)
            obliging.look_again(session, assignment.addressee_id, now=now)
            return self.touched.outcome(assignment)
        terms = addressee_terms(said)
        was_known = find_addressee(session, written(terms.identifier)) is not None
        addressee = register_addressee(session, terms, obliging=obliging, now=now)
        return self.touched.outcome(addressee, was_known=was_known)


def red_terms(said: Said) -> RedTerms:
    return RedTerms(
        addressee=said["addressee"],
        addressee_name=said.get("addressee_name"),
        account=said["account"],
        red_party=said["red_party"],
        red_name=said["red_name"],
        authorisation=said["authorisation"],
        starts_at=datetime.fromisoformat(said["from"]),
        ends_at=datetime.fromisoformat(said["to"]) if "to" in said else None,
    )


def addressee_terms(said: Said) -> AddresseeTerms:
    return AddresseeTerms(
        identifier=said["nif"],
        name=said["name"],
        ccc=said.get("ccc"),
        naf=said.get("naf"),
        since=datetime.fromisoformat(said["from"]),
    )


def entered(
    stack: Stack,
    rounds: Rounds,
    asked: Asking,
    enter: Callable[[Entering, Sequence[Said]], list[str]],
) -> Found:
    """Enter them round by round; return what there is then, and take all back."""
    outcomes: list[str] = []
    found: dict[str, list[str]] = {}
    with suppress(TakenBackError), writing(stack.engine) as session:
        for second, (sort, lines) in enumerate(rounds):
            # The clock of who published was ahead.
            asked = replace(asked, now=stack.now + timedelta(seconds=second - 2))
            outcomes += enter(Entering(stack, session, sort, asked), lines)
            session.expunge_all()
        found = rows_in_words(session)
        raise TakenBackError
    return outcomes, found


def check(stack: Stack, seed: int, *, lines: int) -> None:
    chance = Random(seed)  # noqa: S311  (the same every time)
    drawn = Lines(chance, stack.now)
    rounds = [
        (sort, [drawn.line(BODIES.get(sort, sort)) for _ in range(lines)])
        for sort in chance.choices(SORTS, k=4)
    ]
    compare(stack, rounds)


def compare(stack: Stack, rounds: Rounds) -> list[str]:
    """Enter them in both ways; return what became of each line."""
    asked = asking(stack, caller_of(PROXIES[0]))
    one_by_one = entered(stack, rounds, asked, Entering.one_by_one)
    assert entered(stack, rounds, asked, Entering.together) == one_by_one
    return one_by_one[0]


def test_a_portion_leaves_what_its_lines_leave_one_by_one(stack: Stack) -> None:
    settle(stack, Random(1))  # noqa: S311
    for seed in range(3):
        check(stack, seed, lines=12)


def test_a_portion_takes_back_the_windows_that_it_has_opened(stack: Stack) -> None:
    nif, own, another = NIFS[0], *ACCOUNTS[:2]
    ago = [(stack.now - days * DAY).isoformat() for days in range(7)]
    assigned = {"red_party": PROXIES[0], "red_name": "Celia", "authorisation": "1", "from": ago[6]}
    red = {"addressee": nif, "addressee_name": "Uno", "account": own, "ground": "told late", **assigned}
    moved = {"nif": nif, "account": another, "main": "true", "ground": "told late"}
    rounds = [
        ("red", [red]),
        ("accounts", [{**moved, "from": ago[since], "to": ago[since - 1]} for since in (6, 4, 5, 2)]),
    ]
    assert compare(stack, rounds) == ["created"] * 5


@pytest.mark.soak
@pytest.mark.parametrize("world", range(4))
def test_many_portions_leave_what_their_lines_leave_one_by_one(stack: Stack, world: int) -> None:
    settle(stack, Random(world))  # noqa: S311
    for seed in range(16 * world, 16 * world + 16):
        check(stack, seed, lines=(3, 8, 20, 40)[seed % 4])
