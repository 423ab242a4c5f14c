"""Looks at the pages of a sandbox as a person with a browser without script does: links, forms, buttons."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import html

from patience import slowed

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0
_NAME = re.compile(r"(?<=operations/)[\w-]+/\w+|(?<=scenarios/)[\w-]+")
_NUMBER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+")


@dataclass(frozen=True)
class Seen:
    """A page as it came."""

    answer: httpx.Response
    tree: Any = field(repr=False)

    @property
    def status(self) -> int:
        """Return the status of its answer."""
        return self.answer.status_code

    @property
    def heading(self) -> str:
        """Return its title."""
        (found,) = self.tree.iter("h1")
        return words(found)

    @property
    def note(self) -> str:
        """Return what it says was done; "" where it says nothing of that."""
        return " ".join(words(one) for one in self.tree.xpath("//*[@role='status']"))

    @property
    def refusal(self) -> str:
        """Return what it says was refused, and why."""
        return " ".join(words(one) for one in self.tree.xpath("//*[@role='alert']"))

    @property
    def text(self) -> str:
        """Return what is to be read on it."""
        return words(self.tree.find(".//main"))

    def links(self) -> Iterator[str]:
        """Yield the addresses to which it leads."""
        for one in self.tree.iter("a"):
            yield urljoin(str(self.answer.url), one.get("href")).partition("#")[0]

    def rows(self) -> list[list[str]]:
        """Return the cells of its tables, heads left out."""
        return [[words(cell) for cell in row] for row in self.tree.xpath("//tbody/tr")]

    def form_of(self, button: str) -> tuple[Any, Any]:
        """Return the form that has a button of that name, and the button."""
        for one in self.tree.iter("button"):
            if words(one) == button:
                (form,) = one.iterancestors("form")
                return form, one
        raise AssertionError(
            f"no button is called {button}: {[words(one) for one in self.tree.iter('button')]}"
        )


class Reader:
    """Somebody who looks at the pages of a world in one language."""

    def __init__(self, base: str, language: str = "en", **more: Any) -> None:  # noqa: ANN401
        self.base = base
        headers = {"Accept-Language": language, **more.pop("headers", {})}
        # a connection that is kept would be left open, and be waited for when the sandbox ends
        self.http = httpx.Client(
            headers=headers,
            follow_redirects=True,
            timeout=slowed(SECONDS),
            limits=httpx.Limits(max_keepalive_connections=0),
            **more,
        )

    def open(self, path: str = "/") -> Seen:
        """Open a page by its path below `/_sandbox`, or by its address."""
        url = path if "://" in path else f"{self.base}/_sandbox{path}"
        return self._seen(self.http.get(url))

    def press(self, page: Seen, button: str, /, files: dict[str, Any] | None = None, **typed: str) -> Seen:
        """Fill in the form of a button and press it; what is not named stays as the page has it."""
        form, pressed = page.form_of(button)
        values = dict(fields_of(form)) | (
            {pressed.get("name"): pressed.get("value")} if pressed.get("name") else {}
        )
        unknown = set(typed) - {one.get("name") for one in form.iter("input", "select", "textarea")}
        assert not unknown, unknown
        values |= typed
        url = urljoin(str(page.answer.url), form.get("action"))
        if form.get("method", "get").lower() == "get":
            return self._seen(self.http.get(url, params=values))
        assert (form.get("enctype") == "multipart/form-data") is (files is not None)
        return self._seen(self.http.post(url, data=values, files=files))

    def _seen(self, answer: httpx.Response) -> Seen:
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        return Seen(answer, html.fromstring(answer.text) if is_page else None)


def fields_of(form: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Yield what a form sends as it stands."""
    for one in form.iter("input", "select", "textarea"):
        name = one.get("name")
        if (
            not name
            or one.get("type") == "file"
            or (one.get("type") == "checkbox" and "checked" not in one.attrib)
        ):
            continue
        if one.tag == "select":
            options = list(one.iter("option"))
            chosen = next((each for each in options if "selected" in each.attrib), options[0])
            value = chosen.get("value")
            yield name, words(chosen) if value is None else value
        else:
            yield name, (one.text or "") if one.tag == "textarea" else one.get("value", "")


def words(element: Any) -> str:  # noqa: ANN401
    """Return the text of an element, white space as one space."""
    return " ".join(element.text_content().split())


def kind_of(url: str) -> str:
    """Return which page an address is of, where many are alike."""
    path = urlsplit(url).path.partition("/_sandbox/")[2]
    return _NAME.sub("N", _NUMBER.sub("N", path))


def leaves_of(reader: Reader, *, alike: int = 2) -> Iterator[Seen]:
    """Yield the pages to which those of a world lead, so many of each kind; downloads are left out."""
    seen, waiting = set[str](), [f"{reader.base}/_sandbox/"]
    kinds: Counter[str] = Counter()
    ours = urlsplit(reader.base)
    while waiting:
        url = waiting.pop()
        if url in seen or kinds[kind_of(url)] >= alike:
            continue
        seen.add(url)
        kinds[kind_of(url)] += 1
        page = reader.open(url)
        if page.tree is None:
            continue
        yield page
        for link in page.links():
            parts = urlsplit(link)
            is_ours = parts.netloc == ours.netloc and parts.path.startswith(f"{ours.path}/_sandbox/")
            if is_ours and not re.search(r"[?&](lang|note)=", link):
                waiting.append(link)
