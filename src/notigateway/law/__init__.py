"""The rule of law, pure: no session, no clock, no third party but one for check digits."""
