"""The explorer served to this machine: one page at /, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from theory import DomainError
from theory.whole_file import reason_of


def server(page: bytes, port: int) -> ThreadingHTTPServer:
    """A server of the page on the loopback interface.

    Raises
    ------
    DomainError
        When the port is taken.
    """

    class _Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.split("?")[0] in ("/", "/index.html")
            body = page if found else b"There is one page, at /."
            self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", f"text/{'html' if found else 'plain'}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not news."""

    try:
        return ThreadingHTTPServer(("127.0.0.1", port), _Page)
    except OSError as error:
        raise DomainError(f"--port {port} cannot be used: {reason_of(error)}.") from None


def serve(page: bytes, port: int, tell: Callable[[str], None]) -> None:
    """Serve until Ctrl-C."""
    with server(page, port) as running:
        tell(f"http://127.0.0.1:{running.server_address[1]}/")
        with suppress(KeyboardInterrupt):
            running.serve_forever()
