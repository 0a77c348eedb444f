"""A sandbox that plays conat; people and projects are made by API v1 at its second address."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from sandbox.process import SandboxProcess
from tests.chromium import arguments, headless
from tests.sandbox.conftest import HOSTS, Ports, Tls
from tests.sandbox.support import ADMIN_KEY, Api, Person


@pytest.fixture(scope="package")
def running(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess.start(
        tmp_path_factory.mktemp("sandbox"),
        admin_key=ADMIN_KEY,
        tls=(tls.chain, tls.key),
        verify=tls.ca,
        iframe_hosts=HOSTS,
        public_host="cocalc.school.test",
        generation="conat",
        both=True,
        start_seconds=0.1,
        account_limit=10_000,
        cut_seconds=0.5,
        plain_text=True,
    ) as sandbox:
        yield sandbox


@pytest.fixture(scope="package")
def _api(running: SandboxProcess) -> Iterator[Api]:
    api = Api(running)
    with api.session:
        yield api


@pytest.fixture
def person(api: Api) -> Person:
    return api.person("Stu")


@pytest.fixture
def project(api: Api, person: Person) -> str:
    project_id = api.project(person, title="Homework")
    api.run(project_id, "mkdir hw; echo '# Notes' > hw/notes.md; echo > hw/1.png")
    return project_id


@pytest.fixture(scope="package")
def chromium(running: SandboxProcess, parents: Ports) -> Iterator[Browser]:
    ports = {
        "cocalc.school.test:443": running.port,
        "*.test:443": parents.https,
    }
    with headless(arguments(ports)) as browser:
        yield browser
