"""What a gateway serves at its public address: each contract at its own path, and the pages for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from notigateway.soap.endpoint import Endpoint
    from notigateway.web.operations import Operations


class Endpoints:
    """Several contracts of one gateway, each at its own path, and the pages for people beside them."""

    def __init__(
        self,
        first: Endpoint,
        *others: Endpoint,
        pages: Mapping[str, WSGIApplication] | None = None,
        trees: Mapping[str, WSGIApplication] | None = None,
        front: WSGIApplication | None = None,
        operations: Operations | None = None,
        remind: Callable[[], None] = lambda: None,
    ) -> None:
        """Serve them; `operations` are the pages for the operator's programs, on an address of their own.

        Each of `pages` knows the last step of its path only; each of `trees` has every path that begins with
        its own, and knows what follows. `front` is for who opens the root in a browser; whatever else comes
        there is refused by the first contract, as at every other path.
        """
        self.gate = first.gate
        self.operations = operations
        # The worker's loop calls it all the time; it says once a day what the operator has to see to.
        self.remind = remind
        # The server reads no more of a body and one byte, and has no request wait longer for a thread.
        self.request_max_bytes = first.gate.limits.request_max_bytes
        self.request_seconds = first.gate.request_seconds
        self._first = first
        self._by_path: dict[str, WSGIApplication] = {one.path: one for one in (first, *others)}
        self._trees = dict(trees or {})
        self._front = front
        self._by_path |= {path: _at(path, page) for path, page in (pages or {}).items()}

    def expect_threads(self, count: int) -> None:
        """Take note of how many threads the worker answers with, before it begins."""
        self.gate.office.store.leave_a_thread(threads=count)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the request to what is at its path; the first contract refuses every other path."""
        path = environ.get("PATH_INFO", "")
        at_path = self._by_path.get(path)
        if at_path is None:
            if path == "/" and self._front is not None and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
                return self._front(environ, start_response)
            for root, tree in self._trees.items():
                if path.startswith(f"{root}/"):
                    return tree({**environ, "PATH_INFO": path[len(root) :]}, start_response)
            at_path = self._first
        return at_path(environ, start_response)


def _at(path: str, page: WSGIApplication) -> WSGIApplication:
    """Have a page stand at a path, whatever octets that has: its framework matches patterns of text."""
    root, _, name = path.rpartition("/")

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return page({**environ, "SCRIPT_NAME": root, "PATH_INFO": f"/{name}"}, start_response)

    return answer
