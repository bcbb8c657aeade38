"""Rate limits: token buckets whose truth is a RateLimiter object, leased to isolates so that a request rarely waits for it."""
