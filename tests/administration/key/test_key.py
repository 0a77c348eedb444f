"""The page on which a new key takes the place of the old."""

from pathlib import Path

import pytest
from pytest_django import Settings

from embedding import key
from embedding.client import service_identity
from embedding.models import Event
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import (  # noqa: F401
    embedding_settings,
    sandbox,
    sandbox_process,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(person: Person) -> HttpsClient:
    return HttpsClient(person("boss", is_staff=True, is_superuser=True))


def test_a_new_key(
    boss: HttpsClient,
    sandbox: SandboxProcess,  # noqa: F811
    settings: Settings,
    tmp_path: Path,
) -> None:
    file = tmp_path / "key"
    file.write_text(sandbox.admin_key)
    settings.EMBEDDING = embedding_settings(sandbox, COCALC_API_KEY_FILE=str(file))
    page = boss.get("/admin/key/").content.decode()
    assert "in a file" in page
    assert sandbox.admin_key not in page
    new = sandbox.make_key(service_identity().account_id)
    answer = boss.post("/admin/key/", {"key": new}, follow=True)
    said = answer.content.decode()
    assert answer.redirect_chain == [("/admin/key/", 302)]
    assert "and good" in said
    assert "Delete the old key on CoCalc now" in said
    assert new not in said
    assert key.current() == new
    assert Event.objects.get(action="key.replaced").actor == "boss"


def test_a_key_that_is_not_taken(boss: HttpsClient, sandbox: SandboxProcess) -> None:  # noqa: F811
    wrong = "sk_" + "wrong" * 5
    said = boss.post("/admin/key/", {"key": wrong}).content.decode()
    assert "CoCalc does not accept this key" in said
    assert wrong not in said
    assert "required" in boss.post("/admin/key/", {"key": ""}).content.decode()
    assert not Event.objects.filter(action__startswith="key.").exists()


def test_without_a_key(boss: HttpsClient, settings: Settings) -> None:
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_SIGN_IN": "own", "COCALC_API_KEY": ""}
    assert "so this site has no key there" in boss.get("/admin/key/").content.decode()
    said = boss.post("/admin/key/", {"key": "sk_" + "x" * 20}).content.decode()
    assert "so this site has no key there" in said
    assert not Event.objects.filter(action__startswith="key.").exists()
