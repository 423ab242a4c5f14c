"""The commands by which an entity says who works for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service_simulator import Simulator, element

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lxml.etree import _Element

    from unit.client.conftest import Done

REGISTRATION = "0190c8a5-0000-7000-8000-000000000001"
NOW = "2026-11-23T09:00:00.000Z"


def user(*more: _Element, end: str | None = None) -> _Element:
    """Return a registration as the service tells it."""
    return element(
        "user",
        element("userId", REGISTRATION),
        element("entity", element("identifier", "A28000016"), element("name", "Gestoría")),
        element("person", element("identifier", "00000001R"), element("name", "Celia")),
        element("allClients", "false"),
        element("clientCount", "2"),
        *more,
        element("mayDecide", "false"),
        element("startsAt", NOW),
        *([] if end is None else [element("endsAt", end)]),
        element("grantedAt", NOW),
    )


CLIENTS = (element("client", "A58818501"), element("client", "B12345674"))


def test_a_person_is_registered_for_the_clients_of_a_file(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    file = tmp_path / "clients.txt"
    file.write_text("A58818501\nB12345674\n", encoding="utf-8")
    service.plan += [Simulator.ordinary, lambda *_: element("GrantUserResponse", user(*CLIENTS))]
    grant = ("users", "grant", "00000001R", "Celia", "--clients", file, "--read-only", "--json")
    (line,) = run(*grant).lines()
    assert (line["user_id"], line["clients"]) == (REGISTRATION, ["A58818501", "B12345674"])
    assert b"<client>A58818501</client><client>B12345674</client><mayDecide>false" in service.requests[-1]


def test_nobody_works_for_all_clients_by_leaving_them_out(run: Callable[..., Done], tmp_path: Path) -> None:
    grant = ("users", "grant", "00000001R", "Celia")
    assert run(*grant).code == 2
    assert run(*grant, "--all-clients", "--client", "B12345674").code == 2
    assert run(*grant, "--clients", tmp_path / "none").code == 2


def test_registrations_are_listed_and_ended(service: Simulator, run: Callable[..., Done]) -> None:
    page = (element("asOf", NOW), element("hasMore", "false"))
    service.plan += [lambda *_: element("ListUsersResponse", *page, user(*CLIENTS))] * 2
    assert "A58818501" in run("users", "list", REGISTRATION).out
    assert run("users", "list", "0190c8a5-0000-7000-8000-000000000002").code == 3
    service.plan += [Simulator.ordinary, lambda *_: element("EndUserResponse", user(end=NOW))]
    (line,) = run("users", "end", REGISTRATION, "--json").lines()
    assert line["ends_at"] == NOW
