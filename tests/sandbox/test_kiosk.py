"""Working in the kiosk: a notebook that runs and is saved, other files, tabs, a phone."""

import json

import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from sandbox.process import SandboxProcess
from tests.cells import run_first_cell, type_over
from tests.sandbox.conftest import Desk
from tests.sandbox.embed import Embed
from tests.sandbox.support import PATIENCE, Api, until

SOURCE = "import os\nprint(2**10, os.getcwd())"
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "one",
            "metadata": {},
            "outputs": [],
            "source": SOURCE.splitlines(keepends=True),
        }
    ],
    "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}
# One grey pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGOYCQAAngCe0f2nMQAAAABJRU5ErkJggg=="


@pytest.fixture
def project(api: Api, desk: Desk) -> str:
    project_id = api.project(desk.person)
    api.run(project_id, f"mkdir hw; echo '# Notes' > hw/notes.md; echo {PNG} | base64 -d > p.png")
    content = json.dumps(NOTEBOOK)
    api("write_text_file_to_project", project_id=project_id, path="hw/nb.ipynb", content=content)
    return project_id


def kiosk(embed: Embed) -> FrameLocator:
    return embed.page.frame_locator("iframe")


def inner(embed: Embed, path: str) -> FrameLocator:
    return kiosk(embed).frame_locator(f'iframe[title="{path}"]')


def test_a_cell_runs_and_is_saved(
    embed: Embed, sandbox: SandboxProcess, api: Api, project: str
) -> None:
    embed.opened(project, "hw/nb.ipynb")
    notebook = inner(embed, "hw/nb.ipynb")
    run_first_cell(notebook, SOURCE, PATIENCE)
    output = notebook.locator(".jp-OutputArea-output").first
    # The kernel works in the notebook's folder, as CoCalc's does.
    expect(output).to_contain_text("1024", timeout=PATIENCE * 1000)
    expect(output).to_contain_text(f"{project}/hw")

    # Not by itself before the three quarters of a minute that CoCalc takes; but by the key.
    assert "1024" not in api.run(project, "cat hw/nb.ipynb")
    notebook.locator(".jp-CodeCell").first.press("Control+s")
    until(lambda: "1024" in api.run(project, "cat hw/nb.ipynb"))
    # Nothing else is left beside it.
    files = "./hw/nb.ipynb\n./hw/notes.md\n./p.png\n"
    until(lambda: api.run(project, "find . -type f | sort") == files)


def test_closing_a_tab_saves_first(embed: Embed, api: Api, project: str) -> None:
    embed.opened(project, "hw/notes.md")
    editor = inner(embed, "hw/notes.md").locator(".cm-content")
    type_over(editor, "More notes", PATIENCE)
    kiosk(embed).get_by_role("button", name="Close hw/notes.md").click()
    kiosk(embed).get_by_text("CoCalc sandbox", exact=True).wait_for()
    assert "More" in api.run(project, "cat hw/notes.md")
    assert embed.status()["open_files"] == {}


def test_leaving_the_page_saves_too(embed: Embed, api: Api, project: str) -> None:
    embed.opened(project, "hw/notes.md")
    type_over(inner(embed, "hw/notes.md").locator(".cm-content"), "Typed and left", PATIENCE)
    assert "left" not in api.run(project, "cat hw/notes.md")
    embed.page.evaluate("document.querySelector('iframe').remove()")
    until(lambda: "Typed and left" in api.run(project, "cat hw/notes.md"))


def test_tabs(embed: Embed, project: str) -> None:
    embed.opened(project, "hw/notes.md")
    embed.opened(project, "p.png")
    tabs = kiosk(embed).get_by_role("tab")
    expect(tabs).to_have_text(["notes.md", "p.png"])
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    image = inner(embed, "p.png").locator("img")
    expect(image).to_be_visible()
    tabs.nth(0).click()
    expect(tabs.nth(0)).to_have_attribute("aria-selected", "true")
    expect(inner(embed, "hw/notes.md").locator(".cm-content")).to_contain_text("Notes")
    expect(image).to_be_hidden()
    # A reload of the frame comes back to the file in front.
    assert "/files/hw/notes.md?" in embed.frame.url


def test_a_phone(embed: Embed, project: str) -> None:
    embed.page.set_viewport_size({"width": 360, "height": 640})
    embed.opened(project, "hw/nb.ipynb")
    inner(embed, "hw/nb.ipynb").locator(".jp-CodeCell").first.wait_for()
    assert embed.frame.evaluate("document.documentElement.scrollWidth") <= 360
    box = kiosk(embed).locator('iframe[title="hw/nb.ipynb"]').bounding_box()
    assert box
    assert box["width"] == 360
    assert box["height"] > 560


def test_in_a_tab_of_its_own(chromium: Browser, api: Api, desk: Desk, project: str) -> None:
    """Where a frame is not to be had, a tab is."""
    with chromium.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        token = api.token(desk.person.account_id)
        page.goto(
            "https://cocalc.school.test/projects/"
            f"{project}/files/hw/notes.md?auth_token={token}&fullscreen=kiosk&session="
        )
        frame = page.frame_locator('iframe[title="hw/notes.md"]')
        frame.locator(".cm-content").wait_for(timeout=PATIENCE * 1000)
