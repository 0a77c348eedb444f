"""`manage.py check`: settings of CoCalc that are missing, or do not go together."""

from pathlib import Path

import pytest
from pytest_django import Settings

from embedding.checks import embedding_settings

FINE = {
    "COCALC_URL": "https://cocalc.school.test",
    "COCALC_API_KEY": "sk-xxxxxxxxxxxxxxxx000001",
    "ACCOUNT_DOMAIN": "accounts.school.test",
}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, []),
        ({"COCALC_GENERATION": "auto", "COCALC_SIGN_IN": "auto"}, []),
        ({"COCALC_GENERATION": "conat", "COCALC_ORGANIZATION": "school"}, []),
        ({"COCALC_ORGANIZATION": "school"}, []),
        ({"COCALC_API_KEY": ""}, ["E001"]),
        ({"ACCOUNT_DOMAIN": ""}, ["E001"]),
        ({"ACCOUNT_DOMAIN": "school"}, ["E002"]),
        ({"COCALC_GENERATION": "v3"}, ["E004"]),
        ({"COCALC_SIGN_IN": "somehow"}, ["E004"]),
        ({"COCALC_GENERATION": "v1", "COCALC_SIGN_IN": "impersonate"}, ["E005"]),
        ({"COCALC_GENERATION": "conat", "COCALC_SIGN_IN": "address"}, ["E005"]),
        ({"COCALC_GENERATION": "v1", "COCALC_ORGANIZATION": "school"}, ["W006"]),
        ({"COCALC_SIGN_IN": "own"}, ["W007"]),
        ({"COCALC_SIGN_IN": "own", "COCALC_API_KEY": "", "ACCOUNT_DOMAIN": ""}, []),
        ({"COCALC_SIGN_IN": "own", "COCALC_API_KEY": "", "COCALC_ORGANIZATION": "x"}, ["W006"]),
    ],
)
def test_each_mistake_is_named(settings: Settings, given: dict[str, str], found: list[str]) -> None:
    settings.EMBEDDING = {**FINE, **given}
    messages = embedding_settings()
    assert [str(each.id).removeprefix("embedding.") for each in messages] == found
    assert all(FINE["COCALC_API_KEY"] not in f"{each.msg}{each.hint}" for each in messages)


@pytest.mark.parametrize(
    ("policy", "found"),
    [("same-origin", ["W008"]), ("strict-origin", []), ("strict-origin-when-cross-origin", [])],
)
def test_a_door_that_is_not_told_the_origin(
    settings: Settings, policy: str, found: list[str]
) -> None:
    settings.EMBEDDING = {**FINE, "COCALC_DOOR": "/.lectern/"}
    settings.SECURE_REFERRER_POLICY = policy
    assert [str(each.id).removeprefix("embedding.") for each in embedding_settings()] == found


@pytest.mark.parametrize(
    ("door", "hosts", "found"),
    [
        ("/.lectern/", ["*"], ["W009"]),
        ("/.lectern/", ["learn.school.test"], []),
        ("", ["*"], []),
    ],
)
def test_a_door_for_any_host(
    settings: Settings, door: str, hosts: list[str], found: list[str]
) -> None:
    settings.EMBEDDING = {**FINE, "COCALC_DOOR": door}
    settings.SECURE_REFERRER_POLICY = "strict-origin"
    settings.ALLOWED_HOSTS = hosts
    assert [str(each.id).removeprefix("embedding.") for each in embedding_settings()] == found


@pytest.mark.parametrize(
    ("site", "cocalc", "debug", "found"),
    [
        ("https://learn.school.test", "https://cocalc.school.test", False, []),
        ("https://learn.school.test", "https://cocalc.other.test", False, ["W010"]),
        ("https://a.github.io", "https://b.github.io", False, ["W010"]),
        ("https://learn.school.test:8443", "https://cocalc.school.test", False, ["W011"]),
        ("http://learn.school.test", "http://cocalc.school.test", False, ["W011"]),
        ("https://learn.school.test:443", "https://cocalc.school.test", True, ["W012"]),
        ("http://learn.localhost:8000", "http://cocalc.learn.localhost:5000", True, []),
    ],
)
def test_where_both_are(
    settings: Settings, site: str, cocalc: str, debug: bool, found: list[str]
) -> None:
    settings.EMBEDDING = {**FINE, "COCALC_URL": cocalc}
    settings.SITE_URL, settings.DEBUG = site, debug
    assert [str(each.id).removeprefix("embedding.") for each in embedding_settings()] == found


def test_a_door_needs_no_common_domain(settings: Settings) -> None:
    settings.SECURE_REFERRER_POLICY = "strict-origin"
    settings.EMBEDDING = {**FINE, "COCALC_URL": "https://x.test", "COCALC_DOOR": "/.lectern/"}
    assert embedding_settings() == []


@pytest.mark.parametrize(("mode", "found"), [(0o640, []), (0o644, ["embedding.W013"])])
def test_who_can_read_the_key(
    settings: Settings, tmp_path: Path, mode: int, found: list[str]
) -> None:
    path = tmp_path / "key"
    path.write_text("x")
    path.chmod(mode)
    settings.EMBEDDING = {**FINE, "COCALC_API_KEY_FILE": str(path)}
    assert [each.id for each in embedding_settings()] == found
    settings.EMBEDDING = {**FINE, "COCALC_API_KEY_FILE": str(tmp_path / "gone")}
    assert embedding_settings() == []
