# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover cluster with one role: a highly available VMM, whose service runs on the node that owns the role.

A cluster of Hyper-V hosts has no such role. Its machines move when a node is drained.

Sources: the reference of the FailoverClusters cmdlets, and the documentation of highly available VMM: one database, one
id, VMM's service on one node at a time. A service that ends outside of the cluster's own commands is a failure of its
resource, which the cluster answers by its restart policy: once again on the same node, then on another one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from ..context import Fault
from . import layout
from .errors import MachineError
from .registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

ResourceState = Literal["Online", "Offline", "Failed"]
_ERROR: Final = "Microsoft.FailoverClusters.PowerShell.ClusterCmdletException"
# Inferred: that these keys are the checkpoints of the role; the public clean-up script removes checkpoints of both.
CHECKPOINTS: Final = (layout.REGISTRATION_KEY, layout.PROXY_KEY)
# Documented: values of DrainStatus of Get-ClusterNode.
NOT_INITIATED, IN_PROGRESS, COMPLETED, FAILED = "NotInitiated", "InProgress", "Completed", "Failed"
# How often a failed resource starts again on its node before the role moves: the default restart policy.
_RESTARTS = 1


class Node(Protocol):
    """The part of a machine that its cluster uses: registry, services and journal."""

    registry: Registry
    #: Each with `clustered`: whether the machine is a role of the cluster.
    guests: list[Any]

    @property
    def name(self) -> str: ...

    def later(self, seconds: float, effect: Callable[[], None]) -> None: ...

    def bring_up(self, name: str) -> None: ...

    def take_down(self, name: str) -> None: ...

    def process(self) -> AbstractContextManager[None]: ...

    def fault_at(self, point: str) -> Fault | None: ...

    def note(self, verb: str, **detail: Any) -> None: ...


@dataclass(slots=True)
class Cluster:
    """The state that all nodes share. A node that is not a machine of the lab is only a name."""

    role: str
    #: Inferred: the resource's name and type. The public clean-up script looks for "VMM Service" in the name.
    resource: str
    nodes: dict[str, str]
    owner: str
    state: ResourceState = "Online"
    members: dict[str, Node] = field(default_factory=dict)
    failures: int = 0
    #: The progress of drains by node, how they end and how long they take, and moved machines with their home.
    drains: dict[str, str] = field(default_factory=dict)
    drain_ends: str = COMPLETED
    drain_seconds: float = 0.0
    moved: list[tuple[str, Any]] = field(default_factory=list)
    _was_paused: bool = False

    # ---- nodes ----

    def node_of(self, machine: Node) -> str:
        return next(name for name in self.nodes if name.lower() == machine.name.lower())

    def state_of(self, node: str) -> str:
        return next((state for name, state in self.nodes.items() if name.lower() == node.lower()), "")

    def owns(self, machine: Node) -> bool:
        return self.owner.lower() == machine.name.lower()

    def others_up(self) -> list[str]:
        return [name for name, state in self.nodes.items() if state == "Up" and name.lower() != self.owner.lower()]

    def need_resource(self, name: str) -> None:
        if name.lower() != self.resource.lower():
            raise MachineError(f"The cluster resource '{name}' could not be found.", _ERROR)

    def need_role(self, name: str) -> None:
        if name.lower() != self.role.lower():
            raise MachineError(f"The cluster group '{name}' could not be found.", _ERROR)

    # ---- commands, which any node may send ----

    def stop(self, machine: Node) -> None:
        """Stop the service on the owner, as Stop-ClusterResource does; the resource stays offline after a move."""
        if self.state == "Offline":
            return
        if machine.fault_at("stop cluster resource") is not None:
            raise MachineError(f"Failed to bring the resource '{self.resource}' offline.", _ERROR)
        machine.note("cluster.stop", resource=self.resource, owner=self.owner)
        self.state = "Offline"
        self._halt()

    def start(self, machine: Node) -> None:
        """Start the service on the owner, as Start-ClusterResource does."""
        if self.state == "Online":
            return
        if machine.fault_at("start cluster resource") is not None:
            self.state = "Failed"
            raise MachineError(f"Failed to bring the resource '{self.resource}' online.", _ERROR)
        machine.note("cluster.start", resource=self.resource, owner=self.owner)
        self._run()

    def move(self, machine: Node, node: str) -> None:
        """Move the role to another node, as Move-ClusterGroup does."""
        target = next((name for name in self.nodes if name.lower() == node.lower()), None)
        if target is None or self.nodes[target] != "Up":
            raise MachineError(f"The cluster node '{node}' is not up, or is not a node of the cluster.", _ERROR)
        if target == self.owner:
            return
        machine.note("cluster.move", role=self.role, node=target)
        self.fail_over(target)

    def pause(self, machine: Node, node: str) -> None:
        """Pause a node and start to move its machines away, as Suspend-ClusterNode -Drain does without -Wait."""
        if machine.fault_at("suspend cluster node") is not None:
            raise MachineError(f"The cluster node '{node}' cannot be paused.", _ERROR)
        name = self.node_of(machine)
        machine.note("cluster.pause", node=name)
        self.nodes[name], self.drains[name] = "Paused", IN_PROGRESS
        if self.drain_ends != IN_PROGRESS:
            machine.later(self.drain_seconds, lambda: self._drained(machine, name))

    def resume(self, machine: Node, node: str) -> None:
        """Resume a node and move its machines back, as Resume-ClusterNode -Failback Immediate does."""
        if machine.fault_at("resume cluster node") is not None:
            raise MachineError(f"The cluster node '{node}' cannot be resumed.", _ERROR)
        name = self.node_of(machine)
        machine.note("cluster.resume", node=name)
        self.nodes[name], self.drains[name] = "Up", NOT_INITIATED
        back = [guest for home, guest in self.moved if home == name]
        for member in self.members.values():
            member.guests = [guest for guest in member.guests if guest not in back]
        machine.guests += back
        self.moved = [entry for entry in self.moved if entry[0] != name]

    # ---- events ----

    def _drained(self, machine: Node, name: str) -> None:
        """End a drain. Machines that are not roles of the cluster stay (inferred)."""
        if self.drains.get(name) != IN_PROGRESS:
            return
        self.drains[name] = self.drain_ends
        if self.drain_ends == COMPLETED:
            moving = [guest for guest in machine.guests if guest.clustered]
            self.moved += [(name, guest) for guest in moving]
            machine.guests = [guest for guest in machine.guests if not guest.clustered]
            others = (each for each in self.members.values() if self.state_of(each.name) == "Up")
            target = next(others, None)
            if target is not None:
                target.guests = [*target.guests, *moving]

    def fail_over(self, target: str | None = None) -> None:
        """Move the role and its checkpoints to another node; without a node that is up, the role fails."""
        targets = [target] if target is not None else self.others_up()
        self._halt()
        if not targets:
            self.state = "Failed"
            return
        before, self.owner, self.failures = self.members.get(self.owner.lower()), targets[0], 0
        after = self.members.get(self.owner.lower())
        if before is not None and after is not None:
            for key in CHECKPOINTS:
                after.registry.replace(key, before.registry)
        if self.state != "Offline":
            self._run()

    def service_ended(self, machine: Node) -> None:
        """Handle an end of VMM's service that the cluster did not cause."""
        if self.state != "Online" or not self.owns(machine):
            return
        self.failures += 1
        again = self.failures <= _RESTARTS
        machine.note("cluster.restart" if again else "cluster.failover", resource=self.resource)
        if again:
            self._run()
        else:
            self.fail_over()

    def node_down(self, machine: Node) -> None:
        name = self.node_of(machine)
        self._was_paused = self.nodes[name] == "Paused"
        self.nodes[name] = "Down"
        if self.owns(machine):
            self.fail_over()

    def node_up(self, machine: Node) -> None:
        # Documented: a node stays paused over a restart.
        self.nodes[self.node_of(machine)] = "Paused" if self._was_paused else "Up"
        if self.state == "Failed":
            self._run()

    def _run(self) -> None:
        owner = self.members.get(self.owner.lower())
        if owner is not None:
            # The caller may be a process of another machine.
            with owner.process():
                owner.bring_up(layout.VMM_SERVICE)
        self.state = "Online"

    def _halt(self) -> None:
        owner = self.members.get(self.owner.lower())
        if owner is not None:
            with owner.process():
                owner.take_down(layout.VMM_SERVICE)
