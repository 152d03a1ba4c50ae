package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	// pendingFile contains the installed version and the id of the boot that installed it.
	pendingFile = "/var/lib/update_engine/pending"
	bootIDFile  = "/proc/sys/kernel/random/boot_id"
	// osRelease names the running version; the kubelet reports it to the cluster.
	osRelease = "/usr/lib/os-release"
)

var (
	version        = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+-]*$`)
	runningVersion = regexp.MustCompile(`(?m)^VERSION_ID=(.+)$`)
)

// pending returns the version that waits for a reboot (empty if none does), and whether this boot installed it.
func pending() (v string, thisBoot bool) {
	content, err := os.ReadFile(pendingFile)
	fields := strings.Fields(string(content))
	if err != nil || len(fields) != 2 {
		return "", false
	}
	return fields[0], fields[1] == bootID()
}

func bootID() string {
	id, _ := os.ReadFile(bootIDFile)
	return strings.TrimSpace(string(id))
}

func setPending(v string) error {
	if err := os.MkdirAll(filepath.Dir(pendingFile), 0o755); err != nil {
		return err
	}
	return replace(pendingFile, v+" "+bootID()+"\n")
}

func clearPending() error {
	if err := os.Remove(pendingFile); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// applyPending switches to the pending version after a reboot, as the boot loader does on Flatcar, which has two system
// partitions.
func applyPending() error {
	v, thisBoot := pending()
	if v == "" || thisBoot {
		return nil
	}
	content, err := os.ReadFile(osRelease)
	if err != nil {
		return err
	}
	running := runningVersion.FindSubmatch(content)
	if running == nil {
		return fmt.Errorf("%s has no VERSION_ID", osRelease)
	}
	if err := replace(osRelease, strings.ReplaceAll(string(content), string(running[1]), v)); err != nil {
		return err
	}
	fmt.Printf("updated from %s to %s\n", running[1], v)
	return clearPending()
}

// replace writes a file atomically: a power cut leaves either the old or the new content.
func replace(file, content string) error {
	fresh := file + ".new"
	out, err := os.Create(fresh)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.WriteString(content); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return os.Rename(fresh, file)
}
