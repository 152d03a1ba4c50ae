#!/bin/sh
# build.sh 3.5|3.6
set -eu
cd "$1"
go build -trimpath -ldflags "-s -w -X go.etcd.io/etcd/api/v3/version.GitSHA=unknown" -o "$OUT/etcd" go.etcd.io/etcd/server/v3
for program in etcdctl etcdutl; do
	go build -trimpath -ldflags "-s -w" -o "$OUT/$program" "go.etcd.io/etcd/$program/v3"
done
