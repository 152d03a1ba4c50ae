#!/bin/sh
# Pulumi's own Kubernetes plugin. The two files it embeds are made from the module's copies.
set -eu
module=github.com/pulumi/pulumi-kubernetes/provider/v4
# `go list` names the directory of a module only where it has been downloaded.
go mod download "$module"
source=$(go list -m -f '{{.Dir}}' $module)/cmd/pulumi-resource-kubernetes
node - "$source" "${VERSION#v}" <<'JS'
const fs = require("fs"), [source, version] = process.argv.slice(2);
const read = (name) => JSON.parse(fs.readFileSync(`${source}/${name}`, "utf8"));
fs.writeFileSync("schema.json", JSON.stringify({ ...read("schema.json"), version }));
fs.writeFileSync("terraform-mapping.json", JSON.stringify(read("terraform-mapping.json")));
JS
go build -trimpath -ldflags "-s -w -X $module/pkg/version.Version=${VERSION#v}" -o "$OUT/pulumi-resource-kubernetes" .
