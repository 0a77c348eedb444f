"""Which hosts browsers take for one site."""

import pytest

from embedding.cocalc.sites import is_same_site, site_of


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://learn.school.example", "https://cocalc.school.example", True),
        ("https://learn.school.example:8443", "https://cocalc.school.example/base", True),
        ("https://LEARN.school.example", "https://cocalc.school.example.", True),
        ("https://learn.example.ac.uk", "https://cocalc.example.ac.uk", True),
        ("https://one.ac.uk", "https://two.ac.uk", False),  # each under a public suffix
        ("https://one.github.io", "https://two.github.io", False),
        ("https://learn.school.example", "https://cocalc.elsewhere.example", False),
        ("http://learn.school.example", "https://cocalc.school.example", False),
        ("https://192.0.2.1", "https://198.51.2.1", False),
        ("http://learn.lectern.localhost:8000", "http://cocalc.lectern.localhost:8001", True),
        ("https://school.example", "https://cocalc.school.example:8443", True),
        ("https://notschool.example", "https://school.example", False),
        ("http://localhost:8000", "http://127.0.0.1:8000", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:5000", True),
    ],
)
def test_one_site_is_one_registrable_domain(one: str, other: str, same: bool) -> None:
    assert is_same_site(one, other) is same
    assert is_same_site(other, one) is same


def test_an_address_is_a_site_of_its_own() -> None:
    assert site_of("192.0.2.1") == "192.0.2.1"
    assert site_of("localhost") == "localhost"
