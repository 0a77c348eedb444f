"""Bodies as Next.js reads them (15.5, read in its source), and what it refuses in plain words."""

import json
from typing import Any
from urllib.parse import parse_qs

from aiohttp import hdrs, web

from sandbox.conat import texts

LIMIT = 1024 * 1024
"""Bytes of a body, as sent."""


class BareResponse(web.Response):
    """Plain words without a Content-Type; the reason phrase has them too."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status=status, reason=text or None, body=text.encode())


class BodyRefused(Exception):
    """The body is refused before anybody looks at the key."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.response = BareResponse(status, text)


async def without_type(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: aiohttp gives every answer a type, and these have none."""
    if isinstance(response, BareResponse):
        response.headers.popall(hdrs.CONTENT_TYPE, None)


async def parameters(request: web.Request) -> dict[str, Any]:
    """The fields of a POST, as JSON or a form. Whatever else is sent has none.

    Raises BodyRefused.
    """
    body = await _body(request)
    if request.method != "POST" or not isinstance(body, dict):
        return {}
    return body


async def _body(request: web.Request) -> Any:
    text = await _text(request)
    if request.content_type in ("application/json", "application/ld+json"):
        if not text:
            return {}
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise BodyRefused(400, "Invalid JSON") from None
    if request.content_type == "application/x-www-form-urlencoded":
        fields = parse_qs(text, keep_blank_values=True)
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    return text


async def _text(request: web.Request) -> str:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size <= LIMIT:
            chunks.append(chunk)
    # The rest is read too: an answer into a body still on its way would break the connection.
    if size > LIMIT:
        raise BodyRefused(413, "Body exceeded 1mb limit")
    try:
        return b"".join(chunks).decode(request.charset or "utf-8", "replace")
    except LookupError:
        raise BodyRefused(400, texts.INVALID_CHARSET) from None
