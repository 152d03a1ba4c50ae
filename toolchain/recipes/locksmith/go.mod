module toolchain/locksmith

go 1.26.0

require (
	github.com/coreos/etcd v3.3.27+incompatible
	github.com/coreos/go-systemd v0.0.0-20191104093116-d3cd4ed1dbcf
	github.com/coreos/locksmith v0.6.2
	github.com/coreos/pkg v0.0.0-20180928190104-399ea9e2e55f
	github.com/godbus/dbus v4.1.0+incompatible
	github.com/rkt/rkt v1.30.0
)

require (
	github.com/coreos/go-semver v0.3.1 // indirect
	github.com/hashicorp/errwrap v1.1.0 // indirect
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/modern-go/reflect2 v1.0.2 // indirect
	golang.org/x/net v0.62.0 // indirect
)
replace github.com/coreos/locksmith => ./src
