"""The operations of `embedding.cocalc.client.Client` over CoCalc's API v1 (CoCalc 2024-07).

Everything this driver sends is a `POST BASE/api/v1/<event>` with `Authorization: Basic
base64(KEY + ":")` and a fresh uuid as `id`, which must come back. JSON, unless said otherwise.
The shapes below are the whole list, so that a stand-in server knows what it must understand.

    event                       fields besides `id`                       success event
    create_account              email_address, first_name, last_name,     account_created
                                agreed_to_terms: true (no password)       (account_creation_failed)
    user_search                 query: the e-mail address                 user_search_results
    user_auth                   account_id, password: ""                  user_auth_token
    create_project              title, description                        project_created
    add_collaborator            project_id, account_id                    success
    remove_collaborator         project_id, account_id                    success
    copy_path_between_projects  src_project_id, src_path,                 copy_path_between_
                                target_project_id, target_path,           projects_response, success
                                overwrite_newer, delete_missing, backup,
                                timeout (int, s), wait_until_done: true,
                                exclude: [pattern, …] (only where given)
    project_exec                project_id, command, args: [str, …],      project_exec_output
                                path ("" is the home), timeout (int, s),
                                bash, err_on_exit: false
    project_exec, as a FORM     project_id, command, path, timeout        project_exec_output
    query                       query: one of the following               query

The queries; one row is asked for as a list too, and a project that is not there is an empty one:

    {"accounts": {"account_id": null, "email_address": null, "groups": null}}
    {"projects_all": [{"project_id": P, "title": null, "description": null, "users": null,
                       "deleted": null, "state": null}]}
    {"projects_all": [{"project_id": null, "title": null, "description": null, "users": null,
                       "deleted": null, "state": null}]}                    all of the key's account
    {"projects_all": [{"project_id": null, "title": null, "description": D, "users": null,
                       "deleted": null, "state": null, "created": null}]}     D is a filter
    {"projects_all": [{"project_id": P, "state": null}]}
    {"projects_all": [{"project_id": P, "state": null, "action_request": null}]}
    {"projects_all": [{"project_id": P, "users": null}]}
    {"projects": {"project_id": P, "title": T, "description": D}}              set, either or both
    {"projects": {"project_id": P, "deleted": true}}                           set; or false
    {"projects": {"project_id": P, "users": {A: {"group": G}}}}                set
    {"projects": {"project_id": P, "action_request": {"action": "stop", "time": ISO}}}   set

The commands: `true` without args starts a project; `test -f ./PATH` looks for a file; every other
one is a bash script (`bash: true`, no args) on coreutils and findutils, run in the home, and begins
with closing it to other projects (`chmod 700 .`). A script
too long for JSON (100 KB) goes as a form without `bash`, `args` and `err_on_exit`: CoCalc runs a
command with blanks in it and no args by bash, and answers a failed one with
`{"event": "error", "error": "Error executing command … exited with nonzero code N -- stderr='…'"}`.
"""

from typing import ClassVar

from embedding.cocalc.client import Proof, SignIn
from embedding.cocalc.files import Files
from embedding.cocalc.v1.accounts import Accounts
from embedding.cocalc.v1.projects import Projects


class V1Client(Accounts, Projects, Files):
    """CoCalc by its API v1. Thread-safe; see `embedding.cocalc.client.Client` for the operations.

    Args:
        base_url: CoCalc's address with its base path, such as ``"https://host/base"``.
        api_key: the site's key; a site admin's, or minting tokens does not work.
        connect_timeout: seconds to get a connection.
        pool_size: connections kept open for the threads of this process.
        limits: how long the calls may take.
        before_call: asked before each call (operation, fields) how many seconds it may take at
            most; what it raises keeps the call from being made.
        on_call: told after each HTTP request: operation, seconds, the error's code or None.
        on_open_home: told the id of a project whose home others could read until now.
    """

    # Posted once a file is opened, for collaborators alone, and also where no message is answered.
    proofs: ClassVar[frozenset[Proof]] = frozenset({"project-log"})
    sign_in: ClassVar[SignIn] = "address"
