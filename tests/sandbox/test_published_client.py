"""CoCalc's own Python client, as it is published, finds the stand-in to be a CoCalc.

It is the one witness of the protocol besides CoCalc's source. Each of its functions is called, by
HTTP, and what it returns is looked at; a function that is not, has a reason below.
"""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cocalc_api
import httpx
import pytest

from sandbox.process import SandboxProcess
from tests.sandbox.support import ADMIN_KEY, PATIENCE, Api, Person, until

LEFT_OUT = {
    "hub.sync.history": "the stand-in keeps no history of edits",
    "hub.messages.send": "the stand-in has no messages between accounts",
    "hub.messages.get": "the stand-in has no messages between accounts",
    "hub.org.message": "the stand-in has no messages between accounts",
}
ORG = "school"


class Watched:
    """A part of the client, unchanged, that writes down which of its functions were called."""

    def __init__(self, part: Any, name: str, called: set[str]) -> None:
        self._part, self._name, self._called = part, name, called

    def __getattr__(self, name: str) -> Any:
        whole = f"{self._name}.{name}"
        found = getattr(self._part, name)
        if not callable(found):
            return Watched(found, whole, self._called)
        self._called.add(whole)
        return found


@dataclass
class Scene:
    """The client with the key of a site admin, with that of a plain account, and in a project."""

    sandbox: SandboxProcess
    me: Person
    project_id: str
    called: set[str] = field(default_factory=set)
    opened: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def url(self) -> str:
        return self.sandbox.faces["conat"]

    def hub(self, key: str = "") -> Any:
        hub = cocalc_api.Hub(api_key=key or self.me.key, host=self.url)
        self.opened.enter_context(hub.client)
        return Watched(hub, "hub", self.called)

    @property
    def admin(self) -> Any:
        return self.hub(ADMIN_KEY)

    def project(self, key: str = "", project_id: str | None = "") -> Any:
        project_id = self.project_id if project_id == "" else project_id
        project = cocalc_api.Project(key or self.me.key, self.url, project_id)
        self.opened.enter_context(project.client)
        return Watched(project, "project", self.called)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with SandboxProcess.start(
        tmp_path_factory.mktemp("client"), admin_key=ADMIN_KEY, both=True, start_seconds=0.05
    ) as sandbox:
        api = Api(sandbox)
        with api.session:
            me = api.person("Me")
            scene = Scene(sandbox, me, Api(sandbox, me.key).project(title="Mine"))
            with scene.opened:
                scene.admin.org.create(ORG)
            yield scene


Check = Callable[[Scene], None]
CHECKS: dict[str, Check] = {}


def checks(*names: str) -> Callable[[Check], Check]:
    """Say which functions of the client a check calls."""

    def note(check: Check) -> Check:
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return note


@checks("hub.call", "project.call")
def _bare_calls(scene: Scene) -> None:
    assert set(scene.hub().call("system.ping", [])) == {"now"}
    assert scene.project().call("ping", []) == "pong"
    with pytest.raises(RuntimeError, match=r"unknown function 'system\.nope'"):
        scene.hub().call("system.nope", [], timeout=1000)


@checks("hub.system.ping", "hub.system.test")
def _who_am_i(scene: Scene) -> None:
    assert isinstance(scene.hub().system.ping()["now"], int)
    found = scene.hub().system.test()
    assert found["account_id"] == scene.me.account_id
    with pytest.raises(RuntimeError, match="must be signed in and MUST provide an api key"):
        scene.hub("sk-wrong000001").system.ping()


@checks("hub.system.get_names", "hub.system.user_search")
def _people(scene: Scene) -> None:
    names = scene.hub().system.get_names([scene.me.account_id])
    assert names[scene.me.account_id]["first_name"] == "Me"
    [found] = scene.hub().system.user_search(scene.me.email)
    assert found["account_id"] == scene.me.account_id
    assert scene.hub().system.user_search("nobody@example.com") == []


@checks("hub.db.query")
def _query(scene: Scene) -> None:
    name = {"accounts": {"first_name": "Meret"}}
    assert scene.hub().db.query(name) == {}
    assert scene.hub().db.query({"accounts": {"first_name": None}}) == name
    scene.hub().db.query({"accounts": {"first_name": "Me"}})


@checks("hub.projects.create_project", "hub.projects.get", "hub.projects.delete")
def _projects(scene: Scene) -> None:
    hub = scene.hub()
    made = hub.projects.create_project(title="New", description="of the client")
    [row] = hub.projects.get(project_id=made, all=True)
    assert (row["title"], row["users"]) == ("New", {scene.me.account_id: {"group": "owner"}})
    assert made in {row["project_id"] for row in hub.projects.get()}
    assert hub.projects.delete(made) is None
    gone = hub.projects.get(all=True, deleted=True)
    assert [row["project_id"] for row in gone] == [made]
    assert made not in {row["project_id"] for row in hub.projects.get(all=True, deleted=False)}


@checks("hub.projects.add_collaborator", "hub.projects.remove_collaborator")
def _members(scene: Scene) -> None:
    hub, other = scene.hub(), Api(scene.sandbox).person("Oth")
    added = hub.projects.add_collaborator(scene.project_id, other.account_id)
    assert added == {"project_id": [scene.project_id]}
    [row] = hub.projects.get(project_id=scene.project_id, all=True)
    assert row["users"][other.account_id] == {"group": "collaborator"}
    assert hub.projects.remove_collaborator(scene.project_id, other.account_id) is None
    with pytest.raises(RuntimeError, match="OwnershipError: Cannot remove an owner"):
        hub.projects.remove_collaborator(scene.project_id, scene.me.account_id)


@checks(
    "hub.projects.start",
    "hub.projects.stop",
    "hub.projects.touch",
    "hub.projects.state",
    "hub.projects.status",
)
def _running(scene: Scene) -> None:
    projects = scene.hub().projects
    made = projects.create_project(title="Runs")
    assert projects.state(made)["state"] == "opened"
    assert projects.start(made) is None
    assert projects.state(made)["state"] == "running"
    assert isinstance(projects.status(made)["project.pid"], int)
    assert projects.stop(made) is None
    assert projects.state(made)["state"] == "opened"
    projects.touch(made)
    until(lambda: projects.state(made)["state"] == "running")


@checks("hub.projects.copy_path_between_projects")
def _copy(scene: Scene) -> None:
    hub = scene.hub()
    other = hub.projects.create_project(title="Copy")
    scene.project().system.exec("mkdir -p c && echo hi > c/x")
    copy = hub.projects.copy_path_between_projects
    assert copy(scene.project_id, "c", other, "d") is None
    assert scene.project(project_id=other).system.exec("cat d/x")["stdout"] == "hi\n"
    with pytest.raises(RuntimeError, match="ENOENT: no such file or directory, stat '"):
        copy(scene.project_id, "nope", other)


@checks("hub.jupyter.kernels", "hub.jupyter.execute")
def _kernels_by_the_hub(scene: Scene) -> None:
    kernels = scene.hub().jupyter.kernels(project_id=scene.project_id)
    assert "python3" in {kernel["name"] for kernel in kernels}
    done = scene.hub().jupyter.execute(
        history=["a = 100"],
        input="sum(range(a + 1))",
        kernel="python3",
        project_id=scene.project_id,
    )
    assert done["output"] == [{"data": {"text/plain": "5050"}}]


@checks("hub.org.create", "hub.org.get", "hub.org.get_all", "hub.org.set")
def _organization(scene: Scene) -> None:
    admin = scene.admin
    assert isinstance(admin.org.create("second"), str)
    admin.org.set("second", title="Second", description="two", link="https://example.com")
    found = admin.org.get("second")
    assert (found["name"], found["title"], found["description"]) == ("second", "Second", "two")
    assert {one["name"] for one in admin.org.get_all()} >= {ORG, "second"}
    with pytest.raises(RuntimeError, match="must be a site admin"):
        scene.hub().org.get_all()


@checks(
    "hub.org.create_user",
    "hub.org.get_users",
    "hub.org.add_admin",
    "hub.org.remove_admin",
    "hub.org.add_user",
    "hub.org.remove_user",
)
def _organization_members(scene: Scene) -> None:
    org = scene.admin.org
    made = org.create_user(ORG, "anna@example.com", firstName="Anna", lastName="Muster")
    assert made in {one["account_id"] for one in org.get_users(ORG)}
    org.add_admin(ORG, made)
    assert org.get(ORG)["admin_account_ids"] == [made]
    org.remove_admin(ORG, made)
    assert not org.get(ORG)["admin_account_ids"]
    org.remove_user(ORG, made)
    assert made not in {one["account_id"] for one in org.get_users(ORG)}
    org.add_user(ORG, made)
    assert made in {one["account_id"] for one in org.get_users(ORG)}
    with pytest.raises(RuntimeError, match="duplicate key value"):
        org.create_user(ORG, "anna@example.com")


@checks("hub.org.create_token", "hub.org.expire_token")
def _tokens(scene: Scene) -> None:
    org = scene.admin.org
    made = org.create_user(ORG, "tom@example.com", firstName="Tom")
    minted = org.create_token(made)
    assert set(minted) == {"token", "url"}
    assert minted["url"].endswith(f"/auth/impersonate?auth_token={minted['token']}")
    page = f"{scene.url}/auth/impersonate?auth_token={minted['token']}"
    assert httpx.get(page, timeout=PATIENCE).cookies["account_id"] == made
    assert org.expire_token(minted["token"]) is None
    assert "unknown or expired token" in httpx.get(page, timeout=PATIENCE).text


@checks("project.system.ping", "project.system.test")
def _in_a_project(scene: Scene) -> None:
    assert isinstance(scene.project().system.ping()["now"], int)
    assert scene.project().system.test()["project_id"] == scene.project_id
    options = {"action": "create", "project_id": scene.project_id, "name": "key"}
    key = scene.hub().call("system.manageApiKeys", [options])[0]["secret"]
    assert scene.project(key, project_id=None).system.test()["project_id"] == scene.project_id
    with pytest.raises(RuntimeError, match="user must be a collaborator on the project"):
        scene.project(ADMIN_KEY).system.ping()


@checks("project.system.exec")
def _exec(scene: Scene) -> None:
    run = scene.project().system.exec
    done = run(command="echo 'hello from cocalc'")
    assert done == {
        "type": "blocking",
        "stdout": "hello from cocalc\n",
        "stderr": "",
        "exit_code": 0,
    }
    assert run("printf", args=["%s", "$HOME"], timeout=20)["stdout"] == "$HOME"
    run("mkdir -p inner")
    assert run("pwd; echo $X", bash=True, path="inner", env={"X": "y"})["stdout"].endswith(
        "/inner\ny\n"
    )
    assert run("echo 12345", max_output=3)["stdout"] == "123 (truncated at 3 characters)"
    assert run("sleep 1", async_call=True)["status"] == "running"
    with pytest.raises(RuntimeError, match=r"^command 'exit 3' exited with nonzero code 3"):
        run("exit 3", bash=True)


@checks(
    "project.system.jupyter_execute",
    "project.system.list_jupyter_kernels",
    "project.system.stop_jupyter_kernel",
)
def _kernels(scene: Scene) -> None:
    system = scene.project().system
    run = system.jupyter_execute
    assert run("sum(range(100))", "python3") == [{"data": {"text/plain": "4950"}}]
    assert run('print("Hello")', "python3") == [{"name": "stdout", "text": "Hello\n"}]
    [failure] = run("1 / 0", "python3", history=["a = 1"])
    assert failure["ename"] == "ZeroDivisionError"
    with pytest.raises(RuntimeError, match="No spec available for kernel 'nope'"):
        run("1", "nope")
    kernel = until(system.list_jupyter_kernels)[0]
    assert kernel["kernel_name"] == "python3"
    assert system.stop_jupyter_kernel(kernel["pid"]) == {"success": True}
    assert system.stop_jupyter_kernel(kernel["pid"]) == {"success": False}


@pytest.mark.parametrize("check", dict.fromkeys(CHECKS.values()), ids=lambda one: one.__name__)
def test_function(world: Scene, check: Check) -> None:
    scene = Scene(world.sandbox, world.me, world.project_id)
    with scene.opened:
        check(scene)
    assert {name for name, one in CHECKS.items() if one is check} <= scene.called


def functions(part: object, name: str) -> Iterator[str]:
    """The public functions of a client, and of its parts."""
    kind = type(part)
    for inner, what in inspect.getmembers(kind, lambda one: not inspect.isclass(one)):
        if inner.startswith("_"):
            continue
        if isinstance(what, property):
            yield from functions(getattr(part, inner), f"{name}.{inner}")
        elif callable(what):
            yield f"{name}.{inner}"


def test_each_function_is_called_or_says_why_not() -> None:
    hub, project = cocalc_api.Hub("sk-none"), cocalc_api.Project("sk-none")
    with hub.client, project.client:
        there = {*functions(hub, "hub"), *functions(project, "project")}
    assert there == CHECKS.keys() | LEFT_OUT.keys()
    assert not CHECKS.keys() & LEFT_OUT.keys()
