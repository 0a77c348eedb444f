"""The one interface to CoCalc. A driver speaks one generation of its API behind it.

Every operation blocks, has time limits of its own, returns only on CoCalc's exact success
answer, and raises `embedding.cocalc.errors.CocalcError` (its docstring has the tree) on
everything else. Ids are CoCalc's uuids, as strings. Paths are relative to the project's home
and checked by `embedding.cocalc.paths` before anything is sent: ValueError for one that leaves it.
A call into a stopped project starts it and waits (1.4 to 2.5 s as observed; minutes are possible).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, Protocol

Role = Literal["owner", "collaborator"]

# What proves to a page that CoCalc has opened a file in its frame: the project's log telling of it,
# or telling how long it took. Replies to a page's messages never do.
Proof = Literal["project-log", "project-log-time"]

# How a browser signs in with a token: by the address of the file itself, which takes it along, or
# at an address of its own (`BASE/auth/impersonate`), before the file's.
SignIn = Literal["address", "impersonate"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose key the site's key is.

    `may_sign_in`: whether it may make accounts and mint tokens for them. On API v1 a site admin
    may, on conat an admin of the site's organization, or without one a site admin.
    """

    account_id: str
    email: str
    is_admin: bool
    may_sign_in: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An account as CoCalc's search shows it; `email` only where the search was for it."""

    account_id: str
    email: str | None
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its row says. `state` is CoCalc's word: running, opened (stopped), starting…"""

    project_id: str
    title: str
    description: str
    state: str | None
    members: dict[str, Role]
    deleted: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a folder. `size` in bytes (0 for folders), `modified` in UTC."""

    name: str
    is_folder: bool
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Output:
    """What a command left: text, decoded by CoCalc as UTF-8 (binary output is lossy)."""

    stdout: str
    stderr: str
    exit_code: int


class Client(Protocol):
    """CoCalc's operations, whatever the generation.

    What one generation, or an old server of it, cannot do raises NotSupported there: nothing is
    done.
    """

    proofs: ClassVar[frozenset[Proof]]
    sign_in: ClassVar[SignIn]

    def close(self) -> None:
        """Close the pooled connections."""

    def identify(self) -> Identity:
        """Return whose key we hold, and what it may do."""

    def create_account(self, *, email: str, first_name: str, last_name: str) -> str:
        """Create an account without a usable password; return its id. Never retried.

        Raises Duplicate where the address is taken, Limited at CoCalc's limit of new accounts.
        """

    def find_account(self, email: str) -> Account | None:
        """Return the account with exactly this e-mail address (any case), or None."""

    def mint_token(self, account_id: str) -> str:
        """Return a fresh auth token for an account. It proves nothing about the account.

        It works until it is revoked or its time is over: a few minutes where CoCalc lets us say so,
        else half a day or a day. Never retried after CoCalc called the password wrong: that bans
        for 60 s (Limited). Raises Forbidden for an account that is not in the site's organization,
        where it has one.
        """

    def revoke_token(self, token: str) -> None:
        """End a token of ours; sessions that began with it go on. Fine where it has ended.

        Raises NotSupported where tokens end by their time alone.
        """

    def set_message_hosts(self, hosts: Sequence[str]) -> None:
        """Set whose pages CoCalc's kiosk answers: its setting `iframe_comm_hosts`, in whole.

        Host names in small letters, without scheme or port. Raises NotSupported, Forbidden.
        """

    def create_project(self, *, title: str, description: str) -> str:
        """Create a project owned by the key's account; return its id. Never retried."""

    def find_projects(self, *, description: str) -> list[Project]:
        """Return the projects of the key's account with exactly this description, oldest first.

        Deleted ones are left out. It is how a lost answer of `create_project` is looked up.
        """

    def get_project(self, project_id: str) -> Project:
        """Return a project's row.

        Raises NotFound; or Forbidden, as for a project that the key's account may not see, where
        it is no site admin's: CoCalc then answers the same for both.
        """

    def list_projects(self) -> list[Project]:
        """Return all projects that the key's account is a member of, deleted ones too: one call."""

    def update_project(
        self, project_id: str, *, title: str | None = None, description: str | None = None
    ) -> None:
        """Change the given fields and no others."""

    def delete_project(self, project_id: str) -> None:
        """Mark a project deleted (soft; CoCalc purges it later)."""

    def restore_project(self, project_id: str) -> None:
        """Take back that a project is marked deleted; fine where it is not."""

    def add_member(self, project_id: str, account_id: str) -> None:
        """Make an account a collaborator; silent and idempotent."""

    def remove_member(self, project_id: str, account_id: str) -> None:
        """Remove a collaborator; idempotent. An owner stays: raises Forbidden."""

    def set_role(self, project_id: str, account_id: str, role: Role) -> None:
        """Make an account an owner or a collaborator, whatever it was; idempotent."""

    def project_state(self, project_id: str, *, limit: float | None = None) -> str:
        """Return CoCalc's word for the state ("running", "opened", …).

        Raises NotFound or Forbidden, as `get_project`. With a `limit` in seconds it is asked once,
        and for no longer.
        """

    def start_project(self, project_id: str) -> None:
        """Start a project and wait until it runs. Returns at once where it runs already.

        Raises NotStarted (StillStarting where CoCalc says that it is at it), and CannotStart.
        """

    def stop_project(self, project_id: str) -> None:
        """Stop a project and wait until it is stopped."""

    def write_file(
        self, project_id: str, path: str, content: bytes, *, overwrite: bool = True
    ) -> None:
        """Write a file of any size and kind, making its folders; whole or not at all.

        The old content stays readable until the new one is complete. Raises InTheWay, and without
        `overwrite` Duplicate where something of that name exists, also where it came meanwhile.
        """

    def read_file(self, project_id: str, path: str, *, max_bytes: int | None = None) -> bytes:
        """Return a file byte for byte. Raises NotFound; BadRequest for a folder or too large."""

    def list_folder(self, project_id: str, path: str = "") -> list[Entry]:
        """Return the entries of a folder, hidden ones left out, unsorted.

        Raises NotFound, and TooMany where there are more than 10,000.
        """

    def file_exists(self, project_id: str, path: str) -> bool:
        """Say whether a regular file stands there; also makes sure that the project runs.

        Exactly one call to CoCalc; on conat the process's first one asks what its server can, and
        one of 2025 has to be asked to start the project.
        """

    def close_home(self, project_id: str) -> None:
        """Let no other project read the home (mode 700). Starts the project.

        Whatever else runs bash in the home closes it as well, without a call more: `exec`, and all
        work on files. Whoever made the client is told of a home that was open.
        """

    def make_folder(self, project_id: str, path: str, *, exists_ok: bool = True) -> None:
        """Make a folder and its parents. Raises InTheWay.

        Where it exists that is fine, or Duplicate.
        """

    def move(self, project_id: str, source: str, target: str) -> None:
        """Rename a file or folder, making target's folders.

        Raises NotFound for the source, Duplicate where the target exists (never overwrites), and
        InTheWay.
        """

    def remove(self, project_id: str, path: str) -> None:
        """Delete a file, or a folder with all in it. Raises NotFound. Refuses the home itself."""

    def exec(
        self,
        project_id: str,
        command: str,
        args: Sequence[str] = (),
        *,
        path: str = "",
        bash: bool = False,
        timeout: int = 10,
        check: bool = True,
    ) -> Output:
        """Run a command in a project for at most `timeout` seconds (at least 1).

        With `bash` it is a script, which takes no args, as is one with blanks in it and no args.
        With `check`, a non-zero exit code raises CommandFailed; without, it is in the Output.
        A command killed, at its limit or by a signal that CoCalc tells of, raises CommandFailed
        either way. Never retried.
        """

    def copy_path(
        self,
        *,
        source_project: str,
        source_path: str,
        target_project: str,
        target_path: str,
        overwrite_newer: bool = False,
        delete_missing: bool = False,
        backup: bool = False,
        exclude: Iterable[str] = (),
        timeout: int = 280,
    ) -> None:
        """Copy a file or a folder's content, with rsync's semantics, and wait until it is done.

        A folder's content goes into the target folder; a file's target path is the file's name.
        Raises InTheWay.
        Without `overwrite_newer` a newer file at the target silently stays.

        CoCalc copies as root where it can, and follows a link in either path into any project:
        only for paths that nobody can change who may not do all that. Where a student can, files
        travel by commands in the projects, which have no more than the project's own rights.
        """
