"""A client under test in its sandbox: what is put before it, how it is run, what it was seen to do."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from notigateway.conformance.dialects import dialect_of
from notigateway.conformance.raw import soap_headers
from notigateway.conformance.target import Given, Target, pair_of
from notigateway.conformance.verdict import NothingToAskError, SkippedError
from notigateway.contract import v1_following
from notigateway.contract.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from notigateway.conformance.kit import Need
    from notigateway.conformance.steering import Steering

_TAIL_CHARS: Final = 300
# What gives a client its list, and what decides, in each contract.
_LISTING: Final = {"v1": ("ListNotifications", "ListChanges"), "wscn": ("consultarListadoNotificaciones",)}
_ACTING: Final = {"v1": "AcceptNotifications", "wscn": "enviarAcuseNotificacion"}
_ORDINARY_PAGE: Final = 100
_PAGE_SIZE: Final = re.compile(rb"<(?:\w+:)?pageSize[^>]*>\s*(\d+)")
_IDS: Final = re.compile(rb"<(?:\w+:)?id(?:\s[^>]*)?>\s*([0-9A-Fa-f-]{36})\s*<")
_ACUSE: Final = re.compile(rb"<(?:\w+:)?xmlAcuseFirmado[^>]*>([A-Za-z0-9+/=\s]+)<")
_CODE: Final = re.compile(rb"<COD_NOTIFICACION>(\d+)<")
OK: Final = "OK"
# Of what somebody else may be asked in the same words: all others are among those of the dialect.
_ASKED: Final = {"ListChanges": write(v1_following.ListChanges())}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run of the client ended; no exit code where it did not in time."""

    exit_code: int | None
    output: str

    @property
    def is_content(self) -> bool:
        """Tell whether it says that all went well."""
        return self.exit_code == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the certificates are that the client is given."""

    key: Path
    cert: Path
    p12: Path
    passphrase: Path
    server_cert: Path
    seal_cert: Path

    @classmethod
    def written(cls, folder: Path, told: Mapping[str, Any]) -> Files:
        """Write what a sandbox tells, as files of the company's."""
        company = told["holders"]["company"]
        texts = {
            "key": company["key"].encode(),
            "cert": company["certificate"].encode(),
            "p12": base64.b64decode(company["p12"]),
            "passphrase": str(told["passphrase"]).encode(),
            "server_cert": told["service"].encode(),
            "seal_cert": told["seal"].encode(),
        }
        for name, data in texts.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_bytes(data)
        return cls(**{name: folder / name for name in texts})


@dataclass(kw_only=True)
class Play:
    """A world with a client in it: it is to accept what is there for it, and to end."""

    steering: Steering
    command: Sequence[str]
    contract: str
    url: str
    public_url: str
    files: Files
    folder: Path
    seconds: float
    pages_up_to: int
    stories: dict[str, Any] = field(default_factory=dict)
    _runs: int = 0

    # --- what a report is about

    @property
    def name(self) -> str:
        """Return the command."""
        return " ".join(self.command)

    @staticmethod
    def now() -> datetime:
        """Return what time it is here."""
        return datetime.now(UTC)

    @staticmethod
    def has(_: Need) -> bool:
        """Tell that there is a sandbox, and so everything."""
        return True

    # --- what is put before it

    def begin(self, count: int = 2) -> list[str]:
        """Forget what was, and put so many notifications at its disposal; return their identifiers."""
        self.steering.withdraw_faults()
        self.steering.clear_journal()
        made = self.steering.do("publish", count=count)
        return [str(one["id"]) for one in made.get("notifications", [made])]

    @contextmanager
    def wrong(self, operation: str, **fault: object) -> Iterator[None]:
        """Have something go wrong for an operation. Raises: `SkippedError` where it is never called."""
        ordered = self.steering.order_fault(operation=operation, caller="company", **fault)
        yield
        found = next((one for one in self.steering.faults() if one["id"] == ordered["id"]), {"struck": 0})
        self.steering.withdraw_faults()
        if not found["struck"]:
            raise SkippedError(f"the client never calls {operation}")

    # --- what it does

    def run(self, *, url: str | None = None, again_in: Path | None = None) -> Ran:
        """Run the client once, in a folder of its own or in that of an earlier run."""
        self._runs += 1
        folder = again_in or self.folder / f"run-{self._runs}"
        folder.mkdir(exist_ok=True)
        log = folder.parent / f"{folder.name}.log"
        with log.open("ab") as target:
            try:
                process = subprocess.Popen(  # noqa: S603  (what the person has named)
                    self._arguments(url or self.url),
                    cwd=folder,
                    env=os.environ | self._environment(url or self.url),
                    stdin=subprocess.DEVNULL,
                    stdout=target,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise NothingToAskError(f"cannot run {self.command[0]}: {error.strerror}") from error
            code = _ended(process, self.seconds)
        text = log.read_text("utf-8", errors="replace")[-_TAIL_CHARS:].strip()
        return Ran(code, " ".join(text.split()))

    @property
    def last_folder(self) -> Path:
        """Return the folder of the last run."""
        return self.folder / f"run-{self._runs}"

    def _arguments(self, url: str) -> list[str]:
        values = {name: str(getattr(self.files, name)) for name in Files.__slots__} | {"url": url}
        found = []
        for word in self.command:
            for name, value in values.items():
                word = word.replace(f"{{{name}}}", value)  # noqa: PLW2901
            # the client runs in another folder: what is a file here is meant
            is_here = os.sep in word and Path(word).exists()
            found.append(str(Path(word).absolute()) if is_here else word)
        return found

    def _environment(self, url: str) -> dict[str, str]:
        files = self.files
        values = {
            "URL": url,
            "PUBLIC_URL": self.public_url,
            "KEY": str(files.key),
            "CERT": str(files.cert),
            "SERVER_CERT": str(files.server_cert),
            "SEAL_CERT": str(files.seal_cert),
        }
        return {f"NOTIGATEWAY_CLIENT_{name}": value for name, value in values.items()}

    # --- what it was seen to do

    def entries(self) -> list[dict[str, Any]]:
        """Return the exchanges since the beginning, the oldest first; none of another caller's."""
        return [one for one in self.steering.journal() if one["holder"] in {"company", None}]

    def calls_of(self, operation: str) -> list[dict[str, Any]]:
        """Return the exchanges of an operation."""
        return [one for one in self.entries() if one["operation"] == operation]

    def answer_to_another(self, operation: str) -> Callable[[], bytes]:
        """Return what gives the service's genuine answer to that operation, fresh and to somebody else."""
        told = self.steering.certificates()
        person = Given(
            url=self.url,
            dialect=dialect_of(self.contract, self.url),
            me=pair_of(told["holders"]["person"]),
            service=x509.load_pem_x509_certificates(str(told["service"]).encode()),
        )

        def ask() -> bytes:
            target = Target(person)
            try:
                draft = target.draft(operation, content=_ASKED.get(operation))
                return target.send(draft, soap_headers(person.dialect.action(operation))).body
            finally:
                target.close()

        return ask

    def after_fault(self) -> list[dict[str, Any]]:
        """Return what came after the first exchange that a fault struck."""
        entries = self.entries()
        at = next((number for number, one in enumerate(entries) if one["faults"]), len(entries))
        return entries[at + 1 :]

    def asks_about_struck(self) -> bool:
        """Tell whether the client asked again about what a fault struck first."""
        struck = next((one for one in self.entries() if one["faults"]), None)
        names = set() if struck is None else set(self.decided_in(struck))
        for one in self.after_fault():
            request = self.steering.request_of(int(one["number"])).lower()
            if names & set(self.decided_in(one)) or any(f">{name}<".encode() in request for name in names):
                return True
        return False

    def sent_twice(self) -> bool:
        """Tell whether two requests were the same bytes."""
        sent = [self.steering.request_of(int(one["number"])) for one in self.entries() if one["operation"]]
        return len(set(sent)) < len(sent)

    def decided_in(self, entry: Mapping[str, Any]) -> list[str]:
        """Return what a request of the deciding operation names."""
        request = self.steering.request_of(int(entry["number"]))
        acuse = _ACUSE.search(request)
        if acuse is not None:
            return [one.decode() for one in _CODE.findall(base64.b64decode(acuse[1]))]
        return [one.decode().lower() for one in _IDS.findall(request)]

    @property
    def acting(self) -> str:
        """Return the operation that decides."""
        return _ACTING[self.contract]

    @property
    def listing(self) -> str:
        """Return the operation by which the client learns what there is. Raises: `SkippedError`."""
        self.check_works()
        return str(self.stories["listing"])

    @property
    def page_size(self) -> int:
        """Return how many notifications the client wants on a page. Raises: `SkippedError`."""
        self.check_works()
        return int(self.stories["page size"])

    def check_works(self) -> None:
        """Check that the client works where all is well: else nothing can be told of it.

        Raises: `SkippedError`.
        """
        if self.works():
            raise SkippedError("the client does not work where all is well (USE-01)")

    def works(self) -> str:
        """Return why the client does not work where all is well; "" where it does. It is tried once."""
        if "works" not in self.stories:
            self.stories["works"] = self._tried()
        return str(self.stories["works"])

    def _tried(self) -> str:
        wanted = self.begin()
        ran = self.run()
        if not ran.is_content:
            how = "did not end in time" if ran.exit_code is None else f"ended with {ran.exit_code}"
            return f"it {how}; the end of what it said: {ran.output or 'nothing'}"
        states = {self.state_of(one) for one in wanted}
        if states != {"accepted"}:
            return f"it ended with 0, and what was there for it is {', '.join(sorted(states))}"
        calls = [one for name in _LISTING[self.contract] for one in self.calls_of(name)]
        if not calls:
            return f"it called none of {', '.join(_LISTING[self.contract])}"
        size = _PAGE_SIZE.search(self.steering.request_of(int(calls[0]["number"])))
        self.stories |= {"listing": calls[0]["operation"], "folder": self.last_folder}
        self.stories["page size"] = int(size[1]) if size else _ORDINARY_PAGE
        self.stories["decided"] = self.decided()
        return ""

    def decided(self) -> list[str]:
        """Return what the client has had decided since the beginning, as often as it was answered so."""
        calls = [one for one in self.calls_of(self.acting) if one["code"] == OK]
        return [name for one in calls for name in self.decided_in(one)]

    def state_of(self, identifier: str) -> str:
        """Return the state of a notification."""
        return str(self.steering.notification(identifier)["state"])


@contextmanager
def playing(steering: Steering, command: Sequence[str], **more: Any) -> Iterator[Play]:  # noqa: ANN401
    """Give a world of a sandbox with a client in it, for the length of the context."""
    with TemporaryDirectory(prefix="notigateway-conformance-") as made:
        folder, world = Path(made), steering.world()
        contract = str(more.pop("contract"))
        url = str(world["wscn" if contract == "wscn" else "url"])
        yield Play(
            steering=steering,
            command=command,
            contract=contract,
            url=url,
            public_url=url,
            files=Files.written(folder, steering.certificates()),
            folder=folder,
            **more,
        )


def _ended(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Wait for the end of a process, or end it. Returns its exit code, None where it had to be ended."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
