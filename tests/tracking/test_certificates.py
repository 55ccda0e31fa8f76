"""A server of https: one whose certificate is not trusted is told from one that is not there."""

import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlflow import MlflowClient

from bench.errors import BenchError
from bench.tracking.address import Location, locate
from bench.tracking.clock import server_time
from bench.tracking.opening import plainly, reach

MAKE = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=here"


class Guarded(BaseHTTPRequestHandler):
    """Says its version to who brings the token."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == "Bearer a-token"
        self.send_response(200 if known else 401)
        self.end_headers()
        self.wfile.write(b"3.17.2" if known else b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of who hangs up."""


@contextmanager
def serving(certificate: Path | None) -> Iterator[str]:
    """Where a server listens, as host and port: of https if it has a certificate."""
    with Quiet(("127.0.0.1", 0), Guarded) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def certificate(folder: Path, name: str) -> Path:
    """A certificate that vouches for itself, and for the server of this name or address."""
    file = folder / f"{name.replace(':', '-')}.pem"
    words = ["openssl", *MAKE.split(), "-addext", f"subjectAltName={name}", "-out", file]
    subprocess.run([*words, "-keyout", file.with_suffix(".key")], check=True, capture_output=True)
    return file


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "MLFLOW_TRACKING_SERVER_CERT_PATH"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a-token")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def refused(address: str) -> str:
    with pytest.raises(BenchError) as caught:
        reach(locate(address))
    return str(caught.value)


def test_a_certificate_that_is_not_trusted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, another = certificate(tmp_path, "IP:127.0.0.1"), certificate(tmp_path, "DNS:elsewhere.example")
    with serving(mine) as place:
        said = refused(f"https://me:hunter2@{place}")
        assert re.match(
            rf"The certificate of the server at https://\*\*\*@{place} is not trusted \(self.signed c", said
        )
        assert "): name a file with the one that vouches for it in MLFLOW_TRACKING_SERVER_CERT_PATH, or " in said
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(another))
        assert "is not trusted (" in refused(f"https://{place}")
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(mine))
        reach(locate(f"https://{place}"))
        assert server_time(locate(f"https://{place}")) > 0
    with serving(another) as place:
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(another))
        assert "is not trusted (IP address mismatch, certificate is not valid for '127.0.0.1')" in refused(
            f"https://{place}"
        )


def test_a_certificate_is_named_in_mid_run_too(tmp_path: Path) -> None:
    with serving(certificate(tmp_path, "IP:127.0.0.1")) as place:
        said = rf"^The certificate of the server at https://{place} is not trusted \("
        with pytest.raises(BenchError, match=said), plainly(f"https://{place}"):
            MlflowClient(f"https://{place}").create_run("0")


def test_files_of_certificates_that_are_none_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(certificate(tmp_path, "IP:127.0.0.1")) as place:
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(tmp_path / "no where"))
        assert refused(f"https://{place}") == (
            f"There is no file {tmp_path / 'no where'}, which the environment names for the certificates of "
            f"https://{place}."
        )
        (tmp_path / "none").write_text("no certificate")
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(tmp_path / "none"))
        assert refused(f"https://{place}").endswith(f"for the certificates of https://{place} holds none.")


def test_http_is_not_taken_for_https() -> None:
    with serving(None) as place:
        assert f"What answers at https://{place} does not speak https: write http, or" in refused(f"https://{place}")


def test_a_server_is_asked_with_the_credentials_that_mlflow_has(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(None) as place:
        reach(Location(f"http://{place}"))
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "another")
        assert f"The server at http://{place} answers 401 Unauthorized" in refused(f"http://{place}")
