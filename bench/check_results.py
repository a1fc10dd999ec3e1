#!/usr/bin/env python3
"""Checks a file that a benchmark wrote by --results: that it is whole and has figures.

    check_results.py FILE [NAME...]     NAMEs of figures that have to be there, as expressions
"""
import json
import re
import sys

UNITS = {"ns", "instructions", "bytes", "ratio", "percent", "calls", "faults"}
ENVIRONMENT = {
    "processor": str, "processors": int, "memory": int, "page_size": int, "kernel": str,
    "arch": str, "governor": str, "turbo": str, "huge_pages": str, "file_system": str,
    "libc": str, "compiler": str, "flags": str, "build": str, "libraries": dict,
    "load_before": (int, float), "load_after": (int, float), "steal_percent": (int, float),
}


def check(condition, what):
    if not condition:
        sys.exit(f"check_results: {what}")


def check_figure(figure, is_brief):
    name = figure["name"]
    check(re.fullmatch(r"[\w.-]+/[\w.-]+", name), f"{name}: not SUBJECT/WHO")
    check(figure["unit"] in UNITS, f"{name}: unit {figure['unit']}")
    check(figure["better"] in ("lower", "higher"), f"{name}: better")
    samples = figure["samples"]
    check(samples and all(isinstance(s, (int, float)) for s in samples), f"{name}: samples")
    if figure["exact"]:
        check(len(samples) == 1, f"{name}: exact, and {len(samples)} samples")
    elif figure["unit"] == "ns" and not is_brief:
        check(len(samples) >= 10, f"{name}: {len(samples)} samples")


def check_ratio(ratio, figures):
    for side in ("ours", "peer"):
        check((ratio[side], ratio["unit"]) in figures, f"{ratio['name']}: no figure {ratio[side]}")
    check(ratio["value"] >= 0, f"{ratio['name']}: value")


def check_distribution(of):
    check(of["count"] > 0 and of["group"] > 0, f"{of['name']}: count")
    check(0 <= of["p50"] <= of["p90"] <= of["p99"] <= of["max"], f"{of['name']}: order")


def check_matrix(cell):
    where = f"{cell['span']} {cell['size']} {cell['state']} {cell['order']}"
    check(cell["state"] != "cold" or "none resident" in cell["cold"], f"{where}: no proof")
    check({"pread", "mmap_populate"} <= {m["method"] for m in cell["methods"]}, where)
    for method in cell["methods"]:
        check(method.get("left_out") or method["samples"], f"{where}: {method['method']}")


def main():
    path, expected = sys.argv[1], sys.argv[2:]
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    check(results["schema"] == 1, "schema")
    for name, kind in ENVIRONMENT.items():
        check(isinstance(results["environment"].get(name), kind), f"environment: {name}")
    figures = {}
    for figure in results["figures"]:
        check_figure(figure, results["brief"])
        key = (figure["name"], figure["unit"])
        check(key not in figures, f"{key}: twice")
        figures[key] = figure
    check(figures, "no figures")
    for ratio in results["ratios"]:
        check_ratio(ratio, figures)
    for distribution in results["distributions"]:
        check_distribution(distribution)
    for stages in results["stages"]:
        check(all(part["value"] >= 0 for part in stages["parts"]), f"{stages['name']}: parts")
    for cell in results["matrix"]:
        check_matrix(cell)
    names = [name for name, _ in figures] + [d["name"] for d in results["distributions"]]
    for expression in expected:
        check(any(re.search(expression, name) for name in names), f"no figure {expression}")
    print(f"{results['benchmark']}: {len(figures)} figures, {len(results['ratios'])} ratios, "
          f"{len(results['distributions'])} distributions")


if __name__ == "__main__":
    main()
