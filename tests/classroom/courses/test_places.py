"""From a notebook's page back to its course."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from classroom.models import Assignment, Course, Membership, Role, Submission
from embedding.models import CocalcProject
from tests.classroom import factories
from tests.conftest import HttpsClient


@pytest.fixture
def course(db: None) -> Course:
    course = factories.make_course(factories.make_user("emmy", teacher=True), "Physics")
    factories.enrol(course, factories.make_user("ada"))
    factories.enrol(course, factories.make_user("olga"), Role.ASSISTANT)
    for project in CocalcProject.objects.all():
        project.project_id = uuid.uuid4()
        project.save()
    return course


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return factories.make_assignment(course, out=timezone.now())


def shown(username: str, project: CocalcProject | None, path: str) -> str:
    assert project
    project.refresh_from_db()
    browser = HttpsClient(Membership.objects.get(user__username=username).user)
    url = reverse("embedding:notebook", args=[project.project_id, path])
    answer = browser.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("path", ["homework-1/a.ipynb", "graded-homework-1/GRADE.md"])
def test_a_student_is_led_to_the_assignment(
    course: Course, assignment: Assignment, path: str
) -> None:
    project = Membership.objects.get(user__username="ada").project
    page = shown("ada", project, path)
    assert f'href="/courses/{course.pk}/#a{assignment.pk}">Back to Physics</a>' in page


@pytest.mark.parametrize("announced", [False, True])
def test_a_folder_of_the_same_name_tells_nothing_of_what_is_to_come(
    course: Course, assignment: Assignment, announced: bool
) -> None:
    release = timezone.now() + timedelta(days=1)
    Assignment.objects.update(out=None, release=release, announced=announced)
    project = Membership.objects.get(user__username="ada").project
    pages = [shown("ada", project, path) for path in ("homework-1/a.ipynb", "own/a.ipynb")]
    for page in pages:
        assert f'href="/courses/{course.pk}/">Back to Physics</a>' in page
        assert assignment.title not in page


@pytest.mark.parametrize("username", ["emmy", "olga"])
def test_staff_is_led_to_the_assignments_page(
    course: Course, assignment: Assignment, username: str
) -> None:
    there = f'href="/courses/{course.pk}/assignments/{assignment.pk}/">Back to Physics</a>'
    project = Membership.objects.get(user__username="ada").project
    assert there in shown(username, project, "homework-1/a.ipynb")
    for path in ("homework-1/a.ipynb", "collected/homework-1/Ada-ada/a.ipynb"):
        assert there in shown(username, course.project, path)


def test_what_is_of_no_assignment_leads_to_the_course(
    course: Course, assignment: Assignment
) -> None:
    project = Membership.objects.get(user__username="ada").project
    Assignment.objects.update(removed=assignment.created)
    for path in ("own.ipynb", "homework-1/a.ipynb"):
        assert f'href="/courses/{course.pk}/">Back to Physics</a>' in shown("ada", project, path)


def test_ones_own_notebooks_lead_to_no_course(course: Course) -> None:
    browser = HttpsClient(Membership.objects.get(user__username="ada").user)
    page = browser.get("/projects/mine/open/a.ipynb").content.decode()
    assert "Back to" not in page


def test_a_student_submits_from_the_notebook_s_page_where_it_is_taken(
    course: Course, assignment: Assignment
) -> None:
    project = Membership.objects.get(user__username="ada").project

    def offered(path: str = "homework-1/inner/a.ipynb", username: str = "ada") -> bool:
        page = shown(username, project, path)
        assert ("handover-notebook.js" in page) is ('id="handover-form"' in page)
        return f'action="/courses/{course.pk}/assignments/{assignment.pk}/submit"' in page

    assert not offered()
    Submission.objects.update(handed_out=timezone.now())
    assert offered()
    for path in ("graded-homework-1/a.ipynb", "homework-1", "own.ipynb", "homework-10/a.ipynb"):
        assert not offered(path)
    for username in ("emmy", "olga"):
        assert not offered(username=username)
    Submission.objects.update(due=timezone.now() - timedelta(hours=1))
    assert not offered()
    Assignment.objects.update(late_policy=Assignment.LatePolicy.ANY)
    assert offered()
    assert "Submit (late)" in shown("ada", project, "homework-1/a.ipynb")
    Assignment.objects.update(handout=True)
    assert not offered()


def test_the_bell_is_on_the_notebook_s_page_too(course: Course, assignment: Assignment) -> None:
    page = shown("ada", Membership.objects.get(user__username="ada").project, "homework-1/a.ipynb")
    assert page.count('class="bell"') == 1
    assert "bar-nav" not in page
