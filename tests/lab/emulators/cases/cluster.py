# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of a highly available VMM: the scripts on the nodes of its cluster."""

from __future__ import annotations

from typing import Final

from lab.windows import layout
from lab.windows.states import (
    all_of,
    cluster_node,
    fault,
    hyperv_host,
    proxy_account,
)
from tests.lab.emulators.cases.calls import (
    PROVIDER_PACKAGE,
    configure,
    install_provider,
    observe,
    register,
    restart,
    set_password,
)
from tests.lab.emulators.harness import Case

_RESOURCE = {"ClusterResource": "VMM Service VMMROLE"}
_RESTART = {"Name": layout.VMM_SERVICE, **_RESOURCE}
_UNNAMED = cluster_node(resource="Virtueller Maschinen-Dienst")
_CLUSTER_STOPPED = cluster_node(running=False)
_HOST_NODE = hyperv_host(cluster={"name": "HVC01", "nodes": ["hv01", "hv02"]})
_START = {"Name": layout.VMM_SERVICE, **_RESOURCE}
_ELSEWHERE = cluster_node(owner="vmm02")
CASES: Final = [
    observe("the node that owns a cluster's VMM", cluster_node()),
    observe("a node that does not own VMM", _ELSEWHERE),
    observe("a cluster's VMM by another name", _UNNAMED),
    observe("a cluster's VMM that is offline", cluster_node(state="Offline")),
    observe("a cluster with a node that is down", cluster_node(nodes=["vmm01", {"name": "vmm02", "state": "Down"}])),
    observe("a cluster service that does not run", _CLUSTER_STOPPED),
    observe("a node of a cluster of hosts", _HOST_NODE),
    observe("a node whose cluster cannot be read", _HOST_NODE, fault("class MSCluster_Cluster")),
    install_provider("on the owner", PROVIDER_PACKAGE, machine=cluster_node(provider=False), parameters=_RESOURCE),
    install_provider("on a node that does not own VMM", PROVIDER_PACKAGE, machine=_ELSEWHERE, parameters=_RESOURCE),
    install_provider("on the owner, not through the cluster", PROVIDER_PACKAGE, machine=cluster_node()),
    install_provider(
        "on the owner, whose cluster does not stop it",
        all_of(PROVIDER_PACKAGE, fault("stop cluster resource")),
        machine=cluster_node(),
        parameters=_RESOURCE,
    ),
    install_provider(
        "on the owner, whose cluster does not start it again",
        all_of(PROVIDER_PACKAGE, fault("start cluster resource")),
        machine=cluster_node(),
        parameters=_RESOURCE,
    ),
    install_provider("without a cluster service", PROVIDER_PACKAGE, machine=_CLUSTER_STOPPED, parameters=_RESOURCE),
    install_provider(
        "of another resource", PROVIDER_PACKAGE, machine=cluster_node(), parameters={"ClusterResource": "nothing"}
    ),
    install_provider(
        "on the owner, in check mode", PROVIDER_PACKAGE, machine=cluster_node(), parameters=_RESOURCE, check_mode=True
    ),
    register("on the owner", machine=cluster_node(), parameters=_RESOURCE),
    register("after the role has moved", machine=_ELSEWHERE, parameters=_RESOURCE),
    register("on a secondary node, whatever the cluster says", machine=_ELSEWHERE),
    configure("on the owner", machine=cluster_node(), parameters={**_RESOURCE, "BypassUrls": ["a.test"]}),
    configure("after the role has moved", machine=_ELSEWHERE, parameters={**_RESOURCE, "BypassUrls": ["a.test"]}),
    set_password("on the owner", proxy_account, machine=cluster_node(), parameters=_RESOURCE),
    set_password("after the role has moved", proxy_account, machine=_ELSEWHERE, parameters=_RESOURCE),
    restart("in a cluster", cluster_node(), _RESTART),
    restart("in a cluster when idle", cluster_node(), {**_RESTART, "WhenIdle": True}),
    restart("after the role has moved", _ELSEWHERE, _RESTART),
    restart("in a cluster that does not stop it", cluster_node(), _RESTART, fault("stop cluster resource")),
    Case("start_service in a cluster", "start_service", cluster_node(state="Offline"), _START),
    Case("start_service that a cluster runs", "start_service", cluster_node(), _START),
    Case(
        "start_service in a cluster, check mode", "start_service", cluster_node(state="Failed"), _START, check_mode=True
    ),
    Case("start_service beside the cluster", "start_service", _ELSEWHERE, {"Name": layout.VMM_SERVICE}),
]
