// Command update-engine stands in for Flatcar's update engine. It downloads nothing: it reports that an update waits for
// a reboot when one is announced to it, and the machine runs that version from its next boot on. It acts by the name it
// is called by:
//
//	update-engine                  serves com.coreos.update1 on D-Bus until it is stopped
//	update-engine-announce V       announces to the running update-engine that version V is installed and needs a reboot
//	update-engine-boot             at boot: switches to the version that was installed before the reboot
//	update_engine_client -status   as on Flatcar: prints the status of the running update-engine
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/godbus/dbus/v5"
)

const usage = `usage: update-engine | update-engine-announce VERSION | update-engine-boot |
       update_engine_client -status|-check_for_update|-reset_status`

func run(name string, args []string) error {
	switch {
	case name == "update-engine-boot" && len(args) == 0:
		return applyPending()
	case name == "update-engine" && len(args) == 0:
		return onBus(serve)
	case name == "update-engine-announce" && len(args) == 1:
		return onBus(func(conn *dbus.Conn) error {
			return conn.Object(busName, path).Call(announcer+".Announce", 0, args[0]).Err
		})
	case name == "update_engine_client" && len(args) == 1:
		return onBus(func(conn *dbus.Conn) error { return ask(conn.Object(busName, path), args[0]) })
	}
	return fmt.Errorf(usage)
}

func onBus(work func(*dbus.Conn) error) error {
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		return err
	}
	defer conn.Close()
	return work(conn)
}

// ask is the part of Flatcar's update_engine_client that people and scripts use; options take one dash or two.
func ask(engine dbus.BusObject, option string) error {
	switch option {
	case "-status", "--status":
		var s status
		err := engine.Call(manager+".GetStatus", 0).Store(&s.lastChecked, &s.progress, &s.operation, &s.newVersion, &s.newSize)
		if err == nil {
			fmt.Printf("LAST_CHECKED_TIME=%d\nPROGRESS=%f\nCURRENT_OP=%s\nNEW_VERSION=%s\nNEW_SIZE=%d\n", s.body()...)
		}
		return err
	case "-check_for_update", "--check_for_update":
		return engine.Call(manager+".AttemptUpdate", 0).Err
	case "-reset_status", "--reset_status":
		return engine.Call(manager+".ResetStatus", 0).Err
	}
	return fmt.Errorf(usage)
}

func main() {
	name := filepath.Base(os.Args[0])
	if err := run(name, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}
