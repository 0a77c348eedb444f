"""The steps from a user to an open notebook, one at a time.

    account → project → membership → running (and the file is there) ∥ token

`prepare` does the next missing one of the first three and names it, so that the page can show
what is going on; it returns None when nothing is missing. All are idempotent.
"""

from typing import Literal

from embedding.models import CocalcAccount, Member
from embedding.services import care, mapping

Step = Literal["account", "project", "membership"]


def next_step(account: CocalcAccount | None, member: Member) -> Step | None:
    """Return the next missing step, from our own rows alone."""
    if account is None or account.account_id is None:
        return "account"
    if member.project.project_id is None:
        return "project"
    return None if member.added else "membership"


def prepare(account: CocalcAccount, member: Member, *, again: bool = False) -> Step | None:
    """Do the next missing step and return its name.

    With `again` it is not taken for granted what we believe done: CoCalc's own collaborators can
    remove each other, and then nothing opens. What was changed there is mended.
    """
    step = next_step(account, member)
    if step == "account":
        mapping.account_ensure(account)
    elif step == "project":
        mapping.project_ensure(member.project)
    elif step == "membership":
        mapping.membership_ensure(member, account)
    elif again:
        care.mend(member.project)
    return step
