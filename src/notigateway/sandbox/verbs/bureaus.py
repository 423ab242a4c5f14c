"""A bureau: a RED person who manages many companies, as the biggest callers do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from notigateway.addressee.red import assign_red
from notigateway.addressee.registering import enter_each
from notigateway.errors import GatewayError
from notigateway.law.identifiers import company_nif, control_digits
from notigateway.law.submission import SubmittedAddressee
from notigateway.law.titles import RedTerms
from notigateway.repository.engine import reading, writing
from notigateway.repository.powers import list_all_red_assignments
from notigateway.sandbox.calling.parties import named
from notigateway.sandbox.given import Given
from notigateway.sandbox.seeds import AUTHORISATION
from notigateway.sandbox.verbs.publishing import batched, numbered, publish_all, read_act
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.office import Office
    from notigateway.sandbox.world import World

_COMPANIES_MAX: Final = 10_000
_ACTS_MAX: Final = 100
_TOGETHER: Final = 500
# The sandbox's own company has another.
_FIRST: Final = 1_000_000


@verb(
    "bureau",
    {
        "companies": f"how many, at most {_COMPANIES_MAX:,}; 100 by default",
        "acts": f"how many notifications each gets, at most {_ACTS_MAX}; by default 1",
        "red": "the RED person; by default `red`",
    },
)
def bureau(world: World, wanted: Given) -> dict[str, Any]:
    """Let a RED person manage many fictitious companies, each with notifications; again, it adds these."""
    count = wanted.whole("companies", least=1, most=_COMPANIES_MAX) or 100
    acts = wanted.whole("acts", most=_ACTS_MAX)
    red = named(world, wanted.text("red") or "red")
    now = world.clock()
    companies = [_company(number) for number in range(_FIRST, _FIRST + count)]
    terms = [
        RedTerms(
            addressee=one.identifier,
            addressee_name=one.name,
            account=one.ccc or "",
            red_party=red.nif,
            red_name=red.name,
            authorisation=AUTHORISATION,
            starts_at=now,
            ends_at=None,
        )
        for one in companies
    ]
    act = read_act(world, Given({}))
    several = [replace(act, addressee=one) for one in companies for _ in range(1 if acts is None else acts)]
    with world.using() as office:
        _assign(office, terms, now)
        made = publish_all(office, numbered(several), now=now)
    return {"companies": count, "first": companies[0].identifier, "published": len(made)}


def _assign(office: Office, terms: list[RedTerms], now: datetime) -> None:
    """Enter the assignments that are not there yet. Raises: why one is refused."""
    with reading(office.engine) as session:
        there = {(one.account, one.red_party) for one in list_all_red_assignments(session)}
    new = [one for one in terms if (one.account, one.red_party) not in there]
    for batch in batched(new, _TOGETHER):
        with writing(office.engine) as session:

            def enter(one: RedTerms) -> None:
                row = assign_red(session, one, now=now)
                office.delivering.obliging.look_again(session, row.addressee_id, now=now)

            for done in enter_each(session, batch, enter, lambda one: (one.addressee, one.account)):
                if isinstance(done, GatewayError):
                    raise done


def _company(number: int) -> SubmittedAddressee:
    serial = f"{number:07}"
    account = f"28{serial}{control_digits('28', serial)}"
    return SubmittedAddressee(company_nif(number), f"Empresa ficticia {number}, S.L.", ccc=account)
