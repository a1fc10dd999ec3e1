#!/usr/bin/env python3
"""The history survives what happens to files: two writers, a torn line, a full disk."""

import json
import multiprocessing
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import history  # noqa: E402
import made_up  # noqa: E402
from runs import differences, fingerprint, merged_environment  # noqa: E402


def line(number):
    made = made_up.history(1)[0]
    made.update(describe=str(number), benchmarks=[])
    return made


def append_many(path, name):
    for i in range(20):
        with history.opened(path) as past:
            past.append(line(f"{name} {i}"))


class Histories(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "deeper", "history.jsonl")

    def read(self):
        with history.opened(self.path) as past:
            return [run["describe"] for run in past.runs], past.note

    def test_lines_come_back_in_order(self):
        for i in range(3):
            with history.opened(self.path) as past:
                past.append(line(i))
        self.assertEqual(self.read(), (["0", "1", "2"], None))

    def test_of_many_writers_each_line_gets_in_whole(self):
        writers = [
            multiprocessing.Process(target=append_many, args=(self.path, i)) for i in range(4)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        found, note = self.read()
        self.assertEqual(len(set(found)), 80)
        self.assertIsNone(note)

    def test_a_torn_last_line_is_told_and_then_cut_off(self):
        with history.opened(self.path) as past:
            past.append(line("whole"))
        with open(self.path, "ab") as file:
            file.write(json.dumps(line("torn")).encode()[:100])
        found, note = self.read()
        self.assertEqual(found, ["whole"])
        self.assertIn("line 2 is torn", note)
        with history.opened(self.path) as past:
            past.append(line("next"))
        self.assertEqual(self.read(), (["whole", "next"], None))

    def test_a_line_broken_in_the_middle_is_an_error_that_names_it(self):
        with history.opened(self.path) as past:
            past.append(line("whole"))
        with open(self.path, "ab") as file:
            file.write(b"{nonsense\n" + json.dumps(line("after")).encode() + b"\n")
        with self.assertRaisesRegex(history.HistoryError, "line 2 is not a run"):
            self.read()

    def test_another_schema_is_an_error(self):
        os.makedirs(os.path.dirname(self.path))
        with open(self.path, "w", encoding="utf-8") as file:
            file.write('{"schema": 2}\n')
        with self.assertRaisesRegex(history.HistoryError, "schema 2, this program knows 1"):
            self.read()

    def test_a_full_disk_leaves_the_file_as_it_was(self):
        with history.opened(self.path) as past:
            past.append(line("whole"))
            write = os.write
            with mock.patch("os.write", lambda fd, data: write(fd, data[:50])):
                with self.assertRaisesRegex(OSError, "only a part"):
                    past.append(line("half"))
        self.assertEqual(self.read(), (["whole"], None))


class Environments(unittest.TestCase):
    def test_load_does_not_make_another_machine_but_a_compiler_does(self):
        old = made_up.ENVIRONMENT
        self.assertEqual(fingerprint(old), fingerprint({**old, "load_before": 7}))
        new = {**old, "compiler": "gcc 13", "libraries": {"benchmark": "1.8"}}
        self.assertNotEqual(fingerprint(old), fingerprint(new))
        self.assertEqual(
            differences(old, new),
            ["compiler: gcc 12.2.0 → gcc 13", "asmjit: 1.9 → none", "benchmark: 1.7.1 → 1.8"],
        )

    def test_binaries_add_their_libraries_and_the_highest_load(self):
        merged = merged_environment(
            [
                {"environment": {"kernel": "6", "load_after": 2, "libraries": {"b": "1"}}},
                {"environment": {"kernel": "6", "load_after": 1, "libraries": {"a": "2"}}},
            ]
        )
        self.assertEqual(
            merged, {"kernel": "6", "load_after": 2, "libraries": {"a": "2", "b": "1"}}
        )

    def test_what_differs_between_binaries_is_told_once(self):
        merged = merged_environment(
            [
                {"environment": {"file_system": name}}
                for name in ("", "ext4", "tmpfs", "ext4", "tmpfs")
            ]
        )
        self.assertEqual(merged["file_system"], "ext4 and tmpfs")


if __name__ == "__main__":
    unittest.main()
