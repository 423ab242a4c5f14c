"""Rows with behaviour, and named queries: the only place that writes SQL."""
