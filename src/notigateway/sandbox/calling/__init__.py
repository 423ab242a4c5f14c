"""What a sandbox asks its own gateway in the name of a holder, rightly and deliberately wrongly."""
