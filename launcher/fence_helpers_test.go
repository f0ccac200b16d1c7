package main

import (
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func loadVariant(t *testing.T, ruleset string) {
	t.Helper()
	if ruleset == renderFence() {
		t.Fatal("the variant is no variant")
	}
	if _, err := nft(ruleset, "-f", "-"); err != nil {
		t.Fatal(err)
	}
}

func withoutLine(ruleset, part string) string {
	var kept strings.Builder
	for line := range strings.Lines(ruleset) {
		if !strings.Contains(line, part) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// asFileSystemUser runs f on a thread whose sockets the fence takes for that user's.
func asFileSystemUser(uid int, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with its odd identity
		_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0)
		f()
	}()
	<-done
}

// listenAs listens on every address as a user; nobody accepts, the kernel alone answers.
func listenAs(t *testing.T, uid, port int) (fd int) {
	t.Helper()
	var err error
	asFileSystemUser(uid, func() {
		if fd, err = unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if err = unix.Bind(fd, &unix.SockaddrInet6{Port: port}); err == nil {
			err = unix.Listen(fd, 20000)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
