#!/usr/bin/env python3
"""Counts the cases in every test.xml below a directory; closes with 'N passed, N failed'.

Each folder directly below is a leg of CI, and gets a line. GoogleTest's cases count one
by one; a test of another kind is one case. Exits with 1 if a case failed or none passed.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree

WORDS = ["passed", "failed", "skipped"]


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "notrun":
        return "skipped"
    return "passed"


def summary(counts):
    return ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word] or word != "skipped")


def main():
    total = dict.fromkeys(WORDS, 0)
    failures = []
    for leg in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        counts = dict.fromkeys(WORDS, 0)
        for path in sorted(leg.rglob("test.xml")):
            test = path.parent.relative_to(leg)
            try:
                suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
            except ElementTree.ParseError as error:
                counts["failed"] += 1
                failures.append(f"{leg.name}: {test}: unreadable test.xml: {error}")
                continue
            for case in (case for suite in suites for case in suite.findall("testcase")):
                word = outcome(case)
                counts[word] += 1
                if word == "failed":
                    failures.append(f"{leg.name}: {test}: {case.get('name')}")
        print(f"{leg.name}: {summary(counts)}")
        for word in WORDS:
            total[word] += counts[word]
    for failure in failures:
        print(f"FAILED {failure}")
    print(summary(total))
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
