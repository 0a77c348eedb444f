"""Folders are named after people, and no two people share one."""

import pytest
from django.contrib.auth.models import User

from classroom.models import Membership
from classroom.rules.names import folder_from, student_folder
from embedding.cocalc.paths import clean_path


def folder(username: str, first: str = "", last: str = "", pk: int = 7) -> str:
    return student_folder(
        Membership(pk=pk, user=User(username=username, first_name=first, last_name=last))
    )


def test_a_student_s_folder_can_be_read() -> None:
    assert folder("ada", "Ada", "Lovelace") == "Ada Lovelace-ada"
    assert folder("hopper.g", "Grace", "O’Hopper") == "Grace O’Hopper-hopper.g"
    assert folder("ada") == "ada-ada"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("x-y", "Ann", ""), ("y", "Ann-x", "")),
        (("bob.", "Ann", ""), ("bob", "Ann", "")),
        (("x-y", "Ann", ""), ("y~7", "Ann-x", "")),
        (("ann", "N" * 150, "M" * 150), ("bob", "N" * 150, "M" * 150)),
        (("u" * 150, "名" * 150, ""), ("u" * 149 + "v", "名" * 150, "")),
    ],
)
def test_no_two_share_one(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert folder(*one) != folder(*other, pk=8)


@pytest.mark.parametrize(
    ("username", "name"),
    [
        ("ada", "../../etc"),
        ("..", "."),
        ("-", "-rf"),
        ("ada", "a\nb\tc\x00d\x85e"),
        ("ada", "~root"),
        ("名" * 150, "名" * 150),
        ("ada", "a/b\\c:d*e?f"),
    ],
)
def test_every_name_is_one_folder(username: str, name: str) -> None:
    found = folder(username, name)
    assert clean_path(found) == found
    assert "/" not in found
    assert not found.startswith((".", "-", "~", " "))
    assert len(found.encode()) <= 200


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Homework 1: loops", "homework-1-loops"),
        ("Übung", "ubung"),
        ("../..", "assignment"),
        ("作业", "assignment"),
        ("Collected", "collected-1"),
    ],
)
def test_an_assignment_s_folder_comes_from_its_title(title: str, name: str) -> None:
    assert folder_from(title) == name
