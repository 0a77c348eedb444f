"""The site's settings, all from the environment: the README has the table of variables."""

import os
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from config.env import Reader
from config.katex import katex

BASE_DIR = Path(__file__).resolve().parent.parent.parent

read = Reader()

# --- who we are ---------------------------------------------------------------------------

SECRET_KEY = read.text("SECRET_KEY", kind="a long random string")
SITE_URL = read.url("SITE_URL", example="https://learn.example.edu")
SITE_NAME = read.text("SITE_NAME", kind="the name on every page", default="Lectern")
DEBUG = read.flag("DEBUG", default=False)

_site = urlsplit(SITE_URL)
_site_host = _site.hostname or "localhost"
_https = _site.scheme != "http"  # plain http passes `read.url` on this machine alone

ALLOWED_HOSTS = [
    _site_host,
    *read.texts("ALLOWED_HOSTS", kind="further host names, comma-separated", default=[]),
]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
if DEBUG and _https:
    read.fault("DEBUG shows settings and source code to every visitor: only for a site on http.")

# --- CoCalc -------------------------------------------------------------------------------

_cocalc_url = read.url("COCALC_URL", example="https://cocalc.example.edu", path=True)
_cocalc = urlsplit(_cocalc_url)
if _cocalc_url and _cocalc.hostname == _site_host:
    read.fault(
        "COCALC_URL must have another host name than SITE_URL: CoCalc runs its users' programs, "
        "and on a common host these could read this site's cookies."
    )

WEB_THREADS = read.number("WEB_THREADS", default=16, least=4, most=100)  # of one web process

_sign_in = read.choice(
    "COCALC_SIGN_IN", default="auto", choices=("auto", "address", "impersonate", "own")
)

EMBEDDING = {
    "COCALC_URL": _cocalc_url,
    "COCALC_API_URL": read.url(
        "COCALC_API_URL", example="https://cocalc.internal", default=_cocalc_url, path=True
    ),
    "COCALC_DOOR": read.place("COCALC_DOOR", example="/.lectern/"),
    "COCALC_API_KEY": read.text(
        "COCALC_API_KEY",
        kind="the API key of CoCalc's service account",
        default="" if _sign_in == "own" else None,
    ),
    # Read again when it changes, so that a new key needs no restart.
    "COCALC_API_KEY_FILE": os.environ.get("COCALC_API_KEY_FILE", ""),
    "COCALC_GENERATION": read.choice(
        "COCALC_GENERATION", default="auto", choices=("auto", "v1", "conat")
    ),
    "COCALC_SIGN_IN": _sign_in,
    "COCALC_ORGANIZATION": read.text(
        "COCALC_ORGANIZATION", kind="the name of an organization on CoCalc", default=""
    ),
    "ACCOUNT_DOMAIN": read.text(
        "COCALC_ACCOUNT_DOMAIN", kind="a domain of this site's", default=_site_host
    ),
    "BASE_TEMPLATE": "base.html",
    "PLACE_OF": "classroom.courses.places.place_of",
    "UPLOAD_MAX_MB": read.number("UPLOAD_MAX_MB", default=25, least=1, most=200),
    "DOWNLOAD_MAX_MB": read.number("DOWNLOAD_MAX_MB", default=100, least=1, most=500),
    "SESSIONS_PER_MINUTE": read.number("SESSIONS_PER_MINUTE", default=20, least=1, most=1000),
    # So many of a process's threads may wait for CoCalc; the others serve what does not ask it.
    "CALLS_AT_ONCE": WEB_THREADS * 5 // 8,
    "KEEP_SESSIONS_DAYS": read.number("KEEP_SESSIONS_DAYS", default=365, least=0, most=36500),
    "KEEP_EVENTS_DAYS": read.number("KEEP_EVENTS_DAYS", default=1095, least=0, most=36500),
    "KEEP_TRASH_DAYS": read.number("KEEP_TRASH_DAYS", default=30, least=0, most=36500),
    "SIGNED_IN_MAX_HOURS": read.number("SIGNED_IN_MAX_HOURS", default=24, least=1, most=8760),
}

# --- e-mail -------------------------------------------------------------------------------

# Without a mail server nothing is mailed: teachers pass invitations on themselves.
_email = read.email("EMAIL_URL")
vars().update(_email)
DEFAULT_FROM_EMAIL = read.text(
    "DEFAULT_FROM_EMAIL", kind="an e-mail address", default=f"noreply@{_site_host}"
)

# --- what we are made of ------------------------------------------------------------------

CLASSROOM = {
    "MAIL": bool(_email),
    "CONCURRENCY": read.number("COCALC_CONCURRENCY", default=10, least=1, most=100),
    "SUBMIT_MAX_MB": read.number("SUBMIT_MAX_MB", default=200, least=1, most=500),
    "KEEP_TRANSFERS_DAYS": read.number("KEEP_TRANSFERS_DAYS", default=730, least=0, most=36500),
    "KEEP_SNAPSHOTS_DAYS": read.number("KEEP_SNAPSHOTS_DAYS", default=1095, least=0, most=36500),
}
# A class step is rows in the database, worked off by `manage.py worker`.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

INSTALLED_APPS = [
    "config.apps.SiteConfig",
    "administration.apps.AdministrationConfig",
    "classroom",
    "embedding",
    "administration.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "config.request_lines.Lines",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.signing_in.Authentication",
    "config.reading.OwnChoices",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "embedding.middleware.Acting",
    "embedding.middleware.Bodies",
    "embedding.middleware.Turns",
    "config.keyless.Courses",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "config.context.site",
            ],
        },
    },
]

# --- database -----------------------------------------------------------------------------

DATABASES = {
    "default": {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        **read.database("DATABASE_URL", default=f"sqlite:///{BASE_DIR}/var/lectern.sqlite3"),
    }
}
if str(DATABASES["default"].get("ENGINE", "")).endswith("sqlite3"):
    if "DATABASE_URL" not in os.environ:
        (BASE_DIR / "var").mkdir(exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue at the start of their transaction instead of failing in the middle of it.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- signing in ---------------------------------------------------------------------------

SESSION_COOKIE_AGE = read.number("SIGNED_IN_HOURS", default=336, least=1, most=8760) * 3600
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "config.signing_in.Accounts",
]
# Who failed too often waits: see config/signing_in.py.
AXES_HANDLER = "config.signing_in.Handler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address", "username"]
AXES_FAILURE_LIMIT = 100  # hundredths of the limits there
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # or a guesser would keep others out
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "config.signing_in.client_address"
AXES_LOCKOUT_CALLABLE = "config.signing_in.throttled"
AXES_SENSITIVE_PARAMETERS = ["username", "csrfmiddlewaretoken", "next"]  # and the password
AXES_VERBOSE = False
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "classroom:today"
PASSWORD_RESET_TIMEOUT = 24 * 3600  # seconds that a mailed link is good for
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "config.passwords.LikeTheirName",
        "django.contrib.auth.password_validation.MinimumLengthValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
    )
]

# --- security -----------------------------------------------------------------------------

# The `__Host-` names bind a cookie to this very host: CoCalc runs students' code on a host
# that may share our registrable domain, and must neither see nor set our cookies.
SESSION_COOKIE_NAME = "__Host-session" if _https else "session"
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "csrf"
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^(healthz?|readyz|metrics)$"]  # monitors ask from within
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
# W021: preloading is a decision for the owner of the whole domain.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
BEHIND_PROXY = read.flag("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
# The door takes a page of this site's by its origin, and is told no more of it.
SECURE_REFERRER_POLICY = "strict-origin" if EMBEDDING["COCALC_DOOR"] else "same-origin"

_frame = f"{_cocalc.scheme}://{_cocalc.netloc}"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [_frame],
        # *Open in a new tab* is a form that ends in a redirect to CoCalc.
        "form-action": [SELF, _frame],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# --- files --------------------------------------------------------------------------------

DATA_UPLOAD_MAX_NUMBER_FILES = 1_100  # an assignment may have 1,000
# The limit of each page is looked at first (`embedding.bodies`); the largest is of a pasted list.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8_000_000
STATIC_URL = "static/"
STATIC_ROOT = Path(
    read.text("STATIC_ROOT", kind="a folder", default=str(BASE_DIR / "var" / "static"))
)
STATICFILES_DIRS = [BASE_DIR / "static", ("katex", katex())]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.staticfiles.Storage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG  # otherwise `manage.py collectstatic` comes first

# --- language and time --------------------------------------------------------------------

LANGUAGES = [("en", "English"), ("de", "Deutsch")]
# For whoever has chosen none and whose browser asks for none of these, and for mails.
LANGUAGE_CODE = read.choice(
    "SITE_LANGUAGE", default="en", choices=tuple(code for code, _ in LANGUAGES)
)
LOCALE_PATHS = [BASE_DIR / "platform" / "locale"]
TIME_ZONE = read.text("TIME_ZONE", kind="a time zone such as Europe/Berlin", default="UTC")
USE_TZ = True
USE_I18N = True

# --- log ----------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "config.logs.Short",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"()": "config.logs.Json"},
    },
    "filters": {
        "refused": {"()": "config.refusals.Refused"},
        "no_links": {"()": "config.logs.NoLinks"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": read.choice("LOG_FORMAT", default="text", choices=("text", "json")),
            "filters": ["refused", "no_links"],
        }
    },
    "root": {
        "handlers": ["console"],
        "level": read.choice(
            "LOG_LEVEL", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR")
        ),
    },
    "loggers": {
        # Both write request lines or bodies at DEBUG, and a request line may carry a token.
        "urllib3": {"level": "INFO"},
        "requests": {"level": "INFO"},
        # It tells of every sign-in; who was kept out is a warning.
        "axes": {"level": "WARNING"},
        # Django's own handlers would say the same again, with all that the filters take out.
        "django": {"handlers": []},
    },
}

# --- what others watch --------------------------------------------------------------------

# Each is off without its variable, and needs a package that is not installed by itself.
METRICS_TOKEN = read.text("METRICS_TOKEN", kind="a long random string", default="")
METRICS_FOLDER = read.text(
    "METRICS_FOLDER", kind="a folder", default=str(BASE_DIR / "var" / "metrics")
)
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    read.fault("METRICS_TOKEN is too short: it must have 20 characters or more.")
if METRICS_TOKEN and not find_spec("prometheus_client"):
    read.fault("METRICS_TOKEN needs prometheus-client: install requirements/metrics.txt.")
SENTRY_DSN = read.text("SENTRY_DSN", kind="the address of a project in a Sentry", default="")
if SENTRY_DSN and not urlsplit(SENTRY_DSN).username:
    read.fault("SENTRY_DSN is malformed: it must be the address of a project in a Sentry.")
if SENTRY_DSN and not find_spec("sentry_sdk"):
    read.fault("SENTRY_DSN needs sentry-sdk: install requirements/sentry.txt.")

read.finish()
del read
