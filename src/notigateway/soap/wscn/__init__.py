"""The Social Security's own contract (WSCN), wire-compatible: both of its environments."""
