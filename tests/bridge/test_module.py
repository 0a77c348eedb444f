"""The bridge as files: what a page has to fetch."""

import gzip

from tests.bridge.conftest import BRIDGE

SOURCE = BRIDGE.read_text()
MESSAGES = BRIDGE.with_name("messages.js").read_text()


def test_it_is_small() -> None:
    assert sum(len(gzip.compress(text.encode(), 9)) for text in (SOURCE, MESSAGES)) <= 5150


def test_it_needs_its_words_and_no_document() -> None:
    ours = 'import { BridgeError, asText, isObject, keyOf, statusOf } from "./messages.js";\n'
    words = 'import { fill, gettext } from "./words.js";\n'
    assert ours in SOURCE
    assert words in MESSAGES
    for text in (SOURCE.replace(ours, ""), MESSAGES.replace(words, "")):
        for word in ("import ", "import(", "document", "querySelector", "innerHTML", "eval("):
            assert word not in text


def test_it_sends_to_one_origin_only() -> None:
    assert SOURCE.count(".postMessage(") == SOURCE.count(".postMessage(command, this.#origin)") == 1
    assert ".postMessage(" not in MESSAGES
