"""What the site has a file or a folder for, as its own function `PLACE_OF` tells the pages."""

from datetime import datetime
from typing import NamedTuple


class Action(NamedTuple):
    """What the site lets a user do with the folder of a file, from the notebook page or its own.

    Before, the page closes the folder's open files, so that CoCalc saves them, and waits until
    they are on disk; afterwards it opens them again.
    """

    label: str  # of the button: "Submit"
    doing: str  # while it is done: "Submitting…"
    failed: str  # where it was not: "Not submitted"
    folder: str
    # Where it is posted to. A script, which asks for JSON, is answered {"title", "text", "lines"},
    # with a line for each file, "warnings" in sentences, and a "link" to look at the outcome:
    # {"url", "text"}; with status 202 while it is under way.
    # What is to be asked first is an error with a "question": {"title", "yes", "no", "answer"}, of
    # which the answer is posted as a form where the user says yes. A browser without scripts is led
    # to a page.
    url: str
    # Where it is asked when each file of the folder was saved: {"files": [{"path", "modified"}],
    # "unsaved"}, with paths in the folder and times in seconds. What may hold more than is saved,
    # since a page of the user's has it open or had a moment ago, is "unsaved": {"text" that says
    # so, "is_closing", "since"}, or null; `since` in the address is what was answered before.
    saved_url: str
    # Where a script asks what became of it, and is answered in the same way; and whether that is
    # to be asked from the start, since it is under way from an earlier page.
    outcome_url: str = ""
    under_way: bool = False


class Deadline(NamedTuple):
    """Until when, as it is now, and what it says at the next moment at which that changes."""

    text: str  # "2 days left", "Late: due 23:59"
    title: str  # all of it: "Due Fri 27 Nov 2026, 23:59 CET"
    at: datetime | None = None  # the next moment
    counts_down: bool = False  # whether the page says how long it is until then
    then: str = ""  # what it says from then on
    # Where a script asks what holds by now: the same as JSON, with the `label` of the action, or
    # "" where there is none. Answers to the action's own addresses may bring it as "deadline".
    url: str = ""


class Words(NamedTuple):
    """A text that can be read beside the file: what its button says, and safe HTML."""

    label: str
    html: str


class Place(NamedTuple):
    """What a file belongs to, its address, and what can be done there.

    `notice` is what the user must not miss, in a sentence or two: above the file. `heading` is the
    thing itself within the place, whose pages then show it, its deadline and its words.
    """

    title: str
    url: str
    action: Action | None = None
    notice: str = ""
    heading: str = ""
    deadline: Deadline | None = None
    words: Words | None = None
