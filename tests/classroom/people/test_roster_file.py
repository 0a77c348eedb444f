"""Reading lists: any text gives people, lines with a problem in words, or a question."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.people.roster_columns import NO_NAMES, NOBODY, recognise
from classroom.people.roster_file import read as read_table
from classroom.people.roster_table import Table, Unreadable, table_of, tables_of
from tests.classroom.people.lists import lines, reading


def read(content: str | bytes) -> list[tuple[str, ...]]:
    return [
        (line.username, line.email, line.first_name, line.last_name, line.number)
        for line in lines(content)
        if not line.problem
    ]


def problems(text: str) -> dict[int, str]:
    return {line.number_in_file: line.problem for line in lines(text) if line.problem}


ADA = ("ada", "ada@x.edu", "Ada", "Lovelace", "7")


class TestReading:
    @pytest.mark.parametrize(
        "text",
        [
            "username,email,first name,last name,number\nada,Ada@X.edu,Ada,Lovelace,7",
            "username;email;first;last;number\r\nada;ada@x.edu;Ada;Lovelace;7\r\n\r\n",
            "username\temail\tfirst\tlast\tnumber\rada\tada@x.edu\tAda\tLovelace\t7\r",
            'user,mail,first,last,no\n"ada", "ada@x.edu", "Ada", "Lovelace", "7"',
            "Student ID,Surname,Given name,Login,E-Mail\n7,Lovelace,Ada,ada,ada@x.edu",
            "user name;full name;e-mail address;no.\nada;Lovelace, Ada;ada@x.edu;7",
            'login,name,mail,id,Section\nada,"Ada  Lovelace",ada@x.edu,7,B',
            "\ufeffusername,email,first,last,number\n\nada,ada@x.edu,Ada,Lovelace,7\n,,,,\n",
            "user,mail,first,last,no\nada,\u202eada@x.edu,Ada,Lovelace,7",
            # What spreadsheet programs leave: their separator, and text that looks like a number.
            'sep=;\nLogin;Mail;"First";Last;No\nada;ada@x.edu;Ada;Lovelace;="7"\n',
            '"sep=,"\nLogin,Mail,First,Last,No\nada,ada@x.edu,Ada,Lovelace,"=""7"""\n',
            "Login,Mail,First,Last,No\n#ada,ada@x.edu,Ada,Lovelace,'7\n",
            # A title, a course and an empty line stand above the table.
            "Biology 3, winter\n\nLogin,Mail,First,Last,No\nada,ada@x.edu,Ada,Lovelace,7\n",
            "login|mail|first|last|no\nada|mailto:ada@x.edu|Ada|Lovelace|7",
            "login,mail,name,no\nada,Ada Lovelace <ada@x.edu>,,7",
        ],
    )
    def test_what_schools_export(self, text: str) -> None:
        assert read(text) == [ADA]

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("ada\ngrace@x.edu", [("ada", "", "", "", ""), ("", "grace@x.edu", "", "", "")]),
            ("Ada Lovelace <ada@x.edu>", [("", "ada@x.edu", "Ada", "Lovelace", "")]),
            ('"Ada Lovelace <ada@x.edu>"', [("", "ada@x.edu", "Ada", "Lovelace", "")]),
            ("ada\nADA7\n900417", [(name, "", "", "", "") for name in ("ada", "ADA7", "900417")]),
        ],
    )
    def test_plain_lists(self, text: str, found: list[tuple[str, ...]]) -> None:
        assert read(text)[-len(found) :] == found

    @pytest.mark.parametrize(
        ("text", "offered"),
        [
            ("ada,Ada,Lovelace,7", ["", "", "", "number"]),
            ("ada,,Ada,Lovelace,7", ["", "", "", "", "number"]),
            ("ada,grace@x.edu", ["", "email"]),
            ("Ada,Lovelace,ada@x.edu,7", ["first_name", "last_name", "email", "number"]),
            ("Ada King Lovelace;ada@x.edu", ["name", "email"]),
            ("=cmd()|x,ada@x.edu", ["", "email"]),
            ("Ism;Familiya;Pochta\nAda;Lovelace;ada@x.edu", ["first_name", "last_name", "email"]),
            ("Voornaam\nAda\nGrace", [""]),
            ("Biology,,\nada,,\n,,", ["", "", ""]),
            (
                "Nachname;Vorname;Matrikelnummer\nBaumann;Ada;417",
                ["last_name", "first_name", "number"],
            ),
            ("Student ID,Student Name\nada,Quinn", ["number", "name"]),
        ],
    )
    def test_a_user_name_is_never_guessed(self, text: str, offered: list[str]) -> None:
        columns = recognise(table_of(text))
        assert columns.ask
        assert list(columns.meanings) == offered

    def test_names_in_words_that_are_not_known(self) -> None:
        columns = recognise(table_of("Ism;Familiya;Pochta\nAda;Lovelace;ada@x.edu"))
        assert columns.header == 0
        assert recognise(table_of("a@x.edu;Ada;417\nb@x.edu;Bob;418")).header is None

    def test_what_a_teacher_says_about_columns(self) -> None:
        table = table_of("ada,Ada,ada@x.edu\nbob,Bob,bob@x.edu")
        columns = recognise(table)
        assert columns.ask == str(NO_NAMES)
        assert columns.chosen(["", "name", ""], has_header=False).ask == str(NOBODY)
        assert (
            "Two columns are “Full name”"
            in columns.chosen(["name", "name", "email"], has_header=False).ask
        )
        chosen = columns.chosen(["username", "first_name", "email"], has_header=False)
        assert not chosen.ask
        assert [line.username for line in read_table(table, chosen).lines] == ["ada", "bob"]
        chosen = columns.chosen(["username", "first_name", "email"], has_header=True)
        assert [line.username for line in read_table(table, chosen).lines] == ["bob"]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_unicode(self, encoding: str) -> None:
        text = "login,mail,first,last,no\njose,jose@x.edu,José,Nuñez Šimůnek,7"
        assert read(text.encode(encoding)) == [("jose", "jose@x.edu", "José", "Nuñez Šimůnek", "7")]

    @pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
    def test_old_encodings(self, encoding: str) -> None:
        content = "login;mail;first;last;no\njose;jose@x.edu;José;Müller;7".encode(encoding)
        assert read(content) == [("jose", "jose@x.edu", "José", "Müller", "7")]

    def test_each_line_says_what_is_wrong_with_it(self) -> None:
        text = (
            "username,email,number\n,,5\nada,not an address,1\ngrace,,2\nbob,," + "9" * 61 + "\n"
            'two words,,1\nada,a@x.edu,1,x\n,"a@x.edu, b@x.edu",1\n'
        )
        found = problems(text)
        assert found == {
            2: "The user name or the e-mail address is missing.",
            3: "This is not an e-mail address.",
            5: "The number is too long.",
            6: "A user name cannot contain spaces.",
            7: "This line has more cells than the list has column names.",
            8: "This is not an e-mail address.",
        }

    def test_a_name_with_a_comma_shifts_nothing(self) -> None:
        """Without quotation marks “Mara” would stand where the user name is."""
        text = "name,username,email\nQuinn, Mara,mquinn,m@x.edu\nJo Cruz,jo,jo@x.edu"
        assert [line.username for line in lines(text)] == ["", "jo"]
        assert "Quinn, Mara, mquinn" in lines(text)[0].text

    @pytest.mark.parametrize(
        "text",
        [
            'login,mail\nada,ada@x.edu\n"grace,grace@x.edu\nbob,bob@x.edu\n',
            # In a column that nobody needs it swallows people all the same.
            'login,mail,note\nada,ada@x.edu,\ngrace,g@x.edu,"note\nbob,bob@x.edu,\neve,e@x.edu,"b"',
        ],
    )
    def test_a_quotation_mark_that_is_never_closed(self, text: str) -> None:
        found = problems(text)
        assert list(found) == [text[:10].count("\n") + 3]
        assert "quotation mark" in next(iter(found.values()))

    def test_a_comment_over_several_lines_is_no_broken_line(self) -> None:
        text = 'login,mail,note\nada,ada@x.edu,"Well done.\nGo on, so."\nbob,b@x.edu,\n'
        assert [line.username for line in lines(text)] == ["ada", "bob"]
        assert not problems(text)

    @pytest.mark.parametrize("text", ["", " \n\n", ",,,\n,", "username,email\n"])
    def test_nothing_in_it(self, text: str) -> None:
        with pytest.raises(Unreadable):
            reading(text)

    def test_limits(self) -> None:
        people = "\n".join(f"user{number}" for number in range(2000))
        assert len(lines(people)) == 2000
        assert len(lines("username\n" + people)) == 2000
        for more in ("\none-more", "\nmore" * 100):
            with pytest.raises(Unreadable, match="2,000 lines"):
                reading(people + more)
        assert len(lines(b"x" * 150)) == 1
        with pytest.raises(Unreadable, match="2 MB"):
            table_of("x" * (2 * 1024**2 + 1))
        with pytest.raises(Unreadable, match="2 MB"):
            tables_of(b"x" * (2 * 1024**2 + 1))
        with pytest.raises(Unreadable, match="line 2"):
            table_of("ada\n" + "x" * 200_000)
        with pytest.raises(Unreadable, match="500 columns"):
            table_of("," * 501 + "a")

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"PK\x03\x04whatever", "damaged"),
            (b"\xd0\xcf\x11\xe0whatever", "damaged, locked"),
            (b"%PDF-1.7 whatever", "PDF"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "not text"),
            (b"<html><table><tr><td>ada</td></tr></table></html>", "web page"),
        ],
    )
    def test_what_is_no_list(self, content: bytes, words: str) -> None:
        with pytest.raises(Unreadable, match=words):
            tables_of(content)

    @settings(deadline=None)
    @given(st.text() | st.text(alphabet='a@.,;\t"\n\r <>b'))
    def test_any_text_gives_lines_or_a_sentence(self, text: str) -> None:
        try:
            table = table_of(text)
            columns = recognise(table)
            found = read_table(table, columns)
        except Unreadable:
            return
        for line in found.lines:
            assert columns.ask or line.problem or line.username or line.email
            assert len(line.email) <= 254
            assert "\n" not in line.text

    @settings(deadline=None)
    @given(st.binary())
    def test_any_bytes_give_a_table_or_a_sentence(self, content: bytes) -> None:
        with contextlib.suppress(Unreadable):
            assert isinstance(tables_of(content)[0], Table)


class TestNobodyIsLost:
    """Each line that holds anything ends as somebody, as a problem, or named as nobody."""

    @settings(deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                [
                    "Quinn,Mara,{0}",
                    'Quinn,"Mara, Ann",{0}',
                    "{0}",
                    ",,{0}",
                    '"Quinn,Mara,{0}',
                    "Quinn,Mara,{0},more,and more",
                    "Points Possible,,{0}",
                    '{0},"a comment\non two lines",',
                    "Mara <{0}>; Jo <jo@x.edu>, {0}.b@x.edu",
                    "  {0}  ;;",
                    "#{0},'7",
                    '="{0}",a,b',
                ]
            ),
            min_size=1,
            max_size=12,
        ),
        st.sampled_from(["", "Last,First,E-Mail\n", "Title {0}\n\nLogin;Name\n", "sep=,\n"]),
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_of_any_list(self, shapes: list[str], head: str, ends: str) -> None:
        tokens = [f"p{at:03}@x.edu" for at in range(len(shapes) + 1)]
        text = head.replace("{0}", tokens[-1])
        text += "\n".join(
            shape.replace("{0}", token) for shape, token in zip(shapes, tokens, strict=False)
        )
        table = table_of(text.replace("\n", ends))
        columns = recognise(table)
        # Where it is asked, the teacher says that the last column has the address.
        last = ["" for _ in columns.meanings[1:]] + ["email"]
        if columns.ask:
            columns = columns.chosen(last, has_header=columns.header is not None)
        found = read_table(table, columns)
        rows = [number for number, _ in table.rows]
        header = None if columns.header is None else rows[columns.header]
        left_out = dict(found.left_out)
        for line in found.lines:
            assert line.problem or line.email or line.username
        for at, written in enumerate(text.split("\n"), start=1):
            if not any(token in written for token in tokens):
                continue
            begins = max(number for number in rows if number <= at)
            here = [line for line in found.lines if line.number_in_file == begins]
            assert here or begins in left_out or begins == header
            # What a quotation mark has swallowed is part of a line that says so.
            assert begins in (at, header) or any(line.problem for line in here)
