"""A person's own account is linked by its own key, and by nothing else."""

import logging
import traceback
import uuid
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.views.debug import ExceptionReporter

from embedding.client import client, forget
from embedding.conf import conf
from embedding.models import CocalcAccount, CocalcProject, Ending, Event, Member
from embedding.services import care, endings, linking, mapping
from sandbox.process import SandboxProcess
from tests.administration.people.test_access import url_of
from tests.administration.people.test_forget import rows_that_say
from tests.conftest import HttpsClient
from tests.embedding.conftest import embedding_settings
from tests.embedding.helpers import prepared

pytestmark = pytest.mark.django_db


@dataclass
class Own:
    """An account on CoCalc that this site did not make, and a key of it."""

    account: str
    key: str


@pytest.fixture
def own(sandbox: SandboxProcess) -> Own:
    email = f"{uuid.uuid4()}@home.test"
    account = client().create_account(email=email, first_name="A", last_name="L")
    return Own(account, sandbox.make_key(account))


def link(boss: User, person: User, key: str) -> str:
    answer = HttpsClient(boss).post(url_of(person, "link"), {"key": key}, follow=True)
    page = answer.content.decode()
    assert key == "" or key not in page
    return page


def members_of(project: CocalcProject) -> set[str]:
    return set(client().get_project(str(project.project_id)).members)


def test_linked_and_unlinked(
    sandbox: SandboxProcess, boss: User, ada: User, own: Own, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    project = prepared(ada).project
    before = str(CocalcAccount.objects.get(user=ada).account_id)
    assert "The account is linked." in link(boss, ada, own.key)
    row = CocalcAccount.objects.get(user=ada)
    assert (str(row.account_id), row.linked_by) == (own.account, "boss")
    assert own.account in members_of(project)
    assert endings.endings_work() == 1
    assert before not in members_of(project)
    [event] = Event.objects.filter(action="account.linked")
    assert (event.actor, event.whom, event.detail["account_id"]) == ("boss", "ada", own.account)
    assert "linked to this person already" in link(boss, ada, own.key)
    assert rows_that_say(own.key) == []
    assert own.key not in caplog.text
    page = HttpsClient(boss).get(url_of(ada)).content.decode()
    assert "own account, linked on" in page
    care.mend(project)
    assert own.account in members_of(project)
    HttpsClient(boss).post(url_of(ada, "unlink"))
    row.refresh_from_db()
    assert (str(row.account_id), row.linked, row.linked_by) == (before, None, "")
    endings.endings_work()
    assert members_of(project) & {before, own.account} == {before}
    assert Event.objects.filter(action="account.unlinked", actor="boss", whom="ada").exists()


def test_keys_that_prove_nothing_link_nothing(
    sandbox: SandboxProcess, boss: User, ada: User, own: Own
) -> None:
    account = mapping.account_row(ada)
    for key, said in (
        ("", "This is no API key"),
        ("sk_short\r\nX: y", "This is no API key"),
        ("sk_nobodysnobodysnobodys00", "CoCalc does not accept this key"),
        (sandbox.admin_key, "account that this site itself uses"),
    ):
        assert said in link(boss, ada, key), key
    account.refresh_from_db()
    assert (account.account_id, account.linked) == (None, None)
    bob = User.objects.create_user("bob")
    link(boss, bob, own.key)
    assert "belongs to another user" in link(boss, ada, own.key)
    assert str(CocalcAccount.objects.get(user=bob).account_id) == own.account
    sandbox.quirks(api_down="close")
    page = link(boss, ada, sandbox.admin_key)
    assert "CoCalc" in page
    assert not CocalcAccount.objects.filter(user=ada, linked__isnull=False).exists()


def test_no_administrator_of_cocalcs_is_linked(
    sandbox: SandboxProcess, boss: User, ada: User, own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another site admin than the service account: CoCalc says so of the key."""
    identify = type(client()).identify

    def as_admin(self: object) -> object:
        found = identify(self)  # type: ignore[arg-type]
        ours = found.account_id != own.account
        return found if ours else type(found)(found.account_id, found.email, True, True)

    monkeypatch.setattr(type(client()), "identify", as_admin)
    assert "administers CoCalc" in link(boss, ada, own.key)
    assert not CocalcAccount.objects.filter(account_id=own.account).exists()


def test_a_linked_account_is_taken_out_of_this_sites_projects_alone(
    sandbox: SandboxProcess, boss: User, ada: User, own: Own
) -> None:
    project = prepared(ada).project
    link(boss, ada, own.key)
    endings.endings_work()
    # One of the person's own, in which the site's account is, too.
    theirs = client().create_project(title="mine", description="d")
    client().add_member(theirs, own.account)
    client().set_role(theirs, own.account, "owner")
    ada.is_active = False
    ada.save()
    assert Ending.objects.get(done=None).linked
    assert endings.endings_work() == 1
    assert own.account not in members_of(project)
    assert client().get_project(theirs).members[own.account] == "owner"


def test_a_linked_account_is_neither_replaced_nor_looked_for(
    sandbox: SandboxProcess, boss: User, ada: User, own: Own
) -> None:
    prepared(ada)
    link(boss, ada, own.key)
    browser = HttpsClient(boss)
    page = browser.post(url_of(ada, "repair"), follow=True).content.decode()
    assert "own account is linked" in page
    page = browser.post(url_of(ada, "account/anew"), follow=True).content.decode()
    assert "which the site does not replace" in page
    assert str(CocalcAccount.objects.get(user=ada).account_id) == own.account
    assert Member.objects.get(user=ada).added


def test_who_is_not_in_the_organization_is_not_linked(
    sandbox: SandboxProcess, boss: User, ada: User, own: Own
) -> None:
    if sandbox.generation != "conat":
        pytest.skip("API v1 knows no organizations")
    with override_settings(EMBEDDING=embedding_settings(sandbox, COCALC_ORGANIZATION="school")):
        forget()
        linked = link(boss, ada, own.key)
        name = conf().organization
    forget()
    assert name in linked
    assert not CocalcAccount.objects.filter(account_id=own.account).exists()


def test_the_key_is_hidden_from_reports_of_errors(
    sandbox: SandboxProcess, boss: User, ada: User, own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "_check_sign_in", lambda account: 1 / 0)
    with pytest.raises(ZeroDivisionError) as raised:
        HttpsClient(boss).post(url_of(ada, "link"), {"key": own.key})
    began = raised.tb  # where the site took the request; what comes before is this test's
    while began.tb_frame.f_code.co_name != "_get_response":
        assert began.tb_next
        began = began.tb_next
    frames = [frame for frame, _ in traceback.walk_tb(began)]
    assert any(frame.f_locals.get("key") == own.key for frame in frames)
    request = began.tb_frame.f_locals["request"]
    reporter = ExceptionReporter(request, raised.type, raised.value, began)
    reports = reporter.get_traceback_html(), reporter.get_traceback_text()
    for report in reports:
        assert "ZeroDivisionError" in report
        assert own.key not in report
