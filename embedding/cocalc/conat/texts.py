"""The texts of CoCalc's that nobody has seen on a running server, and that the driver goes by.

All of CoCalc's texts of this generation were read in its source. Most of those are certain; the
ones here come out of Node, PostgreSQL or a library, or hang on something that only a running
server can tell. Each is the part by which the driver knows it. Where a real server says something
else, its text goes here, and nowhere else in the driver. Of all other uncertain texts nothing
hangs: what the driver does not know is refused (BadRequest), with CoCalc's words.
"""

# Node's words for an odd Authorization header.
NO_CREDENTIALS = "The first argument must be of type string or an instance of Buffer"
# A function that the server has and does not offer.
NOT_OFFERED = "TypeError: HubApiStructure[group]?.[functionName] is not a function"
# The call was not taken in time; of a project, perhaps as it has not come up.
RPC_UNACKNOWLEDGED = "timeout - Error: operation has timed out"
# Nobody serves: the hub is going down, or the project has not come up.
RPC_NOBODY = "request -- no subscribers matching"
# CoCalc's own connection was lost while it waited.
RPC_CUT = "Cannot create property 'message' on string"
# The launcher of projects is not to be found, or may not be run; then comes the system's word.
NO_LAUNCHER = "spawn pnpm "
# Kubernetes only: the project did not run within 120 s.
START_TIMEOUT = "timeout"
# PostgreSQL's words for an e-mail address that is taken; then comes the constraint's name.
EMAIL_TAKEN = "duplicate key value violates unique constraint"

# By the case of tests/contract/conat.jsonl that has it in its answer.
UNSURE: dict[str, str] = {
    "hub: 'Basic' without credentials": NO_CREDENTIALS,
    "hub: function that exists in the module but is not offered": NOT_OFFERED,
    "hub: the conat server did not acknowledge the publication in time": RPC_UNACKNOWLEDGED,
    "hub: conat connection of the web process lost while waiting": RPC_CUT,
    "project: project_id in upper case": RPC_UNACKNOWLEDGED,
    "project: API of the project not there within `timeout` (a)": RPC_UNACKNOWLEDGED,
    "project: API of the project not there within `timeout` (b)": RPC_NOBODY,
    "project: compute_server_id null": RPC_NOBODY,
    "project: pnpm not to be found": NO_LAUNCHER,
    "start: kucalc, did not run in 120 s": START_TIMEOUT,
    "create account: e-mail taken": EMAIL_TAKEN,
}
