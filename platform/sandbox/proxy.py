"""Everything under /<project_id>/: the way to a project's Jupyter Server, for its members only.

The check stands here, before any of it, so that it covers pages, files, the contents API, kernels,
terminals and their WebSockets alike.
"""

import asyncio
import contextlib
import re

import aiohttp
from aiohttp import web
from yarl import URL

from sandbox.api.transport import html_page
from sandbox.face import Face
from sandbox.hub import Hub
from sandbox.jupyter import JupyterError, Jupyters, Server
from sandbox.origin import from_own_page, is_read_by_visit

# Between one hop and the next, or between the browser and us alone.
_NOT_FORWARDED = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "cookie",
        "origin",
        "referer",
        "authorization",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
    }
)
_NOT_RETURNED = frozenset({"connection", "keep-alive", "transfer-encoding", "set-cookie"})
_ANCESTORS = re.compile(r"frame-ancestors[^;]*;?\s*")
_MESSAGE_LIMIT = 100 * 1024 * 1024


class Proxy:
    def __init__(self, hub: Hub, face: Face, jupyters: Jupyters) -> None:
        self._hub = hub
        self._face = face
        self._jupyters = jupyters

    async def handle(self, request: web.Request) -> web.StreamResponse:
        project_id = request.match_info["project_id"].lower()
        refusal = self._refusal(request, project_id)
        if refusal:
            return refusal
        try:
            server = await self._jupyters.server(project_id)
        except JupyterError as problem:
            return html_page(502, f"Jupyter: {problem}")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request, server)
        return await self._http(request, server)

    def _refusal(self, request: web.Request, project_id: str) -> web.Response | None:
        if not from_own_page(request) and not is_read_by_visit(request):
            return html_page(403, "Not from another site's page")
        account = self._face.signed_in(request)
        if account is None:
            return html_page(403, "Sign in first")
        project = self._hub.store.project(project_id)
        if project is None or not self._face.may_open(account, project):
            return html_page(404, "Not Found")
        if not self._hub.projects.is_running(project_id):
            return html_page(503, "The project is not running")
        return None

    def _headers(self, request: web.Request, server: Server) -> dict[str, str]:
        kept = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _NOT_FORWARDED
        }
        return kept | {"Host": "localhost", "Authorization": f"token {server.token}"}

    async def _http(self, request: web.Request, server: Server) -> web.StreamResponse:
        try:
            async with server.session.request(
                request.method,
                _address(request),
                headers=self._headers(request, server),
                data=request.content if request.can_read_body else None,
                allow_redirects=False,
            ) as answer:
                return await self._pass_on(request, answer)
        except (aiohttp.ClientError, RuntimeError, OSError) as problem:
            # The project was stopped under the request.
            return html_page(502, type(problem).__name__)

    async def _pass_on(
        self, request: web.Request, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, reason=answer.reason)
        for name, value in answer.headers.items():
            if name.lower() == "content-security-policy":
                # It would forbid the page that embeds the kiosk, two frames further out.
                if policy := _ANCESTORS.sub("", value).strip():
                    response.headers.add(name, policy)
            elif name.lower() not in _NOT_RETURNED:
                response.headers.add(name, value)
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        return response

    async def _websocket(self, request: web.Request, server: Server) -> web.StreamResponse:
        asked = request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [name.strip() for name in asked.split(",") if name.strip()]
        try:
            inner = await server.session.ws_connect(
                _address(request),
                headers=self._headers(request, server),
                protocols=protocols,
                max_msg_size=_MESSAGE_LIMIT,
                autoping=True,
            )
        except aiohttp.WSServerHandshakeError as problem:
            return html_page(problem.status, problem.message)
        except (aiohttp.ClientError, RuntimeError, OSError) as problem:
            return html_page(502, type(problem).__name__)
        chosen = [inner.protocol] if inner.protocol else []
        outer = web.WebSocketResponse(protocols=chosen, max_msg_size=_MESSAGE_LIMIT)
        async with inner:
            await outer.prepare(request)
            pumps = [asyncio.create_task(_pump(*pair)) for pair in ((outer, inner), (inner, outer))]
            closing = asyncio.create_task(self._hub.closing.wait())
            await asyncio.wait([*pumps, closing], return_when=asyncio.FIRST_COMPLETED)
            for task in (*pumps, closing):
                task.cancel()
            await asyncio.gather(*pumps, closing, return_exceptions=True)
            await outer.close()
        return outer


Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


def _address(request: web.Request) -> URL:
    """The same path at the server, not decoded and encoded anew."""
    return URL(f"http://localhost{request.raw_path}", encoded=True)


async def _pump(source: Socket, target: Socket) -> None:
    """Carry messages one way, until either side has gone."""
    with contextlib.suppress(ConnectionError, RuntimeError):
        async for message in source:
            if message.type == aiohttp.WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type == aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)
