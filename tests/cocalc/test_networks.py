"""Which hosts a browser takes for private."""

import pytest

from embedding.cocalc.networks import is_private


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("192.168.1.20", True),
        ("fd00::1", True),
        ("fe80::1%1", True),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("nobody.knows.test", None),
        ("x" * 300, None),
        ("", None),
    ],
)
def test_which_network_a_host_is_on(host: str, private: bool | None) -> None:
    assert is_private(host) is private
