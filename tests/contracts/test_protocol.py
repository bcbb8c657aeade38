"""Worker and image agree on a protocol version, or say clearly that they cannot."""

from __future__ import annotations

import pytest

from contracts.errors import ProblemError
from contracts.protocol import negotiate, offer


@pytest.mark.parametrize(
    ("offered", "supported", "chosen"),
    [
        ("1", (1,), 1),
        ("2, 1", (1,), 1),  # a new Worker meets an old image
        ("1", (2, 1), 1),  # an old Worker meets a new image
        ("2, 1", (2, 1), 2),
        ("1, 2", (2, 1), 1),  # the caller's order decides
        (None, (2, 1), 2),
    ],
)
def test_the_best_version_that_both_speak_is_chosen(
    offered: str | None, supported: tuple[int, ...], chosen: int
) -> None:
    assert negotiate(offered, supported) == chosen


@pytest.mark.parametrize("offered", ["3", "", "one", "1.0", "²"])
def test_an_unknown_version_is_refused_and_the_known_ones_are_named(offered: str) -> None:
    with pytest.raises(ProblemError) as caught:
        negotiate(offered, (2, 1))
    assert caught.value.code == "protocol-unsupported"
    assert caught.value.extra["supported"] == [2, 1]
    assert offer((2, 1)) in caught.value.detail
