"""The questions of an assignment are known from its files, and count once these are approved."""

import hashlib

import pytest

from classroom.assignments import sources
from classroom.models import Assignment
from classroom.rules.manifest import File
from classroom.rules.questions import notebooks_of
from classroom.rules.source_folder import Contents
from classroom.steps.approved import approved_now
from tests.classroom.gradebook import Class, make_class
from tests.marked import marked_notebook

CELLS = [["squares-test", 2.0, False, False], ["why", 3.0, True, False]]
QUESTIONS = [{"notebook": "hw.ipynb", "cells": CELLS}]


@pytest.fixture
def room(db: None) -> Class:
    return make_class()


def contents(notebooks: dict[str, bytes], *, made: bool = False) -> Contents:
    files = [
        File(path=path, size=len(each), sha256=hashlib.sha256(each).hexdigest())
        for path, each in notebooks.items()
    ]
    return Contents(files, files, made=made, notebooks=notebooks)


def test_they_are_approved_with_the_files(room: Class) -> None:
    sources.settle(room.assignment, contents({"hw.ipynb": marked_notebook()}), by=room.teacher)
    assignment = Assignment.objects.get(pk=room.assignment.pk)
    assert assignment.questions == QUESTIONS
    assert notebooks_of(assignment) == [], "nobody has approved them"
    assignment.approved = approved_now(assignment, by="tess")
    assert notebooks_of(assignment) == ["hw.ipynb"]
    later = contents({"other.ipynb": marked_notebook()})
    sources.settle(assignment, later, by=room.teacher)
    assert approved_now(assignment, by="tess")["questions"][0]["notebook"] == "other.ipynb"


def test_what_is_not_marked_or_not_readable_has_none(room: Class) -> None:
    strange = {"a.ipynb": b"{}", "b.txt": b""}
    sources.settle(room.assignment, contents(strange), by=room.teacher)
    assert Assignment.objects.get(pk=room.assignment.pk).questions == []
