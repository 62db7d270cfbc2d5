# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: virtual networks in Azure."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from ..._azure.clients import Azure
from ..._azure.consistency import visibility_limit
from ..._azure.failures import Absent, read, translated
from ..._azure.operations import create, finish, is_busy, pending_state, run, start, wait_until_settled
from ..._azure.wire import documents, payload, raw
from ..._model.azure.candidates import network_checks, own_problems
from ..._model.azure.network_plan import (
    SubnetWrite,
    creation_body,
    merged_body,
    only_tags,
    peering_problems,
    plan_network,
    subnet_writes,
    without_repair,
)
from ..._model.azure.resource_group import ResourceState, without_provider
from ..._model.azure.subnet import subnet_without_outbound_default, without_outbound_default
from ..._model.azure.target_rule import RuleContext
from ..._model.azure.virtual_network import PROVIDER, DesiredNetwork, VirtualNetwork
from ..._model.common.errors import AccessDenied, DeadlineExceeded, Refused, RemoteFailure
from ..._model.common.plan import Plan, apply_changes
from ..._model.common.resource import Applied, ManagedResource
from ..._model.common.waiting import early_interval, interval
from . import resource_groups as groups
from .resource_providers import ResourceProvider

NetworkState: TypeAlias = ResourceState[VirtualNetwork]
# The precondition failed: the network was modified after it was read.
_MODIFIED = 412
# The identity cannot use a resource that the request refers to.
_LINKED = "LinkedAuthorizationFailed"


def list_networks(azure: Azure, resource_group: str | None) -> list[VirtualNetwork] | None:
    """List all networks of a resource group or of the subscription; None when the group does not exist."""
    networks = azure.network.virtual_networks
    answer = read(
        "list virtual networks",
        lambda: documents(networks.list(resource_group) if resource_group else networks.list_all()),
    )
    return None if isinstance(answer, Absent) else [VirtualNetwork.from_wire(document) for document in answer]


class VirtualNetworkResource(ManagedResource[NetworkState, Applied]):
    """One network that is created, updated or deleted (T6)."""

    steps = ("T6",)
    not_kept = groups.NOT_KEPT

    def __init__(self, azure: Azure, desired: DesiredNetwork, vault_location: str | None, wait_timeout: float) -> None:
        self._azure = azure
        self._desired = desired
        self._vault_location = vault_location
        self._wait_timeout = wait_timeout
        self._provider = ResourceProvider(azure, PROVIDER, desired.register_resource_provider, wait_timeout)

    def observe(self) -> NetworkState:
        desired = self._desired
        networks = self._azure.network.virtual_networks
        return self._provider.find(
            desired.resource_group,
            lambda: groups.find(
                f"read network {desired.name}",
                lambda: networks.get(desired.resource_group, desired.name, cls=raw),
                VirtualNetwork.from_wire,
            ),
        )

    def visibility_limit(self, state: NetworkState) -> float:
        return visibility_limit(self._wait_timeout, absent=state.resource is None)

    def wait_until_settled(self, state: NetworkState) -> tuple[NetworkState, Applied]:
        return wait_until_settled(state, self.observe, _pending, self._wait_timeout), Applied()

    def plan(self, state: NetworkState) -> Plan:
        return plan_network(state, self._desired)

    def apply(self, plan: Plan, state: NetworkState) -> Applied:
        if state.resource is not None:
            self._change(plan, state.resource)
            return Applied()
        if state.unregistered:
            self._provider.register()
        if state.group_missing:
            desired = self._desired
            groups.create(
                self._azure, desired.resource_group, desired.location or "", self._wait_timeout, desired.group_tags
            )
        action = f"create network {self._desired.name}"
        begin = self._begin(creation_body(self._desired))

        def put(unknown: Collection[str]) -> None:
            create(begin, action, self.observe, _pending, self._wait_timeout, unknown=unknown)

        self._provider.create(put)
        return Applied()

    def remaining(self, state: NetworkState, applied: Applied) -> Plan:
        if state.resource is not None and self._desired.present:
            groups.require_working(f"network {state.resource.name}", state.resource.provisioning_state)
        return super().remaining(state, applied)

    def to_result(self, state: NetworkState) -> dict[str, Any]:
        return state.resource.to_result() if state.resource else {}

    def preview(self, state: NetworkState, plan: Plan) -> dict[str, Any]:
        return apply_changes(self.to_result(state), without_provider(plan).changes) if self._desired.present else {}

    def describe(self, state: NetworkState) -> str:
        network = state.resource
        if network is None:
            return "no network"
        subnets = ", ".join(subnet.name for subnet in network.subnets) or "none"
        return f"network {network.name} in {network.location}, {network.provisioning_state}, subnets: {subnets}"

    def warnings(self, state: NetworkState) -> tuple[str, ...]:
        if not self._desired.present:
            return ()
        name = self._desired.name
        reserved = [
            f"network {name}: subnet {subnet} is reserved by Azure; failed-over machines never use it"
            for subnet in self._desired.reserved
        ]
        network = state.resource
        if network is None:
            return tuple(reserved)
        found = own_problems(network, network_checks(network, RuleContext()), self._vault_location)
        peerings = [f"network {name}: {problem}" for problem in peering_problems(network)]
        return (*reserved, *(check.describe() for check in found), *peerings)

    def _change(self, plan: Plan, network: VirtualNetwork) -> None:
        """Write the network only if it is unchanged since it was read.

        After a concurrent write, wait for its end. Then carry out the plan on the current network if the plan is still
        the same. The other change is never overwritten.
        """
        started = time.monotonic()
        while True:
            try:
                self._send(plan, network)
            except RemoteFailure as error:
                if not is_busy(error) and error.details.get("status") != _MODIFIED:
                    raise
                current = self._after_concurrent_write(plan, started, error)
                if current is None:
                    return
                network = current
            else:
                return

    def _after_concurrent_write(self, plan: Plan, started: float, error: RemoteFailure) -> VirtualNetwork | None:
        """Return the network after a concurrent write, or None when it already has the desired state.

        Raises Refused when the plan is not the same anymore, and DeadlineExceeded.
        """
        elapsed = time.monotonic() - started
        if elapsed >= self._wait_timeout:
            raise DeadlineExceeded(
                f"its turn to write network {self._desired.name}", elapsed, error.message, "run again"
            ) from error
        if is_busy(error):
            time.sleep(interval(elapsed, self._wait_timeout - elapsed))
        state, _settled = self.wait_until_settled(self.observe())
        rest = self.plan(state)
        if not rest.changed:
            return None
        # A failed write may have stored its changes, so that only the state of the network is left to repair.
        open_changes = without_repair(rest)
        if state.resource is None or (open_changes.changed and open_changes != without_repair(plan)):
            raise Refused(
                f"network {self._desired.name} was modified concurrently, so this run changed nothing; run again"
            ) from error
        return state.resource

    def _send(self, plan: Plan, network: VirtualNetwork) -> None:
        unchanged = {"If-Match": network.etag} if network.etag else {}
        if not self._desired.present:
            self._delete(unchanged)
        elif only_tags(plan):
            self._update_tags(plan, unchanged)
        else:
            self._update(network, unchanged)

    def _update(self, network: VirtualNetwork, headers: Mapping[str, str]) -> None:
        """Update the network, or its subnets one by one if the identity cannot use the resources of other subnets."""
        action = f"update network {self._desired.name}"
        try:
            finish(start(self._begin(merged_body(network, self._desired), headers), action), action, self._wait_timeout)
        except AccessDenied as error:
            writes = subnet_writes(network, self._desired)
            if error.details.get("code") != _LINKED or not writes:
                raise
            self._write_subnets(writes)

    def _write_subnets(self, writes: Sequence[SubnetWrite]) -> None:
        """Write subnets one by one. Each write gives all others another etag, so the network is read again."""
        total, written = len(writes), 0
        while writes:
            try:
                self._write_subnet(writes[0])
            except RemoteFailure as error:
                if not written or error.details.get("status") != _MODIFIED:
                    raise
                raise self._interrupted(written, total) from error
            written += 1
            if writes[1:]:
                writes = self._remaining_writes(writes, written, total)
            else:
                return

    def _write_subnet(self, write: SubnetWrite) -> None:
        desired, name = self._desired, write.after.name
        body = write.body if knows_private_subnets() else subnet_without_outbound_default(dict(write.body))
        content = payload(body)
        headers = {"If-Match": write.etag} if write.etag else {}
        run(
            # Each call needs its own headers, because the SDK modifies them.
            lambda: self._azure.network.subnets.begin_create_or_update(
                desired.resource_group, desired.name, name, content, headers=dict(headers)
            ),
            f"write subnet {name} of network {desired.name}",
            self._wait_timeout,
        )

    def _remaining_writes(self, writes: Sequence[SubnetWrite], written: int, total: int) -> Sequence[SubnetWrite]:
        """Return the writes after the first one, with their present etags. Raises Refused after a concurrent change."""
        started = time.monotonic()
        while True:
            network = self.observe().resource
            found = subnet_writes(network, self._desired) if network else ()
            if list(found) == list(writes[1:]):
                return found
            elapsed = time.monotonic() - started
            # A read can miss the write before it.
            left = visibility_limit(self._wait_timeout, absent=False) - elapsed
            if left <= 0 or list(found) != list(writes):
                raise self._interrupted(written, total)
            time.sleep(early_interval(elapsed, left))

    def _interrupted(self, written: int, total: int) -> Refused:
        return Refused(
            f"network {self._desired.name} was modified concurrently; {written} of {total} subnets were written; run"
            " again"
        )

    def _begin(self, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Callable[[], Any]:
        desired = self._desired
        networks = self._azure.network.virtual_networks
        content = payload(body if knows_private_subnets() else without_outbound_default(dict(body)))
        # Each call needs its own headers, because the SDK modifies them.
        return lambda: networks.begin_create_or_update(
            desired.resource_group, desired.name, content, headers=dict(headers or {})
        )

    def _update_tags(self, plan: Plan, headers: Mapping[str, str]) -> None:
        desired = self._desired
        tags = next(change.after for change in plan.changes if change.path == "tags")
        with translated(f"update the tags of network {desired.name}"):
            self._azure.network.virtual_networks.update_tags(
                desired.resource_group, desired.name, payload({"tags": tags}), headers=dict(headers)
            )

    def _delete(self, headers: Mapping[str, str]) -> None:
        desired = self._desired
        networks = self._azure.network.virtual_networks
        action = f"delete network {desired.name}"

        def begin() -> Any:
            return networks.begin_delete(desired.resource_group, desired.name, headers=dict(headers))

        finish(start(begin, action), action, self._wait_timeout)


def knows_private_subnets() -> bool:
    """Tell whether the installed SDK has an API version with private subnets. Older ones refuse the property."""
    from azure.mgmt.network import models

    holder = getattr(models, "SubnetPropertiesFormat", models.Subnet)
    return any(
        "default_outbound_access" in getattr(holder, names, ()) for names in ("__annotations__", "_attribute_map")
    )


def build(options: Mapping[str, Any], azure: Azure) -> VirtualNetworkResource:
    """Build the resource from the options of the module. Raises InvalidInput."""
    desired = DesiredNetwork.from_options({**options, "subscription_id": azure.subscription_id})
    return VirtualNetworkResource(azure, desired, options["vault_location"], options["wait_timeout"])


def _pending(state: NetworkState) -> str | None:
    network = state.resource
    return pending_state(f"network {network.name}", network.provisioning_state) if network else None
