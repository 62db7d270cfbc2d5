# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the objects in Azure and on the machines of a run that a removal takes, and why the others stay."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .names import same_name

NO_CONSENT = "no consent"
REGISTRY, CERTIFICATES, ACCOUNT, PROVIDER = "registry", "certificates", "run_as_account", "provider"
AGENT = "agent"
#: The parts of a VMM server and of a Hyper-V host, in the order in which they are removed.
PARTS = (REGISTRY, CERTIFICATES, ACCOUNT, PROVIDER, AGENT)
_GOES = "goes"
_EXPORTED = ("provider", "registration", "agent")
Reading = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One object. `removal` tells whether it goes, or why it stays."""

    place: str
    step: str
    name: str
    removal: str

    @property
    def goes(self) -> bool:
        return self.removal.startswith(_GOES)

    def to_result(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the run. `reading` is the result of the module host_info; None if it was not read."""

    host: str
    reading: Reading | None

    def to_document(self) -> dict[str, Any]:
        """Return what an export has of the machine."""
        observed = (self.reading or {}).get("host") or {}
        return {part: observed[part] for part in _EXPORTED if observed.get(part)}


def removal_rows(azure: Mapping[str, Any], machines: Iterable[Machine], parts: Collection[str]) -> list[Row]:
    """Return a row for each object, first those of Azure in the documented order, then those of the machines.

    `azure` is the result of the module removal_info with consents, `parts` are the parts with consent.
    """
    vault = str(azure["vault_id"]).rpartition("/")[2]
    after = " after the steps in Azure" if begins_in_azure(azure) else ""
    rows = [row for step in azure["steps"] for row in _azure_rows(step)]
    for machine in machines:
        rows += _machine_rows(machine, vault, parts, after)
    return rows


def begins_in_azure(azure: Mapping[str, Any]) -> bool:
    """Tell whether anything of the vault goes. The parts of the machines come after it."""
    return any(calls for calls in azure["removal"].values())


def _azure_rows(step: Mapping[str, Any]) -> Iterator[Row]:
    # The rows of the machines show their programs.
    for entry in step["objects"] if step["step"] != "programs" else ():
        blocks = "; ".join(entry["blocked_by"])
        removal = f"{_GOES}{f' after: {blocks}' if blocks else ''}" if entry["goes"] else f"stays: {entry['stays']}"
        yield Row("Azure", str(step["step"]), str(entry["name"]), removal)


def _machine_rows(machine: Machine, vault: str, parts: Collection[str], after: str) -> list[Row]:
    if machine.reading is None:
        return [Row(machine.host, "", "", "stays: the machine was not read")]
    observed = machine.reading.get("host") or {}
    registration = observed.get("registration") or {}
    agent = observed.get("agent") or {}
    other = registration.get("vault_name")
    foreign = f"it is registered in vault {other}" if other and not same_name(str(other), vault) else ""
    backup = "it is registered for Azure Backup" if agent.get("backup_registered") else ""
    rows = []
    for part, names in _present(machine.reading, observed, registration, agent):
        block = backup if part == AGENT else foreign
        stays = NO_CONSENT if part not in parts else f"blocked by: {block}" if block else ""
        removal = f"stays: {stays}" if stays else f"{_GOES}{after}"
        rows += [Row(machine.host, part, name, removal) for name in names]
    return rows


def _present(
    reading: Reading, observed: Reading, registration: Reading, agent: Reading
) -> Iterator[tuple[str, Sequence[str]]]:
    # The registration belongs to the node that owns the cluster role.
    if reading.get("active_node", True):
        yield (
            REGISTRY,
            [*(place["key"] for place in registration.get("places", ())), *registration.get("proxy_keys", ())],
        )
        yield CERTIFICATES, registration.get("thumbprints", ())
        yield ACCOUNT, [registration["run_as_account"]] if registration.get("run_as_account") else []
    provider = observed.get("provider") or {}
    installed = any(provider.get(part) is not None for part in ("version", "configurator_path", "product_code"))
    yield PROVIDER, [f"Provider {provider.get('version') or 'of unknown version'}"] if installed else []
    yield AGENT, [f"agent {agent.get('version') or 'of unknown version'}"] if agent else []
