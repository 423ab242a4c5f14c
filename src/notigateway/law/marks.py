"""What those who work for a party note of a notification, for one another; without legal effect; pure.

A party's employees share its work: what is downloaded, put away, in somebody's hands, and their own labels.
Each mark tells who set it last, and when. Nobody else sees them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from notigateway.errors import (
    AlreadyAssignedError,
    InvalidRequestError,
    TextInvalidError,
    TooManyLabelsError,
)
from notigateway.law.texts import hidden_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LABELS_AT_MOST: Final = 10


class Mark(StrEnum):
    """What a mark says."""

    DOWNLOADED = "downloaded"
    ARCHIVED = "archived"
    ASSIGNED = "assigned"
    LABEL = "label"


# A mark and its words: to whom it is assigned, or the label; nothing of the others.
Said: TypeAlias = "tuple[Mark, str]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """By which person a mark was set last, and when."""

    by: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be set (true) or taken away (false); what is None, or empty, stays as it is.

    With `if_unassigned` it is assigned only where it is in nobody's hands.
    """

    downloaded: bool | None = None
    archived: bool | None = None
    assigned_to: str | None = None
    unassigned: bool = False
    if_unassigned: bool = False
    labels: tuple[str, ...] = ()
    gone_labels: tuple[str, ...] = ()


def check_wanted(wanted: Wanted) -> None:
    """Check that something is wanted, and nothing together with its contrary.

    Raises: `InvalidRequestError` with the facts `element` and `rule`; `TextInvalidError`.
    """
    if wanted == Wanted():
        raise InvalidRequestError(element="MarkNotifications", rule="minOccurs")
    if wanted.unassigned and wanted.assigned_to is not None:
        raise InvalidRequestError(element="unassigned", rule="choice")
    if wanted.if_unassigned and wanted.assigned_to is None:
        raise InvalidRequestError(element="ifUnassigned", rule="choice")
    if set(wanted.labels) & set(wanted.gone_labels):
        raise InvalidRequestError(element="removeLabel", rule="choice")
    if max(len(wanted.labels), len(wanted.gone_labels)) > LABELS_AT_MOST:
        raise InvalidRequestError(element="label", rule="maxOccurs")
    _check_text("assignedTo", wanted.assigned_to)
    for label in (*wanted.labels, *wanted.gone_labels):
        _check_text("label", label)


def _check_text(field: str, text: str | None) -> None:
    if text is None:
        return
    position = hidden_at(text) or _blank_end_at(text)
    if position is not None:
        raise TextInvalidError(f"{field}: character {position}", field=field, position=position)


def _blank_end_at(text: str) -> int | None:
    """Return the place of a blank at an end: nobody sees it, and it makes another label."""
    if text[:1].isspace():
        return 1
    return len(text) if text[-1:].isspace() else None


def marked(found: Mapping[Said, Set], wanted: Wanted, by: Set) -> dict[Said, Set]:
    """Return the marks of a notification as they are to be; who repeats what it has set changes nothing.

    Raises: `AlreadyAssignedError`, `TooManyLabelsError`; then nothing of it is to be changed.
    """
    marks = dict(found)
    for mark, is_set in ((Mark.DOWNLOADED, wanted.downloaded), (Mark.ARCHIVED, wanted.archived)):
        if is_set is not None:
            _set(marks, (mark, ""), by if is_set else None)
    if wanted.assigned_to is not None or wanted.unassigned:
        _assign(marks, wanted, by)
    for label in wanted.gone_labels:
        _set(marks, (Mark.LABEL, label), None)
    for label in wanted.labels:
        _set(marks, (Mark.LABEL, label), by)
    if sum(mark is Mark.LABEL for mark, _ in marks) > LABELS_AT_MOST:
        raise TooManyLabelsError
    return marks


def _assign(marks: dict[Said, Set], wanted: Wanted, by: Set) -> None:
    """Put it into somebody's hands, or out of them: it is in one person's at most."""
    before = [said for said in marks if said[0] is Mark.ASSIGNED]
    now = [] if wanted.assigned_to is None else [(Mark.ASSIGNED, wanted.assigned_to)]
    if wanted.if_unassigned and before and (before != now or marks[before[0]].by != by.by):
        raise AlreadyAssignedError
    for said in before:
        if said not in now:
            del marks[said]
    for said in now:
        _set(marks, said, by)


def _set(marks: dict[Said, Set], said: Said, by: Set | None) -> None:
    if by is None:
        marks.pop(said, None)
    elif said not in marks or marks[said].by != by.by:
        marks[said] = by
