"""How static files are stored for delivery."""

from collections.abc import Iterator
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

# What no page uses. Comments in htmx's extensions look like imports of files that are not there.
UNUSED = ("django_htmx/ext/", "katex/contrib/", "katex/katex.js", "katex/katex.mjs")


class Storage(CompressedManifestStaticFilesStorage):
    """Hashed names, compressed; imports between our ES modules are hashed with them."""

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[Any]:
        used = {path: file for path, file in paths.items() if not path.startswith(UNUSED)}
        yield from super().post_process(used, *args, **options)
