# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The function that quotes arguments of programs, in PowerShell: every value arrives unchanged."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lab.engines.emulators.base import quoted
from lab.windows.programs.commandline import split

VALUES = [
    "",
    "a b",
    "a\\",
    "a\\\\",
    'a"b',
    'a\\"b',
    '"',
    '\\"\\',
    "a\n",
    "a\\\n",
    "b\\\\\n",
    "a\\\r\n",
    "$x `n %PATH% 'q'",
    "ä\\",
]
_QUOTE = """
. $args[0]
$values = Get-Content -LiteralPath $args[1] -Raw -Encoding UTF8 | ConvertFrom-Json
ConvertTo-Json -InputObject @($values | ForEach-Object { ConvertTo-Argument -Value $_ })
"""


@pytest.mark.needs("pwsh")
def test_a_quoted_value_arrives_unchanged(collection_root: Path, tmp_path: Path) -> None:
    function = collection_root / "plugins/plugin_utils/_windows/scripts/functions/ConvertTo-Argument.ps1"
    script, values = tmp_path / "quote.ps1", tmp_path / "values.json"
    script.write_text(_QUOTE)
    values.write_text(json.dumps(VALUES))
    command = ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(script), str(function), str(values)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)
    assert found == [quoted(value) for value in VALUES]
    assert [split(text) for text in found] == [[value] for value in VALUES]
