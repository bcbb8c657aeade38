"""Rate limits' truth, without storage: what a RateLimiter object decides."""
