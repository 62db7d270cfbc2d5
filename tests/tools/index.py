# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the index of Resource Manager: the api-versions, resource types and namespaces that released clients use.

The sources are every release of the SDKs that meta/ee-requirements.txt permits, and one release of the Azure CLI and of
the Backup SDK. An operation of an SDK is a function with the method, the address and the api-version of its request.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .paths import ROOT, say
from .programs import Command, answer

PAGE = ROOT / "extensions" / "lab" / "arm" / "index.json"
REQUIREMENTS = ROOT / "meta" / "ee-requirements.txt"
CLI = "azure-cli==2.91.0"
# Serves a part of a namespace of ours. Only its resource types are of interest.
NEIGHBOR = "azure-mgmt-recoveryservicesbackup==11.1.0"

SITE_RECOVERY = "azure-mgmt-recoveryservicessiterecovery"
# Addresses without a namespace: those of azure-mgmt-resource, except its subscription client.
RESOURCES, SUBSCRIPTIONS = "Microsoft.Resources", "Microsoft.Resources/subscriptions"
# The API definitions of which the lab serves operations: those in extensions/lab/arm/versions.py.
FAMILIES = {
    RESOURCES,
    SUBSCRIPTIONS,
    "Microsoft.Authorization/locks",
    "Microsoft.Compute",
    "Microsoft.Network",
    "Microsoft.RecoveryServices",
    "Microsoft.RecoveryServices/replication",
    "Microsoft.Storage",
}
_SUBSCRIPTION_PATHS = re.compile(r"/subscriptions(/\{\w+\}(/locations)?)?|/tenants")

_BOUND = re.compile(r"^(azure-mgmt-[a-z-]+)>=([\d.]+)$", re.MULTILINE)
_REQUEST = re.compile(r"^def build_\w+_request\(.*?(?=^def |^class |\Z)", re.MULTILINE | re.DOTALL)
_METHOD = re.compile(r'method="([A-Z]+)"')
_ADDRESS = re.compile(r'"(/[^"\s]*)"')
_VERSION = re.compile(r'api[_-]version[^\n]*"(\d{4}-\d\d-\d\d(?:-preview)?)"')
# Operations of the Azure CLI that its own generator made: kind, address and api-version.
_CLI_RESOURCE = re.compile(r'"mgmt-plane",\s*"(/[^"]*)",\s*"(\d{4}-\d\d-\d\d(?:-preview)?)"')
_NAMESPACE = re.compile(r"/providers/(Microsoft\.[A-Za-z.]+)", re.IGNORECASE)


@dataclass(slots=True)
class Index:
    """The content of the wheels: versions by family, methods by resource type, and the names of namespaces."""

    versions: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    types: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    names: dict[str, str] = field(default_factory=dict)

    def add(self, wheel: str, method: str, address: str, version: str) -> None:
        namespace, kind = split(address)
        if namespace:
            self.names.setdefault(namespace.casefold(), namespace)
            self.types[namespace].setdefault(kind, set()).add(method)
        served = family(wheel, address, namespace)
        if version and served in FAMILIES:
            self.versions[served].setdefault(version, wheel)

    def text(self) -> str:
        """Return the page: sorted, with one line for each entry."""
        lists = {
            "versions": {name: dict(sorted(found.items())) for name, found in sorted(self.versions.items())},
            "types": {
                name: {kind: " ".join(sorted(methods)) for kind, methods in sorted(found.items())}
                for name, found in sorted(self.types.items())
            },
            "namespaces": " ".join(sorted(self.names.values(), key=str.casefold)),
        }
        return json.dumps({"about": "Made by `make index`.", **lists}, indent=1) + "\n"


def split(address: str) -> tuple[str, str]:
    """Return the namespace and the resource type of an address; empty strings without a literal namespace."""
    before, found, rest = address.rpartition("/providers/")
    segments = rest.split("/")
    if not found or segments[0].startswith("{") or not before + segments[0]:
        return "", ""
    # Types and names alternate. Some addresses spell a namespace with a small first letter, or end in a slash.
    return capital(segments[0]), "/".join(part for part in segments[1::2] if part and not part.startswith("{"))


def capital(namespace: str) -> str:
    return namespace[:1].upper() + namespace[1:]


def family(wheel: str, address: str, namespace: str) -> str:
    """Return the key under which the versions of an operation are listed."""
    if wheel.startswith(SITE_RECOVERY):
        return "Microsoft.RecoveryServices/replication"
    if namespace == "Microsoft.Authorization":
        return f"{namespace}/{split(address)[1].partition('/')[0]}"
    if not namespace and _SUBSCRIPTION_PATHS.fullmatch(address.rstrip("/")):
        return SUBSCRIPTIONS
    return namespace or RESOURCES


def operations(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield method, address and version of every request that a module of an SDK builds."""
    for found in _REQUEST.finditer(text):
        method, address, version = (pattern.search(found[0]) for pattern in (_METHOD, _ADDRESS, _VERSION))
        if method and address:
            yield method[1], address[1], version[1] if version else ""


def wheels(folder: Path) -> Iterator[tuple[str, Path]]:
    """Download every release that the collection permits, and yield its name with its file, the newest first."""
    pip = [sys.executable, "-m", "pip"]
    for name, bound in _BOUND.findall(REQUIREMENTS.read_text(encoding="utf-8")):
        listed = answer([*pip, "index", "versions", name], f"releases of {name}")
        known = re.search(r"Available versions: (.*)", listed)
        if not known:
            raise SystemExit(f"no release of {name} is known to the package index")
        for release in known[1].split(", "):
            if number(release) >= number(bound):
                yield f"{name} {release}", _download(f"{name}=={release}", folder)


def number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


def _download(requirement: str, folder: Path) -> Path:
    target = folder / requirement
    pip: Command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    answer([*pip, "--dest", target, "--python-version", "3.12", requirement], f"pip download of {requirement}")
    return next(target.glob("*.whl"))


def modules(wheel: Path) -> Iterator[str]:
    """Yield the text of every Python module of a wheel, without the asynchronous ones."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".py") and "/aio/" not in name:
                yield archive.read(name).decode("utf-8")


def build(folder: Path) -> Index:
    """Read all wheels."""
    index = Index()
    for name, path in wheels(folder):
        say(name)
        for text in modules(path):
            for method, address, version in operations(text):
                index.add(name, method, address, version)
    say(NEIGHBOR)
    for text in modules(_download(NEIGHBOR, folder)):
        for method, address, _version in operations(text):
            index.add(NEIGHBOR, method, address, "")
    say(CLI)
    known = {name.casefold(): name for name in index.versions}
    for text in modules(_download(CLI, folder)):
        for address, version in _CLI_RESOURCE.findall(text):
            _add_version(index, known, address, version)
        for namespace in _NAMESPACE.findall(text):
            index.names.setdefault(namespace.casefold().rstrip("."), capital(namespace.rstrip(".")))
    return index


def _add_version(index: Index, known: dict[str, str], address: str, version: str) -> None:
    """Add a version that only the Azure CLI uses, for a namespace that the SDKs serve."""
    namespace = known.get(split(address)[0].casefold())
    if namespace:
        index.versions[namespace].setdefault(version, CLI)


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory(prefix="index-") as folder:
        PAGE.write_text(build(Path(folder)).text(), encoding="utf-8")
    say(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
