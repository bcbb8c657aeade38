"""Quadratic assignment: facilities to locations, the core of slotting by affinity."""
