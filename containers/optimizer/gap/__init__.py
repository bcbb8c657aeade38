"""Generalised assignment: jobs to agents of limited capacity, the core of slots that several articles share."""
