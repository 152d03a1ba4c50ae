#!/bin/sh
set -eu
go build -trimpath -ldflags "-s -w" -o "$OUT/tofu" github.com/opentofu/opentofu/cmd/tofu
