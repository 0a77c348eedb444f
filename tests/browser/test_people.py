"""Who sees what: signing in and out, strangers, and two people on one browser."""

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.school import PASSWORD, SITE, School, Student, until
from tests.browser.visit import Visit


def test_a_wrong_password_and_then_the_right_one(visitor: Visitor, student: Student) -> None:
    visit = visitor()
    visit.go("/projects/mine/open/a.txt")
    expect(visit.page).to_have_title("Sign in · Lectern")
    visit.sign_in(student, "something else")
    alert = visit.page.get_by_role("alert")
    expect(alert).to_contain_text("The user name or the password is wrong")
    assert visit.page.get_by_label("User name").input_value() == student.username
    visit.sign_in(student)
    # Back to where they wanted to go.
    visit.page.wait_for_url(f"{SITE}/projects/mine/open/a.txt")
    visit.becomes("refused")


def test_two_people_on_one_browser(known: Visit) -> None:
    """The second must not land in the first one's account, whose cookie at CoCalc is there."""
    first = known.student
    known.write("first.txt")
    known.open("first.txt")
    known.shows_tab("first.txt")
    assert known.account_in_frame == known.school.account_of(first)
    known.go_to_files()
    known.sign_out()

    second = known.school.student()
    known.sign_in(second)
    known.chooses_files()
    assert known.names == []
    known.write("second.txt")
    known.open("second.txt")
    known.shows_tab("second.txt")
    assert known.account_in_frame == known.school.account_of(second)
    assert known.school.account_of(second) != known.school.account_of(first)
    expect(known.kiosk.locator(".tab")).to_have_count(1)

    # Nor does Back bring the first one's pages to life again.
    project = known.school.project_of(first)
    known.go(f"/projects/{project}/open/first.txt")
    expect(known.page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_signing_out_ends_the_frame_in_all_tabs(known: Visit) -> None:
    known.write("a.txt")
    known.open("a.txt")
    known.shows_tab("a.txt")
    other = known.context.new_page()
    other.goto(f"{SITE}/projects/mine/")
    other.locator(".menu summary", has_text=known.student.name).click()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()

    # Without a click or a look at that page.
    known.becomes("signed_out")
    title = known.page.locator("#notice-title")
    expect(title).to_have_text("You are signed out")
    assert known.kiosk_frame.url in ("", "about:blank")
    known.page.get_by_role("button", name="Reload").click()
    expect(title).to_have_text("You are signed out")

    # The same user is back: so are the files.
    known.school.sandbox.reset_calls()
    other.get_by_label("User name").fill(known.student.username)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url(f"{SITE}/")
    known.becomes("ready")
    known.shows_tab("a.txt")

    # Somebody else signs in: the first one's page becomes theirs.
    other.locator(".menu summary", has_text=known.student.name).click()
    other.get_by_role("button", name="Sign out").click()
    known.becomes("signed_out")
    second = known.school.student()
    other.get_by_label("User name").fill(second.username)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url(f"{SITE}/")
    known.students.append(second)
    known.becomes("refused")  # who has no such file
    assert known.page.evaluate("JSON.parse(page.textContent).user") == str(second.pk)


def test_a_page_of_somebody_else_is_loaded_anew(known: Visit, school: School) -> None:
    """Where no page tells it: the cookie alone has changed."""
    known.write("a.txt")
    known.open("a.txt")
    second = school.student()
    known.has_signed_in(second)
    school.sandbox.reset_calls()
    known.page.evaluate("void dispatchEvent(new Event('focus'))")
    known.becomes("refused")
    assert known.page.evaluate("JSON.parse(page.textContent).user") == str(second.pk)
    first = school.account_of(known.students[0])
    assert school.calls()
    assert all(first not in call.values() for call in school.sandbox.calls()["log"])


def test_a_stranger_finds_nothing(known: Visit, visitor: Visitor) -> None:
    known.write("a.txt")
    project = known.school.project_of(known.student)
    stranger = visitor(known.school.student())
    stranger.go_to_files()
    stranger.school.sandbox.reset_calls()
    for address in (f"/projects/{project}/", f"/projects/{project}/open/a.txt"):
        response = stranger.page.goto(SITE + address)
        assert response
        assert response.status == 404
        expect(stranger.page.get_by_role("heading")).to_have_text("There is nothing here")

    stranger.go_to_files()
    for name, body in (
        ("session", '{"session": "00000000-0000-4000-8000-000000000000", "path": "a.txt"}'),
        ("prepare", ""),
        ("delete", '{"path": "a.txt"}'),
    ):
        answer = stranger.post(f"/projects/{project}/{name}", body)
        assert answer == [404, "not_found"], name
    assert stranger.school.calls() == {"project_exec": 1}  # the list of their own files
    assert known.read("a.txt") == b"text\n"


def test_the_sessions_of_another_are_not_to_be_reported_on(
    known: Visit, visitor: Visitor, school: School
) -> None:
    known.write("a.txt")
    known.open("a.txt")
    until(lambda: school.states_of(known.student) == ["ready"])
    stranger = visitor(school.student())
    stranger.go_to_files()
    session = school.sessions_of(known.student)[0]["id"]
    answer = stranger.post(f"/sessions/{session}/report", '{"state": "lost", "ms": 1}')
    assert answer == [404, "not_found"]
    assert school.states_of(known.student) == ["ready"]
