# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds and verifies bundles in folders, with the real tools of the controller."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import Outcome, converge
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.bundle_manifest import json_schema
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.bundle.build import build
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.bundle.info import verify
from tests.support.bundles import served, write_collection, write_wheel

OWN = ("siterecovery.hyperv", "0.1.0")
NAMESPACE = "siterecovery.hyperv.bundle"
AGENT = "installers/agent/{}/MARSAgentInstaller.exe"
OLD, NEW = "2.0.9917.0", "2.0.9938.0"


class Workshop:
    """A folder with a bundle, sources and a key."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bundle = folder, folder / "bundle"
        self.requirements = folder / "requirements.txt"
        self.requirements.write_text("demo-a>=1\n", encoding="utf-8")
        self._count = 0

    def installer(self, version: str, program: str = "agent", **more: str) -> dict[str, str]:
        source = self.folder / f"{program}-{version}.exe"
        content = f"MZ {program} {version}".encode()
        source.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        return {"program": program, "version": version, "source": str(source), "checksum": sha256, **more}

    def build(self, *installers: dict[str, str], check_mode: bool = False, **more: Any) -> Outcome:
        options = {
            "path": str(self.bundle),
            "installers": list(installers),
            "collections": [],
            "wheels": False,
            "python_packages": [],
            "python_version": None,
            "platforms": [],
            "update": False,
            "versions_file": None,
            "allow_unsupported_upgrade": False,
            "ca_path": None,
            "signing_key": None,
            "signature_namespace": NAMESPACE,
            **more,
        }
        self._count += 1
        scratch = self.folder / f"scratch-{self._count}"
        scratch.mkdir()
        return converge(build(options, OWN, self.requirements, scratch), check_mode=check_mode)

    def verify(self, **more: Any) -> dict[str, Any]:
        names = ("allowed_signers", "signer", "address", "ca_path", "versions_file", "allow_unsupported_upgrade")
        return verify({"path": str(self.bundle), "signature_namespace": NAMESPACE, **dict.fromkeys(names), **more})

    def key(self, name: str = "key") -> str:
        path = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        public = path.with_name(f"{name}.pub").read_text(encoding="utf-8")
        (self.folder / f"{name}.allowed").write_text(f"me@example.com {public}", encoding="utf-8")
        return str(path)

    def signed_by(self, name: str = "key") -> dict[str, str]:
        return {"allowed_signers": str(self.folder / f"{name}.allowed"), "signer": "me@example.com"}

    def files(self) -> dict[str, bytes]:
        paths = self.bundle.rglob("*")
        return {path.relative_to(self.bundle).as_posix(): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_check_mode_writes_nothing_and_the_second_run_changes_nothing(shop: Workshop) -> None:
    wanted = [shop.installer(OLD), shop.installer("5.1.8095.0", "provider")]
    planned = shop.build(*wanted, check_mode=True)
    assert not shop.bundle.exists()
    first = shop.build(*wanted)
    assert planned.plan == first.plan
    assert planned.after == first.after
    assert first.after["installers"] == [f"MARSAgentInstaller.exe {OLD}", "AzureSiteRecoveryProvider.exe 5.1.8095.0"]
    before = shop.files()
    again = shop.build(*wanted)
    assert (again.changed, shop.files()) == (False, before)
    document = json.loads(before["manifest.json"])
    Draft202012Validator(json_schema()).validate(document)
    (agent, _provider) = document["files"]
    assert (agent["version"], agent["signer"], agent["source"]) == (OLD, None, wanted[0]["source"])
    assert "not by Microsoft Corporation" in first.warnings[0]


def test_an_installer_that_is_not_listed_anymore_is_removed(shop: Workshop) -> None:
    shop.build(shop.installer(OLD), shop.installer(NEW), signing_key=shop.key())
    outcome = shop.build(shop.installer(NEW))
    assert outcome.plan.describe() == (f"remove {AGENT.format(OLD)}; remove the signature of the previous content")
    assert set(shop.files()) == {"manifest.json", AGENT.format(NEW)}
    shop.verify()


def test_a_changed_source_is_refused_and_the_next_run_continues(shop: Workshop) -> None:
    good, bad = shop.installer(OLD), shop.installer(NEW)
    content = Path(bad["source"]).read_bytes()
    Path(bad["source"]).write_bytes(b"MZ other")
    with pytest.raises(Refused, match=r"has the SHA-256 hash [0-9a-f]{64}, not"):
        shop.build(good, bad)
    with pytest.raises(Refused, match=r"no readable manifest\.json"):
        shop.verify()
    Path(bad["source"]).write_bytes(content)
    assert shop.build(good, bad).changed
    shop.verify()
    assert not (shop.bundle / ".partial").exists()


@pytest.mark.parametrize("exists", [False, True])
def test_files_of_others_are_named_and_stay(shop: Workshop, exists: bool) -> None:
    if exists:
        shop.build(shop.installer(OLD))
    own = shop.bundle / "installers" / "notes.txt"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("mine")
    with pytest.raises(Refused, match=r"installers/notes\.txt"):
        shop.build(shop.installer(NEW))
    assert own.read_text() == "mine"


def test_a_damaged_installer_is_fetched_again(shop: Workshop) -> None:
    shop.build(shop.installer(OLD))
    before = shop.files()
    (shop.bundle / AGENT.format(OLD)).write_bytes(b"MZ damaged")
    assert shop.build(shop.installer(OLD)).changed
    assert shop.files() == before


def test_a_signature_is_renewed_only_when_it_is_not_that_of_the_key(shop: Workshop) -> None:
    first, other = shop.key(), shop.key("other")
    assert shop.build(shop.installer(OLD), signing_key=first).after["signed"]
    assert not shop.build(shop.installer(OLD), signing_key=first).changed
    # A key that is not given leaves a valid signature as it is.
    assert not shop.build(shop.installer(OLD)).changed
    shop.verify(**shop.signed_by())
    assert shop.build(shop.installer(OLD), signing_key=other).plan.describe() == "sign the manifest"
    shop.verify(**shop.signed_by("other"))
    with pytest.raises(Refused, match=r"has no valid signature of me@example\.com"):
        shop.verify(**shop.signed_by())


def _append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def _interrupt(bundle: Path) -> None:
    (bundle / ".partial").mkdir()
    (bundle / ".partial" / "x").touch()


def _link(path: Path) -> None:
    path.rename(path.parents[3].parent / "moved")
    path.symlink_to(path.parents[3].parent / "moved")


TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda bundle: _append(bundle / AGENT.format(OLD)), f"changed: {AGENT.format(OLD)}"),
    "missing": (lambda bundle: (bundle / AGENT.format(OLD)).unlink(), f"missing: {AGENT.format(OLD)}"),
    "additional": (lambda bundle: (bundle / "x.txt").write_text("x"), "not in the manifest: x.txt"),
    "link": (lambda bundle: _link(bundle / AGENT.format(OLD)), f"changed: {AGENT.format(OLD)}"),
    "folder link": (lambda bundle: (bundle / "etc").symlink_to("/etc"), "not in the manifest: etc"),
    "manifest": (lambda bundle: _append(bundle / "manifest.json"), "the manifest is not a JSON document"),
    "unfinished": (_interrupt, "not in the manifest: .partial/x"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_bundle_that_differs_from_its_manifest_is_refused(shop: Workshop, name: str) -> None:
    shop.build(shop.installer(OLD), shop.installer(NEW))
    shop.verify()
    change, message = TAMPERINGS[name]
    change(shop.bundle)
    with pytest.raises(Refused) as caught:
        shop.verify()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_manifest_that_was_changed_with_its_file_breaks_the_signature(shop: Workshop) -> None:
    shop.build(shop.installer(OLD), signing_key=shop.key())
    forged = b"MZ forged"
    (shop.bundle / AGENT.format(OLD)).write_bytes(forged)
    document = json.loads((shop.bundle / "manifest.json").read_text())
    document["files"][0].update(sha256=hashlib.sha256(forged).hexdigest(), size=len(forged))
    (shop.bundle / "manifest.json").write_text(json.dumps(document, indent=2) + "\n")
    assert "was not verified" in shop.verify()["warnings"][0]
    with pytest.raises(Refused, match="has no valid signature"):
        shop.verify(**shop.signed_by())
    (shop.bundle / "manifest.json.sig").unlink()
    with pytest.raises(Refused, match="has no signature"):
        shop.verify(**shop.signed_by())


@pytest.mark.parametrize(
    "path", ["../key", "/etc/passwd", "installers/../../key", "other/x", "installers", "wheels\\x"]
)
def test_a_manifest_names_no_path_outside_of_its_folders(shop: Workshop, path: str) -> None:
    shop.build(shop.installer(OLD))
    document = json.loads((shop.bundle / "manifest.json").read_text())
    document["files"][0]["path"] = path
    (shop.bundle / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(Refused, match="files has a path outside of"):
        shop.verify()


def test_an_address_must_serve_every_file(shop: Workshop, tmp_path: Path) -> None:
    shop.build(shop.installer(OLD), shop.installer(NEW), signing_key=shop.key())
    copy = tmp_path / "served" / "bundle"
    shutil.copytree(shop.bundle, copy)
    with served(copy.parent, tmp_path) as (address, authority):
        options = {"address": f"{address}/bundle/", "ca_path": str(authority), **shop.signed_by()}
        found = shop.verify(**options)["variables"]
        assert found == {
            "hyperv_host_agent_source": f"{address}/bundle/{AGENT.format(NEW)}",
            "hyperv_host_agent_checksum": shop.installer(NEW)["checksum"],
            "hyperv_host_agent_version": NEW,
        }
        _append(copy / AGENT.format(OLD))
        (copy / "manifest.json.sig").unlink()
        with pytest.raises(Refused, match=rf"{AGENT.format(OLD)} \(changed\), manifest\.json\.sig \(missing\)"):
            shop.verify(**options)
        with pytest.raises(RemoteFailure, match=r"cannot be reached: .*certificate verify failed"):
            shop.verify(address=f"{address}/bundle")
        shutil.rmtree(shop.bundle)
        source = f"{address}/bundle/{AGENT.format(NEW)}?sig=secret"
        shop.build(shop.installer(NEW, source=source), ca_path=str(authority))
        assert "secret" not in (shop.bundle / "manifest.json").read_text()
        with pytest.raises(RemoteFailure, match="answered with status 404"):
            shop.build(shop.installer("2.0.9999.0", source=f"{address}/none.exe"), ca_path=str(authority))


def test_a_share_is_an_address_that_only_the_machines_read(shop: Workshop) -> None:
    shop.build(shop.installer(OLD))
    found = shop.verify(address="\\\\files\\share\\bundle\\")
    expected = f"\\\\files\\share\\bundle\\installers\\agent\\{OLD}\\MARSAgentInstaller.exe"
    assert found["variables"]["hyperv_host_agent_source"] == expected
    assert "was not read from the controller" in found["warnings"][0]


@pytest.mark.parametrize("address", ["http://files/b", "https://me:pw@files/b", "https://files/b?x", "files", "C:\\b"])
def test_another_address_is_refused(shop: Workshop, address: str) -> None:
    with pytest.raises(InvalidInput, match="address must be an https address"):
        shop.verify(address=address)


def test_the_steps_of_machines_become_an_inventory(shop: Workshop, tmp_path: Path) -> None:
    versions = tmp_path / "versions.json"
    seen = {"hv01": "2.0.9249.0", "hv02": NEW, "hv03": None}
    machines = [{"host": host, "program": "agent", "version": version} for host, version in seen.items()]
    versions.write_text(json.dumps({"schema_version": 1, "machines": machines}))
    with pytest.raises(Refused, match=rf"cannot bridge agent 2\.0\.9249\.0 to {NEW} \(hv01\)"):
        shop.build(shop.installer(NEW), versions_file=str(versions))
    assert not shop.bundle.exists()
    allowed: dict[str, Any] = {"versions_file": str(versions), "allow_unsupported_upgrade": True}
    built = shop.build(shop.installer(NEW), **allowed)
    forced = shop.verify(address="\\\\files\\b", **allowed)
    assert "agent 2.0.9249.0 to" in str(built.warnings[0])
    assert "agent 2.0.9249.0 to" in forced["warnings"][1]
    assert forced["lines"][0] == f"hv01: agent 2.0.9249.0 -> {NEW} (not supported)"
    # Only the machine that needs it may skip releases.
    chosen = forced["inventory"]["all"]["hosts"]
    assert [host for host, each in chosen.items() if "hyperv_host_allow_unsupported_upgrade" in each] == ["hv01"]
    shop.build(shop.installer(OLD), shop.installer(NEW), versions_file=str(versions))
    found = shop.verify(address="\\\\files\\b", versions_file=str(versions))
    assert found["lines"] == [
        f"hv01: agent 2.0.9249.0 -> {OLD} -> {NEW}",
        f"hv02: agent {NEW}",
        f"hv03: no agent -> {NEW}",
    ]
    hosts = found["inventory"]["all"]["hosts"]
    assert {host: each["hyperv_host_agent_version"] for host, each in hosts.items()} == {
        "hv01": OLD,
        "hv02": NEW,
        "hv03": NEW,
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "5"}, r"installers\[0\]\.version must be a version"),
        ({"checksum": "abc"}, r"installers\[0\]\.checksum must be a SHA-256 hash"),
        ({"source": "http://a/b.exe"}, r"installers\[0\]\.source must be an https address"),
        ({"source": "/nowhere/a.exe"}, "/nowhere/a.exe cannot be read"),
    ],
)
def test_a_wrong_installer_is_refused(shop: Workshop, change: dict[str, str], message: str) -> None:
    with pytest.raises((InvalidInput, Refused), match=message):
        shop.build({**shop.installer(OLD), **change})


@pytest.mark.parametrize("option", ["collections", "python_packages", "platforms"])
def test_no_option_reaches_a_tool_as_a_name(shop: Workshop, option: str) -> None:
    more: dict[str, Any] = {"wheels": True, option: ["--pre"]}
    with pytest.raises(InvalidInput, match=f"{option} must have names, not the option '--pre'"):
        shop.build(**more)


def test_the_same_installer_twice_is_refused(shop: Workshop) -> None:
    with pytest.raises(InvalidInput, match=r"must not have two installers of the agent 2\.0\.9917"):
        shop.build(shop.installer(OLD), shop.installer("2.0.9917"))


def test_wheels_and_collections_follow_the_request(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, galaxy = tmp_path / "index", tmp_path / "galaxy"
    write_wheel(index, "demo-a", "1.0", ["demo-b"])
    write_wheel(index, "demo-b", "1.0")
    own = write_collection(galaxy, "demo.one", "1.0.0", demo_two=">=1.0.0")
    other = write_collection(galaxy, "demo.two", "2.0.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("HOME", str(tmp_path))
    request: dict[str, Any] = {"wheels": True, "collections": [str(own), str(other)]}
    planned = shop.build(check_mode=True, **request)
    assert not shop.bundle.exists()
    first = shop.build(**request)
    assert planned.after == first.after
    assert first.after["wheels"] == ["demo-a 1.0", "demo-b 1.0"]
    assert first.after["collections"] == ["demo.one 1.0.0", "demo.two 2.0.0"]
    lock = (shop.bundle / "wheels" / "requirements.lock").read_text()
    assert [line.partition(" --hash=sha256:")[0] for line in lock.splitlines()] == ["demo-a==1.0", "demo-b==1.0"]
    shop.verify()

    write_wheel(index, "demo-b", "1.1")
    assert not shop.build(**request).changed
    updated = shop.build(**request, update=True)
    assert updated.plan.describe() == "wheels: add demo-b 1.1; remove demo-b 1.0"
    assert not shop.build(**request, update=True).changed

    (shop.bundle / "wheels" / "requirements.lock").unlink()
    assert shop.build(**request).plan.describe() == "wheels: restore changed files"
    shop.verify()
    with pytest.raises(RemoteFailure, match=r"pip install ended with exit code 1: ERROR: No matching distribution"):
        shop.build(**request, python_packages=["demo-c"])
    shop.verify()
    assert shop.build().after == {**first.after, "wheels": [], "collections": []}
    assert set(shop.files()) == {"manifest.json"}
