# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: rules that no account or network shows by itself: about machines, mappings and later changes.

Sources: support matrix for Hyper-V to Azure; "Prepare network mapping for Hyper-V VM disaster recovery to Azure".
"""

from __future__ import annotations

from ..common.check import Check, Severity

_NOTES: tuple[tuple[str, Severity, str], ...] = (
    ("tenant", "info", "the vault, its accounts and its networks must belong to one tenant"),
    (
        "moving",
        "info",
        "a vault, account or network in use must not be moved to another resource group or subscription",
    ),
    ("target-account", "info", "the storage account of a protected machine cannot be changed"),
    ("secure-transfer", "info", "accounts may require secure transfer"),
    ("platform-encryption", "info", "encryption at rest with platform-managed keys is supported"),
    (
        "immutability",
        "warning",
        "immutability policies and legal holds of containers are not checked, and replication rewrites blobs",
    ),
    ("import-export", "info", "the Import/Export service is not supported"),
    (
        "large-disks",
        "warning",
        "disks over 4,095 GiB replicate only to managed disks, with a Provider newer than 2.0.9214.0; an OS disk can"
        " have 2 TB (generation 1) or 4,095 GiB (generation 2), and a machine 64 disks",
    ),
    ("mapping", "warning", "a machine whose network has no mapping is not connected after a failover"),
    ("mapping-change", "info", "a new or changed mapping also applies to existing replicas"),
    ("many-to-one", "info", "several VM networks can be mapped to one Azure network"),
    ("overlap", "warning", "a range that overlaps with on-premises matters when both must be reachable at once"),
    ("test-network", "info", "test failovers need a network of their own that is not connected to production"),
    ("target-address", "info", "a machine gets its address by DHCP unless a free address was assigned to it"),
    ("accelerated-networking", "info", "accelerated networking is not supported"),
    (
        "network-cards",
        "info",
        "network adapters beyond the limit of the machine size are dropped; all adapters join one network",
    ),
    ("service-endpoints", "info", "service endpoints are supported, but not together with storage firewalls"),
)
#: Reported once, not for each candidate.
NOTES = tuple(Check(name, "T3", severity, "unknown", text) for name, severity, text in _NOTES)
