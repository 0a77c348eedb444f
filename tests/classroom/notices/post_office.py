"""A real SMTP server on loopback, which takes mails, refuses them, dies over them or is silent."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


class PostOffice:
    """What one server got, and how it answers from now on."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.recipient = ""  # what it answers to a recipient; empty: it takes it
        self.sender = ""
        self.text = ""  # what it answers to a text
        self.dies = False  # right after the text has come

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if not self.recipient:
            envelope.rcpt_tos.append(address)
        return self.recipient or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.text:
            return self.text
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        if self.dies:
            server.transport.abort()
        return "250 OK"


@contextmanager
def post_office(settings: Any) -> Iterator[PostOffice]:
    """Open a server, and make it the site's."""
    office = PostOffice()
    loop = asyncio.new_event_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    # In its own thread: the test's may have a loop of its own, as Playwright's.
    server = asyncio.run_coroutine_threadsafe(
        loop.create_server(lambda: SMTP(office, hostname="post.test", loop=loop), sock=listening),
        loop,
    ).result(10)
    settings.EMAIL_HOST, settings.EMAIL_PORT = listening.getsockname()[:2]
    settings.CLASSROOM = settings.CLASSROOM | {"MAIL": True}
    try:
        yield office
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    """Close the server, and end what still talks with it."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def silent_server(settings: Any) -> Iterator[None]:
    """Open one that takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()[:2]
        yield
