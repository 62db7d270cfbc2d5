# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published JSON schemas are those of the model."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from tests.tools.schemas import FOLDER, schemas


def test_every_published_schema_is_generated() -> None:
    assert set(FOLDER.iterdir()) == set(schemas())


@pytest.mark.parametrize("name", [path.name for path in sorted(FOLDER.iterdir())])
def test_a_schema_is_valid_and_that_of_the_model(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads(text))
    assert text == schemas()[FOLDER / name], "write it again: python -m tests.tools.schemas"
