"""Picker routing: the shortest walk through the places of one pick list."""
