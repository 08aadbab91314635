#!/usr/bin/env bash
# Gets Debian's Chromium for the browser tests, where the user may install packages (root, or sudo without a password).
set -euo pipefail

if command -v chromium >/dev/null 2>&1; then
  echo "Chromium is here: $(chromium --version 2>/dev/null | head -n 1)"
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo 'This is no Debian: install Chromium yourself and set CHROMIUM to its path.' >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null
echo "Installed $(chromium --version 2>/dev/null | head -n 1)"
