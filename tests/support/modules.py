# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules one after another in the interpreter that executes this file, which has ansible-core and the SDKs.

The program reads a JSON list of calls (module, arguments) from standard input, and writes a JSON list of results to
standard output. PYTHONPATH must contain the folder that holds `ansible_collections`. The file must not import other
parts of the tests, because a cell has no test tools.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

from ansible.module_utils import basic

PLUGINS = "ansible_collections.siterecovery.hyperv.plugins."


@contextlib.contextmanager
def arguments(given: dict[str, Any]) -> Iterator[None]:
    """Pass arguments to a module; works for ansible-core 2.16 and later."""
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()
        yield
    else:
        with patch_module_args(given):
            yield


def run(name: str, given: dict[str, Any]) -> dict[str, Any]:
    output = io.StringIO()
    module = importlib.import_module(f"{PLUGINS}modules.{name}")
    with arguments(given), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        module.main()
    result: dict[str, Any] = json.loads(output.getvalue().splitlines()[-1])
    return result


if __name__ == "__main__":
    # The simulated Azure finishes operations immediately, so the module polls more often than the real Azure allows.
    vars(importlib.import_module(f"{PLUGINS}module_utils._azure.clients"))["_POLL_SECONDS"] = 0.2
    results = [run(call["module"], call["arguments"]) for call in json.load(sys.stdin)]
    json.dump(results, sys.stdout)
