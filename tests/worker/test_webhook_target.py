import pytest

from worker.events.target import fault_of


@pytest.mark.parametrize(
    "url",
    [
        "https://erp.example.com/hooks?x=1",
        "https://erp.example.com:8443/",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
        "https://xn--lager-bua.example/x",
    ],
)
def test_public_https_addresses_are_taken(url: str) -> None:
    assert fault_of(url, development=False) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://erp.example.com/", "not encrypted"),
        ("ftp://erp.example.com/", "not http"),
        ("https://user:pass@erp.example.com/", "credentials in the address"),
        ("https://erp.example.com@127.0.0.1/", "the host is what follows the @"),
        ("https://localhost/", "this machine"),
        ("https://LOCALHOST./", "this machine, with a dot"),
        ("https://api.localhost/", "this machine"),
        ("https://127.0.0.1/", "loopback"),
        ("https://127.1/", "loopback, written short"),
        ("https://2130706433/", "loopback, as one number"),
        ("https://0x7f.0.0.1/", "loopback, in hexadecimal"),
        ("https://0177.0.0.1/", "loopback, in octal"),
        ("https://0x7f000001/", "loopback, as one hexadecimal number"),
        ("https://10.1.2.3/", "private"),
        ("https://172.16.0.1/", "private"),
        ("https://192.168.1.1/", "private"),
        ("https://169.254.169.254/latest/meta-data/", "a cloud's metadata"),
        ("https://100.64.0.1/", "carrier-grade NAT"),
        ("https://0.0.0.0/", "unspecified"),
        ("https://224.0.0.1/", "multicast"),
        ("https://[::1]/", "loopback"),
        ("https://[::ffff:10.0.0.1]/", "private, mapped"),
        ("https://[fe80::1]/", "link-local"),
        ("https://[fd00::1]/", "unique local"),
        ("https://printer.local/", "multicast DNS"),
        ("https://vault.internal/", "an internal name"),
        ("https://intranet/", "a name without a domain"),
        ("https://erp.example.com:22/", "a port of another service"),
        ("https://erp.example.com:99999/", "no port"),
        ("https://erp.exa mple.com/", "a blank"),
        ("https://erp.example.com\\@127.0.0.1/", "a backslash that parsers read differently"),
        ("https://[::1/", "broken"),
        ("https://", "no host"),
        ("https://ерп.example/", "not ASCII"),
        ("//erp.example.com/", "no scheme"),
    ],
)
def test_whatever_could_reach_a_private_network_is_refused(url: str, why: str) -> None:
    assert fault_of(url, development=False), why


def test_development_may_call_this_machine() -> None:
    assert fault_of("http://127.0.0.1:8000/x", development=True) is None
    assert fault_of("file:///etc/passwd", development=True)
