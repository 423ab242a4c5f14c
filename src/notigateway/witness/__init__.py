"""A witness: cosigns the heads of logs that only grow, with a file, a key and an address of its own."""
