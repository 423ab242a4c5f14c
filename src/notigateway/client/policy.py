"""The policy by which `follow` accepts: rules in a TOML file; the first that fits a notification decides.

    [[rule]]
    name = "contribution of two clients"    # stands in the log of decisions
    decide = "accept"                       # or "leave"
    clients = ["B12345674", "A58818501"]    # or "all": needed, and there is no default
    matters = ["contribution"]              # what is left out does not restrict
    days_left = 3                           # only once so many days, or fewer, are left
    four_eyes = "checked"                   # only with this label, set by somebody else than who follows

What no rule fits is left: it is never accepted by default. A rule that says nothing of special categories
(data on health) does not fit them. Pure: nothing is asked and nothing sent from here.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.errors import PolicyError
from notigateway.law.deadlines import MADRID
from notigateway.law.identifiers import IdentifierError, check_dir3, check_nif
from notigateway.law.lifecycle import Kind
from notigateway.law.representation import Role
from notigateway.law.texts import is_a_line
from notigateway.setting_words import no_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from notigateway.contract.v1 import Notification

LARGEST_BYTES: Final = 4 * 1024 * 1024
_CLOSED: Final = {"kinds": frozenset(Kind), "roles": frozenset(Role)}
_LISTS: Final = ("matters", "procedures", "issuers", *_CLOSED)
_KEYS: Final = frozenset({"name", "decide", "clients", "special_category", "days_left", "four_eyes", *_LISTS})
_FORMS: Final = {
    "clients": (check_nif, "NIF, NIE or CIF"),
    "issuers": (check_dir3, "DIR3 code of a body, such as EA0042135"),
}
_LONGEST_NAME: Final = 100
_LONGEST_LABEL: Final = 64
_MOST_DAYS: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one rule fits, and what it decides; None does not restrict."""

    name: str
    accepts: bool
    clients: frozenset[str] | None
    special_category: bool
    days_left: int | None = None
    four_eyes: str | None = None
    matters: frozenset[str] | None = None
    procedures: frozenset[str] | None = None
    issuers: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    roles: frozenset[str] | None = None

    def fits(self, notification: Notification) -> bool:
        """Tell whether it is about that notification, whatever the time and whoever has seen it."""
        return (
            _within(self.clients, notification.addressee.identifier)
            and (self.special_category or not notification.special_category)
            and _within(self.matters, notification.matter)
            and _within(self.procedures, notification.procedure)
            and _within(self.issuers, notification.issuing_body.issuer_id)
            and _within(self.kinds, notification.kind)
            and _within(self.roles, notification.role)
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says of one notification now: by which rule, and why it waits where it does."""

    accepts: bool
    rule: str | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in their order, and the SHA-256 of the file that they were read from."""

    rules: tuple[Rule, ...]
    sha256: str

    def judge(
        self,
        notification: Notification,
        *,
        now: datetime,
        is_checked: Callable[[str], bool] = lambda _: False,
    ) -> Verdict:
        """Say what to do with an undecided notification; `is_checked` tells of a label that another has set.

        The first rule that fits decides alone: where it must wait, no later one is asked.
        """
        rule = next((one for one in self.rules if one.fits(notification)), None)
        if rule is None:
            return Verdict(accepts=False)
        if not rule.accepts:
            return Verdict(accepts=False, rule=rule.name)
        if rule.days_left is not None and not _is_near(notification, rule.days_left, now):
            return Verdict(accepts=False, rule=rule.name, waits_for="days_left")
        if rule.four_eyes is not None and not is_checked(rule.four_eyes):
            return Verdict(accepts=False, rule=rule.name, waits_for="four_eyes")
        return Verdict(accepts=True, rule=rule.name)

    def check_known(self, clients: Iterable[str], matters: Iterable[str], procedures: Iterable[str]) -> None:
        """Check that the service knows whom and what it names: a typing error decides nothing.

        Raises: `PolicyError` naming the rule.
        """
        known = {
            "clients": frozenset(clients),
            "matters": frozenset(matters),
            "procedures": frozenset(procedures),
        }
        for number, rule in enumerate(self.rules, start=1):
            for key, words in known.items():
                unknown = sorted((getattr(rule, key) or frozenset()) - words)
                if unknown:
                    raise PolicyError(_at(number, rule.name, f"{key}: {_several(unknown)} {_UNKNOWN[key]}"))

    @property
    def needs_labels(self) -> bool:
        """Whether some rule asks for what another has seen."""
        return any(rule.four_eyes is not None for rule in self.rules)


_UNKNOWN: Final = {
    "clients": "is nobody for whom you may act",
    "matters": "is no matter of the service's catalogue",
    "procedures": "is no procedure of the service's catalogue",
}


def read_policy(content: bytes) -> Policy:
    """Return the policy of a file.

    Raises: `PolicyError`, which names the rule and what is wrong with it.
    """
    if len(content) > LARGEST_BYTES:
        raise PolicyError(f"is longer than {LARGEST_BYTES:,} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise PolicyError(f"is not UTF-8: byte {error.start}") from error
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(no_toml(str(error), text)) from error
    unknown = sorted(read.keys() - {"rule"})
    if unknown:
        raise PolicyError(f"{unknown[0]}: a policy consists of [[rule]] alone")
    rules = read.get("rule", [])
    if not isinstance(rules, list) or not all(isinstance(one, dict) for one in rules):
        raise PolicyError("rule: write each as [[rule]]")
    found = tuple(_rule(number, one) for number, one in enumerate(rules, start=1))
    twice = [name for name, times in Counter(one.name for one in found).items() if times > 1]
    if twice:
        raise PolicyError(f"two rules are named {twice[0]!r}: the log of decisions would not tell them apart")
    return Policy(found, hashlib.sha256(content).hexdigest())


def _rule(number: int, read: Mapping[str, Any]) -> Rule:
    name = read.get("name", f"rule {number}")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise PolicyError(_at(number, None, f"name: a text in one line, of 1 to {_LONGEST_NAME} characters"))
    unknown = sorted(read.keys() - _KEYS)
    if unknown:
        raise PolicyError(_at(number, name, f"{unknown[0]}: there is no such key"))
    decide = read.get("decide")
    if decide not in ("accept", "leave"):
        raise PolicyError(_at(number, name, 'decide: "accept" or "leave"'))
    special = read.get("special_category", decide == "leave")
    if not isinstance(special, bool):
        raise PolicyError(_at(number, name, "special_category: true or false"))
    days = read.get("days_left")
    if days is not None and (type(days) is not int or not 0 <= days <= _MOST_DAYS):
        raise PolicyError(_at(number, name, f"days_left: a whole number from 0 to {_MOST_DAYS}"))
    label = read.get("four_eyes")
    if label is not None and not _is_label(label):
        problem = f"four_eyes: a label of 1 to {_LONGEST_LABEL} characters in one line, no blank at its ends"
        raise PolicyError(_at(number, name, problem))
    return Rule(
        name=name,
        accepts=decide == "accept",
        clients=_clients(number, name, read.get("clients")),
        special_category=special,
        days_left=days,
        four_eyes=label,
        **{key: _words(number, name, key, read[key]) for key in _LISTS if key in read},
    )


def _clients(number: int, name: str, read: object) -> frozenset[str] | None:
    if read == "all":
        return None
    if read is None:
        raise PolicyError(_at(number, name, 'clients: who they are must be said, or "all"'))
    return _words(number, name, "clients", read)


def _words(number: int, name: str, key: str, read: object) -> frozenset[str]:
    """Return a list of words, of which each must be one that there can be.

    What fits nothing is a typing error: a rule that leaves would hand what it is about to the next one.
    """
    if not isinstance(read, list) or not read or not all(isinstance(one, str) and one for one in read):
        raise PolicyError(_at(number, name, f"{key}: a list of one word or more"))
    unknown = sorted(frozenset(read) - _CLOSED.get(key, frozenset(read)))
    if unknown:
        words = ", ".join(sorted(_CLOSED[key]))
        raise PolicyError(_at(number, name, f"{key}: {_several(unknown)} is none of {words}"))
    if key not in _FORMS:
        return frozenset(read)
    check, what = _FORMS[key]
    found = set()
    for one in read:
        try:
            found.add(check(one))
        except IdentifierError as error:
            raise PolicyError(_at(number, name, f"{key}: {one!r} is no {what}")) from error
    return frozenset(found)


def _is_label(read: object) -> bool:
    """Tell whether a label can be set that reads so (`law/marks.py`)."""
    return isinstance(read, str) and 0 < len(read.strip()) == len(read) <= _LONGEST_LABEL and is_a_line(read)


def _at(number: int, name: str | None, problem: str) -> str:
    named = "" if name is None or name == f"rule {number}" else f" ({name})"
    return f"rule {number}{named}: {problem}"


def _several(words: list[str]) -> str:
    more = f" and {len(words) - 1} more" if len(words) > 1 else ""
    return f"{words[0]!r}{more}"


def _within(words: frozenset[str] | None, word: str) -> bool:
    return words is None or word in words


def _is_near(notification: Notification, days: int, now: datetime) -> bool:
    """Tell whether so many days in Madrid, or fewer, follow today until the last one of the term."""
    if notification.deadline is None:
        return False
    last = (notification.deadline - timedelta(microseconds=1)).astimezone(MADRID).date()
    return (last - now.astimezone(MADRID).date()).days <= days
