#!/usr/bin/env python3
"""Reads an OpenAPI 3.1 document on standard input and says what is wrong with it.

What it asks of a document: OpenAPI 3.1; operation ids that are there once; for each `{name}` of a
path a parameter and for each path parameter a `{name}`; an answer of 2xx and one for problems;
references that lead somewhere and components that something refers to; schemas that JSON Schema
2020-12 accepts; a summary and a tag for every operation; no two paths that differ only in the names
of their parameters.
"""

import json
import re
import sys

import jsonschema

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Lint:
    def __init__(self, document):
        self.document = document
        self.faults = []
        self.referred = set()
        self.operation_ids = set()

    def fault(self, where, text):
        self.faults.append(f"{where}: {text}")

    def target(self, reference):
        """What a local reference points to, or None."""
        if not reference.startswith("#/"):
            return None
        at = self.document
        for step in reference[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(at, dict) or step not in at:
                return None
            at = at[step]
        return at

    def resolved(self, value):
        while isinstance(value, dict) and "$ref" in value:
            value = self.target(value["$ref"]) or {}
        return value

    def check_references(self, value, where):
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str):
                self.referred.add(reference)
                if self.target(reference) is None:
                    self.fault(where, f"the reference {reference} leads nowhere")
            for key, part in value.items():
                self.check_references(part, f"{where}/{key}")
        elif isinstance(value, list):
            for index, part in enumerate(value):
                self.check_references(part, f"{where}/{index}")

    def check_schema(self, schema, where):
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            self.fault(where, f"no JSON Schema: {error.message}")

    def check_parameters(self, path, operation, where):
        named = set(re.findall(r"\{([^}]+)\}", path))
        given = set()
        for parameter in operation.get("parameters", []):
            parameter = self.resolved(parameter)
            name = parameter.get("name", "?")
            place = parameter.get("in")
            if (name, place) in given:
                self.fault(where, f"the parameter {name} is there twice")
            given.add((name, place))
            if place == "path" and not parameter.get("required"):
                self.fault(where, f"the path parameter {name} must be required")
            if "schema" not in parameter:
                self.fault(where, f"the parameter {name} has no schema")
            self.check_schema(parameter.get("schema", {}), f"{where} {name}")
        in_path = {name for name, place in given if place == "path"}
        for name in sorted(named ^ in_path):
            self.fault(where, f"{name} is only in the path or only among the parameters")

    def check_content(self, holder, where):
        for kind, media in self.resolved(holder).get("content", {}).items():
            if not re.fullmatch(r"[a-z]+/[a-z0-9.+*-]+", kind):
                self.fault(where, f"{kind} is no media type")
            self.check_schema(media.get("schema", {}), f"{where} {kind}")

    def check_operation(self, path, method, operation):
        where = f"{method.upper()} {path}"
        for needed in ("operationId", "summary", "tags", "responses"):
            if not operation.get(needed):
                self.fault(where, f"{needed} is missing")
        name = operation.get("operationId", "")
        if name in self.operation_ids:
            self.fault(where, f"another operation is called {name} too")
        self.operation_ids.add(name)
        self.check_parameters(path, operation, where)
        self.check_content(operation.get("requestBody", {}), where)
        answers = operation.get("responses", {})
        if not any(code.startswith("2") for code in answers):
            self.fault(where, "no answer says that all went well")
        if not any(code[0] in "45d" for code in answers):
            self.fault(where, "no answer says what may go wrong")
        for code, answer in answers.items():
            if not re.fullmatch(r"[1-5][0-9X]{2}|default", code):
                self.fault(where, f"{code} is no status")
            if not self.resolved(answer).get("description"):
                self.fault(where, f"the answer {code} has no description")
            self.check_content(answer, f"{where} {code}")

    def check_components(self):
        for kind, parts in self.document.get("components", {}).items():
            for name, part in parts.items():
                if kind == "schemas":
                    self.check_schema(part, f"components/schemas/{name}")
                if kind != "securitySchemes" and f"#/components/{kind}/{name}" not in self.referred:
                    self.fault(f"components/{kind}/{name}", "nothing refers to it")

    def run(self):
        if not str(self.document.get("openapi", "")).startswith("3.1."):
            self.fault("openapi", "not OpenAPI 3.1")
        for needed in ("title", "version", "license"):
            if not self.document.get("info", {}).get(needed):
                self.fault("info", f"{needed} is missing")
        shapes = {}
        for path, item in self.document.get("paths", {}).items():
            shape = re.sub(r"\{[^}]+\}", "{}", path)
            if shape in shapes:
                self.fault(path, f"cannot be told from {shapes[shape]}")
            shapes[shape] = path
            for method, operation in item.items():
                if method in METHODS:
                    self.check_operation(path, method, operation)
        if not self.operation_ids:
            self.fault("paths", "there are none")
        self.check_references(self.document, "#")
        self.check_components()
        return self.faults


def main():
    lint = Lint(json.load(sys.stdin))
    faults = lint.run()
    for fault in faults:
        print(fault)
    print(f"{len(lint.operation_ids)} operations, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
