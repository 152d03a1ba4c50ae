#!/bin/sh
# update.sh v1.36.4: rewrites go.mod and go.sum here for another version, from the module itself. Kubernetes' go.mod
# replaces its staging modules by directories, which the published module lacks: they become the published ones.
set -eu
cd "$(dirname "$0")"
export GOFLAGS="-mod=mod -buildvcs=false" GOTOOLCHAIN=local
version=$1 staging=v0.${1#v1.}
go mod download "k8s.io/kubernetes@$version"
source=$(go env GOMODCACHE)/k8s.io/kubernetes@$version
sed -e 's#^module .*#module toolchain/kubernetes#' \
	-e "s#=> ./staging/src/\(k8s.io/[a-z-]*\)\$#=> \1 $staging#" \
	-e '/k8s.io\/sample-cli-plugin/d' -e '/k8s.io\/sample-controller/d' \
	-e "0,/^require (/s##require k8s.io/kubernetes $version\n\nrequire (#" "$source/go.mod" >go.mod
rm -f go.sum && cp "$source/go.sum" go.sum && chmod 644 go.sum
for program in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl; do
	go list -deps "k8s.io/kubernetes/cmd/$program" >/dev/null
done
