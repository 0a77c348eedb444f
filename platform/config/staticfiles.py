"""How static files are stored for delivery."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """Hashed names, compressed; imports between our ES modules are hashed with them."""

    support_js_module_import_aggregation = True
