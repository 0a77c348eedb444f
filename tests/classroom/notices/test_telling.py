"""Who is told, and that nobody is told twice."""

import pytest

from classroom.models import Notice, Role
from classroom.notices.telling import staff_counts, staff_ids, tell
from tests.classroom import factories

pytestmark = pytest.mark.django_db


def test_whoever_was_told_of_a_key_is_not_told_again() -> None:
    teacher, ada = factories.make_user("tina"), factories.make_user("ada")
    course = factories.make_course(teacher)
    student = factories.enrol(course, ada)
    for users in ([teacher.pk, ada.pk], [ada.pk]):
        tell(Notice.Kind.RETURNED, users, course=course, key="returned:1")
    tell(Notice.Kind.RETURNED, [ada.pk], course=course, key="returned:2", details={"count": 2})
    assert list(Notice.objects.filter(user=ada).values_list("key", "details", "read")) == [
        ("returned:2", {"count": 2}, None),
        ("returned:1", {}, None),
    ]
    assert Notice.objects.filter(user=teacher).count() == 1
    assert staff_ids(course, student) == [teacher.pk]


def test_of_a_student_the_assistants_of_other_sections_hear_nothing() -> None:
    teacher = factories.make_user("tina")
    course = factories.make_course(teacher)
    ada = factories.enrol(course, factories.make_user("ada"), section="Lab  1")
    all_of, hers, others = (
        factories.enrol(course, factories.make_user(name), Role.ASSISTANT) for name in "abc"
    )
    hers.section_duties.create(section="lab 1")
    others.section_duties.create(section="Lab 2")
    told = {teacher.pk, all_of.user_id, hers.user_id}
    assert set(staff_ids(course, ada)) == told
    # Of several students each hears how many of them are theirs.
    assert staff_counts(course, ["Lab 1", "LAB 1", "Lab 2", ""]) == {
        teacher.pk: 4,
        all_of.user_id: 4,
        hers.user_id: 2,
        others.user_id: 1,
    }
