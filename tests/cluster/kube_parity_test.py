"""The API server and the C++ rules say the same of everything that one object shows: crds/ on a real API server."""
import copy
import glob
import json
import os
import re
import subprocess
import sys
import time

import yaml

from _dry_run import DryRun
from _parity_objects import REST, Dice, esp_pairs, fields, largest, manifest, single
from apiserver import TOP, ApiServer, Cases, LabError, expect, expect_equal, run, wait_until

SEED, COMBINATIONS = 4, 10_000
FOLDER = os.environ.get("HAWSER_CLUSTER_BIN", os.path.join(TOP, "build", "release", "cluster"))
# Each needs a second object: the API server accepts them, the controllers report them (refused_test.py).
CROSS_OBJECT = ["CON-1", "CON-3", "CON-4", "FMT-7", "LNG-1", "LNG-2", "VNG-1", "VNG-2"]
# What the schema says itself, in the API server's words: field and complaint.
BY_SCHEMA = {"POL-1": ("spec.pfsGroup", "Required value"),
             "POL-2": ("spec.ikeEncryption",
                       'Unsupported value: "CHACHA20": supported values: "AES256", "AES192", "AES128", "DES3", "DES"')}
# Where the API server blames another field than the C++ rules: the only exceptions.
# CEL looks at the list as one value, so the API server blames the list; the C++ rule names the entry.
WHOLE_LIST = ("NET-1", "LNG-1")
# A name twice: CEL blames the list, the schema (a map by name) the entry; the C++ rule names the entry's name.
TWICE = ("FMT-4", "is used twice")
# A map where a single value should be: the API server calls what is in the map unknown, the C++ rules blame the field.
# A label: where its value is too long the API server names its key, the C++ rules the labels.
LABELS = "spec.nodeSelector"


def load_definitions():
    """By kind."""
    out = {}
    for path in glob.glob(os.path.join(TOP, "crds", "*.yaml")):
        with open(path) as text:
            definition = yaml.safe_load(text)
        out[definition["spec"]["names"]["kind"]] = definition
    return out


def schema_of(definition):
    return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def checks_of(schema, path="spec"):
    """(path, check) of every CEL line."""
    for check in schema.get("x-kubernetes-validations", []):
        yield path, check
    for name, inner in schema.get("properties", {}).items():
        yield from checks_of(inner, f"{path}.{name}")
    if "items" in schema:
        yield from checks_of(schema["items"], f"{path}[]")


class Oracle:
    """The C++ rules."""

    def ask(self, objects):
        """What each is refused for; an empty list: accepted."""
        lines = "".join(json.dumps(one) + "\n" for one in objects)
        done = subprocess.run([os.path.join(FOLDER, "rules_oracle")], input=lines, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"rules_oracle: {done.returncode} {done.stderr[-2000:]}")
        verdicts = [json.loads(line)["refused"] for line in done.stdout.split("\n")[:-1]]
        expect_equal("answers of the oracle", len(verdicts), len(objects))
        return verdicts

    def cel(self):
        """What the API server is to say, by rule: field, message, and whether the value is in it."""
        return json.loads(run(os.path.join(FOLDER, "rules_oracle"), "--cel").stdout)


def server_fields(refusal):
    """What the API server has to blame, one of them or all, for what the C++ rules refuse."""
    field, rule = refusal["field"], refusal["rule"]
    if rule in WHOLE_LIST:
        return {field.split("[")[0]}
    if rule == TWICE[0] and TWICE[1] in refusal["message"]:
        return {field.split("[")[0], field.removesuffix(".name")}
    return {field}


def single_values(schemas):
    """(kind, field) of all that is no object; a list's entries are []."""
    def path_of(path):
        return "spec." + ".".join(map(str, path)).replace(".0", "[]")
    return {(kind, path_of(path)) for kind, schema in schemas.items() for path, inner in fields(schema)
            if inner["type"] != "object" or "properties" not in inner}


SINGLE_VALUES = single_values({kind: schema_of(definition) for kind, definition in load_definitions().items()})


def fields_of(one, verdict):
    """What the API server blames in an object."""
    parents = {field.rpartition(".")[0] for field in verdict.unknown}
    inside = {parent for parent in parents if (one["kind"], re.sub(r"\[\d+\]", "[]", parent)) in SINGLE_VALUES}
    labels = {LABELS} if any(field.startswith(f"{LABELS}.") for field in verdict.fields) else set()
    return verdict.fields | inside | labels | {field for field in verdict.unknown if field.rpartition(".")[0] not in inside}


class Comparison:
    """Both verdicts of a list of objects."""

    def __init__(self, dry_run, objects, oracle_verdicts=None):
        objects = list(objects)
        self.objects = objects
        self.rules = oracle_verdicts or Oracle().ask(objects)
        server = dry_run.ask(objects)
        self.accepted = sum(verdict.accepted for verdict in server)
        self.different, self.other_field, self.no_field, self.same_fields = [], [], [], 0
        for one, verdict, rules in zip(objects, server, self.rules):
            blamed, wanted = fields_of(one, verdict), set().union(*map(server_fields, rules))
            if verdict.accepted != (not rules):
                self.different.append((one, verdict.message or "accepted", rules))
            elif rules and not blamed:
                self.no_field.append((one, verdict.message, rules))
            elif rules and not blamed & wanted:
                self.other_field.append((one, verdict.message, rules))
            else:
                self.same_fields += bool(rules) and blamed == wanted

    def show(self, cases):
        refused = len(self.objects) - self.accepted
        cases.note(f"{len(self.objects)} objects: {self.accepted} accepted, {refused} refused, {len(self.different)} differences; "
                   f"{self.same_fields} blame exactly the same fields, {len(self.other_field)} another one; for {len(self.no_field)} "
                   "the API server names no field, so fields are not compared")
        if self.no_field:
            cases.note("for example: " + self.no_field[0][1])

    def expect_same(self, cases):
        self.show(cases)
        for what, found in (("verdicts differ", self.different), ("fields differ", self.other_field)):
            expect(f"{len(found)} {what}; the first:\n" + "\n".join(
                f"{json.dumps(one)}\n  API server: {message}\n  C++: {rules}" for one, message, rules in found[:8]), not found)


def unique(objects):
    return list({json.dumps(one, sort_keys=True): one for one in objects}.values())


def install(server, definitions):
    server.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump_all(definitions.values()))
    server.wait_established()


def without(definitions, number):
    """The definitions, the check of that number of each kind replaced by `true`, and what was replaced. An object that is
    named like the marker is refused, so that one can tell when the change is in force."""
    changed, replaced, marker = copy.deepcopy(definitions), {}, f"marker-{number}"
    for kind, definition in changed.items():
        checks = list(checks_of(schema_of(definition)))
        if number < len(checks):
            path, check = checks[number]
            replaced[kind] = f"{path}: {check['rule']}"
            check["rule"] = "true"
        root = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        root["x-kubernetes-validations"] = [{"rule": f"self.metadata.name != '{marker}'", "message": "marker"}]
    return changed, replaced, marker


def in_force(dry_run, marker):
    """The answers of all connections are those of the new definitions, some times in a row."""
    objects = [manifest(kind, REST[kind], marker) for kind in REST] * 6
    return lambda: not any(verdict.accepted for verdict in dry_run.ask(objects))


# A line that the schema says too is there for its message alone: without it the verdicts stay.
SAID_TWICE = ("spec.addressPrefixes: self.size()", "spec.subnets: self.all(a, self.exists_one(b, b.name",
              "spec.dpdTimeoutSeconds", "spec.saLifeTimeSeconds", "spec.saDataSizeKilobytes")


def parity(cases, dry_run, schemas):
    """Returns the objects of single fields and pairs by kind, with the verdicts of the C++ rules."""
    by_kind = {}
    with cases.case("every value of each field against a valid rest, and all bounds"):
        objects = {kind: unique(single(kind, schema)) for kind, schema in schemas.items()}
        comparison = Comparison(dry_run, sum(objects.values(), []))
        by_kind = objects
        comparison.expect_same(cases)
        refused = len(comparison.objects) - comparison.accepted
        expect(f"of {refused} refused objects 97 % blame exactly the same fields", comparison.same_fields > 0.97 * refused)
    with cases.case("all pairs of the two ESP fields"):
        pairs = unique(esp_pairs(schemas["IpsecPolicy"]))
        by_kind["IpsecPolicy"] = by_kind["IpsecPolicy"] + pairs
        Comparison(dry_run, pairs).expect_same(cases)
    with cases.case("the largest objects cost CEL less than it may spend"):
        comparison = Comparison(dry_run, largest())
        comparison.expect_same(cases)
        expect_equal("accepted: one of each kind", comparison.accepted, 3)
    with cases.case(f"{COMBINATIONS} random combinations, seed {SEED}"):
        dice = Dice(SEED, schemas)
        started = time.monotonic()
        comparison = Comparison(dry_run, (dice.roll() for _ in range(COMBINATIONS)))
        cases.note(f"{COMBINATIONS / (time.monotonic() - started):.0f} objects a second")
        comparison.expect_same(cases)
        share = comparison.accepted / COMBINATIONS
        expect(f"between a quarter and three quarters are accepted, not {share:.0%}", 0.25 < share < 0.75)
    return by_kind


def controls(cases, server, dry_run, definitions, by_kind):
    """Without any one CEL line the comparison fails, unless the schema says the same."""
    most = max(len(list(checks_of(schema_of(d)))) for d in definitions.values())
    verdicts = {kind: Oracle().ask(objects) for kind, objects in by_kind.items()}
    with cases.case("without any one line of CEL the comparison fails"):
        noticed, silent = 0, []
        for number in range(most):
            changed, replaced, marker = without(definitions, number)
            install(server, changed)
            wait_until(f"the definitions of {marker} in force", in_force(dry_run, marker), 60, 0.2)
            for kind, line in replaced.items():
                # Objects that the rules refuse: only those can be let through by a missing line.
                refused = [(o, v) for o, v in zip(by_kind[kind], verdicts[kind]) if v]
                comparison = Comparison(dry_run, [o for o, _ in refused], [v for _, v in refused])
                noticed += bool(comparison.different)
                if not comparison.different:
                    silent.append(f"{kind} {line}")
        cases.note(f"{noticed} lines noticed; {len(silent)} say what the schema says too")
        expect("these could go and nobody would notice:\n" + "\n".join(silent),
               all(line.split(" ", 1)[1].startswith(SAID_TWICE) for line in silent))
        expect("some were noticed", noticed > 15)
    with cases.case("a line of CEL that says the opposite makes the comparison fail"):
        changed, _, marker = without(definitions, most)
        check = next(c for p, c in checks_of(schema_of(changed["IpsecPolicy"])) if p == "spec")
        check["rule"] = f"!({check['rule']})"
        install(server, changed)
        wait_until("the wrong definition in force", in_force(dry_run, marker), 60, 0.2)
        comparison = Comparison(dry_run, esp_pairs(schema_of(definitions["IpsecPolicy"])))
        comparison.show(cases)
        expect("differences", comparison.different)
    install(server, definitions)
    wait_until("the right definitions again", lambda: all(
        v.accepted for v in dry_run.ask([manifest(kind, REST[kind], marker) for kind in REST] * 6)), 60, 0.2)


def complaints_of(text):
    """(field, what of it) of each complaint in what kubectl says."""
    return re.findall(r"(?:is invalid: |^\* )(spec[^:\s]*): (.*)$", text, re.MULTILINE)


def expected_of(rule, verdicts, cel):
    """(field, how the complaint may end) for each way in which the C++ rule is broken."""
    if rule in BY_SCHEMA:
        return [(BY_SCHEMA[rule][0], [BY_SCHEMA[rule][1]])]
    out = []
    for refusal in (r for verdict in verdicts for r in verdict):
        expect_equal("the only rule that is broken", refusal["rule"], rule)
        said = {field: [refusal["message"] if check["computed"] else check["message"] for check in cel[rule]
                        if check["field"] == re.sub(r"\[\d+\]", "[]", field)] for field in server_fields(refusal)}
        expect(f"{rule} has something to say at one of {set(said)}", any(said.values()))
        out += [(field, [f": {message}" for message in messages]) for field, messages in said.items() if messages]
    return out


def refused_example(cases, server, path, rule, cel):
    """Applied in earnest: the object at fault is not there afterwards, the others of the file are."""
    documents, space = documents_of(path), f"refused-{rule.lower()}"
    verdicts = Oracle().ask(documents)
    server.kubectl("create", "namespace", space)
    done = server.run_kubectl("apply", "-n", space, "-f", path, check=False)
    expect(f"refused, not: {done.stdout}", done.returncode != 0)
    complaints, expected = complaints_of(done.stderr), expected_of(rule, verdicts, cel)
    expect_equal(f"fields blamed in {done.stderr}", {field for field, _ in complaints},
                 set().union(*(server_fields(refusal) for verdict in verdicts for refusal in verdict)))
    for field, ends in expected:
        expect(f"{field} with one of {ends} in: {done.stderr}",
               any(where == field and text.endswith(tuple(ends)) for where, text in complaints))
    for document, verdict in zip(documents, verdicts):
        what = f"{document['kind']}.hawser.dev/{document['metadata']['name']}"
        found = server.kubectl("get", what, "-n", space, "--ignore-not-found", "-o", "name").strip()
        expect(f"{what} is {'not ' if verdict else ''}there, but: '{found}'", bool(found) != bool(verdict))
    cases.note(done.stderr.strip())


def examples(cases, server):
    crossing, cel = [], Oracle().cel()
    for path in sorted(glob.glob(os.path.join(TOP, "examples", "refused", "*.yaml"))):
        rule = os.path.basename(path)[:-len(".yaml")]
        if rule in CROSS_OBJECT:
            with cases.case(f"{rule}: needs a second object, so the API server accepts it"):
                server.kubectl("apply", "--dry-run=server", "-f", path)
            crossing.append(rule)
            continue
        with cases.case(f"{rule}: refused by kubectl apply with the field and the words of this rule, and not stored"):
            refused_example(cases, server, path, rule, cel)
    with cases.case("each rule that needs a second object has an example"):
        expect_equal("examples", crossing, CROSS_OBJECT)
    for folder in sorted(glob.glob(os.path.join(TOP, "examples", "*", ""))):
        name = os.path.basename(folder[:-1])
        if name == "refused":
            continue
        with cases.case(f"examples/{name} applies, twice, and is what was written"):
            space = f"example-{name}"
            server.kubectl("create", "namespace", space)
            server.kubectl("apply", "-n", space, "-f", folder)
            again = server.kubectl("apply", "-n", space, "-f", folder)
            expect(again, not re.search(r"hawser\.dev/\S+ (created|configured)", again))


def documents_of(path):
    """Those of our group, as they are judged alone."""
    with open(path) as text:
        return [d for d in yaml.safe_load_all(text) if d and d["apiVersion"].startswith("hawser.dev/")]


def kubectl_view(cases, server):
    with cases.case("explain tells unit and default; get shows the columns; a field selector finds"):
        expect("seconds", "Default: 27000" in server.kubectl("explain", "ipsecpolicies.hawser.dev.spec.saLifeTimeSeconds"))
        shown = server.kubectl("get", "vpnconn", "-n", "example-two-sites")
        expect_equal("columns", shown.splitlines()[0].split(), ["NAME", "READY", "REASON", "POLICY", "PEER", "AGE"])
        every = server.kubectl("get", "hawser", "-n", "example-two-sites", "-o", "name").split()
        expect_equal("kinds", {name.split("/")[0] for name in every},
                     {f"{d['spec']['names']['singular']}.hawser.dev" for d in load_definitions().values()})
        found = server.kubectl("get", "vpnconn", "-n", "example-two-sites", "-o", "name", "--field-selector",
                               "spec.localNetworkGatewayRef.name=site6").split()
        expect_equal("of site6", found, ["connection.hawser.dev/vnet1tosite6"])


def sample(schema):
    """A value of this schema with everything in it, each text as long as it may be."""
    if schema["type"] == "object":
        return {name: sample(inner) for name, inner in schema["properties"].items()}
    if schema["type"] == "array":
        return [sample(schema["items"])]
    if schema["type"] == "integer":
        return schema["maximum"]
    if schema.get("format") == "date-time":
        return "2026-01-02T03:04:05Z"
    return schema["enum"][-1] if "enum" in schema else "x" * schema["maxLength"]


def status(cases, server, definitions):
    for kind, definition in sorted(definitions.items()):
        plural = definition["spec"]["names"]["plural"]
        with cases.case(f"{kind}: a full status is kept whole, and moves no generation"):
            name = server.kubectl("get", plural, "-n", "example-two-sites", "-o", "name").split()[0].split("/")[1]
            schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
            wanted = sample(schema)
            # The operator writes Ready always; it takes the place of the default.
            wanted["conditions"][0]["type"] = "Ready"
            place = {"apiVersion": "hawser.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": "example-two-sites"}}
            server.kubectl("apply", "--server-side", "--field-manager=test", "--subresource=status", "-f", "-",
                           stdin=json.dumps({**place, "status": wanted}))
            server.kubectl("label", plural, name, "-n", "example-two-sites", "seen=yes")
            have = json.loads(server.kubectl("get", plural, name, "-n", "example-two-sites", "-o", "json"))
            expect_equal("status", have["status"], wanted)
            expect_equal("generation", have["metadata"]["generation"], 1)


def main():
    cases = Cases("parity")
    definitions = load_definitions()
    schemas = {kind: schema_of(definition) for kind, definition in sorted(definitions.items())}
    with ApiServer() as server:
        with cases.case("crds/ is accepted: structural, and CEL within the cost limits"):
            install(server, definitions)
        dry_run = DryRun(server, {kind: d["spec"]["names"]["plural"] for kind, d in definitions.items()})
        try:
            by_kind = parity(cases, dry_run, schemas)
            if by_kind:
                controls(cases, server, dry_run, definitions, by_kind)
        finally:
            dry_run.close()
        examples(cases, server)
        kubectl_view(cases, server)
        status(cases, server, definitions)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
