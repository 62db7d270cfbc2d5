# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any body gets an answer that the service could send; no handler raises a defect."""

from __future__ import annotations

import copy
import os
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from lab.arm import network, recovery_services, resources, storage
from lab.arm.messages import ArmError, Call
from lab.arm.routes import Route
from lab.arm.state import AzureState
from lab.context import LabContext, ProxyAccount

from .conftest import AT_ONCE, LOGIN, SUBSCRIPTION

# One body with everything in it; each example replaces some of its nodes.
FULL: dict[str, Any] = {
    "name": "default",
    "location": "westeurope",
    "sku": {"name": "Standard_LRS", "tier": "Standard"},
    "kind": "StorageV2",
    "tags": {"a": "1"},
    "identity": {"type": "None"},
    "certificateCreateOptions": {"validityInHours": 1},
    "properties": {
        "publicNetworkAccess": "Enabled",
        "networkAcls": {"defaultAction": "Deny"},
        "isHnsEnabled": False,
        "accessTier": "Hot",
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "addressPrefix": "10.0.0.0/24",
        "subnets": [
            {
                "name": "default",
                "properties": {
                    "addressPrefix": "10.0.0.0/24",
                    "delegations": [{"name": "d", "properties": {}}],
                    "serviceEndpoints": [{"service": "Microsoft.Storage"}],
                    "routeTable": {"id": ""},
                },
            }
        ],
        "dhcpOptions": {"dnsServers": ["10.0.0.4"]},
        "virtualNetworkPeerings": [{"properties": {"remoteAddressSpace": {"addressPrefixes": ["10.8.0.0/16"]}}}],
        "ddosProtectionPlan": {"id": "plan"},
        "monitoringSettings": {},
        "deleteRetentionPolicy": {"enabled": True, "days": 7},
        "integrityKey": "AAAA",
    },
}
WORDS = ("westeurope", "eastus", "RS0", "Standard_GRS", "Storage", "10.0.0.0/16", "10.0.1.0/24", "Hot", "default", "")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.sampled_from(WORDS) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=2),
    max_leaves=4,
)


def nodes(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Yield the paths to all nodes of a document."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [found for key, item in inner for found in [(*way, key), *nodes(item, (*way, key))]]


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Return the full body with up to two nodes replaced or removed."""
    body = copy.deepcopy(FULL)
    if draw(st.booleans()):
        body["sku"] = {"name": "RS0"}
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(nodes(body)))
        holder: Any = body
        for step in way:
            holder = holder[step]
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[last]
        else:
            holder[last] = draw(VALUES)
    return body


ROUTES = [
    route
    for routes in (resources.ROUTES, recovery_services.ROUTES, storage.ROUTES, network.ROUTES)
    for route in routes
    if route.method in {"PUT", "PATCH", "POST"}
]
PARAMETERS = {
    "subscription": SUBSCRIPTION,
    "group": "rg",
    "vault": "thing1",
    "account": "thing1",
    "network": "thing1",
    "subnet": "default",
    "certificate": "CN=x",
    "location": "westeurope",
    "namespace": "Microsoft.Storage",
    "name": "thing1",
}


EXAMPLES = int(os.environ.get("SITERECOVERY_EXAMPLES", "20"))


def name_of(route: Route) -> str:
    return f"{route.method} {'/'.join(route.segments[-3:])}"


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("route", ROUTES, ids=name_of)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(body=bodies())
def test_no_body_makes_a_handler_fall(route: Route, exists: bool, body: dict[str, Any]) -> None:
    context = LabContext(login=LOGIN, proxy=ProxyAccount("proxy", 8080, "user", "password"), delays=AT_ONCE)
    context.azure = state = AzureState(context)
    state.seed_group("rg", "westeurope")
    if exists:
        state.seed_vault("rg", "thing1", "westeurope")
        state.seed_account("rg", "thing1", "westeurope")
        state.seed_network("rg", "thing1", "westeurope", ["10.0.0.0/16"], {"default": "10.0.0.0/24"})
    before = state.snapshot()
    call = Call(route.method, "/" + "/".join(route.segments), {"api-version": "x"}, body, "https://lab", PARAMETERS)
    try:
        answer = route.handler(state, call)
    except ArmError as refused:
        # The body refers to a resource that does not exist, so the client must not join it.
        linked = (refused.status, refused.code) == (403, "LinkedAuthorizationFailed")
        if not (linked or refused.status in {400, 404, 409, 429}) or state.snapshot() != before:
            pytest.fail(f"refused with {refused.status} {refused.code}, or something changed nevertheless")
        return
    assert answer.status in {200, 201, 202}
    state.hurry()
    assert state.snapshot() == state.snapshot()
