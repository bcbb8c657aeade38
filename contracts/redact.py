"""Taking credentials out of a text that goes to a log: whatever looks like one of ours, or like a bearer token."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"smx_[A-Za-z0-9._\-]+|eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*\.?[A-Za-z0-9_\-]*|whsec_[A-Za-z0-9+/=]+"
    r"|(?i:bearer)\s+[^\s\"',;]+|(?i:smx_session)=[^\s\"',;]+"
)


def redact(text: str) -> str:
    """The text without what looks like a credential. Most texts hold none of the signs and are not searched."""
    suspect = "smx_" in text or "eyJ" in text or "earer" in text or "EARER" in text or "whsec_" in text
    return _SECRET.sub("[redacted]", text) if suspect else text
