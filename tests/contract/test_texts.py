"""What nobody has seen on a running server: the driver and the stand-in suppose the same."""

import pytest

from embedding.cocalc.conat import texts
from sandbox.conat import texts as supposed

# The stand-in answers by the driver's texts, or one day's look at a server mends only one of them.
SHARED = sorted(name for name in vars(texts) if name.isupper() and hasattr(supposed, name))


def test_most_are_shared() -> None:
    assert {"EMAIL_TAKEN", "NO_CREDENTIALS", "NOT_OFFERED", "RPC_NOBODY"} <= set(SHARED)
    assert "RPC_UNACKNOWLEDGED" in SHARED


@pytest.mark.parametrize("name", SHARED)
def test_the_driver_knows_the_stand_ins_text(name: str) -> None:
    assert getattr(texts, name) in getattr(supposed, name)


def test_what_the_launcher_threw_is_put_in_the_same_words() -> None:
    words = supposed.LAUNCHER_FAILED.format(kind="string", what="Error: cut")
    assert words.startswith(texts.RPC_CUT)
