"""How obligations are found, as the settings have it: the policies, and which days are working days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.clock.working_days import working_day_rule
from notigateway.law.obligation import ObligationPolicy
from notigateway.repository.obliging import Obliging

if TYPE_CHECKING:
    from notigateway.settings import Settings


def obliging_by(settings: Settings) -> Obliging:
    """Return how obligations are found. Raises: `ConfigurationError`."""
    policy = ObligationPolicy(
        issuing_body_grounds=settings.issuing_body_grounds,
        attorney_obliges_grantor=settings.attorney_obliges_grantor,
    )
    return Obliging(policy=policy, is_working_day=working_day_rule(settings))
