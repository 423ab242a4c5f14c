"""How it stands with who carries notices: whether the settings make sense, and the mail server answers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.health.finding import Finding, State
from notigateway.outbox.carrying import server_by
from notigateway.outbox.mail_server import greet

if TYPE_CHECKING:
    from notigateway.settings import Settings

MAIL_SERVER: Final = "mail_server"
_ASK_SECONDS: Final = 4.0
_REACH_IT: Final = (
    "start the mail server, or correct smtp_address, smtp_security, smtp_ca_file, smtp_user and its password"
)
_CORRECT: Final = "correct what the setting names"


def look_at_mail(settings: Settings, *, online: bool) -> list[Finding]:
    """Find whether notices can be sent: where it may be asked, the mail server is greeted, and no more."""
    try:
        if settings.notices_folder:
            return [Finding(MAIL_SERVER, State.OK, f"notices are written into {settings.notices_folder}")]
        server = dataclasses.replace(server_by(settings), seconds=_ASK_SECONDS)
    except ConfigurationError as error:
        return [Finding(MAIL_SERVER, State.FAILED, error.detail, _CORRECT)]
    if not online:
        return [Finding(MAIL_SERVER, State.OK, f"{settings.smtp_address}, not asked")]
    trouble = greet(server)
    if trouble:
        return [Finding(MAIL_SERVER, State.WARNING, f"{settings.smtp_address}: {trouble}", _REACH_IT)]
    return [Finding(MAIL_SERVER, State.OK, f"{settings.smtp_address} answers")]
