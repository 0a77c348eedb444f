"""A user name in a list is soon somebody else's: what else the line says must fit."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from classroom.models import Course, Invitation, Membership, Role, UnprovenAddress
from classroom.people import invitations
from classroom.people.roster_import import Judged, Outcome, judge, roster_apply
from tests.classroom import factories
from tests.classroom.people.lists import lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return factories.make_course(factories.make_user("tess"))


def judged(course: Course, text: str) -> Judged:
    return judge(course, lines(text))[0]


class TestWhoIsMeant:
    @pytest.mark.parametrize(
        ("line", "meant"),
        [
            ("ada,ada@home.test,,", True),
            ("ADA,Ada@Home.test,Somebody,Else", True),  # name and address are proof enough
            ("ada,,Augusta,DE LOVELACE", True),
            ("ada,,Àda,", True),
            ("ada,,Lovelace,Ada", True),
            ("ada,,Ada Maria,Lovelace-King", True),
            ("ada,,Ada,King", False),
            ("ada,,,", True),
            ("ada,,爱达,洛夫莱斯", True),  # cannot be compared
            (",ada@home.test,Ada,King", True),
            ("ada,ada.baumann@uni.test,Ada,Baumann", False),
            ("ada,ada@other.test,,", False),
            ("ada,,Grace,Okoro", False),
            ("ada,,Ana,de King", False),
            (",ada@home.test,Grace,Okoro", False),
        ],
    )
    def test_name_and_address_must_fit(self, course: Course, line: str, meant: bool) -> None:
        ada = factories.make_user(
            "ada", first_name="Ada", last_name="de Lovelace", email="Ada@home.test"
        )
        text = f"login,mail,first,last\n{line}\n"
        found = judged(course, text)
        assert found.outcome == (Outcome.KNOWN if meant else Outcome.MALFORMED)
        roster_apply(course, lines(text), actor=User.objects.get(username="tess"))
        assert Membership.objects.filter(user=ada).exists() == meant
        assert not Invitation.objects.exists()

    def test_an_address_that_was_never_proven_agrees_with_nobody(self, course: Course) -> None:
        ada = factories.make_user(
            "ada", first_name="Ada", last_name="Lovelace", email="grace@uni.test"
        )
        text = "login,mail,first,last\nada,grace@uni.test,Grace,Okoro\n"
        assert judged(course, text).outcome == Outcome.KNOWN
        UnprovenAddress.objects.create(user=ada, email="grace@uni.test")
        assert judged(course, text).outcome == Outcome.MALFORMED

    def test_whose_address_is_not_said(self, course: Course) -> None:
        factories.make_user("ada", first_name="Ada", last_name="Lovelace", email="ada@home.test")
        said = judged(course, "login,mail\nada,ada@uni.test\n").said
        assert "another e-mail address" in said
        assert "home.test" not in said

    @pytest.mark.parametrize(
        ("here", "listed"),
        [("Müller", "Mueller"), ("Ødegård", "Odegard"), ("Weiß", "WEISS"), ("O’Neil", "O'Neil")],
    )
    def test_one_name_is_written_in_several_ways(
        self, course: Course, here: str, listed: str
    ) -> None:
        factories.make_user("jo", first_name="Johanna", last_name=here)
        assert judged(course, f"login,first,last\njo,Hanna,{listed}\n").outcome == Outcome.KNOWN

    def test_a_user_without_a_name_or_address_is_who_the_list_names(self, course: Course) -> None:
        factories.make_user("ada")
        text = "login,mail,first,last\nada,ada@uni.test,Ada,Lovelace\n"
        assert judged(course, text).outcome == Outcome.KNOWN


def test_who_is_no_student_is_shown_and_not_let_in(course: Course) -> None:
    factories.make_user("tom")
    text = "login,mail,role\ntom,,TA\n,pat@uni.test,Instructor\n,new@uni.test,Student\n"
    done = roster_apply(course, lines(text), actor=User.objects.get(username="tess"))
    assert [one.outcome for one in done] == [Outcome.STAFF, Outcome.STAFF, Outcome.NEW]
    assert "“TA”" in done[0].said
    assert [row.email for row in Invitation.objects.all()] == ["new@uni.test"]
    assert Membership.objects.count() == 1


def test_a_section_is_kept_through_an_invitation_and_back(course: Course) -> None:
    tess = User.objects.get(username="tess")
    ada = factories.make_user("ada")
    text = "login,mail,section\nada,,Lab A\n,new@uni.test,Lab B\n"
    roster_apply(course, lines(text), actor=tess)
    assert Membership.objects.get(user=ada).section == "Lab A"
    eve = factories.make_user("eve")
    signed = invitations.link(Invitation.objects.get()).rstrip("/").rpartition("/")[2]
    member = invitations.accept(signed, eve)
    assert (member.section, member.role) == ("Lab B", Role.STUDENT)
    Membership.objects.filter(user=ada).update(removed=timezone.now())
    roster_apply(course, lines("login,section\nada,\n"), actor=tess)
    assert Membership.objects.get(user=ada).section == "Lab A"
