"""The pictures of the sandbox's pages in `docs/sandbox-page.md`, taken in the system's Chromium.

They are made anew when the pages have changed, and compared with nothing:

    cd tests && ../.venv/bin/python -m sandbox_pictures --write
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chromium import NARROW, chromium
from notigateway.client import GatewayFaultError
from worlds import sandboxed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from worlds import Harness, Sandboxed

FOLDER: Final = Path(__file__).parents[1] / "docs" / "sandbox-page"
MAX_BYTES: Final = 150_000
_WIDTH: Final = 1_080


@dataclass(frozen=True)
class Picture:
    """One of them: which page, in which language, how large; a button may be pressed before."""

    name: str
    path: str
    language: str
    height: int
    width: int = _WIDTH
    button: str = ""


PICTURES: Final = (
    Picture("world", "/", "es", 860),
    Picture("entry", "{entry}", "en", 900),
    Picture("operation", "/pages/operations/v1/AcceptNotifications", "en", 900),
    Picture("phone", "{notification}", "es", 640, width=NARROW),
    Picture("clock", "/pages/clock", "en", 740, button="+10 days and the night"),
)


def take(browser: Browser, sandbox: Sandboxed, folder: Path) -> None:
    """Write all of them into a folder."""
    with sandbox.world(name="ejemplo", freeze="2026-06-01T10:00:00Z", notifications=4) as world:
        places = _happened(world)
        for one in PICTURES:
            page = _open(browser, world, one, places)
            page.screenshot(path=folder / f"{one.name}.png")
            page.close()


def _happened(world: Harness) -> dict[str, str]:
    """Have something happen that is to be seen; return which pages show it."""
    with world.client() as client:
        first, *_ = client.list_notifications()
        client.accept([first.id])
        client.retrieve([first.id])
    with world.client("stranger") as client, suppress(GatewayFaultError):
        client.list_page()
    refused = world.get("/journal")["entries"][-1]
    return {
        "{notification}": f"/pages/notifications/{first.id}",
        "{entry}": f"/pages/journal/{refused['number']}",
    }


def _open(browser: Browser, world: Harness, one: Picture, places: dict[str, str]) -> Page:
    size = {"width": one.width, "height": one.height}
    page = browser.new_page(viewport=size, locale=one.language)  # type: ignore[arg-type]  # a typed dict
    page.goto(f"{world.base}/_sandbox{places.get(one.path, one.path)}")
    if one.button:
        page.get_by_role("button", name=one.button).click()
        page.get_by_role("status").wait_for()
    return page


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        sandboxed(Path(scratch) / "sandbox") as started,
        chromium() as driven,
    ):
        take(driven, started, FOLDER)
