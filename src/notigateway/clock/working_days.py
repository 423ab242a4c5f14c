"""Which days are working days: Monday to Friday, unless a holiday of Spain or of one of its regions.

Only the policy `extend_to_working_day` asks. Local holidays of municipalities are not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from notigateway.settings import Settings


def working_day_rule(settings: Settings) -> Callable[[date], bool] | None:
    """Return the rule for the last day of a term, or None where that day may be any day.

    Saturdays, Sundays and holidays are not working days (Ley 39/2015 art. 30.2).

    Raises: `ConfigurationError` for a region that does not exist.
    """
    if not settings.extend_to_working_day:
        return None
    # A tenth of a second to import: only who uses the policy pays it.
    from holidays.countries.spain import Spain  # noqa: PLC0415

    region = settings.holidays_region
    if region and region not in Spain.subdivisions:
        raise ConfigurationError(
            f"holidays_region: {region} is not one of {', '.join(sorted(Spain.subdivisions))}, or empty"
        )
    # The years are added as they are asked for.
    return Spain(subdiv=region or None).is_working_day
