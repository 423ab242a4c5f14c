"""The contract `urn:notigateway:issuing:v1`: the issuing bodies' side."""
