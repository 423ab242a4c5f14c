"""From the errors of the steps to their causes, and the one table of every mistake that is known.

For each error the functions that look for its causes, in the order in which they are told.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from notigateway import errors
from notigateway.explaining import (
    algorithms,
    asking,
    digests,
    encodings,
    pointing,
    readings,
    repairs,
    security,
    structure,
    times,
    token_forms,
    tokens,
    values,
    xml_forms,
)
from notigateway.explaining.cause import Certainty, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notigateway.explaining.cause import Cause
    from notigateway.explaining.sight import Sight

KNOWN: Final[dict[str, tuple[Known[Any], ...]]] = {
    "XML": xml_forms.ALL,
    "Envelope and Security header": (*structure.ALL, *security.SECURITY),
    "Tokens and certificates": (*token_forms.ALL, *tokens.ALL),
    "How octets are written": encodings.ENCODINGS,
    "Algorithms": algorithms.ALL,
    "References": pointing.ALL,
    "Time": times.ALL,
    "What was digested or signed": readings.READINGS,
    "Digests and signature values": (*digests.ALL, *values.ALL),
    "The request": (*asking.ALL, *repairs.ALL),
}
_ORDER: Final = {Certainty.SURE: 0, Certainty.SEEN: 1, Certainty.LIKELY: 2}


def likely_causes(sight: Sight, refusals: Sequence[errors.GatewayError]) -> Iterator[Cause]:
    """Yield what led to these errors, in their order, of each the sure ones first."""
    for error in refusals:
        found: list[Cause] = []
        for kind, causes in _CAUSES:
            if isinstance(error, kind):
                # a part without canonical form ends what can be tried
                with suppress(errors.CanonicalFormError):
                    found.extend(causes(sight, error))
        yield from sorted(found, key=lambda cause: _ORDER[cause.certainty])


def _digest(sight: Sight, _error: errors.GatewayError) -> Iterator[Cause]:
    for reference, target in sight.differing:
        yield from digests.digest_causes(reference, target, sight)


_CAUSES: Final[
    tuple[tuple[type[errors.GatewayError], Callable[[Sight, errors.GatewayError], Iterator[Cause]]], ...]
] = (
    (errors.UnsupportedMediaTypeError, asking.media_type_causes),
    (errors.MalformedXmlError, lambda sight, _: xml_forms.xml_causes(sight)),
    (errors.ForbiddenXmlError, lambda *_: iter([xml_forms.DOCTYPE.cause(Certainty.SEEN)])),
    (errors.XmlLimitError, lambda _, error: iter([xml_forms.LIMIT.cause(Certainty.SEEN, error.detail)])),
    (errors.VersionMismatchError, asking.version_causes),
    (errors.VersionMismatchError, lambda sight, _: structure.envelope_causes(sight)),
    (errors.EnvelopeStructureError, lambda sight, _: structure.envelope_causes(sight)),
    (errors.MustUnderstandError, structure.must_understand_causes),
    (errors.MustUnderstandError, lambda sight, _: security.namespace_causes(sight)),
    (errors.SecurityHeaderMissingError, lambda sight, _: security.security_causes(sight)),
    (errors.SecurityHeaderInvalidError, lambda sight, _: security.security_causes(sight)),
    (errors.SecurityHeaderInvalidError, tokens.key_info_causes),
    (errors.DuplicateIdError, lambda sight, _: asking.id_causes(sight)),
    (errors.AlgorithmError, algorithms.algorithm_causes),
    (errors.AlgorithmError, lambda sight, _: security.encryption_causes(sight)),
    (errors.SignatureReferenceError, lambda sight, _: pointing.reference_causes(sight)),
    (errors.NotSignedError, asking.coverage_causes),
    (errors.FreshnessError, lambda sight, _: times.freshness_causes(sight)),
    (errors.TimestampInvalidError, times.timestamp_causes),
    (errors.TokenInvalidError, lambda sight, _: tokens.unreadable_causes(sight)),
    (errors.TokenTooLargeError, lambda _, error: tokens.strength_causes(error)),
    (errors.TokenWeakError, lambda _, error: tokens.strength_causes(error)),
    (errors.CanonicalFormError, lambda sight, _: structure.canonical_form_causes(sight)),
    (errors.TokenUnavailableError, lambda sight, _: tokens.unavailable_causes(sight)),
    (errors.TokenTypeError, lambda sight, _: security.security_causes(sight)),
    (errors.TokenTypeError, tokens.type_causes),
    (errors.IssuerNotAuthorisedError, tokens.issuer_causes),
    (errors.CertificateExpiredError, lambda _, error: tokens.expired_causes(error)),
    (errors.DigestError, _digest),
    (errors.SignatureValueError, lambda sight, _: values.value_causes(sight)),
    (errors.ReplyAddressError, lambda sight, _: asking.reply_causes(sight)),
    (errors.AddressingError, asking.addressing_causes),
    (errors.IdentityError, lambda _, error: asking.identity_causes(error)),
    (errors.UnknownOperationError, lambda sight, _: asking.operation_causes(sight)),
    (errors.ActionMismatchError, lambda sight, _: asking.action_causes(sight)),
    (errors.RoleUnknownError, lambda *_: iter([asking.ROLE.cause(Certainty.SEEN)])),
    (errors.InvalidRequestError, repairs.request_causes),
    (errors.AcuseEncodingError, repairs.request_causes),
)
