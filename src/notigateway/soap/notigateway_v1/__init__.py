"""The contract of parties, `urn:notigateway:v1`: its operations, and rows written as its answers."""
