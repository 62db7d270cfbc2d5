# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which every Azure module signs in."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared login options."""

    DOCUMENTATION = r"""
options:
  subscription_id:
    description:
      - The subscription of the vault.
      - Read from the environment variable E(AZURE_SUBSCRIPTION_ID) when not given.
    type: str
  tenant:
    description:
      - The directory (tenant) of the application that signs in, as an id or a domain name.
      - Read from the environment variables E(AZURE_TENANT) or E(AZURE_TENANT_ID) when not given.
    type: str
  client_id:
    description:
      - The application (client) id of the service principal.
      - Read from the environment variable E(AZURE_CLIENT_ID) when not given.
    type: str
  secret:
    description:
      - The client secret of the service principal.
      - Read from the environment variables E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET) when not given.
    type: str
  cloud_environment:
    description:
      - The cloud, V(AzureCloud), V(AzureChinaCloud) or V(AzureUSGovernment), or the https address of a cloud's metadata
        document, such as V(https://management.example.com/metadata/endpoints?api-version=2022-09-01).
      - Read from the environment variable E(AZURE_CLOUD_ENVIRONMENT) when not given.
    type: str
    default: AzureCloud
  ca_bundle:
    description:
      - A PEM file with the certificates that Azure's TLS certificates are checked against, for networks with their
        own authority.
      - Read from the environment variable E(REQUESTS_CA_BUNDLE) when not given.
    type: path
requirements:
  - azure-identity
  - azure-mgmt-recoveryservices
  - azure-mgmt-recoveryservicessiterecovery
  - azure-mgmt-storage
  - azure-mgmt-network
  - azure-mgmt-resource
"""
