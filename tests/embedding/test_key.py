"""A new key for the site: tried first, stored where it can be, and taken by all processes."""

import os
import subprocess
import sys
import time
import uuid
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from embedding import key
from embedding.client import client, service_identity
from embedding.cocalc.errors import RefusedKey
from embedding.models import CheckAccount, CocalcProject, Event
from embedding.services.key_rotation import Refused, Replaced, fingerprint_of, replace
from sandbox.process import SandboxProcess
from tests.embedding.conftest import embedding_settings

pytestmark = pytest.mark.django_db


def admin_key(sandbox: SandboxProcess) -> str:
    """Make one more key of the service account's."""
    return sandbox.make_key(service_identity().account_id)


@pytest.fixture
def file(sandbox: SandboxProcess, settings: Settings, tmp_path: Path) -> Path:
    """The key is in a file, as in a folder of secrets."""
    path = tmp_path / "key"
    path.write_text(f"{sandbox.admin_key}\n")
    path.chmod(0o640)
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_KEY_FILE=str(path))
    return path


def refused(new: str) -> str:
    """Return why a key is not taken; nothing has changed then."""
    before = key.current()
    with pytest.raises(Refused) as raised:
        replace(new, actor="boss")
    key.doubt()
    assert key.current() == before
    assert not Event.objects.filter(action__startswith="key.").exists()
    if new.strip():
        assert new.strip() not in str(raised.value)
    assert raised.value.__cause__ is None
    return str(raised.value)


def test_a_good_key_takes_the_place_of_the_old(sandbox: SandboxProcess, file: Path) -> None:
    old, new = client(), admin_key(sandbox)
    done = replace(f" {new}\n", actor="boss")
    assert done.stored == str(file)
    assert file.read_text() == f"{new}\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in file.parent.iterdir()] == ["key"]
    assert key.current() == new
    assert client() is not old
    assert client().identify() == service_identity() == done.identity
    assert "Delete the old key" in done.next_steps()[1]
    row = Event.objects.get(action="key.replaced")
    assert (row.actor, row.detail) == ("boss", {"fingerprint": done.fingerprint})
    assert new not in f"{done} {row.detail} {done.next_steps()}"


def test_a_key_in_a_variable_is_only_tried(sandbox: SandboxProcess) -> None:
    done = replace(admin_key(sandbox), actor="boss")
    assert done.stored == ""
    first, second, last = done.next_steps()
    assert "COCALC_API_KEY" in first
    assert "Restart" in second
    assert "Delete the old key" in last
    assert key.current() == sandbox.admin_key
    assert Event.objects.filter(action="key.approved").count() == 1
    assert not Event.objects.filter(action="key.replaced").exists()


def test_a_file_that_cannot_be_replaced(sandbox: SandboxProcess, file: Path) -> None:
    new = admin_key(sandbox)
    file.unlink()  # stands for a folder in which nothing may be written: tests may run as root
    done: Replaced = replace(new, actor="boss")
    assert done.stored == ""
    assert "COCALC_API_KEY_FILE cannot be replaced" in done.next_steps()[0]
    assert not file.exists()


def test_keys_that_are_none(sandbox: SandboxProcess, file: Path) -> None:
    assert "no key of CoCalc's" in refused("")
    assert "no key of CoCalc's" in refused("short")
    assert "no key of CoCalc's" in refused("two words that are long enough")
    assert "has already" in refused(sandbox.admin_key)
    assert "does not accept this key" in refused("sk_" + "wrong" * 5)


def test_a_key_of_somebody_who_may_not_sign_in(sandbox: SandboxProcess, file: Path) -> None:
    email = f"{uuid.uuid4()}@x.test"
    plain = client().create_account(email=email, first_name="A", last_name="B")
    assert f"This key is {email}'s" in refused(sandbox.make_key(plain))


def test_another_admins_key(sandbox: SandboxProcess, file: Path) -> None:
    """It is taken only where that account owns all that the site has."""
    email = f"{uuid.uuid4()}@x.test"
    other = client().create_account(email=email, first_name="A", last_name="B")
    sandbox.make_admin(other)
    new = sandbox.make_key(other)
    project = client().create_project(title="t", description="d")
    CocalcProject.objects.create(slot="a", title="t", project_id=project)
    assert f"{email}'s, who does not own 1 of this site's projects" in refused(new)
    client().add_member(project, other)
    assert "does not own 1" in refused(new)
    client().set_role(project, other, "owner")
    assert replace(new, actor="boss").identity.account_id == other
    assert service_identity().account_id == other


def test_nothing_is_stored_while_cocalc_is_away(
    sandbox: SandboxProcess, file: Path, settings: Settings
) -> None:
    new = admin_key(sandbox)
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": "http://127.0.0.1:9"}
    assert "could not be tried" in refused(new)


def test_the_account_of_the_check_is_used(sandbox: SandboxProcess, file: Path) -> None:
    replace(admin_key(sandbox), actor="boss")
    replace(admin_key(sandbox), actor="boss")
    assert CheckAccount.objects.count() == 1


def test_a_file_that_is_gone_for_a_moment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key, "EVERY", 0)
    known = key.current()
    file.unlink()
    assert key.current() == known
    file.write_text("")
    assert key.current() == known
    file.write_text("sk_another_one_of_these\n")
    assert key.current() == "sk_another_one_of_these"


def test_a_refused_key_has_the_file_looked_at(
    sandbox: SandboxProcess, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the old key was deleted on CoCalc before its time."""
    monkeypatch.setattr(key, "EVERY", 3600)
    file.write_text("sk_" + "wrong" * 5)
    key.doubt()
    with pytest.raises(RefusedKey):
        client().identify()
    file.write_text(sandbox.admin_key)
    client().identify()


_OTHER = """
import sys, time, django
django.setup()
from django.conf import settings
settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": sys.argv[1],
    "COCALC_GENERATION": sys.argv[2], "COCALC_API_KEY_FILE": sys.argv[3]}
from embedding import key
from embedding.client import client
from embedding.services.key_rotation import fingerprint_of
for line in sys.stdin:
    client().identify()
    print(fingerprint_of(key.current()), flush=True)
"""


def test_another_process_takes_the_new_key(sandbox: SandboxProcess, file: Path) -> None:
    """It runs on meanwhile, and is told nothing."""
    old = fingerprint_of(sandbox.admin_key)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment["PYTHONPATH"] = os.pathsep.join(["platform", "."])
    arguments = [sys.executable, "-c", _OTHER, sandbox.url, sandbox.generation, str(file)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as other:

        def ask() -> str:
            assert other.stdin
            assert other.stdout
            other.stdin.write("\n")
            other.stdin.flush()
            return other.stdout.readline().strip()

        try:
            assert ask() == old
            done = replace(admin_key(sandbox), actor="boss")
            end = time.monotonic() + 10
            while (said := ask()) != done.fingerprint:
                assert said == old
                assert time.monotonic() < end
        finally:
            other.kill()


def test_the_command(sandbox: SandboxProcess, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = admin_key(sandbox)
    monkeypatch.setattr("sys.stdin", StringIO(f"{new}\nmore\n"))
    out = StringIO()
    call_command("rotate_key", stdout=out)
    assert "The new key is" in out.getvalue()
    assert "2. Delete the old key on CoCalc now" in out.getvalue()
    assert new not in out.getvalue()
    assert file.read_text().strip() == new
    monkeypatch.setattr("sys.stdin", StringIO("sk_" + "wrong" * 5))
    with pytest.raises(
        CommandError, match=r"does not accept this key.*The old key stays"
    ) as raised:
        call_command("rotate_key")
    assert "wrongwrong" not in str(raised.value)
    assert file.read_text().strip() == new
