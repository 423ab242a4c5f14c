"""Settings of one world, changed while it runs; they last until it is reset or started again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.settings_file import settings_file
from notigateway.sandbox.verbs.verb import verb
from notigateway.settings import load_settings

if TYPE_CHECKING:
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

# Limits and policies: nothing that names a file, an address or another party's certificate.
SETTABLE: Final = (
    *("operators", "registering_bodies", "require_registered_clients"),
    *("certificate_families", "limited_representatives", "entity_seals_may_decide"),
    *("timestamp_max_age_seconds", "timestamp_skew_seconds", "revocation_grace_seconds"),
    *("caller_requests_per_minute", "failed_authentications_per_minute", "code_checks_per_minute"),
    *("trusted_proxy_hops", "request_max_bytes", "xml_max_depth", "xml_max_elements"),
    *("document_max_bytes", "inline_document_max_bytes", "inline_response_max_bytes"),
    *("document_chunk_max_bytes", "extend_to_working_day", "holidays_region", "outage_hours_add_up"),
    *("information_years", "lapse_evidence_delay_seconds", "push_subscriptions_per_party"),
    *("notices_deadline_days", "notices_digest_hour", "red_sees_backlog", "power_matters_end_alone"),
    *("special_category_roles", "special_category_level", "issuing_body_grounds"),
    *("attorney_obliges_grantor", "succession_policies", "wscn_page_size", "wscn_acuse_valid_seconds"),
)
# These name files: they can only be taken away, and what they serve with them.
EMPTIED: Final[dict[str, Any]] = {"push_key_files": [], "notices_folder": ""}


@verb("set", None)
def tune(world: World, wanted: Given) -> dict[str, Any]:
    """Change settings of this world, by their names in `docs/operations.md`; null: as they were."""
    wishes = wanted.rest()
    for name, value in wishes.items():
        is_emptied = name in EMPTIED and (value is None or value == EMPTIED[name])
        if name not in SETTABLE and not is_emptied:
            raise InvalidError(f"{name}: can be set here: {', '.join((*SETTABLE, *EMPTIED))}")
    changed = {name: value for name, value in (world.changed | wishes).items() if value is not None}
    settings = load_settings(settings_file(world.folder), overrides=changed)
    with world.alone():
        world.retune(settings, changed)
    return {"changed": changed}
