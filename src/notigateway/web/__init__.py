"""The pages: for people, what the code on a receipt tells; for the operator's programs, how it stands."""
