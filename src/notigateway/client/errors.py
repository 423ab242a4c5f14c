"""What can go wrong for the caller of the client: each with a stable code, one line, an exit code.

A fault keeps the code of the gateway's catalogue; the other codes are the client's own. `retryable`
says whether the same request, newly signed, may succeed later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ClientError(Exception):
    """Something the client could not do, told in one line."""

    exit_code: ClassVar[int] = 3
    code: str = "CLIENT_ERROR"
    retryable: bool = False
    # What the service asks to wait before the next try; 0: nothing.
    retry_after_seconds: float = 0.0
    # How often the request was sent before this was the last word.
    attempts: int = 1
    # A decision was sent, and no proven answer says what became of it.
    may_be_decided: bool = False

    def __reduce__(self) -> tuple[object, ...]:
        """Let it pass from one process to another as it is: its own arguments differ from its text."""
        return _again, (type(self), self.args, self.__dict__)

    def line(self) -> str:
        """Return the one line that a person needs: code and text."""
        doubt = "; it may have been decided all the same: ask again, or see its history"
        return f"{self.code}: {self}{self.tried()}{doubt * self.may_be_decided}"

    def tried(self) -> str:
        """Return how often it was tried, where that was more than once."""
        return f" (tried {self.attempts} times)" if self.attempts > 1 else ""


def _again(kind: type[ClientError], told: tuple[object, ...], said: dict[str, object]) -> ClientError:
    """Make an error of another process again."""
    error = kind.__new__(kind, *told)
    error.__dict__.update(said)
    return error


class UnsendableTextError(ClientError):
    """A text of the caller holds what XML cannot carry, such as a control character."""

    exit_code = 2
    code = "TEXT_UNSENDABLE"


class NotConfirmedError(ClientError):
    """Something with legal effect, that nobody confirmed and nobody could be asked about."""

    exit_code = 2
    code = "NOT_CONFIRMED"

    def __init__(self) -> None:
        super().__init__("give --yes: this has legal effect, and there is no terminal to ask at")


class GatewayFaultError(ClientError):
    """A fault that the service signed: nothing was executed and nothing was stored.

    Where `is_bound` is False it does not say to which request: the service could not prove who asked.
    Then it tells why a request was refused, and nothing of what became of this one.
    """

    def __init__(
        self,
        code: str,
        *,
        text_es: str,
        text_en: str,
        retryable: bool,
        correlation_id: str = "",
        documentation: str = "",
        facts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text_en)
        self.code = code
        self.text_es = text_es
        self.text_en = text_en
        self.retryable = retryable
        self.correlation_id = correlation_id
        self.documentation = documentation
        self.facts: Mapping[str, str] = dict(facts or {})
        self.is_bound = True
        # What the client adds of its own, for who has to mend it.
        self.hint = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.text_en}" if self.text_en else self.code

    def line(self) -> str:
        """Return code, text, facts, the correlation id to quote to the operator, and where to look it up."""
        facts = "".join(f" {name}={value}" for name, value in self.facts.items())
        quoted = f" (correlation id {self.correlation_id})" if self.correlation_id else ""
        unbound = "" if self.is_bound else " (not proven to be about this request)"
        hint = f"; {self.hint}" if self.hint else ""
        # Another word than an address, as of an old gateway, is no place to send anybody.
        told = f"; see {self.documentation}" if self.documentation.startswith(("https://", "http://")) else ""
        return f"{self.code}: {self.text_en}{facts}{quoted}{unbound}{hint}{told}{self.tried()}"


class TransportFaultError(ClientError):
    """An HTTP answer that nobody signed: it is believed no further than that the request failed."""

    code = "HTTP_REFUSED"

    # The gateway or a proxy before it is down or busy; any other status repeats itself.
    _PASSING: ClassVar = frozenset({429, 502, 503, 504})

    def __init__(self, status: int, text: str, *, correlation_id: str = "") -> None:
        quoted = f" (correlation id {correlation_id})" if correlation_id else ""
        super().__init__(f"{text}{quoted}")
        self.status = status
        self.correlation_id = correlation_id
        self.retryable = status in self._PASSING


class UnreachableError(ClientError):
    """The service did not answer: no connection, a broken one, or no answer in time."""

    code = "SERVICE_UNREACHABLE"

    def __init__(self, text: str, *, retryable: bool = True) -> None:
        super().__init__(text)
        self.retryable = retryable


class UnexpectedResponseError(ClientError):
    """The service signed an answer that does not fit the request or the contract."""

    code = "RESPONSE_UNEXPECTED"


class SpoolError(ClientError):
    """The folder cannot be used, or the disk refused to write."""

    code = "FOLDER_UNUSABLE"


class PlaceTakenError(SpoolError):
    """The place of one notification cannot be used: something else stands there; its neighbours go on."""

    def __init__(
        self, place: Path, why: str = "something stands there that is no folder of the archive"
    ) -> None:
        super().__init__(f"cannot use {place}: {why}")


class FolderTemplateError(ClientError):
    """A template of folders that leads out of the archive, or into one folder twice."""

    exit_code = 2
    code = "FOLDER_TEMPLATE"

    def __init__(self, template: str, why: str) -> None:
        super().__init__(f"{template!r} cannot be the template of an archive's folders: {why}")


class ArchiveOfAnotherError(ClientError):
    """The folder is the archive of another service, of another party, or with other folders."""

    exit_code = 2
    code = "ARCHIVE_OF_ANOTHER"


class ArchiveIndexError(ClientError):
    """The index of an archive is not there, damaged or of another version: the folders are the truth."""

    exit_code = 2
    code = "ARCHIVE_INDEX"

    def __init__(self, why: str, *, is_archive: bool = True) -> None:
        cure = "; notigateway-client archive rebuild makes it anew, from the folders" if is_archive else ""
        super().__init__(f"{why}{cure}")


class ArchiveExportError(ClientError):
    """What was asked for cannot be made of an archive."""

    exit_code = 2
    code = "ARCHIVE_EXPORT"


class PolicyError(ClientError):
    """The policy by which `follow` accepts cannot be used: nothing was decided by it."""

    exit_code = 2
    code = "POLICY_INVALID"


class ListeningError(ClientError):
    """The address at which pushes are to be received cannot be used."""

    exit_code = 2
    code = "LISTENING_FAILED"


class FetchingEndedError(ClientError):
    """A process that fetched beside a pull has ended before its work was done."""

    code = "FETCHING_ENDED"
    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "a process beside this one was ended, perhaps for lack of memory: what is stored stays; pull "
            "again, with fewer --processes"
        )


class NotVerifiedError(ClientError):
    """Something arrived that is not proven; it was not used and not stored."""

    exit_code = 4


_NOTHING_STORED: Final = (
    "nothing more is accepted: of the first {count} that were fetched none is stored: {why}"
)


class NothingDeliveredError(ClientError):
    """Nothing that was accepted is delivered, so no more is accepted."""

    code = "NOTHING_DELIVERED"

    def __init__(self, count: int, *, why: str) -> None:
        super().__init__(_NOTHING_STORED.format(count=count, why=why))


class NothingVerifiedError(NotVerifiedError):
    """Nothing that was accepted is proven, so no more is accepted: is the right seal pinned?"""

    code = "NOTHING_VERIFIED"

    def __init__(self, count: int, *, why: str) -> None:
        super().__init__(_NOTHING_STORED.format(count=count, why=why))


class LogNotProvenError(NotVerifiedError):
    """Nothing proves now that the service's log goes on from the head that was seen last."""

    code = "LOG_NOT_PROVEN"


class LogSplitError(NotVerifiedError):
    """The service has signed two heads that cannot both be of one log; both are kept as evidence."""

    exit_code = 6
    code = "LOG_SPLIT_VIEW"

    def __init__(self, text: str, *, file: str) -> None:
        super().__init__(
            f"{text}. Nothing was accepted. What to do: keep {file} in the folder of the pull, which holds "
            "both signed heads; ask who runs the service, by another way than this one, whether a backup was "
            "restored: if so, the log has to go on under a new name. If not, it is evidence against them: "
            "show the file to others who pull from this service, and to who supervises it. Accept nothing "
            "meanwhile"
        )
        self.file = file


class LogRenamedError(NotVerifiedError):
    """The log has another name: restored from a backup, says whoever runs it, or the log of another."""

    exit_code = 6
    code = "LOG_RENAMED"

    def __init__(self, before: str, now: str, quoted: str = "", *, quotes: bool = False) -> None:
        """`quotes` says that the new log names the known one as that which it goes on from."""
        self.quotes = quotes
        said = f": {quoted}" if quoted else ""
        super().__init__(
            f'the log that was "{before}" is "{now}" now{said}. Ask who runs the service, by another '
            f"way, whether it was restored from a backup, and then pull once with --accept-log-name {now}"
        )


class ResponseNotVerifiedError(NotVerifiedError):
    """The answer is not proven to come, unchanged and fresh, from the pinned service."""

    code = "RESPONSE_NOT_VERIFIED"

    def __init__(self, step: str, text: str, *, status: int) -> None:
        super().__init__(f"the answer (HTTP status {status}) is not from the pinned service: {step}: {text}")
        self.step = step
        self.status = status


class ClockDiffersError(ResponseNotVerifiedError):
    """The answer is of another time than this computer's: a clock is wrong, or the answer old."""

    code = "CLOCK_DIFFERS"

    def __init__(self, text: str, *, status: int) -> None:
        super().__init__("MESSAGE_EXPIRED", text, status=status)
        self.args = (text,)


class OtherCertificateError(ResponseNotVerifiedError):
    """The answer names another certificate than the pinned one, or the pinned one is not valid now."""

    code = "SERVICE_CERTIFICATE_DIFFERS"

    def __init__(self, text: str, *, status: int) -> None:
        super().__init__("ISSUER_NOT_AUTHORISED", text, status=status)
        self.args = (text,)


class ResponseToAnotherError(NotVerifiedError):
    """The pinned service signed it, but not as the answer to this request."""

    code = "RESPONSE_TO_ANOTHER"

    def __init__(self, text: str) -> None:
        super().__init__(f"the answer is not to this request: {text}")


class DocumentMismatchError(NotVerifiedError):
    """The bytes of a document are not those of its hash, its size or its receipt."""

    code = "DOCUMENT_MISMATCH"


class ReceiptNotVerifiedError(NotVerifiedError):
    """A receipt is missing, not sealed by a pinned seal, or about something else."""

    code = "RECEIPT_NOT_VERIFIED"


class StateGoneBackError(NotVerifiedError):
    """The service says something else where the folder has the receipt of a decision."""

    code = "STATE_GONE_BACK"

    def __init__(self, state: str) -> None:
        super().__init__(
            f"it is stored here with the receipt of its decision, and {state} to the service without one of "
            "before: it may have lost data; show whoever runs it the receipt"
        )


class ReceiptDiffersError(NotVerifiedError):
    """The service gives another original under the identifier of a receipt that is stored and was proven."""

    code = "RECEIPT_DIFFERS"

    def __init__(self, stored: str, other: str) -> None:
        super().__init__(
            f"the service gives another receipt than the stored one in the place of {stored}: the stored one "
            f"stays, the other is kept beside it as {other}; show both to whoever runs the service"
        )
