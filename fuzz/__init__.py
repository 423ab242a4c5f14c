"""Coverage-guided fuzzing of every reader of foreign bytes, run by `make fuzz`; see `tests/fuzzing.py`."""
