"""The step about time: whether the seals that were proven still count at the instant of the verification.

The steps before it have proven signatures, and collected who else says that the receipt existed; here the one
rule of `evidence.existence` is held to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notigateway.evidence.algorithms import sealed_by
from notigateway.evidence.existence import Judgement, Proof
from notigateway.evidence.history import DatedCertificate, dated
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint, subject_of
from notigateway.verifier.report import SkippedError, UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

    from notigateway.evidence.timestamp import Stamp
    from notigateway.verifier.pins import Trust

_HOLDER_CHARACTERS: Final = 120
_MAY_PROVE_IT: Final = "a bundle with renewed heads may prove it"


@dataclass
class Existence:
    """What there is to be judged of one file, and who says since when its receipt exists.

    `proofs` are about the receipt, and so about everything that it names by a hash. `seals` are the names of
    seals, their certificates, and what is known of that seal alone. `bound` are the files that the log's
    second tree binds: they need not be believed by a SHA-256; `is_bound` says that it binds the receipt.
    """

    trust: Trust
    judgement: Judgement
    proofs: list[Proof] = field(default_factory=list)
    seals: list[tuple[str, Certificate, Sequence[Proof]]] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    is_bound: bool = False

    def proof(self, stamp: Stamp, later: Sequence[Proof] = ()) -> Proof:
        """Return the word of a pinned authority as a proof; its period decides whether it counts."""
        pin = dated(self.trust.authorities)[fingerprint(stamp.authority)]
        return Proof(stamp.at, pin, stamp.algorithms, tuple(later))

    def chain(self, stamps: Sequence[Stamp]) -> list[Proof]:
        """Return time-stamps as proofs, each of which is about those before it too."""
        found: list[Proof] = []
        for stamp in reversed(stamps):
            found.insert(0, self.proof(stamp, found))
        return found

    def doubt(self, proof: Proof, what: str = "time-stamp") -> str | None:
        """Return why a word may not be relied on, and whose it is; None where it may."""
        lack = self.judgement.doubt(proof)
        if lack is None or not isinstance(proof.pin, DatedCertificate):
            return lack
        who = subject_of(proof.pin.certificate)[:_HOLDER_CHARACTERS]
        return f"the {what} of {instant_text(proof.at)} by {who}: {lack}"

    def lack(self, certificate: Certificate, proofs: Sequence[Proof]) -> str | None:
        """Return why what a pinned seal has sealed does not count by now; None where it does."""
        pin = dated(self.trust.seals)[fingerprint(certificate)]
        return self.judgement.lack(pin, sealed_by(certificate.public_key()), proofs)

    def binds(self, second: Proof) -> bool:
        """Tell whether the second tree binds what it says: it counts, and is older than SHA-256's end."""
        sunset = self.judgement.algorithms.end_of(["SHA-256"])
        return self.judgement.counts(second) and (sunset is None or second.at <= sunset[0])

    @property
    def is_past_sha_256(self) -> bool:
        """Whether it is judged after the end of SHA-256."""
        sunset = self.judgement.algorithms.end_of(["SHA-256"])
        return sunset is not None and self.judgement.at > sunset[0]

    def check_named(self, name: str) -> None:
        """Check that a file may be believed which the receipt names by its SHA-256.

        Raises: `UndeterminedError` past the end of SHA-256, but for what the second tree binds.
        """
        sunset = self.judgement.algorithms.end_of(["SHA-256"])
        if sunset is not None and self.judgement.at > sunset[0] and name not in self.bound:
            raise UndeterminedError(
                f"SHA-256, by which the receipt names it, is relied on until {instant_text(sunset[0])}"
            )

    def check_believed(self, what: str) -> None:
        """Check that something may be concluded from a file that the receipt names, and nothing else binds.

        Raises: `SkippedError` past the end of SHA-256.
        """
        sunset = self.judgement.algorithms.end_of(["SHA-256"])
        if sunset is not None and self.judgement.at > sunset[0]:
            raise SkippedError(
                f"nothing is concluded from {what}: the receipt names it by SHA-256 alone, which is relied "
                f"on until {instant_text(sunset[0])}"
            )

    def step(self) -> str:
        """Check every seal that the receipt rests on."""
        if not self.seals:
            raise UndeterminedError("the receipt's seal is not proven")
        for name, certificate, known in self.seals:
            why = self.lack(certificate, [*self.proofs, *known])
            if why is not None:
                raise UndeterminedError(f"{name}: {why}{self._words_that_ended()}")
        proven = self.judgement.earliest(self.proofs)
        if proven is None:
            raise SkippedError(
                "only the gateway's own clock says since when the receipt exists; that is enough while "
                "its seal is in use"
            )
        return f"the receipt existed on {instant_text(proven)}, by somebody else's clock"

    def _words_that_ended(self) -> str:
        """Return the first word on the receipt that counts no more, and what may prove it all the same."""
        first = min(self.proofs, key=lambda one: one.at, default=None)
        known_until = self.judgement.known_until or self.judgement.at
        if first is None or first.at > known_until or self.judgement.counts(first):
            return ""
        return f"; {self.doubt(first)}: {_MAY_PROVE_IT}"
