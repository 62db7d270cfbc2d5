# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare this collection with azure.azcollection: create vault, storage account and network, then run again.

Each collection has its own lab, environment and collections folder; the modules of azure.azcollection run as they were
released. Both labs must end with the same resources; otherwise the difference is printed.

Goal: a run without changes at least four times faster. It is measured and printed, not enforced.
"""

from __future__ import annotations

import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.inventory import METADATA_PATH
from lab.lab import Lab
from tests.bench.calls import calls, per_run, shown
from tests.e2e.cells import Cell, main_cell
from tests.support.playbook import Controller, Run
from tests.tools import collection, environments
from tests.tools.paths import say

GROUP, PLACE, TAGS = "rg-bench", "westeurope", {"owner": "recovery-team"}
ROUNDS = 3
# Tasks without changes in one run of ansible-playbook, each after a ping.
REPEATS = 3
GOAL = 4.0
_PING = "ansible.builtin.ping"
_KEPT = "no change"
_KINDS = ("vaults", "storage_accounts", "virtual_networks")

# Python compiles the libraries once and not in every process, as on a controller.
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ManagedResource:
    """A kind of resource with the options of each collection."""

    title: str
    ours: str
    theirs: str
    name: str
    same: Options
    our_words: Options
    their_words: Options

    def options(self, number: int, own: bool) -> Options:
        words = self.our_words if own else self.their_words
        base = {"resource_group": GROUP, "location": PLACE, "tags": TAGS, "name": f"{self.name}{number}"}
        return {**base, **self.same, **words}


# Both collections must create the same resources, so a default of one is an explicit option of the other.
RESOURCES = (
    ManagedResource("vault", "vault", "azure_rm_recoveryservicesvault", "vault-bench", {}, {}, {}),
    ManagedResource(
        "storage account",
        "storage_account",
        "azure_rm_storageaccount",
        "stbench",
        {"https_only": True, "minimum_tls_version": "TLS1_2", "allow_blob_public_access": False},
        {"sku": "Standard_LRS"},
        {"account_type": "Standard_LRS", "kind": "StorageV2"},
    ),
    ManagedResource(
        "virtual network",
        "virtual_network",
        "azure_rm_virtualnetwork",
        "vnet-bench",
        {},
        {"address_prefixes": ["10.60.0.0/16"]},
        {"address_prefixes_cidr": ["10.60.0.0/16"]},
    ),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The measurements of one module in one run: seconds of its tasks and of the pings, calls, and changed tasks."""

    seconds: list[float]
    pings: list[float]
    calls: Counter[str]
    changed: int


@dataclass(slots=True)
class Record:
    """All samples of one collection for one resource, created or unchanged."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(value for sample in self.samples for value in sample.seconds)

    @property
    def over_ping(self) -> float:
        return self.seconds - statistics.median(value for sample in self.samples for value in sample.pings)

    @property
    def calls(self) -> str:
        total: Counter[str] = Counter()
        for sample in self.samples:
            total.update(sample.calls)
        return shown(per_run(total, sum(len(sample.seconds) for sample in self.samples)))


@dataclass(frozen=True, slots=True)
class Side:
    """One collection with its own lab."""

    own: bool
    controller: Controller
    lab: Lab

    def module(self, resource: ManagedResource) -> str:
        return f"siterecovery.hyperv.{resource.ours}" if self.own else f"azure.azcollection.{resource.theirs}"

    @property
    def login(self) -> Options:
        login = self.lab.context.login
        given = {
            "subscription_id": login.subscription_id,
            "tenant": login.tenant,
            "client_id": login.client_id,
            # A template, so that the playbook does not contain the secret.
            "secret": "{{ azure_target_secret }}",
        }
        if self.own:
            address = self.lab.arm_url + METADATA_PATH
            return {**given, "cloud_environment": address, "ca_bundle": str(self.lab.authority_path)}
        return {**given, "cloud_environment": f"{self.lab.arm_url}/", "disable_instance_discovery": True}

    def run(self, resource: ManagedResource, number: int, times: int) -> Sample:
        return self.play(self.module(resource), resource.options(number, self.own), times)

    def play(self, module: str, options: Options, times: int) -> Sample:
        """Run the module several times in one playbook, each time after a ping."""
        pair: list[Options] = [{"name": "Ping", _PING: {}}, {"name": "Work", module: options}]
        group = "siterecovery.hyperv.azure" if self.own else "azure.azcollection.all"
        play = {
            "name": "Bench",
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {f"group/{group}": self.login},
            "tasks": pair * times,
        }
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            file = Path(folder) / "bench.yml"
            file.write_text(yaml.safe_dump([play]), encoding="utf-8")
            self.lab.journal.clear()
            run = self.controller.run(file)
        if run.returncode:
            raise SystemExit(run.output)
        return Sample(_seconds(run, module), _seconds(run, _PING), calls(self.lab.journal), run.changed)


def ours(lab: Lab) -> Side:
    return Side(True, Controller(main_cell(), lab.inventory, {**lab.environment, **COMPILED}), lab)


def theirs(lab: Lab) -> Side:
    cell = Cell("neighbour", environments.ensure("neighbour"), collection.neighbour())
    return Side(False, Controller(cell, lab.inventory, _surroundings(lab)), lab)


def _surroundings(lab: Lab) -> dict[str, str]:
    """Return the documented variables by which the libraries of azure.azcollection find the lab.

    The collection supports only the clouds of azure-cli-core, which reads them from this address and expects a list.
    The blob endpoint of an account has a public name, which the proxy of the lab resolves.
    """
    proxy = lab.context.proxy
    authority = str(lab.authority_path)
    return {
        **lab.environment,
        **COMPILED,
        "ARM_CLOUD_METADATA_URL": f"{lab.arm_url}/metadata/endpoints?api-version=2019-05-01",
        "HTTPS_PROXY": f"http://{proxy.username}:{proxy.password}@127.0.0.1:{proxy.port}",
        "REQUESTS_CA_BUNDLE": authority,
        "SSL_CERT_FILE": authority,
    }


def compare(here: Lab, there: Lab, rounds: int = ROUNDS) -> None:
    """Measure both collections in turns, so that both run under the same load, and print the result."""
    sides = (theirs(there), ours(here))
    made = {(resource.title, side.own): Record() for resource in RESOURCES for side in sides}
    kept = {(resource.title, side.own): Record() for resource in RESOURCES for side in sides}
    for side in sides:
        side.lab.azure.seed_group(GROUP, PLACE)
        for resource in RESOURCES:
            # Not counted, because it compiles the libraries.
            side.run(resource, 0, 1)
    for number in range(1, rounds + 1):
        say(f"side by side: round {number} of {rounds} ...")
        for resource in RESOURCES:
            for side in sides:
                made[resource.title, side.own].samples.append(_expect(side.run(resource, number, 1), changed=1))
                kept[resource.title, side.own].samples.append(_expect(side.run(resource, number, REPEATS), changed=0))
    print(*report(made, kept, rounds), sep="\n")
    print(*same_result(there.snapshot()["azure"], here.snapshot()["azure"]), sep="\n")


def _expect(sample: Sample, *, changed: int) -> Sample:
    if sample.changed != changed:
        raise SystemExit(f"{sample.changed} tasks changed something and not {changed}: this run measures nothing")
    return sample


Records = Mapping[tuple[str, bool], Record]


def report(made: Records, kept: Records, rounds: int) -> Iterator[str]:
    """Yield the table of times and the table of calls."""
    yield f"azure.azcollection {_release()} and siterecovery.hyperv, medians of {rounds} rounds"
    yield f"{'':32} {'more than a ping':^24}    {'whole task':^17}"
    yield f"{'':32} {'azcollection':>12} {'ours':>6} {'faster':>6}    {'azcollection':>12} {'ours':>6}"
    situations = [
        (resource, word, records) for resource in RESOURCES for word, records in (("created", made), (_KEPT, kept))
    ]
    for resource, word, records in situations:
        their, our = records[resource.title, False], records[resource.title, True]
        yield (
            f"{resource.title + ', ' + word:32} {their.over_ping:10.2f} s {our.over_ping:4.2f} s "
            f"{their.over_ping / max(our.over_ping, 0.01):5.1f}x    {their.seconds:10.2f} s {our.seconds:4.2f} s"
        )
    yield f"Goal: {_KEPT} at least {GOAL:.0f} times faster."
    yield f"{'calls, as the lab counts':32} {'azcollection':56} ours"
    for resource, word, records in situations:
        own, other = records[resource.title, False].calls, records[resource.title, True].calls
        yield f"{resource.title + ', ' + word:32} {own:56} {other}"


def _seconds(run: Run, action: str) -> list[float]:
    return [task.seconds for task in run.tasks if task.action == action]


def _release() -> str:
    manifest = collection.neighbour() / "ansible_collections" / "azure" / "azcollection" / "MANIFEST.json"
    return str(yaml.safe_load(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])


def same_result(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    """Yield whether both labs have the same resources, and the differences."""
    found = [line for kind in _KINDS for line in differences(there[kind], here[kind], kind)]
    yield "The resources differ (azcollection | ours):" if found else "Both labs have the same resources."
    yield from found


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield one line for each value in which two snapshots differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from differences(one.get(name), other.get(name), f"{path}/{name}")
    elif one != other:
        yield f"  {path}: {one!r} | {other!r}"
