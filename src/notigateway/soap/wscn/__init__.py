"""The Social Security's own contract (WSCN), wire-compatible, in both of its environments."""
