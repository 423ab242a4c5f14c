"""What a client owes to whom it works for: it believes what is proven, takes everything, decides once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.conformance.kit import CLIENT, check
from notigateway.conformance.relay import relaying
from notigateway.conformance.verdict import AdvisedError, FailedError, SkippedError

if TYPE_CHECKING:
    from notigateway.conformance.playing import Play, Ran

_BELIEVING: Final = "docs/integration.md, What a message must look like; WSS 1.1.1 §8"
_BINDING: Final = "docs/integration.md, Answers that answer"
_RETRIES: Final = "docs/integration.md, Retries"
_PULLING: Final = "docs/integration.md, Pulling everything"
_RETRYABLE: Final = "TEMPORARILY_UNAVAILABLE"
_NOT_RETRYABLE: Final = "CALLER_UNKNOWN"
_ASKED_SECONDS: Final = 1


# --- where all is well ----------------------------------------------------------------------------


@check("USE-01", "the client accepts what is there for it, and ends with 0", _PULLING, contracts=CLIENT)
def _works(play: Play) -> None:
    why = play.works()
    if why:
        raise FailedError(why)


@check(
    "USE-02",
    "it accepts nothing twice: not in one run, and not when it is run again",
    "docs/lifecycle.md, One decision",
    contracts=CLIENT,
)
def _once(play: Play) -> None:
    play.check_works()
    first: list[str] = play.stories["decided"]
    _expect_once(first, "in one run")
    play.steering.clear_journal()
    play.run(again_in=play.stories["folder"])
    again = set(first) & set(play.decided())
    if again:
        raise FailedError(f"it accepted {len(again)} of {len(set(first))} again when it was run again")


@check(
    "USE-03", "it follows a list for as long as hasMore says that there is more", _PULLING, contracts=CLIENT
)
def _pages(play: Play) -> None:
    play.check_works()
    count = play.page_size + 1
    if count > play.pages_up_to:
        raise SkippedError(f"its pages have {play.page_size} rows: --pages-up-to {count} tries it")
    wanted = play.begin(count)
    play.run()
    left = [one for one in wanted if play.state_of(one) != "accepted"]
    if left:
        raise FailedError(f"it left {len(left)} of {count}: those beyond the first page of {play.page_size}")


# --- what must not be believed --------------------------------------------------------------------


@check("TRUST-01", "it believes no list whose signature is wrong", _BELIEVING, contracts=CLIENT)
def _wrong_signature(play: Play) -> None:
    _expect_unbelieved(play, kind="wrong_signature")


@check("TRUST-02", "it believes no list that is not signed", _BELIEVING, contracts=CLIENT)
def _no_signature(play: Play) -> None:
    _expect_unbelieved(play, kind="no_signature")


@check("TRUST-03", "it believes no list that somebody else has signed", _BELIEVING, contracts=CLIENT)
def _foreign(play: Play) -> None:
    _expect_unbelieved(play, kind="foreign_certificate")


@check(
    "TRUST-04",
    "it believes no list that is signed by a certificate which has expired",
    _BELIEVING,
    contracts=CLIENT,
)
def _expired(play: Play) -> None:
    _expect_unbelieved(play, kind="expired_certificate")


@check(
    "TRUST-05", "it believes no list of an hour ago", "WSS 1.1.1 §10; docs/integration.md", contracts=CLIENT
)
def _old(play: Play) -> None:
    _expect_unbelieved(play, kind="clock_skew", by="-PT1H")


@check(
    "TRUST-06",
    "it believes no list that was the answer to somebody else's request",
    _BINDING,
    contracts=CLIENT,
)
def _of_another(play: Play) -> None:
    operation = play.listing
    play.begin()
    named, other = operation.encode(), play.answer_to_another(operation)
    met: list[str] = []

    def hand_over() -> bytes:
        met.append(operation)
        return other()

    with relaying(play.url, is_meant=lambda body: named in body, other=hand_over) as address:
        ran = play.run(url=address)
    if any(one["code"] == "ADDRESSING_INVALID" for one in play.entries()):
        raise SkippedError(
            "it signs To with the address that it calls: NOTIGATEWAY_CLIENT_PUBLIC_URL is the service's"
        )
    if not met:
        raise SkippedError(f"the client never calls {operation} at the address that it is given")
    _expect_stopped(play, ran, play.entries(), "the answer to another request")


@check(
    "TRUST-07",
    "it believes no answer that ends before its announced length",
    "docs/integration.md, Documents beside an answer",
    contracts=CLIENT,
)
def _cut_off(play: Play) -> None:
    _expect_unbelieved(play, kind="truncate")


@check("TRUST-08", "it takes no acceptance for done whose answer is not proven", _BELIEVING, contracts=CLIENT)
def _outcome(play: Play) -> None:
    play.check_works()
    play.begin()
    with play.wrong(play.acting, kind="wrong_signature"):
        ran = play.run()
    if ran.is_content:
        raise FailedError("it ended with 0, as if the outcome had been proven")


# --- what is asked again --------------------------------------------------------------------------


@check(
    "AGAIN-01",
    "it asks again after a fault that may be repeated, in a message of its own",
    _RETRIES,
    contracts=CLIENT,
)
def _retryable(play: Play) -> None:
    operation = play.listing
    play.begin()
    with play.wrong(operation, kind="fault", code=_RETRYABLE, nth=1):
        ran = play.run()
    _expect_new_messages(play)
    if len(play.calls_of(operation)) < 2 or not ran.is_content:  # noqa: PLR2004  (the one that failed, and another)
        raise AdvisedError(f"it gives up at the first {_RETRYABLE}, which may be repeated")


@check("AGAIN-02", "it asks again after HTTP status 503, not before Retry-After", _RETRIES, contracts=CLIENT)
def _unavailable(play: Play) -> None:
    operation = play.listing
    play.begin()
    with play.wrong(operation, kind="status", status=503, retry_after=_ASKED_SECONDS, nth=1):
        ran = play.run()
    _expect_new_messages(play)
    calls = play.calls_of(operation)
    if len(calls) < 2 or not ran.is_content:  # noqa: PLR2004
        raise AdvisedError("it gives up at the first HTTP status 503, which may pass")
    first, second = (datetime.fromisoformat(one["received"]) for one in calls[:2])
    if second - first < timedelta(seconds=_ASKED_SECONDS):
        raise AdvisedError("it asks again before the seconds of Retry-After are over")


@check(
    "AGAIN-03",
    "it does not repeat what is refused for good, and does not end as if nothing had been",
    _RETRIES,
    contracts=CLIENT,
)
def _not_retryable(play: Play) -> None:
    operation = play.listing
    play.begin()
    with play.wrong(operation, kind="fault", code=_NOT_RETRYABLE):
        ran = play.run()
    asked = play.calls_of(operation)
    if len(asked) > 1:
        raise FailedError(f"it asked {len(asked)} times what is refused with {_NOT_RETRYABLE}, not retryable")
    if ran.is_content:
        raise FailedError(f"it ended with 0 although it was refused with {_NOT_RETRYABLE}")


@check(
    "AGAIN-04",
    "where the connection breaks after an acceptance it finds out what became of it",
    _RETRIES,
    contracts=CLIENT,
)
def _dropped(play: Play) -> None:
    play.check_works()
    play.begin()
    with play.wrong(play.acting, kind="drop_after", nth=1):
        ran = play.run()
    _expect_new_messages(play)
    asked_again = play.asks_about_struck()
    if not asked_again and ran.is_content:
        raise FailedError("it took a broken connection for an acceptance")
    if not asked_again:
        raise AdvisedError(
            "it ends without asking again: the same acceptance, signed anew, gives the same receipt"
        )


# --- helpers of the checks ------------------------------------------------------------------------


def _expect_unbelieved(play: Play, **fault: object) -> None:
    """Falsify every answer that tells the client what there is; it must stop there."""
    operation = play.listing
    play.begin()
    with play.wrong(operation, **fault):
        ran = play.run()
        after = play.after_fault()
    _expect_stopped(play, ran, after, f"an answer to {operation} that is not proven")


def _expect_stopped(play: Play, ran: Ran, after: list[dict[str, Any]], what: str) -> None:
    if any(one["operation"] == play.acting for one in after):
        raise FailedError(f"it went on to {play.acting} by {what}")
    if ran.is_content:
        raise FailedError(f"it ended with 0, as if {what} were its list")


def _expect_once(decided: list[str], when: str) -> None:
    twice = {one for one in decided if decided.count(one) > 1}
    if twice:
        raise FailedError(f"it accepted {len(twice)} of {len(set(decided))} twice {when}")


def _expect_new_messages(play: Play) -> None:
    if play.sent_twice():
        raise FailedError("it sent the same bytes again, which are a replay: each attempt is signed anew")
