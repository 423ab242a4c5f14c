"""Our own contract, `urn:notigateway:v1`: wire types, rendering and service."""
