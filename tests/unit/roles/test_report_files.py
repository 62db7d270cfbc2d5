# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and the summary of a report, and the findings that make a playbook fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.document import json_schema

from .conftest import UNREACHABLE, Harness
from .test_site import FINISHED

NAMES = ["findings.csv", "report.html", "report.json", "report.xml"]


def written(harness: Harness) -> dict[str, Any]:
    folder = harness.folder / "report"
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    document: dict[str, Any] = json.loads((folder / "report.json").read_text())
    Draft202012Validator(json_schema()).validate(document)
    return document


def states(document: dict[str, Any]) -> dict[str, str]:
    return {machine["name"]: machine["state"] for machine in document["machines"]}


@pytest.mark.parametrize("check", [True, False])
def test_a_run_writes_its_files_also_in_check_mode(harness: Harness, check: bool) -> None:
    options = ("-e", f"site_report_directory={harness.folder}/report site_report_language=de")
    run = harness.play("site.yml", *options, *(["--check"] if check else []))
    assert run.code == 0, run.output
    document = written(harness)
    assert (document["run"]["check_mode"], document["run"]["stage"]) == (check, "setup")
    assert set(states(document)) == {"Azure", "vmm01", "hv01", "hv02"}
    assert [wave["machines"] for wave in document["waves"]] == [["hv01"], ["hv02"]]
    assert all(wave["begun"] and wave["ended"] and wave["seconds"] is not None for wave in document["waves"])
    assert set(states(document).values()) <= ({"planned"} if check else {"good", "warning"})
    page = (harness.folder / "report" / "report.html").read_text()
    assert '<html lang="de">' in page
    assert ("Der Lauf würde 4 von 4 Maschinen ändern." in page) == check


def test_a_wave_that_did_not_begin_has_no_times(harness: Harness) -> None:
    options = ("-e", f"site_report_directory={harness.folder}/report site_window_end=2020-01-01T00:00:00Z")
    run = harness.play("site.yml", *options)
    assert run.code != 0
    assert [(wave["begun"], wave["ended"]) for wave in written(harness)["waves"]] == [("", "")] * 2


def test_a_machine_that_is_not_reachable_is_in_the_files_and_unknown(harness: Harness) -> None:
    harness.hosts["hyperv_hosts"]["hv02"] = UNREACHABLE
    run = harness.play("preflight.yml", "-e", f"site_report_directory={harness.folder}/report site_summary=true")
    assert run.failed == {"hv02"}
    document = written(harness)
    assert states(document)["hv02"] == "unknown"
    assert document["counts"]["states"]["unknown"] == 1
    assert "1 of 4 machines stops the setup." in run.output
    assert "Error H1 (hv02)" in run.output


def test_a_folder_that_cannot_be_written_is_a_warning(harness: Harness) -> None:
    (harness.folder / "report").write_text("a file")
    run = harness.play("preflight.yml", "-e", f"site_report_directory={harness.folder}/report")
    assert run.code == 0, run.output
    assert "could not be written: File exists; run the report again" in " ".join(run.output.split())


@pytest.mark.parametrize(("fail_on", "fails"), [("error", False), ("warning", True), ("never", False)])
def test_a_warning_fails_the_preflight_only_if_asked(harness: Harness, fail_on: str, fails: bool) -> None:
    row = {"id": "target-scope", "step": "T1", "severity": "warning", "status": "fail", "fix": "grant it"}
    harness.given({**FINISHED, "target_checks": [{**row, "message": "may not create networks"}]})
    run = harness.play("preflight.yml", "-e", f"site_fail_on={fail_on}")
    assert (run.code != 0) == fails, run.output
    assert ("localhost" in run.failed) == fails


def test_with_never_an_error_does_not_fail_the_preflight_but_the_site(harness: Harness) -> None:
    harness.hosts["hyperv_hosts"]["hv02"] = UNREACHABLE
    run = harness.play("preflight.yml", "-e", "site_fail_on=never")
    assert (run.code, "not reachable" in run.output) == (0, True)
    assert harness.play("site.yml", "-e", "site_fail_on=never").failed == {"hv02"}
    assert harness.journal("write") == []
