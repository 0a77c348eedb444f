"""The site against a sandbox of its own: real HTTP over loopback."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from embedding.client import client, forget
from embedding.cocalc.client import Client
from sandbox.config import Generation
from sandbox.process import SandboxProcess
from tests.events import NamedAsV1

COCALC = "https://cocalc.school.test"
KEY = "sk_embeddingtestsembedding00"


@pytest.fixture(scope="session")
def sandbox_process(
    generation: Generation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SandboxProcess]:
    data = tmp_path_factory.mktemp("sandbox")
    with NamedAsV1.start(
        data,
        admin_key=KEY,
        generation=generation,
        start_seconds=0.05,
        account_limit=10_000,
        dns=urlsplit(COCALC).hostname,
    ) as sandbox:
        yield sandbox


def embedding_settings(sandbox: SandboxProcess, **more: object) -> dict[str, object]:
    return {
        "COCALC_URL": COCALC,
        "COCALC_API_URL": sandbox.url,
        "COCALC_API_KEY": sandbox.admin_key,
        "COCALC_GENERATION": sandbox.generation,
        "ACCOUNT_DOMAIN": "accounts.school.test",
        **more,
    }


@pytest.fixture
def sandbox(
    sandbox_process: SandboxProcess, settings: Settings, db: None
) -> Iterator[SandboxProcess]:
    """The site's settings point to the sandbox, which is as new but for what it holds.

    A call of the site's needs the database, where it stands whether CoCalc answers.
    """
    settings.EMBEDDING = embedding_settings(sandbox_process)
    sandbox_process.reset_quirks()
    sandbox_process.reset_calls()
    yield sandbox_process
    forget()
    sandbox_process.reset_quirks()


@pytest.fixture
def cocalc(sandbox: SandboxProcess) -> Client:
    """CoCalc as the site sees it, to look at what was done there."""
    return client()
