"""A course as its people walk it: handed out, solved, submitted, collected, graded, returned."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.classroom import (
    EARLY,
    NoScript,
    card,
    ends,
    file,
    grade,
    in_days,
    let_in,
    make_course,
    make_work,
    open_work,
    panel,
    press,
    press_early,
    project_in,
    stayed_where_it_was,
    works_on_while_it_goes,
)
from tests.browser.conftest import Visitor
from tests.browser.grading import grades_by_question, types_into_the_table
from tests.browser.keys import enter
from tests.browser.looks import flaws
from tests.browser.school import PATIENCE, SITE, School, notebook, until
from tests.browser.visit import Visit
from tests.cells import run_first_cell, type_into_first_cell
from tests.marked import HIDDEN, SOLUTION, marked_notebook

pytestmark = pytest.mark.usefixtures("working")

RIGHT = "def squares(n): " + SOLUTION
WRONG = "def squares(n): return [1]"
NOTEBOOK = "squares/squares.ipynb"
PLAIN = file("tasks.ipynb", notebook("print(6 * 7)"))

Look = Callable[[Visit, str], None]


@pytest.fixture
def look() -> Iterator[Look]:
    """Looks at a page as it is at that moment; at the end no page may have had a flaw."""
    found: list[str] = []

    def look_at(visit: Visit, where: str) -> None:
        found.extend(f"{where}: {flaw}" for flaw in flaws(visit.page))

    yield look_at
    assert found == []


def copies_all_invitations(teacher: Visit, course: str) -> None:
    """One line for each; where the browser does not let a page copy, they stand there to copy."""
    page = teacher.page
    for who, name in (("emil@school.test", "Emil"), ("zoe@school.test", "")):
        teacher.go(f"{course}people/add")
        page.get_by_label("User name or e-mail address").fill(who)
        page.get_by_label("First name").fill(name)
        page.get_by_role("button", name="Add").click()
    link = rf"{SITE}/invitations/\S+/"
    lines = re.compile(rf"^Emil <emil@school.test>: {link}\nzoe@school.test: {link}$")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=SITE)
    page.get_by_role("button", name="Copy all").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert lines.match(page.evaluate("navigator.clipboard.readText()"))
    page.reload()
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy all").click()
    expect(page.get_by_label("Names and links")).to_have_value(lines)


def test_a_course_from_its_making_to_the_returned_grade(
    visitor: Visitor, school: School, look: Look
) -> None:
    teacher = visitor(next(school.teachers))
    ada = visitor(school.student(), timezone_id="America/New_York")
    grace = visitor(school.student())
    page = teacher.page
    course = make_course(teacher, "Programming")
    let_in(teacher, course, ada.student, grace.student)
    copies_all_invitations(teacher, course)
    look(teacher, "people")

    # Of the teacher's notebook the students' is made, and looked at before it goes out.
    work = make_work(
        teacher,
        course,
        "Squares",
        file("squares.ipynb", marked_notebook()),
        points="5",
        due=in_days(2),
    )
    page.get_by_role("link", name="Look at the student version").click()
    expect(page.locator(".taken-out")).to_contain_text(SOLUTION)
    expect(page.locator(".taken-out")).to_contain_text(HIDDEN)
    look(teacher, "approving")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("The student version is approved")).to_be_visible()
    teacher.go(f"{work}files/browse")
    look(teacher, "browsing")

    # The bar is there again after a reload, and goes on to the end.
    school.sandbox.quirks(latency=0.5)
    press(teacher, work, "Hand out", "to 2 students")
    expect(panel(teacher, "Hand out")).to_contain_text("2 left")
    page.reload()
    expect(panel(teacher, "Hand out").get_by_role("progressbar")).to_be_visible()
    expect(panel(teacher, "Hand out")).to_contain_text("left")
    works_on_while_it_goes(teacher)
    school.sandbox.quirks(latency=0)
    ends(teacher, "Hand out", 2)
    stayed_where_it_was(teacher)
    expect(page.locator("#next")).to_contain_text("Work is collected automatically on")
    expect(page.locator(".progress-line")).to_contain_text("handed out 2/2")
    chooses(teacher)

    # One solves it by typing, runs it, saves and submits.
    open_work(ada, course, "Squares")
    expect(ada.editor.locator(".jp-Notebook")).to_contain_text("YOUR CODE HERE")
    hers = project_in(ada)
    handed_out = school.cocalc.read_file(hers, NOTEBOOK).decode()
    assert "assert squares(1) == [1]" in handed_out
    assert all(secret not in handed_out for secret in (SOLUTION, HIDDEN, "BEGIN"))
    type_into_first_cell(ada.editor, RIGHT, PATIENCE)
    run_first_cell(ada.editor, RIGHT, PATIENCE)
    saves(ada, hers, RIGHT)
    ada.go(course)
    expect(card(ada, "Squares")).to_contain_text(re.compile("23:59 CE.*17:59 your time"))
    expect(card(ada, "Squares")).to_contain_text("If you don’t submit, we collect your folder")
    look(ada, "a student's course")
    card(ada, "Squares").get_by_role("button", name="Submit").click()
    expect(
        ada.page.get_by_text(re.compile("“Squares” was submitted: 2 files, .* CE"))
    ).to_be_visible()
    taken = card(ada, "Squares").get_by_role("group")
    expect(taken.locator("summary")).to_be_visible()  # unfolded, right after
    expect(taken).to_contain_text("squares.ipynb")
    look(ada, "submitted")

    # The other saves something that is wrong, and submits nothing.
    open_work(grace, course, "Squares")
    type_into_first_cell(grace.editor, WRONG, PATIENCE)
    saves(grace, project_in(grace), WRONG)

    press_early(teacher, work, 2)
    ends(teacher, EARLY, 2)
    look(teacher, "an assignment")
    row = page.locator("#students tbody tr")
    expect(row.filter(has_text=ada.student.name)).to_contain_text("submitted")
    expect(row.filter(has_text=grace.student.name)).to_contain_text("folder")

    teacher.go(f"{work}run")
    expect(page.get_by_role("heading", name="Autograde", exact=True)).to_be_visible()
    look(teacher, "autograding")
    teacher.go(work)
    page.get_by_role("button", name="Autograde 2 students").click()
    expect(page.locator("#run-state")).to_contain_text("2 of 2 finished · took")
    expect(page.locator("#run-said")).to_contain_text("2 of 2 finished · took")
    look(teacher, "autograded")

    teacher.go(f"{course}grades")
    matrix = page.get_by_role("region", name="Students and assignments").get_by_role("row")
    for one, score in ((ada, "2"), (grace, "0")):
        expect(matrix.filter(has_text=one.student.name).locator(".cell")).to_have_text(score)

    # The collected copy lies beside what is said of it, and keys lead on.
    matrix.filter(has_text=ada.student.name).get_by_role("link").click()
    grades_by_question(teacher, ada.student, grace.student)
    look(teacher, "grading")
    page.get_by_role("textbox", name="Comment").focus()
    enter(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text(f"{grace.student.name}: saved.")).to_be_visible()
    look(teacher, "graded")

    types_into_the_table(teacher, course, ada.student)
    look(teacher, "the table that is typed into")

    # Other points: said before anything is saved, and left at that.
    teacher.go(f"{work}edit")
    page.get_by_label("Points").fill("10")
    # What late work costs is asked where it is taken, and shown by an example as it is typed.
    expect(page.get_by_label("What late work costs")).to_be_hidden()
    page.get_by_label("Work after the due time").select_option("any")
    expect(page.get_by_label("How much is taken off")).to_be_hidden()
    page.get_by_label("What late work costs").select_option("percent")
    page.get_by_label("How much is taken off").fill("10")
    expect(page.get_by_text("10 of 10 points, submitted 1 day 2 h late, become 8.")).to_be_visible()
    look(teacher, "late work")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("2 students have a score out of 5")).to_be_visible()
    look(teacher, "other points")
    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Points")).to_have_value("10")

    teacher.go(f"{work}edit")
    page.get_by_label("Students may ask for another look until").fill(in_days(9))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").or_(page.locator(".message")).first).to_be_visible()

    press(teacher, work, "Return", "to 2 students")
    ends(teacher, "Return", 2)

    # The bell says what is new; whoever looks has seen it, and reads it as new until later.
    ada.go(course)
    ada.page.get_by_role("link", name="Notices: 2 new").click()
    expect(ada.page.get_by_role("listitem")).to_contain_text(["was returned to you", "handed out"])
    expect(ada.page.get_by_role("link", name="Notices", exact=True)).to_be_visible()
    expect(ada.page.locator(".news-unread")).to_have_count(2)
    look(ada, "notices")
    ada.page.get_by_role("link", name="E-mail settings").click()
    look(ada, "e-mail settings")
    teacher.go(f"{course}grades")
    for one, score in ((ada, "4.5"), (grace, "0")):
        mine = matrix.filter(has_text=one.student.name)
        expect(mine.locator(".cell.returned")).to_have_text(score)
    look(teacher, "grades")
    for name in ("", "statistics", "steps"):
        teacher.go(course + name)
        look(teacher, name or "assignments")
    teacher.go(f"{course}people/import")
    page.get_by_role("textbox").fill("login,mail,role\nnobody,,\n,new@school.test,TA")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_label("Content of column 3 (role)")).to_have_value("role")
    look(teacher, "columns")
    for name in ("/", f"{course}copying", f"{course}assignments/use"):
        teacher.go(name)
        look(teacher, name)
    ada.go("/")
    expect(ada.page.get_by_role("region", name="Returned to you")).to_contain_text(
        "4.5 of 5 points"
    )
    look(ada, "today")

    for one, score, comment, other in (
        (ada, "4.5 of 5 points", "Well explained", "n = 3"),
        (grace, "0 of 5 points", "Try n = 3.", "explained"),
    ):
        one.go(course)
        expect(card(one, "Squares")).to_contain_text(score)
        look(one, "a course with a result")
        one.page.get_by_role("link", name="See your result Squares").click()
        expect(one.page.locator(".student-comment")).to_contain_text(comment)
        if one is ada:  # typeset, under the policy of a site in earnest
            expect(one.page.locator(".student-comment .katex-html")).to_be_visible()
        look(one, "returned")
        assert other not in one.page.content()
        one.page.get_by_role("link", name="All returned files").click()
        one.row("GRADE.md").get_by_role("link", name="GRADE.md", exact=True).click()
        one.becomes("ready")
        text = one.editor.locator(".cm-content, .jp-MarkdownViewer, body > pre").first
        expect(text).to_contain_text("Instructor comments")
        expect(text).not_to_contain_text(other)

    # The one asks for another look, and gets an answer with a new score.
    ada.go(f"{work}returned")
    ada.page.get_by_role("link", name="Open the commented notebook").click()
    ada.becomes("ready")
    assert "/graded-squares/squares.ipynb" in ada.page.url
    ada.go(f"{work}returned")
    ada.page.get_by_label("Your text").fill("Is $n$ not enough?")
    ada.page.get_by_role("button", name="Ask for another look").click()
    expect(ada.page.get_by_text("Your teacher will look at it.")).to_be_visible()
    look(ada, "asked")
    teacher.go(f"{course}grades?state=look")
    matrix.filter(has_text=ada.student.name).get_by_role("link").click()
    look(teacher, "asked")
    # An answer that is typed first is there still when the score was saved.
    page.get_by_label("Your answer").fill("It is: $n^2 > n$.")
    page.get_by_label("Adjustment").fill("-0.5")
    enter(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_label("Your answer")).to_have_value("It is: $n^2 > n$.")
    page.get_by_label("Your answer").focus()
    enter(page, page.get_by_role("button", name="Answer and return the new score"))
    expect(page.get_by_text("The new score is being returned")).to_be_visible()
    look(teacher, "answered")

    def has_the_new_score() -> bool:
        ada.go(f"{work}returned")
        return "from 4.5 to 5" in ada.page.content()

    until(has_the_new_score)
    expect(ada.page.locator(".look-answered .katex-html").last).to_be_visible()
    look(ada, "answered")
    grace.go(f"/projects/{hers}/")
    expect(grace.page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def chooses(teacher: Visit) -> None:
    """What can be done with those who are chosen is there, and stays in sight."""
    page = teacher.page
    bar = page.get_by_role("group", name="Choose students above")
    expect(bar.get_by_role("button", name="Collect")).to_be_hidden()
    page.get_by_label("Choose all on this page").check()
    bar = page.get_by_role("group", name="2 students are chosen")
    expect(bar.get_by_role("button", name="Collect")).to_be_in_viewport()
    page.get_by_label("Choose all on this page").uncheck()


def saves(student: Visit, project: str, text: str) -> None:
    """Save what the editor shows, until it lies in the project."""
    student.page.keyboard.press("Control+s")
    until(lambda: text in student.school.cocalc.read_file(project, NOTEBOOK).decode())


def test_a_handout_reaches_who_joins_later(visitor: Visitor, school: School, look: Look) -> None:
    teacher, ada = visitor(next(school.teachers)), visitor(school.student())
    grace = visitor(school.student())
    page = teacher.page
    course = make_course(teacher, "Reading")
    let_in(teacher, course, ada.student)
    data = file("data.csv", b"n\n1\n")
    work = make_work(teacher, course, "Notes", PLAIN, data, handout=True)
    press(teacher, work, "Hand out", "to 1 student")
    ends(teacher, "Hand out", 1)
    look(teacher, "a handout")
    expect(page.get_by_role("heading", name="Collect")).to_have_count(0)
    expect(page.get_by_role("heading", name="Return")).to_have_count(0)

    teacher.go(f"{course}people")
    page.get_by_role("button", name="Create a join link").click()
    link = page.get_by_role("textbox", name="Join link").input_value()
    grace.page.goto(link)
    look(grace, "joining")
    grace.page.get_by_role("button", name="Join").click()
    expect(grace.page.get_by_text("You have joined “Reading”.")).to_be_visible()
    for student in (grace, ada):
        open_work(student, course, "Notes")
        expect(student.editor.locator(".jp-Notebook")).to_contain_text("6 * 7")
        assert school.cocalc.read_file(project_in(student), "notes/data.csv") == b"n\n1\n"
        student.go(course)
        expect(student.page.get_by_role("heading", name="Handouts")).to_be_visible()
        expect(student.page.get_by_role("button", name="Submit")).to_have_count(0)
    teacher.go(work)
    expect(page.get_by_text("All 2 students have it.")).to_be_visible()


def test_an_extension_is_told_to_its_student_alone(
    visitor: Visitor, school: School, look: Look
) -> None:
    teacher, ada = visitor(next(school.teachers)), visitor(school.student())
    grace = visitor(school.student())
    page = teacher.page
    course = make_course(teacher, "Logic")
    let_in(teacher, course, ada.student, grace.student)
    work = make_work(teacher, course, "Proofs", PLAIN, points="4", due=in_days(2))
    press(teacher, work, "Hand out", "to 2 students")
    ends(teacher, "Hand out", 2)

    page.get_by_role("link", name="Extensions").click()
    expect(page.get_by_role("heading", name="No one has extra time yet")).to_be_visible()
    look(teacher, "no extensions")
    boxes = {
        who: page.get_by_role(
            "checkbox", name=f"{who.student.name} {who.student.username}", exact=True
        )
        for who in (ada, grace)
    }
    boxes[ada].check()
    page.get_by_label("Search students").fill(grace.student.username)
    expect(boxes[ada]).to_be_visible()  # who is chosen stays in sight
    boxes[ada].uncheck()
    page.get_by_label("Search students").fill(f"{grace.student.username} ")
    expect(boxes[ada]).to_be_hidden()
    boxes[grace].check()
    expect(page.get_by_text("1 student chosen")).to_be_visible()
    page.get_by_label("Extra time").check()
    expect(page.get_by_label("Days")).to_be_visible()
    page.get_by_label("A new due time").check()
    look(teacher, "an extension")
    page.get_by_label("New due time", exact=True).fill(in_days(9))
    page.get_by_label(re.compile("^Reason")).fill("A broken arm")
    page.get_by_role("button", name="Give more time").click()
    expect(page.get_by_role("row").filter(has_text=grace.student.name)).to_contain_text(
        "A broken arm"
    )
    look(teacher, "extensions")

    grace.go(course)
    expect(card(grace, "Proofs")).to_contain_text("You have an extension.")
    expect(card(grace, "Proofs")).to_contain_text("A broken arm")
    look(grace, "an extension of one's own")
    ada.go(course)
    expect(card(ada, "Proofs")).to_contain_text("Late work is not accepted.")
    assert "xtension" not in ada.page.content()
    assert "broken arm" not in ada.page.content()

    teacher.go(f"{course}people")
    page.get_by_label("Choose all students on this page").check()
    page.get_by_label("Move the chosen students to the section (2)").fill("Monday")
    page.get_by_role("button", name="Move students", exact=True).click()
    expect(page.get_by_text("2 students were moved to “Monday”.")).to_be_visible()
    look(teacher, "people in a section")
    teacher.go(f"{course}accommodations/")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("How much longer").select_option("50")
    look(teacher, "an accommodation")
    page.get_by_role("button", name="Give more time").click()
    expect(page.get_by_text("1 due time would move.")).to_be_visible()
    look(teacher, "what an accommodation would change")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="half as long again")).to_be_visible()


def test_cocalc_away_is_named_and_what_failed_is_done_again(
    visitor: Visitor, school: School, look: Look
) -> None:
    teacher = visitor(next(school.teachers))
    course = make_course(teacher, "Patience")
    let_in(teacher, course, school.student(), school.student())
    work = make_work(teacher, course, "Waiting", PLAIN, due=in_days(1))
    school.sandbox.quirks(api_down="503")
    press(teacher, work, "Hand out", "to 2 students")
    failed = panel(teacher, "Hand out")
    expect(failed).to_contain_text("0 of 2 done · 2 failed")
    expect(failed).to_contain_text("CoCalc had an error.")
    retry = teacher.page.get_by_role("button", name="Try again for 2 students")
    expect(retry).to_be_visible()
    look(teacher, "a failure")

    school.sandbox.quirks(api_down="")
    retry.click()
    ends(teacher, "Hand out", 2)


def test_a_term_without_javascript(visitor: Visitor, school: School) -> None:
    teacher = visitor(next(school.teachers), java_script_enabled=False)
    ada = visitor(school.student(), java_script_enabled=False)
    page = teacher.page
    course = make_course(teacher, "Plain")
    let_in(teacher, course, ada.student)
    work = make_work(teacher, course, "Tasks", PLAIN, points="10", due=in_days(3))
    steps = NoScript(teacher, work)
    steps.press("Hand out", "to 1 student")
    ada.go(course)
    card(ada, "Tasks").get_by_role("button", name="Submit").click()
    expect(ada.page.get_by_text("You have not opened it yet.")).to_be_visible()
    ada.page.get_by_role("button", name="Submit anyway").click()
    expect(ada.page.get_by_text("“Tasks” was submitted: 2 files")).to_be_visible()
    steps.press_early()
    page.locator("#students").get_by_role("link", name=ada.student.name, exact=True).click()
    grade(teacher, "9", "Good: $n^2$.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{ada.student.name}: saved.")).to_be_visible()
    steps.press("Return", "to 1 student")
    ada.go(course)
    expect(card(ada, "Tasks")).to_contain_text("9 of 10 points")
    ada.page.get_by_role("link", name="See your result Tasks").click()
    expect(ada.page.locator(".student-comment")).to_have_text("Good: n^2.")
