"""What can go wrong when we talk to CoCalc.

    CocalcError
    ├── CannotConnect      no connection, or cut before CoCalc could have acted
    │   └── Away           not asked at all: CoCalc does not answer, as the site itself has found
    ├── OutcomeUnknown     the answer did not come in time: it may have happened or not
    ├── RefusedKey         CoCalc does not know the site's key
    ├── Forbidden          the key's account may not do this
    ├── NotFound           no such project, file or command
    ├── Duplicate          the e-mail address, or the target's path, is taken already
    ├── InTheWay           a file stands where a folder has to be
    ├── Limited            banned or rate-limited; `retry_after` says for how long
    │   └── Crowded        not asked at all: too many ask already, says the site itself
    ├── NotSupported       this generation of CoCalc cannot do it; nothing was done
    │   ├── CannotEmbed    no site can have notebooks opened on this generation
    │   └── NoKey          the site has no key: its users sign in to CoCalc themselves
    ├── BadRequest         CoCalc understood and refused: ours to mend
    │   └── TooMany        a folder holds more than is listed
    ├── CommandFailed      a command ended with a non-zero exit code
    ├── ServerFault        CoCalc failed in itself
    │   ├── NotStarted     the project did not come up in time
    │   │   └── StillStarting  and CoCalc says that it is still at it
    │   └── CannotStart    CoCalc's server fails at starting it
    └── NotCocalc          something answered, but not CoCalc (HTML, foreign JSON)

No error holds a key, a token or a password: `words` is what the server said, with every
secret of ours replaced and cut to a readable length.
"""

from datetime import datetime


class CocalcError(Exception):
    """A call to CoCalc that did not succeed.

    Attributes:
        operation: the client's own name of the call, such as ``"mint_token"``.
        status: the HTTP status, or None where there was no answer.
        words: what the server said, free of secrets; may be empty.
        code: stable, for logs, rows and the browser.
        recoverable: whether trying again later, unchanged, can help.
    """

    code = "cocalc_error"
    recoverable = False

    def __init__(self, operation: str, words: str = "", *, status: int | None = None) -> None:
        super().__init__(operation, words, status)
        self.operation = operation
        self.words = words
        self.status = status

    def __str__(self) -> str:
        status = "" if self.status is None else f" (HTTP {self.status})"
        return f"{self.operation}: {self.words or self.code}{status}"


class CannotConnect(CocalcError):
    """Nothing was done: CoCalc could not be reached."""

    code = "cannot_connect"
    recoverable = True


class Away(CannotConnect):
    """Not asked, because CoCalc does not answer; `since` is from when on, in UTC.

    For all who tell errors apart it is as if no connection had come about, which nobody waited for.
    """

    def __init__(self, operation: str, since: datetime) -> None:
        super().__init__(operation, f"not asked: no answer since {since:%Y-%m-%d %H:%M:%S} UTC")
        self.since = since


class OutcomeUnknown(CocalcError):
    """No answer in time. Look whether it happened before doing it again."""

    code = "outcome_unknown"
    recoverable = True


class RefusedKey(CocalcError):
    """CoCalc does not accept the site's API key."""

    code = "refused_key"


class Forbidden(CocalcError):
    """The key's account is not allowed to do this."""

    code = "forbidden"


class NotFound(CocalcError):
    """The project, file, folder or command does not exist."""

    code = "not_found"


class Duplicate(CocalcError):
    """An account with this e-mail address, or something at the target's path, exists already."""

    code = "duplicate"


class InTheWay(CocalcError):
    """A file stands where `folder`, or one that it lies in, has to be."""

    code = "in_the_way"

    def __init__(
        self, operation: str, words: str = "", *, status: int | None = None, folder: str = ""
    ) -> None:
        super().__init__(operation, words, status=status)
        self.folder = folder


class Limited(CocalcError):
    """CoCalc asks us to wait: a ban, or its limit of new accounts."""

    code = "limited"
    recoverable = True

    def __init__(
        self, operation: str, words: str = "", *, status: int | None = None, retry_after: int
    ) -> None:
        super().__init__(operation, words, status=status)
        self.retry_after = retry_after  # seconds


class Crowded(Limited):
    """Not asked, because too many requests of the site's wait for CoCalc already.

    `words` is a sentence of our own, for the user.
    """

    code = "crowded"


class NotSupported(CocalcError):
    """This generation of CoCalc cannot do it, as `words` says; nothing was done."""

    code = "not_supported"


class CannotEmbed(NotSupported):
    """What answers is CoCalc, of a generation that lets no site sign its users in."""

    code = "cannot_embed"


class NoKey(NotSupported):
    """The site has no key of CoCalc's, since its users sign in there themselves."""

    code = "no_key"


class BadRequest(CocalcError):
    """CoCalc understood the request and refused it."""

    code = "bad_request"


class TooMany(BadRequest):
    """A folder holds more than is listed; `words` says how many are."""

    code = "too_many"


class CommandFailed(CocalcError):
    """A command in the project ended with a non-zero exit code, or was killed at its limit.

    `exit_code` is None where there is none: killed, or not a command of ours (a copy).
    """

    code = "command_failed"

    def __init__(
        self,
        operation: str,
        words: str = "",
        *,
        status: int | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(operation, words, status=status)
        self.exit_code = exit_code


class ServerFault(CocalcError):
    """CoCalc failed in itself, or the project did not come up."""

    code = "server_fault"
    recoverable = True


class NotStarted(ServerFault):
    """The project did not come up in time; nothing was done in it."""

    code = "not_started"


class StillStarting(NotStarted):
    """The project has been starting for all the time that we wait, and may hang in it for ever.

    CoCalc of 2025 and later starts without a limit (read in its source): where a start comes to
    nothing, the project's state stays "starting" until CoCalc itself is restarted.
    """

    code = "still_starting"


class CannotStart(ServerFault):
    """CoCalc's server fails at starting the project; nothing was done in it."""

    code = "cannot_start"


class NotCocalc(CocalcError):
    """What answered is not CoCalc: an HTML page, or JSON of another shape."""

    code = "not_cocalc"
    recoverable = True
