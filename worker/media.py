"""Content negotiation: which of the media types that a route can write does the client accept?"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def acceptable(accept: str, offers: tuple[str, ...]) -> str | None:
    """The best of `offers` for an Accept header (RFC 9110, 12.5.1), the first one when all are equal; None when none fits."""
    if not offers or not accept.strip():
        return offers[0] if offers else "*/*"
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    best: tuple[float, str] | None = None
    for offer in offers:
        quality = _quality(offer, ranges)
        if quality > 0 and (best is None or quality > best[0]):
            best = (quality, offer)
    return best[1] if best else None


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.lower().startswith("q="):
            try:
                return name.lower(), min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return name.lower(), 0.0
    return name.lower(), 1.0


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    """The most specific matching range decides."""
    kind = offer.split("/", 1)[0]
    for pattern in (offer, f"{kind}/*", "*/*"):
        for name, quality in ranges:
            if name == pattern:
                return quality
    return 0.0
