"""Which CoCalc it is: found out, remembered, asked again after an upgrade, and said in words."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from html import unescape

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from embedding import breaker, which
from embedding.client import client, forget, sign_in
from embedding.cocalc.errors import (
    CannotConnect,
    CannotEmbed,
    CocalcError,
    NoKey,
    NotCocalc,
    ServerFault,
)
from embedding.problems import of_cocalc
from tests.cocalc import kinds
from tests.cocalc.kinds import KEY, Kind
from tests.conftest import HttpsClient, Person

Use = Callable[..., Kind]


@pytest.fixture(autouse=True)
def nothing_else_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether CoCalc answers is not looked at here, and kept nowhere."""
    monkeypatch.setattr(breaker, "_tend", None)


@pytest.fixture
def use(settings: Settings) -> Iterator[Use]:
    """Start a server of a kind; the site is connected to it, and knows nothing of it."""
    with ExitStack() as stack:

        def started(kind: Kind, **more: object) -> Kind:
            stack.enter_context(kind.running())
            settings.EMBEDDING = {
                "COCALC_URL": "https://cocalc.school.test",
                "COCALC_API_URL": kind.url,
                "COCALC_API_KEY": KEY,
                "ACCOUNT_DOMAIN": "accounts.school.test",
                **more,
            }
            return kind

        yield started
    cache.clear()
    forget()


def later(seconds: float) -> None:
    """Let so much time pass since it was asked last."""
    known = which.known()
    assert known
    asked = known.asked - timedelta(seconds=seconds)
    which._remember(which.Known(known.found, known.since, asked, known.doubted))


def asks(kind: Kind) -> int:
    """How often it was asked which it is."""
    return sum(each.path == "/customize" for each in kind.asked)


@pytest.mark.parametrize(
    ("make", "name", "way"),
    [(kinds.v1, "V1Client", "address"), (kinds.conat, "ConatClient", "impersonate")],
)
def test_the_client_is_what_was_found(
    use: Use, make: Callable[[], Kind], name: str, way: str
) -> None:
    kind = use(make())
    assert type(client()).__name__ == name
    assert client() is client()
    assert sign_in() == way
    assert asks(kind) == 1


def test_what_is_set_is_not_asked_for(use: Use) -> None:
    kind = use(kinds.v1(), COCALC_GENERATION="conat", COCALC_SIGN_IN="address")
    assert type(client()).__name__ == "ConatClient"
    assert sign_in() == "address"
    assert not kind.asked


def test_another_process_knows_it_from_the_cache(use: Use) -> None:
    kind = use(kinds.conat())
    client()
    forget()  # what a process has for itself
    assert type(client()).__name__ == "ConatClient"
    assert asks(kind) == 1


def test_the_cache_holds_no_key(use: Use) -> None:
    use(kinds.v1())
    client()
    assert KEY not in repr(which.known())
    assert KEY not in which._key()


def test_it_is_asked_again_after_minutes(use: Use) -> None:
    kind = use(kinds.v1())
    since = which.current().since
    later(599)
    client()
    assert asks(kind) == 1
    later(2)
    client()
    assert asks(kind) == 2
    known = which.known()
    assert known
    assert known.since == since


def test_an_upgrade_needs_no_restart(use: Use) -> None:
    kind = use(kinds.v1())
    assert type(client()).__name__ == "V1Client"
    kind.answers = kinds.conat().answers
    with pytest.raises(NotCocalc):
        client().find_account("a@b.test")
    assert type(client()).__name__ == "V1Client"  # asked a moment ago
    later(6)
    assert type(client()).__name__ == "ConatClient"
    assert asks(kind) == 2
    for _ in range(3):
        client()
    assert asks(kind) == 2


def test_an_upgrade_to_what_cannot_be_embedded(use: Use) -> None:
    kind = use(kinds.conat())
    client()
    kind.answers = kinds.ai().answers
    with pytest.raises(CannotEmbed):
        client().find_account("a@b.test")
    later(6)
    with pytest.raises(CannotEmbed, match="CoCalc-AI"):
        client()


@pytest.mark.parametrize("away", [kinds.other((502, "x")), kinds.other("<html>Sign in</html>")])
def test_who_is_away_stays_what_it_was(use: Use, away: Kind) -> None:
    kind = use(kinds.v1())
    client()
    answers, kind.answers = kind.answers, away.answers
    with pytest.raises(CocalcError):
        client().find_account("a@b.test")
    later(700)
    assert type(client()).__name__ == "V1Client"
    assert asks(kind) == 2
    kind.answers = answers
    assert type(client()).__name__ == "V1Client"


@pytest.mark.parametrize(
    ("make", "error", "status"),
    [
        (kinds.late_v1, CannotEmbed, 501),
        (kinds.v2, CannotEmbed, 501),
        (kinds.ai, CannotEmbed, 501),
        (kinds.other, NotCocalc, 502),
        (lambda: kinds.other((503, "<h1>Back soon</h1>")), ServerFault, 502),
    ],
)
def test_what_cannot_be_opened_is_said_to_users_and_once_in_the_log(
    use: Use,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[], Kind],
    error: type[CocalcError],
    status: int,
) -> None:
    use(make())
    with caplog.at_level(logging.INFO, "embedding.which"):
        for _ in range(3):
            with pytest.raises(error) as raised:
                client()
    assert of_cocalc(raised.value).status == status
    found = which.current().found
    (line,) = caplog.messages
    assert found.kind.advice in line
    assert KEY not in line


def test_an_update_of_what_could_not_be_opened(use: Use) -> None:
    kind = use(kinds.v2())
    with pytest.raises(CannotEmbed):
        client()
    kind.answers = kinds.conat().answers
    later(31)
    assert type(client()).__name__ == "ConatClient"


def test_nobody_answers(use: Use, settings: Settings) -> None:
    use(kinds.v1())
    settings.EMBEDDING = {**settings.EMBEDDING, "COCALC_API_URL": "http://127.0.0.1:9"}
    with pytest.raises(CannotConnect):
        client()


def test_many_threads_ask_once(use: Use) -> None:
    kind = use(kinds.v1())
    clients: list[object] = []
    threads = [threading.Thread(target=lambda: clients.append(client())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 8
    assert len(set(map(id, clients))) == 1
    assert asks(kind) == 1


def test_who_signs_in_oneself_needs_no_key(use: Use) -> None:
    kind = use(kinds.ai(), COCALC_SIGN_IN="own", COCALC_API_KEY="")
    assert sign_in() == "own"
    with pytest.raises(NoKey) as raised:
        client()
    assert of_cocalc(raised.value).status == 501
    assert not kind.asked


def told(capsys: pytest.CaptureFixture[str]) -> str:
    call_command("check_cocalc")
    return capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize("make", [kinds.late_v1, kinds.v2, kinds.ai, kinds.other])
def test_the_check_names_what_cannot_be_embedded(
    use: Use, capsys: pytest.CaptureFixture[str], make: Callable[[], Kind]
) -> None:
    use(make())
    with pytest.raises(CommandError):
        told(capsys)
    out = capsys.readouterr().out
    kind = which.current().found.kind
    assert kind.name in out
    assert kind.why in out
    assert kind.advice in out
    assert "GET /customize →" in out


@pytest.mark.django_db
def test_the_check_tells_of_a_wrong_setting(use: Use, capsys: pytest.CaptureFixture[str]) -> None:
    use(kinds.conat(), COCALC_GENERATION="v1")
    with pytest.raises(CommandError):
        told(capsys)
    assert "COCALC_GENERATION=v1 is set" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_check_where_users_sign_in_themselves(
    use: Use, capsys: pytest.CaptureFixture[str]
) -> None:
    use(kinds.ai(), COCALC_SIGN_IN="own", COCALC_API_KEY="")
    with pytest.raises(CommandError, match=r"do not hold: worker\.$"):  # none runs here
        told(capsys)
    assert "Users sign in to CoCalc themselves" in capsys.readouterr().out
    use(kinds.other(), COCALC_SIGN_IN="own", COCALC_API_KEY="")
    with pytest.raises(CommandError, match="do not hold"):
        told(capsys)


def test_since_when_it_is_so(use: Use) -> None:
    use(kinds.v1())
    assert timezone.now() - which.current().since < timedelta(minutes=1)


@pytest.mark.django_db
@pytest.mark.parametrize("make", [kinds.v1, kinds.ai, kinds.other])
def test_the_front_page_of_the_admin_says_it(
    use: Use, make: Callable[[], Kind], person: Person
) -> None:
    kind = use(make())
    helper = HttpsClient(person("helper", is_staff=True))
    boss = HttpsClient(person("boss", is_staff=True, is_superuser=True))
    found = which.current().found
    page = unescape(helper.get("/admin/").content.decode())
    assert f"{kind.url} (known since " in page
    assert f"): {found.kind.name}." in page
    assert found.kind.advice in page
    assert KEY not in page
    page = unescape(boss.get("/admin/").content.decode())
    assert found.kind.name in page
    assert found.kind.advice in page
    assert KEY not in page
    assert asks(kind) == 1


@pytest.mark.django_db
def test_the_front_page_of_the_admin_where_it_is_set_wrong(use: Use, person: Person) -> None:
    use(kinds.conat(), COCALC_GENERATION="v1")
    which.current()
    for who in (person("helper", is_staff=True), person("boss", is_staff=True, is_superuser=True)):
        page = HttpsClient(who).get("/admin/").content.decode()
        assert "COCALC_GENERATION=v1 names another version" in page


@pytest.mark.django_db
def test_the_front_page_of_the_admin_asks_beside(use: Use, person: Person) -> None:
    kind = use(kinds.v1())
    helper = HttpsClient(person("helper", is_staff=True))
    assert "Reload this page in a moment" in helper.get("/admin/").content.decode()
    end = time.monotonic() + 10
    while not which.known() and time.monotonic() < end:
        time.sleep(0.01)
    assert "(known since " in helper.get("/admin/").content.decode()
    assert asks(kind) == 1
