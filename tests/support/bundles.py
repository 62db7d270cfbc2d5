# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invented wheels, collections and programs in a folder, in the place of the Internet."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from lab.certificates import Certificates
from tests.tools.paths import ROOT


def required_packages() -> list[str]:
    """Return the names of the Python packages that the collection requires."""
    lines = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line.partition(">=")[0] for line in lines if line and not line.startswith("#")]


def write_wheel(folder: Path, name: str, version: str, requires: Sequence[str] = ()) -> Path:
    """Write a wheel without code."""
    folder.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    info, path = f"{module}-{version}.dist-info", folder / f"{module}-{version}-py3-none-any.whl"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}/__init__.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def write_index(folder: Path) -> Path:
    """Write a wheel for each package that a build requests by default."""
    for name in (*required_packages(), "ansible-core"):
        write_wheel(folder, name, "99.0")
    return folder


def write_collection(folder: Path, name: str, version: str, **dependencies: str) -> Path:
    """Write the archive of a collection without plugins."""
    folder.mkdir(parents=True, exist_ok=True)
    namespace, _, short = name.partition(".")
    info = {
        "namespace": namespace,
        "name": short,
        "version": version,
        "authors": ["nobody"],
        "readme": "README.md",
        "tags": [],
        "description": "",
        "license": ["MIT"],
        "license_file": None,
        "dependencies": {key.replace("_", "."): value for key, value in dependencies.items()},
        "repository": None,
        "documentation": None,
        "homepage": None,
        "issues": None,
    }
    files = {
        "files": [{"name": ".", "ftype": "dir", "chksum_type": None, "chksum_sha256": None, "format": 1}],
        "format": 1,
    }
    manifest = {"collection_info": info, "file_manifest_file": {"name": "FILES.json", "format": 1}, "format": 1}
    path = folder / f"{namespace}-{short}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, document in (("MANIFEST.json", manifest), ("FILES.json", files)):
            content = json.dumps(document).encode()
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


class _Quiet(SimpleHTTPRequestHandler):
    """Serve a folder without a log."""

    def log_message(self, *_arguments: object) -> None:
        return


@contextmanager
def served(folder: Path, place: Path) -> Iterator[tuple[str, Path]]:
    """Serve a folder with TLS on the loopback address. Yield the address and the file of the authority."""
    certificates, authority = Certificates(), place / "authority.pem"
    authority.write_bytes(certificates.authority_pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    server.socket = certificates.server_context(place).wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
