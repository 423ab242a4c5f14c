"""The public formats and proofs of the log, pure: leaf, tree, tiles, checkpoint and its time-stamp."""
