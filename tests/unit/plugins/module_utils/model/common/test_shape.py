# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes accept what Ansible makes of an answer, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.shape import (
    BOOL,
    NUMBER,
    TEXT,
    Optional,
    Shape,
    first_misshapen,
)


class Marked(str):
    """A text that ansible-core 2.16 marks as unsafe, and later ones as tagged."""


@pytest.mark.parametrize(
    ("value", "shape"),
    [(Marked("a"), TEXT), (1, NUMBER), (True, BOOL), (None, Optional(TEXT)), ({"a": [Marked("b")]}, {"a": [TEXT]})],
)
def test_a_value_of_the_shape(value: Any, shape: Shape) -> None:
    assert first_misshapen(value, shape) is None


@pytest.mark.parametrize(
    ("value", "shape", "text"),
    [
        (True, NUMBER, "x as true or false instead of a whole number"),
        (1, BOOL, "x as a whole number instead of true or false"),
        (Marked("1"), NUMBER, "x as a text instead of a whole number"),
        (1.5, NUMBER, "x as a float instead of a whole number"),
        (None, TEXT, "x as null instead of a text"),
    ],
)
def test_a_value_of_another_shape_is_named(value: Any, shape: Shape, text: str) -> None:
    found = first_misshapen(value, shape, "x")
    assert found is not None
    assert found.describe() == text
