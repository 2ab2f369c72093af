"""The explorer served: one page, to this machine alone, until it is stopped."""

from __future__ import annotations

import socket
from threading import Thread
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest

from selfgen.explorer.server import serve, server
from theory import DomainError

PAGE = "<!doctype html><title>π²/6</title>".encode()
# A proxy that the environment names would be asked for what lies on this machine.
fetch = build_opener(ProxyHandler({})).open


@pytest.fixture
def address():
    with server(PAGE, 0) as running:
        thread = Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/", "/index.html", "/?model=bernoulli"])
def test_the_page_is_served(address, path):
    with fetch(address + path, timeout=10) as answer:
        assert answer.read() == PAGE
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/etc/passwd", "/../pyproject.toml", "/index.html/x"])
def test_there_is_nothing_else(address, path):
    with pytest.raises(HTTPError) as refused:
        fetch(address + path, timeout=10)
    assert refused.value.code == 404


def test_it_listens_to_this_machine_alone_and_a_taken_port_is_said():
    with server(PAGE, 0) as running:
        host, port = running.server_address[:2]
        assert host == "127.0.0.1"
        with pytest.raises(DomainError, match=f"--port {port} cannot be used"):
            server(PAGE, port)


def test_ctrl_c_ends_it_and_frees_the_port(monkeypatch):
    told = []

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", interrupted)
    serve(PAGE, 0, told.append)
    (said,) = told
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", int(said.rsplit(":", 1)[1].strip("/"))))
