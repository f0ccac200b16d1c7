package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// attestation is protocol/guard.ts Attestation: what a working capture answers at an address that nothing else has.
type attestation struct {
	Creel    string `json:"creel"`
	Fence    string `json:"fence"`
	Ready    bool   `json:"ready"`
	Revision string `json:"revision"`
	Message  string `json:"message"`
}

const (
	// A capture takes a connection at once; where there is none yet, waiting longer for it only loses time.
	attestationDialTimeout = 100 * time.Millisecond
	attestationReadTimeout = time.Second
	maxAttestationBytes    = 4096
	// A sandbox starts in fractions of a second, each of which counts; one that takes longer waits for something slow.
	shortPause = 5 * time.Millisecond
	hurry      = time.Second
	longPause  = 50 * time.Millisecond
)

// askAttestation makes one attempt.
func askAttestation(ctx context.Context) (attestation, error) {
	var a attestation
	dialer := net.Dialer{Timeout: attestationDialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp4", net.JoinHostPort(AttestationAddress, strconv.Itoa(AttestationPort)))
	if err != nil {
		return a, fmt.Errorf("the sidecar does not answer: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(attestationReadTimeout)); err != nil {
		return a, err
	}
	line, err := bufio.NewReader(io.LimitReader(conn, maxAttestationBytes)).ReadBytes('\n')
	if err != nil {
		return a, fmt.Errorf("the sidecar's answer broke off: %w", err)
	}
	if err := json.Unmarshal(line, &a); err != nil || a.Creel != "attestation" {
		return a, errors.New("something else than the sidecar answers at " + AttestationAddress)
	}
	return a, nil
}

// awaitReady asks until fence and policy stand; the error says what was still missing.
func awaitReady(timeout time.Duration) error {
	return await(timeout, func(ctx context.Context) error {
		a, err := askAttestation(ctx)
		if err == nil && !a.ready() {
			return fmt.Errorf("fence %s, policy revision %q: %s", a.Fence, a.Revision, a.Message)
		}
		return err
	})
}

// await tries until there is no error; when time is up it says what the last one was that time itself did not make.
func await(timeout time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var last error
	began := time.Now()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if time.Since(began) < timeout || last == nil {
			last = err
		}
		pause := shortPause
		if time.Since(began) > hurry {
			pause = longPause
		}
		select {
		case <-ctx.Done():
			return exitError{exitNotReady, fmt.Errorf("not ready after %s: %w", timeout, last)}
		case <-time.After(pause):
		}
	}
}

func (a attestation) ready() bool {
	return a.Ready && a.fenced()
}

func (a attestation) fenced() bool {
	return a.Fence == "Verified" || a.Fence == "Reinstalled"
}
