#!/bin/sh
set -eu
go build -trimpath -ldflags "-s -w" -o "$OUT/coredns" github.com/coredns/coredns
