# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment "lowest" installs exactly the lower bounds that the collection declares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.tools import collection, environments
from tests.tools.paths import ROOT

DECLARED = ROOT / "meta" / "ee-requirements.txt"
LAB = ROOT / "extensions" / "lab" / "requirements.txt"


def pins(text: str) -> dict[str, str]:
    """Return the version by package from lines such as name==1.2 or name>=1.2."""
    found = re.findall(r"^([A-Za-z0-9._-]+)[=>]=([0-9][^\s;]*)", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


def locked(name: str) -> dict[str, str]:
    return pins((environments.LOCKS / f"{name}.txt").read_text())


@pytest.mark.parametrize("declared", [DECLARED, LAB], ids=["collection", "lab"])
def test_lowest_is_every_lower_bound(declared: Path) -> None:
    bounds = pins(declared.read_text())
    assert bounds
    assert {name: locked("lowest")[name] for name in bounds} == bounds


def test_lowest_core_is_the_one_that_runtime_requires() -> None:
    required = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert required == f">={locked('lowest')['ansible-core']}"


def test_lowest_ansible_windows_is_the_one_that_galaxy_requires() -> None:
    required = yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"]["ansible.windows"]
    first = (collection.WHEELS / f"{collection.LOWEST}.txt").read_text().splitlines()[0]
    assert f"ansible.windows {required.removeprefix('>=')}," in first


@pytest.mark.parametrize("name", sorted(environments.ENVIRONMENTS))
def test_every_environment_is_locked_to_the_last_package(name: str) -> None:
    lines = (environments.LOCKS / f"{name}.txt").read_text().splitlines()
    assert [
        line for line in lines if line and not line.startswith("#") and not re.fullmatch(r"[\w.-]+==\S+", line)
    ] == []
    assert locked(name)


def test_the_declared_requirements_have_no_upper_bound_and_no_core() -> None:
    """Certification requires a requirements file without pins and without Ansible itself."""
    lines = [line for line in DECLARED.read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", line) for line in lines)
    assert not [line for line in lines if line.startswith("ansible")]


def test_site_recovery_stays_at_the_second_generation_everywhere() -> None:
    for name in ("main", "newest", "azcollection", "lowest"):
        assert locked(name)["azure-mgmt-recoveryservicessiterecovery"].startswith("2.")


def test_azcollection_takes_what_azure_azcollection_pins() -> None:
    """The pins are read from the release of the community package that is locked here."""
    theirs = pins(collection.neighbour_requirements().read_text())
    ours = locked("azcollection")
    shared = {name for name in ours if name.startswith("azure-") and name in theirs}
    assert {"azure-identity", "azure-mgmt-network", "azure-mgmt-recoveryservices", "azure-mgmt-storage"} <= shared
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}


def test_neighbour_has_everything_that_azure_azcollection_pins() -> None:
    """In the benchmark, azure.azcollection runs with the packages that its own requirements pin."""
    requirements = collection.neighbour_requirements().read_text()
    theirs = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", requirements, re.MULTILINE))
    have = locked("neighbour")
    assert {name: have.get(name) for name in theirs} == theirs
