# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the objects of a vault that a run removes by the consents of its user, and why the others stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.removal_report import NO_CONSENT
from .removal import ASSOCIATIONS, ITEMS, MAPPINGS, PLANS, POLICIES, REMOVABLE, SERVERS, Block, Entry, Step
from .vmm_server import VmmServer, select


@dataclass(frozen=True, slots=True)
class Selection:
    """The steps with consent, the fabrics of the run's servers, and whether lost servers may be purged."""

    steps: frozenset[str]
    #: None: all servers of the vault.
    servers: frozenset[str] | None
    purge: bool

    def includes(self, entry: Entry) -> bool:
        """Tell whether an object belongs to the run. An object without a server is part of every run."""
        return not entry.foreign and (self.servers is None or not entry.fabric or entry.fabric in self.servers)


@dataclass(frozen=True, slots=True)
class Decision:
    """One object with the step to which it belongs. `stays` is why it is not removed; empty if it goes."""

    step: str
    entry: Entry
    stays: str = ""
    #: It has consent, and belongs to the run, but something blocks it.
    problem: bool = False
    purge: bool = False

    @property
    def ready(self) -> bool:
        """Tell whether it can be removed now, before any other object."""
        return not any(not (block.purgeable and self.purge) for block in self.entry.blocks)

    def to_result(self) -> dict[str, Any]:
        return {**self.entry.to_result(), "goes": not self.stays, "stays": self.stays}


def chosen_servers(servers: Sequence[VmmServer], expected: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the fabrics of the expected servers. An id precedes a name. Raises Refused."""
    ids = {str(each["name"]): str(each["vmm_id"]) for each in expected if each.get("vmm_id")}
    found = select(servers, [str(each["name"]) for each in expected], ids) if expected else {}
    return frozenset(server.fabric_name.casefold() for server in found.values() if server is not None)


def decide(steps: Iterable[Step], selection: Selection) -> tuple[Decision, ...]:
    """Decide on each object in the documented order. Its blocks come before it."""
    decided: list[Decision] = []
    going: set[str] = set()
    outside: set[str] = set()
    for step in steps:
        for entry in step.entries:
            decision = _decide(step.name, entry, selection, going, outside)
            decided.append(decision)
            if not decision.stays:
                going.add(entry.key)
            if not selection.includes(entry):
                outside.add(entry.key)
    return tuple(decided)


def _decide(step: str, entry: Entry, selection: Selection, going: set[str], outside: set[str]) -> Decision:
    if step not in REMOVABLE:
        return Decision(step, entry, "it is never removed; delete it yourself")
    if not selection.includes(entry):
        reason = f"it belongs to VMM server {entry.server}, which is not part of the run"
        return Decision(step, entry, ", ".join(entry.blocked_by) if entry.foreign else reason)
    if step not in selection.steps:
        return Decision(step, entry, NO_CONSENT)
    left = [block for block in entry.blocks if not _ends(block, selection, going)]
    if left:
        others = all(block.objects and set(block.objects) - going <= outside for block in left)
        return Decision(step, entry, "blocked by: " + "; ".join(block.reason for block in left), problem=not others)
    return Decision(step, entry, purge=selection.purge and any(block.purgeable for block in entry.blocks))


def _ends(block: Block, selection: Selection, going: set[str]) -> bool:
    return (block.purgeable and selection.purge) or (bool(block.objects) and set(block.objects) <= going)


def problems(decisions: Iterable[Decision]) -> list[str]:
    """Return one line for each object that has consent, but is blocked."""
    return [f"{each.step}: {each.entry.name} {each.stays}" for each in decisions if each.problem]


def calls(decisions: Sequence[Decision], vault_name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the options of the modules that remove what goes, by step. `ready` tells whether nothing comes before."""
    return {step: list(_calls(step, decisions, vault_name)) for step in REMOVABLE}


def _calls(step: str, decisions: Sequence[Decision], vault_name: str) -> Iterator[dict[str, Any]]:
    going = [each for each in decisions if each.step == step and not each.stays]
    if step == ITEMS:
        yield from _grouped(going, "machine", "machines")
    elif step == ASSOCIATIONS:
        yield from _grouped(going, "cloud", "clouds")
    elif step in (PLANS, MAPPINGS, POLICIES):
        yield from ({**each.entry.options, "ready": each.ready} for each in going)
    elif step == SERVERS:
        for each in going:
            method = {"method": "purge", "purge_consent": vault_name} if each.purge else {"method": "remove"}
            yield {**each.entry.options, **method, "ready": each.ready}


def _grouped(decisions: Sequence[Decision], single: str, plural: str) -> Iterator[dict[str, Any]]:
    """Yield one call for the objects with the same other options."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in decisions:
        shared = {name: value for name, value in each.entry.options.items() if name != single}
        shared |= {"purge": each.purge, "ready": each.ready}
        call = found.setdefault(tuple(sorted(shared.items())), {**shared, plural: []})
        call[plural].append(each.entry.options[single])
    yield from found.values()
