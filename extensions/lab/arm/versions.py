# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The api-versions that exist: one tuple per API definition, with its source. Any other version is refused.

Unless stated otherwise the source is the generated type index of the published API definitions
(Azure/bicep-types-az, folder `generated/<service>/<namespace>`), which has one folder per published version.
"""

from __future__ import annotations

from .routes import Family

# Resource groups, providers and subscriptions.
# 2016-02-01: recorded (PowerShell), and fixed in azure-mgmt-core's automatic provider registration;
# 2024-07-01: published definition; 2024-11-01, 2025-03-01, 2025-04-01: azure-mgmt-resource 24 to 26.
RESOURCES = Family(
    "Microsoft.Resources",
    (
        "2015-11-01",
        "2016-02-01",
        "2016-07-01",
        "2016-09-01",
        "2017-05-10",
        "2018-02-01",
        "2018-05-01",
        "2019-03-01",
        "2019-05-01",
        "2019-05-10",
        "2019-07-01",
        "2019-08-01",
        "2019-10-01",
        "2020-06-01",
        "2020-08-01",
        "2020-10-01",
        "2021-01-01",
        "2021-04-01",
        "2022-09-01",
        "2024-07-01",
        "2024-11-01",
        "2025-03-01",
        "2025-04-01",
    ),
)

# Subscriptions: versions of azure-mgmt-resource's subscription client (2016-06-01 to 2022-12-01).
SUBSCRIPTIONS = Family(
    "Microsoft.Resources",
    ("2016-06-01", "2018-06-01", "2019-06-01", "2019-11-01", "2020-01-01", "2021-01-01", "2022-12-01"),
)

# Permissions of the caller. 2014-07-01-preview, 2015-07-01, 2018-01-01-preview, 2022-04-01: published definitions
# (Azure/azure-rest-api-specs, specification/authorization).
AUTHORIZATION = Family(
    "Microsoft.Authorization",
    ("2014-07-01-preview", "2015-07-01", "2018-01-01-preview", "2022-04-01"),
)

# Locks: published definitions (specification/resources/resource-manager/Microsoft.Authorization).
LOCKS = Family("Microsoft.Authorization", ("2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"))

# Deny assignments: published definitions (specification/authorization).
DENY_ASSIGNMENTS = Family("Microsoft.Authorization", ("2018-07-01-preview", "2022-04-01"))

# Machines and disks: only the registration is simulated; a selection of the published versions.
COMPUTE = Family("Microsoft.Compute", ("2022-08-01", "2023-09-01", "2024-03-01", "2024-07-01"))

# Vaults. 2019-05-13: field use of certificateCreateOptions and backup definitions; 2024-04-01:
# azure-mgmt-recoveryservices 3.0.0 (the pin of azure.azcollection); 2026-11-01: azure-mgmt-recoveryservices 4.3.0.
RECOVERY_SERVICES = Family(
    "Microsoft.RecoveryServices",
    (
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
        "2024-04-01",
        "2024-10-01",
        "2026-07-01",
        "2026-11-01",
    ),
)

# Everything below vaults/{vault}/replication*. 2016-08-10, 2018-01-10, 2022-08-01: recorded;
# 2025-08-01: azure-mgmt-recoveryservicessiterecovery 2.0.0.
SITE_RECOVERY = Family(
    "Microsoft.RecoveryServices",
    (
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
        "2025-08-01",
        "2026-07-01",
    ),
)

# Storage accounts. 2025-08-01: azure-mgmt-storage 25.0.0 (the pin of azure.azcollection); 2026-09-01: 25.3.0.
STORAGE = Family(
    "Microsoft.Storage",
    (
        "2016-01-01",
        "2016-12-01",
        "2017-06-01",
        "2017-10-01",
        "2018-02-01",
        "2018-07-01",
        "2018-11-01",
        "2019-04-01",
        "2019-06-01",
        "2021-01-01",
        "2021-02-01",
        "2021-04-01",
        "2021-06-01",
        "2021-08-01",
        "2021-09-01",
        "2022-05-01",
        "2022-09-01",
        "2023-01-01",
        "2023-04-01",
        "2023-05-01",
        "2024-01-01",
        "2025-01-01",
        "2025-06-01",
        "2025-08-01",
        "2026-04-01",
        "2026-09-01",
    ),
)

# Virtual networks. 2021-02-01 to 2024-05-01: recorded (Azure CLI); 2023-04-01: azure-mgmt-network 25.0.0; 2024-03-01:
# 28.0.0 (the pin of azure.azcollection); 2026-03-01: 33.1.0.
NETWORK = Family(
    "Microsoft.Network",
    (
        "2018-10-01",
        "2018-11-01",
        "2018-12-01",
        "2019-02-01",
        "2019-04-01",
        "2019-06-01",
        "2019-07-01",
        "2021-02-01",
        "2022-01-01",
        "2023-04-01",
        "2024-01-01",
        "2024-03-01",
        "2024-05-01",
        "2025-09-01",
        "2026-03-01",
    ),
)
