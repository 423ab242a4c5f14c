"""Bulk retrieval of electronic administrative notifications over signed SOAP."""

__version__ = "0.1.0"
