"""The conformance kit: tells of a service, or of a client, what it does otherwise than the contract."""
