"""Grades: the matrix, the grading page, commands in every project, files to take away."""

from django.urls import URLPattern, path

from classroom.grading import (
    desk,
    first_page,
    in_and_out,
    kept_comments_page,
    list_page,
    look_page,
    matrix_page,
    run_page,
    statistics_page,
    waiving,
)

_COURSE = "courses/<int:course>"
_ASSIGNMENT = f"{_COURSE}/assignments/<int:assignment>"

urlpatterns: list[URLPattern] = [
    path(f"{_COURSE}/grades", matrix_page.grades, name="grades"),
    path(f"{_COURSE}/grades/enter", matrix_page.enter, name="grades-enter"),
    path(f"{_COURSE}/grades.csv", in_and_out.grades_export, name="grades-csv"),
    path(f"{_COURSE}/grades/import", in_and_out.grades_import, name="grades-import"),
    path(f"{_ASSIGNMENT}/grade/", first_page.first, name="grade-first"),
    path(f"{_ASSIGNMENT}/grade/<int:member>", desk.grade, name="grade"),
    path(f"{_ASSIGNMENT}/grade/<int:member>/look", look_page.look_answer, name="look-answer"),
    path(f"{_ASSIGNMENT}/grade/<int:member>/late", waiving.waive, name="waive"),
    path(
        f"{_ASSIGNMENT}/grade/<int:member>/kept-comments/<int:comment>/remove",
        kept_comments_page.forget,
        name="kept-comment-remove",
    ),
    # The same, and no more, of works whose names are hidden.
    path(f"{_ASSIGNMENT}/nameless/", list_page.grade_list, name="grade-list"),
    path(f"{_ASSIGNMENT}/nameless/<str:code>", desk.grade_hidden, name="grade-hidden"),
    path(
        f"{_ASSIGNMENT}/nameless/<str:code>/kept-comments/<int:comment>/remove",
        kept_comments_page.forget_hidden,
        name="kept-comment-remove-hidden",
    ),
    path(
        f"{_ASSIGNMENT}/nameless/<str:code>/autograde",
        run_page.autograde_copy_hidden,
        name="autograde-copy-hidden",
    ),
    path(f"{_ASSIGNMENT}/collected.zip", in_and_out.collected_zip, name="collected-zip"),
    path(f"{_COURSE}/statistics", statistics_page.statistics, name="statistics"),
    path(f"{_COURSE}/run", run_page.run, name="run"),
    path(f"{_ASSIGNMENT}/run", run_page.run, name="run-assignment"),
    path(f"{_ASSIGNMENT}/autograde", run_page.autograde, name="autograde"),
    path(f"{_ASSIGNMENT}/autograde/<int:member>", run_page.autograde_copy, name="autograde-copy"),
    path(f"{_COURSE}/runs/<int:batch>/", run_page.result, name="run-result"),
    path(f"{_COURSE}/runs/<int:batch>/<int:transfer>", run_page.output, name="run-output"),
    path(f"{_COURSE}/runs/<int:batch>/again", run_page.again, name="run-again"),
]
