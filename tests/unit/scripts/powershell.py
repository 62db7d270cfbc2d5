# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Split PowerShell text into tokens, so that rules can be checked on machines without PowerShell.

This is not a parser. It finds strings, comments, variables, types, words and operators, and the words in the place of
a command. Where PowerShell is installed, a test compares the result with PowerShell's own parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Kind = Literal["comment", "string", "variable", "type", "word", "parameter", "number", "operator", "newline"]

_KEYWORDS = """
begin break catch continue do else elseif end exit finally for foreach function if in param process return switch throw
trap try until while
"""
KEYWORDS = frozenset(_KEYWORDS.split())
_PATTERNS: tuple[tuple[Kind | Literal["space"], re.Pattern[str]], ...] = (
    ("newline", re.compile(r"\n")),
    ("space", re.compile(r"[ \t\r]+|`\n")),
    ("comment", re.compile(r"#[^\n]*")),
    ("string", re.compile(r"'(?:[^']|'')*'")),
    ("variable", re.compile(r"\$\{[^}]+\}|[$@](?:\w+:)?\w+|\$[_?$^]")),
    ("number", re.compile(r"\d[\w.]*")),
    ("word", re.compile(r"[A-Za-z_][\w\-\\./]*")),
    ("parameter", re.compile(r"-[A-Za-z]\w*:?")),
    ("operator", re.compile(r"\?\?=?|\?\.|\?\[|&&|\|\||::|\.\.|@\(|@\{|\$\(|[-+*/%]=|\+\+|--|.", re.DOTALL)),
)
# A type in brackets. It can only begin an expression, because a bracket after a value is an index.
_TYPE = re.compile(r"\[(?:[A-Za-z_][\w.]*)(?:\[\])?(?:\([^\[\]]*\))?\]")
_STATEMENT_STARTS = frozenset(("{", "(", ";", "|", "&", "=", "+=", "@(", "@{", "$("))


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    line: int


def tokens(text: str) -> list[Token]:
    """Return every token, including those of `$(...)` in strings."""
    return list(_tokens(text, 1))


def _tokens(text: str, line: int) -> Iterator[Token]:
    position = 0
    before: Token | None = None
    while position < len(text):
        if text[position] == '"':
            end = _end_of_string(text, position)
            token = Token("string", text[position:end], line)
            yield token
            yield from _embedded(token)
        elif text[position] == "[" and _may_begin(before, text, position) and (found := _TYPE.match(text, position)):
            end = found.end()
            token = Token("type", found[0], line)
            yield token
        else:
            kind, found = next((kind, hit) for kind, pattern in _PATTERNS if (hit := pattern.match(text, position)))
            end = found.end()
            line_now = line
            if kind == "space":
                line += found[0].count("\n")
                position = end
                continue
            token = Token(kind, found[0], line_now)
            yield token
        line += text.count("\n", position, end)
        before, position = token, end


def _may_begin(before: Token | None, text: str, position: int) -> bool:
    touching = position > 0 and not text[position - 1].isspace()
    value = before is not None and (before.kind in {"variable", "word", "string"} or before.text in {")", "]"})
    return not (touching and value)


def _end_of_string(text: str, start: int) -> int:
    """Return the position after the closing quote of a double-quoted string. `$(...)` may contain quotes."""
    position, depth = start + 1, 0
    while position < len(text):
        character = text[position]
        if character == "`":
            position += 2
            continue
        if text.startswith("$(", position) or (depth and character == "(" and text[position - 1] != "$"):
            depth += 1
        elif depth and character == ")":
            depth -= 1
        elif character == '"' and not depth:
            return position + 1
        position += 1
    raise ValueError("a string does not end")


def _embedded(token: Token) -> Iterator[Token]:
    """Yield the tokens that PowerShell executes inside a string."""
    text, position = token.text, 1
    while (start := text.find("$(", position)) != -1:
        depth, end = 1, start + 2
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield Token("operator", "$(", token.line)
        yield from _tokens(text[start + 2 : end - 1], token.line)
        yield Token("operator", ")", token.line)
        position = end


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the names of its named parameters."""

    name: str
    parameters: tuple[str, ...]
    line: int


def commands(text: str) -> list[Command]:
    """Return every word in the place of a command."""
    found: list[Command] = []
    stream = [token for token in tokens(text) if token.kind != "comment"]
    for index, token in enumerate(stream):
        if token.kind != "word" or token.text.lower() in KEYWORDS or not _at_start(stream, index):
            continue
        if _is_key(stream, index):
            continue
        found.append(Command(token.text, tuple(_parameters(stream, index + 1)), token.line))
    return found


def _at_start(stream: list[Token], index: int) -> bool:
    if index == 0:
        return True
    before = stream[index - 1]
    if before.kind == "newline":
        return True
    return before.text in _STATEMENT_STARTS or before.text.lower() in {"return", "in", "else", "do", "throw", "}", ")"}


def _is_key(stream: list[Token], index: int) -> bool:
    """Tell whether a word is the key of a hashtable or an argument of an attribute: `name = value`."""
    after = stream[index + 1] if index + 1 < len(stream) else None
    return after is not None and after.text == "="


def _parameters(stream: list[Token], index: int) -> Iterator[str]:
    depth = 0
    for token in stream[index:]:
        if token.text in {"(", "{", "@(", "@{", "$("}:
            depth += 1
        elif token.text in {")", "}"}:
            depth -= 1
            if depth < 0:
                return
        elif depth == 0 and (token.kind == "newline" or token.text in {"|", ";"}):
            return
        elif depth == 0 and token.kind == "parameter" and not _is_operator(token.text):
            yield token.text.strip("-:")


def _is_operator(word: str) -> bool:
    return word.lower().strip("-") in {
        *(
            "eq",
            "ne",
            "gt",
            "lt",
            "ge",
            "le",
            "and",
            "or",
            "not",
            "in",
            "contains",
            "match",
            "notmatch",
            "like",
            "replace",
        ),
        *("join", "split", "f", "is", "as", "bor", "band"),
    }


def functions(text: str) -> set[str]:
    """Return the names of the functions that a text defines."""
    stream = tokens(text)
    return {
        after.text for before, after in pairwise(stream) if before.kind == "word" and before.text.lower() == "function"
    }
