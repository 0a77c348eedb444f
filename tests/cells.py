"""Working in JupyterLab as a person does, who looks at what comes of a key.

What is still being put together shows its texts before it takes keys, and loses some.
"""

import re
import time

from playwright.sync_api import FrameLocator, Locator, expect

_NOT_RUN = re.compile(r"^\[ \]:$")
_SOON = 2_000  # ms after which a person would see that nothing has come of a key


def _first_cell(notebook: FrameLocator, ms: float) -> Locator:
    # A kernel that still starts may lose what it is told.
    idle = notebook.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    expect(idle).to_be_visible(timeout=ms)
    return notebook.locator(".jp-CodeCell").first


def type_over(content: Locator, text: str, seconds: float) -> None:
    """Type over what an editor holds, until that is this text."""
    end = time.monotonic() + seconds
    while True:
        content.click(timeout=seconds * 1000)
        content.press("Control+a")
        content.press_sequentially(text)
        try:
            expect(content).to_have_text(text, use_inner_text=True, timeout=_SOON)
        except AssertionError:
            if time.monotonic() > end:
                raise
        else:
            return


def type_into_first_cell(notebook: FrameLocator, text: str, seconds: float) -> None:
    """Type over what is in a notebook's first cell."""
    type_over(_first_cell(notebook, seconds * 1000).locator(".cm-content"), text, seconds)


def run_first_cell(notebook: FrameLocator, text: str, seconds: float) -> None:
    """Run a notebook's first cell, which holds this text and never ran, by Shift+Enter.

    The key is pressed again where nothing came of it; never once the cell has begun to run.
    """
    end = time.monotonic() + seconds
    cell = _first_cell(notebook, seconds * 1000)
    content = cell.locator(".cm-content")
    prompt = cell.locator(".jp-InputPrompt")
    expect(content).to_have_text(text, use_inner_text=True, timeout=seconds * 1000)
    expect(prompt).to_have_text(_NOT_RUN, timeout=seconds * 1000)
    while True:
        # Each time: what takes the key goes on to the next cell. And at the end of the text,
        # where a line break, which is what the editor alone makes of it, does no harm.
        content.click(timeout=seconds * 1000)
        content.press("Control+End")
        content.press("Shift+Enter")
        try:
            expect(prompt).not_to_have_text(_NOT_RUN, timeout=_SOON)
        except AssertionError:
            if time.monotonic() > end:
                raise
        else:
            return
