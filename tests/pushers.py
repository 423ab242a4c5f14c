"""A gateway whose job pushes to receivers on this machine, run by run and at whatever instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hooks import key_file
from notigateway.jobs import pushing
from notigateway.urls import served_path
from notigateway.web.push import push_keys_url
from stack import send, text

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.etree import _Element

    from hooks import Hook
    from notigateway.clock.runs import Done
    from stack import Stack


class Pusher:
    """A gateway that pushes to this machine, and its job, which runs when it is told to."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        settings = {
            "push_key_files": (key_file(stack.folder),),
            "push_networks": ("127.0.0.0/8",),
            "unsafe_push_http": True,
            "push_timeout_seconds": 2,
        }
        stack.settings = stack.settings.model_copy(update=settings)
        stack.start()
        self.work = pushing(stack.settings)

    def subscribe(self, hook: Hook, **options: object) -> str:
        """Subscribe, and hand the receiver the published keys."""
        hook.keys = self.published()
        answer = self.stack.ask("Subscribe", f"<kind>webhook</kind><url>{hook.url}</url>", **options)  # type: ignore[arg-type]
        found = text(answer.tree, "subscription/subscriptionId")
        assert found, answer.body
        return found

    def published(self) -> bytes:
        """Return the keys as everybody reads them."""
        path = served_path(push_keys_url(self.stack.settings))
        return send(self.stack.endpoint, b"", REQUEST_METHOD="GET", PATH_INFO=path).body

    def run(self, now: datetime | None = None) -> Done:
        """Run the job once."""
        return self.work(self.stack.engine, now or self.stack.now)

    def drain(self, now: datetime | None = None) -> None:
        """Run the job until nothing is due at this instant."""
        for _ in range(200):
            if not self.run(now).is_more:
                return
        raise AssertionError("it never ends")

    def listed(self) -> list[_Element]:
        """Return the subscriptions as their party is told of them."""
        return list(self.stack.ask("ListSubscriptions").tree.iterfind("{*}subscription"))
