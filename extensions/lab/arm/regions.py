# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure regions: canonical names, display names and the short code in a vault's service address."""

from __future__ import annotations

# documented: list of Azure regions; the codes are those of the Azure Backup private endpoint article.
_REGIONS = {
    "australiaeast": ("Australia East", "ae"),
    "australiasoutheast": ("Australia Southeast", "ase"),
    "brazilsouth": ("Brazil South", "brs"),
    "canadacentral": ("Canada Central", "cnc"),
    "canadaeast": ("Canada East", "cne"),
    "centralindia": ("Central India", "inc"),
    "centralus": ("Central US", "cus"),
    "eastasia": ("East Asia", "ea"),
    "eastus": ("East US", "eus"),
    "eastus2": ("East US 2", "eus2"),
    "eastus2euap": ("East US 2 EUAP", "ecy"),
    "francecentral": ("France Central", "frc"),
    "germanywestcentral": ("Germany West Central", "gwc"),
    "italynorth": ("Italy North", "itn"),
    "japaneast": ("Japan East", "jpe"),
    "japanwest": ("Japan West", "jpw"),
    "koreacentral": ("Korea Central", "krc"),
    "northcentralus": ("North Central US", "ncus"),
    "northeurope": ("North Europe", "ne"),
    "norwayeast": ("Norway East", "nwe"),
    "polandcentral": ("Poland Central", "plc"),
    "southafricanorth": ("South Africa North", "san"),
    "southcentralus": ("South Central US", "scus"),
    "southindia": ("South India", "ins"),
    "southeastasia": ("Southeast Asia", "sea"),
    "spaincentral": ("Spain Central", "spc"),
    "swedencentral": ("Sweden Central", "sdc"),
    "switzerlandnorth": ("Switzerland North", "szn"),
    "uaenorth": ("UAE North", "uan"),
    "uksouth": ("UK South", "uks"),
    "ukwest": ("UK West", "ukw"),
    "westcentralus": ("West Central US", "wcus"),
    "westeurope": ("West Europe", "we"),
    "westus": ("West US", "wus"),
    "westus2": ("West US 2", "wus2"),
    "westus3": ("West US 3", "wus3"),
}

# Second regions of geo-redundant accounts (documented: region pairs); regions without a pair are left out.
_PAIRS = {
    "westeurope": "northeurope",
    "northeurope": "westeurope",
    "eastus": "westus",
    "westus": "eastus",
    "eastus2": "centralus",
    "centralus": "eastus2",
    "uksouth": "ukwest",
    "ukwest": "uksouth",
    "germanywestcentral": "germanynorth",
    "francecentral": "francesouth",
    "swedencentral": "swedensouth",
    "switzerlandnorth": "switzerlandwest",
    "australiaeast": "australiasoutheast",
    "australiasoutheast": "australiaeast",
    "brazilsouth": "southcentralus",
    "canadacentral": "canadaeast",
    "canadaeast": "canadacentral",
    "centralindia": "southindia",
    "southindia": "centralindia",
    "eastasia": "southeastasia",
    "southeastasia": "eastasia",
    "japaneast": "japanwest",
    "japanwest": "japaneast",
    "koreacentral": "koreasouth",
    "northcentralus": "southcentralus",
    "southcentralus": "northcentralus",
    "norwayeast": "norwaywest",
    "southafricanorth": "southafricawest",
    "uaenorth": "uaecentral",
    "westcentralus": "westus2",
    "westus2": "westcentralus",
    "westus3": "eastus",
    "eastus2euap": "centraluseuap",
}

NAMES = tuple(_REGIONS)


def canonical(location: str) -> str:
    """Return a region in lower case without blanks: `West Europe` is `westeurope` (documented)."""
    return location.replace(" ", "").casefold()


def title(name: str) -> str:
    return _REGIONS[name][0]


def code(name: str) -> str:
    return _REGIONS[name][1]


def pair(name: str) -> str | None:
    return _PAIRS.get(name)
