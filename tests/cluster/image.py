"""Images for the test node: an OCI archive made of folders, without a container tool; and those of images/build.sh."""
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

from apiserver import TOP, LabError, run
from lab.owner import own_name, remove_folder
from lab.process import exit_on_signals, run_group

_LIMIT = 1800  # seconds; the first time a Debian is fetched and unpacked


def _add(tar, name, data, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))


def _write_archive(path, name, layer, config):
    """An OCI image layout with one image of one layer (bytes of a tar)."""
    blobs = {}

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": f"application/vnd.oci.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    layer_blob = blob(gzip.compress(layer, mtime=0), "image.layer.v1.tar+gzip")
    image = {"architecture": "amd64", "os": "linux", "config": config,
             "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]}}
    config_blob = blob(json.dumps(image).encode(), "image.config.v1+json")
    manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                                "config": config_blob, "layers": [layer_blob]}).encode(), "image.manifest.v1+json")
    manifest["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
    with tarfile.open(path, "w") as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode())
        for digest, data in blobs.items():
            _add(tar, f"blobs/sha256/{digest}", data)


def pause_image(folder):
    """The image of a pod's first container. Returns its archive."""
    program, archive = os.path.join(folder, "pause"), os.path.join(folder, "pause.tar")
    run("gcc", "-static", "-Os", "-s", "-o", program, os.path.join(TOP, "images", "pause.c"))
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar, open(program, "rb") as binary:
        _add(tar, "pause", binary.read(), 0o755)
    _write_archive(archive, "docker.io/hawser/pause:1", layer.getvalue(), {"Entrypoint": ["/pause"], "User": "65535:65535"})
    return archive


def hawser_images():
    """Archives of operator and sidecar, by part; built when a program or a Containerfile is newer.

    What the build says is shown: it may take minutes.
    """
    programs, out = os.path.join(TOP, "build", "release", "bin"), os.path.join(TOP, "build", "images")
    archives = {part: os.path.join(out, f"hawser-{part}.tar") for part in ("operator", "sidecar")}
    sources = [os.path.join(TOP, "images", name) for name in os.listdir(os.path.join(TOP, "images"))]
    sources += [os.path.join(programs, name) for name in ("hawser", "hawser-operator", "hawser-sidecar")]
    newest = max(os.path.getmtime(path) for path in sources)
    if not all(os.path.exists(path) and os.path.getmtime(path) > newest for path in archives.values()):
        _build(os.path.join(TOP, "images", "build.sh"), programs, out)
    return archives


def _build(*command, limit=_LIMIT):
    """What it started ends with it. Its scratch folder goes, and after kill -9 is known by its name."""
    exit_on_signals()
    scratch = tempfile.mkdtemp(prefix=own_name("images-"))
    try:
        code = run_group(*command, timeout=limit, stdout=sys.stderr, env={**os.environ, "TMPDIR": scratch})
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{command[0]}: more than {limit} s") from late
    finally:
        remove_folder(scratch)
    if code:
        raise LabError(f"{command[0]}: exit {code}; what it said stands above")


if __name__ == "__main__":
    try:
        hawser_images()
    except LabError as problem:
        sys.exit(f"images: {problem}")
