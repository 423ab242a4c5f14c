"""The rule of law, pure: no session, no clock, no third party."""
