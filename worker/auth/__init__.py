"""Who asks, and whether they may: credentials of every kind become one Principal, one function authorizes it."""
