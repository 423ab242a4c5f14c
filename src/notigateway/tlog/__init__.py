"""The formats and proofs of the log: leaves, tree, tiles, checkpoints. Pure."""
