"""What Prometheus reads of a gateway at an instant, and which metrics of the table of faults show."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Final

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_METRIC: Final = re.compile(r"(\w+)(?:\{(.*)\})?(?: (==|<|>) (\S+))?")
_COMPARISONS: Final = {"==": operator.eq, "<": operator.lt, ">": operator.gt}


class Numbers:
    """The samples of one scrape; `at` is when it was, in seconds."""

    def __init__(self, exposed: bytes, *, at: float = 0) -> None:
        self.at = at
        self._families = list(text_string_to_metric_families(exposed.decode()))

    def of(self, name: str, labels: Mapping[str, str]) -> list[float]:
        """Return the values of that name with those labels, whatever the others are."""
        samples = (sample for family in self._families for sample in family.samples)
        return [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]

    def total(self, name: str, labels: Mapping[str, str]) -> float:
        """Return their sum."""
        return sum(self.of(name, labels))


NOTHING: Final = Numbers(b"")


def shows(metric: str, looks: Sequence[Numbers]) -> bool:
    """Tell whether a counter has grown from the first look to the last, or a gauge was so at some look.

    `metric` is written as Prometheus is asked for it: `name{label="value"}`, and ` < 5` after a gauge.
    """
    asked = _METRIC.fullmatch(metric)
    assert asked is not None, metric
    name, chosen, comparison, wanted = asked.groups()
    labels = dict(re.findall(r'(\w+)="([^"]*)"', chosen or ""))
    if comparison is None:
        return looks[-1].total(name, labels) > looks[0].total(name, labels)
    return any(
        _COMPARISONS[comparison](value, one.at if wanted == "time()" else float(wanted))
        for one in looks
        for value in one.of(name, labels)
    )
