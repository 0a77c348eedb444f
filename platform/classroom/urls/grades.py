"""Grades: the matrix, the grading page, commands in every project, files to take away."""

from django.urls import URLPattern, path

from classroom.views import exports, grades, grading, run, statistics

_COURSE = "courses/<int:course>"
_ASSIGNMENT = f"{_COURSE}/assignments/<int:assignment>"

urlpatterns: list[URLPattern] = [
    path(f"{_COURSE}/grades", grades.grades, name="grades"),
    path(f"{_COURSE}/grades.csv", exports.grades_export, name="grades-csv"),
    path(f"{_COURSE}/grades/import", exports.grades_import, name="grades-import"),
    path(f"{_ASSIGNMENT}/grade/<int:member>", grading.grade, name="grade"),
    path(f"{_ASSIGNMENT}/collected.zip", exports.collected_zip, name="collected-zip"),
    path(f"{_COURSE}/statistics", statistics.statistics, name="statistics"),
    path(f"{_COURSE}/run", run.run, name="run"),
    path(f"{_ASSIGNMENT}/run", run.run, name="run-assignment"),
    path(f"{_ASSIGNMENT}/autograde", run.autograde, name="autograde"),
    path(f"{_COURSE}/runs/<int:batch>/", run.result, name="run-result"),
    path(f"{_COURSE}/runs/<int:batch>/<int:transfer>", run.output, name="run-output"),
    path(f"{_COURSE}/runs/<int:batch>/again", run.again, name="run-again"),
]
