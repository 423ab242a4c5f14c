"""The plugin for other people's pytest: its own tests, in a run that finds it as one that is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from notigateway import __version__
from patience import slowed

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugins/pytest-notigateway"
SECONDS = 120.0


def project(folder: Path) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    return found


def installed(folder: Path) -> dict[str, str]:
    """Write what an installation says of the plugin, and return the environment of a run that reads it.

    It is not installed beside our own tests: they would load it.
    """
    said = project(PLUGIN)
    points = said["entry-points"]
    assert isinstance(points, dict)
    about = folder / "pytest_notigateway-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {said['name']}\nVersion: 0\n", "utf-8")
    lines = [
        line
        for group, named in points.items()
        for line in (f"[{group}]", *(f"{name} = {module}" for name, module in named.items()))
    ]
    (about / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    path = os.pathsep.join([str(PLUGIN / "src"), str(folder)])
    return kept | {"PYTHONPATH": path, "PYTEST_DEBUG_TEMPROOT": str(folder)}


def run(*options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(
        command,
        cwd=PLUGIN,
        env=installed(folder),
        capture_output=True,
        text=True,
        timeout=slowed(SECONDS),
        check=False,
    )


def test_its_own_tests_pass_with_two_workers(tmp_path: Path) -> None:
    """Each worker has a sandbox of its own."""
    done = run("-n", "2", folder=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert len([*tmp_path.glob("pytest-of-*/pytest-0/popen-gw*/notigateway0/server.log")]) == 2


def test_the_gateway_itself_loads_nothing_into_pytest() -> None:
    assert "entry-points" not in project(ROOT)


def test_it_is_of_one_version_with_the_gateway() -> None:
    said = (PLUGIN / "src/pytest_notigateway/__init__.py").read_text("utf-8")
    wanted = project(PLUGIN)["dependencies"]
    assert f'__version__ = "{__version__}"' in said
    assert isinstance(wanted, list)
    assert f"notigateway=={__version__}" in wanted
