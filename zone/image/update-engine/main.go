// Command update-engine stands in for Flatcar's update engine on D-Bus: it never downloads anything, and it says that
// an update waits for a reboot when it is told so. locksmithd cannot tell the difference.
//
//	update-engine              serves com.coreos.update1 until it is stopped
//	update-engine-announce V   tells the running update-engine that version V is installed and needs a reboot
//
// What was announced is kept in memory only: after the reboot the node is up to date, as a real one would be.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/introspect"
)

const (
	busName = "com.coreos.update1"
	path    = dbus.ObjectPath("/com/coreos/update1")
	manager = "com.coreos.update1.Manager"
	// announcer is not Flatcar's: the way an update gets into this stand-in.
	announcer = "com.coreos.update1.Announcer"

	idle       = "UPDATE_STATUS_IDLE"
	needReboot = "UPDATE_STATUS_UPDATED_NEED_REBOOT"
)

var version = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+-]*$`)

// status has the fields of GetStatus' reply and of the StatusUpdate signal in their order on the bus (signature xdssx).
type status struct {
	lastChecked int64
	progress    float64
	operation   string
	newVersion  string
	newSize     int64
}

func (s status) body() []any {
	return []any{s.lastChecked, s.progress, s.operation, s.newVersion, s.newSize}
}

// engine is the object on the bus; its exported methods are the D-Bus methods.
type engine struct {
	mu      sync.Mutex
	conn    *dbus.Conn
	current status
}

func (e *engine) GetStatus() (int64, float64, string, string, int64, *dbus.Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.current
	return s.lastChecked, s.progress, s.operation, s.newVersion, s.newSize, nil
}

// AttemptUpdate looks for an update at once. There never is one by itself: only the time of the check changes.
func (e *engine) AttemptUpdate() *dbus.Error {
	return e.change(func(s *status) {})
}

// ResetStatus forgets an announced update.
func (e *engine) ResetStatus() *dbus.Error {
	return e.change(func(s *status) { *s = status{operation: idle} })
}

// Announce is the announcer's only method.
func (e *engine) Announce(v string) *dbus.Error {
	if !version.MatchString(v) {
		return dbus.MakeFailedError(fmt.Errorf("%q is not a version: letters, digits, dots, e.g. 4757.3.0", v))
	}
	return e.change(func(s *status) { s.progress, s.operation, s.newVersion = 1, needReboot, v })
}

// change applies one change and tells everybody who listens.
func (e *engine) change(apply func(*status)) *dbus.Error {
	e.mu.Lock()
	defer e.mu.Unlock()
	apply(&e.current)
	e.current.lastChecked = time.Now().Unix()
	if err := e.conn.Emit(path, manager+".StatusUpdate", e.current.body()...); err != nil {
		return dbus.MakeFailedError(err)
	}
	fmt.Println(e.current.operation, e.current.newVersion)
	return nil
}

func serve(conn *dbus.Conn) error {
	e := &engine{conn: conn, current: status{operation: idle}}
	api := map[string]any{"GetStatus": e.GetStatus, "AttemptUpdate": e.AttemptUpdate, "ResetStatus": e.ResetStatus}
	if err := conn.ExportMethodTable(api, path, manager); err != nil {
		return err
	}
	if err := conn.ExportMethodTable(map[string]any{"Announce": e.Announce}, path, announcer); err != nil {
		return err
	}
	if err := conn.Export(introspect.NewIntrospectable(description()), path, "org.freedesktop.DBus.Introspectable"); err != nil {
		return err
	}
	reply, err := conn.RequestName(busName, dbus.NameFlagDoNotQueue)
	if err != nil {
		return err
	}
	if reply != dbus.RequestNameReplyPrimaryOwner {
		return fmt.Errorf("another process already owns %s on the system bus", busName)
	}
	<-conn.Context().Done()
	return fmt.Errorf("the system bus closed the connection")
}

// description is what busctl and gdbus show of the object.
func description() *introspect.Node {
	var args []introspect.Arg
	for _, a := range [][2]string{
		{"last_checked_time", "x"}, {"progress", "d"}, {"current_operation", "s"}, {"new_version", "s"}, {"new_size", "x"},
	} {
		args = append(args, introspect.Arg{Name: a[0], Type: a[1], Direction: "out"})
	}
	return &introspect.Node{Name: string(path), Interfaces: []introspect.Interface{
		introspect.IntrospectData,
		{Name: manager,
			Methods: []introspect.Method{{Name: "GetStatus", Args: args}, {Name: "AttemptUpdate"}, {Name: "ResetStatus"}},
			Signals: []introspect.Signal{{Name: "StatusUpdate", Args: args}}},
		{Name: announcer,
			Methods: []introspect.Method{{Name: "Announce", Args: []introspect.Arg{{Name: "version", Type: "s", Direction: "in"}}}}},
	}}
}

func run(args []string) error {
	announce := filepath.Base(args[0]) == "update-engine-announce"
	if announce && len(args) != 2 || !announce && len(args) != 1 {
		return fmt.Errorf("usage: update-engine | update-engine-announce VERSION")
	}
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		return err
	}
	defer conn.Close()
	if announce {
		return conn.Object(busName, path).Call(announcer+".Announce", 0, args[1]).Err
	}
	return serve(conn)
}

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, filepath.Base(os.Args[0])+":", err)
		os.Exit(1)
	}
}
