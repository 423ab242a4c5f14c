"""`make bench`: CPU per signed request, beside this machine's RSA-2048 private operation and beside peers.

The server's whole way of a request is measured in this process, from the bytes that arrive to the signed
bytes that leave, the replay register in the database included; HTTP comes in where peers are measured in
turns. Requests are signed beforehand, each one anew: a repeated one would be refused.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from bench.accepting import BATCH, BATCHES, measure_accepts
from bench.beside import measure_beside
from bench.budgets import ACCEPTS, BUNDLES, COMMAND, COSIGNED, FORMS, INLINE, PARTS, PUBLISH, STRANGER, SWEEP
from bench.cosigning import measure_cosigning
from bench.documents import INLINE_MEGABYTES, PARTS_MEGABYTES, measure_documents
from bench.gateway import Gateway
from bench.jobs import measure_publishing_and_sweeping, measure_strangers
from bench.measure import Cpu, ecdsa_p256_private_operation, rsa_2048_private_operation
from bench.pages import Line, measure_on_postgresql, measure_pages
from bench.postgresql import postgresql
from bench.proving import measure_forms, measure_verifier
from bench.pulling import measure_pull
from bench.report import Report
from bench.starts import measure_starts
from bench.tables import (
    accepts_table,
    beside_table,
    documents_table,
    peers_table,
    pulled_table,
    requests_table,
    starts_table,
    work_table,
)


def main() -> None:
    """Measure, print the tables and write the ratios as JSON."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="where the report is written")
    folder = parser.parse_args().folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(width=130)
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        for part in ("gateway", "jobs", "postgresql", "beside", "starts", "witness"):
            (here / part).mkdir()
        gateway = Gateway(here / "gateway", notifications=BATCH * (BATCHES + 1))
        lines = [*measure_pages(gateway), *_strangers(gateway)]
        seals = [ecdsa_p256_private_operation()]
        accepts = measure_accepts(gateway)
        seals.append(ecdsa_p256_private_operation())
        forms, verifier = measure_forms(gateway), measure_verifier(gateway)
        cosigned = measure_cosigning(gateway, here / "witness")
        inline = measure_documents(gateway, INLINE_MEGABYTES, in_parts=False)
        parts = measure_documents(gateway, PARTS_MEGABYTES, in_parts=True)
        published, swept = measure_publishing_and_sweeping(here / "jobs")
        with postgresql(folder / "pgdata") as server:
            lines.append(measure_on_postgresql(here / "postgresql", server))
        yardstick, seal = Cpu.mean(line.yardstick for line in lines), Cpu.mean(seals)
        costs = {PUBLISH: published, SWEEP: swept, FORMS: forms.median, BUNDLES: verifier.median}
        costs[COSIGNED] = cosigned.median
        starts = measure_starts(here / "starts")
        costs[COMMAND] = max(starts.values())
        console.print(requests_table(yardstick, lines))
        console.print(accepts_table(yardstick, seal, accepts))
        console.print(work_table(costs))
        console.print(starts_table(yardstick, starts))
        documents = {INLINE: (INLINE_MEGABYTES, inline), PARTS: (PARTS_MEGABYTES, parts)}
        console.print(documents_table(yardstick, documents))
        console.print(pulled_table(measure_pull(here / "pulled")))
        beside = measure_beside(here / "beside")
        console.print(beside_table(beside))
        console.print(peers_table(beside))
    sealed = {name: cost / seal.median for name, cost in costs.items()}
    sealed[ACCEPTS] = accepts.median / BATCH / seal.median
    file = folder / "bench.json"
    Report.of(yardstick, lines, sealed, beside).write(file)
    print(f"written to {file}")


def _strangers(gateway: Gateway) -> list[Line]:
    """Measure who is refused at the door."""
    before = rsa_2048_private_operation()
    costs = measure_strangers(gateway)
    yardstick = Cpu.mean([before, rsa_2048_private_operation()])
    names = (STRANGER, f"{STRANGER}, and its fault signed")
    return [Line(name, 0, 0, cost, yardstick) for name, cost in zip(names, costs, strict=True)]


if __name__ == "__main__":
    main()
