# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/inferred.md: behavior that the lab imitates without a document or a recording as its source.

Comments and docstrings of the lab mark such behavior with the word `inferred`. The page has no line numbers, so that it
changes only when the text changes.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from .paths import ROOT, say

LAB = ROOT / "extensions" / "lab"
PAGE = ROOT / "docs" / "inferred.md"
MARK = re.compile(r"\binferred\b", re.IGNORECASE)
# Asterisks mark a text that explains the word itself.
EXPLAINED = re.compile(r"\*inferred\*")
# Maximum number of lines between a comment and the error that it describes.
REACH = 4

SIDES = {"arm": "Azure", "windows": "Windows machines and their programs", "winrm": "WinRM", "engines": "PowerShell"}
ELSEWHERE = "Elsewhere"

INTRODUCTION = """\
<!-- Made by `make inferred` from the comments in extensions/lab: edit those. -->
# What the lab infers

The lab imitates Azure, WinRM and Windows from public documents and from published recordings of real traffic. This page
lists behavior that neither describes, so that you can assess it. Reactions of the collection to this behavior were
observed in the lab only. No statement of the README rests only on an entry of this page.

An entry can end with the status, code and text of the lab's answer; `…` represents a name or a value.
"""


@dataclass(frozen=True, slots=True)
class Inference:
    """One place: the file below extensions/lab, the function or constant, the inferred behavior, the answer."""

    path: str
    place: str
    text: str
    answer: str

    def line(self) -> str:
        place = f"`{self.path}`" + (f", `{self.place}`" if self.place else "")
        return f"- {place}: {self.text}" + (f" Answer: {self.answer}" if self.answer else "")


def inferences(path: str, source: str) -> list[Inference]:
    """Return every inferred behavior of one file in its order."""
    tree = ast.parse(source)
    found = [*_in_docstrings(path, tree), *_in_comments(path, tree, source)]
    return [inference for _line, inference in sorted(found, key=lambda item: item[0])]


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _definitions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, Definition]]:
    for node in ast.iter_child_nodes(tree):
        name = outer
        if isinstance(node, Definition):
            name = f"{outer}.{node.name}" if outer else node.name
            yield name, node
        yield from _definitions(node, name)


def _in_docstrings(path: str, tree: ast.Module) -> Iterator[tuple[int, Inference]]:
    for name, node in [("", tree), *_definitions(tree)]:
        sentences = re.split(r"(?<=\.)\s+(?=[A-Z\"`(])|\n\s*\n|\n- ", ast.get_docstring(node) or "")
        text = " ".join(_flat(sentence) for sentence in sentences if _is_marked(sentence))
        if text:
            yield getattr(node, "lineno", 0), Inference(path, name, _sentence(text), "")


def _in_comments(path: str, tree: ast.Module, source: str) -> Iterator[tuple[int, Inference]]:
    for last, text in _comments(source):
        if _is_marked(text):
            yield last, Inference(path, _place(tree, last), _sentence(_flat(text)), _answer(tree, last))


def _is_marked(text: str) -> bool:
    return bool(MARK.search(text)) and not EXPLAINED.search(text)


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield each comment with the number of its last line. Consecutive comment lines are one comment."""
    alone = [
        (token.start[0], token.string.lstrip("#:").strip())
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    for _offset, group in groupby(enumerate(alone), key=lambda item: item[1][0] - item[0]):
        lines = [line for _index, line in group]
        yield lines[-1][0], " ".join(text for _number, text in lines)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _sentence(text: str) -> str:
    """Capitalize a text and add its final period."""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", ")")) else f"{text}."


def _place(tree: ast.Module, line: int) -> str:
    """Return the innermost function around a line. Outside of functions, return the class and the next name."""
    around = [(name, node) for name, node in _definitions(tree) if node.lineno <= line <= (node.end_lineno or 0)]
    name, node = around[-1] if around else ("", tree)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return name
    following = next((child for child in node.body if child.lineno > line), None)
    return ".".join(filter(None, (name, _name_of(following))))


def _name_of(node: ast.stmt | None) -> str:
    if isinstance(node, Definition):
        return node.name
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def _answer(tree: ast.Module, line: int) -> str:
    """Return status, code and text of the error that follows a comment."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and line < node.lineno <= line + REACH]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        match call.args:
            case [ast.Constant(value=int(status)), ast.Constant(value=str(code)), text, *_rest]:
                return f"{status} `{code}`{_quoted(text)}"
    return ""


def _quoted(text: ast.expr) -> str:
    """Return a quoted text, or an empty one when the text is composed elsewhere."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    if isinstance(text, ast.Name):
        return ""
    return ' "' + "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts) + '"'


def collected(root: Path = LAB) -> list[Inference]:
    """Return every inferred behavior of the lab, file by file."""
    files = sorted(root.rglob("*.py"))
    return [found for path in files for found in inferences(path.relative_to(root).as_posix(), path.read_text())]


def page(found: Iterable[Inference]) -> str:
    """Return the page, with one section for each part of the lab."""
    sides: dict[str, list[str]] = {title: [] for title in (*SIDES.values(), ELSEWHERE)}
    for inference in found:
        sides[SIDES.get(inference.path.partition("/")[0], ELSEWHERE)].append(inference.line())
    sections = [f"\n## {title}\n\n" + "\n".join(lines) + "\n" for title, lines in sides.items() if lines]
    return INTRODUCTION + "".join(sections)


def main() -> None:
    found = collected()
    PAGE.write_text(page(found))
    say(f"{PAGE.relative_to(ROOT)}: {len(found)} places")


if __name__ == "__main__":
    main()
