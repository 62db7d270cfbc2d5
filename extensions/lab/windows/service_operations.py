# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service operations of a machine, and how the cluster of a highly available VMM takes part in them."""

from __future__ import annotations

import time

from . import layout
from .cluster import Cluster
from .errors import MachineError
from .services import Service
from .state import MachineState

_POLL = 0.005
_SERVICE_ERROR = "Microsoft.PowerShell.Commands.ServiceCommandException"


class ServiceOperations(MachineState):
    """A machine whose services can be started and stopped; every change goes into the journal."""

    def service(self, name: str) -> Service | None:
        self.settle()
        return self.services.find(name)

    def need_service(self, name: str) -> Service:
        found = self.service(name)
        if found is None:
            raise MachineError(f"Cannot find any service with service name '{name}'.", _SERVICE_ERROR)
        return found

    def is_running(self, name: str) -> bool:
        found = self.service(name)
        return found is not None and found.status == "Running"

    def start_service(self, name: str) -> None:
        """Start a service and wait until it runs, as Start-Service does."""
        if self._cluster_of(name) is not None and self.cluster is not None and not self.cluster.owns(self):
            # Inferred: VMM's service ends at once on a node that does not own its role.
            raise _refusal("started", "start", self.need_service(name))
        self.bring_up(name)

    def bring_up(self, name: str) -> None:
        """Start a service without regard to the cluster."""
        found = self.need_service(name)
        if found.status == "Running":
            return
        fault = self.fault_at(f"start {found.name}")
        if fault is not None or found.start_mode == "Disabled":
            raise _refusal("started", "start", found)
        self.note("service.start", service=found.name)
        found.status, found.ready_at = "Start Pending", self.context.clock.after(found.start_seconds)
        # Between two looks the service may have started and stopped again, so only "pending" means that it starts.
        while self.need_service(name).status == "Start Pending":
            time.sleep(_POLL)
        self.end_installations()

    def stop_service(self, name: str) -> None:
        """Stop a service. The cluster of a highly available VMM treats that as a failure of its resource."""
        before = self.need_service(name).status
        self.take_down(name)
        cluster = self._cluster_of(name)
        if cluster is not None and before != "Stopped":
            cluster.service_ended(self)

    def take_down(self, name: str) -> None:
        """Stop a service without regard to the cluster."""
        found = self.need_service(name)
        if found.status == "Stopped":
            return
        fault = self.fault_at(f"stop {found.name}")
        if fault is not None:
            raise _refusal("stopped", "stop", found)
        self.note("service.stop", service=found.name)
        if found.name == layout.VMM_SERVICE:
            self._interrupt_jobs()
        found.status, found.ready_at, found.process_id = "Stopped", None, 0

    def _interrupt_jobs(self) -> None:
        """End the jobs of people, which a stop of VMM leaves half done. Refreshers begin again with the service."""
        if self.vmm is None:
            return
        for job in [job for job in self.vmm.jobs if not job.refreshes]:
            self.vmm.jobs.remove(job)
            self.note("vmm.job.interrupted", job=job.name)

    def restart_service(self, name: str) -> None:
        self.stop_service(name)
        self.start_service(name)

    def _cluster_of(self, name: str) -> Cluster | None:
        return self.cluster if name.lower() == layout.VMM_SERVICE.lower() else None

    def need_cluster(self) -> Cluster:
        """Return the cluster as its cmdlets reach it: only where this machine's cluster service runs."""
        if self.cluster is None or not self.is_running(layout.CLUSTER_SERVICE):
            raise MachineError(
                "The cluster service is not running. Make sure that the service is running on all nodes in the "
                "cluster.",
                "Microsoft.FailoverClusters.PowerShell.ClusterCmdletException",
            )
        return self.cluster

    def service_owner_sid(self) -> str:
        """Return the account whose internet settings count: the VMM service's, or the system's without VMM."""
        service = self.service(layout.VMM_SERVICE)
        return service.owner_sid if service is not None else layout.SYSTEM_SID


def _refusal(done: str, verb: str, service: Service) -> MachineError:
    return MachineError(
        f"Service '{service.display_name} ({service.name})' cannot be {done} due to the following error: "
        f"Cannot {verb} service '{service.name}' on computer '.'.",
        _SERVICE_ERROR,
    )
