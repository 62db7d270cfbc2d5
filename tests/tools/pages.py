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

from .paths import ROOT, say

DOCS = ROOT / "docs"
VARIABLES = DOCS / "playbook_variables.yml"
PLAYBOOKS = ROOT / "playbooks"
ROLES = ROOT / "roles"
#: The order in which the pages list playbooks: as `site` runs them.
ORDER = ("site", "preflight", "target", "vmm_servers", "hyperv_hosts", "report")

PLAYBOOKS_INTRODUCTION = """\
<!-- Made by `make pages` from docs/playbook_variables.yml and the comments of the playbooks: edit those. -->
# Playbooks and their variables

Run a playbook by its full name. Each playbook also runs on its own, for example as a job template of AWX:

```console
ansible-playbook -i inventory siterecovery.hyperv.preflight
ansible-playbook -i inventory siterecovery.hyperv.site --check --diff
ansible-playbook -i inventory siterecovery.hyperv.site
```

The playbooks expect VMM servers in the group `vmm_servers` and Hyper-V hosts in the group `hyperv_hosts`. The settings
of Azure, servers and hosts are variables of the [roles](roles.md). The plays on `localhost` read Azure, so include
`localhost` when you limit a run: `--limit localhost,hv01`.
"""

ROLES_INTRODUCTION = """\
<!-- Made by `make pages` from roles/*/meta/argument_specs.yml: edit those. -->
# Roles and their variables

Variables begin with the name of their role. A role validates its variables before it changes anything; the playbooks
validate the variables of all roles when the run begins. The README of each role shows an example.
"""


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


def playbooks_page(playbooks: Mapping[str, str], variables: Iterable[Mapping[str, Any]]) -> str:
    """Return the page of playbooks: name to text, and the entries of the file of variables."""
    names = [*(name for name in ORDER if name in playbooks), *sorted(playbooks.keys() - set(ORDER))]
    lines = [PLAYBOOKS_INTRODUCTION, "## Playbooks", ""]
    lines += table(["playbook", "purpose"], ([f"`{name}`", description_of(playbooks[name])] for name in names))
    lines += ["", "## Variables", "", "Set them in the inventory or with `-e`.", ""]
    lines += table(
        ["variable", "type", "default", "description", "playbooks"],
        (
            [
                f"`{entry['name']}`",
                _type(entry),
                shown(entry.get("default")),
                described(entry["description"]),
                ", ".join(f"`{name}`" for name in names if name in entry["playbooks"]),
            ]
            for entry in variables
        ),
    )
    return "\n".join(lines) + "\n"


def roles_page(specifications: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page of roles: name of the role to its argument specs."""
    lines = [ROLES_INTRODUCTION]
    for role, entries in sorted(specifications.items()):
        for entry, specification in sorted(entries.items(), key=lambda item: (item[0] != "main", item[0])):
            title = f"`{role}`" if entry == "main" else f"`{role}`, entry point `{entry}`"
            lines += [f"## {title}", "", f"{plain(specification['short_description'])}.", ""]
            if specification.get("description"):
                lines += [described(specification["description"]), ""]
            rows = list(_rows(specification.get("options", {})))
            lines += (
                [*table(["variable", "type", "default", "description"], rows), ""] if rows else ["No variables.", ""]
            )
    return "\n".join(lines).rstrip("\n") + "\n"


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


def pages() -> dict[Path, str]:
    """Return the path and the text of every page."""
    books = {path.stem: path.read_text() for path in sorted(PLAYBOOKS.glob("*.yml"))}
    specifications = {
        path.parents[1].name: _load(path)["argument_specs"] for path in sorted(ROLES.glob("*/meta/argument_specs.yml"))
    }
    return {
        DOCS / "playbooks.md": playbooks_page(books, _load(VARIABLES)),
        DOCS / "roles.md": roles_page(specifications),
    }


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text)
        say(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")


if __name__ == "__main__":
    main()
