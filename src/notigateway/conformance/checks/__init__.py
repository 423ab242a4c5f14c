"""What is asked of a service, check by check: each module a subject, each check an identifier that stays."""
