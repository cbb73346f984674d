"""JSON schemas for kubeconform, from what a running API server says of itself."""
import json
import os


def write_schemas(server, folder):
    """One file a kind, named as kubeconform asks for it: KIND-GROUP-VERSION.json. Unknown keys are refused."""
    definitions = json.loads(server.kubectl("get", "--raw", "/openapi/v2"))["definitions"]
    for definition in definitions.values():
        if "properties" in definition and "additionalProperties" not in definition:
            definition["additionalProperties"] = False
        if definition.get("format") == "int-or-string":
            definition.clear()
            definition["type"] = ["string", "integer"]
    text = json.dumps({"definitions": definitions}).replace('"#/definitions/', '"definitions.json#/definitions/')
    with open(os.path.join(folder, "definitions.json"), "w") as out:
        out.write(text)
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].split(".")[0]
            file_name = "-".join(part for part in (kind["kind"], group, kind["version"]) if part).lower()
            with open(os.path.join(folder, f"{file_name}.json"), "w") as out:
                json.dump({"$ref": f"definitions.json#/definitions/{name}"}, out)
