"""Measurements, run by `make bench`; they assert nothing."""
