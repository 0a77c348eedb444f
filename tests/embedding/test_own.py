"""Users who sign in to CoCalc themselves: files are shown without a key, and the rest is off."""

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from pytest_django import Settings

from embedding.client import forget
from embedding.models import CocalcAccount, CocalcProject, Event, Member
from tests.cocalc import kinds
from tests.cocalc.kinds import Kind
from tests.conftest import HttpsClient, Person

JSON = "application/json"
PROJECT = "bbbbbbbb-0000-4000-8000-000000000001"
BASE = f"/projects/{PROJECT}"


@pytest.fixture(params=[kinds.ai, kinds.v1])
def server(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Kind]:
    """A CoCalc in whose place nobody is asked for anything that needs a key."""
    kind: Kind = request.param()
    with kind.running():
        settings.EMBEDDING = {
            "COCALC_URL": "https://cocalc.school.test",
            "COCALC_API_URL": kind.url,
            "COCALC_SIGN_IN": "own",
        }
        yield kind
    cache.clear()
    forget()


@pytest.fixture
def ada(server: Kind, person: Person) -> HttpsClient:
    """Who may open a project that an administrator has entered."""
    user = person("ada")
    project = CocalcProject.objects.create(project_id=PROJECT, slot="own:x", title="Physics <1>")
    Member.objects.create(project=project, user=user)
    return HttpsClient(user)


@pytest.fixture
def strangers(ada: HttpsClient, person: Person) -> tuple[HttpsClient, HttpsClient]:
    return HttpsClient(person("eve")), HttpsClient()


def session(browser: HttpsClient, path: str = "a b.ipynb") -> Any:
    body = {"session": str(uuid.uuid4()), "path": path}
    return browser.post(f"{BASE}/session", json.dumps(body), content_type=JSON)


def test_a_file_opens_without_a_token(ada: HttpsClient, server: Kind) -> None:
    answer = session(ada)
    assert answer.status_code == 200
    told = json.loads(answer.content)
    url = urlsplit(told["url"])
    assert url.netloc == "cocalc.school.test"
    assert url.path == f"{BASE}/files/a%20b.ipynb"
    assert parse_qs(url.query, keep_blank_values=True) == {"fullscreen": ["kiosk"], "session": [""]}
    is_v1 = "/api/v1/ping" in server.answers
    assert told["proofs"] == ["project-log" if is_v1 else "project-log-time"]
    assert "signIn" not in told
    assert not CocalcAccount.objects.exists()
    assert all(asked.key is None for asked in server.asked)


def test_a_new_tab_has_no_kiosk(ada: HttpsClient) -> None:
    answer = ada.post(f"{BASE}/tab", {"path": "a.ipynb"})
    assert answer.status_code == 302
    assert answer["Location"] == f"https://cocalc.school.test{BASE}/files/a.ipynb"


def test_the_page_of_a_file(ada: HttpsClient) -> None:
    page = ada.get(f"{BASE}/open/a.ipynb")
    assert page.status_code == 200
    text = page.content.decode()
    assert 'id="switch" hidden' in text
    assert "You must be signed in to CoCalc in this browser." in text
    assert ada.get(f"{BASE}/check?path=a.ipynb").status_code == 204


def test_the_list_of_projects_leads_to_files(ada: HttpsClient) -> None:
    for url in ("/projects/mine/", f"{BASE}/", f"{BASE}/files/week1/"):
        page = ada.get(url).content.decode()
        assert "Physics &lt;1&gt;" in page
        assert f'action="{BASE}/"' in page
        assert f'href="https://cocalc.school.test{BASE}/"' in page
    answer = ada.get(f"{BASE}/", {"open": " week 1/a.ipynb "})
    assert answer["Location"] == f"{BASE}/open/week%201/a.ipynb"
    assert ada.get(f"{BASE}/", {"open": "../a.ipynb"}).status_code == 400


NEED_A_KEY = [
    ("post", "prepare", {}),
    ("get", "listing", {"folder": ""}),
    ("post", "notebook", {"path": "a.ipynb"}),
    ("post", "folder", {"path": "a"}),
    ("get", "download", {"path": "a.ipynb"}),
    ("post", "move", {"path": "a.ipynb", "to": "b.ipynb"}),
    ("post", "delete", {"path": "a.ipynb"}),
    ("get", "trash/", {}),
]


@pytest.mark.parametrize(("method", "name", "fields"), NEED_A_KEY)
def test_what_needs_a_key_says_so(
    ada: HttpsClient, method: str, name: str, fields: dict[str, str]
) -> None:
    if method == "get":
        answer = ada.get(f"{BASE}/{name}", fields)
    else:
        answer = ada.post(f"{BASE}/{name}", json.dumps(fields), content_type=JSON)
    assert answer.status_code == 501
    assert "you sign in to CoCalc yourself" in answer.content.decode()


def test_strangers_find_nothing(strangers: tuple[HttpsClient, HttpsClient]) -> None:
    eve, _ = strangers
    for url in (f"{BASE}/", f"{BASE}/?open=a.ipynb", f"{BASE}/open/a.ipynb", f"{BASE}/trash/"):
        assert eve.get(url).status_code == 404
    assert session(eve).status_code == 404
    assert eve.post(f"{BASE}/tab", {"path": "a.ipynb"}).status_code == 404
    assert eve.get(f"{BASE}/check?path=a.ipynb").status_code == 404
    assert "Physics" not in eve.get("/projects/mine/").content.decode()
    for method, name, _fields in NEED_A_KEY:
        assert getattr(eve, method)(f"{BASE}/{name}").status_code == 404


def test_who_is_signed_out_is_led_to_signing_in(
    strangers: tuple[HttpsClient, HttpsClient],
) -> None:
    _, nobody = strangers
    for url in ("/projects/mine/", f"{BASE}/", f"{BASE}/?open=a.ipynb", f"{BASE}/open/a.ipynb"):
        assert nobody.get(url).status_code == 302
        assert "/login" in nobody.get(url)["Location"] or "next=" in nobody.get(url)["Location"]
    assert session(nobody).status_code == 401
    assert nobody.get(f"{BASE}/check?path=a.ipynb").status_code == 401


def test_a_frame_that_shows_nothing_is_explained(ada: HttpsClient) -> None:
    row = str(uuid.uuid4())
    body = {"session": row, "path": "a.ipynb"}
    assert ada.post(f"{BASE}/session", json.dumps(body), content_type=JSON).status_code == 200
    answer = ada.post(f"/sessions/{row}/diagnosis", '{"seen": "unopened"}', content_type=JSON)
    told = answer.json()
    assert told["code"] == "no_session"
    assert "Open the file in a new tab" in told["message"]
    assert "under one domain" in told["adminMessage"]


def test_an_administrator_enters_projects_and_members(server: Kind, person: Person) -> None:
    boss = HttpsClient(person("boss", is_staff=True, is_superuser=True))
    ada = person("ada")
    members = {
        "members-TOTAL_FORMS": "1",
        "members-INITIAL_FORMS": "0",
        "members-0-user": str(ada.pk),
        "members-0-role": "collaborator",
    }
    add = "/admin/embedding/cocalcproject/add/"
    assert boss.post(add, {"title": "Physics", **members}).status_code == 200  # no id: said there
    given = {"title": "Physics", "project_id": PROJECT, **members}
    assert boss.post(add, given).status_code == 302
    project = CocalcProject.objects.get()
    assert (str(project.project_id), project.slot) == (PROJECT, f"own:{PROJECT}")
    assert session(HttpsClient(ada)).status_code == 200
    assert Event.objects.filter(action="member.let_in").exists()
    member = project.members.get()
    change = f"/admin/embedding/cocalcproject/{project.pk}/change/"
    kept = {
        **members,
        "members-INITIAL_FORMS": "1",
        "members-0-id": str(member.pk),
        "members-0-project": str(project.pk),
    }
    other = "bbbbbbbb-0000-4000-8000-000000000002"
    mended = {"title": "Physics 2", "project_id": other, **kept}
    assert boss.post(change, mended).status_code == 302
    project.refresh_from_db()
    assert (str(project.project_id), project.slot) == (other, f"own:{other}")
    assert boss.post(change, given | kept).status_code == 302
    out = {
        "title": "Physics",
        "project_id": PROJECT,
        **members,
        "members-INITIAL_FORMS": "1",
        "members-0-id": str(member.pk),
        "members-0-project": str(project.pk),
        "members-0-DELETE": "on",
    }
    assert boss.post(change, out).status_code == 302
    assert session(HttpsClient(ada)).status_code == 404
    gone = f"/admin/embedding/cocalcproject/{project.pk}/delete/"
    assert boss.post(gone, {"post": "yes"}).status_code == 302
    assert not CocalcProject.objects.exists()


def test_with_a_key_the_site_makes_its_projects(person: Person) -> None:
    boss = HttpsClient(person("boss", is_staff=True, is_superuser=True))
    row = CocalcProject.objects.create(project_id=PROJECT, slot="own:x", title="Physics")
    assert boss.get(f"/admin/embedding/cocalcproject/{row.pk}/delete/").status_code == 403
    assert boss.get("/admin/embedding/cocalcproject/add/").status_code == 403
