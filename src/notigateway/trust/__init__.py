"""Whom we believe: which certificates are admitted, and how that stays up to date."""
