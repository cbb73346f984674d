#!/usr/bin/env bash
# Builds both images with buildah from built programs, as OCI archives that `ctr -n k8s.io images import` takes.
#   images/build.sh PROGRAMS OUT     PROGRAMS: the folder with hawser, hawser-operator, hawser-sidecar (build/release/bin)
# BASE names the image to start from. Without it, a Debian 12 made by debootstrap with the updates of the day, kept for a
# week in ~/.cache/hawser (HAWSER_CACHE): no registry is asked. TAG (0.1.0) and REPOSITORY (docker.io/hawser) name what
# comes out. Needs root, buildah and debootstrap.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -eq 2 ] || { sed -n '2,5s/^# *//p' "$0" >&2; exit 2; }
programs=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
repository=${REPOSITORY:-docker.io/hawser}
tag=${TAG:-0.1.0}
cache=${HAWSER_CACHE:-$HOME/.cache/hawser}
suite=bookworm

export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot} STORAGE_DRIVER=${STORAGE_DRIVER:-vfs}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/hawser-images-XXXXXX")
# Before the first image there is nothing to remove, and what stopped the build is its own message already.
clean() {
  buildah --root "$scratch/storage" --runroot "$scratch/run" rm --all >/dev/null 2>&1 || true
  # debootstrap that was ended may leave its /proc and /sys there.
  rm -rf --one-file-system "$scratch"
}
trap clean EXIT
trap 'exit 130' INT TERM
build() { buildah --root "$scratch/storage" --runroot "$scratch/run" "$@"; }
say() { echo "images: $*" >&2; }

# Where this machine's apt gets a suite from; nothing when it does not, or by https, for which a minimal base has no
# authorities.
mirror_of() {
  apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -v suite="$1" '$1 == suite && $2 ~ /^http:/ && !found { sub("/$", "", $2); print $2; found = 1 }'
}

# A Debian with the fixes of today, and sources that give the images' packages theirs.
make_base() {
  local root=$1 main security
  main=$(mirror_of "$suite")
  debootstrap --variant=minbase "$suite" "$root" ${main:+"$main"}
  # Without a mirror of ours, the one that debootstrap knows.
  main=${main:-$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")}
  security=$(mirror_of "$suite-security")
  # Mirrors that have both have them side by side.
  security=${security:-${main%/*}/debian-security}
  printf 'deb %s %s main\n' "$main" "$suite" "$main" "$suite-updates" "$security" "$suite-security" > "$root/etc/apt/sources.list"
  chroot "$root" apt-get update
  DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get upgrade -y
  chroot "$root" apt-get clean
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
}

# The base as an archive, so that a build that is cut short cannot spoil it.
debian_base() {
  local archive=$cache/base-$suite.tar
  if [ -z "$(find "$archive" -mtime -7 2>/dev/null)" ]; then
    say "making $archive"
    mkdir -p "$cache"
    make_base "$scratch/base" >&2
    tar -C "$scratch/base" --numeric-owner -cf "$archive.new" .
    mv "$archive.new" "$archive"
  fi
  printf 'FROM scratch\nADD base.tar /\nCMD ["/bin/bash"]\n' > "$scratch/Containerfile"
  ln "$archive" "$scratch/base.tar" 2>/dev/null || cp "$archive" "$scratch/base.tar"
  build bud --quiet --tag localhost/hawser-base --file "$scratch/Containerfile" "$scratch" >&2
}

base=${BASE:-}
if [ -z "$base" ]; then
  debian_base
  base=localhost/hawser-base
fi

context=$scratch/context
mkdir "$context"
install -m 755 "$programs"/{hawser,hawser-operator,hawser-sidecar} "$context/"
for part in operator sidecar; do
  name=$repository/hawser-$part:$tag
  say "building $name"
  build bud --quiet --layers=false --squash --build-arg "BASE=$base" --label "org.opencontainers.image.version=$tag" \
    --tag "$name" --file "$here/$part.Containerfile" "$context" >&2
  # Under another name first: a build that is cut short leaves no half of an archive.
  rm -f "$out/hawser-$part.tar" "$out/hawser-$part.new"
  build push --quiet "$name" "oci-archive:$out/hawser-$part.new:$name" >&2
  mv "$out/hawser-$part.new" "$out/hawser-$part.tar"
  say "$out/hawser-$part.tar: $(($(stat -c %s "$out/hawser-$part.tar") / 1048576)) MiB"
done
