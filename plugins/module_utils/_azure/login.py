# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: who signs in, chosen offline from options, environment and profile; and one token for the whole process."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._model.azure.sign_in import require_cloud, require_subscription_id
from .._model.common.errors import InvalidInput
from . import clouds, profiles
from .clouds import Cloud
from .methods import CLI, AzureCli, Certificate, ClientSecret, ManagedIdentity, Method, WorkloadIdentity

#: Where each option is read when it is not given: first the names of azure.azcollection and AWX, then the identity
#: library's own.
VARIABLES: dict[str, tuple[str, ...]] = {
    "profile": ("AZURE_PROFILE",),
    "subscription_id": ("AZURE_SUBSCRIPTION_ID",),
    "tenant": ("AZURE_TENANT", "AZURE_TENANT_ID"),
    "client_id": ("AZURE_CLIENT_ID",),
    "secret": ("AZURE_SECRET", "AZURE_CLIENT_SECRET"),
    "x509_certificate_path": ("AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
    "x509_certificate_password": ("AZURE_CLIENT_CERTIFICATE_PASSWORD",),
    "thumbprint": ("AZURE_THUMBPRINT",),
    "send_certificate_chain": ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",),
    "oidc_token_file_path": ("AZURE_FEDERATED_TOKEN_FILE",),
    "cloud_environment": ("AZURE_CLOUD_ENVIRONMENT",),
    # No option: only to say why it can't be.
    "ad_user": ("AZURE_AD_USER",),
}
_SECRETS = ("secret", "x509_certificate_password")
#: Not of the login itself: they count beside every source.
_GENERAL = ("subscription_id", "cloud_environment")
#: What names somebody. Where options or environment have any of it, the default profile is not looked at.
_SOMEBODY = ("client_id", "secret", "x509_certificate_path", "oidc_token_file_path", "ad_user")
#: What a method proves itself with, in the order of `auto`.
_PROOFS = {
    "secret": "client_secret",
    "x509_certificate_path": "certificate",
    "oidc_token_file_path": "workload_identity",
}
_MANAGED = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST")
# Documented: the asset tag of the chassis of every virtual machine in Azure.
_ASSET_TAG_FILE = "/sys/class/dmi/id/chassis_asset_tag"
_ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"
_TOKEN_MARGIN = 300

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Login:
    """Everything needed to reach one subscription."""

    subscription_id: str
    method: Method
    cloud_environment: str = "AzureCloud"
    ca_bundle: str | None = None
    #: Whether the method was not asked for but found.
    found: bool = False
    #: Secrets that did not come as options, so that nobody else knows yet that they are some.
    secrets: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Values, environment: Mapping[str, str] | None = None) -> Login:
        """From a module's options and this process's environment; checked offline. Raises InvalidInput."""
        environment = os.environ if environment is None else environment
        wish = options.get("auth_source") or "auto"
        sources, warnings = _sources(wish, options, environment)
        values = _merged(sources)
        kind = _choose(wish, sources, values, environment)
        method = _METHODS[kind](values)
        subscription = str(values.get("subscription_id") or "")
        if isinstance(method, AzureCli) and not subscription:
            subscription = profiles.cli_subscription(environment)
        login = cls(
            subscription_id=subscription,
            method=method,
            cloud_environment=values.get("cloud_environment") or clouds.of_authority(environment),
            ca_bundle=options.get("ca_bundle"),
            found=wish == "auto",
            secrets=tuple(str(values[name]) for name in _SECRETS if values.get(name)),
            warnings=warnings,
        )
        login.validate()
        return login

    def validate(self) -> None:
        if not self.subscription_id:
            raise InvalidInput(
                "subscription_id", "is needed", "set the option or the environment variable AZURE_SUBSCRIPTION_ID"
            )
        require_subscription_id(self.subscription_id)
        if self.ca_bundle and not os.path.isfile(self.ca_bundle):
            raise InvalidInput(
                "ca_bundle", f"'{self.ca_bundle}' is no file", "give the path of a PEM file with the CA's certificates"
            )
        require_cloud(self.cloud_environment)
        self.method.validate()

    def credential(self, cloud: Cloud) -> Any:
        """What the SDK's clients ask for tokens."""
        return OneToken(self.method.credential(cloud, self.ca_bundle), self)


class OneToken:
    """A credential that is asked once per process: not every one of the library's keeps its token.

    It has no `get_token_info`: all generations of azure-core then use `get_token`.
    """

    def __init__(self, credential: Any, login: Login) -> None:
        self._credential = credential
        self._login = login
        self._tokens: dict[tuple[str, ...], Any] = {}

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token that lasts some minutes more. A challenge (`claims`) always asks anew."""
        from azure.core.exceptions import ClientAuthenticationError

        known = self._tokens.get(scopes)
        if known is not None and known.expires_on - time.time() > _TOKEN_MARGIN and not options.get("claims"):
            return known
        try:
            self._tokens[scopes] = self._credential.get_token(*scopes, **options)
        except ClientAuthenticationError as error:
            # For the one who puts it into words: it does not know the login.
            error.siterecovery_login = self._login  # type: ignore[attr-defined]
            raise
        return self._tokens[scopes]


# Values ---------------------------------------------------------------------------------------------------------------


def _sources(wish: str, options: Values, environment: Mapping[str, str]) -> tuple[list[Values], tuple[str, ...]]:
    """Where values come from, the strongest first, and what to warn of."""
    given = {name: options[name] for name in VARIABLES if options.get(name) not in (None, "")}
    variables = _variables(environment)
    if wish in ("msi", "cli"):
        return [given, variables], ()
    general = {name: value for name, value in given.items() if name in _GENERAL}
    if wish == "env":
        given = general
    named = given.get("profile") or variables.get("profile")
    if wish == "credential_file":
        values, warning = profiles.profile(str(options.get("profile") or named or profiles.DEFAULT))
        rest = {name: value for name, value in variables.items() if name in _GENERAL}
        return [general, values, rest], _some(warning)
    if named:
        values, warning = profiles.profile(str(named))
        return [given, values, variables], _some(warning)
    if wish == "env" or any(name in source for source in (given, variables) for name in _SOMEBODY):
        return [given, variables], ()
    values, warning = profiles.profile(None)
    return [given, variables, values], _some(warning)


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What the environment gives, by option. AWX sets variables that it has no value for to nothing."""
    found = {
        option: next((environment[name] for name in names if environment.get(name)), "")
        for option, names in VARIABLES.items()
    }
    return {option: value for option, value in found.items() if value}


def _merged(sources: Sequence[Values]) -> dict[str, Any]:
    return {
        name: next((source[name] for source in sources if source.get(name) not in (None, "")), None)
        for name in VARIABLES
    }


def _some(warning: str | None) -> tuple[str, ...]:
    return (warning,) if warning else ()


# The choice -----------------------------------------------------------------------------------------------------------


def _client_secret(values: Values) -> Method:
    return ClientSecret(values["tenant"], values["client_id"], values["secret"])


def _certificate(values: Values) -> Method:
    return Certificate(
        values["tenant"],
        values["client_id"],
        _path(values["x509_certificate_path"]),
        values["x509_certificate_password"],
        values["thumbprint"],
        str(values["send_certificate_chain"] or "").lower() in ("true", "1", "yes", "on"),
    )


def _workload_identity(values: Values) -> Method:
    return WorkloadIdentity(values["tenant"], values["client_id"], _path(values["oidc_token_file_path"]))


def _path(value: Any) -> str | None:
    return os.path.expanduser(str(value)) if value else None


_METHODS: dict[str, Callable[[Values], Method]] = {
    "client_secret": _client_secret,
    "certificate": _certificate,
    "msi": lambda values: ManagedIdentity(values["client_id"]),
    "workload_identity": _workload_identity,
    "cli": lambda values: AzureCli(values["tenant"], values["subscription_id"]),
}


def _choose(wish: str, sources: Sequence[Values], values: Values, environment: Mapping[str, str]) -> str:
    """The method, by name. Only `auto` looks further than at what was given."""
    if wish in _METHODS:
        return wish
    given = _given(sources, environment)
    if given:
        return given
    if wish in ("auto", "env") and environment.get("AZURE_FEDERATED_TOKEN_FILE"):
        # A pod's own identity beats its node's.
        return "workload_identity"
    if values["ad_user"]:
        raise InvalidInput(
            "ad_user",
            "a user name and password (AZURE_AD_USER, AZURE_PASSWORD) can't sign in: the identity platform retires that"
            " way, which knows no second factor",
            "use an application: client_id, tenant and secret (in AWX: client ID, tenant ID and client secret)",
        )
    _refuse_half(values)
    if wish == "auto":
        if on_azure(environment):
            return "msi"
        if not values["client_id"] and shutil.which(CLI):
            return "cli"
    raise _nobody(wish, values)


def _given(sources: Sequence[Values], environment: Mapping[str, str]) -> str | None:
    """The method of the strongest source that proves something; within one source in the order of `auto`."""
    for source in sources:
        for proof, method in _PROOFS.items():
            # A cluster puts the token file into the environment of every pod: it is found, not given.
            found = source.get(proof) == environment.get("AZURE_FEDERATED_TOKEN_FILE")
            if source.get(proof) and not (method == "workload_identity" and found):
                return method
    return None


def _refuse_half(values: Values) -> None:
    """What was begun and not finished: nobody else signs in instead."""
    beside = next((name for name in ("x509_certificate_password", "thumbprint") if values[name]), None)
    if beside:
        raise InvalidInput(
            "x509_certificate_path",
            f"is needed beside {beside} to sign in with a certificate",
            "set the option or the environment variable AZURE_X509_CERTIFICATE_PATH",
        )
    if values["client_id"] and values["tenant"]:
        raise InvalidInput(
            "secret",
            "client_id and tenant are given, but nothing that proves them",
            "give secret (AZURE_SECRET), x509_certificate_path (AZURE_X509_CERTIFICATE_PATH) or oidc_token_file_path"
            " (AZURE_FEDERATED_TOKEN_FILE), or set auth_source to msi or cli",
        )


def _nobody(wish: str, values: Values) -> InvalidInput:
    if wish == "auto" and values["client_id"]:
        return InvalidInput(
            "tenant",
            "client_id is given alone: an application needs tenant (AZURE_TENANT) and secret (AZURE_SECRET) or"
            " x509_certificate_path too, and this machine has no managed identity",
            "give what is missing",
        )
    if wish == "auto":
        return InvalidInput(
            "auth_source",
            "auto finds nobody to sign in: no secret, certificate or token file in options, environment or"
            f" {profiles.CREDENTIALS}, no managed identity on this machine, no Azure CLI",
            "give client_id, tenant and secret, or the options of another method",
        )
    place = "the environment" if wish == "env" else "the profile"
    return InvalidInput(
        "auth_source",
        f"{place} holds neither secret nor x509_certificate_path nor oidc_token_file_path",
        "put one of them there, beside client_id and tenant",
    )


def on_azure(environment: Mapping[str, str]) -> bool:
    """Whether this machine should have a managed identity: the environment says so, or it is one of Azure's."""
    if any(environment.get(name) for name in _MANAGED):
        return True
    try:
        with open(_ASSET_TAG_FILE, encoding="ascii", errors="replace") as file:
            return file.read().strip() == _ASSET_TAG
    except OSError:
        return False
