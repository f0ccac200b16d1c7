package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// nft runs the nft program with a ruleset on its standard input; an error holds what it said.
func nft(stdin string, args ...string) (string, error) {
	cmd := exec.Command("nft", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("nft %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// installFence puts the fence in place in one transaction and returns how the kernel reads it back.
func installFence() (listing string, err error) {
	if _, err := nft(renderFence(), "-f", "-"); err != nil {
		return "", err
	}
	listing, err = listFence()
	if err != nil {
		return "", err
	}
	if err := checkListing(listing); err != nil {
		return "", fmt.Errorf("the kernel reads the fence back differently: %w", err)
	}
	return listing, nil
}

// listFence is the fence without its counters, so that two readings compare equal.
func listFence() (string, error) {
	return nft("", "-s", "list", "table", "inet", fenceTable)
}

// checkListing counts what must be there: two filter hooks that drop, the nat hook, and every rule of the rendering.
func checkListing(listing string) error {
	if drops := strings.Count(listing, "policy drop;"); drops != 2 {
		return fmt.Errorf("%d chains drop by default, not 2", drops)
	}
	if got, want := countRules(listing), countRules(renderFence()); got != want {
		return fmt.Errorf("%d rules, not %d", got, want)
	}
	return nil
}

func countRules(ruleset string) int {
	rules := 0
	for line := range strings.Lines(ruleset) {
		line = strings.TrimSpace(line)
		structural := line == "" || line == "}" || strings.HasSuffix(line, "{") || strings.HasSuffix(line, "{}") ||
			strings.HasPrefix(line, "type ") || strings.HasPrefix(line, "delete ")
		if !structural {
			rules++
		}
	}
	return rules
}

var counterPackets = regexp.MustCompile(`counter packets (\d+)`)

// refusedPackets is the sum of the fence's counters: everything it has dropped or rejected so far.
func refusedPackets() (uint64, error) {
	listing, err := nft("", "list", "chain", "inet", fenceTable, "out")
	if err != nil {
		return 0, err
	}
	var sum uint64
	for _, match := range counterPackets.FindAllStringSubmatch(listing, -1) {
		packets, err := strconv.ParseUint(match[1], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += packets
	}
	return sum, nil
}
