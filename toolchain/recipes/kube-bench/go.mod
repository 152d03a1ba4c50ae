module toolchain/kube-bench

go 1.26.3

require github.com/aquasecurity/kube-bench v0.15.6
