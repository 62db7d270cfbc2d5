# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata that Galaxy and the forge read is complete, and the workflow runs what a developer runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.paths import ROOT

FORGE = ROOT / ".github"
#: Galaxy requires one of these tags and accepts at most 20 tags of lower-case letters and digits.
CATEGORIES = {
    "application",
    "cloud",
    "database",
    "infrastructure",
    "linux",
    "monitoring",
    "networking",
    "security",
    "storage",
    "tools",
    "windows",
}
#: The sections that certification expects in a README, in this order.
SECTIONS = [
    "Description",
    "Requirements",
    "Installation",
    "Quick start",
    "Coverage",
    "Use cases",
    "Documentation",
    "Testing",
    "Contributing",
    "Support",
    "Release notes",
    "License",
]


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


GALAXY: dict[str, Any] = _load(ROOT / "galaxy.yml")


def tag_problems(tags: list[str]) -> list[str]:
    """Return what Galaxy would reject in a list of tags."""
    problems = [
        f"{tag}: only lower-case letters and digits" for tag in tags if not re.fullmatch(r"[a-z0-9]{1,64}", tag)
    ]
    if len(tags) > 20:
        problems.append("more than 20 tags")
    if not CATEGORIES & set(tags):
        problems.append("no tag of a category")
    return problems


def test_galaxy_accepts_the_tags() -> None:
    assert tag_problems(GALAXY["tags"]) == []


@pytest.mark.parametrize("tags", [["cloud", "disaster_recovery"], ["azure"], ["cloud", *map(str, range(20))]])
def test_bad_tags_are_found(tags: list[str]) -> None:
    assert tag_problems(tags)


@pytest.mark.parametrize("name", ["repository", "documentation", "homepage", "issues"])
def test_galaxy_links_to_the_project(name: str) -> None:
    assert GALAXY[name].startswith("https://github.com/siterecovery/siterecovery.hyperv")


def test_the_description_is_one_sentence_without_a_period() -> None:
    assert re.fullmatch(r"[A-Z][^.]{20,140}[^.]", GALAXY["description"])


def test_the_readme_has_the_sections_of_the_certified_template() -> None:
    headings = re.findall(r"(?m)^## (.+)$", (ROOT / "README.md").read_text())
    assert [heading for heading in headings if heading in SECTIONS] == SECTIONS


def test_the_readme_links_by_full_addresses() -> None:
    """Galaxy and Automation Hub show the README without the files next to it."""
    targets = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert targets
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []


def _pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").glob("*/README.md")]


@pytest.mark.parametrize("path", _pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_own_files_lead_somewhere(path: Path) -> None:
    own = "https://github.com/siterecovery/siterecovery.hyperv/"
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        name, _, anchor = target.partition("#")
        if name.startswith(own):
            file = ROOT / re.sub(r"^(blob|tree)/main/?", "", name.removeprefix(own))
            if not name.removeprefix(own).startswith(("blob/", "tree/")):
                continue
        elif "://" in name or name.startswith("mailto:"):
            continue
        else:
            file = path.parent / name if name else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            missing.append(target)
    assert missing == []


def anchors(path: Path) -> set[str]:
    """Return the anchors of a Markdown page as the forge makes them from headings."""
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))


def test_the_workflow_runs_make_targets_only() -> None:
    steps = [
        step
        for path in (FORGE / "workflows").glob("*.yml")
        for job in _load(path)["jobs"].values()
        for step in job["steps"]
    ]
    commands = [step["run"] for step in steps if "run" in step]
    called = {match[1] for command in commands if (match := re.fullmatch(r"make ([a-z]+)( ARGS=\S.*)?", command))}
    assert len(called) == len(set(commands))
    assert called <= _targets()
    assert {"environments", "gates", "test"} <= called
    assert all(step.get("name") for step in steps)


def test_ci_calls_the_same_targets_as_the_workflow() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    called = set(re.findall(r"\bmake (?:--no-print-directory )?([a-z]+)", script))
    assert {"environments", "gates", "test"} <= called <= _targets()


@pytest.mark.parametrize("path", sorted((FORGE / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem)
def test_an_issue_template_is_complete(path: Path) -> None:
    form = _load(path)
    if path.stem == "config":
        assert form["contact_links"][0]["url"].endswith("/security/advisories/new")
        return
    assert {"name", "description", "body"} <= form.keys()
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)


def test_ansible_finds_the_fragments_that_are_named() -> None:
    """Ansible takes a file of the last name for the whole fragment, in any file, and leaves the named one out."""
    files = {path.stem for path in (ROOT / "plugins" / "doc_fragments").glob("*.py")}
    named = re.compile(r"^  - siterecovery\.hyperv\.\w+\.(\w+)$", re.MULTILINE)
    modules = (ROOT / "plugins" / "modules").glob("*.py")
    assert [path.name for path in modules if files & set(named.findall(path.read_text()))] == []
