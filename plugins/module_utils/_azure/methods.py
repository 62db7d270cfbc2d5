# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: ways to sign in. One class per method: `validate` offline, `credential` when the first call is made."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from .._model.azure.sign_in import require_tenant
from .._model.common.errors import InvalidInput
from . import certificates
from .clouds import Cloud

_CONNECT_SECONDS = 15
_READ_SECONDS = 60
_RETRIES = 3
#: Starting `az` takes seconds, and on a small machine more than the library's ten.
_CLI_SECONDS = 60
CLI = "az"


class Method(Protocol):
    """One way to sign in."""

    #: What it is called in a message, and what to check when the directory refuses it.
    name: ClassVar[str]
    check: ClassVar[str]

    def validate(self) -> None:
        """Offline; raises InvalidInput that names what is missing."""

    def credential(self, cloud: Cloud, ca_bundle: str | None, /) -> Any:
        """The identity library's credential object; it fetches a token at the first call."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A service principal with a secret."""

    name: ClassVar[str] = "a client secret"
    check: ClassVar[str] = "check that tenant exists, then client_id and secret"

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

    def credential(self, cloud: Cloud, ca_bundle: str | None) -> Any:
        from azure.identity import ClientSecretCredential

        return ClientSecretCredential(
            tenant_id=self.tenant or "",
            client_id=self.client_id or "",
            client_secret=self.secret or "",
            **_directory(cloud, ca_bundle),
        )


@dataclass(frozen=True, slots=True)
class Certificate:
    """A service principal with a certificate and its key in one PEM or PFX file."""

    name: ClassVar[str] = "a certificate"
    check: ClassVar[str] = "check that tenant exists, then client_id and the application's certificates"

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

    def credential(self, cloud: Cloud, ca_bundle: str | None) -> Any:
        from azure.identity import CertificateCredential

        return CertificateCredential(
            tenant_id=self.tenant or "",
            client_id=self.client_id or "",
            certificate_path=self.path or "",
            password=self.password or None,
            send_certificate_chain=self.send_chain,
            **_directory(cloud, ca_bundle),
        )


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The identity of the Azure machine that this runs on; `client_id` picks one of its user-assigned ones."""

    name: ClassVar[str] = "a managed identity"
    check: ClassVar[str] = "check that the machine has a managed identity, and client_id"

    client_id: str | None = None

    def validate(self) -> None:
        """Only the machine's own service knows whether it has an identity."""

    def credential(self, _cloud: Cloud, _ca_bundle: str | None) -> Any:
        from azure.identity import ManagedIdentityCredential

        # Its address is the machine's own: plain http by design, and no proxy leads there. A token file that also lies
        # there is another method. One more attempt is enough to see that nobody listens.
        return ManagedIdentityCredential(
            client_id=self.client_id or None,
            use_env_settings=False,
            retry_connect=1,
            read_timeout=_READ_SECONDS,
            _exclude_workload_identity_credential=True,
        )


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """An application that trusts tokens of another issuer, such as a Kubernetes cluster; the token lies in a file."""

    name: ClassVar[str] = "a workload identity"
    check: ClassVar[str] = "check that tenant exists, then client_id and the application's federated credentials"

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
            reason = getattr(error, "strerror", None) or "is no text"
            raise InvalidInput(option, f"'{path}' can't be read ({reason})", "give the file with the token") from error
        if empty:
            raise InvalidInput(option, f"'{path}' is empty", "look why its issuer wrote no token")

    def credential(self, cloud: Cloud, ca_bundle: str | None) -> Any:
        from azure.identity import WorkloadIdentityCredential

        return WorkloadIdentityCredential(
            tenant_id=self.tenant or "",
            client_id=self.client_id or "",
            token_file_path=self.token_file or "",
            **_directory(cloud, ca_bundle),
        )


@dataclass(frozen=True, slots=True)
class AzureCli:
    """Whoever signed in with `az login`."""

    name: ClassVar[str] = "the Azure CLI"
    check: ClassVar[str] = "run 'az login' as the user of this task, then check tenant and subscription_id"

    tenant: str | None = None
    subscription_id: str | None = None

    def validate(self) -> None:
        if self.tenant:
            require_tenant(self.tenant)
        if shutil.which(CLI) is None:
            raise InvalidInput(
                "auth_source",
                "the Azure CLI (az) is not on the path of the machine that this task runs on",
                "install it there, or sign in another way",
            )

    def credential(self, _cloud: Cloud, _ca_bundle: str | None) -> Any:
        from azure.identity import AzureCliCredential

        chosen: dict[str, Any] = {"process_timeout": _CLI_SECONDS}
        if self.tenant:
            chosen["tenant_id"] = self.tenant
        elif self.subscription_id and "subscription" in inspect.signature(AzureCliCredential.__init__).parameters:
            # Without either, az gives a token for the tenant of its own default subscription. Old libraries can't ask.
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
        f"is needed to sign in with {method}{f', and so is {others}' if others else ''}",
        f"set the option or the environment variable {variable}",
    )


def _listed(names: Iterable[str]) -> str:
    return " and ".join(names)


def _directory(cloud: Cloud, ca_bundle: str | None) -> dict[str, Any]:
    """How the library reaches the directory."""
    return {
        "authority": cloud.authority,
        "disable_instance_discovery": not cloud.well_known,
        "connection_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
        "retry_total": _RETRIES,
        **({"connection_verify": ca_bundle} if ca_bundle else {}),
    }
