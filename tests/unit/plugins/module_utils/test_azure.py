# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to Azure: clouds, logins, what its errors become, and waiting."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import clouds, operations, pipeline
from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure.clients import Azure
from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure.failures import (
    Absent,
    read,
    translate,
    translated,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure.login import AzureLogin
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    AccessDenied,
    DeadlineExceeded,
    InvalidInput,
    RemoteFailure,
    SiteRecoveryError,
    Unreachable,
)
from tests.unit.plugins.module_utils.resources import SUBSCRIPTION

# Clouds ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "manager", "scope"),
    [
        ("AzureCloud", "https://management.azure.com", "https://management.azure.com/.default"),
        ("azurecloud", "https://management.azure.com", "https://management.azure.com/.default"),
        ("AZURE_PUBLIC_CLOUD", "https://management.azure.com", "https://management.azure.com/.default"),
        ("AzureChinaCloud", "https://management.chinacloudapi.cn", "https://management.chinacloudapi.cn/.default"),
        (
            "AzureUSGovernment",
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/.default",
        ),
    ],
)
def test_known_clouds(name: str, manager: str, scope: str) -> None:
    found = clouds.find(name)
    assert (found.resource_manager, found.scope, found.well_known) == (manager, scope, True)


@pytest.mark.parametrize("name", ["", "AzureMoon", "http://127.0.0.1/metadata", "ftp://x", "https://", "https:"])
def test_what_is_no_cloud(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^cloud_environment: .*; use one of AzureCloud, "):
        clouds.find(name)


ADDRESS = "https://management.local.example:444/metadata/endpoints?api-version=2022-09-01"
SIGN_IN = {
    "loginEndpoint": "https://login.local.example/",
    "audiences": ["https://other/", "https://management.local.example:444/"],
}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        (
            "one object",
            {"name": "Local", "resourceManager": "https://management.local.example:444/", "authentication": SIGN_IN},
        ),
        ("a list", [{"resourceManager": "https://management.local.example:444", "authentication": SIGN_IN}]),
        ("the small form of Azure Stack", {"galleryEndpoint": "x", "authentication": SIGN_IN}),
    ],
)
def test_metadata_of_a_private_cloud(name: str, document: Any) -> None:
    found = clouds.from_metadata(ADDRESS, document)
    assert (found.resource_manager, found.authority, found.scope, found.well_known) == (
        "https://management.local.example:444",
        "https://login.local.example",
        "https://management.local.example:444/.default",
        False,
    )


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        "text",
        {"authentication": {}},
        {"authentication": {"loginEndpoint": "x", "audiences": []}},
        {"authentication": {"loginEndpoint": "https://l", "audiences": None}},
    ],
)
def test_what_is_no_metadata(document: Any) -> None:
    with pytest.raises(
        RemoteFailure, match=r"^cloud_environment: https://management.local.example.*; give the address"
    ):
        clouds.from_metadata(ADDRESS, document)


@pytest.mark.parametrize(
    "changed",
    [
        {"resourceManager": "http://management.local.example/"},
        {"authentication": {**SIGN_IN, "loginEndpoint": "http://l"}},
    ],
)
def test_a_private_cloud_without_tls_gets_no_token(changed: dict[str, Any]) -> None:
    document = {"resourceManager": "https://management.local.example/", "authentication": SIGN_IN, **changed}
    with pytest.raises(
        RemoteFailure, match=r"names 'http://.*', which is not an https address; no token is sent there"
    ):
        clouds.from_metadata(ADDRESS, document)


# Login ----------------------------------------------------------------------------------------------------------------

WHOLE = {
    "subscription_id": SUBSCRIPTION,
    "tenant": "contoso.onmicrosoft.com",
    "client_id": "33333333-4444-4555-8666-777777777777",
    "secret": "canary~secret",
}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("subscription_id", None),
        ("subscription_id", "mine"),
        ("subscription_id", SUBSCRIPTION + "\n"),
        ("tenant", None),
        ("tenant", "https://login/contoso"),
        ("tenant", "contoso\n"),
        ("client_id", ""),
        ("secret", None),
        ("ca_bundle", "/nowhere.pem"),
        ("cloud_environment", "AzureMoon"),
    ],
)
def test_a_login_is_checked_offline(option: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        AzureLogin.from_options({**WHOLE, option: value})
    assert caught.value.details == {"option": option}
    assert "; " in caught.value.message


def test_the_certificates_of_a_login_can_be_a_folder(tmp_path: Path) -> None:
    """REQUESTS_CA_BUNDLE often names a folder."""
    assert AzureLogin.from_options({**WHOLE, "ca_bundle": str(tmp_path)}).ca_bundle == str(tmp_path)


def test_a_login_does_not_show_its_secret_and_sends_nothing() -> None:
    azure = Azure(AzureLogin.from_options(WHOLE))
    assert "canary" not in repr(azure.login)
    assert azure.subscription_id == SUBSCRIPTION
    assert azure.recovery_services is azure.recovery_services


# Errors ---------------------------------------------------------------------------------------------------------------


def answered(status: int, body: Any = None, pause: str = "") -> Any:
    """An answer of the service, as far as errors look at it."""
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"x-ms-request-id": "r-1", **({"Retry-After": pause} if pause else {})}
    return SimpleNamespace(status_code=status, reason="Reason", headers=headers, text=lambda: text)


def failed(status: int, body: Any = None, kind: type[HttpResponseError] = HttpResponseError, pause: str = "") -> Any:
    return kind(response=answered(status, body, pause))


def arm(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize(
    ("error", "kind", "code", "advice"),
    [
        (ServiceRequestError("refused"), Unreachable, None, "check network, proxy and ca_bundle, then run again"),
        (ServiceResponseError("cut"), Unreachable, None, "check network, proxy and ca_bundle, then run again"),
        (
            failed(500, arm("InternalServerError", "Sorry.")),
            RemoteFailure,
            "InternalServerError",
            "run again in a few minutes",
        ),
        (failed(408), RemoteFailure, None, "run again in a few minutes"),
        (
            failed(429, arm("TooManyRequests", "Slow down")),
            RemoteFailure,
            "TooManyRequests",
            "run again in a few minutes",
        ),
        (
            failed(429, arm("TooManyRequests", "Slow down"), pause="324"),
            RemoteFailure,
            "TooManyRequests",
            "wait 324 s, then run again",
        ),
        (
            failed(400, arm("BadRequest", "Wrong.")),
            RemoteFailure,
            "BadRequest",
            "correct the cause in the message, then run again",
        ),
        (
            failed(409, arm("StorageAccountAlreadyTaken", "Taken")),
            RemoteFailure,
            "StorageAccountAlreadyTaken",
            "choose another name",
        ),
        (
            failed(400, arm("BadRequest", "W", details=[{"code": "x"}, {"recommendedAction": "Do\n that."}])),
            RemoteFailure,
            "BadRequest",
            "Do that",
        ),
        (
            failed(404, {"ErrorCode": "ResourceExtendedInfoNotFound", "Message": {}}),
            RemoteFailure,
            "ResourceExtendedInfoNotFound",
            "correct the cause",
        ),
        (failed(502, "<html>bad gateway"), RemoteFailure, None, "run again in a few minutes"),
        (failed(404, "<html>not here"), RemoteFailure, None, "check cloud_environment, and that no proxy answers"),
        (failed(403, "<html>blocked"), RemoteFailure, None, "check cloud_environment, and that no proxy answers"),
        (
            failed(403, arm("AuthorizationFailed", "perform action 'Microsoft.Storage/x/write' over scope '/s'")),
            AccessDenied,
            "AuthorizationFailed",
            "wait a few minutes, then run again",
        ),
        (
            ClientAuthenticationError("AADSTS7000222: expired"),
            AccessDenied,
            "AADSTS7000222",
            "has expired: create a new one",
        ),
        (ClientAuthenticationError("AADSTS90002: tenant"), AccessDenied, "AADSTS90002", "check tenant"),
        (
            ClientAuthenticationError("something"),
            AccessDenied,
            None,
            "check that tenant exists, then client_id and secret",
        ),
        (
            failed(401, arm("InvalidAuthenticationToken", "x"), ClientAuthenticationError),
            AccessDenied,
            "InvalidAuthenticationToken",
            "check that tenant exists, then client_id and secret",
        ),
        (AzureError("odd"), RemoteFailure, None, "error: odd; run again, and report a bug if it persists"),
    ],
)
def test_what_an_error_becomes(error: Any, kind: type[SiteRecoveryError], code: str | None, advice: str) -> None:
    found = translate(error, "read vault v")
    assert type(found) is kind
    assert found.details.get("code") == code
    assert found.message.startswith("could not read vault v: ")
    assert advice in found.message
    assert "\n" not in found.message
    assert len(found.message) < 800
    if hasattr(error, "response") and error.response is not None:
        assert found.details["request_id"] == "r-1"


def test_the_cause_is_kept_for_those_who_look_deeper() -> None:
    with pytest.raises(Unreachable) as caught, translated("do it"):
        raise ServiceRequestError("name resolution")
    assert "name resolution" in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, arm("ResourceNotFound", "x"), Absent(False)),
        (404, arm("NotFound", "x"), Absent(False)),
        (404, arm("ResourceGroupNotFound", "x"), Absent(True)),
        (404, {"ErrorCode": "ResourceExtendedInfoNotFound"}, Absent(False)),
        (404, arm("SubscriptionNotFound", "x"), None),
        (404, arm("InvalidResourceType", "x"), None),
        (404, arm("InvalidResourceNamespace", "x"), None),
        (404, "<html>", None),
        (404, "", None),
        (410, arm("Gone", "x"), None),
    ],
)
def test_only_the_services_404_is_absence(status: int, body: Any, expected: Absent | None) -> None:
    def call() -> Any:
        raise failed(status, body, ResourceNotFoundError)

    if expected is None:
        with pytest.raises(RemoteFailure):
            read("read it", call)
    else:
        assert read("read it", call) == expected


# Retries and waiting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pause", "again"), [("", True), ("1", True), ("90", True), ("91", False), ("3600", False)])
def test_long_pauses_are_not_waited_out(pause: str, again: bool) -> None:
    policy = pipeline.retries(3, 30)
    answer = answered(429, pause=pause)
    request = SimpleNamespace(method="GET")
    settings = policy.configure_retries({})
    found = policy.is_retry(settings, SimpleNamespace(http_response=answer, http_request=request))  # type: ignore[arg-type]
    assert bool(found) is again


class Poller:
    """A running operation."""

    def __init__(self, done: bool) -> None:
        self._done = done

    def wait(self, timeout: float) -> None:
        assert timeout == 0

    def done(self) -> bool:
        return self._done

    def status(self) -> str:
        return "InProgress"

    def result(self) -> str:
        return "made"


def test_an_operation_ends_or_is_past_its_deadline() -> None:
    ended: Any = Poller(True)
    assert operations.finish(ended, "create it", 0) == "made"
    running: Any = Poller(False)
    with pytest.raises(
        DeadlineExceeded,
        match=r"timed out after 0 s waiting for the end of the operation 'create it'; last state: InProgress; .*run",
    ):
        operations.finish(running, "create it", 0)


def test_settling_looks_until_nothing_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    sleeps: list[float] = []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(operations, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    looks = iter(["Updating", "Succeeded"])

    def pending(state: str) -> str | None:
        return operations.pending_state("it", state)

    assert operations.wait_until_settled("Creating", lambda: next(looks), pending, 100) == "Succeeded"
    assert sleeps == [2, 2]
    with pytest.raises(DeadlineExceeded, match=r"last state: it is Creating"):
        operations.wait_until_settled("Creating", lambda: "Creating", pending, 7)
    assert sum(sleeps) == 4 + 7


@pytest.mark.parametrize(
    ("state", "pending"),
    [
        ("Succeeded", False),
        ("failed", False),
        ("Canceled", False),
        ("Cancelled", False),
        ("", False),
        ("Updating", True),
        ("Odd", True),
    ],
)
def test_which_states_are_between_two(state: str, pending: bool) -> None:
    assert (operations.pending_state("it", state) is not None) is pending


@pytest.mark.parametrize(
    ("code", "waits"), [("StorageAccountBeingCreated", True), ("RetryableError", True), ("Conflict", False)]
)
def test_a_creation_that_meets_itself_waits_for_the_end(code: str, waits: bool) -> None:
    looks: list[str] = []

    def begin() -> Any:
        raise failed(409, arm(code, "x"))

    def look() -> str:
        looks.append("look")
        return "Succeeded"

    def run() -> None:
        operations.create(begin, "create it", look, lambda state: operations.pending_state("it", state), 1)

    if waits:
        run()
    else:
        with pytest.raises(RemoteFailure):
            run()
    assert bool(looks) is waits
