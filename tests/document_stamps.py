"""Document time-stamps as a library of others appends them to a PDF, by the tests' authority."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING

from asn1crypto import cms, tsp  # type: ignore[import-untyped]
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper

from tsa import token_of

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.pki.keys import KeyPair


class Authority(TimeStamper):
    """The tests' authority as pyHanko asks it; also about digests that ours are never asked about."""

    def __init__(self, at: datetime, pair: KeyPair | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._at, self._pair = at, pair

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Not asked: the token is made at once."""
        raise NotImplementedError

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        assert md_algorithm == "sha256"
        return cms.ContentInfo.load(token_of(message_digest, at=self._at, pair=self._pair))


def document_stamp(data: bytes, at: datetime, pair: KeyPair | None = None) -> bytes:
    out = IncrementalPdfFileWriter(BytesIO(data))
    stamped = asyncio.run(
        PdfTimeStamper(Authority(at, pair)).async_timestamp_pdf(out, "sha256", bytes_reserved=16384)
    )
    found: bytes = stamped.getvalue()
    return found
