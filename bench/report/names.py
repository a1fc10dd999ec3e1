"""Which figures the benchmarks have, without what they are: for promises to be held against.

    bench/report/names.py RESULTS... > bench/report/testdata/names.json

takes files that benchmarks wrote with --quick --results=FILE: all of them, built with
--define=peers=jit.
"""

import json
import os
import sys
from typing import List

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata", "names.json")
CELL = ("span", "size", "state", "order")


def named(results: dict) -> dict:
    """What there is; of a cell's methods, whether they map."""
    return {
        "benchmark": results["benchmark"],
        "figures": [[each["name"], each["unit"]] for each in results["figures"]],
        "ratios": [[each["name"], each["unit"]] for each in results["ratios"]],
        "matrix": [
            [cell[part] for part in CELL]
            + [{each["method"]: each["mapping"] for each in cell["methods"] if each.get("samples")}]
            for cell in results.get("matrix", [])
        ],
    }


def results_of(names: dict) -> dict:
    """Results of these names in which every value is 1."""
    return {
        "benchmark": names["benchmark"],
        "figures": [
            {"name": name, "unit": unit, "samples": [1]} for name, unit in names["figures"]
        ],
        "ratios": [{"name": name, "unit": unit, "value": 1} for name, unit in names["ratios"]],
        "matrix": [
            {
                **dict(zip(CELL, cell)),
                "methods": [
                    {"method": method, "mapping": mapping, "samples": [1]}
                    for method, mapping in cell[-1].items()
                ],
            }
            for cell in names["matrix"]
        ],
    }


def read() -> List[dict]:
    with open(PATH, encoding="utf-8") as file:
        return [results_of(names) for names in json.load(file)]


def _text(names: dict) -> str:
    parts = [
        f'"{part}": [' + ",".join("\n  " + json.dumps(each) for each in names[part]) + "]"
        for part in ("figures", "ratios", "matrix")
    ]
    return f'{{"benchmark": "{names["benchmark"]}",\n' + ",\n".join(parts) + "}"


def main() -> None:
    everything = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            everything.append(named(json.load(file)))
    everything.sort(key=lambda names: names["benchmark"])
    print("[" + ",\n".join(_text(names) for names in everything) + "]")


if __name__ == "__main__":
    main()
