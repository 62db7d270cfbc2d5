# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure regions and their clouds: canonical names, display names, and the short code in a vault's service address."""

from __future__ import annotations

from dataclasses import dataclass

# documented: list of Azure regions; the codes are those of the Azure Backup private endpoint article.
# inferred: the short names of regions that opened since 2024.
_PUBLIC = {
    "australiacentral": ("Australia Central", "acl"),
    "australiacentral2": ("Australia Central 2", "acl2"),
    "australiaeast": ("Australia East", "ae"),
    "australiasoutheast": ("Australia Southeast", "ase"),
    "austriaeast": ("Austria East", "ate"),
    "belgiumcentral": ("Belgium Central", "bec"),
    "brazilsouth": ("Brazil South", "brs"),
    "brazilsoutheast": ("Brazil Southeast", "bse"),
    "canadacentral": ("Canada Central", "cnc"),
    "canadaeast": ("Canada East", "cne"),
    "centralindia": ("Central India", "inc"),
    "centralus": ("Central US", "cus"),
    "centraluseuap": ("Central US EUAP", "ccy"),
    "chilecentral": ("Chile Central", "clc"),
    "denmarkeast": ("Denmark East", "dke"),
    "eastasia": ("East Asia", "ea"),
    "eastus": ("East US", "eus"),
    "eastus2": ("East US 2", "eus2"),
    "eastus2euap": ("East US 2 EUAP", "ecy"),
    "francecentral": ("France Central", "frc"),
    "francesouth": ("France South", "frs"),
    "germanynorth": ("Germany North", "gn"),
    "germanywestcentral": ("Germany West Central", "gwc"),
    "indonesiacentral": ("Indonesia Central", "idc"),
    "israelcentral": ("Israel Central", "ilc"),
    "italynorth": ("Italy North", "itn"),
    "japaneast": ("Japan East", "jpe"),
    "japanwest": ("Japan West", "jpw"),
    "jioindiacentral": ("Jio India Central", "jic"),
    "jioindiawest": ("Jio India West", "jiw"),
    "koreacentral": ("Korea Central", "krc"),
    "koreasouth": ("Korea South", "krs"),
    "malaysiawest": ("Malaysia West", "myw"),
    "mexicocentral": ("Mexico Central", "mxc"),
    "newzealandnorth": ("New Zealand North", "nzn"),
    "northcentralus": ("North Central US", "ncus"),
    "northeurope": ("North Europe", "ne"),
    "norwayeast": ("Norway East", "nwe"),
    "norwaywest": ("Norway West", "nww"),
    "polandcentral": ("Poland Central", "plc"),
    "qatarcentral": ("Qatar Central", "qac"),
    "southafricanorth": ("South Africa North", "san"),
    "southafricawest": ("South Africa West", "saw"),
    "southcentralus": ("South Central US", "scus"),
    "southeastasia": ("Southeast Asia", "sea"),
    "southindia": ("South India", "ins"),
    "spaincentral": ("Spain Central", "spc"),
    "swedencentral": ("Sweden Central", "sdc"),
    "swedensouth": ("Sweden South", "sds"),
    "switzerlandnorth": ("Switzerland North", "szn"),
    "switzerlandwest": ("Switzerland West", "szw"),
    "uaecentral": ("UAE Central", "uac"),
    "uaenorth": ("UAE North", "uan"),
    "uksouth": ("UK South", "uks"),
    "ukwest": ("UK West", "ukw"),
    "westcentralus": ("West Central US", "wcus"),
    "westeurope": ("West Europe", "we"),
    "westindia": ("West India", "inw"),
    "westus": ("West US", "wus"),
    "westus2": ("West US 2", "wus2"),
    "westus3": ("West US 3", "wus3"),
}
# documented: national clouds: Azure Government and Azure operated by 21Vianet.
_GOVERNMENT = {
    "usdodcentral": ("USDoD Central", "udc"),
    "usdodeast": ("USDoD East", "ude"),
    "usgovarizona": ("USGov Arizona", "uga"),
    "usgovtexas": ("USGov Texas", "ugt"),
    "usgovvirginia": ("USGov Virginia", "ugv"),
}
_CHINA = {
    "chinaeast": ("China East", "sha"),
    "chinaeast2": ("China East 2", "sha2"),
    "chinaeast3": ("China East 3", "sha3"),
    "chinanorth": ("China North", "bjb"),
    "chinanorth2": ("China North 2", "bjb2"),
    "chinanorth3": ("China North 3", "bjb3"),
}
_REGIONS = _PUBLIC | _GOVERNMENT | _CHINA


@dataclass(frozen=True, slots=True)
class AzureCloud:
    """A cloud: its regions, and the names that differ between clouds (documented: national clouds)."""

    regions: tuple[str, ...]
    audiences: tuple[str, ...]
    storage: str
    backup: str
    sign_in: str


PUBLIC = AzureCloud(
    tuple(_PUBLIC),
    ("https://management.core.windows.net/", "https://management.azure.com/"),
    "core.windows.net",
    "backup.windowsazure.com",
    "https://login.windows.net",
)
GOVERNMENT = AzureCloud(
    tuple(_GOVERNMENT),
    ("https://management.core.usgovcloudapi.net", "https://management.usgovcloudapi.net"),
    "core.usgovcloudapi.net",
    "backup.windowsazure.us",
    "https://login.microsoftonline.us",
)
CHINA = AzureCloud(
    tuple(_CHINA),
    ("https://management.core.chinacloudapi.cn", "https://management.chinacloudapi.cn"),
    "core.chinacloudapi.cn",
    "backup.windowsazure.cn",
    "https://login.chinacloudapi.cn",
)


def cloud_of(location: str) -> AzureCloud:
    """Return the cloud that has a region; an unknown region counts as one of the public cloud."""
    name = canonical(location)
    return next((cloud for cloud in (GOVERNMENT, CHINA) if name in cloud.regions), PUBLIC)


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
    "centraluseuap": "eastus2euap",
    "brazilsoutheast": "brazilsouth",
    "francesouth": "francecentral",
    "germanynorth": "germanywestcentral",
    "jioindiacentral": "jioindiawest",
    "jioindiawest": "jioindiacentral",
    "koreasouth": "koreacentral",
    "norwaywest": "norwayeast",
    "southafricawest": "southafricanorth",
    "swedensouth": "swedencentral",
    "switzerlandwest": "switzerlandnorth",
    "uaecentral": "uaenorth",
    "westindia": "southindia",
    "usgovvirginia": "usgovtexas",
    "usgovtexas": "usgovvirginia",
    "usgovarizona": "usgovtexas",
    "usdodcentral": "usdodeast",
    "usdodeast": "usdodcentral",
    "chinaeast": "chinanorth",
    "chinanorth": "chinaeast",
    "chinaeast2": "chinanorth2",
    "chinanorth2": "chinaeast2",
    "chinaeast3": "chinanorth3",
    "chinanorth3": "chinaeast3",
}


def canonical(location: str) -> str:
    """Return a region in lower case without blanks: `West Europe` is `westeurope` (documented)."""
    return location.replace(" ", "").casefold()


def title(name: str) -> str:
    return _REGIONS[name][0]


def code(name: str) -> str:
    return _REGIONS[name][1]


def pair(name: str) -> str | None:
    return _PAIRS.get(name)
