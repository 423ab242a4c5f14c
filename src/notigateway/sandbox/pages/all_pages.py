"""All pages, as one blueprint: what surrounds them, and each of them below."""

from __future__ import annotations

from typing import Final

from notigateway.sandbox.pages import (
    certificates_page,
    clock_page,
    entering,
    expectations_page,
    faults_page,
    journal_page,
    notifications_page,
    operations_page,
    stories_page,
    worlds_page,
)
from notigateway.sandbox.pages.shell import blueprint

# Where the token is asked for: the one page for who does not have it.
ENTRY: Final = "pages.entering.enter"

for _one in (
    *(certificates_page, clock_page, entering, expectations_page, faults_page, journal_page),
    *(notifications_page, operations_page, stories_page, worlds_page),
):
    blueprint.register_blueprint(_one.blueprint)
blueprint.register_blueprint(stories_page.mail)

__all__ = ["ENTRY", "blueprint"]
