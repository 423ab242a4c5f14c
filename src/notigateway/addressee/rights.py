"""The rights that the operator's policy gives, as the settings have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.law.representation import RightsPolicy, Role

if TYPE_CHECKING:
    from notigateway.settings import Settings


def rights_policy(settings: Settings) -> RightsPolicy:
    """Return what representatives see, and who sees data of a special category."""
    return RightsPolicy(
        red_sees_backlog=settings.red_sees_backlog,
        special_category_roles=frozenset(map(Role, settings.special_category_roles)),
        special_category_level=settings.special_category_level,
    )
