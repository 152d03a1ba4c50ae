#!/bin/sh
# The Pulumi CLI and, where it looks for them first, beside it: the Node language host (the official one's module is not
# in the Go module proxy, language-nodejs/ is a small one) and the SDK's launcher of dynamic providers.
set -eu
flags="-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$VERSION"
(cd cli && go build -trimpath -ldflags "$flags" -o "$OUT/pulumi" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi)
cd language-nodejs
go build -trimpath -ldflags "$flags" -o "$OUT/pulumi-language-nodejs" .
launcher=$(go list -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)/nodejs/dist/pulumi-resource-pulumi-nodejs
install -m 755 "$launcher" "$OUT/"
