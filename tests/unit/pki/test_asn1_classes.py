"""Threads read ASN.1 without waiting for each other: they find nothing left to be completed."""

from __future__ import annotations

import subprocess
import sys

from patience import PATIENCE_SECONDS

# In a process of its own: here other tests have used the library already.
LEFT = """
import notigateway.app
from asn1crypto import core
def known(kind):
    yield kind
    for one in kind.__subclasses__():
        yield from known(one)
print(*sorted(kind.__name__ for kind in set(known(core.Asn1Value)) - core._SETUP_CLASSES.keys()))
"""


def test_every_class_is_complete_before_a_thread_uses_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEFT], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    assert done.stdout.split() == ["Asn1Value", "Choice"]
