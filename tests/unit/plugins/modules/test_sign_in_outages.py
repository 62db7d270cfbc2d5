# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outages of the sign-in service and of the cloud metadata: retried and limited like those of Resource Manager."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import clouds, methods, transport
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.waiting import is_passing
from lab.arm.machine_identity import MetadataService
from tests.support import logins
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription
from tests.unit.plugins.modules.test_signing_in import Harness, _serve

ALWAYS = 99
HTML = "<html><body>Sign in to the guest network</body></html>"
TOKEN, OPENID, METADATA = "post:/*/oauth2/v2.0/token", "get:/*/openid-configuration", "get:/metadata/endpoints"


@pytest.fixture
def harness(
    subscription: Subscription, loop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Harness]:
    logins.no_login(monkeypatch, tmp_path)
    monkeypatch.setattr(methods, "_RETRIES", 1)
    monkeypatch.setattr(clouds, "_RETRIES", 1)
    runner = loop.run(_serve(MetadataService(subscription.state, subscription.state.cloud.audiences)))
    yield Harness(subscription, tmp_path, monkeypatch, f"http://127.0.0.1:{runner.addresses[0][1]}")
    loop.run(runner.cleanup())


def break_at(harness: Harness, point: str, action: str, **detail: Any) -> Any:
    return harness.subscription.context.faults.plan(f"arm:{point}", action, **detail)  # type: ignore[arg-type]


def run(harness: Harness, **options: Any) -> Ended:
    return harness.run(**harness.with_secret(), **options)


#: Each outage, and whether the failure counts as transient.
OUTAGES: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502 of a gateway": {"status": 502, "page": HTML},
    "503": {"status": 503, "code": "ServiceUnavailable"},
    "504 without a body": {"status": 504, "page": ""},
    "503 that is null": {"status": 503, "body": None},
    "429": {"status": 429, "headers": {"Retry-After": "1"}},
    "a transient error of the directory": {
        "status": 400,
        "body": {"error": "server_error", "error_description": "AADSTS90033: A transient error has occurred."},
    },
    "a page": {"status": 200, "page": HTML},
    "a page that forbids": {"status": 403, "page": HTML},
    "null": {"status": 200, "body": None},
    "a list": {"status": 200, "body": []},
    "a text": {"status": 200, "body": "x"},
    "half an answer": {"status": 200, "cut": True},
}


@pytest.mark.parametrize("point", [TOKEN, OPENID])
@pytest.mark.parametrize("case", OUTAGES)
def test_an_outage_of_the_sign_in_service_is_not_reported_as_wrong_credentials(
    case: str, point: str, harness: Harness
) -> None:
    break_at(harness, point, "fail", times=ALWAYS, **OUTAGES[case])
    ended = run(harness)
    assert ended.failed
    assert ended.error["kind"] in ("remote_failure", "unreachable"), ended.msg
    assert is_passing(ended.error), ended.result
    for words in ("secret", "check that tenant", "NoneType", "JSON object", "Expecting value", "IncompleteRead"):
        assert words not in ended.msg
    assert "run again" in ended.msg
    assert "\n" not in ended.msg


@pytest.mark.parametrize("point", [TOKEN, OPENID, METADATA])
@pytest.mark.parametrize(
    "fault",
    [
        ("fail", {"status": 503}),
        ("fail", {"status": 500}),
        ("throttle", {"retry_after": 1}),
        ("throttle", {"retry_after": "soon"}),
        ("drop", {}),
        ("fail", {"status": 502, "page": HTML}),
    ],
    ids=str,
)
def test_one_failure_is_retried(point: str, fault: tuple[str, dict[str, Any]], harness: Harness) -> None:
    action, detail = fault
    break_at(harness, point, action, times=1, **detail)
    ended = run(harness)
    assert not ended.failed, ended.msg


@pytest.mark.parametrize("point", [TOKEN, OPENID, METADATA])
@pytest.mark.parametrize("pause", [91, 3600])
def test_a_long_pause_is_reported(point: str, pause: int, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    break_at(harness, point, "throttle", times=ALWAYS, retry_after=pause)
    ended = run(harness)
    assert (ended.error["status"], ended.error["retry_after"]) == (429, pause)
    assert f"wait {pause} s, then run again" in ended.msg
    assert not [seconds for seconds in slept if seconds > transport.LONGEST_PAUSE]


@pytest.mark.parametrize("point", [TOKEN, METADATA])
def test_no_pause_exceeds_the_timeout_of_the_run(point: str, harness: Harness) -> None:
    break_at(harness, point, "throttle", times=ALWAYS, retry_after=30)
    options: dict[str, Any] = {"name": "vault-dr", "resource_group": GROUP, "location": "westeurope", "wait_timeout": 5}
    ended = harness.subscription.run("vault", **options)
    assert (ended.error["status"], ended.error["retry_after"]) == (429, 30)


@pytest.mark.parametrize(("status", "failed"), [(500, True), (503, True), (429, True), (500, False)])
def test_an_outage_of_the_instance_metadata_service(status: int, failed: bool, harness: Harness) -> None:
    options = harness.with_managed_identity()
    harness.subscription.context.faults.plan("imds:get:*", "fail", times=ALWAYS if failed else 1, status=status)
    ended = harness.run(**options)
    assert ended.failed is failed
    if failed:
        assert ended.error["status"] == status
        assert is_passing(ended.error)


def test_the_number_of_attempts_is_that_of_resource_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    from ansible_collections.siterecovery.hyperv.plugins.module_utils._azure import clients

    assert methods._RETRIES == clouds._RETRIES == clients._RETRIES


#: Answers of the metadata address that are not from Azure.
NO_METADATA: dict[str, dict[str, Any]] = {
    "a page": {"status": 200, "page": HTML},
    "null": {"status": 200, "body": None},
    "a list of texts": {"status": 200, "body": ["x"]},
    "an audience that is a text": {"status": 200, "body": {"authentication": {"loginEndpoint": "x", "audiences": "y"}}},
    "an odd address": {
        "status": 200,
        "body": {"resourceManager": "https://[", "authentication": {"loginEndpoint": "https://x", "audiences": ["y"]}},
    },
    "404": {"status": 404},
    "a redirect": {"status": 302, "headers": {"Location": "https://other.example/"}},
    "half an answer": {"status": 200, "cut": True},
}


@pytest.mark.parametrize("case", NO_METADATA)
def test_an_answer_that_is_not_metadata_is_one_line(case: str, harness: Harness) -> None:
    break_at(harness, METADATA, "fail", times=ALWAYS, **NO_METADATA[case])
    ended = run(harness)
    assert ended.failed
    assert ended.error["kind"] in ("remote_failure", "unreachable")
    assert ended.msg.startswith("cloud_environment: https://127.0.0.1:")
    for words in ("Error(", "Expecting value", "object is not", "IncompleteRead"):
        assert words not in ended.msg


def test_a_netrc_file_does_not_replace_the_token(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login ann password canary-netrc\n")
    file.chmod(0o600)
    harness.set(NETRC=str(file))
    ended = run(harness)
    assert not ended.failed, ended.msg
