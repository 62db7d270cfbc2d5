# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Splits command lines as Windows programs do, and masks their secrets for the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...context import digest
from ..filesystem import File

# The switches whose value is a secret: DRConfigurator's and the agent installer's.
_SECRET_SWITCHES = ("/proxypassword", "/pw")


@dataclass(frozen=True, slots=True)
class Invocation:
    """A program that was started: its file and its arguments."""

    file: File
    arguments: list[str]


def split(line: str) -> list[str]:
    """Split by the rules of the C runtime: backslashes count only before a quote, two quotes in a group are one."""
    words: list[str] = []
    word: list[str] = []
    quoted = started = False
    index = 0
    while index < len(line):
        character = line[index]
        if character == "\\":
            run = len(line) - index - len(line[index:].lstrip("\\"))
            index += run
            started = True
            if index < len(line) and line[index] == '"':
                word.append("\\" * (run // 2))
                if run % 2:
                    word.append('"')
                    index += 1
            else:
                word.append("\\" * run)
            continue
        if character == '"':
            if quoted and line[index + 1 : index + 2] == '"':
                word.append('"')
                index += 1
            else:
                quoted = not quoted
            started = True
        elif character in " \t" and not quoted:
            if started:
                words.append("".join(word))
            word, started = [], False
        else:
            word.append(character)
            started = True
        index += 1
    if started:
        words.append("".join(word))
    return words


def masked(words: list[str]) -> list[str]:
    """Return the words with each secret replaced by its digest, as a word of its own or after a colon."""
    return list(_masked(words))


def _masked(words: list[str]) -> Iterator[str]:
    secret_next = False
    for word in words:
        switch, colon, value = word.partition(":")
        if secret_next:
            yield digest(word)
            secret_next = False
        elif switch.lower() in _SECRET_SWITCHES:
            yield switch + colon + (digest(value) if value else "")
            secret_next = not value
        else:
            yield word
