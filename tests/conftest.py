"""Fixtures of every test; the databases and the whole stack come from modules beside this one."""

from __future__ import annotations

pytest_plugins = ["sharing", "databases", "stack", "kept_log", "leaving", "worlds"]
