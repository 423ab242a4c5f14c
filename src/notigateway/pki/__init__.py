"""Keys, trust and identity: whose certificates are admitted, and whom they name."""
