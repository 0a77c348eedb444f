"""The operations of `embedding.cocalc.client.Client` over CoCalc's bridges (2025-09 to 2026-07).

Everything this driver sends is a JSON POST with `Authorization: Bearer KEY`: to
`BASE/api/conat/hub` `{"name": FUNCTION, "args": [ARG], "timeout": ms}`, or to
`BASE/api/conat/project` the same with a `project_id`. The shapes below are the whole list, so that
a stand-in server knows what it must understand.

    function of the hub             argument                                   success
    system.ping                     {}                                         {"now": ms}
    system.userSearch               {query, only_email: true, limit: 1}        [row, …]
    org.get                         {name}                                     {"name", …}
    org.getUsers                    {name}                                     [{"account_id"}, …]
    org.createUser                  {name, email, firstName, lastName}         "id"
    org.createToken                 {user: id, expire: ms since 1970}          {"token", "url"}
    org.expireToken                 {token}                                    null
    system.generateUserAuthToken    {user_account_id, password: ""}            "token"
    system.revokeUserAuthToken      "token", bare                              null
    projects.createProject          {title, description, noPool: true,         "id"
                                    start: false}
    projects.deleteProject          {project_id}            since 2025-09-29   null
    projects.addCollaborator        {opts: {project_id, account_id}}           {"project_id": [P]}
    projects.removeCollaborator     {opts: {project_id, account_id}}           null
    projects.changeUserType         {opts: {project_id, target_account_id,     null
                                    new_group}}             since 2025-12-04
    projects.state                  {project_id}            since 2025-11-21   {"state", …}
                                    {}, to see whether it is there             {"error"}
    projects.start, projects.stop   {project_id}                               null
    projects.copyPathBetween-       {src_project_id, src_path,                 null
        Projects                    target_project_id, target_path,
                                    overwrite_newer, delete_missing, backup,
                                    exclude: [pattern, …], timeout: s}
    db.userQuery                    {query: one of the following}

    function of a project           argument                                   success
    system.exec                     {command, bash: true, timeout: s,          {"type": "blocking",
                                    err_on_exit: false, path unless home}      "stdout", "stderr",
                                                                               "exit_code"}

The queries; one row is asked for as a list too, and a project that is not there is an empty one:

    {"accounts": {"account_id": null, "email_address": null, "groups": null}}
    {"projects_all": [{"project_id": P, "title": null, "description": null, "users": null,
                       "deleted": null, "state": null}]}
    {"projects_all": [{"project_id": null, "title": null, "description": null, "users": null,
                       "deleted": null, "state": null}]}                    all of the key's account
    {"projects_all": [{"project_id": null, "title": null, "description": D, "users": null,
                       "deleted": null, "state": null, "created": null}]}     D is a filter
    {"projects_all": [{"project_id": P, "state": null}]}                      before 2025-11-21
    {"projects_all": [{"project_id": P, "title": null}]}
    {"projects_all": [{"project_id": P, "users": null}]}
    {"projects": {"project_id": P, "title": T, "description": D}}              set, either or both
    {"projects": {"project_id": P, "deleted": true}}                           set; or false
    {"projects": {"project_id": P, "users": {A: {"group": G}}}}                set; until 2025-12,
                                                                               or to own it again

and, without an organization, `POST BASE/api/v2/auth/sign-up` with `{email, password, terms: true,
firstName, lastName}`, answered by `{"account_id"}` or `{"issues": {…}}`.

A file of more than 600 kB goes by `POST BASE/upload?project_id=P&compute_server_id=0&path=FOLDER`
as the one part `file` of a form, answered by `{"status": "ok"}`. The commands are bash scripts on
coreutils and findutils; `wrapping` says what stands around each.
"""

from typing import ClassVar

from embedding.cocalc.client import Proof, SignIn
from embedding.cocalc.conat.accounts import Accounts
from embedding.cocalc.conat.files import Files
from embedding.cocalc.conat.projects import Projects


class ConatClient(Accounts, Projects, Files):
    """CoCalc by its bridges. Thread-safe; see `embedding.cocalc.client.Client` for the operations.

    Args:
        base_url: CoCalc's address with its base path, such as ``"https://host/base"``.
        api_key: the site's key; of an account, not of a project.
        organization: the name of CoCalc's organization in which accounts are made, and for whose
            members alone tokens are minted; the key's account is an admin of it. Empty for none:
            the key's account is then a site admin.
        connect_timeout: seconds to get a connection.
        pool_size: connections kept open for the threads of this process.
        limits: how long the calls may take.
        before_call: asked before each call (operation, fields) how many seconds it may take at
            most; what it raises keeps the call from being made. The fields are the ids of the
            projects that the call is about.
        on_call: told after each HTTP request: operation, seconds, the error's code or None.
        on_open_home: told the id of a project whose home others could read until now.
    """

    # A file's opening is told at its start already; that it took a time, once it is open.
    proofs: ClassVar[frozenset[Proof]] = frozenset({"project-log-time"})
    sign_in: ClassVar[SignIn] = "impersonate"
