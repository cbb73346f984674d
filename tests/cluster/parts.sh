#!/usr/bin/env bash
# Builds the programs of a real Kubernetes node from their Go modules, once, into a cache outside the tree, and
# prints its path on the last line.    tests/cluster/parts.sh [PART…]     (all)
#   PART: etcd kubernetes containerd runc helm4 helm3 kubeconform prometheus_operator
# HAWSER_CACHE (default ~/.cache/hawser) says where. A part that is there already costs nothing.
set -euo pipefail

kubernetes=1.37.2
etcd=3.7.3
containerd=2.4.2
runc=1.5.2
helm4=4.3.1
helm3=3.22.0
kubeconform=0.8.0
prometheus_operator=0.85.0
go=1.26.8

cache=${HAWSER_CACHE:-$HOME/.cache/hawser}
bin=$cache/bin
mkdir -p "$bin"
export GOFLAGS=-mod=mod GOTOOLCHAIN=local GOWORK=off

say() { echo "parts: $*" >&2; }

# Two that write the same module's folder spoil each other's build; the second finds what the first built.
exec 9>"$cache/.lock"
flock --nonblock 9 || { say "another build uses $cache: waiting for it"; flock 9; }

install_go() {
  say "there is no Go: installing Debian's"
  apt-get update
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends golang-go
}

# Debian 12 has 1.19: enough to fetch a newer toolchain, which is a module like any other.
use_go() {
  export PATH=$PATH:/usr/local/go/bin
  local have
  command -v go >/dev/null || install_go >&2
  have=$(go env GOVERSION)
  [ "$(printf '%s\n' "go$go" "$have" | sort -V | head -n1)" = "go$go" ] && return
  local toolchain=golang.org/toolchain@v0.0.1-go$go.linux-amd64 dir=$cache/go-module
  say "Go is ${have:-missing}: fetching $go"
  mkdir -p "$dir"
  printf 'module none\n' > "$dir/go.mod"
  (cd "$dir" && GOFLAGS= go mod download "$toolchain")
  local root
  root=$(GOFLAGS= go env GOMODCACHE)/$toolchain
  chmod -R u+w "$root"
  chmod +x "$root"/bin/* "$root"/pkg/tool/*/*
  export PATH=$root/bin:$PATH GOROOT=$root
}

# The last step of a part, so that a build that was cut short is built again.
done_with() { touch "$cache/.built-$1"; }
built() { [ -e "$cache/.built-$1" ]; }

# A module of our own that requires $1 at $2, with the replaces in $3. Its folder is the working directory then.
wrapper() {
  local dir=$cache/module-${1//\//_}
  mkdir -p "$dir"
  cd "$dir"
  rm -f go.sum
  printf 'module hawser.dev/parts\n\ngo 1.26.0\n\nrequire %s v%s\n%s' "$1" "$2" "${3:-}" > go.mod
}

build_kubernetes() {
  local minor=${kubernetes#1.}
  local staging replaces= module ldflags=-s\ -w key
  # Its own go.mod points at folders of its repository; the same code is published as modules.
  staging=$(go mod download -json "k8s.io/kubernetes@v$kubernetes" |
            sed -n 's/.*"GoMod": "\(.*\)",/\1/p' | xargs sed -n 's/^\t*\(k8s\.io[^ ]*\) => \.\/staging.*/\1/p')
  for module in $staging; do replaces+="replace $module => $module v0.$minor"$'\n'; done
  wrapper k8s.io/kubernetes "$kubernetes" "$replaces"
  for key in gitVersion=v$kubernetes gitMajor=1 gitMinor=${minor%.*} gitTreeState=clean; do
    ldflags+=" -X k8s.io/component-base/version.$key"
  done
  CGO_ENABLED=0 go build -trimpath -ldflags "$ldflags" -o "$bin/" \
    k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kubelet,kubectl,kube-proxy}
}

build_etcd() {
  wrapper go.etcd.io/etcd/server/v3 "$etcd"
  CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$bin/etcd" go.etcd.io/etcd/server/v3
}

build_containerd() {
  wrapper github.com/containerd/containerd/v2 "$containerd"
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/containerd/containerd/v2/version.Version=$containerd" \
    -o "$bin/" github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2,ctr}
}

build_runc() {
  wrapper github.com/opencontainers/runc "$runc"
  CGO_ENABLED=1 go build -trimpath -tags seccomp -ldflags "-s -w -X main.version=$runc" -o "$bin/runc" \
    github.com/opencontainers/runc
}

build_helm4() {
  wrapper helm.sh/helm/v4 "$helm4"
  CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=v$helm4" -o "$bin/helm4" helm.sh/helm/v4/cmd/helm
}

build_helm3() {
  wrapper helm.sh/helm/v3 "$helm3"
  CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X helm.sh/helm/v3/internal/version.version=v$helm3" -o "$bin/helm3" helm.sh/helm/v3/cmd/helm
}

build_kubeconform() {
  wrapper github.com/yannh/kubeconform "$kubeconform"
  CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$bin/kubeconform" github.com/yannh/kubeconform/cmd/kubeconform
}

# Its CRDs only, for what the chart renders for it: into monitoring-crds/ of the cache.
build_prometheus_operator() {
  local module=github.com/prometheus-operator/prometheus-operator folder kind
  wrapper "$module" "$prometheus_operator"
  folder=$(go mod download -json "$module@v$prometheus_operator" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  mkdir -p "$cache/monitoring-crds"
  for kind in podmonitors prometheusrules servicemonitors; do
    install -m 644 "$folder/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" "$cache/monitoring-crds/"
  done
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(etcd kubernetes containerd runc helm4 helm3 kubeconform prometheus_operator)
ready=0
for part in "${parts[@]}"; do
  version=${!part:-}
  [ -n "$version" ] && declare -F "build_$part" >/dev/null || { say "no part named '$part'"; exit 2; }
  if built "$part-$version"; then continue; fi
  [ $ready -eq 1 ] || { use_go; ready=1; }
  say "building $part $version"
  started=$SECONDS
  ("build_$part") >&2
  done_with "$part-$version"
  say "$part $version: $((SECONDS - started)) s"
done
echo "$bin"
