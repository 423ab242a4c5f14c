"""Explains what the gateway sees in an envelope; never on the way of a request."""
