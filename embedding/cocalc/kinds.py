"""The generations of CoCalc, and in words for an administrator: which it is, why, what to do.

A server cannot be asked for its version. What it answers to a few harmless requests tells its
generation (`embedding.cocalc.generations`); the dates are those of CoCalc's source.
"""

from dataclasses import dataclass
from typing import Final, Literal

from embedding.untranslated import noop

Generation = Literal["v1", "late-v1", "v2", "conat", "ai", "other", "unknown"]
Spoken = Literal["v1", "conat"]  # of which there is a driver

SPOKEN: Final[tuple[Spoken, ...]] = ("v1", "conat")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server: its name, why it cannot be embedded ("" where it can), and what to do."""

    name: str
    why: str = ""
    advice: str = ""


_UPDATE: Final = noop(
    "Ask whoever runs CoCalc to update it to a version of September 2025 or later. Users who sign "
    "in to CoCalc themselves can already be shown their files: set COCALC_SIGN_IN=own."
)

KINDS: Final[dict[Generation, Kind]] = {
    "v1": Kind(noop("CoCalc with API v1, from before October 2024")),
    "late-v1": Kind(
        noop("CoCalc from between October 2024 and spring 2025"),
        noop(
            "Its API v1 can no longer create accounts, and a link no longer signs anyone in. Its "
            "newer API is not there yet."
        ),
        _UPDATE,
    ),
    "v2": Kind(
        noop("CoCalc from between spring and August 2025"),
        noop("Its API v1 is gone, and no other server can ask it to sign anyone in."),
        _UPDATE,
    ),
    "conat": Kind(noop("CoCalc with the API “conat”, from September 2025 or later")),
    "ai": Kind(
        noop("CoCalc-AI"),
        noop(
            "Its API keys can neither create accounts nor sign anyone in, so this site cannot "
            "open notebooks for its users there."
        ),
        noop(
            "Connect a CoCalc On-Prem server instead. If your users sign in to CoCalc-AI "
            "themselves, set COCALC_SIGN_IN=own: this site then shows them their files there."
        ),
    ),
    "other": Kind(
        noop("not CoCalc"),
        noop("Something answers at this address, but not as CoCalc does."),
        noop(
            "Check COCALC_URL and COCALC_API_URL: a base path may be missing, or a proxy may "
            "answer for CoCalc."
        ),
    ),
    "unknown": Kind(
        noop("not known"),
        noop("CoCalc could not be asked, or its answers do not fit together."),
        noop(
            "Check that CoCalc runs, and that this server reaches it at COCALC_API_URL, with its "
            "addresses below /api/ and /auth/. If it runs and is a version that this site can "
            "work with, COCALC_GENERATION can name it: v1 or conat."
        ),
    ),
}
