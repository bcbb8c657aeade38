"""Boxes and rectangles in bins: a compiled constructive kernel over maximal empty spaces, and a search on top of it."""
