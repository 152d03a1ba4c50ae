# Sourced by recipes that have to change a module before they build it.

# source_of MODULE VERSION SUM DIR: puts the module's source, writable, into DIR. SUM is go.sum's h1 of the module:
# a changed module never gets as far as the compiler, also where no checksum database is asked.
source_of() {
	found=$(go mod download -json "$1@$2" | sed -n 's/.*"Sum": "\(.*\)".*/\1/p')
	if [ "$found" != "$3" ]; then
		echo "$1 $2 from the Go module proxy is not the known one: its sum is $found, expected $3." >&2
		exit 1
	fi
	cp -r "$(go env GOMODCACHE)/$1@$2" "$4"
	chmod -R u+w "$4"
}
