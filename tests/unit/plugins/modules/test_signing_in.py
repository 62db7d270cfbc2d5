# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sign-in method with the real identity library: it requests one token, and a refusal is one line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import clouds, methods
from lab.arm import identity
from lab.arm.assertions import Federated, TrustedName
from lab.arm.machine_identity import MetadataService
from lab.proxy import ProxyServer
from tests.lab.arm.conftest import LOGIN
from tests.support import logins
from tests.support.logins import CLAIMS, PASSWORD, pair
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

OTHER = "99999999-4444-4555-8666-777777777777"


class Harness:
    """Sign in to the simulated subscription with one of the methods."""

    def __init__(self, subscription: Subscription, home: Path, monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
        self.subscription = subscription
        self.state = subscription.state
        self.home = home
        self.monkeypatch = monkeypatch
        self.machine = machine
        self.state.seed_vault(GROUP, "vault-dr", "westeurope")

    def run(self, module: str = "vault_info", **options: Any) -> Ended:
        """Run a module with only the address of the cloud and the given options."""
        own = {} if module != "vault_info" else {"name": "vault-dr", "resource_group": GROUP}
        ended = self.subscription.run(module, **{"tenant": None, "client_id": None, "secret": None, **own, **options})
        assert "canary" not in str(ended.result)
        return ended

    @property
    def tokens(self) -> int:
        """The number of tokens that the last run requested."""
        return self.subscription.context.journal.counts["azure.token"]

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    @property
    def cloud(self) -> str:
        return str(self.subscription.login()["cloud_environment"])

    @cached_property
    def cli(self) -> logins.FakeCli:
        made = logins.FakeCli(self.home / "cli")
        self.set(PATH=made.path)
        return made

    # The following functions prepare a method, and return the options of a module.

    def with_certificate(self) -> dict[str, Any]:
        made = pair()
        self.state.application.certificates.append(made.certificate)
        path = made.pem(self.home / "app.pem", PASSWORD)
        return {
            "tenant": LOGIN.tenant,
            "client_id": LOGIN.client_id,
            "x509_certificate_path": path,
            "x509_certificate_password": PASSWORD,
            "thumbprint": made.thumbprint,
        }

    def with_managed_identity(self) -> dict[str, Any]:
        self.state.machine.system_assigned = True
        # This proxy does not exist, because requests to the service of the machine must bypass every proxy.
        self.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=self.machine, HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="")
        return {"auth_source": "msi"}

    def with_workload_identity(self, **claims: Any) -> dict[str, Any]:
        self.state.application.federated.append(
            Federated(CLAIMS["iss"], CLAIMS["sub"], CLAIMS["aud"], logins.key("cluster").public_key())
        )
        file = self.home / "token"
        file.write_text(logins.federated_token(**claims))
        return {"tenant": LOGIN.tenant, "client_id": LOGIN.client_id, "oidc_token_file_path": str(file)}

    def with_cli(self) -> dict[str, Any]:
        self.cli.answer(self.state.new_token())
        return {"auth_source": "cli"}

    def with_secret(self) -> dict[str, Any]:
        return {"tenant": LOGIN.tenant, "client_id": LOGIN.client_id, "secret": LOGIN.secret}


async def _serve(service: MetadataService) -> web.AppRunner:
    runner = web.AppRunner(service.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


@pytest.fixture
def harness(
    subscription: Subscription, loop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Harness]:
    logins.no_login(monkeypatch, tmp_path)
    runner = loop.run(_serve(MetadataService(subscription.state, subscription.state.cloud.audiences)))
    yield Harness(subscription, tmp_path, monkeypatch, f"http://127.0.0.1:{runner.addresses[0][1]}")
    loop.run(runner.cleanup())


METHODS = {
    "secret": (Harness.with_secret, 1),
    "certificate": (Harness.with_certificate, 1),
    "managed identity": (Harness.with_managed_identity, 1),
    "workload identity": (Harness.with_workload_identity, 1),
    # The lab does not issue this token. The test counts the calls of the program instead.
    "cli": (Harness.with_cli, 0),
}


@pytest.mark.parametrize("method", METHODS)
def test_each_method_signs_in_with_one_token_for_all_clients(method: str, harness: Harness) -> None:
    prepare, tokens = METHODS[method]
    ended = harness.run("target_info", vault_name="vault-dr", resource_group=GROUP, **prepare(harness))
    assert not ended.failed, ended.msg
    asked = [exchange.path for exchange in harness.subscription.azure.server.traffic]
    # Vaults, accounts and networks have a client each, and other resources share one.
    namespaces = {path.split("/providers/")[1].split("/")[0] for path in asked if "/providers/" in path}
    assert namespaces >= {"Microsoft.RecoveryServices", "Microsoft.Storage", "Microsoft.Network"}
    assert harness.tokens == tokens
    if method == "cli":
        assert len(harness.cli.calls) == 1
        assert harness.cli.calls[0].startswith(
            "account get-access-token --output json --resource https://management.core.windows.net"
        )


@pytest.mark.parametrize("form", ["pem", "pem with password", "pfx", "pfx with password", "chain", "chain in a pfx"])
def test_a_certificate_in_every_form(form: str, harness: Harness) -> None:
    made, password = pair(), PASSWORD if "password" in form else None
    write = made.pfx if "pfx" in form else made.pem
    more = []
    if "chain" in form:
        # The directory trusts the subject and the issuer, so the client must send the certificate.
        root = pair("root")
        made = pair("app", issuer=root)
        write, more = (made.pfx if "pfx" in form else made.pem), [root.certificate]
        harness.state.application.names.append(TrustedName(made.certificate.subject, root.certificate))
    else:
        harness.state.application.certificates.append(made.certificate)
    options: dict[str, Any] = {
        "tenant": LOGIN.tenant,
        "client_id": LOGIN.client_id,
        "x509_certificate_path": write(harness.home / "app", password, *more),
        "x509_certificate_password": password,
    }
    if "chain" in form:
        without = harness.run(**options)
        assert (without.error["code"], "add it to the application" in without.msg) == ("AADSTS700027", True)
        options["send_certificate_chain"] = True
    ended = harness.run(**options)
    assert not ended.failed, ended.msg


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ("AZURE_X509_CERTIFICATE_PATH AZURE_CLIENT_ID AZURE_TENANT", {}),
        ("AZURE_CLIENT_CERTIFICATE_PATH AZURE_CLIENT_ID AZURE_TENANT_ID", {"AZURE_TENANT": ""}),
    ],
)
def test_a_certificate_from_the_environment(names: str, values: dict[str, str], harness: Harness) -> None:
    options = harness.with_certificate()
    path, client, tenant = names.split()
    harness.set(
        **{path: options["x509_certificate_path"], client: options["client_id"], tenant: options["tenant"]},
        AZURE_CLIENT_CERTIFICATE_PASSWORD=PASSWORD,
        AZURE_CLIENT_SEND_CERTIFICATE_CHAIN="1",
        **values,
    )
    ended = harness.run()
    assert not ended.failed, ended.msg


def test_the_credential_of_awx(harness: Harness) -> None:
    harness.set(AZURE_CLIENT_ID=LOGIN.client_id, AZURE_SECRET=LOGIN.secret, AZURE_TENANT=LOGIN.tenant)
    harness.set(AZURE_SUBSCRIPTION_ID=LOGIN.subscription_id, AZURE_CLOUD_ENVIRONMENT=harness.cloud)
    ended = harness.run(subscription_id=None, cloud_environment=None)
    assert not ended.failed, ended.msg


def test_awx_with_a_user_name_is_refused_with_the_reason(harness: Harness) -> None:
    harness.set(AZURE_AD_USER="ann@contoso.example", AZURE_PASSWORD="canary~password")
    ended = harness.run()
    assert ended.error == {"kind": "invalid_input", "option": "ad_user"}
    assert "does not support MFA" in ended.msg
    assert (harness.tokens, harness.subscription.requests) == (0, [])


def test_a_profile_signs_in(harness: Harness) -> None:
    lines = [f"{name} = {value}" for name, value in harness.with_secret().items()]
    lines += [f"subscription_id = {LOGIN.subscription_id}", f"cloud_environment = {harness.cloud}"]
    file = logins.profile(harness.home, "\n".join(["[east]", *lines, ""]), 0o644)
    for options in ({"profile": "east"}, {"profile": "east", "auth_source": "credential_file"}):
        ended = harness.run(subscription_id=None, cloud_environment=None, **options)
        assert not ended.failed, ended.msg
        assert ended.result["warnings"] == [
            f"{file} contains secrets and is readable by other users; run chmod 600 on it"
        ]


@pytest.mark.parametrize(("client", "taken"), [(OTHER, True), (LOGIN.client_id, False)])
def test_a_user_assigned_identity_is_picked_by_its_client_id(client: str, taken: bool, harness: Harness) -> None:
    options = harness.with_managed_identity()
    harness.state.machine.user_assigned = {OTHER, "11111111-4444-4555-8666-777777777777"}
    ended = harness.run(client_id=client, **options)
    assert ended.failed is not taken
    if not taken:
        assert ended.msg.endswith(
            "sign-in refused: the machine has no such managed identity: assign it, or check client_id"
        )


def test_the_node_of_a_pod_signs_in_on_request(harness: Harness) -> None:
    """The library would treat the token of a pod as a managed identity."""
    harness.with_workload_identity(aud="another audience")
    harness.set(
        AZURE_FEDERATED_TOKEN_FILE=str(harness.home / "token"),
        AZURE_TENANT_ID=LOGIN.tenant,
        AZURE_AUTHORITY_HOST="https://login.microsoftonline.com/",
    )
    harness.state.machine.user_assigned = {OTHER}
    ended = harness.run(client_id=OTHER, **harness.with_managed_identity())
    assert not ended.failed, ended.msg


# Refusals -------------------------------------------------------------------------------------------------------------


def _unknown_certificate(harness: Harness) -> dict[str, Any]:
    return {**harness.with_certificate(), "x509_certificate_path": pair().pem(harness.home / "b.pem", PASSWORD)} | {
        "thumbprint": None
    }


def _renewed_key(harness: Harness) -> dict[str, Any]:
    """Return the certificate of the application with another key."""
    return harness.with_workload_identity() | {"oidc_token_file_path": _token(harness, signer="another")}


def _token(harness: Harness, signer: str) -> str:
    file = harness.home / "other-token"
    file.write_text(logins.federated_token(logins.key(signer)))
    return str(file)


def _no_identity(harness: Harness) -> dict[str, Any]:
    options = harness.with_managed_identity()
    harness.state.machine.system_assigned = False
    return options


def _no_service(harness: Harness) -> dict[str, Any]:
    harness.set(AZURE_POD_IDENTITY_AUTHORITY_HOST="http://127.0.0.1:9")
    return {"auth_source": "msi"}


def _cli_prints(text: str, status: int = 1) -> Any:
    def prepare(harness: Harness) -> dict[str, Any]:
        harness.with_cli()
        harness.cli.print(text, status)
        return {"auth_source": "cli"}

    return prepare


REFUSALS: dict[str, tuple[Any, str | None, str]] = {
    "certificate the application does not know": (
        _unknown_certificate,
        "AADSTS700027",
        "the directory does not accept the certificate: add it to the application, or renew it there",
    ),
    "certificate of an unknown application": (
        lambda harness: {**harness.with_certificate(), "client_id": OTHER},
        "AADSTS700016",
        "check client_id and tenant",
    ),
    "certificate in an unknown tenant": (
        lambda harness: {**harness.with_certificate(), "tenant": OTHER},
        "AADSTS90002",
        "check tenant",
    ),
    "token of another issuer": (
        lambda harness: harness.with_workload_identity(iss="https://other.example/"),
        "AADSTS700211",
        "has the token's issuer: add it, or check client_id",
    ),
    "token of another service account": (
        lambda harness: harness.with_workload_identity(sub="system:serviceaccount:default:default"),
        "AADSTS700213",
        "has the token's subject",
    ),
    "token for another audience": (
        lambda harness: harness.with_workload_identity(aud="https://kubernetes.default.svc"),
        "AADSTS700212",
        "has the token's audience",
    ),
    "token that is too old": (
        lambda harness: harness.with_workload_identity(nbf=1700000000, exp=1700003600),
        "AADSTS700024",
        "have its issuer write a new one",
    ),
    "token that is forged": (_renewed_key, "AADSTS50013", "is not signed by its issuer"),
    "machine without an identity": (_no_identity, None, "the machine has no such managed identity"),
    "machine outside of Azure": (
        _no_service,
        None,
        "this machine has no instance metadata service: use another sign-in method",
    ),
    "nobody at the CLI": (
        _cli_prints("ERROR: Please run 'az login' to setup account."),
        None,
        "the Azure CLI is not signed in: run 'az login' as the user of this task",
    ),
    "stale CLI": (
        _cli_prints("ERROR: AADSTS700082: The refresh token has expired.\nRun az login.\nTrace ID: x"),
        "AADSTS700082",
        "run 'az login' again",
    ),
    "odd CLI": (
        _cli_prints("ERROR: Subscription 'x' not recognized.\nTry y."),
        None,
        "ERROR: Subscription 'x' not recognized. Try y; run 'az login' as the user of this task, then check tenant and",
    ),
    "CLI that speaks otherwise": (
        _cli_prints('{"token":"canary"}', status=0),
        None,
        "sign-in refused: run 'az login' as the user of this task",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_one_line_with_the_fix(case: str, harness: Harness) -> None:
    prepare, code, words = REFUSALS[case]
    ended = harness.run(**prepare(harness))
    assert ended.failed
    assert (ended.error["kind"], ended.error.get("code")) == ("access_denied", code)
    assert ended.msg.startswith("could not read ")
    assert "sign-in refused" in ended.msg
    assert words in ended.msg
    assert "\n" not in ended.msg
    assert harness.subscription.writes == []


def test_the_choice_of_auto_is_named_when_it_is_refused(harness: Harness) -> None:
    prepare, _, words = REFUSALS["machine without an identity"]
    prepare(harness)
    ended = harness.run()
    chosen = "(auth_source auto chose a managed identity; set it to choose another method)"
    assert ended.msg.endswith(f"{words}: assign it, or check client_id {chosen}")


def test_a_refusal_names_the_variables_that_the_values_are_from(harness: Harness) -> None:
    login = harness.subscription.login()
    harness.set(AZURE_TENANT_ID=login["tenant"], AZURE_CLIENT_ID=login["client_id"], AZURE_CLIENT_SECRET="canary~wrong")
    refused = "the client secret is wrong: give the value of the secret (not its id)"
    origins = "tenant is from AZURE_TENANT_ID, client_id is from AZURE_CLIENT_ID"
    assert f"{refused}; {origins}, secret is from AZURE_CLIENT_SECRET (auth_source auto chose" in harness.run().msg
    # An option has a value of its own.
    assert f"{refused}; {origins} (auth_source auto chose" in harness.run(secret="canary~option").msg
    logins.profile(harness.home, f"[east]\nclient_id = {OTHER}\ntenant = {login['tenant']}\nsecret = canary~east\n")
    msg = harness.run(profile="east").msg
    assert "check client_id and tenant; tenant, client_id and secret are from the profile 'east'" in msg


def test_a_timeout_is_reported(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    options = harness.with_cli()
    harness.cli.hang()
    monkeypatch.setattr(methods, "_CLI_SECONDS", 1)
    assert "the Azure CLI did not answer in time" in harness.run(**options).msg


def test_all_requests_go_through_the_proxy(harness: Harness, loop: Any) -> None:
    """Metadata of the cloud, sign-in and calls use HTTPS_PROXY with its login."""
    context, account = harness.subscription.context, harness.subscription.context.proxy
    port = int(harness.subscription.azure.server.base_url.rpartition(":")[2])
    context.resolve = lambda host: (host, port)
    proxy = ProxyServer(context)
    loop.run(proxy.start())
    harness.set(HTTPS_PROXY=f"http://{account.username}:{account.password}@127.0.0.1:{proxy.port}", NO_PROXY="")
    ended = harness.run(**harness.with_secret())
    assert not ended.failed, ended.msg
    # Each client opens one connection. In the lab, the directory and Resource Manager are one server.
    assert context.journal.counts["proxy:connect"] == 3
    harness.set(NO_PROXY="127.0.0.1")
    assert not harness.run(**harness.with_secret()).failed
    assert context.journal.counts["proxy:connect"] == 0
    loop.run(proxy.stop())


def test_a_missing_proxy_is_not_reported_as_a_refusal(harness: Harness) -> None:
    """The library reports both as a failed authentication."""
    azure = harness.subscription.azure
    harness.monkeypatch.setattr(clouds, "_download", lambda *_: identity._cloud(azure.state, azure.server.base_url))
    harness.monkeypatch.setattr(methods, "_RETRIES", 1)
    harness.set(HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="")
    ended = harness.run(**harness.with_secret())
    assert ended.error["kind"] == "unreachable"
    assert "proxy" in ended.msg.partition(": no answer from Azure (")[2].partition(")")[0]
    assert "the proxy in HTTPS_PROXY refused the connection" in ended.msg
