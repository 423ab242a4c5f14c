"""Ten days in an instant: the first example of docs/testing.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notigateway.client import NotificationClient
    from pytest_notigateway import Clock, World


def test_nobody_opens_it(notigateway_world: World, as_company: NotificationClient, clock: Clock) -> None:
    published = notigateway_world.publish(addressee="company", subject="Providencia de apremio")
    clock.advance(days=10)
    assert [one.state for one in as_company.list_notifications()] == ["available"]
    clock.to_after_deadline(published)
    assert [one.state for one in as_company.list_notifications()] == ["lapsed"]
    (item,) = as_company.receipts([published.id])
    assert [one.state for one in item.receipts] == ["available", "lapsed"]
