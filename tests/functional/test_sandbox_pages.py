"""The pages of a sandbox by plain HTTP, without script: every page, every form, in both languages."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from leafing import Reader, kind_of, leaves_of
from notigateway.client import GatewayFaultError
from notigateway.sandbox.faults import Kind
from notigateway.sandbox.pages.refusal_words import WORDS
from notigateway.sandbox.refusals import SandboxError, all_refusals
from notigateway.sandbox.steps import STEPS
from worlds import sandboxed

if TYPE_CHECKING:
    from pathlib import Path

    from leafing import Seen
    from worlds import Harness, Sandboxed

ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def reader(world: Harness) -> Reader:
    return Reader(world.base)


# --- every page


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_page_is_whole_in_each_language(world: Harness, language: str) -> None:
    world.publish()
    world.post("/faults", kind="drop_before", operation="GetHistory")
    world.post("/expectations", operation="Ping", count=1)
    with world.client() as client:
        client.accept([world.publish()["id"]])
    kinds = set()
    for page in leaves_of(Reader(world.base, language)):
        kinds.add(kind_of(str(page.answer.url)))
        assert page.status == 200, page.answer.url
        check_page(page, language)
    menu = {
        "",
        "clock",
        "notifications",
        "scenarios",
        "faults",
        "expectations",
        "journal",
        "certificates",
        "mail",
    }
    wanted = {f"pages/{one}" if one else "" for one in menu}
    wanted |= {f"pages/{one}/N" for one in ("notifications", "journal", "operations")} | {"pages/scenarios/N"}
    assert kinds >= wanted | {f"pages/faults/{kind}" for kind in Kind}


def check_page(page: Seen, language: str) -> None:
    """Check what every page has, for readers of all sorts."""
    text, tree = page.answer.text, page.tree
    assert tree.get("lang") == language
    assert len(tree.findall(".//h1")) == len(tree.findall(".//main")) == 1
    assert page.heading in (tree.findtext(".//title") or "")
    assert not re.search(r"<script|<img|<link|<iframe|\sstyle=|\son\w+=|javascript:", text)
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        f"style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors 'none'"
        in page.answer.headers["Content-Security-Policy"]
    )
    assert page.answer.headers["Cache-Control"] == "no-store"
    identifiers = [one.get("id") for one in tree.xpath("//*[@id]")]
    assert len(identifiers) == len(set(identifiers))
    named = {one.get("for") for one in tree.iter("label")}
    for field in tree.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert field.get("id") in named, field.get("name")
    for form in tree.iter("form"):
        has_mark = bool(form.xpath(".//input[@name='form_mark']"))
        assert has_mark is (form.get("method") == "post"), form.get("action")
    assert all(row.xpath("./*[@scope='col']") for row in tree.xpath("//thead/tr"))


def test_a_reader_chooses_the_language_and_keeps_it(reader: Reader) -> None:
    assert reader.open().heading.startswith("World")
    spanish = next(link for link in reader.open("/pages/clock").links() if link.endswith("?lang=es"))
    assert reader.open(spanish).heading == "Reloj"
    assert reader.open("/pages/clock").heading == "Reloj"
    assert Reader(reader.base, "fr").open("/pages/clock").heading == "Reloj"
    assert Reader(reader.base, "de,en;q=0.5,es;q=0.2").open("/pages/clock").heading == "Clock"


def test_the_root_of_a_world_leads_to_its_page(world: Harness) -> None:
    for path in ("/", "/_sandbox", "/_sandbox/"):
        answer = httpx.get(f"{world.base}{path}", follow_redirects=True)
        assert answer.url == f"{world.base}/_sandbox/"
        assert answer.status_code == 200


# --- worlds


def test_a_world_is_made_looked_at_reset_and_deleted_by_forms(
    sandboxed_once: Sandboxed, reader: Reader
) -> None:
    page = reader.press(
        reader.open(), "Make the world", name="by-hand", notifications="2", freeze="2026-12-01T10:00:00"
    )
    assert "by-hand was made" in page.note
    made = reader.open(f"{sandboxed_once.root.base}/w/by-hand/_sandbox/")
    assert made.heading == "World by-hand"
    assert "2026-12-01 10:00:00 CET, frozen" in made.text
    again = reader.press(reader.open(), "Make the world", name="by-hand")
    assert again.status == 409
    assert "WORLD_EXISTS" in again.refusal
    assert 'value="by-hand"' in again.answer.text
    reset = reader.press(made, "Reset", reset_notifications="3")
    assert "made anew" in reset.note
    in_world = Reader(f"{sandboxed_once.root.base}/w/by-hand")
    assert len(in_world.open("/pages/notifications?addressee=company").rows()) == 3
    gone = in_world.press(in_world.open(), "Delete by-hand")
    assert "by-hand was deleted" in gone.note
    assert in_world.open().status == 404


def test_a_snapshot_goes_down_and_up(world: Harness, reader: Reader) -> None:
    kept = world.publish()
    packed = reader.open("/pages/snapshot").answer
    assert packed.headers["Content-Type"] == "application/zip"
    world.publish()
    page = reader.press(
        reader.open(), "Restore", files={"snapshot": ("a.zip", packed.content, "application/zip")}
    )
    assert "that of the snapshot" in page.note
    assert [one["id"] for one in world.get("/notifications", addressee="company")["notifications"]] == [
        kept["id"]
    ]
    page = reader.press(
        reader.open(), "Restore", files={"snapshot": ("a.zip", b"no archive", "application/zip")}
    )
    assert (page.status, "SNAPSHOT_INVALID" in page.refusal) == (400, True)
    large = {"snapshot": ("a.zip", bytes(17 * 1024 * 1024), "application/zip")}  # more than other forms may
    assert "SNAPSHOT_INVALID" in reader.press(reader.open(), "Restore", files=large).refusal


# --- the clock


def now(world: Harness) -> datetime:
    return datetime.fromisoformat(world.get("/clock")["now"])


def test_the_buttons_of_the_clock_move_it_and_tell_what_came_of_it(world: Harness, reader: Reader) -> None:
    first = world.publish()
    before = now(world)
    page = reader.press(reader.open("/pages/clock"), "+1 day")
    assert now(world) - before >= timedelta(days=1)
    assert "It is now" in page.note
    page = reader.press(page, "Past the next deadline")
    assert "1 lapsed" in page.note
    assert world.state(first["id"]) == "lapsed"
    second = world.publish()
    page = reader.press(page, "+10 days and the night")
    assert world.state(second["id"]) == "lapsed"
    page = reader.press(page, "Past the next deadline")
    assert (page.status, "INVALID" in page.refusal) == (400, True)
    page = reader.press(page, "Freeze the clock")
    assert world.get("/clock")["mode"] == "frozen"
    page = reader.press(page, "Let it go on")
    assert world.get("/clock")["mode"] == "offset"
    page = reader.press(page, "Set", set="2020-01-01T00:00:00", reason="curiosity")
    assert "NOT_FRESH" in page.refusal
    assert 'value="curiosity"' in page.answer.text
    form, _ = page.form_of("Move ahead")
    assert form is not None
    page = reader.press(page, "Move ahead", by="90m")
    page = reader.press(page, "Change", callers="world")
    assert world.get("/clock")["callers"] == "world"


# --- notifications


def test_what_is_published_by_hand_is_found_and_shown_with_what_comes_next(
    world: Harness, reader: Reader
) -> None:
    page = reader.open("/pages/notifications")
    page = reader.press(
        page, "Publish", subject="Escrito a mano", addressee="company", body="INSS", text="Hola"
    )
    assert "It was published" in page.note
    page = reader.open(next(link for link in page.links() if re.search(rf"notifications/{ID}$", link)))
    assert "Escrito a mano" in page.text
    assert "If nobody accepts or rejects it before its deadline" in page.text
    page = reader.press(page, "Let its term pass")
    assert "deemed rejected" in page.text
    receipts = [link for link in page.links() if link.endswith(".xml")]
    assert len(receipts) == 2
    for link in receipts:
        sealed = reader.open(link).answer
        assert (sealed.headers["Content-Type"], b"ds:Signature" in sealed.content) == (
            "application/octet-stream",
            True,
        )
    found = reader.press(reader.open("/pages/notifications"), "Search", state="lapsed", addressee="company")
    assert [row[1] for row in found.rows()] == ["Escrito a mano"]
    assert not reader.press(reader.open("/pages/notifications"), "Search", addressee="stranger").rows()


def test_what_is_refused_when_publishing_stays_in_the_form(reader: Reader) -> None:
    page = reader.press(
        reader.open("/pages/notifications"), "Publish", other_addressee="12345678A", subject="Quedará escrito"
    )
    assert page.status in {400, 422}
    assert page.refusal
    assert 'value="Quedará escrito"' in page.answer.text
    assert 'value="12345678A"' in page.answer.text


# --- scenarios, faults, expectations


def test_a_scenario_is_played(world: Harness, reader: Reader) -> None:
    found = reader.press(reader.open("/pages/scenarios"), "Search", words="r2 lapses ten")
    assert [row[0] for row in found.rows()] == ["lapsed"]
    page = reader.press(reader.open("/pages/scenarios/lapsed"), "Have it happen")
    assert "It has happened, step by step: advance: " in page.note
    assert [one["state"] for one in world.get("/notifications", addressee="company")["notifications"]] == [
        "lapsed"
    ]


def test_a_story_that_is_typed_is_played_or_refused_and_kept(world: Harness, reader: Reader) -> None:
    page = reader.press(reader.open("/pages/scenarios"), "Have it happen")
    assert "accept: id" in page.note
    assert [one["state"] for one in world.get("/notifications", addressee="company")["notifications"]] == [
        "accepted"
    ]
    for steps, code in (
        ("{", "INVALID"),
        ('{"steps": 1}', "INVALID"),
        ('[{"nothing": {}}]', "SCENARIO_UNKNOWN"),
        ('[{"accept": {"notification": "01900000-0000-7000-8000-000000000000"}}]', "NOTIFICATION_UNKNOWN"),
    ):
        page = reader.press(page, "Have it happen", steps=steps)
        assert code in page.refusal
        assert page.tree.xpath("//textarea")[0].text == steps
    assert reader.open("/pages/scenarios/nothing").status == 404


def test_faults_are_explained_ordered_and_withdrawn(world: Harness, reader: Reader) -> None:
    page = reader.open("/pages/faults")
    assert all(kind.value in page.text for kind in Kind)
    page = reader.press(
        reader.open("/pages/faults/delay"), "Order the fault", seconds="1ms", operation="Ping", nth="2"
    )
    page = reader.press(reader.open("/pages/faults/fault"), "Order the fault", code="TEMPORARILY_UNAVAILABLE")
    assert [row[1] for row in page.rows()] == ["delay", "fault"]
    told = world.get("/faults")["faults"]
    assert (told[0]["operation"], told[0]["nth"], told[1]["code"]) == ("Ping", 2, "TEMPORARILY_UNAVAILABLE")
    page = reader.press(page, f"Withdraw {told[0]['id']}")
    assert [row[1] for row in page.rows()] == ["fault"]
    page = reader.press(page, "Withdraw all")
    assert not page.rows()
    page = reader.press(reader.open("/pages/faults/status"), "Order the fault", status="7")
    assert (page.status, "INVALID" in page.refusal) == (400, True)
    for path in ("/pages/faults/nothing", "/pages/nothing", "/pages/faults/withdraw/1"):
        nowhere = reader.open(path)
        assert nowhere.status in {404, 405}
        check_page(nowhere, "en")


def test_expectations_are_said_and_told_whether_they_are_met(world: Harness, reader: Reader) -> None:
    page = reader.press(
        reader.open("/pages/expectations"), "Expect", operation="Ping", how="count", times="1"
    )
    page = reader.press(page, "Expect", operation="AcceptNotifications", how="never", times="")
    assert [row[3] for row in page.rows()] == ["✕ no", "✓ yes"]
    with world.client() as client:
        client.ping()
    page = reader.open("/pages/expectations")
    assert "All are met" in page.text
    assert not reader.press(page, "Forget them all").rows()


# --- the journal


def test_an_entry_shows_steps_envelopes_and_what_to_do_about_a_refusal(
    world: Harness, reader: Reader
) -> None:
    with world.client("stranger") as client, pytest.raises(GatewayFaultError):
        client.list_page()
    page = reader.open("/pages/journal")
    ((_, _, operation, holder, outcome, status, _),) = page.rows()
    assert (operation, holder, outcome, status) == (
        "ListNotifications",
        "stranger",
        "✕ CALLER_UNKNOWN",
        "500",
    )
    (number,) = {link for link in page.links() if re.search(r"journal/\d+$", link)}
    entry = reader.open(number)
    steps = entry.tree.xpath("//ol[@class='steps']/li")
    assert len(steps) == len(STEPS)
    assert [one.get("class") for one in steps].count("failed") == 1
    assert "What to do" in entry.text
    asked, request, answered, answer = entry.tree.xpath("//pre[@class='xml']")
    assert asked.text_content().startswith('<ListNotifications xmlns="urn:notigateway:v1"')
    assert "\n  <soap:Header>" in request.text_content()
    assert "<faultcode>" in answered.text_content()
    assert "CALLER_UNKNOWN" in answer.text_content()
    assert "operation ListNotifications" in entry.tree.xpath("//details/pre")[0].text_content()
    for link in entry.links():
        if re.search(r"journal/\d+(\.har|/request|/answer)$", link):
            assert reader.open(link).answer.headers["Content-Disposition"].startswith("attachment")
    log = reader.open(f"{number}.har").answer.json()["log"]
    assert [one["_notigateway"]["code"] for one in log["entries"]] == ["CALLER_UNKNOWN"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<a><script>alert(1)</script><!-- <b>--></a>", "text/xml; charset=utf-8"),
        (b"<a b='\"><script>alert(1)</script>'/>".replace(b"<s", b"&lt;s"), "text/xml; charset=utf-8"),
        (b"<script>alert(1)</script", "text/xml; charset=utf-8"),
        (b"\xff\xfe\x00<script>", "text/xml; charset=utf-8"),
        (
            b"--x\r\nContent-Type: <script>\r\n\r\n<script>alert(1)\r\n--x--",
            'multipart/related; boundary="x"',
        ),
        (b'<!DOCTYPE a [<!ENTITY b "<script>">]><a>&b;</a>', "text/xml; charset=utf-8"),
        (b"<a>" * 3000 + b"</a>" * 3000, "text/xml; charset=utf-8"),
        (b"<a>" * 250 + b"</a>" * 250, "text/xml; charset=utf-8"),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", "text/xml; charset=utf-8"),
        (b"", ""),
    ],
    ids=range(10),
)
def test_nothing_of_a_request_becomes_markup(
    world: Harness, reader: Reader, body: bytes, content_type: str
) -> None:
    headers = {"Content-Type": content_type, "X-Odd": "<script>", "SOAPAction": '"<script>"'}
    httpx.post(f"{world.base}/notigateway/v1", content=body, headers=headers)
    page = reader.open("/pages/journal")
    entry = reader.open(next(link for link in page.links() if re.search(r"journal/\d+$", link)))
    assert entry.status == 200
    assert "<script" not in entry.answer.text.lower()
    assert len(entry.answer.text) < 600_000
    check_page(entry, "en")


def test_the_journal_is_searched_and_leafed_through(world: Harness, reader: Reader) -> None:
    with world.client() as client, world.client("person") as other:
        for _ in range(52):
            client.ping()
        other.ping()
    page = reader.press(reader.open("/pages/journal"), "Search", caller="company")
    assert len(page.rows()) == 50
    (older,) = [link for link in page.links() if "before=" in link]
    assert len(reader.open(older).rows()) == 2
    assert len(reader.press(reader.open("/pages/journal"), "Search", caller="person", code="OK").rows()) == 1
    assert reader.open("/pages/journal?status=x").status == 400
    assert reader.open("/pages/journal/999").status == 404
    assert not reader.press(reader.open("/pages/journal"), "Empty the journal").rows()


# --- certificates, mail


def test_certificates_are_downloaded_and_no_other_file_is(world: Harness, reader: Reader) -> None:
    page = reader.open("/pages/certificates")
    files = [link for link in page.links() if re.search(r"certificates/[\w.-]+$", link)]
    assert len(files) == 9 * 3 + 5
    assert world.pki.holder("red").p12.read_bytes() in {reader.open(link).answer.content for link in files}
    for name in ("service.key.pem", "issuing.key.pem", "passphrase.txt", "..%2Fservice.key.pem"):
        assert reader.open(f"/pages/certificates/{name}").status == 404


# --- strangers


def test_a_form_without_its_mark_or_with_another_browsers_is_refused(world: Harness, reader: Reader) -> None:
    page = reader.open("/pages/clock")
    (form, _), before = page.form_of("+1 day"), now(world)
    mark = form.xpath(".//input[@name='form_mark']/@value")[0]
    url = f"{world.base}/_sandbox/pages/clock"
    another = Reader(world.base)
    another.open("/pages/clock")
    for browser, sent in (
        (reader, {"do": "P1D"}),
        (reader, {"do": "P1D", "form_mark": "0" * 64}),
        (Reader(world.base), {"do": "P1D", "form_mark": mark}),
        (another, {"do": "P1D", "form_mark": mark}),
    ):
        answer = browser.http.post(url, data=sent)
        assert (answer.status_code, "FORM_NOT_OURS" in answer.text) == (403, True)
    assert now(world) - before < timedelta(hours=1)
    (cookie,) = [
        one for one in page.answer.headers.get_list("Set-Cookie") if one.startswith("notigateway_form")
    ]
    assert "; HttpOnly;" in cookie
    assert cookie.endswith("SameSite=Strict")


def test_the_page_answers_to_no_other_name(world: Harness) -> None:
    answer = Reader(world.base, headers={"Host": "rebound.example"}).open()
    assert (answer.status, answer.tree.xpath("//nav[@class='menu']")) == (403, [])
    assert f"World {world.base.rpartition('/')[2]}" not in answer.answer.text


def test_beyond_this_machine_the_page_asks_for_the_token_once(tmp_path: Path) -> None:
    # also where several processes answer: what one of them would keep alone is not shown then
    options = "--listen", "0.0.0.0", "--workers", "2"  # noqa: S104  (that is the point)
    with sandboxed(tmp_path / "s", *options) as started:
        root = started.root
        token = (tmp_path / "s" / "token.txt").read_text("utf-8").strip()
        reader = Reader(root.base)
        page = reader.open("/pages/clock")
        assert (page.status, page.heading) == (401, "Token")
        assert "default" not in page.text
        page = reader.press(page, "Enter", token="wrong")
        assert (page.status, "TOKEN_MISSING" in page.refusal) == (401, True)
        page = reader.press(page, "Enter", token=token)
        assert (page.status, page.heading) == (200, "World default")
        assert reader.open("/pages/certificates").status == 200
        journal = reader.open("/pages/journal")
        assert (journal.status, "NOT_HERE" in journal.refusal) == (409, True)
        assert token not in str(dict(reader.http.cookies))
        assert Reader(root.base).open("/world").status == 401
        assert Reader(root.base, headers={"Authorization": f"Bearer {token}"}).open().status == 200


# --- words


def test_every_refusal_of_the_sandbox_is_told_in_both_languages() -> None:
    refusals: list[type[SandboxError]] = [SandboxError, *all_refusals()]
    assert {one.code for one in refusals} == set(WORDS)
