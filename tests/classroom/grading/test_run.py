"""Commands in every project and the autograder, against the sandbox; and their pages."""

import base64
import json
import time
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from nbformat import NotebookNode

from classroom.engine.queue import step_start
from classroom.grading import runs
from classroom.models import (
    Assignment,
    Batch,
    GradeChange,
    Kind,
    Membership,
    Submission,
    Transfer,
)
from classroom.nbgrader.autograde import CellScore, Result, scores
from classroom.nbgrader.words import Words
from classroom.rules import manifest, names
from classroom.rules.questions import in_points
from classroom.rules.scoring import grade_set, last_change, score_check
from classroom.steps import autograde, commands
from classroom.steps.approved import approved_now, not_as_approved
from classroom.steps.registry import Skip
from classroom.steps.run import run
from classroom.steps.run_script import outcome
from embedding.cocalc.client import Client
from embedding.problems import Problem
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.classroom.gradebook import Class, ago, assert_staff_only, fill, make_class, removed
from tests.classroom.nbgrader.notebooks import answer, checks, code, content, essay, notebook
from tests.conftest import HttpsClient

State = Transfer.State


@pytest.fixture
def room(db: None) -> Class:
    return make_class()


@pytest.fixture
def lab(cocalc: Client, room: Class) -> Class:
    """The same on CoCalc, where Ada has the assignment's folder."""
    factories.on_cocalc(room.course)
    room.ada.refresh_from_db()
    cocalc.write_file(project_of(room.ada), "homework-1/a.txt", b"work")
    return room


def project_of(member: Membership) -> str:
    assert member.project is not None
    return str(member.project.project_id)


def transfer(room: Class, *, home: bool = False, **options: Any) -> Transfer:
    """A transfer for Ada, that nobody has taken."""
    options = {"command": "true", "timeout": 20, "scores": ""} | options
    batch = step_start(
        room.course,
        Kind.RUN,
        [room.ada],
        actor=room.teacher,
        assignment=None if home else room.assignment,
        options=options,
    )
    return batch.transfers.get()


# --- one command


def test_output_exit_code_and_time_are_kept(lab: Class) -> None:
    command = 'cat a.txt; echo "it\'s $((1+1))" >&2\nexit 3'
    result = run(transfer(lab, command=command))
    assert result == {
        "exit_code": 3,
        "seconds": result["seconds"],
        "stdout": "work",
        "stderr": "it's 2\n",
        "cut": False,
        "timed_out": False,
    }
    assert 0 <= result["seconds"] < 20


def test_without_an_assignment_it_runs_in_the_home(lab: Class) -> None:
    assert run(transfer(lab, home=True, command="ls homework-1"))["stdout"] == "a.txt\n"


def test_it_has_nothing_on_its_stdin_and_leaves_nothing_behind(lab: Class, cocalc: Client) -> None:
    result = run(transfer(lab, command="cat; echo $#; ls -A /tmp | wc -l >/dev/null"))
    assert result["stdout"] == "0\n"
    assert [entry.name for entry in cocalc.list_folder(project_of(lab.ada))] == ["homework-1"]


def test_much_output_is_cut_and_the_exit_code_stays(lab: Class) -> None:
    result = run(transfer(lab, command="head -c 3000000 /dev/zero | tr '\\0' x; exit 4"))
    assert result["stdout"] == "x" * commands.CUT
    assert (result["cut"], result["exit_code"]) == (True, 4)


def test_output_of_any_bytes_is_text(lab: Class) -> None:
    result = run(transfer(lab, command="printf '\\377\\0<b>'"))
    assert result["stdout"] == "\ufffd\0<b>"


def test_what_takes_too_long_is_stopped_and_its_output_kept(lab: Class) -> None:
    result = run(transfer(lab, command="echo begun; sleep 60", timeout=1))
    assert (result["stdout"], result["timed_out"]) == ("begun\n", True)
    assert result["seconds"] < 15


def test_a_child_that_stays_is_not_waited_for_for_ever(
    lab: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "DRAIN", 1)
    began = time.monotonic()
    result = run(transfer(lab, command="echo done; sleep 300 &", timeout=1))
    assert (result["stdout"], result["exit_code"]) == ("done\n", 0)
    assert time.monotonic() - began < 60


def test_where_the_folder_is_missing_it_says_so(lab: Class, cocalc: Client) -> None:
    cocalc.remove(project_of(lab.ada), "homework-1")
    with pytest.raises(Problem, match="Hand it out first") as problem:
        run(transfer(lab))
    assert not problem.value.recoverable


def test_a_project_that_nobody_has_made_yet_is_made(lab: Class) -> None:
    factories.enrol(lab.course, factories.make_user("cid"))
    cid = lab.course.memberships.get(user__username="cid")
    batch = runs.command_run(lab.course, [cid], actor=lab.teacher, command="pwd", timeout=20)
    assert run(batch.transfers.get())["exit_code"] == 0


# --- scores of a command


def scored(lab: Class, script: str) -> dict[str, Any]:
    return run(transfer(lab, command=script, scores="score.json"))


def test_a_score_that_the_command_has_written_is_set(lab: Class) -> None:
    result = scored(lab, """echo '{"score": 7.256, "comment": "Good *work*"}' > score.json""")
    assert (result["score"], result["comment"]) == ("7.26", "Good *work*")
    work = lab.work()
    assert (work.score, work.comment) == (Decimal("7.26"), "Good *work*")
    change = GradeChange.objects.get()
    assert (change.by, change.how) == (lab.teacher, "command")


def test_a_file_from_before_does_not_count(lab: Class, cocalc: Client) -> None:
    cocalc.write_file(project_of(lab.ada), "homework-1/score.json", b'{"score": 10}')
    cocalc.exec(project_of(lab.ada), "touch -d '1 minute ago' homework-1/score.json", bash=True)
    assert scored(lab, "true")["scores_error"] == "The command wrote no file with a score."
    assert lab.work().score is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("[1]", "no number"),
        ('{"score": "7"}', "no number"),
        ('{"score": true}', "no number"),
        ('{"score": NaN}', "is not JSON"),
        ('{"score": 1e999999}', "too large or too small"),
        ('{"score": -1}', "cannot be less than 0"),
        ('{"score": 21}', "with a bonus 20"),
        ('{"score": 1, "comment": 3}', "is not text"),
        ("[" * 50_000, "is not JSON"),
        ('{"score": ' + "9" * 5000 + "}", "is not JSON"),
    ],
)
def test_what_is_no_score_is_told_and_sets_none(room: Class, text: str, words: str) -> None:
    def score() -> None:
        score_check(room.assignment, commands.score_of(text.encode())[0])

    with pytest.raises(ValidationError) as error:
        score()
    assert words in " ".join(error.value.messages)


def test_a_strange_comment_can_be_stored(lab: Class) -> None:
    scored(lab, r"""printf '{"score": 1, "comment": "a\\u0000b\\ud800c"}' > score.json""")
    assert lab.work().comment == "a\ufffdb?c"


def test_an_impossible_score_leaves_the_output(lab: Class) -> None:
    result = scored(lab, """echo tried; echo '{"score": 99}' > score.json""")
    assert result["stdout"] == "tried\n"
    assert "with a bonus 20" in result["scores_error"]
    assert lab.work().score is None


# --- the autograder

SQUARES = """def squares(n):
    ### BEGIN SOLUTION
    return [i * i for i in range(n)]
    ### END SOLUTION"""
TESTS = """assert squares(2) == [0, 1]
### BEGIN HIDDEN TESTS
assert squares(3) == [0, 1, 4]
### END HIDDEN TESTS"""
RIGHT = "def squares(n):\n    return [i * i for i in range(n)]"
WRONG = "def squares(n):\n    return [0, 1]"


def teachers(*more: NotebookNode) -> bytes:
    return content(notebook(answer(SQUARES), checks(TESTS, points=4), *more))


def handed_in(
    lab: Class, cocalc: Client, source: bytes, solution: str | None, name: str = "hw.ipynb"
) -> Transfer:
    """The teacher's notebook is there, and Ada's solution collected."""
    home = str(lab.course.project.project_id)
    cocalc.write_file(home, f"homework-1/{name}", source)
    cocalc.write_file(home, "homework-1/student/data.csv", b"1,2")
    listed = manifest.of_folder(home, "homework-1/student")
    lab.assignment.marked = lab.assignment.has_student_folder = True
    lab.assignment.files = listed
    lab.assignment.sources = [
        each
        for each in manifest.of_folder(home, "homework-1")
        if not each["path"].startswith("student/")
    ]
    lab.assignment.approved = approved_now(lab.assignment, by="prof")
    lab.assignment.save()
    folder = names.collected_path(lab.assignment, lab.ada)
    cocalc.make_folder(home, folder)
    if solution is not None:
        theirs = content(notebook(answer(solution), checks("assert squares(2) == [0, 1]")))
        cocalc.write_file(home, f"{folder}/{name}", theirs)
    lab.collected()
    return runs.autograde_run(lab.assignment, [lab.ada], actor=lab.teacher).transfers.get()


def test_a_right_solution_is_scored_and_the_graded_notebook_kept(
    lab: Class, cocalc: Client
) -> None:
    row = handed_in(lab, cocalc, teachers(), RIGHT, name="HW.IPYNB")
    result = run(row)
    assert (result["score"], result["found"], result["manual"]) == ("10", "4", False)
    work = lab.work()
    assert work.score == 10  # 4 of 4, of the assignment's 10 points
    assert work.details["cells"] == {"test": [4.0, 4.0]}
    assert GradeChange.objects.get().how == "autograder"
    home = str(lab.course.project.project_id)
    folder = names.collected_path(lab.assignment, lab.ada)
    kept = cocalc.read_file(home, f"{folder}/HW_autograded.ipynb")
    assert b"squares(2)" in kept
    assert b"squares(3)" not in kept  # hidden tests do not go to the student


def test_a_wrong_one_fails_the_hidden_test_and_nothing_is_left_in_the_students_project(
    lab: Class, cocalc: Client
) -> None:
    row = handed_in(lab, cocalc, teachers(), WRONG)
    run(row)
    run(row)  # twice is as once
    assert lab.work().score == 0
    assert GradeChange.objects.count() == 1
    left = cocalc.exec(project_of(lab.ada), "ls -A; grep -r 'squares(3)' . | cat", bash=True)
    assert ".autograde" not in left.stdout
    assert "squares(3)" not in left.stdout


def test_what_a_person_must_grade_leaves_the_score_open(lab: Class, cocalc: Client) -> None:
    row = handed_in(lab, cocalc, teachers(essay("Why?")), None)
    # The student's own files are there, and those that were handed out.
    solution = f"open('data.csv'), open('mine.py')\n{RIGHT}"
    theirs = content(notebook(answer(solution), checks("x"), essay("Because.")))
    folder = names.collected_path(lab.assignment, lab.ada)
    home = str(lab.course.project.project_id)
    cocalc.write_file(home, f"{folder}/hw.ipynb", theirs)
    cocalc.write_file(home, f"{folder}/mine.py", b"")
    result = run(row)
    assert (result["manual"], result["found"], result["max"]) == (True, "4", "7")
    work = lab.work()
    assert work.score is None
    assert work.details["cells"] == {"test": [4.0, 4.0], "essay": [None, 3.0]}


def test_a_notebook_that_was_not_handed_in_gets_nothing(lab: Class, cocalc: Client) -> None:
    result = run(handed_in(lab, cocalc, teachers(), None))
    assert result["notes"] == ["“hw.ipynb” is missing."]
    assert lab.work().score == 0


def test_a_link_does_not_lead_to_somebody_elses_work(lab: Class, cocalc: Client) -> None:
    row = handed_in(lab, cocalc, teachers(), None)
    home = str(lab.course.project.project_id)
    bobs = names.collected_path(lab.assignment, lab.bob)
    theirs = content(notebook(answer(RIGHT), checks("x")))
    cocalc.write_file(home, f"{bobs}/hw.ipynb", theirs)
    folder = names.collected_path(lab.assignment, lab.ada)
    cocalc.exec(home, "ln", ["-s", f"../{bobs.rpartition('/')[2]}/hw.ipynb", f"{folder}/hw.ipynb"])
    run(row)
    assert lab.work().score == 0
    assert not cocalc.file_exists(home, f"{folder}/hw_autograded.ipynb")


def test_what_is_no_notebook_is_told_and_given_no_score(lab: Class, cocalc: Client) -> None:
    row = handed_in(lab, cocalc, teachers(), None)
    folder = names.collected_path(lab.assignment, lab.ada)
    cocalc.write_file(str(lab.course.project.project_id), f"{folder}/hw.ipynb", b"{}")
    with pytest.raises(Problem, match=r"“hw\.ipynb”: This is not .* Or grade it by hand\."):
        run(row)
    assert lab.work().score is None


def test_a_replaced_test_is_refused_with_who_did_it_and_when(lab: Class, cocalc: Client) -> None:
    """An assistant puts a test that lets everything pass in place of the teacher's."""
    row = handed_in(lab, cocalc, teachers(), WRONG)
    easy = content(notebook(answer(SQUARES), checks("assert True", points=4)))
    home = str(lab.course.project.project_id)
    given = SimpleUploadedFile("hw.ipynb", easy)
    data = {"file": given, "path": "homework-1/hw.ipynb", "overwrite": "1"}
    for method in ("here", "in CoCalc"):
        if method == "here":
            uploaded = HttpsClient(lab.assistant).post(f"/projects/{home}/upload", data)
            assert uploaded.status_code == 201
            words = "after the files were approved. Theo Assistant uploaded it on this site ("
        else:
            cocalc.write_file(home, "homework-1/hw.ipynb", easy + b"\n")
            words = "in CoCalc, not on this site. The file was last saved: "
        with pytest.raises(Problem) as problem:
            run(row)
        assert problem.value.status == 409
        assert "“hw.ipynb” was changed" in problem.value.message
        assert words in problem.value.message
        assert "approve it. Then autograde again" in problem.value.message
        assert f"{timezone.localtime(None, lab.course.zone):%-d %B %Y}" in problem.value.message
        # It is kept without words, and told to whoever looks.
        lab.assignment.refresh_from_db()
        assert lab.assignment.approved["found"][0][:2] == ["hw.ipynb", "changed"]
        assert words in not_as_approved(lab.assignment)[0]
        assert lab.work().score is None
        page = HttpsClient(lab.assistant).get(f"{room_base(lab)}/files").content.decode()
        assert words in page
        assert "A teacher has to check and approve them" in page
    cocalc.write_file(home, "homework-1/hw.ipynb", teachers())
    run(row)
    assert lab.work().score == 0, "as it was approved, it grades again"
    assert (
        "Files differ from the approved ones"
        not in HttpsClient(lab.teacher).get(f"{room_base(lab)}/files").content.decode()
    )


def room_base(room: Class) -> str:
    return f"{room.base}/assignments/{room.assignment.pk}"


@pytest.mark.parametrize("path", ["student/numpy.py", "student/data.csv", "more.ipynb"])
def test_what_lies_beside_the_notebook_must_be_approved_too(
    lab: Class, cocalc: Client, path: str
) -> None:
    row = handed_in(lab, cocalc, teachers(), WRONG)
    cocalc.write_file(str(lab.course.project.project_id), f"homework-1/{path}", teachers())
    with pytest.raises(Problem, match=f"“{path}” was"):
        run(row)
    assert lab.work().score is None


def test_nothing_is_graded_by_what_was_never_approved(lab: Class, cocalc: Client) -> None:
    row = handed_in(lab, cocalc, teachers(), RIGHT)
    Assignment.objects.update(approved={})
    with pytest.raises(Problem, match="are not approved, so nothing is graded"):
        run(row)
    assert lab.work().score is None


DROPPED = (
    "import ast\nclass Drop(ast.NodeTransformer):\n    def visit_Assert(self, node):\n"
    "        return ast.copy_location(ast.Pass(), node)\n"
    "get_ipython().ast_transformers.append(Drop())\n"
)


def test_an_answer_that_changes_how_tests_run_is_held_for_a_person(
    lab: Class, cocalc: Client
) -> None:
    row = handed_in(lab, cocalc, teachers(), WRONG + "\n" + DROPPED)
    grade_set(lab.work(), score=Decimal(10), by=lab.teacher, how="autograder")
    result = run(row)
    words = (
        "The answer changes how tests run: it changes the code before it runs. Grade it by hand."
    )
    assert (result["score"], result["held"], result["manual"]) == ("", words, True)
    work = lab.work()
    assert (work.score, work.held) == (None, words), "what the autograder gave before is gone"
    assert work.details["cells"] == {"test": [None, 4.0]}
    ended(row, State.DONE, result)
    teacher = HttpsClient(lab.teacher)
    assert words in teacher.get(lab.grade_url()).content.decode()
    page = teacher.get(f"{lab.base}/runs/{row.batch_id}/").content.decode()
    assert words in page
    assert "Look at it by hand" in page
    held = f"{lab.base}/grades?state=held"
    assert "Look at it by hand" in teacher.get(held).content.decode()
    seen = last_change(lab.work())
    assert seen is not None
    known = json.dumps([["test", "4", ""]])
    data = {"question-0": "3", "comment": "", "seen": seen.pk, "known": known}
    teacher.post(lab.grade_url(), data)
    assert lab.work().score == Decimal("7.5"), "3 of 4, in the assignment's 10 points"
    assert "No student matches" in teacher.get(held).content.decode()


def test_what_the_runner_has_not_written_decides_nothing() -> None:
    notebook_ = teachers()

    def printed(**report: Any) -> str:
        said = {"words": "", "held": {}, "secret": "s3", "sha256": sha256(notebook_).hexdigest()}
        parts = [json.dumps(said | report).encode(), notebook_]
        return "\n".join(["0", *(base64.b64encode(part).decode() for part in parts)])

    assert outcome(printed(), "s3")[1].notebook == notebook_
    for forged in (
        printed(secret=""),
        printed(secret="guessed"),
        printed(sha256="0" * 64),
        printed(held=[]),
        "0\n" + base64.b64encode(b"5").decode() + "\n" + base64.b64encode(notebook_).decode(),
    ):
        code_, ran, result = outcome(forged, "s3")
        assert (code_, ran.notebook, result) == (0, None, notebook_)
    found = autograde._all_held(notebook_)
    assert [(cell.needs_manual, cell.held) for cell in found.cells] == [(True, True)]
    graded = autograde.Graded("hw.ipynb", found, (), True)
    assert "the result was changed in the student's project" in autograde.held_words([graded])
    assert autograde.details_of([graded])["manual"]


def test_a_notebook_whose_kernel_died_has_no_score_and_says_where() -> None:
    source = content(notebook(answer(SQUARES), checks(TESTS, points=4), checks("x", "t2")))
    ran = json.loads(source)
    ran["cells"][1]["execution_count"] = 1
    ran["cells"][2]["execution_count"] = None
    found = scores(json.dumps(ran).encode(), source, {})
    words = "The kernel died in cell 3 (“t2”)."
    graded = [autograde.Graded("hw.ipynb", found, (words,), True)]
    assert autograde.held_words(graded) == (
        "The score of “hw.ipynb” is not known. The kernel died in cell 3 (“t2”). "
        "Tests that did not run to the end: “t2”. Grade it by hand."
    )
    details = autograde.details_of(graded)
    assert details["manual"], "so no score is set"
    assert details["cells"] == {"test": [4.0, 4.0], "t2": [None, 2.0]}
    assert details["notes"][0] == words


def test_an_assignment_without_marks_is_told(lab: Class, cocalc: Client) -> None:
    row = handed_in(lab, cocalc, content(notebook(code("1"))), RIGHT)
    with pytest.raises(Problem, match="marked for nbgrader"):
        run(row)


def test_what_is_not_collected_is_left_out(lab: Class) -> None:
    row = runs.autograde_run(lab.assignment, [lab.ada], actor=lab.teacher).transfers.get()
    with pytest.raises(Skip, match="collected"):
        run(row)


def test_a_failing_cocalc_is_tried_again(
    lab: Class, cocalc: Client, sandbox: SandboxProcess
) -> None:
    row = handed_in(lab, cocalc, teachers(), RIGHT)
    sandbox.quirks(api_down="503")
    with pytest.raises(Problem) as problem:
        run(row)
    assert problem.value.recoverable


def test_cells_of_several_notebooks_have_their_notebooks_names() -> None:
    def graded(path: str) -> Any:
        cell = CellScore("test", 1.0, 2.0, False)
        return autograde.Graded(path, Result((cell,), (Words.of("Hm."),)), (), True)

    details = autograde.details_of([graded("a.ipynb"), graded("b.ipynb")])
    assert details["cells"] == {"a.ipynb: test": [1.0, 2.0], "b.ipynb: test": [1.0, 2.0]}
    assert (details["score"], details["max"], details["manual"]) == (2.0, 4.0, False)
    assert details["notes"] == ["a.ipynb: Hm.", "b.ipynb: Hm."]
    score, most = Decimal(str(details["score"])), Decimal(str(details["max"]))
    assert in_points(Decimal(3), score, most) == Decimal("1.5")
    assert in_points(None, score, most) == Decimal(2)


# --- the pages


def test_who_may_run(room: Class) -> None:
    for user in (room.teacher, room.assistant):
        assert HttpsClient(user).get(f"{room.base}/run").status_code == 200
    batch = runs.command_run(room.course, [room.ada], actor=room.teacher, command="true", timeout=5)
    for url, method in (
        (f"{room.base}/run", "get"),
        (f"{room.base}/run", "post"),
        (f"{room.base}/assignments/{room.assignment.pk}/run", "post"),
        (f"{room.base}/assignments/{room.assignment.pk}/autograde", "post"),
        (f"{room.base}/runs/{batch.pk}/", "get"),
        (f"{room.base}/runs/{batch.pk}/again", "post"),
    ):
        assert_staff_only(room, url, method=method)
    assert Batch.objects.count() == 1


def test_starting_a_command_writes_a_step_for_each_student(room: Class) -> None:
    removed(factories.enrol(room.course, factories.make_user("cid")))
    answer_ = HttpsClient(room.assistant).post(
        f"{room.base}/assignments/{room.assignment.pk}/run",
        {
            "command": "python3 check.py\r\nls",
            "timeout": "90",
            "scored": "on",
            "scores": "score.json",
            "who": "all",
        },
    )
    batch = Batch.objects.get()
    assert answer_["Location"] == f"{room.base}/runs/{batch.pk}/"
    assert batch.options == {
        "command": "python3 check.py\nls",
        "timeout": 90,
        "scores": "score.json",
    }
    assert (batch.actor, batch.assignment) == (room.assistant, room.assignment)
    assert {row.member for row in batch.transfers.all()} == {room.ada, room.bob}


def test_scores_are_taken_only_where_that_is_chosen(room: Class) -> None:
    HttpsClient(room.teacher).post(
        f"{room.base}/assignments/{room.assignment.pk}/run",
        {
            "command": "ls",
            "timeout": "60",
            "scores": "score.json",
            "who": "chosen",
            "students": [room.bob.pk],
        },
    )
    batch = Batch.objects.get()
    assert batch.options["scores"] == ""
    assert [row.member for row in batch.transfers.all()] == [room.bob]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"command": "  "}, "Enter a command."),
        ({"timeout": "601"}, "less than or equal to 600"),
        ({"who": "chosen"}, "Choose at least one student."),
        ({"who": "chosen", "students": ["99999"]}, "99999"),
        ({"scored": "on", "scores": "../x"}, "Enter a file name"),
        ({"scored": "on", "scores": ""}, "Enter a file name"),
    ],
)
def test_what_cannot_be_run_is_told_and_kept(
    room: Class, given: dict[str, Any], words: str
) -> None:
    data = {"command": "my <command>", "timeout": "60", "scores": "s.json", "who": "all"} | given
    url = f"{room.base}/assignments/{room.assignment.pk}/run"
    page = HttpsClient(room.teacher).post(url, data)
    assert page.status_code == 400
    assert words in page.content.decode()
    if "command" not in given:
        assert "my &lt;command&gt;" in page.content.decode()
    assert not Batch.objects.exists()


def test_another_courses_student_cannot_be_chosen(room: Class) -> None:
    outsider = factories.enrol(room.other, factories.make_user("olga"))
    data = {"command": "ls", "timeout": "60", "who": "chosen", "students": [outsider.pk]}
    assert HttpsClient(room.teacher).post(f"{room.base}/run", data).status_code == 400
    assert not Transfer.objects.exists()


def test_a_second_run_leaves_those_who_are_under_way(room: Class) -> None:
    runs.command_run(room.course, [room.ada], actor=room.teacher, command="a", timeout=5)
    data = {"command": "b", "timeout": "60", "who": "all"}
    page = HttpsClient(room.teacher).post(f"{room.base}/run", data, follow=True)
    assert "Left out 1 student, because another run has not ended yet" in page.content.decode()


def ended(row: Transfer, state: State, result: dict[str, Any] | None = None, **more: Any) -> None:
    row.state, row.result = state, result or {}
    for name, value in more.items():
        setattr(row, name, value)
    row.save()


def test_the_result_lists_failures_first_escaped_and_retries_them_alone(room: Class) -> None:
    cid = factories.enrol(room.course, factories.make_user("cid", first_name="Cid"))
    batch = runs.command_run(
        room.course, [room.ada, room.bob, cid], actor=room.teacher, command="x<y", timeout=5
    )
    rows = {row.member: row for row in batch.transfers.all()}
    good = {"exit_code": 0, "seconds": 0.4, "stdout": "<script>alert(1)</script>", "stderr": ""}
    ended(rows[room.ada], State.DONE, good)
    ended(rows[room.bob], State.DONE, {"exit_code": 2, "seconds": 1.5, "stderr": "Oh & no"})
    ended(rows[cid], State.FAILED, error="There is no folder.")
    teacher = HttpsClient(room.teacher)
    page = teacher.get(f"{room.base}/runs/{batch.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "Oh &amp; no" in page
    assert "x&lt;y" in page
    assert page.index("There is no folder.") < page.index("Ada Lovelace")
    assert page.index("Exit code 2") < page.index("Exit code 0")
    assert "Try again for 2 students" in page
    answer_ = teacher.post(f"{room.base}/runs/{batch.pk}/again")
    fresh = Batch.objects.exclude(pk=batch.pk).get()
    assert answer_["Location"] == f"{room.base}/runs/{fresh.pk}/"
    assert {row.member for row in fresh.transfers.all()} == {room.bob, cid}
    assert fresh.options == batch.options


def test_a_long_output_is_shown_whole_on_its_own_as_text(room: Class) -> None:
    batch = runs.command_run(room.course, [room.ada], actor=room.teacher, command="x", timeout=5)
    row = batch.transfers.get()
    ended(row, State.DONE, {"exit_code": 0, "stdout": "<b>" + "x" * 5000 + "END", "stderr": "e"})
    teacher = HttpsClient(room.teacher)
    url = f"{room.base}/runs/{batch.pk}/{row.pk}"
    page = teacher.get(f"{room.base}/runs/{batch.pk}/").content.decode()
    assert "END" not in page
    assert url in page
    text = teacher.get(url)
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert text["X-Content-Type-Options"] == "nosniff"
    assert "xEND\n--- stderr\ne" in text.content.decode()
    assert_staff_only(room, url)
    other = runs.command_run(room.course, [], actor=room.teacher, command="x", timeout=5)
    assert teacher.get(f"{room.base}/runs/{other.pk}/{row.pk}").status_code == 404


def test_a_large_class_is_paged_failures_first_in_as_few_queries(
    room: Class, django_assert_max_num_queries: Any
) -> None:
    fill(room.other, 120, 1)
    members = list(Membership.objects.filter(course=room.other, role="student"))
    batch = runs.command_run(room.other, members, actor=room.other_teacher, command="x", timeout=5)
    batch.transfers.update(state=State.DONE, result={"exit_code": 0})
    ended(batch.transfers.get(member=members[-1]), State.DONE, {"exit_code": 9})
    browser = HttpsClient(room.other_teacher)
    url = f"/courses/{room.other.pk}/runs/{batch.pk}/"
    with django_assert_max_num_queries(11):  # two for the event
        page = browser.get(url).content.decode()
    assert page.count('class="run-line"') == runs.PAGE
    assert "120 of 120 finished · 1 failed" in page
    assert "Exit code 9" in page
    assert "Exit code 9" not in browser.get(f"{url}?page=3").content.decode()


def test_where_nothing_failed_there_is_nothing_to_retry(room: Class) -> None:
    batch = runs.command_run(room.course, [room.ada], actor=room.teacher, command="x", timeout=5)
    ended(batch.transfers.get(), State.DONE, {"exit_code": 0})
    teacher = HttpsClient(room.teacher)
    page = teacher.post(f"{room.base}/runs/{batch.pk}/again", follow=True).content.decode()
    assert "There is nothing to try again." in page
    assert Batch.objects.count() == 1


def test_a_run_under_way_looks_again_by_itself(room: Class) -> None:
    batch = runs.command_run(room.course, [room.ada], actor=room.teacher, command="x", timeout=5)
    teacher = HttpsClient(room.teacher)
    page = teacher.get(f"{room.base}/runs/{batch.pk}/").content.decode()
    assert "grading/run" in page
    assert "0 of 1 finished" in page
    assert "took" not in page
    late = batch.created + timedelta(minutes=4)
    done = {"exit_code": 0, "seconds": 0.4}
    ended(batch.transfers.get(), State.DONE, done, started=late - timedelta(seconds=1), ended=late)
    page = teacher.get(f"{room.base}/runs/{batch.pk}/").content.decode()
    assert "grading/run" not in page
    assert "1 of 1 finished · took 4 minutes" in page  # with all waiting; the command alone 0.4 s
    assert "0.4 s" in page


def test_another_courses_run_and_another_kind_of_step_are_not_there(room: Class) -> None:
    foreign = runs.command_run(room.other, [], actor=room.other_teacher, command="x", timeout=5)
    collect = Batch.objects.create(course=room.course, kind=Kind.COLLECT)
    teacher = HttpsClient(room.teacher)
    for batch in (foreign, collect):
        assert teacher.get(f"{room.base}/runs/{batch.pk}/").status_code == 404
        assert teacher.post(f"{room.base}/runs/{batch.pk}/again").status_code == 404


def test_autograding_takes_what_is_collected_and_has_no_score(room: Class) -> None:
    url = f"{room.base}/assignments/{room.assignment.pk}/autograde"
    teacher = HttpsClient(room.teacher)
    assert teacher.post(url).status_code == 404  # nothing is marked
    Assignment.objects.update(marked=True)
    page = teacher.post(url, follow=True).content.decode()
    assert "No collected work waits" in page
    room.collected()
    room.collected(room.bob, score=1, graded=ago(0))
    page = teacher.get(f"{room.base}/assignments/{room.assignment.pk}/run").content.decode()
    assert "Autograde 1 without a score" in page
    teacher.post(url, {"who": "ungraded"})
    batch = Batch.objects.get()
    assert [row.member for row in batch.transfers.all()] == [room.ada]
    assert batch.options == {"autograde": True}
    Transfer.objects.update(state=State.DONE, ended=timezone.now())
    teacher.post(url, {"who": "all"})
    assert Transfer.objects.filter(state=State.QUEUED).count() == 2


def test_autograding_takes_what_nobody_has_looked_at(room: Class) -> None:
    """What the autograder left to a person is not run once more by the page's next step."""
    Assignment.objects.update(marked=True)
    room.collected()
    room.collected(room.bob, details={"manual": True})
    url = f"{room.base}/assignments/{room.assignment.pk}/autograde"
    HttpsClient(room.teacher).post(url, {"who": "untried"})
    assert [row.member for row in Transfer.objects.all()] == [room.ada]


def test_autograding_takes_what_is_new_since_it_was_graded(room: Class) -> None:
    Assignment.objects.update(marked=True)
    room.collected(score=1, graded=ago(3))
    room.collected(room.bob, score=1, graded=ago(3), submitted=ago(0.5))  # not collected yet
    url = f"{room.base}/assignments/{room.assignment.pk}"
    teacher = HttpsClient(room.teacher)
    page = teacher.get(f"{url}/run").content.decode()
    assert "Autograde 1 with new work" in page
    teacher.post(f"{url}/autograde", {"who": "new"})
    assert [row.member for row in Transfer.objects.all()] == [room.ada]
    grade_set(room.work(), score=Decimal(1), by=None, how="autograder")  # the same score
    assert "with new work" not in teacher.get(f"{url}/run").content.decode()


def test_a_handout_has_no_runs(room: Class) -> None:
    handout = factories.make_assignment(room.course, "Slides", handout=True)
    teacher = HttpsClient(room.teacher)
    for page in ("run", "autograde"):
        url = f"{room.base}/assignments/{handout.pk}/{page}"
        assert teacher.post(url, {}).status_code == 404


def test_a_step_for_somebody_who_is_gone_is_left_out(room: Class) -> None:
    row = transfer(room)
    Submission.objects.all().delete()
    row.member = None
    with pytest.raises(Skip):
        run(row)
