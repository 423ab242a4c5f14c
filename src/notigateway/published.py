"""Finds the folders that stand at the top level of the repository: the contract and the migrations.

They stand there for their readers. A wheel carries a copy inside the package, an editable installation
reads the checkout's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def published_folder(name: Literal["wsdl", "migrations"]) -> Path:
    """Return the installed copy of that folder or, in a checkout, the folder itself."""
    package = Path(__file__).parent
    installed = package / "_published" / name
    return installed if installed.is_dir() else package.parents[1] / name
