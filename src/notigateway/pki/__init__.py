"""Keys and certificates: their fitness, whom they name, and what is known of their revocation."""
