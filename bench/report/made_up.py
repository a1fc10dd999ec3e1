"""Histories that were never measured: for the tests, and to look at the page without waiting.

    bench/report/made_up.py RUNS > history.jsonl

Seeded. As on a real machine, each run has a speed of its own (of which peers partake), each figure
a level of its own in each run, samples are skewed, and now and then one is far out. The
story it tells: at two thirds of the history `hit/ours` gets 12 % faster, in the last run
`open/ours` gets 10 % slower.
"""

import datetime
import hashlib
import json
import random
import sys
from typing import List

from runs import fingerprint

ENVIRONMENT = {
    "processor": "Made-up 9000",
    "processors": 2,
    "kernel": "6.1.0",
    "arch": "x86_64",
    "governor": "performance",
    "turbo": "off",
    "huge_pages": "madvise",
    "aslr": 2,
    "file_system": "ext4",
    "libc": "glibc 2.36",
    "compiler": "gcc 12.2.0",
    "flags": "-O2",
    "build": "opt",
    "libraries": {"benchmark": "1.7.1", "asmjit": "1.9"},
    "load_before": 0.2,
    "load_after": 1.1,
    "steal_percent": 0.1,
}

# Benchmark, subject, nanoseconds of each who.
TIMED = [
    ("cache_bench", "hit", {"ours": 34, "textbook": 58, "hyper_clock": 42}),
    ("cache_bench", "pin", {"ours": 7.3}),
    ("cache_bench", "open", {"ours": 9500, "mapped": 33000, "pread": 8100}),
    ("exec_bench", "cycle_64", {"ours": 18, "jit_allocator": 47, "mmap_mprotect": 28000}),
    ("exec_bench", "throw", {"ours": 1160, "registered": 173000}),
    ("jit_bench", "cold", {"ours": 18600, "asmjit": 12800, "llvm": 432000, "tcc": 76000}),
    ("jit_bench", "same_body", {"ours": 265}),
    (
        "io_bench",
        "random_64_B_of_16_MiB_populated",
        {"ours": 21, "lseek_read_then_close": 9_300_000},
    ),
    (
        "note_bench",
        "find_by_arguments",
        {"ours": 578, "hash_of_parsed_note": 746, "every_row": 31e6},
    ),
    ("sdn_bench", "parse", {"ours": 5.8e6, "simdjson": 7.0e6, "nlohmann": 282e6}),
]
INSTRUCTIONS = [
    ("note_bench", "10_modules_of_1_MiB_mapped.page_of_each.resident/ours", 4_070_113),
    ("sdn_bench", "parse/ours", 21_350_113),
    ("jit_bench", "cold/ours", 81_220),
]
STAGES = {"check": 3100, "specialise": 2400, "optimise": 4300, "lower": 3900, "publish": 900}


def _samples(rng: random.Random, level: float, count: int) -> List[float]:
    values = [level * rng.lognormvariate(0, 0.012) for _ in range(count)]
    if rng.random() < 0.3:
        values[rng.randrange(count)] *= 1 + rng.random() / 2
    return [float(f"{value:.5g}") for value in values]


def _effect(name: str, place: float) -> float:
    if name == "hit/ours" and place > 0.66:
        return 0.88
    return 1.10 if name == "open/ours" and place == 1 else 1.0


def _figures(rng: random.Random, benchmark: str, place: float, count: int) -> tuple:
    figures, ratios = [], []
    machine = rng.lognormvariate(0, 0.02)
    for bench, subject, levels in TIMED:
        if bench != benchmark:
            continue
        drawn = {}
        for who, level in levels.items():
            name = f"{subject}/{who}"
            own = rng.lognormvariate(0, 0.006) * _effect(name, place)
            drawn[who] = _samples(rng, level * machine * own, count)
            figures.append(
                {
                    "name": name,
                    "unit": "ns",
                    "better": "lower",
                    "samples": drawn[who],
                    "exact": False,
                }
            )
        for who in [who for who in levels if who != "ours"]:
            pairs = sorted(a / b for a, b in zip(drawn["ours"], drawn[who]))
            ratios.append(
                {
                    "name": f"{subject}: ours/{who}",
                    "unit": "ns",
                    "ours": f"{subject}/ours",
                    "peer": f"{subject}/{who}",
                    "paired": True,
                    "value": pairs[count // 2],
                    "samples": [a / b for a, b in zip(drawn["ours"], drawn[who])],
                }
            )
    for bench, name, value in INSTRUCTIONS:
        if bench == benchmark:
            figures.append(
                {
                    "name": name,
                    "unit": "instructions",
                    "better": "lower",
                    "samples": [value - 4000 * (place > 0.5)],
                    "exact": True,
                }
            )
    return figures, ratios


def _matrix(rng: random.Random) -> list:
    cells = []
    for span in (1 << 20, 1 << 26):
        for size in (8, 64, 4096):
            for state, base in (("warm", 6), ("populated", 60), ("fresh", 4900), ("cold", 84000)):
                for order in ("random", "sequential"):
                    mapped = (base + size / 8) * (1 if order == "random" else 0.5)
                    read = 1300 + size / 10 + (65000 if state == "cold" else 0)
                    methods = [
                        ("mmap", True, mapped),
                        ("pread", False, read),
                        ("lseek_read", False, 1.7 * read),
                    ]
                    cells.append(
                        {
                            **({"cold": "none resident by mincore"} if state == "cold" else {}),
                            "span": span,
                            "size": size,
                            "state": state,
                            "order": order,
                            "methods": [
                                {
                                    "method": method,
                                    "mapping": mapping,
                                    "samples": _samples(rng, level, 9),
                                }
                                for method, mapping, level in methods
                            ],
                        }
                    )
    return cells


def _extras(rng: random.Random, benchmark: str) -> dict:
    if benchmark == "jit_bench":
        return {
            "stages": [
                {
                    "name": "cold",
                    "unit": "ns",
                    "parts": [
                        {"name": name, "value": value * rng.uniform(0.97, 1.03)}
                        for name, value in STAGES.items()
                    ],
                }
            ],
            "distributions": [
                {
                    "name": f"{name}/{who}",
                    "unit": "ns",
                    "count": 1200,
                    "p50": level,
                    "p90": level * 1.1,
                    "p99": level * 1.9,
                    "max": level * 6,
                }
                for name, who, level in (
                    ("cold", "ours", 18600 * rng.uniform(0.98, 1.02)),
                    ("cold", "asmjit", 12800),
                    ("cold", "tcc", 76000),
                )
            ],
            "left_out": [{"name": "gccjit", "why": "built without --define=peers=jit"}],
        }
    if benchmark == "cache_bench":
        return {
            "distributions": [
                {
                    "name": f"hit/{who}",
                    "unit": "ns",
                    "count": 100000,
                    "p50": level,
                    "p90": level * 1.3,
                    "p99": level * 2.5,
                    "max": level * 900,
                }
                for who, level in (("ours", 34 * rng.uniform(0.98, 1.02)), ("textbook", 58))
            ]
        }
    return {}


def results(rng: random.Random, benchmark: str, place: float, brief: bool) -> dict:
    """As a benchmark binary writes them."""
    made = {
        "schema": 1,
        "benchmark": benchmark,
        "brief": brief,
        "environment": dict(ENVIRONMENT),
        "figures": [],
        "ratios": [],
        "distributions": [],
        "stages": [],
        "left_out": [],
    }
    if benchmark == "io_bench":
        made["matrix"] = _matrix(rng)
        made["break_even"] = [
            {"span": 4096, "accesses": 32},
            {"span": 65536, "accesses": 120},
            {"span": 1 << 20, "accesses": 512},
        ]
    made["figures"], made["ratios"] = _figures(rng, benchmark, place, 3 if brief else 10)
    made.update(_extras(rng, benchmark))
    return made


BENCHMARKS = ("cache_bench", "exec_bench", "io_bench", "jit_bench", "note_bench", "sdn_bench")


def history(count: int, seed: int = 8, brief: bool = False) -> List[dict]:
    rng = random.Random(seed)
    start = datetime.datetime(2026, 9, 1, 2, 30)
    runs = []
    for i in range(count):
        place = (i + 1) / count
        benchmarks = [results(rng, name, place, brief) for name in BENCHMARKS]
        for each in benchmarks:
            del each["environment"]
        benchmarks.append(
            {
                "benchmark": "sizes",
                "figures": [
                    {
                        "name": f"{name}/ours",
                        "unit": "bytes",
                        "better": "lower",
                        "exact": True,
                        "samples": [size + 64 * (place > 0.8)],
                    }
                    for name, size in (("smftool", 3_211_264), ("libsmf_rt.so", 1_478_144))
                ],
            }
        )
        environment = {**ENVIRONMENT, "kernel": "6.1.0" if place > 0.1 else "6.0.9"}
        runs.append(
            {
                "schema": 1,
                "when": (start + datetime.timedelta(days=i)).isoformat() + "Z",
                "revision": hashlib.sha1(f"{seed} {i}".encode()).hexdigest(),
                "dirty": False,
                "describe": f"Change number {i + 1}",
                "machine": fingerprint(environment),
                "environment": environment,
                "brief": brief,
                "benchmarks": benchmarks,
            }
        )
    return runs


if __name__ == "__main__":
    for line in history(int(sys.argv[1]) if len(sys.argv) > 1 else 60):
        print(json.dumps(line))
