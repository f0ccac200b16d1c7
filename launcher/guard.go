package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
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
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("no core files: %w", err)
	}
	// Before there is a proxy, which inherits it.
	if err := loadFilter(guardFilter()); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	ca, err := openAuthority(o.private, time.Now())
	if err != nil {
		return fmt.Errorf("sandbox CA: %w", err)
	}
	s := &supervisor{options: o, authority: ca, identifier: newIdentifier(o.agentUID, o.agentGID)}
	go s.identifier.serve(ctx)
	// The proxy loads its program meanwhile, and does nothing until it hears that the fence is proved.
	proxying, stopProxy := context.WithCancel(ctx)
	defer stopProxy()
	ended := make(chan error, 1)
	go func() { ended <- s.keepProxy(proxying) }()
	if err := s.fenceIn(ctx); err != nil {
		stopProxy()
		<-ended
		return err
	}
	debug.FreeOSMemory()
	return <-ended
}

// fenceIn installs the fence, proves it, gives the agent's container what it needs, tells the proxy, and keeps watch from then on.
func (s *supervisor) fenceIn(ctx context.Context) error {
	o := s.options
	listing, err := installFence()
	if err != nil {
		return fmt.Errorf("the fence cannot be installed (the node needs nf_tables with NAT and conntrack): %w", err)
	}
	if err := proveFence(o.agentUID, o.agentGID); err != nil {
		return fmt.Errorf("the fence does not hold: %w", err)
	}
	if err := publishShared(o.shared, o.roots, filepath.Join(o.podInfo, "extra-ca.pem"), s.authority.certPEM); err != nil {
		return fmt.Errorf("shared volume: %w", err)
	}
	logLine("fence verified")
	s.setFence(fenceEvent{"fence", "Verified", ""})
	keeper := &fenceKeeper{listing: listing, report: s.setFence, log: logLine, closeLinks: closeLinks}
	if err := watchFence(ctx, keeper.check); err != nil {
		return err
	}
	keeper.check() // whatever happened before the watch began
	return nil
}

func logLine(message string) {
	line, err := json.Marshal(map[string]string{"time": time.Now().UTC().Format(time.RFC3339Nano), "component": "guard", "msg": message})
	if err == nil {
		_, _ = os.Stdout.Write(append(line, '\n'))
	}
}
