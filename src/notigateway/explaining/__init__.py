"""Explains step by step what is seen in an envelope; never on the way of a request."""
