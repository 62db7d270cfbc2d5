# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of Microsoft.Storage for the settings of an account: values, firewall, encryption."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from .messages import ArmError, Json, canonical_value, member, objects

# documented: API definition.
_VALUES: Mapping[str, tuple[str, ...]] = {
    "accessTier": ("Hot", "Cool", "Cold", "Smart", "Premium"),
    "minimumTlsVersion": ("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"),
    "publicNetworkAccess": ("Enabled", "Disabled", "SecuredByPerimeter"),
    "largeFileSharesState": ("Enabled", "Disabled"),
    "dnsEndpointType": ("Standard", "AzureDnsZone"),
    "allowedCopyScope": ("AAD", "PrivateLink"),
}
_SWITCHES = (
    "supportsHttpsTrafficOnly",
    "allowBlobPublicAccess",
    "allowSharedKeyAccess",
    "allowCrossTenantReplication",
    "defaultToOAuthAuthentication",
    "isHnsEnabled",
    "isSftpEnabled",
    "isNfsV3Enabled",
)
# Settings that never change after creation (recorded in public threads for the first; documented for the others).
_IMMUTABLE = ("isHnsEnabled", "isNfsV3Enabled")
_BYPASSES = {"azureservices", "logging", "metrics"}
# documented: guidelines and limitations of the firewall.
_MOST_RULES = 400
_PRIVATE = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_SUBNET = re.compile(
    r"(?P<network>/subscriptions/(?P<subscription>[^/]+)/resourcegroups/[^/]+/providers/microsoft\.network"
    r"/virtualnetworks/[^/]+)/subnets/(?P<subnet>[^/]+)",
    re.IGNORECASE,
)
_ENDPOINTS = {"microsoft.storage", "microsoft.storage.global"}


def check_values(properties: Json, networks: Mapping[str, Json], subscription: str) -> None:
    for name, values in _VALUES.items():
        value = canonical_value(properties.get(name), values)
        if value is not None:
            properties[name] = value
        if value is not None and value not in values:
            raise not_allowed(f"properties.{name}", value)
    for name in _SWITCHES:
        member(properties, name, bool)
    services = member(member(properties, "encryption", dict) or {}, "services", dict) or {}
    for name in services:
        member(services, name, dict)
    _check_firewall(member(properties, "networkAcls", dict) or {}, networks, subscription)


def not_allowed(name: str, value: Any) -> ArmError:
    # inferred: code; the text is that of the provider's validation of enumerations in public threads.
    return ArmError(400, "InvalidRequestPropertyValue", f"The value '{value}' is not allowed for property {name}.")


def check_new_encryption(properties: Json, kind: str) -> None:
    if _second_layer(properties) and kind in {"Storage", "BlobStorage"}:
        # recorded in public threads: code and text.
        raise ArmError(
            400, "FeatureNotSupportedForAccount", "Infrastructure encryption is not supported for the account."
        )


def refuse_immutable(account: Json, properties: Json) -> None:
    for name in _IMMUTABLE:
        wanted = properties.get(name)
        if wanted is not None and bool(wanted) != bool(account["properties"].get(name)):
            # recorded in public threads: code and text.
            raise ArmError(
                400,
                "AccountPropertyCannotBeUpdated",
                f"The property '{name}' was specified in the input, but it cannot be updated.",
            )
    wanted, has = _second_layer(properties), _second_layer(account["properties"])
    if wanted is not None and wanted != has:
        # recorded in public threads: text, also for false where the setting had no value before.
        raise ArmError(
            400,
            "AccountPropertyCannotBeUpdated",
            "The property 'requireInfrastructureEncryption' was specified in the input, but it cannot be updated as it"
            " is read-only.",
        )


def _second_layer(properties: Json) -> bool | None:
    encryption = member(properties, "encryption", dict) or {}
    found: bool | None = member(encryption, "requireInfrastructureEncryption", bool)
    return found


def _check_firewall(acls: Json, networks: Mapping[str, Json], subscription: str) -> None:
    action, bypass = canonical_value(acls.get("defaultAction"), ("Allow", "Deny")), member(acls, "bypass", str)
    if action is not None:
        acls["defaultAction"] = action
    if action is not None and action not in ("Allow", "Deny"):
        raise not_allowed("properties.networkAcls.defaultAction", action)
    said = {part.strip().casefold() for part in (bypass or "None").split(",")}
    if said != {"none"} and not said <= _BYPASSES:
        raise not_allowed("properties.networkAcls.bypass", bypass)
    addresses, subnets = objects(acls, "ipRules"), objects(acls, "virtualNetworkRules")
    if not all(_is_public(str(rule.get("value"))) for rule in addresses):
        raise _bad_rule("ipRules[*].value")
    if not all(_SUBNET.fullmatch(str(rule.get("id"))) for rule in subnets):
        raise _bad_rule("virtualNetworkRules[*].id")
    for name, rules in (("ipRules", addresses), ("virtualNetworkRules", subnets)):
        if len(rules) > _MOST_RULES:
            # documented: the limit; inferred: code and text.
            raise _bad_rule(name)
    for rule in subnets:
        _check_subnet(str(rule["id"]), networks, subscription)


def _bad_rule(name: str) -> ArmError:
    # recorded in public threads: code and text.
    return ArmError(
        400,
        "InvalidValuesForRequestParameters",
        f"Values for request parameters are invalid: networkAcls.{name}. For more information, see - "
        "https://aka.ms/storagenetworkruleset",
    )


def _is_public(text: str) -> bool:
    """Tell whether it is one address or a range from /30 up, outside private networks (documented).

    Inferred: the treatment of host bits in a range.
    """
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        return False
    small = "/" in text and network.prefixlen > 30
    return not small and not any(network.overlaps(private) for private in _PRIVATE)


def _check_subnet(subnet_id: str, networks: Mapping[str, Json], subscription: str) -> None:
    """Check that a subnet of this subscription exists, is idle and has the service endpoint; skip other subnets."""
    parts = _SUBNET.fullmatch(subnet_id)
    if parts is None or parts["subscription"].casefold() != subscription.casefold():
        return
    network = networks.get(parts["network"].casefold())
    found = [
        subnet
        for subnet in (network or {"properties": {"subnets": []}})["properties"]["subnets"]
        if str(subnet["name"]).casefold() == parts["subnet"].casefold()
    ]
    where = f"ubnets {parts['subnet']} of virtual network {parts['network']}"
    if not found:
        # documented: a rule needs an existing subnet; inferred: reason and text.
        raise _acls_failure(f"SubnetsNotFound:S{where} were not found.")
    properties = found[0]["properties"]
    if properties.get("provisioningState") != "Succeeded":
        # recorded in public threads: code and reason.
        raise _acls_failure(
            f"SubnetsNotProvisioned:Cannot proceed with operation because s{where} are not provisioned."
            f" They are in {properties.get('provisioningState')} state."
        )
    services = {str(entry.get("service")).casefold() for entry in properties.get("serviceEndpoints") or ()}
    if not services & _ENDPOINTS:
        # recorded in public threads: code and text.
        raise _acls_failure(
            f"SubnetsHaveNoServiceEndpointsConfigured:S{where} do not have ServiceEndpoints for Microsoft.Storage"
            " resources configured. Add Microsoft.Storage to subnet's ServiceEndpoints collection before trying to ACL"
            " Microsoft.Storage resources to these subnets."
        )


def _acls_failure(reason: str) -> ArmError:
    return ArmError(400, "NetworkAclsValidationFailure", f"Validation of network acls failure: {reason}.")
