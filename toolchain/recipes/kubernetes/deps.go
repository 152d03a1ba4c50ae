//go:build tools

// Package kubernetes only gives the module a package: go list and go build want one.
package kubernetes
