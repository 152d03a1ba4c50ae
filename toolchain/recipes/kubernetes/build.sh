#!/bin/sh
# build.sh PROGRAM...: Kubernetes' own programs from its module; `pause` is C inside the same module.
set -eu
go_programs= pause=
for program; do
	case $program in
	pause) pause=yes ;;
	*) go_programs="$go_programs k8s.io/kubernetes/cmd/$program" ;;
	esac
done

# Upstream stamps its releases the same way; commit and date are unknown to a module.
minor=${VERSION#v1.} minor=${minor%%.*}
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	flags="$flags -X $package.gitVersion=$VERSION -X $package.gitMajor=1 -X $package.gitMinor=$minor"
	flags="$flags -X $package.gitCommit=0000000000000000000000000000000000000000"
	flags="$flags -X $package.gitTreeState=clean -X $package.buildDate=2026-01-01T00:00:00Z"
done
# One build for all: they share most of what they are made of.
# shellcheck disable=SC2086
go build -trimpath -ldflags "$flags" -o "$OUT/" $go_programs

if [ "$pause" ]; then
	source=$(go list -m -f '{{.Dir}}' k8s.io/kubernetes)/build/pause/linux
	gcc -Os -Wall -Werror -static -s -DVERSION=v3.10.2 -o "$OUT/pause" "$source/pause.c"
fi
