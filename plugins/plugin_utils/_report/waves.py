# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the waves in which the Hyper-V hosts are set up, and the reasons to begin no further wave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby, repeat
from operator import attrgetter
from typing import Any, Final

from ...module_utils._model.common.change_window import closed_reason
from ...module_utils._model.common.wave_sizes import ONE_PER_CLUSTER

#: Stands for the cluster of a node whose cluster could not be read. Such a node can be one of any cluster.
UNKNOWN_CLUSTER: Final = ""
DEFAULT_RING: Final = 1
DEFAULT_SIZES: Final = ("1", ONE_PER_CLUSTER, "25%", "100%")
_SHOWN_NAMES = 8
Wave = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host that the run sets up, with the facts that decide its wave."""

    host: str
    #: The failover cluster of a node. None: the host is not a node of a cluster.
    cluster: str | None = None
    #: Hosts of a lower ring begin first.
    ring: int = DEFAULT_RING

    @property
    def cluster_key(self) -> str | None:
        """Return the name of the cluster without case, as Windows compares it."""
        return None if self.cluster is None else self.cluster.lower()


def plan_waves(candidates: Iterable[Candidate], sizes: Sequence[str]) -> tuple[Wave, ...]:
    """Divide hosts into waves: by ring, then in the given order.

    A size is a number of hosts, or a percentage of all hosts that is rounded down to at least one host. The size
    `one_per_cluster` takes one node of each cluster of which no earlier wave had a node, and makes no wave without such
    a cluster. The last size applies to all further waves. A wave never has hosts of two rings, or two nodes of one
    cluster: the second node waits for the next wave.
    """
    left = sorted(candidates, key=attrgetter("ring"))
    total = len(left)
    waves: list[Wave] = []
    begun: set[str | None] = {None}
    for size in chain(sizes, repeat(sizes[-1])):
        if not left:
            return tuple(waves)
        _ring, hosts = next(groupby(left, key=attrgetter("ring")))
        ring = list(hosts)
        if size.strip() == ONE_PER_CLUSTER:
            wave = _first_hosts((each for each in ring if each.cluster_key not in begun), total)
        else:
            wave = _first_hosts(ring, _number(size, total))
        taken = {each.host for each in wave}
        left = [each for each in left if each.host not in taken]
        begun |= {each.cluster_key for each in wave}
        waves += [tuple(each.host for each in wave)] if wave else []
    raise AssertionError("the last size has no end")


def _first_hosts(candidates: Iterable[Candidate], size: int) -> list[Candidate]:
    wave: list[Candidate] = []
    clusters: set[str] = set()
    for each in candidates:
        if each.cluster_key is not None:
            if UNKNOWN_CLUSTER in clusters or each.cluster_key in clusters or (clusters and not each.cluster_key):
                continue
            clusters.add(each.cluster_key)
        wave.append(each)
        if len(wave) == size:
            break
    return wave


def _number(size: str, hosts: int) -> int:
    text = size.strip()
    return max(1, hosts * int(text[:-1]) // 100 if text.endswith("%") else int(text))


def describe_waves(waves: Sequence[Wave]) -> list[str]:
    """Return the plan of the waves, one line for each."""
    return [f"Wave {number} of {len(waves)}: {_names(wave)}" for number, wave in enumerate(waves, 1)]


def _names(hosts: Sequence[str]) -> str:
    more = len(hosts) - _SHOWN_NAMES
    shown = ", ".join(hosts if more <= 1 else hosts[:_SHOWN_NAMES])
    return shown if more <= 1 else f"{shown} and {more} more"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the waves. A percentage may be reached, but not exceeded."""

    wave_percentage: int
    run_percentage: int
    window_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaveState:
    """The facts that the run has recorded about the hosts of its waves so far."""

    waves: tuple[Wave, ...]
    hosts: Wave
    #: Hosts of this run whose setup failed.
    failed: frozenset[str]
    #: Hosts of this run on which something was changed.
    changed: frozenset[str]

    @property
    def number(self) -> int:
        """Return the number of the wave that has these hosts; 0 if the plan does not have it."""
        wanted = set(self.hosts)
        return next((number for number, wave in enumerate(self.waves, 1) if wanted & set(wave)), 0)

    def stop_before(self, limits: Limits, now: datetime) -> str:
        """Return why the wave must not begin; empty if it may."""
        return closed_reason(limits.window_end, now)

    def stop_after(self, limits: Limits, now: datetime) -> str:
        """Return why no later wave may begin; empty if it may. Hosts that did not begin in the window have failed."""
        if closed := closed_reason(limits.window_end, now):
            return closed
        failed = [host for host in self.hosts if host in self.failed]
        if 100 * len(failed) > limits.wave_percentage * len(self.hosts):
            return f"too many hosts of an earlier wave failed: {', '.join(failed)}"
        every = [host for wave in self.waves for host in wave]
        lost = [host for host in every if host in self.failed]
        if 100 * len(lost) > limits.run_percentage * len(every):
            return f"too many hosts of the run failed: {', '.join(lost)}"
        return ""

    def describe(self, elapsed: timedelta) -> str:
        """Return one line about the finished wave."""
        done = set(self.hosts)
        begun = {host for wave in self.waves[: self.number] for host in wave}
        left = sum(len(wave) for wave in self.waves) - len(begun)
        facts = [
            f"{len(done)} {'host' if len(done) == 1 else 'hosts'} in {duration(elapsed.total_seconds())}",
            f"{len(done & self.changed)} changed",
            f"{len(done & self.failed)} failed",
            f"{left} left",
        ]
        return f"Wave {self.number} of {len(self.waves)}: {', '.join(facts)}"


def duration(elapsed: float) -> str:
    """Return a number of seconds as text, in minutes from ten of them."""
    seconds = max(0, round(elapsed))
    return f"{seconds} s" if seconds < 600 else f"{round(seconds / 60)} min"


def cluster_of(observation: Mapping[str, Any]) -> str | None:
    """Return the failover cluster of a host from its observation. None: the host is not a node of a cluster."""
    section = (observation.get("host") or {}).get("cluster")
    return None if section is None else str(section.get("name") or UNKNOWN_CLUSTER)
