#!/usr/bin/env python3
"""Runs all benchmarks, compares them with the runs before, and writes a page about it.

    ./bazelw run //bench:nightly -- --out DIR [--history FILE] [--quick] [--performance FILE]

DIR gets index.html, report.md and performance.md; the history (DIR/history.jsonl unless told
otherwise) one line more. Exit status: 0 nothing got worse, 1 something did, 2 it could not be
done, and then nothing was written. docs/benchmarks.md tells the rest.
"""

import argparse
import datetime
import os
import sys
from typing import Dict, List, Optional

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import compare  # noqa: E402
import history  # noqa: E402
import markdown  # noqa: E402
import page  # noqa: E402
import promises  # noqa: E402
import running  # noqa: E402
from report import Report  # noqa: E402
from runs import Run, fingerprint, merged_environment  # noqa: E402

# Where the modules are: `bazel run` starts a link to this file that stands elsewhere.
HERE = os.path.dirname(os.path.abspath(promises.__file__))


def parse(arguments: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="nightly",
        description="Runs all benchmarks and compares them with the runs before.",
        epilog="Exit status: 0 nothing got worse, 1 something did, 2 it could not be done.",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="gets index.html, report.md, performance.md"
    )
    parser.add_argument(
        "--history", metavar="FILE", help="the runs before; DIR/history.jsonl if not told"
    )
    parser.add_argument(
        "--quick", action="store_true", help="under two minutes; compared with quick runs only"
    )
    parser.add_argument(
        "--performance",
        metavar="FILE",
        help="write performance.md here as well, such as docs/performance.md",
    )
    parser.add_argument(
        "--revision-url",
        default="",
        metavar="PATTERN",
        help="where a revision is shown, with {revision} in it",
    )
    parser.add_argument(
        "--source-url",
        default="",
        metavar="PATTERN",
        help="where a file is shown, with {revision} and {path} in it",
    )
    # Given by the build.
    parser.add_argument("--binary", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--counted", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--ships", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--uplot", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.performance and given.quick:
        parser.error(
            "--performance is the reference of a machine, and takes a full run: no --quick"
        )
    if not (given.binary or given.counted) or not given.uplot:
        parser.error("no benchmarks were given: start it by ./bazelw run //bench:nightly -- ...")
    return given


def where(path: str) -> str:
    """Paths start where the caller stands, not where Bazel runs this."""
    start = (
        os.environ.get("SMF_WORKING_DIRECTORY") or os.environ.get("BUILD_WORKING_DIRECTORY") or "."
    )
    return os.path.abspath(os.path.join(start, path))


def measure(given: argparse.Namespace) -> dict:
    """A line of the history."""
    ships = running.sizes(given.ships)
    workspace = running.revision(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    binaries = [*given.counted, *given.binary]
    results = running.run_all(binaries, given.quick, given.counted)
    if len({each["brief"] for each in results}) != 1:
        raise running.RunError("some benchmarks were brief and some were not")
    environment = merged_environment(results)
    for each in results:
        del each["environment"]
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "schema": history.SCHEMA,
        "when": now,
        **workspace,
        "machine": fingerprint(environment),
        "environment": environment,
        "brief": results[0]["brief"],
        "benchmarks": [*results, ships],
    }


def write_all(contents: Dict[str, str]) -> None:
    """All files or, if one cannot be written, none."""
    temporary = {path: f"{path}.{os.getpid()}.tmp" for path in contents}
    try:
        for path, content in contents.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(temporary[path], "w", encoding="utf-8") as file:
                file.write(content)
        for path in contents:
            os.replace(temporary[path], path)
    finally:
        for path in temporary.values():
            if os.path.exists(path):
                os.unlink(path)


def make_report(given: argparse.Namespace, line: dict, past: history.History) -> Report:
    run, before = Run(line), [Run(each) for each in past.runs]
    targets = promises.evaluate(os.path.join(HERE, "targets.json"), line["benchmarks"])
    claims = promises.evaluate(os.path.join(HERE, "claims.json"), line["benchmarks"])
    return Report(
        run,
        before,
        compare.judge(before, run),
        targets,
        claims,
        compare.vanished(before, run),
        [past.note] if past.note else [],
        given.revision_url,
        given.source_url,
    )


def pages(given: argparse.Namespace, report: Report) -> Dict[str, str]:
    out = where(given.out)
    performance = markdown.performance(report)
    contents = {
        os.path.join(out, "index.html"): page.render(report, page.Library.load(given.uplot)),
        os.path.join(out, "report.md"): markdown.summary(report),
        os.path.join(out, "performance.md"): performance,
    }
    if given.performance:
        contents[where(given.performance)] = performance
    return contents


def main(arguments: Optional[List[str]] = None) -> int:
    given = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        path = where(given.history or os.path.join(given.out, "history.jsonl"))
        with history.opened(path):
            pass  # What cannot be read or written is better known before an hour of measuring.
        line = measure(given)
        with history.opened(path) as past:
            report = make_report(given, line, past)
            write_all(pages(given, report))
            past.append(line)
    except (OSError, history.HistoryError, promises.PromiseError, running.RunError) as error:
        print(f"nightly: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("nightly: stopped; nothing was written", file=sys.stderr)
        return 2
    print(markdown.summary(report))
    print(f"{where(given.out)}/index.html")
    return 1 if report.regressed() else 0


if __name__ == "__main__":
    sys.exit(main())
