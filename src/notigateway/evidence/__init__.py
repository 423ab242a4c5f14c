"""Evidence: what the gateway attests, and the seal that proves it."""
