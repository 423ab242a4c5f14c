"""The kinds of keys that the gateway signs and seals with: words, known without anything that makes one."""

from __future__ import annotations

from enum import StrEnum


class KeyKind(StrEnum):
    """A kind of key; named where one is to be made."""

    P_256 = "p-256"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
