"""GS1 identification keys: what they look like, and their check digit (GS1 General Specifications, section 7.9)."""

from __future__ import annotations

GTIN_LENGTHS = frozenset({8, 12, 13, 14})
SSCC_LENGTH = 18
GLN_LENGTH = 13


def check_digit(digits: str) -> int:
    """The digit that belongs behind `digits`: weights 3, 1, 3, … from the right, up to the next multiple of ten.

    check_digit("400638133393") == 1, for 4*1+0*3+0*1+6*3+3*1+8*3+1*1+3*3+3*1+3*3+9*1+3*3 = 89, and 90 - 89 = 1.
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -total % 10


def holds(key: str) -> bool:
    """Whether a key of digits ends in its check digit."""
    return key.isascii() and key.isdigit() and len(key) > 1 and check_digit(key[:-1]) == int(key[-1])


def is_gtin(key: str) -> bool:
    return len(key) in GTIN_LENGTHS and holds(key)


def is_sscc(key: str) -> bool:
    return len(key) == SSCC_LENGTH and holds(key)


def is_gln(key: str) -> bool:
    return len(key) == GLN_LENGTH and holds(key)
