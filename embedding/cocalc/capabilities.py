"""What each generation of CoCalc can do of what the site needs: the one place that says so.

A row names operations of `embedding.cocalc.client.Client`, and every operation has one. Where the
generations differ, a row says how; no driver differs silently. The tests of the interface read
this table, and so does the page for administrators (docs/cocalc.md).
"""

from dataclasses import dataclass
from typing import Literal

from embedding.cocalc.errors import NotSupported
from embedding.cocalc.kinds import Spoken

Can = Literal["yes", "differs", "no"]
Sure = Literal["seen", "read"]  # on a real server; in CoCalc's source, where nobody saw it run


@dataclass(frozen=True, slots=True)
class Way:
    """What one generation does.

    `words` say how it differs, or why it cannot: then its driver raises NotSupported with them.
    """

    can: Can
    sure: Sure
    words: str = ""


@dataclass(frozen=True, slots=True)
class Capability:
    """One row: what is to be done, by which operations or attributes of the interface.

    `organization` is what conat does where the site keeps its accounts in an organization, so that
    its key is an organization's admin's and no site admin's; None: the same as without.
    """

    name: str
    words: str
    by: tuple[str, ...]
    v1: Way
    conat: Way
    organization: Way | None = None

    def way(self, generation: Spoken, *, organization: bool = False) -> Way:
        """Return what one generation does."""
        if generation == "v1":
            return self.v1
        return self.organization or self.conat if organization else self.conat


_SEEN = Way("yes", "seen")
_READ = Way("yes", "read")


def _seen(words: str) -> Way:
    return Way("differs", "seen", words)


def _read(words: str) -> Way:
    return Way("differs", "read", words)


CAPABILITIES: tuple[Capability, ...] = (
    Capability(
        "identify",
        "Find out whose key the site has, and whether it is a site admin's",
        ("identify",),
        _SEEN,
        _READ,
    ),
    Capability("create_account", "Create an account", ("create_account",), _SEEN, _READ),
    Capability(
        "account_limit",
        "Create many accounts in a short time",
        ("create_account",),
        _seen("at most 150 in half an hour; then the site waits"),
        _READ,
    ),
    Capability(
        "find_account", "Find an account by its e-mail address", ("find_account",), _SEEN, _READ
    ),
    Capability(
        "mint_token",
        "Sign a user in by a token",
        ("mint_token",),
        _SEEN,
        _READ,
        _read("only accounts of the organization"),
    ),
    Capability(
        "token_life",
        "Let a token end after a few minutes",
        ("mint_token",),
        _seen("it works for 12 hours"),
        _read("it works for 24 hours"),
        _READ,
    ),
    Capability(
        "revoke_token",
        "End a token before its time",
        ("revoke_token",),
        Way("no", "seen", "API v1 ends tokens by their time alone"),
        _READ,
    ),
    Capability(
        "sign_in",
        "Sign in and open a file with one address",
        ("sign_in",),
        _SEEN,
        _read("the browser signs in at one address, then opens the file at another"),
    ),
    Capability(
        "proofs",
        "Tell the page that a file is open",
        ("proofs",),
        _seen("CoCalc's project log tells it once"),
        _read("CoCalc's project log tells it twice, and only the second time proves it"),
    ),
    Capability(
        "set_message_hosts",
        "Set which sites' pages CoCalc answers",
        ("set_message_hosts",),
        _SEEN,
        Way("no", "read", "whoever runs CoCalc does it, in its site settings"),
    ),
    Capability("create_project", "Create a project", ("create_project",), _SEEN, _READ),
    Capability(
        "find_projects",
        "Find the site's projects, and list them all",
        ("find_projects", "get_project", "list_projects"),
        _SEEN,
        _READ,
    ),
    Capability(
        "update_project",
        "Change a project's title and description",
        ("update_project",),
        _SEEN,
        _READ,
    ),
    Capability(
        "delete_project",
        "Mark a project as deleted, and take that back",
        ("delete_project", "restore_project"),
        _SEEN,
        _READ,
    ),
    Capability(
        "members",
        "Add people to a project and remove them",
        ("add_member", "remove_member"),
        _SEEN,
        _READ,
    ),
    Capability(
        "set_role",
        "Make somebody an owner of a project, or a collaborator again",
        ("set_role",),
        _SEEN,
        _read("servers from before December 2025 may refuse it"),
    ),
    Capability(
        "any_project",
        "Work in projects that the service account is not a member of",
        (
            "exec",
            "copy_path",
            "read_file",
            "write_file",
            "project_state",
            "start_project",
            "stop_project",
        ),
        _SEEN,
        _read("CoCalc refuses it, even for a site admin"),
    ),
    Capability(
        "any_row",
        "See and change the entries of such projects, and who is a member of them",
        (
            "get_project",
            "update_project",
            "delete_project",
            "restore_project",
            "add_member",
            "remove_member",
        ),
        _READ,
        _read("all but removing people"),
        _read("CoCalc refuses it"),
    ),
    Capability(
        "gone",
        "Tell a project that is gone from one that the service account is not a member of",
        ("get_project", "project_state"),
        _SEEN,
        _READ,
        _read("CoCalc answers the same for both"),
    ),
    Capability(
        "take_back",
        "Own a project again that somebody has taken from the service account",
        ("add_member", "set_role"),
        _READ,
        _read("as CoCalc's source says, but a server may refuse it"),
        _read("only while the service account is still a member, and a server may refuse it"),
    ),
    Capability(
        "project_state",
        "Start a project, stop it, and see whether it runs",
        ("project_state", "start_project", "stop_project"),
        _SEEN,
        _READ,
    ),
    Capability(
        "not_started",
        "Say that a project does not start, and that nothing was done in it",
        ("start_project", "exec"),
        _SEEN,
        _read("only when it was to be started; any other call may still be carried out later"),
    ),
    Capability(
        "write_file",
        "Write files of any size, each whole or not at all",
        ("write_file",),
        _SEEN,
        _READ,
    ),
    Capability("read_file", "Read files of any size and kind", ("read_file",), _SEEN, _READ),
    Capability(
        "list_folder",
        "List folders, and look whether a file is there",
        ("list_folder", "file_exists"),
        _SEEN,
        _READ,
    ),
    Capability(
        "one_call",
        "Start a project and look for a file in it with a single call",
        ("file_exists",),
        _SEEN,
        _read("now and then one call more, to find out how old CoCalc is"),
    ),
    Capability(
        "change_files",
        "Make folders, rename, move and delete",
        ("make_folder", "move", "remove"),
        _SEEN,
        _READ,
    ),
    Capability(
        "close_home",
        "Close a project's files to other projects",
        ("close_home",),
        _SEEN,
        _READ,
    ),
    Capability("exec", "Run a command in a project", ("exec",), _SEEN, _READ),
    Capability(
        "killed",
        "Notice that a command was killed, such as for want of memory",
        ("exec",),
        _read("not known: nobody has seen what CoCalc answers then"),
        _READ,
    ),
    Capability(
        "copy_path",
        "Copy files and folders between projects",
        ("copy_path",),
        _SEEN,
        _READ,
    ),
    Capability(
        "copy_to_nowhere",
        "Refuse to copy into a project that does not exist",
        ("copy_path",),
        _seen("for a site admin it looks like a copy that worked"),
        _READ,
    ),
)


def capability(name: str) -> Capability:
    """Return a row by its name. Raises KeyError."""
    return {row.name: row for row in CAPABILITIES}[name]


def not_supported(operation: str, generation: Spoken) -> NotSupported:
    """Give the error of an operation that a generation is declared not to have."""
    return NotSupported(operation, capability(operation).way(generation).words)
