#!/usr/bin/env python3
"""Writes docs/rules.md from what the .bzl files say about themselves.

    rules_page.py DEFS FILE...        prints the page

DEFS is the file that users load from; it says which names are public. What they are is in the other
files, in whose docstrings and `doc` arguments the text is. Starlark parses as Python.
"""

import ast
import sys

KINDS = {"rule": "rule", "aspect": "aspect", "provider": "provider"}
TYPES = {
    "bool": "bool",
    "int": "int",
    "label": "label",
    "label_keyed_string_dict": "dict: label to string",
    "label_list": "list of labels",
    "string": "string",
    "string_dict": "dict: string to string",
    "string_list": "list of strings",
    "string_list_dict": "dict: string to list of strings",
}
EMPTY = {"bool": "`False`", "string": "`\"\"`", "label": "none"}


def argument(call, name):
    return next((k.value for k in call.keywords if k.arg == name), None)


def text(node):
    return node.value.strip() if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


class File:
    """One .bzl file: its top-level assignments, by name."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.tree = ast.parse(file.read())
        self.values = {}
        self.functions = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.values[node.targets[0].id] = node.value
            elif isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node

    def attributes(self, node):
        """The pairs of name and attr.TYPE(...) that an expression of dicts comes to."""
        if node is None:
            return []
        if isinstance(node, ast.Dict):
            return [(key.value, self.resolved(value)) for key, value in zip(node.keys, node.values)]
        if isinstance(node, ast.Name):
            return self.attributes(self.values[node.id]) if node.id in self.values else []
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict":
            pairs = [pair for part in node.args for pair in self.attributes(part)]
            for keyword in node.keywords:
                if keyword.arg is None:
                    pairs += self.attributes(keyword.value)
                else:
                    pairs.append((keyword.arg, keyword.value))
            return pairs
        return []

    def resolved(self, node):
        """A call of a function of the file is what that returns."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            function = self.functions.get(node.func.id)
            if function:
                return next(n.value for n in function.body if isinstance(n, ast.Return))
        return node


def default_of(kind, call):
    mandatory = argument(call, "mandatory")
    if mandatory is not None and mandatory.value:
        return "required"
    default = argument(call, "default")
    if default is not None:
        value = ast.unparse(default)
        return "`%s`" % value.replace("'", '"')
    return EMPTY.get(kind, "`{}`" if "dict" in kind else "`[]`")


def cell(words):
    return " ".join(words.split()).replace("|", "\\|")


def print_attributes(pairs):
    shown = sorted((name, value) for name, value in pairs if not name.startswith("_"))
    if not shown:
        return
    print("\n| attribute | type | default | |\n| --- | --- | --- | --- |")
    for name, value in shown:
        kind = value.func.attr
        doc = cell(text(argument(value, "doc")))
        if not doc:
            raise SystemExit("attribute '%s' says nothing about itself" % name)
        print("| `%s` | %s | %s | %s |" % (name, TYPES[kind], default_of(kind, value), doc))


def print_fields(node):
    print("\n| field | |\n| --- | --- |")
    for key, value in zip(node.keys, node.values):
        print("| `%s` | %s |" % (key.value, cell(text(value))))


def print_entry(name, file, call):
    kind = KINDS[call.func.id]
    print("\n### %s\n" % name)
    doc = text(argument(call, "doc"))
    if not doc:
        raise SystemExit("'%s' says nothing about itself" % name)
    print(doc)
    if kind == "provider":
        print_fields(argument(call, "fields"))
    else:
        print_attributes(file.attributes(argument(call, "attrs")))


def main():
    defs = ast.parse(open(sys.argv[1], encoding="utf-8").read())
    public = sorted(node.targets[0].id for node in defs.body if isinstance(node, ast.Assign))
    found = {}
    for path in sys.argv[2:]:
        file = File(path)
        for name, value in file.values.items():
            if name in public and isinstance(value, ast.Call) and getattr(value.func, "id", "") in KINDS:
                found[name] = (file, value)
    missing = [name for name in public if name not in found]
    if missing:
        raise SystemExit("not found in any file: " + ", ".join(missing))
    print("# Rules\n\n<!-- Made of the .bzl files by toolchain/rules_page.py. To renew it:")
    print("     ./bazelw run //toolchain:rules_page_update -->\n")
    print("```python\nload(\"@smf//toolchain:defs.bzl\", \"smf_module\")\n```\n")
    print("How a repository comes to them is in [bazel.md](bazel.md); what smftool does with the files,\n"
          "in [smftool.md](smftool.md).")
    for kind, title in (("rule", "Rules"), ("aspect", "Aspects"), ("provider", "Providers")):
        print("\n## " + title)
        for name in public:
            file, call = found[name]
            if KINDS[call.func.id] == kind:
                print_entry(name, file, call)


if __name__ == "__main__":
    main()
