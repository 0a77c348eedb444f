"""A tour with known secrets, and a search for them in all that was written, sent and kept.

None is found but where it belongs: CoCalc's token in the address of its frame, a password in the
form that was sent, a link that lets in where it was asked for. Each place that is allowed is named.
"""

import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, expect

from embedding.cocalc.conat import ConatClient
from embedding.cocalc.v1 import V1Client
from sandbox.config import Generation
from sandbox.process import SandboxProcess
from tests.browser.classroom import (
    card,
    ends,
    file,
    in_days,
    let_in,
    make_course,
    make_work,
    press,
    project_in,
)
from tests.browser.doors import NGINX, nginx
from tests.browser.leaks import Haystack, Recorder, Secret, logs_into, rows_into
from tests.browser.school import (
    COCALC,
    COCALC_HOST,
    ELSEWHERE_HOST,
    KEY,
    PASSWORD,
    SITE,
    SITE_HOST,
    STAFF,
    STUDENTS,
    School,
    Student,
    Tls,
    environment,
    site,
    until,
    worker,
)
from tests.browser.visit import Visit
from tests.browser.wire import Wire, wire_to
from tests.chromium import arguments, headless
from tests.classroom.notices.post_office import PostOffice, post_office

pytestmark = pytest.mark.alike  # with each generation, and by the door

WRONG = "what-was-typed-by-mistake"
FRESH = "chosen-by-an-invited-person-1"
RENEWED = "chosen-after-it-was-forgotten-2"
METRICS = "for-the-one-who-counts-0123456789"
ELSEWHERE = f"https://{ELSEWHERE_HOST}"
TOKEN = "a token of CoCalc's"
ADDRESS = "ada@mail.school.test"


class Elsewhere:
    """Another site, to which links lead; it keeps what browsers tell it."""

    def __init__(self, tls: Tls) -> None:
        self.heard: list[tuple[str, str]] = []
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                elsewhere.heard += [*self.headers.items(), ("the address", self.path)]
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.chain, tls.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class World:
    """What runs, and what is known of it."""

    school: School
    wire: Wire
    office: PostOffice
    elsewhere: Elsewhere
    browser: Browser
    by: str  # how browsers sign in
    secret_key: str
    logs: list[Path]
    haystack: Haystack = field(default_factory=Haystack)
    recorders: list[Recorder] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)

    def visit(self, who: str, person: Student | None = None) -> Visit:
        """A browser of somebody, all of which is recorded."""
        context = self.stack.enter_context(self.browser.new_context())
        self.recorders.append(Recorder(context, self.haystack, who))
        visit = Visit(self.school, context)
        if person:
            visit.has_signed_in(person)
        return visit

    def keep(self) -> None:
        for recorder in self.recorders:
            recorder.keep()


@pytest.fixture(
    scope="module",
    params=[
        "v1",
        "conat",
        pytest.param(
            "door", marks=pytest.mark.skipif(not NGINX.exists(), reason="There is no nginx")
        ),
    ],
)
def world(
    request: pytest.FixtureRequest, tls: Tls, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    by: str = request.param
    generation: Generation = "v1" if by == "v1" else "conat"
    data = tmp_path_factory.mktemp(f"leaks-{by}")
    with ExitStack() as stack:
        sandbox = stack.enter_context(
            SandboxProcess.start(
                data / "cocalc",
                admin_key=KEY,
                tls=(tls.chain, tls.key),
                verify=tls.ca,
                iframe_hosts=SITE_HOST,
                public_host=COCALC_HOST if by != "door" else ELSEWHERE_HOST,
                generation=generation,
                start_seconds=0.05,
                account_limit=10_000,
                plain_text=True,
            )
        )
        wire = stack.enter_context(wire_to(sandbox))
        mail = SimpleNamespace(CLASSROOM={})
        office = stack.enter_context(post_office(mail))
        elsewhere = Elsewhere(tls)
        stack.callback(elsewhere.close)
        told = environment(data, tls, sandbox) | {
            "COCALC_API_URL": wire.url,
            "EMAIL_URL": f"smtp://{mail.EMAIL_HOST}:{mail.EMAIL_PORT}",
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json",
            "METRICS_TOKEN": METRICS,
            "METRICS_FOLDER": str(data / "metrics"),
            **({"COCALC_DOOR": "/.lectern/"} if by == "door" else {}),
        }
        port, people = stack.enter_context(site(data, tls, told))
        stack.enter_context(worker(data, told))
        logs = [data / "site.log", data / "worker.log"]
        front = sandbox.port
        if by == "door":
            front = stack.enter_context(nginx(data / "nginx", tls, sandbox, port, whole=True))
            logs.append(data / "nginx" / "error.log")
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca))
        cocalc = (V1Client if generation == "v1" else ConatClient)(sandbox.url, KEY)
        stack.callback(cocalc.close)
        school = School(data, port, sandbox, cocalc)
        school.students = iter(people[:STUDENTS])
        school.staff = iter(people[STUDENTS : STUDENTS + STAFF])
        school.teachers = iter(people[STUDENTS + STAFF :])
        ports = {SITE_HOST: port, COCALC_HOST: front, ELSEWHERE_HOST: elsewhere.port}
        options = [
            *arguments({f"{name}:443": at for name, at in ports.items()}),
            f"--ignore-certificate-errors-spki-list={tls.fingerprint}",
        ]
        browser = stack.enter_context(headless(options))
        found = World(school, wire, office, elsewhere, browser, by, told["SECRET_KEY"], logs)
        with found.stack:
            yield found


def follows_a_link(page: Page, target: Visit, frame: bool) -> None:
    """To elsewhere, from the page or from CoCalc's page in it, in a tab of its own."""
    where = target.kiosk_frame if frame else page.main_frame
    where.evaluate(
        """(address) => { document.body.insertAdjacentHTML("afterbegin",
            `<a id="elsewhere" href="${address}" target="_blank">elsewhere</a>`); }""",
        ELSEWHERE,
    )
    with page.context.expect_page() as opened:
        where.evaluate("document.getElementById('elsewhere').click()")
    expect(opened.value).to_have_title("Elsewhere")


def works_in_a_notebook(world: World, ada: Visit) -> None:
    ada.go_to_files()
    ada.write("a.txt")
    ada.open("a.txt")
    ada.shows_tab("a.txt")
    ada.show_activity()
    for frame in (False, True):
        follows_a_link(ada.page, ada, frame)
    with ada.page.expect_popup() as opened:
        ada.page.get_by_role("button", name="Open in a new tab").click()
    opened.value.wait_for_url(f"{COCALC}/**")
    opened.value.wait_for_load_state()
    ada.page.reload()
    ada.becomes("ready")
    world.keep()


def has_a_calendar(ada: Visit) -> str:
    """The address that the profile shows, which a program then asks."""
    ada.go("/profile/")
    ada.page.get_by_role("button", name="Create a calendar address").click()
    address = ada.page.get_by_label("Calendar address").input_value()
    status = ada.page.evaluate("(url) => fetch(url).then((it) => it.status)", address)
    assert status == 200
    return address


def teaches(emmy: Visit, ada: Visit) -> tuple[str, str, str]:
    """A course with work that is handed out and submitted; its address, and two links into it."""
    course = make_course(emmy, "Secrets")
    let_in(emmy, course, ada.student)
    work = make_work(emmy, course, "Tasks", file("tasks.txt", b"1\n"), points="1", due=in_days(2))
    press(emmy, work, "Hand out", "to 1 student")
    ends(emmy, "Hand out", 1)
    ada.go(course)
    card(ada, "Tasks").get_by_role("link", name="Open").click()
    expect(ada.page.get_by_role("rowheader", name="tasks.txt")).to_be_visible()
    ada.school.cocalc.write_file(project_in(ada), "tasks/tasks.txt", b"42\n")
    with ada.page.expect_response(lambda answer: answer.request.method == "POST"):
        ada.page.get_by_role("button", name="Submit", exact=True).click()

    def receipt() -> str:
        ada.go(course)
        return card(ada, "Tasks").inner_text()

    until(receipt, lambda text: "Submitted" in text)
    emmy.go(f"{course}people")
    emmy.page.get_by_role("button", name="Create a join link").click()
    join = emmy.page.locator("input[aria-label='Join link']").input_value()
    emmy.go(f"{course}people/add")
    emmy.page.get_by_label("User name or e-mail address").fill("zoe@school.test")
    emmy.page.get_by_role("button", name="Add").click()
    found = re.search(rf"{SITE}/invitations/[^\s\"'&<]+/", emmy.page.content())
    assert found
    return course, join, found[0]


def takes_an_invitation(zoe: Visit, link: str) -> None:
    zoe.page.goto(link)
    given = {"username": "zoe", "first_name": "Zoe", "last_name": "Zuse"}
    for name, text in (given | {"password1": FRESH, "password2": FRESH}).items():
        zoe.page.locator(f"main [name={name}]").fill(text)
    zoe.page.get_by_role("button", name="Create account and join").click()
    expect(zoe.page.get_by_role("heading", name="Secrets")).to_be_visible()


def forgets_the_password(world: World, visit: Visit, student: Student) -> str:
    """The link that was mailed, and used."""
    world.school.change("UPDATE auth_user SET email = ? WHERE id = ?", ADDRESS, student.pk)
    visit.go("/password/forgotten/")
    visit.page.get_by_label("E-mail address").fill(ADDRESS)
    visit.page.get_by_role("button", name="Send me a link").click()

    def mailed() -> str:
        texts = [str(mail.get_content()) for mail in world.office.mails]
        found = re.search(rf"{SITE}/password/new/\S+/", "\n".join(texts))
        return found[0] if found else ""

    link = until(mailed)
    visit.page.goto(link)
    for each in visit.page.locator("input[type=password]").all():
        each.fill(RENEWED)
    visit.page.locator("main form button").click()
    expect(visit.page).to_have_url(f"{SITE}/password/new/done/")
    return link


def looks_after_the_site(world: World) -> None:
    """Every list of the admin, and the first entry of each."""
    boss = next(world.school.staff)
    world.school.change("UPDATE auth_user SET is_superuser = 1 WHERE id = ?", boss.pk)
    visit = world.visit("the administrator", boss)
    visit.go("/admin/")
    # At once: the page refreshes itself.
    links = visit.page.eval_on_selector_all(
        "a[href^='/admin/']", "links => links.map((link) => link.getAttribute('href'))"
    )
    lists = {link for link in links if re.fullmatch(r"/admin/[a-z_]+/[a-z_]+/", link)}
    assert len(lists) > 10
    for address in sorted(lists):
        visit.go(address)
        entry = visit.page.locator("#result_list th a").first
        if entry.count():
            visit.go(str(entry.get_attribute("href")))
        world.keep()


def belongs(*patterns: str) -> tuple[str, ...]:
    return patterns


SITE_ = re.escape(SITE)
# Between one's own browser and the site, and in the table by which the site knows it.
OWN_COOKIE = belongs(
    r"^cookie __Host-\w+ of learn\.school\.test$",
    rf"^request header cookie of \w+ {SITE_}/",
    rf"^response header set-cookie of \w+ {SITE_}/",
)


def link(kind: str, address: str, *more: str, after: str = "/") -> Secret:
    """A link that lets in: in its own address, and where the site shows it to who may pass it on.

    A browser tells the site itself, and nobody else, from which of its pages it comes.
    """
    secret = address.rstrip("/").removesuffix(".ics").rpartition(after)[2]
    own = re.escape(address.rpartition(secret)[0])
    return Secret(
        kind,
        secret,
        belongs(
            rf"^(request (url|body|header \S+)|response (body|header \S+)) of \w+ {own}",
            rf"^(history|the page's text) at {own}",
            rf"^history at {SITE_}/",  # of the tab in which it was opened
            rf"^document\.referrer at {SITE_}/",
            rf"^request header referer of \w+ {SITE_}/",
            *more,
        ),
    )


def secrets_of(world: World, ada: Student, links: list[Secret], codes: set[str]) -> list[Secret]:
    """All that is known, each with the places where it belongs."""
    c = re.escape(COCALC)
    token = belongs(
        # The address of the frame: as the page is told it, and as the browser goes there.
        rf"^response body of POST {SITE_}/projects/[\w-]+/session$",
        rf"^request url of GET {c}/",
        rf"^response header location of GET {c}/",  # CoCalc's own
        # A tab of its own, at CoCalc.
        rf"^response header location of POST {SITE_}/projects/[\w-]+/tab$",
        rf"^(history|the page's text) at {c}/",
        rf"^request body of POST {c}/",  # as its own page uses it
        # Given back, so that the site ends it.
        rf"^request body of POST {SITE_}/sessions/[\w-]+/signed-in$",
        # Chromium itself tells of a frame's address there, to whoever opened its tools.
        r"^console of \w+$",
    )
    code = belongs(*token[:-2])
    return [
        Secret("the site's key for CoCalc", KEY),
        Secret("the site's own key", world.secret_key),
        Secret("the token of the numbers", METRICS),
        *(Secret(TOKEN, each, token) for each in world.wire.tokens),
        *(Secret("a code of the door", each, code) for each in codes),
        Secret("a wrong password", WRONG, belongs(rf"^request body of POST {SITE_}/sign-in/$")),
        Secret("a password", PASSWORD, belongs(rf"^request body of POST {SITE_}/sign-in/$")),
        Secret(
            "a password that was chosen",
            FRESH,
            belongs(rf"^request body of POST {SITE_}/invitations/"),
        ),
        Secret("a new password", RENEWED, belongs(rf"^request body of POST {SITE_}/password/new/")),
        Secret(
            "a sign-in that was there",
            ada.session,
            (*OWN_COOKIE, r"^row django_session\.session_key$"),
        ),
        *links,
    ]


def test_no_secret_is_anywhere_else(world: World) -> None:
    student = world.school.student()
    ada, emmy = world.visit("ada"), world.visit("emmy", next(world.school.teachers))
    ada.go("/projects/mine/")
    ada.sign_in(student, WRONG)
    expect(ada.page.get_by_role("alert")).to_be_visible()
    ada.sign_in(student)
    ada.sees_files()
    works_in_a_notebook(world, ada)
    calendar = has_a_calendar(ada)
    _course, join, invitation = teaches(emmy, ada)
    world.keep()
    takes_an_invitation(world.visit("zoe"), invitation)
    bob = world.visit("bob", world.school.student())
    bob.page.goto(join)
    bob.page.get_by_role("button", name="Join the course").click()
    expect(bob.page.get_by_role("heading", name="Secrets")).to_be_visible()
    world.keep()
    looks_after_the_site(world)
    reset = forgets_the_password(world, world.visit("ada, elsewhere"), student)

    sessions = {
        cookie.get("value", ""): cookie.get("name", "")
        for recorder in world.recorders
        for cookie in recorder.cookies()
        if str(cookie.get("name")).startswith("__Host-")
    }
    for recorder in world.recorders:
        recorder.finish()
    hay = world.haystack
    for name, value in world.wire.headers:
        if name.lower() != "authorization":  # the key, to CoCalc
            hay.add(f"header {name} from the site to CoCalc", value)
    for name, value in world.elsewhere.heard:
        hay.add(f"{name} at another site", value)
    assert len(world.elsewhere.heard) > 4
    rows_into(hay, world.school.store)
    logs_into(hay, *world.logs)
    pattern = re.compile(rf"{re.escape(COCALC)}/\.lectern/\w+/([\w-]{{43}})")
    codes = {code for _, text in hay.parts for code in pattern.findall(text)}
    assert bool(codes) == (world.by == "door")
    teacher = (
        rf"^(response body of|the page's text at) (\w+ )?{SITE_}/courses/\d+/(people|join-link)"
    )
    links = [
        link("an invitation", invitation, teacher, rf"of \w+ {SITE_}/courses/\d+/people/add$"),
        # It is kept, so that teachers find it again; only they are shown it.
        link("a join link", join, teacher, r"^row classroom_course\.join_code$"),
        link(
            "a calendar's address",
            calendar,
            rf"^(response body of GET|the page's text at) {SITE_}/profile/$",
        ),
        link("a link for a new password", reset, after="."),
    ]
    cookies = [
        Secret(f"the cookie {name}", value, (*OWN_COOKIE, r"^row django_session\.session_key$"))
        for value, name in sessions.items()
    ]
    secrets = [*secrets_of(world, student, links, codes), *cookies]
    # What is looked for was there: in what each of them belongs to.
    for secret in secrets:
        if secret.belongs and not (world.by == "door" and secret.kind == TOKEN):
            assert next(hay.places(secret), None), secret.kind
    kinds = {place.partition(" ")[0] for place, _ in hay.parts}
    assert {"log", "row", "request", "response", "cookie", "history"} <= kinds
    found = hay.leaks(secrets)
    assert not found, "\n".join(map(str, found))
