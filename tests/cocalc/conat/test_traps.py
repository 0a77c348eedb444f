"""What CoCalc's bridges do that nobody expects: a test for each, those of files elsewhere."""

import re
import time
from pathlib import Path

import pytest

import embedding.cocalc.conat
from embedding.cocalc.conat import ConatClient, Limits
from embedding.cocalc.conat.answers import is_void, understand
from embedding.cocalc.errors import (
    CannotStart,
    CocalcError,
    Forbidden,
    NotCocalc,
    NotFound,
    NotStarted,
    OutcomeUnknown,
    ServerFault,
    StillStarting,
)
from embedding.cocalc.reading import Response
from tests.cocalc.conat.conftest import QUICK, Make
from tests.cocalc.conat.hub import (
    ADMIN,
    PROJECT,
    STUDENT,
    TEACHER,
    TOKEN,
    Hub,
    in_turn,
    late,
    nobody,
)
from tests.cocalc.server import KEY

UNKNOWN_ORG = {"error": "Error: no org named 'ORG'"}
SOURCES = Path(embedding.cocalc.conat.__file__).parent


def create(client: ConatClient, email: str = "S@X.test ") -> str:
    return client.create_account(email=email, first_name="Stu", last_name="Dent")


def test_trap_1_the_time_limit_of_a_call_is_in_milliseconds(make: Make, hub: Hub) -> None:
    """And shorter than our own clock, which would otherwise end it without CoCalc's word."""
    client = make(limits=Limits(call=20, start=100))
    client.start_project(PROJECT)
    client.get_project(PROJECT)
    started, asked = hub.requests[0]["timeout"], hub.requests[-1]["timeout"]
    assert 80_000 < started < 100_000
    assert 16_000 < asked < 20_000


def test_trap_2_an_empty_object_is_success_for_a_change_alone(
    client: ConatClient, organizer: ConatClient, hub: Hub
) -> None:
    client.update_project(PROJECT, title="")
    for function in hub.functions:
        hub.functions[function] = {}
    for call in (
        client.identify,
        lambda: create(organizer),
        lambda: create(client),
        lambda: client.find_account("s@x.test"),
        lambda: client.mint_token(STUDENT),
        lambda: organizer.mint_token(STUDENT),
        lambda: client.revoke_token(TOKEN),
        lambda: client.create_project(title="t", description="d"),
        lambda: client.find_projects(description="d"),
        lambda: client.get_project(PROJECT),
        lambda: client.list_projects(),
        lambda: client.delete_project(PROJECT),
        lambda: client.add_member(PROJECT, STUDENT),
        lambda: client.remove_member(PROJECT, STUDENT),
        lambda: client.set_role(PROJECT, STUDENT, "owner"),
        lambda: client.project_state(PROJECT),
        lambda: client.start_project(PROJECT),
        lambda: client.stop_project(PROJECT),
    ):
        with pytest.raises(NotCocalc):
            call()


@pytest.mark.parametrize("answer", ['""', "false", "0", "[]", '{"error": null, "x": 1}', ""])
def test_trap_2_only_null_is_nothing(answer: str) -> None:
    response = Response(200, {}, answer.encode())
    assert isinstance(understand("o", response, is_void, str), NotCocalc)
    assert understand("o", Response(200, {}, b"null"), is_void, str) is None


def test_trap_3_a_state_may_stand_beside_an_error(client: ConatClient, hub: Hub) -> None:
    hub.functions["projects.state"] = {"error": "Error: no pid", "state": "opened"}
    assert client.project_state(PROJECT) == "opened"


def test_trap_6_null_is_never_sent_for_missing(
    client: ConatClient, organizer: ConatClient, hub: Hub
) -> None:
    """Only a query for rows has nulls: they are what it asks for."""
    client.update_project(PROJECT, title=None, description="")
    assert hub.argument("projects") == {
        "query": {"projects": {"project_id": PROJECT, "description": ""}}
    }
    client.update_project(PROJECT)
    assert hub.asked == ["projects"]
    organizer.mint_token(STUDENT)
    create(organizer)
    client.create_project(title="t", description="")
    for name, request in zip(hub.asked, hub.requests, strict=True):
        assert "." not in name or None not in request["args"][0].values()


def test_trap_7_an_id_in_capitals_is_not_sent(client: ConatClient, hub: Hub) -> None:
    """It passes CoCalc's checks, and is another home, and another project's process."""
    for call in (
        lambda: client.get_project(PROJECT.upper()),
        lambda: client.update_project(PROJECT.upper(), title="t"),
        lambda: client.delete_project(PROJECT.upper()),
        lambda: client.restore_project(PROJECT.upper()),
        lambda: client.add_member(PROJECT.upper(), STUDENT),
        lambda: client.add_member(PROJECT, STUDENT.upper()),
        lambda: client.remove_member(PROJECT.upper(), STUDENT),
        lambda: client.set_role(PROJECT, STUDENT.upper(), "owner"),
        lambda: client.project_state(PROJECT.upper()),
        lambda: client.start_project(PROJECT.upper()),
        lambda: client.stop_project(PROJECT.upper()),
        lambda: client.mint_token(STUDENT.upper()),
    ):
        with pytest.raises(ValueError, match="Not an id"):
            call()
    assert hub.asked == []


def test_trap_11_nothing_is_asked_about_a_member_before_he_is_added(
    client: ConatClient, hub: Hub
) -> None:
    """A no is kept for 30 s; and by the row, which no such memory stands before, we look after."""
    client.add_member(PROJECT, STUDENT)
    assert hub.asked == ["projects.addCollaborator", "projects_all"]


def test_trap_11_a_member_who_was_removed_just_now_is_added_once_more(
    client: ConatClient, hub: Hub
) -> None:
    """For 5 s CoCalc remembers that he is one, and answers success without a deed."""
    done = {"project_id": [PROJECT]}
    really = hub._add
    hub.functions["projects.addCollaborator"] = lambda argument: (
        done if len(hub.asked) == 1 else really(argument)
    )
    client.add_member(PROJECT, STUDENT)
    assert hub.asked == ["projects.addCollaborator", "projects_all"] * 2
    assert STUDENT in hub.members


def test_trap_11_a_member_who_is_none_afterwards_is_not_taken_for_one(
    client: ConatClient, hub: Hub
) -> None:
    hub.functions["projects.addCollaborator"] = {"project_id": [PROJECT]}
    with pytest.raises(ServerFault, match="did not add"):
        client.add_member(PROJECT, STUDENT)


@pytest.mark.parametrize("started", [None, late(name="projects.start")])
def test_trap_12_a_project_that_hangs_in_starting_is_not_waited_for_for_ever(
    client: ConatClient, hub: Hub, started: object
) -> None:
    def start(_: object) -> object:
        if started:
            time.sleep(QUICK.start * 0.9)
        return started

    hub.functions["projects.start"] = start
    hub.state = "starting"
    with pytest.raises(StillStarting):
        client.start_project(PROJECT)


def test_trap_12_where_less_time_was_given_it_may_yet_start(make: Make, hub: Hub) -> None:
    hub.functions["projects.start"], hub.state = late(name="projects.start"), "starting"
    client = make(limits=Limits(start=60, backoff=0.001), before_call=lambda *_: 0.5)
    with pytest.raises(OutcomeUnknown):
        client.start_project(PROJECT)


def test_trap_12_a_start_elsewhere_is_waited_for(client: ConatClient, hub: Hub) -> None:
    states = in_turn("stopping", "starting", "starting", "running")
    hub.functions["projects.state"] = lambda _: {"state": states(None)}
    client.start_project(PROJECT)
    assert hub.asked == ["projects.start"] + ["projects.state"] * 4


def test_trap_12_a_start_without_effect_is_asked_for_again(client: ConatClient, hub: Hub) -> None:
    """It was stopping when it was asked to start."""
    hub.functions["projects.state"] = lambda _: {
        "state": "running" if hub.asked.count("projects.start") > 1 else "opened"
    }
    client.start_project(PROJECT)
    assert hub.asked.count("projects.start") == 2


def test_trap_12_a_stop_without_effect_is_asked_for_again(client: ConatClient, hub: Hub) -> None:
    """It was starting when it was asked to stop."""
    states = in_turn("starting", "running", "opened")
    hub.functions["projects.state"] = lambda _: {"state": states(None)}
    client.stop_project(PROJECT)
    assert hub.asked.count("projects.stop") == 2


def test_trap_12_a_stop_that_hangs_is_not_waited_for_for_ever(
    client: ConatClient, hub: Hub
) -> None:
    hub.state = "stopping"
    with pytest.raises(OutcomeUnknown, match="not stopped yet"):
        client.stop_project(PROJECT)


def test_trap_12_a_project_is_deleted_though_its_stop_hangs(client: ConatClient, hub: Hub) -> None:
    hub.functions["projects.deleteProject"] = late(name="projects.deleteProject")
    client.delete_project(PROJECT)
    assert hub.argument("projects")["query"]["projects"] == {"project_id": PROJECT, "deleted": True}


def test_trap_13_nothing_ends_a_service(client: ConatClient) -> None:
    """`system.terminate` would take a project's API away until it is started anew."""
    assert not [file for file in SOURCES.rglob("*.py") if "system.terminate" in file.read_text()]


def test_trap_14_no_account_is_made_in_an_organization_that_is_not_there(
    organizer: ConatClient, hub: Hub
) -> None:
    """For a site admin's key CoCalc would make it, and only site admins could sign in to it."""
    hub.functions["org.get"] = UNKNOWN_ORG
    with pytest.raises(NotFound):
        create(organizer)
    assert hub.asked == ["org.get"]
    assert not organizer.identify().may_sign_in


def test_trap_14_the_organization_is_looked_for_once(organizer: ConatClient, hub: Hub) -> None:
    create(organizer)
    create(organizer)
    assert hub.asked == ["org.get", "org.createUser", "org.createUser"]


def test_trap_15_an_address_is_sent_in_small_letters(organizer: ConatClient, hub: Hub) -> None:
    """CoCalc makes another account for another case, which its search never finds."""
    create(organizer, " S@X.test")
    assert hub.argument("org.createUser")["email"] == "s@x.test"
    row = {"account_id": STUDENT, "email_address": "s@x.test", "first_name": "S", "last_name": None}
    hub.functions["system.userSearch"] = [row]
    found = organizer.find_account("S@X.TEST")
    assert found
    assert (found.account_id, found.email, found.last_name) == (STUDENT, "s@x.test", "")
    assert hub.argument("system.userSearch")["query"] == "s@x.test"


@pytest.mark.parametrize("email", ["", "  "])
def test_trap_15_an_empty_address_is_not_sent(organizer: ConatClient, hub: Hub, email: str) -> None:
    """CoCalc would make an account without."""
    for call in (lambda: create(organizer, email), lambda: organizer.find_account(email)):
        with pytest.raises(ValueError, match="needs an e-mail address"):
            call()
    assert hub.asked == []


@pytest.mark.parametrize("token", ["", "short", f"{TOKEN}x", f"{TOKEN[:-1]}<", f"{TOKEN}\n", 5])
def test_trap_16_what_is_no_token_goes_nowhere(
    client: ConatClient, organizer: ConatClient, hub: Hub, token: object
) -> None:
    """CoCalc writes it into a page as it is."""
    hub.functions["system.generateUserAuthToken"] = token
    hub.functions["org.createToken"] = {"token": token, "url": "https://x"}
    for driver in (client, organizer):
        with pytest.raises(NotCocalc):
            driver.mint_token(STUDENT)
        if isinstance(token, str):
            with pytest.raises(ValueError, match="Not a token"):
                driver.revoke_token(token)


def test_trap_17_a_token_proves_nothing_of_the_account(client: ConatClient, hub: Hub) -> None:
    """A banned account gets one as well; the driver asks nothing more, and promises nothing."""
    assert client.mint_token(STUDENT) == TOKEN
    assert hub.asked == ["system.generateUserAuthToken"]


def test_trap_18_a_project_that_is_not_there_is_no_empty_object(
    client: ConatClient, hub: Hub
) -> None:
    """Rows are asked for as a list, of which none is an empty one."""
    hub.functions["projects_all"] = {"projects_all": []}
    with pytest.raises(NotFound):
        client.get_project(PROJECT)
    assert isinstance(hub.argument("projects_all")["query"]["projects_all"], list)
    hub.functions["projects_all"] = {}
    with pytest.raises(NotCocalc):
        client.get_project(PROJECT)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (late(), OutcomeUnknown),
        ({"error": "timeout - whatever, code='408' "}, OutcomeUnknown),
        (nobody(f"hub.account.{ADMIN}.api"), ServerFault),
        (nobody(f"project.{PROJECT}.0.api"), NotStarted),
    ],
)
def test_trap_20_what_was_not_answered_is_known_by_its_beginning(
    client: ConatClient, hub: Hub, answer: object, kind: type[CocalcError]
) -> None:
    hub.functions["projects.createProject"] = answer
    with pytest.raises(CocalcError) as caught:
        client.create_project(title="t", description="d")
    assert type(caught.value) is kind
    assert "callHub" not in caught.value.words


def test_trap_21_an_owner_is_not_removed(client: ConatClient, hub: Hub) -> None:
    """The class name stands in front of the words."""
    words = "Cannot remove an owner. Demote to collaborator first."
    hub.functions["projects.removeCollaborator"] = {"error": f"OwnershipError: {words}"}
    with pytest.raises(Forbidden, match=re.escape(words)):
        client.remove_member(PROJECT, ADMIN)


def test_trap_21_nor_where_an_older_server_only_says_so(client: ConatClient, hub: Hub) -> None:
    hub.functions["projects.removeCollaborator"] = None
    with pytest.raises(Forbidden, match="owner"):
        client.remove_member(PROJECT, ADMIN)


def test_trap_23_a_role_is_not_written_into_the_row(client: ConatClient, hub: Hub) -> None:
    """By the row anybody could; where there is a function for it, that is the way."""
    client.set_role(PROJECT, TEACHER, "owner")
    client.set_role(PROJECT, STUDENT, "collaborator")
    client.set_role(PROJECT, STUDENT, "owner")
    assert "projects" not in hub.asked
    assert {one["group"] for one in hub.members.values()} == {"owner"}


def test_trap_23_but_an_owner_is_where_the_function_refuses(client: ConatClient, hub: Hub) -> None:
    """Never an owner less: by the row the last one would go, too."""
    words = "OwnershipError: Only project owners can change user types"
    hub.functions["projects.changeUserType"] = {"error": words}
    with pytest.raises(Forbidden, match="Only project owners"):
        client.set_role(PROJECT, ADMIN, "collaborator")
    assert "projects" not in hub.asked
    for refused in ("FATAL: user must be an admin", "FATAL: error setting 'users' -- Error: no"):
        hub.functions["projects"] = {"error": refused}
        with pytest.raises(Forbidden, match="Only project owners"):
            client.set_role(PROJECT, TEACHER, "owner")
    hub.functions["projects"] = lambda argument: (
        hub.members.update(argument["query"]["projects"]["users"]) or {}
    )
    client.set_role(PROJECT, TEACHER, "owner")
    assert hub.members[TEACHER]["group"] == "owner"


def test_trap_25_the_key_is_in_no_error(client: ConatClient, hub: Hub) -> None:
    hub.functions["projects"] = {"error": f"Error: you sent {KEY}"}
    with pytest.raises(CocalcError) as caught:
        client.update_project(PROJECT, title="t")
    assert KEY not in repr(caught.value)
    assert caught.value.words == "Error: you sent [key]"
    assert KEY not in repr(vars(client))


@pytest.mark.parametrize(
    "words",
    [
        "Cannot create property 'message' on number '1'",
        "1",
        "-1",
        "spawn pnpm ENOENT",
        "Error: spawn pnpm EACCES",
    ],
)
def test_trap_26_a_number_is_a_start_that_failed(client: ConatClient, hub: Hub, words: str) -> None:
    hub.functions["projects.start"] = {"error": words}
    with pytest.raises(CannotStart):
        client.start_project(PROJECT)
