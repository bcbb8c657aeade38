"""GS1 keys and their check digits."""

from __future__ import annotations

import pytest

from contracts import gs1


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("4006381333931", gs1.is_gtin),  # GTIN-13
        ("036000291452", gs1.is_gtin),  # GTIN-12
        ("96385074", gs1.is_gtin),  # GTIN-8
        ("00614141000012", gs1.is_gtin),  # GTIN-14: 3*(0+6+4+4+0+0+1) + (0+1+1+1+0+0) = 48, and 50 - 48 = 2
        ("106141412345678908", gs1.is_sscc),
        ("0614141000012", gs1.is_gln),
    ],
)
def test_a_real_key_holds_and_no_other_last_digit_does(key: str, kind: object) -> None:
    assert callable(kind)
    assert kind(key)
    assert [digit for digit in "0123456789" if kind(key[:-1] + digit)] == [key[-1]]


@pytest.mark.parametrize("key", ["", "4", "40063813339310", "40063813339x1", "４００６３８１３３３９３１"])
def test_what_is_no_key_does_not_hold(key: str) -> None:
    assert not gs1.is_gtin(key)
