"""The pages of a sandbox in the system's Chromium: by keyboard, on a phone, on paper, judged by axe-core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chromium import NARROW, WIDE, chromium, complaints
from interop.clients import need, not_here
from leafing import Reader, leaves_of
from notigateway.client import GatewayFaultError
from sandbox_pictures import FOLDER, MAX_BYTES, PICTURES, take
from worlds import sandboxed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from worlds import Harness, Sandboxed

pytestmark = pytest.mark.once

# A sample that cannot be shown yet.
LACKING = "pages/operations/wscn/enviarAcuseNotificacion"
# What no script may be needed for, and no mouse.
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandboxed]:
    need(not_here("chromium"))
    with sandboxed(tmp_path_factory.mktemp("pages") / "sandbox", "--notifications", "3") as started:
        yield started


@pytest.fixture(scope="module")
def world(sandbox: Sandboxed) -> Harness:
    """Give a world in which something of everything has happened."""
    world = sandbox.root
    world.post("/faults", kind="delay", seconds=1, operation="GetHistory")
    world.post("/expectations", operation="Ping", count=1)
    with world.client() as client:
        first, *_ = client.list_notifications()
        client.accept([first.id])
    with world.client("stranger") as client, pytest.raises(GatewayFaultError):
        client.list_page()
    return world


@pytest.fixture(scope="module")
def browser(sandbox: Sandboxed) -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def without_script(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    yield context
    context.close()


def one_of_each(world: Harness) -> list[str]:
    """Return the address of one page of every kind."""
    found = [str(page.answer.url) for page in leaves_of(Reader(world.base), alike=1)]
    some = [one for one in found if "/faults/" not in one or one.endswith(("/delay", "/fault"))]
    return [*some, f"{world.base}/_sandbox/{LACKING}"]


def test_axe_finds_nothing_serious_and_nothing_is_wider_than_a_phone(
    world: Harness, browser: Browser
) -> None:
    addresses = one_of_each(world)
    assert len(addresses) > 15
    # axe-core is a script, which the pages' own policy forbids
    context = browser.new_context(bypass_csp=True, viewport={"width": WIDE, "height": 900}, locale="es-ES")
    page = context.new_page()
    for address in addresses:
        page.set_viewport_size({"width": WIDE, "height": 900})
        page.goto(address)
        for one in page.locator("details").all():
            one.evaluate("one => { one.open = true }")
        assert complaints(page) == [], address
        page.set_viewport_size({"width": NARROW, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, address
    context.close()


def test_nothing_is_fetched_besides_the_page_and_nothing_is_told_to_others(
    world: Harness, browser: Browser
) -> None:
    context = browser.new_context()
    page, asked, said = context.new_page(), list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{world.base}/_sandbox/pages/journal")
    page.goto(f"{world.base}/_sandbox/pages/certificates")
    assert [one for one in asked if not one.endswith("favicon.ico")] == [
        f"{world.base}/_sandbox/pages/journal",
        f"{world.base}/_sandbox/pages/certificates",
    ]
    assert said == []
    context.close()


def test_a_clock_is_moved_by_keyboard_alone_and_without_script(
    world: Harness, without_script: BrowserContext
) -> None:
    page = without_script.new_page()
    page.goto(f"{world.base}/_sandbox/")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "To the content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    press_until(page, "Clock")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pages/clock")
    press_until(page, "+1 hour")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pages/clock?note=*")
    assert "It is now" in page.get_by_role("status").inner_text()
    assert page.get_by_role("main").get_by_role("heading", level=1).inner_text() == "Clock"


def press_until(page: Page, name: str) -> None:
    """Go on by the tabulator until something of that name has the focus."""
    page.keyboard.press("Home")
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and focused.inner_text() == name:
            return
    raise AssertionError(f"the tabulator never came to {name}")


def test_whatever_has_the_focus_shows_it(world: Harness, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{world.base}/_sandbox/pages/notifications")
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate(OUTLINE) != "none", page.evaluate("document.activeElement.outerHTML")
    context.close()


def test_a_form_is_filled_in_by_its_labels_without_script(
    world: Harness, without_script: BrowserContext
) -> None:
    page = without_script.new_page()
    page.goto(f"{world.base}/_sandbox/pages/notifications")
    form = page.locator("form[method=post]")
    form.get_by_label("Subject").fill("Escrito en un navegador")
    form.get_by_label("How many").fill("2")
    form.get_by_role("button", name="Publish").click()
    assert "2 were published" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="See the notification").click()
    assert "Escrito en un navegador" in page.get_by_role("main").inner_text()
    page.goto(f"{world.base}/_sandbox/pages/faults/status")
    page.get_by_label("HTTP status").fill("1000")
    page.get_by_role("button", name="Order the fault").click()
    assert "INVALID" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("HTTP status").input_value() == "1000"
    assert page.title().startswith("Refused: ")


def test_pictures_for_the_document_are_taken_and_small(
    sandbox: Sandboxed, browser: Browser, tmp_path: Path
) -> None:
    take(browser, sandbox, tmp_path)
    taken = {one.name: one for one in tmp_path.iterdir()}
    assert set(taken) == {one.name for one in FOLDER.iterdir()} == {f"{one.name}.png" for one in PICTURES}
    for one in (*taken.values(), *FOLDER.iterdir()):
        assert one.read_bytes().startswith(b"\x89PNG\r\n")
        assert 10_000 < one.stat().st_size < MAX_BYTES, one


def test_on_paper_stands_what_is_to_be_read(world: Harness, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{world.base}/_sandbox/pages/journal/1")
    page.emulate_media(media="print")
    assert page.get_by_role("navigation").count() == 0
    assert page.get_by_role("heading", level=1).is_visible()
    height = "document.querySelector('pre.xml').scrollHeight - document.querySelector('pre.xml').clientHeight"
    assert page.evaluate(height) <= 0
    assert page.pdf().startswith(b"%PDF-")
    context.close()
