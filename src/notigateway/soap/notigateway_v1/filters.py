"""What a list is restricted to: the element `filter` of a request, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.errors import InvalidRequestError
from notigateway.law.lifecycle import Kind, State
from notigateway.law.representation import Role
from notigateway.law.searching import words_of
from notigateway.repository.listing import ListFilter

if TYPE_CHECKING:
    from notigateway.contract import v1


def list_filter(chosen: v1.Filter | None) -> ListFilter:
    """Read the element; absent means no restriction.

    Raises: `InvalidRequestError` for a text of blanks alone.
    """
    if chosen is None:
        return ListFilter()
    return ListFilter(
        states=frozenset(map(State, chosen.states)),
        kind=None if chosen.kind is None else Kind(chosen.kind),
        role=None if chosen.role is None else Role(chosen.role),
        addressee=chosen.addressee_id,
        issuer=chosen.issuer_id,
        available_from=chosen.available_from,
        available_to=chosen.available_to,
        deadline_before=chosen.deadline_before,
        ccc=chosen.ccc,
        naf=chosen.naf,
        matter=chosen.matter,
        procedure=chosen.procedure,
        reference=chosen.reference,
        metadata=frozenset((one.key, one.value) for one in chosen.metadata),
        words=_words(chosen.text),
        downloaded=chosen.downloaded,
        archived=chosen.archived,
        assigned_to=chosen.assigned_to,
        label=chosen.label,
    )


def _words(text: str | None) -> tuple[str, ...]:
    """Return the words to look for. Raises: `InvalidRequestError` for a text of blanks alone."""
    words = () if text is None else words_of(text)
    if text is not None and not words:
        raise InvalidRequestError(element="text", rule="minLength")
    return words
