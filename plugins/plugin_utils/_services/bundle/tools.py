# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the tools of the controller that a bundle needs: pip, ansible-galaxy and ssh-keygen."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ....module_utils._model.common.errors import InvalidInput, Refused, RemoteFailure
from ....module_utils._model.common.shown_text import foreign, shown_address
from ....module_utils._model.windows.bundle_manifest import COLLECTIONS, LOCK, WHEELS, BundleFile, Requested
from .files import sha256_of

#: The version of the installation report of pip 23.0 and newer.
_REPORT = "1"
_IDENTITY = "bundle"
#: The list of the collections, from which ansible-galaxy installs.
_GALAXY_LIST = "requirements.yml"


def download_collections(names: Sequence[str], folder: Path) -> tuple[BundleFile, ...]:
    """Download collections and what they depend on, as the controller's configuration of ansible-galaxy says."""
    place = folder / COLLECTIONS
    _run(
        "ansible-galaxy",
        [sys.executable, "-m", "ansible", "galaxy", "collection", "download", "-p", str(place), *names],
    )
    listed = place / _GALAXY_LIST
    listed.unlink(missing_ok=True)
    archives = sorted(place.iterdir())
    # The list of ansible-galaxy has another order in every run.
    listed.write_text("".join(["collections:\n", *(f"  - name: {path.name}\n    type: file\n" for path in archives)]))
    return tuple(_collection(path) for path in sorted(place.iterdir()))


def _collection(path: Path) -> BundleFile:
    size, sha256, place = path.stat().st_size, sha256_of(path), f"{COLLECTIONS}/{path.name}"
    if path.name == _GALAXY_LIST:
        return BundleFile(place, "list", path.name, None, size, sha256)
    described = _described(path)
    name = f"{described['namespace']}.{described['name']}"
    return BundleFile(place, "collection", name, described["version"], size, sha256)


def _described(path: Path) -> dict[str, Any]:
    """Return the metadata of a collection's archive. Raises Refused."""
    try:
        with tarfile.open(path) as archive:
            member = archive.extractfile("MANIFEST.json")
            found: dict[str, Any] = json.loads(member.read() if member else "")["collection_info"]
            return found
    except (tarfile.TarError, KeyError, ValueError):
        raise Refused(f"collections: {path.name} is not the archive of a collection; correct the option") from None


def resolve_wheels(requested: Requested, requirements: Path, folder: Path) -> tuple[BundleFile, ...]:
    """Resolve the wheels of a controller, and write their lock file. Return the records, without the sizes of wheels.

    The index is that of the controller's configuration of pip. Only wheels are accepted, because an isolated network
    has no build tools.
    """
    report = folder / "report.json"
    options = ["--dry-run", "--ignore-installed", "--target", str(folder / "none"), "--report", str(report)]
    wanted = ["-r", str(requirements), *requested.python_packages]
    _pip("install", *options, *_platform(requested), *wanted)
    raw = json.loads(report.read_text(encoding="utf-8"))
    if raw["version"] != _REPORT:
        raise RemoteFailure(f"pip wrote a report of version {raw['version']}, not {_REPORT}; install another pip")
    files = sorted((_wheel(entry) for entry in raw["install"]), key=lambda file: file.path)
    lock = lock_in(folder)
    lock.write_text("".join(f"{file.name}=={file.version} --hash=sha256:{file.sha256}\n" for file in files), "utf-8")
    return (*files, BundleFile(LOCK, "list", lock.name, None, lock.stat().st_size, sha256_of(lock)))


def lock_in(folder: Path) -> Path:
    """Return the path of the lock file in a working folder."""
    return folder / LOCK.rpartition("/")[2]


def _wheel(entry: dict[str, Any]) -> BundleFile:
    address, described = entry["download_info"]["url"], entry["metadata"]
    sha256 = entry["download_info"]["archive_info"]["hashes"]["sha256"]
    path = f"{WHEELS}/{unquote(urlsplit(address).path).rpartition('/')[2]}"
    return BundleFile(path, "wheel", described["name"], described["version"], 0, sha256, shown_address(address))


def download_wheels(requested: Requested, lock: Path, folder: Path) -> None:
    """Download the wheels of a lock file. pip compares every hash."""
    _pip("download", "--no-deps", "--require-hashes", "-d", str(folder), *_platform(requested), "-r", str(lock))


def _platform(requested: Requested) -> list[str]:
    """Return the options that select wheels, for another machine where the request names one."""
    version = ["--python-version", requested.python_version] if requested.python_version else []
    return [
        "--only-binary",
        ":all:",
        *version,
        *(part for name in requested.platforms for part in ("--platform", name)),
    ]


def _pip(command: str, *arguments: str) -> None:
    _run(
        f"pip {command}",
        [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check", "--no-input", *arguments],
    )


def sign(manifest: Path, key: Path, namespace: str) -> None:
    """Write the signature of a manifest. A key with a passphrase must be in the agent."""
    signature = manifest.with_name(f"{manifest.name}.sig")
    signature.unlink(missing_ok=True)
    _run("ssh-keygen", [_ssh_keygen(), "-Y", "sign", "-f", str(key), "-n", namespace, str(manifest)])


def signed_by_key(manifest: Path, key: Path, namespace: str, folder: Path) -> bool:
    """Tell whether the signature of a manifest is valid and of this key."""
    public = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
    try:
        text = public.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            "signing_key", f"must have its public key in {public}: {error.strerror}", "write it with ssh-keygen -y"
        ) from None
    allowed = folder / "allowed_signers"
    allowed.write_text(f"{_IDENTITY} {text}", encoding="utf-8")
    return _verifies(manifest, allowed, _IDENTITY, namespace).returncode == 0


def require_signature(manifest: Path, allowed: Path, signer: str, namespace: str) -> None:
    """Raise Refused unless an allowed signer has signed a manifest."""
    if not manifest.with_name(f"{manifest.name}.sig").is_file():
        raise Refused(f"{manifest.parent} has no signature; build it with a signing key, or remove allowed_signers")
    done = _verifies(manifest, allowed, signer, namespace)
    if done.returncode:
        raise Refused(
            f"{manifest} has no valid signature of {signer}: {_last_line(done)}; copy the bundle again, or correct"
            " allowed_signers"
        )


def _verifies(manifest: Path, allowed: Path, signer: str, namespace: str) -> subprocess.CompletedProcess[str]:
    signature = manifest.with_name(f"{manifest.name}.sig")
    command = [_ssh_keygen(), "-Y", "verify", "-f", str(allowed), "-I", signer, "-n", namespace, "-s", str(signature)]
    with manifest.open(encoding="utf-8") as content:
        return _started(command, content)


def _ssh_keygen() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        raise Refused("the controller has no ssh-keygen, which signs and verifies a bundle; install OpenSSH")
    return found


def _run(name: str, command: list[str]) -> None:
    """Run a tool. Raises RemoteFailure with its last line."""
    done = _started(command)
    if done.returncode:
        raise RemoteFailure(
            f"{name} ended with exit code {done.returncode}: {_last_line(done)}", exit_code=done.returncode
        )


def _started(command: list[str], content: Any = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    # A new session has no terminal, so no tool can ask for a password.
    return subprocess.run(command, stdin=content, capture_output=True, text=True, check=False, start_new_session=True)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return foreign(lines[-1]) if lines else "no message"
