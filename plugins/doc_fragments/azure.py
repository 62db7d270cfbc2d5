# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which every Azure module signs in."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared login options."""

    DOCUMENTATION = r"""
options:
  auth_source:
    description:
      - The way to sign in.
      - V(auto) takes the first that is there. Given ones come first, from options before the environment before a
        profile, and within each a client secret before a certificate before a token file. Then what the machine offers,
        a managed identity (or the token file of a pod, which beats it), and last the Azure CLI.
      - V(client_secret), V(certificate) and V(workload_identity) are an application (service principal), V(msi) is the
        managed identity of the Azure machine that the module runs on, V(cli) is whoever signed in there with
        C(az login).
      - V(env) takes only what is in the environment, V(credential_file) only what is in the profile.
      - Read from the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE) when not given.
    type: str
    choices: [auto, client_secret, certificate, msi, workload_identity, cli, env, credential_file]
    default: auto
  profile:
    description:
      - The section of the file C(~/.azure/credentials) that holds values of the options here, under their names.
      - The section V(default) is read without being named, unless options or environment name somebody who signs in.
      - Read from the environment variable E(AZURE_PROFILE) when not given.
    type: str
  subscription_id:
    description:
      - The subscription of the vault.
      - Read from the environment variable E(AZURE_SUBSCRIPTION_ID) when not given. With the Azure CLI it defaults to
        the CLI's own subscription.
    type: str
  tenant:
    description:
      - The directory (tenant) of the application that signs in, as an id or a domain name.
      - Read from the environment variables E(AZURE_TENANT) or E(AZURE_TENANT_ID) when not given.
    type: str
  client_id:
    description:
      - The application (client) id of the service principal, or of a user-assigned managed identity.
      - Read from the environment variable E(AZURE_CLIENT_ID) when not given.
    type: str
  secret:
    description:
      - The client secret of the service principal.
      - Read from the environment variables E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET) when not given.
    type: str
  x509_certificate_path:
    description:
      - A PEM or PFX file with the certificate of the service principal and its RSA key, the own certificate first.
      - Read from the environment variables E(AZURE_X509_CERTIFICATE_PATH) or E(AZURE_CLIENT_CERTIFICATE_PATH) when not
        given.
    type: path
  x509_certificate_password:
    description:
      - The password of that file.
      - Read from the environment variable E(AZURE_CLIENT_CERTIFICATE_PASSWORD) when not given.
    type: str
  thumbprint:
    description:
      - The SHA-1 thumbprint that the certificate must have. It is not needed.
      - Read from the environment variable E(AZURE_THUMBPRINT) when not given.
    type: str
  send_certificate_chain:
    description:
      - Whether the certificate and those after it in the file are sent along, for applications that know their
        certificate by its subject and issuer.
      - Read from the environment variable E(AZURE_CLIENT_SEND_CERTIFICATE_CHAIN) when not given.
    type: bool
  oidc_token_file_path:
    description:
      - A file with a token of an issuer that the application trusts (workload identity federation).
      - Read from the environment variable E(AZURE_FEDERATED_TOKEN_FILE) when not given.
    type: path
  cloud_environment:
    description:
      - The cloud, V(AzureCloud), V(AzureChinaCloud) or V(AzureUSGovernment), or the https address of a cloud's metadata
        document, such as V(https://management.example.com/metadata/endpoints?api-version=2022-09-01).
      - Read from the environment variable E(AZURE_CLOUD_ENVIRONMENT) when not given. Without it
        E(AZURE_AUTHORITY_HOST) tells the cloud, and without both it is V(AzureCloud).
    type: str
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
