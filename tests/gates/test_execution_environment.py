# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment of docs/examples: ansible-builder takes it, and it pins what the tests run with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import collection, environments
from tests.tools.paths import ROOT
from tests.tools.programs import answer

EXAMPLE = ROOT / "docs" / "examples" / "execution-environment"
DECLARED = ROOT / "meta" / "ee-requirements.txt"


def builder(*arguments: object) -> str:
    python = environments.ensure("awx")
    return answer([python.with_name("ansible-builder"), *map(str, arguments)], "ansible-builder")


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def pins(path: Path) -> dict[str, str]:
    return {
        name.lower(): version for name, version in re.findall(r"^([\w-]+)(?:\[\w+\])?==(.+)$", path.read_text(), re.M)
    }


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    definition = EXAMPLE / "execution-environment.yml"
    builder("create", "--file", definition, "--context", folder, "--output-filename", "Containerfile")
    return folder


def test_the_definition_is_of_the_newest_schema_and_becomes_a_build_context(context: Path) -> None:
    assert yaml.safe_load((EXAMPLE / "execution-environment.yml").read_text())["version"] == 3
    text = (context / "Containerfile").read_text()
    assert "ansible-core==2.19.*" in text
    assert "ansible-runner==2.4.*" in text
    for name in ("requirements.txt", "requirements.yml", "bindep.txt"):
        assert lines(context / "_build" / name) == lines(EXAMPLE / name), name


def test_the_packages_are_those_of_the_tests_with_kerberos_and_psrp() -> None:
    ours = pins(EXAMPLE / "requirements.txt")
    tested = pins(environments.LOCKS / "main.txt")
    declared = set(re.findall(r"^([\w-]+)>=", DECLARED.read_text(), re.M))
    assert ours.keys() == declared | {"pypsrp"}
    assert ours == {name: tested[name] for name in ours}
    assert {line.partition("==")[0] for line in lines(EXAMPLE / "requirements.txt") if "[kerberos]" in line} == {
        "pypsrp[kerberos]",
        "pywinrm[kerberos]",
    }
    system = (EXAMPLE / "bindep.txt").read_text()
    assert all(name in system for name in ("krb5-devel [compile", "krb5-workstation ["))


def test_the_collections_are_this_one_and_the_tested_ansible_windows() -> None:
    entries: list[dict[str, Any]] = yaml.safe_load((EXAMPLE / "requirements.yml").read_text())["collections"]
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    wheel = (collection.WHEELS / f"{collection.NEWEST}.txt").read_text()
    tested = re.search(r"ansible\.windows (\d[\d.]*\d)", wheel)
    assert tested
    versions = {entry["name"]: entry["version"] for entry in entries}
    assert versions == {"siterecovery.hyperv": galaxy["version"], "ansible.windows": tested[1]}
    assert versions.keys() == {"siterecovery.hyperv", *galaxy["dependencies"]}


def test_introspection_finds_what_the_collection_declares(collections_path: Path) -> None:
    found = yaml.safe_load(builder("introspect", collections_path))
    ours = [line.split("#")[0].strip() for line in found["python"] if "siterecovery.hyperv" in line]
    assert sorted(ours) == sorted(lines(DECLARED))
    assert [line for line in found.get("system", []) if "siterecovery.hyperv" in line] == []
