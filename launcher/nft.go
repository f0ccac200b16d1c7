package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
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

// listFence is the fence without its counters, without what its buckets hold, and with protocols as numbers (a slim image has no
// /etc/protocols to name them), so that two readings compare equal.
func listFence() (string, error) {
	return nft("", "-s", "-t", "-p", "list", "table", "inet", fenceTable)
}

// checkListing compares what the kernel has with what was asked for, rule by rule and in order.
func checkListing(listing string) error {
	got, want := canonicalRules(listing), canonicalRules(renderFence())
	for n := range max(len(got), len(want)) {
		switch {
		case n >= len(got):
			return fmt.Errorf("%q is missing at the end", want[n])
		case n >= len(want):
			return fmt.Errorf("%q is too much at the end", got[n])
		case got[n] != want[n]:
			return fmt.Errorf("%q stands where %q should", got[n], want[n])
		}
	}
	return nil
}

var (
	leadingZeros = regexp.MustCompile(`\b0x0+([0-9a-f])`)
	anonymousSet = regexp.MustCompile(`\{ ([^{}]+) \}`)
)

// canonicalRules drops what nft prints as it likes: indentation, zeros before hexadecimal digits, the order within sets.
func canonicalRules(ruleset string) []string {
	var rules []string
	for line := range strings.Lines(ruleset) {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" || strings.HasPrefix(line, "delete ") || strings.HasSuffix(line, "{}") {
			continue
		}
		line = leadingZeros.ReplaceAllString(line, "0x$1")
		line = anonymousSet.ReplaceAllStringFunc(line, func(set string) string {
			elements := strings.Split(strings.Trim(set, "{} "), ", ")
			slices.Sort(elements)
			return "{ " + strings.Join(elements, ", ") + " }"
		})
		rules = append(rules, line)
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
