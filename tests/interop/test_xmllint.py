"""Receipts are valid by the published schema in the system's own xmllint, whatever numbers they hold."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bundles import sealed, stamped, statement
from interop.clients import need, not_here
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.published import published_folder
from notigateway.repository.engine import reading
from notigateway.repository.model import Receipt

if TYPE_CHECKING:
    from interop.conftest import Served

EARLIER = Path(__file__).parents[1] / "unit" / "evidence" / "policy_2"


def xmllint(*files: Path) -> subprocess.CompletedProcess[str]:
    """Validate files as anybody does at a prompt."""
    need(not_here("xmllint"))
    schema = published_folder("wsdl") / "notigateway-evidence-1.xsd"
    command = [shutil.which("xmllint") or "xmllint", "--noout", "--nonet", "--schema", str(schema)]
    return subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, timeout=60, check=False
    )


def test_receipts_of_all_forms_are_valid(served: Served, tmp_path: Path) -> None:
    """Debian 12's takes a number of more than 24 digits for none; a serial number has up to 49."""
    stack = served.stack
    wanted = stack.publish()
    stack.accept(wanted)
    stack.publish()
    stack.pass_time(days=11)
    sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())
    with reading(stack.engine) as session:
        found = list(session.scalars(select(Receipt.xml)))
    acceptance = statement(b"")
    assert acceptance.authentication is not None
    for serial in (7, 2**79, 2**159, 10**47, 10**49 - 1):
        proof = replace(acceptance.authentication, serial=str(serial))
        found.append(sealed(replace(acceptance, authentication=proof)))
    found += [stamped(found[-1]), *(one.read_bytes() for one in sorted(EARLIER.glob("*.xml"))[:3])]
    files = []
    for number, xml in enumerate(found):
        files.append(tmp_path / f"{number}.xml")
        files[-1].write_bytes(xml)

    done = xmllint(*files)

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("validates") == len(files) >= 11


@pytest.mark.parametrize("serial", ["", "x", "1 2", "9" * 65])
def test_a_serial_number_that_is_none_is_not(tmp_path: Path, serial: str) -> None:
    file = tmp_path / "receipt.xml"
    acceptance = sealed(statement(b""))
    before, _, rest = acceptance.partition(b"<Serial>")
    file.write_bytes(before + b"<Serial>" + serial.encode() + b"</Serial>" + rest.partition(b"</Serial>")[2])

    assert xmllint(file).returncode != 0
