"""gSOAP for C++ and gowsdl for Go: generated, given to the compiler, and for Go read with."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Final

from interop.generators import Contracts, Made, Texts, plain

_HERE: Final = Path(__file__).parent
_SECONDS: Final = 300.0
_GOWSDL: Final = "github.com/hooklift/gowsdl/cmd/gowsdl"


def run(*command: str, folder: Path) -> str:
    """Run a tool; its output. Raises: `RuntimeError` with what it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


# --- gSOAP ----------------------------------------------------------------------------------------


def gsoap(contracts: Contracts, name: str) -> Made:
    """Generate C++ types and a proxy; the compiler reads all of it, without writing machine code."""
    folder = contracts.new_folder(f"gsoap/{name}")
    run("wsdl2h", "-c++11", "-o", "contract.h", contracts.addresses[name], folder=folder)
    run("soapcpp2", "-C", "-j", "-2", "-x", "-I/usr/share/gsoap/import", "contract.h", folder=folder)
    sources = sorted(str(file.name) for file in folder.glob("*.cpp"))
    for source in sources:
        run("g++", "-std=c++11", "-fsyntax-only", "-I.", source, folder=folder)
    made = Made()
    for owner, body in re.findall(
        r"^class (\w+)[^;{]*\{(.*?)^\};", _header(folder), re.MULTILINE | re.DOTALL
    ):
        short = owner.rpartition("__")[2].lstrip("_").lower()
        made.classes.add(short)
        made.lists |= {(short, child.lower()) for child in re.findall(r"std::vector<[^;]*>\s+(\w+)", body)}
    proxies = "".join(file.read_text() for file in folder.glob("*Proxy.h"))
    made.operations = {one.lower() for one in re.findall(r"virtual int (\w+)\(", proxies)}
    return made


def _header(folder: Path) -> str:
    """Return what wsdl2h wrote, without its comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", (folder / "contract.h").read_text(), flags=re.DOTALL)


# --- gowsdl ---------------------------------------------------------------------------------------


def go_module(contracts: Contracts) -> Path:
    """Make the module that all generated packages are in, and build the generator."""
    folder = contracts.new_folder("go")
    for file in ("go.mod", "go.sum"):
        shutil.copy(_HERE / "go" / file, folder)
    run("go", "build", "-mod=mod", "-o", "gowsdl", _GOWSDL, folder=folder)
    return folder


def gowsdl(contracts: Contracts, module: Path, name: str) -> Made:
    """Generate a Go package and compile it."""
    run("./gowsdl", "-p", name, "-o", "api.go", contracts.addresses[name], folder=module)
    run("go", "build", "-mod=mod", f"./{name}", folder=module)
    code = (module / name / "api.go").read_text("utf-8")
    made = Made()
    for owner, body in re.findall(r"^type (\w+) struct \{(.*?)^\}", code, re.MULTILINE | re.DOTALL):
        made.classes.add(owner.lower())
        made.lists |= {
            (owner.lower(), child.lower())
            for child in re.findall(r"^\s+\w+ \[\](?!byte `)\S+ `xml:\"(\w+)", body, re.MULTILINE)
        }
    made.operations = {
        one.lower() for one in re.findall(r"^func \(service \*\w+\) (\w+)\(", code, re.MULTILINE)
    }
    return made


def read_with_go(contracts: Contracts, module: Path) -> dict[tuple[str, str], Texts]:
    """Return what the generated types hold of each message."""
    folder = module / "read"
    folder.mkdir()
    shutil.copy(_HERE / "go/read.go", folder)
    (folder / "messages.go").write_text(_messages(contracts))
    found: dict[tuple[str, str], Texts] = {}
    told = run("go", "run", "-mod=mod", "./read", str(contracts.messages), folder=module)
    for line in told.splitlines():
        contract, message, place, text = line.split("\t")
        found.setdefault((contract, message), Counter())[place, plain(text)] += 1
    return found


def _messages(contracts: Contracts) -> str:
    """Write down which type is whose: Go finds none by its name."""
    names = {one.name: sorted(file.stem for file in one.iterdir()) for one in contracts.messages.iterdir()}
    imports = "".join(f'import {name} "notigateway.example/generators/{name}"\n' for name in names)
    entries = "".join(
        f'"{name}": {{{"".join(_entry(name, message) for message in messages)}}},\n'
        for name, messages in names.items()
    )
    return f"package main\n\n{imports}\nvar messages = map[string]map[string]func() any{{\n{entries}}}\n"


def _entry(name: str, message: str) -> str:
    return f'"{message}": func() any {{ return &{name}.{message}{{}} }},\n'
