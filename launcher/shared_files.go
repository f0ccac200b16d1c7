package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// publishShared fills the volume that the agent's container has read-only: the launcher it starts through, and whom to trust.
func publishShared(dir, rootsFile, extraFile string, authorityPEM []byte) error {
	// Only root may write here: a proxy that was taken over must not put its own launcher before the agent.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := copyLauncher(filepath.Join(dir, "launcher")); err != nil {
		return err
	}
	if err := writeAtomically(filepath.Join(dir, "ca.crt"), bytes.NewReader(authorityPEM), 0o444); err != nil {
		return err
	}
	bundle, err := trustBundle(rootsFile, extraFile, authorityPEM)
	if err != nil {
		return err
	}
	return writeAtomically(filepath.Join(dir, "ca-bundle.crt"), bytes.NewReader(bundle), 0o444)
}

// trustBundle is the public roots, the installation's own (absent is fine) and the sandbox's CA.
func trustBundle(rootsFile, extraFile string, authorityPEM []byte) ([]byte, error) {
	roots, err := os.ReadFile(rootsFile)
	if err != nil {
		return nil, fmt.Errorf("public roots: %w", err)
	}
	extra, err := os.ReadFile(extraFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("extra roots: %w", err)
	}
	var bundle bytes.Buffer
	for _, part := range [][]byte{roots, extra, authorityPEM} {
		if part = bytes.TrimSpace(part); len(part) > 0 {
			bundle.Write(append(part, '\n'))
		}
	}
	return bundle.Bytes(), nil
}

func copyLauncher(target string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	return writeAtomically(target, self, 0o555)
}

// writeAtomically replaces a file: readers see the old content or the new, and a link planted under the name is replaced,
// not followed.
func writeAtomically(path string, content io.Reader, mode os.FileMode) error {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err := errors.Join(err, file.Chmod(mode), file.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
