# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the login: its method is chosen offline from options, environment and profile; its token is cached."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._model.azure.sign_in import require_subscription_id
from .._model.common.cloud_names import require_cloud
from .._model.common.errors import InvalidInput
from . import clouds, origins, profiles
from .clouds import CloudEnvironment
from .methods import CLI, AzureCli, ClientCertificate, ClientSecret, ManagedIdentity, Method, WorkloadIdentity
from .origins import Source
from .transport import SignInTransport

#: The environment variables of each option: first the names of azure.azcollection and AWX, then those of the identity
#: library.
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
    # This is not an option. The variable is only read to explain why it is not supported.
    "ad_user": ("AZURE_AD_USER",),
}
#: The environment variables that Ansible reads for options which are not set.
FALLBACKS = {"auth_source": "ANSIBLE_AZURE_AUTH_SOURCE", "ca_bundle": "REQUESTS_CA_BUNDLE"}
_SECRETS = ("secret", "x509_certificate_password")
#: Options that are not part of a login. They apply to every source.
_GENERAL = ("subscription_id", "cloud_environment")
#: Values that name an identity. If options or environment have one of them, the default profile is not read.
_IDENTITY = ("client_id", "secret", "x509_certificate_path", "oidc_token_file_path", "ad_user")
#: The credential of each method, in the order of `auto`.
_CREDENTIALS = {
    "secret": "client_secret",
    "x509_certificate_path": "certificate",
    "oidc_token_file_path": "workload_identity",
}
_MANAGED = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST")
# Documented: the chassis asset tag of every virtual machine in Azure.
_ASSET_TAG_FILE = "/sys/class/dmi/id/chassis_asset_tag"
_ASSET_TAG = "7783-7084-3265-9085-8269-3286-77"
_TOKEN_MARGIN = 300

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AzureLogin:
    """Everything that is needed to access one subscription."""

    subscription_id: str
    method: Method
    cloud_environment: str = "AzureCloud"
    ca_bundle: str | None = None
    #: Whether `auto` found the method.
    found: bool = False
    #: Secrets from other sources than options. Ansible does not know yet that they must be masked.
    secrets: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()
    #: The places of values that are not options of the task.
    origins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_options(cls, options: Values, environment: Mapping[str, str] | None = None) -> AzureLogin:
        """Build a login from the options of a module and the environment. Everything is checked offline.

        Raises InvalidInput.
        """
        environment = os.environ if environment is None else environment
        requested = options.get("auth_source") or "auto"
        sources, warnings = _sources(requested, options, environment)
        values = origins.merged(sources, VARIABLES)
        kind = _choose(requested, sources, values, environment)
        method = _METHODS[kind](values)
        subscription = str(values.get("subscription_id") or "")
        if isinstance(method, AzureCli) and not subscription:
            subscription = profiles.cli_subscription(environment)
        login = cls(
            subscription_id=subscription,
            method=method,
            cloud_environment=_cloud(values, environment),
            ca_bundle=options.get("ca_bundle"),
            found=requested == "auto",
            secrets=tuple(str(values[name]) for name in _SECRETS if values.get(name)),
            warnings=warnings,
            origins={**origins.origins_of(sources, VARIABLES), **_from_fallbacks(options, environment)},
        )
        try:
            login.validate()
        except InvalidInput as error:
            place = origins.describe(login.origins, (error.option,))
            raise InvalidInput(error.option, error.rule, f"{error.fix}{place}") from error
        return login

    def validate(self) -> None:
        """Check the login offline. Raises InvalidInput."""
        if not self.subscription_id:
            raise InvalidInput(
                "subscription_id", "is required", "set the option or the environment variable AZURE_SUBSCRIPTION_ID"
            )
        require_subscription_id(self.subscription_id)
        # The variable REQUESTS_CA_BUNDLE may name a folder of hashed certificates.
        if self.ca_bundle and not os.path.exists(self.ca_bundle):
            raise InvalidInput(
                "ca_bundle",
                f"'{self.ca_bundle}' does not exist",
                "give the path of a PEM file with the CA certificates, or of a folder of hashed certificates",
            )
        require_cloud(self.cloud_environment)
        self.method.validate()

    def credential(self, cloud: CloudEnvironment, seconds: float | None = None) -> Any:
        """Return the credential from which the SDK's clients request tokens. No retry begins after `seconds`."""
        transport = self.method.transport(self.ca_bundle, seconds)
        return CachedToken(self.method.credential(cloud, transport), self, transport)


class CachedToken:
    """A credential that fetches a token once per process. Some credentials of the library do not cache theirs.

    It has no `get_token_info`, so that all generations of azure-core use `get_token`.
    """

    def __init__(self, credential: Any, login: AzureLogin, transport: SignInTransport | None = None) -> None:
        self._credential = credential
        self._login = login
        self._transport = transport
        self._tokens: dict[tuple[str, ...], Any] = {}

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """Return a token that is valid for some more minutes. A challenge (`claims`) always fetches a new token."""
        from azure.core.exceptions import ClientAuthenticationError

        known = self._tokens.get(scopes)
        if known is not None and known.expires_on - time.time() > _TOKEN_MARGIN and not options.get("claims"):
            return known
        try:
            self._tokens[scopes] = self._credential.get_token(*scopes, **options)
        except ClientAuthenticationError as error:
            # The translation of the error needs these, which it cannot access otherwise.
            error.siterecovery_login = self._login  # type: ignore[attr-defined]
            error.siterecovery_outage = self._transport and self._transport.outage  # type: ignore[attr-defined]
            raise
        return self._tokens[scopes]


def cloud_of(options: Values, environment: Mapping[str, str] | None = None) -> str:
    """Return the cloud that a login with these options uses, also if the login is incomplete. Raises InvalidInput."""
    environment = os.environ if environment is None else environment
    sources, _warnings = _sources(options.get("auth_source") or "auto", options, environment)
    return _cloud(origins.merged(sources, VARIABLES), environment)


# Values ---------------------------------------------------------------------------------------------------------------


def _sources(requested: str, options: Values, environment: Mapping[str, str]) -> tuple[list[Source], tuple[str, ...]]:
    """Return the sources of values, highest precedence first, and warnings."""
    given = Source({name: options[name] for name in VARIABLES if options.get(name) not in (None, "")})
    variables = _variables(environment)
    if requested in ("msi", "cli"):
        return [given, variables], ()
    general = given.only(_GENERAL)
    if requested == "env":
        given = general
    named = given.values.get("profile") or variables.values.get("profile")
    if requested == "credential_file":
        values, warning = _profile(str(options.get("profile") or named or profiles.DEFAULT))
        return [general, values, variables.only(_GENERAL)], warning
    if named:
        values, warning = _profile(str(named))
        return [given, values, variables], warning
    if requested == "env" or any(name in source.values for source in (given, variables) for name in _IDENTITY):
        return [given, variables], ()
    values, warning = _profile(None)
    return [given, variables, values], warning


def _profile(name: str | None) -> tuple[Source, tuple[str, ...]]:
    """Return the values of a profile, and warnings."""
    values, warning = profiles.profile(name)
    return Source.of_profile(values, name or profiles.DEFAULT), (warning,) if warning else ()


def _variables(environment: Mapping[str, str]) -> Source:
    """Return the values of the environment by option. AWX sets variables without a value to an empty text."""
    found = {
        option: next((name for name in names if environment.get(name)), None) for option, names in VARIABLES.items()
    }
    places = {option: name for option, name in found.items() if name}
    return Source({option: environment[name] for option, name in places.items()}, places)


def _from_fallbacks(options: Values, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the options whose value Ansible took from the environment."""
    return {
        option: variable
        for option, variable in FALLBACKS.items()
        if options.get(option) and options[option] == environment.get(variable)
    }


def _cloud(values: Values, environment: Mapping[str, str]) -> str:
    return str(values["cloud_environment"] or clouds.of_authority(environment))


# The choice -----------------------------------------------------------------------------------------------------------


def _client_secret(values: Values) -> Method:
    return ClientSecret(values["tenant"], values["client_id"], values["secret"])


def _certificate(values: Values) -> Method:
    return ClientCertificate(
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


def _choose(requested: str, sources: Sequence[Source], values: Values, environment: Mapping[str, str]) -> str:
    """Return the name of the method. Only `auto` also tries methods for which no value is given."""
    if requested in _METHODS:
        return requested
    given = _given(sources, environment)
    if given:
        return given
    if requested in ("auto", "env") and environment.get("AZURE_FEDERATED_TOKEN_FILE"):
        # The identity of a pod precedes that of its node.
        return "workload_identity"
    if values["ad_user"]:
        raise InvalidInput(
            "ad_user",
            "user name and password (AZURE_AD_USER, AZURE_PASSWORD) are not supported: this sign-in method is being"
            " retired and does not support MFA",
            "use an application: client_id, tenant and secret (in AWX: client ID, tenant ID and client secret)",
        )
    _refuse_incomplete(values)
    if requested == "auto":
        if on_azure(environment):
            return "msi"
        if not values["client_id"] and shutil.which(CLI):
            return "cli"
    raise _no_method(requested, values)


def _given(sources: Sequence[Source], environment: Mapping[str, str]) -> str | None:
    """Return the method of the first source with a credential; within one source in the order of `auto`."""
    for source in sources:
        for credential, method in _CREDENTIALS.items():
            # A cluster sets the token file in the environment of every pod, so the user did not give it.
            found = source.values.get(credential) == environment.get("AZURE_FEDERATED_TOKEN_FILE")
            if source.values.get(credential) and not (method == "workload_identity" and found):
                return method
    return None


def _refuse_incomplete(values: Values) -> None:
    """Raise InvalidInput for an incomplete login, so that no other identity signs in instead."""
    certificate_option = next((name for name in ("x509_certificate_password", "thumbprint") if values[name]), None)
    if certificate_option:
        raise InvalidInput(
            "x509_certificate_path",
            f"is required with {certificate_option} to sign in with a certificate",
            "set the option or the environment variable AZURE_X509_CERTIFICATE_PATH",
        )
    if values["client_id"] and values["tenant"]:
        raise InvalidInput(
            "secret",
            "is required, because client_id and tenant are set without a credential",
            "set secret (AZURE_SECRET), x509_certificate_path (AZURE_X509_CERTIFICATE_PATH) or oidc_token_file_path"
            " (AZURE_FEDERATED_TOKEN_FILE), or set auth_source to msi or cli",
        )


def _no_method(requested: str, values: Values) -> InvalidInput:
    if requested == "auto" and values["client_id"]:
        return InvalidInput(
            "tenant",
            "is required, because only client_id is set: an application also needs secret (AZURE_SECRET) or"
            " x509_certificate_path, and this machine has no managed identity",
            "set tenant (AZURE_TENANT) and the credential",
        )
    if requested == "auto":
        return InvalidInput(
            "auth_source",
            "auto found no sign-in method: no secret, certificate or token file in options, environment or"
            f" {profiles.CREDENTIALS}, no managed identity on this machine, no Azure CLI",
            "set client_id, tenant and secret, or the options of another method",
        )
    source = "the environment" if requested == "env" else "the profile"
    return InvalidInput(
        "auth_source",
        f"{source} contains neither secret nor x509_certificate_path nor oidc_token_file_path",
        "add one of them there, together with client_id and tenant",
    )


def on_azure(environment: Mapping[str, str]) -> bool:
    """Tell whether this machine should have a managed identity, by its environment or because it runs in Azure."""
    if any(environment.get(name) for name in _MANAGED):
        return True
    try:
        with open(_ASSET_TAG_FILE, encoding="ascii", errors="replace") as file:
            return file.read().strip() == _ASSET_TAG
    except OSError:
        return False
