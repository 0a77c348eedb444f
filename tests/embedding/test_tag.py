"""`{% cocalc_notebook %}`: what it renders, for whom, and that it does no more than that."""

import json
import re
import uuid
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template, TemplateSyntaxError, engines
from django.test import RequestFactory

from embedding.models import CocalcProject, EmbedSession, Member
from embedding.views.access import NOBODY
from sandbox.process import SandboxProcess
from tests.conftest import Person

pytestmark = pytest.mark.django_db

TAG = '{% cocalc_notebook path="intro.ipynb" %}'
ELEMENT = "/static/embedding/element.js"
PRESENCE = "/static/embedding/presence.js"
HOSTILE = """x" onload="alert(1)'><script>alert(2)</script>&amp;.ipynb"""


class Page(HTMLParser):
    """A rendered page: its elements in order, each with its attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def notebook(self) -> dict[str, str | None]:
        (only,) = self.all("cocalc-notebook")
        return only

    @property
    def scripts(self) -> list[str | None]:
        return [script["src"] for script in self.all("script") if "src" in script]

    @property
    def settings(self) -> Any:
        found = re.search(r'<script id="cocalc-notebooks"[^>]*>([^<]*)</script>', self.html)
        assert found
        return json.loads(found[1])

    @property
    def refused(self) -> bool:
        return not self.all("cocalc-notebook") and len(self.scripts) < 2


def render(
    source: str, user: User | None = None, *, nonce: str = "", at: str = "/", **context: Any
) -> Page:
    request: Any = RequestFactory().get(at)
    request.user = user or AnonymousUser()
    if nonce:
        request.csp_nonce = nonce
    template = engines["django"].from_string("{% load cocalc %}" + source)
    return Page(template.render(context, request))


@pytest.fixture
def ada(person: Person) -> User:
    return person("ada")


@pytest.fixture
def project() -> CocalcProject:
    return CocalcProject.objects.create(slot="course", title="Course", project_id=uuid.uuid4())


def test_the_users_own_notebook(ada: User) -> None:
    page = render(TAG, ada)
    assert page.notebook == {"project": "mine", "path": "intro.ipynb", "toolbar": "full"}
    assert [link["href"] for link in page.all("link")] == ["/static/embedding/tag.css"]
    assert {"type": "application/json", "id": "cocalc-notebooks"} in page.all("script")
    assert {"type": "module", "src": ELEMENT} in page.all("script")
    assert page.settings["user"] == str(ada.pk)
    assert page.settings["origin"] == "https://cocalc.school.test"
    assert page.settings["urls"]["session"] == f"/projects/{NOBODY}/session"
    (hidden,) = page.all("input")
    assert hidden["name"] == "csrfmiddlewaretoken"
    assert hidden["value"]


def test_options(ada: User) -> None:
    page = render(
        '{% cocalc_notebook path="a/b.txt" height="30rem" title="Part 1" toolbar="none"'
        ' id="one" %}',
        ada,
    )
    wanted = {"path": "a/b.txt", "height": "30rem", "label": "Part 1", "toolbar": "none"}
    assert page.notebook == wanted | {"id": "one", "project": "mine"}
    with pytest.raises(TemplateSyntaxError, match="full, read-only, none"):
        render('{% cocalc_notebook path="a" toolbar="half" %}', ada)


def test_it_asks_cocalc_nothing_and_writes_nothing(ada: User, sandbox: SandboxProcess) -> None:
    page = render(TAG * 3, ada)
    assert sandbox.calls()["counts"] == {}
    assert not CocalcProject.objects.exists()
    assert not EmbedSession.objects.exists()
    assert "auth_token" not in page.html


def test_members_see_a_project_and_nobody_else_does(
    ada: User, person: Person, project: CocalcProject
) -> None:
    Member.objects.create(project=project, user=ada)
    boss = person("boss", is_staff=True, is_superuser=True)
    source = '{% cocalc_notebook path="intro.ipynb" project=given %}'
    for given in (project, project.project_id, str(project.project_id).upper()):
        assert render(source, ada, given=given).notebook["project"] == str(project.project_id)
        for stranger in (person(f"eve{uuid.uuid4()}"), boss):
            page = render(source, stranger, given=given)
            assert page.refused
            assert "you may not open it" in page.text


@pytest.mark.parametrize("given", ["", None, "other", "00000000", uuid.uuid4(), HOSTILE, 7])
def test_a_project_that_is_none_is_never_taken_for_the_own_one(ada: User, given: object) -> None:
    page = render('{% cocalc_notebook path="a.txt" project=given %}', ada, given=given)
    assert page.refused
    assert render('{% cocalc_notebook path="a.txt" project=missing %}', ada).refused


def test_a_project_that_is_not_on_cocalc_yet(ada: User) -> None:
    row = CocalcProject.objects.create(slot="course", title="Course")
    Member.objects.create(project=row, user=ada)
    assert render('{% cocalc_notebook path="a.txt" project=row %}', ada, row=row).refused


def test_the_own_project_is_by_membership_too(ada: User) -> None:
    row = CocalcProject.objects.create(slot=f"personal:{ada.pk}", title="Own")
    assert render(TAG, ada).refused, "an administrator has taken it away"
    Member.objects.create(project=row, user=ada)
    assert render(TAG, ada).notebook["project"] == "mine"


def test_signed_out_it_leads_to_signing_in_and_back(project: CocalcProject) -> None:
    page = render('{% cocalc_notebook path="a.txt" title="Part 1" %}', at="/lesson/?part=1&x=2")
    assert page.refused
    assert "Part 1" in page.text
    assert "Sign in to work in this notebook." in page.text
    (link,) = page.all("a")
    assert link["href"] == "/sign-in/?next=/lesson/%3Fpart%3D1%26x%3D2"
    assert page.scripts == [PRESENCE], "other pages of the same browser are told"
    assert {"name": "embedding-user", "content": ""} in page.all("meta")
    assert not page.all("input"), "no cookie for a visitor who is to see nothing"


@pytest.mark.parametrize("path", ["../a", "a//b", "", "a\0b", "/etc/passwd"])
def test_a_path_that_is_none_is_explained(ada: User, path: str) -> None:
    page = render("{% cocalc_notebook path=path %}", ada, path=path)
    assert page.refused
    assert "path" in page.text.lower()


@pytest.mark.parametrize("around", ["{}", "{{% autoescape off %}}{}{{% endautoescape %}}"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_hostile_words_stay_words(ada: User, around: str, signed_in: bool) -> None:
    source = around.format(
        "{% cocalc_notebook path=bad|safe title=bad|safe height=bad|safe id=bad|safe %}"
    )
    page = render(source, ada if signed_in else None, at="/?next=%22%3E%3Cscript%3E", bad=HOSTILE)
    assert "<script>alert" not in page.html
    assert "onload" not in {name for _, attributes in page.elements for name in attributes}
    if signed_in:
        for name in ("path", "label", "height", "id"):
            assert page.notebook[name] == HOSTILE
    else:
        assert page.refused
        assert HOSTILE in page.text


def test_words_of_the_template_itself_are_escaped(ada: User) -> None:
    """Django takes them for safe."""
    page = render("""{% cocalc_notebook path='a"b&c.txt' title='"><b>' %}""", ada)
    assert page.notebook["path"] == 'a"b&c.txt'
    assert page.notebook["label"] == '"><b>'
    assert not page.all("b")


def test_assets_come_once_also_through_includes(ada: User, project: CocalcProject) -> None:
    included = Template("{% load cocalc %}" + TAG)
    source = TAG + "{% include part %}{% include part only %}{% with x=1 %}" + TAG + "{% endwith %}"
    page = render(
        '{% cocalc_notebook path="a" project=project %}{% include part only %}' + source,
        ada,
        part=included,
        project=project,
        nonce="n0nce",
    )
    assert len(page.all("cocalc-notebook")) == 5
    assert page.scripts == [PRESENCE, ELEMENT]
    (script,) = [script for script in page.all("script") if script.get("src") == ELEMENT]
    (link,) = page.all("link")
    assert script["nonce"] == link["nonce"] == "n0nce"
    (hidden,) = page.all("input")
    assert hidden["value"]
    # Another page of the same process begins anew.
    assert render(source, ada, part=included).scripts == [PRESENCE, ELEMENT]


def test_a_page_that_makes_its_elements_itself(ada: User) -> None:
    source = "{% cocalc_assets %}{% cocalc_assets %}" + TAG
    page = render(source, ada, nonce="n0nce")
    assert page.scripts == [PRESENCE, ELEMENT]
    assert len(page.all("link")) == len(page.all("input")) == 1
    signed_out = render(source, at="/app/")
    assert (signed_out.settings["user"], signed_out.settings["signIn"]) == (
        "",
        "/sign-in/?next=/app/",
    )
    assert not signed_out.all("input")


def test_no_inline_script_or_style(ada: User) -> None:
    for user in (ada, None):
        page = render(TAG, user)
        assert not re.search(r"\sstyle=|<style|\son\w+=", page.html)
        assert not re.search(r'<script type="module"[^>]*>\s*[^<\s]', page.html)


def test_a_template_without_the_request_is_a_mistake() -> None:
    with pytest.raises(ImproperlyConfigured, match="needs the request"):
        Template("{% load cocalc %}" + TAG).render(Context())
