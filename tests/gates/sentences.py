# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find every sentence of the tree that a person reads: documents, specifications, docstrings, comments, messages."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

Kind = Literal[
    "heading", "text", "docs", "short description", "task name", "docstring", "comment", "message", "option rule"
]

#: Replaces code, names, addresses and quotations, which the rules must not read.
CODE = "X"
_PAD = "\0"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. `first` marks the first one of its paragraph, description or docstring."""

    path: Path
    line: int
    kind: Kind
    text: str
    first: bool = False


@dataclass(frozen=True, slots=True)
class _Block:
    """Consecutive text with the number of the line that it begins on. A source allows to locate its sentences."""

    line: int
    kind: Kind
    text: str
    source: tuple[str, ...] = ()


_MASKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"``[^`]+``",
        r"`[^`]+`",
        r"\{\{.*?\}\}",
        r"\b(?:O|V|RV|C|E|M|P|U|I)\((?:\\\)|[^)])*\)",
        r"(?:https?|file)://\S*[\w/]",
        r'"[^"]*"',
        r"<[A-Za-z/!][^>]*>",
    )
)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_MARKUP_LINK = re.compile(r"\b[LR]\(([^,)]*),[^)]*\)")
_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!vs)(?<!etc)(?<!No)[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9X])")


def sentences(path: Path, *, all_strings: bool = False) -> Iterator[Sentence]:
    """Yield the sentences of one file. `all_strings`: every text of a Python file counts as a message.

    Without it only strings in raise and assert statements and in calls that show a text do.
    """
    content = path.read_text(errors="replace")
    for block in _blocks(path, content, all_strings):
        yield from _split(path, block)


def _blocks(path: Path, content: str, all_strings: bool) -> Iterator[_Block]:
    if path.suffix in (".md", ".rst"):
        yield from _markdown(content)
    elif path.suffix == ".py":
        yield from _python(content, all_strings, fragments=path.parent.name == "doc_fragments")
    elif path.suffix in (".ps1", ".psm1", ".psd1"):
        yield from _powershell(content)
    elif path.suffix in (".yml", ".yaml"):
        yield from _yaml(content, 1, everything=path.parent.name == "fragments")
        yield from _hash_comments(content, 1)
    elif path.name == "Makefile":
        yield from _makefile(content)
    elif path.suffix in (".toml", ".sh", ".in", ".cfg", ".ini") or content.startswith("#!"):
        yield from _hash_comments(content, 1)


def _mask(text: str) -> str:
    """Replace what the rules must not read. The length stays, so that positions stay."""
    for pattern in (_LINK, _MARKUP_LINK):
        text = pattern.sub(lambda match: match[1] + _PAD * (len(match[0]) - len(match[1])), text)
    for pattern in _MASKS:
        text = pattern.sub(lambda match: CODE + _PAD * (len(match[0]) - 1), text)
    return text


def _split(path: Path, block: _Block) -> Iterator[Sentence]:
    masked = _mask(block.text)
    begins = [0, *(match.end() for match in _END.finditer(masked)), len(masked)]
    first = True
    for begin, end in itertools.pairwise(begins):
        text = " ".join(masked[begin:end].replace(_PAD, "").replace("**", "").split())
        if not re.search(r"[A-Za-z]{2}", text):
            continue
        yield Sentence(path, _line(block, begin, end), block.kind, text, first)
        first = False


def _line(block: _Block, begin: int, end: int) -> int:
    raw = block.text[begin:end]
    if not block.source:
        leading = len(raw) - len(raw.lstrip())
        return block.line + block.text.count("\n", 0, begin + leading)
    words = [re.escape(word) for word in re.findall(r"\w+", raw)[:4]]
    pattern = re.compile(r"\W+".join(words))
    for index in range(len(block.source)):
        window = "\n".join(block.source[index : index + 2])
        found = pattern.search(window)
        if found and found.start() <= len(block.source[index]):
            return block.line + index
    return block.line


# Markdown


def _markdown(content: str) -> Iterator[_Block]:
    content = re.sub(r"<!--.*?-->", lambda match: re.sub(r"[^\n]", " ", match[0]), content, flags=re.DOTALL)
    begin, lines = 0, list[str]()
    fence = ""

    def finish() -> Iterator[_Block]:
        if lines:
            yield _Block(begin, "text", "\n".join(lines))
            lines.clear()

    for number, line in enumerate(content.splitlines(), 1):
        stripped = line.strip()
        marker = re.match(r"(```+|~~~+)", stripped)
        if fence or marker:
            if not fence and marker:
                yield from finish()
                fence = marker[1]
            elif stripped.startswith(fence):
                fence = ""
            continue
        heading = re.match(r"#+\s+(.*)", stripped)
        item = re.match(r"(?:[-*+]|\d+\.)\s+(.*)", stripped)
        if heading or item or not stripped or stripped.startswith("|"):
            yield from finish()
        if heading:
            yield _Block(number, "heading", heading[1])
        elif stripped.startswith("|"):
            if not re.fullmatch(r"[|:\s-]+", stripped):
                for cell in re.split(r"(?<!\\)\|", stripped.strip("|")):
                    yield _Block(number, "text", cell)
        elif item:
            begin, lines = number, [re.sub(r"^\[[ x]\] ", "", item[1])]
        elif stripped:
            begin = begin if lines else number
            lines.append(line)
    yield from finish()


# YAML

_DESCRIPTIONS = {"description", "notes", "details", "label", "about", "release_summary"}
_MESSAGES = {"fail_msg", "success_msg", "msg"}
_OF_TASKS = {
    "block",
    "import_playbook",
    "include_role",
    "import_role",
    "include_tasks",
    "import_tasks",
    "tasks",
    "roles",
}


def _yaml(content: str, offset: int, *, everything: bool = False) -> Iterator[_Block]:
    source = content.splitlines()
    for node in yaml.compose_all(content, Loader=yaml.SafeLoader):
        if node is not None:
            yield from _node(node, source, offset, "everything" if everything else "")


def _node(node: yaml.Node, source: list[str], offset: int, key: str) -> Iterator[_Block]:
    if isinstance(node, yaml.MappingNode):
        names = {str(name.value) for name, _ in node.value if isinstance(name, yaml.ScalarNode)}
        is_task = any("." in name or name in _OF_TASKS for name in names)
        for name, value in node.value:
            inner = key if key == "everything" else str(name.value)
            yield from _node(value, source, offset, "task" if inner == "name" and is_task else inner)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _node(value, source, offset, key)
    elif isinstance(node, yaml.ScalarNode):
        kind = _kind_of(key)
        if kind and re.search(r"[A-Za-z]{2}", node.value):
            begin, end = node.start_mark.line, node.end_mark.line
            yield _Block(offset + begin, kind, _strip_jinja(node.value), tuple(source[begin : end + 1]))


def _kind_of(key: str) -> Kind | None:
    if key in _DESCRIPTIONS or key == "everything":
        return "docs"
    if key == "short_description":
        return "short description"
    if key == "task":
        return "task name"
    return "message" if key in _MESSAGES else None


def _strip_jinja(text: str) -> str:
    return re.sub(r"\{%.*?%\}", lambda match: " " * len(match[0]), text)


# Comments that begin with a hash

_NO_PROSE = re.compile(
    r"^(Copyright|GNU General Public|SPDX-|!|noqa|type: ignore|pragma|fmt:|-\*-|yamllint|Requires\b|region|endregion"
    r"|siterecovery\.hyperv functions)"
)


def _comment_text(text: str) -> str:
    text = re.sub(r"#?\s*(noqa|type: ignore|pragma|nosec)\b[^#]*(#|$)", " ", text)
    return "" if _NO_PROSE.match(text.strip()) else text.rstrip()


def _merged(comments: list[tuple[int, int, str, bool]]) -> Iterator[_Block]:
    """Join full-line comments of the same column. A comment is (line, column, text, whether it has its own line)."""
    begin, column, lines = 0, -1, list[str]()
    for line, at, raw, full in comments:
        text = _comment_text(raw)
        follows = full and bool(lines) and line == begin + len(lines) and at == column
        item = re.match(r"\s*(-|\d+\.)\s+", text)
        if lines and (not follows or item or not text.strip()):
            yield _Block(begin, "comment", "\n".join(lines))
            lines = []
        if not text.strip():
            continue
        if item:
            text = text[item.end() :]
        if not lines:
            begin, column = line, at
        lines.append(text)
        if not full:
            yield _Block(begin, "comment", "\n".join(lines))
            lines = []
    if lines:
        yield _Block(begin, "comment", "\n".join(lines))


def _hash_comments(content: str, offset: int) -> Iterator[_Block]:
    comments = []
    for number, line in enumerate(content.splitlines()):
        match = re.match(r"^(\s*)#+ ?(.*)$", line) or re.match(
            r"""^([^#'"]*(?:"[^"]*"|'[^']*')?[^#'"]*\s)# (.*)$""", line
        )
        if match:
            comments.append((offset + number, len(match[1]), match[2], not match[1].strip()))
    yield from _merged(comments)


def _makefile(content: str) -> Iterator[_Block]:
    for number, line in enumerate(content.splitlines(), 1):
        help_text = re.match(r"^[a-z]+:.*?## (.*)$", line)
        if help_text:
            yield _Block(number, "comment", help_text[1])
    yield from _hash_comments(re.sub(r"(?m)^[a-z]+:.*## .*$", "", content), 1)


# PowerShell


def _powershell(content: str) -> Iterator[_Block]:
    for match in re.finditer(r"<#(.*?)#>", content, re.DOTALL):
        yield _Block(content.count("\n", 0, match.start()) + 1, "comment", match[1])
    rest = re.sub(r"<#.*?#>", lambda match: re.sub(r"[^\n]", " ", match[0]), content, flags=re.DOTALL)
    yield from _hash_comments(rest, 1)
    for number, line in enumerate(rest.splitlines(), 1):
        for match in re.finditer(r"\b(?:throw|Write-Error|Write-Warning)\b[^'\"]*(?:\"([^\"]*)\"|'([^']*)')", line):
            text = re.sub(r"\$\(.*?\)|\$\{?[\w:.]+\}?", CODE, match[1] or match[2] or "")
            if _reads_as_text(text):
                yield _Block(number, "message", text)


# Python

_DOCUMENTS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
_SHOWN = {"say", "print", "warn", "fail", "skip", "exit", "exit_json", "fail_json", "SystemExit", "ArgumentParser"}
_SHOWN |= {"add_parser", "add_argument", "InvalidInput", "Refused", "Check", "passed", "failed", "warning", "unknown"}


def _python(content: str, all_strings: bool, fragments: bool) -> Iterator[_Block]:
    tree = ast.parse(content)
    source = content.splitlines()
    known = set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = docstring_of(node)
            if docstring is not None:
                known.add(id(docstring))
                yield from _docstring(docstring)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if any(name in _DOCUMENTS or (fragments and name.isupper()) for name in names):
                known.add(id(node.value))
                yield from _documentation(node.value.value, node.value.lineno)
    yield from _messages(tree, source, known, all_strings)
    comments = []
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            text = re.sub(r"^#+:? ?", "", token.string)
            comments.append((token.start[0], token.start[1], text, not token.line[: token.start[1]].strip()))
    yield from _merged(comments)


def docstring_of(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> ast.Constant | None:
    """Return the node of a docstring."""
    if node.body and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
        constant = node.body[0].value
        return constant if isinstance(constant.value, str) else None
    return None


def _docstring(node: ast.Constant) -> Iterator[_Block]:
    line = node.lineno
    for paragraph in re.split(r"(\n\s*\n|\n(?=\s*- ))", str(node.value)):
        if paragraph.strip():
            text = re.sub(r"^(\s*)- ", r"\1  ", paragraph)
            text = re.sub(r"^(\s*)Private: ", lambda match: match[1] + _PAD * 9, text)
            yield _Block(line, "docstring", text)
        line += paragraph.count("\n")


def _documentation(text: str, line: int) -> Iterator[_Block]:
    try:
        yield from _yaml(text, line)
    except yaml.YAMLError:
        return
    finally:
        yield from _hash_comments(text, line)


def _messages(tree: ast.Module, source: list[str], known: set[int], all_strings: bool) -> Iterator[_Block]:
    inside = set[int]()
    rules = {id(node.args[1]) for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_option_error(node)}
    for node in ast.walk(tree):
        if id(node) in inside or id(node) in known:
            continue
        shown = all_strings or isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _shows(node))
        texts = [node] if all_strings else [node.msg] if isinstance(node, ast.Assert) and node.msg else []
        if not all_strings and shown:
            texts = list(ast.walk(node))
        for text in texts:
            if id(text) in inside or id(text) in known or not isinstance(text, ast.Constant | ast.JoinedStr):
                continue
            inside.update(id(part) for part in ast.walk(text))
            words = _literal(text)
            kind: Kind = "option rule" if id(text) in rules else "message"
            if _reads_as_text(words) or (kind == "option rule" and words):
                end = (text.end_lineno or text.lineno) + 1
                yield _Block(text.lineno, kind, words, tuple(source[text.lineno - 1 : end]))


def _shows(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _SHOWN


def _is_option_error(node: ast.Call) -> bool:
    """Tell whether a call is InvalidInput(option, rule, fix)."""
    return getattr(node.func, "id", "") == "InvalidInput" and len(node.args) > 1


def _literal(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) and isinstance(part.value, str) else CODE
        for part in node.values
    )


def _reads_as_text(text: str) -> bool:
    """Tell whether a text is a sentence and not code, a pattern, a path or a name."""
    words = re.findall(r"(?<![\w./\\-])[A-Za-z][a-z']+(?![\w/\\(\[=-])", text)
    return len(words) >= 3 and not re.search(r"\\[swdb(]|\$_|\(\?|;\s*$|^\s*[\[{<|]", text)
