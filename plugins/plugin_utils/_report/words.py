# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the page's own words in each language. Texts of checks and of other programs keep their language.

In assets/words.json a pair has the form for one and the form for any other number. `{n}` is that number, `{of}` the
number of all machines.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "de")
_FILE: Final = Path(__file__).parent / "assets" / "words.json"


def phrase(language: str, key: str, n: int | None = None, of: int = 0) -> str:
    """Return the words of a key. A pair needs the number `n`."""
    word = words()[language][key]
    return str(word if isinstance(word, str) else word[0 if n == 1 else 1].format(n=n, of=of))


@cache
def words() -> dict[str, dict[str, Any]]:
    """Return the words of each language by key."""
    return dict(json.loads(_FILE.read_text(encoding="utf-8")))
