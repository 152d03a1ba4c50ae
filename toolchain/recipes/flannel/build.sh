#!/bin/sh
# flannel less its Tencent backend, whose SDK is not in the Go module proxy. cgo: the udp backend is C.
set -eu
. ./source.sh
source_of github.com/flannel-io/flannel "$VERSION" h1:jt+uW6XVV01MBb3YFahG7Ue9UE3W6zlNlJMf3JtdcXI= src
cd src
sed -i '/pkg\/backend\/tencentvpc"/d' main.go
rm -r pkg/backend/tencentvpc
sed -i '/tencentcloud/d' go.mod
CGO_ENABLED=1 go build -trimpath -tags netgo,osusergo \
	-ldflags "-s -w -X github.com/flannel-io/flannel/pkg/version.Version=$VERSION -extldflags -static" -o "$OUT/flanneld" .
