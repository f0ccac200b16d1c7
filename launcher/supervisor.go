package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// supervisor starts the proxy again when it ends; the fence stays, so that until then there is no network.
type supervisor struct {
	options    guardOptions
	authority  *authority
	identifier *identifier

	mu sync.Mutex
	// fence is empty until it is proved: the proxy waits for the first word.
	fence   fenceEvent
	session *guardSession
}

const (
	// restartPause keeps a proxy that cannot start from burning the node's CPU.
	restartPause    = 100 * time.Millisecond
	maxRestartPause = 2 * time.Second
	// A proxy that lived this long starts the count anew.
	soundRun = 10 * time.Second
	// After so many short runs in a row the container ends, and the kubelet's backoff and events take over.
	maxShortRuns  = 10
	shutdownGrace = 5 * time.Second
)

func (s *supervisor) keepProxy(ctx context.Context) error {
	pause := restartPause
	for short := 0; ; {
		began := time.Now()
		err := s.runProxy(ctx)
		if ctx.Err() != nil {
			return nil
		}
		logLine(fmt.Sprintf("the proxy ended: %v; starting it again", err))
		if time.Since(began) >= soundRun {
			short, pause = 0, restartPause
		}
		if short++; short >= maxShortRuns {
			return fmt.Errorf("the proxy ended %d times in a row, last: %w", short, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, maxRestartPause)
	}
}

func (s *supervisor) runProxy(ctx context.Context) error {
	ours, theirs, err := socketPair()
	if err != nil {
		return err
	}
	defer ours.Close()
	cmd := exec.Command("/proc/self/exe", append([]string{execProxyCommand}, s.options.proxy...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs} // fd 3
	cmd.Env = s.proxyEnvironment()
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return err
	}
	session := &guardSession{socket: ours, authority: s.authority, identifier: s.identifier, tokenFile: s.options.token}
	s.open(session)
	defer s.open(nil)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	go func() { _ = session.serve(ctx) }()
	select {
	case err := <-ended:
		return errors.Join(errors.New("exited"), err)
	case <-ctx.Done():
		signalProxy(cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(shutdownGrace):
			signalProxy(cmd.Process.Pid, syscall.SIGKILL)
		}
		return ctx.Err()
	}
}

// proxyEnvironment is chosen, not inherited: NODE_OPTIONS and the like in an image or pod would change the program.
func (s *supervisor) proxyEnvironment() []string {
	environment := []string{
		"CREEL_PRIVATE_DIR=" + s.options.private, "CREEL_PODINFO_DIR=" + s.options.podInfo, "CREEL_ROOTS_FILE=" + s.options.roots,
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "CREEL_") || slices.Contains(inheritedByProxy, name) {
			environment = append(environment, variable)
		}
	}
	return environment
}

var inheritedByProxy = []string{"PATH", "HOME", "TZ", "LANG", "MALLOC_ARENA_MAX", "UV_THREADPOOL_SIZE"}

// open makes a session the one that hears of the fence, and tells it how the fence stands, once that is known.
func (s *supervisor) open(session *guardSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = session
	if session != nil && s.fence.Event != "" {
		session.send(s.fence)
	}
}

func (s *supervisor) setFence(event fenceEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fence = event
	if s.session != nil {
		s.session.send(event)
	}
}

// socketPair is a connected pair; ours is non-blocking so that closing it ends a read.
func socketPair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "guard"), os.NewFile(uintptr(fds[1]), "proxy"), nil
}
