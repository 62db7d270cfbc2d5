# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of machines to the newest version of a bundle, by the rule of the modules that install it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.bundle_steps import (
    SeenVersion,
    json_schema,
    plan_steps,
    read_versions,
    seen_on,
    unsupported_warnings,
    versions_document,
)

# Builds of update rollups 63, 64, 72 and 76: index 0, 1, 4 and 7 of the table, and a span of four is supported.
R63, R64, R72, R76 = "2.0.9249.0", "2.0.9257.0", "2.0.9917.0", "2.0.9938.0"


@pytest.mark.parametrize(
    ("program", "installed", "offered", "steps"),
    [
        ("agent", R63, [R76, R64, R72], (R72, R76)),
        ("agent", R72, [R76, R72], (R76,)),
        ("agent", R76, [R76, R72], ()),
        ("agent", "2.0.9999.0", [R76], ()),
        ("agent", None, [R72, R76], (R76,)),
        ("agent", R63, [], ()),
        # Older than the table: the first supported step is at most four builds after its beginning.
        ("agent", "2.0.9000.0", [R64, R72, R76], (R64, R72, R76)),
        ("provider", "5.1.6315.0", ["5.1.6620.0", "5.1.6537.0"], ("5.1.6537.0", "5.1.6620.0")),
        ("provider", "5.1.7626.0", ["5.1.8095.0"], ("5.1.8095.0",)),
    ],
)
def test_a_machine_goes_up_in_supported_steps(
    program: str, installed: str | None, offered: list[str], steps: tuple[str, ...]
) -> None:
    (planned,) = plan_steps([SeenVersion("m01", program, installed)], {program: offered})
    assert planned.versions == steps
    assert planned.next == (steps[0] if steps else None)


def test_every_gap_is_named_at_once() -> None:
    seen = [SeenVersion("hv01", "agent", R63), SeenVersion("hv02", "agent", R72), SeenVersion("hv03", "agent", R64)]
    seen.append(SeenVersion("vmm01", "provider", "5.1.4600.0"))
    with pytest.raises(Refused) as caught:
        plan_steps(seen, {"agent": [R76], "provider": ["5.1.8095.0"]})
    assert f"agent {R63} to {R76} (hv01); agent {R64} to {R76} (hv03); provider 5.1.4600.0 to" in str(caught.value)
    assert "hv02" not in str(caught.value)


def test_a_gap_after_a_step_names_the_version_that_is_reached() -> None:
    with pytest.raises(Refused, match=rf"agent {R64} to {R76} \(hv01\)"):
        plan_steps([SeenVersion("hv01", "agent", "2.0.9000.0")], {"agent": [R64, R76]})


def test_steps_that_are_not_supported_can_be_allowed() -> None:
    seen = [SeenVersion("hv01", "agent", "2.0.9000.0"), SeenVersion("hv02", "agent", R72)]
    first, second = plan_steps(seen, {"agent": [R64, R76]}, allow_unsupported=True)
    assert (first.versions, first.unsupported) == ((R64, R76), (R76,))
    assert second.unsupported == ()
    assert unsupported_warnings([first, second]) == (
        f"agent {R64} to {R76} (hv01) is not supported, so Microsoft may not help if it fails",
    )


def reading(**sections: Any) -> dict[str, Any]:
    return {"host": {"host": {"name": "M01"}, "agent": None, "provider": None, "unread": [], **sections}}


@pytest.mark.parametrize(
    ("kind", "result", "version"),
    [
        ("hyperv_host", reading(agent={"version": R63}), R63),
        ("hyperv_host", reading(), None),
        ("vmm_server", reading(provider={"version": "5.1.8095.0"}), "5.1.8095.0"),
        ("hyperv_host", reading(agent={"version": R63}, unread=[{"name": "tls"}]), R63),
    ],
)
def test_a_reading_becomes_a_version(kind: str, result: dict[str, Any], version: str | None) -> None:
    assert seen_on("m01", kind, result).version == version


@pytest.mark.parametrize(
    "result",
    [
        {"failed": True, "msg": "no"},
        {"unreachable": True},
        reading(host=None),
        reading(unread=[{"name": "agent"}]),
        reading(agent={"version": None}),
        {**reading(), "failed": True},
    ],
)
def test_a_machine_that_was_not_read_is_not_one_without_the_program(result: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="m01: the version of the agent could not be read"):
        seen_on("m01", "hyperv_host", result)


def test_a_file_of_versions_is_read_as_it_was_written() -> None:
    seen = (SeenVersion("hv01", "agent", R63), SeenVersion("vmm01", "provider", None))
    document = versions_document(seen)
    Draft202012Validator(json_schema()).validate(document)
    assert read_versions(json.dumps(document), "versions_file") == seen


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "must be a JSON document"),
        ("[]", "must be a JSON object with the list machines"),
        ('{"schema_version": 2, "machines": []}', "schema_version must be 1"),
        ('{"schema_version": 1, "machines": [{"host": "a", "program": "agent"}]}', r"machines\[0\].version is missing"),
        (
            '{"schema_version": 1, "machines": [{"host": "a", "program": "x", "version": null}]}',
            "program must be provider or agent",
        ),
    ],
)
def test_another_file_is_refused(text: str, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule):
        read_versions(text, "versions_file")
