"""Distances, walks and exact tours on a warehouse floor. Metres throughout."""
