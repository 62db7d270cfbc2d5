# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wait of the action plugin for VMM servers (P10): its end, its tolerance of faults, and its progress."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.siterecovery.hyperv.plugins.action import vmm_server_info as action

VAULT_ID = "/subscriptions/s/vault"
EVIDENCE = [{"step": "P10", "found": "x", "done": "nothing to do", "verified": "x"}]
DONE: dict[str, Any] = {
    "changed": False,
    "vault_id": VAULT_ID,
    "exists": True,
    "progress": [],
    "waited": False,
    "evidence": EVIDENCE,
}
MISSING = {"server": "vmm01", "reached": "not registered", "outstanding": ["registration"]}
NO_HEARTBEAT = {"server": "vmm01", "reached": "fabric registered", "outstanding": ["provider heartbeat"]}
NOT_YET = {**DONE, "progress": [MISSING]}
NEARLY = {**DONE, "progress": [NO_HEARTBEAT]}
NO_VAULT = {**NOT_YET, "exists": False}


def failure(kind: str, **details: Any) -> dict[str, Any]:
    return {"failed": True, "msg": f"could not: {kind}", "error": {"kind": kind, **details}}


DENIED = failure("access_denied", status=403)
WRONG = failure("invalid_input", option="names")
CUT = failure("unreachable")
BUSY = failure("remote_failure", status=503)
THROTTLED = failure("remote_failure", status=429, retry_after=324)


class Harness:
    """Run the plugin with a simulated clock and prepared results of reads. The last result repeats."""

    def __init__(self, reads: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads = reads
        self.now = 0.0
        self.asked: list[dict[str, Any]] = []
        self.slept: list[float] = []
        self.displayed: list[str] = []
        monkeypatch.setattr(action, "time", SimpleNamespace(monotonic=lambda: self.now, sleep=self._sleep))
        monkeypatch.setattr(action, "Display", lambda: SimpleNamespace(display=self.displayed.append))

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _read(self, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        assert module_name == "siterecovery.hyperv.vmm_server_info"
        self.asked.append(module_args)
        return self.reads.pop(0) if len(self.reads) > 1 else self.reads[0]

    def run(self, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        task = mock.MagicMock(args={"vault_name": "v", "names": ["vmm01"], **arguments}, check_mode=check, async_val=0)
        plugin = action.ActionModule(task, *(mock.MagicMock() for _ in range(5)))
        with mock.patch.object(plugin, "_execute_module", self._read):
            result: dict[str, Any] = plugin.run(task_vars={})
        return result


@pytest.mark.parametrize(
    ("name", "reads", "count", "failed"),
    [
        ("done at once", [DONE], 1, False),
        ("done in the end", [NOT_YET, NEARLY, DONE], 3, False),
        ("temporary faults", [CUT, BUSY, NOT_YET, CUT, DONE], 5, False),
        ("no right", [NOT_YET, DENIED], 2, True),
        ("a wrong option", [WRONG], 1, True),
        ("no vault", [NO_VAULT], 1, True),
        ("a crash of the module", [{"failed": True, "msg": "crash"}], 1, True),
    ],
)
def test_when_the_wait_ends(
    name: str, reads: list[dict[str, Any]], count: int, failed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness(reads, monkeypatch)
    result = harness.run(wait=True)
    assert (len(harness.asked), bool(result.get("failed"))) == (count, failed)
    assert all(asked["wait"] is True for asked in harness.asked)
    left = [asked["wait_timeout"] for asked in harness.asked]
    assert (left[0], left) == (2700, sorted(left, reverse=True))
    if not failed:
        assert result["waited"] is True
        assert result["evidence"][0]["done"].startswith("waited ")


def test_a_vault_that_does_not_exist_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Harness([NO_VAULT], monkeypatch).run(wait=True)
    assert result["error"]["kind"] == "refused"
    assert result["msg"].startswith("vault_name: the vault does not exist")


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (NEARLY, "vmm01: fabric registered, waiting for provider heartbeat"),
        (CUT, "Azure is not readable at the moment"),
    ],
)
def test_the_deadline(last: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness([NOT_YET, last], monkeypatch)
    result = harness.run(wait=True, wait_timeout=60)
    assert (result["failed"], result["error"]["kind"]) == (True, "deadline_exceeded")
    assert (harness.now, result["waited"]) == (60, True)
    assert words in result["msg"]
    assert "run again to continue waiting, or increase wait_timeout" in result["msg"]
    assert result.get("progress") == last.get("progress")


def test_reads_become_less_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness([NOT_YET], monkeypatch)
    harness.run(wait=True)
    assert harness.now == 2700
    assert (harness.slept[0], max(harness.slept)) == (2, 30)
    assert len(harness.asked) < 130


def test_a_service_that_asks_for_a_pause_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness([THROTTLED, DONE], monkeypatch)
    assert not harness.run(wait=True).get("failed")
    assert harness.slept == [324]
    harness = Harness([THROTTLED], monkeypatch)
    harness.run(wait=True, wait_timeout=100)
    assert harness.slept == [100]


def test_each_new_state_is_displayed_once_and_again_each_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness([NOT_YET] * 3 + [NEARLY] * 20 + [DONE], monkeypatch)
    harness.run(wait=True)
    assert harness.displayed[0] == "P10 vmm01: not registered, waiting for registration (0 s of 45 min)"
    states = [line.rpartition(" (")[0] for line in harness.displayed]
    assert states[1] == "P10 vmm01: fabric registered, waiting for provider heartbeat"
    assert set(states[1:]) == {states[1]}
    assert 2 < len(states) < 2 + harness.now / 60 + 1


@pytest.mark.parametrize(("wait", "check"), [(False, False), ("no", False), (True, True), ("yes", True)])
def test_one_read_without_waiting(wait: Any, check: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check mode reads the servers too. The module gets the same options in both modes."""
    harness = Harness([NOT_YET], monkeypatch)
    assert harness.run(wait=wait, check=check) == NOT_YET
    assert (len(harness.asked), harness.slept, harness.displayed) == (1, [], [])
    assert harness.asked[0]["wait"] is (wait in (True, "yes"))


@pytest.mark.parametrize(
    ("option", "value"), [("wait", "perhaps"), ("wait_timeout", "soon"), ("wait_timeout", -1), ("wait_timeout", None)]
)
def test_a_wrong_value_is_refused_before_any_read(option: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness([DONE], monkeypatch)
    with pytest.raises(AnsibleActionFail, match=rf"^{option} must "):
        harness.run(**{"wait": True, option: value})
    assert harness.asked == []
