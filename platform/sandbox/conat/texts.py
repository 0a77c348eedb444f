"""Texts that nobody has read on a running server: taken from its source, or guessed from V8's ways.

One look at a real server corrects a line here, and with it every answer that has the text.
"""

NO_CREDENTIALS = (
    "The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or"
    " an Array-like Object. Received undefined"
)
"""The header is `Basic` without anything behind it: Node's own words."""

NOT_OFFERED = "TypeError: HubApiStructure[group]?.[functionName] is not a function"
"""A function that the hub has and does not offer."""

NO_LIST_OF_ARGUMENTS = (
    "TypeError: Spread syntax requires ...iterable[Symbol.iterator] to be a function"
)

RPC_UNACKNOWLEDGED = (
    "timeout - Error: operation has timed out"
    " - callHub: subject='{subject}', name='{name}', code='408' "
)
"""The project's API did not appear in time: one of two races."""

RPC_NOBODY = (
    "request -- no subscribers matching '{subject}'"
    " - callHub: subject='{subject}', name='{name}', code='503' "
)
"""The other one. From the hub itself the text is sure."""

LAUNCHER_ERROR = "{error} - callHub: subject='{subject}', name='{name}', code='{code}' "
"""The start before a call into a project threw an Error of the system's: `spawn pnpm ENOENT`."""

LAUNCHER_FAILED = "Cannot create property 'message' on {kind} '{what}'"
"""The start before a call into a project threw something that is no Error."""

INVALID_CHARSET = "Invalid body"

NOT_FOUND_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charSet="utf-8"/>'
    "<title>404: This page could not be found</title></head>"
    "<body><h1>404</h1><h2>This page could not be found.</h2></body></html>"
)
"""Next.js' page for an address below `/api` that it does not know."""

EMAIL_TAKEN = 'error: duplicate key value violates unique constraint "accounts_email_address_key"'
PROJECT_TAKEN = 'error: duplicate key value violates unique constraint "projects_pkey"'
"""The names of both constraints were not seen."""

QUERY_MISSING = (
    "Error: misc.defaults -- TypeError: property 'query' must be specified:"
    " (obj1={shown}, obj2={shown})"
)
"""Behind `obj1` and `obj2` a server shows what it was given."""

GROUP_REFUSED = (
    "FATAL: error setting 'users' -- Error: changing collaborator group via user_set_query is"
    " not allowed"
)
"""Where the hole is closed by which a set query on `users` changes somebody's group."""

NO_GROUP = "FATAL: error setting 'users' -- Error: invalid value for field 'group'"

ANONYMOUS_QUERY = "FATAL: anonymous get queries not allowed for table '{table}'"

CAPTCHA = "reCaptcha verification is required."
"""What a sign-up without a key is told where a captcha is configured."""


# In a project: files, commands, uploads.

_NODE = 'TypeError [ERR_INVALID_ARG_TYPE]: The "{name}" argument must be of type string'

NO_ARGUMENT = "TypeError: Cannot destructure property '{name}' of 'undefined' as it is undefined."
NO_PATH_TO_WRITE = "TypeError: Cannot read properties of undefined (reading 'length')"
NO_DATA = (
    _NODE.replace("{name}", "data")
    + " or an instance of Buffer, TypedArray, or DataView. Received {received}"
)
NO_PATH_TO_READ = (
    _NODE.replace("{name}", "path") + " or an instance of Buffer or URL. Received {received}"
)
NO_PATH_TO_LIST = _NODE.replace("{name}", "path") + ". Received {received}"

NO_LIST_OF_WORDS = (
    'TypeError [ERR_INVALID_ARG_TYPE]: The "args" argument must be an instance of Object.'
    " Received {received}"
)
NULL_BYTE = (
    "error TypeError [ERR_INVALID_ARG_VALUE]: The argument 'args[{index}]' must be a string"
    " without null bytes. Received '{shown}'"
)

MOVE_INTO_ITSELF = "Error: Cannot move '{source}' to a subdirectory of itself, '{target}'."
MOVE_ONTO_FOLDER = "Error: Cannot overwrite directory '{target}' with non-directory '{source}'."
MOVE_ONTO_FILE = "Error: Cannot overwrite non-directory '{target}' with directory '{source}'."

V2_EXEC_FAILED = "Error executing command '{command}' with args '{args}' -- {error}"

UPLOAD_FAILED = "Upload failed."
"""The project does not run, or the file could not be written."""

READ_FAILED = "Error reading file."


def received(value: object) -> str:
    """How Node names what it was given."""
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return f"type boolean ({str(value).lower()})"
    if isinstance(value, int | float):
        return f"type number ({value})"
    if isinstance(value, str):
        return f"type string ('{value}')"
    return "an instance of Array" if isinstance(value, list) else "an instance of Object"
