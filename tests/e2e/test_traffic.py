# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every end-to-end test checks its requests and responses at the end. These tests show that the check can fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cells import Cell
from tests.e2e.conftest import Labs, controller_of

STRANGE: dict[str, Any] = {
    "method": "GET",
    "path": "/subscriptions/x/strange",
    "query": {},
    "request": None,
    "status": 200,
}


@pytest.mark.needs("contracts")
def test_a_response_without_a_definition_is_found(main_cell: Cell, tmp_path: Path) -> None:
    labs = Labs(tmp_path)
    controller_of(main_cell, labs.start()).run("siterecovery.hyperv.preflight")
    file = tmp_path / "traffic-0.jsonl"
    assert len(file.read_text().splitlines()) > 3
    with file.open("a") as traffic:
        traffic.write(json.dumps({**STRANGE, "headers": {}, "response": {}}) + "\n")
    with pytest.raises(AssertionError, match="no definition has this operation"):
        labs.stop()


@pytest.mark.needs("contracts")
def test_a_request_that_no_definition_allows_is_found(main_cell: Cell, tmp_path: Path) -> None:
    """Check a refused request too: its response is right, and only the request is wrong."""
    labs = Labs(tmp_path)
    labs.start()
    refused: dict[str, Any] = {**STRANGE, "status": 404, "response": {"error": {"code": "NotFound", "message": "x"}}}
    (tmp_path / "traffic-0.jsonl").write_text(json.dumps({**refused, "headers": {}}) + "\n")
    with pytest.raises(AssertionError, match="no definition has this operation"):
        labs.stop()
