"""What docs/wscn.md says of the samples is what the lane runs."""

from __future__ import annotations

from pathlib import Path

from interop.wscn_clients import OPERATIONS, WSCN_CLIENTS

ROOT = Path(__file__).parents[3]


def test_the_samples_of_the_social_securitys_contract_are_those_that_the_lane_runs() -> None:
    text = (ROOT / "docs/wscn.md").read_text(encoding="utf-8")
    told = text.partition("\n## Clients to copy\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in told.splitlines()
        if line.startswith("|")
    ][2:]
    calls = len(OPERATIONS)
    assert [(row[0], row[4]) for row in rows] == [
        (client.name, f"{calls} of {calls}") for client in WSCN_CLIENTS
    ]
    for _, folder, *_ in rows:
        assert (ROOT / folder.strip("`") / "README.md").is_file()
