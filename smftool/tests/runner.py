#!/usr/bin/env python3
"""Runs golden command-line tests, text files of this form:

    # What the test is about.
    --- file: name.txt          a file to create, up to the line ---
    content
    ---
    $ smftool inspect name.txt  a command, run by bash in a fresh folder
    | a line of standard output
    ! a line of standard error
    ? 1                         the exit status, where it is not 0

In an expected line, {*} stands for any text. Commands of one file share a folder, in which
$GOLDEN, $SAMPLE and $TEMPLATES name the repository's golden files, the sample module's sources and
the templates in MIR.

    runner.py SMFTOOL TEST...             compares; exit status 1 where something differs
    runner.py --rebase SMFTOOL TEST...    writes what the commands print into the tests, and keeps
                                          expected lines with {*} that still match
"""

import os
import re
import subprocess
import sys
import tempfile


class Step:
    def __init__(self, command):
        self.command = command
        self.out, self.err, self.status = [], [], 0


def parse(text):
    """The items of a test, in order: strings (copied as they are), files, steps."""
    items, lines = [], text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    i = 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if line.startswith("--- file: "):
            end = lines.index("---", i)
            items.append((line[len("--- file: "):], lines[i:end]))
            i = end + 1
        elif line.startswith("$ "):
            items.append(Step(line[2:]))
        elif line[:1] in ("|", "!", "?") and items and isinstance(items[-1], Step):
            step, rest = items[-1], line[2:]
            if line[0] == "|":
                step.out.append(rest)
            elif line[0] == "!":
                step.err.append(rest)
            else:
                step.status = int(rest)
        elif line == "" or line.startswith("#"):
            items.append(line)
        else:
            raise SystemExit("not understood: " + line)
    return items


def render(items):
    lines = []
    for item in items:
        if isinstance(item, Step):
            lines.append("$ " + item.command)
            lines += [("| " + line).rstrip() for line in item.out]
            lines += [("! " + line).rstrip() for line in item.err]
            if item.status:
                lines.append("? %d" % item.status)
        elif isinstance(item, tuple):
            lines += ["--- file: " + item[0], *item[1], "---"]
        else:
            lines.append(item)
    return "\n".join(lines) + "\n"


def matches(expected, actual):
    pattern = ".*".join(re.escape(part) for part in expected.split("{*}"))
    return re.fullmatch(pattern, actual.rstrip()) is not None


def merge(expected, actual):
    """The actual lines, with each expected line that has {*} and matches kept."""
    if len(expected) != len(actual):
        return actual
    return [e if "{*}" in e and matches(e, a) else a for e, a in zip(expected, actual)]


def lines_of(raw):
    lines = raw.decode("utf-8", "backslashreplace").split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def find(*names):
    """A path among the test's inputs, absolute."""
    for name in names:
        if os.path.exists(name):
            return os.path.abspath(name)
    raise SystemExit("not found: " + " or ".join(names))


def run_test(smftool, path, rebase):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    items = parse(text)
    failures = 0
    environment = {
        "PATH": os.path.dirname(smftool) + ":/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": "/nonexistent",
        "TMPDIR": os.environ.get("TEST_TMPDIR", "/tmp"),
        "GOLDEN": find("testdata/golden"),
        "SAMPLE": find("testdata/sample"),
        "TEMPLATES": find("testdata/templates"),
        "ANSWER": find("testdata/sample/answer.a", "bazel-bin/testdata/sample/answer.a"),
    }
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            environment[name] = os.environ[name]
    with tempfile.TemporaryDirectory() as folder:
        for item in items:
            if isinstance(item, tuple):
                with open(os.path.join(folder, item[0]), "w", encoding="utf-8") as file:
                    file.write("".join(line + "\n" for line in item[1]))
            if not isinstance(item, Step):
                continue
            done = subprocess.run(["bash", "-c", item.command], cwd=folder, env=environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)
            actual = Step(item.command)
            actual.out, actual.err = lines_of(done.stdout), lines_of(done.stderr)
            actual.status = done.returncode
            equal = actual.status == item.status and all(
                len(e) == len(a) and all(map(matches, e, a))
                for e, a in ((item.out, actual.out), (item.err, actual.err)))
            if rebase:
                item.out = merge(item.out, actual.out)
                item.err = merge(item.err, actual.err)
                item.status = actual.status
            elif not equal:
                failures += 1
                print("%s: expected\n%s\ngot\n%s" % (path, render([item]), render([actual])))
    if rebase and render(items) != text:
        with open(path, "w", encoding="utf-8") as file:
            file.write(render(items))
        print("rebased " + path)
    return failures


def main():
    arguments = sys.argv[1:]
    rebase = arguments[:1] == ["--rebase"]
    if rebase:
        arguments.pop(0)
    smftool = os.path.abspath(arguments[0])
    tests = arguments[1:]
    if rebase and "BUILD_WORKSPACE_DIRECTORY" in os.environ:
        os.chdir(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    failures = sum(run_test(smftool, path, rebase) for path in tests)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
