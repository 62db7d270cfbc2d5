# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the login options of all Azure modules."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared login options."""

    DOCUMENTATION = r"""
options:
  auth_source:
    description:
      - Authentication method.
      - V(auto) uses the first available method. Options precede the environment, which precedes a profile; within each
        of them a client secret precedes a certificate, which precedes a token file. Then follow the token file of a
        pod, a managed identity of the machine, and the Azure CLI.
      - V(client_secret), V(certificate) and V(workload_identity) use an application (service principal). V(msi) uses
        the managed identity of the Azure machine that the module runs on. V(cli) uses the account that signed in there
        with C(az login).
      - V(env) uses only values of the environment, V(credential_file) only values of the profile.
      - The default is the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE), if it is set.
    type: str
    choices: [auto, client_secret, certificate, msi, workload_identity, cli, env, credential_file]
    default: auto
  profile:
    description:
      - Section of the file C(~/.azure/credentials) with values for these options, under the same names.
      - The section V(default) is used automatically unless options or environment contain an identity.
      - Defaults to the environment variable E(AZURE_PROFILE).
    type: str
  subscription_id:
    description:
      - Id of the subscription of the vault.
      - Defaults to the environment variable E(AZURE_SUBSCRIPTION_ID), and with the Azure CLI to its default
        subscription.
    type: str
  tenant:
    description:
      - Tenant (directory) of the application, as an id or a domain name.
      - Defaults to the environment variables E(AZURE_TENANT) or E(AZURE_TENANT_ID).
    type: str
  client_id:
    description:
      - Application (client) id of the service principal, or of a user-assigned managed identity.
      - Defaults to the environment variable E(AZURE_CLIENT_ID).
    type: str
  secret:
    description:
      - Client secret of the service principal. It must be text, so put digits in quotes.
      - Defaults to the environment variables E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET).
    type: str
  x509_certificate_path:
    description:
      - PEM or PFX file with the certificate of the service principal and its RSA key. Its own certificate must be the
        first one in the file.
      - Defaults to the environment variables E(AZURE_X509_CERTIFICATE_PATH) or E(AZURE_CLIENT_CERTIFICATE_PATH).
    type: path
  x509_certificate_password:
    description:
      - Password of the file.
      - Defaults to the environment variable E(AZURE_CLIENT_CERTIFICATE_PASSWORD).
    type: str
  thumbprint:
    description:
      - Expected SHA-1 thumbprint of the certificate. Optional.
      - Defaults to the environment variable E(AZURE_THUMBPRINT).
    type: str
  send_certificate_chain:
    description:
      - Send the certificate chain of the file, for applications that identify their certificate by subject and issuer.
      - Defaults to the environment variable E(AZURE_CLIENT_SEND_CERTIFICATE_CHAIN).
    type: bool
  oidc_token_file_path:
    description:
      - File with a token of an issuer that the application trusts (workload identity federation).
      - Defaults to the environment variable E(AZURE_FEDERATED_TOKEN_FILE).
    type: path
  cloud_environment:
    description:
      - Cloud, V(AzureCloud), V(AzureChinaCloud) or V(AzureUSGovernment), or the https address of the metadata document
        of a cloud, such as V(https://management.example.com/metadata/endpoints?api-version=2022-09-01).
      - Defaults to the environment variable E(AZURE_CLOUD_ENVIRONMENT), then to the cloud of E(AZURE_AUTHORITY_HOST),
        then to V(AzureCloud).
    type: str
  ca_bundle:
    description:
      - PEM file with the CA certificates for TLS connections to Azure, for networks with their own certificate
        authority. A folder is also accepted if C(openssl rehash) has prepared it.
      - Defaults to the environment variable E(REQUESTS_CA_BUNDLE).
    type: path
attributes:
  action_group:
    description: Use C(group/...) in C(module_defaults) to set defaults for all modules of the action group.
    support: full
    membership:
      - siterecovery.hyperv.azure
requirements:
  - azure-identity
  - azure-mgmt-recoveryservices
  - azure-mgmt-recoveryservicessiterecovery
  - azure-mgmt-storage
  - azure-mgmt-network
  - azure-mgmt-resource
"""
