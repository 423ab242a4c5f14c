"""What the documents name exists: commands, options, files, settings, codes, tests."""

from __future__ import annotations

import inspect
import re
import shlex
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from bench.budgets import BUDGETS
from lxml import etree
from opentelemetry.sdk import environment_variables
from typer.testing import CliRunner

import notigateway.client.cli
import notigateway.conformance.cli
import notigateway.verifier.cli
import operating
from exported import families
from interop.anothers import ANOTHERS
from interop.clients import CLIENTS
from interop.falsifiers import FALSIFIERS
from interop.faults import FALSIFIED
from interop.matrix import operations
from notigateway.cli.import_kinds import KINDS as IMPORTED
from notigateway.cli.manifest import ManifestAct, parse_line
from notigateway.cli.power import COLUMNS as POWER_COLUMNS
from notigateway.client import ClientError
from notigateway.contract.bounds import bounds
from notigateway.errors import SecurityError, catalogue
from notigateway.health.readiness import CHECKS
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID, deadline
from notigateway.law.grounds import Paper
from notigateway.law.lifecycle import Kind, State, diagram
from notigateway.law.succession import Cause
from notigateway.metering.account import Account, Stage
from notigateway.pki.in_use import Use
from notigateway.repository.acts import find_issuing_body
from notigateway.repository.columns import Row
from notigateway.repository.engine import create_database, reading
from notigateway.repository.schema import upgrade
from notigateway.sandbox.refusals import all_refusals
from notigateway.settings import ClientRegistration, Settings
from notigateway.soap.faults import fault_code
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.sign import Signer, sign_envelope
from notigateway.wss.verify import verify_envelope
from pki import NOW, pki

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRAMS = {
    "notigateway": operating.app,
    "notigateway-client": notigateway.client.cli.app,
    "notigateway-conformance": notigateway.conformance.cli.app,
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"(?:\.ci|bench|conf|docs|migrations|samples|src|tests|wsdl)/[\w./-]*|[A-Z][a-z]+file")
TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
# A rule of several parts has a row for each: R15, R15b, R15c.
RULE = re.compile(r"R(\d+)([b-z]?)")
DOTTED = re.compile(r"(?:notigateway\.)?([a-z]\w*(?:\.\w+)+)")
FILE = re.compile(r"\.(?:der|go|js|jsonl?|pem|py|rb|sig|toml|xml)$")
# What adds options to pytest, and reads variables of its own.
PLUGIN = "plugins/pytest-notigateway/src/pytest_notigateway/plugin.py"
CALLING = "plugins/pytest-notigateway/src/pytest_notigateway/calling.py"
# Words in capitals that are neither codes nor variables of ours.
FOREIGN_WORDS = {
    "ACUSE_FIRMA",
    "VALIDO_HASTA",
    "BASE_IMAGE",
    "PROMETHEUS_MULTIPROC_DIR",
    "RSA_SHA256",
    "WEB_CONCURRENCY",
}


@pytest.fixture(params=DOCUMENTS, ids=lambda one: one.name)
def document(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(language: str, text: str) -> list[str]:
    return [block for found, block in FENCE.findall(text) if found == language]


def code_spans(document: Path) -> list[str]:
    """Return what stands between backticks, line breaks read as spaces."""
    prose = FENCE.sub("", document.read_text(encoding="utf-8"))
    assert prose.count("`") % 2 == 0, f"{document.name}: a backtick has no partner"
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


def section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of the tables in a text, heads left out."""
    tables = re.findall(r"^\|.*\n\|---.*\n((?:\|.*\n?)+)", text, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def commands_of(document: Path) -> list[list[str]]:
    """Return the words of every command: of consoles and of code in the text."""
    lines = [
        line.removeprefix("$ ")
        for block in blocks("console", document.read_text(encoding="utf-8"))
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("$ ")
    ]
    return [words for line in [*lines, *code_spans(document)] if (words := words_of(line))]


def words_of(line: str) -> list[str]:
    """Return the words of a command of ours, variables before it left out."""
    start = re.match(rf"(?:[A-Z_]+=\S+ )*(?=(?:make|{'|'.join(PROGRAMS)})(?: |$))", line)
    return shlex.split(line[start.end() :]) if start else []


# --- commands --------------------------------------------------------------------------------------


@cache
def help_of(program: str, command: str = "") -> str:
    arguments = [*command.split(), "--help"]
    wide = {"COLUMNS": "240", "TERM": "dumb", "NO_COLOR": "1"}
    result = CliRunner().invoke(PROGRAMS[program], arguments, env=wide)
    assert result.exit_code == 0, f"{program} {command}: {result.output}"
    return result.output


@cache
def parts(program: str) -> Any:  # noqa: ANN401  (typer brings its own copy of click, without types)
    return typer.main.get_command(PROGRAMS[program])


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield every command below a group, groups within it too, by the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def parameters(program: str) -> Iterator[Any]:
    yield from parts(program).params
    for _, command in commands(parts(program)):
        yield from command.params


def check_program(words: list[str]) -> None:
    """Walk a command line: every option and the sub-command exist, and the help shows them."""
    program, *rest = words
    command, name = parts(program), ""
    while rest:
        word = rest.pop(0)
        if word == "--":  # what follows is somebody else's
            break
        if word.startswith("--"):
            option = next((p for p in command.params if word in (*p.opts, *p.secondary_opts)), None)
            assert option is not None, f"{' '.join(words)}: no option {word}"
            assert word in help_of(program, name)
            # The client's commands of another contract are those of the group of its name.
            is_group = program == "notigateway-client" and word == "--contract"
            del rest[: 0 if option.is_flag or is_group else 1]
        elif hasattr(command, "commands"):
            assert word in command.commands, f"{' '.join(words)}: no command {word}"
            command, name = command.commands[word], f"{name} {word}".strip()
            help_of(program, name)
        else:
            takes_more = any(p.param_type_name == "argument" for p in command.params)
            assert takes_more, f"{' '.join(words)}: {word} is too much"


def test_every_command_exists_with_its_options(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.MULTILINE))
    for words in commands_of(document):
        if words[0] == "make":
            named = [word for word in words[1:] if "=" not in word]
            assert set(named) <= targets, words
        else:
            check_program(words)


def test_every_option_in_the_text_is_an_option_of_some_command(document: Path) -> None:
    alone = typer.main.get_command(notigateway.verifier.cli.app)  # a program of one command
    taken = [*alone.params, *(p for program in PROGRAMS for p in parameters(program))]
    added = re.findall(r'"(--notigateway-[a-z]+)"', text_of(PLUGIN))
    known = {"--help", *added, *(option for p in taken for option in (*p.opts, *p.secondary_opts))}
    assert {span for span in code_spans(document) if re.fullmatch(r"--[a-z-]+", span)} <= known


def test_the_unit_for_systemd_calls_a_command_with_its_options() -> None:
    unit = text_of("samples/follow/notigateway-follow.service")
    (line,) = re.findall(r"^ExecStart=/opt/notigateway/bin/(.*)$", unit, re.MULTILINE)
    check_program(shlex.split(line))
    assert "python3 -m venv /opt/notigateway" in text_of("docs/integration.md")


def test_every_command_is_documented() -> None:
    lines = [" ".join(words) for one in DOCUMENTS for words in commands_of(one)]
    for program in PROGRAMS:
        for name in {name for name, _ in commands(parts(program))} - {"version"}:
            assert any(re.search(rf"^{program}\b.*\b{name}\b", line) for line in lines), f"{program} {name}"


# --- files, names, words ---------------------------------------------------------------------------


def test_every_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def anchors(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a id="(\w+)">', text))


def test_every_file_exists(document: Path) -> None:
    files = [f"/{file}" for folder in ("src", "tests", "plugins") for file in (ROOT / folder).rglob("*.py")]
    for span in code_spans(document):
        named = span.partition("::")[0]
        if PATH.fullmatch(named):
            assert (ROOT / named).exists(), span
        elif re.fullmatch(r"[\w/]+\.py", named):
            assert any(file.endswith(f"/{named}") for file in files), span


def test_every_test_that_is_named_exists(document: Path) -> None:
    for file, name in TEST.findall(document.read_text(encoding="utf-8")):
        assert f"def {name}(" in text_of(file), f"{file}::{name}"


def test_every_name_in_the_code_exists(document: Path) -> None:
    """A module may be named without its room, as in `mailbox.retrieve`."""
    for span in code_spans(document):
        match = DOTTED.fullmatch(span)
        if match is None or places(match[1]) or FILE.search(span):
            continue
        module, _, name = match[1].rpartition(".")
        found = places(module)
        assert not found or any(hasattr(import_module(one), name) for one in found), span


@cache
def places(module: str) -> list[str]:
    """Return the modules of that name in any room."""
    source = ROOT / "src"
    files = [file.relative_to(source).with_suffix("") for file in source.rglob("*.py")]
    names = [".".join(file.parts).removesuffix(".__init__") for file in files]
    return [name for name in names if name.endswith(f".{module}")]


def client_codes(kind: type[ClientError]) -> set[str]:
    """Return the codes that our client has of its own."""
    return {kind.code}.union(*map(client_codes, kind.__subclasses__()))


def test_every_code_and_variable_exists(document: Path) -> None:
    codes = {entry.code for entry in catalogue()} | client_codes(ClientError)
    codes |= {refusal.code for refusal in all_refusals()}
    codes |= set(re.findall(r'SandboxError\(\s*"(\w+)"', text_of(CALLING)))
    variables = {f"NOTIGATEWAY_{name.upper()}" for name in Settings.model_fields}
    for entry in (
        "src/notigateway/wsgi.py",
        "src/notigateway/cli/telling.py",
        PLUGIN,
        "samples/node/sandbox.js",
    ):
        variables |= set(re.findall(r"NOTIGATEWAY_\w+", text_of(entry)))
    variables |= {p.envvar for program in PROGRAMS for p in parameters(program) if p.envvar}
    text = document.read_text(encoding="utf-8")
    assert set(re.findall(r"NOTIGATEWAY_[A-Z0-9_]*[A-Z]", text)) <= variables
    words = {span for span in code_spans(document) if re.fullmatch(r"[A-Z0-9]+(?:_[A-Z0-9]+)+", span)}
    assert words <= codes | variables | FOREIGN_WORDS | set(vars(environment_variables))


# --- README and decisions --------------------------------------------------------------------------


def test_the_readme_fits_two_screens() -> None:
    assert len(text_of("README.md").splitlines()) <= 100


def test_the_clients_in_the_documents_are_those_that_the_lane_runs() -> None:
    names = [client.name for client in CLIENTS]
    calls = len(operations())
    told = rows(section(text_of("docs/integration.md"), "Other clients"))
    assert [(row[0], row[4]) for row in told] == [(name, f"{calls} of {calls}") for name in names]
    assert f"all {calls - 1}\noperations and a fault" in text_of("docs/integration.md")
    for _, folder, *_ in told:
        assert (ROOT / folder.strip("`") / "README.md").is_file()
    assert (
        f"`make interop` {len(names)} of them make [{calls} calls](docs/integration.md#other-clients) each,"
        f" every answer verified; each refuses {len(FALSIFIERS)} falsified answers,"
        f" {len(FALSIFIED)} falsified faults and {len(ANOTHERS)} genuine answers to other requests."
    ) in text_of("README.md")


def test_decisions_are_numbered_and_have_their_four_parts() -> None:
    found = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(file.name[:4]) for file in found]
    assert numbers == sorted(set(numbers))
    for file in found:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {file.name[:4]} ")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == [
            "Context", "Options", "Decision", "Consequences",
        ]  # fmt: skip
        assert len(text.split()) <= 330


# --- lifecycle -------------------------------------------------------------------------------------


def test_every_state_is_explained() -> None:
    states = [row[0] for row in rows(section(text_of("docs/lifecycle.md"), "States"))]
    assert states == [f"`{state}`" for state in State]


def test_the_diagrams_are_those_of_the_table() -> None:
    drawn = blocks("mermaid", section(text_of("docs/lifecycle.md"), "States"))
    assert drawn == [f"{diagram(kind)}\n" for kind in Kind]


def test_the_function_of_every_rule_exists_and_most_stand_in_the_law() -> None:
    pure = set()
    for rule, _, _, _, code, _ in rows(section(text_of("docs/lifecycle.md"), "Rules")):
        named = [span.split(".") for span in re.findall(r"`([\w.]+)`", code)]
        assert bool(named) is not code.startswith("not in this version"), rule
        for module, function in named:
            files = [*(ROOT / "src/notigateway").rglob(f"{module}.py")]
            places = [one for one in files if f"\ndef {function}(" in one.read_text(encoding="utf-8")]
            assert len(places) == 1, (rule, module, function)
            if places[0].parent.name == "law":
                pure.add(rule)
    assert len(pure) >= 16


def test_every_rule_has_its_place_and_its_test_or_is_not_in_this_version() -> None:
    table = rows(section(text_of("docs/lifecycle.md"), "Rules"))
    names = [RULE.fullmatch(row[0]) for row in table]
    order = [(int(name[1]), name[2]) for name in names if name]
    assert order == sorted(set(order))
    assert {number for number, _ in order} >= set(range(1, 21))
    assert len(order) == len(table)
    for rule, _, _, certainty, code, test in table:
        assert certainty in {"law", "policy"}
        assert bool(TEST.search(test)) is not code.startswith("not in this version"), rule


def test_the_examples_of_deadlines_are_right() -> None:
    examples = rows(section(text_of("docs/lifecycle.md"), "Deadline"))
    assert len(examples) >= 3
    for put, lapses, wire in examples:
        computed = deadline(datetime.fromisoformat(put).replace(tzinfo=MADRID))
        assert f"{computed.astimezone(MADRID):%Y-%m-%d %H:%M}" == lapses
        assert f"`{instant_text(computed)}`" == wire


# --- security --------------------------------------------------------------------------------------


def steps(text: str) -> list[tuple[str, str]]:
    """Return number and text of a numbered list, white space evened out."""
    found = re.findall(r"^ *(\d)\. (.+?)(?=^ *\d\. |^\s*$|\Z)", text, re.MULTILINE | re.DOTALL)
    return [(number, " ".join(words.split())) for number, words in found]


def test_the_procedure_is_the_one_in_the_code() -> None:
    documented = steps(section(text_of("docs/security.md"), "The procedure"))
    assert len(documented) == 8
    assert documented == steps(verify_envelope.__doc__ or "")
    blocks_of_code = re.findall(r"^ *# (\d) (.+)$", inspect.getsource(verify_envelope), re.MULTILINE)
    titles = [(number, words.partition(":")[0].partition(".")[0].lower()) for number, words in documented]
    assert titles == blocks_of_code


def test_every_fault_of_security_is_listed_with_its_code() -> None:
    entries = {entry.code: entry for entry in catalogue(SecurityError)}
    listed = []
    for _, fault, codes in rows(section(text_of("docs/security.md"), "Faults")):
        for code in re.findall(r"`(\w+)`", codes):
            assert f"`{fault_code(entries[code])}`" == fault, code
            listed.append(code)
    assert sorted(listed) == sorted(entries)


# --- operations ------------------------------------------------------------------------------------


def test_the_manifest_is_one_that_is_read() -> None:
    (line,) = blocks("json", text_of("docs/operations.md"))
    assert parse_line(line.encode()).reference == "2026/000123"


def test_registering_an_issuing_body_works_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notigateway.toml").write_text('database_url = "sqlite:///here.db"\n', "utf-8")
    engine = create_database("sqlite:///here.db")
    upgrade(engine)
    written, staff = blocks("console", section(text_of("docs/operations.md"), "Issuing bodies"))
    command, printed = written.removeprefix("$ notigateway ").splitlines()
    result = CliRunner().invoke(operating.app, [*shlex.split(command), "--settings", "notigateway.toml"])
    assert (result.exit_code, result.stdout.strip()) == (0, printed)
    for line in staff.splitlines():
        words = [*shlex.split(line.removeprefix("$ notigateway ")), "--settings", "notigateway.toml"]
        result = CliRunner().invoke(operating.app, words)
        assert (result.exit_code, result.stdout.count("99999999R")) == (0, 1)
    with reading(engine) as session:
        found = find_issuing_body(session, "EA9999901")
    engine.dispose()
    assert found is not None
    assert found.acronym == "TGSS"


def test_the_settings_and_events_that_operators_read_of_exist() -> None:
    sources = {file: file.read_text("utf-8") for file in (ROOT / "src").rglob("*.py")}
    found = {file: re.findall(r'_log\.\w+\(\s*"(\w+)"', source) for file, source in sources.items()}
    events = {event for some in found.values() for event in some}
    logs = section(text_of("docs/operations.md"), "Logs")
    listed = {row[0].strip("`") for row in rows(logs)}
    assert listed == {event for file, some in found.items() if "sandbox" not in file.parts for event in some}
    assert events <= set(re.findall(r"`(\w+)`", logs))
    known = {
        *Settings.model_fields,
        *CHECKS,
        *ClientRegistration.model_fields,
        *Row.metadata.tables,
        *ManifestAct.model_fields,
        *map(str, Paper),
        *map(str, Cause),
        *POWER_COLUMNS,
        *(name for one in IMPORTED.values() for name in one.columns),
        *events,
        "correlation_id",
        "trace_id",
        "wscn_code",
        *families(),
        *Account("any", None).line(),
        *(f"{stage}_ms" for stage in Stage),
        *Use,
        "old_log",  # of the answer of `log prove`
        "max_connections",
        "worker_connections",
        "graceful_timeout",
        "max_requests",
    }
    spans = code_spans(ROOT / "docs/operations.md")
    assert {span for span in spans if re.fullmatch(r"[a-z]+(_[a-z]+)+", span)} <= known


# --- integration -----------------------------------------------------------------------------------


def test_the_limits_are_those_of_the_contract() -> None:
    schema = etree.parse(ROOT / "wsdl/notigateway-v1.xsd")
    (page,) = schema.iterfind("{*}simpleType[@name='PageSize']//{*}maxInclusive")
    table = rows(section(text_of("docs/integration.md"), "Pulling everything"))
    for operation, limit in table:
        most = bounds(NOTIGATEWAY_V1).get((operation.strip("`"), "id"), page.get("value"))
        assert limit.split()[0] == str(most), operation
    assert len(table) >= 5


def test_the_exit_codes_are_those_of_the_client() -> None:
    of_codes = re.compile(r"(?<=xit codes: ).{1,500}? interrupted")
    said, helped = (
        re.findall(r"\b(\d+) [a-z]", " ".join(of_codes.findall(" ".join(text.split()))))
        for text in (text_of("docs/integration.md"), help_of("notigateway-client"))
    )
    assert said == helped == ["0", "1", "2", "3", "4", "5", "6", "130"]


@pytest.mark.parametrize("document", ["docs/integration.md", "docs/security.md"])
def test_the_prefixes_of_a_fault_are_those_it_has(document: str) -> None:
    def prefixes(*, is_fault: bool) -> list[str]:
        content = b'<ng:x xmlns:ng="urn:notigateway:v1"></ng:x>'
        signer = Signer(pki().service.key, pki().service.certificate)
        signed = sign_envelope(content, signer=signer, now=NOW, is_fault=is_fault)
        return [one.get("PrefixList", "") for one in etree.fromstring(signed).iter("{*}InclusiveNamespaces")]

    assert prefixes(is_fault=False) == []
    (listed,) = prefixes(is_fault=True)
    assert f'PrefixList="{listed}"' in text_of(document)


def test_what_the_python_example_imports_exists() -> None:
    (written,) = blocks("python", text_of("docs/integration.md"))
    compile(written, "docs/integration.md", "exec")
    imports = re.findall(r"^from .+$", written, re.MULTILINE)
    exec("\n".join(imports), {})  # noqa: S102  (our own document)


def test_the_budgets_are_those_that_the_bench_prints() -> None:
    rows = re.findall(r"^\| (.+?) \| ([≤≥].+?) \| (.+?) \|$", text_of("docs/performance.md"), re.MULTILINE)
    assert {name: budget for name, budget, _seen in rows} == {
        name: str(budget) for name, budget in BUDGETS.items()
    }
