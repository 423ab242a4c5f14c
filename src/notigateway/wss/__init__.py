"""WS-Security with X.509: one safe parse, one numbered verification, one way to sign."""
