# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The English of the tree follows the rules of `prose.py`, and every rule can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.prose import (
    AREAS,
    FOLDERS,
    HEADLESS,
    ROOT,
    RULES,
    VERB_SHARE,
    begins_with_verb,
    check,
    files,
    findings,
    read,
    verb_share,
)
from tests.gates.sentences import Kind, Sentence, sentences

# Bad sentences with the id of the rule, or the words, that must be found.
BAD = [
    ("What is in use is not taken away.", "headless relative"),
    ("Who owns the role is read again.", "headless relative"),
    ("Whoever holds the key can register servers.", "headless relative"),
    ("the network: what it is, what is wanted.", "headless clause"),
    ("Limits apply to the agent; what is not given is left alone.", "headless clause"),
    ("Nothing is decided by a text.", "impersonal subject"),
    ("Nobody minds a restart.", "impersonal subject"),
    ("Refused before any write is what Azure can't change later.", "participle first"),
    ("Called are the sign-in address and the data address.", "participle first"),
    ("Not verified on a real server is the exit code.", "participle first"),
    ("Have the agent on a host.", "have something done"),
    ("Have VMM send the metadata.", "have something done"),
    ("Says how the vault sees its servers.", "says or tells first"),
    ("The account is no elevated administrator.", "is no X"),
    ("VMM knows no cloud of that name.", "knows no"),
    ("The end of the log is told.", "told"),
    ("The function tells sources apart.", "tells sources"),
    ("Which tests stay together is said elsewhere.", "said"),
    ("The name stands in the file.", "stands in"),
    ("The file lies beside the key.", "lies beside"),
    ("Addresses that go round the proxy.", "go round"),
    ("Services come in as a whole.", "as a whole"),
    ("It has version 1, asked for was 2.", "asked for was"),
    ("It was tried four times in vain.", "in vain"),
    ("This is for ever.", "for ever"),
    ("Removing it takes throttling away.", "takes throttling away"),
    ("A setting that nobody else uses.", "nobody"),
    ("A file that somebody made.", "somebody"),
    ("The wish of the user.", "wish"),
    ("A rerun mends the registration.", "mends"),
    ("It knows local accounts alone.", "alone"),
    ("The option beside it.", "beside"),
    ("A stop would hurt two jobs.", "hurt"),
    ("A key that is good for five days.", "good for five days"),
    ("The steps of the walkthrough.", "walkthrough"),
    ("The estate is up.", "estate"),
    ("One class per noun.", "noun"),
    ("Twin of the script.", "Twin"),
    ("Every mishap at every step.", "mishap"),
    ("A verdict per host.", "verdict"),
    ("The behaviour of the service.", "behaviour"),
    ("Clouds that are synchronised.", "synchronised"),
    ("The file is not there.", "is not there"),
    ("The run ends red.", "ends red"),
]

# Sentences of the kind that good collections have. None of them is a finding.
GOOD = [
    "Whether to wait until the operation has finished.",
    "What should happen to the disk?",
    "There is no default; the option is required when O(state=present).",
    "If not set, the value of the environment variable is used.",
    "The option is no longer supported.",
    "How long to wait for the instance, in seconds.",
    "When set to V(true), existing tags that are not listed are removed.",
    "Return the resource id, or None when the vault does not exist.",
    "Unsupported changes are rejected before any write.",
    "Leave the password alone unless it has changed.",
    "Use your organization's proxy settings.",
    "The interval lies between 0 and 10.",
    "Tell Ansible to run the task on the controller.",
    "Created resources are tagged.",
    "Read the file and return its content.",
    "The task that holds the lock releases it.",
    "This module requires the role on the subscription; see the notes.",
    "The server must be a member of the domain, and the account must be an administrator.",
    "Set the proxy: the service is restarted only when a value changes.",
    "Deleted vaults are kept for 14 days.",
]


def _sentence(text: str, kind: Kind = "text") -> Sentence:
    return Sentence(ROOT / "README.md", 1, kind, text, first=True)


@pytest.mark.parametrize(("text", "expected"), BAD, ids=[expected for _, expected in BAD])
def test_a_bad_sentence_is_found(text: str, expected: str) -> None:
    found = [word for finding in check(_sentence(text)) for word in (finding.rule.id, finding.words)]
    assert expected in found


@pytest.mark.parametrize("text", GOOD)
def test_a_good_sentence_is_not_found(text: str, tmp_path: Path) -> None:
    document = tmp_path / "good.md"
    document.write_text(text)
    assert [str(finding) for finding in findings([document])] == []


def test_every_headless_rule_has_a_bad_sentence() -> None:
    assert {rule.id for rule in HEADLESS} <= {expected for _, expected in BAD}


@pytest.mark.parametrize(
    ("kind", "bad", "good"),
    [
        ("task name", "The vault", "Ensure the vault exists"),
        ("task name", "Name of the vault", "Name the vault"),
        ("short description", "What can't work", "Manage storage accounts"),
        ("short description", "Manage storage accounts.", "Manage storage accounts"),
        ("option rule", "is a GUID", "must be a GUID"),
        ("option rule", "is no text", "is required when wait is true"),
        ("text", "word " * 46, "word " * 45),
    ],
)
def test_a_form_is_enforced(kind: Kind, bad: str, good: str) -> None:
    assert list(check(_sentence(bad.strip(), kind)))
    assert not list(check(_sentence(good.strip(), kind)))


def test_advice_comes_with_every_finding() -> None:
    assert all(rule.reason and rule.better for rule in RULES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Return the id.", True),
        ("Returns the id.", True),
        ("Tell whether it exists.", True),
        ("Check that it exists.", True),
        ("Answers that are kept.", False),
        ("Record: the last one.", False),
        ("State of the vault.", False),
        ("The state of the vault.", False),
        ("`id` of the vault.", False),
        ("Answers are kept.", False),
    ],
)
def test_a_docstring_begins_with_a_verb_or_not(text: str, expected: bool) -> None:
    assert begins_with_verb(text) is expected


SOURCES = {
    "page.md": """# Told

| a | told b |

- told c
  and more

```
told in code
```
Text with `told`.
It is told
here.
""",
    "tasks.yml": """---
# It is told
- name: Keep what was told
  ansible.builtin.assert:
    that: told
    fail_msg: told here
- name: told
  value: no task
""",
    "specs.yml": """options:
  a:
    description:
      - First sentence.
      - >-
        Second sentence. It is
        told here.
    default: told
""",
    "code.py": """\'\'\'Told.

More is told.
\'\'\'
# It is told
DOCUMENTATION = \'\'\'
short_description: Told
options:
  a:
    description: It is told.
\'\'\'
value = "it is told by nobody"


def f():
    \'\'\'Told.\'\'\'
    raise ValueError(
        f"{value} is told "
        "to others"
    )
""",
    "script.ps1": """<#
It is told.
#>
# It is told
$a = 'told'
throw "$a is told here"
""",
    "Makefile": "help: ## it is told\n\techo told\n",
}
PLACES = {
    "page.md": [("heading", 1), ("text", 3), ("text", 5), ("text", 12)],
    "tasks.yml": [("task name", 3), ("message", 6), ("comment", 2)],
    "specs.yml": [("docs", 6)],
    "code.py": [
        ("docstring", 1),
        ("docstring", 3),
        ("short description", 7),
        ("docs", 10),
        ("docstring", 16),
        ("message", 18),
        ("comment", 5),
    ],
    "script.ps1": [("comment", 2), ("comment", 4), ("message", 6)],
    "Makefile": [("comment", 1)],
}


@pytest.mark.parametrize("name", SOURCES)
def test_sentences_are_found_where_a_person_reads_them(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(SOURCES[name])
    found = [(sentence.kind, sentence.line) for sentence in sentences(path) if "told" in sentence.text.lower()]
    assert sorted(found) == sorted(PLACES[name])


def test_every_text_of_a_plugin_counts_as_a_message(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text(SOURCES["code.py"])
    found = [(s.kind, s.line) for s in sentences(path, all_strings=True) if "nobody" in s.text]
    assert found == [("message", 12)]


def test_the_gate_reads_the_whole_tree() -> None:
    """A gate that reads nothing is always green."""
    names = {path.relative_to(ROOT).parts[0] for path in files()}
    assert {*FOLDERS, "README.md", "CONTRIBUTING.md", "Makefile"} <= names
    kinds = {sentence.kind for sentence in read()}
    assert kinds >= {"heading", "text", "docs", "short description", "task name", "docstring", "comment", "message"}


PLACES_OF_THE_TREE = [*FOLDERS, *sorted(path.name for path in files() if path.parent == ROOT)]


@pytest.mark.parametrize("place", PLACES_OF_THE_TREE)
def test_the_english_follows_the_rules(place: str) -> None:
    found = findings([ROOT / place])
    assert not found, f"{len(found)} findings\n" + "\n".join(map(str, found[:40]))


@pytest.mark.parametrize("area", AREAS)
def test_function_docstrings_begin_with_a_verb(area: str) -> None:
    share = verb_share([ROOT / area])
    assert share.total
    assert share.share >= VERB_SHARE, f"{share.share:.0%} of {share.total}\n" + "\n".join(share.others[:40])


def test_the_share_of_verbs_counts_neither_tests_nor_properties(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text(
        'def test_a():\n    """A case."""\n\n\n@property\ndef b():\n    """The value."""\n\n\n'
        'def c():\n    """Return it."""\n\n\ndef d():\n    """The answer."""\n'
    )
    share = verb_share([path])
    assert (share.verbs, share.total) == (1, 2)
