"""Having CoCalc answer this site's messages, where its API lets the site say so."""

from embedding import which
from embedding.client import client
from embedding.cocalc.customize import Customize, customize
from embedding.conf import conf
from embedding.models import Event
from embedding.services.checking.links import World


def may_add_this_site() -> str:
    """Return the host that is missing among those that CoCalc answers; empty where none can be
    added. Raises CocalcError."""
    if conf().own_sign_in or which.spoken() != "v1":
        return ""
    world = World()
    is_missing = world.origin and _told().channel(world.origin) == "unlisted"
    return world.host if is_missing else ""


def add_this_site() -> None:
    """Add it, and keep the others. Raises CocalcError."""
    host = World().host
    client().set_message_hosts([*_told().iframe_comm_hosts, host])
    Event.log("cocalc.hosts_set", host)


def _told() -> Customize:
    return customize(conf().api_url)
