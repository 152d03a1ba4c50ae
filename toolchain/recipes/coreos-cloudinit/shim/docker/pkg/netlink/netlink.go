package netlink

import (
	"net"
	"os/exec"
)

// NetworkLinkDown stands in for docker's long-removed pkg/netlink: ip link set IFACE down
func NetworkLinkDown(iface *net.Interface) error {
	return exec.Command("ip", "link", "set", iface.Name, "down").Run()
}
