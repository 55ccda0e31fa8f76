"""Whatever a page asks for, its PDF is made without a request to the net and without a file of this machine."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from weasyprint import HTML

from bench.report.render.pdf import printed

SECRET = "s3cret-marker-of-this-test"


class _Listener(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and the paths that it is asked for."""
    asked: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Listener", (_Listener,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """The address of a file that nobody asked to show."""
    file = tmp_path / "secret.svg"
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="9"><text>{SECRET}</text></svg>')
    return file.as_uri()


def asking(address: str) -> str:
    """A page that asks for an address in every way there is."""
    image = f"<image href='{address}' width='9' height='9'/>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{image}</svg>"
    nested = base64.b64encode(svg.encode()).decode()
    return f"""<html><head><title>T</title><base href="{address}">
    <link rel="stylesheet" href="{address}"><link rel="attachment" href="{address}">
    <style>@import url({address}); @font-face {{ font-family: f; src: url({address}) }}
    body {{ font-family: f; background: url({address}) }} li {{ list-style-image: url({address}) }}
    p::before {{ content: url({address}) }}</style></head><body><p>text<li>item
    <img src="{address}"><object data="{address}"></object><embed src="{address}"><iframe src="{address}"></iframe>
    <a rel="attachment" href="{address}">a</a>{svg}<img src="data:image/svg+xml;base64,{nested}"></body></html>"""


def content(document: bytes) -> bytes:
    """Everything in a PDF, unpacked, and its text."""
    reader = PdfReader(BytesIO(document))
    assert not reader.attachments
    streams = [reader.get_object(number) for number in range(1, len(reader.xref[0]))]
    unpacked = [stream.get_data() for stream in streams if hasattr(stream, "get_data")]
    return b"\n".join([document, *unpacked, *(page.extract_text().encode() for page in reader.pages)])


def test_no_request_and_no_file(listener: tuple[str, list[str]], secret: str) -> None:
    address, asked = listener
    for wanted in (f"{address}/x.svg", secret, secret.removeprefix("file://")):
        assert SECRET.encode() not in content(printed(asking(wanted)))
    assert asked == []


def test_the_page_does_ask(listener: tuple[str, list[str]], secret: str) -> None:
    """With WeasyPrint's own fetcher the requests come, and so does the file."""
    address, asked = listener
    HTML(string=asking(f"{address}/x.svg")).write_pdf()
    assert len(asked) > 3
    assert PdfReader(BytesIO(HTML(string=asking(secret)).write_pdf())).attachments
