"""The wheel, in an empty Django project: a notebook opens there, in a real browser.

The project is what `django-admin startproject` makes, plus the lines that docs/embedding.md
names, and users of a kind of its own. Its virtual environment sees our dependencies, but for those
of our site alone, and the wheel, but nothing of this checkout.
"""

import os
import re
import subprocess
import sys
import sysconfig
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import pytest
from playwright.sync_api import Error, Page, Response, expect

from sandbox.process import SandboxProcess
from tests.chromium import arguments, headless

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk_WheelTestsWheelTestsWhe1"
# Of one site, so that CoCalc's cookie is no third-party one; browsers know where `.localhost` is.
SITE_HOST = "shop.wheel.localhost"
COCALC_HOST = "cocalc.wheel.localhost"
PATIENCE = 60  # seconds

OF_THE_SITE = ("csp", "environ", "gunicorn", "whitenoise")

SETTINGS = f"""
import sys
sys.modules.update(dict.fromkeys({OF_THE_SITE}))  # not to be imported

ALLOWED_HOSTS = [{SITE_HOST!r}]
INSTALLED_APPS += ["embedding", "people"]
MIDDLEWARE += [f"embedding.middleware.{{name}}" for name in ("Acting", "Bodies", "Turns")]
AUTH_USER_MODEL = "people.Person"
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
EMBEDDING = {{
    "COCALC_URL": "http://{COCALC_HOST}:%(port)s",
    "COCALC_API_URL": "%(api)s",
    "COCALC_API_KEY": {KEY!r},
    "ACCOUNT_DOMAIN": "shop.example",
}}
"""

# Far from Django's own: a key that is no number, an address for a name, and no other names.
PEOPLE = """
import uuid
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

class Person(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    objects = BaseUserManager()
    USERNAME_FIELD = "email"
"""

URLS = """
from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("", TemplateView.as_view(template_name="lesson.html")),
    path("admin/", admin.site.urls),
    path("notebooks/", include("embedding.urls")),
]
"""

TEMPLATES = {
    "base.html": """<!doctype html>
<html lang="en"><head><title>A shop</title><link rel="icon" href="data:,"></head>
<body><h1>Shop</h1>{% block content %}{% endblock %}</body></html>""",
    "lesson.html": """{% extends "base.html" %}{% load cocalc %}{% block content %}
{% cocalc_notebook path="intro.ipynb" title="Lesson 1" height="30rem" %}
{% endblock %}""",
}

# Where everything comes from; then a user, her session, and a notebook of hers.
PREPARE = """
import importlib.util, sys
from pathlib import Path
import embedding
assert Path(embedding.__file__).is_relative_to(sys.prefix), embedding.__file__
for name in ("config", "classroom", "sandbox", "tests"):
    assert importlib.util.find_spec(name) is None, name

from django.core.management import call_command
call_command("check", fail_level="WARNING")
call_command("makemigrations", "people", verbosity=0)
call_command("migrate", verbosity=0)

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from embedding.models import Member
from embedding.services import files, mapping, preparation

Person = get_user_model()
user = Person.objects.create(email="ada@shop.example")
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
member = Member.objects.get(project=mapping.personal_project(user), user=user)
account = mapping.account_row(user)
while preparation.prepare(account, member):
    pass
files.notebook_create(member, "intro.ipynb")

from django.test import Client
administrator = Client(SERVER_NAME="%(host)s")
administrator.force_login(
    Person.objects.create(email="boss@shop.example", is_staff=True, is_superuser=True)
)
change = f"cocalcproject/{member.project.pk}/change/"
for page in ("cocalcaccount/?q=ada", "cocalcproject/?q=ada", "embedsession/?q=ada", change):
    answer = administrator.get(f"/admin/embedding/{page}")
    assert answer.status_code == 200, page
    assert "ada@shop.example" in answer.content.decode() or "embedsession" in page, page

print(session.session_key)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_the_app_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"embedding", "lectern"}
    for kind in ("templates", "static"):
        files = {
            f"embedding/{file.relative_to(ROOT)}"
            for file in (ROOT / kind / "embedding").rglob("*")
            if file.is_file()
        }
        assert files == {name for name in names if name.startswith(f"embedding/{kind}/")}
    assert "embedding/templatetags/cocalc.py" in names
    assert "embedding/migrations/0001_initial.py" in names
    assert "embedding/locale/de/LC_MESSAGES/djangojs.mo" in names


def test_it_needs_nothing_of_the_site(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    lines = archive.read(metadata).decode().splitlines()
    needed = [
        line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]
    names = {re.split(r"[^\w.-]", line.split(": ")[1])[0] for line in needed}
    assert names == {"django", "nbformat", "publicsuffixlist", "requests"}


@pytest.mark.browser
def test_a_notebook_opens_in_an_empty_project(wheel: Path, tmp_path: Path) -> None:
    python = install(wheel, tmp_path / "venv")
    shop = tmp_path / "shop"
    shop.mkdir()
    run(python, "-m", "django", "startproject", "shop", ".", cwd=shop)
    with SandboxProcess.start(
        tmp_path / "cocalc", admin_key=KEY, public_host=COCALC_HOST, start_seconds=0.05
    ) as sandbox:
        settings = SETTINGS % {"port": sandbox.port, "api": sandbox.url}
        with (shop / "shop" / "settings.py").open("a") as file:
            file.write(settings)
        (shop / "shop" / "urls.py").write_text(URLS)
        for folder in ("people", "people/migrations", "templates"):
            (shop / folder).mkdir()
        (shop / "people" / "migrations" / "__init__.py").touch()
        (shop / "people" / "models.py").write_text(PEOPLE)
        for name, text in TEMPLATES.items():
            (shop / "templates" / name).write_text(text)
        session = run(
            python,
            "manage.py",
            "shell",
            "--no-imports",
            "-c",
            PREPARE % {"host": SITE_HOST},
            cwd=shop,
        ).split()[-1]
        with server(python, shop) as site, visit() as page:
            visit_the_shop(page, site, session)


def visit_the_shop(page: Page, site: str, session: str) -> None:
    faults: list[str] = []

    def keep(error: Error) -> None:
        # The pages of CoCalc's stand-in, left while they load, are not ours to judge.
        if COCALC_HOST not in (error.stack or ""):
            faults.append(str(error))

    page.on("pageerror", keep)

    def look(answer: Response) -> None:
        if answer.url.startswith(site) and answer.status >= 400:
            faults.append(f"{answer.status} {answer.url}")

    page.on("response", look)

    page.goto(site)
    expect(page.get_by_text("Sign in to work in this notebook.")).to_be_visible()
    link = page.get_by_role("link", name="Sign in")
    assert link.get_attribute("href") == "/accounts/login/?next=/"

    page.context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    page.goto(site)
    expect(page.locator("cocalc-notebook")).to_have_attribute("state", "ready")
    kiosk = page.frame_locator("cocalc-notebook iframe")
    expect(kiosk.locator(".tab.active [role=tab]")).to_have_text("intro.ipynb")

    # The app's own pages, on a base of its own.
    page.goto(f"{site}/notebooks/")
    page.get_by_role("link", name="intro.ipynb", exact=True).click()
    expect(page.locator("#light")).to_have_attribute("data-state", "ready")
    page.goto(f"{site}/notebooks/projects/mine/")
    expect(page.get_by_role("link", name="intro.ipynb", exact=True)).to_be_visible()
    assert faults == []


def install(wheel: Path, venv: Path) -> str:
    """Make a virtual environment with the wheel; what it depends on is taken from ours."""
    uv = [sys.executable, "-m", "uv", "--offline", "--no-config"]
    run(*uv, "venv", "--python", sys.executable, str(venv))
    python = str(venv / "bin" / "python")
    run(*uv, "pip", "install", "--python", python, "--no-deps", str(wheel))
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # A folder named in a .pth file is put on the path, but its own .pth files are not read.
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def environment() -> dict[str, str]:
    """Return our own, without what would lead Python or Django back here."""
    ours = ("PYTHONPATH", "PYTHONHOME", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in ours}


def run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd or "/", env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def server(python: str, project: Path) -> Iterator[str]:
    """Run the project by Django's own server; yields the address."""
    process = subprocess.Popen(
        [python, "-u", "manage.py", "runserver", "--noreload", "127.0.0.1:0"],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: Queue[str] = Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    said = ""
    try:
        while not (found := re.search(r"at http://127\.0\.0\.1:(\d+)/", said)):
            try:
                said += lines.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError(said) from None
        yield f"http://{SITE_HOST}:{found[1]}"
    finally:
        process.terminate()
        process.wait()
        reader.join()
        if process.stdout:
            process.stdout.close()


@contextmanager
def visit() -> Iterator[Page]:
    with headless(arguments({})) as browser:
        context = browser.new_context()
        context.set_default_timeout(PATIENCE * 1000)
        expect.set_options(timeout=PATIENCE * 1000)
        yield context.new_page()
