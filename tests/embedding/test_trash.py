"""The trash: what is deleted can be put back, whatever the project does meanwhile."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from embedding.cocalc.client import Client
from embedding.cocalc.errors import NotFound
from embedding.models import Event, Member, Trashed
from embedding.services.keeping import trash_prune
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.helpers import JSON, prepared, with_file

pytestmark = pytest.mark.django_db
KEPT = timedelta(days=30)


class Owner(HttpsClient):
    """The owner of a project, and a shell in it."""

    def __init__(self, member: Member, cocalc: Client) -> None:
        super().__init__(member.user)
        self.member = member
        self.cocalc = cocalc
        self.project = str(member.project.project_id)

    def ask(self, what: str, **body: object) -> Any:
        return self.post(f"/projects/mine/{what}", body, content_type=JSON)

    def delete_(self, path: str) -> str:
        answer = self.ask("delete", path=path)
        assert answer.status_code == 200, answer.content
        trashed = answer.json()["trash"]
        assert trashed
        return str(trashed)

    def entries(self) -> list[dict[str, Any]]:
        answer = self.get("/projects/mine/trash/entries")
        assert answer.status_code == 200, answer.content
        return list(answer.json()["entries"])

    def shell(self, script: str) -> str:
        return self.cocalc.exec(self.project, script, bash=True).stdout

    def read(self, path: str) -> bytes:
        return self.cocalc.read_file(self.project, path)

    def write(self, path: str, content: bytes = b"1") -> None:
        self.cocalc.write_file(self.project, path, content)

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.cocalc.list_folder(self.project))


@pytest.fixture
def owner(sandbox: SandboxProcess, person: Person, cocalc: Client) -> Owner:
    return Owner(prepared(person("ada")), cocalc)


def test_deleted_and_put_back(owner: Owner, sandbox: SandboxProcess) -> None:
    owner.write("a b/ü 'x'/n.ipynb", b"mine")
    owner.write("b.md", b"2")
    sandbox.reset_calls()
    file, folder = owner.delete_("b.md"), owner.delete_("a b")
    assert sandbox.calls()["counts"] == {"project_exec": 2}
    assert owner.names() == []
    assert [(e["path"], e["folder"], e["days"], e["by"]) for e in owner.entries()] == [
        ("a b", True, 30, ""),
        ("b.md", False, 30, ""),
    ]
    assert owner.ask("trash/restore", id=folder).json() == {"path": "a b"}
    assert owner.ask("trash/restore", id=file).json() == {"path": "b.md"}
    assert owner.read("a b/ü 'x'/n.ipynb") == b"mine"
    assert owner.entries() == []
    again = owner.ask("trash/restore", id=file)
    assert (again.status_code, again.json()["error"]["code"]) == (404, "file_missing")


def test_what_has_taken_its_place_stays(owner: Owner) -> None:
    """As an open notebook does, which CoCalc saves once more after it was deleted."""
    owner.write("w/a.tar.gz", b"old")
    trashed = owner.delete_("w/a.tar.gz")
    owner.write("w/a.tar.gz", b"new")
    owner.write("w/a (2).tar.gz", b"another")
    assert owner.ask("trash/restore", id=trashed).json() == {"path": "w/a (3).tar.gz"}
    assert owner.read("w/a.tar.gz") == b"new"
    assert owner.read("w/a (3).tar.gz") == b"old"


def test_its_folder_is_made_again_or_in_the_way(owner: Owner) -> None:
    owner.write("w/a.md")
    owner.write("v/b.md")
    first, second = owner.delete_("w/a.md"), owner.delete_("v/b.md")
    owner.shell("rm -r w v; touch v")
    assert owner.ask("trash/restore", id=first).json() == {"path": "w/a.md"}
    refused = owner.ask("trash/restore", id=second)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_the_way")
    assert [entry["id"] for entry in owner.entries()] == [second]


def test_after_thirty_days_it_goes_with_the_next_deletion_or_look(owner: Owner) -> None:
    for name in ("a", "b", "c"):
        owner.write(name)
    old, older, young = (owner.delete_(name) for name in ("a", "b", "c"))
    now = timezone.now()
    rows = Trashed.objects
    rows.filter(id=young).update(deleted=now - KEPT + timedelta(minutes=1))
    rows.filter(id=older).update(deleted=now - KEPT)
    owner.write("d")
    owner.delete_("d")
    assert not rows.filter(id=older).exists()
    assert older not in owner.shell("ls .trash")
    rows.filter(id=old).update(deleted=now - KEPT)
    assert [(e["path"], e["days"]) for e in owner.entries()] == [("d", 30), ("c", 1)]
    assert old not in owner.shell("ls .trash")
    assert owner.ask("trash/restore", id=old).status_code == 404


def test_where_it_is_kept_for_ever(owner: Owner, settings: Settings) -> None:
    settings.EMBEDDING |= {"KEEP_TRASH_DAYS": 0}
    owner.write("a")
    old = owner.delete_("a")
    Trashed.objects.update(deleted=timezone.now() - timedelta(days=5000))
    assert [entry["days"] for entry in owner.entries()] == [None]
    assert "until you delete them" in owner.get("/projects/mine/trash/").content.decode()
    assert owner.ask("trash/restore", id=old).status_code == 200


def test_workers_take_away_what_is_too_old_where_the_project_runs(owner: Owner) -> None:
    for name in ("a", "b"):
        owner.write(name)
    old, young = owner.delete_("a"), owner.delete_("b")
    now = timezone.now()
    Trashed.objects.filter(id=old).update(deleted=now - KEPT - timedelta(minutes=1))
    owner.cocalc.stop_project(owner.project)
    assert trash_prune(now) == 0
    assert owner.cocalc.get_project(owner.project).state != "running"
    assert Trashed.objects.count() == 2
    owner.write("c")  # which starts it
    assert trash_prune(now) == 1
    assert [row.id.hex for row in Trashed.objects.all()] == [young]
    assert owner.shell("ls .trash").split() == [young]
    assert trash_prune(now) == 0


def test_deleted_for_good(owner: Owner) -> None:
    for name in ("a", "b", "keep"):
        owner.write(f"{name}/x/y")
    first, _, _ = (owner.delete_(name) for name in ("a", "b", "keep"))
    # As some programs leave them; and what the site does not know is nobody's.
    orphan = "f" * 32
    owner.shell(f"chmod 500 .trash/*/x; mkdir .trash/{orphan}; touch .trash/own")
    assert owner.ask("trash/purge", id=first).status_code == 200
    assert [entry["path"] for entry in owner.entries()] == ["keep", "b"]
    assert owner.ask("trash/purge", all=True).status_code == 200
    assert owner.entries() == []
    assert owner.shell("ls .trash").split() == ["own"]
    owner.write("c")
    assert owner.ask("delete", path="c", for_good=True).json()["trash"] is None
    assert (owner.names(), owner.entries()) == ([], [])


def test_what_was_taken_away_in_cocalc_is_not_listed(owner: Owner) -> None:
    owner.write("a")
    trashed = owner.delete_("a")
    owner.shell("rm .trash/*")
    assert owner.entries() == []
    assert Trashed.objects.count() == 1, "a deletion may be under way"
    Trashed.objects.update(deleted=timezone.now() - timedelta(hours=1))
    assert owner.entries() == []
    assert owner.ask("trash/restore", id=trashed).status_code == 404
    assert Trashed.objects.count() == 0


@pytest.mark.parametrize("what", ["link", "link to nothing", "file"])
def test_a_trash_that_is_none_takes_nothing(owner: Owner, what: str) -> None:
    owner.write("elsewhere/precious")
    owner.write("a")
    owner.write("b")
    trashed = owner.delete_("b")
    spoil = {
        "link": f"ln -s elsewhere .trash; touch elsewhere/{trashed}",
        "link to nothing": "ln -s nowhere .trash",
        "file": "touch .trash",
    }[what]
    owner.shell(f"mv .trash was; {spoil}")
    refused = owner.ask("delete", path="a")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_trash")
    assert owner.read("a") == b"1"
    for answer in (
        owner.get("/projects/mine/trash/entries"),
        owner.ask("trash/purge", all=True),
        owner.ask("trash/purge", id=trashed),
    ):
        assert answer.json()["error"]["code"] == "no_trash"
    assert "precious" in owner.shell("ls elsewhere")
    if what == "link":
        assert trashed in owner.shell("ls elsewhere"), "nothing is taken away through a link"
    # For good it still can be.
    assert owner.ask("delete", path="a", for_good=True).status_code == 200
    assert "a" not in owner.names()


def test_links_go_and_what_they_lead_to_stays(owner: Owner) -> None:
    owner.write("w/precious")
    owner.shell("ln -s w l; ln -s ../w w/inner")
    link, folder = owner.delete_("l"), owner.delete_("w")
    assert owner.ask("trash/restore", id=folder).status_code == 200
    owner.shell("ln -s ../w .trash/" + "e" * 32)
    assert len(owner.entries()) == 1, "also a link that leads nowhere from there"
    assert owner.ask("trash/purge", id=link).status_code == 200
    assert owner.ask("trash/purge", all=True).status_code == 200
    assert owner.read("w/precious") == b"1"
    assert owner.shell("ls -A .trash") == ""


def test_a_folder_that_may_not_be_written_can_be_deleted(owner: Owner) -> None:
    owner.write("w/a")
    owner.shell("chmod 500 w")
    trashed = owner.delete_("w")
    assert owner.ask("trash/restore", id=trashed).json() == {"path": "w"}
    assert owner.read("w/a") == b"1"


def test_only_the_trash_s_own_views_lead_into_it(owner: Owner) -> None:
    owner.write("a")
    trashed = owner.delete_("a")
    inside = f".trash/{trashed}"
    for path in (".trash", inside):
        for answer in (
            owner.get("/projects/mine/listing", {"folder": path}),
            owner.get("/projects/mine/download", {"path": path}),
            owner.get("/projects/mine/check", {"path": path}),
            owner.ask("delete", path=path),
            owner.ask("move", path=path, to="b"),
            owner.ask("move", path="b", to=f"{path}/b"),
            owner.ask("folder", path=f"{path}/b"),
            owner.ask("notebook", path=f"{path}/b"),
            owner.ask("session", path=path, session=str(uuid.uuid4())),
        ):
            assert answer.status_code == 400, answer.request
            assert answer.json()["error"]["code"] == "bad_path"
    assert [entry["id"] for entry in owner.entries()] == [trashed]


@pytest.mark.parametrize(
    "bad", ["", "../a", "x", "0" * 32, f"{'0' * 32}/../../a", "\n", "{}", "\x00", "٣" * 32, None, 5]
)
def test_an_id_leads_nowhere_but_to_its_row(owner: Owner, bad: object) -> None:
    owner.write("a")
    for what in ("trash/restore", "trash/purge"):
        assert owner.ask(what, id=bad).status_code in (400, 404)
    assert owner.ask("trash/purge", all="yes").status_code == 400
    assert owner.names() == ["a"]


def test_another_projects_trash_is_none(owner: Owner, cocalc: Client, person: Person) -> None:
    owner.write("a")
    trashed = owner.delete_("a")
    other = Owner(prepared(person("eve")), cocalc)
    for what in ("trash/restore", "trash/purge"):
        assert other.ask(what, id=trashed).status_code == 404
    assert other.entries() == []
    assert len(owner.entries()) == 1


def test_a_colleagues_deletion_is_seen_and_logged(
    owner: Owner, cocalc: Client, person: Person
) -> None:
    with_file(cocalc, owner.member.user, "a")
    colleague = person("grace")
    Member.objects.create(project=owner.member.project, user=colleague)
    theirs = HttpsClient(colleague)
    url = f"/projects/{owner.project}"
    trashed = theirs.post(f"{url}/delete", {"path": "a"}, content_type=JSON).json()["trash"]
    assert [entry["by"] for entry in owner.entries()] == ["grace"]
    theirs.post(f"{url}/trash/restore", {"id": trashed}, content_type=JSON)
    owner.ask("trash/purge", id=owner.delete_("a"))
    log = (
        Event.objects.filter(action__startswith="file.")
        .order_by("id")
        .values_list("action", "actor")
    )
    assert list(log) == [
        ("file.deleted", "grace"),
        ("file.restored", "grace"),
        ("file.deleted", "ada"),
        ("file.purged", "ada"),
    ]
    with pytest.raises(NotFound):
        owner.read("a")


def test_cocalc_down(owner: Owner, sandbox: SandboxProcess) -> None:
    owner.write("a")
    trashed = owner.delete_("a")
    sandbox.quirks(api_html=True)
    for answer in (
        owner.get("/projects/mine/trash/entries"),
        owner.ask("trash/restore", id=trashed),
        owner.ask("trash/purge", all=True),
        owner.ask("delete", path="b"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "not_cocalc")
    sandbox.reset_quirks()
    assert [entry["path"] for entry in owner.entries()] == ["a"]
