"""The site's settings as the tests use them: https, and a CoCalc that each test provides."""

import os
import tempfile
from pathlib import Path

os.environ.update(
    {
        "SECRET_KEY": "tests-only-" + "x" * 50,
        "SITE_URL": "https://learn.school.test",
        "COCALC_URL": "https://cocalc.school.test",
        "COCALC_API_KEY": "sk_testtesttesttesttest00000",
        "COCALC_GENERATION": "v1",
        "COCALC_ACCOUNT_DOMAIN": "accounts.school.test",
        "DATABASE_URL": os.environ.get("DATABASE_URL", "sqlite://:memory:"),
    }
)

from config.settings import *  # noqa: F403  the environment comes first

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file, not memory: the tests of many threads need the locks of the real thing.
if "sqlite3" in str(DATABASES["default"]["ENGINE"]):  # noqa: F405
    DATABASES["default"]["TEST"] = {  # noqa: F405
        "NAME": str(Path(tempfile.gettempdir()) / f"lectern-tests-{os.getpid()}.sqlite3")
    }
