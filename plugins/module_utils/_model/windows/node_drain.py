# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the next step of a drain: a node of a cluster is paused, and its virtual machines move to other nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .restart import others_down

#: `wait_for_others`: another node is not up. `pause`: pause this node. `wait`: machines move. `done`: nothing is left
#: to move. `failed`: the drain has ended, and machines still run.
Step = Literal["wait_for_others", "pause", "wait", "done", "failed"]
_UP, _PAUSED = "Up", "Paused"
_ENDED = ("Completed", "Failed")


@dataclass(frozen=True, slots=True)
class DrainState:
    """A node of a cluster, as the script `list_restart_obstacles` shows it."""

    state: str
    drain: str
    machines: int
    #: Other nodes that are not up, each with its state.
    down: tuple[str, ...]
    #: True if this collection has paused the node.
    ours: bool
    #: How many nodes come before this one in the alphabet.
    position: int = 0

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> DrainState:
        """Build the state from the answer of the script."""
        own = str(answer["node"]).casefold()
        node: Mapping[str, Any] = next((each for each in answer["nodes"] if str(each["name"]).casefold() == own), {})
        return cls(
            str(node.get("state", "")),
            str(node.get("drain", "")),
            len(answer["machines"]),
            others_down(answer),
            bool(answer["marked"]),
            sum(str(each["name"]).casefold() < own for each in answer["nodes"]),
        )

    @property
    def paused_by_us(self) -> bool:
        return self.ours and self.state == _PAUSED

    @property
    def next_step(self) -> Step:
        """Decide on the next step. A node that others have paused is neither drained nor resumed."""
        if self.down:
            return "wait_for_others"
        if self.state == _UP:
            # A node without machines is paused as well, so that no other run restarts another node meanwhile.
            return "pause"
        if not self.paused_by_us:
            return "done" if self.state == _PAUSED and not self.machines else "failed"
        if self.drain not in _ENDED:
            return "wait"
        return "failed" if self.machines or self.drain == "Failed" else "done"

    @property
    def progress(self) -> str:
        """Describe the wait in a few words."""
        if self.down:
            return f"other nodes of the cluster are not up: {', '.join(self.down)}"
        return f"the node is being drained, virtual machines left: {self.machines}"

    @property
    def failure(self) -> str:
        """Return the reason why a drain did not end as desired."""
        if self.state != _PAUSED:
            return f"the state of the node is {self.state or 'unknown'}"
        if not self.ours:
            return f"others have paused the node, and {self._running}"
        if self.drain == "Failed":
            return f"the drain of the node failed, and {self._running}"
        return f"the cluster has not moved all virtual machines: {self._running}"

    @property
    def _running(self) -> str:
        return "a virtual machine runs on it" if self.machines == 1 else f"{self.machines} virtual machines run on it"


def resume_failure(state: str) -> str:
    """Return the warning about a node that stays paused."""
    return (
        f"the node of the cluster was not resumed, because its state is {state or 'unknown'}; start its cluster"
        " service, then run again, or run Resume-ClusterNode on it"
    )


def join_failure(state: str) -> str:
    """Return the warning about a restarted node that does not join its cluster."""
    return (
        f"the restarted machine has not joined its cluster, its state there is {state or 'unknown'};"
        " check the cluster service on it"
    )
