"""The settings: typed, named in their faults, secure by default."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "SECRET_KEY": "not-to-be-shown-" + "x" * 50,
    "SITE_URL": "https://learn.example.edu",
    "COCALC_URL": "https://cocalc.example.edu",
    "COCALC_API_KEY": "sk_not_to_be_shown_0000000000",
}


def run(*command: str, **variables: str | None) -> "subprocess.CompletedProcess[str]":
    """Run manage.py under exactly these variables."""
    given = {name: value for name, value in (GOOD | variables).items() if value is not None}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        check=False,
    )


def read(expression: str, **variables: str | None) -> str:
    """Return a value as the settings have it."""
    code = f"from django.conf import settings; print({expression})"
    result = run("shell", "--no-imports", "--command", code, **variables)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_four_variables_are_enough() -> None:
    result = run("check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_one_is_named(name: str) -> None:
    result = run("check", **{name: None})
    assert result.returncode == 1
    assert f"{name} is missing" in result.stderr
    assert "Traceback" not in result.stderr
    empty = run("check", **{name: ""})
    assert f"{name} is empty" in empty.stderr


def test_all_faults_are_named_at_once() -> None:
    result = run("check", SECRET_KEY=None, COCALC_URL="cocalc", UPLOAD_MAX_MB="lots")
    assert [line.split(" ")[0] for line in result.stderr.strip().splitlines()[1:]] == [
        "SECRET_KEY",
        "COCALC_URL",
        "UPLOAD_MAX_MB",
    ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SITE_URL", "learn.example.edu", "must be an https address"),
        ("SITE_URL", "https://learn.example.edu/site", "must be an https address"),
        ("SITE_URL", "https://user:secret@learn.example.edu", "must be an https address"),
        ("SITE_URL", "https://learn.example.edu:port", "must be an https address"),
        ("SITE_URL", "http://learn.example.edu", "must begin with https"),
        ("COCALC_URL", "http://cocalc.example.edu", "must begin with https"),
        ("COCALC_URL", "https://learn.example.edu", "another host name"),
        ("COCALC_API_URL", "http://10.0.0.5:5000", "must begin with https"),
        ("COCALC_GENERATION", "v2", "auto or v1 or conat"),
        ("COCALC_SIGN_IN", "somehow", "auto or address or impersonate or own"),
        ("UPLOAD_MAX_MB", "0", "whole number from 1 to 200"),
        ("UPLOAD_MAX_MB", "2.5", "whole number from 1 to 200"),
        ("BEHIND_PROXY", "maybe", "true or false"),
        ("DEBUG", "true", "only for a site on http"),
        ("LOG_LEVEL", "LOUD", "DEBUG or INFO or WARNING or ERROR"),
        ("DATABASE_URL", "nonsense", "an address such as"),
        ("EMAIL_URL", "mail.example.edu", "an address such as"),
        ("EMAIL_URL", "smtp://user:secret@mail.example.edu:port", "an address such as"),
        ("SECRET_KEY_FILE", "/nowhere/at/all", "cannot be read"),
    ],
)
def test_a_malformed_one_is_named(name: str, value: str, words: str) -> None:
    more = {"SECRET_KEY": None} if name == "SECRET_KEY_FILE" else {}
    result = run("check", **{name: value}, **more)
    assert result.returncode == 1, result.stdout
    assert name in result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert "not-to-be-shown" not in result.stderr
    assert "secret@" not in result.stderr


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk_from_a_file\n")
    value = read(
        "settings.EMBEDDING['COCALC_API_KEY']",
        COCALC_API_KEY=None,
        COCALC_API_KEY_FILE=str(file),
    )
    assert value == "sk_from_a_file"


def test_who_signs_in_oneself_needs_no_key() -> None:
    value = read("settings.EMBEDDING['COCALC_API_KEY']", COCALC_API_KEY=None, COCALC_SIGN_IN="own")
    assert value == ""


def test_https_is_strict_and_loopback_works() -> None:
    names = "settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.DEBUG"
    assert read(names) == "__Host-session True False"
    assert read(names, SITE_URL="http://learn.localhost:8000") == "session False False"


def test_postgresql_by_one_variable() -> None:
    engine = read(
        "settings.DATABASES['default']['ENGINE'], settings.DATABASES['default'].get('OPTIONS')",
        DATABASE_URL="postgres://lectern:secret@db.internal/lectern",
    )
    assert engine == "django.db.backends.postgresql {}"


def test_a_mail_server_by_one_variable() -> None:
    names = ("BACKEND", "HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    values = ", ".join(f"settings.EMAIL_{name}" for name in names)
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    mail = f"settings.CLASSROOM['MAIL'], settings.DEFAULT_FROM_EMAIL, {values}"
    assert read(mail) == f"False noreply@learn.example.edu {smtp} localhost 25   False False"
    assert read(
        mail,
        EMAIL_URL="smtp+tls://us%40er:pass%2Fword@mail.example.edu",
        DEFAULT_FROM_EMAIL="Lectern <lectern@example.edu>",
    ) == (
        f"True Lectern <lectern@example.edu> {smtp} mail.example.edu 587 us@er pass/word True False"
    )
    assert (
        read("settings.EMAIL_PORT, settings.EMAIL_USE_SSL", EMAIL_URL="smtp+ssl://m.x.edu:4465")
        == "4465 True"
    )


def test_every_variable_is_in_the_readme() -> None:
    import re

    source = (ROOT / "platform" / "config" / "settings.py").read_text()
    names = set(re.findall(r'read\.\w+\(\s*"([A-Z_]+)"', source))
    table = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert names == table
