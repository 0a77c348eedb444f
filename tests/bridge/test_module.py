"""The bridge as a file: what a page has to fetch."""

import gzip

from tests.bridge.conftest import BRIDGE

SOURCE = BRIDGE.read_text()


def test_it_is_small() -> None:
    assert len(gzip.compress(SOURCE.encode(), 9)) <= 5000


def test_it_needs_no_other_module_and_no_document() -> None:
    for word in ("import ", "import(", "document", "querySelector", "innerHTML", "eval("):
        assert word not in SOURCE


def test_it_sends_to_one_origin_only() -> None:
    assert SOURCE.count(".postMessage(") == SOURCE.count(".postMessage(command, this.#origin)") == 1
