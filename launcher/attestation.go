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
	attestationDialTimeout = time.Second
	maxAttestationBytes    = 4096
	firstPause             = 10 * time.Millisecond
	longestPause           = 250 * time.Millisecond
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
	if err := conn.SetDeadline(time.Now().Add(attestationDialTimeout)); err != nil {
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

// awaitReady waits until fence and policy stand; the error says what was still missing.
func awaitReady(timeout time.Duration) (attestation, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var last error
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		a, err := askAttestation(ctx)
		switch {
		case err == nil && a.ready():
			return a, nil
		case err == nil:
			last = fmt.Errorf("fence %s, policy revision %q: %s", a.Fence, a.Revision, a.Message)
		case ctx.Err() == nil || last == nil:
			last = err
		}
		select {
		case <-ctx.Done():
			return attestation{}, exitError{exitNotReady, fmt.Errorf("not ready after %s: %w", timeout, last)}
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
