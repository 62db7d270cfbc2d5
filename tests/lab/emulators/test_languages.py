# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""German and Japanese machines return the same results with other texts and number formats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.windows import languages, layout
from lab.windows.errors import MachineError
from tests.lab.conftest import Build
from tests.lab.emulators.cases.languages import abroad
from tests.lab.emulators.harness import Case, Harness
from tests.lab.emulators.internet import Internet
from tests.lab.emulators.table import CASES
from tests.lab.emulators.warm import WarmPwsh

FOREIGN = [language for language in languages.LANGUAGES if language != languages.ENGLISH]
# Addresses are asked through sockets, in which no language plays a part.
STATES = [
    case for case in CASES if not case.name.startswith("observe connectivity") and "language" not in str(case.machine)
]


@pytest.fixture(scope="module")
def stage(internet: Internet) -> Harness:
    return Harness(internet)


def without_reason(result: Any) -> Any:
    """Remove the texts of Windows from a result: people read them, and no decision depends on them."""
    if isinstance(result, dict):
        return {name: None if name == "error" else without_reason(value) for name, value in result.items()}
    return result


@pytest.mark.parametrize("language", FOREIGN)
def test_results_are_those_of_an_english_machine(stage: Harness, language: str) -> None:
    for case in STATES[FOREIGN.index(language) :: len(FOREIGN)]:
        here, there = stage.imitated(case), stage.imitated(abroad(case, language))
        for part in ("changed", "failed", "azure"):
            assert getattr(there, part) == getattr(here, part), (case.name, part)
        assert without_reason(there.result) == without_reason(here.result), case.name
        assert [verb for verb, _detail in there.journal] == [verb for verb, _detail in here.journal], case.name


@pytest.mark.parametrize("language", FOREIGN)
def test_windows_words_its_errors_and_names_its_services(build: Build, language: str) -> None:
    machine = build(kind="hyperv_host", os={"language": language})
    english = build(kind="hyperv_host", name="m2")
    for each in (machine, english):
        each.stop_service(layout.HYPERV_SERVICE)
        each.need_service(layout.HYPERV_SERVICE).start_mode = "Disabled"
    said = []
    for each in (machine, english):
        with each.process(), pytest.raises(MachineError) as refused:
            each.start_service(layout.HYPERV_SERVICE)
        said.append(str(refused.value))
    assert layout.HYPERV_SERVICE in said[0]
    assert said[0] != said[1]
    assert machine.need_service(layout.HYPERV_SERVICE).display_name not in said[1]


def test_a_language_that_the_lab_does_not_know_is_refused(build: Build) -> None:
    with pytest.raises(ValueError, match=r"m1: os\.language is fr-FR, and the lab knows en-US, de-DE, ja-JP"):
        build(os={"language": "fr-FR"})


@pytest.mark.needs("pwsh")
@pytest.mark.parametrize(
    ("language", "text"),
    [("en-US", "1.5 03/04/2026"), ("de-DE", "1,5 04.03.2026"), ("ja-JP", "1.5 2026/03/04")],
)
def test_scripts_run_where_numbers_and_dates_are_written_otherwise(shell: WarmPwsh, language: str, text: str) -> None:
    script = "$Ansible.Result = (1.5).ToString() + ' ' + [datetime]::new(2026, 3, 4).ToString('d')"
    assert shell.run(script, environment={"LAB_LANGUAGE": language}).result == text


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with WarmPwsh(tmp_path_factory.mktemp("languages")) as started:
        yield started


def test_the_table_has_every_script_in_another_language() -> None:
    def spoken(case: Case) -> str:
        return str(json.loads(json.dumps(case.machine.get("os") or {})).get("language", languages.ENGLISH))

    foreign = {case.script for case in CASES if spoken(case) == "de-DE"}
    assert foreign == {case.script for case in CASES}
    assert {spoken(case) for case in CASES} == set(languages.LANGUAGES)
