"""`stafford stack images --check`, by Docker's real client, against a registry of this machine's loopback.

The registry is a stand-in that serves indexes: no real one can be reached from here.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from stafford.jobs.stack import StackJob
from stafford.runtime.stack.engine import Docker
from stafford.settings import PROJECT_DIR

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

INDEX = "application/vnd.oci.image.index.v1+json"
HELD = {"both": ("amd64", "arm64"), "intel": ("amd64",)}


class Registry(BaseHTTPRequestHandler):
    """Has the images of HELD, under any tag."""

    def do_GET(self) -> None:
        """Give an index, or say that there is none."""
        name = self.path.split("/")[2]
        held = [{"platform": {"os": "linux", "architecture": name}} for name in HELD.get(name, ())]
        sized = [row | {"mediaType": INDEX, "size": 1, "digest": f"sha256:{'0' * 64}"} for row in held]
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": sized}).encode()
        self.send_response(200 if held else 404)
        self.send_header("Content-Type", INDEX)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815  # the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Asked(Docker):
    """The real client, asked for the images of a test."""

    registry: str

    def configuration(self, *_profiles: str) -> dict[str, dict[str, dict[str, str]]]:
        """Give a service for each of three images."""
        return {"services": {name: {"image": f"{self.registry}/{name}:1.0"} for name in (*HELD, "gone")}}


@pytest.fixture
def registry() -> Iterator[str]:
    """The address of the registry."""
    with HTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_image_that_is_gone_or_for_one_processor_is_named(registry: str, tmp_path: Path) -> None:
    """The good one is not: it is the control."""
    docker = Asked(tmp_path)
    docker.registry = registry
    assert StackJob(docker).faulty_images(lambda _: None) == [
        f"{registry}/gone:1.0: no registry gave it",
        f"{registry}/intel:1.0: not for arm64",
    ]


def test_the_base_of_our_own_images_is_asked_for_too() -> None:
    """It is in no compose file, and gone all the same when it is gone."""
    images = StackJob(Docker(PROJECT_DIR)).images()
    assert [image for image in images if image.startswith("python:")]
    assert not [image for image in images if image.startswith("stafford/")]
