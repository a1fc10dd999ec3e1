#!/usr/bin/env python3
"""The workflow can be read, and calls the command as the command is."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import nightly  # noqa: E402
import testing  # noqa: E402

try:
    import yaml
except ImportError:
    yaml = None

PATH = ".github/workflows/nightly.yml"


class Workflow(unittest.TestCase):
    def setUp(self):
        if yaml is None:
            testing.skip("the workflow file: python3-yaml is not installed")
        with open(PATH, encoding="utf-8") as file:
            self.workflow = yaml.safe_load(file)
        self.steps = [step for job in self.workflow["jobs"].values() for step in job["steps"]]

    def test_it_has_a_time_and_jobs_whose_needs_exist(self):
        triggers = self.workflow[True]  # YAML takes "on" for a truth value.
        self.assertTrue(triggers["schedule"][0]["cron"])
        jobs = self.workflow["jobs"]
        for job in jobs.values():
            needs = job.get("needs", [])
            self.assertLessEqual({needs} if isinstance(needs, str) else set(needs), set(jobs))

    def test_each_step_does_something_and_actions_have_versions(self):
        for step in self.steps:
            self.assertEqual(len({"run", "uses"} & set(step)), 1, step)
            if "uses" in step:
                self.assertRegex(step["uses"], r"^actions/[a-z-]+@v\d+$")

    def test_the_command_knows_every_option_that_it_is_given(self):
        scripts = "\n".join(step["run"] for step in self.steps if "run" in step)
        scripts = re.sub(r"\$\{\{.*?\}\}", "x", scripts.replace("\\\n", " "))
        [call] = re.findall(r"bazelw run //bench:nightly -- (.*?)\|\|", scripts)
        options = re.findall(r"--[a-z-]+", call)
        self.assertEqual(options, ["--out", "--revision-url", "--source-url"])
        given = [part for option in options for part in (option, "x")]
        nightly.parse([*given, "--quick", "--binary=x", "--uplot=x"])


if __name__ == "__main__":
    unittest.main()
