# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: ways to sign in. One class per method: `validate` offline, `credential` when the first call is made."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .._model.errors import InvalidInput
from . import clouds
from .clouds import Cloud

_GUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class Method(Protocol):
    """One way to sign in."""

    def validate(self) -> None:
        """Offline; raises InvalidInput that names what is missing."""

    def credential(self, cloud: Cloud, ca_bundle: str | None) -> Any:
        """The identity library's credential object; it fetches a token at the first call."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A service principal with a secret."""

    tenant: str | None
    client_id: str | None
    secret: str | None = field(default=None, repr=False)

    def validate(self) -> None:
        for option, value, variables in (
            ("tenant", self.tenant, "AZURE_TENANT"),
            ("client_id", self.client_id, "AZURE_CLIENT_ID"),
            ("secret", self.secret, "AZURE_SECRET"),
        ):
            if not value:
                raise InvalidInput(
                    option,
                    "is needed to sign in with a client secret",
                    f"set the option or the environment variable {variables}",
                )
        if not _TENANT.fullmatch(self.tenant or ""):
            raise InvalidInput(
                "tenant", "is neither an id nor a domain name", "take it from the directory's overview page"
            )

    def credential(self, cloud: Cloud, ca_bundle: str | None) -> Any:
        from azure.identity import ClientSecretCredential

        return ClientSecretCredential(
            tenant_id=self.tenant or "",
            client_id=self.client_id or "",
            client_secret=self.secret or "",
            authority=cloud.authority,
            disable_instance_discovery=not cloud.well_known,
            **({"connection_verify": ca_bundle} if ca_bundle else {}),
        )


@dataclass(frozen=True, slots=True)
class Login:
    """Everything needed to reach one subscription."""

    subscription_id: str
    method: Method
    cloud_environment: str = "AzureCloud"
    ca_bundle: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Login:
        """From a module's options; checked offline. Raises InvalidInput."""
        login = cls(
            subscription_id=str(options.get("subscription_id") or ""),
            method=ClientSecret(options.get("tenant"), options.get("client_id"), options.get("secret")),
            cloud_environment=options.get("cloud_environment") or "AzureCloud",
            ca_bundle=options.get("ca_bundle"),
        )
        login.validate()
        return login

    def validate(self) -> None:
        if not self.subscription_id:
            raise InvalidInput(
                "subscription_id", "is needed", "set the option or the environment variable AZURE_SUBSCRIPTION_ID"
            )
        if not _GUID.fullmatch(self.subscription_id):
            raise InvalidInput("subscription_id", "is a GUID", "take it from the subscription's overview page")
        if self.ca_bundle and not os.path.isfile(self.ca_bundle):
            raise InvalidInput(
                "ca_bundle", f"'{self.ca_bundle}' is no file", "give the path of a PEM file with the CA's certificates"
            )
        clouds.validate(self.cloud_environment)
        self.method.validate()
