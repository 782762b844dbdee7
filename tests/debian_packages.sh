#!/bin/sh
# Installs Debian packages whose programs are missing: `debian_packages.sh program=package ...`. What it may not install
# it names; the tests that need it are then skipped, and say so.
set -eu
wanted=
for each in "$@"; do
  command -v "${each%%=*}" >/dev/null 2>&1 || wanted="$wanted ${each#*=}"
done
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "not installed, so what needs them is skipped (on Debian: apt-get install$wanted)" >&2
  exit 0
fi
echo "installing$wanted ..."
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
