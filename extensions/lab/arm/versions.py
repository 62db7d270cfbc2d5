# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The api-versions that exist, for each API definition. Any other version is refused.

The index (`make index`) has those that the SDKs of the supported range and the Azure CLI send. This file adds published
versions that none of them sends: older ones of the generated type index of the published API definitions
(Azure/bicep-types-az, folder `generated/<service>/<namespace>`), and recorded ones.
"""

from __future__ import annotations

from .index import versions
from .routes import Family

# Resource groups, providers and subscriptions.
# recorded: 2016-02-01 (PowerShell), also fixed in azure-mgmt-core's automatic provider registration.
RESOURCES = Family("Microsoft.Resources", versions("Microsoft.Resources", "2015-11-01", "2016-07-01", "2020-08-01"))

# Subscriptions and tenants.
SUBSCRIPTIONS = Family("Microsoft.Resources", versions("Microsoft.Resources/subscriptions", "2020-01-01"))

# Permissions of the caller. 2014-07-01-preview, 2015-07-01, 2018-01-01-preview, 2022-04-01: published definitions
# (Azure/azure-rest-api-specs, specification/authorization).
AUTHORIZATION = Family(
    "Microsoft.Authorization",
    versions(
        "Microsoft.Authorization/permissions", "2014-07-01-preview", "2015-07-01", "2018-01-01-preview", "2022-04-01"
    ),
)

# Locks: published definitions (specification/resources/resource-manager/Microsoft.Authorization).
LOCKS = Family("Microsoft.Authorization", versions("Microsoft.Authorization/locks", "2017-04-01", "2020-05-01"))

# Deny assignments: published definitions (specification/authorization).
DENY_ASSIGNMENTS = Family("Microsoft.Authorization", ("2018-07-01-preview", "2022-04-01"))

# Machines: the registration, and reading those that failovers made.
COMPUTE = Family("Microsoft.Compute", versions("Microsoft.Compute"))

# Vaults. 2019-05-13: field use of certificateCreateOptions and backup definitions.
RECOVERY_SERVICES = Family(
    "Microsoft.RecoveryServices",
    versions(
        "Microsoft.RecoveryServices",
        "2016-06-01",
        "2019-05-13",
        "2020-02-02",
        "2020-10-01",
        "2021-01-01",
        "2021-02-10",
        "2021-03-01",
        "2021-04-01",
        "2021-06-01",
        "2021-07-01",
        "2021-08-01",
        "2021-12-01",
        "2022-01-01",
        "2022-02-01",
        "2022-03-01",
        "2022-04-01",
        "2022-08-01",
        "2022-10-01",
        "2023-01-01",
        "2023-02-01",
        "2023-04-01",
        "2023-06-01",
        "2023-08-01",
        "2024-01-01",
        "2024-02-01",
        "2024-10-01",
    ),
)

# Everything below vaults/{vault}/replication*. recorded: 2016-08-10, 2018-01-10, 2022-08-01.
SITE_RECOVERY = Family(
    "Microsoft.RecoveryServices",
    versions(
        "Microsoft.RecoveryServices/replication",
        "2016-08-10",
        "2018-01-10",
        "2018-07-10",
        "2021-02-10",
        "2021-03-01",
        "2021-04-01",
        "2021-06-01",
        "2021-07-01",
        "2021-08-01",
        "2021-10-01",
        "2021-11-01",
        "2021-12-01",
        "2022-01-01",
        "2022-02-01",
        "2022-03-01",
        "2022-04-01",
        "2022-05-01",
        "2022-08-01",
        "2022-09-10",
        "2022-10-01",
        "2023-01-01",
        "2023-02-01",
        "2023-04-01",
        "2023-06-01",
        "2023-08-01",
        "2024-01-01",
        "2024-02-01",
        "2024-04-01",
        "2024-10-01",
        "2026-07-01",
    ),
)

# Storage accounts.
STORAGE = Family("Microsoft.Storage", versions("Microsoft.Storage", "2023-04-01"))

# Virtual networks. recorded: 2021-02-01 to 2024-05-01 (Azure CLI).
NETWORK = Family(
    "Microsoft.Network",
    versions("Microsoft.Network", "2018-10-01", "2018-11-01", "2018-12-01", "2019-04-01", "2019-06-01", "2021-02-01"),
)
