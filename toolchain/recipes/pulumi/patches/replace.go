package workspace

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/natefinch/atomic"
)

// replaceFile is os.WriteFile, but a full disk or a kill leaves the file as it was.
func replaceFile(path string, content []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	// A file that exists keeps its mode.
	if made, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o644); err == nil {
		if err := made.Close(); err != nil {
			return err
		}
	}
	return atomic.WriteFile(path, bytes.NewReader(content))
}
