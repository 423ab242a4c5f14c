"""The page for people: what the code printed on a receipt tells."""
