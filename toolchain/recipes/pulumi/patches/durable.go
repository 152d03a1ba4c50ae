package fileblob

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// file is a temporary file that takes its place only if every byte of it is on the disk: after a write that failed, Close
// fails, too, and removes it.
type file struct {
	*os.File
	failed error
}

func newFile(path string, noTempDir bool) (*file, error) {
	f, err := createTemp(path, noTempDir)
	if err != nil {
		return nil, err
	}
	return &file{File: f}, nil
}

func (f *file) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, f.remember(err)
}

func (f *file) ReadFrom(r io.Reader) (int64, error) {
	n, err := f.File.ReadFrom(r)
	return n, f.remember(err)
}

func (f *file) Close() error {
	if f.failed == nil {
		_ = f.remember(f.Sync())
	}
	_ = f.remember(f.File.Close())
	return f.failed
}

// remember removes the file at the first error: not everyone closes it after one, and among locks it would count as a lock.
func (f *file) remember(err error) error {
	if err != nil && f.failed == nil {
		f.failed = err
		_ = os.Remove(f.Name())
	}
	return err
}

// rename is os.Rename, and on the disk when it returns.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	directory, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
