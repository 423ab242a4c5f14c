"""The relay hands over another answer where it is meant to, and is a way through for everything else."""

from __future__ import annotations

import httpx

from listeners import answering, http
from notigateway.conformance.relay import relaying


def test_what_is_not_meant_goes_through_as_it_is() -> None:
    given = http("500 Internal Server Error", b"<fault/>", "X-Correlation-Id: 7")
    with (
        answering(given) as service,
        relaying(f"http://{service}/path", is_meant=lambda _: False, other=bytes) as address,
    ):
        assert address.endswith("/path")
        answer = httpx.post(address, content=b"<soap:Envelope></soap:Envelope>", trust_env=False)
    assert (answer.status_code, answer.content) == (500, b"<fault/>")
    assert answer.headers["X-Correlation-Id"] == "7"


def test_what_is_meant_gets_the_other_answer_also_in_chunks() -> None:
    with relaying(
        "http://127.0.0.1:9/", is_meant=lambda body: b"List" in body, other=lambda: b"other"
    ) as address:
        whole = httpx.post(address, content=b"<ListNotifications/>", trust_env=False)
        pieces = httpx.post(address, content=iter([b"<Li", b"st/>"]), trust_env=False)
    assert [one.content for one in (whole, pieces)] == [b"other"] * 2
