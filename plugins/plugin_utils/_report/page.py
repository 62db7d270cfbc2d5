# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the document of a run as one HTML file. It needs no network, and no script for reading.

Every text of the document can come from another machine, so the templates escape all of them. The policy of the page
allows only its own style and script, by their hashes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .picture import draw
from .verdict import states_of, verdict
from .waves import duration
from .words import phrase

_FOLDER: Final = Path(__file__).parent / "assets"
#: The machines that a finding names before it counts the others.
_NAMED: Final = 12


def render(document: Mapping[str, Any], language: str = "en") -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def say(key: str, n: int | None = None, of: int = 0) -> str:
        return phrase(language, key, n, of)

    style, script, early = (_text(name) for name in ("page.css", "page.js", "early.js"))
    machines = document["machines"]
    states = states_of(machines)
    return environment.get_template("page.html.j2").render(
        document=document,
        language=language,
        say=say,
        duration=duration,
        verdict=verdict(document, language),
        states=states,
        groups=[(state, [each for each in machines if each["state"] == state]) for state, _count in states],
        picture=draw(document, others=say("no_cloud"), servers=say("role_azure_target") + " + VMM"),
        named=_NAMED,
        style=Markup(style),
        script=Markup(script),
        early=Markup(early),
        policy="; ".join(
            (
                "default-src 'none'",
                f"style-src {_source(style)}",
                f"script-src {_source(early)} {_source(script)}",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
    )


def _source(text: str) -> str:
    """Return the source expression of an inline text for the Content Security Policy."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
