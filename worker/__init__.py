"""What runs at the edge per request: route, authenticate, limit, validate, cache, respond."""
