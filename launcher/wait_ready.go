package main

import (
	"context"
	"flag"
	"fmt"
	"time"
)

// waitReady is the sidecar's postStart hook: the kubelet starts the agent when it returns. It is bounded, because a hook has
// no time-out of its own; when it fails, the agent's own launcher still refuses to run.
func waitReady(args []string) error {
	flags := flag.NewFlagSet("wait-ready", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 20*time.Second, "how long to wait")
	if err := flags.Parse(args); err != nil {
		return err
	}
	// Not a packet before the fence stands: this asks the kernel, which the agent's container could not.
	fence := func(context.Context) error { return checkFence() }
	if err := await(*timeout, fence); err != nil {
		return err
	}
	return awaitReady(*timeout)
}

func checkFence() error {
	listing, err := listFence()
	if err != nil {
		return fmt.Errorf("no fence: %w", err)
	}
	return checkListing(listing)
}

// verify is the sidecar's liveness: the kernel has the fence and the proxy answers through it. Whether it has a policy does not
// matter here: a restart would not bring one.
func verify([]string) error {
	if err := checkFence(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	a, err := askAttestation(ctx)
	if err != nil {
		return err
	}
	if !a.fenced() {
		return fmt.Errorf("fence %s: %s", a.Fence, a.Message)
	}
	return nil
}
