"""The sandbox's own addresses, below `/_sandbox/` of each world: for harnesses JSON, for people pages."""
