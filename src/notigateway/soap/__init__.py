"""The SOAP border: contracts, WS-Security in and out, and the one table of faults.

Spyne is imported below this package only; what lets it be imported on Python 3.12 and later is put
in place here, before any module of ours can ask for it.
"""

from __future__ import annotations

from notigateway.soap import spyne_compat

spyne_compat.install()
