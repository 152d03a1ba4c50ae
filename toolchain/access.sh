# Sourced by bin/kubectl and bin/ssh after they set `root`: sets `access` to the directory with the selected stack's
# kubeconfig and SSH files, fetched again when a state or the selected stack has changed.

access=$root/.local/access
if [ ! -d "$root/.local/bin" ] && ! command -v pulumi >/dev/null; then
	echo "This checkout has no cluster yet. Type: npm run up" >&2
	exit 1
fi
(umask 077 && mkdir -p "$access")
now=
# Elsewhere than on Linux stat has other options: there they are fetched each time.
if [ -z "${PULUMI_BACKEND_URL-}" ] && [ "$(uname -s)" = Linux ]; then
	# Nanoseconds, size and inode of every file that can change the answer.
	now="${PULUMI_STACK-} $(stat -c '%n %y %s %i' "$root/.local/state/.pulumi/stacks"/*/*.json \
		"${PULUMI_HOME:-$root/.local/pulumi}/workspaces"/*.json "$HOME/.pulumi/workspaces"/*.json 2>/dev/null || true)"
fi
if [ -z "$now" ] || [ ! -e "$access/ssh_config" ] || [ "$(cat "$access/of" 2>/dev/null)" != "$now" ]; then
	. "$root/toolchain/node.sh"
	node "$root/toolchain/access.ts" "$access"
	printf '%s\n' "$now" >"$access/of"
fi
