package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

type guardOptions struct {
	shared, private, token, podInfo, roots string
	agentUID, agentGID                     int
	proxy                                  []string
}

func parseGuardOptions(args []string) (guardOptions, error) {
	var o guardOptions
	flags := flag.NewFlagSet("guard", flag.ContinueOnError)
	flags.StringVar(&o.shared, "shared", SharedDir, "volume shared with the agent")
	flags.StringVar(&o.private, "private", PrivateDir, "tmpfs of this container alone")
	flags.StringVar(&o.token, "token", TokenFile, "the hub token")
	flags.StringVar(&o.podInfo, "podinfo", PodInfoDir, "downwardAPI volume")
	flags.StringVar(&o.roots, "roots", "/etc/ssl/certs/ca-certificates.crt", "public roots")
	flags.IntVar(&o.agentUID, "agent-uid", AgentUID, "uid of the agent")
	flags.IntVar(&o.agentGID, "agent-gid", AgentGID, "gid of the agent")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.proxy = flags.Args()
	switch {
	case len(o.proxy) == 0:
		return o, errors.New("no proxy to start: launcher guard [flags] -- PROXY [ARGS...]")
	case o.agentUID == SidecarUID || o.agentGID == SidecarGID:
		return o, fmt.Errorf("the agent may not be uid or gid %d: the fence lets that one out", SidecarUID)
	case o.agentUID == 0:
		return o, errors.New("the agent may not be uid 0")
	}
	return o, nil
}

// guard fences the pod in, proves it, then keeps the fence and the unprivileged proxy up until it is told to stop.
func guard(args []string) error {
	// Thirty of these share a node: a small heap matters more than a rare collection.
	debug.SetGCPercent(20)
	o, err := parseGuardOptions(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	listing, err := installFence()
	if err != nil {
		return fmt.Errorf("the fence cannot be installed (the node needs nf_tables with NAT and conntrack): %w", err)
	}
	if err := proveFence(o.agentUID, o.agentGID); err != nil {
		return fmt.Errorf("the fence does not hold: %w", err)
	}
	if err := loadFilter(guardFilter()); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	ca, err := openAuthority(o.private, time.Now())
	if err != nil {
		return fmt.Errorf("sandbox CA: %w", err)
	}
	if err := publishShared(o.shared, o.roots, filepath.Join(o.podInfo, "extra-ca.pem"), ca.certPEM); err != nil {
		return fmt.Errorf("shared volume: %w", err)
	}
	logLine("fence verified")
	s := &supervisor{options: o, authority: ca, identifier: newIdentifier(o.agentUID, o.agentGID), fence: fenceEvent{"fence", "Verified", ""}}
	go s.identifier.serve(ctx)
	keeper := &fenceKeeper{listing: listing, report: s.setFence, log: logLine}
	if err := watchFence(ctx, keeper.check); err != nil {
		return err
	}
	keeper.check() // whatever happened before the watch began
	return s.keepProxy(ctx)
}

// supervisor starts the proxy again when it ends; the fence stays, so that until then there is no network.
type supervisor struct {
	options    guardOptions
	authority  *authority
	identifier *identifier

	mu      sync.Mutex
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
	shutdownGrace = 8 * time.Second
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
	cmd.Env = append(os.Environ(),
		"CREEL_PRIVATE_DIR="+s.options.private, "CREEL_PODINFO_DIR="+s.options.podInfo, "CREEL_ROOTS_FILE="+s.options.roots)
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
		// The proxy has another uid and this process no CAP_KILL: the end of its socket is the word to stop.
		ours.Close()
		select {
		case <-ended:
		case <-time.After(shutdownGrace):
		}
		return ctx.Err()
	}
}

// open makes a session the one that hears of the fence, and tells it how the fence stands.
func (s *supervisor) open(session *guardSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = session
	if session != nil {
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

func logLine(message string) {
	line, err := json.Marshal(map[string]string{"time": time.Now().UTC().Format(time.RFC3339Nano), "component": "guard", "msg": message})
	if err == nil {
		_, _ = os.Stdout.Write(append(line, '\n'))
	}
}
