#!/bin/sh
# The Pulumi CLI and, where it looks for them first, beside it: the Node language host (the official one's module is not
# in the Go module proxy, language-nodejs/ is a small one) and the SDK's launcher of dynamic providers.
set -eu
. ./source.sh
flags="-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$VERSION"

# Two modules are changed so that files are replaced in one piece. On a full disk, gocloud's WriteAll closes the file whose
# write failed, and that puts the half of a state in the state's place, with and without metadata=skip; and
# `pulumi config set` truncates the settings before it writes them.
(
	cd cli
	source_of gocloud.dev "$(go list -m -f '{{.Version}}' gocloud.dev)" \
		h1:IAkFU35NtKgVP8FV3zm1b16DMucGz3f4XqrqdAZQ1aU= gocloud
	cp ../patches/durable.go gocloud/blob/fileblob/
	sed -i -e '/^func (b \*bucket) NewTypedWriter/,/^}/{s/createTemp(/newFile(/;s/\*p = f$/*p = f.File/;s/File:       f,/file:       f,/}' \
		-e '/^type writer/,/^}/s/\*os\.File/*file/' -e 's/w\.File\./w.file./' -e 's/os\.Rename(/rename(/' \
		gocloud/blob/fileblob/fileblob.go
	sed -i -e '/^func setAttrs/,/^}/{s/os\.Create(path + attrsExt)/newFile(path+attrsExt, true)/;s/return f\.Close()/if err = f.Close(); err == nil {\n\t\terr = rename(f.Name(), path+attrsExt)\n\t}\n\treturn err/}' \
		gocloud/blob/fileblob/attrs.go
	source_of github.com/pulumi/pulumi/sdk/v3 "$VERSION" h1:mJP9tXF9oxcfwidBgteXkUUchIz2L59SbGS5byZBo1w= sdk
	cp ../patches/replace.go sdk/go/common/workspace/
	sed -i 's/return os\.WriteFile(path, b, 0o644)/return replaceFile(path, b)/' sdk/go/common/workspace/project.go
	go mod edit -replace gocloud.dev=./gocloud -replace github.com/pulumi/pulumi/sdk/v3=./sdk
	go build -trimpath -ldflags "$flags" -o "$OUT/pulumi" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
)
cd language-nodejs
go build -trimpath -ldflags "$flags" -o "$OUT/pulumi-language-nodejs" .
launcher=$(go list -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)/nodejs/dist/pulumi-resource-pulumi-nodejs
install -m 755 "$launcher" "$OUT/"
