#!/usr/bin/env bash
# Gets Debian's Prometheus, with promtool, for `npm run monitor` and the tests of the alerts, where the user may install
# packages (root, or sudo without a password).
set -euo pipefail

if command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1; then
  echo "Prometheus is here: $(prometheus --version 2>&1 | head -n 1)"
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo 'This is no Debian: get Prometheus from https://prometheus.io/download and put prometheus and promtool on PATH.' >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
export DEBIAN_FRONTEND=noninteractive
[ -n "$(apt-cache policy prometheus 2>/dev/null)" ] || "${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends prometheus >/dev/null
echo "Installed $(prometheus --version 2>&1 | head -n 1)"
