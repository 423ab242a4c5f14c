"""What a party may do: list, retrieve, decide, ask for a receipt, follow changes, say who acts for it."""
