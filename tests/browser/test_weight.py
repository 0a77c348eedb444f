"""What our own scripts and styles weigh on a page."""

import gzip
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response

from tests.browser.school import SITE
from tests.browser.visit import Visit

# In bytes, gzipped, of all together. That signing in may be a step of its own, and two generations'
# proofs, cost each page 700 bytes; what does that step comes with its first use.
LIMITS = {"script": 23_700, "stylesheet": 5_000}
SIGNING_IN = 1_200


@pytest.mark.parametrize("page", ["my notebooks", "notebook"])
def test_scripts_and_styles_are_light(
    known: Visit, page: str, record_testsuite_property: Callable[[str, object], None]
) -> None:
    known.write("a.txt")
    loaded: dict[str, Response] = {}

    def keep(response: Response) -> None:
        if response.url.startswith(f"{SITE}/static/"):
            loaded[response.url] = response

    # A page of its own, in which nothing is cached yet.
    known.page.close()
    known.page = known.context.new_page()
    known.page.on("response", keep)
    known.context.new_cdp_session(known.page).send("Network.clearBrowserCache")
    if page == "notebook":
        known.open("a.txt")
    else:
        known.go_to_files()

    sizes: dict[str, dict[str, int]] = {"script": {}, "stylesheet": {}}
    for url, response in list(loaded.items()):
        assert response.ok
        assert "immutable" in response.headers["cache-control"], url
        kind = response.request.resource_type
        if kind in sizes:
            assert response.headers["content-encoding"] == "gzip", url
            name = urlsplit(url).path.removeprefix("/static/")
            sizes[kind][name] = len(gzip.compress(response.body(), 9, mtime=0))
    limits = dict(LIMITS)
    if page == "notebook" and known.school.sandbox.generation == "conat":
        limits["script"] += SIGNING_IN
    for kind, limit in limits.items():
        total = sum(sizes[kind].values())
        print(f"{page}, {kind}s: {total} bytes gzipped, {sizes[kind]}")
        record_testsuite_property(f"{kind}s of {page}", total)
        assert sizes[kind]
        assert total < limit
