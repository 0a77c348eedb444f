"""Who may ask what of the classroom: every address, every kind of person, every method.

What is not in the table is not in the URLconf, and the other way round. Whoever is refused changes
nothing, and whoever only looks changes nothing either.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, resolve, reverse

from classroom import urls
from classroom.models import Membership, Role, Transfer
from embedding.cocalc.errors import CannotConnect
from tests.classroom import factories
from tests.classroom import permissions_world as secrets
from tests.classroom.permissions_world import World, make_world
from tests.conftest import HttpsClient

PEOPLE = (
    *("out", "stranger", "removed", "other", "admin"),
    *("student", "classmate", "assistant", "teacher"),
)

# Each line: an address, a method, and the outcome for each of PEOPLE, one for all of them, or one
# for who is signed out and one for all others.
# `sign-in` leads there, `>name` to that address. All ids are the course's own; the person named
# by an address is the classmate. `removed` was a student, `other` teaches another course, and
# `admin` is a superuser who is in no course.
TABLE = """
today                  GET  sign-in 200
today                  POST 405
profile                GET  sign-in 200
profile                POST sign-in >profile
calendar-renew         GET  405
calendar-renew         POST sign-in >profile
calendar               GET  200
calendar               POST 405
courses                GET  sign-in 200     200 200     200     200       200       200         200
courses                POST 405
course-new             GET  sign-in 403     403 200     403     403       403       403         200
course-new             POST sign-in 403     403 >people 403     403       403       403         >people
course                 GET  sign-in 404     404 404     404     200       200       200         200
course                 POST 405
course-settings        GET  sign-in 404     404 404     404     403       403       403         200
course-settings        POST sign-in 404     404 404     404     403       403       403         >course-settings
course-delete          GET  sign-in 404     404 404     404     403       403       403         >course-settings
course-delete          POST sign-in 404     404 404     404     403       403       403         >course-settings
course-copy            GET  sign-in 404     404 404     404     403       403       403         200
course-copy            POST sign-in 404     404 404     404     403       403       403         >course-copying
course-copying         GET  sign-in 404     404 404     404     403       403       200         200
course-copying         POST 405
assignments-use        GET  sign-in 404     404 404     404     403       403       403         200
assignments-use        POST sign-in 404     404 404     404     403       403       403         200
assignment-copy-again  GET  405
assignment-copy-again  POST sign-in 404     404 404     404     403       403       403         >assignment-files
projects               GET  sign-in 404     404 404     404     403       403       200         200
projects               POST sign-in 404     404 404     404     403       403       >step-progress >step-progress
dates                  GET  sign-in 404     404 404     404     403       403       403         200
dates                  POST sign-in 404     404 404     404     403       403       403         >dates
course-archived        GET  405
course-archived        POST sign-in 404     404 404     404     403       403       403         >course-settings
people                 GET  sign-in 404     404 404     404     403       403       200         200
people                 POST 405
people-import          GET  sign-in 404     404 404     404     403       403       403         200
people-import          POST sign-in 404     404 404     404     403       403       403         200
people-add             GET  sign-in 404     404 404     404     403       403       403         200
people-add             POST sign-in 404     404 404     404     403       403       403         >people
people-prepare         GET  405
people-prepare         POST sign-in 404     404 404     404     403       403       >people     >people
person-remove          GET  sign-in 404     404 404     404     403       403       403         200
person-remove          POST sign-in 404     404 404     404     403       403       403         >people
person-restore         GET  405
person-restore         POST sign-in 404     404 404     404     403       403       403         >people
person-role            GET  405
person-role            POST sign-in 404     404 404     404     403       403       403         >people
sections               GET  sign-in 404     404 404     404     403       403       403         200
sections               POST 405
section-move           GET  405
section-move           POST sign-in 404     404 404     404     403       403       403         >people
section-rename         GET  405
section-rename         POST sign-in 404     404 404     404     403       403       403         >sections
section-remove         GET  405
section-remove         POST sign-in 404     404 404     404     403       403       403         >sections
section-assistant      GET  405
section-assistant      POST sign-in 404     404 404     404     403       403       403         >sections
section-dates          GET  sign-in 404     404 404     404     403       403       403         200
section-dates          POST sign-in 404     404 404     404     403       403       403         >section-dates
accommodations         GET  sign-in 404     404 404     404     403       403       403         200
accommodations         POST 405
accommodation          GET  sign-in 404     404 404     404     403       403       403         200
accommodation          POST sign-in 404     404 404     404     403       403       403         200
join-link              GET  405
join-link              POST sign-in 404     404 404     404     403       403       403         >people
invitation-links       GET  405
invitation-links       POST sign-in 404     404 404     404     403       403       403         200
invitation-renew       GET  405
invitation-renew       POST sign-in 404     404 404     404     403       403       403         >people
invitation-cancel      GET  405
invitation-cancel      POST sign-in 404     404 404     404     403       403       403         >people
address                GET  sign-in 200
address                POST sign-in >address
address-prove          GET  sign-in 403     403 403     403     403       200       403         403
address-prove          POST sign-in 403     403 403     403     403       >address  403         403
join                   GET  200     200     403 200     200     >course   >course   >course     >course
join                   POST sign-in >course 403 >course >course >course   >course   >course     >course
invitation             GET  200     200     200 200     200     200       200       200         200
invitation             POST >course >course 403 >course >course >course   >course   >course     >course
assignment-new         GET  sign-in 404     404 404     404     403       403       403         200
assignment-new         POST sign-in 404     404 404     404     403       403       403         >assignment-files
assignments-removed    GET  sign-in 404     404 404     404     403       403       403         200
assignments-removed    POST 405
assignment-edit        GET  sign-in 404     404 404     404     403       403       403         200
assignment-edit        POST sign-in 404     404 404     404     403       403       403         >assignment-edit
assignment-remove      GET  sign-in 404     404 404     404     403       403       403         200
assignment-remove      POST sign-in 404     404 404     404     403       403       403         >assignments-removed
assignment-restore     GET  405
assignment-restore     POST sign-in 404     404 404     404     403       403       403         >assignment
assignment-files       GET  sign-in 404     404 404     404     403       403       200         200
assignment-files       POST 405
assignment-upload      GET  405
assignment-upload      POST sign-in 404     404 404     404     403       403       403         >assignment-files
assignment-browse      GET  sign-in 404     404 404     404     403       403       403         >assignment-files
assignment-browse      POST sign-in 404     404 404     404     403       403       403         >assignment-files
assignment-bring       GET  405
assignment-bring       POST sign-in 404     404 404     404     403       403       403         404
assignment-check       GET  405
assignment-check       POST sign-in 404     404 404     404     403       403       403         >assignment-files
assignment-file-remove GET  405
assignment-file-remove POST sign-in 404     404 404     404     403       403       403         >assignment-files
assignment-file-rename GET  405
assignment-file-rename POST sign-in 404     404 404     404     403       403       403         >assignment-files
assignment-approve     GET  sign-in 404     404 404     404     403       403       403         200
assignment-approve     POST sign-in 404     404 404     404     403       403       403         >assignment-files
extensions             GET  sign-in 404     404 404     404     403       403       403         200
extensions             POST sign-in 404     404 404     404     403       403       403         >extensions
extension              GET  sign-in 404     404 404     404     403       403       403         200
extension              POST sign-in 404     404 404     404     403       403       403         >extensions
extension-remove       GET  405
extension-remove       POST sign-in 404     404 404     404     403       403       403         >extensions
assignment             GET  sign-in 404     404 404     404     >course   >course   200         200
assignment             POST sign-in 405     405 405     405     405       405       405         405
step                   GET  sign-in 405     405 405     405     405       405       405         405
step                   POST sign-in 404     404 404     404     403       403       >assignment >assignment
steps                  GET  sign-in 404     404 404     404     403       403       200         200
steps                  POST sign-in 405     405 405     405     405       405       405         405
step-progress          GET  sign-in 404     404 404     404     403       403       200         200
step-progress          POST sign-in 405     405 405     405     405       405       405         405
step-retry             GET  sign-in 405     405 405     405     405       405       405         405
step-retry             POST sign-in 404     404 404     404     403       403       >assignment >assignment
open                   GET  sign-in 404     404 404     404     >notebook >notebook 403         403
open                   POST sign-in 404     404 404     404     >notebook >notebook 403         403
saved                  GET  sign-in 404     404 404     404     503       503       403         403
saved                  POST 405
submit                 GET  405
submit                 POST sign-in 404     404 404     404     >course   >course   403         403
submitting             GET  sign-in 404     404 404     404     >course   >course   403         403
submitting             POST 405
returned               GET  sign-in 404     404 404     404     200       200       403         403
returned               POST sign-in 404     404 404     404     >returned >returned 403         403
time-left              GET  sign-in 404     404 404     404     200       200       403         403
time-left              POST 405
submitted              GET  sign-in 404     404 404     404     404       503       503         503
submitted              POST 405
submitted-download     GET  sign-in 404     404 404     404     404       503       503         503
submitted-download     POST 405
submitted-zip          GET  sign-in 404     404 404     404     404       503       503         503
submitted-zip          POST 405
grades                 GET  sign-in 404     404 404     404     403       403       200         200
grades                 POST 405
grades-enter           GET  sign-in 404     404 404     404     403       403       200         200
grades-enter           POST sign-in 404     404 404     404     403       403       400         400
grades-csv             GET  sign-in 404     404 404     404     403       403       200         200
grades-csv             POST 405
grades-import          GET  sign-in 404     404 404     404     403       403       200         200
grades-import          POST sign-in 404     404 404     404     403       403       200         200
grade-first            GET  sign-in 404     404 404     404     403       403       >grade      >grade
grade-first            POST 405
grade                  GET  sign-in 404     404 404     404     403       403       200         200
grade                  POST sign-in 404     404 404     404     403       403       >grade      >grade
look-answer            GET  405
look-answer            POST sign-in 404     404 404     404     403       403       >grade      >grade
waive                  GET  405
waive                  POST sign-in 404     404 404     404     403       403       >grade      >grade
kept-comment-remove    GET  405
kept-comment-remove    POST sign-in 404     404 404     404     403       403       >grade      >grade
grade-list             GET  sign-in 404     404 404     404     403       403       200         200
grade-list             POST 405
grade-hidden           GET  sign-in 404     404 404     404     403       403       200         200
grade-hidden           POST sign-in 404     404 404     404     403       403       >grade-hidden >grade-hidden
kept-comment-remove-hidden GET  405
kept-comment-remove-hidden POST sign-in 404 404 404     404     403       403       >grade-hidden >grade-hidden
autograde-copy-hidden  GET  405
autograde-copy-hidden  POST sign-in 404     404 404     404     403       403       >grade-hidden >grade-hidden
collected-zip          GET  sign-in 404     404 404     404     403       403       200         200
collected-zip          POST 405
statistics             GET  sign-in 404     404 404     404     403       403       200         200
statistics             POST 405
run                    GET  sign-in 404     404 404     404     403       403       200         200
run                    POST sign-in 404     404 404     404     403       403       >run-result >run-result
run-assignment         GET  sign-in 404     404 404     404     403       403       200         200
run-assignment         POST sign-in 404     404 404     404     403       403       >run-result >run-result
autograde              GET  405
autograde              POST sign-in 404     404 404     404     403       403       >run-result >run-result
autograde-copy         GET  405
autograde-copy         POST sign-in 404     404 404     404     403       403       >run-result >run-result
run-result             GET  sign-in 404     404 404     404     403       403       200         200
run-result             POST 405
run-output             GET  sign-in 404     404 404     404     403       403       200         200
run-output             POST 405
run-again              GET  405
run-again              POST sign-in 404     404 404     404     403       403       >run-result >run-result
notices                GET  sign-in 200
notices                POST 405
notices-read           GET  405
notices-read           POST sign-in >notices
mail-choices           GET  sign-in 200
mail-choices           POST sign-in >mail-choices
unsubscribe            GET  200
unsubscribe            POST 200
"""  # noqa: E501

COURSE = {"title": "Physics 2", "time_zone": "Europe/Rome", "term": "", "description": ""}
ASSIGNMENT = {"title": "Homework 2", "handout": "no", "late_policy": "closed"}

# What a POST sends, so that it is done where it may be.
FORMS: dict[str, dict[str, Any]] = {
    "profile": {"first_name": "Learner", "time_zone": "Asia/Kolkata", "color_scheme": "dark"},
    "course-new": COURSE,
    "course-settings": COURSE,
    "course-copy": {
        "title": "Physics 3",
        "first": "",
        "seen": "none",
        "asked": "4b2d7f54-9c0e-4a0e-9a50-6f1f2f0f7c11",
    },
    "projects": {"kind": "start"},
    "people-import": {"text": "username\nnobody\n"},
    "people-add": {"who": "sam", "role": "student"},
    "people-prepare": {},
    "person-role": {"role": "teacher"},
    "section-move": {"section": "Lab"},
    "section-rename": {"section": "Lab", "name": "Monday"},
    "section-remove": {"section": "Lab"},
    "section-assistant": {"section": "Lab"},
    "accommodation": {"percent": "50", "days": "0", "hours": "0"},
    "extensions": {"how": "longer", "days": "1", "section": "Lab"},
    "assignment-new": ASSIGNMENT,
    "assignment-edit": ASSIGNMENT | {"points": "10"},  # as they are: others would be asked about
    "assignment-remove": {"title": "Homework 1"},
    "extension": {"due": "2036-11-27T23:59", "reason": ""},
    "step": {"kind": "collect", "who": "all"},
    "grade": {"score": "3", "comment": "", "seen": "0"},
    "grade-hidden": {"score": "3", "comment": "", "seen": "0"},
    "returned": {"text": "Please look again.", "seen": secrets.RETURNED.isoformat()},
    "look-answer": {"outcome": "kept", "answer": "", "look": secrets.LOOK},
    "grades-import": {"text": "Username,Homework 1\nbob,9\n"},
    "run": {"command": "true", "timeout": "9", "who": "all"},
    "run-assignment": {"command": "true", "timeout": "9", "who": "all"},
    "autograde": {"who": "all"},
    "autograde-copy": {"notebook": "hw.ipynb", "copy": "hw (1).ipynb"},
    "mail-choices": {"when": "daily"},
    "invitation": {
        "username": "fresh",
        "password1": "a-long-pass-phrase",
        "password2": "a-long-pass-phrase",
    },
}
# These take other ids than those of the course's usual assignment, person or step.
NAMELESS = {"assignment": "nameless", "code": "shade"}
OTHERS = {
    "calendar": {"signed": "calendar"},
    "person-restore": {"member": "removed"},
    "section-assistant": {"member": "helper"},
    "assignment-restore": {"assignment": "gone"},
    "look-answer": {"member": "removed"},
    "grade-list": {"assignment": "nameless"},
    "grade-hidden": NAMELESS,
    "kept-comment-remove-hidden": NAMELESS,
    "autograde-copy-hidden": NAMELESS,
    "run-result": {"batch": "run"},
    "run-output": {"batch": "run"},
    "run-again": {"batch": "run"},
}
# Whoever looks changes nothing, except: a student who opens work says that it was opened. That
# staff looked is in the audit log (test_acts.py).
WRITES_ON_GET = {"open"}
OF_STUDENTS = {"open", "saved", "submit", "submitting", "time-left", "returned"}
# What these name is one student's own.
OF_THE_CLASSMATE = {"submitted", "submitted-download", "submitted-zip"}

SECRETS = (
    *(secrets.DRAFT, secrets.COMING_TEXT, secrets.ADA_COMMENT, secrets.BOB_COMMENT),
    *(secrets.BOB_NAME, secrets.BOB_NUMBER, secrets.BOB_FILE, secrets.UNRETURNED),
    *(secrets.REASON, secrets.STDOUT, secrets.INVITED),
)
OWN = {
    "student": {secrets.ADA_COMMENT},
    "classmate": {
        *(secrets.BOB_COMMENT, secrets.BOB_NAME, secrets.BOB_FILE, secrets.REASON),
    },
    "assistant": {*SECRETS} - {secrets.INVITED},
    "teacher": {*SECRETS},
}
NOT_FOR = {who: [text for text in SECRETS if text not in OWN.get(who, ())] for who in PEOPLE}

PATTERNS: dict[str, URLPattern] = {str(pattern.name): pattern for pattern in urls.urlpatterns}


class _Nowhere:
    """A CoCalc that nobody can reach."""

    def __getattr__(self, name: str) -> Any:
        raise CannotConnect(name, "there is none")


@pytest.fixture
def room(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """A course, and a CoCalc that nobody can reach."""
    monkeypatch.setattr("embedding.client._client", _Nowhere)
    world = make_world()
    world.people["other"] = make_world("x").people["teacher"]
    world.people["admin"] = factories.make_user("root", is_staff=True, is_superuser=True)
    return world


def address(name: str, ids: dict[str, Any]) -> str:
    wanted = PATTERNS[name].pattern.converters
    others = OTHERS.get(name, {})
    return reverse(f"classroom:{name}", kwargs={key: ids[others.get(key, key)] for key in wanted})


def ask(client: HttpsClient, method: str, url: str, name: str) -> tuple[Any, list[str]]:
    """Ask, take back what was done, and return the answer and what was written meanwhile."""
    connection.queries_log.clear()  # it keeps some thousands, and warns
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        data = FORMS.get(name, {}) if method == "POST" else {}
        answer = getattr(client, method.lower())(url, data)
        answer.body = answer.getvalue()
        transaction.set_rollback(True)
    looked = method in ("GET", "HEAD") and answer.status_code in (200, 302, 503)
    log = 'INSERT INTO "embedding_event"' if looked else "nothing"
    written = [
        query["sql"]
        for query in queries.captured_queries
        if re.match(r"(INSERT|UPDATE|DELETE)\b", query["sql"])
        and not re.search(r'"django_session"', query["sql"])
        and not query["sql"].startswith(log)
    ]
    return answer, written


def outcome(answer: Any) -> str:
    if answer.status_code != 302:
        return str(answer.status_code)
    where = answer["Location"]
    assert where.startswith("/"), f"leads elsewhere: {where}"
    found = resolve(re.sub("[?#].*", "", where))
    return "sign-in" if found.url_name == "login" else f">{found.url_name}"


def rows() -> Iterator[tuple[str, str, dict[str, str]]]:
    for line in TABLE.strip().splitlines():
        name, method, *expected = line.split()
        out, *others = expected * 2 if len(expected) == 1 else expected
        everybody = [out, *(others if len(others) > 1 else others * (len(PEOPLE) - 1))]
        yield name, method, dict(zip(PEOPLE, everybody, strict=True))


def test_the_table_names_every_address() -> None:
    named = [(name, method) for name, method, _ in rows()]
    assert sorted(named) == sorted(itertools.product(PATTERNS, ("GET", "POST")))


def test_the_table_keeps_the_rules() -> None:
    """A slip in the table shows: but for the ways in, nobody from outside gets anywhere."""
    ways_in = {"courses", "course-new", "join", "invitation", "address", "address-prove"}
    ways_in |= {"today", "profile", "calendar", "calendar-renew"}
    own = {"notices", "notices-read", "mail-choices", "unsubscribe"}
    for name, method, expected in rows():
        if name in ways_in | own:
            continue
        assert expected["out"] in ("sign-in", "405"), name
        for who in ("stranger", "removed", "other", "admin"):
            assert expected[who] in ("404", "405"), (name, method, who)
        if name in OF_THE_CLASSMATE:
            assert expected["student"] in ("404", "405"), (name, method)
            continue
        assert expected["student"] == expected["classmate"], (name, method)
        if name not in ("course", "assignment", *OF_STUDENTS):
            assert expected["student"] in ("403", "405"), (name, method)
        if expected["assistant"] != "403":
            assert expected["assistant"] == expected["teacher"], (name, method)


def test_every_address_answers_each_person_as_the_table_says(room: World) -> None:
    wrong = []
    for name, method, expected in rows():
        url = address(name, room.ids)
        for who, wanted in expected.items():
            answer, written = ask(HttpsClient(room.people[who]), method, url, name)
            found = outcome(answer)
            if found != wanted:
                wrong.append(f"{method} {url} as {who}: {found}, not {wanted}")
            looks = method == "GET" and name not in WRITES_ON_GET
            if written and (looks or found in ("sign-in", "403", "404", "405")):
                wrong.append(f"{method} {url} as {who}: {found}, and yet {written}")
            wrong += [
                f"{method} {url} shows {who} “{text}”"
                for text in NOT_FOR[who]
                if text.encode() in answer.body
            ]
            if found == "200" and "no-store" not in answer.headers.get("Cache-Control", ""):
                wrong.append(f"{method} {url} as {who}: may be kept by a cache")
    assert not wrong, "\n".join(wrong)


def test_an_administrator_who_looks_reads_as_a_teacher_and_changes_nothing(room: World) -> None:
    """With a reason, for a while: every page of the course, and no write, however it is asked."""
    client = HttpsClient(room.people["admin"])
    look = reverse("admin:course-look", args=[room.course.pk])
    assert client.post(look, {"reason": "Ada asked."}).status_code == 302
    wrong = []
    for name, method, expected in rows():
        answer, written = ask(client, method, address(name, room.ids), name)
        found = outcome(answer)
        of_course = "course" in PATTERNS[name].pattern.converters
        wanted = expected["teacher" if of_course and method == "GET" else "admin"]
        if name == "course-copy" and method == "GET":
            wanted = "403"  # a course of one's own is for the site's teachers to make
        if of_course and method == "POST":
            wanted = "405" if expected["teacher"] == "405" else "403"
        if found != wanted:
            wrong.append(f"{method} {name}: {found}, not {wanted}")
        if not of_course:
            continue
        events = [sql for sql in written if 'INTO "embedding_event"' in sql]
        if written and (method == "POST" or events != written):
            wrong.append(f"{method} {name}: {found}, and yet {written}")
        if found == "200" and b"<main" in answer.body and b"Stop looking" not in answer.body:
            wrong.append(f"{method} {name} does not say that somebody looks")
        if str(room.ids["code"]).encode() in answer.body:
            wrong.append(f"{method} {name} shows the link by which one joins")
    assert not wrong, "\n".join(wrong)


def test_whoever_looks_opens_no_project(room: World) -> None:
    client = HttpsClient(room.people["admin"])
    client.post(reverse("admin:course-look", args=[room.course.pk]), {"reason": "Ada asked."})
    mine = Membership.objects.get(course=room.course, user=room.people["student"]).project
    for project in (mine, room.course.project):
        assert project
        for name, *more in (("files",), ("trash",), ("folder", "x"), ("notebook", "a.ipynb")):
            url = reverse(f"embedding:{name}", args=[project.project_id, *more])
            assert client.get(url).status_code == 404, url
            assert client.post(url).status_code in (404, 405), url


def test_an_assistant_of_another_section_is_shown_nothing_of_a_student(room: World) -> None:
    """Whatever names Bob, who is in a lab, is refused; whatever lists students leaves him out."""
    theo = Membership.objects.get(pk=room.ids["helper"])
    theo.section_duties.create(section="Lecture")
    of_bob = [
        *(secrets.BOB_COMMENT, secrets.BOB_NAME, secrets.BOB_NUMBER, secrets.BOB_FILE),
        *(secrets.REASON, secrets.STDOUT, f"{secrets.UNRETURNED}-{room.ids['member']}"),
    ]
    shown = []
    for name, method in itertools.product(PATTERNS, ("GET", "POST")):
        if name in ("calendar", "unsubscribe"):  # Bob's own, by his secret
            continue
        url = address(name, room.ids)
        answer, _written = ask(HttpsClient(theo.user), method, url, name)
        shown += [(method, name, text) for text in of_bob if text.encode() in answer.body]
    assert shown == []


def test_no_other_method_is_taken_anywhere(room: World) -> None:
    client = HttpsClient(room.people["teacher"])
    for name in PATTERNS:
        for method in ("PUT", "PATCH", "DELETE"):
            answer, written = ask(client, method, address(name, room.ids), name)
            assert answer.status_code == 405, (name, method)
            assert not written, (name, method)


def test_looking_by_head_changes_nothing_either(room: World) -> None:
    for who in ("student", "teacher"):
        for name in PATTERNS.keys() - WRITES_ON_GET:
            answer, written = ask(
                HttpsClient(room.people[who]), "HEAD", address(name, room.ids), name
            )
            assert answer.status_code in (200, 302, 403, 404, 405, 503), (name, who)
            assert not written, (name, who, written)


def test_ids_of_another_course_lead_nowhere(room: World) -> None:
    """Also for one who is in both courses: an id belongs to its own course's address."""
    elsewhere = make_world("y")
    both = {Role.TEACHER: factories.make_user("both"), Role.STUDENT: factories.make_user("twice")}
    for role, someone in both.items():
        factories.enrol(room.course, someone, role)
        factories.enrol(elsewhere.course, someone, role)
    asked = 0
    for name, pattern in PATTERNS.items():
        keys = {*pattern.pattern.converters} - {"code", "signed", "proof", "stop"}
        for mixed in itertools.product((room, elsewhere), repeat=len(keys)):
            ids = dict(room.ids)
            for key, world in zip(sorted(keys), mixed, strict=True):
                own = OTHERS.get(name, {}).get(key, key)
                ids[own] = world.ids[own]
            role = Role.STUDENT if name in OF_STUDENTS else Role.TEACHER
            people = [room.people[role]] if elsewhere in mixed else []
            if room in mixed and elsewhere in mixed:
                people.append(both[role])
            for user, method in itertools.product(people, ("GET", "POST")):
                url = address(name, ids)
                answer, written = ask(HttpsClient(user), method, url, name)
                assert answer.status_code in (404, 405), (method, url, user, name)
                assert not written, (method, url, user)
                asked += 1
    assert asked > 300


def test_an_output_is_of_its_own_run(room: World) -> None:
    """Within one course too, a run's address gives out nothing of another step."""
    step = Transfer.objects.get(batch=room.ids["batch"])
    client = HttpsClient(room.people["teacher"])
    course, run = room.ids["course"], room.ids["run"]
    for batch, transfer in ((run, step.pk), (room.ids["batch"], step.pk)):
        url = reverse("classroom:run-output", args=[course, batch, transfer])
        assert client.get(url).status_code == 404
    assert client.get(address("run-output", room.ids)).status_code == 200


@pytest.mark.parametrize("wrong", ["0", "99999999", "9" * 30])
def test_ids_of_nothing_lead_nowhere(room: World, wrong: str) -> None:
    for name, pattern in PATTERNS.items():
        client = HttpsClient(room.people["student" if name in OF_STUDENTS else "teacher"])
        for key in {*pattern.pattern.converters} - {"code", "signed", "proof", "stop"}:
            url = address(name, room.ids | {OTHERS.get(name, {}).get(key, key): int(wrong)})
            for method in ("GET", "POST"):
                answer, _ = ask(client, method, url, name)
                assert answer.status_code in (404, 405), (method, url)


def test_no_form_of_another_site_is_taken(room: World) -> None:
    """Without the page's own token nothing is done, whoever is signed in."""
    asked = 0
    for name, method, expected in rows():
        if method != "POST" or set(expected.values()) == {"405"}:
            continue
        if name == "unsubscribe":  # it is for mail programs, and signed
            continue
        for who in ("student", "teacher"):
            client = HttpsClient(room.people[who], csrf=True)
            answer, written = ask(client, method, address(name, room.ids), name)
            assert answer.status_code in (403, 405), (name, who)
            assert not written, (name, who)
            asked += 1
    assert asked > 60


def test_of_what_is_to_come_a_student_sees_the_title_and_the_day(room: World) -> None:
    client = HttpsClient(room.people["student"])
    page = client.get(address("course", room.ids)).content.decode()
    assert "Coming" in page
    # What is read; ids in addresses may hold anything.
    read = re.sub(r"<script.*?</script>|[\w-]+=\"[^\"]*\"", "", page, flags=re.DOTALL)
    assert "77" not in read
    for text in (secrets.COMING_TEXT, "coming-folder", secrets.DRAFT, "Gone"):
        assert text not in page
    for title in ("Coming", secrets.DRAFT, "Gone"):
        assignment = room.course.assignments.get(title=title)
        for name, method in (("open", "get"), ("open", "post"), ("submit", "post")):
            url = address(name, room.ids | {"assignment": assignment.pk})
            assert getattr(client, method)(url).status_code == 404, (title, name)


def test_projects_open_for_their_own_people_alone(room: World) -> None:
    """The course's project holds everybody's work; a student's own holds nobody else's."""
    mine, theirs, gone = (
        Membership.objects.get(course=room.course, user=room.people[who]).project
        for who in ("student", "classmate", "removed")
    )
    assert mine
    assert theirs
    assert gone
    may = {
        "student": {mine},
        "classmate": {theirs},
        "assistant": {mine, theirs, gone, room.course.project},
    }
    for who in ("stranger", "student", "classmate", "removed", "assistant", "other", "admin"):
        client = HttpsClient(room.people[who])
        for project in (mine, theirs, gone, room.course.project):
            for name, *more in (("files",), ("trash",), ("folder", "x"), ("notebook", "a.ipynb")):
                url = reverse(f"embedding:{name}", args=[project.project_id, *more])
                wanted = 200 if project in may.get(who, set()) else 404
                assert client.get(url).status_code == wanted, (who, url)
