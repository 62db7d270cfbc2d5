# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/playbooks.md and docs/roles.md from the specifications, so that no variable is described twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from . import patterns
from .paths import ROOT, say

DOCS = ROOT / "docs"
PLAYBOOKS = ROOT / "playbooks"
VARIABLES = PLAYBOOKS / "site.meta.yml"
AWX_VARIABLES = PLAYBOOKS / "awx_setup.meta.yml"
TEMPLATES = DOCS / "job_templates.yml"
ROLES = ROOT / "roles"
#: The order in which the pages list playbooks: as `site` runs them.
ORDER = ("site", "preflight", "target", "vmm_servers", "hyperv_hosts", "report")

PLAYBOOKS_INTRODUCTION = """\
<!-- Made by `make pages` from playbooks/*.yml, playbooks/*.meta.yml and docs/job_templates.yml: edit those. -->
# Playbooks and their variables

Run a playbook by its full name. Each playbook also runs on its own, for example as a job template of AWX:

```console
ansible-playbook -i inventory siterecovery.hyperv.preflight
ansible-playbook -i inventory siterecovery.hyperv.site --check --diff
ansible-playbook -i inventory siterecovery.hyperv.site
```

Replace `inventory` by your own inventory. The [rollout guide](rollout.md#check-and-run) explains how a run gets the
password of encrypted secrets.

The playbooks expect VMM servers in the group `vmm_servers` and Hyper-V hosts in the group `hyperv_hosts`. The settings
of Azure, servers and hosts are variables of the [roles](roles.md). The plays on `localhost` read Azure, so include
`localhost` when you limit a run: `--limit localhost,hv01`.
"""

ROLES_INTRODUCTION = """\
<!-- Made by `make pages` from roles/*/meta/argument_specs.yml: edit those. -->
# Roles and their variables

Variables begin with the name of their role. A role validates its variables before it changes anything; the playbooks
validate the variables of all roles when the run begins. The README of each role shows an example.

The message of a failed task names the option of its module. The variable of the role ends with the same name:
`running_jobs` is `vmm_server_running_jobs`, and `create_resource_group` is `azure_target_create_resource_group`.

## Variables that most sites set

| role | variables |
| --- | --- |
%s

Most sites keep the defaults of all other variables.
"""
#: The variables that the example inventory sets, except tags.
COMMON = {
    "azure_target": (
        "subscription_id tenant client_id secret resource_group create_resource_group location vault_name"
        " storage_accounts virtual_networks"
    ),
    "vmm_server": "provider_source provider_checksum clouds proxy",
    "hyperv_host": "agent_source agent_checksum cache_path proxy",
}


def plain(text: Any) -> str:
    """Return the text of a specification as Markdown in one line."""
    words = " ".join(str(text).split())
    words = re.sub(r"\b[OVCEMP]\(((?:\\\)|[^)])*)\)|\bRV\(((?:\\\)|[^)])*)\)", _code, words)
    words = re.sub(r"\b[LR]\(([^,)]*),\s*([^)]*)\)", r"[\1](\2)", words)
    words = re.sub(r"\bU\(([^)]*)\)", r"<\1>", words)
    words = re.sub(r"\bB\(([^)]*)\)", r"**\1**", words)
    return re.sub(r"\bI\(([^)]*)\)", r"*\1*", words)


def _code(match: re.Match[str]) -> str:
    content = (match[1] or match[2]).removesuffix("#module").replace("\\)", ")").replace("\\\\", "\\")
    return f"`{content}`"


def described(value: Any) -> str:
    """Join the paragraphs of a description."""
    paragraphs = value if isinstance(value, list) else [value]
    return " ".join(plain(paragraph) for paragraph in paragraphs if paragraph)


def shown(value: Any) -> str:
    """Return a default as a person writes it in YAML; nothing for None."""
    if value is None:
        return ""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{text}`"


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    columns = list(titles)
    yield f"| {' | '.join(columns)} |"
    yield f"| {' | '.join('---' for _ in columns)} |"
    for row in rows:
        cells = [re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in row]
        yield f"| {' | '.join(cells)} |".replace("|  |", "| |")


def description_of(playbook: str) -> str:
    """Return the first comment after the document marker of a playbook."""
    lines = []
    for line in playbook.partition("---\n")[2].splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return plain(" ".join(lines))


def playbooks_page(
    playbooks: Mapping[str, str],
    options: Mapping[str, Mapping[str, Any]],
    readers: Mapping[str, Iterable[str]],
    awx: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return the page of playbooks. `readers` lists the variables that each playbook reads, except those of awx."""
    names = [*(name for name in ORDER if name in playbooks), *sorted(playbooks.keys() - set(ORDER))]
    lines = [PLAYBOOKS_INTRODUCTION, "## Playbooks", ""]
    lines += table(["playbook", "purpose"], ([f"`{name}`", description_of(playbooks[name])] for name in names))
    lines += ["", "## Variables", "", "Set them in the inventory or with `-e`.", ""]
    lines += table(
        ["variable", "type", "default", "description", "playbooks"],
        (
            [
                f"`{variable}`",
                _type(option),
                shown(option.get("default")),
                described(option["description"]),
                ", ".join(f"`{name}`" for name in names if variable in readers.get(name, ())),
            ]
            for variable, option in options.items()
        ),
    )
    if awx:
        lines += ["", "## Variables of the playbook `awx`", "", "[AWX](awx.md) explains the playbook.", ""]
        lines += table(["variable", "type", "default", "description"], _rows(awx))
    return "\n".join(lines) + "\n"


def roles_page(specifications: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page of roles: name of the role to its argument specs."""
    common = "\n".join(
        f"| `{role}` | {', '.join(f'`{role}_{name}`' for name in names.split())} |" for role, names in COMMON.items()
    )
    lines = [ROLES_INTRODUCTION % common, "## Contents", ""]
    for role, entries in sorted(specifications.items()):
        lines += [f"- {', '.join(_link(role, entry) for entry in _main_first(entries))}"]
    lines.append("")
    for role, entries in sorted(specifications.items()):
        for entry in _main_first(entries):
            specification = entries[entry]
            lines += [f"## {_title(role, entry)}", "", f"{plain(specification['short_description'])}.", ""]
            if specification.get("description"):
                lines += [described(specification["description"]), ""]
            rows = list(_rows(specification.get("options", {})))
            lines += (
                [*table(["variable", "type", "default", "description"], rows), ""] if rows else ["No variables.", ""]
            )
    return "\n".join(lines).rstrip("\n") + "\n"


def _main_first(entries: Iterable[str]) -> list[str]:
    return sorted(entries, key=lambda entry: (entry != "main", entry))


def _title(role: str, entry: str) -> str:
    return f"`{role}`" if entry == "main" else f"`{role}`, entry point `{entry}`"


def _link(role: str, entry: str) -> str:
    """Return a link to the section of an entry point. GitHub makes the anchor from the heading."""
    anchor = _title(role, entry).replace("`", "").replace(",", "").replace(" ", "-")
    return f"[`{role if entry == 'main' else entry}`](#{anchor})"


def _rows(options: Mapping[str, Mapping[str, Any]], prefix: str = "") -> Iterator[list[str]]:
    for name, option in options.items():
        default = "required" if option.get("required") else shown(option.get("default"))
        yield [f"`{prefix}{name}`", _type(option), default, described(option.get("description", ""))]
        mark = "[]." if option.get("type") == "list" else "."
        yield from _rows(option.get("options", {}), f"{prefix}{name}{mark}")


def _type(option: Mapping[str, Any]) -> str:
    kind = str(option.get("type", "str"))
    if option.get("elements"):
        kind = f"{kind} of {option['elements']}"
    choices = option.get("choices")
    return f"{kind}: {', '.join(f'`{choice}`' for choice in choices)}" if choices else kind


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def books() -> dict[str, str]:
    """Return the text of every playbook by its name."""
    return {path.stem: path.read_text() for path in sorted(PLAYBOOKS.glob("*.yml")) if not path.match("*.meta.yml")}


def playbook_options() -> dict[str, dict[str, Any]]:
    """Return the specification of every variable of the playbooks themselves."""
    options: dict[str, dict[str, Any]] = _load(VARIABLES)["argument_specs"]["site"]["options"]
    return options


def awx_options() -> dict[str, dict[str, Any]]:
    """Return the specification of every variable of the playbook awx."""
    options: dict[str, dict[str, Any]] = _load(AWX_VARIABLES)["argument_specs"]["awx_setup"]["options"]
    return options


def variable_readers() -> dict[str, list[str]]:
    """Return the variables that each playbook reads."""
    return {entry["name"]: entry["variables"] for entry in _load(TEMPLATES)["playbooks"]}


def pages() -> dict[Path, str]:
    """Return the path and the text of every page."""
    specifications = {
        path.parents[1].name: _load(path)["argument_specs"] for path in sorted(ROLES.glob("*/meta/argument_specs.yml"))
    }
    return {
        DOCS / "playbooks.md": playbooks_page(books(), playbook_options(), variable_readers(), awx_options()),
        DOCS / "roles.md": roles_page(specifications),
    }


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text)
        say(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
    patterns.write()


if __name__ == "__main__":
    main()
