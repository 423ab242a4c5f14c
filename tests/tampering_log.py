"""How a stranger changes what a bundle holds of the log: its head with cosignatures, its renewed heads."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Change = Callable[[bytes, Random], tuple[str, bytes]]

_DASH = "\u2014 "


def tamper_note(data: bytes, dice: Random, rest: Change) -> tuple[str, bytes]:
    """Change the signatures of a head, or its text as any other."""
    text, _, signed = data.decode().partition("\n\n")
    lines = signed.splitlines()
    if dice.random() < 0.3 or not lines:
        return rest(data, dice)
    at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    _, name, value = lines[at].split(" ")
    raw = bytearray(base64.b64decode(value))
    how = dice.choice(
        ["lost", "doubled", "exchanged", "key", "instant", "signature", "spelling", "name", "long"]
    )
    if how in {"key", "instant", "signature"}:
        start, end = {"key": (0, 4), "instant": (4, 12), "signature": (4, len(raw))}[how]
        raw[dice.randrange(start, end)] ^= 1 << dice.randrange(8)
        lines[at] = f"{_DASH}{name} {base64.b64encode(raw).decode()}"
    elif how == "lost":
        lines.pop(at)
    elif how == "doubled":
        lines.insert(other, lines[at])
    elif how == "exchanged":
        lines[at], lines[other] = lines[other], lines[at]
        if at == other:
            lines[at] = f"{_DASH}{name} {lines[0].rpartition(' ')[2]}"
    else:
        ways = {
            "spelling": f"{_DASH}{name} {value.rstrip('=')}",
            "name": f"{_DASH}{dice.choice(['x', 'w1.example', 'w3.example', 'é'])} {value}",
            "long": f"{_DASH}{name} {value[:4] * dice.choice([0, 50, 20_000])}",
        }
        lines[at] = ways[how]
    return f"cosignature {at} {how}", (text + "\n\n" + "".join(f"{one}\n" for one in lines)).encode()


def tamper_renewals(data: bytes, dice: Random, der: Change, rest: Change) -> tuple[str, bytes]:
    """Change a link, a record or a statement somewhere below, in the one spelling again."""
    if dice.random() < 0.15:
        return rest(data, dice)
    said: dict[str, Any] = json.loads(data)
    links = said["renewals"]
    second = said["second_tree"]
    if dice.random() < 0.4:
        holder, place = dice.choice([*((link, "record") for link in links), (second["statements"], 0)])
        how, holder[place] = _record(holder[place], dice, der)
    else:
        how = _node(said, dice)
    return how, (json.dumps(said, indent=1) + "\n").encode()


def _record(text: str, dice: Random, der: Change) -> tuple[str, str]:
    """Change what a record holds: its token as any of DER, its subject as any text."""
    record: dict[str, Any] = json.loads(text)
    what = dice.choice(["token", "token", "subject", "node"])
    if what == "token":
        how, token = der(base64.b64decode(record["token"]), dice)
        record["token"] = base64.b64encode(token).decode()
        what = f"token {how}"
    elif what == "subject":
        letters = list(record["subject"])
        at = dice.randrange(len(letters))
        letters[at] = dice.choice(["", "0", "A", "\n", "é"])
        record["subject"] = "".join(letters)
    else:
        what = _node(record, dice)
    return f"record: {what}", json.dumps(record, indent=1) + "\n"


def _node(said: dict[str, Any], dice: Random) -> str:
    """Change one value of a tree of JSON in its place."""
    places: list[tuple[Any, Any]] = []

    def walk(holder: Any, keys: Any) -> None:  # noqa: ANN401
        for key in keys:
            places.append((holder, key))
            value = holder[key]
            if isinstance(value, dict):
                walk(value, list(value))
            elif isinstance(value, list):
                walk(value, range(len(value)))

    walk(said, list(said))
    holder, key = dice.choice(places)
    value = holder[key]
    changed: list[Any] = [None, 0, -1, 10**18, [], {}, "", "00" * 32, "x", True]
    if isinstance(value, str) and value:
        at = dice.randrange(len(value))
        changed = [value[:at] + dice.choice("0f9zé") + value[at + 1 :], value[:at], value * 2, *changed]
    elif isinstance(value, int):
        changed = [value + 1, value - 1, value * 2, *changed]
    elif isinstance(value, list) and value:
        one = dice.choice(value)
        changed = [value[1:], value[:-1], value[::-1], [*value, one], [*value * 50], *changed]
    holder[key] = dice.choice([*changed[:5], *changed])
    return f"value of {key}"
