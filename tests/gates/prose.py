# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the English of the tree: `python -m tests.gates.prose [PATH...]` lists findings with file, line and advice.

Vale does not serve here: its packages on PyPI and npm download the program from a forge when they first run.
So the rules are patterns, each with its reason and a better wording, and `test_prose.py` proves that each can fail.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.gates.sentences import CODE, Kind, Sentence, docstring_of, sentences

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("plugins", "roles", "playbooks", "extensions", "tests", "docs", "meta", "changelogs", ".github")
#: Generated or foreign text.
LEFT_OUT = ("LICENSE", "changelogs/changelog.yaml", "changelogs/config.yaml", "extensions/audit")


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern of wording to avoid. Without `kinds` it applies everywhere."""

    id: str
    pattern: re.Pattern[str]
    reason: str
    better: str
    kinds: frozenset[Kind] = field(default_factory=frozenset)
    unless: re.Pattern[str] | None = None

    def matches(self, sentence: Sentence) -> re.Match[str] | None:
        if self.kinds and sentence.kind not in self.kinds:
            return None
        if self.unless and self.unless.search(sentence.text):
            return None
        return self.pattern.search(sentence.text)


def _rule(id: str, pattern: str, reason: str, better: str, *kinds: Kind) -> Rule:
    return Rule(id, re.compile(pattern), reason, better, frozenset(kinds))


def _word(pattern: str, better: str, reason: str = "calque or jargon", unless: str = "") -> Rule:
    whole = re.compile(rf"(?i)(?<![-\w/])(?:{pattern})(?![-\w])")
    return Rule("avoid", whole, reason, better, unless=re.compile(f"(?i){unless}") if unless else None)


_PARTICIPLES = (
    r"(?i:left|made|Found|Kept|Sent|Given|Read|Said|Told|Held|Put|Set|Seen|Begun|Known|Shown|Taken|Written|Meant|Lost"
    r"|Driven|Drawn|Chosen|Spoken|Run|Built|Understood|Cut|Brought|Caught|Done|Gone|[a-z]+ed)"
)
_QUESTION = r"(?!.*\?[\"')]*$)"

#: Sentences without a plain subject. None may be in the tree.
HEADLESS = (
    _rule(
        "headless relative",
        rf"^(?:What|Who|Whom|Whoever|Whatever|what|whoever|whatever) (?!is (?:new|next)\b){_QUESTION}[a-zA-Z]",
        "a relative clause is the subject",
        "name the thing: 'Settings in use are kept', 'The files that a run writes'",
    ),
    _rule(
        "headless clause",
        rf"[;:] (?:what|whoever|whatever|who) {_QUESTION}[^,;.]*\b(?:is|are|was|were|has|have|can|must|may|does|do)\b",
        "a relative clause is the subject of the second half",
        "begin a new sentence and name the thing",
        "text",
        "docs",
        "docstring",
        "comment",
    ),
    _rule(
        "impersonal subject",
        rf"^(?:Nothing|Nobody|No one|Somebody|Someone|Anybody|Everybody|nobody|somebody) {_QUESTION}[a-z]",
        "the sentence hides who acts",
        "name the actor and negate the verb: 'The module does not change ...'",
    ),
    _rule(
        "participle first",
        rf"^(?:(?:Not|Only|Also|Never) )?{_PARTICIPLES} (?:(?:by|from|for|in|on|before|without|with|at|to) [^.;:]*?)?"
        r"(?:is|are|was|were) (?:what|who|whatever|only|the|a|an|all|its|their|that|each|every)\b",
        "the participle stands before the subject",
        "subject first: 'The address is called', 'Unsupported changes are rejected'",
    ),
    _rule(
        "have something done",
        r"^Have (?:the|a|an|all|each|every|its|it|one|two|VMM|Azure|Windows|X)\b(?!.*\?$)",
        "'have' as an imperative is a calque",
        "use the verb: 'Install the agent', 'Ensure the vault exists'",
    ),
    _rule(
        "says or tells first",
        r"^(?:Says?|Said|Told|Tells|Asked|Judges?)\b(?! whether)",
        "a report verb begins the sentence",
        "'List', 'Return', 'Describe', 'Show', 'Evaluate'",
    ),
)

WORDS = (
    _rule(
        "is no X",
        r"(?i)(?<!\bthere )(?<!\bthere will )(?<!\bthere can )(?<!\bthere must )\b(?:is|are|was|were|be) no "
        r"(?!exception\b|longer\b|more\b|less\b|fewer\b|different\b|such\b|later\b|op\b)"
        r"[a-zX]",
        "'is no X' stands for 'is not a X'",
        "'is not a X', 'must be a X', 'does not have a X'",
    ),
    _rule("knows no", r"(?i)\bknow(?:s|n)? no(?:thing|ne)?\b", "calque", "'does not support', 'has no', 'unknown'"),
    _word(r"told", "described, reported, passed to, configured to"),
    _word(
        r"tells? (?!whether\b|how\b|which\b|you\b|X\b|Ansible\b|Azure\b|Windows\b|the \w+ (?:to|that)\b|it to\b)\w+",
        "shows, reports, distinguishes, returns",
    ),
    _word(r"said", "stated, documented, reported"),
    _word(r"says? (?:so|no|yes|whether|what|who|which|where|how|nothing|why)", "states, shows, reports, decides"),
    _word(
        r"(?:stands?|stood|standing) (?:in(?! for\b)|on|at|there|here|twice|below|above|behind|under|with|next|after"
        r"|only)",
        "is in, is on, appears, is listed",
    ),
    _word(
        r"(?:lies|lay|lie) (?!between\b|ahead\b)(?:in|on|at|there|here|beside|below|under|above|apart|about|with\w*|"
        r"outside|ready|behind|next|along|around|open|before|inside)",
        "is in, is on, is located, is stored",
    ),
    _word(r"(?:go|goes|going|gone|went|walk\w*|get|gets|way|turn\w*) round", "bypass, work around"),
    _word(r"as a whole", "entirely, all of"),
    _word(r"asked for was", "the request was for, is required"),
    _word(r"in vain", "without success, failed"),
    _word(r"for ever", "permanently, and cannot be changed"),
    _word(r"(?:take|takes|taken|taking|took)(?: \w+)? (?:away|off)", "remove, disable"),
    _word(
        r"nobody|somebody|whoever|anybody|everybody|no one", "name the actor: a user, another process, an administrator"
    ),
    _word(r"(?<!you )wish(?:es|ed)?", "desired state, request", "state the desired state"),
    _word(r"mend(?:s|ed|ing)?", "repair, fix, correct"),
    _word(
        r"alone",
        "only, by itself",
        unless=r"\b(?:leave|leaves|left|leaving|let|lets|read|sent) (?:\S+ ){0,4}?alone\b",
    ),
    _word(r"beside", "next to, in addition to"),
    _word(r"hurts?|hurting", "interrupt, break, damage"),
    _word(r"good for (?:at most )?\w+ (?:minutes?|hours?|days?)", "valid for"),
    _word(r"anew|afresh", "again, new"),
    _word(r"all the same", "anyway, nevertheless"),
    _word(r"for (?:itself|themselves)", "on its own, separately"),
    _word(r"(?:is|are|was|were|be) at work", "is running, is in progress"),
    _word(r"ends? (?:red|green|well|badly)", "fails, succeeds"),
    _word(r"held against|hold against|holds against", "compared with, checked against"),
    _word(r"to be had|to go by", "available, documented"),
    _word(r"in pieces", "incomplete, damaged"),
    _word(r"(?:is|are|was|were) (?:not |already |still )?there(?=[.,;:)]|$)", "exists, is present"),
    _word(r"to be there", "to exist"),
    _word(r"strangers?", "unknown, not managed by this collection"),
    _word(r"what helps", "how to fix it"),
    _word(r"goes on with|what goes on", "continues, operations in progress"),
    _word(r"put into words", "worded, formatted"),
    _word(r"to and fro", "back and forth"),
    _word(r"makes? (?:good|up) for", "compensates, performs later"),
    _word(r"in the name of", "on behalf of, as"),
    _word(r"speaks? against", "prevents, is an obstacle to"),
    _word(r"of (?:its|their|your|our|his) own (?:accord|making)", "itself"),
)

JARGON = (
    _word(r"walk-?throughs?", "the Microsoft setup guide", "jargon of this project"),
    _word(r"estates?(?!/)", "lab", "jargon of this project"),
    _word(r"rehearsals?|rehears\w+", "lab, simulation", "jargon of this project"),
    _word(r"nouns?", "resource", "jargon of this project"),
    _word(r"twins?", "emulator, Python engine", "jargon of this project"),
    _word(r"mishaps?|misfortunes?", "fault", "jargon of this project"),
    _word(r"test bench(?:es)?", "test harness", "jargon of this project"),
    _word(r"leftovers?", "stale data, orphaned files", "jargon of this project"),
    _word(r"verdicts?", "status, result", "jargon of this project"),
    _word(r"hardness", "severity", "jargon of this project"),
    _word(r"judg(?:e|es|ed|ing|ments?|ements?)", "evaluate, decide, check", "jargon of this project"),
    _word(r"patiently", "with retries", "jargon of this project"),
    _word(r"ways? out", "egress, proxy settings", "jargon of this project"),
    _word(r"overlaid", "applied", "jargon of this project"),
    _word(r"teller", "progress reporter", "jargon of this project"),
    _word(r"canar(?:y|ies)(?= in)", "marker", "jargon of this project"),
)

_BRITISH = (
    r"(?:synchron|author|organ|recogn|initial|normal|serial|minim|maxim|optim|util|virtual|categor|custom|final|general"
    r"|summar|standard|symbol|token|parametr|random|local|real|sanit|prior|emphas|memor|critic|special)is"
    r"(?:e|es|ed|ing|ation|ations)|behaviours?|licences?|colours?|honour\w*|favour\w*|neighbours?|neighbouring|catalogue"
    r"|centres?|fulfil|fulfils|judgements?|artefacts?|whilst|amongst|labell\w+|modell\w+|travell\w+|signall\w+|analyse[ds]?"
    r"|defence|grey|cheque|programme|tidie[sd]|misspelt|spelt|learnt|ageing"
)
SPELLING = (_word(_BRITISH, "the American spelling", "the documentation uses American spelling"),)

LONGEST = 45
FORMS = (
    _rule(
        "long sentence",
        rf"^(?:\S+\s+){{{LONGEST}}}\S+",
        f"a sentence has more than {LONGEST} words",
        "split it, or make a list",
        "text",
        "docs",
        "comment",
        "message",
    ),
    _rule(
        "final period",
        r"\.$",
        "a short description has no final period",
        "drop it",
        "short description",
    ),
    _rule(
        "option states instead of demanding",
        r"^(?:is|are|was|has|have|lies|stands|says) (?:an? |no |not an? |there|beside|nothing|twice|for |in |of )",
        "the rule of an option reads as a statement",
        "'must be ...', 'must not ...', 'is required when ...'",
        "option rule",
    ),
)

RULES = (*HEADLESS, *WORDS, *JARGON, *SPELLING, *FORMS)

#: Verbs that begin docstrings, task names and short descriptions.
VERBS = frozenset(Path(__file__).with_name("verbs.txt").read_text().split())
#: Share of function docstrings that begin with a verb, per area.
VERB_SHARE = 0.60
AREAS = ("plugins", "extensions", "tests")


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence that breaks one rule."""

    sentence: Sentence
    rule: Rule
    words: str

    def __str__(self) -> str:
        where = f"{shown(self.sentence.path)}:{self.sentence.line}"
        text = self.sentence.text if len(self.sentence.text) <= 160 else f"{self.sentence.text[:157]}..."
        return (
            f"{where}: [{self.sentence.kind}] {self.rule.id} ({self.words!r}): {self.rule.reason};"
            f" better: {self.rule.better}\n    {text}"
        )


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def begins_with_verb(text: str) -> bool:
    """Tell whether the text begins with a verb: 'Return the id', not 'Id of the vault' or 'State of the vault'."""
    words = re.findall(r"[A-Za-z][A-Za-z'-]*", text)
    if not words or text.startswith(CODE) or re.match(r"\W*[\w-]+:", text):
        return False
    first, second = words[0].lower(), words[1].lower() if len(words) > 1 else ""
    stems = {first, first.removeprefix("re-"), first.removesuffix("s"), first.removesuffix("es"), f"{first[:-3]}y"}
    if second in ("that", "which") and first.endswith("s"):
        return False
    return bool(stems & VERBS) and second not in ("of", "is", "are", "was", "were")


_TASK_VERB = Rule(
    "task name without a verb",
    re.compile("^"),
    "a task name is an imperative",
    "'Ensure the vault exists', 'Record evidence'",
)
_SHORT_VERB = Rule(
    "short description without a verb",
    re.compile("^"),
    "a short description begins with a verb",
    "'Manage ...', 'Install ...', 'Gather ...'",
)


def check(sentence: Sentence) -> Iterator[Finding]:
    """Yield what is wrong with one sentence."""
    for rule in RULES:
        match = rule.matches(sentence)
        if match:
            yield Finding(sentence, rule, match[0].strip()[:60])
    if sentence.first and sentence.kind in ("task name", "short description"):
        name = sentence.text.rpartition(" | ")[2]
        if not begins_with_verb(name) and not name.startswith(CODE):
            yield Finding(sentence, _TASK_VERB if sentence.kind == "task name" else _SHORT_VERB, name[:30])


def files(paths: Iterable[Path] = ()) -> Iterator[Path]:
    """Yield the files to check: those named, those below named folders, or all of the tree."""
    starts = list(paths) or [*(ROOT / name for name in FOLDERS), *sorted(path for path in ROOT.glob("*"))]
    seen = set[Path]()
    for start in starts:
        if start.is_file():
            found = [start]
        elif start.is_dir() and (list(paths) or start.name in FOLDERS):
            found = sorted(path for path in start.rglob("*") if path.is_file())
        else:
            continue
        for path in found:
            resolved = path.resolve()
            if resolved in seen or "__pycache__" in path.parts or ".work" in path.parts:
                continue
            if resolved.is_relative_to(ROOT) and resolved.relative_to(ROOT).as_posix().startswith(LEFT_OUT):
                continue
            seen.add(resolved)
            yield resolved


def read(paths: Iterable[Path] = ()) -> Iterator[Sentence]:
    """Yield the sentences of the files. In the plugins every text counts as a message."""
    for path in files(paths):
        yield from sentences(path, all_strings=shown(path).startswith("plugins/"))


def findings(paths: Iterable[Path] = ()) -> list[Finding]:
    return [finding for sentence in read(paths) for finding in check(sentence)]


@dataclass(frozen=True, slots=True)
class VerbShare:
    """How many docstrings of functions begin with a verb, and those that do not."""

    verbs: int
    total: int
    others: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.verbs / self.total if self.total else 1.0


def verb_share(paths: Iterable[Path]) -> VerbShare:
    """Count docstrings of functions. Properties describe a value and tests a behavior, so they are left out."""
    verbs, others = 0, []
    for path in files(paths):
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("test_"):
                continue
            names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
            docstring = docstring_of(node)
            if docstring is None or names & {"property", "cached_property"}:
                continue
            text = " ".join(str(docstring.value).split())
            if begins_with_verb(text):
                verbs += 1
            else:
                others.append(f"{shown(path)}:{docstring.lineno}: {node.name}: {text[:100]}")
    return VerbShare(verbs, verbs + len(others), tuple(others))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gates.prose", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files or folders; all when none is given")
    parser.add_argument("--verbs", action="store_true", help="also list function docstrings without a leading verb")
    parser.add_argument("--summary", action="store_true", help="only count findings by rule")
    arguments = parser.parse_args()
    paths = [path.resolve() for path in arguments.paths]
    found = findings(paths)
    if arguments.summary:
        counts: dict[str, int] = {}
        for finding in found:
            name = f"avoid '{finding.words.lower()}'" if finding.rule.id == "avoid" else finding.rule.id
            counts[name] = counts.get(name, 0) + 1
        print("\n".join(f"{count:5} {name}" for name, count in sorted(counts.items(), key=lambda item: -item[1])))
    else:
        print("\n".join(map(str, found)))
    share = verb_share(paths or [ROOT / area for area in AREAS])
    if arguments.verbs:
        print("\n".join(share.others))
    headless = sum(finding.rule in HEADLESS for finding in found)
    total = sum(1 for _ in read(paths))
    print(
        f"{len(found)} findings in {total} sentences, {headless} of them headless;"
        f" {share.verbs} of {share.total} function docstrings begin with a verb ({share.share:.0%})"
    )
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
