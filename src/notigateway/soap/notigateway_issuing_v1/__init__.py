"""The contract of issuing bodies, `urn:notigateway:issuing:v1`: its operations and answers."""
