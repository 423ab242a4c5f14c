"""What a party may do: list, retrieve, decide, follow changes, and say who acts for it."""
