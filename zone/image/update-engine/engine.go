package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/introspect"
)

const (
	busName = "com.coreos.update1"
	path    = dbus.ObjectPath("/com/coreos/update1")
	manager = "com.coreos.update1.Manager"
	// announcer is not part of Flatcar: it is how an update gets into this stand-in.
	announcer = "com.coreos.update1.Announcer"

	idle       = "UPDATE_STATUS_IDLE"
	needReboot = "UPDATE_STATUS_UPDATED_NEED_REBOOT"
	noVersion  = "0.0.0"
)

// status has the fields of GetStatus's reply and of the StatusUpdate signal, in their order on the bus (signature xdssx).
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

func upToDate() status { return status{operation: idle, newVersion: noVersion} }

func installed(v string) status { return status{progress: 1, operation: needReboot, newVersion: v} }

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

// AttemptUpdate checks for an update. There is none unless announced: only the time of the check changes.
func (e *engine) AttemptUpdate() *dbus.Error {
	return e.change(func(s status) (status, error) { return s, nil })
}

// ResetStatus discards an announced update.
func (e *engine) ResetStatus() *dbus.Error {
	return e.change(func(status) (status, error) { return upToDate(), clearPending() })
}

// Announce is the announcer's only method.
func (e *engine) Announce(v string) *dbus.Error {
	if !version.MatchString(v) {
		return dbus.MakeFailedError(fmt.Errorf("%q is not a version: letters, digits, dots, e.g. 4757.3.0", v))
	}
	return e.change(func(status) (status, error) { return installed(v), setPending(v) })
}

// change applies a change to the status and emits StatusUpdate.
func (e *engine) change(apply func(status) (status, error)) *dbus.Error {
	e.mu.Lock()
	defer e.mu.Unlock()
	next, err := apply(e.current)
	if err != nil {
		return dbus.MakeFailedError(err)
	}
	e.current = next
	e.current.lastChecked = time.Now().Unix()
	if err := e.conn.Emit(path, manager+".StatusUpdate", e.current.body()...); err != nil {
		return dbus.MakeFailedError(err)
	}
	fmt.Println(e.current.operation, e.current.newVersion)
	return nil
}

func serve(conn *dbus.Conn) error {
	e := &engine{conn: conn, current: upToDate()}
	if v, thisBoot := pending(); thisBoot {
		e.current = installed(v)
	}
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

// description is the object's introspection data, as busctl and gdbus show it.
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
