"""The policies of obligations and of rights, as the settings have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.clock.working_days import working_day_rule
from notigateway.law.obligation import ObligationPolicy
from notigateway.law.representation import RightsPolicy, Role
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


def rights_by(settings: Settings) -> RightsPolicy:
    """Return the policies of who sees what."""
    return RightsPolicy(
        red_sees_backlog=settings.red_sees_backlog,
        special_category_roles=frozenset(map(Role, settings.special_category_roles)),
        special_category_level=settings.special_category_level,
    )
