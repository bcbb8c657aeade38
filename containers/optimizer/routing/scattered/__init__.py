"""Scattered storage: which of an article's places a pick list is taken from, so that the walk is the shortest.

Methods, from the bound up: every tour is a path through the equivalence classes of floor/states.py, and every sub-aisle
offers the ways in which it can be entered; articles are demanded from the path by prices (Lagrangean relaxation, as
Heßler & Irnich 2024, "Exact solution of the single-picker routing problem with scattered storage", doi
10.1287/ijoc.2023.0075, by linear programming), with rounded demands as cuts (worth.py); labels that carry what has been
picked so far then extend through the same network, pruned by what the relaxation says their completion must cost
(Christofides, Mingozzi & Toth 1981).
"""
