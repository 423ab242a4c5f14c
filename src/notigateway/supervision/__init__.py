"""What gunicorn's master does for the gateway: it reads, checks and holds what all of its workers have."""
