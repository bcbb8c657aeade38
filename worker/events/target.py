"""Where a webhook may point: a public https address. Anything else could reach into somebody's private network (SSRF).

A name that resolves to a private address cannot be told from its text. Cloudflare's network does not reach private
addresses from a Worker, and workerd's own `network` service refuses them unless it is told otherwise; the checks here
come on top, at registration and again before each delivery. Redirects are never followed.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_LABEL = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)$")
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa", "onion")
LOWEST_PORT = 1024  # below it, only 443: mail servers and the like are no receivers


def fault_of(url: str, *, development: bool) -> str | None:
    """Why a webhook must not point there, or None. In development http and this machine's addresses are allowed."""
    if not url.isascii() or any(character in url for character in " \\\t\r\n"):
        return "write the address in ASCII, without blanks and backslashes (a name with other letters as xn--…)"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "this is not an address"
    if parts.scheme != "https" and not (development and parts.scheme == "http"):
        return "the address must begin with https://"
    if "@" in parts.netloc:
        return "the address must not hold a user name or password: deliveries are signed"
    host = (parts.hostname or "").rstrip(".").lower()
    if not host:
        return "the address names no host"
    if development:
        return None
    if port is not None and port != 443 and port < LOWEST_PORT:
        return f"the port must be 443, or {LOWEST_PORT} and above"
    return _fault_of_host(host)


def _fault_of_host(host: str) -> str | None:
    address = _address(host)
    if address is not None:
        mapped = getattr(address, "ipv4_mapped", None)
        return None if (mapped or address).is_global and not address.is_multicast else "the address is not public"
    labels = host.split(".")
    # 127.1, 0x7f.0.0.1 and 2130706433 are IPv4 addresses too, to a URL parser; no public name ends in such a label.
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return "write an IPv4 address as four decimal numbers"
    if len(labels) < 2 or not all(_LABEL.match(label) for label in labels):
        return "the host must be a full public name"
    if any(host == name or host.endswith("." + name) for name in _PRIVATE_NAMES):
        return "the host's name is private"
    return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
