"""The pages of a list: what its columns are, said once, and what each line would do."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from classroom.models import Course, Invitation, Membership, RosterShape
from classroom.people.roster_columns import recognise
from classroom.people.roster_memory import remember
from classroom.people.roster_table import table_of
from tests.classroom import factories
from tests.classroom.people import workbooks
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db

CASES = Path(__file__).resolve().parents[2] / "cases"
PLAIN = "ada,Ada,Lovelace,ada@uni.test\njo,Jo,Cruz,jo@uni.test\n"


class Desk:
    """A teacher who adds lists."""

    def __init__(self) -> None:
        self.teacher = factories.make_user("tess", teacher=True)
        self.course = factories.make_course(self.teacher)
        self.browser = HttpsClient(self.teacher)

    def post(self, course: Course | None = None, **data: Any) -> str:
        url = reverse("classroom:people-import", args=[(course or self.course).pk])
        return self.browser.post(url, data, follow=True).content.decode()

    def file(self, name: str) -> str:
        return self.post(file=SimpleUploadedFile(name, CASES.joinpath(name).read_bytes()))

    def choose(self, page: str, *meanings: str, header: bool = False, **more: Any) -> str:
        data: dict[str, Any] = {f"column-{at}": each for at, each in enumerate(meanings)}
        if header:
            data["has_header"] = "on"
        return self.post(table=hidden(page, "table"), **data, **more)

    def confirm(self, page: str) -> str:
        return self.post(confirmed=hidden(page, "confirmed"))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, page
    return found[1]


def chosen(page: str) -> list[str]:
    """Return what the page has chosen for each column."""
    selects = re.findall(r'<select name="column-\d+".*?</select>', page, re.DOTALL)
    return [
        found[1] if (found := re.search(r'value="([^"]*)" selected', each)) else ""
        for each in selects
    ]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_german_export_lets_no_namesakes_in(desk: Desk) -> None:
    factories.make_user("ada", first_name="Ada", last_name="Lovelace")
    factories.make_user("grace", first_name="Grace", last_name="Hopper")
    page = desk.file("roster-german-export.csv")
    assert "New: 2" in page
    assert chosen(page) == ["first_name", "last_name", "number", "email"]
    assert "Columns that we found" in page
    desk.confirm(page)
    assert Membership.objects.count() == 1
    rows = Invitation.objects.order_by("email")
    assert [(row.email, row.first_name, row.last_name, row.number) for row in rows] == [
        ("ada.baumann@uni.test", "Ada", "Baumann", "900417"),
        ("grace.okoro@uni.test", "Grace", "Okoro", "900418"),
    ]


def test_a_gradebook_of_canvas(desk: Desk) -> None:
    page = desk.file("roster-canvas-gradebook.csv")
    assert "New: 2" in page
    assert "We left out 1 line" in page
    assert "“Points Possible, 10” (line 2)" in page
    desk.confirm(page)
    row = Invitation.objects.get(email="mara.quinn@uni.test")
    assert (row.first_name, row.last_name) == ("Mara", "Quinn")
    assert (row.number, row.section) == ("s900417", "Biology 3 A")


def test_addresses_as_a_mail_program_copies_them(desk: Desk) -> None:
    page = desk.file("roster-outlook.txt")
    assert "New: 2" in page
    assert chosen(page) == []
    desk.confirm(page)
    assert Invitation.objects.count() == 2


def test_brightspace_and_its_marks(desk: Desk) -> None:
    factories.make_user("mquinn", first_name="Mara", last_name="Quinn", email="mara.quinn@uni.test")
    page = desk.file("roster-d2l.csv")
    assert "Joins: 1" in page
    assert "New: 1" in page
    desk.confirm(page)
    assert Membership.objects.get(user__username="mquinn").number == "900417"


def test_columns_without_names_are_asked_and_the_choice_is_kept(desk: Desk) -> None:
    factories.make_user("ada", first_name="Ada", last_name="Lovelace")
    page = desk.post(text=PLAIN)
    assert "This list has no column names" in page
    assert chosen(page) == ["", "", "", "email"]
    assert 'name="confirmed"' not in page
    assert "jo@uni.test" in page

    page = desk.choose(page, "", "first_name", "last_name", "")
    assert "the column with the user name or the e-mail address" in page
    assert 'name="confirmed"' not in page
    page = desk.choose(page, "name", "name", "", "email")
    assert "Two columns are “Full name”" in page
    assert not RosterShape.objects.exists()

    page = desk.choose(page, "username", "first_name", "last_name", "email")
    assert "Joins: 1" in page
    assert "New: 1" in page
    assert chosen(page) == ["username", "first_name", "last_name", "email"]
    again = desk.post(text="eve,Eve,Smith,eve@uni.test\nbob,Bob,Jones,bob@uni.test")
    assert "Set to your choices for a similar list" in again
    assert chosen(again) == ["username", "first_name", "last_name", "email"]
    # Another shape: three columns, or an address elsewhere.
    assert "This list has no column names" in desk.post(text="eve,Eve,eve@uni.test")
    assert "This list has no column names" in desk.post(text="eve@uni.test,Eve,Smith,eve")


def test_names_of_columns_are_remembered_in_any_course_of_the_same_teacher(desk: Desk) -> None:
    text = "Ism;Familiya;Pochta\nAda;Lovelace;ada@uni.test\n"
    page = desk.post(text=text)
    assert "do not recognise these column names" in page
    assert 'name="has_header" checked' in page
    desk.choose(page, "first_name", "last_name", "email", header=True)
    other = factories.make_course(desk.teacher, "Other")
    page = desk.post(other, text=text.replace("Ada", "Eve"))
    assert "New: 1" in page
    assert "Eve Lovelace" in page
    assert "Pochta" not in page.partition("What each line will do")[2]
    stranger = factories.make_user("other", teacher=True)
    course = factories.make_course(stranger, "Third")
    url = reverse("classroom:people-import", args=[course.pk])
    assert "do not recognise" in HttpsClient(stranger).post(url, {"text": text}).content.decode()


def test_what_was_recognised_can_be_changed(desk: Desk) -> None:
    page = desk.post(text="E-Mail,ID\nada@uni.test,7\n")
    assert chosen(page) == ["email", "number"]
    page = desk.choose(page, "email", "section", header=True)
    assert "New: 1" in page
    assert 'data-label="Section">7' in page
    page = desk.choose(page, "email", "section")
    assert "Problem: 1" in page  # the line of names is a person now


def test_roles_are_shown_and_only_students_let_in(desk: Desk) -> None:
    page = desk.post(text="Email,Role\nada@uni.test,Student\ntom@uni.test,TA\n")
    assert "New: 1" in page
    assert "Not a student: 1" in page
    assert "The list says “TA”" in page
    page = desk.choose(page, "email", "", header=True)
    assert "New: 2" in page


def test_a_workbook_and_its_sheet(desk: Desk) -> None:
    content = workbooks.xlsx(Notes=[["Hello"]], People=[["E-Mail"], ["ada@uni.test"]])
    page = desk.post(file=SimpleUploadedFile("list.xlsx", content))
    assert "We read the sheet “People” only" in page
    assert "New: 1" in page
    desk.confirm(page)
    assert Invitation.objects.get().email == "ada@uni.test"


def test_many_columns_are_folded(desk: Desk) -> None:
    names = ",".join(f"Week {at}" for at in range(40))
    page = desk.post(text=f"E-Mail,{names},Last name\nada@uni.test,{',' * 39},Lovelace\n")
    assert "35 more columns, ignored" in page
    assert chosen(page).count("last_name") == 1
    assert "Ada" not in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"table": "forged"}, "preview is too old"),
        ({"table": "forged", "column-0": "email"}, "preview is too old"),
        ({"text": "username,email\n"}, "no people below them"),
        ({"text": "<table><tr><td>ada"}, "web page"),
    ],
)
def test_what_cannot_be_read_is_told(desk: Desk, data: dict[str, Any], words: str) -> None:
    assert words in desk.post(**data)


def test_a_table_is_its_courses(desk: Desk) -> None:
    table = hidden(desk.post(text=PLAIN), "table")
    other = factories.make_course(desk.teacher, "Other")
    assert "preview is too old" in desk.post(other, table=table)
    # Nor can a table be sent as lines to confirm.
    assert "preview is too old" in desk.post(confirmed=table)


def test_nonsense_in_the_choice_is_nothing(desk: Desk) -> None:
    page = desk.post(text=PLAIN)
    more: dict[str, Any] = {"column-99": "username"}
    page = desk.choose(page, "is_superuser", "<b>", "", "email", **more)
    assert chosen(page) == ["", "", "", "email"]
    assert "New: 2" in page
    page = desk.choose(page, *[""] * 3, "email", header=True)
    assert "no people below them" not in page
    page = desk.post(text="x,ada@uni.test")
    assert "no people below them" in desk.choose(page, "", "email", header=True)


def test_html_in_cells_is_text(desk: Desk) -> None:
    page = desk.post(text="<b>x</b>,<script>alert(1)</script>,ada@uni.test\na,b,c@uni.test")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_only_the_last_hundred_shapes_are_kept(desk: Desk) -> None:
    user: User = desk.teacher
    for at in range(103):
        columns = recognise(table_of(f"Word {at},Mail\nx,ada@uni.test"))
        remember(user, columns)
    assert RosterShape.objects.filter(user=user).count() == 100
    user.delete()
    assert not RosterShape.objects.exists()
