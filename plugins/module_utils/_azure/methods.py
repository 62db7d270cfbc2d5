# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: sign-in methods. Each class validates its values offline and creates a credential on the first call."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from .._model.azure.sign_in import require_tenant
from .._model.common.errors import InvalidInput
from . import certificates
from .clouds import CloudEnvironment
from .pipeline import RETRIES
from .transport import sign_in_transport

_READ_SECONDS = 60
_RETRIES = RETRIES
#: Starting `az` can take longer than the library's ten seconds on a small machine.
_CLI_SECONDS = 60
CLI = "az"


class Method(Protocol):
    """A sign-in method."""

    #: Its name in messages, and what to check when the directory refuses it.
    name: ClassVar[str]
    check: ClassVar[str]
    #: The options of its identity.
    options: ClassVar[tuple[str, ...]]

    def validate(self) -> None:
        """Check the values offline. Raises InvalidInput, which names missing values."""

    def transport(self, ca_bundle: str | None, seconds: float | None) -> Any:
        """Return the transport of its requests; None if it sends none. No retry begins after `seconds`."""

    def credential(self, cloud: CloudEnvironment, transport: Any, /) -> Any:
        """Return the credential object of the identity library. It fetches a token at the first call."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A service principal with a secret."""

    name: ClassVar[str] = "a client secret"
    check: ClassVar[str] = "check that tenant exists, then client_id and secret"
    options: ClassVar[tuple[str, ...]] = ("tenant", "client_id", "secret")

    tenant: str | None
    client_id: str | None
    secret: str | None = field(default=None, repr=False)

    def validate(self) -> None:
        _require(
            self.name,
            ("tenant", self.tenant, "AZURE_TENANT"),
            ("client_id", self.client_id, "AZURE_CLIENT_ID"),
            ("secret", self.secret, "AZURE_SECRET"),
        )
        require_tenant(self.tenant)

    def transport(self, ca_bundle: str | None, seconds: float | None) -> Any:
        return sign_in_transport(ca_bundle, _READ_SECONDS, seconds)

    def credential(self, cloud: CloudEnvironment, transport: Any) -> Any:
        from azure.identity import ClientSecretCredential

        return ClientSecretCredential(
            tenant_id=self.tenant or "",
            client_id=self.client_id or "",
            client_secret=self.secret or "",
            **_directory(cloud, transport),
        )


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A service principal with a certificate and its key in one PEM or PFX file."""

    name: ClassVar[str] = "a certificate"
    check: ClassVar[str] = "check that tenant exists, then client_id and the application's certificates"
    options: ClassVar[tuple[str, ...]] = ("tenant", "client_id", "x509_certificate_path")

    tenant: str | None
    client_id: str | None
    path: str | None
    password: str | None = field(default=None, repr=False)
    thumbprint: str | None = None
    send_chain: bool = False

    def validate(self) -> None:
        _require(
            self.name,
            ("tenant", self.tenant, "AZURE_TENANT"),
            ("client_id", self.client_id, "AZURE_CLIENT_ID"),
            ("x509_certificate_path", self.path, "AZURE_X509_CERTIFICATE_PATH"),
        )
        require_tenant(self.tenant)
        certificates.check(self.path or "", self.password, self.thumbprint)

    def transport(self, ca_bundle: str | None, seconds: float | None) -> Any:
        return sign_in_transport(ca_bundle, _READ_SECONDS, seconds)

    def credential(self, cloud: CloudEnvironment, transport: Any) -> Any:
        from azure.identity import CertificateCredential

        return CertificateCredential(
            tenant_id=self.tenant or "",
            client_id=self.client_id or "",
            certificate_path=self.path or "",
            password=self.password or None,
            send_certificate_chain=self.send_chain,
            **_directory(cloud, transport),
        )


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The managed identity of this Azure machine. `client_id` selects one of its user-assigned identities."""

    name: ClassVar[str] = "a managed identity"
    check: ClassVar[str] = "check that the machine has a managed identity, and client_id"
    options: ClassVar[tuple[str, ...]] = ("client_id",)

    client_id: str | None = None

    def validate(self) -> None:
        """Accept any values: only the instance metadata service knows whether there is an identity."""

    def transport(self, _ca_bundle: str | None, seconds: float | None) -> Any:
        return sign_in_transport(None, _READ_SECONDS, seconds, local=True)

    def credential(self, _cloud: CloudEnvironment, transport: Any) -> Any:
        from azure.identity import ManagedIdentityCredential

        # The instance metadata service is local: it uses plain http by design, and no proxy is needed. A token file is
        # another method. One retry is enough to find that the service does not exist.
        return ManagedIdentityCredential(
            client_id=self.client_id or None,
            transport=transport,
            retry_connect=1,
            _exclude_workload_identity_credential=True,
        )


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """An application that trusts the tokens of another issuer, such as a Kubernetes cluster. The token is in a file."""

    name: ClassVar[str] = "a workload identity"
    check: ClassVar[str] = "check that tenant exists, then client_id and the application's federated credentials"
    options: ClassVar[tuple[str, ...]] = ("tenant", "client_id", "oidc_token_file_path")

    tenant: str | None
    client_id: str | None
    token_file: str | None

    def validate(self) -> None:
        _require(
            self.name,
            ("tenant", self.tenant, "AZURE_TENANT"),
            ("client_id", self.client_id, "AZURE_CLIENT_ID"),
            ("oidc_token_file_path", self.token_file, "AZURE_FEDERATED_TOKEN_FILE"),
        )
        require_tenant(self.tenant)
        option, path = "oidc_token_file_path", self.token_file or ""
        try:
            with open(path, encoding="ascii") as file:
                empty = not file.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise InvalidInput(
                option, f"'{path}' is not readable ({reason})", "give the file with the token"
            ) from error
        if empty:
            raise InvalidInput(option, f"'{path}' is empty", "check why the issuer did not write a token")

    def transport(self, ca_bundle: str | None, seconds: float | None) -> Any:
        return sign_in_transport(ca_bundle, _READ_SECONDS, seconds)

    def credential(self, cloud: CloudEnvironment, transport: Any) -> Any:
        from azure.identity import WorkloadIdentityCredential

        return WorkloadIdentityCredential(
            tenant_id=self.tenant or "",
            client_id=self.client_id or "",
            token_file_path=self.token_file or "",
            **_directory(cloud, transport),
        )


@dataclass(frozen=True, slots=True)
class AzureCli:
    """The account that signed in with `az login`."""

    name: ClassVar[str] = "the Azure CLI"
    check: ClassVar[str] = "run 'az login' as the user of this task, then check tenant and subscription_id"
    options: ClassVar[tuple[str, ...]] = ("tenant", "subscription_id")

    tenant: str | None = None
    subscription_id: str | None = None

    def validate(self) -> None:
        if self.tenant:
            require_tenant(self.tenant)
        if shutil.which(CLI) is None:
            raise InvalidInput(
                "auth_source",
                "the Azure CLI (az) is not on the path of the machine that this task runs on",
                "install it there, or use another sign-in method",
            )

    def transport(self, _ca_bundle: str | None, _seconds: float | None) -> Any:
        return None

    def credential(self, _cloud: CloudEnvironment, _transport: Any) -> Any:
        from azure.identity import AzureCliCredential

        chosen: dict[str, Any] = {"process_timeout": _CLI_SECONDS}
        if self.tenant:
            chosen["tenant_id"] = self.tenant
        elif self.subscription_id and "subscription" in inspect.signature(AzureCliCredential.__init__).parameters:
            # Without either, az returns a token for the tenant of its default subscription. Old libraries lack it.
            chosen["subscription"] = self.subscription_id
        return AzureCliCredential(**chosen)


def _require(method: str, *needed: tuple[str, str | None, str]) -> None:
    missing = [(option, variable) for option, value, variable in needed if not value]
    if not missing:
        return
    option, variable = missing[0]
    others = _listed([name for name, _variable in missing[1:]])
    raise InvalidInput(
        option,
        f"is required to sign in with {method}{f', and so is {others}' if others else ''}",
        f"set the option or the environment variable {variable}",
    )


def _listed(names: Iterable[str]) -> str:
    return " and ".join(names)


def _directory(cloud: CloudEnvironment, transport: Any) -> dict[str, Any]:
    """Return the connection settings of the identity library."""
    return {
        "authority": cloud.authority,
        "disable_instance_discovery": not cloud.well_known,
        "transport": transport,
        "retry_total": _RETRIES,
    }
