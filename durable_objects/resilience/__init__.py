"""Calls to other objects and agents that fail well: retries with a budget, circuit breakers, deadlines passed on.

The decisions are plain Python with the clock, the chance and the pause handed in, so that CPython tests them in virtual time.
"""
