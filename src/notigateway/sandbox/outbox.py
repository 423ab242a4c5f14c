"""The notices that a sandbox has written into their folder instead of sending them."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart
    from pathlib import Path

_SHOWN_AT_MOST: Final = 500


def messages_of(folder: Path) -> list[dict[str, Any]]:
    """Return the messages, the oldest first; the last ones where there are very many."""
    files = sorted(folder.glob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    return [_line(file) for file in files[-_SHOWN_AT_MOST:]]


def _line(file: Path) -> dict[str, Any]:
    message: EmailMessage = message_from_bytes(file.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    return {
        "to": str(message["To"]),
        "subject": str(message["Subject"]),
        "at": str(message["Date"]),
        "text": "" if body is None else _text_of(body),
    }


def _text_of(body: MIMEPart) -> str:
    try:
        return str(body.get_content())
    except LookupError:  # brought in with a snapshot, in a charset that nobody knows
        return ""
