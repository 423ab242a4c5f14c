"""Tells who has subscribed that something has changed: identifiers and states, and no content."""
