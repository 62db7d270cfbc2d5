# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of a sign-in method and its values, and messages about missing values. No test sends a request."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import certificates, login, methods
from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure.failures import translate
from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure.login import AzureLogin
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput
from tests.support import logins
from tests.support.logins import PASSWORD, pair
from tests.unit.plugins.module_utils.resources import SUBSCRIPTION

CLIENT = "33333333-4444-4555-8666-777777777777"
OTHER = "99999999-4444-4555-8666-777777777777"
TENANT = "contoso.onmicrosoft.com"
SECRET = "canary~secret"
APPLICATION = {"tenant": TENANT, "client_id": CLIENT}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    logins.no_login(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture
def files(home: Path) -> dict[str, str]:
    token = home / "token"
    token.write_text("a.b.c")
    return {"CERTIFICATE": pair().pem(home / "app.pem"), "TOKEN": str(token)}


def install_cli(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", logins.FakeCli(home / "cli").path)
    monkeypatch.setattr(login, "CLI", "az")


def find(options: dict[str, Any], environment: dict[str, str] | None = None) -> AzureLogin:
    return AzureLogin.from_options({"subscription_id": SUBSCRIPTION, **options}, environment or {})


def refused(options: dict[str, Any], environment: dict[str, str] | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        find(options, environment)
    assert "\n" not in caught.value.message
    assert "canary" not in caught.value.message
    return caught.value


# The choice of auto ---------------------------------------------------------------------------------------------------

MANAGED = {"IDENTITY_ENDPOINT": "http://127.0.0.1:1/"}
POD = {"AZURE_FEDERATED_TOKEN_FILE": "TOKEN", "AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT}


@pytest.mark.parametrize(
    ("options", "environment", "kind"),
    [
        ({**APPLICATION, "secret": SECRET}, {}, methods.ClientSecret),
        ({**APPLICATION, "secret": SECRET, "x509_certificate_path": "CERTIFICATE"}, {}, methods.ClientSecret),
        ({**APPLICATION, "x509_certificate_path": "CERTIFICATE"}, {}, methods.ClientCertificate),
        ({**APPLICATION, "oidc_token_file_path": "TOKEN"}, {}, methods.WorkloadIdentity),
        # Options of the task override the environment.
        ({**APPLICATION, "x509_certificate_path": "CERTIFICATE"}, {"AZURE_SECRET": SECRET}, methods.ClientCertificate),
        ({**APPLICATION, "oidc_token_file_path": "TOKEN"}, {"AZURE_SECRET": SECRET}, methods.WorkloadIdentity),
        (APPLICATION, {"AZURE_CLIENT_SECRET": SECRET}, methods.ClientSecret),
        (APPLICATION, {"AZURE_CLIENT_CERTIFICATE_PATH": "CERTIFICATE"}, methods.ClientCertificate),
        # A given credential overrides a detected one.
        ({**APPLICATION, "secret": SECRET}, MANAGED, methods.ClientSecret),
        ({**APPLICATION, "secret": SECRET}, POD, methods.ClientSecret),
        ({}, MANAGED, methods.ManagedIdentity),
        ({}, {"MSI_ENDPOINT": "http://127.0.0.1:1/"}, methods.ManagedIdentity),
        ({}, {"IMDS_ENDPOINT": "http://127.0.0.1:1/"}, methods.ManagedIdentity),
        ({"client_id": CLIENT}, MANAGED, methods.ManagedIdentity),
        ({}, POD, methods.WorkloadIdentity),
        # The identity of a pod overrides the identity of its node.
        ({}, {**POD, **MANAGED}, methods.WorkloadIdentity),
        ({}, {"CLI": "yes"}, methods.AzureCli),
        ({"tenant": TENANT}, {"CLI": "yes"}, methods.AzureCli),
        ({}, {"CLI": "yes", **MANAGED}, methods.ManagedIdentity),
        ({}, {"CLI": "yes", "AZURE_SECRET": "", "AZURE_AD_USER": ""}, methods.AzureCli),
    ],
)
def test_auto_chooses_the_first_available_method(
    options: dict[str, Any],
    environment: dict[str, str],
    kind: type,
    files: dict[str, str],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment.get("CLI"):
        install_cli(home, monkeypatch)

    def filled(values: dict[str, Any]) -> dict[str, Any]:
        return {name: files.get(value, value) for name, value in values.items()}

    found = find(filled(options), filled(environment))
    assert type(found.method) is kind
    assert found.found


@pytest.mark.parametrize(
    ("tag", "expected"), [("7783-7084-3265-9085-8269-3286-77\n", True), ("Asset-1234567890\n", False), (None, False)]
)
def test_a_machine_of_azure_is_recognized_by_its_asset_tag(
    tag: str | None, expected: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "asset-tag"
    monkeypatch.setattr(login, "_ASSET_TAG_FILE", str(file))
    if tag:
        file.write_text(tag)
    assert login.on_azure({}) is expected


@pytest.mark.parametrize(
    ("options", "environment", "option", "words"),
    [
        ({}, {}, "auth_source", "found no sign-in method: no secret, certificate or token file"),
        (APPLICATION, {}, "secret", "are set without a credential; set secret (AZURE_SECRET), x509_certificate_path"),
        # No other identity signs in instead.
        (APPLICATION, {**MANAGED, "CLI": "yes"}, "secret", "or set auth_source to msi or cli"),
        ({"client_id": CLIENT}, {"CLI": "yes"}, "tenant", "only client_id is set"),
        ({"thumbprint": "AA"}, MANAGED, "x509_certificate_path", "is required with thumbprint"),
        (
            {"x509_certificate_password": PASSWORD},
            {},
            "x509_certificate_path",
            "is required with x509_certificate_password",
        ),
        ({"secret": SECRET}, {}, "tenant", "with a client secret, and so is client_id; set the option or the"),
        ({"x509_certificate_path": "x"}, {}, "tenant", "with a certificate, and so is client_id"),
        ({"oidc_token_file_path": "x", "tenant": TENANT}, {}, "client_id", "with a workload identity; set"),
        ({}, {"AZURE_AD_USER": "ann@contoso.example", "AZURE_PASSWORD": SECRET}, "ad_user", "(in AWX: client ID"),
        ({}, {"AZURE_AD_USER": "ann@contoso.example", **MANAGED}, "ad_user", "are not supported: this sign-in method"),
        ({"auth_source": "client_secret"}, MANAGED, "tenant", "client secret, and so is client_id and secret"),
        ({"auth_source": "certificate", **APPLICATION}, {}, "x509_certificate_path", "AZURE_X509_CERTIFICATE_PATH"),
        ({"auth_source": "workload_identity", **APPLICATION}, {}, "oidc_token_file_path", "AZURE_FEDERATED_TOKEN_FILE"),
        (
            {"auth_source": "env", **APPLICATION, "secret": SECRET},
            {},
            "auth_source",
            "the environment contains neither",
        ),
        ({"auth_source": "credential_file", "profile": "x"}, {}, "profile", "is not readable (No such file"),
    ],
)
def test_a_missing_value_is_named(
    options: dict[str, Any], environment: dict[str, str], option: str, words: str, home: Path, monkeypatch: Any
) -> None:
    if environment.get("CLI"):
        install_cli(home, monkeypatch)
    error = refused(options, environment)
    assert error.details == {"option": option}
    assert words in error.message


@pytest.mark.parametrize(
    ("options", "environment", "option", "end"),
    [
        ({**APPLICATION, "secret": SECRET, "tenant": "a b"}, {}, "tenant", "overview page"),
        (
            {"client_id": CLIENT, "secret": SECRET},
            {"AZURE_TENANT_ID": "a b"},
            "tenant",
            "overview page; tenant is from AZURE_TENANT_ID",
        ),
        (
            {**APPLICATION, "secret": SECRET, "subscription_id": ""},
            {"AZURE_SUBSCRIPTION_ID": "x"},
            "subscription_id",
            "; subscription_id is from AZURE_SUBSCRIPTION_ID",
        ),
        (
            {**APPLICATION, "secret": SECRET},
            {"AZURE_CLOUD_ENVIRONMENT": "http://x"},
            "cloud_environment",
            "; cloud_environment is from AZURE_CLOUD_ENVIRONMENT",
        ),
        (
            APPLICATION,
            {"AZURE_CLIENT_CERTIFICATE_PATH": "/no"},
            "x509_certificate_path",
            "AZURE_CLIENT_CERTIFICATE_PATH",
        ),
        ({**APPLICATION, "secret": SECRET, "ca_bundle": "/no"}, {}, "ca_bundle", "hashed certificates"),
        (
            {**APPLICATION, "secret": SECRET, "ca_bundle": "/no"},
            {"REQUESTS_CA_BUNDLE": "/no"},
            "ca_bundle",
            "; ca_bundle is from REQUESTS_CA_BUNDLE",
        ),
    ],
)
def test_a_wrong_value_names_the_variable_that_it_is_from(
    options: dict[str, Any], environment: dict[str, str], option: str, end: str, home: Path
) -> None:
    error = refused(options, environment)
    assert error.details == {"option": option}
    assert error.message.endswith(end)


def test_the_cli_method_requires_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    error = refused({"auth_source": "cli"})
    assert error.message.startswith("auth_source: the Azure CLI (az) is not on the path of the machine")


# Values ---------------------------------------------------------------------------------------------------------------

PROFILES = f"""[default]
subscription_id = {SUBSCRIPTION}
client_id = {OTHER}
secret = 100%canary%(x)s
tenant = default.example
[east]
subscription_id = 00000000-0000-0000-0000-000000000001
client_id = {OTHER}
secret = canary~east
tenant = east.example
cloud_environment = AzureChinaCloud
"""


@pytest.mark.parametrize(
    ("options", "environment", "subscription", "method"),
    [
        ({}, {}, SUBSCRIPTION, methods.ClientSecret("default.example", OTHER, "100%canary%(x)s")),
        ({"profile": "east"}, {}, SUBSCRIPTION[:-1] + "1", methods.ClientSecret("east.example", OTHER, "canary~east")),
        (
            {},
            {"AZURE_PROFILE": "east", "AZURE_TENANT": "env.example"},
            SUBSCRIPTION[:-1] + "1",
            methods.ClientSecret("east.example", OTHER, "canary~east"),
        ),
        (
            {"profile": "east", "tenant": TENANT, "subscription_id": SUBSCRIPTION},
            {},
            SUBSCRIPTION,
            methods.ClientSecret(TENANT, OTHER, "canary~east"),
        ),
        # An identity in options or environment overrides the one of the default profile.
        (
            {"client_id": CLIENT},
            {"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION, "AZURE_SECRET": SECRET, "AZURE_TENANT": "env.example"},
            SUBSCRIPTION,
            methods.ClientSecret("env.example", CLIENT, SECRET),
        ),
        (
            {"auth_source": "credential_file", **APPLICATION, "secret": "other"},
            {"AZURE_SECRET": "another"},
            SUBSCRIPTION,
            methods.ClientSecret("default.example", OTHER, "100%canary%(x)s"),
        ),
        (
            {"auth_source": "env", "client_id": OTHER},
            {
                "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
                "AZURE_SECRET": SECRET,
                "AZURE_TENANT": TENANT,
                "AZURE_CLIENT_ID": CLIENT,
            },
            SUBSCRIPTION,
            methods.ClientSecret(TENANT, CLIENT, SECRET),
        ),
        (
            {"auth_source": "msi"},
            {"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION, "AZURE_CLIENT_ID": CLIENT},
            SUBSCRIPTION,
            methods.ManagedIdentity(CLIENT),
        ),
    ],
)
def test_where_values_come_from(
    options: dict[str, Any], environment: dict[str, str], subscription: str, method: Any, home: Path
) -> None:
    logins.profile(home, PROFILES)
    found = AzureLogin.from_options(options, environment)
    assert (found.subscription_id, found.method) == (subscription, method)
    assert found.warnings == ()
    assert "canary" not in repr(found.method)


def test_a_profile_names_its_cloud(home: Path) -> None:
    logins.profile(home, PROFILES)
    assert AzureLogin.from_options({"profile": "east"}, {}).cloud_environment == "AzureChinaCloud"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PROFILES, "has no profile 'west'; use one of: default, east"),
        ("", "has no profile 'west'; use one of: none"),
        ("secret = canary\n", "is not an INI file; write one [section] for each profile"),
        ("[a]\nb\ncanary", "is not an INI file"),
    ],
)
def test_an_unusable_profile(text: str, words: str, home: Path) -> None:
    logins.profile(home, text)
    error = refused({"profile": "west"})
    assert error.details == {"option": "profile"}
    assert words in error.message
    assert error.__cause__ is None


def test_a_profile_that_other_users_can_read_causes_a_warning(home: Path) -> None:
    file = logins.profile(home, PROFILES, 0o644)
    assert AzureLogin.from_options({}, {}).warnings == (
        f"{file} contains secrets and is readable by other users; run chmod 600 on it",
    )


def test_secrets_of_the_environment_are_registered_for_masking(home: Path) -> None:
    found = find(APPLICATION, {"AZURE_SECRET": SECRET})
    assert found.secrets == (SECRET,)
    assert SECRET not in repr(found.method)


@pytest.mark.parametrize(
    ("text", "subscription"),
    [
        (f'\ufeff{{"subscriptions": [{{"id": "b"}}, {{"id": "{SUBSCRIPTION}", "isDefault": true}}]}}', SUBSCRIPTION),
        ('{"subscriptions": []}', ""),
        ("{}", ""),
        ("[]", ""),
        ("no json", ""),
    ],
)
def test_the_subscription_of_the_cli_is_read(text: str, subscription: str, home: Path, monkeypatch: Any) -> None:
    install_cli(home, monkeypatch)
    (home / "azureProfile.json").write_text(text, encoding="utf-8")
    environment = {"AZURE_CONFIG_DIR": str(home)}
    if subscription:
        assert AzureLogin.from_options({"auth_source": "cli"}, environment).subscription_id == subscription
    else:
        with pytest.raises(InvalidInput, match=r"^subscription_id is required"):
            AzureLogin.from_options({"auth_source": "cli"}, environment)


@pytest.mark.parametrize(
    ("environment", "cloud"),
    [
        ({}, "AzureCloud"),
        ({"AZURE_CLOUD_ENVIRONMENT": "AzureUSGovernment"}, "AzureUSGovernment"),
        ({"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/"}, "AzureCloud"),
        ({"AZURE_AUTHORITY_HOST": "login.microsoftonline.us"}, "AzureUSGovernment"),
        ({"AZURE_AUTHORITY_HOST": "https://login.partner.microsoftonline.cn"}, "AzureChinaCloud"),
        ({"AZURE_AUTHORITY_HOST": "https://x", "AZURE_CLOUD_ENVIRONMENT": "AzureCloud"}, "AzureCloud"),
        ({"AZURE_AUTHORITY_HOST": "https://login.example"}, None),
        ({"AZURE_AUTHORITY_HOST": "http://login.microsoftonline.us"}, None),
    ],
)
def test_which_cloud(environment: dict[str, str], cloud: str | None) -> None:
    options = {**APPLICATION, "secret": SECRET}
    if cloud:
        assert find(options, environment).cloud_environment == cloud
    else:
        assert "AZURE_AUTHORITY_HOST" in refused(options, environment).message


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "option", "words"),
    [
        ("pem", None, ""),
        ("pem with password", None, ""),
        ("pfx", None, ""),
        ("pfx with password", None, ""),
        ("nothing there", "x509_certificate_path", "is not readable (No such file or directory)"),
        ("password forgotten", "x509_certificate_password", "is encrypted; give its password"),
        ("wrong password", "x509_certificate_password", "does not decrypt the key"),
        ("password for nothing", "x509_certificate_password", "is not encrypted; omit the password"),
        ("pfx password forgotten", "x509_certificate_path", "is neither PEM nor a PFX without a password"),
        ("pfx wrong password", "x509_certificate_password", "does not decrypt '"),
        ("rubbish", "x509_certificate_path", "is neither PEM nor a PFX"),
        ("only the key", "x509_certificate_path", "contains no certificate"),
        ("only the certificate", "x509_certificate_path", "contains no private key"),
        ("another key", "x509_certificate_path", "does not belong to the key"),
        ("expired", "x509_certificate_path", "expired on "),
        ("too early", "x509_certificate_path", "is not valid before "),
        ("thumbprint", None, ""),
        ("other thumbprint", "thumbprint", "has the thumbprint "),
    ],
)
def test_a_certificate_is_checked_before_anything_is_sent(
    case: str, option: str | None, words: str, home: Path
) -> None:
    good, path = pair(), home / "app"
    password: str | None = PASSWORD if "password" in case and "forgotten" not in case else None
    thumbprint = {"thumbprint": ":".join(good.thumbprint), "other thumbprint": "AB"}.get(case)
    if case in ("pem with password", "password forgotten", "wrong password"):
        good.pem(path, PASSWORD)
    elif case.startswith("pfx"):
        good.pfx(path, PASSWORD if "password" in case else None)
    elif case == "expired":
        pair(starts=-9, ends=-1).pem(path)
    elif case == "too early":
        pair(starts=2).pem(path)
    elif case == "another key":
        logins.Pair(good.certificate, logins.key("other")).pem(path)
    elif case == "rubbish":
        path.write_bytes(b"\x00\x01rubbish")
    elif case != "nothing there":
        good.pem(path)
    if case.startswith("only"):
        key, certificate = path.read_text().split("-----BEGIN CERTIFICATE-----")
        path.write_text(key if case == "only the key" else f"-----BEGIN CERTIFICATE-----{certificate}")
    if "wrong" in case:
        password = "canary~wrong"
    if option is None:
        certificates.check(str(path), password, thumbprint)
        return
    with pytest.raises(InvalidInput) as caught:
        certificates.check(str(path), password, thumbprint)
    assert caught.value.details == {"option": option}
    assert words in caught.value.message
    assert "canary" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"), [(None, "is not readable (No such file"), (b"\n", "is empty"), (b"\xff", "not text")]
)
def test_a_token_file_is_checked(content: bytes | None, words: str, home: Path) -> None:
    if content is not None:
        (home / "token").write_bytes(content)
    error = refused({**APPLICATION, "oidc_token_file_path": str(home / "token")})
    assert error.details == {"option": "oidc_token_file_path"}
    assert words in error.message


# The token ------------------------------------------------------------------------------------------------------------


class Counting:
    """A credential that counts its calls and caches no token."""

    def __init__(self, seconds: float = 3600) -> None:
        self.asked: list[Any] = []
        self.seconds = seconds

    def get_token(self, *scopes: str, **options: Any) -> Any:
        self.asked.append((scopes, options))
        return SimpleNamespace(token=str(len(self.asked)), expires_on=time.time() + self.seconds)


@pytest.mark.parametrize(
    ("seconds", "options", "asked"),
    [(3600, {}, 1), (301, {}, 1), (299, {}, 2), (3600, {"claims": "x"}, 2), (3600, {"enable_cae": True}, 1)],
)
def test_a_token_is_kept_while_it_lasts(seconds: float, options: dict[str, Any], asked: int) -> None:
    credential = Counting(seconds)
    kept: Any = login.CachedToken(credential, find({**APPLICATION, "secret": SECRET}))
    kept.get_token("a")
    assert kept.get_token("a", **options).token == str(asked)
    assert kept.get_token("a").token == str(asked + (seconds < 300))


def test_another_audience_is_another_token() -> None:
    credential = Counting()
    kept: Any = login.CachedToken(credential, find({**APPLICATION, "secret": SECRET}))
    assert [kept.get_token(scope).token for scope in "abab"] == ["1", "2", "1", "2"]


def test_a_refused_sign_in_names_the_method() -> None:
    def refuse(*_scopes: str) -> None:
        raise ClientAuthenticationError("no")

    kept: Any = login.CachedToken(SimpleNamespace(get_token=refuse), find({**APPLICATION, "secret": SECRET}))
    with pytest.raises(ClientAuthenticationError) as caught:
        kept.get_token("a")
    message = translate(caught.value, "read it").message
    assert message.endswith(
        "then client_id and secret (auth_source auto chose a client secret; set it to choose another method)"
    )
