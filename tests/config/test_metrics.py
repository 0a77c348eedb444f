"""The numbers for Prometheus: for who has the token, of all processes together, about nobody."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.utils import timezone
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from classroom.engine import hearts
from classroom.models import Kind, Letter, Transfer
from config.metrics import counting, slots
from embedding.client import client
from embedding.models import CocalcState, EmbedSession
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.config.test_crowd import served
from tests.config.test_settings import run
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import sandbox, sandbox_process  # noqa: F401

TOKEN = "prometheus-only-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def counted(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """This process counts, in a folder of the test's."""
    folder = tmp_path / "metrics"
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setattr(slots, "_held", None)
    monkeypatch.setattr(counting, "_current", None)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    counts = counting.start(folder)
    yield folder
    counts.stop()
    values.close_all_multiprocess_files()
    if slots._held:
        slots._held[2].close()


def numbers(text: str) -> dict[str, float]:
    """Each sample by its name and labels, as `name{label=value}`."""
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sample.labels.items()): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked() -> dict[str, float]:
    answer = HttpsClient().get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    return numbers(answer.content.decode())


@pytest.mark.django_db
def test_off_it_is_not_there() -> None:
    assert HttpsClient().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["", "Bearer ", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}"])
def test_nobody_reads_it_without_the_token(counted: Path, person: Person, given: str) -> None:
    admin = person("admin", is_staff=True, is_superuser=True)
    for browser in (HttpsClient(), HttpsClient(admin)):
        answer = browser.get("/metrics", headers={"Authorization": given} if given else {})
        assert answer.status_code == 401
        assert b"lectern" not in answer.content
    assert HttpsClient().post("/metrics", headers=BEARER).status_code == 405


@pytest.mark.django_db
def test_requests_by_pattern_and_what_waits(counted: Path, person: Person) -> None:
    emmy, ada = factories.make_user("emmy", teacher=True), person("ada")
    course = factories.make_course(emmy)
    member = factories.enrol(course, ada)
    for path in (f"/courses/{course.pk}/", "/join/secret-of-a-course/", "/nowhere/secret/"):
        HttpsClient(ada).get(path)
    made = timezone.now() - timedelta(seconds=90)
    row = Transfer.objects.create(
        course=course, member=member, kind=Kind.PREPARE, lane="a", key="a"
    )
    Transfer.objects.filter(pk=row.pk).update(created=made)
    later = made + timedelta(days=1)
    Transfer.objects.create(course=course, kind=Kind.EXPEL, lane="b", key="b", not_before=later)
    Letter.objects.create(user=ada, not_before=made)
    Letter.objects.create(user=ada, not_before=made, state=Letter.State.SENT)
    EmbedSession.objects.create(user=ada, username="ada", path="secret.txt", state="failed")
    found = asked()
    by = "lectern_requests_total{method=GET}"
    assert found[f"{by}{{route=courses/<int:course>/}}{{status=200}}"] == 1
    assert found[f"{by}{{route=}}{{status=404}}"] == 2
    assert found["lectern_request_seconds_count{route=courses/<int:course>/}"] == 1
    waiting = Transfer.objects.filter(kind=Kind.PREPARE, state="queued").count()
    assert found["lectern_transfers{kind=prepare}{state=queued}"] == waiting > 0
    assert found["lectern_transfers{kind=expel}{state=queued}"] == 1
    assert 90 <= found["lectern_transfer_oldest_seconds"] < 200
    assert found["lectern_mails_waiting"] == 1
    assert found["lectern_sessions_lately{state=failed}"] == 1
    assert found["lectern_sessions_lately{state=ready}"] == 0
    assert not [name for name in found if "secret" in name or "ada" in name]


@pytest.mark.django_db
def test_who_works_and_whether_cocalc_answers(counted: Path) -> None:
    found = asked()
    assert found["lectern_workers"] == 0
    assert "lectern_cocalc_up" not in found  # nobody has looked
    hearts.Heart().beat()
    now = timezone.now()
    row = CocalcState.objects.create(pk=1, is_up=True, since=now, looked=now, answered=now)
    found = asked()
    assert (found["lectern_workers"], found["lectern_cocalc_up"]) == (1, 1)
    row.is_up = False
    row.save()
    assert asked()["lectern_cocalc_up"] == 0


@pytest.mark.django_db
def test_calls_to_cocalc_by_how_they_ended(
    counted: Path,
    sandbox: SandboxProcess,  # noqa: F811
) -> None:
    client().identify()
    found = asked()
    ended = {name: count for name, count in found.items() if "cocalc_calls_total" in name}
    assert sum(ended.values()) >= 1
    assert all(name.endswith("{result=ok}") for name in ended)
    assert sum(v for n, v in found.items() if "cocalc_call_seconds_count" in n) == sum(
        ended.values()
    )


COUNT = """
import sys
from pathlib import Path
from config.metrics import counting
from embedding.calls import told
counts = counting.start(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    told("v1", lambda *_: None)("ping", 0.01, None)
print("counted", flush=True)
sys.stdin.read()
"""


def test_processes_add_up_and_what_ended_ones_counted_stays(counted: Path) -> None:
    """Two at once, killed, and one after them, which goes on in the file of the first."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
    }

    def process(times: int) -> "subprocess.Popen[str]":
        one = subprocess.Popen(
            [sys.executable, "-c", COUNT, str(counted), str(times)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert one.stdout
        assert one.stdout.readline() == "counted\n"
        return one

    both = [process(3), process(4)]
    files = set(counted.glob("counter_*.db"))
    assert len(files) == 2
    for one in both:
        one.kill()
        one.communicate()
    third = process(5)
    assert set(counted.glob("counter_*.db")) == files
    third.kill()
    third.communicate()
    counts = counting.all_processes()
    assert counts.get_sample_value(
        "lectern_cocalc_calls_total", {"operation": "ping", "result": "ok"}
    ) == 12  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_processes_of_the_web_server(person: Person, tmp_path: Path) -> None:
    """Whichever of them is asked answers for both."""
    folder = tmp_path / "metrics"
    variables = {"METRICS_TOKEN": TOKEN, "METRICS_FOLDER": str(folder), "LOG_FORMAT": "json"}
    with served(tmp_path, workers=2, **variables) as url:

        def get(_: int) -> str:
            answer = requests.get(f"{url}/health", timeout=60)
            answer.raise_for_status()
            return answer.headers["X-Request-ID"]

        with ThreadPoolExecutor(16) as several:
            ids = set(several.map(get, range(60)))
        assert len(ids) == 60
        deadline = timezone.now() + timedelta(seconds=30)
        while len(list(folder.glob("counter_*.db"))) < 2:  # both have answered something
            assert timezone.now() < deadline
            with ThreadPoolExecutor(16) as several:
                ids |= set(several.map(get, range(60)))
        for _ in range(4):
            answer = requests.get(f"{url}/metrics", headers=BEARER, timeout=60)
            found = numbers(answer.text)
            name = "lectern_requests_total{method=GET}{route=health}{status=200}"
            assert found[name] == len(ids)
    written = (tmp_path / "log").read_text()
    assert TOKEN not in written
    lines = [json.loads(line) for line in written.splitlines()]
    said = [line["message"] for line in lines if line["logger"] == "gunicorn.error"]
    assert sum(text.startswith("Booting worker") for text in said) == 2, "each once"
    assert {line["logger"] for line in lines} == {"gunicorn.error"}, "health checks are for DEBUG"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN is too short"),
        (
            {"METRICS_TOKEN": TOKEN, "METRICS_FOLDER": "/proc/nowhere"},
            "METRICS_FOLDER cannot be written to",
        ),
    ],
)
def test_a_start_that_cannot_count_stops_with_a_sentence(
    variables: dict[str, str | None], words: str
) -> None:
    result = run("check", **variables)
    assert result.returncode == 1
    assert words in result.stderr
    assert TOKEN not in result.stderr
    assert re.search("Traceback", result.stderr) is None
