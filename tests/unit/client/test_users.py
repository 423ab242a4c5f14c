"""The commands by which an entity says who works for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service_simulator import Simulator, element

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lxml.etree import _Element

    from service_simulator import Answer
    from unit.client.conftest import Done

REGISTRATION = "0190c8a5-0000-7000-8000-000000000001"
NOW = "2026-11-23T09:00:00.000Z"


def user(
    *more: _Element, end: str | None = None, decides: bool = False, registration: str = REGISTRATION
) -> _Element:
    """Return a registration as the service tells it."""
    return element(
        "user",
        element("userId", registration),
        element("entity", element("identifier", "A28000016"), element("name", "Gestoría")),
        element("person", element("identifier", "00000001R"), element("name", "Celia")),
        element("allClients", "false"),
        element("clientCount", "2"),
        *more,
        element("mayDecide", str(decides).lower()),
        element("startsAt", NOW),
        *([] if end is None else [element("endsAt", end)]),
        element("grantedAt", NOW),
    )


CLIENTS = (element("client", "A58818501"), element("client", "B12345674"))


PAGE = (element("asOf", NOW), element("hasMore", "false"))
FORMER = "0190c8a5-0000-7000-8000-000000000000"


def listed(*users: _Element) -> Answer:
    return lambda *_: element("ListUsersResponse", *PAGE, *users)


def granted(*, decides: bool = False) -> Answer:
    return lambda *_: element("GrantUserResponse", user(*CLIENTS, decides=decides))


def test_a_person_is_registered_to_read_for_the_clients_of_a_file(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    file = tmp_path / "clients.txt"
    file.write_text("\ufeff# two\r\n\r\na58818501\r\nB12345674  # the other\r\n", encoding="utf-8")
    service.plan += [listed(), granted(), listed(user())]
    (line,) = run("users", "grant", "00000001r", "Celia", "--clients", file, "--json").lines()
    assert (line["user_id"], line["clients"]) == (REGISTRATION, ["A58818501", "B12345674"])
    assert line["replaced"] == []
    asked = service.requests[-2]
    assert b"<person>00000001R<" in asked
    assert b"<client>A58818501</client><client>B12345674</client><mayDecide>false" in asked


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A58818501\n\nB12345670\n", "line 3: 'B12345670': the check character of the NIF is wrong"),
        (b"A58818501\nB1234567;Conservas\n", "line 2: 'B1234567;Conservas': a NIF has nine"),
        ("A58818501\n".encode("utf-16"), "is not in UTF-8"),
    ],
)
def test_a_file_of_clients_that_is_wrong_is_told_by_line_before_anything_is_sent(
    service: Simulator, run: Callable[..., Done], tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "clients.txt"
    file.write_bytes(content)
    done = run("users", "grant", "00000001R", "Celia", "--clients", file)
    assert done.code == 2
    assert said in " ".join(done.err.replace("│", " ").split())
    assert not service.requests


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (["--read-only"], "<client>B12345674</client><matter>collection</matter><mayDecide>false"),
        (["--add-client", "A58818501"], "<client>B12345674</client><client>A58818501</client>"),
        (
            ["--add-client", "A58818501", "--remove-client", "B12345674"],
            "false</allClients><client>A58818501<",
        ),
        (["--all-clients"], "<allClients>true</allClients><matter>collection</matter><mayDecide>true"),
        (["--all-matters"], "<client>B12345674</client><mayDecide>true</mayDecide><endsAt>"),
        (["--no-end"], "<mayDecide>true</mayDecide><contractVersion>"),
    ],
)
def test_what_is_not_said_stays_and_the_answer_says_what_it_replaced(
    service: Simulator, run: Callable[..., Done], options: list[str], sent: str
) -> None:
    end = "2099-01-01T00:00:00.000Z"
    former = [
        user(
            *(element("client", "B12345674"), element("matter", "collection")),
            decides=True,
            end=end,
            registration=FORMER,
        )
        for _ in range(3)
    ]
    service.plan += [listed(former[0]), listed(former[1]), granted(), listed(former[2])]
    done = run("users", "grant", "00000001R", "Celia", *options)
    (asked,) = [one for one in service.requests if b"<GrantUser" in one]
    assert sent.encode() in asked
    assert f"instead of {FORMER}, " in done.out
    assert "decides: yes → no" in done.out
    assert "+ A58818501" in done.out


def test_what_cannot_be_added_or_removed_is_told_and_not_sent(
    service: Simulator, run: Callable[..., Done]
) -> None:
    grant = ("users", "grant", "00000001R", "Celia")
    for options, clients in (
        (("--add-client", "A58818501"), None),
        (("--remove-client", "A58818501"), (element("client", "B12345674"),)),
        (("--remove-client", "B12345674"), (element("client", "B12345674"),)),
    ):
        known = [] if clients is None else [user(*clients, registration=FORMER)]
        service.plan += [listed(*known)] + (
            [] if clients is None else [listed(user(*clients, registration=FORMER))]
        )
        assert run(*grant, *options).code == 2
    assert not any(b"GrantUser" in one for one in service.requests)


def test_who_registered_meanwhile_is_told_of(service: Simulator, run: Callable[..., Done]) -> None:
    service.plan += [listed(), granted(), listed(user(registration=FORMER, decides=True), user())]
    done = run("users", "grant", "00000001R", "Celia", "--client", "B12345674")
    assert (done.code, FORMER in done.out) == (1, True)
    assert "somebody else registered this person meanwhile" in done.err


def test_nobody_works_for_all_clients_by_leaving_them_out(
    service: Simulator, run: Callable[..., Done], tmp_path: Path
) -> None:
    service.plan += [listed(), listed()]
    grant = ("users", "grant", "00000001R", "Celia")
    assert run(*grant).code == 2
    assert run(*grant, "--all-clients", "--client", "B12345674").code == 2
    assert run(*grant, "--clients", tmp_path / "none").code == 2


def test_registrations_are_listed_and_ended(service: Simulator, run: Callable[..., Done]) -> None:
    service.plan += [lambda *_: element("ListUsersResponse", *PAGE, user(*CLIENTS))] * 2
    assert "A58818501" in run("users", "list", REGISTRATION).out
    assert run("users", "list", "0190c8a5-0000-7000-8000-000000000002").code == 3
    assert run("users", "end", "0190c8a5").code == 2
    service.plan += [Simulator.ordinary, lambda *_: element("EndUserResponse", user(end=NOW))]
    (line,) = run("users", "end", REGISTRATION, "--json").lines()
    assert line["ends_at"] == NOW
