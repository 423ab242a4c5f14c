"""One thread at a time reads ASN.1 with asn1crypto.

The library completes its classes at their first use and its structures when they are first asked for;
two threads that do so at once find either half-filled. `cryptography` needs none of this.
"""

from __future__ import annotations

import threading
from typing import Final

ASN1_LOCK: Final = threading.RLock()
