"""What an address of this generation answers under /api, and how files come and go."""

from aiohttp import web

from sandbox.conat import (
    copies,
    execute,
    home,
    hub_system,
    kernels,
    key_functions,
    member_functions,
    moving,
    organization_functions,
    project_functions,
    project_system,
    query,
    texts,
    tokens,
    uploads,
    v2,
    v2_accounts,
    v2_files,
    v2_projects,
)
from sandbox.conat.bodies import without_type
from sandbox.conat.bridges import Bridges
from sandbox.hub import Hub

FUNCTIONS = (
    copies,
    execute,
    home,
    hub_system,
    kernels,
    key_functions,
    member_functions,
    moving,
    organization_functions,
    project_functions,
    project_system,
    query,
    tokens,
    v2_accounts,
    v2_files,
    v2_projects,
)
"""The modules that offer functions: they do so where they are imported."""


def add_routes(app: web.Application, hub: Hub) -> None:
    """Serve both bridges and v2. Whatever else is below /api is not found, API v1 too."""
    app.on_response_prepare.append(without_type)
    app.add_routes(Bridges(hub).routes())
    app.add_routes(v2.routes(hub))
    app.add_routes(uploads.routes(hub))
    app.router.add_route("*", "/api/{rest:.*}", _nothing)


async def _nothing(request: web.Request) -> web.StreamResponse:
    if request.path.endswith("/"):
        return web.Response(status=308, headers={"Location": request.path.rstrip("/")})
    return web.Response(status=404, text=texts.NOT_FOUND_PAGE, content_type="text/html")
