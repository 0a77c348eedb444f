"""Projects: their rows, their members, and whether they run."""

from typing import Any
from uuid import uuid4

import pytest

from embedding.cocalc.capabilities import capability
from embedding.cocalc.client import Client, Project, Role
from embedding.cocalc.errors import Forbidden, NotFound, NotSupported
from tests.contract.promises.support import (
    ADMIN_KEY,
    OPERATIONS,
    TO_A_PROJECT,
    Person,
    Side,
    new_email,
    shows,
    wait_for,
)


@pytest.fixture
def account(client: Client) -> str:
    return client.create_account(email=new_email(), first_name="Ada", last_name="Love")


@shows("create_project")
def test_a_project_is_the_service_accounts_and_stopped(side: Side, client: Client) -> None:
    mark = str(uuid4())
    project = client.create_project(title="Zoë's “work”", description=mark)
    owner: dict[str, Role] = {side.account_id: "owner"}
    row = client.get_project(project)
    assert row.state in (None, "opened")
    assert row == Project(project, "Zoë's “work”", mark, row.state, owner, deleted=False)
    assert client.project_state(project) == "opened"


def test_a_project_may_have_no_words(client: Client) -> None:
    row = client.get_project(client.create_project(title="", description=""))
    assert row.description == ""


@shows("find_projects")
def test_projects_are_found_by_their_whole_description(side: Side, client: Client) -> None:
    mark = str(uuid4())
    ids = [client.create_project(title=f"{n}", description=mark) for n in range(3)]
    client.create_project(title="other", description=f"{mark} and more")
    assert [row.project_id for row in client.find_projects(description=mark)] == ids
    client.update_project(ids[0], title="edited last, made first")
    client.delete_project(ids[1])
    found = client.find_projects(description=mark)
    assert [row.project_id for row in found] == [ids[0], ids[2]]
    assert found[0] == client.get_project(ids[0])
    assert client.find_projects(description=str(uuid4())) == []


def test_the_list_has_all_own_projects_and_no_others(
    side: Side, client: Client, project: str, stranger: Person
) -> None:
    deleted = client.create_project(title="deleted", description="")
    client.delete_project(deleted)
    with side.client(key=stranger.key) as theirs:
        foreign = theirs.create_project(title="foreign", description="")
        shared = theirs.create_project(title="shared", description="")
        theirs.add_member(shared, side.account_id)
    rows = {row.project_id: row for row in client.list_projects()}
    assert rows[project] == client.get_project(project)
    assert rows[deleted].deleted
    assert rows[shared].members[side.account_id] == "collaborator"
    assert foreign not in rows


@shows("update_project")
def test_only_what_is_given_is_changed(side: Side, client: Client, project: str) -> None:
    before = client.get_project(project)
    client.update_project(project, title="Ω “new” \\ 'title'")
    after = client.get_project(project)
    assert (after.title, after.description) == ("Ω “new” \\ 'title'", before.description)
    client.update_project(project, description="new\nlines")
    after = client.get_project(project)
    assert (after.title, after.description) == ("Ω “new” \\ 'title'", "new\nlines")
    client.update_project(project, title="", description="")
    after = client.get_project(project)
    assert (after.title, after.description, after.members) == ("", "", before.members)


def test_nothing_to_change_asks_nobody(side: Side, project: str) -> None:
    calls: list[str] = []
    with side.client(on_call=lambda operation, *_: calls.append(operation)) as client:
        client.update_project(project)
    assert calls == []


@shows("delete_project")
def test_a_deleted_project_is_marked_and_comes_back(
    side: Side, client: Client, project: str
) -> None:
    client.write_file(project, "file", b"kept")
    for _ in range(2):
        client.delete_project(project)
        assert client.get_project(project).deleted
    for _ in range(2):
        client.restore_project(project)
        assert not client.get_project(project).deleted
    assert client.read_file(project, "file") == b"kept"


@shows("members")
def test_members_come_and_go_any_number_of_times(
    side: Side, client: Client, project: str, account: str
) -> None:
    owner = side.account_id
    for _ in range(2):
        for _ in range(2):
            client.add_member(project, account)
            members = client.get_project(project).members
            assert members == {owner: "owner", account: "collaborator"}
        for _ in range(2):
            client.remove_member(project, account)
            assert client.get_project(project).members == {owner: "owner"}


def test_an_owner_stays_whatever_is_asked(
    side: Side, client: Client, project: str, account: str
) -> None:
    owner = side.account_id
    client.add_member(project, owner)  # silent, and takes nothing away
    client.set_role(project, account, "owner")
    for who in (owner, account):
        with pytest.raises(Forbidden):
            client.remove_member(project, who)
    assert client.get_project(project).members == {owner: "owner", account: "owner"}
    client.set_role(project, account, "collaborator")
    client.remove_member(project, account)
    assert client.get_project(project).members == {owner: "owner"}


@shows("set_role")
def test_a_role_is_set_whatever_it_was(
    side: Side, client: Client, project: str, account: str
) -> None:
    roles: list[Role] = ["collaborator", "collaborator", "owner", "owner", "collaborator"]
    for role in roles:  # the first finds somebody who is no member yet
        client.set_role(project, account, role)
        members = client.get_project(project).members
        assert members == {side.account_id: "owner", account: role}


def test_an_older_server_sets_a_role_or_says_that_it_cannot(
    side: Side, client: Client, project: str, account: str, quirks: Any
) -> None:
    before = client.get_project(project).members
    quirks(server_date="2025-11-30")
    refusal = None
    with side.client() as older:
        try:
            older.set_role(project, account, "owner")
        except NotSupported as not_supported:
            refusal = not_supported
    after = client.get_project(project).members
    if refusal:
        assert side.way("set_role").can == "differs"
        assert after.get(account) != "owner"
    else:
        assert after == before | {account: "owner"}


def test_a_member_works_in_the_project_at_once(
    side: Side, client: Client, project: str, stranger: Person
) -> None:
    client.add_member(project, stranger.account_id)
    with side.client(key=stranger.key) as theirs:
        theirs.write_file(project, "theirs", b"x")
        assert theirs.get_project(project).members[stranger.account_id] == "collaborator"
    assert client.read_file(project, "theirs") == b"x"


@pytest.mark.parametrize("operation", TO_A_PROJECT)
def test_nobody_else_may_touch_a_project(
    side: Side, client: Client, project: str, stranger: Person, operation: str
) -> None:
    client.write_file(project, "file", b"mine")
    before = client.get_project(project)
    with side.client(key=stranger.key) as theirs, pytest.raises(Forbidden):
        OPERATIONS[operation](theirs, project, stranger.account_id)
    assert client.get_project(project) == before
    assert [entry.name for entry in client.list_folder(project)] == ["file"]


@shows("any_project")
def test_a_project_that_the_service_account_is_no_member_of(
    side: Side, client: Client, stranger: Person
) -> None:
    with side.client(key=stranger.key) as theirs:
        project = theirs.create_project(title="theirs", description="")
        theirs.write_file(project, "file", b"x")
    for name in capability("any_project").by:
        if side.way("any_project").can == "differs":
            with pytest.raises(Forbidden):
                OPERATIONS[name](client, project, stranger.account_id)
        else:
            OPERATIONS[name](client, project, stranger.account_id)


@shows("any_row")
def test_the_entry_of_such_a_project(
    side: Side, client: Client, stranger: Person, account: str
) -> None:
    refused = {"v1": [], "conat": ["remove_member"]}[side.generation]
    if side.organization:
        refused = list(capability("any_row").by)
    with side.client(key=stranger.key) as theirs:
        project = theirs.create_project(title="theirs", description="")
        for name in capability("any_row").by:
            if name in refused:
                with pytest.raises(Forbidden):
                    OPERATIONS[name](client, project, account)
            else:
                OPERATIONS[name](client, project, account)
        row = theirs.get_project(project)
    assert row.title == ("theirs" if "update_project" in refused else "t")
    assert (account in row.members) == (refused == ["remove_member"])


@shows("gone")
@pytest.mark.parametrize("operation", capability("gone").by)
def test_a_project_that_is_not_there(side: Side, client: Client, operation: str) -> None:
    told_apart = side.way("gone").can == "yes"
    with pytest.raises(NotFound if told_apart else Forbidden):
        OPERATIONS[operation](client, str(uuid4()), str(uuid4()))


def taken_over(side: Side, client: Client, project: str, thief: Person, *, out: bool) -> None:
    """Somebody in the project becomes its only owner; `out`: puts the service account out."""
    client.set_role(project, thief.account_id, "owner")
    with side.client(key=thief.key) as theirs:
        theirs.set_role(project, side.account_id, "collaborator")
        if out:
            theirs.remove_member(project, side.account_id)


@shows("take_back")
@pytest.mark.parametrize("out", [False, True])
def test_a_project_that_somebody_took_is_taken_back(
    side: Side, client: Client, project: str, stranger: Person, out: bool
) -> None:
    taken_over(side, client, project, stranger, out=out)
    if out and side.organization:
        for name in capability("take_back").by:
            with pytest.raises(Forbidden):
                OPERATIONS[name](client, project, side.account_id)
        # As an administrator of CoCalc can.
        with side.client(key=ADMIN_KEY) as cocalc:
            cocalc.add_member(project, side.account_id)
    elif out:
        client.add_member(project, side.account_id)
    client.set_role(project, side.account_id, "owner")
    client.set_role(project, stranger.account_id, "collaborator")
    client.remove_member(project, stranger.account_id)
    assert client.get_project(project).members == {side.account_id: "owner"}


def test_a_server_may_refuse_to_give_a_project_back(
    side: Side, client: Client, project: str, stranger: Person, quirks: Any
) -> None:
    taken_over(side, client, project, stranger, out=False)
    quirks(group_by_query=False)
    if side.way("take_back").can == "yes":
        client.set_role(project, side.account_id, "owner")
        return
    with pytest.raises(Forbidden, match="owner"):
        client.set_role(project, side.account_id, "owner")
    assert client.get_project(project).members[side.account_id] == "collaborator"


@pytest.mark.any_key
@pytest.mark.parametrize("operation", TO_A_PROJECT)
def test_an_id_of_another_form_is_not_sent(side: Side, operation: str) -> None:
    calls: list[str] = []
    with side.client(on_call=lambda operation, *_: calls.append(operation)) as client:
        for bad in ("", "nowhere", str(uuid4()).upper()):
            with pytest.raises(ValueError, match=r"[Ii]d|badly formed"):
                OPERATIONS[operation](client, bad, str(uuid4()))
    assert calls == []


@shows("project_state")
def test_a_project_starts_and_stops(side: Side, client: Client, project: str) -> None:
    for _ in range(2):
        for _ in range(2):
            client.start_project(project)
            assert client.project_state(project) == "running"
            assert client.get_project(project).state == "running"
        for _ in range(2):
            client.stop_project(project)
            assert client.project_state(project, limit=5) == "opened"


def test_what_runs_in_a_project_ends_with_it(client: Client, project: str) -> None:
    script = "nohup sleep 300 >/dev/null 2>&1 & echo $!"
    process = client.exec(project, script, bash=True).stdout.strip()
    look = f"grep -q . /proc/{process}/cmdline"

    def runs() -> bool:
        return client.exec(project, look, bash=True, check=False).exit_code == 0

    assert runs()
    client.stop_project(project)
    client.start_project(project)
    wait_for(lambda: not runs())
