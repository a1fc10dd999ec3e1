"""Real runs of the benchmarks, kept to see what the statistics make of real noise.

    bench/report/recorded.py HISTORY > bench/report/testdata/recorded.jsonl.xz

keeps of a history what the comparison reads, with five digits. All runs in it have to be of one
machine and of one state of the code, so that whatever differs is noise. What is here was recorded
on a virtual machine of two processors on which others compiled meanwhile: more noise than a nightly
run has. Figures of two threads were left out, since both processors were never free, and so was
load_4_kib, of which two of ten runs took forty times as long.
"""

import copy
import json
import lzma
import os
import random
import sys
from typing import List

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import history  # noqa: E402
from runs import Key, Run  # noqa: E402

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata", "recorded.jsonl.xz")


def read(path: str = PATH) -> List[dict]:
    with lzma.open(path) as file:
        return history.parse(file.read(), path)[0]


def resampled(line: dict, rng: random.Random) -> dict:
    """The run as it could have been: each figure's samples drawn anew from those it had."""
    drawn = copy.deepcopy(line)
    for results in drawn["benchmarks"]:
        for entry in [*results.get("figures", []), *results.get("ratios", [])]:
            entry["samples"] = rng.choices(entry["samples"], k=len(entry["samples"]))
    return drawn


def slowed(line: dict, key: Key, factor: float) -> dict:
    """The run, had this figure taken longer."""
    changed = copy.deepcopy(line)
    for results in changed["benchmarks"]:
        if results["benchmark"] != key.benchmark:
            continue
        entries = [
            entry
            for entry in results["figures"]
            if (entry["name"], entry["unit"]) == (key.name, key.unit)
        ]
        entries += [
            entry
            for entry in results.get("ratios", [])
            if (entry["ours"], entry.get("unit", "ns")) == (key.name, key.unit)
        ]
        for entry in entries:
            entry["samples"] = [value * factor for value in entry["samples"]]
    return changed


def kept(line: dict) -> dict:
    """What the comparison reads."""
    small = {name: value for name, value in line.items() if name != "benchmarks"}
    small["benchmarks"] = []
    for results in line["benchmarks"]:
        parts = {}
        for part in ("figures", "ratios"):
            parts[part] = [
                {
                    **{
                        name: entry[name]
                        for name in ("name", "unit", "better", "exact", "ours", "peer")
                        if name in entry
                    },
                    "samples": [float(f"{value:.5g}") for value in entry["samples"]],
                }
                for entry in results.get(part, [])
            ]
        small["benchmarks"].append({"benchmark": results["benchmark"], **parts})
    return small


def keep(path: str) -> bytes:
    with open(path, "rb") as file:
        lines = history.parse(file.read(), path)[0]
    if len({Run(line).record["machine"] for line in lines}) != 1:
        raise SystemExit(f"{path}: runs of several machines")
    text = "".join(json.dumps(kept(line), separators=(",", ":")) + "\n" for line in lines)
    return lzma.compress(text.encode(), preset=9)


if __name__ == "__main__":
    sys.stdout.buffer.write(keep(sys.argv[1]))
