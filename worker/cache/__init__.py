"""Answers of GET requests, kept in the isolate, then in KV, before the object that owns the truth is asked."""
