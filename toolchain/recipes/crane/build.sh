#!/bin/sh
set -eu
go build -trimpath -ldflags "-s -w" -o "$OUT/crane" github.com/google/go-containerregistry/cmd/crane
