"""The contracts, each described once: what `soap/` writes, what `client/` reads."""
