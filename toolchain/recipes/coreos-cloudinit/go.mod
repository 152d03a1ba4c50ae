module toolchain/coreos-cloudinit

go 1.26.0

require (
	github.com/cloudsigma/cepgo v0.0.0-20140805094338-1bfc4895bf5c
	github.com/coreos/coreos-cloudinit v1.14.0
	github.com/coreos/go-systemd v0.0.0-20161114122254-48702e0da86b
	github.com/coreos/yaml v0.0.0-20141224210557-6b16a5714269
	github.com/dotcloud/docker v0.0.0
	github.com/tarm/goserial v0.0.0
)

require (
	github.com/godbus/dbus v4.1.0+incompatible // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/coreos/coreos-cloudinit => ./src
	github.com/dotcloud/docker => ./shim/docker
	github.com/tarm/goserial => github.com/tarm/serial v0.0.0-20180830185346-98f6abe2eb07
)
