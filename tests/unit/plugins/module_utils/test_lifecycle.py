# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of observing, planning, applying and verifying, also in check mode."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import NotConverged
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import (
    HIDDEN,
    Change,
    Plan,
    compare,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.resource import (
    Applied,
    ManagedResource,
    converge,
)


class Switch(ManagedResource[dict[str, Any], Applied]):
    """A resource with one value and a password that cannot be read back. It records the calls."""

    steps = ("B1", "S1")

    def __init__(self, actual: str, desired: str, *, password: str | None = None, broken: bool = False) -> None:
        self.actual, self.desired, self.password, self.broken = actual, desired, password, broken
        self.calls: list[str] = []

    def observe(self) -> dict[str, Any]:
        self.calls.append("observe")
        return {"value": self.actual}

    def wait_until_settled(self, state: dict[str, Any]) -> tuple[dict[str, Any], Applied]:
        self.calls.append("wait_until_settled")
        return state, Applied()

    def plan(self, state: dict[str, Any]) -> Plan:
        self.calls.append("plan")
        secret = Change("password", None, self.password, "set the password", secret=True) if self.password else None
        return Plan.of([compare("value", state["value"], self.desired), secret])

    def apply(self, plan: Plan, state: dict[str, Any]) -> Applied:
        self.calls.append("apply")
        self.actual = self.actual if self.broken else self.desired
        return Applied()

    def to_result(self, state: dict[str, Any]) -> dict[str, Any]:
        return dict(state)

    def describe(self, state: dict[str, Any]) -> str:
        return f"value {state['value']}"

    def warnings(self, state: dict[str, Any]) -> tuple[str, ...]:
        return (f"seen {state['value']}",)


READ = ["observe", "plan"]
SETTLE = ["observe", "wait_until_settled", "plan"]


@pytest.mark.parametrize(
    ("name", "actual", "check", "calls", "after"),
    [
        ("changed", "off", False, [*SETTLE, "apply", *READ], "on"),
        ("as desired", "on", False, SETTLE, "on"),
        ("check mode only reads", "off", True, READ, "on"),
        ("check mode, as desired", "on", True, READ, "on"),
    ],
)
def test_converge(name: str, actual: str, check: bool, calls: list[str], after: str) -> None:
    resource = Switch(actual, "on")
    outcome = converge(resource, check_mode=check)
    assert resource.calls == calls
    assert outcome.changed is (actual != "on")
    assert (outcome.before, outcome.after) == ({"value": actual}, {"value": after})
    assert resource.actual == (actual if check else "on")


def test_a_second_run_applies_nothing() -> None:
    resource = Switch("off", "on")
    converge(resource, check_mode=False)
    resource.calls.clear()
    assert not converge(resource, check_mode=False).changed
    assert "apply" not in resource.calls


def test_a_value_that_reads_back_differently_has_not_converged() -> None:
    with pytest.raises(NotConverged) as caught:
        converge(Switch("off", "on", broken=True), check_mode=False)
    result = caught.value.to_result()
    assert "value is off instead of on" in result["msg"]
    assert result["error"]["plan"] == [{"path": "value", "before": "off", "after": "on", "reason": ""}]


def test_a_password_that_is_planned_again_is_not_a_failure_and_is_never_shown() -> None:
    resource = Switch("on", "on", password="canary-1")
    outcomes = [converge(resource, check_mode=check) for check in (False, True)]
    assert all(outcome.changed for outcome in outcomes)
    assert "password" not in outcomes[1].after
    assert outcomes[1].plan.to_result()[-1]["after"] == HIDDEN
    texts = [(outcome.plan.to_result(), outcome.before, outcome.after, outcome.evidence) for outcome in outcomes]
    assert "canary-1" not in repr(texts)


@pytest.mark.parametrize(
    ("name", "actual", "check", "done", "verified", "warning"),
    [
        ("changed", "off", False, "value: off -> on", "value on", "seen on"),
        ("as desired", "on", False, "nothing to do", "value on", "seen on"),
        ("planned", "off", True, "planned: value: off -> on", "known after the run", "seen off"),
    ],
)
def test_evidence_has_a_line_for_each_step(
    name: str, actual: str, check: bool, done: str, verified: str, warning: str
) -> None:
    outcome = converge(Switch(actual, "on"), check_mode=check)
    expected = {"found": f"value {actual}", "done": done, "verified": verified}
    assert [entry.to_result() for entry in outcome.evidence] == [{"step": step, **expected} for step in ("B1", "S1")]
    assert outcome.warnings == (warning,)
